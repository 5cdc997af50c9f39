"""What the sentence-transformers formats share: column rules, file names and the code that trains with them.

Columns called label, labels, score or scores are the label, and only one of them can be; every other column is a model
input, in the order of the columns. Ids therefore lie in a sidecar.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from negviz.exporters._files import SHARD, FileKind, write_rows
from negviz.exporters._rows import LeftOut, Row

TEXT = pa.string()
TEXTS = pa.list_(pa.string())
LABEL = pa.int64()
LABELS = pa.list_(pa.int64())
SCORE = pa.float64()
SCORES = ("scores", pa.list_(pa.float64()))
BI_ENCODER = """\
import datasets
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import LOSS

data = datasets.load_dataset("FILE", data_files="DATA", split="train")
model = SentenceTransformer("sentence-transformers/all-MiniLM-L6-v2")
# A batch without duplicates keeps one query's positive from being another row's negative.
arguments = SentenceTransformerTrainingArguments(output_dir="../model", batch_sampler="no_duplicates")
SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=LOSS(model)).train()
"""
RERANKER = """\
import datasets
from sentence_transformers.cross_encoder import CrossEncoder, CrossEncoderTrainer, CrossEncoderTrainingArguments
from sentence_transformers.cross_encoder.losses import LOSS

data = datasets.load_dataset("FILE", data_files="DATA", split="train")
model = CrossEncoder("cross-encoder/ms-marco-MiniLM-L6-v2")
arguments = CrossEncoderTrainingArguments(output_dir="../model")
CrossEncoderTrainer(model=model, args=arguments, train_dataset=data, loss=LOSS(model)).train()
"""


def write(
    name: str,
    file: FileKind,
    columns: list[tuple[str, pa.DataType]],
    folder: Path,
    rows: Callable[[LeftOut], Iterator[Row]],
    hint: Callable[[], str] = str,
) -> dict[str, Any]:
    """Write rows as the train split of a configuration of that name."""
    return write_rows(rows, folder, f"{name}/train-{SHARD}.{file}", pa.schema(columns), hint)


def names(count: int) -> list[str]:
    """Columns of the documents of a row: a positive, then so many negatives."""
    return ["positive", *(f"negative_{place}" for place in range(1, count + 1))]


def schema(count: int, label: list[tuple[str, pa.DataType]]) -> pa.Schema:
    """Columns of rows with so many negatives."""
    return pa.schema([("anchor", TEXT), *((name, TEXT) for name in names(count)), *label])


def snippet(loss: str, distils: str = "") -> Callable[[Mapping[str, Any]], str]:
    """Code that trains a bi-encoder with the data, run from the folder of the export.

    Args:
        loss: Loss that reads the texts.
        distils: Loss that reads the scores too, where the knob ``scores`` writes them: other losses pass over them.

    Returns:
        The code, by the knobs.
    """
    return lambda knobs: BI_ENCODER.replace("LOSS", distils if distils and knobs.get("scores") else loss)


def cross_encoder_snippet(loss: str, distils: str) -> Callable[[Mapping[str, Any]], str]:
    """Code that trains a reranker with the data, run from the folder of the export.

    Args:
        loss: Loss that reads labels.
        distils: Loss that reads scores, where the knob ``scores`` writes them. An identity takes the place of the
            sigmoid that a reranker of one output may end with: scores have no bounds.

    Returns:
        The code, by the knobs.
    """
    scored = RERANKER.replace("import datasets\n", "import datasets\nimport torch\n").replace(
        'L6-v2")', 'L6-v2", activation_fn=torch.nn.Identity())'
    )
    return lambda knobs: scored.replace("LOSS", distils) if knobs.get("scores") else RERANKER.replace("LOSS", loss)
