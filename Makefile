# `make run` and `make test` are all a newcomer needs; both set everything up first.
PYTHON ?= python3
# Where the packages go: another folder, if this one cannot be written.
override VENV := $(if $(VENV),$(VENV),.venv)
# As variables of the shell, quoted, they may hold spaces.
export PYTHON VENV
PY := "$$VENV/bin/python"
PIP := $(PY) -m pip --disable-pip-version-check --quiet
# Each test process loads PyTorch: more of them than these would need memory that few machines have.
PYTEST := $(PY) -m pytest -n logical --maxprocesses 4 --dist worksteal
UV := uv==0.13.9
ARGS ?=
# The environment's own Python says whether all is there; if not, $(PYTHON) does what is missing.
SET_UP = $(PY) -m config.setup --ready $(1) 2>/dev/null || { \
	command -v "$$PYTHON" >/dev/null || { echo "There is no '$$PYTHON' here. Install Python, or \
	name yours: make PYTHON=python3.12" >&2; exit 1; }; \
	"$$PYTHON" -m config.setup $(1); }

.PHONY: run setup setup-tests test quick fix docs lock fit fit-support gpu clean
.DEFAULT_GOAL := run

run: setup  ## set up what is missing and start the assistant
	@exec $(PY) main.py run $(ARGS)

setup:  ## the set-up alone
	@$(call SET_UP)

setup-tests:
	@$(call SET_UP,--tests)

# Style and types first, the tests all the same; it fails if any of them did.
test: setup-tests  ## style, types and every test; ARGS="tests/bot -k slack" for some
	@failed=0; \
	$(PY) -m ruff format --check . || failed=1; \
	$(PY) -m ruff check . || failed=1; \
	$(PY) -m mypy || failed=1; \
	$(PYTEST) $(ARGS) || failed=1; \
	exit $$failed

quick: setup-tests  ## about a minute: style, and the tests with no torch, process or port
	@failed=0; \
	$(PY) -m ruff format --check . || failed=1; \
	$(PY) -m ruff check . || failed=1; \
	$(PYTEST) --quick -rfE $(ARGS) || failed=1; \
	exit $$failed

fix: setup-tests  ## format and mend what can be mended
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

docs: setup  ## write the generated pages
	$(PY) -m config.reference > docs/configuration.md
	$(PY) -m benchmarks.models_page

# A version is changed by hand in its lock; this writes the hashes of all files that the index has,
# and up to which Python all packages have wheels.
lock: setup-tests  ## write the hashes of the locks anew
	@$(PIP) install $(UV)
	@set -e; for lock in requirements.lock requirements-test.lock; do \
	  grep '^#' $$lock > $$lock.new; \
	  sed '/--hash=/d; s/ *\\$$//' $$lock | "$$VENV/bin/uv" pip compile - --quiet --no-deps --universal \
	    --python-version 3.11 --generate-hashes --no-header --no-annotate >> $$lock.new; \
	  mv $$lock.new $$lock; done; \
	minor=11; \
	while "$$VENV/bin/uv" pip compile requirements-torch.lock requirements.lock --quiet --no-deps \
	  --only-binary :all: --python-version 3.$$((minor + 1)) >/dev/null 2>&1; do \
	  minor=$$((minor + 1)); done; \
	sed "s/^# Wheels for .*/# Wheels for Python 3.11 to 3.$$minor./" requirements.lock \
	  > requirements.lock.new; \
	mv requirements.lock.new requirements.lock

fit: setup  ## fit how sure a search may be; ARGS=--evidence asks all questions anew first
	@$(PY) -m benchmarks.fit $(ARGS)

fit-support: setup  ## fit how much of a statement must stand in the entries; ARGS="--cases F.jsonl"
	@$(PY) -m benchmarks.fit_support $(ARGS)

# On a lent machine python3 may be the one with PyTorch: nothing is set up there. make's own exit
# status is 2 for any of the program's.
gpu:  ## measure what only a GPU can tell, in parts; again: what remains; ARGS="--list"
	@for python in "$$PYTHON" $(PY); do \
	  "$$python" -c 'import torch; raise SystemExit(not torch.cuda.is_available())' 2>/dev/null \
	    && exec "$$python" -m benchmarks.gpu $(ARGS); \
	done; \
	test -x $(PY) || { echo "Neither $$PYTHON nor $$VENV/bin/python has a PyTorch that can use a GPU."; exit 2; }; \
	exec $(PY) -m benchmarks.gpu $(ARGS)

clean:  ## forget the set-up; keeps data/
	@rm -rf .mypy_cache .ruff_cache .pytest_cache
	@if [ "$$VENV" = .venv ] || [ -e "$$VENV/set-up.json" ]; then rm -rf "$$VENV"; \
	else echo "$$VENV is not of the set-up's making and stays." >&2; fi
