"""Selecting in groups: the same file as at once, whoever works on it, however often, and in whatever order."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negviz.advice import outcome_warnings
from negviz.draws import DRAWS
from negviz.engines import open_engine
from negviz.errors import DataError, MissingInputError
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.parts import InOrder, Parts
from negviz.recipe import Step, published
from negviz.select import choose, looks_across, select
from negviz.selecting import memory_note, select_to_file
from negviz.selection import Funnel, group_size, groups_of
from negviz.selection_file import SELECTION_KEY, SelectionFile, selection_table
from negviz.store import open_pool, read_selection, save_pool, save_selection
from negviz.strategies import STRATEGIES
from tests.methods import runnable
from tests.pools import pools, recipe
from tests.unruly import Unruly

RECIPES = sorted(published())
# Cells of a group of the full pool, of 60 columns: one query, four, and all 24.
SIZES = (1, 250, 1 << 20)


@pytest.fixture
def stored(full, tmp_path):
    save_pool(full, tmp_path / "pool")
    return tmp_path / "pool"


@pytest.fixture(params=SIZES)
def cells(request, monkeypatch):
    """Pools in groups of one query, of four, and in one group."""
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", request.param)
    return request.param


def some_labels(pool):
    said = [(0, 3, Verdict.FALSE_NEGATIVE), (2, 5, Verdict.DROP), (9, 1, Verdict.TRUE_NEGATIVE)]
    return Labels.of(
        LabelEvent.of(pool.dataset, int(pool.queries[row]), int(pool.documents[row, column]), verdict)
        for row, column, verdict in said
    )


def streamed(stored, wanted, out, **more):
    return select_to_file(stored, wanted, out, **{"engine": open_engine(), **more})


def test_a_group_is_a_power_of_two_and_groups_cover_the_pool_once(monkeypatch):
    assert [group_size(depth) for depth in (0, 1, 100, 1000, 1 << 20, 1 << 21)] == [1 << 20, 1 << 20, 8192, 1024, 1, 1]
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    assert [rows.tolist() for rows in groups_of(9, 60)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8]]


def test_funnels_add_up():
    one, two = Funnel(2, 10, (3, 1), 4, 2, 1, 1, 0), Funnel(1, 5, (0, 2), 1, 2, 0, 0, 1)
    assert one.plus(two) == Funnel(3, 15, (3, 3), 5, 4, 1, 1, 1)


@pytest.mark.parametrize("name", RECIPES)
def test_a_file_made_in_groups_is_the_one_made_at_once(name, full, stored, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    found = select(full, runnable(full, published()[name]))
    save_selection(found, tmp_path / "once.parquet")
    told = streamed(stored, published()[name], tmp_path / "groups.parquet", engine=Unruly())
    assert (tmp_path / "groups.parquet").read_bytes() == (tmp_path / "once.parquet").read_bytes()
    assert told.summary() == found.summary()
    assert told.fingerprint == found.fingerprint
    assert not (tmp_path / ".groups.parquet.parts").exists()


@pytest.mark.parametrize("underfill", ["keep", "drop", "pad"])
@pytest.mark.parametrize("labelled", [False, True])
def test_labels_and_short_queries_are_the_same_in_groups(underfill, labelled, full, stored, tmp_path, cells):
    steps = ["relative_margin", ("near_positive", {"width": 0.2})]
    wanted = recipe(*steps, draw="sample", underfill=underfill, count=30, seed=4, backfill=Step("rank_window"))
    labels = some_labels(full) if labelled else Labels.of(())
    found = select(full, wanted, labels)
    save_selection(found, tmp_path / "once.parquet")
    told = streamed(stored, wanted, tmp_path / "groups.parquet", labels=labels)
    assert (tmp_path / "groups.parquet").read_bytes() == (tmp_path / "once.parquet").read_bytes()
    assert told.summary() == found.summary()
    back = read_selection(tmp_path / "groups.parquet", open_pool(stored))
    assert back.fingerprint == found.fingerprint
    assert back.summary() == found.summary()
    for name in ("weights", "reasons", "columns", "backfilled", "taken"):
        assert np.array_equal(getattr(back, name), getattr(found, name)), name


def test_rows_do_not_depend_on_the_size_of_groups(full, stored, tmp_path, monkeypatch):
    tables = []
    for size in SIZES:
        monkeypatch.setattr("negviz.selection.GROUP_CELLS", size)
        streamed(stored, published()["nv_perc"], tmp_path / "s.parquet")
        tables.append(pq.read_table(tmp_path / "s.parquet").replace_schema_metadata(None).combine_chunks())
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])


@given(pool=pools(), draw=st.sampled_from(["top", "sample"]))
def test_any_pool_in_groups_of_a_query_is_chosen_from_as_at_once(pool, draw):
    wanted = recipe(("score_ceiling", {"ceiling": 0.5}), "rank_window", draw=draw, count=2)
    whole = select(pool, wanted)
    for rows in np.array_split(np.arange(len(pool), dtype=np.int32), len(pool)):
        part = choose(pool.part(rows), wanted)
        assert np.array_equal(part.columns, whole.columns[rows])
        assert np.array_equal(part.reasons, whole.reasons[rows])
        assert np.array_equal(part.weights, whole.weights[rows])


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in STRATEGIES])
def test_what_does_not_look_across_queries_gives_each_the_same_alone(entry, full):
    wanted = recipe(entry.name, draw="sample", count=5)
    if entry.trait("across"):
        assert looks_across(wanted) == [entry.name]
        return
    assert_apart(full, runnable(full, wanted))


@pytest.mark.parametrize("draw", sorted(entry.name for entry in DRAWS))
def test_draws_look_at_one_query_at_a_time(draw, full):
    assert not looks_across(recipe(draw=draw))
    assert_apart(full, recipe("relative_margin", draw=draw, count=5))


def assert_apart(pool, wanted):
    """See that each query alone has the outcome that it has among all."""
    whole = select(pool, wanted)
    for rows in ([0], [1, 2, 3], [23, 5]):
        asked = np.array(rows, dtype=np.int32)
        part = choose(pool.part(asked), wanted)
        for name in ("reasons", "columns", "weights"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)[asked]), name


def test_sources_look_across_queries():
    assert looks_across(published()["in_batch"]) == ["in_batch"]
    assert looks_across(published()["nv_perc"]) == []
    assert looks_across(recipe("reuse_cap")) == ["reuse_cap"]


def test_a_block_without_what_the_pool_has_is_no_error(full, stored, tmp_path, monkeypatch):
    """Every other query has answers: alone, one without any must not stop the run."""
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 1)
    wanted = recipe("without_answer", count=3)
    assert streamed(stored, wanted, tmp_path / "s.parquet").summary() == select(full, wanted).summary()


def test_a_stopped_run_goes_on_and_does_not_work_on_what_is_finished(full, stored, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    with pytest.raises(RuntimeError, match="unplugged"):
        streamed(stored, published()["nv_perc"], tmp_path / "s.parquet", engine=Unruly(stop_after=3))
    assert not (tmp_path / "s.parquet").exists()
    pieces = sorted((tmp_path / ".s.parquet.parts").rglob("*.arrow"))
    assert len(pieces) >= 3
    before = [piece.stat().st_mtime_ns for piece in pieces]
    with pytest.raises(RuntimeError, match="unplugged"):
        streamed(stored, published()["nv_perc"], tmp_path / "s.parquet", engine=Unruly(stop_after=5))
    assert [piece.stat().st_mtime_ns for piece in pieces] == before
    streamed(stored, published()["nv_perc"], tmp_path / "s.parquet")
    save_selection(select(full, published()["nv_perc"]), tmp_path / "once.parquet")
    assert (tmp_path / "s.parquet").read_bytes() == (tmp_path / "once.parquet").read_bytes()
    assert not (tmp_path / ".s.parquet.parts").exists()


def test_what_another_recipe_left_is_not_taken_for_this_one(full, stored, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    with pytest.raises(RuntimeError, match="unplugged"):
        streamed(stored, published()["nv_perc"], tmp_path / "s.parquet", engine=Unruly(stop_after=3))
    streamed(stored, published()["nv_topk"], tmp_path / "s.parquet")
    save_selection(select(full, published()["nv_topk"]), tmp_path / "once.parquet")
    assert (tmp_path / "s.parquet").read_bytes() == (tmp_path / "once.parquet").read_bytes()


def test_a_damaged_piece_is_named(stored, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    with pytest.raises(RuntimeError, match="unplugged"):
        streamed(stored, published()["nv_perc"], tmp_path / "s.parquet", engine=Unruly(stop_after=3))
    for piece in (tmp_path / ".s.parquet.parts").rglob("*.arrow"):
        piece.write_bytes(b"half")
    with pytest.raises(DataError, match="is damaged"):
        streamed(stored, published()["nv_perc"], tmp_path / "s.parquet")


def test_pieces_are_passed_on_in_their_order_and_once():
    seen = []
    order = InOrder(range(4), seen.append)
    for number in (2, 0, 2, 1, 1):
        order.add(number)
    assert seen == [0, 1, 2]
    with pytest.raises(DataError, match="1 blocks of queries were not worked on"):
        order.check()
    order.add(3)
    order.check()
    assert seen == [0, 1, 2, 3]


def test_a_piece_is_written_once_and_says_what_it_is(tmp_path):
    parts = Parts.beside(tmp_path / "out.parquet", "facts")
    assert not parts.has(0)
    parts.write(0, pa.table({"a": [1, 2]}).replace_schema_metadata({"said": "first"}))
    parts.write(0, pa.table({"a": [3, 4]}))
    assert parts.read(0)["a"].to_pylist() == [1, 2]
    assert parts.read(0).schema.metadata == {b"said": b"first"}
    assert Parts.beside(tmp_path / "out.parquet", "others").key != parts.key
    parts.clear()
    assert not (tmp_path / ".out.parquet.parts").exists()


def test_a_file_in_another_order_is_read_by_its_ids(full, tmp_path, cells):
    found = select(full, published()["simans"])
    save_selection(found, tmp_path / "s.parquet")
    table = selection_table(found)
    turned = table.take(np.random.default_rng(0).permutation(len(table)))
    pq.write_table(turned, tmp_path / "turned.parquet", row_group_size=100)
    assert SelectionFile(tmp_path / "s.parquet", full).by_group
    assert not SelectionFile(tmp_path / "turned.parquet", full).by_group
    back = read_selection(tmp_path / "turned.parquet", full)
    for name in ("weights", "reasons", "columns"):
        assert np.array_equal(getattr(back, name), getattr(found, name)), name
    assert back.fingerprint == found.fingerprint


def test_rows_that_were_changed_within_a_group_are_still_found_by_their_ids(full, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 1 << 20)
    found = select(full, published()["nv_perc"])
    save_selection(found, tmp_path / "s.parquet")
    file = pq.ParquetFile(tmp_path / "s.parquet")
    table = file.read().take(np.arange(file.metadata.num_rows)[::-1])
    about = file.metadata.metadata[SELECTION_KEY]
    pq.write_table(table.replace_schema_metadata({SELECTION_KEY: about}), tmp_path / "turned.parquet")
    back = SelectionFile(tmp_path / "turned.parquet", full)
    assert back.by_group
    assert np.array_equal(back.whole().columns, found.columns)


def test_pairs_and_steps_that_are_not_of_the_pool_are_refused(full, tmp_path):
    table = selection_table(select(full, published()["nv_perc"]))
    names = table["document_id"].to_pylist()
    odd = table.set_column(1, "document_id", pa.array(["nobody", *names[1:]], pa.large_string()))
    pq.write_table(odd, tmp_path / "odd.parquet")
    with pytest.raises(DataError, match="names a pair that is no candidate"):
        read_selection(tmp_path / "odd.parquet", full)
    place = table.column_names.index("refused_by")
    pq.write_table(table.set_column(place, "refused_by", pa.array(["made up"] * len(table))), tmp_path / "step.parquet")
    with pytest.raises(DataError, match="names a step that its recipe does not have"):
        read_selection(tmp_path / "step.parquet", full)


def test_weights_stay_on_disk_until_they_are_asked_for_and_survive_a_new_file(full, tmp_path):
    found = select(full, published()["simans"])
    save_selection(found, tmp_path / "s.parquet")
    back = read_selection(tmp_path / "s.parquet", full)
    assert callable(back.drawn_from)
    save_selection(select(full, published()["nv_perc"]), tmp_path / "s.parquet")
    assert np.array_equal(back.weights, found.weights)


def test_a_file_says_what_it_is(full, tmp_path, monkeypatch):
    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    found = select(full, published()["nv_perc"])
    save_selection(found, tmp_path / "s.parquet")
    file = pq.ParquetFile(tmp_path / "s.parquet")
    about = json.loads(file.metadata.metadata[SELECTION_KEY])
    assert about["summary"] == found.summary()
    assert about["selection"] == found.fingerprint
    assert about["rows"] == [int(full.present[rows].sum()) for rows in groups_of(24, 60)]
    assert file.num_row_groups == 6


def test_what_is_missing_is_said_before_anything_is_worked_on(tiny, tmp_path):
    save_pool(tiny, tmp_path / "pool")
    with pytest.raises(MissingInputError, match="no scores called 'bm25'"):
        streamed(tmp_path / "pool", published()["bm25"], tmp_path / "s.parquet")
    assert not list(tmp_path.glob(".s.parquet*"))


def test_a_warning_needs_counts_alone(stored, full, tmp_path):
    nothing = recipe(("score_floor", {"floor": 1000.0}), count=3)
    told = streamed(stored, nothing, tmp_path / "s.parquet")
    assert outcome_warnings(told) == outcome_warnings(select(full, nothing))
    assert "Nothing was taken" in outcome_warnings(told)[0]


def test_a_recipe_that_cannot_be_cut_says_what_it_takes(full):
    assert memory_note(full, published()["nv_perc"], 1) == []
    (said,) = memory_note(full, recipe("reuse_cap"), 1)
    assert "'reuse_cap' looks across queries, so all 24 are worked on at once" in said


def test_places_of_fsspec_are_read_and_written(full, stored, tmp_path, monkeypatch):
    import fsspec

    monkeypatch.setattr("negviz.selection.GROUP_CELLS", 250)
    monkeypatch.setenv("NEGVIZ_NODE", str(tmp_path / "node"))
    system = fsspec.filesystem("memory")
    system.put(str(stored), "/there/pool", recursive=True)
    streamed("memory://there/pool", published()["nv_perc"], "memory://there/s.parquet", engine=Unruly())
    save_selection(select(full, published()["nv_perc"]), tmp_path / "once.parquet")
    assert system.cat_file("/there/s.parquet") == (tmp_path / "once.parquet").read_bytes()
    assert [name for name in system.find("/there") if ".parts" in name] == []
    system.rm("/there", recursive=True)
