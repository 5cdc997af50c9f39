import json
import random

import pytest

from negviz.errors import ExportError
from negviz.exporters import EXPORTERS
from negviz.labels import Verdict
from negviz.training_set import make_training_set
from tests.exporters import three
from tests.exporters.three import NONE


def write(folder, labels=NONE, count=2, **knobs):
    made = make_training_set(three.selection(count), labels)
    return EXPORTERS.get("flagembedding").function(examples=made, folder=folder, **knobs)


def groups(folder, size: int, distil: bool):
    """What FlagEmbedding's trainer makes of every file of a folder: one positive, negatives repeated up to the size."""
    for file in sorted((folder / "flagembedding").iterdir()):
        assert file.suffix in {".json", ".jsonl"}
        for line in file.read_text("utf-8").split("\n")[:-1]:
            row = json.loads(line, parse_constant=pytest.fail)
            if distil:
                assert len(row["pos_scores"]) == len(row["pos"])
                assert len(row["neg_scores"]) == len(row["neg"])
                assert all(isinstance(score, float | int) for score in row["pos_scores"] + row["neg_scores"])
            repeats = -(-(size - 1) // len(row["neg"]))
            negatives = random.Random(0).sample(row["neg"] * repeats, size - 1)
            yield row["query"], [random.Random(0).choice(row["pos"]), *negatives]


def test_the_trainer_finds_a_group_for_every_query(tmp_path):
    counts = write(tmp_path)
    assert counts["rows"] == 3
    made = dict(groups(tmp_path, 4, distil=False))
    assert made["what conducts"] == ["copper conducts", *["Tea is a leaf"] * 3]
    line = json.loads((tmp_path / "flagembedding/train.jsonl").read_text("utf-8").split("\n")[0])
    assert line == {
        "query": "what sets jam",
        "pos": ["Jam sets with pectin", "sugar and acid set jam"],
        "neg": ["Pectin comes from apples", "PECTIN  comes from apples"],
    }


def test_scores_fit_the_lists_and_a_query_with_an_unknown_one_is_left_out(tmp_path):
    counts = write(tmp_path, three.labels(("q1", "d6", Verdict.FALSE_NEGATIVE)), scores=True)
    assert [query for query, _ in groups(tmp_path, 3, distil=True)] == ["what sets jam", "what conducts"]
    assert counts["queries_left_out"] == 1


def test_a_query_without_negative_would_divide_by_zero_and_is_left_out(tmp_path):
    counts = write(tmp_path, three.labels(("q2", "d3", Verdict.DROP)))
    assert counts["rows"] == 2
    assert counts["queries_left_out"] == 1
    assert json.loads((tmp_path / "left_out.jsonl").read_text("utf-8"))["query_id"] == "q2"


def test_no_negative_at_all_is_refused(tmp_path):
    every = [(query, document[0], Verdict.DROP) for query in ("q0", "q1", "q2") for document in three.DOCUMENTS]
    kept = [pair for pair in every if pair[:2] not in {("q0", "d0"), ("q0", "d7"), ("q1", "d5"), ("q2", "d6")}]
    with pytest.raises(ExportError, match="it has no negative"):
        write(tmp_path, three.labels(*kept))


def test_text_is_utf_8_and_not_escaped_but_for_line_ends(tmp_path):
    write(tmp_path, count=3)
    data = (tmp_path / "flagembedding/train.jsonl").read_bytes()
    assert "été, 東京".encode() in data
    assert "👩‍🚀".encode() in data
    assert b"\\u0000" in data
    assert len(data.decode().splitlines()) == 3
