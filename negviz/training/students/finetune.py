"""A model of sentence-transformers, trained as a whole or by low-rank adapters."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from negviz.encode import open_encoder
from negviz.encoders import ENCODERS
from negviz.errors import MissingInputError, RecipeError
from negviz.hints import Range
from negviz.training.students import STUDENTS, Start, Student

if TYPE_CHECKING:
    from negviz.encoders._sentence_transformer import SentenceTransformerEncoder


@STUDENTS.register(
    "Fine-tuned model", reference="sentence-transformers' trainer; Reimers and Gurevych 2019; Gao et al. 2021"
)
def finetune(
    *,
    start: Start,
    model: str = "",
    learning_rate: Annotated[float, Range(0.0000001, 0.1, 0.0000001)] = 0.00005,
    batch_size: Annotated[int, Range(2, 65536, 1)] = 16,
    mini_batch_size: Annotated[int, Range(1, 4096, 1)] = 32,
    max_length: Annotated[int, Range(0, 32768, 1)] = 0,
    warmup: Annotated[float, Range(0.0, 0.9, 0.01)] = 0.1,
    weight_decay: Annotated[float, Range(0.0, 10.0, 0.001)] = 0.01,
    precision: Literal["fp32", "bf16"] = "fp32",
    lora: Annotated[int, Range(0, 1024, 1)] = 0,
    trained_with: Literal["own", "cached_own", "mnrl", "cached_mnrl", "gist", "cached_gist", "margin_mse"] = "own",
) -> Student:
    """Train any sentence-transformers model with the library's own trainer.

    Queries and documents move, so all are encoded again after every round. It takes minutes to hours without a GPU.

    Args:
        start: Texts, encoder and seed.
        model: Folder or Hub id of the model to start from; empty for the pool's encoder.
        learning_rate: Highest learning rate of AdamW in a round; it falls to zero by its end. Low-rank adapters want
            about ten times as much.
        batch_size: Pairs a step.
        mini_batch_size: Texts that go through the model at once, with the cached losses (GradCache). It bounds the
            memory and changes nothing else.
        max_length: Tokens that are read of a text in training; 0 for the model's own limit. Vectors are always made
            with the model's own.
        warmup: Share of a round's steps over which the learning rate rises.
        weight_decay: Of AdamW.
        precision: Numbers to compute with in training; bf16 is faster and leaner on a GPU that knows it.
        lora: Rank of low-rank adapters that are trained instead of the weights; 0 trains all weights.
        trained_with: Whose loss. Own is the schedule's, with every mask, cached_own the same by GradCache; the
            library's replace it. mnrl and cached_mnrl push away all other documents of a batch, known answers of
            other lines too, and count a document twice that two lines have. gist and cached_gist leave out what the
            model as it was before training likes better than the positive; gist takes one negative a line. All repeat
            negatives where a line has fewer than others, and leave out pairs without any. margin_mse follows a
            teacher and takes no document of other lines.

    Raises:
        MissingInputError: If there is no model to start from, or peft is missing.
        ModelError: If the model cannot be found or read, keeps its weights in pickles, or needs code of its own.
        RecipeError: If the model is none of sentence-transformers.
    """
    from negviz.training.students._lora import add_lora
    from negviz.training.students._sentence_transformers import Origin, SentenceTransformerStudent, Settings

    settings = Settings(
        learning_rate, batch_size, weight_decay, warmup, trained_with, mini_batch_size, max_length, precision, lora
    )
    name = model or start.encoder
    encoder = _opened(start, name)
    if lora:
        add_lora(encoder.model, lora, start.seed)
    first = start.first if name == start.encoder else None
    origin = Origin(name, encoder.identity, encoder.model, lambda: _opened(start, name).model, first)
    return SentenceTransformerStudent(start, origin, settings)


def _opened(start: Start, name: str) -> "SentenceTransformerEncoder":
    """The model in torch, opened with the same checks as an encoder."""
    from negviz.encoders._sentence_transformer import SentenceTransformerEncoder

    if not name:
        raise MissingInputError(
            "The student 'finetune' needs a model to start from, but this pool was built without an encoder; name one "
            "with model=FOLDER or a Hugging Face id, or build the pool again with --retriever dense."
        )
    in_torch: dict[str, Any] = {"backend": "torch"} if name in ENCODERS and "backend" in _knobs(name) else {}
    encoder = open_encoder(name, start.dataset, home=start.home, **in_torch)
    if not isinstance(encoder, SentenceTransformerEncoder):
        raise RecipeError(
            f"The student 'finetune' cannot train '{name}', which is no model of sentence-transformers; name another "
            "with model=FOLDER or a Hugging Face id, or train the student 'static' or 'adapter'."
        )
    return encoder


def _knobs(name: str) -> set[str]:
    return {knob.name for knob in ENCODERS.get(name).knobs}
