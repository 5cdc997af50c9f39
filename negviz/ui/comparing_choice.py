"""What is compared, and the judgments that measure it; the choice is kept on disk and in the address."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args
from urllib.parse import quote, unquote

import streamlit as st

from negviz.comparison import MOST, Contender, stored
from negviz.errors import DataError, NegvizError
from negviz.home import home_folder
from negviz.load import judgments_of_the_sample
from negviz.pool import Anchor, Pool
from negviz.recipe import Recipe, published
from negviz.saved_recipes import saved
from negviz.truth import Truth
from negviz.ui import cache, state
from negviz.ui.building import safe_name
from negviz.ui.recipe_settings import ANCHORS
from negviz.writing import file_written_beside

AT_HAND, SAVED, SELECTION = "at-hand", "saved:", "selection:"
FIRST = ("nv_perc", "nv_topk", "simans", "bm25", "random")
FIRST_COUNT = 4
KEY = "compare.chosen"
AUTOMATIC = "the usual: 2, or 1 without 2"
# How judgments are read, with what is usual.
SETTINGS: dict[str, int | bool] = {"grade": 0, "complete": False}


@dataclass(frozen=True)
class Options:
    """What can be compared, each under a key that stands in the address.

    Attributes:
        titles: What each is called in the list.
        names: What each is called in tables and charts.
        recipes: Those that are recipes.
        files: Those that are stored selections.
        broken: Saved recipes that cannot be read, with the sentence that says why.
    """

    titles: Mapping[str, str]
    names: Mapping[str, str]
    recipes: Mapping[str, Recipe]
    files: Mapping[str, Path]
    broken: Mapping[str, str]


def selections_folder() -> Path:
    """Where selections that were added on this page live; files that people put there count, too."""
    return home_folder() / "selections"


def options_of(pool: Pool) -> Options:
    """The recipe at hand, saved and published recipes, and stored selections."""
    own, broken = saved()
    recipes = {AT_HAND: state.current_recipe(), **{f"{SAVED}{name}": recipe for name, recipe in own.items()}}
    titles = {AT_HAND: f"The recipe at hand ({recipes[AT_HAND].name})"}
    titles |= {f"{SAVED}{name}": f"Saved: {name}" for name in own}
    for name, recipe in published().items():
        recipes[name] = recipe
        # Trying all of them would take seconds; what else one needs is told when it is chosen.
        lacking = "" if recipe.scorer in pool.scores else f" (needs scores called {recipe.scorer})"
        # The name stands in the heads of tables and charts, so it must stand here, too.
        titles[name] = f"{name} · {recipe.title}{lacking}" if recipe.title else f"{name}{lacking}"
    files = {f"{SELECTION}{path.stem}": path for path in sorted(selections_folder().glob("*.parquet"))}
    titles |= {key: f"Selection: {path.stem}" for key, path in files.items()}
    names = {key: recipe.name for key, recipe in recipes.items()} | {key: path.stem for key, path in files.items()}
    return Options(titles, {**names, AT_HAND: "recipe at hand"}, recipes, files, broken)


def choose(pool: Pool, options: Options) -> list[str]:
    """Let a person choose two to six of them; the choice is kept and stands in the address."""
    place = f"{KEY}.{st.session_state.get('compare.epoch', 0)}"
    if place not in st.session_state:
        st.session_state[place] = wanted(pool, options)
    else:
        st.session_state[place] = [key for key in st.session_state[place] if key in options.titles]
    chosen = st.multiselect(
        "Compare", list(options.titles), key=place, max_selections=MOST, format_func=lambda key: options.titles[key],
        on_change=_keep, args=(place,), placeholder="Choose two to six recipes",
        help="Published recipes with their own defaults, recipes that you saved, the one at hand, and selections from "
        "files. All are compared on the pool at hand.",
    )  # fmt: skip
    _to_address(chosen)
    return list(chosen)


def wanted(pool: Pool, options: Options) -> list[str]:
    """What to begin with: what the address names, else the last choice, else the recipe at hand and usual ones."""
    asked = st.query_params.get("compare")
    if asked:
        named = [unquote(part) for part in asked.split(",") if part]
        missing = [name for name in named if name not in options.titles]
        if missing:
            st.session_state["compare.missing"] = missing
    else:
        stored = state.workspace().get("compare")
        named = [str(name) for name in stored] if isinstance(stored, list) else []
    known = [name for name in dict.fromkeys(named) if name in options.titles][:MOST]
    return known or _first(pool, options)


def _first(pool: Pool, options: Options) -> list[str]:
    """The recipe at hand and usual ones that run on this pool and are not the same."""
    usual = [
        name
        for name in FIRST
        if name in options.recipes
        and options.recipes[name] != options.recipes[AT_HAND]
        and not cache.contender(pool, options.recipes[name], name, cache.labels()).problem
    ]
    return [AT_HAND, *usual][:FIRST_COUNT]


def _keep(place: str) -> None:
    state.remember(compare=list(st.session_state[place]))


def _to_address(chosen: Sequence[str]) -> None:
    text = ",".join(quote(key, safe=":") for key in chosen)
    if text and st.query_params.get("compare") != text:
        st.query_params["compare"] = text


def add(key: str, chosen: Sequence[str]) -> None:
    """Add one to the choice, in the place of the last where there is no room."""
    kept = [other for other in chosen if other != key][: MOST - 1]
    state.remember(compare=[*kept, key])
    st.query_params["compare"] = ",".join(quote(each, safe=":") for each in [*kept, key])
    st.session_state["compare.epoch"] = int(st.session_state.get("compare.epoch", 0)) + 1


def contenders(pool: Pool, options: Options, chosen: Sequence[str]) -> list[Contender]:
    """Run or read what was chosen; what cannot run comes with its sentence."""
    return [_contender(pool, options, key) for key in chosen]


def _contender(pool: Pool, options: Options, key: str) -> Contender:
    name = options.names[key]
    if key in options.recipes:
        return cache.contender(pool, options.recipes[key], name, cache.labels())
    try:
        return cache.stored_contender(pool, options.files[key], name)
    except NegvizError as error:
        return Contender(name, problem=str(error))


def measure(pool: Pool) -> tuple[str | None, Anchor]:
    """Controls for whose scores tell how hard a negative is, and which positive they are compared with."""
    names = sorted(pool.scores)
    if not names:
        st.caption("This pool has no scores, so nothing can be said about how hard negatives are.")
        return None, "min"
    usual = state.current_recipe().scorer
    several = (pool.positives >= 0).sum(axis=1).max(initial=0) > 1
    with st.container(horizontal=True):
        scorer = st.selectbox(
            "Hardness by", names, index=names.index(usual) if usual in names else 0, key="compare.scorer", width=300,
            persist_state="session", format_func=lambda name: f"{name} ({pool.scales.get(name, 'unknown scale')})",
            help="One scorer measures all of them, whatever scores they choose by.",
        )  # fmt: skip
        anchor = st.selectbox(
            "Compared with", list(get_args(Anchor)), key="compare.anchor", persist_state="session", width=300,
            format_func=lambda name: ANCHORS[name], help="Which labelled positive counts, where a query has several.",
        ) if several else "min"  # fmt: skip
    return scorer, cast(Anchor, anchor)


def files(pool: Pool, chosen: Sequence[str]) -> Truth | None:
    """Add selections from files, and give judgments to measure with.

    Returns:
        The judgments that were given for this data, None where there are none.
    """
    with st.expander("Selections and judgments from files", icon=":material/attach_file:", key="compare.files"):
        left, right = st.columns(2, gap="large")
        with left:
            _add_selection(pool, chosen)
        with right:
            return judgments(pool)


def _add_selection(pool: Pool, chosen: Sequence[str]) -> None:
    times = int(st.session_state.get("compare.epoch", 0))
    given = st.file_uploader(
        "Add a selection", ["parquet"], key=f"compare.selection.{times}",
        help="What 'negviz select POOL --out FILE.parquet' wrote from this very pool.",
    )  # fmt: skip
    if given is None:
        return
    data, name = given.getvalue(), safe_name(given.name.rsplit(".", 1)[0], 60)
    path = selections_folder() / f"{name}.parquet"
    try:
        with file_written_beside(path) as beside:
            beside.write_bytes(data)
            # Read before it takes its place, so that a file of another pool is refused and leaves nothing behind.
            _check(pool, beside, given.name)
    except NegvizError as error:
        st.error("This selection cannot be compared.", icon=":material/error:")
        st.text(str(error))
        return
    add(f"{SELECTION}{name}", chosen)
    st.rerun()


def _check(pool: Pool, path: Path, name: str) -> None:
    try:
        stored(pool, path)
    except DataError as error:
        raise DataError(str(error).replace(str(path), name)) from None


def judgments(pool: Pool) -> Truth | None:
    """A file of judgments, given once and kept for the data; what it says with its settings, None where none is."""
    kept = _kept_judgments(pool)
    if kept is None:
        given = st.file_uploader(
            "Judgments to measure with", ["tsv", "txt", "qrels", "trec", "jsonl", "gz", "zst"], key="compare.judgments",
            help="Qrels as of TREC or BEIR, such as complete or held-out judgments. They only count false negatives "
            "among what is taken; no recipe ever sees them.",
        )  # fmt: skip
        if given is None:
            return None
        _keep_judgments(pool, given.getvalue(), given.name)
        kept = _kept_judgments(pool)
    return _read(pool, kept) if kept else None


def judgments_of_sample(pool: Pool) -> None:
    """Offer the complete judgments that come with the sample, where it is at hand and none are given."""
    path = judgments_of_the_sample(pool.dataset)
    if path is None or _kept_judgments(pool) is not None:
        return
    st.button(
        "Use the sample's own judgments", icon=":material/science:", key="compare.sample", on_click=_take_sample,
        args=(pool, path), help="The sample comes with complete judgments, so that it can be known what is false.",
    )  # fmt: skip


def _take_sample(pool: Pool, path: Path) -> None:
    _keep_judgments(pool, path.read_bytes(), path.name, complete=True)
    st.session_state["compare.complete"] = True


def _read(pool: Pool, kept: Mapping[str, Any]) -> Truth | None:
    """The judgments with their settings; what cannot be read is forgotten, with its sentence."""
    name = str(kept["name"])
    st.text(f"Judgments: {name}")
    # What a file means is kept with it: in another session the same judgments must give the same shares.
    for key, usual in SETTINGS.items():
        st.session_state.setdefault(f"compare.{key}", kept.get(key, usual))
    from_grade = st.selectbox(
        "Grades that answer the query", [0, 1, 2, 3], key="compare.grade", persist_state="session",
        format_func=lambda grade: f"{grade} or more" if grade else AUTOMATIC, on_change=_keep_settings, args=(pool,),
        help="Judgments with grades often use 1 for 'on the matter, but no answer'. The usual is 2 or more where the "
        "file has such grades, as in TREC Deep Learning, else 1.",
    )  # fmt: skip
    complete = st.toggle(
        "Unlisted ones do not answer", key="compare.complete", persist_state="session", on_change=_keep_settings,
        args=(pool,),
        help="For a query that the file judges, every document that it does not list counts as no answer. Without "
        "this such pairs count as not judged and are left out of the share.",
    )  # fmt: skip
    st.button("Forget these judgments", key="compare.forget", icon=":material/close:", type="tertiary",
              on_click=_forget, args=(pool,))  # fmt: skip
    try:
        return cache.truth(pool, judgments_folder() / str(kept["file"]), name, from_grade or None, bool(complete))
    except NegvizError as error:
        st.error("These judgments cannot be used.", icon=":material/error:")
        st.text(str(error).replace(str(kept["file"]), name))
        return None


def _keep_settings(pool: Pool) -> None:
    given = dict(state.workspace().get("judgments") or {})
    settings = {key: st.session_state[f"compare.{key}"] for key in SETTINGS}
    state.remember(judgments={**given, pool.dataset.fingerprint: {**given[pool.dataset.fingerprint], **settings}})


def judgments_folder() -> Path:
    """Where judgments that were given on this page live."""
    return home_folder() / "judgments"


def _keep_judgments(pool: Pool, data: bytes, name: str, **settings: bool) -> None:
    file = f"{hashlib.blake2b(data, digest_size=8).hexdigest()}.qrels"
    with file_written_beside(judgments_folder() / file) as beside:
        beside.write_bytes(data)
    given = dict(state.workspace().get("judgments") or {})
    state.remember(judgments={**given, pool.dataset.fingerprint: {"file": file, "name": name, **settings}})


def _kept_judgments(pool: Pool) -> Mapping[str, Any] | None:
    given = state.workspace().get("judgments")
    kept = given.get(pool.dataset.fingerprint) if isinstance(given, dict) else None
    if not isinstance(kept, dict) or {"file", "name"} - set(kept) or Path(str(kept["file"])).name != kept["file"]:
        return None
    return kept if (judgments_folder() / str(kept["file"])).is_file() else None


def _forget(pool: Pool) -> None:
    given = dict(state.workspace().get("judgments") or {})
    given.pop(pool.dataset.fingerprint, None)
    state.remember(judgments=given)


def too_few(chosen: Sequence[str]) -> None:
    """What to do where nothing can be compared yet."""
    with st.container(border=True):
        st.subheader(":material/compare_arrows: Choose at least two", anchor=False)
        st.write(
            "A comparison needs two to six recipes or selections. Choose published ones above, or save the recipe at "
            "hand on the page Mine and compare its versions."
            if chosen
            else "Nothing is chosen. Take the recipe at hand and a published one from the list above."
        )


def refuse_unreadable(options: Options) -> None:
    """Tell which names of the address are unknown, and which saved recipes cannot be read."""
    missing = st.session_state.pop("compare.missing", None)
    if missing:
        st.warning("The address names what is not here, so it is left out:", icon=":material/link_off:")
        st.text(", ".join(missing))
    for name, problem in options.broken.items():
        st.warning("A saved recipe cannot be read.", icon=":material/warning:")
        st.text(f"{name}: {problem}")
