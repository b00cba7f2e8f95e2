# make demo · make test — the two commands. Everything else is below them.
SHELL := /bin/bash
# One or more to choose from; the usual names where none is given.
PYTHON ?=
BIN := .venv/bin
SERVE ?= 1
PORT ?= 8000
OUT ?= out
WING ?= diagnose
export DUIJIE_SHARED ?= $(abspath ../shared)
# Some machines forbid Python to keep byte code: then every process compiles all it imports anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check bench docs proof system peers lock clean format
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

.venv/ready: requirements.lock pyproject.toml
	@python=$$(tools/python.sh $(PYTHON)) || exit 1; \
	  echo "[1/2] making .venv from requirements.lock with $$($$python --version) (a few minutes the first time)"; \
	  $$python -m venv .venv
	@# Python makes the byte code of what is used when it is used; to make all of it here doubles the time.
	@set -o pipefail; ( while sleep 30; do echo "      … still installing"; done ) & beat=$$!; \
	  $(BIN)/pip install -q --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements.lock; code=$$?; \
	  kill $$beat 2>/dev/null; exit $$code
	@echo "[2/2] installing duijie itself"
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch .venv/ready

## make demo              the built-in agreement all the way: read, diagnose, match, meet, track, report, portal
demo: .venv/ready
	@for name in $$($(BIN)/duijie agenda list); do $(BIN)/duijie agenda run $$name --out $(OUT) || exit 1; done
	@echo "→ $(abspath $(OUT))/<agreement>/report"
ifneq ($(SERVE),0)
	@$(BIN)/duijie portal --home $(OUT) prepare --new-passwords
	@$(BIN)/duijie portal --home $(OUT) serve --port $(PORT)
endif

## make test              the whole suite; says plainly what was skipped and why
test: .venv/ready
	@bash tests/run.sh

## make check             format, lint, strict types, layers, docs
check: .venv/ready
	$(BIN)/ruff format --check src tests benchmarks tools
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest --doctest-modules src/duijie tests/house -q

format: .venv/ready
	$(BIN)/ruff format src tests benchmarks tools
	$(BIN)/ruff check --fix src tests benchmarks tools

## make bench WING=match  honest figures, peers beside us (QUICK=1 for a small run)
bench: .venv/ready
	$(BIN)/python -m benchmarks.$(WING).run

## make docs              the pages of docs/ as a site in site/
docs: .venv/ready
	$(BIN)/python -m benchmarks.page
	$(BIN)/mkdocs build -q --strict

## make proof             the long runs: mutants of the readers, kills, fuzzing, lives of nodes, soak, subsets of tables (resumable)
proof: .venv/ready
	$(BIN)/python -m benchmarks.proof

## make system            what only Debian packages give (needs root)
system:
	@bash tools/system.sh

peers: .venv/ready
	$(BIN)/python -m venv .venv-peers
	.venv-peers/bin/pip install -q --disable-pip-version-check -r benchmarks/peers.txt

# One lock for every Python of pyproject.toml: where they differ a line carries its condition.
lock:
	uv pip compile pyproject.toml --universal --all-extras --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" -q -o requirements.lock

clean:
	rm -rf .venv .venv-peers out build site
