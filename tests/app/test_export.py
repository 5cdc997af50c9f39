"""Export: the forms, what labels change, and the files that come out."""

import io
import json
import re
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
from negviz.ui.format_choice import trainers
from tests.app.conftest import words

pytestmark = pytest.mark.app
Open = Callable[..., AppTest]
PAGE = "pages/9_Export.py"


def _counts(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def _choose(app: AppTest, name: str) -> AppTest:
    """Choose a format as a person does: its trainer, then the format where there are several."""
    trainer = next(title for title, entries in trainers().items() if name in {entry.name for entry in entries})
    app.selectbox(key="export.trainer").set_value(trainer).run()
    if len(trainers()[trainer]) > 1:
        app.radio(key=f"export.format.{trainer}").set_value(name).run()
    return app


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("name", EXPORTERS.names())
def test_every_format_has_a_form_rows_and_code(open_app: Open, name: str) -> None:
    app = _choose(open_app(PAGE), name)
    assert not app.exception
    entry = EXPORTERS.get(name)
    keys = {widget.key for kind in (app.selectbox, app.toggle, app.text_input, app.number_input) for widget in kind}
    for knob in entry.knobs:
        assert any(key and key.startswith(f"export.{name}.{knob.name}") for key in keys)
    assert int(_counts(app)["Rows"].replace(",", "")) > 0
    row, _ = json.JSONDecoder().raw_decode(app.code[0].value)
    assert row
    app.segmented_control(key="export.view").set_value("code").run()
    assert not app.exception
    assert app.code[0].language == entry.trait("language", "python")


@pytest.mark.usefixtures("pool")
@pytest.mark.parametrize("name", EXPORTERS.names())
def test_the_code_is_that_of_the_card_before_and_after_writing(open_app: Open, tmp_path: Path, name: str) -> None:
    app = _choose(open_app(PAGE), name)
    app.segmented_control(key="export.view").set_value("code").run()
    before = app.code[0].value
    _write(app, tmp_path / "out")
    assert f"\n{before}\n```" in (tmp_path / "out" / "README.md").read_text("utf-8")
    assert app.code[0].value == before


def test_formats_are_found_by_the_name_of_their_trainer() -> None:
    groups = trainers()
    assert sorted(entry.name for entries in groups.values() for entry in entries) == sorted(EXPORTERS.names())
    assert next(iter(groups)) == "sentence-transformers"
    assert next(iter(groups.values()))[0].name == "n_tuple"
    assert [entry.name for entry in groups["FlagEmbedding (BGE)"]] == ["flagembedding"]
    assert not [name for name in groups if "," in name]
    assert [groups[name][0].name for name in ("Tevatron", "ms-swift")] == ["tevatron", "swift"]


def _write(app: AppTest, folder: Path) -> AppTest:
    (box,) = [box for box in app.text_input if (box.key or "").startswith("export.folder.")]
    box.set_value(str(folder))
    app.button(key="export.write").click().run()
    for job in jobs.of_kind(exporting.KIND):
        assert job.wait(60)
    app.run()
    assert not app.exception
    return app


def test_it_writes_what_it_says(open_app: Open, pool: Pool, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    app = _write(open_app(PAGE), folder)
    assert verify(folder) == []
    written = json.loads((folder / "manifest.json").read_text("utf-8"))["written"]
    assert f"{written['rows']:,} rows were written" in words(app)
    assert _counts(app)["Rows"] == f"{written['rows']:,}"


def test_what_was_written_is_read_back(open_app: Open, pool: Pool, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    app = _write(open_app(PAGE), folder)
    app.button(key="export.check").click().run()
    assert "files are as they were written" in words(app)
    (folder / "recipe.yaml").write_text("name: another\n", "utf-8")
    (folder / "more.txt").write_text("x", "utf-8")
    app.button(key="export.check").click().run()
    assert not app.exception
    assert "recipe.yaml has changed" in words(app)
    assert "more.txt is not in the manifest." in words(app)
    (folder / "more.txt").unlink()
    app.button(key="export.write").click().run()
    assert "recipe.yaml has changed" not in words(app)


@pytest.mark.usefixtures("pool")
def test_what_a_format_cannot_say_is_told_before_writing_with_the_setting_that_decides(open_app: Open) -> None:
    app = open_app(PAGE)
    told = "\n".join(info.value for info in app.info)
    assert "documents have an id, which is only in ids.parquet." in told
    assert "which is left out of the data (ids.parquet keeps it). The setting **Scores** decides it." in told
    assert [warning.value for warning in app.warning] == ["1 queries have no negative, and are left out."]
    (number,) = [box for box in app.number_input if (box.key or "").startswith("export.n_tuple.negatives")]
    number.set_value(12).run()
    short = "fewer than 12 negatives, and are left out. The setting **Short** (drop, pad, split) decides it."
    assert short in words(app)
    app.selectbox(key="export.n_tuple.short").set_value("pad").run()
    assert "only fill up their row" in words(app)
    assert "8 queries have fewer than 12 negatives, and are filled up with random documents" in words(app)
    app.toggle(key="export.n_tuple.scores").set_value(True).run()
    assert "**Scores**" not in "\n".join(info.value for info in app.info)


@pytest.mark.usefixtures("pool")
def test_padding_is_marked_in_the_rows(open_app: Open) -> None:
    app = open_app(PAGE)
    (number,) = [box for box in app.number_input if (box.key or "").startswith("export.n_tuple.negatives")]
    number.set_value(14).run()
    app.selectbox(key="export.n_tuple.short").set_value("pad").run()
    assert not app.exception
    assert re.search(r"Row 1: \d+ of its negatives only fill it up \(d\d\d", words(app))


def _held_out(folder: Path) -> Path:
    path = folder / "held.jsonl"
    row = {"query": "HOW HIGH is tower 3?", "positive": "Nobody knows the height of that one."}
    path.write_text(json.dumps(row) + "\n", "utf-8")
    return path


def test_queries_to_evaluate_with_are_found_and_left_out(open_app: Open, pool: Pool, tmp_path: Path) -> None:
    app = open_app(PAGE)
    assert _counts(app)["Queries"] == "8"
    app.text_input(key="export.held_out").set_value(str(_held_out(tmp_path))).run()
    assert not app.exception
    assert "1 queries, 0 positives and 0 negatives are in the held-out data" in words(app)
    assert [list(table.value["in training"]) for table in app.dataframe] == [["q3"]]
    assert "1 training queries are held-out queries; a model that saw them is flattered." in words(app)
    _write(app, tmp_path / "leaking")
    assert "1 training queries are held-out queries; leaks.jsonl lists them." in words(app)
    app.radio(key="export.on_leak").set_value("drop").run()
    assert _counts(app)["Queries"] == "7"
    folder = tmp_path / "out"
    _write(app, folder)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["leaks"]["dropped"] == 1
    assert f"{manifest['written']['rows']:,}" == _counts(app)["Rows"]
    assert "training queries are held-out queries" not in words(app)


@pytest.mark.usefixtures("pool")
def test_leaks_can_be_refused(open_app: Open, tmp_path: Path) -> None:
    app = open_app(PAGE)
    app.radio(key="export.on_leak").set_value("refuse").run()
    assert not app.button(key="export.write").disabled
    app.text_input(key="export.held_out").set_value(str(_held_out(tmp_path))).run()
    assert "you asked to refuse that" in words(app)
    assert app.button(key="export.write").disabled


@pytest.mark.usefixtures("pool")
def test_held_out_data_that_cannot_be_read_gets_one_sentence(open_app: Open, tmp_path: Path) -> None:
    app = open_app(PAGE)
    app.text_input(key="export.held_out").set_value(str(tmp_path / "nothing")).run()
    assert not app.exception
    assert "There is no file or folder" in words(app)
    assert app.button(key="export.write").disabled


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
    assert "1 queries have no negative, and are left out." in words(app)
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
