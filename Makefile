# The two main commands: `make serve` runs the server, `make test` runs the fast tests.
# Each installs what it needs into .venv, at the versions and hashes of .requirements/.
PYTHON ?= python3
BIN := .venv/bin
# Allow cached bytecode: without it, every run recompiles 300 files.
export PYTHONDONTWRITEBYTECODE :=
COMPILE = $(BIN)/python -m compileall -q mock_clover
PIP_INSTALL = -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: help serve test test-system test-browser test-firefox test-clients test-lowest fuzz soak image-test test-all
.PHONY: docs generate stress budget screenshots lint types format pins pin-base audit bench clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# $(call install,FOLDER,LOCK): the locked packages, then this checkout with the locked build backend.
# A lock is complete, so pip need not resolve anything.
# setuptools, which Python 3.11 puts into each environment, is old and used by nothing.
define install
	@test -x $(1)/bin/python || $(PYTHON) -m venv $(1)
	@$(1)/bin/python -m pip uninstall --quiet --quiet --yes setuptools
	$(1)/bin/python $(PIP_INSTALL) --require-hashes -r .requirements/build.txt -r .requirements/$(2).txt
	$(1)/bin/python $(PIP_INSTALL) --no-build-isolation -e .
endef

# One stamp file for each set of packages. A larger set contains the smaller ones.
.venv/.serve: pyproject.toml .requirements/build.txt .requirements/serve.txt
	$(call install,.venv,serve)
	@$(COMPILE)
	@touch $@

.venv/.test: pyproject.toml .requirements/build.txt .requirements/test.txt
	$(call install,.venv,test)
	@$(COMPILE)
	@touch .venv/.serve $@

.venv/.all: pyproject.toml .requirements/build.txt .requirements/all.txt
	$(call install,.venv,all)
	@$(COMPILE)
	@touch .venv/.serve .venv/.test $@

.venv/.docs: .venv/.serve .requirements/docs.txt
	$(BIN)/python $(PIP_INSTALL) --require-hashes -r .requirements/docs.txt
	@touch $@

serve: .venv/.serve ## run the server on http://127.0.0.1:4242 (ARGS="--port 0 …")
	$(BIN)/mock-clover serve $(ARGS)

test: .venv/.test ## run the fast tests: in process, and against one shared server (ARGS="-k charges …")
	$(BIN)/pytest $(ARGS)

test-system: .venv/.all ## run the system tests: server processes, sockets, TLS, command line, wheel, docs
	$(BIN)/pytest -p xdist -n auto -m system $(ARGS)

fuzz: .venv/.all ## run the fuzz tests: generated and malformed requests to every endpoint
	$(BIN)/pytest -p xdist -n auto -m fuzz $(ARGS)

soak: .venv/.all ## attack the memory of servers for about two minutes (ARGS="--seconds 600 --seed 1 streams")
	$(BIN)/python -m tests.soak $(ARGS)

test-browser: .venv/.all ## run the browser tests: the pages and the SDK; fails without Chromium
	MOCK_CLOVER_TEST_BROWSER=required $(BIN)/pytest -p xdist -n auto -m browser $(ARGS)

test-firefox: .venv/.all ## run in Firefox those browser tests whose code differs most between browsers
	MOCK_CLOVER_TEST_BROWSER=required MOCK_CLOVER_TEST_ENGINE=firefox \
		$(BIN)/pytest -p xdist -n auto -m "browser and firefox" $(ARGS)

test-clients: .venv/.all ## test with third-party Clover clients; fails without node, npm and a JDK
	MOCK_CLOVER_TEST_CLIENTS=required $(BIN)/pytest -p xdist -n auto -m clients $(ARGS)

# The socket tests are included because the server subclasses uvicorn's protocol classes.
SOCKETS := tests/system/test_sockets.py tests/system/test_socket_faults.py tests/system/test_tls.py \
	tests/system/test_pipelining.py tests/fuzz/test_pipelines.py

.work/lowest/.ready: pyproject.toml .requirements/build.txt .requirements/lowest.txt
	$(call install,.work/lowest,lowest)
	@touch $@

test-lowest: .work/lowest/.ready ## run the fast tests and the socket tests with the oldest dependencies
	.work/lowest/bin/pytest $(ARGS)
	.work/lowest/bin/pytest -p xdist -n auto $(SOCKETS) $(ARGS)

image-test: ## build and run the image without a container engine (needs root on Debian)
	bash tests/image/run.sh

test-all: test test-system fuzz soak test-browser test-firefox test-clients image-test ## run all tests except test-lowest

stress: .venv/.test ## run `make test` five times under CPU load (eight busy loops) and five times with -n 4
	bash tests/stress.sh

budget: .venv/.test ## print the processor time of `make test`, first and second run (ARGS=SECONDS of a whole suite)
	bash tests/budget.sh $(ARGS)

screenshots: .venv/.all ## save screenshots of every page, and docs/dashboard.png (ARGS="readme …")
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

lint: .venv/.all ## check style and format with ruff, and imports, house rules and regular expressions by tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest -q -m source

types: .venv/.all ## check types with mypy --strict
	$(BIN)/mypy

# Golden responses first: the other files are generated from them.
generate: .venv/.test ## rewrite the golden responses, then the generated docs and the schema
	for file in conformance/test_golden audit/test_audit_catalogue test_docs reference/test_fidelity \
		cli/test_scenario_cli; do \
		MOCK_CLOVER_TEST_UPDATE=1 $(BIN)/pytest -q tests/$$file.py; done

format: .venv/.all ## format with ruff
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

# A separate environment: these tools run before anything else is trusted.
.work/tools/.ready: .requirements/tools.txt
	@test -x .work/tools/bin/python || $(PYTHON) -m venv .work/tools
	.work/tools/bin/python $(PIP_INSTALL) --require-hashes -r .requirements/tools.txt
	@touch $@

pins: .work/tools/.ready ## update the lock files (ARGS=--upgrade for the newest versions)
	.work/tools/bin/python tests/pins.py $(ARGS)

pin-base: ## write the newest digest of the base image into the Dockerfile (needs docker)
	bash tests/image/pin.sh

# `--strict`: a package that cannot be checked is a failure.
AUDIT = .work/tools/bin/pip-audit --strict --require-hashes --disable-pip
# `.requirements/sdk*.txt` are not checked: they pin old build tools for one old package in a test.
audit: .work/tools/.ready ## report known vulnerabilities of the locked packages
	@for set in build all tools; do echo ".requirements/$$set.txt"; \
		$(AUDIT) -r .requirements/$$set.txt || failed=1; done; \
	for lock in $$(git ls-files '*package-lock.json'); do echo "$$lock"; \
		(cd "$$(dirname "$$lock")" && npm audit --package-lock-only) || failed=1; done; \
	exit $${failed:-0}

# It runs on a copy, because it puts its cache beside its configuration. llms.txt links to the pages as Markdown.
docs: .venv/.docs ## build the documentation as a site with search, in .work/docs/site
	rm -rf .work/docs && mkdir -p .work/docs
	cp -R docs .work/docs && mv .work/docs/docs/zensical.toml .work/docs
	cd .work/docs && ../../$(BIN)/zensical build --strict
	cp -R .work/docs/docs/. .work/docs/site

bench: .venv/.all ## run the benchmarks and print ratios (ARGS="charges …")
	$(BIN)/python -m tests.bench $(ARGS)

clean: ## remove everything these commands created
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .work dist build
