# `make demo` and `make test` each set everything up in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRA ?= test,dev
# Two workers of one thread each take less than half the time of one of two threads.
WORKERS ?= -n 2 --dist worksteal
export HF_HUB_OFFLINE ?= 1

.PHONY: help install demo test test-slow lint format clean
help:
	@echo 'make demo       pre-train a small CXR-CLIP and MRM on synthetic films, measure and report'
	@echo 'make test       run the fast tests'
	@echo 'make test-slow  run the full-size and minutes-long tests'
	@echo 'make lint       ruff and codespell'
	@echo 'make format     let ruff rewrite the files'
	@echo 'make install    only set up $(VENV)'

# The stamp is renewed when the dependencies change.
$(VENV)/.installed: setup.py pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "mmcxr needs Python 3.10 or later; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$(EXTRA)]'
	touch $@

install: $(VENV)/.installed

demo: install
	$(BIN)/python tools/demo.py --out work_dirs/demo

test: install
	$(BIN)/python -m pytest $(WORKERS)

test-slow: install
	$(BIN)/python -m pytest $(WORKERS) -m slow

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell mmcxr tools tests configs benchmarks *.md

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) work_dirs build *.egg-info
