import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from negviz import arrays
from negviz.arrays import descending, fingerprint, frozen, gumbel, mix, positions, text_keys, uniform

NAN = float("nan")


def test_descending_breaks_ties_by_column_and_puts_unknown_then_absent_last():
    scores = np.array([[0.5, NAN, 0.9, 0.5, 0.7]], dtype=np.float32)
    present = np.array([[True, True, True, True, False]])
    assert descending(scores, present).tolist() == [[2, 0, 3, 1, 4]]


def test_infinite_scores_are_unknown_not_best():
    scores = np.array([[np.inf, 0.1, -np.inf]], dtype=np.float32)
    assert descending(scores, np.ones((1, 3), dtype=bool)).tolist() == [[1, 0, 2]]


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, NAN]), min_size=1, max_size=9))
def test_positions_are_the_inverse_of_the_order(values):
    order = descending(np.array([values]), np.ones((1, len(values)), dtype=bool))
    assert order[0][positions(order)[0]].tolist() == list(range(len(values)))


def test_frozen_arrays_cannot_be_written():
    array = frozen(np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_fingerprint_sees_content_shape_type_and_order_of_parts():
    base = np.arange(6, dtype=np.int32)
    others = [base.reshape(2, 3), base.astype(np.int64), base + 1, base[::-1], base[:5]]
    prints = {fingerprint(part) for part in (base, *others)} | {fingerprint("a", "b"), fingerprint("b", "a")}
    assert len(prints) == 8
    assert fingerprint(np.arange(12, dtype=np.int32)[::2]) == fingerprint(np.arange(0, 12, 2, dtype=np.int32))
    assert fingerprint("ab", "c") != fingerprint("a", "bc")


def test_fingerprint_takes_empty_arrays():
    assert fingerprint(np.zeros((0, 3))) != fingerprint(np.zeros((3, 0)))


def test_text_keys_are_the_same_in_another_process():
    code = "from negviz.arrays import text_keys, uniform; k = text_keys(['a', 'ü']); print(k.tolist(), uniform(k, 7))"
    keys = text_keys(["a", "ü"])
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
        for env in ({"PYTHONHASHSEED": "1", "PYTHONPATH": "."}, {"PYTHONHASHSEED": "2", "PYTHONPATH": "."})
    }
    assert runs == {f"{keys.tolist()} {uniform(keys, 7)}\n"}


def test_splitmix_gives_the_published_stream():
    # First outputs of SplitMix64 with seed 0: the state is a multiple of the golden gamma.
    states = np.array([0, 0x9E3779B97F4A7C15], dtype=np.uint64)
    assert [hex(value) for value in mix(states)] == ["0xe220a8397b1dcdaf", "0x6e789e6aa1b965f4"]


def test_uniform_noise_is_uniform_and_independent_of_its_company():
    keys = text_keys([f"pair {row}" for row in range(20_000)])
    noise = uniform(keys, 1)
    assert stats.kstest(noise, "uniform").pvalue > 1e-4
    assert np.array_equal(uniform(keys[5:9], 1), noise[5:9])
    assert abs(np.corrcoef(noise, uniform(keys, 2))[0, 1]) < 0.03


@pytest.mark.parametrize("bits", [0, 0xFFFFFFFFFFFFFFFF])
def test_noise_is_finite_for_the_smallest_and_largest_bits(monkeypatch, bits):
    monkeypatch.setattr(arrays, "mix", lambda keys: np.full_like(keys, bits))
    noise = uniform(np.zeros(1, dtype=np.uint64), 0)
    assert 0.0 < noise[0] < 1.0
    assert np.isfinite(gumbel(np.zeros(1, dtype=np.uint64), 0)).all()


def test_gumbel_noise_has_the_mean_and_spread_of_a_gumbel():
    noise = gumbel(np.arange(40_000, dtype=np.uint64), 11)
    assert noise.mean() == pytest.approx(np.euler_gamma, abs=0.02)
    assert noise.std() == pytest.approx(np.pi / np.sqrt(6), abs=0.03)
