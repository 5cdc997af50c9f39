"""Fit the prior of the suspicion over several collections, each measured with a prior that has not seen it.

    .venv/bin/python benchmarks/fit_prior.py COLLECTIONS NAME NAME ... [--home FOLDER] [--write]

COLLECTIONS holds BEIR folders NAME with complete (or graded) judgments; the built-in sample always takes part. All
positives but one a query are hidden, for some draws of which one; the pairs are the dense top 50. Every collection
weighs the same: by what its pairs can tell, the sum of p (1 - p), not by their number. The fit is in two steps: an L2
penalty that is strong enough to leave nearly the mean direction of the collections, for a direction that suits only
some of them does harm on the next; then slope and intercept of that one number, not penalised. ``--write`` puts it into
the package.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
from hidden import SAMPLE, Hidden, draws
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

import negviz
from negviz.home import home_folder
from negviz.suspicion import PRIOR_FILE, Features, Prior, Term, View

TERMS: tuple[tuple[str, View], ...] = (
    ("score", "pool"),
    ("score", "list"),
    ("margin_to_positive", "pool"),
    ("near_positive", "pool"),
    ("near_positive", "list"),
    ("words_of_positive", "pool"),
    ("words_of_positive", "list"),
    ("bm25", "pool"),
    ("bm25", "list"),
    ("agreement", "pool"),
    ("agreement", "list"),
)
PENALTY = 0.1
Drawn = list[tuple[np.ndarray, np.ndarray]]


def standing(case: Hidden, terms: Sequence[tuple[str, View]] = TERMS) -> tuple[np.ndarray, np.ndarray]:
    """(pairs, terms) and (pairs,) whether it is a hidden positive."""
    rows = np.arange(len(case.pool), dtype=np.int32)
    return Features(case.pool, terms).of(rows)[case.asked], case.relevant[case.asked]


def fit(cases: dict[str, Drawn], terms: Sequence[tuple[str, View]] = TERMS) -> Prior:
    """The prior of some collections, each with its draws."""
    parts = [(*pair, len(drawn)) for drawn in cases.values() for pair in drawn]
    every, answers = (np.concatenate([part[place] for part in parts]) for place in (0, 1))
    tells = [np.full(len(y), 1 / (len(y) * y.mean() * (1 - y.mean()) * times)) for _, y, times in parts]
    weights = np.concatenate(tells)
    direction = LogisticRegression(C=PENALTY, max_iter=1000).fit(every, answers, sample_weight=weights).coef_[0]
    final = LogisticRegression(C=1e6).fit((every @ direction)[:, None], answers, sample_weight=weights * 1e3)
    numbers = np.round(direction * final.coef_[0, 0], 3)
    named = [f"{name}" for name in sorted(cases)]
    about = f"fitted on {', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else f"fitted on {named[0]}"
    kept = tuple(Term(*term, float(number)) for term, number in zip(terms, numbers, strict=True))
    return Prior(round(float(final.intercept_[0]), 3), kept, about)


def main() -> None:
    """Print how each collection does with the others' prior, then the prior of all."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("collections", type=Path)
    asked.add_argument("names", nargs="*")
    asked.add_argument("--draws", type=int, default=5)
    asked.add_argument("--home", type=Path, default=home_folder())
    asked.add_argument("--write", action="store_true")
    given = asked.parse_args()
    cases: dict[str, Drawn] = {}
    for case in draws([SAMPLE, *(given.collections / name for name in given.names)], given.draws, given.home):
        cases.setdefault(case.name, []).append(standing(case))
    left_out = {}
    print("| collection | pairs | hidden | ROC AUC | average precision | score alone |\n|---|---|---|---|---|---|")
    for name, drawn in cases.items():
        prior = fit({other: cases[other] for other in cases if other != name})
        logits = [(x @ prior.coefficients, y, x[:, 0]) for x, y in drawn]
        measured = {
            "auc": fmean(roc_auc_score(y, logit) for logit, y, _ in logits),
            "ap": fmean(average_precision_score(y, logit) for logit, y, _ in logits),
        }
        alone = fmean(roc_auc_score(y, score) for _, y, score in logits)
        alone_ap = fmean(average_precision_score(y, score) for _, y, score in logits)
        left_out[name] = {key: round(value, 3) for key, value in measured.items()}
        sizes = f"{len(drawn[0][1])} | {int(drawn[0][1].sum())}"
        print(f"| {name} | {sizes} | {measured['auc']:.3f} | {measured['ap']:.3f} | {alone:.3f}, {alone_ap:.3f} |")
    prior = fit(cases)
    terms = [{"signal": term.signal, "view": term.view, "coefficient": term.coefficient} for term in prior.terms]
    told = {"about": prior.about, "intercept": prior.intercept, "terms": terms, "on_collections_left_out": left_out}
    text = json.dumps(told, indent=1) + "\n"
    print(text)
    if given.write:
        (Path(negviz.__file__).parent / PRIOR_FILE).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
