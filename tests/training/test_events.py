import json

import pytest

from negviz.training.events import EVERY, FILE, Journal, read_journal

METRICS = {"nDCG@10": 0.5}


def tell(journal, done, total=10, doing="training"):
    journal.step(0, 1, 2, doing=doing, done=done, total=total, loss=0.25)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test turns."""
    now = [1_000.0]
    monkeypatch.setattr("negviz.training.events.time.time", lambda: now[0])
    return now


def test_what_is_told_can_be_read(tmp_path):
    journal = Journal(tmp_path)
    tell(journal, 10)
    journal.round(0, 1, 2, None, METRICS)
    rows, _ = read_journal(tmp_path)
    times = [row.pop("time") for row in rows]
    assert rows == [
        {"kind": "step", "arm": 0, "seed": 1, "round": 2, "doing": "training", "done": 10, "total": 10, "loss": 0.25},
        {"kind": "round", "arm": 0, "seed": 1, "round": 2, "loss": None, "metrics": METRICS},
    ]
    assert times == sorted(times)


def test_steps_are_told_five_times_a_second_at_most_and_the_last_one_always(tmp_path, clock):
    journal = Journal(tmp_path)
    for done in range(1, 101):
        clock[0] += EVERY / 10
        tell(journal, done, 100)
    rows, _ = read_journal(tmp_path)
    done = [row["done"] for row in rows]
    assert (done[0], done[-1]) == (1, 100)
    assert 9 <= len(done) <= 12


def test_mining_measuring_and_rounds_are_always_told(tmp_path, clock):
    journal = Journal(tmp_path)
    for doing in ("mining", "measuring", "mining", "measuring"):
        tell(journal, 0, 1, doing)
    for number in range(3):
        journal.round(0, 0, number, 0.5, METRICS)
    assert len(read_journal(tmp_path)[0]) == 7


def test_reading_goes_on_where_it_ended(tmp_path):
    journal = Journal(tmp_path)
    journal.round(0, 0, 0, None, METRICS)
    rows, start = read_journal(tmp_path)
    assert len(rows) == 1
    assert read_journal(tmp_path, start) == ([], start)
    journal.round(0, 0, 1, None, METRICS)
    journal.round(0, 0, 2, None, METRICS)
    rows, end = read_journal(tmp_path, start)
    assert [row["round"] for row in rows] == [1, 2]
    assert end == (tmp_path / FILE).stat().st_size


def test_a_line_that_is_not_finished_is_left_for_the_next_time(tmp_path):
    journal = Journal(tmp_path)
    journal.round(0, 0, 0, None, METRICS)
    whole = (tmp_path / FILE).read_bytes()
    row = json.dumps({"kind": "round", "round": 1}).encode()
    (tmp_path / FILE).write_bytes(whole + row[:12])
    rows, start = read_journal(tmp_path)
    assert len(rows) == 1
    assert start == len(whole)
    (tmp_path / FILE).write_bytes(whole + row + b"\n")
    assert read_journal(tmp_path, start)[0] == [{"kind": "round", "round": 1}]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_after_a_process_that_was_killed_within_a_line_nothing_more_is_lost(tmp_path, cut):
    Journal(tmp_path).round(0, 0, 0, None, METRICS)
    Journal(tmp_path).round(0, 0, 1, None, METRICS)
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-cut])
    later = Journal(tmp_path)
    later.round(0, 0, 2, None, METRICS)
    later.round(0, 0, 3, None, METRICS)
    # With one byte cut off only the end of the line is missing, not the line.
    assert [row["round"] for row in read_journal(tmp_path)[0]] == [0, *([1] if cut == 1 else []), 2, 3]
    assert b"\n\n" not in path.read_bytes()


def test_lines_that_are_damaged_are_passed_over(tmp_path):
    journal = Journal(tmp_path)
    journal.round(0, 0, 0, None, METRICS)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b"\xff\xfe{\n\n{half\n")
    journal.round(0, 0, 1, None, METRICS)
    assert [row["round"] for row in read_journal(tmp_path)[0]] == [0, 1]


def test_no_journal_is_an_empty_one(tmp_path):
    assert read_journal(tmp_path / "nowhere") == ([], 0)


def test_who_listens_is_told_the_same(tmp_path):
    heard = []
    journal = Journal(tmp_path, heard.append)
    journal.round(0, 0, 0, None, METRICS)
    tell(journal, 10)
    assert heard == read_journal(tmp_path)[0]
