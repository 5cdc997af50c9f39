"""The Label page: an answer is in the database before the next pair comes, and nothing that was said is lost."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from negviz.errors import LabelError
from negviz.home import home_folder
from negviz.labels import LabelEvent, LabelStore, Verdict
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.ui.queue import ORDERS
from tests.app.conftest import HOSTILE, words

pytestmark = pytest.mark.app
PAGE = "pages/6_Label.py"
Open = Callable[..., AppTest]


def store() -> LabelStore:
    return LabelStore(home_folder() / "labels.sqlite")


def desk(app: AppTest):
    return app.session_state["label.desk"]


def shown(app: AppTest) -> tuple[int, int]:
    return desk(app).walk.current


def press(app: AppTest, label: str) -> None:
    (button,) = [button for button in app.button if button.label == label]
    assert not button.disabled
    button.click()
    app.run()
    assert not app.exception


def keys(app: AppTest) -> dict[str, str]:
    return {button.label: button.proto.shortcut for button in app.button if button.proto.shortcut}


def test_without_a_pool_the_page_says_what_to_do(open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert "No pool yet" in words(app)


def test_every_answer_has_its_key(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    assert not app.exception
    assert {label: key.lower() for label, key in keys(app).items()} == {
        "False negative": "1",
        "True negative": "2",
        "Drop": "3",
        "Unsure": "4",
        "Skip": "space",
        "Undo": "z",
        "Back": "left",
        "Forward": "right",
        "Show scores": "s",
        "Keys": "h",
    }


@pytest.mark.parametrize(
    ("label", "verdict"),
    [
        ("False negative", Verdict.FALSE_NEGATIVE),
        ("True negative", Verdict.TRUE_NEGATIVE),
        ("Drop", Verdict.DROP),
        ("Unsure", Verdict.UNSURE),
    ],
)
def test_an_answer_is_stored_and_the_next_pair_comes(pool: Pool, open_app: Open, label: str, verdict: Verdict) -> None:
    app = open_app(PAGE)
    pair = shown(app)
    press(app, label)
    (event,) = store().events()
    assert event.verdict == verdict
    assert (event.query_id, event.document_id) == (pool.dataset.query_id(pair[0]), pool.dataset.document_id(pair[1]))
    assert (event.annotator, event.queue, event.probability) == ("me", "most suspect", None)
    assert shown(app) != pair
    assert desk(app).saved


def test_the_most_suspect_come_first_and_leaks_never(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    queue = desk(app).walk.queue
    assert len(queue) == int(pool.eligible.sum())
    ahead = pool.score("dense") - pool.anchor("dense", "min")[:, None]
    query, document = queue.pair(0)
    assert ahead[query, np.flatnonzero(pool.documents[query] == document)[0]] == ahead[pool.eligible].max()
    positives = {(row, int(pool.positives[row, 0])) for row in range(len(pool))}
    assert not positives & {queue.pair(place) for place in range(len(queue))}


def test_the_queue_stays_as_it_is_while_answers_change_the_selection(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    before = [desk(app).walk.queue.pair(place) for place in range(6)]
    for place in range(6):
        assert shown(app) == before[place]
        press(app, "False negative")
    assert {(event.query_id, event.document_id) for event in store().events()} == {
        (pool.dataset.query_id(query), pool.dataset.document_id(document)) for query, document in before
    }


def test_undo_brings_the_pair_and_the_answer_before_back(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    pair = shown(app)
    press(app, "Unsure")
    press(app, "Back")
    press(app, "False negative")
    press(app, "Undo")
    assert shown(app) == pair
    assert "Took back: false negative. Your answer before counts again: unsure." in words(app)
    assert [event.verdict for event in store().current().values()] == [Verdict.UNSURE]
    press(app, "Undo")
    assert shown(app) == pair
    assert not store().current()
    press(app, "Undo")
    assert "no answer of yours" in words(app)


def test_undo_leaves_other_peoples_and_other_datas_answers_alone(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    query, document = shown(app)
    store().add(LabelEvent(query_key="a" * 32, document_key="b" * 32, verdict="drop", annotator="me"))
    store().add(LabelEvent.of(pool.dataset, query, document, "drop", annotator="somebody else"))
    press(app, "Undo")
    assert len(store().current()) == 2


def test_a_reload_goes_on_at_the_next_unlabelled(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    wanted = [desk(app).walk.queue.pair(place) for place in range(3)]
    press(app, "True negative")
    press(app, "False negative")
    again = open_app(PAGE)
    assert shown(again) == wanted[2]
    assert [answer for answer, _ in desk(again).recent] == [wanted[1], wanted[0]]


def test_an_answer_can_be_returned_to_from_the_list(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    first = shown(app)
    press(app, "True negative")
    press(app, "True negative")
    front = shown(app)
    again = open_app(PAGE)
    desk(again).walk.visit(first)
    again.run()
    assert shown(again) == first
    (given,) = [button for button in again.button if button.proto.type == "primary"]
    assert given.label == "True negative"
    press(again, "Drop")
    assert shown(again) == front
    assert sorted(str(event.verdict) for event in store().current().values()) == ["drop", "true negative"]


def test_a_corrected_answer_keeps_the_queue_that_first_asked(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.button_group(key="label.order").set_value("random")
    app.run()
    pair = shown(app)
    press(app, "True negative")
    app.button_group(key="label.order").set_value("near the threshold")
    app.run()
    desk(app).walk.visit(pair)
    app.run()
    assert desk(app).walk.aside == pair
    press(app, "False negative")
    (event,) = store().current().values()
    assert (event.verdict, event.queue, event.probability) == (Verdict.FALSE_NEGATIVE, "random", 1.0)


def test_note_and_grade_go_with_the_answer_and_can_be_changed_later(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    (note,) = [field for field in app.text_input if field.label.startswith("Note")]
    note.set_value("=1+1 <b>why</b>")
    app.run()
    assert not store().events()
    app.button_group(key=f"label.grade.{shown(app)[0]}-{shown(app)[1]}").set_value(2)
    press(app, "False negative")
    (event,) = store().current().values()
    assert (event.note, event.grade) == ("=1+1 <b>why</b>", 2)
    press(app, "Back")
    (note,) = [field for field in app.text_input if field.label.startswith("Note")]
    assert note.value == "=1+1 <b>why</b>"
    note.set_value("changed")
    app.run()
    (event,) = store().current().values()
    assert (event.note, event.grade, event.verdict) == ("changed", 2, Verdict.FALSE_NEGATIVE)


def test_what_cannot_be_stored_is_not_called_saved(pool: Pool, open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_app(PAGE)
    pair = shown(app)

    def full(*_: object) -> None:
        raise LabelError("The disk is full.")

    monkeypatch.setattr(LabelStore, "add", full)
    press(app, "False negative")
    assert shown(app) == pair
    assert not desk(app).saved
    assert "The disk is full." in words(app)


def test_a_random_sample_carries_its_probability(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.button_group(key="label.order").set_value("random")
    app.run()
    taken = int(desk(app).selection.taken.sum())
    app.number_input(key="label.size").set_value(10)
    app.run()
    assert len(desk(app).walk.queue) == 10
    press(app, "True negative")
    (event,) = store().events()
    assert event.queue == "random"
    assert event.probability == pytest.approx(10 / taken)


@pytest.mark.parametrize("order", list(ORDERS))
def test_no_order_is_silently_empty(pool: Pool, open_app: Open, order: str) -> None:
    (home_folder() / "workspace.json").write_text(
        json.dumps({"pool": "towers-00000000", "label_order": order}), "utf-8"
    )
    app = open_app(PAGE)
    assert not app.exception
    assert app.button_group(key="label.order").value == [order] or app.button_group(key="label.order").value == order
    assert ORDERS[order].split(".")[0] in words(app)
    if not len(desk(app).walk.queue):
        assert "Nothing to label here" in words(app)
        assert "another order" in words(app)


def test_pairs_of_the_map_come_in_and_a_single_one_even_if_it_has_an_answer(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    press(app, "False negative")
    answered = desk(app).recent[0][0]
    (home_folder() / "queues").mkdir()
    np.save(home_folder() / "queues" / "map.npy", np.array([answered], dtype=np.int32))
    sent = {"dataset": pool.dataset.fingerprint, "count": 1, "about": "", "stamp": 1}
    (home_folder() / "workspace.json").write_text(
        json.dumps({"pool": "towers-00000000", "label_order": "map selection", "queue": sent}), "utf-8"
    )
    again = open_app(PAGE)
    assert shown(again) == answered


def test_the_order_of_what_was_sent_names_every_page_that_sends(pool: Pool, open_app: Open) -> None:
    (home_folder() / "workspace.json").write_text(
        json.dumps({"pool": "towers-00000000", "label_order": "map selection"}), "utf-8"
    )
    said = words(open_app(PAGE))
    assert all(page in said for page in ("Mine", "Compare", "Map"))
    assert "Nothing was sent here for this data." in said


def test_scores_are_hidden_until_asked_for(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    html = [element.proto.body for element in app.get("html")]
    assert not any("the positive" in body for body in html)
    press(app, "Show scores")
    html = [element.proto.body for element in app.get("html")]
    assert any("the positive 0.85" in body and "brought by dense" in body for body in html)


def test_hostile_text_is_only_ever_shown_escaped(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    for _ in range(20):
        assert not any(HOSTILE[:20] in str(element.value) for element in [*app.markdown, *app.caption])
        assert not any("<script" in element.proto.body for element in app.get("html"))
        press(app, "Skip")


def test_another_name_sees_its_own_answers(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    press(app, "True negative")
    app.text_input(key="label.annotator").set_value("second person")
    app.run()
    assert not desk(app).recent
    press(app, "Drop")
    assert {event.annotator for event in store().events()} == {"me", "second person"}


def test_a_recipe_that_does_not_fit_the_pool_says_so_and_leads_to_another(pool: Pool, open_app: Open) -> None:
    path = home_folder() / "workspace.json"
    recipe = {**find_recipe("nv_perc").to_dict(), "scorer": "colbert"}
    stored = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**stored, "recipes": {stored["pool"]: recipe}}), "utf-8")
    app = open_app(PAGE)
    assert not app.exception
    assert "The recipe cannot run on this pool." in words(app)
    assert "colbert" in words(app)
    assert any(link.proto.label == "Choose another recipe" for link in app.get("page_link"))


def test_a_blank_name_is_shown_as_the_name_that_is_written(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    app.text_input(key="label.annotator").set_value("   ").run()
    assert not app.exception
    assert app.text_input(key="label.annotator").value == "me"
