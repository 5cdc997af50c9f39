"""Load: read, look, mine, switch and remove pools."""

import csv
import io
import json
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from negviz.errors import CancelledError
from negviz.export import verify
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.store import open_pool, save_pool
from negviz.ui import building, converting, jobs, loading, tables
from negviz.ui.jobs import Job
from tests.app.conftest import HOSTILE, NAME, towers, words

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
PAGE = "pages/1_Load.py"


def _pairs(path: Path, names: tuple[str, str, str] = ("query", "positive", "negative"), rows: int = 6) -> Path:
    lines = [
        dict(zip(names, (f"What is {row}?", f"The answer is {row}, says {HOSTILE}.", f"Nothing {row}."), strict=True))
        for row in range(rows)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def _read(app: AppTest, path: Path) -> AppTest:
    app.segmented_control(key="load.source").set_value("path").run()
    app.text_input(key="load.path").set_value(str(path)).run()
    app.button(key="load.read").click().run()
    return _settled(app, loading.KIND)


def _settled(app: AppTest, kind: str) -> AppTest:
    for job in jobs.of_kind(kind):
        assert job.wait(60)
    return app.run()


def _counts(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_sample_is_read_and_shown(open_app: Open) -> None:
    app = open_app(PAGE)
    app.button(key="load.read").click().run()
    _settled(app, loading.KIND)
    assert not app.exception
    assert (_counts(app)["Documents"], _counts(app)["Queries"], _counts(app)["Positives"]) == ("697", "176", "176")
    assert app.button(key="load.mine")


def test_a_path_is_read_mined_and_used(open_app: Open, tmp_path: Path) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    assert _counts(app)["Negatives"] == "6"
    app.multiselect(key="load.retrievers.True").set_value(["bm25", "given"])
    app.button(key="load.mine").click().run()
    _settled(app, building.KIND)
    assert not app.exception
    name = json.loads((home_folder() / "workspace.json").read_text("utf-8"))["pool"]
    made = open_pool(home_folder() / "pools" / name)
    assert name == f"pairs-{made.fingerprint[:8]}"
    assert sorted(made.ranks) == ["bm25", "given"]
    assert "The pool is ready" in words(app)


def test_odd_columns_can_be_named_by_hand(open_app: Open, tmp_path: Path) -> None:
    path = _pairs(tmp_path / "odd.jsonl", ("frage", "antwort", "schlecht"))
    app = _read(open_app(PAGE), path)
    assert "frage, antwort, schlecht" in words(app)
    boxes = {box.label: box for box in app.selectbox}
    for role, place in (("query", 0), ("positive", 1), ("negative", 2)):
        boxes[role].set_value(place)
    app.button(key="load.read").click().run()
    _settled(app, loading.KIND)
    assert not app.exception
    assert (_counts(app)["Queries"], _counts(app)["Negatives"]) == ("6", "6")


def test_files_from_the_browser_are_read(open_app: Open, tmp_path: Path) -> None:
    app = open_app(PAGE)
    app.segmented_control(key="load.source").set_value("files").run()
    content = _pairs(tmp_path / "pairs.jsonl").read_bytes()
    app.file_uploader(key="load.files").set_value([("pairs.jsonl", content, "application/json")]).run()
    app.button(key="load.read").click().run()
    _settled(app, loading.KIND)
    assert not app.exception
    assert _counts(app)["Queries"] == "6"


def _compressed(content: bytes) -> dict[str, bytes]:
    import gzip

    import pyarrow.json as pa_json
    import pyarrow.parquet as pq
    import zstandard
    from pyarrow import feather

    table = pa_json.read_json(io.BytesIO(content))
    parquet, arrow = io.BytesIO(), io.BytesIO()
    pq.write_table(table, parquet)
    feather.write_feather(table, arrow, compression="uncompressed")
    return {
        "pairs.jsonl.gz": gzip.compress(content),
        "pairs.jsonl.zst": zstandard.compress(content),
        "pairs.parquet": parquet.getvalue(),
        "pairs.arrow": arrow.getvalue(),
    }


@pytest.mark.parametrize("name", ["pairs.jsonl.gz", "pairs.jsonl.zst", "pairs.parquet", "pairs.arrow"])
def test_compressed_and_columnar_files_come_through_the_browser(open_app: Open, tmp_path: Path, name: str) -> None:
    content = _compressed(_pairs(tmp_path / "pairs.jsonl").read_bytes())[name]
    app = _uploaded(open_app(PAGE), (name, content))
    assert _counts(app)["Queries"] == "6"


def _uploaded(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.segmented_control(key="load.source").set_value("files").run()
    given = [(name, content, "application/octet-stream") for name, content in files]
    app.file_uploader(key="load.files").set_value(given).run()
    app.button(key="load.read").click().run()
    _settled(app, loading.KIND)
    assert not app.exception
    return app


def test_several_files_make_a_folder(open_app: Open) -> None:
    corpus = "".join(json.dumps({"_id": f"d{row}", "text": f"Answer {row}."}) + "\n" for row in range(3))
    queries = "".join(json.dumps({"_id": f"q{row}", "text": f"Question {row}?"}) + "\n" for row in range(3))
    qrels = "query-id\tcorpus-id\tscore\n" + "".join(f"q{row}\td{row}\t1\n" for row in range(3))
    files = {"corpus.jsonl": corpus, "queries.jsonl": queries, "train.tsv": qrels}
    app = _uploaded(open_app(PAGE), *((name, text.encode()) for name, text in files.items()))
    assert (_counts(app)["Documents"], _counts(app)["Positives"]) == ("3", "3")


def test_the_guess_is_shown_and_can_be_overruled(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "bge.jsonl"
    rows = [{"query": f"What is {row}?", "pos": [f"It is {row}."], "neg": [f"Nothing {row}."]} for row in range(4)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    app = _read(open_app(PAGE), path)
    shown = "\n".join(str(element.value) for element in app.html)
    assert "Read as &#x27;FlagEmbedding" in shown
    assert "choose the format in the options above" in shown
    app.selectbox(key="load.format").set_value("dpr").run()
    app.button(key="load.read").click().run()
    _settled(app, loading.KIND)
    assert not app.exception
    assert "no row with a labelled positive that can be used" in words(app)
    assert "You chose the format; choose another" in words(app)
    assert app.expander[0].proto.expanded
    app.selectbox(key="load.format").set_value("tabular").run()
    app.button(key="load.read").click().run()
    _settled(app, loading.KIND)
    shown = "\n".join(str(element.value) for element in app.html)
    assert "as it was asked for" in shown


def _convert(app: AppTest, trainer: str) -> AppTest:
    app.session_state["convert.more"] = True
    app.run()
    app.selectbox(key="convert.trainer").set_value(trainer).run()
    app.button(key="convert.start").click().run()
    return _settled(app, converting.KIND)


def test_data_is_converted_without_reading_or_mining(open_app: Open, tmp_path: Path) -> None:
    path = _pairs(tmp_path / "pairs.jsonl")
    app = open_app(PAGE)
    app.segmented_control(key="load.source").set_value("path").run()
    app.text_input(key="load.path").set_value(str(path)).run()
    app = _convert(app, "FlagEmbedding (BGE)")
    assert not app.exception
    folder = home_folder().resolve() / "exports" / "pairs-flagembedding"
    assert "6 rows were written as flagembedding." in words(app)
    assert str(folder) in [code.value for code in app.code]
    assert verify(folder) == []
    line = json.loads((folder / "flagembedding" / "train.jsonl").read_text("utf-8").splitlines()[0])
    assert line == {"query": "What is 0?", "pos": [f"The answer is 0, says {HOSTILE}."], "neg": ["Nothing 0."]}
    app.button(key="convert.check").click().run()
    assert "files are as they were written" in words(app)


def test_what_a_conversion_takes_out_and_cannot_say_is_told(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    rows = [
        {"query": f"What is {row}?", "pos": [f"It is {row}."], "neg": [f"Nothing {row}."] * row} for row in (1, 1, 2)
    ]
    rows.append({"query": "What is 9?", "pos": ["It is 9."], "neg": ["It is 9."], "prompt": "Find it"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    app = open_app(PAGE)
    app.segmented_control(key="load.source").set_value("files").run()
    app.file_uploader(key="load.files").set_value([("rows.jsonl", path.read_bytes(), "application/json")]).run()
    app = _convert(app, "sentence-transformers")
    assert not app.exception
    told = "\n".join(info.value for info in app.info)
    assert "1 negatives taken out: a positive of the same query" in told
    assert "1 queries have a prompt, which is left out." in told
    assert "1 queries have no negative, and are left out." in told
    assert "Read as 'flagembedding'" in words(app)


def test_a_conversion_that_fails_gets_one_sentence(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(b"")
    app = open_app(PAGE)
    app.segmented_control(key="load.source").set_value("path").run()
    app.text_input(key="load.path").set_value(str(path)).run()
    app = _convert(app, "DPR")
    assert not app.exception
    assert "That could not be converted." in words(app)
    assert "bad.csv is empty." in words(app)


@pytest.mark.parametrize(
    ("content", "sentence"), [(b"", "is empty"), (b"query,positive\ngr\xf6\xdfe,lang\n", "not UTF-8")]
)
def test_what_cannot_be_read_gets_one_sentence(open_app: Open, tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    app = _read(open_app(PAGE), path)
    assert not app.exception
    assert sentence in words(app)
    assert not [button for button in app.button if button.key == "load.mine"]


def test_hostile_text_stays_out_of_markdown(open_app: Open, tmp_path: Path) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / f"[x]({'a' * 5}).jsonl"))
    assert not app.exception
    marked = (app.markdown, app.caption, app.button, app.error, app.warning, app.info, app.success, app.metric)
    for element in (element for kind in marked for element in kind):
        assert "evil.example" not in str(element.proto)


@pytest.mark.usefixtures("pool")
def test_pools_are_switched_and_removed(open_app: Open) -> None:
    other = "other-11111111"
    save_pool(towers(), home_folder() / "pools" / other)
    app = open_app(PAGE)
    app.button(key=f"load.use.{other}").click().run()
    assert json.loads((home_folder() / "workspace.json").read_text("utf-8"))["pool"] == other
    app.button(key=f"load.remove.{other}").click().run()
    assert not app.exception
    assert not (home_folder() / "pools" / other).exists()
    assert (home_folder() / "pools" / NAME).is_dir()
    assert [path.name for path in (home_folder() / "pools").iterdir()] == [NAME]


def test_a_mining_is_found_again_by_its_address_and_can_be_stopped(open_app: Open, pool: Pool) -> None:
    def endless(job: Job) -> None:
        while not job.stop.is_set():
            time.sleep(0.01)
        raise CancelledError("Stopped.")

    job = jobs.start("Mining", endless, building.KIND)
    app = open_app(PAGE, job=job.id)
    assert not app.exception
    assert app.button(key=f"stop.{job.id}")
    app.button(key=f"stop.{job.id}").click().run()
    assert job.wait(10)
    app.run()
    assert "The mining was stopped." in words(app)
    assert "goes on from there" in words(app)
    assert not app.error
    assert json.loads((home_folder() / "workspace.json").read_text("utf-8"))["pool"] == NAME


def test_only_the_last_jobs_of_a_kind_are_kept() -> None:
    for number in range(jobs.KEPT + 4):
        jobs.start("Quick", lambda job, number=number: number, "quick").wait(10)  # type: ignore[misc]
    assert [job.result for job in jobs.of_kind("quick")][-1] == jobs.KEPT + 3
    assert len(jobs.of_kind("quick")) == jobs.KEPT + 1


@pytest.mark.parametrize("name", ["../../etc", "..", "a/b", "C:\\x", "=x", "日本", "", ".hidden", "x" * 500])
def test_names_of_folders_are_harmless(name: str) -> None:
    safe = building.safe_name(name)
    assert safe
    assert len(safe) <= 40
    assert set(safe) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert safe[0] not in ".-_"


def test_csv_holds_no_formula_and_every_row() -> None:
    texts = ["=cmd|' /C calc'!A0", "+1", "-2", "@x", "\tx", "plain", 'a "quote"\nand a line', ""]
    found = tables.csv_bytes(pa.table({"text": texts, "line": list(range(len(texts)))})).decode()
    rows = list(csv.reader(io.StringIO(found)))
    assert len(rows) == len(texts) + 1
    for row, text in zip(rows[1:], texts, strict=True):
        assert row[0] in {text, f"'{text}"}
        assert not row[0].startswith(("=", "+", "-", "@", "\t"))


def test_progress_stands_beside_the_button_too(open_app: Open) -> None:
    job = jobs.start("Mining", lambda job: job.stop.wait(20), building.KIND)
    app = open_app(PAGE)
    app.button(key="load.read").click().run()
    assert {button.key for button in app.button if "stop" in str(button.key)} == {
        f"stop.{job.id}", f"stop.{job.id}.again"
    }  # fmt: skip
    job.stop.set()
    assert job.wait(10)


def test_text_in_another_encoding_opens_the_option_for_it(open_app: Open, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_bytes("query,positive\n问题,回答\n".encode("gb18030"))
    app = open_app(PAGE)
    app.segmented_control(key="load.source").set_value("path").run()
    app.text_input(key="load.path").set_value(f"{path}").run()
    app.button(key="load.read").click().run()
    assert "Choose the text encoding in the options above" in words(app)
    assert app.expander[0].proto.expanded


@pytest.mark.usefixtures("pool")
def test_stored_pools_are_named_where_none_is_in_use(open_app: Open) -> None:
    (home_folder() / "workspace.json").write_text("{}", "utf-8")
    app = open_app("pages/2_Mine.py")
    assert "No pool in use" in words(app)
    assert "choose one there" in words(app)


def _ordered(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> building.Order:
    """What the button orders, without doing it."""
    orders: list[building.Order] = []
    monkeypatch.setattr(building, "start", lambda dataset, order: orders.append(order))
    app.button(key="load.mine").click().run()
    assert not app.exception
    return orders[0]


def test_the_usual_order_is_that_of_the_command_line(open_app: Open, tmp_path: Path, monkeypatch) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    assert _ordered(app, monkeypatch).scorers == ("dense", "bm25", "second_encoder=static")
    app.selectbox(key="load.encoder").set_value("static").run()
    assert _ordered(app, monkeypatch).scorers == ("dense", "bm25")


def test_second_opinions_and_checkpoints_are_ordered(open_app: Open, tmp_path: Path, monkeypatch) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    for name in ("similarity_to_positive", "late_interaction", "cross_encoder"):
        app.toggle(key=f"load.scorer.{name}.False").set_value(True)
    app.run()
    assert "Name a model." in words(app)
    assert app.button(key="load.mine").disabled
    app.text_input(key="load.scorer.cross_encoder.model").set_value(" me/ranker ")
    app.text_area(key="load.checkpoints").set_value("/a/step 1\n\n~/b.trec\n").run()
    assert "pairs at most for the cross-encoder" in words(app)
    assert "2 older checkpoints" in words(app)
    order = _ordered(app, monkeypatch)
    wanted = ("dense", "bm25", "second_encoder=static", "similarity_to_positive", "late_interaction")
    assert order.scorers == (*wanted, "cross_encoder=me/ranker")
    assert order.checkpoints == ("/a/step 1", str(Path.home() / "b.trec"))


def test_run_files_of_checkpoints_come_through_the_browser(open_app: Open, tmp_path: Path, monkeypatch) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    content = b"q000001 Q0 d000001 1 9.5 x\n"
    app.file_uploader(key="load.checkpoint_files").set_value([("step1.trec", content, "text/plain")]).run()
    (kept,) = _ordered(app, monkeypatch).checkpoints
    assert Path(kept).read_bytes() == content


def test_the_encoder_is_no_second_opinion(open_app: Open, tmp_path: Path) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    app.text_input(key="load.scorer.second_encoder.model").set_value("minilm").run()
    assert "Name a model other than the encoder." in words(app)
    assert app.button(key="load.mine").disabled


def test_second_opinions_become_layers_of_the_pool(open_app: Open, tmp_path: Path) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    app.selectbox(key="load.encoder").set_value("static").run()
    app.toggle(key="load.scorer.similarity_to_positive.False").set_value(True).run()
    app.button(key="load.mine").click().run()
    _settled(app, building.KIND)
    assert not app.exception
    name = json.loads((home_folder() / "workspace.json").read_text("utf-8"))["pool"]
    assert sorted(open_pool(home_folder() / "pools" / name).scores) == ["bm25", "dense", "similarity_to_positive"]


def test_paces_are_kept_by_model_and_used_for_the_next_estimate(tmp_path: Path) -> None:
    dataset = towers().dataset
    order = building.Order(scorers=("dense", "cross_encoder=me/ranker"), depth=5)
    assert "shows after the first seconds" in building.estimate(dataset, order, tmp_path)
    pace = building._Pace(jobs.start("Quick", lambda job: None, "quick"), order, dataset)
    pace.seconds = {"Encoding documents": [0.0, 19.0], building.PAIRS: [0.0, 60.0]}
    pace.pairs = {building.PAIRS: 120}
    pace.keep(tmp_path)
    assert json.loads((tmp_path / "pace.json").read_text()) == {"minilm": 2.0, f"{building.PAIRS} me/ranker": 2.0}
    told = building.estimate(dataset, order, tmp_path)
    assert told.startswith("About 20 s for 38 texts to encode, at the pace of the last time here.")
    assert "About 60 s for 120 pairs at most for the cross-encoder" in told
