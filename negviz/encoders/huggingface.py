"""Any sentence-transformers model: a local folder, or an id of the Hugging Face Hub."""

from pathlib import Path
from typing import Annotated

from negviz.encoders import ENCODERS
from negviz.encoders._model import Encoder
from negviz.encoders._sentence_transformer import load_folder
from negviz.errors import ModelError
from negviz.hints import Range

# Neither pickles nor code: what is never fetched can never run.
FETCHED = ["*.json", "*.txt", "*.model", "*.safetensors"]
NOT_FETCHED = ["onnx/*", "openvino/*", "checkpoint-*/*"]


@ENCODERS.register("Hugging Face or local folder", reference="huggingface.co", languages="the model's own")
def huggingface(*, path: str, max_length: Annotated[int, Range(0, 32768, 1)] = 0) -> Encoder:
    """Encode with a sentence-transformers model, with its own prompts and its own similarity function.

    Args:
        path: Folder of a saved model, or an id such as ``BAAI/bge-small-en-v1.5``.
        max_length: Tokens to read of a text; 0 takes the model's own limit.

    Raises:
        ModelError: If the model cannot be found or read, keeps its weights in pickles, or needs code of its own.
    """
    place = Path(path).expanduser()
    folder = place if place.is_dir() else _fetch(path)
    return load_folder(path, folder, max_length=max_length or None)


def _fetch(name: str) -> Path:
    """Folder of a Hub model in the Hub's own cache; its code and its pickles are never fetched."""
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=FETCHED, ignore_patterns=NOT_FETCHED))
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"'{name}' is neither an encoder of negviz nor a folder, and the Hugging Face Hub did not give it "
            f"({reason[0].rstrip('.')}); check the spelling or the network, or give a local folder."
        ) from error
    if not any(folder.rglob("*.safetensors")):
        raise ModelError(
            f"'{name}' has no safetensors weights on the Hugging Face Hub, and negviz opens no pickles; "
            "choose a model that has them."
        )
    return folder
