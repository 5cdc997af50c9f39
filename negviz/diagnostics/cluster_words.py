"""Words that name the clusters of a corpus: frequent in a cluster and rare in the others."""

from collections.abc import Sequence, Set

import numpy as np

from negviz.arrays import Ints
from negviz.diagnostics import DIAGNOSTICS
from negviz.layout import sample_rows
from negviz.lexical import FUNCTION_WORDS, tokenise

MOST_TEXTS = 20_000
BEGINNING = 2_000
FEWEST_TEXTS = 2


@DIAGNOSTICS.register("Words of clusters", reference="BERTopic, Grootendorst 2022, arXiv:2203.05794")
def cluster_words(texts: Sequence[str], clusters: Ints, count: int = 3) -> list[tuple[str, ...]]:
    """Name each cluster by its words with the highest class-based TF-IDF.

    All texts of a cluster count as one: a word weighs its share of the cluster's words times the logarithm of one plus
    the mean number of words a cluster over the word's number in all clusters. Function words, numbers and words of a
    single text name nothing. Of a large corpus a seeded sample is read, of a long text its beginning.

    Args:
        texts: A text a document.
        clusters: (documents,) number of each document's cluster.
        count: Words a cluster.

    Returns:
        For each cluster number up to the highest its words, the most telling first; fewer, or none, where a cluster
        has no such words.

    References:
        c-TF-IDF as in BERTopic: tf(t, c) log(1 + A / f(t)).
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

    saying_nothing = FUNCTION_WORDS | ENGLISH_STOP_WORDS
    total = int(clusters.max(initial=-1)) + 1
    nothing: list[tuple[str, ...]] = [()] * total
    rows = sample_rows(len(texts), MOST_TEXTS)
    read = [_telling(texts[row][:BEGINNING], saying_nothing) for row in rows]
    vectoriser = CountVectorizer(analyzer=lambda words: words, min_df=min(FEWEST_TEXTS, max(len(rows), 1)))
    try:
        counts = vectoriser.fit_transform(read)
    except ValueError:
        # What scikit-learn says of texts without any word that counts.
        return nothing
    words = vectoriser.get_feature_names_out()
    own = np.zeros((total, len(words)))
    for cluster in range(total):
        own[cluster] = np.asarray(counts[np.equal(clusters[rows], cluster)].sum(axis=0)).ravel()
    sizes = own.sum(axis=1, keepdims=True)
    weights = own / np.maximum(sizes, 1) * np.log1p(sizes.mean() / own.sum(axis=0))
    return [_best(words, row, count) for row in weights]


def _telling(text: str, saying_nothing: Set[str]) -> list[str]:
    return [word for word in tokenise(text) if len(word) > 1 and word not in saying_nothing and not word.isdigit()]


def _best(words: Sequence[str], weights: np.ndarray, count: int) -> tuple[str, ...]:
    """The heaviest words; words of equal weight in order of the alphabet."""
    order = np.lexsort((np.arange(len(weights)), -weights))[:count]
    return tuple(str(words[place]) for place in order if weights[place] > 0)
