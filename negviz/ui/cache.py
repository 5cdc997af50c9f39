"""Every cache of the dashboard: keyed by fingerprints, never by arrays (which Streamlit hashes from a sample)."""

import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from negviz.arrays import Bools, Floats, Ints, Keys, Scores, text_keys, uniform
from negviz.comparison import Comparison, Contender, compare, learns_from_labels, run, stored
from negviz.compiled import count_in_rows
from negviz.diagnostics.candidate_groups import By, Counts
from negviz.diagnostics.candidate_groups import candidate_groups as groups_on
from negviz.diagnostics.query_difficulty import QueryDifficulty, query_difficulty, unretrieved
from negviz.diagnostics.score_axis import Kind, ScoreAxis
from negviz.diagnostics.score_axis import score_axis as score_axis_of
from negviz.diagnostics.score_profile import ScoreProfile, score_profile
from negviz.diagnostics.sweep import Outcome
from negviz.embeddings import Embeddings
from negviz.encode import stored_embeddings
from negviz.errors import MissingInputError, NegvizError
from negviz.home import home_folder
from negviz.labels import CODES, Agreement, Labels, LabelStore, Verdict, agreement
from negviz.marks import Cells
from negviz.pool import Anchor, Pool
from negviz.project import clusters
from negviz.recipe import Recipe, published
from negviz.select import check, check_knobs, select, step_limits
from negviz.select import source_pool as made_by_source
from negviz.selection import NOT_REFUSED, Selection
from negviz.store import open_pool
from negviz.suspicion import Suspicion, suspicion_model
from negviz.sweeping import Sweeper
from negviz.truth import Truth, read_truth
from negviz.ui import warming
from negviz.ui.kept import KeptSelections

# Queries on which recipes are tried: sources and fits need some others than the one that they are for.
FEW = 64
# Queries whose candidates are looked at for suspicion, which takes a millisecond or more for each.
SUSPECTED = 5_000
# Queries of a block, where a recipe runs over a whole pool and only a number a query is kept.
BLOCK = 20_000
RULES = "Score windows"


@st.cache_resource(max_entries=4, show_spinner=False)
def pool(folder: str, stamp: int) -> Pool:
    """Open a stored pool once for all sessions; ``stamp`` is its manifest's time, so that a rebuilt one is reopened."""
    opened = open_pool(Path(folder))
    warming.warm(opened, lambda: first_queries(opened, warming.queries_enough(opened)))
    return opened


def selection(of: Pool, recipe: Recipe, labels: Labels) -> Selection:
    """Run a recipe, or give the result of the same run before."""
    return _selections().get(selection_key(of, recipe, labels), lambda: select(of, recipe, labels))


def kept_selection(of: Pool, recipe: Recipe, labels: Labels) -> Selection | None:
    """The result of a run before, None where it is not kept (any more)."""
    return _selections().kept(selection_key(of, recipe, labels))


def keep_selection(of: Pool, recipe: Recipe, labels: Labels, made: Selection) -> None:
    """Keep what was run elsewhere, so that nobody runs it again."""
    _selections().get(selection_key(of, recipe, labels), lambda: made)


def selection_key(of: Pool, recipe: Recipe, labels: Labels) -> tuple[str, str, str]:
    """What tells one run from another."""
    return of.fingerprint, repr(recipe), labels.fingerprint


@st.cache_resource(show_spinner=False)
def _selections() -> KeptSelections:
    return KeptSelections()


def source_pool(of: Pool, recipe: Recipe) -> Pool:
    """What a recipe chooses from: the pool, or what its source makes of it, kept beside the pool.

    Raises:
        NegvizError: If the source lacks an input or a knob of it is not valid.
    """
    return made_by_source(of, recipe)


def label_store() -> LabelStore:
    """The label database: that of ``NEGVIZ_LABELS``, a URL or a file, else that of this home.

    Raises:
        LabelError: If it cannot be used.
    """
    return _label_store(os.environ.get("NEGVIZ_LABELS") or str(home_folder().resolve() / "labels.sqlite"))


@st.cache_resource(show_spinner=False)
def _label_store(source: str) -> LabelStore:
    if "://" not in source:
        Path(source).parent.mkdir(parents=True, exist_ok=True)
    return LabelStore(source)


def labels() -> Labels:
    """Current labels; read again only when an event was added."""
    store = label_store()
    return _labels(store, store.url, store.version)


@st.cache_resource(max_entries=4, show_spinner=False)
def _labels(_store: LabelStore, url: str, version: int) -> Labels:
    return _store.current()


def label_agreement() -> Agreement:
    """How far several people agree; worked out again only when an event was added."""
    store = label_store()
    return _agreement(store, store.url, store.version)


@st.cache_resource(max_entries=2, show_spinner="Comparing what people said …")
def _agreement(_store: LabelStore, url: str, version: int) -> Agreement:
    return agreement(_store.events())


def suspicion(of: Pool, labels: Labels) -> Suspicion:
    """The model of suspicion, fitted once for the same labels; without any it is the prior, made once a pool."""
    return _suspicion(of, labels, of.fingerprint, labels.fingerprint)


@st.cache_resource(max_entries=4, show_spinner="Looking at the candidates …")
def _suspicion(_pool: Pool, _labels: Labels, pool_key: str, labels_key: str) -> Suspicion:
    return suspicion_model(_pool, _labels)


def suspected(of: Pool, labels: Labels) -> Scores:
    """P(false negative) of the candidates (queries, depth), NaN for leaks and where nothing was worked out.

    Of a pool with very many queries only some are looked at, chosen by their ids: a person labels hundreds of pairs.
    """
    return _suspected(suspicion(of, labels), of.fingerprint, labels.fingerprint)


@st.cache_resource(max_entries=4, show_spinner="Looking at the candidates …")
def _suspected(_model: Suspicion, pool_key: str, labels_key: str) -> Scores:
    return probabilities(_model)


def suspected_at(of: Pool, labels: Labels, cells: Cells) -> Floats:
    """``suspected`` at (cells,) places of the flattened table, without a table as large as the pool."""
    if len(of) <= SUSPECTED:
        return np.asarray(suspected(of, labels).ravel()[cells], dtype=np.float64)
    rows = asked_about(of)
    known = suspicion(of, labels).probabilities(rows)
    row, column = np.divmod(cells, of.depth)
    place = np.minimum(np.searchsorted(rows, row), len(rows) - 1)
    return np.where(np.equal(rows[place], row), known[place, column], np.nan).astype(np.float64)


def probabilities(model: Suspicion) -> Scores:
    """``suspected`` of a model at hand."""
    rows = asked_about(model.pool)
    found = np.full(model.pool.documents.shape, np.nan, dtype=np.float32)
    found[rows] = model.probabilities(rows)
    found.flags.writeable = False
    return found


def asked_about(of: Pool) -> Ints:
    """Rows of the queries whose candidates are looked at for suspicion."""
    return by_chance(of, SUSPECTED)


def by_chance(of: Pool, count: int) -> Ints:
    """(count,) rows of so many queries, chosen by their ids; all where there are fewer."""
    if len(of) <= count:
        return np.arange(len(of), dtype=np.int32)
    return np.sort(np.argsort(uniform(query_keys(of), 0), kind="stable")[:count]).astype(np.int32)


def look_at(of: Pool, count: int) -> Pool:
    """A pool of some of the queries, chosen by their ids, cut out once."""
    return _look_at(of, of.fingerprint, count)


@st.cache_resource(max_entries=4, show_spinner=False)
def _look_at(_of: Pool, pool_key: str, count: int) -> Pool:
    return _of.part(by_chance(_of, count), f"{count} of {pool_key}")


def profile(of: Pool, scorer: str, anchor: Anchor) -> ScoreProfile:
    """What no knob changes about a scorer's values: worked out once for each scorer and anchor."""
    return _profile(of, of.fingerprint, scorer, anchor)


@st.cache_resource(max_entries=12, show_spinner=False)
def _profile(_pool: Pool, pool_key: str, scorer: str, anchor: Anchor) -> ScoreProfile:
    return score_profile(_pool, scorer, anchor)


def score_axis(of: Pool, scorer: str, anchor: Anchor, kind: Kind) -> ScoreAxis:
    """How a scorer's values lie on an axis: counted once for each scorer, anchor and axis."""
    return _score_axis(profile(of, scorer, anchor), of.fingerprint, scorer, anchor, kind)


@st.cache_resource(max_entries=16, show_spinner=False)
def _score_axis(_profile: ScoreProfile, pool_key: str, scorer: str, anchor: Anchor, kind: Kind) -> ScoreAxis:
    return score_axis_of(_profile, kind)


def candidate_groups(of: Pool, scorer: str, anchor: Anchor, kind: Kind, by: By) -> list[tuple[str, Counts]]:
    """The candidates on an axis by retriever or by rank, counted once."""
    return _candidate_groups(of, score_axis(of, scorer, anchor, kind), of.fingerprint, scorer, anchor, kind, by)


@st.cache_resource(max_entries=16, show_spinner=False)
def _candidate_groups(
    _pool: Pool, _axis: ScoreAxis, pool_key: str, scorer: str, anchor: Anchor, kind: Kind, by: By
) -> list[tuple[str, Counts]]:
    return groups_on(_pool, scorer, _axis, by)


def verdict_cells(of: Pool, labels: Labels) -> dict[Verdict, Cells]:
    """Places, in the flattened table of a pool, of the candidates with each verdict, looked up once."""
    return _verdict_cells(of, labels, of.fingerprint, labels.fingerprint) if len(labels) else {}


@st.cache_resource(max_entries=4, show_spinner=False)
def _verdict_cells(_pool: Pool, _labels: Labels, pool_key: str, labels_key: str) -> dict[Verdict, Cells]:
    codes = _labels.align(_pool).ravel()
    labelled = np.flatnonzero(codes)
    return {verdict: labelled[np.equal(codes[labelled], code)] for verdict, code in CODES.items()}


def recipe_problems(of: Pool, labels: Labels, seconds: float | None = None) -> dict[str, str]:
    """Why each published recipe cannot run on a pool; empty where it can.

    Args:
        of: The pool.
        labels: Verdicts of people.
        seconds: How long to wait for the answer; recipes not looked at by then are left out. None waits for all.
    """
    asking = [name for name, recipe in published().items() if learns_from_labels(recipe)]
    found = _look_for_problems(of, Labels.of(()), of.fingerprint, "", tuple(asking)).within(seconds)
    for name in asking:
        found[name] = _problem(of, published()[name], labels, of.fingerprint, name, labels.fingerprint)
    return {name: found[name] for name in published() if name in found}


@st.cache_resource(max_entries=4, show_spinner=False)
def _look_for_problems(
    _pool: Pool, _labels: Labels, pool_key: str, labels_key: str, left_out: tuple[str, ...]
) -> "_Problems":
    return _Problems(_pool, _labels, [recipe for name, recipe in published().items() if name not in left_out])


class _Problems:
    """Tries recipes on a pool in a thread of its own, so that no page waits for it."""

    def __init__(self, of: Pool, labels: Labels, recipes: Sequence[Recipe]) -> None:
        # Loaded before the thread begins: Plotly takes pandas from the loaded modules as it is, also half-loaded.
        import pandas  # noqa: F401

        self._found: dict[str, str] = {}
        self._whole = threading.Event()
        threading.Thread(target=self._look, args=(of, labels, recipes), daemon=True).start()

    def _look(self, of: Pool, labels: Labels, recipes: Sequence[Recipe]) -> None:
        try:
            for recipe in recipes:
                self._found[recipe.name] = problem(of, recipe, labels)
        finally:
            self._whole.set()

    def within(self, seconds: float | None) -> dict[str, str]:
        """What is known by then."""
        self._whole.wait(seconds)
        return dict(self._found)


@st.cache_resource(max_entries=64, show_spinner=False)
def _problem(_of: Pool, _recipe: Recipe, _labels: Labels, pool_key: str, name: str, labels_key: str) -> str:
    return problem(_of, _recipe, _labels)


def problem(of: Pool, recipe: Recipe, labels: Labels) -> str:
    """Why a recipe cannot run on a pool; empty where it can. Tried on a few queries, which takes milliseconds."""
    try:
        check_knobs(recipe)
        if recipe.source is None:
            check(recipe, of)
        select(_labelled(of, labels) if learns_from_labels(recipe) else first_queries(of, FEW), recipe, labels)
    except NegvizError as error:
        return str(error)
    return ""


def _labelled(of: Pool, labels: Labels) -> Pool:
    """The queries that labels speak of and a few more, for what learns from labels; a pool that is not large itself."""
    if of.documents.size < warming.LARGE:
        return of
    rows = np.isin(of.queries, [query for query, _, _ in labels.found(of.dataset)])
    rows[:FEW] = True
    return of.part(np.flatnonzero(rows).astype(np.int32), f"labelled {labels.fingerprint} of {of.fingerprint}")


def first_queries(of: Pool, count: int) -> Pool:
    """A pool of a few queries, on which a recipe shows within milliseconds what it misses."""
    return some_queries(of, slice(count), f"first {count} of {of.fingerprint}")


def some_queries(of: Pool, rows: slice | npt.NDArray[np.integer], name: str) -> Pool:
    """A pool of some of the queries; the name stands for its fingerprint."""

    def cut(layers: Mapping[str, Any]) -> dict[str, Any]:
        return {each: layer[rows] for each, layer in layers.items()}

    return replace(
        of, queries=of.queries[rows], documents=of.documents[rows], positives=of.positives[rows], flags=of.flags[rows],
        ranks=cut(of.ranks), scores=cut(of.scores), positive_scores=cut(of.positive_scores), stored_fingerprint=name,
    )  # fmt: skip


def embeddings(of: Pool) -> Embeddings | None:
    """Vectors that the pool was made with, where they are still in the cache of this home."""
    home, identity = home_folder().resolve(), of.origin.get("encoder_identity")
    if not identity or not (home / "embeddings" / str(identity)).is_dir():
        return None
    found = _embeddings(of, of.dataset.fingerprint, str(identity), str(home))
    if found is None:
        _embeddings.clear(of, of.dataset.fingerprint, str(identity), str(home))
    return found


@st.cache_resource(max_entries=2, show_spinner=False)
def _embeddings(_pool: Pool, dataset_key: str, identity: str, home: str) -> Embeddings | None:
    origin = _pool.origin
    return stored_embeddings(
        _pool.dataset,
        encoder=str(origin["encoder"]),
        identity=identity,
        similarity=origin.get("similarity") or "cosine",
        home=Path(home),
    )


@st.cache_resource(max_entries=4, show_spinner=False)
def clusters_of(_embeddings: Embeddings, dataset_key: str, identity: str, count: int) -> Ints:
    """(documents,) cluster of each document; ``dataset_key`` and ``identity`` tell whose vectors they are."""
    return clusters(_embeddings.documents, count)


def contender(of: Pool, recipe: Recipe, name: str, labels: Labels) -> Contender:
    """A recipe run and timed for a comparison, once."""
    key = labels.fingerprint if learns_from_labels(recipe) else ""
    return _contender(of, recipe, labels, name, of.fingerprint, repr(recipe), key)


@st.cache_resource(max_entries=32, show_spinner=False)
def _contender(
    _pool: Pool, _recipe: Recipe, _labels: Labels, name: str, pool_key: str, recipe_key: str, labels_key: str
) -> Contender:
    return run(_pool, _recipe, name, _labels)


def stored_contender(of: Pool, path: Path, name: str) -> Contender:
    """A selection file read for a comparison; read again when the file is another one."""
    return _stored_contender(of, str(path), name, of.fingerprint, path.stat().st_mtime_ns if path.is_file() else 0)


@st.cache_resource(max_entries=12, show_spinner=False)
def _stored_contender(_pool: Pool, path: str, name: str, pool_key: str, stamp: int) -> Contender:
    return stored(_pool, Path(path), name)


def truth(of: Pool, path: Path, name: str, relevant_from: int | None, complete: bool) -> Truth:
    """Judgments that measure, read once; read again when the file is another one."""
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    return _truth(of, of.dataset.fingerprint, str(path), name, relevant_from, complete, stamp)


@st.cache_resource(max_entries=8, show_spinner=False)
def _truth(
    _pool: Pool, dataset_key: str, path: str, name: str, relevant_from: int | None, complete: bool, stamp: int
) -> Truth:
    return read_truth(Path(path), _pool.dataset, relevant_from=relevant_from, complete=complete, name=name)


def comparison(
    of: Pool, contenders: Sequence[Contender], scorer: str | None, anchor: Anchor, labels: Labels, truth: Truth | None
) -> Comparison:
    """Contenders side by side; what was worked out about them is kept."""
    marks = [(each.name, each.selection.fingerprint if each.selection else each.problem) for each in contenders]
    key = f"{marks} {scorer} {anchor} {labels.fingerprint} {truth.fingerprint if truth else ''}"
    return _comparison(of, tuple(contenders), scorer, anchor, labels, truth, of.fingerprint, key)


@st.cache_resource(max_entries=8, show_spinner=False)
def _comparison(
    _pool: Pool, _contenders: tuple[Contender, ...], _scorer: str | None, _anchor: Anchor, _labels: Labels,
    _truth: Truth | None, pool_key: str, key: str,
) -> Comparison:  # fmt: skip
    return compare(_pool, _contenders, scorer=_scorer, anchor=_anchor, labels=_labels, truth=_truth)


def sweeper(of: Pool, recipe: Recipe, labels: Labels, truth: Truth | None, rows: int | None) -> Sweeper:
    """What runs a recipe for many values of its knobs; outcomes are kept one by one, whoever asks for them.

    Args:
        of: Candidates, before the recipe's source.
        recipe: Its other knobs stay as they are.
        labels: Only measure, except for a recipe that learns from them.
        truth: Judgments that measure.
        rows: How many queries are sampled; None for all of them.
    """
    return Sweeper(of, recipe, labels, truth, rows, _outcomes())


@st.cache_resource(show_spinner=False)
def _outcomes() -> "_Outcomes":
    return _Outcomes()


class _Outcomes(dict[str, Outcome]):
    """Outcomes of sweeps by fingerprint; small, so that thousands are kept before the oldest ones go."""

    MOST = 20_000

    def __setitem__(self, key: str, outcome: Outcome) -> None:
        while len(self) >= self.MOST:
            self.pop(next(iter(self)), None)
        super().__setitem__(key, outcome)


def difficulty(of: Pool, scorer: str, anchor: Anchor) -> QueryDifficulty:
    """How each query's positive does against its candidates: worked out once for each scorer and anchor."""
    return _difficulty(of, of.fingerprint, scorer, anchor)


@st.cache_resource(max_entries=6, show_spinner=False)
def _difficulty(_pool: Pool, pool_key: str, scorer: str, anchor: Anchor) -> QueryDifficulty:
    return query_difficulty(_pool, scorer, anchor)


def unretrieved_positives(of: Pool) -> Bools:
    """(queries,), True where a positive is labelled and none is among the candidates; looked for once."""
    return _unretrieved(of, of.fingerprint)


@st.cache_resource(max_entries=4, show_spinner=False)
def _unretrieved(_pool: Pool, pool_key: str) -> Bools:
    return unretrieved(_pool)


def query_keys(of: Pool) -> Keys:
    """(queries,) keys of the ids of a pool's queries, for noise."""
    return _query_keys(of, of.fingerprint)


@st.cache_resource(max_entries=4, show_spinner=False)
def _query_keys(_pool: Pool, pool_key: str) -> Keys:
    ids = _pool.dataset.query_ids
    return text_keys([ids[row] for row in _pool.queries.tolist()])


def left(of: Selection) -> Ints:
    """(queries,) candidates that nothing refused, taken ones included; counted once a selection."""
    kept: dict[str, Ints] = of.__dict__
    if "_left" not in kept:
        kept["_left"] = count_in_rows(of.reasons, NOT_REFUSED)
    return kept["_left"]


def starved_by_all(of: Pool, rules: Sequence[Recipe], labels: Labels) -> Bools:
    """(queries,), True where every one of some recipes leaves fewer negatives than it wants; worked out once."""
    return _starved_by_all(of, tuple(rules), labels, of.fingerprint, repr(rules), labels.fingerprint)


@st.cache_resource(max_entries=4, show_spinner="Running the published rules …")
def _starved_by_all(
    _pool: Pool, _rules: Sequence[Recipe], _labels: Labels, pool_key: str, rules_key: str, labels_key: str
) -> Bools:
    """A block of queries at a time, and of it only what was starved so far: no outcome of a whole pool is kept."""
    found = np.zeros(len(_pool), dtype=bool)
    for start in range(0, len(_pool), BLOCK):
        left = np.arange(start, min(start + BLOCK, len(_pool)))
        for rule in _rules:
            if len(left):
                part = some_queries(_pool, left, f"{start} {rule.name} {pool_key}")
                left = left[_starved_by(part, rule, _labels)]
        found[left] = True
    return found


def _starved_by(part: Pool, rule: Recipe, labels: Labels) -> Bools:
    try:
        return select(part, rule, labels).starved
    except MissingInputError:
        # The rule runs on the pool as a whole: what this part lacks is a scored positive, so it gets nothing.
        return np.ones(len(part), dtype=bool)


def threshold_rules(of: Pool, labels: Labels) -> tuple[list[Recipe], list[Recipe]]:
    """Published recipes that refuse by a limit on scores or margins.

    Args:
        of: The pool.
        labels: Verdicts of people.

    Returns:
        Those that run on the pool and whose numbers are for the scale of its scores, the least demanding first; and
        the others.
    """
    return _threshold_rules(of, labels, of.fingerprint, labels.fingerprint)


@st.cache_resource(max_entries=4, show_spinner=False)
def _threshold_rules(_pool: Pool, _labels: Labels, pool_key: str, labels_key: str) -> tuple[list[Recipe], list[Recipe]]:
    rules = [rule for rule in published().values() if rule.family == RULES and _compares_scores(rule)]
    rules.sort(key=lambda rule: (rule.count, rule.name))
    runs = [_fits_scale(_pool, rule) and not problem(_pool, rule, _labels) for rule in rules]
    return (
        [rule for rule, works in zip(rules, runs, strict=True) if works],
        [rule for rule, works in zip(rules, runs, strict=True) if not works],
    )


def _compares_scores(rule: Recipe) -> bool:
    drawn = [limit for step in rule.steps for limit in step_limits(step, np.ones(1))]
    return any(limit.axis != "rank" and not limit.soft for limit in drawn)


def _fits_scale(of: Pool, rule: Recipe) -> bool:
    return rule.scale in {"any", of.scales.get(rule.scorer)}
