"""FlagEmbedding (BGE) JSON lines."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._files import LineKind, write_rows
from negviz.exporters._rows import (
    NO_NEGATIVE,
    UNKNOWN_SCORE,
    LeftOut,
    Row,
    contents,
    distinct,
    ids,
    known_scores,
    leave_out,
)

TRAIN = """\
torchrun --nproc_per_node 1 -m FlagEmbedding.finetune.embedder.encoder_only.base \\
    --model_name_or_path BAAI/bge-small-en-v1.5 --train_data PATH --train_group_size GROUP \\
    --knowledge_distillation DISTIL --output_dir ../model
"""
# The trainer passes over compressed files without a word; what is unpacked lies beside the export, which stays whole.
UNPACK = {"jsonl": "", "jsonl.gz": "gunzip -c DATA > ../train.jsonl\n", "jsonl.zst": "zstd -dc DATA > ../train.jsonl\n"}


def _snippet(knobs: Mapping[str, Any]) -> str:
    unpack = UNPACK[knobs.get("file", "jsonl")]
    return unpack + TRAIN.replace("PATH", "../train.jsonl" if unpack else "DATA")


def _rows(examples: Examples, left_out: LeftOut, *, scores: bool = False, file: LineKind = "jsonl") -> Iterator[Row]:
    # A column that only some rows have breaks the reading of a file and the joining of several.
    prompted = any(example.prompt for example in examples.texts())
    for example in examples.texts():
        positives, negatives = distinct(example.positives), example.negatives
        ups, downs = known_scores(positives), known_scores(negatives)
        if not negatives:
            leave_out(left_out, example, NO_NEGATIVE)
        elif scores and (ups is None or downs is None):
            leave_out(left_out, example, UNKNOWN_SCORE)
        else:
            data = {
                "query": example.query,
                "pos": contents(positives),
                "neg": contents(negatives),
                **({"prompt": example.prompt} if prompted else {}),
                **({"pos_scores": ups, "neg_scores": downs} if scores else {}),
            }
            yield Row(data, ids(example, positives, negatives))


@EXPORTERS.register(
    "FlagEmbedding (BGE) JSON lines",
    reference="https://github.com/FlagOpen/FlagEmbedding",
    trainer="FlagEmbedding (BGE)",
    reads="flagembedding",
    holds=("positives", "negatives", "counts", "prompts"),
    rows=_rows,
    snippet=_snippet,
    language="bash",
)
def flagembedding(
    *, examples: Examples, folder: Path, scores: bool = False, file: LineKind = "jsonl"
) -> dict[str, Any]:
    """One line for every query: ``query``, ``pos`` and ``neg``, lists of texts.

    The trainer picks one positive at random and ``train_group_size - 1`` negatives, repeating them where there are
    fewer. It divides by the number of negatives, so a query without any is left out. The data lies in a folder of its
    own, because the trainer reads all files of a folder as one table: where one query has a ``prompt``, all rows have
    one, if an empty one. It is read only where ``--query_instruction_for_retrieval`` is given too.

    Args:
        examples: What to write.
        folder: Where to write it.
        scores: Add ``pos_scores`` and ``neg_scores``, for ``--knowledge_distillation True``; a query with an unknown
            score is left out then.
        file: JSON lines, plain or compressed. The trainer skips files that do not end in ``.jsonl`` or ``.json``, so
            a compressed one has to be unpacked first.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has a negative.
    """
    return write_rows(
        lambda left_out: _rows(examples, left_out, scores=scores), folder, f"flagembedding/train.{file}", None
    )
