"""Loading rules of trainers that name documents by id, each as its code reads the files (written anew, not copied).

A reader fails where its trainer would: a KeyError, an IndexError or an assertion, never a silent repair.
"""

import json
import random
from contextlib import suppress
from itertools import chain

import datasets


def _loaded(path, cache):
    """A folder or a file as ``datasets`` loads it."""
    return datasets.load_dataset(str(path), split="train", cache_dir=str(cache))


def tevatron_v2(folder, size, cache, *, distil=False):
    """Groups of Tevatron's TrainDataset: (query id, query, [positive, negatives...]).

    ``distil`` adds the rule of DistilTrainDataset: an id is the number of a row of the corpus.
    """
    train, corpus = _loaded(folder / "train", cache), _loaded(folder / "corpus", cache)
    places = {name: place for place, name in enumerate(corpus["docid"])}

    def text(name):
        row = corpus[places[name]]
        assert row["docid"] == name
        assert row.get("image") is None
        if distil:
            assert int(corpus[int(name)]["docid"]) == int(name)
        return row.get("text", "") or ""

    for row in train:
        positives, negatives = row["positive_document_ids"], row["negative_document_ids"]
        # As random.choices: an empty list is an IndexError as soon as one is wanted.
        taken = random.Random(0).choices(negatives, k=size - 1) if len(negatives) < size - 1 else negatives[: size - 1]
        assert row.get("query_image") is None
        yield row["query_id"], row.get("query_text", "") or "", [text(name) for name in (positives[0], *taken)]


def tevatron_encoded(folder, cache):
    """What EncodeDataset encodes of the corpus: a title goes before the text, where the rows have one."""
    for row in _loaded(folder / "corpus", cache):
        text = row.get("text", "")
        yield row["docid"], (f"{row['title']} {text}" if "title" in row else text).strip()


def nemo(folder, passages, cache):
    """Examples of NeMo Automodel: (question id, question, texts), the first positive and repeated negatives."""
    data = json.loads((folder / "train.json").read_text("utf-8"))
    corpora = {}
    for info in data["corpus"]:
        place = folder / info["path"]
        about = json.loads((place / "merlin_metadata.json").read_text("utf-8"))
        assert about["class"] == "TextQADataset"
        assert about["corpus_id"] not in corpora
        rows = datasets.load_dataset(str(place), cache_dir=str(cache))["train"]
        corpora[about["corpus_id"]] = dict(zip(map(str, rows["id"]), rows["text"], strict=True))
    names = [row["question_id"] for row in data["data"]]
    assert len(set(names)) == len(names)
    for row in data["data"]:
        lacking = [key for key in ("question_id", "question", "corpus_id", "pos_doc", "neg_doc") if key not in row]
        assert not lacking
        negatives = [row["neg_doc"][place % len(row["neg_doc"])] for place in range(passages - 1)]
        texts = corpora[row["corpus_id"]]
        yield row["question_id"], row["question"], [texts[each["id"]] for each in (row["pos_doc"][0], *negatives)]


def colbert(folder, nway):
    """Batches of ColBERT's LazyBatcher: (query, passages, scores or an empty list)."""
    collection, queries = [], {}
    with (folder / "collection.tsv").open(encoding="utf-8") as file:
        for place, line in enumerate(file):
            pid, passage, *rest = line.strip("\n\r ").split("\t")
            assert int(pid) == place
            collection.append(f"{rest[0]} | {passage}" if rest else passage)
    with (folder / "queries.tsv").open(encoding="utf-8") as file:
        for line in file:
            qid, query, *_ = line.strip().split("\t")
            assert int(qid) not in queries
            queries[int(qid)] = query
    with (folder / "triples.jsonl").open(encoding="utf-8") as file:
        for line in file:
            qid, *passages = json.loads(line)[: nway + 1]
            scores = []
            # Numbers are no pairs, which the trainer notices in the same way.
            with suppress(TypeError):
                passages, scores = [[each[side] for each in passages] for side in range(len(passages[0]))]
            texts = [collection[int(pid)] for pid in passages]
            # The trainer stops at a batch whose lines have fewer passages.
            assert len(texts) == nway
            yield queries[int(qid)], texts, scores


def pylate(train, queries, documents, n_ways):
    """Rows of PyLate's KDProcessing, stacked as its collator stacks them: (query, documents, scores).

    A document that is not there becomes an empty text in the trainer; here it is a KeyError.
    """
    import torch

    asked = {row["query_id"]: row["text"] for row in queries}
    texts = {row["document_id"]: row["text"] for row in documents}
    scores = torch.tensor([row["scores"][:n_ways] for row in train], dtype=torch.float64)
    for row, listed in zip(train, scores.tolist(), strict=True):
        yield asked[row["query_id"]], [texts[name] for name in row["document_ids"][:n_ways]], listed


def msmarco(folder, *, as_id=int):
    """Triples and judgments of an MS MARCO folder: ([(query, positive, negative)], {query: {passage: grade}})."""
    passages, queries = _lines(folder / "collection.tsv", as_id), _lines(folder / "queries.train.tsv", as_id)
    triples = []
    with (folder / "qidpidtriples.train.full.2.tsv").open(encoding="utf-8") as file:
        for line in file:
            query, positive, negative = map(as_id, line.strip().split("\t"))
            triples.append((queries[query], passages[positive], passages[negative]))
    judged = {}
    with (folder / "qrels.train.tsv").open(encoding="utf-8") as file:
        for line in file:
            query, zero, passage, grade = line.strip().split("\t")
            assert int(zero) == 0
            judged.setdefault(queries[as_id(query)], {})[passages[as_id(passage)]] = int(grade)
    return triples, judged


def _lines(path, as_id):
    found = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            name, text = line.rstrip("\n").split("\t")
            assert as_id(name) not in found
            found[as_id(name)] = text
    return found


def per_miner(rows, corpus, queries):
    """Training examples of the sentence-transformers MS MARCO scripts: (query, positive texts, texts by miner)."""
    texts = {row["_id"]: f"{row['title']} {row['text']}".strip() for row in corpus}
    asked = {row["_id"]: row["text"] for row in queries}
    for row in rows:
        mined = {miner: [texts[name] for name in names] for miner, names in row["neg"].items()}
        assert not {*row["pos"]} & {*chain.from_iterable(row["neg"].values())}
        yield asked[row["qid"]], [texts[name] for name in row["pos"]], mined


def llamaindex(path):
    """Pairs that LlamaIndex's fine-tuning engine trains with: (query, text of the first relevant document)."""
    data = json.loads(path.read_text("utf-8"))
    assert set(data) <= {"queries", "corpus", "relevant_docs", "mode"}
    assert all(isinstance(text, str) for text in (*data["queries"].values(), *data["corpus"].values()))
    for name, query in data["queries"].items():
        yield query, data["corpus"][data["relevant_docs"][name][0]]


def mteb(load):
    """What MTEB makes of a set on the hub: (corpus, queries, judgments); ``load`` loads a configuration."""
    corpus = {row["_id"]: f"{row.get('title', '')} {row['text']}".strip() for row in load("corpus")}
    queries = {row["_id"]: row["text"] for row in load("queries")}
    judged = {}
    for row in load("default"):
        assert row["query-id"] in queries
        assert row["corpus-id"] in corpus
        assert isinstance(row["score"], int)
        judged.setdefault(row["query-id"], {})[row["corpus-id"]] = row["score"]
    return corpus, {name: queries[name] for name in judged}, judged
