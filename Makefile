# The commands of the project. Each sets up what it needs in .venv.
PYTHON ?= python3
BIN := .venv/bin
# Two processes with two BLAS threads each slow one another several times.
export OPENBLAS_NUM_THREADS ?= 1
# Packages go into .venv and come from there, whatever the configuration of pip
# and Python says, and never two at a time.
export PIP_USER := 0
unexport PIP_TARGET PIP_PREFIX PYTHONPATH PYTHONHOME
.NOTPARALLEL:
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder
QUICK := not data and not full and not torture

# make test installs the very files that LOCK names, where they fit: on Linux
# with the Python that CI has. Elsewhere, and with LOCK=, the newest releases.
LOCK := requirements-lock.txt

.PHONY: help browser book quick test test-offline torture mutants coverage \
  matrix alone book-next lock check data notebooks train bench pdf handouts serve clean FORCE

help:
	@echo "make book          build the site into _build/html"
	@echo "make quick         check code, package and notebooks in a minute"
	@echo "make test          run every check: code, package, notebooks, site"
	@echo "make test-offline  the checks that need no data set from outside"
	@echo "make torture       break figures, try many more cases: before a release"
	@echo "make mutants       plant 100 faults in the code: before a release"
	@echo "make matrix        the tests with each Python and each NumPy"
	@echo "make alone         each chapter without a clone, as on Colab"
	@echo "make book-next     the site by the newest Sphinx, without Jupyter Book"
	@echo "make coverage      which lines of the package the tests run"
	@echo "make lock          renew $(LOCK)"
	@echo "make check         ruff, the exporter's, the notebooks', the types' checks"
	@echo "make data          find or fetch the data (Fashion-MNIST: 30 MB)"
	@echo "make notebooks     open JupyterLab in notebooks/"
	@echo "make train         train both networks into runs/"
	@echo "make bench         race the package against its peers (half an hour)"
	@echo "make pdf           print the book into _build/html/from-one-neuron.pdf"
	@echo "make handouts      for teachers: exercises, key, slides, cut notebooks"
	@echo "make serve         show the built site on http://127.0.0.1:8000"
	@echo "make clean         remove what the commands above made"

# An environment that is there may have been moved or copied, may have lost its
# Python or may have another one than make PYTHON=... asks for.
VERSION := import sys; print(*sys.version_info[:2], sep=".")
.venv/ready: FORCE
	@if [ ! -e $@ ]; then \
	  "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "PYTHON must be Python 3.11 or newer, but is $(PYTHON). Try" \
	         "make PYTHON=python3.12 ..."; exit 1; }; \
	  "$(PYTHON)" -m venv --clear .venv && touch $@; \
	elif ! $(BIN)/pip --version 2> /dev/null | \
	  grep -qF "from $$(pwd -P)/.venv/"; then \
	  echo "The environment .venv was made in another folder, or its Python" \
	       "is gone: remove .venv and try again."; exit 1; \
	elif [ "$(origin PYTHON)" != file ] && \
	  [ "`$(BIN)/python -c '$(VERSION)'`" != "`"$(PYTHON)" -c '$(VERSION)'`" ]; then \
	  echo "Another Python than $(PYTHON) made .venv: remove .venv and try" \
	       "again."; exit 1; \
	fi

.venv/quick .venv/book .venv/upkeep .venv/mutants: .venv/ready pyproject.toml
	$(BIN)/python -m pip install --quiet -e ".[$(@F)]"
	$(BIN)/python -m pip check
	@touch $@

FITS := import platform as p, sys; sys.exit((p.system(), p.machine(), \
  *sys.version_info[:2]) != ("Linux", "x86_64", 3, 11))
.venv/all: .venv/ready pyproject.toml requirements.txt $(LOCK)
	@if [ -n "$(LOCK)" ] && $(BIN)/python -c '$(FITS)'; then \
	  $(BIN)/python -m pip install --quiet --require-hashes -r "$(LOCK)" && \
	  $(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e . || \
	  { echo "The files that $(LOCK) names could not be installed. Try the" \
	         "newest releases: make LOCK= ..."; exit 1; }; \
	else \
	  $(BIN)/python -m pip install --quiet -r requirements.txt; \
	fi
	$(BIN)/python -m pip check
	@touch $@ .venv/book .venv/quick

book: .venv/book
	$(BIN)/jupyter-book build -W -n --keep-going --all .
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir _build/html .
	@echo "The book is in _build/html/index.html"

check: .venv/quick
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/python -m tools export --check
	$(BIN)/python -m tools notebooks --check
	$(BIN)/mypy
	$(BIN)/stubtest nn --mypy-config-file pyproject.toml

quick: check
	$(PYTEST) -m "$(QUICK)" tests

data: .venv/all
	$(BIN)/python -m nn data

# The figures and pages are tested in browsers: Debian's Chromium, Firefox.
browser:
	@{ command -v chromium && command -v firefox; } > /dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null && \
	    apt-get update -qq && \
	    apt-get install -y -qq chromium firefox-esr > /dev/null; } || \
	  echo "A BROWSER IS MISSING, and could not be installed: not all of" \
	       "the figures and pages will be tested. On Debian:" \
	       "apt-get install chromium firefox-esr"

test: data check browser book
	$(PYTEST) -m "not torture" tests
	$(PYTEST) -p no:cacheprovider --nbval --nbval-cell-timeout 300 notebooks

test-offline: .venv/all check browser book
	$(PYTEST) -m "not data and not torture" tests

torture: .venv/all browser
	$(PYTEST) -m torture tests
	$(PYTEST) -m cases --long --record tests
	$(BIN)/python -m measure tried

mutants: .venv/mutants
	$(BIN)/python -m tools mutants

# Most lines of nn/keras run only where Keras is.
coverage: .venv/all
	$(PYTEST) -m "$(QUICK)" --cov=nn --cov-report= tests
	$(PYTEST) -m "not data" --cov=nn --cov-append --cov-fail-under=90 \
	  --cov-report=term-missing:skip-covered tests/test_keras_twin.py

# PYTHONS="python3.11 ..." names the interpreters, which must be on the PATH.
matrix: .venv/upkeep
	$(BIN)/nox

# A test of the site reads it as it reads that of make book.
book-next: .venv/all .venv/upkeep
	$(BIN)/nox -s book_next

# On which Pythons and NumPys Colab runs the chapters: noxfile.py.
alone: .venv/upkeep
	$(BIN)/nox -s alone

lock: .venv/upkeep
	$(BIN)/uv pip compile requirements.txt --upgrade --generate-hashes \
	  --no-emit-package from-one-neuron --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --quiet \
	  --custom-compile-command "make lock" --output-file $(LOCK)

notebooks: .venv/all
	$(BIN)/jupyter lab --notebook-dir notebooks

train: data
	$(BIN)/python -m nn train fashion-mnist
	$(BIN)/python -m nn train california-housing

# PyTorch and JAX live in an environment of their own: measure/README.md.
.venv-bench/ready: .venv/ready measure/requirements.txt pyproject.toml
	"$(PYTHON)" -m venv --clear .venv-bench
	.venv-bench/bin/python -m pip install --quiet -r measure/requirements.txt
	@touch $@

bench: .venv-bench/ready data
	.venv-bench/bin/python -m measure race

pdf: .venv/all browser book
	$(BIN)/python -m tools pdf

handouts: .venv/all browser book
	$(BIN)/python -m tools handouts
	for edition in exercises key slides; do \
	  $(BIN)/python -m tools pdf $$edition || exit 1; \
	done

serve: book
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

clean:
	rm -rf .venv .venv-bench .nox _build runs .mypy_cache .pytest_cache \
	  .ruff_cache .coverage
