"""Model files: digests of what a model is made of, what may be loaded, and folders of the Hugging Face Hub."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from negviz.errors import ModelError

SCHEME = "encoder 1"
NOT_READ = {".md", ".py", ".pyc", ".h5", ".msgpack", ".onnx", ".ot", ".xml"}
PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
NOT_WEIGHTS = {"training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth", "scaler.pt", "optimizer.bin"}
# Neither pickles nor code: what is never fetched can never run.
FETCHED = ["*.json", "*.txt", "*.model", "*.safetensors"]
NOT_FETCHED = ["onnx/*", "openvino/*", "checkpoint-*/*"]


def identity(content: Iterable[str], **facts: object) -> str:
    """Digest that two models share only when they give the same numbers.

    Args:
        content: Digests of the weights, the tokenizer and the configuration.
        facts: Prompts, max length, dims, similarity, backend and whatever else changes a number.

    Returns:
        32 hexadecimal digits.
    """
    parts = [SCHEME, *content, *(f"{name}={facts[name]!r}" for name in sorted(facts))]
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def file_digest(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digests(folder: Path) -> list[str]:
    """Relative name and SHA-256 of each file that a model is made of, in order of name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_read(path.relative_to(folder)))
    return [f"{path.relative_to(folder).as_posix()} {file_digest(path)}" for path in files]


def _is_read(path: Path) -> bool:
    return path.suffix not in NOT_READ and not any(part.startswith(".") for part in path.parts)


def refuse_unsafe(name: str, folder: Path, what: str = "an encoder") -> None:
    """Refuse what would run code: pickled weights, and modules that are not the library's own.

    Args:
        name: What people call the model.
        folder: Where it lies.
        what: What it was given as, for the error.

    Raises:
        ModelError: If the folder holds no model, pickles without safetensors beside them, or needs code of its own.
    """
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(
            f"'{name}' was given as {what}, but {folder.name} holds neither modules.json nor config.json; "
            "give the folder of a saved sentence-transformers model."
        )
    for pickled in _pickles(folder):
        raise ModelError(
            f"'{name}' keeps weights in {pickled.relative_to(folder).as_posix()}, a pickle that could run code when "
            "it is opened, and has no safetensors beside it; save the model again with safe_serialization=True."
        )
    for kind in _module_types(name, folder):
        if not kind.startswith("sentence_transformers."):
            raise ModelError(
                f"'{name}' needs the module '{kind}', which is code outside sentence-transformers; "
                "negviz runs no code that comes with a model, so use a model made of the library's own modules."
            )


def _pickles(folder: Path) -> list[Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in PICKLES and path.name not in NOT_WEIGHTS)
    return [path for path in found if not any(path.parent.glob("*.safetensors"))]


def _module_types(name: str, folder: Path) -> list[str]:
    path = folder / "modules.json"
    if not path.is_file():
        return []
    try:
        return [str(module["type"]) for module in json.loads(path.read_text(encoding="utf-8"))]
    except (ValueError, TypeError, KeyError, UnicodeDecodeError) as error:
        raise ModelError(f"'{name}' has a modules.json that is not a list of modules; save the model again.") from error


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep transformers' bars and remarks about loading off the screen; errors are raised all the same."""
    from transformers.utils import logging as untyped

    logging: Any = untyped
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        logging.enable_progress_bar()


def hub_folder(name: str, *, unknown: str, offline: str) -> Path:
    """Folder of a Hub model in the Hub's own cache; its code and its pickles are never fetched.

    Args:
        name: Id on the Hub.
        unknown: What ``name`` is not, to complete "'name' is ..." in the error.
        offline: What to do where the Hub does not give it, the end of the error's sentence.

    Raises:
        ModelError: If the Hub does not give it, or has no safetensors of it.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = Path(snapshot_download(name, allow_patterns=FETCHED, ignore_patterns=NOT_FETCHED))
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(
            f"'{name}' is {unknown}, and the Hugging Face Hub did not give it ({reason[0].rstrip('.')}); {offline}."
        ) from error
    if not any(folder.rglob("*.safetensors")):
        raise ModelError(
            f"'{name}' has no safetensors weights on the Hugging Face Hub, and negviz opens no pickles; "
            "choose a model that has them."
        )
    return folder
