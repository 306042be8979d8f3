# The commands a person types. `make` alone lists them; ARGS="..." is handed to the command behind
# run, dev, status, export, preflight, validate, test, bench, fuzz and audit, for example
# `make run ARGS=--force`.
#
# Everything that is installed comes from the hashed locks, through the user's own pip
# configuration. All paths are relative, so the repository may lie in any folder.

.DEFAULT_GOAL := help
SHELL := /bin/sh
MAKEFLAGS += --no-builtin-rules

# Another folder for the virtual environment, and the Python it is made of.
VENV ?= .venv
PYTHON ?=
ARGS ?=
export PYTHON

ifneq ($(words $(VENV)),1)
$(error VENV must be one path without spaces, not "$(VENV)")
endif

python := $(VENV)/bin/python
pip := $(python) -m pip --disable-pip-version-check --no-input

# A file in the environment says which step of its creation was finished last. Without them, an
# interrupted installation would be taken for a whole one.
locked := $(VENV)/.locked
installed := $(VENV)/.installed
developed := $(VENV)/.developed
clustered := $(VENV)/.clustered

# Scripts and the editable install hold absolute paths: after the repository was moved or copied,
# an environment that came along would run the code of the old folder.
ifneq ($(shell cat "$(locked)" 2>/dev/null),$(CURDIR))
$(locked): elsewhere
endif

# Prints the newest Python that the locks are tested with, else 3.14, for which they have wheels.
define find_python
if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; \
else set -- python3.13 python3.12 python3.11 python3.14 python3 python; fi; \
found=; seen=; \
for candidate do \
	version=$$("$$candidate" -c 'import ensurepip, sys, venv; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue; \
	case $$version in \
	3.1[1-4]) found=$$candidate; break ;; \
	*) seen="$$seen $$candidate is $$version;" ;; \
	esac; \
done; \
if [ -z "$$found" ]; then \
	echo "This needs Python 3.11, 3.12, 3.13 or 3.14 with its venv module (a package of its own on" >&2; \
	echo "Debian and Ubuntu: python3-venv). Looked at: $$*.$${seen:+ Unsuitable:$$seen}" >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(or $(MAKECMDGOALS),run)" >&2; \
	exit 1; \
fi
endef

.PHONY: help .venv cluster run dev status export preflight validate test check bench cluster-bench fuzz audit lock clean elsewhere

help:
	@echo "make run        build every artifact that is missing or out of date"
	@echo "make dev        start the Dagster web UI on this machine"
	@echo "make status     list what is out of date, and why"
	@echo "make export     make what trainers load; one format: make export ARGS='--format qwen'"
	@echo "make preflight  report what each trainer would make of the corpus"
	@echo "make validate   check the exports, or others: make validate ARGS=path/to/export"
	@echo "make test       run the tests"
	@echo "make check      run the linter, the formatter's check and the type checker"
	@echo "make bench      measure figures and videos against the original way of drawing them"
	@echo "make cluster-bench  measure one process, two, and a Dask cluster of two"
	@echo "make fuzz       try odd inputs, for example: make fuzz ARGS='--target csv --runs 100000'"
	@echo "make audit      hold the pinned packages against published vulnerabilities"
	@echo "make .venv      create the virtual environment only"
	@echo "make cluster    add what Dask, PostgreSQL, Kubernetes and S3 need to the environment"
	@echo "make lock       make the lock files again from pyproject.toml"
	@echo "make clean      remove the virtual environment and the tools' caches"

.venv: $(installed)

cluster: $(clustered)

run: $(installed)
	@"$(VENV)/bin/zwu-ts-assets" run $(ARGS)

dev: $(installed)
	@"$(VENV)/bin/zwu-ts-assets" dev $(ARGS)

status: $(installed)
	@"$(VENV)/bin/zwu-ts-assets" status $(ARGS)

export: $(installed)
	@"$(VENV)/bin/zwu-ts-assets" export $(ARGS)

preflight: $(installed)
	@"$(VENV)/bin/zwu-ts-assets" preflight $(ARGS)

validate: $(installed)
	@"$(VENV)/bin/zwu-ts-assets" validate $(ARGS)

test: $(developed)
	$(python) -m pytest $(ARGS)

check: $(developed)
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

cluster-bench: $(clustered)
	@$(python) -m benchmarks.cluster $(ARGS)

bench: $(installed)
	@$(python) -m benchmarks.bench $(ARGS)

fuzz: $(developed)
	@$(python) -m zwu_ts_assets_tests.fuzz $(ARGS)

audit: $(developed)
	@$(python) -m zwu_ts_assets_tests.audit $(ARGS) requirements.lock requirements-cluster.lock requirements-dev.lock

# Made from nothing whenever the lock changes: an update in place would keep packages that the lock
# no longer names.
$(locked): requirements.lock
	@set -e; $(find_python); \
	echo "Creating $(VENV) with $$("$$found" --version); this takes a minute or two."; \
	rm -rf "$(VENV)"; \
	"$$found" -m venv "$(VENV)"; \
	$(pip) install --quiet --no-deps --require-hashes --requirement requirements.lock; \
	pwd > "$@"

# The build backend is in the lock, so installing the project itself downloads nothing.
$(installed): $(locked) pyproject.toml
	@$(pip) install --quiet --no-deps --no-build-isolation --editable .
	@touch "$@"

$(clustered): $(installed) requirements-cluster.lock
	@$(pip) install --quiet --no-deps --require-hashes --requirement requirements-cluster.lock
	@touch "$@"

$(developed): $(installed) requirements-dev.lock
	@$(pip) install --quiet --no-deps --require-hashes --requirement requirements-dev.lock
	@touch "$@"

# Keeps every pin that still satisfies pyproject.toml; `make lock ARGS=--upgrade` takes the newest.
# One version of each package for all Pythons, so that all of them draw the same bytes. The other
# locks are held to the first, so that clusters and tests run with what `make run` installs.
uv_compile = "$$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-header --no-emit-index-url $(ARGS) --extra build

lock:
	@set -e; $(find_python); \
	tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; trap 'exit 1' INT TERM; \
	"$$found" -m venv "$$tools"; \
	"$$tools/bin/python" -m pip --disable-pip-version-check install --quiet "uv>=0.13,<0.14"; \
	$(uv_compile) pyproject.toml --output-file requirements.lock; \
	$(uv_compile) --extra cluster --constraints requirements.lock pyproject.toml \
		--output-file requirements-cluster.lock; \
	$(uv_compile) --extra dev --constraints requirements-cluster.lock pyproject.toml \
		--output-file requirements-dev.lock

clean:
	rm -rf "$(VENV)" .mypy_cache .pytest_cache .ruff_cache .hypothesis dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
