# `make demo` and `make test` set up what they need; VENV chooses where.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint docs bench clean

demo: $(READY)
	$(BIN)/modelcollapse simulate examples/digits.yaml --output demo

test: $(VENV)/.ready-test
	$(BIN)/pytest -n auto --dist loadgroup

lint: $(VENV)/.ready-test
	$(BIN)/ruff format --check src tests benchmarks docs
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/mypy

docs: $(VENV)/.ready-test
	$(BIN)/python docs/generate.py

bench: $(VENV)/.ready-test
	$(BIN)/python -m benchmarks

$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)

$(READY): pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.ready-test: $(READY)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	touch $@

clean:
	rm -rf $(VENV) demo out build dist
