"""The house keeps its floors: imports go downward, pages only compose, one place knows Streamlit."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "negviz").rglob("*.py"))
PAGES = [*sorted((ROOT / "pages").glob("*.py")), ROOT / "app.py"]
# What subclasses torch's own classes imports it at its head, and is itself imported when training begins.
TRAINS = {"bridge.py", "_query_layer.py", "_feed.py", "_lora.py", "_sentence_transformers.py", "_trained_losses.py"}
HEAVY = ("torch", "sentence_transformers", "openvino", "faiss", "bm25s", "umap", "sklearn", "rapidfuzz", "pandas")


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def imports(nodes) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names.add((node.module or "").partition(".")[0])
    return names


def test_import_contracts_are_kept():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    found = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."}
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_pages_define_nothing_and_compute_nothing(path):
    if not path.is_file():
        pytest.skip(f"{path.name} is not written yet")
    nodes = list(ast.walk(tree(path)))
    assert not [node for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef)]
    assert not imports(nodes) & {"numpy", "pandas", "plotly"}


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_ui_imports_streamlit_and_heavy_libraries_load_late(path):
    module = tree(path)
    anywhere = imports(ast.walk(module))
    if "ui" not in path.relative_to(ROOT).parts:
        assert "streamlit" not in anywhere
    if "training" not in path.parts or path.name not in TRAINS:
        assert not imports(module.body) & set(HEAVY)
    assert "pickle" not in anywhere


def test_the_command_line_starts_without_heavy_libraries():
    modules = "negviz.mine, negviz.select, negviz.training.planning, negviz.training.process, negviz.training.report"
    look = f"print(*sorted(set({HEAVY!r}) & set(sys.modules)))"
    code = f"import sys, {modules}; list(negviz.training.students.STUDENTS); {look}"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout.split() == []


def test_no_bag_of_odds_and_ends():
    assert not [path for path in PACKAGE if path.stem.strip("_") in {"utils", "util", "helpers", "common", "manager"}]
