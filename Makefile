# `make demo` and `make test` do all their own set-up; they need Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
DEMO ?= demo
DEMO_FLAGS ?=
BENCHMARKS = $$(grep -lw conclude benchmarks/*.py | grep -v claims.py)  # what ends with a claim
TWO := -n 2 --dist loadfile  # tests in two processes, a file in one of them

.PHONY: demo test test-slow lint bench clean

demo: $(READY)
	@if [ -d runs/$(DEMO) ]; then $(BIN)/tsearch resume $(DEMO); \
	else $(BIN)/tsearch run digits_dvs --name $(DEMO) $(DEMO_FLAGS); fi
	@$(BIN)/tsearch report $(DEMO)
	@[ -d runs/$(DEMO)/bundle ] || $(BIN)/tsearch export $(DEMO) --output runs/$(DEMO)/bundle
	@$(BIN)/tsearch evaluate runs/$(DEMO)/bundle

test: $(READY)
	$(BIN)/python -m pytest $(TWO)

test-slow: $(READY)
	$(BIN)/python -m pytest -m slow --timeout 900

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	@failed=; for script in $(BENCHMARKS); do \
		echo "== $$script"; $(BIN)/python $$script || failed="$$failed $$script"; \
	done; [ -z "$$failed" ] || { echo "failed:$$failed"; exit 1; }

# The environment: made once, and again when a dependency changes.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, found " + sys.version.split()[0])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	PIP_CONSTRAINT=$(CURDIR)/constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV)
