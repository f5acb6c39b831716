# make demo: the whole study on the embedded photographs.  make report: all of it in one file to send.
# make test: the tests; make test-slow: kills, full disks, a second whole run.  Each sets up what it needs.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

.PHONY: setup demo report test test-slow style lock

setup: .venv/.synced

.venv/.synced: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "error: Python 3.11 is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1). Hint: make PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "error: $(PYTHON) has no venv. Hint: install python3.11-venv"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
	@touch $@

demo: setup
	$(BIN)/snakemake --cores 2
	@echo; echo "Figures and tables of the study:"; ls results/figures/*.png results/tables/*.md results/claims.md results/explorer/index.html

report: setup
	$(BIN)/snakemake --cores 2
	$(BIN)/snakemake --report results/report.html --report-stylesheet report/report.css
	@echo; echo "The report: results/report.html"

test: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest

test-slow: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m slow

style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --group dev pyproject.toml -o requirements.lock
