import gzip

import numpy as np
import pytest

from negviz.arrays import PAD
from negviz.errors import DataError
from negviz.runs import read_run
from tests.pools import make_dataset

DATA = make_dataset(3, 5)


def write(folder, text, name="bm25.v2.trec"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_order_comes_from_scores_and_ties_from_ids(tmp_path):
    rows = "q00 Q0 d003 1 2.5 tag\nq00 Q0 d001 2 2.5 tag\nq00 Q0 d004 3 9 tag\n\nq02 Q0 d000 1 -1e-3 tag\n"
    run = read_run(write(tmp_path, rows), DATA)
    assert run.name == "bm25.v2"
    assert run.top(np.array([0, 1, 2], np.int32), 4).tolist() == [[4, 1, 3, PAD], [PAD] * 4, [0, PAD, PAD, PAD]]
    scores = run.score(np.array([2, 0], np.int32), np.array([[0, 1], [3, PAD]], np.int32))
    assert scores[:, 0].tolist() == [np.float32(-1e-3), 2.5]
    assert np.isnan(scores[:, 1]).all()


def test_three_columns_byte_order_mark_gzip_and_repeated_pairs(tmp_path):
    path = tmp_path / "mine.tsv.gz"
    with gzip.open(path, "wb") as file:
        file.write("\ufeffq00\td001\t1\r\nq00\td001\t3\r\nq00\td002\t2\r\n".encode())
    run = read_run(path, DATA)
    assert run.name == "mine"
    assert run.top(np.array([0], np.int32), 2).tolist() == [[1, 2]]


def test_unknown_ids_are_counted(tmp_path):
    run = read_run(write(tmp_path, "q00 d001 1\nq00 x 1\nq00 x 2\nq77 d001 1\n"), DATA)
    assert (run.unknown_queries, run.unknown_documents, len(run.documents)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("q77 Q0 x 1 2 t\n", "no line fits"),
        ("", "no line fits"),
        ("q00 d001 1\nq00 0 d001 1\n", "line 2 has 4 columns"),
        ("q00 d001 high\n", "line 1 has 'high' as a score"),
        ("q00 d001 nan\n", "line 1 has 'nan' as a score"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        read_run(write(tmp_path, text), DATA)


def test_bytes_that_are_not_utf8_and_missing_files(tmp_path):
    path = tmp_path / "run.trec"
    path.write_bytes(b"q00 d001 1\nq00 \xff 1\n")
    with pytest.raises(DataError, match="not UTF-8"):
        read_run(path, DATA)
    with pytest.raises(DataError, match="could not be read"):
        read_run(tmp_path / "none.trec", DATA)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"q00 d001 1\n" * 50)[:-12])
    with pytest.raises(DataError, match="could not be read"):
        read_run(tmp_path / "cut.gz", DATA)
