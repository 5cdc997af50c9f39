"""The client: what it sends, what it survives, what it keeps, and what it never writes down."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from negviz.errors import CancelledError, DataError, ServiceError
from negviz.llm import Client, Request, Settings
from tests.judging import stub as kinds
from tests.judging.stub import serving

SECRET = "sk-verysecret0123456789"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def stub(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setattr("negviz.llm.FIRST_PAUSE", 0.01)
    with serving(lambda user: f"answer to {user}") as running:
        yield running


def client(stub, home, **more):
    return Client(Settings(stub.address, "model-a", **{"timeout": 5.0, **more}), home)


def ask(stub, home, texts, **more):
    return client(stub, home, **more).ask(texts, lambda text: Request("system", text))


def test_answers_come_in_order_and_nothing_is_asked_twice(stub, tmp_path):
    texts = [f"q{n}" for n in range(12)] + ["q3", "q3"]
    answers = ask(stub, tmp_path, texts)
    assert [answer.text for answer in answers] == [f"answer to {text}" for text in texts]
    assert stub.count == 12
    assert not any(answer.cached for answer in answers)
    again = ask(stub, tmp_path, texts)
    assert stub.count == 12
    assert all(answer.cached for answer in again)
    assert [answer.text for answer in again] == [answer.text for answer in answers]


def test_another_model_temperature_or_length_is_another_question_but_another_address_is_not(stub, tmp_path):
    ask(stub, tmp_path, ["q"])
    for more in ({"temperature": 0.5}, {"most_tokens": 7}):
        ask(stub, tmp_path, ["q"], **more)
    assert stub.count == 3
    assert stub.bodies[-1]["max_tokens"] == 7
    assert stub.bodies[-1]["messages"] == [{"role": "system", "content": "system"}, {"role": "user", "content": "q"}]
    with serving() as other:
        assert ask(other, tmp_path, ["q"])[0].text == "answer to q"
        assert other.count == 0


@pytest.mark.parametrize("fault", [kinds.RATE, kinds.BROKEN, kinds.RESET, kinds.CUT, kinds.EMPTY])
def test_a_passing_fault_is_tried_again(stub, tmp_path, fault):
    stub.faults = [fault, fault]
    assert ask(stub, tmp_path, ["q"])[0].text == "answer to q"
    assert stub.count == 3


def test_a_slow_answer_is_given_up_and_asked_for_again(stub, tmp_path):
    stub.faults = [kinds.SLOW]
    assert ask(stub, tmp_path, ["q"], timeout=0.3)[0].text == "answer to q"
    assert stub.count == 2


def test_retry_after_is_waited_for(stub, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.llm.FIRST_PAUSE", 30.0)
    stub.faults = [kinds.RATE]
    start = time.monotonic()
    assert ask(stub, tmp_path, ["q"])[0].kind == "answer"
    assert 0.05 <= time.monotonic() - start < 5


def test_tries_are_bounded_and_the_error_names_the_host(stub, tmp_path):
    stub.always = kinds.BROKEN
    with pytest.raises(ServiceError, match=r"127\.0\.0\.1.*HTTP 500.*goes on from there"):
        ask(stub, tmp_path, ["q"], tries=3)
    assert stub.count == 3


def test_a_service_that_fails_in_a_row_is_not_asked_everything(stub, tmp_path):
    stub.always = kinds.BAD
    with pytest.raises(ServiceError, match="5 times in a row"):
        ask(stub, tmp_path, [f"q{n}" for n in range(200)])
    assert stub.count < 40


def test_one_request_that_is_refused_for_good_leaves_the_others(stub, tmp_path):
    stub.faults = [None, kinds.BAD]
    answers = ask(stub, tmp_path, ["a", "b", "c"], parallel=1)
    assert [answer.kind for answer in answers] == ["answer", "failed", "answer"]
    assert ask(stub, tmp_path, ["b"])[0].kind == "answer"


def test_a_denied_key_ends_it_at_once_and_is_not_in_the_error(stub, tmp_path):
    stub.always = kinds.DENIED
    with pytest.raises(ServiceError, match="OPENAI_API_KEY, which is set") as caught:
        ask(stub, tmp_path, [f"q{n}" for n in range(50)])
    assert stub.count <= 8
    assert SECRET not in str(caught.value)
    assert "[key]" in str(caught.value)


def test_a_refusal_a_huge_answer_and_another_language_are_answers_that_are_kept(stub, tmp_path):
    stub.faults = [kinds.REFUSAL, kinds.HUGE, kinds.FOREIGN]
    answers = ask(stub, tmp_path, ["a", "b", "c"], parallel=1)
    assert [answer.kind for answer in answers] == ["refused", "huge", "answer"]
    assert ask(stub, tmp_path, ["a", "b", "c"])[2].text == answers[2].text
    assert stub.count == 3


def test_no_more_than_so_many_at_once(stub, tmp_path):
    stub.pause = 0.02
    ask(stub, tmp_path, [f"q{n}" for n in range(30)], parallel=3)
    assert 2 <= stub.most <= 3


def test_nothing_written_holds_the_key_not_even_what_a_server_repeats(stub, tmp_path):
    stub.faults = [kinds.ECHO]
    answer = ask(stub, tmp_path, ["q"])[0]
    assert "[key]" in answer.text
    assert stub.keys == [f"Bearer {SECRET}"]
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert written
    assert not any(SECRET.encode() in data for data in written)
    assert SECRET not in repr(client(stub, tmp_path).settings)


def test_a_plan_sends_nothing_writes_nothing_and_leaves_out_what_is_kept(stub, tmp_path):
    requests = [Request("ab", text) for text in ("cd", "cd", "x" * 41)]
    home = tmp_path / "home"
    plan = client(stub, home, most_tokens=100).plan(requests, price_in=2.0, price_out=10.0)
    assert plan[:5] == (2, 0, 2, 12, 200)  # (2 + 2 + 2 + 41) / 4 rounded up
    assert plan.cost == pytest.approx((12 * 2 + 200 * 10) / 1e6)
    assert stub.count == 0
    assert not home.exists()
    client(stub, home, most_tokens=100).ask(requests[:1], lambda request: request)
    assert client(stub, home, most_tokens=100).plan(requests)[:3] == (2, 1, 1)
    assert client(stub, home).plan(requests).cost is None


def test_a_stop_keeps_what_came(stub, tmp_path):
    stub.pause = 0.02
    with pytest.raises(CancelledError):
        client(stub, tmp_path, parallel=2).ask(
            [f"q{n}" for n in range(100)], lambda text: Request("s", text), cancelled=lambda: len(stub.asked) >= 10
        )
    sent = stub.count
    assert 10 <= sent < 40
    client(stub, tmp_path, parallel=2).ask([f"q{n}" for n in range(100)], lambda text: Request("s", text))
    assert stub.count == 100


SCRIPT = """
import sys
from pathlib import Path
from negviz.llm import Client, Request, Settings
address, home, first, last = sys.argv[1:]
texts = [f"q{n}" for n in range(int(first), int(last))]
Client(Settings(address, "m"), Path(home)).ask(texts, lambda text: Request("s", text))
"""


def run(stub, home, first, last):
    command = [sys.executable, "-c", SCRIPT, stub.address, str(home), str(first), str(last)]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_a_killed_run_goes_on_and_asks_nothing_twice_that_was_answered(stub, tmp_path):
    stub.pause = 0.03
    process = run(stub, tmp_path, 0, 120)
    until = time.monotonic() + 60
    while len(stub.asked) < 25 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    time.sleep(0.2)
    before = stub.count
    assert 25 <= before < 120
    second = run(stub, tmp_path, 0, 120)
    assert second.wait(60) == 0
    # Only what was under way in the moment of the kill, at most one for each of the four, can be asked again.
    assert 120 <= stub.count <= 124
    assert sorted(set(stub.asked)) == sorted(f"q{n}" for n in range(120))


def test_two_processes_share_the_answers(stub, tmp_path):
    runs = [run(stub, tmp_path, 0, 60), run(stub, tmp_path, 30, 90)]
    assert [process.wait(60) for process in runs] == [0, 0]
    sent = stub.count
    assert 90 <= sent <= 120
    Client(Settings(stub.address, "m"), tmp_path).ask([f"q{n}" for n in range(90)], lambda text: Request("s", text))
    assert stub.count == sent


def test_threads_share_one_home(stub, tmp_path):
    threads = [threading.Thread(target=ask, args=(stub, tmp_path, [f"q{n}" for n in range(20)])) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 20 <= stub.count <= 60
    sent = stub.count
    ask(stub, tmp_path, [f"q{n}" for n in range(20)])
    assert stub.count == sent


def test_a_damaged_store_is_named(stub, tmp_path):
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm" / "answers.sqlite").write_text("no database" * 100)
    with pytest.raises(DataError, match=r"answers\.sqlite"):
        ask(stub, tmp_path, ["q"])
    assert stub.count == 0


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("ftp://x", "http://"),
        ("http://", "http://"),
        ("http://me:pw@host/v1", "secret"),
        ("http://host/v1?api_key=x", "secret"),
        ("http://[bad", "http://"),
    ],
)
def test_odd_addresses_are_refused(address, words):
    with pytest.raises(ServiceError, match=words) as caught:
        Settings(address, "m")
    assert "pw" not in str(caught.value)


def test_no_key_is_needed_where_the_service_asks_for_none(stub, tmp_path, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    assert ask(stub, tmp_path, ["q"])[0].kind == "answer"
    assert SECRET not in json.dumps(stub.keys)
