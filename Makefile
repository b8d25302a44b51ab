# make reports   install what the reports need, make a synthetic register, three releases and three reports
# make lab       JupyterLab on the notebooks; it saves no outputs
# make test      all tests, notebooks included        make check   format, lint, types, walls
# make proofs    the proofs that take minutes (CI runs them too)
# make digests   approve genlib's own notebooks as they are now, for who has reviewed them
# make bench     speed and memory beside the field's own tools (SIZE=large for a million customers)

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN = .venv/bin
PIP = $(BIN)/python -m pip install -qq --disable-pip-version-check --constraint constraints.txt
AT_TEST = GENLIB_HOME=$(CURDIR)/build/workbench
# a file's tests share what was made for them, so they stay together
SPREAD = -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder
# nbval, which only notebooks need, loads a grammar of web addresses: a second in each process
PLAIN = -p no:nbval
SIZE ?= small

.PHONY: reports lab test proofs check digests bench clean

reports: .venv/run
	$(BIN)/genlib demo

lab: .venv/run
	JUPYTER_CONFIG_PATH=$(CURDIR)/.jupyter $(BIN)/jupyter lab notebooks

test: .venv/dev
	$(BIN)/pytest -m "not slow" $(PLAIN) $(SPREAD) tests
	$(AT_TEST) $(BIN)/genlib demo
	$(AT_TEST) $(BIN)/pytest --nbval-lax --nbval-current-env $(SPREAD) notebooks

proofs: .venv/dev
	$(BIN)/pytest -m slow $(PLAIN) $(SPREAD) tests

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

digests: .venv/run
	$(BIN)/genlib report digest > notebooks/approved.sha256

bench: .venv/bench build/peers/done
	$(BIN)/python tests/bench/run.py --size $(SIZE)

clean:
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "genlib needs Python 3.11 or newer" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/run: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing what the reports need into .venv (once, a minute or two)"
	@$(PIP) --editable .
	@touch $@

.venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing what tests and checks need into .venv"
	@$(PIP) --editable ".[dev]"
	@touch $@ .venv/run

.venv/bench: pyproject.toml constraints.txt | .venv/bin/python
	@echo "installing what is compared with into .venv"
	@$(PIP) --editable ".[bench]"
	@touch $@ .venv/run

# for what does not fit beside our own versions
build/peers/done: tests/bench/peers.txt
	@echo "installing the older parts that are compared with into build/peers"
	@$(PYTHON) -m venv build/peers
	@build/peers/bin/python -m pip install -qq --disable-pip-version-check --requirement $<
	@touch $@
