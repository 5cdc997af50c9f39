"""How far several annotators agree: Cohen's kappa of two, Krippendorff's alpha of all, with intervals."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from negviz.arrays import Floats
from negviz.labels.events import ADJUDICATION, LabelEvent, Verdict
from negviz.labels.state import voices

RESAMPLES = 2000
OPINIONS = (Verdict.FALSE_NEGATIVE, Verdict.TRUE_NEGATIVE, Verdict.DROP)
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of agreement: 1 is perfect, 0 what chance would give, less is worse than chance.

    Attributes:
        value: The coefficient; None where it is not defined, as when everybody said the same of every pair: then
            nothing tells skill from habit.
        low: Lower end of the 95% interval (bootstrap over pairs, percentiles); None where there is none.
        high: Upper end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class TwoAgree:
    """Two annotators.

    Attributes:
        first: One name.
        second: The other, later in the alphabet.
        pairs: Pairs on which both have an opinion.
        agreed: How many of those both gave the same verdict.
        kappa: Cohen's kappa (Cohen 1960).
    """

    first: str
    second: str
    pairs: int
    agreed: int
    kappa: Coefficient


@dataclass(frozen=True)
class Agreement:
    """All annotators.

    Attributes:
        annotators: Number of pairs on which each has an opinion.
        pairs: Pairs with at least two opinions; alpha rests on them.
        agreed: How many of those have opinions that are all the same.
        alpha: Krippendorff's alpha for nominal values (Krippendorff 2011), which allows for missing opinions.
        unsure: Voices that said ``unsure``; that is no opinion and counts nowhere else.
        two: Each two annotators who have pairs in common.
    """

    annotators: dict[str, int]
    pairs: int
    agreed: int
    alpha: Coefficient
    unsure: int
    two: tuple[TwoAgree, ...]


def agreement(events: Iterable[LabelEvent]) -> Agreement:
    """Compare what annotators say now of the pairs that several of them judged.

    Adjudications are left out: whoever settles a conflict has seen the others' verdicts. What somebody said of the pair
    before they adjudicated it counts.

    Args:
        events: The whole history, as of ``LabelStore.events``.
    """
    said = [event for event in events if event.queue != ADJUDICATION]
    spoken = [event for heard in voices(said).values() for event in heard]
    opinions = [event for event in spoken if event.verdict in OPINIONS]
    names = sorted({event.annotator for event in opinions})
    pairs = sorted({event.pair for event in opinions})
    row, column = {pair: place for place, pair in enumerate(pairs)}, {name: place for place, name in enumerate(names)}
    codes = np.full((len(pairs), len(names)), -1, dtype=np.int64)
    for event in opinions:
        codes[row[event.pair], column[event.annotator]] = OPINIONS.index(event.verdict)
    several = codes[(codes >= 0).sum(axis=1) >= 2]
    counts = np.stack([(several == code).sum(axis=1) for code in range(len(OPINIONS))], axis=1)
    return Agreement(
        annotators={name: int((codes[:, place] >= 0).sum()) for name, place in column.items()},
        pairs=len(several),
        agreed=int((counts.max(axis=1, initial=0) == counts.sum(axis=1)).sum()),
        alpha=_alpha(counts),
        unsure=len(spoken) - len(opinions),
        two=tuple(found for one, other in combinations(names, 2) if (found := _two(codes, column, one, other))),
    )


def _two(codes: Codes, column: dict[str, int], one: str, other: str) -> TwoAgree | None:
    both = codes[:, [column[one], column[other]]]
    both = both[(both >= 0).all(axis=1)]
    if not len(both):
        return None
    return TwoAgree(one, other, len(both), int((both[:, 0] == both[:, 1]).sum()), _kappa(both))


def _kappa(both: Codes) -> Coefficient:
    """Cohen's kappa of (pairs, 2) codes."""
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(both)) < 2:
        return Coefficient(None)
    value = float(cohen_kappa_score(both[:, 0], both[:, 1]))
    return _with_interval(value, both, _kappas)


def _alpha(counts: Codes) -> Coefficient:
    """Krippendorff's nominal alpha of (pairs, verdicts) numbers of voices."""
    import krippendorff

    if (counts.sum(axis=0) > 0).sum() < 2:
        return Coefficient(None)
    value = float(krippendorff.alpha(value_counts=counts, level_of_measurement="nominal"))
    return _with_interval(value, counts, _alphas)


def _with_interval(value: float, rows: Codes, measure: Callable[[Codes, Codes], Floats]) -> Coefficient:
    """Draw the pairs again, with replacement: of pairs that are alike only the number drawn matters."""
    kinds, numbers = np.unique(rows, axis=0, return_counts=True)
    draws = np.random.default_rng(0).multinomial(len(rows), numbers / len(rows), size=RESAMPLES)
    again = measure(kinds, draws)
    # Draws of pairs on which all said the same have no coefficient, as such data have none.
    low, high = np.nanpercentile(again, [2.5, 97.5]) if np.isfinite(again).any() else (None, None)
    return Coefficient(value, low if low is None else float(low), high if high is None else float(high))


def _kappas(kinds: Codes, draws: Codes) -> Floats:
    """Cohen's kappa of each draw: (kinds, 2) codes, (draws, kinds) how often; the libraries take one at a time."""
    cells = np.eye(len(OPINIONS) ** 2)[kinds[:, 0] * len(OPINIONS) + kinds[:, 1]]
    tables = (draws @ cells).reshape(-1, len(OPINIONS), len(OPINIONS)) / draws.sum(axis=1)[:, None, None]
    seen = np.trace(tables, axis1=1, axis2=2)
    by_chance = (tables.sum(axis=1) * tables.sum(axis=2)).sum(axis=1)
    return _ratio(seen - by_chance, 1 - by_chance)


def _alphas(kinds: Codes, draws: Codes) -> Floats:
    """Krippendorff's alpha of each draw: (kinds, verdicts) numbers of voices, (draws, kinds) how often."""
    heard = kinds.sum(axis=1)
    differ = draws @ ((heard**2 - (kinds**2).sum(axis=1)) / (heard - 1))
    totals = draws @ kinds
    total = totals.sum(axis=1)
    return 1 - _ratio((total - 1) * differ, total**2 - (totals**2).sum(axis=1))


def _ratio(above: Floats, below: Floats) -> Floats:
    return np.asarray(np.divide(above, below, out=np.full(len(below), np.nan), where=np.abs(below) > 1e-12))
