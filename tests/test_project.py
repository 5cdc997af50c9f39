"""Projections: the same picture every time, kept on disk; areas hold what lies inside them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import negviz.project
import negviz.umap_layout
from negviz.areas import inside
from negviz.embeddings import Embeddings
from negviz.errors import CancelledError, NegvizError
from negviz.layout import ProjectionSettings, aligned, pca, sample_rows, unit_length
from negviz.project import Projection, clusters, place_new, project, stored_projection
from negviz.umap_layout import _neighbours, beside_neighbours, umap_apart, umap_layout

PCA = ProjectionSettings(method="pca")


def groups_of_vectors(each: int = 40, dims: int = 8) -> np.ndarray:
    """Three bundles of directions, one after the other."""
    random = np.random.default_rng(5)
    axes = np.eye(dims)[:3]
    return unit_length(np.concatenate([axis + random.normal(0, 0.1, (each, dims)) for axis in axes]).astype(np.float32))


def embeddings() -> Embeddings:
    vectors = groups_of_vectors()
    return Embeddings(vectors[::10], vectors, "cosine", "by hand", "hand-1")


def test_pca_finds_the_widest_directions_and_has_one_side_up() -> None:
    plane = np.array([[-3.0, 0, 0], [3, 0, 0], [0, 1, 0], [0, -1, 0]], dtype=np.float32)
    assert np.allclose(pca(plane), plane[:, :2], atol=1e-6)
    assert np.allclose(pca(-plane), -plane[:, :2], atol=1e-6)


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (5, 1), (5, 3)])
def test_pca_of_little_or_nothing_is_finite(shape: tuple[int, int]) -> None:
    points = pca(np.ones(shape, dtype=np.float32))
    assert points.shape == (shape[0], 2)
    assert not points.any()
    assert pca(np.ones(shape, dtype=np.float32), 3).shape == (shape[0], 3)


def test_unit_length_leaves_zeros_alone() -> None:
    assert unit_length(np.array([[3.0, 4.0], [0, 0]], dtype=np.float32)).tolist() == [
        [pytest.approx(0.6), pytest.approx(0.8)],
        [0, 0],
    ]


def test_a_projection_is_kept_and_read_back(tmp_path: Path) -> None:
    made = project(embeddings(), "data-1", PCA, home=tmp_path)
    assert made.documents.shape == (120, 2)
    assert made.queries.shape == (12, 2)
    (file,) = (tmp_path / "projections").glob("*.npy")
    assert not list((tmp_path / "projections").glob(".*"))
    read = stored_projection("data-1", "hand-1", PCA, documents=120, home=tmp_path)
    assert read is not None
    assert np.array_equal(read.documents, made.documents)
    assert np.array_equal(read.queries, made.queries)
    for other in (("data-2", "hand-1", PCA), ("data-1", "hand-2", PCA), ("data-1", "hand-1", ProjectionSettings())):
        assert stored_projection(*other, documents=120, home=tmp_path) is None
    file.write_bytes(b"cut short")
    assert stored_projection("data-1", "hand-1", PCA, documents=120, home=tmp_path) is None
    assert np.array_equal(project(embeddings(), "data-1", PCA, home=tmp_path).documents, made.documents)


def test_what_was_stopped_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise CancelledError("stopped")

    monkeypatch.setattr(negviz.project, "umap_apart", stopped)
    with pytest.raises(CancelledError):
        project(embeddings(), "data-1", home=tmp_path)
    assert not list(tmp_path.rglob("*.npy"))


def test_umap_in_its_own_process_keeps_neighbours_together_and_draws_the_same_picture_twice() -> None:
    vectors, settings = groups_of_vectors(), ProjectionSettings(epochs=50)
    stages: list[str] = []
    points = umap_apart(vectors, settings, lambda stage, done, total: stages.append(stage))
    assert np.array_equal(points, umap_apart(vectors, settings))
    assert points.shape == (120, 2)
    assert np.isfinite(points).all()
    assert {"finding nearest neighbours", "arranging the map"} <= set(stages)
    middles = points.reshape(3, 40, 2).mean(axis=1)
    nearest = ((points[:, None, :] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(nearest, np.repeat([0, 1, 2], 40))


def test_a_stop_ends_the_process_of_umap() -> None:
    with pytest.raises(CancelledError):
        umap_apart(groups_of_vectors(), ProjectionSettings(), cancelled=lambda: True)


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(NegvizError, match="TypeError"):
        umap_apart(groups_of_vectors(), ProjectionSettings(neighbours="many"))  # type: ignore[arg-type]


@pytest.mark.parametrize("vectors", [np.ones((8, 3)), np.ones((50, 3))])
def test_few_points_or_all_the_same_need_no_umap(vectors: np.ndarray) -> None:
    assert not umap_layout(unit_length(vectors.astype(np.float32)), ProjectionSettings()).any()


def test_a_point_is_its_own_first_neighbour_among_copies() -> None:
    vectors = unit_length(np.repeat(np.eye(3, dtype=np.float32), 30, axis=0))
    places, distances = _neighbours(vectors, 5)
    assert np.array_equal(places[:, 0], np.arange(90))
    assert all(len(set(row)) == 5 for row in places.tolist())
    assert np.allclose(distances, 0, atol=1e-6)


def test_points_that_were_not_arranged_go_to_their_neighbours() -> None:
    vectors = groups_of_vectors()
    places = np.repeat([[0.0, 0], [10, 0], [0, 10]], 20, axis=0).astype(np.float32)
    placed = beside_neighbours(vectors[1::2], vectors[::2], places, 5)
    assert np.allclose(placed, places, atol=1e-3)
    assert beside_neighbours(vectors[:2], vectors[:3], places[:3], 15).shape == (2, 2)
    assert not beside_neighbours(vectors[:2], vectors[:0], places[:0]).any()


def test_new_texts_are_placed_on_a_map_that_stays_as_it_is() -> None:
    known = embeddings()
    places = np.repeat([[0.0, 0, 1], [10, 0, 1], [0, 10, 1]], 40, axis=0).astype(np.float32)
    placed = place_new(5 * known.documents[[3, 50, 100]], known, Projection(places, places[:0]))
    assert np.allclose(placed, places[[3, 50, 100]], atol=1e-3)


def test_the_whole_of_umap_places_what_it_did_not_arrange(monkeypatch: pytest.MonkeyPatch) -> None:
    def arranged(vectors: np.ndarray, *_: object) -> np.ndarray:
        return pca(vectors)

    monkeypatch.setattr(negviz.umap_layout, "_arrange", arranged)
    placed = umap_layout(groups_of_vectors(), ProjectionSettings(fitted=60))
    fitted = sample_rows(120, 60)
    assert np.allclose(placed[fitted], pca(groups_of_vectors()[fitted]))
    middles = placed.reshape(3, 40, 2).mean(axis=1)
    nearest = ((placed[:, None, :] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
    assert np.array_equal(nearest, np.repeat([0, 1, 2], 40))


def test_three_dimensions_are_kept_apart_from_two(tmp_path: Path) -> None:
    space = ProjectionSettings(method="pca", dims=3)
    flat, deep = (project(embeddings(), "data-1", settings, home=tmp_path) for settings in (PCA, space))
    assert deep.documents.shape == (120, 3)
    assert np.allclose(deep.documents[:, :2], flat.documents, atol=1e-5)
    assert len(list((tmp_path / "projections").glob("*.npy"))) == 2
    read = stored_projection("data-1", "hand-1", space, documents=120, home=tmp_path)
    assert read is not None
    assert np.array_equal(read.queries, deep.queries)


def test_a_layout_that_was_turned_mirrored_moved_and_scaled_is_laid_back() -> None:
    places = np.random.default_rng(3).normal(size=(40, 2)).astype(np.float32)
    turn = np.array([[0.6, 0.8], [0.8, -0.6]])
    other = (3 * places @ turn + [5, -2]).astype(np.float32)
    assert np.allclose(aligned(other, places), places, atol=1e-4)
    other[0] += 30
    moved = np.linalg.norm(aligned(other, places) - places, axis=1)
    assert moved.argmax() == 0
    strangers = np.random.default_rng(4).normal(size=(40, 2)).astype(np.float32)
    assert np.isclose(np.std(aligned(strangers, places) - places.mean(axis=0)), np.std(places - places.mean(axis=0)))


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.ones((1, 2)), np.ones((5, 3))])
def test_layouts_without_any_spread_are_laid_onto_the_middle(points: np.ndarray) -> None:
    onto = np.arange(points.size, dtype=np.float32).reshape(points.shape)
    assert np.allclose(aligned(points.astype(np.float32), onto), onto.mean(axis=0) if len(onto) else onto)


def test_a_projection_knows_its_ends() -> None:
    places = np.array([[0, 5], [2, 1]], dtype=np.float32)
    assert Projection(places, np.array([[9, 3]], dtype=np.float32)).bounds == ([0, 1], [9, 5])
    assert Projection(places, places[:0]).bounds == ([0, 1], [2, 5])
    assert Projection(places[:0], places[:0]).bounds is None


def test_a_sample_is_seeded_sorted_and_whole_where_it_fits() -> None:
    assert sample_rows(5, 5).tolist() == [0, 1, 2, 3, 4]
    rows = sample_rows(1000, 10, seed=3)
    assert len(set(rows.tolist())) == 10
    assert np.array_equal(rows, np.sort(rows))
    assert np.array_equal(rows, sample_rows(1000, 10, seed=3))
    assert not np.array_equal(rows, sample_rows(1000, 10, seed=4))


def test_clusters_are_the_bundles_the_largest_first() -> None:
    vectors = np.concatenate([groups_of_vectors(), groups_of_vectors()[:40]])
    found = clusters(vectors, 3)
    assert np.bincount(found).tolist() == [80, 40, 40]
    assert len(set(found[:40].tolist())) == len(set(found[40:80].tolist())) == 1
    assert np.array_equal(found, clusters(vectors, 3))
    assert clusters(vectors[:2], 8).max() <= 1
    assert not len(clusters(vectors[:0], 8))


SQUARE = np.array([[0, 0], [1, 1], [2, 2], [0.5, 3]], dtype=np.float32)


def test_a_box_holds_its_edges_whatever_the_order_of_its_ends() -> None:
    for ends in ([[0, 1], [0, 1]], [[1, 0], [1, 0]]):
        assert inside(SQUARE, [{"brush_type": "rect", "coord_range": ends}]).tolist() == [True, True, False, False]


def test_a_hollow_polygon_does_not_hold_its_hollow() -> None:
    horseshoe = [[-1, -1], [3, -1], [3, 3], [2.5, 3], [2.5, 0.5], [-0.5, 0.5], [-0.5, 3], [-1, 3]]
    area = {"brush_type": "polygon", "coord_range": horseshoe}
    assert inside(SQUARE, [area]).tolist() == [True, False, False, False]
    both = [area, {"brush_type": "rect", "coord_range": [[2, 2], [2, 2]]}]
    assert inside(SQUARE, both).tolist() == [True, False, True, False]


@pytest.mark.parametrize(
    "area",
    [
        {},
        {"brush_type": "rect"},
        {"brush_type": "rect", "coord_range": "x"},
        {"brush_type": "rect", "coord_range": [[0, float("nan")], [0, 1]]},
        {"brush_type": "polygon", "coord_range": [[0, 0], [1, 1]]},
        {"brush_type": "polygon", "coord_range": [[0, 0], [1]]},
        {"brush_type": "lineX", "coord_range": [[0, 1], [0, 1]]},
    ],
)
def test_what_is_no_area_holds_nothing(area: dict[str, object]) -> None:
    assert not inside(SQUARE, [area]).any()


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), min_size=1, max_size=40))
def test_a_box_drawn_as_a_polygon_holds_the_same_points(points: list[tuple[float, float]]) -> None:
    places = np.array(points, dtype=np.float32)
    places = places[(np.abs(np.abs(places) - 2) > 1e-3).all(axis=1)]
    box = inside(places, [{"brush_type": "rect", "coord_range": [[-2, 2], [-2, 2]]}])
    drawn = [[-2, -2], [2, -2], [2, 2], [-2, 2]]
    assert np.array_equal(box, inside(places, [{"brush_type": "polygon", "coord_range": drawn}]))
