"""A student that needs no weights from elsewhere, and one step of its training."""

from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer import losses
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer, models, pre_tokenizers


def train_a_step(data, loss, folder):
    """Train a static embedding with sentence-transformers; the loss, and whether the weights moved."""
    texts = [cell for row in data for cell in row.values() if isinstance(cell, str)]
    words = sorted({word for text in texts for word in text.split()})
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0} | {w: n for n, w in enumerate(words, 1)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    model = SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)], device="cpu")
    before = model[0].embedding.weight.detach().clone()
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(folder / "model"),
        max_steps=1,
        per_device_train_batch_size=4,
        learning_rate=0.1,
        report_to=[],
        use_cpu=True,
        save_strategy="no",
        batch_sampler="no_duplicates",
    )
    made = getattr(losses, loss)(model)
    result = SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=made).train()
    return result.training_loss, bool((model[0].embedding.weight != before).any())
