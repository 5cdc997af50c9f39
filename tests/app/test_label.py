"""The Label page: an answer is in the database before the next pair comes, and nothing that was said is lost."""

import json
from collections.abc import Callable

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from negviz.errors import LabelError
from negviz.home import home_folder
from negviz.labels import LabelEvent, LabelStore, Verdict
from negviz.pool import Pool
from negviz.recipe import find_recipe
from negviz.select import select
from negviz.suspicion import suspicion_model
from negviz.ui.label_orders import ORDERS
from tests import postgres
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


def html(app: AppTest) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def ordered(app: AppTest, order: str) -> AppTest:
    app.selectbox(key="label.order").set_value(order)
    app.run()
    assert not app.exception
    return app


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
        "Next query": "q",
        "Note": "n",
        "Show scores": "s",
        "Whole texts": "w",
        "By query": "b",
        "Last answers": "l",
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
    likely = suspicion_model(pool).probabilities()
    query, document = queue.pair(0)
    assert likely[query, np.flatnonzero(pool.documents[query] == document)[0]] == np.nanmax(likely)
    assert "A prior, fitted on" in html(app)
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
    assert "Took back: false negative. Your answer before counts again: unsure." in html(app)
    assert [event.verdict for event in store().current().values()] == [Verdict.UNSURE]
    press(app, "Undo")
    assert shown(app) == pair
    assert not store().current()
    press(app, "Undo")
    assert "no answer of yours" in html(app)


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
    app.selectbox(key="label.order").set_value("random")
    app.run()
    pair = shown(app)
    press(app, "True negative")
    app.selectbox(key="label.order").set_value("near the threshold")
    app.run()
    desk(app).walk.visit(pair)
    app.run()
    assert desk(app).walk.aside == pair
    press(app, "False negative")
    (event,) = store().current().values()
    assert (event.verdict, event.queue, event.probability) == (Verdict.FALSE_NEGATIVE, "random", 1.0)


def test_note_and_grade_go_with_the_answer_and_can_be_changed_later(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    press(app, "Note")
    note(app).set_value("=1+1 <b>why</b>")
    app.run()
    assert not store().events()
    assert "=1+1 &lt;b&gt;why&lt;/b&gt;" in html(app)
    press(app, "Note")
    app.button_group(key=f"label.grade.{shown(app)[0]}-{shown(app)[1]}").set_value(2)
    press(app, "False negative")
    (event,) = store().current().values()
    assert (event.note, event.grade) == ("=1+1 <b>why</b>", 2)
    press(app, "Back")
    press(app, "Note")
    assert note(app).value == "=1+1 <b>why</b>"
    note(app).set_value("changed")
    app.run()
    (event,) = store().current().values()
    assert (event.note, event.grade, event.verdict) == ("changed", 2, Verdict.FALSE_NEGATIVE)


def note(app: AppTest):
    (field,) = [field for field in app.text_input if field.label == "Note"]
    return field


def test_a_note_that_is_left_with_escape_is_forgotten(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    press(app, "Note")
    assert {button.label: button.proto.shortcut for button in app.button}["Close"].lower() == "escape"
    press(app, "Close")
    press(app, "True negative")
    assert next(iter(store().current().values())).note == ""


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
    app.selectbox(key="label.order").set_value("random")
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
    assert app.selectbox(key="label.order").value == order
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


def in_pool(pool: Pool, values: np.ndarray, pairs: list[tuple[int, int]]) -> list:
    return [values[query, int(np.flatnonzero(pool.documents[query] == document)[0])] for query, document in pairs]


def queue_of(app: AppTest) -> list[tuple[int, int]]:
    queue = desk(app).walk.queue
    return [queue.pair(place) for place in range(len(queue))]


def said(pool: Pool, pair: tuple[int, int], verdict: str, annotator: str, **details) -> LabelEvent:
    return store().add(LabelEvent.of(pool.dataset, *pair, Verdict(verdict), annotator=annotator, **details))


def test_the_most_informative_are_uncertain_and_of_several_queries(pool: Pool, open_app: Open) -> None:
    app = ordered(open_app(PAGE), "most informative")
    first = queue_of(app)[:6]
    assert len({query for query, _ in first}) >= 4
    variance = suspicion_model(pool).probabilities()
    variance = variance * (1 - variance)
    assert in_pool(pool, variance, first[:1])[0] == np.nanmax(variance)


def test_a_weighted_sample_records_the_probability_of_each_pair(pool: Pool, open_app: Open) -> None:
    app = ordered(open_app(PAGE), "random, weighted")
    app.number_input(key="label.size").set_value(10)
    app.run()
    pair, chance = shown(app), float(desk(app).walk.queue.probability[0])
    assert 0 < chance < 1
    press(app, "True negative")
    (event,) = store().events()
    assert (event.queue, event.probability) == ("random, weighted", pytest.approx(chance))
    # The same sample is drawn again, and of it what has its answer does not come again.
    again = ordered(open_app(PAGE), "random, weighted")
    again.number_input(key="label.size").set_value(10)
    again.run()
    assert pair not in queue_of(again)
    assert len(queue_of(again)) == 9


def test_a_sample_is_drawn_from_what_the_recipe_takes_without_labels(pool: Pool, open_app: Open) -> None:
    app = ordered(open_app(PAGE), "random")
    before = set(queue_of(app))
    assert before
    said(pool, next(iter(before)), "false negative", "me", queue="taken first")
    assert set(queue_of(ordered(open_app(PAGE), "random"))) == before


def test_two_scorers_that_agree_leave_small_differences_last(pool: Pool, open_app: Open) -> None:
    app = ordered(open_app(PAGE), "scorers differ")
    apart = np.abs(np.log2((1.0 + pool.rank("dense")) / (1.0 + pool.rank("bm25"))))
    found = in_pool(pool, apart, queue_of(app))
    assert found == sorted(found, reverse=True)


def test_two_recipes_differ_on_what_only_one_of_them_takes(pool: Pool, open_app: Open) -> None:
    app = ordered(open_app(PAGE), "recipes differ")
    app.selectbox(key="label.recipes differ.second").set_value("nv_topk")
    app.run()
    assert not app.exception
    one, other = (select(pool, recipe).taken for recipe in (state_recipe(), find_recipe("nv_topk")))
    wanted = {(int(row), int(pool.documents[row, column])) for row, column in np.argwhere(one != other)}
    assert set(queue_of(app)) == wanted
    app.selectbox(key="label.recipes differ.second").set_value("rocketqa")
    app.run()
    assert not app.exception
    assert "cross_encoder" in words(app)


def state_recipe():
    return find_recipe("nv_perc")


def test_a_colleagues_unsure_comes_to_others_only(pool: Pool, open_app: Open) -> None:
    first, second = (0, 3), (1, 4)
    said(pool, first, "unsure", "ann")
    said(pool, second, "unsure", "me")
    app = ordered(open_app(PAGE), "unsure")
    assert queue_of(app) == [first]
    press(app, "True negative")
    assert store().current()[desk(app).keys(first)].verdict is Verdict.TRUE_NEGATIVE


def test_conflicts_are_settled_from_the_list(pool: Pool, open_app: Open) -> None:
    for pair in ((0, 3), (2, 5)):
        said(pool, pair, "true negative", "ann", note="<b>no</b>")
        said(pool, pair, "false negative", "bob")
    app = open_app(PAGE)
    app.toggle(key="label.team").set_value(True)
    app.run()
    assert not app.exception
    assert "people agree on 0 (0%)" in words(app)
    press(app, "Settle 2 conflicts")
    assert app.selectbox(key="label.order").value == "adjudication"
    assert queue_of(app) == [(0, 3), (2, 5)]
    assert "<b>ann</b>: true negative · &lt;b&gt;no&lt;/b&gt;" in html(app)
    press(app, "Drop")
    assert len(store().current().conflicts) == 1
    assert store().current()[desk(app).keys((0, 3))].queue == "adjudication"


def test_two_people_are_never_asked_the_same_unless_for_a_second_opinion(pool: Pool, open_app: Open) -> None:
    mine = open_app(PAGE)
    first = shown(mine)
    (home_folder() / "workspace.json").write_text(
        json.dumps({"pool": "towers-00000000", "annotator": "second person"}), "utf-8"
    )
    theirs = open_app(PAGE)
    other = shown(theirs)
    assert other != first
    press(theirs, "True negative")
    assert shown(theirs) not in {first, other}
    # What a colleague answered meanwhile drops out, what was skipped is free again.
    seen = []
    while len(seen) < 6:
        seen.append(shown(mine))
        press(mine, "True negative")
    assert other not in seen
    assert shown(theirs) not in seen
    theirs.toggle(key="label.double").set_value(True)
    theirs.run()
    assert set(seen) <= set(queue_of(theirs))
    assert shown(theirs) == queue_of(theirs)[0]


def test_next_query_passes_over_everything_of_a_query(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    query = shown(app)[0]
    press(app, "Next query")
    assert shown(app)[0] != query
    assert desk(app).walk.skipped == {place for place, pair in enumerate(queue_of(app)) if pair[0] == query}


def test_by_query_several_are_answered_and_taken_back_at_once(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    query = shown(app)[0]
    press(app, "By query")
    boxes = [box for box in app.checkbox if box.key.startswith("label.pick.")]
    assert len(boxes) == int(pool.eligible[query].sum())
    boxes[1].check()
    app.run()
    boxes = [box for box in app.checkbox if box.key.startswith("label.pick.")]
    boxes[3].check()
    app.run()
    press(app, "True negative (2)")
    events = store().events()
    assert len(events) == 2
    assert {event.query_id for event in events} == {pool.dataset.query_id(query)}
    assert {event.queue for event in events} == {"most suspect"}
    # One undo for both.
    press(app, "Undo")
    assert not store().current()
    press(app, "Down")
    press(app, "Drop")
    assert [event.verdict for event in store().current().values()] == [Verdict.DROP]
    press(app, "Choose")
    press(app, "All")
    press(app, "Next query")
    assert shown(app)[0] != query
    press(app, "By pair")
    assert shown(app)[0] != query
    assert "Candidate: does it answer the query?" in html(app)


def test_blind_mode_tells_neither_suspicion_nor_origin_in_either_view(pool: Pool, open_app: Open) -> None:
    app = open_app(PAGE)
    for _ in range(2):
        assert "Suspicion" not in html(app)
        assert "brought by" not in html(app)
        press(app, "By query" if "By query" in keys(app) else "By pair")
    press(app, "Show scores")
    assert "Suspicion" in html(app)
    assert "brought by" in html(app)


def test_the_model_learns_in_the_background_and_what_was_seen_stays(
    pool: Pool, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("negviz.ui.label_orders.FEWEST", 4)
    app = open_app(PAGE)
    seen = []
    for place in range(6):
        seen.append(shown(app))
        press(app, "False negative" if place % 2 else "True negative")
    assert desk(app).job is None or desk(app).job.wait(20)
    app.run()
    assert "Fitted to" in html(app)
    queue = queue_of(app)
    assert queue[: len(seen)] == seen
    assert len(set(queue)) == len(queue) == int(pool.eligible.sum())
    assert (desk(app).walk.answered, desk(app).walk.front) == (6, 6)


def test_the_database_of_a_team_is_used_and_shown_without_its_password(
    pool: Pool, open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setenv("NEGVIZ_LABELS", f"sqlite:///{tmp_path}/team.sqlite")
    app = open_app(PAGE)
    press(app, "Drop")
    assert len(LabelStore(tmp_path / "team.sqlite").events()) == 1
    assert f"{tmp_path}/team.sqlite" in words(app)
    monkeypatch.setenv("NEGVIZ_LABELS", "postgresql://ann:geheim@127.0.0.1:1/none")
    app = open_app(PAGE)
    assert not app.exception
    assert "cannot be used" in words(app)
    assert "geheim" not in words(app)


def test_two_people_share_a_postgresql_database(pool: Pool, open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    postgres.require()
    cluster = postgres.Cluster()
    try:
        url = cluster.schema()
        monkeypatch.setenv("NEGVIZ_LABELS", url)
        seen = {}
        for name in ("ann", "bob"):
            (home_folder() / "workspace.json").write_text(
                json.dumps({"pool": "towers-00000000", "annotator": name}), "utf-8"
            )
            app = open_app(PAGE)
            seen[name] = [shown(app)]
            press(app, "True negative")
            seen[name].append(shown(app))
            press(app, "False negative")
            press(app, "Undo")
            assert shown(app) == seen[name][1]
        assert not set(seen["ann"]) & set(seen["bob"])
        with LabelStore(url) as shared:
            assert len(shared.current()) == 2
        assert LabelStore(home_folder() / "labels.sqlite").events() == []
    finally:
        st.cache_resource.clear()
        cluster.close()


def test_what_a_colleague_answered_in_another_order_comes_again_in_a_sample_to_one_person(
    pool: Pool, open_app: Open
) -> None:
    app = ordered(open_app(PAGE), "random")
    pairs = queue_of(app)
    for pair in pairs:
        said(pool, pair, "true negative", "ann", queue="taken first")
    (home_folder() / "workspace.json").write_text(
        json.dumps({"pool": "towers-00000000", "annotator": "bob", "label_order": "random"}), "utf-8"
    )
    mine = open_app(PAGE)
    assert queue_of(mine) == pairs
    first = shown(mine)
    (home_folder() / "workspace.json").write_text(
        json.dumps({"pool": "towers-00000000", "annotator": "cat", "label_order": "random"}), "utf-8"
    )
    theirs = open_app(PAGE)
    assert shown(theirs) != first
    answered = []
    while len(answered) < 4:
        answered.append(shown(theirs))
        press(theirs, "Drop")
    seen = set()
    while shown(mine) is not None and len(seen) < len(pairs):
        seen.add(shown(mine))
        press(mine, "True negative")
    assert not seen & set(answered)
