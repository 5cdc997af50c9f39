"""A static embedding."""

import copy
from typing import TYPE_CHECKING, Annotated, Any, Literal

from negviz.dataset import Dataset
from negviz.encode import open_encoder
from negviz.encoders.static import Static, static_model
from negviz.errors import RecipeError
from negviz.hints import Range
from negviz.training.students import STUDENTS, Start, Student

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from negviz.training.students._sentence_transformers import Origin


@STUDENTS.register(
    "Static embedding", reference="sentence-transformers StaticEmbedding; Deerwester et al. 1990", seconds=True
)
def static(
    *,
    start: Start,
    model: str = "",
    dims: Annotated[int, Range(2, 1024, 1)] = 256,
    learning_rate: Annotated[float, Range(0.00001, 10.0, 0.00001)] = 0.001,
    batch_size: Annotated[int, Range(2, 4096, 1)] = 64,
    warmup: Annotated[float, Range(0.0, 0.9, 0.01)] = 0.1,
    weight_decay: Annotated[float, Range(0.0, 10.0, 0.001)] = 0.0,
    trained_with: Literal["own", "mnrl", "margin_mse"] = "own",
) -> Student:
    """Train a vector for each token, whose mean is a text's vector, with sentence-transformers.

    It starts from vectors that are learnt from the corpus, needs no weights, and trains some thousand pairs in
    seconds on a processor. Queries and documents move, so all are encoded again after every round, which is fast.

    Args:
        start: Texts and seed.
        model: Folder or Hub id of a saved static model to start from; empty for one that is learnt from the corpus.
        dims: Length of the vectors that are learnt from the corpus.
        learning_rate: Highest learning rate of AdamW in a round; it falls to zero by its end.
        batch_size: Pairs a step.
        warmup: Share of a round's steps over which the learning rate rises.
        weight_decay: Of AdamW; it pulls the vectors to zero.
        trained_with: Whose loss. Own is the schedule's, with every mask; the library's replace it. mnrl pushes away
            all other documents of a batch, known answers of other lines too, counts a document twice that two lines
            have, repeats negatives where a line has fewer than others, and leaves out pairs without any.
            margin_mse follows a teacher and takes no document of other lines.

    Raises:
        ModelError: If the folder holds no model that can be read, or the documents no token.
        RecipeError: If the model is not a static one.
    """
    from negviz.training.students._sentence_transformers import SentenceTransformerStudent, Settings

    settings = Settings(learning_rate, batch_size, weight_decay, warmup, trained_with)
    origin = _saved(start, model) if model else _learnt(start, dims)
    return SentenceTransformerStudent(start, origin, settings)


def _learnt(start: Start, dims: int) -> "Origin":
    from negviz.training.students._sentence_transformers import Origin

    model = _start_model(start.dataset, dims)
    module: Any = model[0]
    identity = Static(module.tokenizer, module.embedding.weight.detach().numpy()).identity
    # The pool's own vectors, where its encoder is this very model.
    first = start.first if start.first is not None and start.first.identity == identity else None
    return Origin("static", identity, model, lambda: _start_model(start.dataset, dims), first)


def _start_model(dataset: Dataset, dims: int) -> "SentenceTransformer":
    """A fresh copy of the model that is learnt from a corpus, which takes seconds; every training starts from it."""
    kept: dict[int, SentenceTransformer] = dataset.__dict__.setdefault("_static_starts", {})
    if dims not in kept:
        kept[dims] = static_model(dataset.contents, dims=dims)
    return copy.deepcopy(kept[dims])


def _saved(start: Start, name: str) -> "Origin":
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    from negviz.encoders._sentence_transformer import SentenceTransformerEncoder
    from negviz.training.students._sentence_transformers import Origin

    encoder = open_encoder(name, start.dataset, home=start.home)
    if not isinstance(encoder, SentenceTransformerEncoder) or not isinstance(encoder.model[0], StaticEmbedding):
        raise RecipeError(
            f"The student 'static' was given '{name}', which is not a static model; train the student 'finetune', or "
            "leave it empty to learn one from the corpus."
        )
    first = start.first if start.first is not None and start.first.identity == encoder.identity else None
    return Origin(name, encoder.identity, encoder.model, lambda: _saved(start, name).model, first)
