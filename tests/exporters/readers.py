"""Loading rules of trainers that are not installed here, each as its code reads a file (written anew, not copied).

A reader fails where its trainer would: a KeyError, an IndexError or an assertion, never a silent repair.
"""

import gzip
import json
import random
from pathlib import Path

import datasets


def rows_of(path, cache=None):
    """Rows as ``datasets`` loads a local file."""
    kind = "parquet" if str(path).endswith(".parquet") else "json"
    return list(datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=cache and str(cache)))


def tevatron(rows, size, *, reranker=False):
    """Groups of Tevatron's legacy rows: (query id, query, [positive, negatives...]), titles before texts."""
    for row in rows:
        positive = row["positive_passages"][0]
        negatives = row["negative_passages"]
        # As random.choices: an empty list is an IndexError as soon as one is wanted.
        taken = random.Random(0).choices(negatives, k=size - 1) if len(negatives) < size - 1 else negatives[: size - 1]
        for each in (positive, *taken):
            assert isinstance(each["docid"], str)
        yield row["query_id"], row["query"], [_titled(each, reranker) for each in (positive, *taken)]


def _titled(passage, reranker):
    if reranker:
        return f"{passage['title'].strip()} {passage['text'].strip()}".strip()
    text = passage["title"] + " " + passage["text"] if "title" in passage else passage["text"]
    return text.strip()


def tevatron_teacher(rows, size):
    """Groups of a teacher's rows: (query id, query, texts, scores), the positive first."""
    for row in rows:
        assert len(row["passages"]) == len(row["scores"])
        assert all(isinstance(score, float) for score in row["scores"])
        texts = [_titled(passage, False) for passage in row["passages"][:size]]
        yield row["query_id"], row["query"], texts, row["scores"][:size]


def dpr(path):
    """Samples of DPR's JSON: (question, answers, positives, negatives, hard negatives) as (title, text)."""
    data = json.loads(Path(path).read_text("utf-8"))
    assert isinstance(data, list)
    for row in (row for row in data if row["positive_ctxs"]):
        listed = [row[key] for key in ("positive_ctxs", "negative_ctxs", "hard_negative_ctxs")]
        passages = [[(context["title"], context["text"]) for context in contexts] for contexts in listed]
        assert all(isinstance(part, str) for contexts in passages for pair in contexts for part in pair)
        yield row["question"], row["answers"], *passages


def swift_embedding(path, hard_negatives=None):
    """Groups of ms-swift's embedding rows: (system, query, positive, negatives).

    With INFONCE_HARD_NEGATIVES, versions before September 2026 refill a short row with the positive itself.
    """
    for row in _json_lines(path):
        *system, asked = row["messages"]
        assert asked["role"] == "user"
        assert all(message["role"] == "system" for message in system)
        (positive,) = (_swift_text(messages, "user") for messages in row["positive_messages"])
        negatives = [_swift_text(messages, "user") for messages in row.get("negative_messages", [])]
        if hard_negatives is not None:
            negatives = [*negatives[:hard_negatives], *[positive] * (hard_negatives - len(negatives))]
        yield "".join(message["content"] for message in system), asked["content"], positive, negatives


def swift_reranker(path, positives=1, negatives=7):
    """Groups of ms-swift's reranker rows: (query, positives, negatives), as many as the two settings say."""
    for row in _json_lines(path):
        assert row["messages"][-1]["role"] == "user"
        listed = [
            [_swift_text(messages, "assistant") for messages in row[key]]
            for key in ("positive_messages", "negative_messages")
        ]
        assert all(listed)
        yield row["messages"][-1]["content"], listed[0][:positives], listed[1][:negatives]


def _swift_text(messages, role):
    (message,) = messages
    assert message["role"] == role
    return message["content"]


def nemo_inline(path, passages):
    """Groups of NeMo Automodel's inline rows: (query, [positive, negatives...]), negatives repeated to fill."""
    for row in _json_lines(path):
        positives, negatives = row["pos_doc"], row["neg_doc"]
        assert positives
        assert negatives
        repeated = negatives * -(-(passages - 1) // len(negatives))
        yield row["query"], [positives[0], *repeated[: passages - 1]]


def contrastors(bucket, batch, negatives, *, distil=False):
    """Batches of contrastors' stream: lists of (query, [document, negatives...], scores).

    Args:
        bucket: Path of the shards as the data configuration names them, relative to the working folder.
        batch: Rows of a batch; what is left of a shard is not used, and a shard that has fewer is an error.
        negatives: Negatives taken of a row.
        distil: Whether scores are read.
    """
    folder = str(Path(bucket).parent)
    counts = json.loads(Path(folder, "counts.json").read_text("utf-8"))
    counts = counts.get("count_per_file", counts)
    with gzip.open(f"{folder}/offsets.json.gz", "rt", encoding="utf-8") as file:
        offsets = json.load(file)
    for shard in sorted(str(path) for path in Path().glob(bucket)):
        parts = shard.split("/")
        # The name is cut to its last parts, and must then be a key of both files.
        name = "/".join(parts[-4:]) if len(parts) >= 6 else "/".join(parts[-3:])
        places = offsets[name]
        assert counts[name] == len(places) >= batch
        with gzip.open(shard, "rb") as stream:
            whole = counts[name] // batch * batch
            rows = [_contrastors_row(stream, places[str(line)], negatives, distil) for line in range(whole)]
        for first in range(0, whole, batch):
            made = rows[first : first + batch]
            # Documents are laid one behind the other, so each row must bring as many.
            assert sum(len(documents) for _, documents, _ in made) == batch * (1 + negatives)
            yield made


def _contrastors_row(stream, place, negatives, distil):
    start, end = place
    stream.seek(start)
    row = json.loads(stream.read(end - start).decode())
    assert ["query", "document", "negatives"] in row["metadata"]["objective"]["triplet"]
    scores = [row["document_score"], *row["negatives_scores"][:negatives]] if distil else None
    return row["query"], [row["document"], *row["negatives"][:negatives]], scores


def flagembedding(folder, size, *, distil=False, instruction=None):
    """Groups of FlagEmbedding: (query, [positive, negatives...], scores); all files of a folder are one table."""
    files = [path for path in sorted(Path(folder).iterdir()) if path.suffix in {".json", ".jsonl"}]
    columns = {frozenset(row) for path in files for row in _json_lines(path)}
    assert len(columns) == 1
    for row in (row for path in files for row in _json_lines(path)):
        query = f"{row.get('prompt', instruction)}{row['query']}" if instruction is not None else row["query"]
        # Without negatives this divides by zero.
        places = list(range(len(row["neg"]))) * -(-(size - 1) // len(row["neg"]))
        taken = places[: size - 1]
        scores = [row["pos_scores"][0], *(row["neg_scores"][place] for place in taken)] if distil else None
        assert scores is None or all(isinstance(score, int | float) for score in scores)
        yield query, [row["pos"][0], *(row["neg"][place] for place in taken)], scores


def cohere(path):
    """Rows of Cohere: (query, relevant passages, hard negatives); a text in both lists is refused."""
    for row in _json_lines(path):
        assert row["query"]
        assert row["relevant_passages"]
        assert not set(row["relevant_passages"]) & set(row.get("hard_negatives", []))
        yield row["query"], row["relevant_passages"], row.get("hard_negatives", [])


def _json_lines(path):
    with Path(path).open(encoding="utf-8") as file:
        yield from map(json.loads, file)
