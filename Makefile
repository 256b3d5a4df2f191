# Every target works in a fresh clone with nothing activated: the first one builds the environment in .venv.

.POSIX:
.PHONY: help demo test test-laws test-machines test-all lint format mutants docs figures plan bench readme notebooks venv \
    backends

BIN = .venv/bin
STAMP = .venv/installed
DOCS_STAMP = .venv/docs-installed
MUTANTS_STAMP = .venv/mutants-installed
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
PYTEST = $(BIN)/python -m pytest
# Files stay whole, for the runs that their tests share; each process takes 2 GB of memory at most.
PARALLEL = -n auto --maxprocesses 4 --dist loadfile

# What an ordinary day tries on the other backends: trained, saved, loaded, measured.
SMOKE = tests/training/test_train.py::test_the_library_in_five_lines tests/laws/test_objectives.py tests/laws/test_bounds.py
# What CI tries there besides: every choice of each axis. make test-all runs every law.
LAWS = tests/laws/test_combinations.py tests/laws/test_vae.py tests/laws/test_layers.py tests/training/test_train.py \
    tests/training/test_loops.py tests/laws/test_precision.py tests/laws/test_seeds.py tests/laws/test_names.py tests/laws/test_networks.py \
    tests/evaluation/test_foreign.py tests/evaluation/test_silence.py tests/training/test_checkpoint.py \
    tests/journeys/test_export.py tests/journeys/test_keras_users.py tests/journeys/test_own_networks.py \
    tests/journeys/test_own_data.py

help:
	@sed -n 's/^## //p' Makefile

## make demo       train on the bundled digits, offline, and write pictures and a report
demo: $(STAMP)
	@$(BIN)/latente demo

## make test       the tests on TensorFlow; a few again on JAX and PyTorch where installed
test: $(STAMP)
	KERAS_BACKEND=tensorflow $(PYTEST) $(PARALLEL)
	@for backend in jax torch; do \
	    if $(BIN)/python -c "import $$backend" 2>/dev/null; then \
	        echo "A few tests on $$backend"; \
	        KERAS_BACKEND=$$backend $(PYTEST) $(PARALLEL) -m 'backend and not slow' $(SMOKE) || exit 1; \
	    else \
	        echo "SKIPPED: the tests on $$backend, which is not installed ('make backends' installs it)"; \
	    fi; \
	done

## make test-laws  the main laws on JAX and PyTorch, as CI does
test-laws: backends
	@for backend in jax torch; do \
	    KERAS_BACKEND=$$backend $(PYTEST) $(PARALLEL) -m 'backend and not slow' $(LAWS) || exit 1; \
	done

## make test-machines  the tests on TensorFlow as on other processors: without AVX-512, on one thread, sets in other orders
# The verdict must not hang on how a sum is rounded, nor on the order of a set.
test-machines: $(STAMP)
	PYTHONHASHSEED=1 ONEDNN_MAX_CPU_ISA=AVX2 NPY_DISABLE_CPU_FEATURES='X86_V4 AVX512_ICL AVX512_SPR' \
	    KERAS_BACKEND=tensorflow $(PYTEST) $(PARALLEL)
	PYTHONHASHSEED=2 OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 \
	    KERAS_BACKEND=tensorflow $(PYTEST) $(PARALLEL)

## make test-all   the same tests and the slow ones, which train on real data for minutes, on every backend installed
test-all: $(STAMP)
	KERAS_BACKEND=tensorflow $(PYTEST) -m '' -o faulthandler_timeout=3600
	@for backend in jax torch; do \
	    if $(BIN)/python -c "import $$backend" 2>/dev/null; then \
	        KERAS_BACKEND=$$backend $(PYTEST) $(PARALLEL) -m backend -o faulthandler_timeout=3600 || exit 1; \
	    fi; \
	done

## make mutants    mistakes in the files changed since main that no test sees; FILES=... or SAMPLE=10 of each room
FILES =
SAMPLE = 0
SEED = 0
mutants: $(MUTANTS_STAMP)
	$(BIN)/python tools/mutants.py --sample $(SAMPLE) --seed $(SEED) $(FILES)

## make lint       ruff (rules and format) and mypy
lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

## make format     put the code into ruff's format, mend what ruff can mend
format: $(STAMP)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

## make docs       build the documentation site into site/; a warning is an error
docs: $(DOCS_STAMP)
	$(BIN)/python tools/docs.py

## make figures    draw the pictures in docs/pictures from real runs: trains what is missing in runs/figures, for hours
figures: $(STAMP)
	$(BIN)/python tools/figures.py

## make plan       draw the plan of the house, docs/pictures/house.png, from the imports
plan: $(STAMP)
	$(BIN)/python tools/plan.py

## make bench      training speed beside other tools, about 40 minutes; leave the machine alone meanwhile
bench: $(STAMP)
	$(BIN)/python benchmarks/speed.py

## make readme     write the options from the code: the README's table, and what latente train --help shows
readme: $(STAMP)
	$(BIN)/python tools/readme.py

## make notebooks  build the lesson's notebooks, run each in full for half an hour, and keep what they show
notebooks: $(STAMP)
	$(BIN)/python tools/notebooks.py --run

## make venv       the environment alone: Latente, TensorFlow and the developer tools, as pinned
venv: $(STAMP)

## make backends   add JAX and PyTorch to the environment
backends: $(STAMP)
	@echo 'Installing JAX and PyTorch into .venv'
	@$(PIP) jax torch

$(STAMP): pyproject.toml constraints.txt
	@for python in $(BIN)/python python3.13 python3.12 python3.11 python3 ''; do \
	    [ -n "$$python" ] || { echo 'Latente needs Python 3.11, 3.12 or 3.13 with its venv module, and found none on the' \
	        'PATH. Install one (on Debian and Ubuntu: python3 and python3-venv).' >&2; exit 1; }; \
	    $$python -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && break; \
	done; \
	[ "$$python" = $(BIN)/python ] || $$python -m venv --clear .venv
	@echo 'Installing Latente and TensorFlow into .venv: two or three minutes, about 700 MB to download'
	@$(PIP) --editable '.[tensorflow,dev]'
	@touch $(STAMP)

$(DOCS_STAMP): $(STAMP)
	@echo 'Installing the tools of the documentation into .venv'
	@$(PIP) --editable '.[tensorflow,docs]'
	@touch $(DOCS_STAMP)

$(MUTANTS_STAMP): $(STAMP)
	@echo 'Installing the tool that makes mutants into .venv'
	@$(PIP) --editable '.[tensorflow,mutants]'
	@touch $(MUTANTS_STAMP)
