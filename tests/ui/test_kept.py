"""Selections kept for the next look."""

from negviz.pool import Pool
from negviz.select import select
from negviz.ui.kept import KeptSelections, held_by
from tests.pools import recipe


def test_a_selection_is_made_once(full: Pool) -> None:
    made: list[int] = []
    kept = KeptSelections()
    for _ in range(3):
        kept.get("a", lambda: made.append(1) or select(full, recipe()))
    assert len(made) == 1


def test_the_one_not_looked_at_for_longest_goes_first(full: Pool) -> None:
    kept = KeptSelections(most=2)
    first = kept.get("a", lambda: select(full, recipe()))
    kept.get("b", lambda: select(full, recipe()))
    assert kept.get("a", lambda: select(full, recipe())) is first
    kept.get("c", lambda: select(full, recipe()))
    assert len(kept) == 2
    assert kept.get("a", lambda: select(full, recipe())) is first


def test_as_many_are_kept_as_fit_and_the_newest_always(full: Pool) -> None:
    size = held_by(select(full, recipe()))
    assert size >= full.documents.size
    kept = KeptSelections(limit=3 * size)
    for name in range(6):
        kept.get(name, lambda: select(full, recipe()))
    assert len(kept) == 3
    small = KeptSelections(limit=1)
    for name in range(3):
        small.get(name, lambda: select(full, recipe()))
    assert len(small) == 1


def test_what_a_selection_grows_to_is_weighed(full: Pool) -> None:
    grown = select(full, recipe())
    before = held_by(grown)
    assert grown.taken.nbytes + before == held_by(grown)
