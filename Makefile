# Two commands do all the set-up on a machine that has only Python and pip:
#   make report   build reports/index.html, its tables and its figures
#   make test     run everything: style, types, layers, tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Checks and formats JavaScript and CSS; rules in biome.json.
BIOME := @biomejs/biome@2.6.8

.PHONY: help report test test-fast test-lowest test-newest snapshot lint datapackage bench docs notebooks lab clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip

# One stamp a set of extras: installing twice costs nothing.
$(VENV)/.stamp-core: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/.stamp-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[test]"
	@touch $@ $(VENV)/.stamp-core

$(VENV)/.stamp-docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[docs]"
	@touch $@ $(VENV)/.stamp-core

$(VENV)/.stamp-notebooks: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e ".[notebooks]"
	@touch $@ $(VENV)/.stamp-core

report: $(VENV)/.stamp-core ## Build reports/index.html, its tables and its figures
	$(BIN)/backpain-stats report --out reports --force

test: $(VENV)/.stamp-test ## Style, types, layers and all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -n 2 backpain_stats tests

test-fast: $(VENV)/.stamp-test ## The quick tests only, for every save
	$(BIN)/python -m pytest -n 2 -m "not slow and not browser" backpain_stats tests

test-lowest: ## The smoke part on the lowest versions that pyproject.toml allows
	PYTHON=$(PYTHON) tests/run_versions.sh lowest

test-newest: ## The smoke part on the newest versions there are
	PYTHON=$(PYTHON) tests/run_versions.sh newest

snapshot: $(VENV)/.stamp-test ## Write what the shipped evidence gives anew, and list what changed
	$(BIN)/python tests/data/make_snapshot.py
	$(BIN)/python docs/gallery/build.py
	$(BIN)/python docs/run_examples.py

lint: $(VENV)/.stamp-test ## Style, types and layers only; scripts and style sheets where npx is
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@if command -v npx >/dev/null; then npx --yes $(BIOME) check .; \
	else echo "npx is not here: the explorer's script and style sheets were not checked"; fi

datapackage: $(VENV)/.stamp-core ## Describe the data files anew, after a change of the schema
	$(BIN)/python -c "from backpain_stats.evidence import write_datapackages; write_datapackages()"

bench: $(VENV)/.stamp-test ## Time the package beside its peers; writes reports/benchmark.md
	$(BIN)/python benchmarks/run.py

docs: $(VENV)/.stamp-docs ## Build the documentation site into docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -n -q docs docs/_build/html

notebooks: $(VENV)/.stamp-notebooks ## Execute the notebooks and render them to reports/notebooks/
	$(BIN)/python notebooks/render.py

lab: $(VENV)/.stamp-notebooks ## Open the course in JupyterLab, at notebook 00
	$(BIN)/jupyter lab notebooks/00_start_here.ipynb

clean: ## Remove the environment and caches
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
