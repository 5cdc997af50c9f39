import json

import numpy as np
import pytest
from click.testing import CliRunner

from negviz import precision as module
from negviz.cli import commands
from negviz.encode import open_encoder
from negviz.errors import CancelledError, DataError, ModelError
from negviz.precision import (
    agreement,
    compare_precisions,
    known_agreement,
    known_agreements,
    measured_agreement,
    refusals,
)
from tests.encoders.folders import save_static
from tests.texts import text_dataset

ANGLES = {"float32": 0.0, "bfloat16": 0.004, "int8": 0.02}
DATA = text_dataset([f"{10 * row}" for row in range(5)], [f"{3 * row}" for row in range(60)])


class Turned:
    """An encoder of degrees: a text is a number, its vector that direction; a precision turns every third."""

    name, dims, similarity = "turned", 2, "cosine"

    def __init__(self, precision):
        self.identity, self.backend, self._by = f"turned-{precision}", f"none {precision}", ANGLES[precision]
        self.asked = 0

    def encode_documents(self, texts):
        self.asked += len(texts)
        degrees = np.array([float(text) for text in texts])
        radians = np.radians(degrees) + self._by * (degrees % 9 == 0)
        return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)

    encode_queries = encode_documents


@pytest.fixture
def turned(monkeypatch):
    made = []

    def open_turned(name, dataset, *, home, precision):
        if precision == "int8":
            raise ModelError("'int8' needs a package.")
        made.append(Turned(precision))
        return made[-1]

    monkeypatch.setattr(module, "open_encoder", open_turned)
    return made


def compare(tmp_path, **settings):
    return compare_precisions(DATA, encoder="turned", home=tmp_path, **settings)


def test_what_is_offered_is_compared_and_what_is_not_is_told(turned, tmp_path):
    report = compare(tmp_path)
    assert [row["precision"] for row in report["rows"]] == ["float32", "bfloat16"]
    assert report["not_offered"] == {"int8": "'int8' needs a package."}
    exact, fast = report["rows"]
    assert (exact["speed_ratio"], exact["overlap_at_20"]) == (1, 1)
    assert exact["score_difference_p99"] == exact["flipped"] == 0
    assert 0 < fast["score_difference_p99"] < 0.004
    assert fast["texts_per_second"] > 0
    assert report["documents"] == 60
    assert report["queries"] == 5
    assert fast["pairs"] == 5 * 59


def test_a_precision_that_was_named_must_be_there(turned, tmp_path):
    with pytest.raises(ModelError, match="int8"):
        compare(tmp_path, precisions=["int8"])


def test_worked_numbers_of_one_query():
    """Limit 0.95 times the positive, 1: 0.96 becomes 0.94 and the other way round, so two of three pairs flip."""
    before, after = np.array([[1.0, 0.96, 0.94, 0.0]]), np.array([[1.0, 0.94, 0.96, 0.0]])
    found = agreement(before, after, np.array([[0]], dtype=np.int32))
    assert found["flipped"] == pytest.approx(2 / 3)
    assert found["pairs"] == 3
    assert found["overlap_at_20"] == 1
    assert found["score_difference_p99"] == pytest.approx(0.02)


def test_a_second_positive_is_no_compared_pair_and_a_positive_below_zero_decides_nothing():
    before, after = np.array([[1.0, 0.96, 0.9], [-0.1, 0.96, 0.9]]), np.array([[1.0, 0.9, 0.9], [-0.1, 0.96, -0.9]])
    found = agreement(before, after, np.array([[0, 1], [0, -1]], dtype=np.int32))
    assert found["pairs"] == 1 + 2
    assert found["flipped"] == 0


def test_overlap_counts_who_left_the_twenty_nearest():
    before = np.linspace(1, 0, 40)[None, :]
    after = np.where(np.arange(40) < 5, 0.0, before)
    assert agreement(before, after, np.array([[39]], dtype=np.int32))["overlap_at_20"] == 15 / 20


def test_the_sample_knows_neither_order_nor_size_of_the_rest(turned, tmp_path):
    small = module._Sample.of(DATA, 20, 3)
    assert len(small.documents) == 20
    assert len(small.queries) == 3
    assert small.documents[small.positives[0, 0]] == "0"
    assert set(small.queries) < set(module._Sample.of(DATA, 20, 4).queries)
    assert set(small.documents) < set(module._Sample.of(DATA, 30, 3).documents)


def test_data_without_labels_are_refused(tmp_path):
    with pytest.raises(DataError, match="labelled positive"):
        compare_precisions(text_dataset([], ["a"]), encoder="turned", home=tmp_path)


def test_agreement_is_measured_once_for_a_dataset(turned, tmp_path):
    assert known_agreement(tmp_path, "turned-bfloat16", DATA) is None
    first = measured_agreement(DATA, "turned", "bfloat16", tmp_path)
    asked = sum(encoder.asked for encoder in turned)
    assert (first["precision"], first["documents"], first["queries"]) == ("bfloat16", 60, 5)
    assert measured_agreement(DATA, "turned", "bfloat16", tmp_path) == first
    assert sum(encoder.asked for encoder in turned) == asked
    assert known_agreement(tmp_path, "turned-bfloat16", DATA) == first
    other = text_dataset(["1"], ["2", "3"])
    assert known_agreement(tmp_path, "turned-bfloat16", other) is None
    (file,) = tmp_path.rglob("*.json")
    file.write_text("{", "utf-8")
    assert known_agreement(tmp_path, "turned-bfloat16", DATA) is None


def test_what_was_measured_of_an_encoder_is_found_by_its_name_and_its_identity(turned, tmp_path, monkeypatch):
    assert known_agreements("turned", DATA, tmp_path) == {}
    first = measured_agreement(DATA, "turned", "bfloat16", tmp_path)
    assert first["float32_texts_per_second"] > 0
    assert known_agreements("turned", DATA, tmp_path) == {"bfloat16": first}
    assert known_agreements("turned", text_dataset(["1"], ["2", "3"]), tmp_path) == {}
    opened = len(turned)
    assert known_agreements("another", DATA, tmp_path) == {}
    assert len(turned) == opened, "an encoder of which nothing is kept was opened"
    monkeypatch.setattr(Turned, "__init__", lambda self, precision: setattr(self, "identity", "altered"))
    assert known_agreements("turned", DATA, tmp_path) == {}


@pytest.mark.parametrize("encoder", ["static", "minilm", "me/model"])
def test_refusals_say_of_each_precision_why_without_loading_a_model(encoder, monkeypatch):
    monkeypatch.setattr(module, "open_encoder", None)
    monkeypatch.setattr("negviz.encoders.minilm.version", lambda: "1")
    monkeypatch.setattr("negviz.encoders.minilm.has_bfloat16", lambda: False)
    monkeypatch.setattr("negviz.encoders.minilm.nncf_version", lambda: "1")
    found = refusals(encoder)
    assert set(found) == {"static": {"bfloat16", "int8"}, "minilm": {"bfloat16"}, "me/model": {"int8"}}[encoder]
    assert all(reason.endswith(".") for reason in found.values())


def test_a_stop_keeps_nothing(turned, tmp_path):
    with pytest.raises(CancelledError):
        measured_agreement(DATA, "turned", "bfloat16", tmp_path, cancelled=lambda: True)
    assert not list(tmp_path.rglob("*.json"))


def test_an_encoder_without_a_choice_refuses_a_precision(tmp_path):
    with pytest.raises(ModelError, match=r"'static' computes in one precision only"):
        open_encoder("static", DATA, home=tmp_path, precision="bfloat16")
    folder = save_static(tmp_path / "model", seed=1)
    assert open_encoder(str(folder), DATA, home=tmp_path, precision="float32").identity == (
        open_encoder(str(folder), DATA, home=tmp_path).identity
    )


def test_the_command_prints_a_table_or_json(turned, tmp_path, monkeypatch):
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path))
    monkeypatch.setattr("negviz.cli.encoding.load_data", lambda data, **options: DATA)
    shown = CliRunner().invoke(commands, ["precision", "DATA", "--encoder", "turned"])
    assert shown.exit_code == 0, shown.output
    assert "float32" in shown.output
    assert "int8       not offered: 'int8' needs a package." in shown.output
    shown = CliRunner().invoke(commands, ["precision", "DATA", "--encoder", "turned", "--json"])
    report = json.loads(shown.stdout)
    assert [row["precision"] for row in report["rows"]] == ["float32", "bfloat16"]
    assert known_agreement(tmp_path, "turned-bfloat16", DATA)["pairs"] == 5 * 59
