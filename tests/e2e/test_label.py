"""Labelling in a real browser: by key alone, two people on one queue, dark and narrow."""

import json

import pytest

from negviz.dataset import Dataset
from negviz.labels import LabelStore
from negviz.mine import build_pool
from negviz.store import save_pool
from tests.e2e.conftest import Tab

pytestmark = pytest.mark.e2e

QUERIES, DOCUMENTS = 12, 60
CARD = "[document.querySelector('.negviz-query .negviz-text')?.innerText, \
document.querySelector('.negviz-candidate .negviz-faint')?.innerText]"
# Whose buttons the bar has; of two pairs while it is being replaced.
BAR = "[...document.querySelectorAll('[class*=st-key-label-skip]')].map(each => \
each.className.match(/st-key-label-skip-[-0-9]+/)[0]).join(' & ')"
LONG = "Nothing of interest is said in this sentence. " * 60
FOREIGN = [
    "برج إيفل هو برج حديدي يقع في باريس، ويبلغ ارتفاعه 330 مترا.",
    "埃菲尔铁塔高三百三十米。" * 150,
    "Donaudampfschifffahrtsgesellschaft" * 40,
    LONG + "The tower number 3 is high. " + LONG,
]


@pytest.fixture
def labelling(server, request):
    """A dashboard with a pool of towers of this test's own, some described at length or in another script."""
    place = request.node.name
    documents = [
        (f"d{row:02}", f"Tower {row}", f"Tower number {row} of {place} is {row * 10} metres high. {more}")
        for row in range(DOCUMENTS)
        for more in [FOREIGN[row % 4] if row < 8 else ""]
    ]
    queries = [(f"q{row}", f"How high is tower number {row} of {place}?") for row in range(QUERIES)]
    dataset = Dataset.build(
        name="towers", format="test", queries=queries, documents=documents,
        positives=[(f"q{row}", f"d{row:02}", 1) for row in range(QUERIES)],
    )  # fmt: skip
    save_pool(build_pool(dataset, encoder="static", depth=20, home=server.home), server.home / "pools" / place)
    (server.home / "workspace.json").write_text(json.dumps({"pool": place}), "utf-8")
    return server


@pytest.fixture
def people(browser, labelling):
    """Opens the Label page for somebody in a browser of their own."""
    contexts = []

    def opened(name: str, **options) -> Tab:
        stored = labelling.home / "workspace.json"
        stored.write_text(json.dumps({**json.loads(stored.read_text("utf-8")), "annotator": name}), "utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options}))
        tab = Tab(contexts[-1].new_page(), labelling)
        tab.open("Label")
        tab.page.locator(".negviz-candidate .negviz-faint").first.wait_for()
        tab.settle()
        return tab

    yield opened
    for context in contexts:
        context.close()


def store(server) -> LabelStore:
    return LabelStore(server.home / "labels.sqlite")


def pairs_of(server, name: str) -> list[tuple[str, str, str]]:
    current = store(server).current(name).values()
    return [(event.query, event.document_id, str(event.verdict)) for event in current]


def shown(tab) -> tuple[str, str]:
    """Query and candidate id on the screen."""
    return tuple(part.strip() for part in tab.page.evaluate(CARD))


def press(tab, key: str) -> tuple[str, str]:
    """Press a key that brings another pair, and wait for its buttons; gives the pair that was on the screen."""
    before, bar = shown(tab), tab.page.evaluate(BAR)
    tab.page.keyboard.press(key)
    tab.page.wait_for_function(
        f"([old, bar]) => {{ const now = {CARD}; return now[1] && now.map(part => part.trim()).join() !== old"
        f" && {BAR} !== bar && !{BAR}.includes(' & '); }}",
        arg=[",".join(before), bar],
        polling="raf",
    )
    return before


def test_a_hundred_verdicts_by_key_alone(people, labelling):
    tab = people("ann")
    wanted = [(*press(tab, "1234"[place % 4]), place % 4) for place in range(100)]
    tab.settle()
    names = ["false negative", "true negative", "drop", "unsure"]
    assert len({pair[:2] for pair in wanted}) == 100
    assert sorted(pairs_of(labelling, "ann")) == sorted((query, name, names[kind]) for query, name, kind in wanted)
    tab.check()


def test_undo_skip_back_next_query_and_a_note_by_key(people, labelling):
    tab = people("bea")
    first = press(tab, "2")
    assert pairs_of(labelling, "bea") == [(*first, "true negative")]
    press(tab, "z")
    assert shown(tab) == first
    assert pairs_of(labelling, "bea") == []
    press(tab, "Space")
    second = shown(tab)
    assert second != first
    press(tab, "ArrowLeft")
    assert shown(tab) == first
    press(tab, "ArrowRight")
    assert shown(tab) == second
    # The cursor is in the note without a mouse; keys are letters there, and Enter goes back to the keys.
    tab.page.keyboard.press("n")
    tab.page.wait_for_function("document.activeElement?.tagName === 'INPUT'")
    tab.page.keyboard.type("2 of 4, z")
    tab.page.keyboard.press("Enter")
    tab.page.get_by_text("2 of 4, z").wait_for()
    tab.settle()
    assert shown(tab) == second
    press(tab, "1")
    (event,) = store(labelling).current("bea").values()
    assert (event.query, event.document_id, event.note) == (*second, "2 of 4, z")
    query = press(tab, "q")[0]
    assert shown(tab)[0] != query
    tab.check()


def test_several_of_one_query_by_key(people, labelling):
    tab = people("cat")
    query = shown(tab)[0]
    tab.page.keyboard.press("b")
    tab.page.locator(".negviz-at").wait_for()
    for key in ("x", "x", "3"):
        before = tab.page.get_by_text("candidates, most suspect first").inner_text()
        tab.page.keyboard.press(key)
        tab.page.wait_for_function(
            "(old) => !document.querySelector('[data-testid=stMain]').innerText.includes(old)", arg=before
        )
        tab.settle()
    tab.settle()
    assert [(asked, verdict) for asked, _, verdict in pairs_of(labelling, "cat")] == [(query, "drop")] * 2
    tab.page.keyboard.press("z")
    tab.page.get_by_text("Took back 2 answers").wait_for()
    assert pairs_of(labelling, "cat") == []
    tab.check()


def test_two_people_never_see_the_same_pair_unless_for_a_second_opinion(people, labelling):
    one = people("dan")
    other = people("eve")
    seen = {"dan": set(), "eve": set()}
    for _ in range(8):
        for name, tab in (("dan", one), ("eve", other)):
            assert shown(tab) not in seen["eve" if name == "dan" else "dan"]
            seen[name].add(press(tab, "2"))
    assert shown(one) != shown(other)
    assert not {pair[:2] for pair in pairs_of(labelling, "dan")} & {pair[:2] for pair in pairs_of(labelling, "eve")}
    for tab in (one, other):
        tab.page.get_by_text("Second opinion").click()
        tab.settle()
    assert shown(one) in {shown(other), *seen["eve"]}
    one.check()
    other.check()


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (390, "light"), (390, "dark")])
def test_nothing_is_wider_than_the_window(people, width, theme):
    tab = people("fay", viewport={"width": width, "height": 844}, color_scheme=theme)
    for key in ("s", "w", "b", "h"):
        tab.page.keyboard.press(key)
        tab.settle()
        main = "document.querySelector('[data-testid=stMain]')"
        assert tab.page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth"), key
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        over = "[...document.querySelectorAll('.negviz-side, .negviz-row, .negviz-known')].filter(each => \
each.scrollWidth > each.clientWidth + 1).length"
        assert tab.page.evaluate(over) == 0, key
    tab.check()
