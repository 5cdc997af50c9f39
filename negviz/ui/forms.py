"""Forms made from signatures: one widget a knob; nobody writes a form by hand."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from negviz.diagnostics.score_profile import ScoreProfile
from negviz.errors import RecipeError
from negviz.hints import Range
from negviz.registry import Entry, Knob

STEPS = 200
TURNED = "forms.turned"
KEEPS = {"more": "Raising it keeps more.", "fewer": "Raising it refuses more.", "either": ""}


def turned(key: str) -> None:
    """Note that a person has just turned the widget of that key, so that it is not put back before it was read."""
    st.session_state.setdefault(TURNED, set()).add(key)


def adopted() -> None:
    """Tell that every value read from forms has been kept; from now on the widgets follow what is kept."""
    st.session_state[TURNED] = set()


def offer(key: str, value: Any) -> None:
    """Let a widget start from a value and follow it when it changes elsewhere; what a person has just done stays."""
    memory = st.session_state
    if key not in memory or (key not in memory.get(TURNED, ()) and memory[key] != value):
        memory[key] = value


def knob_inputs(
    entry: Entry,
    values: Mapping[str, Any],
    key: str,
    *,
    scores: ScoreProfile | None = None,
    choices: Mapping[str, Sequence[str]] | None = None,
    several: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Draw one widget for each knob of an entry and read them.

    Knobs on the scorer's scale take their limits from the scores at hand and say where their value falls among them.

    Args:
        entry: What the knobs belong to.
        values: Values to start from; the widgets follow them when they change elsewhere.
        key: Prefix of the widget keys.
        scores: The scores at hand, where there are any.
        choices: For knobs of free text, the texts that make sense here.
        several: For knobs whose text is a list with spaces between, the words that make sense here.

    Returns:
        The value of every knob, as its type.
    """
    found = {}
    for knob in entry.knobs:
        value = _as_knob(knob, values.get(knob.name, knob.default), entry.name)
        place = f"{key}.{knob.name}"
        if knob.kind in {"float", "int"}:
            found[knob.name] = _number(entry, knob, value, place, scores)
        elif knob.name in (several or {}):
            found[knob.name] = _words(knob, str(value), place, (several or {})[knob.name])
        else:
            found[knob.name] = _choice(knob, value, place, (choices or {}).get(knob.name, ()))
    return found


def _as_knob(knob: Knob, value: Any, owner: str) -> Any:
    """The value as the knob's type; one that is not allowed is shown with its sentence and the default stands in."""
    try:
        return knob.parse(value, owner)
    except RecipeError as error:
        st.text(str(error))
        return knob.default


def _name(knob: Knob) -> str:
    return knob.name.replace("_", " ").capitalize() if len(knob.name) > 1 else knob.name


def _help(knob: Knob) -> str:
    keeps = KEEPS[knob.range.keeps] if knob.range else ""
    return f"{knob.help} {keeps}".strip()


def _choice(knob: Knob, value: Any, key: str, choices: Sequence[str]) -> Any:
    options = list(knob.choices or choices)
    shared: dict[str, Any] = {"help": _help(knob), "on_change": turned, "args": (key,)}
    if options:
        # What the method has by default stays on offer, also where the pool does not have it (yet).
        options = list(dict.fromkeys([*options, knob.default, value]))
    offer(key, value)
    if knob.kind == "bool":
        return st.toggle(_name(knob), key=key, **shared)
    if options:
        return st.selectbox(_name(knob), options, key=key, format_func=lambda text: str(text) or "not chosen", **shared)
    return st.text_input(_name(knob), key=key, **shared)


def _words(knob: Knob, value: str, key: str, choices: Sequence[str]) -> str:
    """Several words of a list; the order in which they were chosen counts."""
    words = value.replace(",", " ").split()
    offer(key, words)
    given = st.multiselect(
        _name(knob), list(dict.fromkeys([*choices, *words])), key=key, help=_help(knob), on_change=turned, args=(key,)
    )
    return value if list(given) == words else " ".join(given)


def _number(entry: Entry, knob: Knob, value: Any, key: str, scores: ScoreProfile | None) -> Any:
    """A slider with an exact number beside it; both show the one value that is kept under the key."""
    limits = knob.range
    if limits is None:
        return _exact(knob, value, key)
    low, high, step = slider_limits(entry, knob, scores)
    offer(key, value)
    value = st.session_state[key]
    with st.container():
        if not low <= value <= high and limits.scale == "score":
            st.warning(
                f"{_name(knob)} {value:.4g} lies outside the scores at hand ({low:.4g} to {high:.4g}); "
                "a value from another model or another scale has no meaning here.",
                icon=":material/warning:",
            )
    low, high = min(low, value), max(high, value)
    cast = int if knob.kind == "int" else float
    left, right = st.columns([5, 3], vertical_alignment="bottom")
    bounds = {
        "min_value": cast(low),
        "max_value": cast(high),
        "step": cast(step),
        "format": "%g" if cast is float else "%d",
    }
    with left:
        _half(
            st.slider,
            _name(knob),
            f"{key}.slider.{low:g}.{high:g}.{step:g}",
            key,
            value,
            bounds | {"help": _help(knob)},
        )
    with right:
        exact: dict[str, Any] = {"step": cast(step), "format": bounds["format"], "label_visibility": "collapsed"}
        if limits.scale != "score":
            exact |= {"min_value": cast(min(limits.low, value)), "max_value": cast(max(limits.high, value))}
        _half(st.number_input, f"{_name(knob)}, exact", f"{key}.number", key, value, exact)
    if limits.scale == "score" and scores is not None:
        st.caption(placed(entry, knob, float(value), scores))
    return value


def _half(widget: Any, label: str, own: str, key: str, value: Any, bounds: Mapping[str, Any]) -> None:
    """One of the two widgets of a number; turning it changes the value under the shared key."""
    memory = st.session_state
    shown, put = memory.get(own), memory.get(f"{own}.put", [])
    if shown is None or not math.isclose(shown, value, rel_tol=1e-9, abs_tol=1e-12):
        memory[own] = value
        memory[f"{own}.put"] = [*put, shown, value]
    elif put:
        memory[f"{own}.put"] = [value]
    memory[f"{key}.drawn"] = value
    widget(label, key=own, on_change=_copy, args=(own, key), **bounds)


def _copy(own: str, key: str) -> None:
    """Keep what a half was turned to.

    While one half is turned fast, the other comes back with a value that it was given some frames ago: that is no turn.
    """
    memory = st.session_state
    value = memory.get(own)
    if value is None or (memory.get(key) != memory.get(f"{key}.drawn") and value in memory.get(f"{own}.put", ())):
        return
    memory[f"{own}.put"] = [value]
    memory[key] = float(f"{value:.10g}") if isinstance(value, float) else value
    turned(key)


def _exact(knob: Knob, value: Any, key: str) -> Any:
    offer(key, value)
    step = 1 if knob.kind == "int" else None
    given = st.number_input(_name(knob), key=key, step=step, help=_help(knob), on_change=turned, args=(key,))
    return value if given is None else given


def anchored(entry: Entry) -> bool:
    """Whether a strategy measures from the positive, so that its score knobs are distances."""
    return "anchor" in entry.wants


def slider_limits(entry: Entry, knob: Knob, scores: ScoreProfile | None) -> tuple[float, float, float]:
    """Limits and step of a knob's slider: those of its range, or those of the scores at hand.

    Args:
        entry: What the knob belongs to.
        knob: A number with a range.
        scores: The scores at hand, where there are any.
    """
    limits = knob.range or Range(0.0, 1.0, 0.01)
    if scores is None or limits.scale not in {"score", "rank"}:
        return limits.low, limits.high, limits.step
    if limits.scale == "rank":
        return limits.low, max(min(limits.high, scores.depth), limits.low + 1), limits.step
    if anchored(entry):
        low, high = (-scores.span if limits.low < 0 else 0.0), scores.span
    else:
        low, high = scores.bounds
    step = round_step((high - low) / STEPS)
    return _rounded(math.floor(low / step) * step), _rounded(math.ceil(high / step) * step), step


def round_step(size: float) -> float:
    """Nearest step of 1, 2 or 5 times a power of ten that is not smaller; 0.01 where the size is 0."""
    if size <= 0 or not math.isfinite(size):
        return 0.01
    power = 10.0 ** math.floor(math.log10(size))
    factor = next(factor for factor in (1, 2, 5, 10) if factor * power >= size * (1 - 1e-9))
    return _rounded(factor * power)


def _rounded(value: float) -> float:
    return float(f"{value:.10g}")


def placed(entry: Entry, knob: Knob, value: float, scores: ScoreProfile) -> str:
    """Words for where a value on the scorer's scale falls among the scores at hand."""
    if not anchored(entry):
        below, positives = scores.scores.below(value), scores.scores.positives_below(value)
        return f"Higher than {below:.0%} of candidates, {positives:.0%} of positives."
    far = scores.distances
    if not far.ends[0] <= far.ends[1]:
        return "No candidate has a distance to a positive here."
    if knob.range and knob.range.low < 0:
        return f"{far.below(value):.0%} of candidates lie below this distance to their positive."
    if knob.range and knob.range.keeps == "more":
        above, below = 1 - far.below(_after(value)), far.below(-value)
        words = f"{_share(above)} of candidates lie more than this above their positive, {_share(below)} more below."
        return words[:1].upper() + words[1:]
    above = 1 - far.below(0.0)
    within = 1 - far.below(_after(-value)) - above
    words = (
        f"{_share(max(within, 0.0))} of candidates lie less than this below their positive, {_share(above)} above it."
    )
    return words[:1].upper() + words[1:]


def _after(value: float) -> float:
    """The next number, so that what lies below it is what is at most the value."""
    return math.nextafter(value, math.inf)


def _share(value: float) -> str:
    """A share for people; what is there at all is never called 0%."""
    return "under 1%" if 0 < value < 0.01 else f"{value:.0%}"
