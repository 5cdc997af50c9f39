"""A small collection, lessons of it, and models small enough to train in a test."""

from pathlib import Path

import numpy as np

from negviz.dataset import Dataset
from negviz.encode import embed, open_encoder
from negviz.recipe import Step
from negviz.training.lessons import Lessons
from negviz.training.students import STUDENTS, Start

TOPICS = (
    ("cat", "whiskers", "purrs"), ("dog", "tail", "barks"), ("rain", "cloud", "falls"), ("sun", "noon", "shines"),
    ("train", "rails", "arrives"), ("ship", "harbour", "sails"), ("bread", "oven", "rises"),
    ("milk", "glass", "spills"),
)  # fmt: skip
PLACES = ("north", "south", "east", "west")


def collection() -> Dataset:
    """32 queries, each answered by the document of its topic and place; every other document is none."""
    pairs = [(topic, place) for topic in TOPICS for place in PLACES]
    return Dataset.build(
        name="classroom",
        format="test",
        queries=[(f"q{row:02}", f"where is the {topic[0]} {place}") for row, (topic, place) in enumerate(pairs)],
        documents=[
            (f"d{row:03}", "", f"in the {place} the {topic[1]} of it {topic[2]} and the day {'long ' * (row % 5)}ends")
            for row, (topic, place) in enumerate(pairs)
        ],
        positives=[(f"q{row:02}", f"d{row:03}", 1) for row in range(len(pairs))],
    )


def lessons(data: Dataset, **more) -> Lessons:
    """Every query with three negatives: the next documents."""
    number = len(data.queries)
    given = {
        "pairs": np.array([(row, row) for row in range(number)], dtype=np.int32),
        "answers": {row: np.array([row], dtype=np.int32) for row in range(number)},
        "negatives": {
            row: np.sort([(row + step) % number for step in (1, 2, 4)]).astype(np.int32) for row in range(number)
        },
        "shielded": {},
        "loss": Step("infonce"),
        "count": 2,
    }
    return Lessons(data, **{**given, **more})


def save_bert(folder: Path, data: Dataset, *, seed: int = 0, dropout: float = 0.0, **settings) -> Path:
    """A BERT of two layers with random weights, whose words are those of the collection."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, BertTokenizerFast

    texts = " ".join([*data.query_texts, *data.contents, "ask tell"]).split()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(texts))]
    tokenizer = Tokenizer(models.WordPiece({word: row for row, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=64, hidden_dropout_prob=dropout, attention_probs_dropout_prob=dropout,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(folder / "plain")
    BertTokenizerFast(tokenizer_object=tokenizer, model_max_length=64).save_pretrained(folder / "plain")
    inner = Transformer(str(folder / "plain"))
    model = SentenceTransformer(modules=[inner, Pooling(32, "mean")], device="cpu", **settings)
    model.save_pretrained(str(folder / "model"), create_model_card=False)
    return folder / "model"


def start(data: Dataset, encoder: str, home: Path, seed: int = 0) -> Start:
    """What a student starts from when the pool was built with an encoder."""
    first = embed(data, open_encoder(encoder, data, home=home), home=home) if encoder else None
    return Start(data, first, encoder, seed, home)


def student(name: str, begun: Start, **knobs):
    """A student with its defaults, and some knobs."""
    entry = STUDENTS.get(name)
    defaults = {knob.name: knob.default for knob in entry.knobs}
    return entry.function(start=begun, **{**defaults, **knobs})


def taught(pupil, what: Lessons, folder: Path, *, stop_after: int | None = None) -> list[float]:
    """Let a student learn, and give the losses of its steps back."""
    losses: dict[int, float] = {}

    def told(done, total, loss):
        losses[done] = loss

    folder.mkdir(parents=True, exist_ok=True)
    pupil.learn(what, told, lambda: stop_after is not None and len(losses) >= stop_after, folder)
    return [losses[step] for step in sorted(losses)]


def vectors(pupil) -> np.ndarray:
    """Vectors of all queries and documents, as copies."""
    found = pupil.embeddings()
    return np.array(np.concatenate([found.queries, found.documents]))
