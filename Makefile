# Two commands do everything: `make serve` runs the server, `make test` passes the tests.
# Each installs what it needs into .venv, at the versions of .constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
# Cached byte code: without it, every run and every server compiles 300 files again.
export PYTHONDONTWRITEBYTECODE :=
COMPILE = $(BIN)/python -m compileall -q mock_clover
INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check -c .constraints.txt -e

.PHONY: help serve test test-system test-browser test-clients test-lowest fuzz image-test test-all
.PHONY: generate stress screenshots lint types format bench clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# One stamp for each set of packages. A larger set contains the smaller ones.
.venv/.serve: pyproject.toml .constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) .
	@$(COMPILE)
	@touch $@

.venv/.test: pyproject.toml .constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) '.[test]'
	@$(COMPILE)
	@touch .venv/.serve $@

.venv/.all: pyproject.toml .constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(INSTALL) '.[all]'
	@$(COMPILE)
	@touch .venv/.serve .venv/.test $@

serve: .venv/.serve ## run the server on http://127.0.0.1:4242 (ARGS="--port 0 …")
	$(BIN)/mock-clover serve $(ARGS)

test: .venv/.test ## run the inner loop: in-process tests and one shared server (ARGS="-k charges …")
	$(BIN)/pytest $(ARGS)

test-system: .venv/.all ## test server processes, sockets, TLS, the command line, the wheel and the docs
	$(BIN)/pytest -p xdist -n auto -m system $(ARGS)

fuzz: .venv/.all ## send generated and hostile requests to every endpoint
	$(BIN)/pytest -p xdist -n auto -m fuzz $(ARGS)

test-browser: .venv/.all ## drive the pages and the SDK in Chromium; fails without one
	MOCK_CLOVER_TEST_BROWSER=required $(BIN)/pytest -p xdist -n auto -m browser $(ARGS)

test-clients: .venv/.all ## run other people's Clover clients; fails without node, npm and a JDK
	MOCK_CLOVER_TEST_CLIENTS=required $(BIN)/pytest -p xdist -n auto -m clients $(ARGS)

# The tests of sockets go with it: the server relies on uvicorn's protocol classes.
SOCKETS := tests/system/test_sockets.py tests/system/test_socket_faults.py tests/system/test_tls.py

.work/lowest/.ready: pyproject.toml .constraints.txt tests/lowest.py
	$(PYTHON) -m venv .work/lowest
	$(PYTHON) tests/lowest.py > .work/lowest.txt
	.work/lowest/bin/pip install --quiet --disable-pip-version-check -c .work/lowest.txt -e '.[test]'
	@touch $@

test-lowest: .work/lowest/.ready ## run the inner loop and the socket tests on the oldest dependencies
	.work/lowest/bin/pytest $(ARGS)
	.work/lowest/bin/pytest -p xdist -n auto $(SOCKETS) $(ARGS)

image-test: ## build the image without an engine and run it (root, Debian)
	bash tests/image/run.sh

test-all: test test-system fuzz test-browser test-clients image-test ## run all of the above

stress: .venv/.test ## run `make test` five times beside eight busy loops, and five times with -n 4
	bash tests/stress.sh

screenshots: .venv/.all ## write pictures of every page to .work/screenshots (ARGS="checkout …")
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

lint: .venv/.all ## check rules and format with ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.all ## check types with mypy --strict
	$(BIN)/mypy

# Golden replies first: the other files are made from them.
generate: .venv/.test ## rewrite the golden replies, then the generated docs and the schema
	for file in conformance/test_golden test_docs reference/test_fidelity cli/test_scenario_cli; do \
		MOCK_CLOVER_TEST_UPDATE=1 $(BIN)/pytest -q tests/$$file.py; done

format: .venv/.all ## format with ruff
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: .venv/.all ## measure and print ratios (ARGS="charges …")
	$(BIN)/python -m tests.bench $(ARGS)

clean: ## remove everything that these commands made
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .work dist build
