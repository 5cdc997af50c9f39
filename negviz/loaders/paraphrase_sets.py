"""Sets: JSON rows ``{"set": [text, text, ...]}`` of texts that say the same, of the embedding-training-data."""

from typing import Any

from negviz.examples import Place, TextExample
from negviz.loaders import LOADERS
from negviz.loaders._cells import BadRowError, as_text, is_listed, listed, passage_of
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source
from negviz.loaders._table import examples_of, first_of


def recognise(source: Source) -> str | None:
    """Look for the key of the first row."""
    if not is_listed(first_of(source), "set", str):
        return None
    return "Its rows have a list of texts called set, as sentence-transformers' embedding-training-data has."


@LOADERS.register(
    "Sets of paraphrases",
    reference="https://huggingface.co/datasets/sentence-transformers/embedding-training-data",
    trainer="sentence-transformers",
    title="JSONL or Parquet with set, a list of texts that say the same",
    recognise=recognise,
)
def paraphrase_sets(source: Source) -> Reading:
    """Read rows of texts that say the same: the first is taken as the query, the others as its positives.

    Args:
        source: The file or folder.
    """
    reading = Reading()

    def read(row: dict[str, Any], place: Place) -> TextExample:
        texts = listed(row, "set")
        if len(texts) < 2:
            raise BadRowError("has a set of fewer than two texts")
        return TextExample(as_text(texts[0]), tuple(map(passage_of, texts[1:])), place=place)

    reading.examples = examples_of(source, reading, read)
    return reading
