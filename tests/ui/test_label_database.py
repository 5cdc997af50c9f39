"""The label database of the dashboard: a URL that cannot be used is told at the command line."""

from click.testing import CliRunner

from negviz.cli.dashboard import app


def test_a_url_that_is_none_is_told_before_anything_starts() -> None:
    outcome = CliRunner().invoke(app, ["--labels", "nonsense://x"])
    assert outcome.exit_code != 0
    assert "nonsense" in str(outcome.exception)


def test_the_database_reaches_the_dashboard_by_the_environment(monkeypatch, tmp_path) -> None:
    given = {}
    monkeypatch.setattr("os.execve", lambda path, command, environment: given.update(environment))
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["--labels", "team.sqlite"]).exit_code == 0
    assert given["NEGVIZ_LABELS"] == str(tmp_path / "team.sqlite")
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["--labels", f"sqlite:///{tmp_path}/other.sqlite"]).exit_code == 0
    assert given["NEGVIZ_LABELS"] == f"sqlite:///{tmp_path}/other.sqlite"
