"""The encoder's arithmetic on the page Load: what is offered, compared, kept, ordered and told."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from negviz import precision as library
from negviz.errors import CancelledError, ModelError
from negviz.home import home_folder
from negviz.pool import Pool
from negviz.retrievers import RETRIEVERS
from negviz.store import open_pool, save_pool
from negviz.ui import building, jobs, precision_choice
from tests.app.conftest import NAME, words
from tests.app.test_load import PAGE, _ordered, _pairs, _read, _settled

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
MORE, COMPARE = "load.arithmetic.more", "load.compare"
LACKS = "'bfloat16' was asked for, but this processor has no arithmetic for it; take precision float32."


def _row(precision: str, **numbers: float) -> dict[str, Any]:
    usual = {"texts_per_second": 50.0, "speed_ratio": 1.0, "overlap_at_20": 1.0, "flipped": 0.0}
    return {"precision": precision, "identity": f"id-{precision}", "backend": "none", "pairs": 9, **usual, **numbers}


INT8 = _row("int8", texts_per_second=120.0, speed_ratio=2.4, overlap_at_20=0.978, flipped=0.0042)


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of minilm only int8 is offered beside float32, and a comparison is a matter of no time."""
    asked: list[str] = []

    class Opened:
        def __init__(self, precision: str) -> None:
            self.identity = f"id-{precision}"

    def compare(dataset: object, *, encoder: str, **options: object) -> dict[str, Any]:
        asked.append(encoder)
        return {
            "encoder": encoder, "documents": 12, "queries": 6, "seed": 0, "rows": [_row("float32"), INT8],
            "not_offered": {},
        }  # fmt: skip

    monkeypatch.setattr(precision_choice, "refusals", lambda encoder: {"bfloat16": LACKS})
    for module in (precision_choice, library):
        monkeypatch.setattr(module, "compare_precisions", compare)
    monkeypatch.setattr(library, "open_encoder", lambda name, dataset, *, home, precision: Opened(precision))
    return asked


def _opened(open_app: Open, tmp_path: Path) -> AppTest:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    app.session_state[MORE] = True
    return app.run()


def _kinds(app: AppTest) -> AppTest:
    for job in [job for job in jobs._jobs().values() if job.kind.startswith(precision_choice.KIND)]:
        assert job.wait(20)
    return app.run()


def _radio(app: AppTest) -> Any:
    return next(radio for radio in app.radio if radio.key.startswith("load.precision"))


def _table(app: AppTest) -> str:
    return next((str(each.value) for each in app.html if "Times as fast" in str(each.value)), "")


@pytest.mark.usefixtures("compared")
def test_only_what_is_offered_can_be_chosen_and_the_rest_says_why(open_app: Open, tmp_path: Path) -> None:
    app = _opened(open_app, tmp_path)
    assert not app.exception
    assert _radio(app).options == ["float32", "int8"]
    assert _radio(app).value == "float32"
    assert "Not offered here: bfloat16, since this processor has no arithmetic for it." in words(app)
    assert not _table(app)


def test_an_encoder_without_a_choice_says_so_and_has_no_button(open_app: Open, tmp_path: Path) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    app.selectbox(key="load.encoder").set_value("static").run()
    app.session_state[MORE] = True
    app.run()
    assert "Not offered here: bfloat16 and int8, since 'static' computes in one precision only." in words(app)
    assert not [radio for radio in app.radio if radio.key.startswith("load.precision")]
    assert COMPARE not in [button.key for button in app.button]


def test_a_model_of_ones_own_is_not_opened_to_see_what_it_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "open_encoder", None)
    found = library.refusals("me/model")
    assert list(found) == ["int8"]
    assert found["int8"].startswith("'me/model' offers float32 and bfloat16 only")


def test_a_comparison_is_shown_kept_and_there_at_once_the_next_time(
    open_app: Open, tmp_path: Path, compared: list[str]
) -> None:
    app = _opened(open_app, tmp_path)
    app.button(key=COMPARE).click().run()
    app = _kinds(app)
    assert not app.exception
    assert compared == ["minilm"]
    shown = _table(app)
    for cell in ("120", "2.4", "97.8%", "0.42%", "all", "none"):
        assert f">{cell}<" in shown
    assert shown.count(">all<") == shown.count(">none<") == 1
    assert "Measured on 12 documents and 6 queries of this data." in words(app)
    jobs._jobs().clear()
    again = _opened(open_app, tmp_path)
    assert _table(again) == shown
    assert again.button(key=COMPARE).label == "Compare again"
    assert compared == ["minilm"]


def test_what_was_kept_of_another_encoder_is_not_shown(open_app: Open, tmp_path: Path, compared: list[str]) -> None:
    app = _opened(open_app, tmp_path)
    app.button(key=COMPARE).click().run()
    app = _kinds(app)
    (kept,) = home_folder().glob("precision/*/*.json")
    kept.write_text(json.dumps({**json.loads(kept.read_text("utf-8")), "encoder": "me/model"}), "utf-8")
    assert not _table(app.run())


@pytest.mark.usefixtures("compared")
def test_a_comparison_can_be_stopped(open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(dataset: object, *, cancelled: Callable[[], bool], **options: object) -> None:
        while not cancelled():
            pass
        raise CancelledError("The comparison of precisions was stopped; nothing was kept.")

    monkeypatch.setattr(precision_choice, "compare_precisions", endless)
    app = _opened(open_app, tmp_path)
    app.button(key=COMPARE).click().run()
    (stop,) = [button for button in app.button if button.label == "Stop"]
    app = _kinds(stop.click().run())
    assert not app.exception
    assert "The comparison was stopped. Nothing is kept" in "\n".join(info.value for info in app.info)
    assert not app.error
    assert app.button(key=COMPARE)


@pytest.mark.usefixtures("compared")
def test_what_turns_out_not_to_be_offered_is_taken_off_the_list(
    open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = {"rows": [_row("float32")], "not_offered": {"int8": "'int8' needs wings; take float32 or bfloat16."}}
    sizes = {"encoder": "minilm", "documents": 12, "queries": 6, "seed": 0}
    monkeypatch.setattr(precision_choice, "compare_precisions", lambda dataset, **options: {**sizes, **report})
    app = _opened(open_app, tmp_path)
    _radio(app).set_value("int8").run()
    app.button(key=COMPARE).click().run()
    app = _kinds(app)
    assert "Not offered here: int8, since 'int8' needs wings." in words(app)
    assert _ordered(app, monkeypatch).precision is None


@pytest.mark.usefixtures("compared")
def test_a_comparison_that_fails_says_why(open_app: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(dataset: object, **options: object) -> None:
        raise ModelError("The weights are damp; dry them.")

    monkeypatch.setattr(precision_choice, "compare_precisions", fail)
    app = _opened(open_app, tmp_path)
    app.button(key=COMPARE).click().run()
    app = _kinds(app)
    assert not app.exception
    assert "The weights are damp; dry them." in words(app)


@pytest.mark.usefixtures("compared")
def test_the_choice_is_ordered_also_from_behind_the_closed_lid(open_app: Open, tmp_path: Path, monkeypatch) -> None:
    app = _opened(open_app, tmp_path)
    _radio(app).set_value("int8").run()
    assert "texts to encode in int8" in words(app)
    app.session_state[MORE] = False
    app.run()
    assert not [radio for radio in app.radio if radio.key.startswith("load.precision")]
    assert "texts to encode in int8" in words(app)
    assert _ordered(app, monkeypatch).precision == "int8"
    app.selectbox(key="load.encoder").set_value("static").run()
    assert _ordered(app, monkeypatch).precision is None


def _made(order: building.Order, monkeypatch: pytest.MonkeyPatch, pool: Pool) -> dict[str, Any]:
    """What a mining in the background asks of the library."""
    asked: dict[str, Any] = {}

    def build(dataset: object, **options: object) -> Pool:
        asked.update(options)
        return pool

    monkeypatch.setattr("negviz.mine.build_pool", build)
    monkeypatch.setattr(building.st, "query_params", {})
    job = building.start(pool.dataset, order)
    assert job.wait(20)
    assert job.error is None
    return asked


def test_mining_in_a_faster_arithmetic_measures_it_first(
    pool: Pool, compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _made(building.Order(precision="int8"), monkeypatch, pool)
    assert (asked["precision"], asked["agreement"]["overlap_at_20"]) == ("int8", 0.978)
    assert compared == ["minilm"]
    assert _made(building.Order(precision="int8"), monkeypatch, pool)["agreement"] == asked["agreement"]
    assert compared == ["minilm"]


@pytest.mark.parametrize(
    "order", [building.Order(), building.Order(retrievers=("bm25",), scorers=("bm25",), precision="int8")]
)
def test_nothing_is_measured_where_nothing_is_encoded_in_another_arithmetic(
    order: building.Order, pool: Pool, compared: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _made(order, monkeypatch, pool)
    assert (asked["precision"], asked["agreement"], compared) == (None, None, [])


def test_home_says_what_of_a_pool_is_not_exact(open_app: Open, pool: Pool) -> None:
    origin = {
        **pool.origin, "precision": "int8", "agreement": INT8,
        "search": {"hnsw": {"queries": 8, "depth": 12, "recall": 0.991, "ef": 400}},
    }  # fmt: skip
    assert "Encoded in" not in words(open_app())
    save_pool(replace(pool, origin=origin, stored_fingerprint=None), home_folder() / "pools" / f"{NAME}-int8")
    told = words(open_app(pool=f"{NAME}-int8"))
    assert "Encoded in int8: it finds 97.8% of the 20 documents that float32 finds nearest, and 0.42%" in told
    assert "Approximate search by hnsw: it found 99.1% of the 12 nearest that exact search finds, on 8 queries." in told


def test_a_pool_in_float32_has_nothing_to_say_and_one_that_was_not_measured_says_so() -> None:
    assert precision_choice.facts({"precision": "float32"}) == []
    assert precision_choice.facts({"precision": "bfloat16"}) == [
        "Encoded in bfloat16; how far that agrees with float32 was not measured."
    ]


def test_approximate_retrievers_are_there_explained_and_off(open_app: Open, tmp_path: Path, monkeypatch) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    box = app.multiselect(key="load.retrievers.True")
    assert {RETRIEVERS.get(name).label for name in ("hnsw", "ivf")} <= set(box.options)
    assert not {"hnsw", "ivf"} & set(box.value)
    assert "Approximate: Dense (HNSW) and Dense (IVF). That pays where one index serves many rounds;" in words(app)
    box.set_value(["hnsw", "bm25"]).run()
    assert "texts to encode" in words(app)
    assert _ordered(app, monkeypatch).scorers == ("dense", "bm25")


def test_a_pool_by_hnsw_is_mined_and_tells_its_recall(open_app: Open, tmp_path: Path) -> None:
    app = _read(open_app(PAGE), _pairs(tmp_path / "pairs.jsonl"))
    app.selectbox(key="load.encoder").set_value("static")
    app.multiselect(key="load.retrievers.True").set_value(["hnsw", "bm25"]).run()
    app.button(key="load.mine").click().run()
    app = _settled(app, building.KIND)
    assert not app.exception
    name = json.loads((home_folder() / "workspace.json").read_text("utf-8"))["pool"]
    assert open_pool(home_folder() / "pools" / name).origin["search"]["hnsw"]["recall"] == 1.0
    assert "Approximate search by hnsw: it found 100.0%" in words(open_app())
