# Everything happens in .venv, which is made when it is not there. README.md has the same commands without make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint format lock benchmark clean

demo: $(READY)  ## set up, and answer an analogy from GloVe 6B
	$(BIN)/thisplusthat "United States:Dollar :: Mexico:?"

test: lint  ## set up, and run every check and test
	$(BIN)/python -m pytest -n auto

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

benchmark: $(READY)  ## gensim, numpy, FAISS Flat and this project on the same vectors
	$(BIN)/python scripts/benchmark.py

lock:  ## pin the newest versions that fit in constraints.txt
	rm -rf $(VENV)/lock
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --editable ".[dev]"
	$(VENV)/lock/bin/python -m pip freeze --exclude-editable > constraints.txt
	rm -rf $(VENV)/lock

clean:
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "Python 3.11 or newer is needed, and $(PYTHON) is not. Say which: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	touch $(READY)
