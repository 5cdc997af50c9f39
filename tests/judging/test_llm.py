"""The client: what it sends, what it survives, what it keeps, and what it never writes down."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from email.utils import formatdate
from pathlib import Path

import pytest

from negviz.errors import CancelledError, DataError, ServiceError
from negviz.llm import Answer, AnswerStore, Client, Request, Settings, _seconds
from tests.judging import stub as kinds
from tests.judging.stub import completion, serving

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
    assert [answer.cached for answer in answers] == [False] * 12 + [True] * 2
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
    assert [answer.kind for answer in answers] == ["answer", "rejected", "answer"]
    assert "HTTP 400" in answers[1].text
    assert SECRET not in answers[1].text
    assert ask(stub, tmp_path, ["b"])[0].kind == "answer"
    assert stub.count == 4


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
from negviz.llm import Answer, AnswerStore, Client, Request, Settings, _seconds
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
        ("http://host/v1#pw", "secret"),
        ("http://host:99999/v1", "http://"),
        ("http://host:0/v1", "http://"),
        ("http://host:one/v1", "http://"),
        ("http://ho st/v1", "http://"),
        ("http://host/v1\n", "http://"),
        ("https:///v1", "http://"),
        ("http://host/v1/chat/completions", "leave '/chat/completions' out"),
        ("http://host/v1/chat/completions/", "leave '/chat/completions' out"),
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


# What services differ in.


def test_questions_are_asked_in_their_order(stub, tmp_path):
    texts = [f"q{n}" for n in range(9)]
    ask(stub, tmp_path, [*texts, "q0"], parallel=1)
    assert stub.asked == texts


def newer(handler, body):
    """A model that knows the limit by its newer name only."""
    if "max_tokens" in body:
        said = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'."
        handler.send(400, {"error": {"message": said, "param": "max_tokens", "code": "unsupported_parameter"}})
    else:
        handler.send(200, completion(f"at most {body['max_completion_tokens']}"))


def gateway(handler, body):
    """The same behind a gateway that passes on the words alone."""
    if "max_tokens" in body:
        handler.send(400, {"message": "upstream: use max_completion_tokens"})
    else:
        newer(handler, body)


@pytest.mark.parametrize("fault", [newer, gateway])
def test_a_model_that_wants_the_other_name_of_the_limit_gets_it_and_is_not_asked_wrongly_again(stub, tmp_path, fault):
    stub.always = fault
    answers = ask(stub, tmp_path, ["a", "b", "c"], parallel=1, most_tokens=77)
    assert [answer.text for answer in answers] == ["at most 77"] * 3
    assert stub.count == 4
    assert ["max_tokens" in body for body in stub.bodies] == [True, False, False, False]
    assert ask(stub, tmp_path, ["a"], most_tokens=77)[0].cached, "the name is no part of what was asked"


def test_a_service_that_wants_the_other_name_in_vain_is_not_asked_for_ever(stub, tmp_path):
    stub.always = lambda handler, body: handler.send(400, {"error": {"message": "max_completion_tokens is too large"}})
    with pytest.raises(ServiceError, match=r"HTTP 400.*too large"):
        ask(stub, tmp_path, ["a"])
    assert stub.count == 2


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_texts_and_key_go_to_the_named_address_alone(stub, tmp_path, status):
    with serving() as other:
        place = {"Location": f"{other.address}/chat/completions"}
        stub.always = lambda handler, body: handler.send(status, {}, place)
        with pytest.raises(ServiceError, match=f"HTTP {status}.*not followed"):
            ask(stub, tmp_path, ["a", "b"])
        assert other.count == 0


@pytest.mark.parametrize("status", [401, 402, 403, 404, 405])
def test_what_no_try_mends_ends_it_at_once(stub, tmp_path, status):
    stub.faults = [None, *[lambda handler, body: handler.send(status, {"error": {"message": "no"}})] * 30]
    with pytest.raises(ServiceError, match=f"HTTP {status}"):
        ask(stub, tmp_path, [f"q{n}" for n in range(20)], parallel=1)
    assert stub.count <= 3
    assert ask(stub, tmp_path, ["q0"])[0].cached


@pytest.mark.parametrize("fault", [kinds.DENIED, kinds.BAD, kinds.BROKEN, kinds.RATE, kinds.RESET, "moved"])
def test_the_key_is_nowhere_in_an_error_with_all_that_led_to_it(stub, tmp_path, fault):
    stub.always = fault
    if fault == "moved":
        stub.always = lambda handler, body: handler.send(307, {"error": SECRET}, {"Location": f"http://x/{SECRET}"})
    with pytest.raises(ServiceError) as caught:
        ask(stub, tmp_path, ["a"], tries=2)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in repr(error) + str(vars(error))
        assert type(error).__module__.startswith(("negviz", "builtins"))
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("key", ["none", "EMPTY", "x", "ollama"])
def test_a_word_that_is_given_where_no_key_is_needed_is_left_in_answers(stub, tmp_path, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    stub.reply = lambda user: f"<better>{key}</better>"
    assert ask(stub, tmp_path, ["a"])[0].text == f"<better>{key}</better>"


@pytest.mark.parametrize("key", ["sk-very\nsecret-1", "sk-very\u2013secret-1", "sk-very\x7fsecret-1", "sk-\tsecret-1"])
def test_a_key_that_is_none_is_named_by_its_variable_and_nothing_is_sent(stub, tmp_path, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ServiceError, match="key in OPENAI_API_KEY holds") as caught:
        ask(stub, tmp_path, ["a"])
    assert stub.count == 0
    assert "secret-1" not in "".join(traceback.format_exception(caught.value))


def test_space_around_a_key_is_no_part_of_it(stub, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f" {SECRET}\n")
    ask(stub, tmp_path, ["a"])
    assert stub.keys == [f"Bearer {SECRET}"]


@pytest.mark.parametrize(
    ("content", "kind", "text"),
    [
        ([{"type": "text", "text": "one "}, {"type": "text", "text": "two"}], "answer", "one two"),
        ([{"type": "thinking", "thinking": "<better>"}, {"type": "text", "text": "so"}], "answer", "so"),
        ([{"type": "text"}, "loose", 3, {"type": "text", "text": None}], "empty", ""),
        ([], "empty", ""),
        (None, "empty", ""),
        (7, "empty", ""),
        (" \n", "empty", ""),
        ("half \ud800 a pair", "answer", "half ? a pair"),
    ],
)
def test_content_comes_as_text_or_in_parts(stub, tmp_path, content, kind, text):
    stub.always = lambda handler, body: handler.send(200, completion(content))
    for _ in range(2):
        answer = ask(stub, tmp_path, ["a"])[0]
        assert (answer.kind, answer.text) == (kind, text)
    assert stub.count == 1


def test_a_filter_that_ends_an_answer_is_a_refusal(stub, tmp_path):
    stub.always = lambda handler, body: handler.send(200, completion("half an ans", finish="content_filter"))
    answer = ask(stub, tmp_path, ["a"])[0]
    assert (answer.kind, answer.text) == ("refused", "content filter")


def test_retry_after_is_seconds_or_a_date_and_nonsense_is_none():
    now = time.time()
    assert _seconds("2.5") == 2.5
    assert _seconds(formatdate(now + 30, usegmt=True)) == pytest.approx(30, abs=2)
    assert _seconds(formatdate(now - 30, usegmt=True)) == 0
    for odd in (None, "", "soon", "-1", "nan", "inf", "1e999", "Mon, 01 Jan 99999 00:00:00 GMT", "Mon, 99 Foo"):
        assert _seconds(odd) is None, odd


def test_a_date_to_come_back_at_is_waited_for(stub, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.llm.FIRST_PAUSE", 30.0)
    when = formatdate(time.time() + 2, usegmt=True)
    stub.faults = [lambda handler, body: handler.send(503, {}, {"Retry-After": when})]
    start = time.monotonic()
    assert ask(stub, tmp_path, ["q"])[0].kind == "answer"
    assert 0.5 <= time.monotonic() - start < 10


def test_no_pause_is_longer_than_the_longest(stub, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.llm.LONGEST_PAUSE", 0.05)
    stub.faults = [lambda handler, body: handler.send(429, {}, {"Retry-After": "86400"})]
    start = time.monotonic()
    assert ask(stub, tmp_path, ["q"])[0].kind == "answer"
    assert time.monotonic() - start < 5


def test_rejected_requests_end_nothing_once_the_service_has_worked(stub, tmp_path):
    texts = [f"q{n}" for n in range(12)]
    stub.faults = [None, *[kinds.BAD] * 11]
    answers = ask(stub, tmp_path, texts, parallel=1)
    assert [answer.kind for answer in answers] == ["answer", *["rejected"] * 11]
    assert not any(answer.cached for answer in answers)
    # Of those nothing was kept, so that they are asked again, and what is kept shows that the service works.
    stub.faults = [kinds.BAD] * 6
    again = ask(stub, tmp_path, texts, parallel=1)
    assert [answer.kind for answer in again] == ["answer", *["rejected"] * 6, *["answer"] * 5]


def test_failures_between_answers_do_not_add_up(stub, tmp_path):
    stub.faults = [None, kinds.BROKEN, kinds.BROKEN, kinds.BROKEN, kinds.BROKEN] * 3
    answers = ask(stub, tmp_path, [f"q{n}" for n in range(15)], parallel=1, tries=1)
    assert sum(answer.kind == "failed" for answer in answers) == 12
    stub.faults = [kinds.BROKEN] * 5
    with pytest.raises(ServiceError, match="5 times in a row"):
        ask(stub, tmp_path, [f"q{n}" for n in range(15)], parallel=1, tries=1)


def test_nothing_is_paid_for_that_could_not_be_kept(stub, tmp_path):
    (tmp_path / "llm").write_text("a file where the folder should be")
    with pytest.raises(DataError, match=r"answers\.sqlite cannot be used"):
        ask(stub, tmp_path, ["q"])
    assert stub.count == 0


def test_looking_whether_answers_can_be_kept_leaves_none_behind(stub, tmp_path):
    ask(stub, tmp_path, ["q"])
    with sqlite3.connect(tmp_path / "llm" / "answers.sqlite") as connection:
        assert connection.execute("SELECT count(*), min(length(key)) FROM answers").fetchone() == (1, 40)


@pytest.mark.parametrize("price", [-1.0, float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["price_in", "price_out"])
def test_a_price_is_a_number_from_0_on(stub, tmp_path, price, name):
    with pytest.raises(ServiceError, match="price"):
        client(stub, tmp_path).plan([Request("a", "b")], **{name: price})


def test_one_price_alone_and_a_price_of_nothing_are_prices(stub, tmp_path):
    plan = client(stub, tmp_path, most_tokens=100).plan([Request("", "x" * 40)] * 2, price_out=10.0)
    assert plan.cost == pytest.approx(100 * 10 / 1e6)
    assert client(stub, tmp_path).plan([Request("", "x")], price_in=0.0).cost == 0


def test_a_text_in_another_script_is_not_planned_for_less_than_it_takes(stub, tmp_path):
    """Ten Chinese characters are thirty bytes, so about eight tokens and not three."""
    assert client(stub, tmp_path).plan([Request("", "塔有多高十个字左右吧")]).prompt_tokens == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [("tries", 0), ("timeout", float("nan")), ("most_tokens", 0), ("temperature", -0.1), ("parallel", 65)],
)
def test_odd_settings_are_refused_by_name(name, value):
    with pytest.raises(ServiceError, match=name):
        Settings("http://localhost", "m", **{name: value})


@pytest.mark.parametrize("model", ["", " ", "a\nb"])
def test_a_model_has_a_name_in_print(model):
    with pytest.raises(ServiceError, match="model"):
        Settings("http://localhost", model)


def test_what_another_process_has_asked_meanwhile_is_not_asked_again(stub, tmp_path):
    settings = client(stub, tmp_path).settings

    def reply(user):
        store = AnswerStore(tmp_path)
        store.put(settings.key(Request("system", "b")), "model-a", Answer("answer", "of the other"))
        store.close()
        return "mine"

    stub.reply = reply
    answers = ask(stub, tmp_path, ["a", "b"], parallel=1)
    assert [(answer.text, answer.cached) for answer in answers] == [("mine", False), ("of the other", True)]
    assert stub.count == 1


def test_of_two_that_asked_the_same_the_first_answer_stays(tmp_path):
    store = AnswerStore(tmp_path)
    for text in ("first", "second"):
        store.put("key", "m", Answer("answer", text))
    assert store.get("key") == Answer("answer", "first", cached=True)
    store.close()


def drip(handler, body):
    """An answer that comes byte by byte, never late enough for the time without a sign of life."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def test_an_answer_that_drips_is_given_up_after_four_times_the_timeout(stub, tmp_path):
    stub.faults = [drip]
    start = time.monotonic()
    assert ask(stub, tmp_path, ["q"], timeout=0.25)[0].text == "answer to q"
    assert 1.0 <= time.monotonic() - start < 4
    assert stub.count == 2


def test_a_stop_waits_for_what_is_under_way_and_keeps_it(stub, tmp_path):
    stub.pause = 0.4
    with pytest.raises(CancelledError):
        client(stub, tmp_path, parallel=3).ask(
            list("abcdefgh"), lambda text: Request("system", text), cancelled=lambda: stub.count >= 3
        )
    sent = stub.count
    assert 3 <= sent <= 5
    plan = client(stub, tmp_path).plan([Request("system", text) for text in "abcdefgh"])
    assert (plan.cached, plan.to_ask) == (sent, 8 - sent)


def test_a_stop_does_not_wait_for_a_pause_to_end(stub, tmp_path):
    stub.always = lambda handler, body: handler.send(429, {}, {"Retry-After": "50"})
    start = time.monotonic()
    with pytest.raises(CancelledError):
        client(stub, tmp_path).ask(["a"], lambda text: Request("s", text), cancelled=lambda: stub.count >= 1)
    assert time.monotonic() - start < 10
    assert stub.count == 1


def test_other_variables_of_the_library_send_nothing_about_the_person(stub, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-mine")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-mine")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    heard = {}

    def listen(handler, body):
        heard.update(handler.headers.items())
        handler.send(200, completion("x"))

    stub.always = listen
    assert ask(stub, tmp_path, ["q"])[0].text == "x"
    assert "of-mine" not in str(heard)


def test_what_a_service_says_is_one_short_line(stub, tmp_path):
    said = "one\ntwo\x1b[31m " + "x" * 500
    stub.always = lambda handler, body: handler.send(401, {"error": {"message": said}})
    with pytest.raises(ServiceError) as caught:
        ask(stub, tmp_path, ["q"])
    assert "one two [31m xxx" in str(caught.value)
    assert len(str(caught.value)) < 450
    assert str(caught.value).isprintable()
