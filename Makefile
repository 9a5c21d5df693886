# `make` lists the targets. Each installs what it needs first, so there is nothing to set up by hand.

PYTHON ?= python3
PORT ?= 8000
MINUTES ?= 10
N ?= 5
ORDER ?= fixed
ARGS ?=

PY := .venv/bin/python
RUNS := .venv/.runs
DEVELOPS := .venv/.develops
AUDITS := .venv/audit/.installed
NODE_MODULES := tests/e2e/node_modules/.installed
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --no-input --requirement
PIP_COMPILE := $(PY) -m piptools compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(if $(UPGRADE),--upgrade)
PINS_HEADER := \# Made by 'make pins' from pyproject.toml, with Python 3.11, the oldest supported version.

# The suite starts hundreds of processes: without compiled files each would compile this project again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test flaky e2e reliability soak check format modules bench bench-claims size audit-deps pins clean
.DELETE_ON_ERROR:

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(RUNS) ## try it in a browser, without any account; PORT=8010 listens there, MOCK=1 sells with the mock
	@exec $(PY) run.py demo --port $(PORT) $(if $(MOCK),--mock)

test: $(DEVELOPS) ## run all tests except e2e, on SQLite and PostgreSQL; ARGS="-k refund" goes to pytest
	@$(PY) -m pytest -n auto --dist worksteal $(ARGS)

flaky: $(DEVELOPS) ## run all tests N=5 times and list red ones; LOAD=1 beside two endless loops, ORDER=random
	@$(PY) -m tests.flaky --runs $(N) --order $(ORDER) $(if $(LOAD),--load) $(ARGS)

e2e: $(DEVELOPS) ## run the tests that need Chromium and node
	@missing=; \
	for tool in node npm chromedriver; do \
		command -v $$tool >/dev/null 2>&1 || missing="$$missing $$tool"; \
	done; \
	command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 \
		|| command -v google-chrome >/dev/null 2>&1 \
		|| [ -d "/Applications/Google Chrome.app" ] || missing="$$missing chromium"; \
	if [ -n "$$missing" ]; then \
		echo "make e2e needs programs that are missing here:$$missing" >&2; \
		echo "  Debian, Ubuntu: apt-get install chromium chromium-driver nodejs npm" >&2; \
		echo "  macOS: brew install node chromedriver && brew install --cask google-chrome" >&2; \
		exit 1; \
	fi
	@$(MAKE) --no-print-directory $(NODE_MODULES)
	@$(PY) -m pytest -m e2e $(ARGS)

reliability: $(DEVELOPS) ## run the reliability tests in full size, about an hour; ARGS="-k crowd" goes to pytest
	@$(PY) -m tests.reliability $(ARGS)

soak: $(DEVELOPS) ## simulate a busy day on each database; MINUTES=10 is how long each takes
	@$(PY) -m tests.soak --minutes $(MINUTES) $(ARGS)

check: $(DEVELOPS) ## check format, lint, types and imports
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports --no-cache

format: $(DEVELOPS) ## format the code, and fix what the linter can fix
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

modules: $(DEVELOPS) ## write docs/modules.md again, from the modules' docstrings
	@$(PY) -m tests.module_list

bench: $(DEVELOPS) ## measure the webhook against an empty POST, and the time from a payment to the start of the work
	@$(PY) -m tests.benchmarks.webhook
	@$(PY) -m tests.benchmarks.waking

bench-claims: $(DEVELOPS) ## measure each claim at a thousand and at a million rows; ARGS="--rows 100000" for fewer
	@$(PY) -m tests.benchmarks.claims $(ARGS)

size: N = 1000000
size: $(DEVELOPS) ## time each claim, list, page, round and command with a past of N=1000000 entries
	@$(PY) -m tests.size --entries $(N) $(ARGS)

audit-deps: $(AUDITS) ## compare the pinned requirements with known weaknesses; needs internet access
	@.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off \
		--requirement requirements.txt

pins: $(DEVELOPS) ## pin the requirements again after a change of pyproject.toml; UPGRADE=1 takes newer ones
	@$(PIP_COMPILE) --output-file requirements.txt pyproject.toml
	@$(PIP_COMPILE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	@for pins in requirements.txt requirements-dev.txt; do \
		{ echo "$(PINS_HEADER)"; cat $$pins; } > $$pins.new && mv $$pins.new $$pins; \
	done

clean: ## remove what the other targets created; your data/ and .env stay
	@rm -rf .venv tests/e2e/node_modules artifacts .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# If the interpreter of .venv is gone (Python was updated or removed), .venv is created again.
$(PY):
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name yours: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is `$(PYTHON) --version 2>&1`." >&2; \
		echo "Name another one: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@echo "Creating .venv with `$(PYTHON) --version`"
	@$(PYTHON) -m venv --clear .venv || { \
		rm -rf .venv; \
		echo "$(PYTHON) cannot create an environment. On Debian and Ubuntu run: apt-get install python3-venv" >&2; \
		exit 1; }

$(RUNS): requirements.txt | $(PY)
	@echo "Installing the packages (only once, about a minute)"
	@$(PIP_INSTALL) requirements.txt
	@touch $@

$(DEVELOPS): requirements-dev.txt | $(PY)
	@echo "Installing the packages for development (only once, one or two minutes)"
	@$(PIP_INSTALL) requirements-dev.txt
	@touch $(RUNS) $@

# In its own environment: the auditing tool has requirements that nothing else here should have.
$(AUDITS): | $(PY)
	@$(PY) -m venv --clear .venv/audit
	@.venv/audit/bin/python -m pip install --quiet --disable-pip-version-check --no-input "pip-audit==2.10.*"
	@touch $@

$(NODE_MODULES): tests/e2e/package.json tests/e2e/package-lock.json
	@npm ci --prefix tests/e2e --no-audit --no-fund
	@touch $@
