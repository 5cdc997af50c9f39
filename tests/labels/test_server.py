"""A label store on PostgreSQL: what only a server can do wrong."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import insert

from negviz.errors import LabelError
from negviz.labels import LabelEvent, LabelStore, Verdict
from negviz.labels import store as module
from negviz.labels.appending import FIELDS
from negviz.labels.schema import VERSION
from negviz.labels.tables import CLAIMS, EVENTS, METADATA, SCHEMA
from tests import postgres

FN, TN, DROP, UNSURE = Verdict
ROOT = Path(__file__).parents[2]


def said(query="q", verdict=FN, annotator="ann", document="d", **more):
    return LabelEvent(query_key=query, document_key=document, verdict=verdict, annotator=annotator, **more)


@pytest.fixture
def url(cluster):
    return cluster.database()


@pytest.fixture
def own_cluster():
    """A server that a test may stop."""
    postgres.require()
    started = postgres.Cluster(synchronous_commit="off", wal_writer_delay="10s")
    yield started
    started.close()


def refusal(url):
    """The one sentence in which a database is refused, which tells no password."""
    with pytest.raises(LabelError) as caught:
        LabelStore(url)
    text = str(caught.value)
    assert "\n" not in text
    assert "horse" not in text
    assert "sesame" not in text
    return text


def test_who_may_not_in_or_where_nothing_is_is_told_so_without_the_password(cluster):
    assert "check the user and the password" in refusal(cluster.url(password="open sesame"))
    assert "check the user and the password" in refusal(cluster.url(user="nobody", password="open sesame"))
    assert 'database "nowhere" does not exist' in refusal(cluster.url("nowhere"))
    assert "check the host and the port" in refusal("postgresql://joe:sesame@127.0.0.1:1/x")
    assert "check the host and the port" in refusal("postgresql://joe:sesame@no-such-host.invalid/x")
    assert "check the host and the port" in refusal("postgres://joe@127.0.0.1:1/x?password=sesame&connect_timeout=2")


def test_where_a_driver_is_missing_it_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "psycopg2", raising=False)
    monkeypatch.setattr(sys, "path", [])  # as where it was never installed
    assert "pip install 'psycopg[binary]'" in refusal("postgresql+psycopg2://joe:sesame@127.0.0.1:1/x")


def test_who_may_not_make_tables_is_told_so(cluster):
    cluster.execute("CREATE ROLE reader LOGIN PASSWORD 'sesame'")
    name = cluster.database().rsplit("/", 1)[1]
    cluster.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC", name)
    assert "ask its owner" in refusal(cluster.url(name, "reader", "sesame"))


def test_another_encoding_is_refused(cluster):
    url = cluster.database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "keeps text as LATIN1" in refusal(url)


def test_a_table_of_somebody_else_is_refused(cluster, url):
    cluster.execute("CREATE TABLE label_events (id int, what text)", url.rsplit("/", 1)[1])
    assert "is not of negviz" in refusal(url)


def test_a_newer_database_is_refused(cluster, url):
    LabelStore(url).close()
    cluster.execute(f"UPDATE label_schema SET version = {VERSION + 1}", url.rsplit("/", 1)[1])
    assert "newer negviz" in refusal(url)


def test_a_database_of_the_first_version_opens_and_keeps_its_labels(cluster, url):
    with LabelStore(url) as store:
        event = store.add(said())
        METADATA.drop_all(store._engine, tables=[CLAIMS, SCHEMA])
    cluster.execute("DROP TRIGGER label_events_only_grow ON label_events", url.rsplit("/", 1)[1])
    with LabelStore(url) as store, LabelStore(url) as other:
        assert store.events() == [event]
        assert store.claim("bob", [("new", "d")]) == {("new", "d")}
        assert other.claim("ann", [("new", "d")]) == set()
        other.add(said("b"))
        assert len(store.current()) == 2
    with pytest.raises(Exception, match="only ever appended"):
        cluster.execute("TRUNCATE label_events", url.rsplit("/", 1)[1])


def test_numbers_with_gaps_and_numbers_out_of_order_are_all_read(url):
    with LabelStore(url) as store:
        first = store.add(said("a"))
        for _ in range(3):
            with pytest.raises(LabelError):
                store.add([said("gap"), said("other", event=first.event)])  # refused; its numbers are used up
        second = store.add(said("b"))
        assert second.id > first.id + 1
        assert len(store.current()) == 2
        slipped = {name: getattr(said("slip"), name) for name in FIELDS if name != "id"}
        with store._engine.begin() as connection:
            connection.execute(insert(EVENTS).values(**slipped, id=first.id + 1))
        assert set(store.current()) == {("a", "d"), ("b", "d"), ("slip", "d")}


def test_the_default_isolation_of_a_server_does_not_matter(cluster, url):
    cluster.execute(f"ALTER DATABASE {url.rsplit('/', 1)[1]} SET default_transaction_isolation = 'serializable'")
    barrier = threading.Barrier(6)

    def press(store):
        barrier.wait()
        store.add(said())

    stores = [LabelStore(url) for _ in range(6)]
    threads = [threading.Thread(target=press, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores[0].events()) == 1
    for store in stores:
        store.close()


def test_what_is_saved_survives_a_crash_of_a_server_that_is_set_up_carelessly(own_cluster):
    url = own_cluster.database()
    own_cluster.execute("CREATE TABLE careless (number int)", url.rsplit("/", 1)[1])
    own_cluster.execute("CHECKPOINT")
    with LabelStore(url) as store:
        saved = [store.add(said(str(number))) for number in range(5)]
        # What others write there is lost: the crash is one.
        own_cluster.execute("INSERT INTO careless VALUES (1)", url.rsplit("/", 1)[1])
        own_cluster.stop("immediate")
        own_cluster.start()
        assert store.events() == saved
        assert store.add(said("after")).query_key == "after"
    assert own_cluster.execute("SELECT * FROM careless", url.rsplit("/", 1)[1]) == []


def test_nobody_notices_that_a_server_restarts(own_cluster):
    with LabelStore(own_cluster.database()) as store:
        store.add(said("before"))
        assert len(store.current()) == 1
        own_cluster.stop()
        own_cluster.start()
        assert store.claim("ann", [("q", "d")]) == {("q", "d")}
        own_cluster.stop()
        restart = threading.Timer(1.0, own_cluster.start)
        restart.start()
        store.add(said("during"))
        restart.join()
        own_cluster.stop()
        own_cluster.start()
        assert len(store.current()) == 2


def test_a_server_that_stays_away_is_one_sentence_after_a_while(own_cluster, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with LabelStore(own_cluster.database()) as store:
        own_cluster.stop()
        begun = time.monotonic()
        with pytest.raises(LabelError, match="check the host and the port"):
            store.add(said())
        assert 0.5 <= time.monotonic() - begun < 10


def test_a_writer_that_froze_in_the_middle_holds_the_others_up_for_seconds_only(url):
    code = """
import sys, time
from negviz.labels import LabelStore, schema
schema.FROZEN_SECONDS = 1
store = LabelStore(sys.argv[1])
with schema.writing(store._engine):
    print("writing", flush=True)
    time.sleep(600)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    frozen = subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, env=environment)
    try:
        assert frozen.stdout.readline() == b"writing\n"
        frozen.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        with LabelStore(url) as store:
            store.add(said())
        assert time.monotonic() - begun < 10
    finally:
        frozen.kill()
        frozen.wait()
        frozen.stdout.close()


def test_where_there_is_no_server_tests_skip_unless_one_is_required(monkeypatch):
    monkeypatch.setattr(postgres, "programs", lambda: None)
    monkeypatch.delenv("NEGVIZ_REQUIRE_POSTGRES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Debian's package 'postgresql'"):
        postgres.require()
    monkeypatch.setenv("NEGVIZ_REQUIRE_POSTGRES", "1")
    with pytest.raises(pytest.fail.Exception, match="NEGVIZ_REQUIRE_POSTGRES is set"):
        postgres.require()
