# Needs Python 3.11 or newer and make. Everything else goes into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test long lint format bench docs dist clean

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable . --group test --group lint
	@$(BIN)/python -m compileall -q guardrails checks # the first run is as quick as the others
	@touch $@

demo: $(INSTALLED) ## lint a bundled example
	@echo '$$ guardrails check fixtures/demo'; $(BIN)/guardrails check fixtures/demo; status=$$?; \
	echo "(exit code $$status: 1 means that there are findings)"; test $$status -eq 1

test: $(INSTALLED) ## run every test
	$(BIN)/python -m pytest -n auto -q

long: $(INSTALLED) ## run the tests that take minutes: a million requests, 10,000 principals, many examples
	GUARDRAILS_LONG=1 $(BIN)/python -m pytest -n auto -q tests/access tests/network

lint: $(INSTALLED) ## check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(INSTALLED) ## lay the code out
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: $(INSTALLED) ## measure speed and memory beside checkov and trivy
	$(BIN)/python scripts/bench.py

docs: $(INSTALLED) ## build the documentation's site and the manual page into site/
	$(BIN)/python scripts/build_docs.py

dist: $(INSTALLED) ## build the wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## remove what was made
	rm -rf $(VENV) dist site .bench
