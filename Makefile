# make app: set up everything and open the dashboard.   make test: set up everything and run the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8501

.PHONY: help app test check format clean
help:
	@echo "make app     set up and open the dashboard on the built-in sample"
	@echo "make test    set up and run all tests"
	@echo "make check   ruff, mypy and import-linter"
	@echo "make format  ruff format and safe fixes"

$(BIN)/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "negviz needs Python 3.11 or newer; name one with: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: requirements.txt pyproject.toml $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt requirements-postgres.txt requirements-lora.txt requirements-int8.txt requirements-ray.txt requirements-s3.txt benchmarks/requirements.txt $(VENV)/.app
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

app: $(VENV)/.app
	$(BIN)/negviz app --open --port $(PORT)

test: $(VENV)/.dev
ifdef ARGS
	$(BIN)/python -m pytest $(ARGS)
else
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --ignore=tests/e2e
	$(BIN)/python -m pytest tests/e2e
endif

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
