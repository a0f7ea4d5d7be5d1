# `make run` and `make test` are all a newcomer needs; both set everything up first.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
READY := $(VENV)/.ready
TORCH := $(shell sed -n 's/^torch==/torch==/p' requirements.lock)
ARGS ?=

.PHONY: run setup test check fix docs fit fit-support gpu clean
.DEFAULT_GOAL := run

run: $(READY)  ## set up what is missing and start the assistant
	@exec $(PY) main.py run $(ARGS)

setup: $(READY)  ## the set-up alone

# Everything goes to standard error, so that `make run` can be piped.
# torch is installed first and by itself: pip then keeps it when the rest comes. The lock names
# every package, so pip has nothing left to resolve (--no-deps).
$(READY): requirements.lock
	@{ set -e; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "FAQ Desk needs Python 3.11 or newer as '$(PYTHON)'. Install it, or run: make PYTHON=python3.12"; exit 1; }; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }; \
	echo "Setting up (once): Python packages into $(VENV), some minutes on a slow line …"; \
	test -x $(PY) || $(PYTHON) -m venv $(VENV); \
	$(PIP) install $(TORCH); \
	$(PIP) install --no-deps -r requirements.lock; \
	echo "Preparing the default model …"; \
	$(PY) main.py models pull smollm2-135m; \
	touch $@; \
	echo "Set-up done."; } >&2

test: $(READY)  ## every test
	@$(PY) -m pytest $(ARGS)

check: test  ## style, types and tests
	@$(PIP) install -r requirements-check.lock
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy

fix:  ## format and mend what can be mended
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

docs: $(READY)  ## write the generated pages
	$(PY) -m config.reference > docs/configuration.md

fit: $(READY)  ## fit how sure a search may be; ARGS=--evidence asks all questions anew first
	@$(PY) -m benchmarks.fit $(ARGS)

fit-support: $(READY)  ## fit how much of a statement must stand in the entries; ARGS="--cases F.jsonl"
	@$(PY) -m benchmarks.fit_support $(ARGS)

# On a lent machine python3 may be the one with PyTorch: nothing is set up there. make's own exit
# status is 2 for any of the program's.
gpu:  ## measure what only a GPU can tell, in parts; again: what remains; ARGS="--list"
	@for python in $(PYTHON) $(PY); do \
	  $$python -c 'import torch; raise SystemExit(not torch.cuda.is_available())' 2>/dev/null \
	    && exec $$python -m benchmarks.gpu $(ARGS); \
	done; \
	test -x $(PY) || { echo "Neither $(PYTHON) nor $(PY) has a PyTorch that can use a GPU."; exit 2; }; \
	exec $(PY) -m benchmarks.gpu $(ARGS)

clean:  ## forget the set-up; keeps data/
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
