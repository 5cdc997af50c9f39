"""The label store on every database: what is said is kept, in order, whatever is undone, merged or killed."""

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from negviz.errors import LabelError
from negviz.labels import LabelEvent, LabelStore, Verdict

FN, TN, DROP, UNSURE = Verdict
ROOT = Path(__file__).parents[2]


def said(query="q", verdict=FN, annotator="ann", document="d", **more):
    return LabelEvent(query_key=query, document_key=document, verdict=verdict, annotator=annotator, **more)


def test_the_latest_verdict_counts_and_undo_goes_back_step_by_step(store):
    first, second = store.add(said(verdict=FN)), store.add(said(verdict=TN))
    assert store.current()["q", "d"] == second
    assert store.undo("ann") == second
    assert store.current()["q", "d"] == first
    assert store.undo("ann") == first
    assert len(store.current()) == 0
    assert store.undo("ann") is None
    assert [event.verdict for event in store.events()] == [FN, TN, None, None]


def test_undo_after_new_work_takes_back_the_new_work_first(store):
    store.add(said(verdict=FN))
    store.undo("ann")
    store.add(said(verdict=DROP))
    store.add(said("other", TN))
    assert store.undo("ann").query_key == "other"
    assert store.current()["q", "d"].verdict is DROP
    assert store.undo("ann").verdict is DROP
    assert store.undo("ann") is None


def test_undo_touches_only_the_annotators_own_verdicts(store):
    store.add(said(annotator="ann", verdict=FN))
    store.add(said(annotator="bob", verdict=TN))
    assert store.undo("ann").verdict is FN
    assert store.current()["q", "d"].annotator == "bob"


def test_clearing_a_verdict_can_be_undone(store):
    store.add(said(verdict=FN))
    store.add(said(verdict=None))
    assert len(store.current()) == 0
    store.undo("ann")
    assert store.current()["q", "d"].verdict is FN


def test_a_repeated_press_is_stored_once(store):
    first = store.add(said(queue="random"))
    again = store.add(said(queue="random"))
    assert again == first
    assert again.id == first.id
    assert len(store.events()) == 1
    store.add(said(queue="most suspect"))
    store.add(said(queue="most suspect", note="sure"))
    store.add(said(queue="most suspect", note="sure", annotator="bob"))
    assert len(store.events()) == 4


def test_a_verdict_given_again_after_another_one_is_not_a_repetition(store):
    for verdict in (FN, TN, FN):
        store.add(said(verdict=verdict))
    assert [event.verdict for event in store.events()] == [FN, TN, FN]


def test_a_list_is_stored_whole_or_not_at_all_and_comes_back_in_order(store):
    standing = store.add(said("a"))
    got = store.add([said("b"), said("a"), said("b"), said("c", TN)])
    assert [event.query_key for event in got] == ["b", "a", "b", "c"]
    assert got[1].id == standing.id
    assert got[0].id == got[2].id
    assert store.add([]) == []
    before = store.version
    with pytest.raises(LabelError, match=r"(?i)unique"):  # another pair's event has that name
        store.add([said("x"), said("y", event=standing.event)])
    assert store.version == before
    assert len(store.current()) == 3


def test_several_events_are_taken_back_at_once(store):
    store.add(said("a", TN))
    batch = [said("a", FN), said("b", FN), said("c", FN)]
    store.add(batch)
    assert store.withdraw([*batch, said("never stored")]) == batch
    assert {pair[0]: event.verdict for pair, event in store.current().items()} == {"a": TN}
    assert store.withdraw(batch) == []


def test_what_is_said_last_counts_even_if_the_clock_lags(store):
    store.merge([said(annotator="bob", verdict=FN, time="2099-01-01T00:00:00.000Z")])
    late = store.add(said(verdict=TN, time="2026-01-01T00:00:00.000Z"))
    assert late.time == "2099-01-01T00:00:00.001Z"
    assert store.current()["q", "d"].verdict is TN


def test_conflicts_list_the_pairs_on_which_current_verdicts_differ(store):
    store.add([said("a", FN, "ann"), said("a", FN, "bob"), said("b", FN, "ann"), said("b", TN, "bob")])
    assert {pair: [event.verdict for event in events] for pair, events in store.current().conflicts.items()} == {
        ("b", "d"): [FN, TN]
    }
    assert store.current("ann")["b", "d"].verdict is FN
    assert not store.current("ann").conflicts
    store.add(said("b", TN, "ann"))
    assert not store.current().conflicts


def test_version_grows_with_every_change_and_only_then(store):
    assert store.version == 0
    store.add(said())
    store.add(said())
    assert store.version == 1
    store.undo("ann")
    assert store.version == 2
    assert [event.id for event in store.history(1)] == [2]
    assert [event.id for event in store.history()] == [2, 1]
    assert store.history(annotator="bob") == []


def test_current_is_the_same_object_until_somebody_says_something(store, label_url):
    store.add(said())
    before, of_ann = store.current(), store.current("ann")
    assert store.current() is before
    assert store.current("ann") is of_ann
    with LabelStore(label_url) as other:
        other.add(said(verdict=TN))
    assert store.current()["q", "d"].verdict is TN
    assert store.current("ann")["q", "d"].verdict is TN


def test_events_can_be_asked_for_by_pair_and_person(store):
    store.add([said("a"), said("b"), said("a", annotator="bob", document="e")])
    assert [event.query_key for event in store.events(annotator="ann")] == ["a", "b"]
    assert len(store.events(query_key="a")) == 2
    assert len(store.events(query_key="a", document_key="e")) == 1


def test_nothing_in_the_database_can_be_changed_or_removed(store):
    store.add(said())
    for statement in ("UPDATE label_events SET verdict = 'drop'", "DELETE FROM label_events"):
        with store._engine.connect() as connection, pytest.raises(DBAPIError, match="only ever appended"):
            connection.exec_driver_sql(statement)
    assert store.current()["q", "d"].verdict is FN


def test_merging_adds_each_event_once(store, tmp_path):
    store.add([said("a"), said("b")])
    store.undo("ann")
    with LabelStore(tmp_path / "other.sqlite") as other:
        other.add(said("c", annotator="bob"))
        history = store.events()
        assert other.merge([*history, history[0]]) == (3, 1)
        assert other.merge(store.events()) == (0, 3)
        assert store.merge(other.events()) == (1, 3)
        assert dict(store.current()) == dict(other.current())
        assert store.current().fingerprint == other.current().fingerprint


def test_an_edited_copy_of_a_known_event_is_a_further_event(store):
    event = store.add(said(verdict=FN))
    edited = replace(event, verdict=TN, id=None)
    assert store.merge([edited]) == (1, 0)
    assert store.merge([edited, event]) == (0, 2)
    assert store.current()["q", "d"].verdict is TN
    assert len(store.events()) == 2


# --- any text


@pytest.mark.parametrize(
    "text",
    [
        "a\0b",
        "\x1a",
        "\x1a0\x1a1\0",
        "\0",
        "😀\u202e\ufeff\uffff",
        "'; DROP TABLE label_events; --",
        "%s %(x)s :x",
        "\\",
        "",
    ],
)
def test_any_text_comes_back_as_it_was(store, text):
    texts = ("annotator", "note", "query", "document", "queue", "query_id")
    event = replace(said(), **dict.fromkeys(texts, text))
    assert store.add(event) == event
    assert store.events(annotator=text) == [event]
    assert store.current(text)["q", "d"] == event
    assert store.undo(text) == event


def test_half_a_surrogate_pair_is_refused_before_it_reaches_a_database():
    with pytest.raises(LabelError, match="surrogate"):
        said(note="\ud800")


def test_a_text_of_millions_of_characters_is_kept(store):
    event = replace(said(), document="wörd " * 600_000, note="n" * 100_000)
    store.add(event)
    assert store.events() == [event]


# --- several at once


def test_processes_that_start_at_once_make_one_database(label_url):
    code = "import sys; from negviz.labels import *; LabelStore(sys.argv[1]).add(LabelEvent(query_key=sys.argv[2], "
    code += "document_key='d', verdict='drop'))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    children = [
        subprocess.Popen([sys.executable, "-c", code, label_url, str(number)], stderr=subprocess.PIPE, env=environment)
        for number in range(4)
    ]
    assert [child.communicate()[1] for child in children] == [b""] * 4
    with LabelStore(label_url) as store:
        assert {query for query, _ in store.current()} == {"0", "1", "2", "3"}


def test_stores_that_open_at_once_in_threads_make_one_database(label_url):
    barrier = threading.Barrier(6)

    def open_and_add(number):
        barrier.wait()
        with LabelStore(label_url) as store:
            return store.add(said(str(number)))

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(open_and_add, range(6)))
    with LabelStore(label_url) as store:
        assert len(store.current()) == 6


def test_threads_and_stores_that_write_at_once_lose_nothing_and_number_in_order(store, label_url):
    with LabelStore(label_url) as other, ThreadPoolExecutor(6) as threads:
        stored = list(threads.map(lambda number: (store, other)[number % 2].add(said(f"t{number}")), range(60)))
        assert len({event.id for event in stored}) == 60
        assert len(store.current()) == len(other.current()) == 60


def test_the_same_press_in_two_places_at_once_is_stored_once(store, label_url):
    with LabelStore(label_url) as other, ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(lambda number: (store, other)[number % 2].add(said()), range(24)))
    assert len({event.event for event in stored}) == 1
    assert len(store.events()) == 1


def test_no_two_events_of_a_pair_share_a_time(store):
    stored = [store.add(said(verdict=verdict, annotator=name)) for verdict in (FN, TN) * 3 for name in "ab"]
    assert len({event.time for event in stored}) == 12


# --- killed


def _hammer(label_url, *more):
    done = subprocess.run(
        [
            sys.executable,
            "benchmarks/label_store.py",
            "--url",
            label_url,
            "--verdicts",
            "360",
            "--processes",
            "8",
            *more,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout, done.stderr
    assert not done.stderr
    return json.loads(done.stdout)


def test_writers_that_are_killed_lose_and_double_nothing(label_url):
    found = _hammer(label_url)
    assert found["killed"] >= 5
    counts = {name: found[name] for name in ("acknowledged", "stored", "standing", "lost", "doubled", "complaints")}
    assert counts == {
        "acknowledged": 360,
        "stored": 360,
        "standing": 360,
        "lost": 0,
        "doubled": 0,
        "complaints": "",
    }


def test_the_killing_notices_a_store_that_says_saved_too_early(label_url):
    assert _hammer(label_url, "--early", "--every", "5")["lost"] > 0


# --- repeated after an error of which nobody knows whether it came through


def _answer_lost(store, monkeypatch):
    """Let the next transaction commit and its answer get lost; servers only."""
    from sqlalchemy.exc import OperationalError

    from negviz.labels import store as module

    real, lost = module.writing, []

    def losing(engine):
        class Once:
            def __enter__(self):
                self.inner = real(engine)
                return self.inner.__enter__()

            def __exit__(self, *failure):
                self.inner.__exit__(*failure)
                if not lost and failure[0] is None:
                    lost.append(True)
                    raise OperationalError("COMMIT", {}, Exception("server closed the connection unexpectedly"))

        return Once()

    monkeypatch.setattr(module, "writing", losing)
    monkeypatch.setattr(module, "passes", lambda problem, engine: True)
    return lost


def test_a_write_whose_answer_was_lost_counts_once(store, monkeypatch):
    lost = _answer_lost(store, monkeypatch)
    event = store.add(said(verdict=FN))
    assert lost
    assert store.events() == [event]


def test_an_undo_whose_answer_was_lost_takes_back_one_verdict_only(store, monkeypatch):
    store.add(said(verdict=FN))
    second = store.add(said(verdict=TN))
    lost = _answer_lost(store, monkeypatch)
    assert store.undo("ann") == second
    assert lost
    assert store.current()["q", "d"].verdict is FN


def test_taking_several_back_is_the_same_when_the_answer_was_lost(store, monkeypatch):
    stored = store.add([said("a"), said("b")])
    lost = _answer_lost(store, monkeypatch)
    assert store.withdraw(stored) == stored
    assert lost
    assert len(store.events()) == 4
