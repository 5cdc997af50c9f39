"""Export: the forms, what labels change, and the files that come out."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from negviz.export import verify
from negviz.exporters import EXPORTERS
from negviz.home import home_folder
from negviz.labels import LabelEvent, LabelStore, Verdict
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.ui import exporting, jobs
from negviz.ui.exporting import Plan
from tests.app.conftest import words

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
PAGE = "pages/9_Export.py"


def _counts(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("name", EXPORTERS.names())
def test_every_format_has_a_form_rows_and_code(open_app: Open, name: str) -> None:
    app = open_app(PAGE)
    app.selectbox(key="export.format").set_value(name).run()
    assert not app.exception
    knobs = EXPORTERS.get(name).knobs
    keys = {widget.key for kind in (app.selectbox, app.toggle, app.text_input, app.number_input) for widget in kind}
    for knob in knobs:
        assert any(key and key.startswith(f"export.{name}.{knob.name}") for key in keys)
    assert int(_counts(app)["Rows"].replace(",", "")) > 0
    assert json.loads(app.code[0].value.split("\n}\n")[0].rstrip("}") + "}")
    app.segmented_control(key="export.view").set_value("code").run()
    assert "DATA" in words(app)
    assert app.code[0].language == "python"


def test_it_writes_what_it_says(open_app: Open, pool: Pool, tmp_path: Path) -> None:
    app = open_app(PAGE)
    folder = tmp_path / "out"
    (box,) = [box for box in app.text_input if (box.key or "").startswith("export.folder.")]
    box.set_value(str(folder))
    app.button(key="export.write").click().run()
    for job in jobs.of_kind(exporting.KIND):
        assert job.wait(60)
    app.run()
    assert not app.exception
    assert verify(folder) == []
    written = json.loads((folder / "manifest.json").read_text("utf-8"))["written"]
    assert f"{written['rows']:,} rows were written" in words(app)
    assert _counts(app)["Rows"] == f"{written['rows']:,}"


def test_labels_change_the_set_and_are_listed(open_app: Open, pool: Pool) -> None:
    selection = select(pool, find_recipe("nv_perc"))
    column = int(selection.columns[1, 0])
    document = int(pool.documents[1, column])
    home_folder().mkdir(parents=True, exist_ok=True)
    store = LabelStore(home_folder() / "labels.sqlite")
    store.add(LabelEvent.of(pool.dataset, 1, document, Verdict.FALSE_NEGATIVE, annotator="me"))
    app = open_app(PAGE)
    assert _counts(app)["Promoted"] == "1"
    app.segmented_control(key="export.view").set_value("changes").run()
    assert not app.exception
    changes = app.dataframe[0].value
    assert list(changes["document_id"]) == [pool.dataset.document_id(document)]


@pytest.mark.usefixtures("pool")
def test_starved_queries_are_told_before_writing(open_app: Open) -> None:
    app = open_app(PAGE)
    assert "fewer than 4 negatives" in words(app)
    app.segmented_control(key="export.view").set_value("left out").run()
    assert not app.exception
    assert "q7" in set(app.dataframe[0].value["query_id"])


@pytest.mark.usefixtures("pool")
def test_what_cannot_be_written_says_why_and_cannot_be_started(open_app: Open) -> None:
    app = open_app(PAGE)
    (number,) = [box for box in app.number_input if (box.key or "").startswith("export.n_tuple.negatives")]
    number.set_value(900).run()
    assert not app.exception
    assert "Nothing can be written" in words(app)
    assert app.button(key="export.write").disabled


def test_the_archive_holds_the_whole_export(pool: Pool) -> None:
    from negviz.select import NO_LABELS

    selection = select(pool, find_recipe("nv_perc"))
    plan = Plan(selection, NO_LABELS, EXPORTERS.get("triplet"), {}, "leave out")
    names = zipfile.ZipFile(io.BytesIO(plan.zipped())).namelist()
    assert f"{plan.name}/manifest.json" in names
    assert any(name.startswith(f"{plan.name}/triplet/") for name in names)


def test_without_a_pool_the_page_says_what_to_do(open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert "No pool yet" in words(app)
