"""Formats that name documents by id, read back by the rule of their trainer, by datasets and by our own loaders."""

import gzip
import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, field

import datasets
import ir_measures
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from negviz.errors import ExportError
from negviz.examples import TextDocument, TextExample
from negviz.export import export, preview, verify
from negviz.exporters import EXPORTERS, _by_id, _files
from negviz.labels import Verdict
from negviz.load import open_data
from negviz.loaders import LOADERS
from negviz.survey import FACTS, Survey
from negviz.training_set import make_training_set
from tests.exporters import readers_by_id as readers
from tests.exporters import three
from tests.exporters.three import NONE, ODD

JAM, SUGAR, TIDES, COPPER = "Jam sets with pectin", "sugar and acid set jam", "tides follow the moon", "copper conducts"
APPLES, LOUD, TEA = "Pectin comes from apples", "PECTIN  comes from apples", "Tea is a leaf"
Q0, Q1, Q2 = (text for _, text in three.QUERIES)
CONTENTS = {name: f"{title} {text}".strip() for name, title, text in three.DOCUMENTS}
FLAT = ODD.translate(str.maketrans("\t\n\r", "   "))

NAMES = [
    "beir", "colbert", "hf_beir", "llamaindex", "msmarco", "nemo", "per_miner", "pylate", "tevatron_v2", "trec_run",
]  # fmt: skip
WITH_NEGATIVES = [name for name in NAMES if name != "llamaindex"]
VARIANTS = [
    *((name, {}) for name in NAMES),
    ("tevatron_v2", {"file": "jsonl"}),
    ("tevatron_v2", {"integer_ids": True}),
    ("colbert", {"scores": True}),
    ("colbert", {"short": "pad"}),
    ("msmarco", {"integer_ids": False}),
    ("per_miner", {"file": "parquet"}),
]
BESIDE = {"ids.parquet", "left_out.jsonl", "document_ids.parquet", "query_ids.parquet"}


@dataclass
class Listed:
    """Examples as a conversion hands them over, with documents that nobody refers to."""

    listed: list[TextExample]
    others: list[TextDocument] = field(default_factory=list)
    count: int = 2
    name: str = "my data/1"
    miner: str = "given"

    def texts(self) -> Iterator[TextExample]:
        return iter(self.listed)

    def corpus(self) -> Iterator[TextDocument]:
        own = (each for row in self.listed for each in (*row.positives, *row.negatives))
        known = {each.id: each for each in (*own, *self.others)}
        return (TextDocument(each.text, each.title, each.id) for each in known.values())

    def filling(self, example: TextExample, wanted: int) -> tuple[TextDocument, ...]:
        return tuple(each._replace(backfilled=True) for each in self.others[:wanted])


def document(name, score=0.5, **more):
    return TextDocument(more.pop("text", f"text of {name}"), id=name, score=score, **more)


def rich(*, first="q1", **changes):
    """Two queries with two negatives each, all of it scored; a change is of the first negative or the query."""
    positive = document("p1", 0.9)._replace(**changes.pop("positive", {}))
    negative = document("n1", 0.4, rank=0, miner="bm25")._replace(**changes.pop("negative", {}))
    other = document("n2", 0.3, rank=1, miner="dense")
    return [
        TextExample("query one", (positive,), (negative, other), first)._replace(**changes),
        TextExample("query two", (document("p2", 0.8),), (document("n3", 0.2, rank=0), other), "q2"),
    ]


def write(name, folder, made=None, *, count=2, labels=NONE, selection=None, **knobs):
    folder.mkdir(exist_ok=True)
    made = made or make_training_set(selection or three.selection(count), labels)
    return EXPORTERS.get(name).function(examples=made, folder=folder, **knobs)


def lines(path):
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in content.decode().split("\n")[:-1]]


def parquet(path):
    return pq.read_table(path).to_pylist()


def left_out(folder):
    return [(row["query_id"], row["reason"]) for row in lines(folder / "left_out.jsonl")]


# What holds for all of them.


@pytest.mark.parametrize("name", NAMES)
def test_every_format_names_documents_by_id_and_has_a_loader_that_reads_it(name):
    entry = EXPORTERS.get(name)
    assert entry.trait("by_id") is True
    assert entry.trait("reads") in LOADERS
    assert entry.reference.startswith("https://")
    assert set(entry.trait("holds")) <= {*FACTS, "counts"}


@pytest.mark.parametrize(("name", "knobs"), VARIANTS)
def test_an_export_is_verified_and_its_loader_finds_the_same_texts(name, knobs, tmp_path):
    manifest = export(three.selection(3), NONE, name, tmp_path / "out", knobs=knobs)
    assert verify(tmp_path / "out") == []
    reading = open_data(tmp_path / "out").reading
    texts = {each.id: each.content.replace("Tea | is", "Tea is") for each, _ in reading.documents}
    asked = {each.id: each.text for each in reading.queries}
    ups, downs = set(), set()
    for row in reading.examples:
        query = row.query if row.query is not None else asked[row.query_id]
        ups |= {(query, texts[each.id]) for each in row.positives}
        downs |= {(query, texts[each.id]) for each in row.negatives}
    # Judgments as TREC writes them never have a header.
    assert {problem.kind for problem in reading.problems} <= {"no header"}
    flat = {ODD: FLAT} if name in {"colbert", "msmarco"} else {}
    rows = list(make_training_set(three.selection(3), NONE).texts())
    whole = {row.query for row in rows if manifest["written"]["queries_left_out"] == 0 or len(row.negatives) == 3}
    shown = [row for row in rows if row.query in whole]
    assert ups == {(row.query, each.content) for row in shown for each in row.positives}
    wanted = {(row.query, flat.get(each.content, each.content)) for row in shown for each in row.negatives}
    assert downs >= wanted if knobs.get("short") == "pad" else downs == (wanted if name != "llamaindex" else set())


@pytest.mark.parametrize("name", NAMES)
def test_the_configurations_of_the_card_load_by_name(name, tmp_path):
    export(three.selection(), NONE, name, tmp_path / "out")
    front = yaml.safe_load((tmp_path / "out" / "README.md").read_text("utf-8").split("---")[1])
    assert front["configs"]
    for config in front["configs"]:
        loaded = datasets.load_dataset(
            str(tmp_path / "out"), config["config_name"], split="train", cache_dir=str(tmp_path / "cache")
        )
        assert len(loaded)


@pytest.mark.parametrize("name", NAMES)
def test_the_files_that_the_card_describes_are_there(name, tmp_path):
    write(name, tmp_path)
    for path, text in EXPORTERS.get(name).trait("beside").items():
        optional = " if `" in text or "where `" in text
        assert optional or list(tmp_path.glob(path)), path


CHANGES = {
    "ids": (Listed(rich()), Listed(rich(negative={"id": "x1", "text": "text of n1"}))),
    "titles": (
        Listed(rich(positive={"title": "a", "text": "b c"})),
        Listed(rich(positive={"title": "a b", "text": "c"})),
    ),
    "grades": (Listed(rich()), Listed(rich(positive={"grade": 2}))),
    "scores": (Listed(rich()), Listed(rich(negative={"score": 0.45}))),
    "answers": (Listed(rich(answers=("a", "b"))), Listed(rich(answers=("a", "c")))),
    "prompts": (Listed(rich()), Listed(rich(prompt="find it"))),
    "subsets": (Listed(rich()), Listed(rich(subset="nq"))),
    "negatives": (
        Listed(rich()),
        Listed([*rich()[:1], rich()[1]._replace(negatives=rich()[0].negatives)], [document("n3")]),
    ),
    "corpus": (Listed(rich()), Listed(rich(), [document("lonely")])),
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize(("name", "knobs"), VARIANTS)
def test_what_is_said_to_be_lost_is_lost_and_the_rest_is_in_the_data(name, knobs, what, tmp_path):
    """Two sets that differ in one thing: their files differ just where the format says that it holds it."""
    one, two = CHANGES[what]
    found = []
    for half, made in (("one", one), ("two", two)):
        write(name, tmp_path / half, made, **knobs)
        files = sorted(path for path in (tmp_path / half).rglob("*") if path.is_file() and path.name not in BESIDE)
        found.append({path.relative_to(tmp_path / half): path.read_bytes() for path in files})
    entry = EXPORTERS.get(name)
    survey = Survey.of(two.texts())
    survey.facts["corpus"] += len(two.others)
    lost = {loss.what for loss in survey.losses(entry, {knob.name: knob.default for knob in entry.knobs} | knobs, 2)}
    assert (found[0] != found[1]) == (what not in lost)


@pytest.mark.parametrize("name", WITH_NEGATIVES)
def test_a_query_without_negatives_is_kept_or_listed(name, tmp_path):
    made = Listed([*rich(), TextExample("lonely", (document("p1", 0.9),), (), "q3")])
    write(name, tmp_path, made)
    listed = (tmp_path / "left_out.jsonl").exists()
    assert listed == ("empty" not in EXPORTERS.get(name).trait("holds"))
    if listed:
        assert left_out(tmp_path)[0][0] == "q3"


ODD_IDS = ["d 3", 'd"3', "d'3", "東京", "d,3", " d3", "d#3", "🫖", "=1+1"]
UNSPACED = ['d"3', "d'3", "東京", "d,3", "d#3", "{}", "🫖", "=1+1", "-"]


@pytest.mark.parametrize(("name", "knobs"), VARIANTS)
def test_odd_ids_come_back(name, knobs, tmp_path):
    odd = UNSPACED if name == "trec_run" or knobs.get("integer_ids") is False else ODD_IDS
    documents = [(own, *rest) for own, (_, *rest) in zip(odd, three.DOCUMENTS, strict=True)]
    out = tmp_path / "out"
    export(three.selection(2, of=three.pool(documents)), NONE, name, out, knobs=knobs)
    assert verify(out) == []
    numbers = out / "document_ids.parquet"
    if numbers.exists():
        assert [row["id"] for row in parquet(numbers)] == sorted(odd)
        return
    reading = open_data(out).reading
    assert [each.id for each, _ in reading.documents] == sorted(odd)
    assert len(list(reading.queries)) in {0, 3}
    assert {each.id for row in reading.examples for each in row.positives} <= {*odd}


@pytest.mark.parametrize(("name", "knobs"), [("msmarco", {"integer_ids": False}), ("trec_run", {})])
def test_ids_with_spaces_are_refused_where_a_space_ends_a_cell(name, knobs, tmp_path):
    documents = [("d 0", *three.DOCUMENTS[0][1:]), *three.DOCUMENTS[1:]]
    with pytest.raises(ExportError, match=r"'d 0'.*white space"):
        write(name, tmp_path, selection=three.selection(of=three.pool(documents)), **knobs)


@pytest.mark.parametrize("name", ["beir", "per_miner"])
def test_an_id_that_no_judgment_can_hold_is_refused(name, tmp_path):
    documents = [("d\t0", *three.DOCUMENTS[0][1:]), *three.DOCUMENTS[1:]]
    with pytest.raises(ExportError, match=r"d\\t0"):
        write(name, tmp_path, selection=three.selection(of=three.pool(documents)))


@pytest.mark.parametrize("name", NAMES)
def test_a_document_without_an_id_is_refused(name, tmp_path):
    nameless = document("n1")._replace(id=None)
    made = Listed([TextExample("query", (document("p1"),), (nameless, document("n2")), "q1")])
    with pytest.raises(ExportError, match="has no id"):
        write(name, tmp_path, made)


@pytest.mark.parametrize("name", NAMES)
def test_preview_is_the_first_rows_of_the_file(name):
    rows = preview(three.selection(), NONE, name, 2)
    assert len(rows) == 2
    assert all(isinstance(row, dict) for row in rows)


@dataclass
class Streamed(Listed):
    """A large corpus that is made as it is gone through."""

    size: int = 0

    def corpus(self) -> Iterator[TextDocument]:
        yield from super().corpus()
        for number in range(self.size):
            yield TextDocument(f"{number} " * 200, id=f"s{number}")


@pytest.mark.parametrize("name", NAMES)
def test_a_corpus_larger_than_a_batch_goes_through_without_being_kept(name, tmp_path, monkeypatch):
    monkeypatch.setattr(_files, "BATCH", 256)
    monkeypatch.setattr(_files, "SHARD_BYTES", 1 << 14)
    tracemalloc.start()
    write(name, tmp_path / "few", Streamed(rich(), size=1_000))
    few = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    counts = write(name, tmp_path / "many", Streamed(rich(), size=8_000))
    many = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert counts["documents"] == 8_005
    # 8,000 documents hold some 8 MB of text; their numbers 16 bytes each.
    assert many - few < 2_000_000


# Numbers for ids.


def test_numbers_are_places_and_what_is_not_there_is_refused():
    names = [f"d{number}" for number in np.random.default_rng(0).permutation(5000)]
    numbers = _by_id.Numbers(lambda: names)
    assert [numbers[name] for name in names] == list(range(5000))
    with pytest.raises(ExportError, match="'nobody' is named"):
        numbers["nobody"]
    with pytest.raises(ExportError, match="stands for two documents"):
        _by_id.Numbers(lambda: ["a", "b", "a"])


def test_two_ids_of_one_hash_get_another():
    class Sly(str):
        """Its first hashes are all the same."""

        __slots__ = ()
        asked = 0

        def __hash__(self):
            Sly.asked += 1
            return 1 if Sly.asked <= 3 else str.__hash__(str(self))

    names = [Sly("a"), Sly("b"), Sly("c")]
    numbers = _by_id.Numbers(lambda: names)
    assert [numbers[name] for name in "abc"] == [0, 1, 2]


# Tevatron.


@pytest.mark.parametrize("file", ["parquet", "jsonl", "jsonl.gz"])
@pytest.mark.parametrize("distil", [False, True])
def test_tevatron_finds_every_text_with_its_title(tmp_path, file, distil):
    counts = write("tevatron_v2", tmp_path / "out", count=3, file=file, integer_ids=distil)
    groups = list(readers.tevatron_v2(tmp_path / "out", 4, tmp_path / "cache", distil=distil))
    assert groups[0] == ("q0", Q0, [JAM, APPLES, LOUD, TEA])
    assert groups[1] == ("q1", Q1, [TIDES, JAM, TEA, ODD])
    assert groups[2] == ("q2", Q2, [COPPER, TEA, TEA, TEA])
    encoded = dict(readers.tevatron_encoded(tmp_path / "out", tmp_path / "cache"))
    assert list(encoded.values()) == list(CONTENTS.values())
    assert list(encoded) == ([str(number) for number in range(9)] if distil else list(CONTENTS))
    assert (counts["rows"], counts["documents"]) == (3, 9)


def test_tevatron_rows_have_the_keys_of_its_code(tmp_path):
    write("tevatron_v2", tmp_path, Listed(rich(answers=("yes", "aye"), subset="nq")), file="jsonl")
    assert lines(tmp_path / "train/train-00000-of-00001.jsonl") == [
        {
            "query_id": "q1", "query_text": "query one", "query_image": None, "positive_document_ids": ["p1"],
            "negative_document_ids": ["n1", "n2"], "answer": "yes", "source": "nq", "answers": ["yes", "aye"],
        },
        {
            "query_id": "q2", "query_text": "query two", "query_image": None, "positive_document_ids": ["p2"],
            "negative_document_ids": ["n3", "n2"], "answer": None, "source": "my data/1", "answers": [],
        },
    ]  # fmt: skip
    first = lines(tmp_path / "corpus/train-00000-of-00001.jsonl")[0]
    assert first == {"docid": "p1", "text": "text of p1", "image": None, "source": "my data/1"}


def test_integer_ids_are_rows_of_the_corpus_and_the_ids_come_back(tmp_path):
    write("tevatron_v2", tmp_path, integer_ids=True)
    row = parquet(tmp_path / "train/train-00000-of-00001.parquet")[0]
    names = {each["number"]: each["id"] for each in parquet(tmp_path / "document_ids.parquet")}
    assert [names[int(name)] for name in row["negative_document_ids"]] == ["d1", "d2"]
    assert parquet(tmp_path / "ids.parquet")[0]["negative_ids"] == ["d1", "d2"]


# NeMo.


def test_nemo_finds_every_text_and_repeats_negatives(tmp_path):
    counts = write("nemo", tmp_path / "out", count=3)
    groups = list(readers.nemo(tmp_path / "out", 4, tmp_path / "cache"))
    assert groups == [
        ("q0", Q0, [JAM, APPLES, LOUD, TEA]),
        ("q1", Q1, [TIDES, JAM, TEA, ODD]),
        ("q2", Q2, [COPPER, TEA, TEA, TEA]),
    ]
    assert counts["data_files"] == {"train.json": 3}


def test_nemo_is_one_object_whose_corpus_has_a_name_of_its_own(tmp_path):
    write("nemo", tmp_path, Listed(rich(negative={"score": None})))
    data = json.loads((tmp_path / "train.json").read_text("utf-8"))
    assert data["corpus"] == [{"path": "my-data-1_corpus"}]
    assert data["data"][0] == {
        "question_id": "q1", "question": "query one", "corpus_id": "my-data-1_corpus",
        "pos_doc": [{"id": "p1", "score": 0.9}], "neg_doc": [{"id": "n1"}, {"id": "n2", "score": 0.3}],
    }  # fmt: skip
    about = json.loads((tmp_path / "my-data-1_corpus" / "merlin_metadata.json").read_text("utf-8"))
    assert about == {"class": "TextQADataset", "corpus_id": "my-data-1_corpus"}


# ColBERT.


def test_colbert_reads_numbers_that_are_lines_and_titles_in_a_third_cell(tmp_path):
    counts = write("colbert", tmp_path, count=3)
    jam, tea = "Jam | sets with pectin", "Tea | is a leaf"
    assert list(readers.colbert(tmp_path, 4)) == [
        (Q0, [jam, APPLES, LOUD, tea], []),
        (Q0, [SUGAR, APPLES, LOUD, tea], []),
        (Q1, [TIDES, jam, tea, FLAT], []),
    ]
    assert lines(tmp_path / "triples.jsonl")[2] == [1, 5, 0, 3, 4]
    assert counts["texts_flattened"] == 1
    assert left_out(tmp_path) == [("q2", "it has fewer than 3 negatives")]
    assert [row["id"] for row in parquet(tmp_path / "document_ids.parquet")] == list(CONTENTS)
    assert parquet(tmp_path / "query_ids.parquet")[2] == {"number": 2, "id": "q2"}
    assert [row["negative_ids"] for row in parquet(tmp_path / "ids.parquet")][2] == ["d0", "d3", "d4"]


def test_colbert_distils_from_pairs_of_number_and_score(tmp_path):
    write("colbert", tmp_path, labels=three.labels(("q1", "d6", Verdict.FALSE_NEGATIVE)), scores=True)
    found = list(readers.colbert(tmp_path, 3))
    assert [query for query, _, _ in found] == [Q0, Q0, Q1]
    assert found[2][2] == [0.75, 0.7, 0.41]
    assert ("q1", "a score is unknown") in left_out(tmp_path)


def test_colbert_lines_are_filled_up_with_marked_documents(tmp_path):
    made = Listed([TextExample("q", (document("p"),), (document("n"),), "q1")], [document("f1"), document("f2")], 3)
    counts = write("colbert", tmp_path, made, short="pad")
    ((_, texts, _),) = readers.colbert(tmp_path, 4)
    assert texts == ["text of p", "text of n", "text of f1", "text of f2"]
    assert counts["backfilled"] == 2


def test_colbert_says_how_many_negatives_would_be_possible(tmp_path):
    with pytest.raises(ExportError, match=r"most that a query has is 4.*negatives to 4"):
        write("colbert", tmp_path, count=9)


# PyLate and sentence-transformers.


def of_pylate(folder, cache):
    names = ("train", "queries", "documents")
    files = {name: str(folder / name / "*.parquet") for name in names}
    load = datasets.load_dataset
    return [load("parquet", data_files=files[name], split="train", cache_dir=str(cache)) for name in names]


def test_pylate_has_a_text_and_a_score_for_every_document(tmp_path):
    counts = write("pylate", tmp_path / "out", count=3)
    assert list(readers.pylate(*of_pylate(tmp_path / "out", tmp_path / "cache"), 32)) == [
        (Q0, [JAM, APPLES, LOUD, TEA], [0.9, 0.8, 0.79, 0.6]),
        (Q0, [SUGAR, APPLES, LOUD, TEA], [0.85, 0.8, 0.79, 0.6]),
        (Q1, [TIDES, JAM, TEA, ODD], [0.75, 0.7, 0.41, 0.2]),
    ]
    assert (counts["queries"], counts["documents"], counts["queries_left_out"]) == (3, 9, 1)


def test_rows_are_cut_to_n_ways_with_the_positive_first(tmp_path):
    write("pylate", tmp_path, count=3, n_ways=2)
    rows = parquet(tmp_path / "train/train-00000-of-00001.parquet")
    assert [row["document_ids"] for row in rows] == [["d0", "d1"], ["d7", "d1"], ["d5", "d0"], ["d6", "d3"]]
    survey, entry = Survey.of(make_training_set(three.selection(3), NONE).texts()), EXPORTERS.get("pylate")
    lost = {loss.what: loss.message for loss in survey.losses(entry, {"negatives": 0, "n_ways": 2}, 3)}
    assert lost["counts"] == "2 queries have more than 1 negatives, of which the last are left out"


def test_sentence_transformers_resolves_the_ids(tmp_path):
    from sentence_transformers.util import resolve_ids

    write("pylate", tmp_path / "out", count=3)
    train, queries, documents = of_pylate(tmp_path / "out", tmp_path / "cache")
    train.set_transform(resolve_ids({"query_id": queries, "document_ids": documents}, max_list_length=32))
    assert train[2] == {
        "query": Q1, "document_1": TIDES, "document_2": JAM, "document_3": TEA, "document_4": ODD,
        "scores": [0.75, 0.7, 0.41, 0.2],
    }  # fmt: skip
    assert len(train[:]["query"]) == 3


def test_distillation_without_scores_is_refused_in_one_sentence(tmp_path):
    made = Listed([TextExample("q", (document("p"),), (document("n", None),), "q1")], count=1)
    with pytest.raises(ExportError, match=r"a score is unknown.*needs a score for every text"):
        write("pylate", tmp_path, made)


# MS MARCO.


@pytest.mark.parametrize("integers", [True, False])
def test_ms_marco_readers_find_triples_and_judgments(tmp_path, integers):
    counts = write("msmarco", tmp_path, count=3, integer_ids=integers, text_triples=True)
    triples, judged = readers.msmarco(tmp_path, as_id=int if integers else str)
    assert triples[:3] == [(Q0, JAM, APPLES), (Q0, JAM, LOUD), (Q0, JAM, TEA)]
    assert triples[-2:] == [(Q1, TIDES, FLAT), (Q2, COPPER, TEA)]
    assert judged == {Q0: {JAM: 1, SUGAR: 2}, Q1: {TIDES: 1}, Q2: {COPPER: 3}}
    assert counts["negatives"] == len(triples) == 10
    assert counts["texts_flattened"] == 1
    with (tmp_path / "triples.train.small.tsv").open(encoding="utf-8") as file:
        assert [tuple(line.rstrip("\n").split("\t")) for line in file] == triples
    assert (tmp_path / "document_ids.parquet").exists() == integers
    if not integers:
        assert (tmp_path / "qrels.train.tsv").read_text("utf-8").startswith("q0\t0\td0\t1\n")


def test_ms_marco_holds_data_without_negatives(tmp_path):
    made = Listed([TextExample("q", (document("p"),), (), "q1")], count=0)
    write("msmarco", tmp_path, made)
    assert readers.msmarco(tmp_path) == ([], {"q": {"text of p": 1}})


# By miner.


@pytest.mark.parametrize("file", ["jsonl.gz", "jsonl", "parquet"])
def test_every_row_names_every_miner(tmp_path, file):
    write("per_miner", tmp_path / "out", Listed(rich()), file=file)
    load = datasets.load_dataset
    kind, cache = "parquet" if file == "parquet" else "json", str(tmp_path / "cache")
    rows, corpus, queries = (
        load(kind if name == data else "json", data_files=str(tmp_path / "out" / name), split="train", cache_dir=cache)
        for data in [f"hard_negatives.{file}"]
        for name in (data, "corpus.jsonl", "queries.jsonl")
    )
    assert rows[1]["neg"] == {"bm25": [], "dense": ["n2"], "given": ["n3"]}
    assert list(readers.per_miner(rows, corpus, queries)) == [
        ("query one", ["text of p1"], {"bm25": ["text of n1"], "dense": ["text of n2"], "given": []}),
        ("query two", ["text of p2"], {"bm25": [], "dense": ["text of n2"], "given": ["text of n3"]}),
    ]


def test_parquet_keeps_a_miner_whose_lists_are_empty_at_first(tmp_path):
    early = [TextExample(f"q {number}", (document("p"),), (document("n"),), f"q{number}") for number in range(5000)]
    late = TextExample("q last", (document("p"),), (document("m", miner="late"),), "last")
    write("per_miner", tmp_path, Listed([*early, late]), file="parquet")
    table = pq.read_table(tmp_path / "hard_negatives.parquet")
    assert table.schema.field("neg").type == pa.struct([(name, pa.list_(pa.string())) for name in ("given", "late")])
    assert table.to_pylist()[-1]["neg"] == {"given": [], "late": ["m"]}


# LlamaIndex.


def test_llamaindex_is_one_object_of_texts_by_id(tmp_path):
    write("llamaindex", tmp_path)
    assert list(readers.llamaindex(tmp_path / "dataset.json")) == [(Q0, JAM), (Q1, TIDES), (Q2, COPPER)]
    data = json.loads((tmp_path / "dataset.json").read_text("utf-8"))
    assert data["corpus"] == CONTENTS
    assert data["relevant_docs"] == {"q0": ["d0", "d7"], "q1": ["d5"], "q2": ["d6"]}
    assert data["mode"] == "text"
    assert list(data) == ["queries", "corpus", "relevant_docs", "mode"]


# BEIR on the hub.


def test_mteb_finds_corpus_queries_and_grades_and_negatives_lie_beside(tmp_path):
    out = tmp_path / "out"
    export(three.selection(3), NONE, "hf-beir", out)

    def load(config):
        return datasets.load_dataset(str(out), config, split="train", cache_dir=str(tmp_path / "cache"))

    corpus, queries, judged = readers.mteb(load)
    assert corpus == CONTENTS
    assert queries == dict(three.QUERIES)
    assert judged == {"q0": {"d0": 1, "d7": 2}, "q1": {"d5": 1}, "q2": {"d6": 3}}
    negatives = list(load("hard_negatives"))
    assert negatives[3] == {"query-id": "q1", "corpus-id": "d0", "score": 0.7, "rank": 0, "miner": "hardest"}
    assert len(negatives) == 7


def test_scores_of_negatives_are_never_read_as_grades(tmp_path):
    """BM25 scores can be whole numbers; a negative that is read as a judgment would become a positive."""
    write("hf_beir", tmp_path, Listed(rich(negative={"score": 7.0})))
    reading = open_data(tmp_path, format="beir").reading
    assert len(list(reading.documents)) == 5
    assert len(list(reading.queries)) == 2
    rows = list(reading.examples)
    assert sorted(each.id for row in rows for each in row.positives) == ["p1", "p2"]
    first = next(each for row in rows for each in row.negatives)
    assert (first.id, first.score, first.rank, first.miner) == ("n1", 7.0, 0, "bm25")


def test_a_set_without_negatives_still_has_a_table_of_them(tmp_path):
    write("hf_beir", tmp_path, Listed([TextExample("q", (document("p"),), (), "q1")], count=0))
    assert parquet(tmp_path / "hard_negatives/train-00000-of-00001.parquet") == []


# BEIR.


def test_beir_judgments_have_a_header_whole_grades_and_plain_ids(tmp_path):
    names = [('d"0', *three.DOCUMENTS[0][1:]), *three.DOCUMENTS[1:]]
    write("beir", tmp_path, selection=three.selection(of=three.pool(names)))
    text = (tmp_path / "qrels/train.tsv").read_text("utf-8")
    assert text.splitlines()[:2] == ["query-id\tcorpus-id\tscore", 'q0\td"0\t1']
    queries = {row["_id"] for row in lines(tmp_path / "queries.jsonl")}
    assert {line.split("\t")[0] for line in text.splitlines()[1:]} <= queries
    sidecar = parquet(tmp_path / "ids.parquet")
    assert [(row["query_id"], row["negative_ids"]) for row in sidecar[:3]] == [
        ("q0", ["d1", "d2"]), ("q0", []), ("q1", ['d"0', "d3"]),
    ]  # fmt: skip


# TREC.


def run_of(negatives):
    return Listed([TextExample("q", (document("p", 0.9),), tuple(negatives), "q1")], count=len(negatives))


@pytest.mark.parametrize(
    "scores",
    [
        [0.1, 0.3, 0.2, 0.25],
        [0.5, 0.5, 0.5, 0.2],
        [0.5, 0.50000000001, 0.49999999999, 0.5],
        [1e-9, -0.0, 0.0, -1e-9],
        [123456.001, 123456.002, 123456.0, 7.0],
    ],
)
@pytest.mark.parametrize("names", [["a", "b", "c", "d"], ["d10", "d9", "é", "D9"]])
def test_trec_eval_has_every_document_at_the_rank_that_is_written(tmp_path, scores, names):
    """pytrec_eval runs the code of trec_eval: the reciprocal rank of the only relevant document says its place."""
    write("trec_run", tmp_path, run_of([document(name, score) for name, score in zip(names, scores, strict=True)]))
    run = list(ir_measures.read_trec_run(str(tmp_path / "run.trec")))
    places = [line.split() for line in (tmp_path / "run.trec").read_text("utf-8").splitlines()]
    assert [int(line[3]) for line in places] == [1, 2, 3, 4]
    written = [float(line[4]) for line in places]
    assert written == sorted(written, reverse=True)
    for _, _, name, rank, _, _ in places:
        qrels = [ir_measures.Qrel("q1", name, 1)]
        assert ir_measures.pytrec_eval.calc_aggregate([ir_measures.RR], qrels, run)[ir_measures.RR] == pytest.approx(
            1 / int(rank)
        )


def test_scores_that_are_no_ties_are_written_as_they_are(tmp_path):
    write("trec_run", tmp_path, run_of([document("a", 0.1), document("b", 8.123456789012)]))
    rows = [line.split() for line in (tmp_path / "run.trec").read_text("utf-8").splitlines()]
    assert [row[4] for row in rows] == ["8.123456789012", "0.1"]


def test_texts_and_qrels_lie_beside_a_run(tmp_path):
    counts = write("trec_run", tmp_path)
    assert [row["_id"] for row in lines(tmp_path / "corpus.jsonl")] == list(CONTENTS)
    assert {row["_id"]: row["text"] for row in lines(tmp_path / "queries.jsonl")} == dict(three.QUERIES)
    qrels = list(ir_measures.read_trec_qrels(str(tmp_path / "qrels.trec")))
    assert {(row.query_id, row.doc_id, row.relevance) for row in qrels} == set(three.POSITIVES)
    assert (counts["positives"], counts["negatives"]) == (4, 5)


def test_a_run_without_scores_says_that_they_are_missing(tmp_path):
    made = run_of([document("a", None, rank=3), document("b", None, rank=1)])
    with pytest.raises(ExportError, match=r"scores are missing in the data.*by_rank"):
        write("trec_run", tmp_path, made)
    write("trec_run", tmp_path / "ranked", made, by_rank=True)
    rows = [line.split() for line in (tmp_path / "ranked" / "run.trec").read_text("utf-8").splitlines()]
    assert [row[2:5] for row in rows] == [["b", "1", "-1.0"], ["a", "2", "-3.0"]]


def test_ranks_take_the_place_of_all_scores_of_a_query_or_of_none(tmp_path):
    made = run_of([document("a", 0.1, rank=0), document("b", None, rank=1), document("c", 0.9)])
    write("trec_run", tmp_path, made, by_rank=True)
    rows = [line.split() for line in (tmp_path / "run.trec").read_text("utf-8").splitlines()]
    assert [row[2:5] for row in rows] == [["a", "1", "0.0"], ["b", "2", "-1.0"]]
    assert left_out(tmp_path) == [("q1", "its score and its rank are unknown")]
