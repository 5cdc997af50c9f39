"""TREC: runs beside a corpus, queries and judgments."""

from collections.abc import Iterator

from negviz.errors import DataError
from negviz.examples import TextExample
from negviz.loaders import LOADERS, _qrels, _runs, _texts
from negviz.loaders._qrels import Judged
from negviz.loaders._reading import Reading
from negviz.loaders._source import Source, is_table


def recognise(source: Source) -> str | None:
    """Look for runs and judgments beside texts, or for either alone."""
    if _runs.is_trec(source):
        runs = ", ".join(_runs.run_files(source)[:3])
        return f"The folder holds a corpus, queries, judgments and runs of TREC ({runs})."
    own = {*_runs.run_files(source), *_runs.trec_judgments(source)}
    if not own or any(_texts.find(source)) or any(is_table(name) for name in source.files if name not in own):
        return None
    kind = _alone(source)
    return f"It is {kind} of TREC." if kind else None


@LOADERS.register(
    "TREC runs and judgments",
    reference="https://trec.nist.gov/",
    trainer="trec_eval, Anserini, Pyserini, PyTerrier and ir-measures",
    title="Folder with corpus, queries, TREC qrels and one or more TREC runs",
    recognise=recognise,
    by_id=True,
)
def trec(source: Source) -> Reading:
    """Read a corpus and queries (as JSON lines, Parquet or MS MARCO's TSV), judgments, and what runs found.

    The split is chosen as for a BEIR folder. What a run has for a query with a positive, and nobody judged to be one,
    is a mined negative with its rank and score; its miner is the run's name. What a run has for other queries is left
    out and counted.

    Args:
        source: The folder.

    Raises:
        DataError: If it is a run or judgments alone, or a part is missing.
    """
    texts, runs = _texts.find(source), _runs.run_files(source)
    if not texts.whole or not runs:
        raise _lacking(source)
    reading, judged = Reading(), Judged()
    judgments = sorted({*_qrels.judgment_files(source), *_runs.trec_judgments(source)} - {*runs})
    choice, found = _qrels.examples(source, reading, judgments, judged=judged)
    reading.examples = _chained(source, reading, found, runs, judged)
    _texts.read(source, texts, reading, [choice.split, *map(_qrels.split_name, choice.held_out)])
    return reading


def _chained(
    source: Source, reading: Reading, found: Iterator[TextExample], runs: list[str], judged: Judged
) -> Iterator[TextExample]:
    yield from found
    yield from _runs.examples(source, runs, reading, judged)


def _alone(source: Source) -> str | None:
    """What is there without texts."""
    if _runs.run_files(source):
        return "a run"
    return "a list of judgments" if _runs.trec_judgments(source) else None


def _lacking(source: Source) -> DataError:
    kind = _alone(source)
    if kind == "a run":
        return DataError(
            f"{source.name} is a run of TREC, which names queries and documents by id; give the folder that holds it "
            "beside the corpus, the queries and the judgments, or add it to a pool with 'negviz pool DATA --run FILE'."
        )
    if kind:
        return DataError(
            f"{source.name} is a list of judgments of TREC, whose texts are in other files; give the folder that "
            "holds it beside the corpus and the queries."
        )
    return DataError(
        f"{source.name} is no folder of TREC: it needs a corpus, queries, judgments (query, 0, document, grade) and a "
        "run (query, Q0, document, rank, score, name)."
    )
