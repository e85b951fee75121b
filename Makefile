# Everything happens in .venv, which is made when it is not there. CONTRIBUTING.md has the same commands without make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Modules are compiled at their first import, and not in each of a thousand processes; pip would compile all that nobody imports.
unexport PYTHONDONTWRITEBYTECODE

PACKAGES := chromium docker-compose nginx-light openjdk-17-jre-headless redis-server systemd wordnet-base

.PHONY: help demo demo-spark demo-milvus test check docs packages lint format lock benchmark bench-check clean kernels \
	sanitize wheel-check lowest

help:  ## list the targets (the default)
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*  ## (.*)/  \1|\2/' | \
		while IFS='|' read -r name text; do printf '%-14s %s\n' "$$name" "$$text"; done

demo: $(READY) kernels  ## set up, and answer an analogy from the model that comes with the package
	$(BIN)/thisplusthat "United States:Dollar :: Mexico:?"

DEMO := $(VENV)/demo-milvus
IN_MILVUS := milvus://$(CURDIR)/$(DEMO)/lite.db/glove

demo-milvus: $(READY)  ## bring GloVe's 30,000 most frequent words to a milvus-lite, and ask them there
	rm -rf $(DEMO)
	mkdir -p $(DEMO)
	$(BIN)/thisplusthat export glove-6b-50d $(DEMO)/glove.bin --restrict 30000
	THISPLUSTHAT_HOME=$(DEMO) $(BIN)/thisplusthat import $(DEMO)/glove.bin --name glove-30k
	$(BIN)/thisplusthat push $(DEMO)/models/glove-30k $(IN_MILVUS)
	$(BIN)/thisplusthat --model $(IN_MILVUS) -k 3 "United States:Dollar :: Mexico:?"
	printf 'paris - france + italy\nbreakfast, cereal, dinner, lunch\n' | \
		$(BIN)/thisplusthat --model $(IN_MILVUS) -k 3
	$(BIN)/thisplusthat --model $(IN_MILVUS) queenn 2>&1 | grep "Did you mean 'queen'"  # unknown, and gets suggestions

test:  ## set up, and run every check and test; the slowest twenty are listed
	$(MAKE) --no-print-directory -j2 packages $(READY)
	$(MAKE) --no-print-directory kernels lint
	$(BIN)/python -m pytest -n auto --dist worksteal --durations 20

demo-spark: $(READY)  ## start a small cluster of Spark's, train on it, ask the model (needs Java 17)
	$(BIN)/python scripts/demo_spark.py

packages:  ## Debian's packages that tests need: a browser, Java, Redis, nginx, WordNet, checks of deploy/
	@missing=$$(for name in $(PACKAGES); do dpkg -s $$name >/dev/null 2>&1 || echo $$name; done); \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "The tests need these packages of Debian or Ubuntu:" $$missing; \
		echo "Install them first: sudo apt-get install" $$missing; exit 1; \
	fi; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing

kernels: $(READY)  ## compile what is older than its C sources; an installation does it too, and does without a compiler
	@$(BIN)/python hatch_build.py --quiet || true

sanitize: $(READY)  ## the kernels' tests under the address and undefined-behaviour sanitizers (needs gcc)
	$(BIN)/python scripts/sanitize.py

lowest: $(READY) kernels  ## the fast tests with the lowest versions of all packages that pyproject.toml allows
	$(BIN)/python scripts/lowest_versions.py $(LOWEST)

wheel-check: $(READY)  ## build the wheel with the compiler and with ziglang, install each afresh, train with its kernel
	$(BIN)/python scripts/wheel_check.py

check: $(READY) kernels lint  ## before every commit: style, types, layers, and the tests marked fast
	$(BIN)/python -m pytest -m fast -n auto --dist worksteal -q

lint: $(READY)  ## style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## put the code into its style
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

benchmark: $(READY)  ## gensim, numpy, FAISS Flat and this project on the same vectors
	$(BIN)/python -m scripts.benchmark

bench-check: $(READY)  ## a short form: fails if a ratio to a peer is more than 20 % below benchmarks/ratios.json
	$(BIN)/python -m scripts.benchmark check

lock:  ## pin the newest versions that fit in constraints.txt
	rm -rf $(VENV)/lock
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --editable ".[dev,benchmark]"
	$(VENV)/lock/bin/python -m pip freeze --exclude-editable > constraints.txt
	rm -rf $(VENV)/lock

docs: $(READY)  ## build the manual into site/, with every link checked
	$(BIN)/mkdocs build --strict

clean:  ## remove what the other targets made
	rm -rf $(VENV) .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache dist site

# By uv, which takes half of pip's time.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "Python 3.11 or newer is needed, and $(PYTHON) is not. Say which: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable ".[dev]" || \
		{ echo "uv asks the index in UV_DEFAULT_INDEX, and not that of pip.conf. README has the way with pip."; exit 1; }
	touch $(READY)
