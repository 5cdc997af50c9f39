"""Asking a language model from the dashboard: what is missing, what it would take, and the sending of it."""

import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

import streamlit as st

from negviz.errors import CancelledError, NegvizError
from negviz.home import home_folder
from negviz.judge import Scope, Trial
from negviz.judges import JUDGES
from negviz.labels import LabelStore
from negviz.llm import KEY_VARIABLE, Plan, Settings
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.store import save_pool
from negviz.strategies import STRATEGIES
from negviz.synthesise import RETRIEVER, Commission
from negviz.ui import building, cache, jobs, state
from negviz.ui.jobs import Job
from negviz.ui.metrics import show_metrics

SYNTHESISE = "synthesise"
ASKING = ("llm_verdict", "llm_order")
SCOPES: dict[Scope, str] = {
    "disputed": "Disputed: from 95% of the positive's score to 0.1 above it",
    "taken": "Taken: what this recipe takes without the verdicts",
    "top": "Top: the head of each query's list",
}
WHY = {
    "rlhn": "This recipe needs to know which candidates a language model finds better or worse than the positive.",
    "arhn": "This recipe needs to know which candidates a language model finds an answer in, and in what order.",
    "llm_judge": "This recipe needs grades of candidates by a language model.",
    "gecko": "This recipe needs the 20 nearest candidates in the order of a language model.",
    SYNTHESISE: "This recipe needs negatives that a language model has written.",
}

ASKS = "Asking "
ANSWERS_KEPT = "Every answer that came is kept; sending again goes on from there."


@dataclass(frozen=True)
class Wish:
    """What the form asks for; two that are equal have the same plan."""

    method: str
    address: str
    model: str
    key_variable: str
    scope: Scope
    limit: int
    both_orders: bool
    per_query: int
    price_in: float
    price_out: float
    labels: bool
    most_tokens: int


def missing(pool: Pool, recipe: Recipe) -> str:
    """Which judge a recipe waits for, ``synthesise`` where it needs synthetic candidates, empty where it needs none."""
    for step in recipe.steps:
        if step.strategy in ASKING:
            layer = str(step.knobs.get("layer", STRATEGIES.get(step.strategy).knob("layer").default))
            if layer not in pool.scores and layer in JUDGES:
                return layer
        if step.strategy == "synthetic_mix" and RETRIEVER not in pool.ranks:
            return SYNTHESISE
    return ""


def panel(pool: Pool, recipe: Recipe) -> None:
    """Where a recipe needs a language model: a form, what it would take, and a button that sends it.

    Nothing is sent before that button is pressed. The result is a new stored pool, which takes the place of the one at
    hand, with the same recipe.

    Args:
        pool: The pool at hand.
        recipe: The recipe at hand; nothing is drawn where it needs no model.
    """
    method = missing(pool, recipe)
    if not method:
        return
    running = building.running()
    if running is not None:
        asking = running.title.startswith(ASKS)
        building.show_running(running, place=".judging", kept=ANSWERS_KEPT if asking else building.KEPT)
        return
    with st.container(border=True):
        st.subheader("Ask a language model", anchor=False)
        texts = "queries and positives" if method == SYNTHESISE else "queries, positives and candidates"
        st.write(
            f"{WHY.get(method, WHY['rlhn'])} Any address that speaks the OpenAI protocol can be asked, also one on "
            f"your own machine. The texts of {texts} are sent there, and nowhere else."
        )
        _ended()
        wish = _form(method, recipe)
        if wish is not None:
            st.session_state["judging.plan"] = _planned(pool, recipe, wish)
        _plan_shown(pool, recipe, method)


def _ended() -> None:
    """How the last asking of this session ended, where it did not end well."""
    job = jobs.find(st.session_state.get("judging.job"))
    if job is None or job.error is None:
        return
    if isinstance(job.error, CancelledError):
        st.info("Stopped. Every answer that came is kept; sending again goes on from there.", icon=":material/info:")
        return
    st.error("The asking did not end well. Every answer that came is kept.", icon=":material/error:")
    st.text(job.message)


def _form(method: str, recipe: Recipe) -> Wish | None:
    """The form; what it asks for when its button was pressed."""
    text: Any = partial(st.text_input, persist_state="session")
    number: Any = partial(st.number_input, persist_state="session")
    with st.form("judging.form", border=False):
        left, right = st.columns(2)
        with left:
            address = text("Address", key="judging.address", placeholder="http://localhost:11434/v1")
            model = text("Model", key="judging.model", placeholder="the name that the service knows it by")
            variable = text(
                "Environment variable with the key", value=KEY_VARIABLE, key="judging.variable",
                help="Set it before the dashboard is started. The key itself is never shown or stored; many servers on "
                "your own machine need none.",
            )  # fmt: skip
            state_of = "is set" if os.environ.get(variable, "").strip() else "is not set"
            st.text(f"{variable or 'No variable'} {state_of}.")
        with right:
            limit = number(
                "Queries at most", min_value=0, value=20, step=10, key="judging.limit",
                help="Drawn at random; 0 asks about all of them. Begin with few.",
            )  # fmt: skip
            scope, both, per_query, labels = _what(method, recipe)
            longest = number(
                "Longest answer, in tokens", min_value=1, max_value=1_000_000, value=1024, step=256,
                key="judging.longest",
                help="A model that thinks before it answers needs more, or nothing readable comes.",
            )  # fmt: skip
            prices = st.columns(2)
            with prices[0]:
                price_in = number("Price in", min_value=0.0, value=0.0, key="judging.in", help=_price("prompt"))
            with prices[1]:
                price_out = number("Price out", min_value=0.0, value=0.0, key="judging.out", help=_price("answer"))
        asked = st.form_submit_button("Show what it takes", icon=":material/calculate:")
    if not asked:
        return None
    return Wish(method, address.strip(), model.strip(), variable.strip(), scope, int(limit), both, per_query,
                float(price_in), float(price_out), labels, int(longest))  # fmt: skip


def _price(of: str) -> str:
    return f"Price of a million tokens of {of}, in any currency; 0 where it costs nothing or you do not know."


def _what(method: str, recipe: Recipe) -> tuple[Scope, bool, int, bool]:
    """Widgets that only one of the two kinds of asking has."""
    if method == SYNTHESISE:
        count = st.number_input("Negatives a query", min_value=1, max_value=10, value=2, key="judging.count")
        return "top", True, int(count), False
    whole = bool(JUDGES.get(method).trait("whole_list"))
    scopes = [scope for scope in get_args(Scope) if scope != "taken" or recipe.source is None]
    scope = st.selectbox(
        "Candidates", ["top"] if whole else scopes, key=f"judging.scope.{whole}", format_func=lambda each: SCOPES[each]
    )
    both = st.toggle(
        "Ask in both orders", value=True, key="judging.both",
        help="Models favour places in a list. Twice the requests; a candidate on which the two differ gets no verdict.",
    )  # fmt: skip
    labels = st.toggle(
        "Keep verdicts as labels too", value=False, key="judging.labels",
        help="Under the name llm:MODEL, for pairs that nobody has labelled. An export then makes the false negatives "
        "positives.",
    )  # fmt: skip
    return cast(Scope, scope or "top"), both, 2, labels


def work_of(pool: Pool, recipe: Recipe, wish: Wish, home: Path) -> Trial | Commission:
    """What is to be asked.

    Raises:
        NegvizError: If the form's values do not do.
    """
    settings = Settings(wish.address, wish.model, key_variable=wish.key_variable, most_tokens=wish.most_tokens)
    if wish.method == SYNTHESISE:
        return Commission(pool, settings, home, per_query=wish.per_query, limit=wish.limit)
    selection = None
    if wish.scope == "taken":
        plain = replace(recipe, steps=tuple(step for step in recipe.steps if step.strategy not in ASKING))
        selection = cache.selection(pool, plain, cache.labels())
    return Trial(
        pool, wish.method, settings, home, scope=wish.scope, selection=selection, scorer=recipe.scorer,
        limit=wish.limit, both_orders=wish.both_orders,
    )  # fmt: skip


def _planned(pool: Pool, recipe: Recipe, wish: Wish) -> tuple[str, Wish, Plan] | None:
    try:
        with st.spinner("Counting …"):
            work = work_of(pool, recipe, wish, home_folder().resolve())
            priced = wish.price_in > 0 or wish.price_out > 0
            plan = work.plan(price_in=wish.price_in if priced else None, price_out=wish.price_out if priced else None)
    except NegvizError as error:
        st.error("That cannot be asked.", icon=":material/error:")
        st.text(str(error))
        return None
    return pool.fingerprint, wish, plan


def _plan_shown(pool: Pool, recipe: Recipe, method: str) -> None:
    kept = st.session_state.get("judging.plan")
    if kept is None or kept[0] != pool.fingerprint or kept[1].method != method:
        return
    wish, plan = cast(Wish, kept[1]), cast(Plan, kept[2])
    cost = "unknown" if plan.cost is None else f"{plan.cost:.4g}"
    show_metrics([
        ("Requests to send", f"{plan.to_ask:,}", f"{plan.cached:,} of {plan.requests:,} are answered already."),
        ("Tokens of prompt, about", f"{plan.prompt_tokens:,}", "Estimated from the length of the texts."),
        ("Tokens of answer, at most", f"{plan.answer_tokens:,}", "As long as an answer may be, times the requests."),
        ("Cost, about", cost, "From the prices that you gave, were every answer as long as it may be."),
    ])  # fmt: skip
    st.text(f"To {wish.address}, model {wish.model}. Nothing has been sent yet.")
    label = f"Send {plan.to_ask:,} requests" if plan.to_ask else "Use the answers that are there"
    if st.button(label, type="primary", key="judging.send", icon=":material/send:"):
        job = start(pool, recipe, wish)
        st.session_state["judging.job"] = job.id
        st.session_state.pop("judging.plan", None)
        st.rerun()


def start(pool: Pool, recipe: Recipe, wish: Wish) -> Job:
    """Ask in the background and store the new pool, which is then used with the same recipe."""
    home, folder = home_folder().resolve(), state.pools_folder().resolve()
    asked = work_of(pool, recipe, wish, home)

    def work(job: Job) -> str:
        done = asked.run(progress=job.progress, cancelled=job.stop.is_set)
        job.progress("writing the pool", 0, 1)
        name = building.pool_name(done.pool)
        save_pool(done.pool, folder / name)
        if wish.labels and wish.method != SYNTHESISE:
            store = LabelStore(home / "labels.sqlite")
            said = store.current()
            # Of several annotators the latest counts; a model must not overrule a person.
            store.merge([event for event in done.events if event.pair not in said])  # type: ignore[union-attr]
        return name

    job = jobs.start(f"{ASKS}{wish.model} about {pool.dataset.name}", work, building.KIND)
    job.after = partial(state.use_recipe, recipe)
    return job
