"""The Map page: where things lie, one query among them, and areas that become a queue."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import negviz.project
from negviz.charts import POSITIVE, TAKEN
from negviz.charts.map import FOUND, MARKED
from negviz.embeddings import Embeddings
from negviz.encode import embed
from negviz.errors import CancelledError
from negviz.home import home_folder
from negviz.labels import LabelEvent, Labels
from negviz.layout import pca
from negviz.marks import marks_of
from negviz.pool import Pool
from negviz.project import Projection
from negviz.queue import suspicion
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import save_pool
from negviz.ui import jobs, map_drawing
from negviz.ui.map_beside import around
from negviz.ui.map_drawing import Seen, drawing, hover, pairs_inside, star_of
from negviz.ui.map_groups import by_cluster, by_label, by_source, by_verdict
from negviz.ui.map_plane import AREAS, FRESH
from negviz.ui.map_scales import by_column, by_score, columns_of, stepped
from negviz.ui.marks import MARKS
from tests.app.conftest import HOSTILE, NAME, ROOT, towers, words
from tests.charts.test_map import unpacked
from tests.pools import make_dataset

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


class Turned(Handmade):
    """The same vectors seen from the other side."""

    name, identity = "turned", "hand-2"

    def encode_documents(self, texts: list[str]) -> np.ndarray:
        return super().encode_documents(texts)[:, [1, 0, 2]] * [-1, 1, 1]


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
    monkeypatch.setattr(negviz.project, "umap_apart", lambda vectors, settings, *_: -pca(vectors, settings.dims))
    yield
    for job in jobs.running():
        job.wait(10)


def plane(app: AppTest, place: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    """Head and parts of what a map was given."""
    return unpacked(app.get("bidi_component")[place].proto.bytes)


def titles(app: AppTest, place: int = 0) -> list[str]:
    return [group["title"] for group in plane(app, place)[0]["groups"]]


def mark_area(app: AppTest, *areas: dict[str, object], key: str = "map.plane") -> None:
    """What the callback of the map leaves when somebody has marked something."""
    app.session_state[AREAS] = {"plane": key, "areas": list(areas)}
    app.session_state[FRESH] = True
    app.run()


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
    assert [button.label for button in app.button if button.key == "map.again.hand-1"] == ["Draw it again"]
    assert len(calls) == 1


def test_an_area_becomes_the_linked_selection_a_list_and_a_queue(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert "Nothing is marked" in words(app)
    mark_area(app, EVERYTHING)
    assert not app.exception
    assert "**30 of 30** documents selected" in words(app)
    wanted = int(mapped.eligible.sum())
    found = app.session_state[MARKS]
    assert np.array_equal(found.mask, mapped.eligible)
    assert found.about == "Map: 30 documents, all queries"
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
    app.switch_page(PAGE)
    app.run()
    assert "**30 of 30** documents selected" in words(app)
    assert plane(app)[0]["areas"] == [EVERYTHING]


def test_what_is_cleared_on_the_map_is_marked_nowhere(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    mark_area(app, EVERYTHING)
    mark_area(app)
    assert not app.exception
    assert MARKS not in app.session_state
    assert "Nothing is marked" in words(app)
    mark_area(app, EVERYTHING)
    (clear,) = [button for button in app.button if button.key == "map.clear"]
    clear.click()
    app.run()
    assert not app.exception
    assert MARKS not in app.session_state
    assert plane(app)[0]["areas"] == []


def test_what_was_marked_elsewhere_has_a_ring_and_takes_the_place_of_an_area(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    mark_area(app, EVERYTHING)
    mask = np.zeros(mapped.documents.shape, dtype=bool)
    mask[0, :3] = True
    app.session_state[MARKS] = marks_of(mapped, mask, "score 0.8 to 0.9")
    app.run()
    assert not app.exception
    head, parts = plane(app)
    assert head["areas"] == []
    assert int((parts["states"] & MARKED).sum()) == 3
    assert "score 0.8 to 0.9" in words(app)
    assert "documents selected" not in words(app)


def test_one_query_sends_only_its_own_candidates_and_has_a_star(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.toggle(key="map.one").set_value(True)
    mark_area(app, EVERYTHING)
    assert not app.exception
    (send,) = [button for button in app.button if button.key == "map.send"]
    assert send.label == f"Send {int(mapped.eligible[0].sum())} pairs to the labelling queue"
    assert np.array_equal(app.session_state[MARKS].queries, [0])
    head, _ = plane(app)
    assert "chosen query (1)" in titles(app)
    selection = select(mapped, find_recipe("nv_perc"))
    taken = int(selection.taken[0].sum())
    refused = int((selection.reasons[0] >= 0).sum()) - 1
    assert sorted(len(line["places"]) for line in head["lines"]) == sorted([1, taken, refused])


COLOURS = [
    "Verdict",
    "Source",
    "Label",
    "Cluster",
    "Score by dense",
    "Score by bm25",
    "Length",
    "Likely false negatives",
]


@pytest.mark.parametrize("one", [True, False])
def test_every_colour_draws_every_document(mapped: Pool, open_app: Open, one: bool) -> None:
    app = open_app(PAGE)
    app.toggle(key="map.one").set_value(one)
    for colour in COLOURS:
        app.selectbox(key="map.colour").set_value(colour)
        app.run()
        assert not app.exception, colour
        head, parts = plane(app)
        assert head["points"] == 38
        stars = [number for number, entry in enumerate(head["groups"]) if entry["shape"] == "star"]
        assert int((~np.isin(parts["codes"], stars)).sum()) == 30, colour


def test_clusters_are_named_by_their_words_in_the_legend_and_on_the_map(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.selectbox(key="map.colour").set_value("Cluster")
    app.run()
    head, _ = plane(app)
    clusters = [title for title in titles(app) if not title.startswith("queries")]
    assert all(title[0].isdigit() and ": " in title for title in clusters)
    assert len(head["names"]) == len(clusters) == len(titles(app)) - 1
    assert HOSTILE not in json.dumps(head)


def test_labelling_elsewhere_leaves_places_as_they_are(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.run()
    before = plane(app)[0]["stamp"]
    app.run()
    assert plane(app)[0]["stamp"] == before


def test_a_search_says_how_many_it_finds_and_rings_them(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.text_input(key="map.search").set_value("TOWER 12")
    app.run()
    assert not app.exception
    assert "1 of 30 documents and 0 of 8 queries contain “TOWER 12”." in words(app)
    head, parts = plane(app)
    (ringed,) = np.flatnonzero(parts["states"] & FOUND)
    assert parts["texts"][ringed].startswith("Tower 12 Tower 12")
    assert head["searched"]
    app.text_input(key="map.search").set_value("  ")
    app.run()
    assert not plane(app)[0]["searched"]


def test_the_address_restores_the_view(mapped: Pool, open_app: Open) -> None:
    query = {"map.colour": "Length", "map.dims": "3-D", "map.picture": "PCA", "map.search": "metres", "map.one": "true"}
    app = open_app(PAGE, **query)
    app.query_params.clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.run()
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(PAGE)
    app.run()
    assert not app.exception
    head, _ = plane(app)
    assert head["dims"] == 3
    assert "PCA of the vectors" in words(app)
    assert "contain “metres”" in words(app)
    assert "chosen query (1)" in titles(app)


def test_an_area_in_space_is_seen_from_where_the_person_stood(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.button_group(key="map.dims").set_value("3-D")
    app.run()
    assert plane(app)[0]["dims"] == 3
    mark_area(app, {**EVERYTHING, "turn": [[1, 0, 0], [0, 0, 1]]})
    assert "**30 of 30** documents selected" in words(app)
    mark_area(app, EVERYTHING)
    assert "**0 of 30** documents selected" in words(app)


def test_another_recipe_stands_beside_the_map_at_the_same_places(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.selectbox(key="map.beside").set_value("Recipe nv_topk")
    app.run()
    assert not app.exception
    (left, one), (right, other) = plane(app, 0), plane(app, 1)
    assert left["link"] == right["link"] == "beside"
    assert left["bounds"] == right["bounds"]
    ours, theirs = (
        sorted(zip(part["places"].reshape(-1, 2).tolist(), part["texts"], strict=True)) for part in (one, other)
    )
    assert ours == theirs
    ringed = int((one["states"] & MARKED > 0).sum())
    assert ringed == int((other["states"] & MARKED > 0).sum()) > 0
    assert f"a ring is around the {ringed} that only one of them takes and that are no labelled positive." in words(app)
    (button,) = [button for button in app.button if button.key == "map.differs"]
    button.click()
    app.run()
    assert not app.exception
    here, there = (select(mapped, find_recipe(name)).taken for name in ("nv_perc", "nv_topk"))
    assert np.array_equal(app.session_state[MARKS].mask, here ^ there)


def test_a_recipe_that_cannot_run_beside_the_map_says_why(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.selectbox(key="map.beside").set_value("Recipe rocketqa")
    app.run()
    assert not app.exception
    assert "The other recipe cannot run on this pool." in words(app)


def test_another_encoder_is_laid_onto_the_map_and_what_moved_is_listed(mapped: Pool, open_app: Open) -> None:
    embed(mapped.dataset, Turned(), home=home_folder())  # type: ignore[arg-type]
    app = open_app(PAGE)
    app.selectbox(key="map.beside").set_value("Vectors of turned")
    app.run()
    assert not app.exception
    _, one = plane(app, 0)
    _, other = plane(app, 1)
    assert "What moved most" in words(app)
    assert np.allclose(one["places"], other["places"], atol=1e-4)


def test_the_lists_name_their_thresholds_and_lead_to_marks_and_queue(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.button_group(key="map.list").set_value("Positives far from their query")
    app.run()
    assert not app.exception
    app.slider(key="map.far").set_value(1.0)
    app.run()
    assert "8 of 8 positives have a cosine of at most 1.00 with their query." in words(app)
    (button,) = [button for button in app.button if button.key == "map.far.mark"]
    button.click()
    app.run()
    assert np.array_equal(app.session_state[MARKS].mask, mapped.present)
    app.button_group(key="map.list").set_value("Negatives that sit on a positive")
    app.run()
    app.slider(key="map.near").set_value(-1.0)
    app.run()
    taken = int(select(mapped, find_recipe("nv_perc")).taken.sum())
    assert f"{taken} of {taken} negatives taken have a cosine of at least -1.00" in words(app)
    (send,) = [button for button in app.button if button.key == "map.near.send"]
    send.click()
    app.run()
    assert not app.exception
    app.switch_page("pages/6_Label.py")
    app.run()
    assert len(app.session_state["label.desk"].walk.queue) == taken


def in_home(made: Pool) -> None:
    save_pool(made, home_folder() / "pools" / NAME)
    (home_folder() / "workspace.json").write_text(json.dumps({"pool": NAME}), "utf-8")


@pytest.mark.parametrize("documents", [1, 2, 20])
@pytest.mark.parametrize("queries", [0, 1])
def test_odd_pools_draw_something_sensible(open_app: Open, documents: int, queries: int) -> None:
    """One document, all vectors equal, no queries: points in a heap, no exception with any colour."""
    dataset = make_dataset(queries, documents, positives=[(f"q{row:02}", "d000", 1) for row in range(queries)])
    shape = (queries, documents)
    scores = np.full(shape, 0.5, np.float32)
    vectors = Embeddings(np.ones((queries, 3), np.float32), np.ones((documents, 3), np.float32), "cosine", "e", "same")
    in_home(
        Pool(
            dataset=dataset,
            queries=np.arange(queries, dtype=np.int32),
            documents=np.tile(np.arange(documents, dtype=np.int32), (queries, 1)),
            ranks={"dense": np.zeros(shape, np.int32)},
            scores={"dense": scores},
            positives=np.zeros((queries, 1), np.int32),
            positive_scores={"dense": np.ones((queries, 1), np.float32)},
            flags=np.zeros(shape, np.uint16),
            scales={"dense": "cosine"},
            embeddings=vectors,
            origin={"encoder": "e", "encoder_identity": "same", "similarity": "cosine"},
        )
    )
    app = open_app(PAGE)
    for colour in (name for name in COLOURS if "bm25" not in name):
        app.selectbox(key="map.colour").set_value(colour)
        app.run()
        assert not app.exception, colour
        assert app.get("bidi_component"), words(app)
        assert plane(app)[0]["points"] == documents + queries
    mark_area(app, EVERYTHING)
    assert not app.exception
    assert f"**{documents} of {documents}** documents selected" in words(app)


def test_a_recipe_that_cannot_run_leaves_the_map_and_says_why(mapped: Pool, open_app: Open) -> None:
    nothing = {name: np.full_like(layer, np.nan) for name, layer in mapped.positive_scores.items()}
    bare = replace(mapped, positives=np.full_like(mapped.positives, -1), positive_scores=nothing)
    in_home(bare)
    app = open_app(PAGE)
    assert not app.exception
    assert "The recipe cannot run on this pool" in words(app)
    assert plane(app)[0]["points"] == 38


def test_hover_text_is_short_plain_text() -> None:
    text = hover(HOSTILE + "\n" * 9 + "x" * 999)
    assert len(text) <= map_drawing.HOVER + 2
    assert "\n" not in text


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
    named = by_cluster(np.array([1, 0, 0], dtype=np.int32), [("air", "sea"), ()])
    assert [named.looks[code].name for code in named.codes] == ["cluster 2", "1: air, sea", "1: air, sea"]


def test_steps_hold_equally_many_and_say_from_where_to_where() -> None:
    found = stepped(np.array([*range(70), np.nan], dtype=np.float64), "none", "words")
    assert np.bincount(found.codes).tolist() == [1, *[10] * 7]
    assert [look.name for look in found.looks][:3] == ["none", "0 to 9.86", "9.86 to 19.7"]
    assert len({look.colour for look in found.looks}) == 8


@pytest.mark.parametrize(("values", "names"), [([np.nan], ["none"]), ([2, 2], ["none", "2"]), ([], ["none"])])
def test_steps_of_nothing_or_of_one_value(values: list[float], names: list[str]) -> None:
    found = stepped(np.array(values, dtype=np.float64), "none", "words")
    assert [look.name for look in found.looks] == names


def test_the_score_is_that_of_the_chosen_query_or_the_best() -> None:
    pool = towers()
    best, own = by_score(pool, "dense", None), by_score(pool, "dense", 7)
    assert {own.looks[code].name for code in own.codes[1:7]} == {"no score"}
    assert best.looks[best.codes[29]].name == "no score"
    assert "chosen query" in own.words


def test_columns_with_a_few_values_colour_documents_or_queries() -> None:
    dataset = make_dataset(3, 4, groups=["a", None, "b", "a"], answers={"q01": ["yes"]})
    assert columns_of(dataset) == {
        "Column group of the documents": ("documents", "group"),
        "Column answers of the queries": ("queries", "answers"),
    }
    groups = by_column(dataset, "documents", "group")
    assert [groups.looks[code].name for code in groups.codes] == ["a", "none", "b", "a"]
    answers = by_column(dataset, "queries", "answers").of_queries
    assert answers is not None
    told = [answers.looks[code].name for code in answers.codes]
    assert told == ["without answers", "with answers", "without answers"]


def test_a_large_corpus_is_sampled_but_the_chosen_query_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_drawing, "MOST_DOCUMENTS", 4)
    pool = towers()
    places = np.arange(60, dtype=np.float32).reshape(30, 2)
    projection = Projection(places, places[:8])
    selection = select(pool, find_recipe("nv_perc"))
    nobody = Labels.of([])
    drawn = drawing(pool, projection, by_verdict(selection, nobody, 1), 1)
    points = {tuple(point) for group in drawn.groups for point in group.places.tolist()}
    assert {tuple(places[row].tolist()) for row in pool.documents[1]} <= points
    assert drawn.documents < 30
    ends = {star.colour: star.ends.tolist() for star in star_of(selection, nobody, projection, 1)}
    assert ends[POSITIVE] == [places[1].tolist()]
    assert ends[TAKEN] == places[np.sort(pool.documents[1][selection.taken[1]])].tolist() or len(ends[TAKEN]) == 4
    whole = drawing(pool, projection, by_verdict(selection, nobody, None), None)
    assert whole.documents == 4
    found = np.zeros(30, dtype=bool)
    found[[20, 29]] = True
    assert drawing(pool, projection, by_verdict(selection, nobody, None), None, Seen(documents=found)).documents >= 4
    texts = [
        text
        for group in drawing(pool, projection, by_verdict(selection, nobody, None), None, Seen(found)).groups
        for text in group.texts
    ]
    assert {"Tower 20 Tower 20 has 200 metres.", "Tower 29 Tower 29 has 290 metres."} <= set(texts)


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


def test_the_legend_names_the_queries_last_wherever_they_are_drawn(mapped: Pool, open_app: Open) -> None:
    app = open_app(PAGE, **{"map.colour": "Cluster"})
    head, _ = plane(app)
    last = [group["name"] for group in head["groups"] if group["last"]]
    assert last == ["queries"]
    assert head["groups"][-1]["name"] != "queries"


def test_two_maps_show_what_lies_on_either() -> None:
    near, far = (
        Projection(np.array([[0, 0], [1, 1]], np.float32), np.zeros((0, 2), np.float32)),
        Projection(np.array([[-3, 0], [0, 2]], np.float32), np.array([[5, 0]], np.float32)),
    )
    assert around(near, far) == ([-3.0, 0.0], [5.0, 2.0])
    nothing = Projection(np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32))
    assert around(nothing) is None
