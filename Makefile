# `make run`, `make demo` and `make test` set up .venv on first use, and again when pyproject.toml changes.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

PYTEST := $(BIN)/python -m pytest

.PHONY: help run demo test test-all lint bench screenshots
.DEFAULT_GOAL := help

help:
	@echo "make run       the editor"
	@echo "make demo      the built-in model makes a scene of six shots, joins them, and says where they are"
	@echo "make test      lint, then all tests but the slow ones"
	@echo "make test-all  lint, then all tests"
	@echo "make lint      ruff, mypy --strict, the import rules"
	@echo "make bench     the engine's and the editor's numbers on this machine"
	@echo "make screenshots  the README's pictures, made by using the editor"

run: $(READY)
	$(BIN)/python main.py

demo: $(READY)
	$(BIN)/python main.py demo

bench: $(READY)
	$(BIN)/python main.py bench context
	$(BIN)/python main.py bench editor

screenshots: $(READY)
	$(BIN)/python main.py screenshots --out docs/screens

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint
	$(PYTEST) -m "not slow" --session-timeout=1800

test-all: lint
	$(PYTEST)

# torch first: it is the big one, and the exact version is what the built-in model was trained and measured with.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Matchcut needs Python 3.11 or newer; this is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install "torch==2.13.0" "setuptools>=77"
	$(BIN)/python -m pip install --no-build-isolation -e ".[dev]"
	@touch $@
