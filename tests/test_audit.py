"""The audit as a whole: what it says in JSON and as one page."""

import json
import re
from html.parser import HTMLParser

import pytest

from negviz.audit import audit
from negviz.audit_report import MARKS, escaped, page, write_page
from negviz.findings import finding_names
from negviz.select import select
from tests.findings.cases import given_case
from tests.findings.test_contract import HOSTILE, hostile, labelled
from tests.pools import recipe, rich_pool


class Reader(HTMLParser):
    """Tags with their attributes, and the text outside of scripts."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts, self.inside = [], [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag if tag in {"script", "style"} else ""

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if not self.inside:
            self.texts.append(data)


def read(html):
    reader = Reader()
    reader.feed(html)
    return reader


def audit_of(case):
    return audit(case.pool, case.selection, labels=case.labels, truth=case.truth, held_out=case.held_out)


@pytest.fixture(scope="module")
def whole():
    return audit_of(labelled())


@pytest.fixture(scope="module")
def html(whole):
    return page(whole)


def test_every_finding_is_there_in_order_and_counted(whole):
    assert [finding.name for finding in whole.findings] == finding_names()
    assert sum(whole.counts.values()) == len(whole.findings)
    assert list(whole.counts) == ["bad", "look", "good", "unknown"]


def test_json_says_what_it_rests_on_and_names_pairs_by_id(whole):
    told = json.loads(json.dumps(whole.to_json(), allow_nan=False))
    assert told["pool"] == whole.case.pool.fingerprint
    assert told["recipe"]["name"] == "test"
    assert {"negviz", "dataset", "selection", "seed", "labels_fingerprint", "counts"} <= set(told)
    first = next(each for each in told["findings"] if each["name"] == "likely_false_negatives")
    assert first["pairs"][0][0] == first["table"]["rows"][0][1]
    assert {"name", "title", "severity", "sentence", "todo", "facts", "table", "pairs"} == set(first)


def test_only_some_findings_when_asked():
    pool = rich_pool()
    found = audit(pool, select(pool, recipe()), names=["leaks", "balance"])
    assert [finding.name for finding in found.findings] == ["leaks", "balance"]


def test_progress_is_told():
    said = []
    pool = rich_pool()
    audit(pool, select(pool, recipe()), names=["leaks"], progress=lambda *about: said.append(about))
    assert said[0][0] == "auditing: leaks"
    assert said[-1][1:] == (1, 1)


def test_the_page_asks_nobody_for_anything(html):
    reader = read(html)
    for tag, attributes in reader.tags:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:")), (tag, name, value)
    policy = next(attributes["content"] for tag, attributes in reader.tags if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'")
    styles = re.findall(r"<style>(.*?)</style>", html, re.S)
    assert styles
    assert not any("url(" in style or "@import" in style for style in styles)
    assert html.count("plotly.js v") == 1


def test_contents_link_to_every_finding_with_a_mark_in_words(whole, html):
    reader = read(html)
    places = {attributes["id"] for tag, attributes in reader.tags if tag == "section"}
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]
    assert links == [f"#{finding.name}" for finding in whole.findings]
    assert {link[1:] for link in links} < places
    text = "".join(reader.texts)
    assert all(MARKS[finding.severity] in text for finding in whole.findings)


def test_every_picture_is_described_and_can_be_read_back(html):
    reader = read(html)
    figures = [attributes for tag, attributes in reader.tags if tag == "figure"]
    assert len(figures) >= 6
    assert all(each["aria-label"].startswith("Chart: ") for each in figures)
    for told in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', html, re.S):
        assert "<" not in told
        assert json.loads(told)["data"]


def test_the_same_case_gives_the_same_bytes(html):
    assert page(audit_of(labelled())) == html


def test_texts_of_the_data_are_text_and_nothing_else():
    html = page(audit_of(hostile()))
    reader = read(html)
    scripts = [attributes for tag, attributes in reader.tags if tag == "script"]
    figures = sum(tag == "figure" for tag, _ in reader.tags)
    assert len(scripts) == figures + 2
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "\x00" not in html
    assert "x" * 1000 not in html.split("<script>", 1)[0]
    assert any("\u202e" in text for text in reader.texts)
    cells = [attributes for tag, attributes in reader.tags if tag == "td" and "data-name" in attributes]
    assert cells
    assert all(each["dir"] == "auto" for each in cells)
    html.encode("utf-8")


def test_hostile_names_of_retrievers_and_data_are_escaped():
    case = given_case([[1, 2]], queries=[HOSTILE[0]])
    object.__setattr__(case.pool.dataset, "name", "<img src=x onerror=alert(1)>")
    html = page(audit_of(case))
    assert "<img" not in html.split("<script>", 1)[0]


def test_escaping():
    assert escaped("a<b>&\"'\x00\x1b\ud800") == "a&lt;b&gt;&amp;&quot;&#x27;\ufffd\ufffd?"


def test_it_is_written_whole_or_not_at_all(whole, html, tmp_path, monkeypatch):
    write_page(whole, tmp_path / "audit.html")
    assert (tmp_path / "audit.html").read_text("utf-8") == html
    monkeypatch.setattr("negviz.audit_report._section", lambda finding: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_page(whole, tmp_path / "audit.html")
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["audit.html"]
    assert (tmp_path / "audit.html").read_text("utf-8") == html
