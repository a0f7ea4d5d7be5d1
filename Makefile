# `make run` and `make test` are all a newcomer needs; both set everything up first.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check --quiet
READY := $(VENV)/.ready
READY_TEST := $(VENV)/.ready-test
# Each test process loads PyTorch: more of them than these would need memory that few machines have.
PYTEST := $(PY) -m pytest -n logical --maxprocesses 4 --dist worksteal
UV := uv==0.13.9
ARGS ?=

.PHONY: run setup test quick fix docs lock fit fit-support gpu clean
.DEFAULT_GOAL := run

run: $(READY)  ## set up what is missing and start the assistant
	@exec $(PY) main.py run $(ARGS)

setup: $(READY)  ## the set-up alone

# Everything goes to standard error, so that `make run` can be piped.
# torch is installed first and by itself: pip then keeps it when the rest comes. The lock names
# every package, so pip has nothing left to resolve (--no-deps).
$(READY): requirements-torch.lock requirements.lock
	@{ set -e; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "FAQ Desk needs Python 3.11 or newer as '$(PYTHON)'. Install it, or run: make PYTHON=python3.12"; exit 1; }; \
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "Python's venv module is missing. On Debian and Ubuntu: sudo apt install python3-venv"; exit 1; }; \
	echo "Setting up (once): Python packages into $(VENV), some minutes on a slow line …"; \
	test -x $(PY) || $(PYTHON) -m venv $(VENV); \
	$(PIP) install -r requirements-torch.lock; \
	$(PIP) install --require-hashes --no-deps -r requirements.lock; \
	echo "Preparing the default model …"; \
	$(PY) main.py models pull smollm2-135m; \
	touch $@; \
	echo "Set-up done."; } >&2

$(READY_TEST): $(READY) requirements-test.lock
	@$(PIP) install --require-hashes --no-deps -r requirements-test.lock >&2
	@touch $@

# Style and types first, the tests all the same; it fails if any of them did.
test: $(READY_TEST)  ## style, types and every test; ARGS="tests/bot -k slack" for some
	@failed=0; \
	$(PY) -m ruff format --check . || failed=1; \
	$(PY) -m ruff check . || failed=1; \
	$(PY) -m mypy || failed=1; \
	$(PYTEST) $(ARGS) || failed=1; \
	exit $$failed

quick: $(READY_TEST)  ## about a minute: style, and the tests with no torch, process or port
	@failed=0; \
	$(PY) -m ruff format --check . || failed=1; \
	$(PY) -m ruff check . || failed=1; \
	$(PYTEST) --quick -rfE $(ARGS) || failed=1; \
	exit $$failed

fix: $(READY_TEST)  ## format and mend what can be mended
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

docs: $(READY)  ## write the generated pages
	$(PY) -m config.reference > docs/configuration.md
	$(PY) -m benchmarks.models_page

# A version is changed by hand in its lock; this writes the hashes of all files that the index has.
lock: $(READY_TEST)  ## write the hashes of the locks anew
	@$(PIP) install $(UV)
	@set -e; for lock in requirements.lock requirements-test.lock; do \
	  grep '^#' $$lock > $$lock.new; \
	  sed '/--hash=/d; s/ *\\$$//' $$lock | $(VENV)/bin/uv pip compile - --quiet --no-deps --universal \
	    --python-version 3.11 --generate-hashes --no-header --no-annotate >> $$lock.new; \
	  mv $$lock.new $$lock; done

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
