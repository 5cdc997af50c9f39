"""Read back with datasets, and trained on with sentence-transformers."""

import math

import datasets
import pyarrow.parquet as pq
import pytest

from negviz.errors import ExportError
from negviz.exporters import EXPORTERS
from negviz.labels import Verdict
from negviz.training_set import make_training_set
from tests.exporters import three
from tests.exporters.three import NONE, ODD

FORMATS = ["triplet", "n_tuple", "labeled_pair", "labeled_list"]


@pytest.fixture
def read(tmp_path):
    """Write a format and read its data with datasets, with its ids beside it."""

    def write_and_read(name, selection=None, labels=NONE, **knobs):
        made = make_training_set(selection or three.selection(), labels)
        counts = EXPORTERS.get(name).function(examples=made, folder=tmp_path, **knobs)
        kind = "json" if counts["data"].endswith("jsonl") else "parquet"
        file = str(tmp_path / counts["data"])
        data = datasets.load_dataset(kind, data_files=file, split="train", cache_dir=str(tmp_path / "cache"))
        sidecar = pq.read_table(tmp_path / "ids.parquet").to_pylist()
        assert len(sidecar) == len(data) == counts["rows"]
        return counts, data, sidecar

    return write_and_read


@pytest.mark.parametrize("file", ["parquet", "jsonl"])
def test_triplets_are_every_positive_with_every_negative(read, file):
    counts, data, sidecar = read("triplet", file=file)
    assert data.column_names == ["anchor", "positive", "negative"]
    assert data[0] == {
        "anchor": "what sets jam",
        "positive": "Jam sets with pectin",
        "negative": "Pectin comes from apples",
    }
    assert counts["rows"] == 2 * 2 + 2 + 1
    pairs = [(row["positive_ids"], row["negative_ids"]) for row in sidecar[:4]]
    assert pairs == [(["d0"], ["d1"]), (["d0"], ["d2"]), (["d7"], ["d1"]), (["d7"], ["d2"])]
    assert sidecar[4]["negative_ranks"] == [0]
    assert sidecar[4]["negative_scores"] == [0.7]


def test_n_tuples_have_the_same_number_of_negatives_and_the_others_are_listed(read, tmp_path):
    counts, data, sidecar = read("n_tuple")
    assert data.column_names == ["anchor", "positive", "negative_1", "negative_2"]
    assert [row["query_id"] for row in sidecar] == ["q0", "q0", "q1"]
    assert counts == {
        "negatives_in_a_row": 2,
        "positives": 3,
        "negatives": 6,
        "backfilled": 0,
        "data_files": {"n-tuple/train-00000-of-00001.parquet": 3},
        "rows": 3,
        "left_out": 1,
        "queries_left_out": 1,
        "data": "n-tuple/train-00000-of-00001.parquet",
    }
    left_out = datasets.load_dataset(
        "json", data_files=str(tmp_path / "left_out.jsonl"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert left_out[0] == {"query_id": "q2", "reason": "it has fewer than 2 negatives", "negatives": 1}


def test_fewer_negatives_keep_more_queries(read):
    counts, data, _ = read("n_tuple", negatives=1, scores=True)
    assert counts["queries_left_out"] == 0
    assert data.column_names == ["anchor", "positive", "negative_1", "scores"]
    assert data["scores"][:] == [[0.9, 0.8], [0.85, 0.8], [0.75, 0.7], [0.6, 0.3]]


def test_n_tuples_that_no_query_can_fill_are_refused_with_the_number_that_would_do(tmp_path):
    made = make_training_set(three.selection(9), NONE)
    with pytest.raises(ExportError, match=r"fewer than 9 negatives.*most that a query has is 4"):
        EXPORTERS.get("n_tuple").function(examples=made, folder=tmp_path)


def test_labelled_pairs_have_one_label_and_each_document_once(read):
    _, data, sidecar = read("labeled_pair")
    assert data.column_names == ["anchor", "positive", "label"]
    assert data["label"][:] == [1, 1, 0, 0, 1, 0, 0, 1, 0]
    assert [row["positive_ids"] or row["negative_ids"] for row in sidecar[:4]] == [["d0"], ["d7"], ["d1"], ["d2"]]


def test_scores_take_the_place_of_labels_since_a_second_label_column_would_be_read_as_text(read):
    _, data, _ = read("labeled_pair", scores=True)
    assert data.column_names == ["anchor", "positive", "score"]
    assert data["score"][:4] == [0.9, 0.85, 0.8, 0.79]


@pytest.mark.parametrize(("scores", "label"), [(False, [1, 0, 0]), (True, [0.9, 0.8, 0.79])])
def test_labelled_lists_start_with_the_positive(read, scores, label):
    _, data, sidecar = read("labeled_list", scores=scores)
    assert data.column_names == ["anchor", "positive", "scores" if scores else "labels"]
    row = data[0]
    assert row["positive"] == ["Jam sets with pectin", "Pectin comes from apples", "PECTIN  comes from apples"]
    assert row[data.column_names[2]] == label
    assert [len(each) for each in data["positive"]] == [3, 3, 3, 2]
    assert sidecar[0]["positive_ids"] + sidecar[0]["negative_ids"] == ["d0", "d1", "d2"]


@pytest.mark.parametrize("file", ["parquet", "jsonl"])
@pytest.mark.parametrize("name", FORMATS)
def test_odd_text_comes_back_as_it_is(read, name, file):
    _, data, _ = read(name, three.selection(3), file=file)
    cells = [cell for row in data for cell in row.values()]
    texts = [text for cell in cells for text in (cell if isinstance(cell, list) else [cell])]
    assert ODD in texts


@pytest.mark.parametrize("name", FORMATS)
def test_a_row_with_an_unknown_score_is_left_out_and_counted(read, name):
    said = three.labels(("q1", "d6", Verdict.FALSE_NEGATIVE))
    counts, data, _ = read(name, labels=said, scores=True)
    assert counts["left_out"] >= 1
    column = data.column_names[-1]
    assert not any(math.isnan(value) for value in _cells(data[column]))
    assert "copper conducts" in _cells(read(name, labels=said)[1]["positive"])


def test_a_copy_of_a_positive_does_not_count_twice_in_texts(read):
    documents = [*three.DOCUMENTS[:7], ("d7", "", "Jam sets with pectin"), three.DOCUMENTS[8]]
    _, data, _ = read("n_tuple", three.selection(of=three.pool(documents)))
    assert data["anchor"][:] == ["what sets jam", "where do tides come from"]


def _cells(column):
    return [value for cell in column for value in (cell if isinstance(cell, list) else [cell])]


def test_the_trainer_of_sentence_transformers_takes_a_step_on_n_tuples(read, tmp_path):
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    _, data, _ = read("n_tuple", negatives=1)
    model = SentenceTransformer(modules=[_static([text for row in data for text in row.values()])], device="cpu")
    before = model[0].embedding.weight.detach().clone()
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(tmp_path / "model"),
        max_steps=1,
        per_device_train_batch_size=4,
        learning_rate=0.1,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        batch_sampler="no_duplicates",
    )
    loss = MultipleNegativesRankingLoss(model)
    result = SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=loss).train()
    assert result.training_loss == result.training_loss
    assert (model[0].embedding.weight != before).any()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("scores", [False, True])
def test_the_collator_of_sentence_transformers_finds_one_label_and_only_texts(read, name, scores):
    from sentence_transformers.base.data_collator import BaseDataCollator

    _, data, _ = read(name, scores=scores)
    seen = []

    def preprocess(inputs, **_):
        seen.append(inputs)
        return {}

    batch = BaseDataCollator(preprocess_fn=preprocess)([data[0]])
    assert ("label" in batch) == (scores or name.startswith("labeled"))
    flat = [text for inputs in seen for cell in inputs for text in (cell if isinstance(cell, list) else [cell])]
    assert flat[0] == "what sets jam"
    assert all(isinstance(text, str) for text in flat)


def _static(texts):
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = sorted({word for text in texts for word in text.split()})
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0} | {w: n for n, w in enumerate(words, 1)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return StaticEmbedding(tokenizer, embedding_dim=8)
