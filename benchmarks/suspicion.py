"""How well the suspicion finds hidden positives, without labels and with some, and how many labels find most of them.

    .venv/bin/python benchmarks/suspicion.py COLLECTIONS NAME NAME ... [--fit NAME ...] [--home FOLDER] [--out FOLDER]

COLLECTIONS holds BEIR folders NAME with complete judgments; the built-in sample always takes part. All positives of a
query but one are hidden, for several draws of which one is known; the pairs are the dense top 50 of a pool made as
``negviz pool`` makes it (without leaks). A collection is measured with a prior fitted on the others (and on those named
by ``--fit``), and with the one that comes with the program, which has seen it. Single signals are given as they are.
With labels: an oracle answers; the pairs that the model of the moment suspects most (or pairs by chance), refitted four
times; what is left is ranked by the model and by the prior alone. Averages over draws, with their standard deviation.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fit_prior import Drawn, fit, standing
from hidden import SAMPLE, Hidden, draws, hidden
from sklearn.metrics import average_precision_score, roc_auc_score

from negviz.arrays import uniform
from negviz.home import home_folder
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.signals import SIGNALS
from negviz.suspicion import Prior, suspicion_model

LABELS = 100
SHARE = 0.8
Ranking = Callable[[Labels], np.ndarray]


@dataclass(frozen=True)
class Measured:
    """ROC AUC and average precision over all pairs, and their means over queries that have both kinds."""

    auc: float
    ap: float
    auc_of_queries: float
    ap_of_queries: float

    @classmethod
    def of(cls, case: Hidden, values: np.ndarray, asked: np.ndarray) -> "Measured":
        known = np.where(np.isfinite(values), values, np.nanmin(values[np.isfinite(values)]) - 1)
        each = []
        for row, within in enumerate(asked):
            answers = case.relevant[row, within]
            if 0 < answers.sum() < len(answers):
                each.append((roc_auc_score(answers, known[row, within]),
                             average_precision_score(answers, known[row, within])))  # fmt: skip
        of_queries = np.mean(each, axis=0) if each else (np.nan, np.nan)
        answers = case.relevant[asked]
        return cls(roc_auc_score(answers, known[asked]), average_precision_score(answers, known[asked]), *of_queries)


def singles(case: Hidden) -> dict[str, np.ndarray]:
    """Signals that people use alone."""
    rows = np.arange(len(case.pool), dtype=np.int32)
    found = {name: SIGNALS.get(name).function(case.pool, rows) for name in
             ("score", "margin_to_positive", "near_positive", "bm25")}  # fmt: skip
    positive = case.pool.anchor("dense", "mean")[:, None]
    return {"score": found["score"], "margin": found["margin_to_positive"], "ratio": found["score"] / positive,
            "similarity to the positive": found["near_positive"], "BM25": found["bm25"]}  # fmt: skip


class Oracle:
    """Answers from the judgments."""

    def __init__(self, case: Hidden) -> None:
        self.case = case
        self.labelled = np.zeros(case.asked.shape, dtype=bool)
        self._events: list[LabelEvent] = []

    def label(self, order: np.ndarray, count: int) -> None:
        """Label the first of the unlabelled pairs by an order (queries, depth), largest first."""
        pool = self.case.pool
        waiting = np.where(self.case.asked & ~self.labelled, np.nan_to_num(order, nan=-np.inf), -np.inf).ravel()
        for cell in np.argsort(-waiting, kind="stable")[: min(count, int((self.case.asked & ~self.labelled).sum()))]:
            row, column = divmod(int(cell), pool.depth)
            verdict = Verdict.FALSE_NEGATIVE if self.case.relevant[row, column] else Verdict.TRUE_NEGATIVE
            self._events.append(
                LabelEvent.of(pool.dataset, int(pool.queries[row]), int(pool.documents[row, column]), verdict)
            )
            self.labelled[row, column] = True

    @property
    def labels(self) -> Labels:
        return Labels.of(self._events)

    @property
    def found(self) -> int:
        return int((self.labelled & self.case.relevant).sum())


def with_labels(case: Hidden, prior: Prior, by_chance: bool, seed: int) -> tuple[Measured, Measured]:
    """The model after 100 labels, and the prior, on the pairs that are left."""
    oracle = Oracle(case)
    chance = uniform(case.pool.pair_keys, seed)
    for _ in range(4):
        order = chance if by_chance else suspicion_model(case.pool, oracle.labels, prior=prior).probabilities()
        oracle.label(order, LABELS // 4)
    left = case.asked & ~oracle.labelled
    fitted = suspicion_model(case.pool, oracle.labels, prior=prior).probabilities()
    alone = suspicion_model(case.pool, prior=prior).probabilities()
    return Measured.of(case, fitted, left), Measured.of(case, alone, left)


def found_by(case: Hidden, ranking: Ranking, steps: bool) -> list[tuple[int, int]]:
    """(labels, hidden positives found) until most are found; the ranking is asked again as labels grow by a quarter."""
    oracle = Oracle(case)
    wanted = SHARE * case.relevant.sum()
    told = [(0, 0)]
    order = ranking(oracle.labels)
    while oracle.found < wanted:
        size = len(oracle.labels)
        oracle.label(order, max(20, size // 4) if steps else 20)
        told.append((int(oracle.labelled.sum()), oracle.found))
        if steps:
            order = ranking(oracle.labels)
    return told


def orders(case: Hidden, prior: Prior, seed: int) -> dict[str, tuple[Ranking, bool]]:
    """Orders of labelling, and whether they learn."""
    score = case.pool.score("dense")
    chance = uniform(case.pool.pair_keys, seed)

    def suspect(labels: Labels) -> np.ndarray:
        return suspicion_model(case.pool, labels, prior=prior).probabilities()

    def informative(labels: Labels) -> np.ndarray:
        return -np.abs(suspect(labels) - 0.5)

    alone = suspect(Labels.of(()))
    return {"most suspect, refitted": (suspect, True), "most informative, refitted": (informative, True),
            "most suspect, prior alone": (lambda _: alone, False), "score": (lambda _: score, False),
            "random": (lambda _: chance, False)}  # fmt: skip


def labels_needed(told: list[tuple[int, int]], wanted: float) -> float:
    """Labels at which a share was found, between the two steps around it."""
    labels, found = np.array(told, dtype=float).T
    return float(np.interp(wanted, found, labels))


def spread(values: list[float]) -> str:
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}"


def table(name: str, rows: dict[str, list[Measured]]) -> None:
    print(f"\n{name}\n\n| | ROC AUC | average precision | of queries: AUC | AP |\n|---|---|---|---|---|")
    for label, measured in rows.items():
        cells = [spread([getattr(each, key) for each in measured]) for key in
                 ("auc", "ap", "auc_of_queries", "ap_of_queries")]  # fmt: skip
        print(f"| {label} | {' | '.join(cells)} |")


def measure(name: str, cases: list[Hidden], unseen: Prior) -> None:
    """Print one collection's table."""
    rows: dict[str, list[Measured]] = {}
    for seed, case in enumerate(cases):
        for single, values in singles(case).items():
            rows.setdefault(single, []).append(Measured.of(case, values, case.asked))
        for label, prior in (("suspicion, prior that has not seen it", unseen), ("suspicion, shipped prior", None)):
            values = suspicion_model(case.pool, prior=prior).probabilities()
            rows.setdefault(label, []).append(Measured.of(case, values, case.asked))
        for by_chance, words in ((False, "most suspect"), (True, "by chance")):
            fitted, alone = with_labels(case, unseen, by_chance, seed)
            rows.setdefault(f"after {LABELS} labels, {words}: on the rest", []).append(fitted)
            rows.setdefault(f"prior on the same rest ({words})", []).append(alone)
    table(f"{name}: {int(cases[0].asked.sum()):,} pairs, {int(cases[0].relevant.sum())} hidden positives", rows)


def find(cases: list[Hidden], prior: Prior) -> dict[str, list[tuple[int, int]]]:
    """Curves of labels and finds, of the first draw; the labels needed are printed as means over draws."""
    curves: dict[str, list[list[tuple[int, int]]]] = {}
    for seed, case in enumerate(cases):
        for order, (ranking, steps) in orders(case, prior, seed).items():
            curves.setdefault(order, []).append(found_by(case, ranking, steps))
    for order, told in curves.items():
        needed = [labels_needed(curve, SHARE * case.relevant.sum()) for curve, case in zip(told, cases, strict=True)]
        print(f"| {cases[0].name} | {order} | {np.mean(needed):,.0f} ± {np.std(needed):.0f} |")
    return {order: told[0] for order, told in curves.items()}


def draw(curves: dict[str, dict[str, list[tuple[int, int]]]], folder: Path) -> None:
    """Write the curves as a page; and as a picture where there is a browser for it."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(cols=len(curves), subplot_titles=list(curves), y_title="hidden positives found")
    colours = ("#0072B2", "#56B4E9", "#009E73", "#D55E00", "#999999")
    for column, by_order in enumerate(curves.values(), start=1):
        for colour, (order, told) in zip(colours, by_order.items(), strict=True):
            labels, found = zip(*told, strict=True)
            figure.add_trace(go.Scatter(x=labels, y=found, name=order, legendgroup=order, showlegend=column == 1,
                                        line={"color": colour}), row=1, col=column)  # fmt: skip
        figure.update_xaxes(title_text="labels", row=1, col=column)
    figure.update_layout(template="plotly_white", width=1400, height=420, legend={"orientation": "h", "y": -0.25})
    folder.mkdir(parents=True, exist_ok=True)
    figure.write_html(folder / "labels_to_find.html", include_plotlyjs=True)


def main() -> None:
    """Print the tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("collections", type=Path)
    asked.add_argument("names", nargs="*")
    asked.add_argument("--fit", action="append", default=[])
    asked.add_argument("--draws", type=int, default=5)
    asked.add_argument("--home", type=Path, default=home_folder())
    asked.add_argument("--find", type=int, default=2, help="Draws of which labels are counted until most are found.")
    asked.add_argument("--out", type=Path)
    given = asked.parse_args()
    folders = [SAMPLE, *(given.collections / name for name in given.names)]
    others = [given.collections / name for name in given.fit]
    seen: dict[str, Drawn] = {}
    for case in draws([*folders, *others], given.draws, given.home):
        seen.setdefault(case.name, []).append(standing(case))
    unseen = {folder.name: fit({name: pairs for name, pairs in seen.items() if name != folder.name})
              for folder in folders}  # fmt: skip
    kept: dict[str, list[Hidden]] = {}
    for folder in folders:
        cases = [hidden(folder, seed, given.home) for seed in range(given.draws)]
        measure(folder.name, cases, unseen[folder.name])
        kept[folder.name] = cases[: given.find]
    if given.find:
        print(f"\n| collection | order | labels to find {SHARE:.0%} |\n|---|---|---|")
        curves = {name: find(cases, unseen[name]) for name, cases in kept.items()}
        if given.out:
            draw(curves, given.out)


if __name__ == "__main__":
    main()
