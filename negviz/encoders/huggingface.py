"""Any sentence-transformers model: a local folder, or an id of the Hugging Face Hub."""

from pathlib import Path
from typing import Annotated, Literal

from negviz.encoders import ENCODERS
from negviz.encoders._model import Encoder
from negviz.encoders._sentence_transformer import load_folder
from negviz.hints import Range
from negviz.model_files import hub_folder


@ENCODERS.register("Hugging Face or local folder", reference="huggingface.co", languages="the model's own")
def huggingface(
    *,
    path: str,
    max_length: Annotated[int, Range(0, 32768, 1)] = 0,
    precision: Literal["float32", "bfloat16"] = "float32",
) -> Encoder:
    """Encode with a sentence-transformers model, with its own prompts and its own similarity function.

    Args:
        path: Folder of a saved model, or an id such as ``BAAI/bge-small-en-v1.5``.
        max_length: Tokens to read of a text; 0 takes the model's own limit.
        precision: Arithmetic of the matrix products: float32, or bfloat16 where the processor or the GPU has it.

    Raises:
        ModelError: If the model cannot be found or read, keeps its weights in pickles, or needs code of its own.
    """
    place = Path(path).expanduser()
    folder = place if place.is_dir() else _fetch(path)
    return load_folder(path, folder, max_length=max_length or None, precision=precision)


def _fetch(name: str) -> Path:
    """Folder of a Hub model in the Hub's own cache."""
    return hub_folder(
        name,
        unknown="neither an encoder of negviz nor a folder",
        offline="check the spelling or the network, or give a local folder",
    )
