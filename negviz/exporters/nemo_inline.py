"""NeMo Automodel with the texts in the rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from negviz.examples import Examples
from negviz.exporters import EXPORTERS
from negviz.exporters._files import write_rows
from negviz.exporters._rows import Keys, LeftOut, Row, listed_rows

DATA = "nemo-inline/train.jsonl"
SNIPPET = """\
from nemo_automodel.components.datasets.llm.retrieval_dataset_inline import make_retrieval_dataset

data = make_retrieval_dataset(data_dir_list=["DATA"], model_type="bi_encoder", data_type="train", n_passages=GROUP)
"""


def _rows(examples: Examples, left_out: LeftOut) -> Iterator[Row]:
    return listed_rows(examples, left_out, Keys("query", "pos_doc", "neg_doc"))


@EXPORTERS.register(
    "NeMo Automodel: texts in the rows",
    reference="https://github.com/NVIDIA-NeMo/Automodel",
    name_shown="nemo-inline",
    trainer="NeMo Automodel",
    reads="nemo",
    holds=("positives", "negatives", "counts"),
    rows=_rows,
    snippet=SNIPPET,
)
def nemo_inline(*, examples: Examples, folder: Path) -> dict[str, Any]:
    """One line for every query: ``query``, ``pos_doc`` and ``neg_doc``, lists of texts.

    The trainer takes the first positive, unless it is told to cycle, and repeats negatives up to ``n_passages``; it
    needs at least one, so a query without any is left out. Documents have no ids here, so it cannot mask a document of
    another query in the batch that is this query's positive too; the format nemo has them.

    Args:
        examples: What to write.
        folder: Where to write it.

    Returns:
        Counts: rows, left_out, queries_left_out, and data, the path of the data.

    Raises:
        ExportError: If no query has a negative.
    """
    return write_rows(lambda left_out: _rows(examples, left_out), folder, DATA, None)
