# Everything needs Python 3.11, 3.12 or 3.13 and make; the rest is installed into .venv/ on first use.
#   make demo PYTHON=/path/to/python3.12    names the interpreter to use
#   make test AIRFLOW=3.3.0                 takes another Airflow, of requirements/, in an environment of its own

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Of the command line alone: docs/rest.md calls the address of an Airflow by this name
ifeq ($(origin AIRFLOW),command line)
  venv := .venv-$(AIRFLOW)
  another := $(AIRFLOW)
  for_another := test test-celery lint nightly demo bench chaos
  $(foreach goal,$(filter-out setup help $(for_another),$(MAKECMDGOALS)),$(error `make $(goal)` knows one Airflow \
    alone: AIRFLOW=$(AIRFLOW) is for $(for_another)))
else
  venv := .venv
endif

python = $(venv)/bin/python
in_venv = $(venv)/bin
compile = $(in_venv)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-emit-index-url \
  --generate-hashes
export PYTHONPATH := include

ifdef PYTHON
  bootstrap_with := $(PYTHON)
else
  bootstrap_with := python3
endif

.PHONY: help
help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Set up .venv/ with what requirements-dev.txt pins (the others do it too; AIRFLOW=3.3.0: another Airflow)
	@command -v $(bootstrap_with) >/dev/null || { \
	  echo "set-up: $(bootstrap_with) is not there. Install Python 3.11, 3.12 or 3.13, or name it:" \
	       "make PYTHON=/path/to/python3.12 ..." >&2; exit 2; }
	@$(bootstrap_with) include/launcher/bootstrap.py $(another)

.PHONY: demo
demo: setup ## Recover a three-tier web shop in three waves, on this machine, and tidy up
	@$(python) -m launcher demo

.PHONY: up
up: setup ## Start Airflow, PostgreSQL and local AWS, and leave them running (EXECUTOR=celery: two of everything)
	@$(python) -m launcher up

.PHONY: down
down: setup ## Stop what `make up` started
	@$(python) -m launcher down

.PHONY: env
env: setup ## Write the secrets that docker-compose.yaml asks for to .env
	@$(python) -m launcher env

.PHONY: test
test: setup lint ## Run all checks and all tests: first what needs no stack, then three stacks at once
	@$(in_venv)/pytest -m "not stack" --numprocesses auto --maxprocesses 8 --dist worksteal
	@$(in_venv)/pytest -m stack --numprocesses 3 --dist worksteal

.PHONY: test-celery
test-celery: setup ## Run the tests of the stack on Celery, with two of everything: it takes redis-server and haproxy
	@EXECUTOR=celery $(in_venv)/pytest -m stack --numprocesses 2 --dist worksteal

.PHONY: nightly
nightly: setup ## Try many more examples for hours, and print their seed (SEED=n)
	@HYPOTHESIS_PROFILE=nightly $(in_venv)/pytest -m "not stack" --timeout 14400 --numprocesses auto \
	  --maxprocesses 8 --dist worksteal $(if $(SEED),--hypothesis-seed $(SEED))

.PHONY: lint
lint: setup ## Check format, style, types, import rules, spelling and the template
	$(in_venv)/ruff format --check
	$(in_venv)/ruff check
	$(in_venv)/mypy
	$(in_venv)/mypy --python-version 3.10 include/drs_simulator/drs
	$(in_venv)/lint-imports
	$(in_venv)/codespell
	$(in_venv)/cfn-lint --include-checks I -- infrastructure/recovery.yaml

.PHONY: format
format: setup ## Format the code, and mend what ruff can mend
	$(in_venv)/ruff format
	$(in_venv)/ruff check --fix

.PHONY: bench
bench: setup ## Measure, and print the figures (ONLY=region: that alone; docs/development.md names all)
	@$(python) -m tests.benchmarks.run $(ONLY)

.PHONY: chaos
chaos: setup ## Run whole executions while everything around them breaks, and judge them (RUNS=30, SEED=n, EXECUTOR=celery)
	@$(python) -m tests.chaos $(if $(RUNS),--runs $(RUNS)) $(if $(SEED),--seed $(SEED)) \
	  $(if $(WITHOUT),--without $(WITHOUT))

.PHONY: upgrade
upgrade: setup ## Upgrade from a release in the middle of executions, and go back to it (FROM=v0.2.0)
	@$(python) -m tests.recovery.releases.upgrade $(or $(FROM),v0.2.0)

.PHONY: pictures
pictures: setup ## Take the README's pictures again, of the real thing
	@$(python) docs/pictures.py

.PHONY: lock
lock: setup ## Pin every dependency anew: of everything, then of production, in the same versions
	@$(compile) requirements-dev.in -o requirements-dev.txt
	@$(compile) requirements.in -c requirements-dev.txt -o requirements.txt
	@$(compile) requirements/kubernetes.in -c requirements.txt -o requirements/kubernetes.txt
	@for one in requirements/airflow-*.in; do lock=$${one%.in}.txt; cp requirements-dev.txt $$lock && \
	  $(compile) requirements-dev.in --override $$one -o $$lock || exit 1; done

.PHONY: wheel
wheel: setup ## Build the wheel into dist/, for an Airflow that is there already
	@$(in_venv)/uv build --quiet --offline --wheel --out-dir dist
	@ls dist/*.whl

.PHONY: clean
clean: down ## Remove .airflow/ and caches; .venv/ stays
	rm -rf .airflow .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
