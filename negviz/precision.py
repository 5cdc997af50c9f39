"""Precision: what an encoder's faster arithmetic gives and costs, measured on a person's own texts."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from negviz.arrays import PAD, Floats, Ints, Scores, descending, text_keys, uniform
from negviz.dataset import Dataset
from negviz.encode import open_encoder
from negviz.encoders import ENCODERS
from negviz.encoders._adapter import about_adapter, is_adapter
from negviz.encoders._model import Encoder
from negviz.errors import CancelledError, DataError, ModelError, NegvizError
from negviz.writing import file_written_beside

EXACT = "float32"
PRECISIONS = (EXACT, "bfloat16", "int8")
DOCUMENTS, QUERIES = 1000, 100
NEAREST, COMPARED, MARGIN = 20, 100, 0.05
CHUNK = 128
SEED = 0

Progress = Callable[[str, int, int], None]
Cancelled = Callable[[], bool]


def compare_precisions(
    dataset: Dataset,
    *,
    encoder: str,
    home: Path,
    precisions: Sequence[str] | None = None,
    documents: int = DOCUMENTS,
    queries: int = QUERIES,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, Any]:
    """Encode a sample of the texts in float32 and in other precisions, and compare speed and what is near to what.

    The sample is drawn by keyed noise of ids: queries that have a labelled positive, and documents, the queries'
    first positives among them. Precisions take turns at every chunk of documents, since a machine changes its speed
    from minute to minute. Compared are, against float32:

    - ``overlap_at_20``: the share of a query's 20 nearest documents of the sample that are among its 20 nearest in
      float32, mean over queries;
    - ``score_difference_p99``: 99th percentile of the difference of scores, without its sign, over *compared pairs*:
      each query with those documents that are among its 100 nearest in either precision and are no positive of it;
    - ``flipped``: of the compared pairs, the share that a limit of 5 % below the score of the query's first positive
      decides otherwise (``score < 0.95 x positive``, both of the same precision). Queries whose positive's score is
      not above zero in float32 are left out of it.

    Args:
        dataset: The texts.
        encoder: Name, local folder or Hugging Face id.
        home: Where converted models are kept.
        precisions: Those to compare with float32; by default all that this machine offers for the encoder.
        documents: Documents to sample.
        queries: Queries to sample.
        progress: Called with what is being done, the documents done and their total.
        cancelled: Asked before each chunk.

    Returns:
        ``rows``, a mapping each precision, float32 first; ``not_offered``, the precisions that are not, and why.

    Raises:
        ModelError: If a precision was named and is not offered, or the encoder cannot be opened.
        DataError: If there is no query with a labelled positive.
        CancelledError: If ``cancelled`` said so.
    """
    sample = _Sample.of(dataset, documents, queries)
    opened, missing = _opened(encoder, dataset, home, precisions)
    measured = _encode(opened, sample, progress, cancelled)
    exact = measured[EXACT]
    rows = []
    for precision, found in measured.items():
        ratio = float(np.median(exact.seconds / found.seconds))
        rows.append(
            {
                "precision": precision,
                "identity": opened[precision].identity,
                "backend": opened[precision].backend,
                "texts_per_second": float(len(sample.documents) / found.seconds.sum()),
                "speed_ratio": ratio,
                **agreement(exact.scores, found.scores, sample.positives),
            }
        )
    return {
        "encoder": encoder,
        "documents": len(sample.documents),
        "queries": len(sample.queries),
        "seed": SEED,
        "rows": rows,
        "not_offered": missing,
    }


@dataclass(frozen=True, eq=False)
class _Sample:
    """Texts that were drawn.

    Attributes:
        documents: Texts.
        queries: Texts.
        positives: (queries, positives) places among the documents, ``PAD`` where there is none or it was not drawn;
            the first one always is.
    """

    documents: list[str]
    queries: list[str]
    positives: Ints

    @classmethod
    def of(cls, dataset: Dataset, documents: int, queries: int) -> "_Sample":
        judged = dataset.positives
        able = np.unique(judged.queries)
        if not len(able):
            raise DataError(
                f"No query of '{dataset.name}' has a labelled positive, so there are no decisions to compare; load a "
                "file that has them."
            )
        chosen = able[_drawn(np.array(dataset.query_ids, dtype=object)[able], queries)]
        of_query = [judged.of_query(int(row)) for row in chosen]
        known = np.unique([rows[0] for rows in of_query])
        others = np.setdiff1d(np.arange(len(dataset.document_ids), dtype=np.int32), known)
        more = others[_drawn(np.array(dataset.document_ids, dtype=object)[others], max(documents - len(known), 0))]
        rows = np.sort(np.concatenate([known, more]))
        places = {int(row): place for place, row in enumerate(rows)}
        positives = np.full((len(chosen), max(map(len, of_query))), PAD, dtype=np.int32)
        for place, found in enumerate(of_query):
            positives[place, : len(found)] = [places.get(int(row), PAD) for row in found]
        texts = dataset.query_texts
        return cls([dataset.content(int(row)) for row in rows], [texts[int(row)] for row in chosen], positives)


def _drawn(ids: Any, count: int) -> Ints:
    """Places of a seeded sample of ids; neither their order nor other settings change it."""
    return np.sort(np.argsort(uniform(text_keys(ids), SEED), kind="stable")[:count]).astype(np.int32)


@dataclass(frozen=True, eq=False)
class _Measured:
    """Vectors of the sample in one precision, and the seconds that each chunk of documents took."""

    documents: Scores
    queries: Scores
    seconds: Floats

    @cached_property
    def scores(self) -> Floats:
        """(queries, documents)."""
        return np.asarray(self.queries.astype(np.float64) @ self.documents.T.astype(np.float64))


def _opened(
    name: str, dataset: Dataset, home: Path, precisions: Sequence[str] | None
) -> tuple[dict[str, Encoder], dict[str, str]]:
    """Encoders by precision, and why others are not offered; a precision that was named must be."""
    wanted = PRECISIONS if precisions is None else tuple(dict.fromkeys([EXACT, *precisions]))
    opened: dict[str, Encoder] = {}
    missing: dict[str, str] = {}
    for precision in wanted:
        try:
            opened[precision] = open_encoder(name, dataset, home=home, precision=precision)
        except NegvizError as error:
            if precisions is not None or precision == EXACT:
                raise
            missing[precision] = str(error)
    return opened, missing


def _encode(
    opened: Mapping[str, Encoder], sample: _Sample, progress: Progress | None, cancelled: Cancelled | None
) -> dict[str, _Measured]:
    texts, total = sample.documents, len(sample.documents)
    # The longest first, as a corpus is encoded: a chunk holds texts of about one length.
    order = np.array(sorted(range(total), key=lambda row: -len(texts[row])))
    found = {precision: np.empty((total, encoder.dims), dtype=np.float32) for precision, encoder in opened.items()}
    seconds: dict[str, list[float]] = {precision: [] for precision in opened}
    queries = {precision: encoder.encode_queries(sample.queries) for precision, encoder in opened.items()}
    for start in range(0, total, CHUNK):
        rows = order[start : start + CHUNK]
        for precision, encoder in opened.items():
            if cancelled and cancelled():
                raise CancelledError("The comparison of precisions was stopped; nothing was kept.")
            if progress:
                progress("Comparing precisions", start, total)
            before = time.perf_counter()
            found[precision][rows] = encoder.encode_documents([texts[row] for row in rows])
            seconds[precision].append(time.perf_counter() - before)
    return {name: _Measured(found[name], queries[name], np.maximum(seconds[name], 1e-9)) for name in opened}


def agreement(before: Floats, after: Floats, positives: Ints) -> dict[str, Any]:
    """How far scores agree; ``compare_precisions`` says what each number is.

    Args:
        before: (queries, documents) scores that are compared with.
        after: (queries, documents) the same in another arithmetic.
        positives: (queries, positives) columns of the labelled positives, ``PAD`` where there is none; each has one.

    Returns:
        ``overlap_at_20``, ``score_difference_p99``, ``flipped`` and the number of compared ``pairs``.
    """
    best = [descending(scores, np.ones(scores.shape, dtype=bool)) for scores in (before, after)]
    overlaps = [np.isin(one[:NEAREST], other[:NEAREST]).mean() for one, other in zip(*best, strict=True)]
    pairs = np.zeros(before.shape, dtype=bool)
    for columns in best:
        np.put_along_axis(pairs, columns[:, :COMPARED].astype(np.int64), True, axis=1)
    for column in positives.T:
        known = np.flatnonzero(np.not_equal(column, PAD))
        pairs[known, column[known]] = False
    own_before, own_after = (_first(scores, positives) for scores in (before, after))
    flipped = (before < (1 - MARGIN) * own_before) != (after < (1 - MARGIN) * own_after)
    decided = pairs & (own_before > 0)
    apart = np.abs(after - before)[pairs]
    return {
        "overlap_at_20": float(np.mean(overlaps)),
        "score_difference_p99": float(np.quantile(apart, 0.99)) if len(apart) else 0.0,
        "flipped": float(flipped[decided].mean()) if decided.any() else 0.0,
        "pairs": int(pairs.sum()),
    }


def _first(scores: Floats, positives: Ints) -> Floats:
    """(queries, 1) score of the first positive."""
    return np.take_along_axis(scores, positives[:, :1].astype(np.int64), axis=1)


def measured_agreement(
    dataset: Dataset,
    name: str,
    precision: str,
    home: Path,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> dict[str, Any]:
    """How far a precision agrees with float32 on a dataset, measured once and kept.

    Args:
        dataset: The texts.
        name: Of the encoder, its local folder or Hugging Face id.
        precision: Which one.
        home: Folder whose ``precision`` part keeps it.
        progress: See ``compare_precisions``.
        cancelled: See ``compare_precisions``.

    Returns:
        The row of ``compare_precisions``, with the size of the sample.

    Raises:
        ModelError: If the precision is not offered.
        DataError: If there is no query with a labelled positive.
        CancelledError: If ``cancelled`` said so.
    """
    identity = open_encoder(name, dataset, home=home, precision=precision).identity
    kept = known_agreement(home, identity, dataset)
    if kept is not None:
        return kept
    report = compare_precisions(
        dataset, encoder=name, home=home, precisions=[precision], progress=progress, cancelled=cancelled
    )
    keep_agreement(report, dataset, home)
    row = next(row for row in report["rows"] if row["precision"] == precision)
    return _with_sample(row, report)


def _with_sample(row: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, Any]:
    exact = next(found for found in report["rows"] if found["precision"] == EXACT)
    return {
        **row,
        **{name: report[name] for name in ("encoder", "documents", "queries", "seed")},
        "float32_texts_per_second": exact["texts_per_second"],
    }


def keep_agreement(report: Mapping[str, Any], dataset: Dataset, home: Path) -> None:
    """Keep what ``compare_precisions`` found of every precision but float32."""
    for row in report["rows"]:
        if row["precision"] != EXACT:
            with file_written_beside(_file(home, row["identity"], dataset)) as beside:
                beside.write_text(json.dumps(_with_sample(row, report)), "utf-8")


def known_agreement(home: Path, encoder_identity: str, dataset: Dataset) -> dict[str, Any] | None:
    """What was measured before of an encoder on a dataset.

    Args:
        home: Folder whose ``precision`` part keeps it.
        encoder_identity: Identity of the encoder in its precision, as a pool's origin has it.
        dataset: The texts.

    Returns:
        What ``measured_agreement`` gave; None where nothing was measured.
    """
    try:
        found = json.loads(_file(home, encoder_identity, dataset).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def known_agreements(name: str, dataset: Dataset, home: Path) -> dict[str, dict[str, Any]]:
    """What was measured before of an encoder on a dataset, by precision.

    An encoder is opened, to see that it is still the one that was measured, only where something was kept of it.

    Args:
        name: Of the encoder, its local folder or Hugging Face id.
        dataset: The texts.
        home: Folder whose ``precision`` part keeps it.
    """
    found = {}
    for path in sorted((home / "precision").glob(f"*/{dataset.fingerprint}.json")):
        kept = known_agreement(home, path.parent.name, dataset) or {}
        precision = kept.get("precision")
        if kept.get("encoder") != name or precision not in PRECISIONS:
            continue
        try:
            identity = open_encoder(name, dataset, home=home, precision=precision).identity
        except NegvizError:
            continue  # what is not offered any more is of no use
        if identity == path.parent.name:
            found[str(precision)] = kept
    return found


def refusals(name: str) -> dict[str, str]:
    """Which precisions of an encoder are not to be had here, and why, as far as that shows without loading a model.

    Others may turn out not to be offered when the encoder is opened.

    Args:
        name: Of the encoder, its local folder or Hugging Face id.
    """
    found = {}
    for precision in PRECISIONS[1:]:
        try:
            _refuse(name, precision)
        except NegvizError as error:
            found[precision] = str(error)
    return found


def _refuse(name: str, precision: str) -> None:
    if name not in ENCODERS and is_adapter(Path(name)):
        name = about_adapter(Path(name))["encoder"]
    entry = ENCODERS.get(name if name in ENCODERS else "huggingface")
    knob = next((knob for knob in entry.knobs if knob.name == "precision"), None)
    if knob is None:
        raise ModelError(f"'{name}' computes in one precision only; take another encoder for another one.")
    if precision not in knob.choices:
        raise ModelError(f"'{name}' offers {' and '.join(knob.choices)} only; take another encoder for '{precision}'.")
    check = entry.trait("check")
    if check:
        check(precision)


def _file(home: Path, identity: str, dataset: Dataset) -> Path:
    return home / "precision" / identity / f"{dataset.fingerprint}.json"
