"""A job on a Ray cluster of this machine against the same job in this process: seconds, ratios, and what a loss costs.

    .venv/bin/python benchmarks/scale.py COLLECTION... [--documents 20000] [--queries 2000] [--rounds 3] [--small]

Every run makes the same pool with the encoder ``static`` (a transformer would take nearly all of the time and hide what
is measured here), and its fingerprint is compared. Cases take turns: the local engine, Ray with one worker and with two
nodes of one worker, and two nodes of which one is removed when a third of the dense search is done. Each run is a
process of its own, with one thread of every library, so that workers are compared with workers. The stages' seconds of
the local run give the unit costs of ``negviz/jobs/estimate.py``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from real_texts import collect
from results import record, spread, told

CASES = ("local", "ray, 1 worker", "ray, 2 nodes", "ray, a node removed")
DEPTH = 100
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


def run_case(case: str, folders: list[str], documents: int, queries: int) -> dict[str, Any]:
    """One job in this process: seconds by stage, from the loaded dataset to the fingerprint of the pool."""
    from negviz.engines import open_engine
    from negviz.jobs import make_plan, pool_of_job, run_job
    from negviz.mine import make_order

    data = collect([Path(each) for each in folders], documents, queries).dataset()
    order = make_order(data, encoder="static", depth=DEPTH, scorers=("dense", "bm25"))
    plan = replace(make_plan(data, order, 2**31), shard=documents // 4, span=documents // 4, block=queries // 8,
                   encoded=max(documents // 16, 1))  # fmt: skip
    cluster = _cluster(case)
    engine = open_engine("local" if case == "local" else "ray")
    stages: dict[str, float] = {}
    clock = {"stage": "", "since": time.perf_counter()}
    removed = []

    def progress(stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        if stage != clock["stage"]:
            stages[str(clock["stage"])] = now - float(clock["since"])
            clock.update(stage=stage, since=now)
        if case.endswith("removed") and stage == "retrieving: dense" and done >= total / 3 and not removed:
            removed.append(cluster.added.pop())
            cluster.remove_node(removed[0])

    with tempfile.TemporaryDirectory() as folder:
        os.environ["NEGVIZ_NODE"] = f"{folder}/node"
        start = time.perf_counter()
        job = run_job(data, plan, f"{folder}/work", engine=engine, progress=progress)
        stages[str(clock["stage"])] = time.perf_counter() - float(clock["since"])
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        mined = time.perf_counter()
        pool = pool_of_job(job, scratch)
        found = {"fingerprint": pool.fingerprint, "candidates": pool.candidates}
        stages["joining blocks"] = time.perf_counter() - mined
        seconds = time.perf_counter() - start
    stages.pop("", None)
    return {
        "seconds": seconds,
        "stages": stages,
        "shard": plan.shard,
        "block": plan.block,
        "encoded": plan.encoded,
        **found,
    }


def _cluster(case: str) -> Any:
    if case == "local":
        return None
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    cluster.added = [cluster.add_node(num_cpus=1) for _ in range(1 if "1 worker" in case else 2)]
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    return cluster


def measured(case: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """One case in a process of its own."""
    command = [sys.executable, __file__, *arguments.folders, "--case", case,
               "--documents", str(arguments.documents), "--queries", str(arguments.queries)]  # fmt: skip
    done = subprocess.run(command, env={**os.environ, **THREADS}, check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--case", choices=CASES, help="Run one case in this process; used by the script itself.")
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(run_case(arguments.case, arguments.folders, arguments.documents, arguments.queries)))
        return
    if arguments.small:
        arguments.documents, arguments.queries, arguments.rounds = 400, 80, 1
    runs: dict[str, list[dict[str, Any]]] = {case: [] for case in CASES}
    for _ in range(arguments.rounds):
        for case in CASES:
            runs[case].append(measured(case, arguments))
            print(f"{case}: {runs[case][-1]['seconds']:.1f} s", flush=True)
    marks = {run["fingerprint"] for each in runs.values() for run in each}
    if len(marks) != 1:
        sys.exit(f"The pools differ: {sorted(marks)}")
    rows = []
    for case, each in runs.items():
        ratios = [run["seconds"] / local["seconds"] for run, local in zip(each, runs["local"], strict=True)]
        workers = 2 if "2 nodes" in case or "removed" in case else 1
        rows.append({"what": f"{case}: seconds over those of the local engine", "unit": "times", **spread(ratios),
                     "workers": workers, "seconds": spread([run["seconds"] for run in each])["median"],
                     "documents": arguments.documents, "queries": arguments.queries, "depth": DEPTH,
                     **{size: each[0][size] for size in ("shard", "block", "encoded")}})  # fmt: skip
        print(f"{case}: {told(spread([run['seconds'] for run in each]))} s, {told(spread(ratios))} times local")
    for stage in runs["local"][0]["stages"]:
        seconds = [run["stages"].get(stage, 0.0) for run in runs["local"]]
        print(f"  {stage}: {told(spread(seconds))} s on one core")
        rows.append({"what": f"stage '{stage}', local, one core", "unit": "s", **spread(seconds)})
    record("scale", "The same pool from one process and from a Ray cluster on two cores, a node lost or not", rows)


if __name__ == "__main__":
    main()
