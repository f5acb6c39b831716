# make demo: the whole study on the embedded photographs.  make report: all of it in one file to send
# (make report CONFIG=presets/evening.yaml: of another configuration).
# make test: the tests; make test-slow: kills, full disks, Slurm, a second whole run.  Each sets up what it needs.
SHELL := /bin/bash
PYTHON ?= $(or $(shell command -v python3.11),python3)
BIN := .venv/bin
# GB that the packages take
ROOM := 6
LOG := .venv/setup.log
# which tests, as pytest -m takes it
TESTS ?= not slow and not long
# those that have both cores to themselves: a browser, the smoke run and what is compared with it
ALONE := tests/e2e $(patsubst %,tests/workflow/test_%.py,smoke determinism slurm)

.PHONY: setup demo report test test-slow style lock

setup: .venv/.synced
	@[ "$$(cat .venv/.synced)/.venv" -ef .venv ] \
	  || { echo "error: .venv was made for another folder ($$(cat .venv/.synced)). Hint: delete .venv, then the same again" >&2; exit 1; }

# What is missing is the first line printed; what the tool itself said follows.
.venv/.synced: requirements.lock requirements-uv.lock
	@$(PYTHON) -c '' 2> /dev/null || { echo "error: there is no $(PYTHON). Hint: install Python 3.11, or make PYTHON=its-path" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "error: Python 3.11 is needed, $(PYTHON) is $$($(PYTHON) --version 2>&1). Hint: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2> /dev/null || { echo "error: $(PYTHON) has no venv. Hint: install python3.11-venv" >&2; exit 1; }
	@[ -d $(BIN)/../lib/python3.11/site-packages/torch ] || { free=$$(df -Pk . | awk 'NR == 2 { print int($$4 / 1e6) }'); [ "$$free" -ge $(ROOM) ] \
	  || { echo "error: $(ROOM) GB of disk are needed here, $$free are free. Hint: make room, or clone to another disk" >&2; exit 1; }; }
	@$(PYTHON) -m venv .venv || { echo "error: .venv cannot be made" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 2 \
	    --require-hashes -r requirements-uv.lock > $(LOG) 2>&1 \
	  || { echo "error: no package index gives uv. Hint: is there a network? if only a mirror: PIP_INDEX_URL and UV_DEFAULT_INDEX" >&2; \
	       tail -n 5 $(LOG) >&2; exit 1; }
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock > $(LOG) 2>&1 \
	  || { echo "error: the packages of requirements.lock cannot be installed: $$(tail -n 1 $(LOG))." \
	       "Hint: is there a network, disk, a home that can be written to? if only a mirror: UV_DEFAULT_INDEX" >&2; \
	       tail -n 5 $(LOG) >&2; exit 1; }
	@echo "$(CURDIR)" > $@

demo: setup
	$(BIN)/snakemake --cores 2
	@echo; echo "Figures and tables of the study:"; ls results/figures/*.png results/tables/*.md results/claims.md results/explorer/index.html

report: RUN = $(BIN)/snakemake $(if $(CONFIG),--configfile $(CONFIG))
report: FOLDER = $(shell $(BIN)/python -c 'import sys, yaml; \
	  print([own["results"] for own in map(yaml.safe_load, map(open, sys.argv[1:])) if "results" in own][-1])' config.yaml $(CONFIG))
report: setup
	$(RUN) --cores 2
	$(RUN) --cores 2 --forcerun report_answers -- report_answers
	$(RUN) --report "$(FOLDER)/report.html" --report-stylesheet report/report.css
	@echo; echo "The report: $(FOLDER)/report.html"

test: PYTEST = OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m "$(TESTS)" --durations=15
test: setup
	$(PYTEST) -n 2 --dist loadfile $(addprefix --ignore=,$(ALONE))
	$(PYTEST) $(ALONE)

test-slow: TESTS = slow
test-slow: test

style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

lock:
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --group dev pyproject.toml -o requirements.lock
	echo uv | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header - -o requirements-uv.lock
