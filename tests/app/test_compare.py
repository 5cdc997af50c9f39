"""Compare: choose recipes, read the numbers, and go down to the texts that one takes and another refuses."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from negviz.home import home_folder
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.store import save_selection
from negviz.taken_pairs import pairs_of, taken_keys
from tests.app.conftest import HOSTILE, words

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
PAGE = "pages/4_Compare.py"
TWO = "nv_perc,nv_topk"


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def kept() -> dict:
    return json.loads((home_folder() / "workspace.json").read_text("utf-8"))


def chooser(app: AppTest):
    (found,) = [element for element in app.multiselect if str(element.key).startswith("compare.chosen")]
    return found


def look(app: AppTest, view: str) -> AppTest:
    return app.segmented_control(key="compare.view").set_value(view).run()


def cells(app: AppTest, label: str) -> list[str]:
    """Cells of a row of the table of numbers."""
    row = next(part for part in html(app).split("<tr>") if f">{label}</td>" in part)
    return [part.split("</td>")[0] for part in row.split('nowrap">')[1:]]


def test_without_a_pool_the_page_says_what_to_do(open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert "No pool yet" in words(app)


def test_first_visit_compares_the_recipe_at_hand_with_usual_ones(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert chooser(app).value[0] == "at-hand"
    assert 2 <= len(chooser(app).value) <= 6
    assert "Hardness is a negative's score minus its positive's" in words(app)


def test_numbers_are_those_of_the_selections(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare=TWO)
    assert not app.exception
    assert chooser(app).value == TWO.split(",")
    summaries = [select(pool, find_recipe(name)).summary() for name in TWO.split(",")]
    assert cells(app, "Negatives taken") == [str(summary["taken"]) for summary in summaries]
    assert cells(app, "Starved queries") == [str(summary["starved"]) for summary in summaries]


def test_what_takes_all_there_is_starves_nobody(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare="coder,nv_perc")
    assert cells(app, "Starved queries") == ["takes all", "1"]
    app = look(app, "Starved queries")
    assert "coder takes all, nv_perc 1." in words(app)
    assert not app.exception


def test_the_list_names_recipes_as_the_table_does(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare=TWO)
    options = chooser(app).options
    assert any(option.startswith("nv_perc · ") for option in options)


def test_choice_is_kept_and_stands_in_the_address(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare=TWO)
    chooser(app).set_value(["nv_perc", "bm25"]).run()
    assert kept()["compare"] == ["nv_perc", "bm25"]
    assert app.query_params["compare"] in ("nv_perc,bm25", ["nv_perc,bm25"])
    assert chooser(open_app(PAGE)).value == ["nv_perc", "bm25"]


def test_unknown_names_in_the_address_are_told_and_left_out(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare="nv_perc,<b>nothing</b>,bm25")
    assert not app.exception
    assert chooser(app).value == ["nv_perc", "bm25"]
    assert "nothing" in words(app)


def test_one_alone_is_no_comparison(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare=TWO)
    chooser(app).set_value(["nv_perc"]).run()
    assert not app.exception
    assert "Choose at least two" in words(app)
    chooser(app).set_value([]).run()
    assert "Nothing is chosen" in words(app)


def test_what_cannot_run_is_named_and_the_others_are_compared(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare=f"random,{TWO}")
    assert not app.exception
    assert "random cannot run on this pool and is left out." in words(app)
    assert "the pool has those of: bm25, dense" in words(app)
    assert len(cells(app, "Negatives taken")) == 2


def test_saved_recipes_and_selections_of_the_home_are_offered(pool: Pool, open_app: Open) -> None:
    folder = home_folder() / "recipes"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text("name: mine\nsteps: []\ndraw: top\ncount: 2\n")
    (folder / "broken.yaml").write_text("a: [")
    save_selection(select(pool, find_recipe("bm25")), home_folder() / "selections" / "last week.parquet")
    app = open_app(PAGE, compare="saved:mine,selection:last week,nv_perc")
    assert not app.exception
    assert chooser(app).value == ["saved:mine", "selection:last week", "nv_perc"]
    assert cells(app, "Negatives taken")[0] == str(2 * 8 - 1)
    assert cells(app, "Time")[1] == "read from a file"
    assert "broken" in words(app)


def test_selection_of_another_pool_is_refused_and_leaves_nothing(pool: Pool, open_app: Open, tmp_path: Path) -> None:
    from tests.pools import line

    save_selection(select(line([0.5, 0.4], 0.8), find_recipe("nv_perc")), tmp_path / "x.parquet")
    app = open_app(PAGE, compare=TWO)
    data = (tmp_path / "x.parquet").read_bytes()
    app.file_uploader[0].set_value(("x.parquet", data, "application/octet-stream")).run()
    assert not app.exception
    assert "x.parquet was made from another pool" in words(app)
    assert not list((home_folder() / "selections").glob("*"))


def test_uploaded_selection_joins_the_comparison(pool: Pool, open_app: Open, tmp_path: Path) -> None:
    save_selection(select(pool, find_recipe("bm25")), tmp_path / "mine.parquet")
    app = open_app(PAGE, compare=TWO)
    data = (tmp_path / "mine.parquet").read_bytes()
    app.file_uploader[0].set_value(("mine.parquet", data, "application/octet-stream")).run()
    assert not app.exception
    assert chooser(app).value == [*TWO.split(","), "selection:mine"]


def test_judgments_are_counted_kept_and_forgotten(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare=TWO)
    plain = cells(app, "Negatives taken")
    place, document = pairs_of(pool, taken_keys(select(pool, find_recipe("nv_topk"))))[0]
    names = pool.dataset.query_id(int(place)), pool.dataset.document_id(int(document))
    text = f"{names[0]} 0 {names[1]} 1\nq9 0 nowhere 1\n"
    app.file_uploader[1].set_value(("truth.qrels", text.encode(), "text/plain")).run()
    assert not app.exception
    assert cells(app, "Judged false")[1] == "1 of 1: 100.0%"
    assert cells(app, "Judged false, interval")[1] == "20.7% to 100.0%"
    assert cells(app, "Negatives taken") == plain
    assert "1 judgment of truth.qrels" in words(app)
    again = open_app(PAGE, compare=TWO)
    assert cells(again, "Judged false")[1].startswith("1 of 1")
    again.button(key="compare.forget").click().run()
    assert "Judged false" not in html(again)


def test_how_judgments_are_read_is_kept_with_them_for_the_next_session(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare=TWO)
    name = pool.dataset.query_id(int(pool.queries[0])), pool.dataset.document_id(int(pool.documents[0, 0]))
    app.file_uploader[1].set_value(("truth.qrels", f"{name[0]} 0 {name[1]} 1\n".encode(), "text/plain")).run()
    before = cells(app, "Judged false")
    app.toggle(key="compare.complete").set_value(True).run()
    wanted = cells(app, "Judged false")
    assert wanted != before
    again = open_app(PAGE, compare=TWO)
    assert again.toggle(key="compare.complete").value is True
    assert cells(again, "Judged false") == wanted


def test_file_that_holds_no_judgments_is_explained(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, compare=TWO)
    app.file_uploader[1].set_value(("truth.qrels", b"x 0 y 1\n", "text/plain")).run()
    assert not app.exception
    assert "No line of truth.qrels is a judgment" in words(app)
    assert cells(app, "Negatives taken")


@pytest.mark.parametrize("view", ["Overlap", "Hardness", "Starved queries", "What differs"])
def test_every_view_is_drawn(pool: Pool, open_app: Open, view: str) -> None:
    app = look(open_app(PAGE, compare=f"{TWO},bm25"), view)
    assert not app.exception


def test_starved_queries_are_listed_with_what_each_takes(pool: Pool, open_app: Open) -> None:
    app = look(open_app(PAGE, compare=TWO), "Starved queries")
    (table,) = [frame.value for frame in app.dataframe]
    assert list(table["id"]) == ["q7"]


def test_what_one_takes_and_another_refuses_down_to_the_text(pool: Pool, open_app: Open) -> None:
    app = look(open_app(PAGE, compare=TWO), "What differs")
    app.segmented_control(key="compare.side").set_value("second").run()
    assert not app.exception
    (table,) = [frame.value for frame in app.dataframe]
    assert "why nv_perc does not" in table
    assert table["why nv_perc does not"].str.contains("95% of the positive").any()
    said = html(app)
    assert "How high is tower" in said
    assert "The other: It scores" in said


def test_shown_pairs_go_to_the_labelling_queue(pool: Pool, open_app: Open) -> None:
    app = look(open_app(PAGE, compare=TWO), "What differs")
    first, second = (select(pool, find_recipe(name)) for name in TWO.split(","))
    only = set(taken_keys(first).tolist()) - set(taken_keys(second).tolist())
    app.button(key="compare.send.all.first").click().run()
    assert not app.exception
    assert kept()["queue"]["count"] == len(only)
    assert "only nv_perc takes, not nv_topk" in kept()["queue"]["about"]


def test_walking_the_queries_on_which_two_differ(pool: Pool, open_app: Open) -> None:
    app = look(open_app(PAGE, compare=TWO), "What differs")
    before = app.session_state["compare.query"]
    app.button(key="compare.arrow_forward").click().run()
    assert not app.exception
    assert app.session_state["compare.query"] != before
    app.button(key="compare.arrow_back").click().run()
    assert app.session_state["compare.query"] == before


def test_the_same_twice_is_said_and_not_compared(pool: Pool, open_app: Open) -> None:
    app = look(open_app(PAGE, compare="nv_perc,bm25"), "What differs")
    app.selectbox(key="compare.compared with").set_value("nv_perc").run()
    assert not app.exception
    assert "Both are the same" in words(app)


def test_corpus_text_never_reaches_markdown(pool: Pool, open_app: Open) -> None:
    app = look(open_app(PAGE, compare=TWO), "What differs")
    assert HOSTILE not in words(app)
    assert "<script>" not in html(app)
