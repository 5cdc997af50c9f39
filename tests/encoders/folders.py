"""Small sentence-transformers models saved to folders."""

from pathlib import Path

import numpy as np

WORDS = ["[UNK]", "the", "wall", "cat", "mat", "long", "how", "is", "on", "very", "sat", "a"]
WORDS += ["north", "south", "east", "west"]


def static_model(seed, *, similarity="cosine", prompts=None, scale=1.0, dims=8):
    """A model of random word vectors; two seeds give two checkpoints of the same shape."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({word: row for row, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = np.random.default_rng(seed).normal(size=(len(WORDS), dims)).astype(np.float32) * scale
    module = StaticEmbedding(tokenizer, embedding_weights=weights)
    return SentenceTransformer(modules=[module], similarity_fn_name=similarity, prompts=prompts, device="cpu")


def save_static(folder: Path, seed: int, **settings) -> Path:
    """Save such a model and give its folder back."""
    static_model(seed, **settings).save(str(folder))
    return folder
