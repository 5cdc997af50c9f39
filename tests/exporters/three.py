"""Three queries with four candidates at most, written by hand, and labels about them."""

import numpy as np

from negviz.arrays import PAD
from negviz.dataset import Dataset
from negviz.labels import LabelEvent, Labels, Verdict
from negviz.pool import Pool
from negviz.recipe import Recipe
from negviz.select import select
from negviz.selection import Selection

NAN = float("nan")
ODD = 'été, 東京\u2028 \x00 "quoted", \ta line\nbreak, =1+1, 👩‍🚀'
DOCUMENTS = [
    ("d0", "Jam", "sets with pectin"),
    ("d1", "", "Pectin comes from apples"),
    ("d2", "", "PECTIN  comes from apples"),
    ("d3", "Tea", "is a leaf"),
    ("d4", "", ODD),
    ("d5", "", "tides follow the moon"),
    ("d6", "", "copper conducts"),
    ("d7", "", "sugar and acid set jam"),
    ("d8", "Fruit", "pectin comes from apples"),
]
QUERIES = [("q0", "what sets jam"), ("q1", "where do tides come from"), ("q2", "what conducts")]
POSITIVES = [("q0", "d0", 1), ("q0", "d7", 2), ("q1", "d5", 1), ("q2", "d6", 3)]


def pool(documents=DOCUMENTS, queries=QUERIES) -> Pool:
    """Candidates: q0 d1 .80, d2 .79, d3 .60, d8 .50; q1 d0 .70, d3 .41, d4 .20; q2 d3 .30."""
    names = {document[0]: place for place, document in enumerate(DOCUMENTS)}
    renamed = {old[0]: new[0] for old, new in zip([*DOCUMENTS, *QUERIES], [*documents, *queries], strict=True)}
    data = Dataset.build(
        name="three",
        format="test",
        queries=queries,
        documents=documents,
        positives=[(renamed[query], renamed[document], grade) for query, document, grade in POSITIVES],
    )
    row = {document: data.document_ids.index(documents[place][0]) for document, place in names.items()}
    cells = [
        {"d1": 0.8, "d2": 0.79, "d3": 0.6, "d8": 0.5},
        {"d0": 0.7, "d3": 0.41, "d4": 0.2},
        {"d3": 0.3},
    ]
    rows, scores = np.full((3, 4), PAD, np.int32), np.full((3, 4), NAN, np.float32)
    for place, cell in enumerate(cells):
        for column, (document, score) in enumerate(sorted((row[name], score) for name, score in cell.items())):
            rows[place, column], scores[place, column] = document, score
    positives = np.array([[row["d0"], row["d7"]], [row["d5"], PAD], [row["d6"], PAD]], np.int32)
    return Pool(
        dataset=data,
        queries=np.arange(3, dtype=np.int32),
        documents=rows,
        ranks={"dense": np.where(rows == PAD, -1, 0).astype(np.int32)},
        scores={"dense": scores},
        positives=positives,
        positive_scores={"dense": np.array([[0.9, 0.85], [0.75, NAN], [0.6, NAN]], np.float32)},
        flags=np.zeros((3, 4), np.uint16),
        scales={"dense": "cosine"},
        origin={"encoder": "by hand", "encoder_identity": "abc", "retrievers": ["dense"]},
    )


def selection(count: int = 2, of: Pool | None = None, **more) -> Selection:
    """The hardest candidates of every query."""
    return select(of or pool(), Recipe(**{"name": "hardest", "count": count, **more}))


def labels(*said: tuple[str, str, Verdict], of: Pool | None = None, **details) -> Labels:
    """Labels of (query id, document id, verdict)."""
    data = (of or pool()).dataset
    return Labels.of(
        LabelEvent.of(data, data.query_ids.index(query), data.document_ids.index(document), verdict, **details)
        for query, document, verdict in said
    )


NONE = labels()
