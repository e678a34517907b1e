# Two commands do everything: `make serve` runs the server, `make test` passes the tests.
# Each makes what it needs in .venv; the versions are those of .constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: serve test test-browser screenshots lint types format bench image-test clean help

help: ## what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml .constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c .constraints.txt -e '.[dev]'
	@touch $@

serve: $(READY) ## run the server on http://127.0.0.1:4242 (ARGS="--port 0 …")
	$(BIN)/mock-clover serve $(ARGS)

test: $(READY) ## run the tests (ARGS="-k charges …")
	$(BIN)/pytest -n auto $(ARGS)

test-browser: $(READY) ## run the tests that drive Chromium; without one they fail
	MOCK_CLOVER_TEST_BROWSER=required $(BIN)/pytest -n auto -m browser $(ARGS)

screenshots: $(READY) ## write pictures of every page to .work/screenshots (ARGS="checkout …")
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

lint: $(READY) ## ruff, rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) ## mypy --strict
	$(BIN)/mypy

format: $(READY) ## let ruff write the format
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(READY) ## measure; prints ratios (ARGS="charges …")
	$(BIN)/python -m tests.bench $(ARGS)

image-test: ## build the image without an engine and run it (root, Debian)
	bash tests/image/run.sh

clean: ## remove what was made here
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis .work dist build
