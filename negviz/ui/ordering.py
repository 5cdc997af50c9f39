"""The form in which a person says how candidates are to be mined."""

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from negviz.dataset import Dataset
from negviz.encoders import ENCODERS
from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.mine import DEFAULT_SCORERS, GUIDE
from negviz.retrievers import RETRIEVERS
from negviz.scorers import SCORERS
from negviz.ui import building, precision_choice
from negviz.ui.building import Order

OTHER = ":other"
HUB = "huggingface"
STATIC = "static"
USUAL = ("dense", "bm25", "random")


@dataclass(frozen=True)
class Opinion:
    """A scorer that a person may add.

    Attributes:
        purpose: What it is for, in a sentence.
        cost: What it takes, in a sentence.
        asks: Example of the model that it wants named; empty where it wants none.
        usual: Whether it is on at first.
    """

    purpose: str
    cost: str
    asks: str = ""
    usual: bool = False


OPINIONS: Mapping[str, Opinion] = {
    GUIDE: Opinion(
        "Another encoder's similarity, as GISTEmbed's guide: what it puts above the positive may be a false negative.",
        "Seconds with static, which is made from your documents; another model encodes all texts once more.",
        "minilm, a folder or a Hugging Face id",
        usual=True,
    ),
    "similarity_to_positive": Opinion(
        "How near a candidate is to what is known to answer the query: near copies of the positive stand at the top.",
        "Nothing beyond the encoder's vectors.",
    ),
    "late_interaction": Opinion(
        "Compares the query's words one by one with the document's, by the encoder's own vectors of tokens in their "
        "context; works offline with minilm and other transformers, not with static.",
        "Encodes the tokens of every candidate once, about as long as the texts took.",
    ),
    "cross_encoder": Opinion(
        "A model that reads query and document together and gives the probability that one answers the other: the best "
        "judge of false negatives here, and what RocketQA's recipes need.",
        "By far the slowest: every candidate of every query goes through the model. A GPU is used where there is one.",
        "cross-encoder/ms-marco-MiniLM-L6-v2",
    ),
}


def mine_form(dataset: Dataset, key: str) -> None:
    """Encoder, retrievers, depth and run files, what it will take, and the button that starts.

    Args:
        dataset: What was read.
        key: Prefix of the widgets.
    """
    with st.container(border=True):
        st.subheader("Mine candidates", anchor=False)
        st.caption(
            "For every query that has a positive, retrievers bring documents that might serve as hard negatives. This "
            "is the only slow step; everything you tune afterwards is arithmetic on its result."
        )
        first, second, third = st.columns([5, 8, 3])
        with first:
            encoder = _encoder(key)
        with second:
            retrievers = _retrievers(dataset, key)
        depth = third.number_input(
            "Depth", 1, 10_000, 100, key=f"{key}.depth", persist_state="session",
            help="Candidates that each retriever brings for a query; more gives the recipe more to choose from.",
        )  # fmt: skip
        precision = precision_choice.choose(dataset, encoder, key)
        scorers = _second_opinions(encoder, retrievers, key)
        typed, uploaded, seed = _more(key)
        older, older_files = _checkpoints(key)
        order = Order(
            encoder, tuple(retrievers), int(depth), (), int(seed), _all_scorers(scorers.chosen, retrievers),
            precision=precision,
        )  # fmt: skip
        counted = building.with_checkpoints(order, older, (), home_folder())
        st.caption(building.estimate(dataset, counted, home_folder()))
        busy = building.running() is not None
        given = typed.strip() or uploaded or older.strip() or older_files or len(dataset.given)
        if st.button("Mine candidates", type="primary", key=f"{key}.mine", icon=":material/filter_alt:",
                     disabled=busy or not (retrievers or given) or not encoder or scorers.incomplete):  # fmt: skip
            _start(dataset, order, Files(typed, uploaded), Files(older, older_files))
        building.show_again()


@dataclass(frozen=True)
class Files:
    """Paths that were typed, one a line, and files from the browser."""

    typed: str
    uploaded: list[UploadedFile]


@dataclass(frozen=True)
class Opinions:
    """Scorers beyond those of the retrievers; incomplete where one lacks its model."""

    chosen: tuple[str, ...]
    incomplete: bool


def _encoder(key: str) -> str:
    labels = {entry.name: entry.label for entry in ENCODERS if entry.name != HUB}
    names = sorted(labels, key=lambda name: name != "minilm")
    chosen = st.selectbox(
        "Encoder", [*names, OTHER], format_func=lambda name: labels.get(name, "another model: path or Hugging Face id"),
        key=f"{key}.encoder", persist_state="session",
        help="Whose vectors dense retrieval and the dense scores use. Take the model that you are going to train, or "
        "the best teacher that you can afford.",
    )  # fmt: skip
    if chosen != OTHER:
        return chosen or names[0]
    typed = st.text_input("Model", key=f"{key}.model", persist_state="session", placeholder="BAAI/bge-small-en-v1.5",
                          help="A local folder of a sentence-transformers model, or a Hugging Face id.")  # fmt: skip
    return (typed or "").strip()


def _retrievers(dataset: Dataset, key: str) -> list[str]:
    labels = {entry.name: entry.label for entry in RETRIEVERS if entry.name != "run"}
    if not len(dataset.given):
        labels.pop("given", None)
    usual = [name for name in (*USUAL, *(["given"] if len(dataset.given) else [])) if name in labels]
    chosen = st.multiselect(
        "Retrievers", list(labels), default=usual, format_func=lambda name: labels[name],
        key=f"{key}.retrievers.{'given' in labels}", persist_state="session",
        help="Whose candidates are united. Negatives that came with the data are always added.",
    )  # fmt: skip
    for why, names in _approximate(labels).items():
        st.caption(f"Approximate: {' and '.join(names)}. {why}; how much they find of the exact list is measured.")
    return chosen


def _approximate(labels: Mapping[str, str]) -> dict[str, list[str]]:
    """Labels of retrievers whose search is not exact, by what they are for."""
    found: dict[str, list[str]] = {}
    for name, label in labels.items():
        why = RETRIEVERS.get(name).trait("approximate")
        if why:
            found.setdefault(str(why), []).append(label)
    return found


def _more(key: str) -> tuple[str, list[UploadedFile], int]:
    with st.expander("Runs made elsewhere, seed", icon=":material/settings:"):
        first, second, third = st.columns([3, 3, 1])
        typed = first.text_area(
            "TREC run files, a path a line", key=f"{key}.runs", height=90, placeholder="~/runs/splade.trec",
            help="Rankings from another system: query id, Q0, document id, rank, score, name. Each becomes a retriever "
            "and a score layer named after its file.",
        )  # fmt: skip
        uploaded = second.file_uploader("Or from the browser", accept_multiple_files=True, key=f"{key}.run_files",
                                        help="The same kind of file.")  # fmt: skip
        seed = third.number_input("Seed", 0, 2**31 - 1, 0, key=f"{key}.seed", help="Of the random retriever.")
    return typed or "", list(uploaded or ()), int(seed)


def _second_opinions(encoder: str, retrievers: list[str], key: str) -> Opinions:
    """A switch for each scorer that looks at the candidates once more, with what it is for and what it costs."""
    chosen, missing = [], False
    with st.expander("Second opinions: more scores for each candidate", icon=":material/rule:"):
        st.caption(
            "What two models disagree about is where false negatives hide. Scores beyond those of the retrievers make "
            "more recipes available; each costs time once and is kept."
        )
        for name, opinion in OPINIONS.items():
            label = SCORERS.get(name).label
            # On where the command line would have it, and off again where it would not.
            usual = opinion.usual and "dense" in retrievers and encoder != STATIC
            on = st.toggle(label, value=usual, key=f"{key}.scorer.{name}.{usual}", persist_state="session")
            st.caption(f"{opinion.purpose} {opinion.cost}")
            if on and opinion.asks:
                typed = st.text_input(
                    f"Model of the {label.lower()}", key=f"{key}.scorer.{name}.model", persist_state="session",
                    value=STATIC if name == GUIDE else None, placeholder=opinion.asks,
                    help="An encoder's name, a local folder or a Hugging Face id. Weights are read from safetensors "
                    "alone, and no code that comes with a model is run.",
                )  # fmt: skip
                model = (typed or "").strip()
                missing |= _lacks(name, model, encoder)
                chosen.append(f"{name}={model}")
            elif on:
                chosen.append(name)
    return Opinions(tuple(chosen), missing)


def _lacks(name: str, model: str, encoder: str) -> bool:
    """Say what is missing where a model has to be named."""
    if model and not (name == GUIDE and model == encoder):
        return False
    st.caption(":material/warning: Name a model" + (" other than the encoder." if model else "."))
    return True


def _all_scorers(opinions: tuple[str, ...], retrievers: list[str]) -> tuple[str, ...]:
    """The usual scorers with the second opinions; one at least, for a pool without scores cannot be ranked."""
    searched = {"dense" if RETRIEVERS.get(name).trait("approximate") else name for name in retrievers}
    usual = tuple(name for name in DEFAULT_SCORERS if name in searched)
    return (*(usual or (() if opinions else ("dense",))), *opinions)


def _checkpoints(key: str) -> tuple[str, list[UploadedFile]]:
    with st.expander("Older checkpoints of the encoder", icon=":material/history:"):
        st.caption(
            "What changes from one checkpoint to the next shows how stale mined negatives are, and which candidates "
            "become harder while the model learns. Each model encodes all texts once; a run file costs nothing."
        )
        first, second = st.columns(2)
        typed = first.text_area(
            "Folders, Hugging Face ids or run files, oldest first, one a line", key=f"{key}.checkpoints", height=90,
            placeholder="~/train/checkpoint-500\n~/train/checkpoint-1000",
            help="The encoder chosen above is the newest. Each becomes a retriever and a score layer named after it.",
        )  # fmt: skip
        uploaded = second.file_uploader(
            "Or run files from the browser", accept_multiple_files=True, key=f"{key}.checkpoint_files",
            help="TREC runs: query id, Q0, document id, rank, score, name. They count as newer than what is typed.",
        )  # fmt: skip
    return typed or "", list(uploaded or ())


def _start(dataset: Dataset, order: Order, runs: Files, older: Files) -> None:
    try:
        home = home_folder()
        whole = building.with_checkpoints(
            building.with_runs(order, runs.typed, runs.uploaded, home), older.typed, older.uploaded, home
        )
        building.start(dataset, whole)
    except (NegvizError, OSError) as error:
        st.error("The mining could not start.", icon=":material/error:")
        st.text(str(error))
        return
    st.rerun()
