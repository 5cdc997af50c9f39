from pathlib import Path

from negviz.home import home_folder


def test_home_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path))
    assert home_folder() == tmp_path
    monkeypatch.delenv("NEGVIZ_HOME")
    assert home_folder() == Path(".negviz")
