# Two environments: .venv runs the library and its tests on Python 3.8 or newer; .venv-tools holds
# what checks and builds the library, on Python 3.11 or newer (found on PATH or in pyenv).

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
EXAMPLES := .venv-examples
RUN := $(VENV)/bin/python
TOOL := $(TOOLS)/bin

CHECKED := $(wildcard src tests benchmarks probes tools stubs docs/conf.py)
# The code in the documentation, for the type checkers.
SNIPPETS := _build/snippets
SHIPPED := $(wildcard src/parca_scrape src/charms)
PIP_INSTALL = $(@D)/bin/python -m pip install --quiet --disable-pip-version-check
# Ubuntu 20.04 has a pip that cannot install a project in place.
PIP_UPGRADE = $(PIP_INSTALL) 'pip>=21.3'

.DELETE_ON_ERROR:
.PHONY: help demo test lint workflows misspellings docs single-files reference format coverage matrix build zipapp mutation fuzz soak examples functional lock clean

help:
	@echo "make demo          render and check the examples"
	@echo "make test          run the tests (PYTEST_ARGS='tests/core/test_targets.py -k host')"
	@echo "make lint          ruff, vermin, mypy, pyright; are the single files up to date?"
	@echo "make workflows     zizmor and actionlint on .github"
	@echo "make misspellings  does mypy notice each misspelt field of a dataclass?"
	@echo "make docs          build the documentation site into _build/html; are all links good?"
	@echo "make format        let ruff rewrite what it can"
	@echo "make single-files  generate lib/charms after a change of the package"
	@echo "make reference     write docs/reference/api.md and the schema in interface/"
	@echo "make coverage      branch coverage of the core, which must be 100%"
	@echo "make build         build sdist and wheel twice into dist/ and compare"
	@echo "make zipapp        build the command line as one file, dist/parca-scrape.pyz"
	@echo "make matrix        test the wheel on every Python here, with every ops (ONLY='3.8 3.12')"
	@echo "make mutation      do the tests notice mistakes in the core? an hour (MODULES='tls jobs')"
	@echo "make fuzz          fuzz the decoders, $(SECONDS) seconds (SECONDS=3600)"
	@echo "make soak          random histories of a Juju model, $(MINUTES) minutes (MINUTES=60)"
	@echo "make examples      test the example charms with the wheel (Python 3.10 or newer)"
	@echo "make functional    run a real Parca, if there is one (PARCA_BINARY=/path/to/parca)"
	@echo "make lock          pin the newest packages in tools/requirements"
	@echo "make clean         remove everything that the other targets make"

demo: $(VENV)/installed
	@for dump in examples/*.yaml; do \
	    for command in render check; do \
	        echo "# parca-scrape $$command $$dump"; \
	        $(VENV)/bin/parca-scrape $$command "$$dump" || [ $$? -eq 1 ] || exit 2; \
	    done; \
	done

test: $(VENV)/with-tests
	$(RUN) -m pytest $(PYTEST_ARGS)

lint: $(TOOLS)/installed
	$(TOOL)/python tools/single_file.py --check
	$(TOOL)/python tools/reference.py --check
	$(TOOL)/python tools/interface.py --check
	$(TOOL)/ruff check
	$(TOOL)/ruff format --check
	$(TOOL)/vermin --quiet --no-tips --violations --target=3.8- $(SHIPPED)
	$(TOOL)/python -m tests.snippets $(SNIPPETS)
	$(TOOL)/mypy $(CHECKED) $(SNIPPETS)
	$(TOOL)/pyright --pythonpath $(TOOL)/python $(CHECKED) $(SNIPPETS)
	PATH="$(CURDIR)/$(TOOL):$$PATH" pyright --verifytypes parca_scrape --ignoreexternal

# actionlint is a program in Go: without Go, it checks only where it is on PATH.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
workflows: $(TOOLS)/installed
	$(TOOL)/zizmor --offline --no-progress --quiet --persona=pedantic .github
	@! command -v go > /dev/null || CGO_ENABLED=0 GOBIN="$(CURDIR)/$(TOOL)" go install $(ACTIONLINT)
	@PATH="$(CURDIR)/$(TOOL):$$PATH"; if command -v actionlint > /dev/null; then \
	    echo actionlint; actionlint; \
	else \
	    echo "no Go, and no actionlint on PATH: only zizmor"; \
	fi

misspellings: $(TOOLS)/installed
	$(TOOL)/python tools/misspellings.py

# What the theme prints about extensions that it does without is of no interest.
docs: $(TOOLS)/installed
	$(TOOL)/sphinx-build -q --fresh-env --write-all --fail-on-warning --keep-going \
	    --nitpicky --builder html --doctree-dir _build/doctrees docs _build/html > /dev/null
	@echo "open _build/html/index.html"

single-files: $(TOOLS)/installed
	$(TOOL)/python tools/single_file.py

reference: $(TOOLS)/installed
	$(TOOL)/python tools/reference.py
	$(TOOL)/python tools/interface.py

format: $(TOOLS)/installed
	$(TOOL)/ruff check --fix
	$(TOOL)/ruff format

coverage: $(TOOLS)/installed
	$(TOOL)/python -m pytest $(PYTEST_ARGS) -m "not once" --hypothesis-profile small \
	    --ignore tests/cli --ignore tests/migration --cov --cov-report=
	core="$$($(TOOL)/python tools/core.py)" && \
	    $(TOOL)/coverage report --include="$$core" --fail-under=100

matrix: build
	PYTHONPATH=.:tools $(TOOL)/nox --noxfile tools/noxfile.py --parallel auto \
	    $(if $(ONLY),--python $(ONLY) --error-on-missing-interpreters, \
	        --no-error-on-missing-interpreters)

# Tests of what is built or generated, which `make test` skips where it lacks the tools for them.
NEED_TOOLS := $(addprefix tests/release/test_,packaging.py generated.py stubs.py \
    reference.py misspellings.py)
build: $(TOOLS)/installed
	$(TOOL)/python tools/build.py
	$(TOOL)/python -m pytest $(PYTEST_ARGS) $(NEED_TOOLS)

zipapp:
	$(PYTHON) tools/zipapp_file.py

# Its results are kept in .mutation: stop it with Ctrl-C, and the same command continues.
mutation: $(MUTATION)/installed
	$(MUTATION)/bin/python tools/mutation.py --jobs $(JOBS) $(MODULES)

# An input that fails is kept in the corpus, and tests/core/test_corpus.py runs it again.
fuzz: $(FUZZ)/installed
	@for target in databags command; do \
	    mkdir -p .fuzz/$$target; \
	    echo "fuzzing $$target for $$(( $(SECONDS) / 2 )) seconds; stop it with Ctrl-C"; \
	    $(FUZZ)/bin/python -m tests.fuzz.fuzz_$$target -max_total_time=$$(( $(SECONDS) / 2 )) \
	        -artifact_prefix=tests/fuzz/corpus/$$target/ -print_final_stats=1 \
	        .fuzz/$$target tests/fuzz/corpus/$$target || exit; \
	done

# Each batch prints its seed; `make soak SEED=...` repeats the batch that failed.
soak: $(VENV)/with-tests
	$(RUN) -m tests.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

# Without Juju, the integration tests are collected and type-checked only.
examples: $(EXAMPLES)/installed
	@set -e; bin=$(CURDIR)/$(EXAMPLES)/bin; \
	for charm in $(dir $(wildcard examples/*/charmcraft.yaml)); do \
	    echo "# $$charm"; \
	    cd $(CURDIR)/$$charm; \
	    $$bin/python -m pytest --quiet tests/unit; \
	    $$bin/python -m pytest --quiet --collect-only tests/integration; \
	    $$bin/mypy; \
	    $$bin/pyright --pythonpath $$bin/python --project .; \
	done

# Most of these tests wait, so there are more of them at once than there may be processors; but those
# of the limits and of the storage keep Parca busy, which must not be short of processors.
LIMITS := tests/functional/test_limits.py
STORAGE := tests/functional/test_storage.py
functional: $(VENV)/with-tests
	$(RUN) -m pytest -rs --numprocesses 4 --ignore $(LIMITS) --ignore $(STORAGE) tests/functional
	$(RUN) -m pytest -rs --numprocesses 2 $(LIMITS)
	$(RUN) -m pytest -rs $(STORAGE)

# Each file of requirements with the oldest Python that it is for.
LOCKED := tests:3.8 tests-ops2.2:3.8 tests-ops2.23:3.8 tools:3.11 mutation:3.12 fuzz:3.12 publish:3.13 examples:3.10
lock: $(TOOLS)/installed
	cd tools/requirements && for file in $(LOCKED); do \
	    case $$file in publish:*) hashes=--generate-hashes ;; *) hashes= ;; esac; \
	    ../../$(TOOL)/uv pip compile --quiet --upgrade --universal --strip-extras --no-annotate $$hashes \
	        --python-version $${file#*:} $${file%:*}.in -o $${file%:*}.txt || exit; \
	done

clean:
	rm -rf $(VENV) $(TOOLS) $(MUTATION) $(FUZZ) $(EXAMPLES) _build .parca .fuzz .mutation .matrix dist .coverage* .hypothesis .*_cache examples/*/.*_cache
	find src tests tools examples -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 8))' || { \
	    echo "$(PYTHON) is older than Python 3.8: name another one with make PYTHON=..." >&2; \
	    exit 2; \
	}
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP_UPGRADE)
	@touch $@

$(VENV)/installed: $(VENV)/created pyproject.toml tools/requirements/tests.txt
	$(PIP_INSTALL) --constraint tools/requirements/tests.txt --editable .
	@touch $@

$(VENV)/with-tests: $(VENV)/installed tools/requirements/tests.txt
	$(PIP_INSTALL) --requirement tools/requirements/tests.txt
	@touch $@

# atheris has wheels for Python 3.12 and newer only.
$(TOOLS)/created: OLDEST := 3.11
$(MUTATION)/created $(FUZZ)/created: OLDEST := 3.12
$(EXAMPLES)/created: OLDEST := 3.10
$(TOOLS)/created $(MUTATION)/created $(FUZZ)/created $(EXAMPLES)/created:
	python="$$(tools/find-python.sh $(OLDEST) $(PYTHON))" && "$$python" -m venv --clear $(@D)
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

# The wheel, as a charm installs it.
$(EXAMPLES)/installed: $(EXAMPLES)/created pyproject.toml tools/requirements/examples.txt \
    $(shell find src lib -name '*.py')
	$(PIP_INSTALL) --requirement tools/requirements/examples.txt
	$(PIP_INSTALL) --constraint tools/requirements/examples.txt '.[testing]'
	@touch $@
