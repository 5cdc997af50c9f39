"""Labels of several people: merged in any order, settled by a judge, brought in from elsewhere, given to others."""

import csv
import json
import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from negviz.cli import main
from negviz.dataset import Dataset
from negviz.errors import LabelError
from negviz.labels import (
    ADJUDICATION,
    LabelEvent,
    Labels,
    LabelStore,
    Verdict,
    read_label_file,
    read_labels,
    write_conflicts,
    write_judgments,
    write_labels,
)
from negviz.labels.tables import EVENTS

FN, TN, DROP, UNSURE = Verdict


def said(query="q", verdict=FN, annotator="ann", document="d", **more):
    return LabelEvent(query_key=query, document_key=document, verdict=verdict, annotator=annotator, **more)


@pytest.fixture
def dataset():
    return Dataset.build(
        name="tiny",
        format="test",
        queries=[("q1", "height of the tower"), ("q2", "who built it")],
        documents=[("d1", "Tower", "It is 330 m."), ("d2", "", "Eiffel built it."), ("d3", "", "Nothing.")],
        positives=[("q1", "d1", 1), ("q2", "d2", 1)],
    )


# --- merging


def _history(name, seeds):
    """What a person says in a store of their own, on a clock of their own."""
    verdicts = [*Verdict, None]
    with LabelStore("sqlite://") as store:
        for query, verdict, minute in seeds:
            if verdict == 5:
                store.undo(name)
            else:
                store.add(said(f"q{query}", verdicts[verdict], name, time=f"2026-01-01T00:{minute:02}:00Z"))
        return store.events()


SEEDS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 3)), max_size=8)


@settings(max_examples=40, deadline=None)
@given(SEEDS, SEEDS, SEEDS)
def test_the_order_in_which_files_are_merged_does_not_matter(one, two, three):
    histories = [_history(name, seeds) for name, seeds in zip(("ann", "bob", "cleo"), (one, two, three), strict=True)]
    found = []
    for order in ((0, 1, 2), (2, 1, 0), (1, 2, 0, 1)):
        with LabelStore("sqlite://") as store:
            for place in order:
                store.merge(histories[place])
            found.append((dict(store.current()), dict(store.current().conflicts), {e.event for e in store.events()}))
    assert found[0] == found[1] == found[2]
    assert dict(Labels.of([event for history in histories for event in history])) == found[0][0]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_two_peoples_files_meet_without_loss(tmp_path, store, suffix):
    for name, verdict in (("ann", FN), ("bob", TN)):
        events = [said(f"q{number}", verdict, name, probability=0.25, queue="random") for number in range(5)]
        write_labels(events, tmp_path / f"{name}{suffix}")
    for name in ("ann", "bob", "ann"):
        store.merge(read_labels(tmp_path / f"{name}{suffix}"))
    assert len(store.events()) == 10
    assert len(store.current().conflicts) == 5
    assert {(event.queue, event.probability) for event in store.events()} == {("random", 0.25)}


# --- settling


def test_an_adjudication_settles_a_conflict_and_stands():
    voices = [
        said(verdict=FN, annotator="ann", time="2026-01-01"),
        said(verdict=TN, annotator="bob", time="2026-01-02"),
    ]
    judged = said(verdict=DROP, annotator="cleo", time="2026-01-03", queue=ADJUDICATION)
    assert Labels.of(voices).conflicts
    labels = Labels.of([*voices, judged])
    assert labels["q", "d"] == judged
    assert not labels.conflicts


def test_a_later_voice_opens_the_conflict_again_but_the_judge_stands_until_the_next():
    first = said(verdict=FN, annotator="cleo", time="2026-01-01", queue=ADJUDICATION)
    same, other = (said(verdict=v, annotator=n, time="2026-01-02") for v, n in ((FN, "ann"), (TN, "bob")))
    assert not Labels.of([first, same]).conflicts
    labels = Labels.of([first, same, other])
    assert labels["q", "d"] == first
    assert set(labels.conflicts["q", "d"]) == {first, same, other}
    again = said(verdict=TN, annotator="dora", time="2026-01-03", queue=ADJUDICATION)
    labels = Labels.of([first, same, other, again])
    assert labels["q", "d"] == again
    assert not labels.conflicts


def test_an_adjudication_that_is_taken_back_never_happened(store):
    store.add([said(verdict=FN), said(verdict=TN, annotator="bob")])
    store.add(said(verdict=DROP, annotator="cleo", queue=ADJUDICATION))
    store.undo("cleo")
    assert store.current()["q", "d"].verdict is TN
    assert store.current().conflicts


def test_who_adjudicated_and_then_says_something_else_took_it_back(store):
    store.add(said(verdict=DROP, annotator="cleo", queue=ADJUDICATION))
    store.add(said(verdict=TN, annotator="bob"))
    assert store.current()["q", "d"].verdict is DROP
    store.add(said(verdict=FN, annotator="cleo"))
    assert store.current()["q", "d"].verdict is FN


def test_a_pair_that_was_drawn_stays_drawn_whoever_speaks_last():
    drawn = said(verdict=FN, time="2026-01-01", queue="random", probability=0.1)
    later = said(verdict=TN, annotator="bob", time="2026-01-02", queue="most suspect")
    labels = Labels.of([drawn, later])
    assert labels["q", "d"] == later
    assert labels.drawn["q", "d"] == drawn
    assert Labels.of([later]).fingerprint != Labels.of([drawn, replace(later)]).fingerprint


def test_a_sheet_of_conflicts_is_filled_in_and_settles_them(tmp_path, store):
    for name, verdict in (("ann", FN), ("bob", TN)):
        for key in ("a", "b"):
            event = replace(said(key, verdict, name), query="=1+1", document="Text, with\nlines", note=f"{name}'s")
            store.add(event)
    path = tmp_path / "conflicts.csv"
    assert write_conflicts(store.current(), path) == 2
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["said"] == "ann: false negative (ann's); bob: true negative (bob's)"
    assert rows[0]["query"] == "'=1+1"
    assert read_label_file(path)[:2] == ([], 2)
    rows[0]["verdict"] = "drop"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    read = read_label_file(path, annotator="cleo")
    assert read.unlabelled == 1
    assert store.merge(read.events) == (1, 0)
    assert store.current()["a", "d"].verdict is DROP
    assert list(store.current().conflicts) == [("b", "d")]
    with pytest.raises(LabelError, match=r"\.csv"):
        write_conflicts(store.current(), tmp_path / "x.txt")


# --- from elsewhere


def _file(tmp_path, text, name="labels.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_sample_that_is_half_judged_gives_its_labels_with_their_probability(tmp_path, dataset):
    text = "query_id,document_id,query,document,verdict,probability,queue\n"
    text += "q1,d2,height of the tower,Eiffel built it.,true negative,0.125,random sample\n"
    text += (
        "q2,d1,who built it,Tower It is 330 m.,,0.5,random sample\nq2,d3,who built it,Nothing., ,0.5,random sample\n"
    )
    for data in (dataset, None):
        read = read_label_file(_file(tmp_path, text), data)
        assert read.unlabelled == 2
        (event,) = read.events
        assert (event.queue, event.probability, event.verdict) == ("random sample", 0.125, TN)
        assert event.pair == (dataset.query_keys[0], dataset.document_keys[1])


def test_grades_below_what_is_relevant_are_dropped(tmp_path, dataset):
    path = _file(tmp_path, "q1 0 d2 2\nq1 0 d3 1\nq2 0 d1 0\nq1 0 d1 3\nq2 0 d2 1\n", "judged.qrels")
    read = read_label_file(path, dataset, relevant_from=2)
    assert [(event.document_id, event.verdict, event.grade) for event in read.events] == [
        *(("d2", FN, 2), ("d3", DROP, 1), ("d1", TN, 0), ("d2", DROP, 1))
    ]
    assert read.positives == 1
    with pytest.raises(LabelError, match="too low"):
        read_label_file(path, dataset, relevant_from=0)


@pytest.mark.parametrize(
    "head",
    [
        "query_id,document_id,judgment,rater,comment",
        "qid,pid,label,assessor,note",
        "query-id,passage_id,rel,annotator,note",
    ],
)
def test_columns_by_their_common_names(tmp_path, dataset, head):
    (event,) = read_labels(_file(tmp_path, f"{head}\nq1,d2,1,bob,why\n"), dataset)
    assert (event.verdict, event.annotator, event.note) == (FN, "bob", "why")


def test_of_two_rows_about_a_pair_the_lower_counts(tmp_path, dataset, store):
    path = _file(tmp_path, "query_id,document_id,verdict\nq1,d2,FN\nq1,d2,TN\nq1,d2,drop\n")
    assert store.merge(read_labels(path, dataset)) == (3, 0)
    assert store.merge(read_labels(path, dataset)) == (0, 3)
    assert [event.verdict for event in store.current().values()] == [DROP]


# --- to elsewhere


def _labels(dataset):
    marks = [(0, 1, FN, 3), (0, 2, TN, 2), (1, 0, DROP, None), (1, 2, FN, 0), (0, 0, UNSURE, None)]
    return Labels.of(LabelEvent.of(dataset, q, d, verdict, grade=grade) for q, d, verdict, grade in marks)


def test_labels_are_written_as_judgments(tmp_path, dataset):
    assert write_judgments(_labels(dataset), tmp_path / "ours.qrels") == 3
    assert (tmp_path / "ours.qrels").read_text() == "q1 0 d2 3\nq1 0 d3 0\nq2 0 d3 1\n"
    assert write_judgments(_labels(dataset), tmp_path / "ours.tsv") == 3
    assert (tmp_path / "ours.tsv").read_text() == "query-id\tcorpus-id\tscore\nq1\td2\t3\nq1\td3\t0\nq2\td3\t1\n"


@pytest.mark.parametrize("name", ["ours.qrels", "ours.tsv"])
def test_judgments_come_back_as_the_same_verdicts(tmp_path, dataset, name):
    labels = _labels(dataset)
    write_judgments(labels, tmp_path / name)
    back = Labels.of(read_labels(tmp_path / name, dataset))
    sure = {pair: event.verdict for pair, event in labels.items() if event.verdict in (FN, TN)}
    assert {pair: event.verdict for pair, event in back.items()} == sure


def test_judgments_speak_of_the_ids_of_the_data_at_hand(tmp_path, dataset):
    renamed = Dataset.build(
        name="other",
        format="test",
        queries=[("Q", "Height of  the tower")],
        documents=[("x", "", "eiffel built it."), ("y", "", "Eiffel built it.")],
        positives=[],
    )
    assert write_judgments(_labels(dataset), tmp_path / "ours.qrels", renamed) == 2
    assert (tmp_path / "ours.qrels").read_text() == "Q 0 x 3\nQ 0 y 3\n"


def test_what_judgments_cannot_say_is_refused(tmp_path):
    for event, words in (
        (said(), "no ids"),
        (said(query_id="a b", document_id="d"), "has blanks"),
    ):
        with pytest.raises(LabelError, match=words):
            write_judgments(Labels.of([event]), tmp_path / "x.qrels")
    clash = [said("a", FN, query_id="1", document_id="2"), said("b", TN, query_id="1", document_id="2")]
    with pytest.raises(LabelError, match="go by the ids '1' and '2'"):
        write_judgments(Labels.of(clash), tmp_path / "x.qrels")
    with pytest.raises(LabelError, match=r"\.qrels or \.tsv"):
        write_judgments(Labels.of(clash), tmp_path / "x.txt")
    assert not list(tmp_path.iterdir())


# --- by command


def _run(capfd, *arguments):
    capfd.readouterr()
    with pytest.raises(SystemExit) as done:
        main(["labels", *map(str, arguments)])
    out, err = capfd.readouterr()
    assert not done.value.code, err
    return out


def test_a_team_works_by_command_on_any_database(label_url, tmp_path, capfd):
    sheet = tmp_path / "sheet.csv"
    for name, verdicts in (("ann", "FN TN FN"), ("bob", "FN TN TN")):
        rows = [f"question {place},answer {place},{verdict}" for place, verdict in enumerate(verdicts.split())]
        sheet.write_text("\n".join(["query,document,verdict", *rows, "question 9,answer 9,"]))
        said = json.loads(_run(capfd, "import", sheet, "--annotator", name, "--url", label_url, "--json"))
        assert said == {"added": 3, "known": 0, "unlabelled": 1, "labelled_positives": 0}
    found = json.loads(_run(capfd, "agreement", "--url", label_url, "--json"))
    assert (found["pairs"], found["agreed"], found["conflicts"], found["annotators"]) == (3, 2, 1, {"ann": 3, "bob": 3})
    # Seen 2/3; by chance 2/3 * 1/3 + 1/3 * 2/3 = 4/9; kappa = (2/9) / (5/9).
    assert found["two"][0]["kappa"]["value"] == pytest.approx(0.4)
    text = _run(capfd, "agreement", "--url", label_url)
    assert "ann and bob: the same on 2 of 3 pairs, kappa 0.40 (" in text
    conflicts = tmp_path / "conflicts.csv"
    assert json.loads(_run(capfd, "conflicts", conflicts, "--url", label_url, "--json"))["conflicts"] == 1
    conflicts.write_text(conflicts.read_text().replace("\n,,,question", "\n,,drop,question"))
    _run(capfd, "import", conflicts, "--annotator", "cleo", "--url", label_url)
    assert json.loads(_run(capfd, "agreement", "--url", label_url, "--json"))["conflicts"] == 0
    assert json.loads(_run(capfd, "export", tmp_path / "all.jsonl", "--url", label_url, "--json"))["events"] == 7


def test_agreement_of_one_person_says_so(tmp_path, capfd):
    url = tmp_path / "labels.sqlite"
    LabelStore(url).close()
    assert "nothing to compare" in _run(capfd, "agreement", "--url", url)


# --- files of before


def test_a_file_of_the_first_version_opens_and_keeps_its_labels(tmp_path):
    path = tmp_path / "labels.sqlite"
    event = said()
    _first_version(path, event)
    with LabelStore(path) as store, LabelStore(path) as other:
        assert store.events() == [event]
        assert store.claim("bob", [("new", "d")]) == {("new", "d")}
        assert other.claim("ann", [("new", "d")]) == set()
        store.add(said("more"))
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA user_version").fetchone() == (2,)
    raw.close()


def test_a_file_of_the_first_version_that_may_only_be_read_is_read(tmp_path):
    path = tmp_path / "labels.sqlite"
    event = said()
    _first_version(path, event)
    with LabelStore(f"sqlite:///file:{path}?mode=ro&uri=true") as store:
        assert store.events() == [event]
        with pytest.raises(LabelError):
            store.add(said("more"))


def _first_version(path, event):
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA application_id = 0x6E656776")
        raw.execute("PRAGMA user_version = 1")
    raw.close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        EVENTS.create(connection)
        names = [column.name for column in EVENTS.columns if column.name != "id"]
        row = {name: getattr(event, name) for name in names} | {"verdict": str(event.verdict)}
        connection.execute(EVENTS.insert(), row)
    engine.dispose()
