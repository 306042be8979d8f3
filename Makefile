# The commands a person types. `make` alone lists them; ARGS="..." is handed to the command behind
# run, dev, fetch, synthetic, status, export, preflight, evidence, score, validate, publish, test,
# docs, bench, trainers, learnability, crash-points, fuzz and audit, for example `make run ARGS=--force`.
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

# The programs, by where they really are: $(VENV) is a link to an environment, and what was started
# before a changed lock led it to another one must go on in its own.
bin := $$(cd "$(VENV)" && pwd -P)/bin
python := "$(bin)/python"

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

# Makes an environment with the locks that it is to have besides requirements.lock, or with one of
# its own, if it is not there. Its own Python tells: one that does not start has to be made again.
define ensure
@if ! "$(2)/bin/python" -I tools/environment.py check "$(2)" $(1) 2>/dev/null; then \
	$(find_python); \
	"$$found" -I tools/environment.py make "$(2)" $(1); \
fi
endef

.PHONY: help .venv .developed cluster run dev fetch synthetic status export look preflight evidence score validate publish test test-all check docs bench cluster-bench trainers learnability crash-points fuzz audit lock clean

help:
	@echo "make run        build every artifact that is missing or out of date"
	@echo "make dev        start the Dagster web UI on this machine"
	@echo "make fetch      download benchmark files: make fetch ARGS='etth2 weather', or ARGS=--list"
	@echo "make synthetic  make a series whose truth is known, to ask about and to test with"
	@echo "make status     list what is out of date, and why"
	@echo "make export     make what trainers load; one format: make export ARGS='--format qwen'"
	@echo "make look       make pages of every sample, task and split to look at, and say where they are"
	@echo "make preflight  report what each trainer would make of the corpus"
	@echo "make evidence   prove that questions need the picture: blind and pixel readers"
	@echo "make score      score a model's answers: make score ARGS='predictions.jsonl --dataset etth1'"
	@echo "make validate   check the exports, or others: make validate ARGS=path/to/export"
	@echo "make publish    push an export to the Hugging Face hub: make publish ARGS='owner/name'"
	@echo "make test       run the fast tests: no daemon, no browser, no cluster, nothing that is killed"
	@echo "make test-all   run all tests"
	@echo "make check      run the linter, the formatter's check and the type checker"
	@echo "make docs       build the documentation site into site/; a warning is an error"
	@echo "make bench      measure figures and videos against the original way of drawing them"
	@echo "make cluster-bench  measure one process, two, and a Dask cluster of two"
	@echo "make trainers   run real trainers on the exports, in environments of their own (14 GB)"
	@echo "make learnability  have a small model learn from pictures alone, and test it"
	@echo "make crash-points  stop a run at each of its writes in turn, in every way"
	@echo "make fuzz       try odd inputs, for example: make fuzz ARGS='--target csv --runs 100000'"
	@echo "make audit      hold the pinned packages against published vulnerabilities"
	@echo "make .venv      create the virtual environment only"
	@echo "make cluster    add what Dask, PostgreSQL, Kubernetes and S3 need to the environment"
	@echo "make lock       make the lock files again from pyproject.toml"
	@echo "make clean      remove the virtual environment and the tools' caches"

.venv:
	$(call ensure,,$(VENV))

.developed:
	$(call ensure,dev,$(VENV))

cluster:
	$(call ensure,cluster,$(VENV))

run: .venv
	@"$(bin)/zwu-ts-assets" run $(ARGS)

dev: .venv
	@"$(bin)/zwu-ts-assets" dev $(ARGS)

fetch: .venv
	@"$(bin)/zwu-ts-assets" fetch $(ARGS)

synthetic: .venv
	@"$(bin)/zwu-ts-assets" synthetic $(ARGS)

status: .venv
	@"$(bin)/zwu-ts-assets" status $(ARGS)

export: .venv
	@"$(bin)/zwu-ts-assets" export $(ARGS)

look: .venv
	@"$(bin)/zwu-ts-assets" look $(ARGS)

preflight: .venv
	@"$(bin)/zwu-ts-assets" preflight $(ARGS)

evidence: .venv
	@"$(bin)/zwu-ts-assets" evidence $(ARGS)

score: .venv
	@"$(bin)/zwu-ts-assets" score $(ARGS)

validate: .venv
	@"$(bin)/zwu-ts-assets" validate $(ARGS)

publish: .venv
	@"$(bin)/zwu-ts-assets" publish $(ARGS)

test: .developed
	$(python) -m pytest -m "not slow and not browser" --numprocesses=2 --dist=loadfile $(ARGS)

test-all: .developed
	$(python) -m pytest $(ARGS)

check: .developed
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy

# The variable silences a notice about the theme's successor, which looks like a warning of ours.
docs: .developed
	@NO_MKDOCS_2_WARNING=1 $(python) -m mkdocs build --strict $(ARGS)

cluster-bench: cluster
	@$(python) -m benchmarks.cluster $(ARGS)

bench: .venv
	@$(python) -m benchmarks.bench $(ARGS)

# Trainers contradict each other in what they need, so there are two environments, named by the
# version of transformers in them.
trainers: .venv
	$(call ensure,transformers5,$(VENV).transformers5)
	$(call ensure,transformers4,$(VENV).transformers4)
	@$(python) -m benchmarks.trainers --transformers5 "$(VENV).transformers5/bin/python" \
		--transformers4 "$(VENV).transformers4/bin/python" $(ARGS)

# Asks and draws in the project's environment, and learns in that of TRL, which has PyTorch.
learnability: .venv
	$(call ensure,transformers5,$(VENV).transformers5)
	@$(python) -m benchmarks.learnability --torch "$(VENV).transformers5/bin/python" $(ARGS)

crash-points: .developed
	@$(python) -m zwu_ts_assets_tests.crash_points $(ARGS)

fuzz: .developed
	@$(python) -m zwu_ts_assets_tests.fuzz $(ARGS)

audit: .developed
	@$(python) -m zwu_ts_assets_tests.audit $(ARGS) requirements.lock requirements-cluster.lock requirements-dev.lock

# Keeps every pin that still satisfies pyproject.toml; `make lock ARGS=--upgrade` takes the newest.
# One version of each package for all Pythons, so that all of them draw the same bytes. The other
# locks are held to the first, so that clusters and tests run with what `make run` installs.
# Those of the trainers are on their own.
uv_lock = "$$tools/bin/uv" pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-header --no-emit-index-url $(ARGS)
uv_compile = $(uv_lock) --extra build

lock:
	@set -e; $(find_python); \
	tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; trap 'exit 1' INT TERM; \
	"$$found" -m venv "$$tools"; \
	"$$tools/bin/python" -m pip --disable-pip-version-check install --quiet "uv>=0.13,<0.14"; \
	$(uv_compile) pyproject.toml --output-file requirements.lock; \
	$(uv_compile) --extra cluster --constraints requirements.lock pyproject.toml \
		--output-file requirements-cluster.lock; \
	$(uv_compile) --extra dev --constraints requirements-cluster.lock pyproject.toml \
		--output-file requirements-dev.lock; \
	for group in transformers5 transformers4; do \
		$(uv_lock) --group $$group --output-file requirements-$$group.lock; \
	done

clean:
	for name in "$(VENV)" "$(VENV).transformers5" "$(VENV).transformers4"; do \
		rm -rf "$$name" "$$name.environments"; \
	done
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis dist site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
