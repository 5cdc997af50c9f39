"""Low-rank adapters of a model: put on, written, read back, and merged into a copy that stands alone."""

import copy
import importlib.util
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer

from negviz.errors import MissingInputError, RecipeError

FILE = "lora.safetensors"
MARK = "lora_"


def add_lora(model: SentenceTransformer, rank: int, seed: int) -> None:
    """Freeze a model and put adapters of a rank on all of its linear layers; they add nothing yet.

    Args:
        model: A model with a transformer.
        rank: Of the adapters.
        seed: Of their first factor; the second is zero.

    Raises:
        MissingInputError: If peft is missing.
        RecipeError: If the model has no transformer to put them on.
    """
    if importlib.util.find_spec("peft") is None:
        raise MissingInputError(
            "Low-rank adapters need the package peft, which is missing: run pip install -r requirements-lora.txt, or "
            "set lora=0 to train all weights."
        )
    from peft import LoraConfig

    if not model.has_peft_compatible_model():
        raise RecipeError("This model has no transformer that low-rank adapters could be put on; set lora=0.")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.add_adapter(LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear"))


def save_lora(model: SentenceTransformer, folder: Path) -> None:
    """Write the adapters alone."""
    kept = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items() if MARK in name}
    save_file(kept, folder / FILE)


def load_lora(model: SentenceTransformer, folder: Path) -> None:
    """Read them back."""
    model.load_state_dict(load_file(folder / FILE), strict=False)


def merged(model: SentenceTransformer) -> SentenceTransformer:
    """A copy of the model with its adapters multiplied out, so that it opens without peft."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    whole = copy.deepcopy(model)
    for name, layer in list(whole.named_modules()):
        if isinstance(layer, BaseTunerLayer):
            layer.merge(safe_merge=True)
            parent, _, child = name.rpartition(".")
            setattr(whole.get_submodule(parent), child, layer.get_base_layer())
    inner: Any = whole.transformers_model
    inner._hf_peft_config_loaded = False
    del inner.peft_config
    return whole
