"""A server on loopback that speaks the OpenAI chat-completions protocol, and misbehaves when it is told to."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLOW, RATE, BROKEN, RESET, CUT, FOREIGN, HUGE, EMPTY, REFUSAL, DENIED, BAD, ECHO = (
    "slow", "429", "500", "reset", "cut-off", "foreign", "huge", "empty", "refusal", "401", "400", "echo",
)  # fmt: skip


class Stub:
    """What was asked, and how the next requests are to go wrong.

    Attributes:
        reply: From the user's message to the answer's text.
        faults: Taken one a request, first to last; None is a good answer, a function is given the handler and the body
            of the request and answers by itself.
        always: A fault for every request.
        asked: User messages of good answers.
        count: Requests of any outcome.
        pause: Seconds before each answer.
    """

    def __init__(self, reply: Callable[[str], str]) -> None:
        self.reply, self.faults, self.always = reply, [], None
        self.asked: list[str] = []
        self.keys: list[str] = []
        self.bodies: list[dict] = []
        self.count, self.pause, self.most = 0, 0.0, 0
        self.at_once = 0
        self.lock = threading.Lock()
        self.address = ""


def completion(text, finish="stop", refusal=None):
    message = {"role": "assistant", "content": text, "refusal": refusal}
    choices = [{"index": 0, "message": message, "finish_reason": finish}]
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "stub", "choices": choices}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        stub = self.server.stub
        with stub.lock:
            stub.count += 1
            stub.at_once += 1
            stub.most = max(stub.most, stub.at_once)
            fault = stub.always or (stub.faults.pop(0) if stub.faults else None)
        try:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with stub.lock:
                stub.keys.append(self.headers.get("Authorization", ""))
                stub.bodies.append(body)
            time.sleep(stub.pause)
            self.answer(stub, fault, body)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with stub.lock:
                stub.at_once -= 1

    def answer(self, stub, fault, body):
        if callable(fault):
            fault(self, body)
            return
        if fault == RESET:
            self.connection.shutdown(2)
            self.close_connection = True
            return
        if fault == SLOW:
            time.sleep(1.5)
        if fault in {RATE, BROKEN, DENIED, BAD}:
            said = {"error": {"message": f"no, not with {self.headers.get('Authorization')}"}}
            self.send(int(fault), said, {"Retry-After": "0.05"} if fault == RATE else {})
            return
        if fault == EMPTY:
            self.send(200, {**completion(""), "choices": []})
            return
        if fault == REFUSAL:
            self.send(200, completion(None, refusal="I can't help with that"))
            return
        user = body["messages"][-1]["content"]
        text = {
            FOREIGN: "我认为第二篇文章更好。", HUGE: "x" * 5_000_000,
            ECHO: f"you sent {self.headers.get('Authorization')}",
        }.get(fault) or stub.reply(user)  # fmt: skip
        with stub.lock:
            stub.asked.append(user)
        self.send(200, completion(text), cut=fault == CUT)

    def send(self, status, value, headers=None, *, cut=False):
        data = json.dumps(value).encode()
        data = data[: len(data) // 2] if cut else data
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(reply: Callable[[str], str] = lambda user: "hello"):
    """A stub that listens on loopback until the end of the block."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.stub = Stub(reply)
    server.stub.address = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.stub
    finally:
        server.shutdown()
        server.server_close()


def listed(user: str) -> dict[int, str]:
    """Number and text of each document in a prompt."""
    rows = [json.loads(line) for line in user.split("\n") if line.startswith('{"name"')]
    return {int(row["name"][5:-1]): row["text"] for row in rows}


def field(user: str, name: str) -> str:
    """A text of a prompt by its name."""
    return next(json.loads(line)[name] for line in user.split("\n") if line.startswith(f'{{"{name}"'))
