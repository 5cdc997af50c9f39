"""The code that stands in the card of every format: what is installed here runs, of the rest the paths and numbers."""

import ast
import importlib.util
import math
import re
import shlex
import subprocess

import pytest

from negviz.export import export, verify
from negviz.exporters import EXPORTERS
from negviz.training_set import make_training_set
from tests.encoders.folders import save_static
from tests.exporters import three
from tests.exporters.three import NONE
from tests.scorers.models import save_cross_encoder

NAMES = EXPORTERS.names()
FILES = re.compile(r"[\w./*-]+\.(?:jsonl|json|tsv|parquet|trec)(?:\.gz|\.zst)?(?![\w.])")
MARKS = re.compile(r"\b(?:DATA|FOLDER|FILE|GROUP|COUNT|DISTIL)\b")
# What a trainer calls the number of a query's texts, and how many of them are no negatives.
NUMBERS = {
    "train_group_size": 1, "n_passages": 1, "nway": 1, "n_ways": 1, "INFONCE_HARD_NEGATIVES": 0,
    "MAX_NEGATIVE_SAMPLES": 0,
}  # fmt: skip
# What code calls the rows that it has read, where it does not print them.
HELD = ("data", "train", "rows", "run", "qrels")
MODELS = re.compile(r'\b(SentenceTransformer|CrossEncoder)\("[^"]+"')


def written(name, folder, **knobs):
    """An export, its manifest, and the language and the code of its card."""
    manifest = export(three.selection(), NONE, name, folder, knobs=knobs)
    found = re.findall(r"```(python|bash)\n(.*?)\n```", (folder / "README.md").read_text("utf-8"), re.DOTALL)
    assert len(found) == 1
    return manifest, *found[0]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of small models with random weights, by the class that reads them."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "SentenceTransformer": save_static(folder / "student", 0),
        "CrossEncoder": save_cross_encoder(folder / "reranker"),
    }


@pytest.fixture
def trained(monkeypatch, tmp_path):
    """Steps and loss of every training; training takes one step on the processor and saves nothing."""
    import datasets
    import transformers

    steps = []
    usual, train = transformers.TrainingArguments.__post_init__, transformers.Trainer.train

    def shrunk(self):
        self.max_steps, self.use_cpu, self.report_to, self.save_strategy = 1, True, [], "no"
        usual(self)

    def counted(self, *given, **more):
        result = train(self, *given, **more)
        steps.append((result.global_step, result.training_loss))
        return result

    monkeypatch.setattr(transformers.TrainingArguments, "__post_init__", shrunk)
    monkeypatch.setattr(transformers.Trainer, "train", counted)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return steps


@pytest.mark.parametrize("name", [name for name in NAMES if EXPORTERS.get(name).trait("language") != "bash"])
def test_code_that_can_run_here_runs_and_sees_every_row(name, tmp_path, monkeypatch, models, trained, capsys):
    run(name, tmp_path, monkeypatch, models, trained, capsys)


SCORED = {
    "triplet": "MarginMSELoss", "n_tuple": "MarginMSELoss", "labeled_pair": "MSELoss", "labeled_list": "ListNetLoss",
}  # fmt: skip


@pytest.mark.parametrize("name", SCORED)
def test_code_of_rows_with_scores_trains_with_a_loss_that_reads_them(
    name, tmp_path, monkeypatch, models, trained, capsys
):
    code = run(name, tmp_path, monkeypatch, models, trained, capsys, scores=True)
    assert f"loss={SCORED[name]}(model)" in code
    assert ("activation_fn=torch.nn.Identity()" in code) == name.startswith("labeled")


def run(name, tmp_path, monkeypatch, models, trained, capsys, **knobs):
    """Run the code of a card; it sees every row, trains a step, and leaves the export as it was."""
    manifest, _, code = written(name, tmp_path / "export", **knobs)
    missing = [package for package in packages(code) if importlib.util.find_spec(package) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed here.")
    code = MODELS.sub(lambda found: f"{found[1]}({str(models[found[1]])!r}", code)
    monkeypatch.chdir(tmp_path / "export")
    space = {}
    exec(compile(code, f"{name}.py", "exec"), space)
    rows = next((space[kept] for kept in HELD if kept in space), None)
    seen = len(rows) if rows is not None else len(capsys.readouterr().out.splitlines())
    assert seen == manifest["written"]["rows"]
    if "Trainer(" in code:
        ((steps, loss),) = trained
        assert steps == 1
        assert math.isfinite(loss)
    assert verify(tmp_path / "export") == []
    return code


@pytest.mark.parametrize("name", NAMES)
def test_what_the_code_trains_lies_beside_the_export(name, tmp_path):
    _, _, code = written(name, tmp_path / "export")
    outputs = re.findall(r"(?:output_dir|output_path)[= ]\"?([\w./]+)", code)
    assert all(output.startswith("../") or "cd DPR" in code for output in outputs), outputs


@pytest.mark.parametrize(("file", "unpack"), [("jsonl.gz", "gunzip"), ("jsonl.zst", "zstd")])
def test_flagembedding_unpacks_first_since_its_trainer_passes_over_compressed_files(tmp_path, file, unpack):
    _, _, code = written("flagembedding", tmp_path, file=file)
    first, *train = code.splitlines()
    assert first.startswith(unpack)
    assert f"flagembedding/train.{file} > ../train.jsonl" in first
    assert "--train_data ../train.jsonl " in "\n".join(train)


@pytest.mark.parametrize("name", NAMES)
def test_code_is_whole_and_names_files_that_are_there(name, tmp_path):
    folder = tmp_path / "export"
    _, language, code = written(name, folder)
    assert not MARKS.findall(code)
    paths = [path for text in (quoted(code) if language == "python" else words(code)) for path in FILES.findall(text)]
    paths += [word for word in words(code) if word.startswith("./")] if language == "bash" else []
    for path in paths:
        assert list(folder.glob(path.removeprefix("./"))), path
    assert paths or "data_folder=" in code or "{name}" in code


@pytest.mark.parametrize("name", NAMES)
def test_numbers_in_the_code_are_those_of_the_data(name, tmp_path):
    _, _, code = written(name, tmp_path / "export")
    most = max(len(example.negatives) for example in make_training_set(three.selection(), NONE).texts())
    for what, others in NUMBERS.items():
        for number in re.findall(rf"\b{what}[ =](\d+)", code):
            assert int(number) == most + others, what


def test_the_numbers_follow_the_data(tmp_path):
    export(three.selection(1), NONE, "flagembedding", tmp_path / "export")
    assert "--train_group_size 2 " in (tmp_path / "export" / "README.md").read_text("utf-8")


def packages(code):
    """Packages that Python code imports."""
    nodes = list(ast.walk(ast.parse(code)))
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return sorted({name.partition(".")[0] for name in named})


def quoted(code):
    """Text between quotation marks in Python code, but for what is put together from parts."""
    tree = ast.parse(code)
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    constants = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in parts]
    return [node.value for node in constants if isinstance(node.value, str)]


def words(code):
    """Words of a shell's code, which the shell itself takes for whole; its comments are none."""
    assert subprocess.run(["bash", "-n"], input=code, text=True, capture_output=True, check=False).stderr == ""
    return [word.replace("$PWD/", "") for word in shlex.split(code, comments=True)]
