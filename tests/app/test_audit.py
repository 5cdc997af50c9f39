"""The page Audit."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.findings import finding_names
from negviz.home import home_folder
from negviz.labels import LabelEvent, LabelStore, Verdict
from negviz.pool import Pool
from tests.app.conftest import words

pytestmark = pytest.mark.app
PAGE = "pages/7_Audit.py"
Open = Callable[..., AppTest]


def workspace() -> dict[str, Any]:
    """What is kept of what a person works on."""
    return dict(json.loads((home_folder() / "workspace.json").read_text("utf-8")))


def label(pool: Pool, false: int, true: int) -> None:
    """Answers about the first candidates that are not the positive, as if drawn by chance."""
    rows, columns = np.nonzero(pool.present & (pool.flags == 0))
    kinds = [Verdict.FALSE_NEGATIVE] * false + [Verdict.TRUE_NEGATIVE] * true
    with LabelStore(home_folder() / "labels.sqlite") as store:
        store.add([
            LabelEvent.of(pool.dataset, int(row), int(document), kind, queue="random", probability=0.5)
            for row, document, kind in zip(rows, pool.documents[rows, columns], kinds, strict=False)
        ])  # fmt: skip


def test_every_finding_is_told_with_its_severity(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert len(app.subheader) >= len(finding_names())
    assert "Audited: the" in words(app)
    assert "with no label yet" in words(app)


def test_hostile_texts_stay_texts(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert "<script>" not in "".join(str(each.value) for each in app.markdown)


def test_without_labels_the_rate_says_how_to_get_one(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, **{"audit.view": "Rate"})
    assert "Not measured yet" in words(app)
    assert "answers from a random sample would bring the interval" in words(app)


def test_the_rate_is_shown_with_its_interval_and_groups(pool: Pool, open_app: Open) -> None:
    label(pool, 4, 26)
    app = open_app(PAGE, **{"audit.view": "Rate"})
    assert not app.exception
    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["False-negative rate"].endswith("%")
    assert "–" in shown["95% interval"]
    assert len(shown["95% interval"]) <= 11, "A card of a narrow screen cuts off what is longer."
    for group in ("Retriever", "Score band", "Query"):
        app.segmented_control(key="audit.by").set_value(group).run()
        assert not app.exception


def test_advice_takes_a_value_over_into_the_recipe(pool: Pool, open_app: Open) -> None:
    label(pool, 0, 60)
    app = open_app(PAGE, **{"audit.view": "Advice"})
    app.number_input(key="audit.wanted").set_value(40.0).run()
    assert not app.exception
    assert app.button(key="audit.take")
    before = workspace().get("recipes")
    app.button(key="audit.take").click().run()
    assert not app.exception
    assert workspace().get("recipes") != before


def test_without_labels_advice_says_what_is_missing(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE, **{"audit.view": "Advice"})
    assert "No advice yet" in words(app)


def test_pairs_of_a_finding_go_to_the_queue(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    buttons = [button for button in app.button if str(button.key).startswith("audit.send.")]
    assert buttons
    buttons[0].click().run()
    assert not app.exception
    assert "audit" in str(workspace()["queue"]["about"])
