"""The Map page: where things lie, one query among them, and areas that become a queue."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import negviz.project
from negviz.charts.map import Group
from negviz.charts.map import map as draw_map
from negviz.encode import embed
from negviz.errors import CancelledError
from negviz.home import home_folder
from negviz.labels import LabelEvent, Labels
from negviz.layout import pca
from negviz.pool import Pool
from negviz.project import Projection
from negviz.queue import suspicion
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import save_pool
from negviz.ui import jobs, map_groups
from negviz.ui.map_groups import by_cluster, by_label, by_source, by_verdict, drawing, hover, pairs_inside
from tests.app.conftest import HOSTILE, NAME, towers, words

pytestmark = pytest.mark.app
PAGE = "pages/5_Map.py"
Open = Callable[..., AppTest]


class Handmade:
    """Vectors on a line that bends, so that a place can be worked out."""

    name, identity, dims, similarity = "by hand", "hand-1", 3, "cosine"

    def encode_queries(self, texts: list[str]) -> np.ndarray:
        return self.encode_documents(texts)

    def encode_documents(self, texts: list[str]) -> np.ndarray:
        angles = np.linspace(0, 2, max(len(texts), 1))[: len(texts)]
        return np.stack([np.cos(angles), np.sin(angles), np.zeros(len(texts))], axis=1).astype(np.float32)


@pytest.fixture
def mapped(pool: Pool) -> Pool:
    """The pool with vectors in the home's cache."""
    made = replace(towers(), origin={**pool.origin, "encoder_identity": "hand-1", "similarity": "cosine"})
    embed(made.dataset, Handmade(), home=home_folder())  # type: ignore[arg-type]
    save_pool(made, home_folder() / "pools" / NAME)
    return made


@pytest.fixture(autouse=True)
def _quick_umap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """UMAP itself is tested beside its own module; here anything that differs from PCA will do."""
    monkeypatch.setattr(negviz.project, "umap_apart", lambda vectors, *_: -pca(vectors))
    yield
    for job in jobs.running():
        job.wait(10)


def option(app: AppTest) -> str:
    (chart,) = app.get("echarts_chart")
    return str(chart.proto)


def select_area(app: AppTest, area: dict[str, object]) -> None:
    app.session_state["map.chart.0"] = {"selection": {"selected": [], "areas": [area]}}


EVERYTHING = {"brush_type": "rect", "coord_range": [[-9, 9], [-9, 9]]}


def test_a_pool_without_vectors_says_how_to_get_them(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert "No vectors to draw" in words(app)
    assert "--retriever dense" in words(app)


def test_the_picture_is_made_once_and_kept(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    kept = {path: path.stat().st_mtime_ns for path in (home_folder() / "projections").glob("*.npy")}
    assert len(kept) == 2
    again = open_app(PAGE)
    assert "UMAP of the vectors" in words(again)
    assert {path: path.stat().st_mtime_ns for path in (home_folder() / "projections").glob("*.npy")} == kept


def test_a_stopped_picture_leaves_pca_and_is_not_started_again_by_itself(
    mapped: Pool, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def stopped(*_: object) -> None:
        calls.append(1)
        raise CancelledError("The map was stopped.")

    monkeypatch.setattr(negviz.project, "umap_apart", stopped)
    app = open_app(PAGE)
    app.run()
    assert not app.exception
    assert "PCA of the vectors" in words(app)
    assert [button.label for button in app.button if button.key == "map.again"] == ["Draw it again"]
    assert len(calls) == 1


def test_an_area_lists_its_documents_and_becomes_a_queue(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert "Nothing is marked" in words(app)
    select_area(app, EVERYTHING)
    app.run()
    assert not app.exception
    assert "**30 of 30** documents selected" in words(app)
    wanted = int(mapped.eligible.sum())
    (send,) = [button for button in app.button if button.key == "map.send"]
    assert send.label == f"Send {wanted} pairs to the labelling queue"
    send.click()
    app.run()
    assert not app.exception
    app.switch_page("pages/6_Label.py")
    app.run()
    assert not app.exception
    queue = app.session_state["label.desk"].walk.queue
    assert (queue.order, len(queue)) == ("map selection", wanted)


def test_one_query_sends_only_its_own_candidates(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.toggle(key="map.one").set_value(True)
    select_area(app, EVERYTHING)
    app.run()
    assert not app.exception
    (send,) = [button for button in app.button if button.key == "map.send"]
    assert send.label == f"Send {int(mapped.eligible[0].sum())} pairs to the labelling queue"
    assert "chosen query" in option(app)


@pytest.mark.parametrize("colour", ["Verdict", "Source", "Label", "Cluster"])
@pytest.mark.parametrize("one", [True, False])
def test_every_colour_draws_every_document(mapped: Pool, open_app: Open, colour: str, one: bool) -> None:
    app = open_app(PAGE)
    app.button_group(key="map.colour").set_value(colour)
    app.toggle(key="map.one").set_value(one)
    app.run()
    assert not app.exception
    assert option(app)


def test_labelling_elsewhere_leaves_places_as_they_are(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.run()
    before = option(app)
    app.run()
    assert option(app) == before


def test_hover_text_is_short_plain_text_shown_through_a_placeholder() -> None:
    group = Group("documents", "#000", "circle", np.zeros((1, 2), np.float32), [hover(HOSTILE + "\n" * 9 + "x" * 999)])
    drawn = draw_map([group])
    assert drawn["tooltip"]["formatter"] == "{@text}"
    assert "{" not in drawn["tooltip"]["formatter"].replace("{@text}", "")
    (text,) = drawn["dataset"][0]["source"]["text"].to_pylist()
    assert len(text) <= map_groups.HOVER + 2
    assert "\n" not in text
    assert HOSTILE not in str({key: value for key, value in drawn.items() if key != "dataset"})


def test_groups_without_points_are_not_drawn() -> None:
    point = np.zeros((1, 2), np.float32)
    drawn = draw_map(
        [Group("none", "#000", "circle", np.zeros((0, 2), np.float32), []), Group("one", "#000", "rect", point, ["a"])],
        [(point[0], point[0])],
    )
    assert [series["name"] for series in drawn["series"] if series["type"] == "scatter"] == ["one"]
    assert drawn["brush"]["seriesIndex"] == [0]
    assert drawn["xAxis"]["max"] > drawn["xAxis"]["min"]
    assert draw_map([])["series"] == []


def test_verdicts_of_a_query_are_told_apart_by_colour_and_shape() -> None:
    pool = towers()
    selection = select(pool, replace(find_recipe("nv_perc"), count=2))
    labels = Labels.of([LabelEvent.of(pool.dataset, 1, int(pool.documents[1, 9]), "false negative")])
    colouring = by_verdict(selection, labels, 1)
    looks = [colouring.looks[code] for code in colouring.codes]
    taken = set(pool.documents[1][selection.taken[1]].tolist())
    assert {row for row, look in enumerate(looks) if look.name == "taken"} == taken - {int(pool.documents[1, 9])}
    assert [row for row, look in enumerate(looks) if look.name == "labelled positive"] == [1]
    assert [row for row, look in enumerate(looks) if "false" in look.name] == [int(pool.documents[1, 9])]
    refused = {int(pool.documents[1, column]) for column in np.flatnonzero(selection.reasons[1] >= 0)} - {1}
    assert {row for row, look in enumerate(looks) if look.name == "refused"} == refused
    assert len({look.shape for look in colouring.looks[1:]}) == len({look.colour for look in colouring.looks}) - 1
    assert looks[-1].name == "no candidate"


def test_sources_name_the_retrievers() -> None:
    pool = towers()
    only = {**pool.ranks, "bm25": np.where(pool.documents == 3, -1, pool.ranks["bm25"]).astype(np.int32)}
    colouring = by_source(replace(pool, ranks=only), 1)
    assert colouring.looks[colouring.codes[2]].name == "dense and bm25"
    assert colouring.looks[colouring.codes[3]].name == "dense"
    assert colouring.looks[colouring.codes[29]].name == "none"


def test_labels_of_any_query_or_of_one() -> None:
    pool = towers()
    labels = Labels.of([LabelEvent.of(pool.dataset, 2, 5, "drop"), LabelEvent.of(pool.dataset, 3, 5, "false negative")])
    everybody, one = by_label(pool, labels, None), by_label(pool, labels, 2)
    assert everybody.looks[everybody.codes[5]].name == "labelled false negative"
    assert one.looks[one.codes[5]].name == "labelled drop"
    assert one.looks[one.codes[6]].name == "not labelled"


def test_more_clusters_than_colours_share_a_look() -> None:
    colouring = by_cluster(np.arange(12, dtype=np.int32))
    names = [colouring.looks[code].name for code in colouring.codes]
    assert names[0] == "cluster 1"
    assert set(names[8:]) == {"others"}


def test_a_large_corpus_is_sampled_but_the_chosen_query_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_groups, "MOST_DOCUMENTS", 4)
    pool = towers()
    places = np.arange(60, dtype=np.float32).reshape(30, 2)
    projection = Projection(places, places[:8])
    selection = select(pool, find_recipe("nv_perc"))
    drawn = drawing(pool, projection, by_verdict(selection, Labels.of([]), 1), 1)
    points = {tuple(point) for group in drawn.groups for point in group.places.tolist()}
    assert {tuple(places[row].tolist()) for row in pool.documents[1]} <= points
    assert drawn.documents < 30
    assert [link[1].tolist() for link in drawn.links] == [places[1].tolist()]
    whole = drawing(pool, projection, by_verdict(selection, Labels.of([]), None), None)
    assert whole.documents == 4


def test_pairs_inside_leave_leaks_out() -> None:
    pool = towers()
    marked = np.zeros(30, dtype=bool)
    marked[1] = True
    assert pairs_inside(pool, marked, 1).tolist() == []
    assert pairs_inside(pool, marked, 0).tolist() == [[0, 1]]
    assert all(document == 1 for _, document in pairs_inside(pool, marked, None).tolist())


def test_of_many_marked_pairs_the_highest_priority_comes_first() -> None:
    pool = towers()
    marked = np.ones(30, dtype=bool)
    priority = suspicion(pool, scorer="dense", anchor="min")
    cells = {
        (int(pool.queries[row]), int(pool.documents[row, column])): float(priority[row, column])
        for row, column in np.argwhere(pool.eligible)
    }
    pairs = [tuple(pair) for pair in pairs_inside(pool, marked, None, priority).tolist()]
    found = [cells[pair] for pair in pairs]
    assert sorted(pairs) == sorted(cells)
    assert found == sorted(found, reverse=True)
