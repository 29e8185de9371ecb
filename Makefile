# Needs Python 3.11 or newer and make; `make lock` and `make lowest` also need uv.

PYTHON ?= python3
VENV ?= .venv
UV ?= uv
SCENARIO ?= scenarios/hyundai.yaml
ARGS ?=
WORKERS ?= 2
FILES ?= 20000
OLDEST ?= python3.11
LOWEST ?= .venv-lowest
LOWEST_TESTS := tests/models/test_fitting.py tests/models/test_posterior.py tests/observations/test_agency_files.py \
	tests/plots/test_plots.py tests/report/test_workbook.py tests/results/test_forgeries.py tests/results/test_run.py \
	tests/results/test_verify.py tests/scenario/test_scenario_forms.py

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: run test slow clusters pages docs notebooks golden refit properties lowest lint style types contracts lock clean

run: $(INSTALLED)
	"$(BIN)/forecast" run "$(SCENARIO)" $(ARGS)

test: $(INSTALLED) # files in their order: the package's own examples, which take least, come last and leave no worker alone
	"$(BIN)/python" -m pytest --numprocesses "$(WORKERS)" --dist loadfile --no-loadscope-reorder -m "not refit and not slow" $(ARGS)

slow: $(INSTALLED) # what takes seconds a test; with `make test` every test but the refit
	"$(BIN)/python" -m pytest --numprocesses "$(WORKERS)" --dist loadfile --no-loadscope-reorder -m slow $(ARGS)

pages: $(INSTALLED)
	"$(BIN)/python" docs/pages.py write
	"$(BIN)/python" docs/gallery.py write

docs: $(INSTALLED)
	"$(BIN)/python" docs/website.py build/website

notebooks: $(INSTALLED)
	"$(BIN)/python" notebooks/outputs.py write $(ARGS)

golden: $(INSTALLED)
	"$(BIN)/python" tests/golden/record.py check $(ARGS)

refit: $(INSTALLED)
	"$(BIN)/python" -m pytest tests/test_refit.py -m refit $(ARGS)

clusters: $(INSTALLED)
	"$(BIN)/python" -m pip install --quiet --only-binary :all: "ray>=2.40"
	"$(BIN)/python" -m pytest tests/engine/test_clusters.py $(ARGS)

properties: $(INSTALLED)
	FORECAST_FILES=$(FILES) "$(BIN)/python" -m pytest tests/test_generated.py tests/test_generated_files.py $(ARGS)

lowest:
	"$(UV)" venv --quiet --clear --python "$(OLDEST)" "$(LOWEST)"
	"$(UV)" pip install --quiet --python "$(LOWEST)" --resolution lowest-direct --only-binary :all: --no-binary forecast \
		--editable '.[backtest,test]'
	"$(LOWEST)/bin/python" -m pytest -W default --numprocesses "$(WORKERS)" --dist loadfile $(LOWEST_TESTS) $(ARGS)

lint: style types contracts

style: $(INSTALLED)
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .

types: $(INSTALLED)
	"$(BIN)/mypy"

contracts: $(INSTALLED)
	"$(BIN)/lint-imports"

lock:
	UV_CUSTOM_COMPILE_COMMAND="make lock" "$(UV)" pip compile pyproject.toml --extra backtest --extra test --extra docs --extra dev --universal --python-version 3.11 \
		--fork-strategy requires-python --only-binary :all: --generate-hashes --no-emit-index-url --no-annotate \
		--quiet --output-file requirements.lock $(ARGS)

clean:
	rm -rf "$(VENV)" "$(LOWEST)" build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find forecast tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): $(VENV)/.locked pyproject.toml
	"$(BIN)/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch "$@"

$(VENV)/.locked: requirements.lock
	@"$(PYTHON)" -c 'import sys; sys.version_info >= (3, 11) or sys.exit("got Python " + sys.version.split()[0] + ", expected 3.11 or newer: name one with make PYTHON=/path/to/python3.11")'
	"$(PYTHON)" -m venv --clear "$(VENV)"
	"$(BIN)/python" -m pip install --quiet --only-binary :all: --require-hashes --requirement requirements.lock
	touch "$@"
