"""A layer on the query side of a frozen encoder."""

from typing import Annotated

from negviz.errors import MissingInputError
from negviz.hints import Range
from negviz.training.students import STUDENTS, Start, Student


@STUDENTS.register("Query adapter", reference="ADORE's setting: Zhan et al. 2021, arXiv:2104.08051", seconds=True)
def adapter(
    *,
    start: Start,
    rank: Annotated[int, Range(0, 1024, 1)] = 0,
    learning_rate: Annotated[float, Range(0.00001, 1.0, 0.00001)] = 0.0002,
    weight_decay: Annotated[float, Range(0.0, 10.0, 0.001)] = 0.01,
    batch_size: Annotated[int, Range(2, 4096, 1)] = 32,
) -> Student:
    """Train a linear layer over the queries' vectors; the documents' vectors and their index stay as they are.

    The layer adds to a query's vector a linear function of it that starts at zero, so training starts from the encoder
    itself. Nothing is encoded again: a round takes seconds, and negatives can be searched anew at every step.

    Args:
        start: Texts, vectors and seed.
        rank: Rank of the layer's matrix; 0 for a full one.
        learning_rate: Of AdamW.
        weight_decay: Of AdamW; it pulls the layer back to the encoder as it was.
        batch_size: Pairs a step.

    Raises:
        MissingInputError: If the pool has no vectors.
    """
    if start.first is None:
        raise MissingInputError(
            "The student 'adapter' is a layer over an encoder's vectors, but this pool was built without an encoder; "
            "build it again with --retriever dense, or train the student 'static'."
        )
    from negviz.training.students._query_layer import Adapter

    return Adapter(start, start.first, rank, learning_rate, weight_decay, batch_size)
