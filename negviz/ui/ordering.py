"""The form in which a person says how candidates are to be mined."""

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from negviz.dataset import Dataset
from negviz.encoders import ENCODERS
from negviz.errors import NegvizError
from negviz.home import home_folder
from negviz.retrievers import RETRIEVERS
from negviz.ui import building
from negviz.ui.building import Order

OTHER = ":other"
HUB = "huggingface"
USUAL = ("dense", "bm25", "random")


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
        typed, uploaded, seed = _more(key)
        order = Order(encoder, tuple(retrievers), int(depth), (), int(seed))
        st.caption(building.estimate(dataset, encoder, home_folder()) if "dense" in retrievers else
                   "No encoder is needed for these retrievers; scores come from BM25 or the run files.")  # fmt: skip
        busy = building.running() is not None
        nothing = not retrievers and not typed.strip() and not uploaded and not len(dataset.given)
        if st.button("Mine candidates", type="primary", key=f"{key}.mine", icon=":material/filter_alt:",
                     disabled=busy or nothing or not encoder):  # fmt: skip
            _start(dataset, order, typed, uploaded)
        building.show_again()


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
    return st.multiselect(
        "Retrievers", list(labels), default=usual, format_func=lambda name: labels[name],
        key=f"{key}.retrievers.{'given' in labels}", persist_state="session",
        help="Whose candidates are united. Negatives that came with the data are always added.",
    )  # fmt: skip


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


def _start(dataset: Dataset, order: Order, typed: str, uploaded: list[UploadedFile]) -> None:
    try:
        building.start(dataset, building.with_runs(order, typed, uploaded, home_folder()))
    except (NegvizError, OSError) as error:
        st.error("The mining could not start.", icon=":material/error:")
        st.text(str(error))
        return
    st.rerun()
