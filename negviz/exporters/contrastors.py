"""contrastors: compressed shards with the places of their lines."""

import gzip
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._counts import counted, what_would_do
from negviz.exporters._files import json_bytes, json_line, write_rows
from negviz.exporters._rows import UNKNOWN_SCORE, LeftOut, Row, contents, distinct, ids, known_scores, leave_out
from negviz.hints import Range

FOLDER = "contrastors"
SHARD = f"{FOLDER}/shard-{{part}}.jsonl.gz"
COUNTS = f"{FOLDER}/counts.json"
OFFSETS = f"{FOLDER}/offsets.json.gz"
OBJECTIVES = {"self": [], "paired": [["query", "document"]], "triplet": [["query", "document", "negatives"]]}

SNIPPET = """\
# The trainer finds counts and offsets under the path of the shards, so give it this one, in the folder of this file.
cat > data.yaml <<'END'
datasets:
  - name: hard-negatives
    bucket: "DATA"
    query_prefix: search_query
    document_prefix: search_document
    kd_loss: DISTIL
    objective: {type: triplet, columns: [query, document, negatives]}
END
# In a configuration like contrastive_finetune.yaml: data_args.input_shards data.yaml, data_args.weighted_sampling false
# (it takes shards of S3 only), data_args.batch_size at most the lines of the smallest shard, model_args.num_negatives
# COUNT.
torchrun --nproc_per_node 1 train.py --config=finetune.yaml --dtype=bf16
"""


def _rows(
    examples: Examples,
    left_out: LeftOut,
    *,
    negatives: int = 0,
    short: Literal["drop", "pad"] = "drop",
    scores: bool = False,
    lines: int = 100_000,
) -> Iterator[Row]:
    place = 0
    for example, taken, _ in counted(examples, left_out, negatives or examples.count, short):
        for positive in distinct(example.positives):
            known = known_scores([positive, *taken])
            if scores and known is None:
                leave_out(left_out, example, UNKNOWN_SCORE, positive_id=positive.id)
                continue
            data: dict[str, Any] = {
                "query": example.query,
                "document": positive.content,
                "negatives": contents(taken),
                "metadata": {"objective": OBJECTIVES},
            }
            if scores and known:
                data |= {"document_score": known[0], "negatives_scores": known[1:]}
            yield Row(data, ids(example, [positive], taken), f"{place // lines:05d}")
            place += 1


@EXPORTERS.register(
    "contrastors: shards with offsets",
    reference="https://github.com/nomic-ai/contrastors",
    trainer="contrastors (nomic-embed)",
    reads="contrastors",
    holds=("negatives",),
    configs={"contrastors": f"{FOLDER}/shard-*.jsonl.gz"},
    beside={
        COUNTS: "the lines of each shard",
        OFFSETS: "where each line of a shard begins and ends, in bytes of the unpacked shard",
        "ids.parquet": "row by row where the texts of the data come from: ids, grades, scores and ranks",
    },
    rows=_rows,
    snippet=SNIPPET,
    language="bash",
)
def contrastors(
    *,
    examples: Examples,
    folder: Path,
    negatives: Annotated[int, Range(0, 1000, 1)] = 0,
    short: Literal["drop", "pad"] = "drop",
    scores: bool = False,
    lines: Annotated[int, Range(1, 10_000_000, 1)] = 100_000,
) -> dict[str, Any]:
    """One line for every positive of a query: ``query``, ``document`` and a list of ``negatives``, in packed shards.

    The trainer leaps to a line by the bytes in ``offsets.json.gz``, and takes whole batches of ``counts.json`` only, so
    a shard must hold a batch at least. It lays the documents of a batch one behind the other, and a row with fewer
    negatives would shift all that follow, so every row has the same number.

    Args:
        examples: What to write.
        folder: Where to write it.
        negatives: Negatives in a row, the hardest first; 0 is the count of the recipe.
        short: What becomes of a query with fewer negatives: ``drop`` leaves it out, ``pad`` fills it with random
            documents (marked as ``backfilled`` in ``ids.parquet``).
        scores: Add ``document_score`` and ``negatives_scores``, which ``kd_loss`` reads; a row with an unknown score is
            left out then.
        lines: Lines of a shard; the last may have fewer.

    Returns:
        Counts: rows, negatives, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has enough negatives; the text says how many would be possible.
    """
    count = negatives or examples.count
    # Eight bytes a line; the offsets as JSON would be many times that.
    ends: dict[str, array[int]] = {}

    def rows(left_out: LeftOut) -> Iterator[Row]:
        made = _rows(examples, left_out, negatives=negatives, short=short, scores=scores, lines=lines)
        for row in made:
            known = ends.setdefault(row.part, array("q", [0]))
            known.append(known[-1] + len(json_line(row.data)))
            yield row

    written = write_rows(rows, folder, SHARD, None, lambda: what_would_do(examples, count))
    named = {SHARD.replace("{part}", part): places for part, places in ends.items()}
    total = {
        "count_per_file": {name: len(places) - 1 for name, places in named.items()},
        "total_count": written["rows"],
    }
    (folder / COUNTS).write_bytes(json_bytes(total) + b"\n")
    _write_offsets(folder / OFFSETS, named)
    # The trainer expands braces and no stars.
    several = {"data": SHARD.replace("{part}", f"{{00000..{len(named) - 1:05d}}}")} if len(named) > 1 else {}
    return {"negatives_in_a_row": count, **written, **several}


def _write_offsets(path: Path, places: dict[str, "array[int]"]) -> None:
    """Write {shard: {number of a line: [its first byte, the first byte after it]}}, one shard after the other."""
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        for number, (name, ends) in enumerate(places.items()):
            file.write((b",\n" if number else b"{") + json_bytes(name) + b":{")
            for line in range(len(ends) - 1):
                file.write(b'%s"%d":[%d,%d]' % (b"," if line else b"", line, ends[line], ends[line + 1]))
            file.write(b"}")
        file.write(b"}\n")
