# A newcomer types `make plan` or `make test`; both set up what they need.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-test
DOCS_STAMP := $(VENV)/.installed-docs
# tests that run while the loops are compiled: the files of the embedded Suzhou, which others then find made; and after that, the site
NO_LOOPS := tests/example
SITE := tests/docs/test_site.py

.PHONY: help plan test lint bench notebooks docs constraints matrix clean
help:
	@echo "make plan       set up, then plan the embedded Suzhou into outputs/suzhou/"
	@echo "make test       set up, then lint, type-check and run every test"
	@echo "make bench      the figures of benchmarks/RESULTS.md, beside peers, in one run"
	@echo "make notebooks  run the notebooks and keep their light outputs"
	@echo "make docs       the documentation as a site, into build/docs/"
	@echo "make constraints constraints.txt anew, from the newest versions"
	@echo "make matrix     the wheel in clean environments: Python 3.11 to 3.13, lowest and newest versions"
	@echo "make clean      remove the virtual environment, caches and outputs"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "planner needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(BIN)/python pyproject.toml constraints.txt
	@echo "Setting up (once, one to two minutes) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fetch,batch,notebook,pinyin]'
	@touch $@

$(TEST_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fetch,batch,notebook,pinyin,docs,test,dev]'
	@touch $@

$(DOCS_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[fetch,batch,notebook,docs]'
	@touch $@

# Exit code 3 means "done, but a gap is above accept_gap": the plan is there and says so.
plan: $(STAMP)
	@$(BIN)/planner run --out outputs/suzhou || \
	  { code=$$?; if [ $$code -eq 3 ]; then echo "Note: a gap is above the study's accept_gap; the plan is written and says so."; else exit $$code; fi; }

test: $(TEST_STAMP)
	@bash .ci/system-packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@# one core compiles the loops, which all workers of the tests then find, and builds the site; the other one does what needs no loops
	($(BIN)/mypy && $(BIN)/python -m pytest -q -n 0 $(NO_LOOPS)) & rest=$$!; \
	  $(BIN)/python -m pytest -q -n 0 tests/study/test_homes_told.py -k "planned_are_told and zh" && $(BIN)/python -m pytest -q -n 0 $(SITE); loops=$$?; \
	  wait $$rest && exit $$loops
	@# three workers on two cores: browsers, kernels and files make each wait for a fifth of the time
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(addprefix --ignore=,$(NO_LOOPS) $(SITE))

lint: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(TEST_STAMP)
	$(BIN)/python -m benchmarks

notebooks: $(TEST_STAMP)
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace notebooks/*.ipynb

# offline; a warning is an error
docs: $(DOCS_STAMP)
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html -c docs . build/docs
	@echo "Open build/docs/index.html"

constraints: $(TEST_STAMP)
	$(BIN)/python -m tests.matrix constraints

matrix: $(TEST_STAMP)
	$(BIN)/python -m tests.matrix

clean:
	rm -rf $(VENV) build/docs .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find outputs -mindepth 1 ! -name .gitkeep -delete
