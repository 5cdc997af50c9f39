"""A language model behind any OpenAI-compatible address: bounded retries, and answers that are paid for only once.

The key comes from the environment when a request is sent; it is never stored, logged, shown or part of an error.
"""

import contextlib
import hashlib
import json
import math
import os
import random
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar
from urllib.parse import urlsplit

from negviz.errors import CancelledError, DataError, ServiceError

T = TypeVar("T")
Kind = Literal["answer", "refused", "empty", "huge", "rejected", "failed"]
Progress = Callable[[str, int, int], None]
Cancelled = Callable[[], bool]

KEY_VARIABLE = "OPENAI_API_KEY"
# A token of English is about four characters; of other scripts, in UTF-8, it is rather four bytes than four signs.
BYTES_A_TOKEN = 4
# An answer of this many bytes is no answer; a text of this many characters is cut before it is kept.
MOST_BYTES = 4_000_000
MOST_CHARACTERS = 100_000
# Requests in a row that fail for good before the rest is not sent at all.
MOST_FAILURES = 5
LONGEST_PAUSE = 60.0
FIRST_PAUSE = 0.5
POLL_SECONDS = 0.1
BUSY_SECONDS = 60.0
# What no further try mends, whatever the request: no key, no money, no right, no such model or address.
FATAL = {401, 402, 403, 404, 405}
PASSING = {408, 409, 425, 429}
OTHER_LIMIT = "max_completion_tokens"
# What is shorter is no secret: local servers are given "none", "EMPTY" or "x", words that answers hold too.
SHORTEST_SECRET = 8
SCHEME = "answer 1"


class Request(NamedTuple):
    """What is sent: the standing instruction, and the question with its texts."""

    system: str
    user: str


class Answer(NamedTuple):
    """What came back.

    ``kind`` is ``answer``, ``refused`` (the model or a filter declined), ``empty``, ``huge`` (too long to be read),
    ``rejected`` (the service does not take this very request) or ``failed`` (no answer after all tries); ``text`` says
    why. ``cached`` where it was not asked for now. The last two are not kept.
    """

    kind: Kind
    text: str
    cached: bool = False


class Plan(NamedTuple):
    """What asking would take.

    ``prompt_tokens`` are estimated at four bytes a token; ``answer_tokens`` are the most that could come back;
    ``cost`` is what these two would cost, None where no price was given.
    """

    requests: int
    cached: int
    to_ask: int
    prompt_tokens: int
    answer_tokens: int
    cost: float | None


@dataclass(frozen=True)
class Settings:
    """Which model is asked, where, and how.

    Attributes:
        address: Base of the API, such as ``https://api.openai.com/v1`` or ``http://localhost:11434/v1``.
        model: Name of the model there.
        key_variable: Environment variable that holds the key; many local servers need none.
        temperature: 0 for the likeliest answer.
        most_tokens: Longest answer, in tokens.
        timeout: Seconds without a sign of life before a try is given up; a whole answer may take four times as long.
        parallel: Requests under way at once.
        tries: How often a request is sent at most, where the fault may pass.
    """

    address: str
    model: str
    key_variable: str = KEY_VARIABLE
    temperature: float = 0.0
    most_tokens: int = 1024
    timeout: float = 120.0
    parallel: int = 4
    tries: int = 5

    def __post_init__(self) -> None:
        """Refuse addresses that are none, and values that make no sense."""
        _check_address(self.address)
        if not self.model.strip() or not self.model.isprintable():
            raise ServiceError("No model was named, or not in print; give the name that the service knows it by.")
        bounds: dict[str, tuple[float, float]] = {
            "most_tokens": (1, 1_000_000), "parallel": (1, 64), "tries": (1, 20), "timeout": (0.01, 3600),
            "temperature": (0, 2),
        }  # fmt: skip
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise ServiceError(f"{name} was given as {getattr(self, name)}, but must lie from {low} to {high}.")

    def key(self, request: Request) -> str:
        """Digest of everything that an answer depends on; the address is no part of it."""
        parts = [SCHEME, self.model, self.temperature, self.most_tokens, *request]
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=20).hexdigest()

    @property
    def host(self) -> str:
        """Where it is, for people."""
        return urlsplit(self.address).netloc


def _check_address(address: str) -> None:
    """Refuse what is no base of an API.

    Raises:
        ServiceError: If it is none, or holds what could be a secret.
    """
    try:
        parts = urlsplit(address)
        # Looking at the port refuses one that cannot be.
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or not address.isprintable() or " " in address:
        raise ServiceError(
            "The address must begin with http:// or https:// and name a host, such as http://localhost:11434/v1."
        )
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ServiceError(
            "The address holds a name, a password, a query or a fragment, which could give a secret away; put the key "
            "into an environment variable and name that."
        )
    if parts.path.rstrip("/").endswith("/chat/completions"):
        raise ServiceError("The address must be the base of the API: leave '/chat/completions' out of it.")


class AnswerStore:
    """Answers on disk, by key; each is durable before it is used, and several processes may share the file."""

    def __init__(self, home: Path) -> None:
        """Say where; nothing is written before the first answer."""
        self.path = Path(home) / "llm" / "answers.sqlite"
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def get(self, key: str) -> Answer | None:
        """The answer that is kept under a key."""
        with self._open(make=False) as connection:
            if connection is None:
                return None
            row = connection.execute("SELECT kind, text FROM answers WHERE key = ?", (key,)).fetchone()
        return Answer(row[0], row[1], cached=True) if row else None

    def ready(self) -> None:
        """Make sure that answers can be kept, before one is paid for.

        Raises:
            DataError: If they cannot.
        """
        with self._open(make=True) as connection:
            if connection is not None:
                connection.execute("INSERT OR REPLACE INTO answers VALUES ('', '', '', '', ?)", (time.time(),))
                connection.execute("DELETE FROM answers WHERE key = ''")

    def put(self, key: str, model: str, answer: Answer) -> None:
        """Keep an answer; of two processes that asked the same the first one's stays."""
        with self._open(make=True) as connection:
            if connection is not None:
                connection.execute(
                    "INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?, ?)",
                    (key, model, answer.kind, answer.text, time.time()),
                )

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _open(self, *, make: bool) -> Iterator[sqlite3.Connection | None]:
        with self._lock:
            try:
                if self._connection is None and (make or self.path.is_file()):
                    self._connection = self._connected()
                yield self._connection
            except (sqlite3.Error, OSError) as error:
                raise DataError(
                    f"The stored answers in {self.path} cannot be used ({error}); see to the place, or move the file "
                    "away."
                ) from error

    def _connected(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Every statement is its own transaction, and is on the disk when it returns.
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS answers "
            "(key TEXT PRIMARY KEY, model TEXT, kind TEXT, text TEXT, time REAL) WITHOUT ROWID"
        )
        return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to a write-ahead log; the switch does not wait for locks by itself."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
            time.sleep(0.02)


class _PassingError(Exception):
    """A fault that a further try may mend, with the seconds that the service asks to wait."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class Client:
    """Asks a model, unless the answer is kept already."""

    def __init__(self, settings: Settings, home: Path) -> None:
        """Say who is asked, and in which home answers are kept."""
        self.settings = settings
        self.store = AnswerStore(home)
        self._stopping = threading.Event()
        # Newer models of OpenAI know the limit by another name, and refuse the usual one.
        self._limit_name = "max_tokens"

    def plan(
        self, requests: Iterable[Request], *, price_in: float | None = None, price_out: float | None = None
    ) -> Plan:
        """What asking would take; sends nothing.

        Args:
            requests: What would be asked; what is asked twice counts once.
            price_in: Price of a million tokens of prompt.
            price_out: Price of a million tokens of answer.
        """
        for price in (price_in, price_out):
            if price is not None and not 0 <= price < math.inf:
                raise ServiceError(f"A price was given as {price}, but must be a number from 0 on.")
        seen: set[str] = set()
        cached = size = 0
        for request in requests:
            key = self.settings.key(request)
            if key not in seen:
                seen.add(key)
                known = self.store.get(key) is not None
                cached += known
                size += 0 if known else sum(len(part.encode("utf-8", "replace")) for part in request)
        to_ask = len(seen) - cached
        prompt, answer = math.ceil(size / BYTES_A_TOKEN), to_ask * self.settings.most_tokens
        priced = price_in is not None or price_out is not None
        cost = (prompt * (price_in or 0.0) + answer * (price_out or 0.0)) / 1e6 if priced else None
        return Plan(len(seen), cached, to_ask, prompt, answer, cost)

    def ask(
        self,
        questions: Sequence[T],
        request: Callable[[T], Request],
        *,
        progress: Progress = lambda stage, done, total: None,
        cancelled: Cancelled = lambda: False,
    ) -> list[Answer]:
        """Ask everything that is not kept yet, several at once.

        Args:
            questions: What is asked.
            request: Makes the request of a question, when its turn comes.
            progress: Told (stage, done, total).
            cancelled: Asked several times a second.

        Returns:
            The answer of each question, in their order; of two equal requests the second counts as cached.

        Raises:
            CancelledError: If ``cancelled`` said so; every answer that came is kept.
            ServiceError: If the service cannot be used; every answer that came is kept.
        """
        keys = [self.settings.key(request(question)) for question in questions]
        found = {key: answer for key in dict.fromkeys(keys) if (answer := self.store.get(key))}
        places: dict[str, int] = {}
        for place, key in enumerate(keys):
            if key not in found:
                places.setdefault(key, place)
        if places:
            self.store.ready()
        self._stopping.clear()
        workers = ThreadPoolExecutor(self.settings.parallel, thread_name_prefix="negviz-llm")
        try:
            with self._service() as service:
                futures = {
                    workers.submit(self._ask_one, service, key, request, questions[place]): key
                    for key, place in places.items()
                }
                try:
                    found |= self._gather(futures, len(found), progress, cancelled)
                finally:
                    # What is under way is paid for: it is waited for and kept, and nothing further is sent.
                    self._stopping.set()
                    workers.shutdown(wait=True, cancel_futures=True)
        finally:
            self.store.close()
        return [found[key]._replace(cached=found[key].cached or places.get(key) != at) for at, key in enumerate(keys)]

    def _gather(
        self, futures: dict["Future[Answer]", str], done: int, progress: Progress, cancelled: Cancelled
    ) -> dict[str, Answer]:
        total, failures, works = done + len(futures), 0, bool(done)
        found: dict[str, Answer] = {}
        left = set(futures)
        while left:
            progress(f"asking {self.settings.model}", done + len(found), total)
            if cancelled():
                raise CancelledError("The asking was stopped; every answer that came is kept for the next time.")
            ended, left = wait(left, POLL_SECONDS, FIRST_COMPLETED)
            for future in ended:
                answer = future.result()
                found[futures[future]] = answer
                # A service that has answered before is not broken because it does not take some of the requests.
                fails = answer.kind == "failed" or (answer.kind == "rejected" and not works)
                works = works or answer.kind not in {"failed", "rejected"}
                failures = failures + 1 if fails else 0
                if failures >= min(MOST_FAILURES, len(futures)):
                    raise ServiceError(
                        f"{self.settings.host} failed {failures} times in a row ({answer.text}); what was answered is "
                        "kept, and the same command goes on from there."
                    )
        progress(f"asking {self.settings.model}", total, total)
        return found

    @contextlib.contextmanager
    def _service(self) -> Iterator[Any]:
        """The openai package's client; it takes the key and forgets it with the client.

        Raises:
            ServiceError: If the key is no key: a library's error about it would repeat it.
        """
        import openai

        settings = self.settings
        if not re.fullmatch(r"[\x20-\x7e]*", self._secret()):
            raise ServiceError(
                f"The key in {settings.key_variable} holds line breaks or characters that no key has; set it anew."
            )
        with openai.OpenAI(
            base_url=settings.address,
            # The package wants some key; servers that need none do not look at it.
            api_key=self._secret() or "none",
            organization="",
            project="",
            timeout=settings.timeout,
            # Tries are counted here, so that a stop does not wait for a pause to end.
            max_retries=0,
            # Texts go to the address that was named, and to no other that it names.
            http_client=openai.DefaultHttpxClient(follow_redirects=False, timeout=settings.timeout),
        ) as service:
            yield service

    def _secret(self) -> str:
        return os.environ.get(self.settings.key_variable, "").strip()

    def _ask_one(self, service: Any, key: str, request: Callable[[T], Request], question: T) -> Answer:
        """Ask until there is an answer, the tries are used up, or everything stops."""
        known = self.store.get(key)
        if known is not None:
            return known
        asked, reason = request(question), "not asked"
        for attempt in range(self.settings.tries):
            if self._stopping.is_set():
                break
            try:
                answer = self._send(service, asked)
            except _PassingError as fault:
                reason = str(fault)
                backoff = FIRST_PAUSE * 2**attempt * random.uniform(0.75, 1.0)
                pause = min(backoff if fault.pause is None else fault.pause, LONGEST_PAUSE)
                if attempt + 1 < self.settings.tries:
                    self._stopping.wait(pause)
                continue
            if answer.kind != "rejected":
                self.store.put(key, self.settings.model, answer)
            return answer
        return Answer("failed", reason)

    def _send(self, service: Any, request: Request) -> Answer:
        """One try.

        Raises:
            _PassingError: If a further try may help.
            ServiceError: If none will, for any request.
        """
        import openai

        refused: openai.APIStatusError | None = None
        body = None
        try:
            body = self._body(service, request)
        except openai.APIStatusError as error:
            refused = error
        except openai.APITimeoutError:
            raise _PassingError(f"no sign of life within {self.settings.timeout:g} s") from None
        except (openai.APIError, OSError, ValueError) as error:
            raise _PassingError(self._hidden(f"{type(error).__name__}: {error.__cause__ or error}")) from None
        except Exception as error:
            # Of the library beneath, whose faults while a body is read have no name of openai's.
            if type(error).__module__.partition(".")[0] not in {"httpx", "httpx2", "httpcore", "httpcore2", "h11"}:
                raise
            raise _PassingError(self._hidden(f"{type(error).__name__}: {error}")) from None
        if refused is not None:
            # Not in the block above: what is raised there drags the library's error along, and with it the key.
            return self._refusal(refused)
        return Answer("huge", "") if body is None else self._read(body)

    def _body(self, service: Any, request: Request) -> bytes | None:
        """Bytes of the answer, None where there are too many of them."""
        messages = [{"role": "system", "content": request.system}, {"role": "user", "content": request.user}]
        until = time.monotonic() + 4 * self.settings.timeout
        with service.chat.completions.with_streaming_response.create(
            model=self.settings.model,
            messages=messages,
            temperature=self.settings.temperature,
            extra_body={self._limit_name: self.settings.most_tokens},
        ) as response:
            parts, size = [], 0
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > MOST_BYTES:
                    return None
                if time.monotonic() > until:
                    raise _PassingError(f"the answer was not there after {4 * self.settings.timeout:g} s")
        return b"".join(parts)

    def _refusal(self, error: Any) -> Answer:
        """What an HTTP status means: come again, give up for this request, or give up altogether."""
        status, said = int(error.status_code), self._hidden(str(error.message))
        other = OTHER_LIMIT in str(error.message)
        if status in PASSING or status >= 500:
            raise _PassingError(f"HTTP {status}: {said}", _seconds(error.response.headers.get("retry-after")))
        if status == 400 and other and b'"max_tokens"' in error.request.content:
            self._limit_name = OTHER_LIMIT
            raise _PassingError(f"HTTP 400: {said}", 0.0)
        if 300 <= status < 400:
            raise ServiceError(
                f"{self.settings.host} sends on to another address (HTTP {status}), which is not followed; name that "
                "address if you trust it."
            )
        if status in FATAL:
            known = "is set" if self._secret() else "is not set"
            raise ServiceError(
                f"{self.settings.host} refuses (HTTP {status}: {said}); check the address, the model's name and the "
                f"key in {self.settings.key_variable}, which {known}."
            )
        return Answer("rejected", f"HTTP {status}: {said}")

    def _read(self, body: bytes) -> Answer:
        """The text of a chat completion.

        Raises:
            _PassingError: If the body is cut off or is no completion, or has no choice in it.
        """
        try:
            choice = json.loads(body)["choices"][0]
            message, ended = choice["message"], choice.get("finish_reason")
            content, refusal = message.get("content"), message.get("refusal")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
            raise _PassingError("the answer is cut off, or is no chat completion") from None
        if refusal or ended == "content_filter":
            return Answer("refused", self._hidden(str(refusal or "content filter")))
        text = content if isinstance(content, str) else _joined(content)
        if not text.strip():
            return Answer("empty", "")
        return Answer("answer", self._without_secret(text)[:MOST_CHARACTERS])

    def _without_secret(self, text: str) -> str:
        secret = self._secret()
        # Lone halves of surrogate pairs, which JSON can bring, are in no file's alphabet.
        clean = text.encode("utf-8", "replace").decode()
        return clean.replace(secret, "[key]") if len(secret) >= SHORTEST_SECRET else clean

    def _hidden(self, text: str) -> str:
        """What a service said, on one short line and without the key, which some services repeat."""
        line = " ".join(re.sub(r"[^\x20-\x7e\u00a1-\uffff]", " ", self._without_secret(text)).split())
        return line[:200]


def _joined(content: Any) -> str:
    """The text of an answer that comes in parts, as some services send it; thoughts are no part of it."""
    parts = content if isinstance(content, list) else []
    texts = [part.get("text") for part in parts if isinstance(part, dict) and part.get("type") == "text"]
    return "".join(text for text in texts if isinstance(text, str))


def _seconds(value: str | None) -> float | None:
    """Pause that a Retry-After header asks for, as seconds or as a date; nonsense counts as none."""
    try:
        pause = float(value or "")
    except ValueError:
        pause = _until(value or "")
    return pause if math.isfinite(pause) and pause >= 0 else None


def _until(date: str) -> float:
    """Seconds from now to an HTTP date, 0 where it has passed; NaN where it is none."""
    try:
        then = parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return math.nan
    return max(0.0, then - time.time())
