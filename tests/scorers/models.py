"""A small cross-encoder saved to a folder, and a workshop for scorers that ask for one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from negviz.dataset import Dataset
from negviz.embeddings import Embeddings
from negviz.encoders.minilm import weights_folder


def save_cross_encoder(folder: Path, labels: int = 1, seed: int = 0) -> Path:
    """A BERT of one small layer with random weights, and MiniLM's tokenizer."""
    import torch
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(weights_folder())
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    config = BertConfig(vocab_size=len(tokenizer), num_labels=labels, initializer_range=0.5, **small)
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


class Letters:
    """An encoder whose tokens are words, each with a vector of its own."""

    name, identity, has_tokens = "letters", "0" * 32, True

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def query_tokens(self, texts: Any) -> list[Any]:
        self.encoded += list(texts)
        return [np.array([self._vector(word) for word in text.split()], np.float32).reshape(-1, 6) for text in texts]

    document_tokens = query_tokens

    @staticmethod
    def _vector(word: str) -> Any:
        vector = np.random.default_rng(sum(map(ord, word))).normal(size=6)
        return vector / np.linalg.norm(vector)


@dataclass
class Shop:
    """What ``mine.Workshop`` gives to scorers."""

    dataset: Dataset
    home: Path
    vectors: Embeddings
    encoder: str = "letters"
    stop: bool = False
    told: list[tuple[str, int, int]] = field(default_factory=list)
    model: Any = field(default_factory=Letters)
    opened: list[str] = field(default_factory=list)

    def progress(self, stage: str, done: int, total: int) -> None:
        self.told.append((stage, done, total))

    def cancelled(self) -> bool:
        return self.stop

    def open(self, name: str) -> Any:
        self.opened.append(name)
        return self.model

    def of_encoder(self, name: str) -> Embeddings:
        self.open(name)
        return self.vectors
