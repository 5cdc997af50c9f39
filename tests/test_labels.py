"""Labels: what is said is kept, in order, whatever is undone, merged, killed or opened in a spreadsheet."""

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.schema import CreateTable

from negviz.dataset import Dataset
from negviz.errors import LabelError, NegvizError
from negviz.labels import CODES, LabelEvent, Labels, LabelStore, Verdict, open_labels, read_labels, write_labels
from negviz.labels.files import guarded, unguarded
from negviz.labels.tables import EVENTS
from negviz.pool import Pool
from negviz.text import text_key

FN, TN, DROP, UNSURE = Verdict
ROOT = Path(__file__).parents[1]


def said(query="q", verdict=FN, annotator="ann", document="d", **more):
    return LabelEvent(query_key=query, document_key=document, verdict=verdict, annotator=annotator, **more)


@pytest.fixture
def store(tmp_path):
    with LabelStore(tmp_path / "labels.sqlite") as opened:
        yield opened


@pytest.fixture
def dataset():
    return Dataset.build(
        name="tiny",
        format="test",
        queries=[("q1", "height of the tower"), ("q2", "who built it"), ("q3", "Height of  the TOWER")],
        documents=[("d1", "Tower", "It is 330 m."), ("d2", "", "Eiffel built it."), ("d3", "", "tower it is 330 m.")],
        positives=[("q1", "d1", 1), ("q2", "d2", 1)],
    )


@pytest.fixture
def pool(dataset):
    documents = np.array([[1, 2, -1], [0, 1, 2], [0, -1, -1]], dtype=np.int32)
    return Pool(
        dataset=dataset,
        queries=np.array([2, 0, 1], dtype=np.int32),
        documents=documents,
        ranks={},
        scores={},
        positives=np.full((3, 1), -1, dtype=np.int32),
        positive_scores={},
        flags=np.zeros((3, 3), dtype=np.uint16),
        scales={},
    )


# --- one event


@pytest.mark.parametrize(
    ("spelling", "verdict"),
    [
        ("false negative", FN),
        ("False_Negative", FN),
        ("FN", FN),
        ("false-negative", FN),
        (" tn ", TN),
        ("not relevant", TN),
        ("DROP", DROP),
        ("neither", DROP),
        ("Unsure", UNSURE),
        ("?", UNSURE),
    ],
)
def test_verdicts_are_read_as_people_spell_them(spelling, verdict):
    assert Verdict.parse(spelling) is verdict


def test_codes_are_one_to_four_in_the_order_of_the_verdicts():
    assert [verdict.code for verdict in Verdict] == [1, 2, 3, 4] == list(CODES.values())


def test_an_unknown_verdict_is_named_with_the_known_ones():
    with pytest.raises(LabelError, match=r"'positive' is unknown.*false negative, true negative, drop, unsure"):
        said(verdict="positive")


def test_time_is_utc_with_milliseconds():
    assert said(time="2026-01-31T12:00:00.123456+02:00").time == "2026-01-31T10:00:00.123Z"
    assert said(time="2026-01-31").time == "2026-01-31T00:00:00.000Z"
    assert len(said().time) == 24


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("grade", 4),
        ("grade", -1),
        ("grade", 1.5),
        ("probability", 1.1),
        ("probability", float("nan")),
        ("time", "yesterday"),
        ("note", "half \ud800"),
        ("note", 3),
        ("query_key", ""),
        ("annotator", "a" * 256),
    ],
)
def test_what_no_store_could_keep_is_refused(field, value):
    with pytest.raises(LabelError, match=field.replace("_", " ")):
        replace(said(), **{field: value})


def test_an_event_of_a_dataset_holds_keys_ids_and_texts(dataset):
    event = LabelEvent.of(dataset, 0, 0, FN, annotator="ann", grade=np.int64(2), queue="random", probability=0.25)
    assert event.pair == (text_key("height of the tower"), text_key("Tower It is 330 m."))
    assert (event.query_id, event.document_id) == ("q1", "d1")
    assert (event.query, event.document) == ("height of the tower", "Tower It is 330 m.")
    assert (event.grade, event.probability) == (2, 0.25)


# --- the store in a file (what holds on every database is in labels/test_store.py)


def test_a_file_is_written_through_to_the_disk(store, tmp_path):
    with sqlite3.connect(tmp_path / "labels.sqlite") as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.close()
    with store._engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_database_in_memory_and_the_default_place(monkeypatch, tmp_path):
    with LabelStore("sqlite://") as memory:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda number: memory.add(said(str(number))), range(20)))
        assert len(memory.current()) == 20
    monkeypatch.setenv("NEGVIZ_HOME", str(tmp_path / "home #1?"))
    with LabelStore() as default:
        default.add(said())
        assert default.url == str(tmp_path / "home #1?" / "labels.sqlite")
    assert (tmp_path / "home #1?" / "labels.sqlite").is_file()
    with LabelStore(f"sqlite:///{tmp_path}/by_url.sqlite") as by_url:
        by_url.add(said())
    assert len(open_labels(tmp_path / "by_url.sqlite")) == 1


def test_a_store_whose_file_was_removed_starts_a_new_one(store, tmp_path):
    store.add(said())
    assert len(store.current()) == 1
    for file in tmp_path.iterdir():
        file.unlink()
    assert len(store.current()) == 0
    store.add(said("b"))
    with LabelStore(tmp_path / "labels.sqlite") as again:
        assert list(again.current()) == [("b", "d")]


def test_the_table_can_be_made_on_other_databases():
    for dialect in (postgresql.dialect(), mysql.dialect()):
        assert "label_events" in str(CreateTable(EVENTS).compile(dialect=dialect))


# --- what is not a label database


def test_a_foreign_or_damaged_file_is_refused_and_left_alone(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, " * 100)
    foreign = tmp_path / "history.sqlite"
    with sqlite3.connect(foreign) as raw:
        raw.execute("CREATE TABLE visits (url TEXT)")
    raw.close()
    for path, words in ((text, "not a database"), (foreign, "another program"), (tmp_path, "unable to open")):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(LabelError, match=words):
            LabelStore(path)
        assert not path.is_file() or path.read_bytes() == before


def test_a_damaged_label_database_is_refused(tmp_path):
    path = tmp_path / "labels.sqlite"
    with LabelStore(path) as store:
        store.add([said(str(number), note="x" * 500) for number in range(200)])
    data = bytearray(path.read_bytes())
    data[8192:40960] = random.Random(1).randbytes(40960 - 8192)
    path.write_bytes(data)
    with pytest.raises(LabelError, match=r"damaged|malformed"):
        LabelStore(path)


def test_a_newer_label_database_is_refused(tmp_path):
    path = tmp_path / "labels.sqlite"
    LabelStore(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(LabelError, match="newer"):
        LabelStore(path)


@pytest.mark.parametrize("url", ["nonsense://x", "postgresql://joe:secret@127.0.0.1:1/x", "://"])
def test_a_url_that_leads_nowhere_is_one_sentence_without_the_password(url):
    with pytest.raises(LabelError) as caught:
        LabelStore(url)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


# --- several at once, and killed

CHILD = """
import sys
from negviz.labels import LabelEvent, LabelStore
store = LabelStore(sys.argv[1])
for number in range(int(sys.argv[3])):
    event = store.add(LabelEvent(query_key=f"{sys.argv[2]}{number}", document_key="d", verdict="drop", annotator="a"))
    print(event.event, flush=True)
"""


def _child(path, name, count):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path), name, str(count)], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_processes_and_threads_that_write_at_once_lose_nothing(tmp_path):
    path = tmp_path / "labels.sqlite"
    children = [_child(path, name, 25) for name in "xyz"]
    with LabelStore(path) as store, ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: store.add(said(f"t{number}")), range(40)))
        printed = {line.strip() for child in children for line in child.communicate()[0].splitlines()}
        assert [child.returncode for child in children] == [0, 0, 0]
        stored = {event.event for event in store.events()}
        assert printed <= stored
        assert len(stored) == 3 * 25 + 40
        assert len(store.current()) == 3 * 25 + 40


def test_what_was_saved_survives_a_kill(tmp_path):
    path = tmp_path / "labels.sqlite"
    child = _child(path, "k", 100_000)
    printed = [child.stdout.readline().strip() for _ in range(5)]
    child.send_signal(signal.SIGKILL)
    printed += [line.strip() for line in child.stdout if len(line) == 33]
    child.wait()
    child.stdout.close()
    with LabelStore(path) as store:
        assert set(printed) <= {event.event for event in store.events()}
        store.add(said())
        assert store.current()["q", "d"].verdict is FN


# --- any sequence

ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from([*Verdict, None])),
        st.tuples(st.just("undo"), st.sampled_from("ab")),
    ),
    max_size=25,
)


def _replay(actions):
    """The plain meaning: a stack of what each annotator said; undo pops it."""
    stacks = {"a": [], "b": []}
    for place, (action, annotator, *what) in enumerate(actions):
        stack = stacks[annotator]
        if action == "undo":
            if stack:
                stack.pop()
            continue
        query, verdict = what
        current = next((said for _, asked, said in reversed(stack) if asked == query), None)
        if verdict is None or verdict != current:
            stack.append((place, query, verdict))
    voices = {}
    for annotator, stack in stacks.items():
        voices.update({(query, annotator): (place, verdict) for place, query, verdict in stack})
    current = {}
    for (query, _), (_, verdict) in sorted(voices.items(), key=lambda voice: voice[1][0]):
        if verdict is not None:
            current[query] = verdict
    return current


@settings(max_examples=40, deadline=None)
@given(ACTIONS)
def test_any_sequence_of_verdicts_and_undos_leaves_what_a_replay_leaves(actions):
    with LabelStore("sqlite://") as store:
        for action, annotator, *what in actions:
            if action == "undo":
                store.undo(annotator)
            else:
                store.add(said(what[0], what[1], annotator))
        current = store.current()
        assert {pair[0]: event.verdict for pair, event in current.items()} == _replay(actions)
        assert dict(Labels.of(store.events())) == dict(current)
        with LabelStore("sqlite://") as copy:
            copy.merge(store.events())
            assert dict(copy.current()) == dict(current)


# --- where labels meet data


def test_labels_align_with_a_pool_by_content(pool, dataset):
    labels = Labels.of(
        [
            LabelEvent.of(dataset, 0, 0, FN),
            LabelEvent.of(dataset, 0, 1, TN),
            LabelEvent.of(dataset, 1, 0, UNSURE),
            said("gone", DROP),
        ]
    )
    # Queries 0 and 2 are the same text but for case and spacing, and so are documents 0 and 2.
    assert labels.align(pool).tolist() == [[2, 1, 0], [1, 2, 1], [4, 0, 0]]
    assert labels.align(pool).dtype == np.int8
    assert labels.counts() == {FN: 1, TN: 1, DROP: 1, UNSURE: 1}
    assert [(query, document) for query, document, _ in labels.found(dataset)] == [
        *((0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1), (2, 2))
    ]


def test_labels_align_with_arbitrary_pairs(dataset):
    labels = Labels.of([LabelEvent.of(dataset, 1, 0, DROP)])
    assert labels.align_pairs(dataset, [1, 1, 1, 0, -1], [0, 2, -1, 0, 0]).tolist() == [3, 3, 0, 0, 0]
    assert labels.align_pairs(dataset, [[1], [0]], [[0, 1]]).tolist() == [[3, 0], [0, 0]]
    assert labels.align_pairs(dataset, [], []).shape == (0,)
    assert Labels.of([]).align_pairs(dataset, [0], [0]).tolist() == [0]


def test_no_labels_align_with_anything(pool):
    assert not Labels.of([]).align(pool).any()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from(list(Verdict))), max_size=15))
def test_both_alignments_agree_with_a_look_at_every_pair(marks):
    dataset = Dataset.build(
        name="t",
        format="t",
        queries=[(str(row), f"query {row % 3}") for row in range(4)],
        documents=[(str(row), "", f"text {row % 4}") for row in range(6)],
        positives=[],
    )
    labels = Labels.of([LabelEvent.of(dataset, *mark) for mark in marks])
    queries, documents = np.meshgrid(np.arange(4), np.arange(6), indexing="ij")
    plain = [
        [
            CODES[labels[key].verdict] if (key := (dataset.query_keys[q], dataset.document_keys[d])) in labels else 0
            for d in range(6)
        ]
        for q in range(4)
    ]
    assert labels.align_pairs(dataset, queries, documents).tolist() == plain


def test_fingerprint_follows_verdicts_and_not_the_order_or_the_people():
    one, two = said("a", FN), said("b", TN)
    same = Labels.of([replace(two, annotator="zoe"), one]).fingerprint
    assert Labels.of([one, two]).fingerprint == same
    assert Labels.of([one, replace(two, verdict=DROP)]).fingerprint != same
    assert Labels.of([one]).fingerprint != same


# --- files

ODD = ["=1+1", "'=1+1", "''@x", "'plain", "-", "+49", "@home", "\tx", "\rx", "\nx", 'say "x"', "a,b;c", "a\r\nb\rc\nd"]
ODD += [
    "\u202eevil\u200f",
    "😀",
    "\x00",
    "a\x00b",
    "\u2028\u2029\x85\x0b\x1c",
    "",
    " ",
    "\ufeffx",
    "NaN",
    "None",
    "1e5",
]
TEXT = st.one_of(st.sampled_from(ODD), st.text(max_size=20))
EVENT = st.builds(
    LabelEvent,
    query_key=st.text("0123456789abcdef", min_size=1, max_size=32),
    document_key=st.text("0123456789abcdef", min_size=1, max_size=32),
    verdict=st.sampled_from([*Verdict, None]),
    **dict.fromkeys(("query_id", "document_id", "query", "document", "annotator", "note", "queue"), TEXT),
    grade=st.one_of(st.none(), st.integers(0, 3)),
    probability=st.one_of(st.none(), st.floats(0, 1)),
    time=st.datetimes().map(lambda moment: moment.isoformat()),
    event=st.uuids().map(lambda name: name.hex),
)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@settings(max_examples=60, deadline=None)
@given(events=st.lists(EVENT, max_size=4))
def test_files_bring_back_exactly_what_was_written(tmp_path_factory, suffix, events):
    path = tmp_path_factory.getbasetemp() / f"round{suffix}"
    assert write_labels(events, path) == len(events)
    if events or suffix == ".csv":
        assert read_labels(path) == events


@settings(max_examples=30, deadline=None)
@given(st.lists(EVENT, max_size=4, unique_by=lambda event: event.event))
def test_the_database_brings_back_exactly_what_was_merged(events):
    with LabelStore("sqlite://") as store:
        assert store.merge(events) == (len(events), 0)
        assert sorted(store.events(), key=lambda event: event.event) == sorted(events, key=lambda event: event.event)


@pytest.mark.parametrize("cell", ODD)
def test_no_cell_starts_as_a_formula_and_the_guard_comes_off(cell):
    assert guarded(cell)[:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert unguarded(guarded(cell)) == cell


def test_a_spreadsheet_sees_no_formula(tmp_path):
    path = tmp_path / "labels.csv"
    write_labels([said(note="=HYPERLINK(1)", query_id="-1", queue="@x")], path)
    with path.open(newline="", encoding="utf-8") as file:
        row = next(csv.DictReader(file))
    assert (row["note"], row["query_id"], row["queue"], row["verdict"]) == ("'=HYPERLINK(1)", "'-1", "'@x", str(FN))


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("before")

    def broken():
        yield said()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_labels(broken(), path)
    assert path.read_text() == "before"
    for name in ("labels.xlsx", "labels.csv/x.csv"):
        with pytest.raises(NegvizError, match=r"not be written|cannot be written"):
            write_labels([said()], tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == ["labels.csv"]


def test_current_labels_can_be_written_and_opened(store, tmp_path):
    store.add([said("a", FN), said("a", TN), said("b", DROP)])
    assert write_labels(store.current(), tmp_path / "now.jsonl") == 2
    assert dict(open_labels(tmp_path / "now.jsonl")) == dict(store.current())
    assert json.loads((tmp_path / "now.jsonl").read_text().splitlines()[0])["verdict"] == "true negative"


def _file(tmp_path, text, name="labels.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize(
    "text",
    [
        "query_id,document_id,verdict\nq1,d2,FN\nq2,d1,\n",
        "Query-ID;doc_id;label;more\nq1;d2;false_negative;x\n",
        "\ufeffqid\tdid\tverdict\r\nq1\td2\tfn\r\n",
        '{"query_id":"q1","document_id":"d2","verdict":"FN"}\n',
    ],
)
def test_a_sheet_with_ids_and_verdicts_is_enough(tmp_path, dataset, text):
    (event,) = read_labels(_file(tmp_path, text), dataset)
    assert event.pair == (text_key("height of the tower"), text_key("Eiffel built it."))
    assert (event.verdict, event.annotator, event.queue) == (FN, "labels.csv", "import")
    assert (event.query, event.document) == ("height of the tower", "Eiffel built it.")


def test_a_sheet_with_texts_needs_no_data(tmp_path):
    (event,) = read_labels(_file(tmp_path, "query,document,verdict,annotator\nWho?,Me.,TN,bob\n"), annotator="ann")
    assert event.pair == (text_key("who?"), text_key("me."))
    assert event.annotator == "bob"


def test_a_list_of_suspects_gives_verdicts_but_no_draw_probability(tmp_path, dataset):
    text = "query_id,document_id,probability,reasons,verdict\nq1,d2,0.93,same words,drop\n"
    assert read_labels(_file(tmp_path, text), dataset)[0].probability is None


def test_reading_a_sheet_again_repeats_nothing(tmp_path, dataset, store):
    path = _file(tmp_path, "query_id,document_id,verdict\nq1,d2,FN\nq2,d1,TN\n")
    assert store.merge(read_labels(path, dataset)) == (2, 0)
    assert store.merge(read_labels(path, dataset)) == (0, 2)


@pytest.mark.parametrize(
    "text",
    [
        "q1 0 d2 2\nq2 0 d1 0\nq2 0 d3 -1\nq1 0 d1 1\n",
        "query-id\tcorpus-id\tscore\nq1\td2\t2\nq2\td1\t0\nq2\td3\t-1\n",
        "qid,docno,label\nq1,d2,2\nq2,d1,0\nq2,d3,-1\n",
        "q1\td2\t2\nq2\td1\t0\nq2\td3\t-1\n",
    ],
)
def test_judgments_say_false_negative_or_true_negative(tmp_path, dataset, text):
    events = read_labels(_file(tmp_path, text, "test.tsv"), dataset)
    assert [(event.query_id, event.document_id, event.verdict, event.grade) for event in events] == [
        *(("q1", "d2", FN, 2), ("q2", "d1", TN, 0), ("q2", "d3", DROP, None))
    ]
    assert {event.queue for event in events} == {"judgments"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("query_id,document_id,verdict\nq1,d9,FN\nq7,d1,FN\nq1,d8,TN\n", r"document 'd9' \(line 2\) and 2 more"),
        ("query_id,document_id,verdict\nq1,d1,FN\nq1,d2,perhaps so\n", "Line 3 .*'perhaps so' is unknown"),
        ("query_id,document_id\nq1,d1\n", "no verdict, only query_id, document_id"),
        ("verdict\nFN\n", "no query_id"),
        ("query_id,document_id,verdict,grade\nq1,d1,FN,7\n", "Line 2 .*grade"),
        ("query_id,document_id,verdict,grade\nq1,d1,FN,good\n", "whole number"),
        ('query_id,document_id,verdict\nq1,d1,"FN\n', "not a row of a table"),
        ("query_id,document_id,verdict\nq1,d1,FN,more,cells\n", "5 cells"),
        ('{"query_id": "q1"\n', "Line 1 .*not JSON"),
        ("q1 0 d1 1\nq1 0 d1\nq1 d1\n", "Line 2 .*3 fields"),
        ("  \n", "is empty"),
    ],
)
def test_a_bad_file_is_one_sentence_with_the_line(tmp_path, dataset, text, words):
    with pytest.raises(LabelError, match=words):
        read_labels(_file(tmp_path, text), dataset)


def test_ids_alone_need_the_data(tmp_path):
    with pytest.raises(LabelError, match="load the data first"):
        read_labels(_file(tmp_path, "query_id,document_id,verdict\nq1,d1,FN\n"))
    with pytest.raises(LabelError, match="cannot be read"):
        read_labels(tmp_path / "missing.csv")
    (tmp_path / "latin.csv").write_bytes("query,document,verdict\né,x,FN\n".encode("latin-1"))
    with pytest.raises(LabelError, match=r"not UTF-8 \(line 2\)"):
        read_labels(tmp_path / "latin.csv")


def test_a_very_long_document_survives_a_csv(tmp_path):
    event = said()
    event = replace(event, document="word " * 60_000)
    write_labels([event], tmp_path / "long.csv")
    assert read_labels(tmp_path / "long.csv") == [event]


@pytest.mark.parametrize("prefix", ["sqlite:///", ""])
def test_a_mistyped_database_is_no_empty_database(tmp_path, prefix):
    name = f"{prefix}{tmp_path / 'lables.sqlite'}"
    with pytest.raises(LabelError):
        open_labels(name)
    with pytest.raises(LabelError, match="There is no label database"):
        LabelStore.existing(name)
    assert list(tmp_path.iterdir()) == []
