# Everything a user or a developer does. `make help` lists it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
ARGS ?=
# Many of the slow tests wait for a server or for another process.
TESTS_AT_ONCE ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')

.DEFAULT_GOAL := help
.PHONY: help install discovery audit calibrate test lint format bench ui serve lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY) ## make the environment from the locked requirements

# The lock is the whole answer, so pip resolves nothing: its resolver asks for a pin of
# every `package[extra]` that a locked package wants, and a lock names bare packages only.
$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is too old: Python 3.11 or later is wanted; name one: make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@

discovery: $(READY) ## run the main job on the demo market (ARGS="--source files --data DIR")
	$(BIN)/python -m flows.discovery $(ARGS)

audit: $(READY) ## ask of every feature and event whether it looks ahead
	$(BIN)/python -m flows.audit $(ARGS)

calibrate: $(READY) ## ask how often discovery is wrong (ARGS="--markets 50 --effect 0,5,20")
	$(BIN)/python -m flows.calibrate $(ARGS)

test: lint ## linters, types, import contracts and the tests
	$(BIN)/python -m tests.warm
	$(BIN)/python -m pytest -n $(TESTS_AT_ONCE) --dist worksteal $(ARGS)

lint: $(READY) ## linters, types and import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	PATH="$(CURDIR)/$(BIN):$(PATH)" PYTHONPATH=. $(BIN)/lint-imports --no-logo

format: $(READY) ## put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## benchmarks against their baselines
	$(BIN)/python -m perf $(ARGS)

ui: $(READY) ## start Prefect's interface; runs from this folder appear there
	$(BIN)/python -m deployments.ui $(ARGS)

serve: $(READY) ## run discovery on its schedule (with `make ui` running beside it)
	$(BIN)/python -m deployments.serve $(ARGS)

lock: ## lock the dependencies anew (needs uv)
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --upgrade --output-file requirements.lock

clean: ## remove the environment, caches and the local state (the lake too)
	rm -rf $(VENV) .assay .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
