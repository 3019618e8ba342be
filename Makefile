# Everything happens in ./.venv; nothing else on the machine is touched, except that `make test` may install
# Debian packages when it is allowed to (see .ci/system-packages).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(PATH):/usr/sbin:/sbin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Results of the evaluation, kept between invocations; real recordings, where there are any.
RUNS := .evaluation/runs.jsonl
RECORDINGS := $(wildcard $(or $(SKYPICKET_SHARED),../shared)/recordings)

.DEFAULT_GOAL := help
.PHONY: help install demo test hardware lint types format model docs report clean

help: ## what can be made
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|' 2>/dev/null \
	 || sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1 - \2/p' Makefile

install: $(VENV)/.installed ## the command skypicket, in ./.venv/bin
	@echo "installed: $(BIN)/skypicket"

demo: $(VENV)/.installed ## the whole node on a simulated scene; Ctrl-C or DEMO_SECONDS=20 ends it
	@exec $(BIN)/skypicket demo --foreground $(if $(DEMO_SECONDS),--seconds '$(DEMO_SECONDS)')

test: $(VENV)/.developed ## lint, types, import rules and all tests
	@.ci/system-packages
	@$(MAKE) --no-print-directory lint types
	$(BIN)/python -m pytest $(PYTEST_ARGS)

hardware: $(VENV)/.developed ## prove what is attached: SKYPICKET_HW_SERIAL="ld2450=/dev/ttyUSB0,..."; see docs/serial.md
	$(BIN)/python -m pytest -m hardware tests/hardware $(PYTEST_ARGS)

lint: $(VENV)/.developed ## style and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types: $(VENV)/.developed ## static types
	$(BIN)/mypy

format: $(VENV)/.developed ## put the source into the agreed form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

model: $(VENV)/.trained ## train the classifier anew; everything follows from the seed
	$(BIN)/skypicket train

docs: $(VENV)/.installed ## write the lists in docs/ anew from the records
	$(BIN)/python -m node.lists

report: $(VENV)/.reported ## run what is missing of the evaluation and write docs/report; REPORT_ARGS='--budget 3600 --workers 2'
	$(BIN)/skypicket evaluate --report docs/report --store $(RUNS) --fusion $(RECORDINGS:%=--recordings %) $(REPORT_ARGS)

clean: ## remove what was made here
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist

# A stamp is written when its step is through, so that a second run is quick and a half-made environment is mended.
$(VENV)/.installed: pyproject.toml .ci/environment
	@.ci/environment '$(PYTHON)' $(VENV) .
	@touch $@

$(VENV)/.developed: pyproject.toml .ci/environment
	@.ci/environment '$(PYTHON)' $(VENV) '.[dev]'
	@touch $@ $(VENV)/.installed

$(VENV)/.reported: pyproject.toml .ci/environment
	@.ci/environment '$(PYTHON)' $(VENV) '.[report]'
	@touch $@ $(VENV)/.installed

$(VENV)/.trained: pyproject.toml .ci/environment
	@.ci/environment '$(PYTHON)' $(VENV) '.[train]'
	@touch $@ $(VENV)/.installed
