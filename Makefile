# Two environments: .venv runs the library and its tests on any Python from 3.8 on; .venv-tools
# holds what checks and builds it, on Python 3.11 or newer (found on PATH or in pyenv).

PYTHON ?= python3
PYTEST_ARGS ?= --numprocesses auto
ONLY ?=
MODULES ?=
SECONDS ?= 600
MINUTES ?= 15
SEED ?=
JOBS ?= 1

VENV := .venv
TOOLS := .venv-tools
MUTATION := .venv-mutation
FUZZ := .venv-fuzz
RUN := $(VENV)/bin/python
TOOL := $(TOOLS)/bin

CHECKED := $(wildcard src tests benchmarks examples tools stubs)
SHIPPED := $(wildcard src/parca_scrape src/charms)

# What is built, generated or has the tools of another project in it.
BUILD_TESTS := tests/release

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 8))
TOO_OLD := "$(PYTHON) is older than Python 3.8: name another one with make PYTHON=..."
PIP_INSTALL = $(@D)/bin/python -m pip install --quiet --disable-pip-version-check
# Ubuntu 20.04 has a pip that cannot install a project in place.
PIP_UPGRADE = $(PIP_INSTALL) 'pip>=21.3'

.DELETE_ON_ERROR:
.PHONY: help demo test lint single-files format coverage matrix build mutation fuzz soak functional lock clean

help:
	@echo "make demo      render the examples"
	@echo "make test      run the tests (PYTEST_ARGS='tests/core/test_targets.py -k ipv6')"
	@echo "make lint      ruff, vermin, mypy, pyright"
	@echo "make single-files  make lib/charms anew after a change of the package"
	@echo "make format    let ruff rewrite what it can"
	@echo "make coverage  branch coverage; the core must be covered whole"
	@echo "make matrix    every Python here, every ops, every form (ONLY='3.8 3.12')"
	@echo "make build     sdist and wheel, built twice and compared, into dist/"
	@echo "make mutation  do the tests notice mistakes in the core? an hour (MODULES='tls jobs')"
	@echo "make fuzz      fuzz what reads databags and dumps, $(SECONDS) seconds (SECONDS=3600)"
	@echo "make soak      tell Juju's stories to the library, $(MINUTES) minutes (MINUTES=60)"
	@echo "make functional  feed a real Parca, if there is one (PARCA_BINARY=/path/to/parca)"
	@echo "make lock      pin the newest packages in tools/requirements"
	@echo "make clean     remove all that the above made"

demo: $(VENV)/installed
	@for dump in examples/*.yaml; do \
	    echo "# parca-scrape render $$dump"; \
	    $(VENV)/bin/parca-scrape render "$$dump" || [ $$? -eq 1 ] || exit 2; \
	done

test: $(VENV)/with-tests
	$(RUN) -m pytest $(PYTEST_ARGS)

lint: $(TOOLS)/installed
	$(TOOL)/python tools/single_file.py --check
	$(TOOL)/ruff check
	$(TOOL)/ruff format --check
	$(TOOL)/vermin --quiet --no-tips --violations --target=3.8- $(SHIPPED)
	$(TOOL)/mypy $(CHECKED)
	$(TOOL)/pyright --pythonpath $(TOOL)/python $(CHECKED)
	PATH="$(CURDIR)/$(TOOL):$$PATH" pyright --verifytypes parca_scrape --ignoreexternal

single-files: $(TOOLS)/installed
	$(TOOL)/python tools/single_file.py

format: $(TOOLS)/installed
	$(TOOL)/ruff check --fix
	$(TOOL)/ruff format

coverage: $(TOOLS)/installed
	$(TOOL)/python -m pytest $(PYTEST_ARGS) -m "not once" --hypothesis-profile small --cov \
	    --cov-report=
	$(TOOL)/coverage report
	core="$$($(TOOL)/python tools/core.py)" && \
	    $(TOOL)/coverage report --include="$$core" --fail-under=100

matrix: build
	PYTHONPATH=. $(TOOL)/python tools/matrix.py $(ONLY)

build: $(TOOLS)/installed
	$(TOOL)/python tools/build.py
	$(TOOL)/python -m pytest $(PYTEST_ARGS) $(BUILD_TESTS)

# What it tried stands in .mutation: stop it with Ctrl-C, and the same command goes on from there.
mutation: $(MUTATION)/installed
	$(MUTATION)/bin/python tools/mutation.py --jobs $(JOBS) $(MODULES)

# What fails becomes a test: it is kept in the corpus, which tests/core/test_corpus.py runs again.
fuzz: $(FUZZ)/installed
	@for target in databags command; do \
	    mkdir -p .fuzz/$$target; \
	    echo "fuzzing $$target for $$(( $(SECONDS) / 2 )) seconds; stop it with Ctrl-C"; \
	    $(FUZZ)/bin/python -m tests.fuzz.fuzz_$$target -max_total_time=$$(( $(SECONDS) / 2 )) \
	        -artifact_prefix=tests/fuzz/corpus/$$target/ -print_final_stats=1 \
	        .fuzz/$$target tests/fuzz/corpus/$$target || exit; \
	done

# Each batch of stories has a seed: `make soak SEED=...` tells the one that failed again.
soak: $(VENV)/with-tests
	$(RUN) -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

functional: $(VENV)/with-tests
	$(RUN) -m pytest -rs tests/functional

lock: $(TOOLS)/installed
	cd tools/requirements && for name in tests tests-ops2.2 tests-ops2.23; do \
	    ../../$(TOOL)/uv pip compile --quiet --upgrade --universal --strip-extras --no-annotate \
	        --python-version 3.8 $$name.in -o $$name.txt || exit; \
	done
	cd tools/requirements && ../../$(TOOL)/uv pip compile --quiet --upgrade --universal --strip-extras \
	    --no-annotate --python-version 3.11 tools.in -o tools.txt
	cd tools/requirements && for name in mutation fuzz; do \
	    ../../$(TOOL)/uv pip compile --quiet --upgrade --universal --strip-extras --no-annotate \
	        --python-version 3.12 $$name.in -o $$name.txt || exit; \
	done

clean:
	rm -rf $(VENV) $(TOOLS) $(MUTATION) $(FUZZ) .fuzz .mutation .matrix dist .coverage* .hypothesis .*_cache
	find src tests tools -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/created:
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo $(TOO_OLD) >&2; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP_UPGRADE)
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml tools/requirements/tests.txt
	$(PIP_INSTALL) --constraint tools/requirements/tests.txt --editable .
	@touch $@

$(VENV)/with-tests: $(VENV)/installed tools/requirements/tests.txt
	$(PIP_INSTALL) --requirement tools/requirements/tests.txt
	@touch $@

$(TOOLS)/created:
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo $(TOO_OLD) >&2; exit 2; }
	python="$$($(PYTHON) tools/interpreters.py --at-least 3.11)" && \
	    "$$python" -m venv --clear $(TOOLS)
	$(PIP_UPGRADE)
	@touch $@

# atheris has wheels for 3.12 and newer only.
$(MUTATION)/created $(FUZZ)/created:
	@$(PYTHON) -c '$(NEW_ENOUGH)' || { echo $(TOO_OLD) >&2; exit 2; }
	python="$$($(PYTHON) tools/interpreters.py --at-least 3.12)" && \
	    "$$python" -m venv --clear $(@D)
	$(PIP_UPGRADE)
	@touch $@

$(MUTATION)/installed $(FUZZ)/installed: %/installed: %/created pyproject.toml \
    tools/requirements/mutation.txt tools/requirements/fuzz.txt
	$(PIP_INSTALL) --requirement tools/requirements/$(@D:.venv-%=%).txt
	$(PIP_INSTALL) --constraint tools/requirements/$(@D:.venv-%=%).txt --editable .
	@touch $@

$(TOOLS)/installed: $(TOOLS)/created pyproject.toml tools/requirements/tools.txt
	$(PIP_INSTALL) --requirement tools/requirements/tools.txt
	$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@
