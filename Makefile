# A machine with Python 3.11 or newer (with pip) and make is enough: uv is put into ./.uv and everything else into
# ./.venv. `make run` starts Easel, `make test` checks and tests all of it.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check lint format messages benchmark sync clean

ifndef PYTHON
PYTHON := $(shell for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$p -c 'import sys; assert sys.version_info >= (3, 11); print(sys.executable)' 2>/dev/null && break; done)
endif
UV := .uv/bin/uv
BIN := .venv/bin
BENCHMARKS := loop_stall streamed_picture added_time discord_acknowledgement queue_growth throughput pool intent
PYTEST := $(BIN)/pytest -n auto --maxprocesses=4

export UV_PYTHON_DOWNLOADS := never
ifeq ($(wildcard .venv/bin/python),)
export UV_PYTHON := $(PYTHON)
endif

help:
	@echo "make run        start Easel (arguments: make run ARGS='--only local')"
	@echo "make test       everything: format, lint, types, import rules, dependencies, all tests"
	@echo "make check      the same with the unit tests only, in about a minute"
	@echo "make format     format the code and mend what ruff can mend"
	@echo "make messages   collect the sentences for translators and compile the translations"
	@echo "make benchmark  measure; prints figures"
	@echo "make clean      remove what these commands made"

run: $(UV)
	@$(UV) run --locked --no-dev --extra postgres easel run $(ARGS) || { code=$$?; test $$code = 130 || exit $$code; }  # 130: Ctrl-C

test: lint
	scripts/install_for_tests
	$(PYTEST)

check: lint
	$(PYTEST) tests/unit

lint: sync
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: sync
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

# uv builds the package again when a .po has changed (`cache-keys`), which compiles it: scripts/build_catalogues.py.
messages: sync
	$(BIN)/python scripts/extract_messages.py
	$(UV) sync -q --locked --all-extras --all-groups

benchmark: sync
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

sync: $(UV)
	@$(UV) sync -q --locked --all-extras --all-groups

$(UV):
	@test -n "$(PYTHON)" || { echo "Easel needs Python 3.11 or newer; none was found. Name one: make PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -m pip --version >/dev/null || { echo "$(PYTHON) has no pip. On Debian or Ubuntu: apt install python3-pip"; exit 1; }
	"$(PYTHON)" -m pip install -q --disable-pip-version-check --root-user-action=ignore --target .uv 'uv>=0.13,<0.14'

clean:
	rm -rf .uv .venv .litellm .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
