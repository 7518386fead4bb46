# `make quickstart` shows the whole system at work; `make test` checks it. Both are safe to repeat.
VENV ?= .venv
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help install dev quickstart test unit lint types layers torch lock clean

help:  ## what can be done here
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# Bytecode is compiled here because a sandbox sees the environment read-only and could not cache it.
$(VENV)/.installed: pyproject.toml constraints.txt
ifdef UV
	uv sync --frozen --inexact --compile-bytecode
else
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || $(VENV)/bin/python -m ensurepip >/dev/null
	$(VENV)/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable .
endif
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
ifdef UV
	uv sync --frozen --inexact --compile-bytecode --extra dev
else
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
endif
	@touch $@

install: $(VENV)/.installed  ## create the environment

dev: $(VENV)/.installed-dev  ## the environment with the tools for tests, lint and types

quickstart: install  ## four real agents on three real data sets, in two to three minutes
	$(VENV)/bin/python -m experiments.sweep configs/quickstart.yaml

test: dev lint types layers unit  ## everything: lint, types, layers, the whole test suite

unit: dev
	$(VENV)/bin/python -m pytest -n auto --dist worksteal

lint: dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: dev
	$(VENV)/bin/pyright

layers: dev
	$(VENV)/bin/lint-imports

torch: install  ## the CPU build of torch, for competitions that need it
	$(if $(UV),uv pip install --python $(VENV)/bin/python,$(VENV)/bin/python -m pip install) \
	    --extra-index-url https://download.pytorch.org/whl/cpu 'torch==2.13.0+cpu'

lock:  ## today's versions of all packages, for uv and for pip (needs uv)
	uv lock --upgrade
	uv export --quiet --frozen --format requirements-txt --all-extras --no-hashes --no-emit-project \
	    --no-annotate --no-header --prune torch --output-file constraints.txt

clean:  ## remove the environment (runs and data stay)
	rm -rf $(VENV)
