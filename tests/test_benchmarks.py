"""What the benchmarks share: records, texts of several collections, agreement, and the simulated schedule."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def script(monkeypatch, tmp_path):
    """Import of a script by name; records go to a folder of the test."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setenv("NEGVIZ_RESULTS", str(tmp_path / "results"))
    return importlib.import_module


@pytest.fixture
def folder(tmp_path):
    """A collection with a judged query, a copy of a document, and documents with and without a title."""
    root = tmp_path / "beir"
    (root / "qrels").mkdir(parents=True)
    documents = [
        {"_id": "a", "title": "", "text": "Cats sleep most of the day. They wake at dusk."},
        {"_id": "b", "title": "", "text": "cats sleep most of  the day. they wake at dusk."},
        {"_id": "c", "title": "How dogs hear the wind", "text": "Dogs hear tones that people do not."},
        {"_id": "d", "title": "", "text": "Birds fly south in autumn. They return in spring."},
    ]
    (root / "corpus.jsonl").write_text("".join(json.dumps(each) + "\n" for each in documents))
    (root / "queries.jsonl").write_text(json.dumps({"_id": "1", "text": "when do cats wake"}) + "\n")
    (root / "qrels" / "train.tsv").write_text("query-id\tcorpus-id\tscore\n1\tb\t1\n1\ta\t1\n")
    return root


def test_a_spread_is_median_lowest_and_highest(script):
    assert script("results").spread([3.0, 1.0, 2.0]) == {"median": 2.0, "low": 1.0, "high": 3.0}


@pytest.mark.parametrize(
    ("median", "limit", "met"), [(2.2, ">= 2.2", True), (2.1, ">= 2.2", False), (0.7, "< 0.75", True)]
)
def test_a_record_says_whether_its_limit_was_met(script, median, limit, met):
    results = script("results")
    path = results.record("x", "a claim", [{"what": "y", "median": median, "limit": limit}])
    assert json.loads(path.read_text())["rows"][0]["met"] is met
    assert results.recorded("x")["claim"] == "a claim"
    assert results.recorded("y") is None


def test_a_limit_that_cannot_be_read_is_refused(script):
    with pytest.raises(ValueError, match="written as"):
        script("results").met(1.0, "about 2")


def test_texts_are_distinct_and_titles_become_queries_where_judged_ones_are_too_few(script, folder):
    texts = script("real_texts").collect([folder], documents=3, queries=3)
    assert texts.judged == 1
    assert texts.queries[0] == "when do cats wake"
    assert {*texts.queries[1:]} == {"How dogs hear the wind", "Birds fly south in autumn."}
    found = {query: texts.contents[rows[0]] for query, rows in zip(texts.queries, texts.positives, strict=True)}
    assert found["How dogs hear the wind"].startswith("How dogs hear the wind Dogs hear")
    assert found["when do cats wake"].startswith("Cats sleep")
    assert len(texts.dataset().positives) == 3


def test_too_few_documents_are_refused(script, folder):
    with pytest.raises(SystemExit, match="name more folders"):
        script("real_texts").collect([folder], documents=4, queries=1)


def test_rows_of_the_dataset_are_rows_of_the_texts(script, folder):
    texts = script("real_texts").collect([folder], documents=3, queries=3)
    assert list(texts.dataset().contents) == texts.contents


def kept(script, path, rows, scores, nearest):
    script("end_to_end")
    np.savez(path, rows=np.array(rows), scores=np.array(scores), nearest=np.array(nearest), seconds=1.0)
    return path


def test_agreement_counts_what_both_took_and_tells_ties_from_differences(script, tmp_path):
    """By hand: 4 of 6 negatives in common; the second query differs by a tie, the third by 0.2."""
    one = kept(script, tmp_path / "a.npz", [[1, 2], [3, 4], [5, 6]], [[0.9, 0.8], [0.7, 0.6], [0.5, 0.4]],
               [[1, 2], [3, 4], [5, 6]])  # fmt: skip
    other = kept(script, tmp_path / "b.npz", [[1, 2], [3, 9], [5, 8]], [[0.9, 0.8], [0.7, 0.6], [0.5, 0.2]],
                 [[1, 2], [3, 4], [5, 8]])  # fmt: skip
    found = script("end_to_end").agreement(one, other)
    assert found["same_negatives"] == pytest.approx(4 / 6)
    assert found["queries_that_differ"] == pytest.approx(2 / 3)
    assert found["of_them_by_a_tie"] == 0.5
    assert found["score_difference_max"] == pytest.approx(0.2)
    assert found["overlap_at_20"] == pytest.approx(5 / 6)


def test_our_recipe_is_the_peers_settings(script):
    from negviz.recipe import recipe_of
    from negviz.select import check_knobs

    recipe = recipe_of(script("end_to_end").recipe_for(103))
    check_knobs(recipe)
    check_knobs(recipe.with_setting("relative_margin.margin=0.1"))
    assert (recipe.count, recipe.anchor, recipe.draw.knobs["limit"]) == (5, "min", 100)


def test_each_benchmark_has_a_name_and_a_claim_of_its_own(script):
    found = script("all").LIST
    assert len({each.name for each in found}) == len({each.claim for each in found}) == len(found)
    assert all(each.needs in {"", *(other.name for other in found)} for each in found)


class TestSchedule:
    """The simulation, by hand: start 20 s, overhead 0.05 s a task."""

    @pytest.fixture
    def schedule(self, script):
        pytest.importorskip("simpy")
        return script("schedule")

    def test_one_worker_does_one_task_after_the_other(self, schedule):
        stages = [schedule.Stage("a", [10.0, 20.0]), schedule.Stage("b", [5.0])]
        run = schedule.Cluster(schedule.Crew(1, failures=0, slow=0), stages).run
        assert run.makespan == pytest.approx(20 + 35 + 3 * 0.05)
        assert run.useful == pytest.approx(35 + 3 * 0.05)
        assert list(run.stages) == ["a", "b"]

    def test_a_stage_waits_for_the_last_task_of_the_one_before(self, schedule):
        stages = [schedule.Stage("a", [10.0, 30.0]), schedule.Stage("b", [5.0, 5.0])]
        run = schedule.Cluster(schedule.Crew(2, failures=0, slow=0, copies=False), stages).run
        assert run.stages["a"] == pytest.approx(20 + 30.05)
        assert run.makespan == pytest.approx(20 + 30.05 + 5.05)

    def test_a_slow_worker_is_overtaken_by_a_copy(self, schedule):
        """Four tasks of 10 s on two workers, one five times as slow: it would end at 70 s."""
        stages = [schedule.Stage("a", [10.0] * 4)]
        slow = schedule.Cluster(schedule.Crew(2, failures=0, slow=0.5, copies=False), stages).run
        copied = schedule.Cluster(schedule.Crew(2, failures=0, slow=0.5), stages).run
        assert slow.makespan == pytest.approx(20 + 50.05)
        # The quick one does three; by then the fourth runs three times as long as they did, and is copied.
        assert copied.makespan == pytest.approx(20 + 4 * 10.05)
        assert copied.copied == pytest.approx(4 * 10.05)

    def test_what_a_failed_worker_had_in_hand_is_done_again(self, schedule):
        stages = [schedule.Stage("a", [600.0] * 40)]
        run = schedule.Cluster(schedule.Crew(4, failures=2.0, slow=0), stages).run
        assert run.failed > 0
        assert run.lost > 0
        assert run.useful == pytest.approx(40 * 600.05)
        assert run.makespan * 4 >= run.useful + run.lost

    def test_the_same_seed_gives_the_same_schedule(self, schedule):
        work, crew = schedule.Work(200_000, 5_000), schedule.Crew(8, failures=1.0, seed=3)
        assert schedule.simulated(work, crew) == schedule.simulated(work, crew)

    def test_a_measured_run_is_held_against_a_simulated_one(self, schedule, script):
        rows = [{"workers": n, "seconds": 100.0 / n, "documents": 100_000, "queries": 5_000} for n in (1, 2)]
        script("results").record("scale", "a claim", rows)
        table = schedule.measured_table()
        assert "| 1 | 100.0 | 100.0 | 1.00 |" in table
        assert "| 2 | 50.0 | " in table
