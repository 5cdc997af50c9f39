"""Cards of the Label page, each page of them one piece of HTML: every further element would cost time on every key."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from negviz.arrays import PAD
from negviz.diagnostics.refusal_reason import refusal_reason
from negviz.labels import LabelEvent
from negviz.pool import LEAKS, Pool
from negviz.selection import Selection
from negviz.suspicion import Suspicion
from negviz.taken_pairs import column_of
from negviz.ui.label_fold import PART, Spans, answer_spans, best_part, folded, term_spans

Pair: TypeAlias = tuple[int, int]
Knobs: TypeAlias = Mapping[str, Mapping[str, Any]]
MOST_POSITIVES = 5
MOST_REASONS = 5


@dataclass(frozen=True)
class Known:
    """What is told about a candidate besides its text, where somebody wants to see it.

    Attributes:
        selection: Outcome of the recipe, with its pool.
        knobs: All knobs of every step.
        model: Suspicion; None where none is shown.
    """

    selection: Selection
    knobs: Knobs
    model: Suspicion | None


def pair_cards(pool: Pool, pair: Pair, known: Known | None, *, whole: bool, said: Sequence[LabelEvent] = ()) -> str:
    """Escaped HTML of query, labelled positives and candidate, side by side, below each other on a phone.

    Args:
        pool: Where the pair comes from.
        pair: Query row and document row.
        known: Scores, origin, suspicion and what the recipe did; None hides them.
        whole: Whether long texts are shown in full.
        said: What people said of the pair, where it is to be settled.
    """
    query = pool.dataset.query_text(pair[0])
    answers = answers_of(pool, pair[0])
    return "".join([
        '<div class="negviz-pair">',
        _card("query", "Query", f'<div class="negviz-text" dir="auto">{html.escape(query)}</div>' + _wanted(answers)
              + (_voices(said) if said else "")),
        _card("positive", *_positives(pool, pair[0], query, answers, whole)),
        _card("candidate", "Candidate: does it answer the query?",
              document(pool, pair[1], query, answers, whole=whole)),
        "</div>",
        facts(known, pair) if known is not None else "",
    ])  # fmt: skip


def query_cards(pool: Pool, query_row: int) -> str:
    """Escaped HTML of a query and its labelled positives, side by side."""
    query, answers = pool.dataset.query_text(query_row), answers_of(pool, query_row)
    text = f'<div class="negviz-text" dir="auto">{html.escape(query)}</div>' + _wanted(answers)
    positives = _positives(pool, query_row, query, answers, whole=False)
    return f'<div class="negviz-pair negviz-two">{_card("query", "Query", text)}{_card("positive", *positives)}</div>'


def _card(kind: str, title: str, body: str) -> str:
    # A card scrolls where it is long, so it must be reachable by key.
    return f'<section class="negviz-side negviz-{kind}" tabindex="0"><h3>{html.escape(title)}</h3>{body}</section>'


def answers_of(pool: Pool, query_row: int) -> list[str]:
    """Answer strings of one query, without reading those of all."""
    return list(pool.dataset.queries["answers"][query_row].as_py() or ())


def _wanted(answers: Sequence[str]) -> str:
    if not answers:
        return ""
    shown = "".join(f'<li dir="auto">{html.escape(answer)}</li>' for answer in answers[:MOST_POSITIVES])
    more = f"<li>and {len(answers) - MOST_POSITIVES} more</li>" if len(answers) > MOST_POSITIVES else ""
    return f'<h4>Answers in the data</h4><ul class="negviz-faint negviz-plain">{shown}{more}</ul>'


def _positives(pool: Pool, query_row: int, query: str, answers: Sequence[str], whole: bool) -> tuple[str, str]:
    place = np.flatnonzero(pool.queries == query_row)
    rows = [int(row) for row in pool.positives[place[0]] if row != PAD] if len(place) else []
    shown = [document(pool, row, query, answers, whole=whole) for row in rows[:MOST_POSITIVES]]
    if len(rows) > MOST_POSITIVES:
        shown.append(f'<div class="negviz-faint">and {len(rows) - MOST_POSITIVES} more</div>')
    if not rows:
        shown.append('<div class="negviz-faint">This query has none.</div>')
    title = f"{len(rows)} labelled positives" if len(rows) > 1 else "Labelled positive"
    return title, "<hr>".join(shown)


def document(
    pool: Pool, row: int, query: str, answers: Sequence[str], *, whole: bool, length: int | None = None
) -> str:
    """Escaped HTML of a document: title, text with what matches marked, id; a long text folded around its best part.

    Args:
        pool: Where the document comes from.
        row: Its row.
        query: Whose words are marked.
        answers: Texts that are marked as answers.
        whole: Whether a long text is shown in full.
        length: About how many characters are shown of a text that is much longer; as on a card where None.
    """
    data = pool.dataset
    title, text = data.document_title(row), data.document_text(row)
    head = f'<div class="negviz-title" dir="auto">{_marked(title, query, answers)}</div>' if title else ""
    foot = f'<div class="negviz-faint">{html.escape(data.document_id(row))}</div>'
    return head + _body(text, query, answers, whole, length) + foot


def _body(text: str, query: str, answers: Sequence[str], whole: bool, length: int | None) -> str:
    terms, found = term_spans(query, text), answer_spans(answers, text)
    full = f'<div class="negviz-text" dir="auto">{_pieces(text, terms, found, 0, len(text))}</div>'
    if not folded(text, length or PART):
        return full
    start, stop = best_part(text, sorted([*terms, *found]), length or PART)
    part = _pieces(text, terms, found, start, stop)
    part = ("… " if start else "") + part + (" …" if stop < len(text) else "")
    return (
        f'<details class="negviz-fold"{" open" if whole else ""}><summary>'
        f'<div class="negviz-text" dir="auto">{part}</div>'
        f'<span class="negviz-open">Show the whole text ({len(text):,} characters)</span>'
        f'<span class="negviz-shut">Show the best part</span></summary>{full}</details>'
    )


def _marked(text: str, query: str, answers: Sequence[str]) -> str:
    return _pieces(text, term_spans(query, text), answer_spans(answers, text), 0, len(text))


def _pieces(text: str, terms: Spans, answers: Spans, start: int, stop: int) -> str:
    """Escaped HTML of a part of a text; an answer is marked as one, whatever words of the query are in it."""
    alone = [span for span in terms if not any(first < span[1] and span[0] < last for first, last in answers)]
    marks = sorted([*((*span, "") for span in alone), *((*span, ' class="negviz-answer"') for span in answers)])
    parts, place = [], start
    for first, last, kind in marks:
        if first >= place and last <= stop:
            parts.append(html.escape(text[place:first]))
            parts.append(f"<mark{kind}>{html.escape(text[first:last])}</mark>")
            place = last
    return "".join([*parts, html.escape(text[place:stop])])


def facts(known: Known, pair: Pair) -> str:
    """Escaped HTML of suspicion with its reasons, scores with where they fall, origin, and what the recipe did."""
    pool = known.selection.pool
    rows = np.flatnonzero(pool.queries == pair[0])
    column = column_of(pool, int(rows[0]), pair[1]) if len(rows) else -1
    if column < 0:
        return '<div class="negviz-faint">This pair is not in the pool, so it has no scores.</div>'
    row = int(rows[0])
    leaks = [leak for leak, bit in LEAKS.items() if pool.flags[row, column] & bit]
    lines = [_fate(known, row, column), _brought(pool, row, column), *map(html.escape, leaks)]
    became = "".join(f"<div>{line}</div>" for line in lines)
    return (
        f'<div class="negviz-known"><div>{_suspicion(known.model, row, column)}</div>'
        f"<div>{_scores(known.selection, row, column)}</div><div>{became}</div></div>"
    )


def _suspicion(model: Suspicion | None, row: int, column: int) -> str:
    if model is None:
        return ""
    share = float(model.probabilities(np.array([row], dtype=np.int32))[0, column])
    if not np.isfinite(share):
        return ""
    why = model.reasons(row, column)[:MOST_REASONS]
    reasons = "".join(f'<li dir="auto">{html.escape(reason)}</li>' for reason in why) or "<li>nothing stands out</li>"
    return (
        f'<div><b>Suspicion {share:.0%}</b> that it answers the query</div><div class="negviz-bar">'
        f'<div style="width:{share:.1%}"></div></div><ul>{reasons}</ul>'
    )


def _scores(selection: Selection, row: int, column: int) -> str:
    lines = [
        f"<tr><th>{html.escape(scorer)}</th><td>{scores[row, column]:.4g}</td>"
        f"<td>{_standing(selection, scorer, row, column)}</td></tr>"
        for scorer, scores in selection.pool.scores.items()
        if np.isfinite(scores[row, column])
    ]
    return f"<table>{''.join(lines)}</table>" if lines else ""


def _standing(selection: Selection, scorer: str, row: int, column: int) -> str:
    """Where a score falls: among the query's candidates, and beside that of the positive."""
    pool = selection.pool
    values, anchor = pool.scores[scorer][row], pool.anchor(scorer, selection.recipe.anchor)[row]
    others = values[pool.eligible[row] & np.isfinite(values)]
    place = 1 + int((others > values[column]).sum())
    words = [f"place {place} of {max(len(others), place)}"]
    if np.isfinite(anchor):
        apart = float(values[column] - anchor)
        words.append(f"the positive {anchor:.4g} ({apart:+.3g})")
    return ", ".join(words)


def _brought(pool: Pool, row: int, column: int) -> str:
    places = {name: int(ranks[row, column]) for name, ranks in pool.ranks.items()}
    brought = [f"{name} (rank {place + 1})" for name, place in places.items() if place >= 0]
    return "brought by " + html.escape(", ".join(brought) or "nothing")


def _fate(known: Known, row: int, column: int) -> str:
    """What the recipe did with a candidate."""
    selection = known.selection
    if selection.reason(row, column):
        why = refusal_reason(selection, row, column, known.knobs)
        return f'<span class="negviz-verdict">✕ Refused by the recipe.</span> {html.escape(why)}'
    taken = bool(selection.taken[row, column])
    words = "● Taken by the recipe as a negative." if taken else "○ Allowed by the recipe, not drawn."
    return f'<span class="negviz-verdict negviz-{"taken" if taken else "allowed"}">{words}</span>'


def _voices(said: Sequence[LabelEvent]) -> str:
    lines = [
        f'<li dir="auto"><b>{html.escape(event.annotator)}</b>: {html.escape(str(event.verdict))}'
        + (f" · {html.escape(event.note)}" if event.note else "")
        + "</li>"
        for event in said
    ]
    return f'<h4>What was said</h4><ul class="negviz-voices">{"".join(lines)}</ul>'
