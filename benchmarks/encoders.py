"""Speed of `minilm` through OpenVINO (float32) as a ratio to plain torch, and how far the vectors differ.

    .venv/bin/python benchmarks/encoders.py [ROUNDS]

Rounds are interleaved and the median ratios of CPU and of wall seconds are printed, since a shared machine changes
its speed from minute to minute.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from negviz.encode import open_encoder
from negviz.load import load

TEXTS = 256


def clocked(work: Callable[[], np.ndarray]) -> tuple[float, float, np.ndarray]:
    cpu, wall = time.process_time(), time.time()
    vectors = work()
    return time.process_time() - cpu, time.time() - wall, vectors


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    data = load("sample")
    texts = data.contents[:TEXTS]
    with tempfile.TemporaryDirectory() as home:
        fast = open_encoder("minilm", data, home=Path(home), backend="openvino")
        plain = open_encoder("minilm", data, home=Path(home), backend="torch")
        for encoder in (fast, plain):
            encoder.encode_documents(texts[:8])
        cpu_ratios, wall_ratios, apart = [], [], 0.0
        for _ in range(rounds):
            plain_cpu, plain_wall, expected = clocked(lambda: plain.encode_documents(texts))
            fast_cpu, fast_wall, found = clocked(lambda: fast.encode_documents(texts))
            cpu_ratios.append(plain_cpu / fast_cpu)
            wall_ratios.append(plain_wall / fast_wall)
            apart = max(apart, float(np.abs(found - expected).max()))
    report = {
        "rounds": rounds,
        "texts": len(texts),
        "torch / openvino, CPU time": round(statistics.median(cpu_ratios), 2),
        "torch / openvino, wall time": round(statistics.median(wall_ratios), 2),
        "largest difference of a component": apart,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
