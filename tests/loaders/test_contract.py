"""Every loader: named as its file, told apart by content, never a traceback on what is not its own."""

import pytest

from negviz.errors import DataError
from negviz.load import load
from negviz.loaders import LOADERS

FOREIGN = {
    "nothing.jsonl": b"",
    "spaces.csv": b"  \n\n",
    "prose.txt": b"It was a dark night.\nThe rain fell, in torrents, and more\nexcept at times, when it stopped\n",
    "picture.csv": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "number.json": b"42\n",
    "word.json": b'"word"\n',
    "open.json": b"{",
    "list.json": b"[1, 2, 3]",
    "empty_list.json": b"[]",
    "empty_object.json": b"{}",
    "nul.tsv": b"\0\0\0\0",
    "header.csv": b"query,positive\n",
    "corpus.jsonl": b'{"_id": "d1", "title": "", "text": "a"}\n',
    "deep.json": b"[" * 100_000,
    "half.parquet": b"PAR1\0\0\0",
    "half.jsonl.gz": b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x01",
    "half.jsonl.zst": b"\x28\xb5\x2f\xfd\x24",
}


@pytest.mark.parametrize("entry", list(LOADERS), ids=lambda entry: entry.name)
def test_module_function_and_key_have_one_name(entry):
    assert entry.function.__module__ == f"negviz.loaders.{entry.name}"
    assert entry.function.__name__ == entry.name


@pytest.mark.parametrize("entry", list(LOADERS), ids=lambda entry: entry.name)
def test_says_what_it_is_for(entry):
    assert entry.label
    assert entry.summary.endswith(".")
    assert entry.trait("trainer")
    assert entry.trait("title")
    assert callable(entry.trait("recognise"))
    assert entry.knobs == ()


def test_exactly_one_loader_takes_what_is_left():
    assert [entry.name for entry in LOADERS if entry.trait("last")] == ["tabular"]


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_no_training_data_is_refused_in_one_sentence(tmp_path, name):
    (tmp_path / name).write_bytes(FOREIGN[name])
    with pytest.raises(DataError) as refused:
        load(tmp_path / name)
    assert name in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("entry", list(LOADERS), ids=lambda entry: entry.name)
@pytest.mark.parametrize("name", [*FOREIGN, "."])
def test_a_forced_format_never_ends_in_a_traceback(tmp_path, entry, name):
    for other, data in FOREIGN.items():
        (tmp_path / other).write_bytes(data)
    with pytest.raises(DataError):
        load(tmp_path / name, format=entry.name)
