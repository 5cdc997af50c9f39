"""A static embedding made from the corpus itself in seconds: no weights to fetch, any language."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from negviz.arrays import Floats, Scores, text_keys
from negviz.dataset import Dataset
from negviz.embeddings import Similarity
from negviz.encoders import ENCODERS
from negviz.encoders._model import Encoder, checked, unit
from negviz.errors import ModelError
from negviz.hints import Range
from negviz.model_files import identity

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

VOCABULARY = 30_000
# Texts whose counts fit into some gigabytes.
LEARNT_FROM = 500_000
UNKNOWN = "[UNK]"
ENDLESS_WORD = re.compile(r"\S{1000}")


@ENCODERS.register(
    "Static, from the corpus", reference="Deerwester et al. 1990, latent semantic analysis", languages="any"
)
def static(*, dataset: Dataset, dims: Annotated[int, Range(2, 1024, 1)] = 256) -> Encoder:
    """Encode by the mean of token vectors that are learnt from the documents.

    Tokens that occur in the same documents get near vectors (latent semantic analysis). It needs no weights, takes
    seconds, works for any script, and knows nothing beyond the corpus: expect less than of a trained model. Of a corpus
    of more than 500,000 documents about so many are learnt from, chosen by what they say.

    Args:
        dataset: Whose documents it learns from.
        dims: Length of the vectors; fewer where the corpus is too small for it.

    Raises:
        ModelError: If the documents hold no token at all.
    """
    return Static(*learn(dataset.contents, dims))


class Static:
    """Mean of a text's token vectors, scaled to length one: sentence-transformers' StaticEmbedding without torch.

    Importing torch takes longer than learning and encoding a corpus of some thousand texts.
    """

    similarity: Similarity = "cosine"
    name = "static"
    has_tokens = False
    max_length: int | None = None
    backend = "numpy float64"

    def __init__(self, tokenizer: Any, weights: Scores) -> None:
        """Take over what was learnt.

        Args:
            tokenizer: Of the tokenizers library.
            weights: (tokens, dims) vector of each token.
        """
        self._tokenizer, self._weights = tokenizer, np.ascontiguousarray(weights)
        self.dims = int(weights.shape[1])
        self.prompts: Mapping[str, str] = {"document": "", "query": ""}
        saved = str(tokenizer.to_str()).encode("utf-8", "surrogatepass")
        content = [hashlib.sha256(self._weights.tobytes()).hexdigest(), hashlib.sha256(saved).hexdigest()]
        facts = {"prompts": self.prompts, "dims": self.dims, "similarity": self.similarity, "backend": self.backend}
        self.identity = identity(content, **facts)

    def learnt(self) -> tuple[str, Scores]:
        """What was learnt, to be stored: the tokenizer as JSON, and the vectors (tokens, dims)."""
        return str(self._tokenizer.to_str()), self._weights

    @classmethod
    def of_learnt(cls, tokenizer: str, weights: Scores) -> "Static":
        """The inverse of ``learnt``."""
        from tokenizers import Tokenizer

        return cls(Tokenizer.from_str(tokenizer), weights)

    def encode_queries(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of unit length; zeros for a text without a known token."""
        vectors = np.zeros((len(texts), self.dims), dtype=np.float64)
        for place, found in enumerate(self._tokenizer.encode_batch(list(texts), add_special_tokens=False)):
            if found.ids:
                vectors[place] = self._weights[found.ids].mean(axis=0, dtype=np.float64)
        return unit(checked(vectors.astype(np.float32), self.name))

    def encode_documents(self, texts: Sequence[str]) -> Scores:
        """Vectors (texts, dims) of unit length; queries and documents are encoded alike."""
        return self.encode_queries(texts)


def static_model(texts: Sequence[str], *, dims: int = 256) -> "SentenceTransformer":
    """Learn a StaticEmbedding model from texts; the same texts give the same bytes for any number of threads.

    Args:
        texts: Documents to learn from.
        dims: Length of the vectors, at most the number of tokens and of texts.

    Raises:
        ModelError: If the texts hold no token at all.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    tokenizer, weights = learn(texts, dims)
    return SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_weights=weights)], device="cpu")


def learn(texts: Sequence[str], dims: int) -> tuple[Any, Scores]:
    """A tokenizer, and the vectors (tokens, dims) of its tokens, learnt from texts; of very many, from some."""
    distinct = list(dict.fromkeys(_some(texts)))
    tokenizer = _tokenizer(distinct)
    return tokenizer, _token_vectors([encoding.ids for encoding in tokenizer.encode_batch(distinct)], tokenizer, dims)


def _some(texts: Sequence[str]) -> Iterable[str]:
    """Texts to learn from: about ``LEARNT_FROM`` of them where there are more, chosen by what they say."""
    if len(texts) <= LEARNT_FROM:
        return texts
    limit = int(LEARNT_FROM / len(texts) * 2**64)
    return (text for text in texts if int(text_keys([text])[0]) < limit)


def _tokenizer(texts: Sequence[str]) -> Any:
    """Byte-pair merges within runs of word characters, learnt from the texts.

    WordPiece numbers its inner pieces in the order of a hash map, so ties merge differently from run to run; plain
    byte pairs do not. A run of Han or Thai characters is one word here, so its frequent terms become tokens.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, min_frequency=2, special_tokens=[UNKNOWN], show_progress=False, max_token_length=24
    )
    # The time of a word grows with the square of its length: a line of a megabyte without a space would take hours.
    tokenizer.train_from_iterator((ENDLESS_WORD.sub(r"\g<0> ", text) for text in texts), trainer=trainer)
    return tokenizer


def _token_vectors(ids: list[list[int]], tokenizer: Any, dims: int) -> Scores:
    """Vectors (tokens, dims): right singular vectors of the documents' tf-idf matrix, times the inverse frequency."""
    from scipy import sparse

    size = int(tokenizer.get_vocab_size())
    rows = np.repeat(np.arange(len(ids)), [len(row) for row in ids])
    columns = np.array([token for row in ids for token in row], dtype=np.int64)
    kept = columns != tokenizer.token_to_id(UNKNOWN)
    if not kept.any():
        raise ModelError("The documents hold no token to learn a static encoder from; choose another encoder.")
    ones = np.ones(int(kept.sum()), dtype=np.float32)
    counts = sparse.csr_matrix((ones, (rows[kept], columns[kept])), shape=(len(ids), size))
    found = np.asarray((counts > 0).sum(axis=0)).ravel()
    rarity = (np.log((1 + len(ids)) / (1 + found)) + 1).astype(np.float32)
    counts.data = 1 + np.log(counts.data)
    vectors = rarity[:, None] * _components(counts.multiply(rarity[None, :]).tocsr(), dims)
    vectors[found == 0] = 0  # rounding noise of tokens that never occur would become a vector of length one
    return np.asarray(vectors, dtype=np.float32)


def _components(weighted: Any, dims: int) -> Floats:
    """Right singular vectors (tokens, dims) of a sparse matrix whose rows are scaled to length one."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.preprocessing import normalize
    from threadpoolctl import threadpool_limits

    rank = min(dims, *weighted.shape)
    # One thread: the sums inside a matrix product fall in another order with two, and identities would differ.
    with threadpool_limits(1), np.errstate(invalid="ignore"):  # a single document has no variance to explain
        svd = TruncatedSVD(rank, n_iter=2, random_state=0).fit(normalize(weighted))
    return np.asarray(svd.components_.T)
