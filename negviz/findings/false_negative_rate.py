"""The false-negative rate, measured on labels or on judgments."""

import math
from typing import Any, NoReturn

import numpy as np

from negviz.charts.rate_bars import rate_bars
from negviz.diagnostics.measured_false_negatives import Measured, measured_false_negatives
from negviz.errors import MissingInputError
from negviz.findings import FINDINGS, MOST_PAIRS, TOO_HIGH, TOP, Case, Cell, Finding, Severity, need_negatives, some
from negviz.labelled_sample import ASSISTED, ASSUMED, EXACT, UNIFORM, WEIGHTED
from negviz.labels import Verdict
from negviz.rating import Rate, assisted_rate, labels_needed, rate, rates_by

WIDTH = 0.04
GROUPS = (("retriever", "brought by"), ("rank", ""), ("score", ""))
# What the answers are, to complete "by 200 answers".
DRAWN = {ASSUMED: "", UNIFORM: " drawn by chance", WEIGHTED: " drawn with known probabilities"}
COLUMNS = ("negatives", "rate", "95% interval", "false of answers", "how many")
Share = Rate | Measured


@FINDINGS.register("False-negative rate", place=10, reference="METHODS 12; rating.rate")
def false_negative_rate(case: Case) -> Finding:
    """Estimate which part of the negatives is false, with a 95% interval, in all and by retriever, rank and score.

    It rests on labels; where there are none, on judgments. What the suspicion model (without labels) makes of the
    sample, and what the judgments say, are further rows of the table. Above 5% with its lower end the finding is bad,
    up to 5% with its upper end it is good; the 5% are ours.

    Args:
        case: What is audited.

    Raises:
        MissingInputError: If no negative has an answer.
    """
    negatives = need_negatives(case)
    found = rate(case.selection, case.labels)
    judged = _by_truth(case)
    if not found.labelled and (judged is None or not judged.judged):
        _unmeasured(case, negatives)
    if not found.labelled and judged is not None:
        return _of_truth(case, judged)
    groups = [("all negatives", found), *_groups(case)]
    assisted = assisted_rate(case.selection, case.labels, case.prior_probabilities)
    helped = assisted if assisted.method == ASSISTED else None
    more = labels_needed(found, WIDTH)
    beside: list[tuple[str, Share]] = []
    if helped:
        beside.append(("all negatives, with the suspicion model's help", helped))
    if judged and judged.judged:
        beside.append(("all negatives, by the judgments", judged))
    table = [groups[0], *beside, *groups[1:]]
    facts = {**_numbers(found), "about": list(found.about), "more_labels": more,
             "assisted": _ends(helped) if helped else None,
             "groups": [{"name": name, **_numbers(group)} for name, group in groups[1:]],
             "judgments": _ends(judged) if judged else None}  # fmt: skip
    return Finding(
        _severity(found.low, found.high), _sentence(found), _todo(found.low, found.high, more),
        COLUMNS, tuple(_row(name, group) for name, group in table[:TOP]), max(len(table) - TOP, 0),
        pairs=_false_pairs(case), figure=_figure(groups), facts=facts,
    )  # fmt: skip


def _sentence(found: Rate) -> str:
    """The rate, what it rests on, and the one thing to know before it is believed; the facts have all of them."""
    share = f"{found.rate:.1%} of {some(found.negatives, 'negative')} are false"
    if found.method == EXACT:
        return f"{share}; every one of them has an answer."
    # Of what is told beside the sample itself, the last weighs most.
    caveat = found.about[0] if found.method == ASSUMED else found.about[-1] if len(found.about) > 1 else ""
    answers = f"{some(found.labelled, 'answer')}{DRAWN[found.method]}"
    return f"{share}, with 95% confidence {found.low:.1%} to {found.high:.1%}, by {answers}. {caveat}".strip()


def _unmeasured(case: Case, negatives: int) -> NoReturn:
    kept = " (keep the pool of a file with --keep POOL)" if case.mined_elsewhere else ""
    raise MissingInputError(
        f"None of the {negatives:,} negatives has a label that says false or true negative, so the rate is not known. "
        f"Draw a random sample with 'negviz sample'{kept} or in random order on the Label page, judge 100 to 300 "
        "pairs, and give them as labels; or give complete judgments."
    )


def _by_truth(case: Case) -> Measured | None:
    if case.truth is None:
        return None
    queries, documents = case.pairs.T
    return measured_false_negatives(*case.truth.verdicts(queries, documents, len(case.dataset.documents)))


def _of_truth(case: Case, judged: Measured) -> Finding:
    whole = judged.judged == judged.taken
    name = case.truth.name if case.truth else ""
    told = "all of them are judged" if whole else f"{judged.judged:,} of them are judged"
    sentence = (
        f"{judged.rate:.1%} of the {judged.taken:,} negatives answer their query by the judgments of {name} ({told})."
    )
    if not whole:
        sentence += (
            f" Were the judged ones a random sample, the interval would be {judged.low:.1%} to {judged.high:.1%}; "
            "judgments are rarely that."
        )
    ends = (judged.rate, judged.rate) if whole else (judged.low, judged.high)
    severity = _severity(*ends) if whole else ("bad" if judged.low > TOO_HIGH else "look")
    return Finding(
        severity, sentence, _todo(*ends, 0), COLUMNS, (_row("all negatives", judged),), pairs=_false_pairs(case),
        figure=_figure([("all negatives", judged)]),
        facts={**_numbers(judged), "by": "judgments", "complete": whole},
    )  # fmt: skip


def _severity(low: float, high: float) -> Severity:
    return "good" if high <= TOO_HIGH else "bad" if low > TOO_HIGH else "look"


def _todo(low: float, high: float, more: int) -> str:
    if high <= TOO_HIGH:
        return ""
    if low > TOO_HIGH:
        return (
            "Choose with a stricter threshold ('negviz advise' finds the one that meets a rate), or label the most "
            "suspect and export with the labels."
        )
    if not more:
        return ""
    return (
        f"The interval reaches across {TOO_HIGH:.0%}: label about {more:,} more of the random sample, which narrows it "
        f"to ±{100 * WIDTH / 2:g} points."
    )


def _groups(case: Case) -> list[tuple[str, Share]]:
    """Rates by retriever, and by rank and score where the recipe's scores are there."""
    found: list[tuple[str, Share]] = []
    for by, word in GROUPS:
        if by == "retriever" or case.selection.recipe.scorer in case.pool.scores:
            rates = rates_by(case.selection, case.labels, by)  # type: ignore[arg-type]
            found += [(f"{word} {each.name}".strip(), each) for each in rates]
    return found


def _row(name: str, found: Share) -> tuple[Cell, ...]:
    known = math.isfinite(found.rate)
    low, high = _interval(found)
    shares = (f"{found.rate:.1%}", f"{low:.1%} to {high:.1%}") if known else ("unknown", "unknown")
    return (name, *shares, f"{found.false_negatives:,} of {_answers(found):,}", _size(found))


def _interval(found: Share) -> tuple[float, float]:
    if isinstance(found, Measured) and found.judged == found.taken:
        return found.rate, found.rate
    return found.low, found.high


def _answers(found: Share) -> int:
    return found.labelled if isinstance(found, Rate) else found.judged


def _size(found: Share) -> int:
    return found.negatives if isinstance(found, Rate) else found.taken


def _numbers(found: Share) -> dict[str, Any]:
    return {**_ends(found), "labelled": _answers(found), "false_negatives": found.false_negatives,
            "negatives": _size(found), "method": found.method if isinstance(found, Rate) else "judgments"}  # fmt: skip


def _ends(found: Share) -> dict[str, float | None]:
    values = (found.rate, *_interval(found))
    return {key: float(value) if math.isfinite(value) else None
            for key, value in zip(("rate", "low", "high"), values, strict=True)}  # fmt: skip


def _figure(groups: list[tuple[str, Share]]) -> Any:
    known = [(name, group) for name, group in groups if math.isfinite(group.rate)][:TOP]
    ends = np.array([(group.rate, *_interval(group)) for _, group in known], dtype=np.float64)
    answers = [_answers(group) for _, group in known]
    rates, low, high = ends.T
    return rate_bars([name for name, _ in known], rates, low, high, answers, limit=TOO_HIGH)


def _false_pairs(case: Case) -> Any:
    """Negatives that a label or a judgment calls false."""
    false = np.equal(case.verdicts, Verdict.FALSE_NEGATIVE.code)
    if case.truth is not None:
        queries, documents = case.pairs.T
        relevant, judged = case.truth.verdicts(queries, documents, len(case.dataset.documents))
        false |= relevant & judged
    return case.pairs[false][:MOST_PAIRS]
