# `make demo` shows thumbrun at work, `make test` runs all tests: both need Python 3.11.3 or later, and make.

# `make PYTHON=python3.13` chooses another Python, and so does the variable: a workflow that tests several sets it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
FORMS = $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))

.PHONY: demo test test-wheel ship-check screenshots steady check audit docs diagrams chaos bench clean
.PHONY: help image push deploy execute logs delete

demo: .venv/demo-installed ## sample pictures, a store, four tasks, and the report to open
	@$(BIN)/thumbrun demo
	@echo 'To make thumbnails of your own: $(BIN)/thumbrun run ~/Pictures --output thumbs'

# Four tests at once, on however few processors: many wait for a process to start or for a time limit to pass.
# `make test TESTS=tests/unit` runs a part, and `make test SLOW=1` also what shows in depth what quicker tests show.
SUITE = -m pytest --numprocesses 4 --dist load --maxschedchunk 1 $(if $(SLOW),--slow) $(TESTS)

test: .venv/all-installed ## the tests: TESTS=tests/unit for a part, SLOW=1 for the slow ones too, as in CI
	$(BIN)/python $(SUITE)

check: .venv/all-installed ## the linter, types, layers, dead code, dependencies, schemas
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/deptry src
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(FORMS)
	$(BIN)/shellcheck .ci/run tests/steady/*.sh tests/ship/*.sh
	$(BIN)/hadolint Dockerfile

# All tests against what is published: the wheel, in an environment that cannot import this checkout's source.
test-wheel: .venv/all-installed ## all tests, the slow ones too, against the built wheel
	@rm -rf .venv/wheel
	@$(BIN)/pip wheel --quiet --no-deps --wheel-dir .venv/wheel/dist .
	@$(BIN)/python -m venv .venv/wheel/env
	@.venv/wheel/env/bin/pip install --quiet --disable-pip-version-check --constraint requirements.txt \
	    "$$(ls .venv/wheel/dist/*.whl)[demo,dev]"
	.venv/wheel/env/bin/python $(SUITE) --slow

# What is around the program: the bare tree, the image built and run, the documents' gcloud commands, the mistakes of
# docs/troubleshooting.md, the diagrams, links and snippets, and the report in a browser. What cannot run on this machine
# is skipped, and said.
ship-check: .venv/all-installed .venv/browser-installed ## the tests of the container, of gcloud's commands and of the documents
	@docker version --format 'Docker {{.Server.Version}} runs here' 2>/dev/null || tests/ship/podman.sh || true
	SHIP_CHECK=1 $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --durations 30 -r s \
	    tests/ship tests/unit/test_links.py tests/unit/test_documents.py

# What drives the browser of the system, and what judges its pages; without npm there is no axe.
.venv/browser-installed: .venv/all-installed tests/ship/requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --requirement tests/ship/requirements.txt
	@npm install --silent --no-audit --no-fund --prefix .venv/browser-node axe-core@4.14.1 || rm -rf .venv/browser-node
	@touch $@

# The pictures of the report in README and docs, from the demo, in light and dark.
screenshots: .venv/browser-installed ## draw the pictures of the report in README.md again; with chromium
	$(BIN)/python docs/screenshots.py

# Known vulnerabilities of what the container installs; where the service is out of reach, it says so and goes on.
audit: .venv/audit/installed ## known vulnerabilities of what the container installs
	@$(BIN)/python tests/audit.py .venv/audit/bin/pip-audit

docs: .venv/all-installed ## write the pages that come from the code
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/stub.py
	$(BIN)/python -m docs.sizing
	$(BIN)/python -m docs.prices

# The Mermaid charts of docs/diagrams as SVG and PNG, where a source has changed: with node, npm and chromium.
diagrams: .venv/all-installed ## draw the diagrams again whose sources changed
	@$(BIN)/python docs/diagrams.py

# Whether the tests pass on any machine: three times at once beside four busy processes, with decoding in a tenth of its
# time, and on Python 3.13. With SLOW=1 it takes some hours.
steady: .venv/all-installed ## look for tests that pass only sometimes, in an hour; SLOW=1 for the slow ones too
	$(BIN)/python -m tests.steady load
	$(BIN)/python -m tests.steady fast
	tests/steady/python313.sh

# What docs/reliability.md tells: about a quarter of an hour.
chaos: .venv/all-installed ## the campaigns of docs/reliability.md; a quarter of an hour
	@mkdir -p docs/campaigns
	$(BIN)/python -m tests.faults.simulation --schedules 10000 --out docs/campaigns/simulation.json
	$(BIN)/python -m tests.faults.item_deaths --runs 1000 --out docs/campaigns/item-deaths.json
	$(BIN)/python -m tests.faults.random_kills --runs 1200 --out docs/campaigns/random-kills.json
	$(BIN)/python -m tests.faults.random_kills --runs 1200 --mean 600 --slow --out docs/campaigns/random-kills-slow.json
	$(BIN)/python -m tests.faults.wire --schedules 20 --out docs/campaigns/wire.json
	$(BIN)/python -m tests.faults.images --mutations 5000 --structures 500 --out docs/campaigns/images.json
	$(BIN)/python -m tests.faults.hijacked_tasks --runs 30 --out docs/campaigns/hijacked-decoders.json
	$(BIN)/python docs/reliability.py

# What docs/performance.md, docs/tasks.md and the sizes in docs/cloud-run.md tell, or parts of it, as
# PARTS="decode task".
bench: .venv/all-installed .venv/bench/installed ## measure the pages' figures again, or PARTS of them; 3/4 of an hour
	$(BIN)/python -m bench $(PARTS)
	$(BIN)/python docs/performance.py
	$(BIN)/python -m docs.tasks
	$(BIN)/python -m docs.sizing
	.venv/bench/bin/python docs/performance.py --plots

# On Cloud Run: docs/cloud-run.md says what each step needs. IMAGE names the image, the job and the job's account.
CONTAINER ?= docker
ADDRESS = $(REGION)-docker.pkg.dev/$(PROJECT)/$(REPOSITORY)/$(IMAGE):$(TAG)
JOB = $(IMAGE) --project $(PROJECT) --region $(REGION)
# An image with a part of an address would get a wrong name.
NEEDED_image = $(if $(PROJECT)$(REGION)$(REPOSITORY),$(NEEDED_push))
NEEDED_push = PROJECT REGION REPOSITORY IMAGE TAG
NEEDED_deploy = $(NEEDED_push) INPUT_FOLDER OUTPUT_BUCKET TASKS
NEEDED_execute = PROJECT REGION IMAGE TASKS
NEEDED_logs = PROJECT REGION IMAGE
NEEDED_delete = $(NEEDED_logs)
# All that are missing for all targets, before the first of them runs: `make image push deploy` builds nothing in vain.
NEEDED := $(foreach target,$(MAKECMDGOALS),$(NEEDED_$(target)))
MISSING := $(strip $(foreach name,$(NEEDED_deploy),$(if $(filter $(name),$(NEEDED)),$(if $($(name)),,$(name)))))
$(if $(MISSING),$(error Set $(MISSING) as well: add $(foreach name,$(MISSING),$(name)=…) to make $(MAKECMDGOALS)))
# A job and an account have such names, so an image does too. Anything else would fail only after the build.
$(if $(and $(IMAGE),$(NEEDED)),$(if $(shell printf %s '$(IMAGE)' | grep -Ex '[a-z][a-z0-9-]*'),,\
    $(error IMAGE is '$(IMAGE)'; it must be one word of small letters, digits and dashes)))
$(if $(and $(TASKS),$(filter TASKS,$(NEEDED))),$(if $(shell printf %s '$(TASKS)' | grep -Ex '[1-9][0-9]*'),,\
    $(error TASKS is '$(TASKS)'; it must be a number from 1)))

VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"$$/\1/p' src/thumbrun/version.py)

# For Cloud Run's processors on whatever machine: `make image CONTAINER=podman TAG=try`. With a repository's variables
# set, the image gets the address in it, for `make push`.
image: ## build the container
	$(CONTAINER) build --platform linux/amd64 $(BUILD_OPTIONS) \
	    --tag $(if $(PROJECT),$(ADDRESS),$(or $(IMAGE),thumbrun):$(or $(TAG),latest)) \
	    --build-arg VERSION=$(VERSION) --build-arg CREATED=$$(date -u +%Y-%m-%dT%H:%M:%SZ) \
	    --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null) .

push: ## push the image to Artifact Registry
	$(CONTAINER) push $(ADDRESS)

deploy: ## create the job on Cloud Run, or change it
	gcloud run jobs deploy $(JOB) --image $(ADDRESS) --tasks $(TASKS) --max-retries 3 --task-timeout 1h \
	    --cpu 1 --memory 512Mi --service-account $(IMAGE)@$(PROJECT).iam.gserviceaccount.com \
	    --set-env-vars 'INPUT_FOLDER=$(INPUT_FOLDER),OUTPUT_BUCKET=$(OUTPUT_BUCKET)'

execute: ## run the job with TASKS tasks, and wait for its end
	gcloud run jobs execute $(JOB) --tasks $(TASKS) --wait

logs: ## read the job's last 100 log entries
	gcloud logging read --project $(PROJECT) --limit 100 --format 'value(timestamp, severity, jsonPayload.message, textPayload)' \
	    'resource.type=cloud_run_job resource.labels.job_name=$(IMAGE) resource.labels.location=$(REGION)'

delete: ## delete the job; the image, the account and the thumbnails stay
	gcloud run jobs delete $(JOB) --quiet

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	    while IFS='|' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

clean: ## remove what make has made
	rm -rf .venv demo build src/*.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 3) and "thumbrun needs Python 3.11.3 or later")'
	@echo "Installing into .venv, which takes a minute …"
	@$(PYTHON) -m venv .venv

# What the container installs is what is tested: requirements.txt limits every install.
.venv/demo-installed: .venv/bin/python pyproject.toml requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.txt --editable '.[demo]'
	@touch $@

.venv/all-installed: .venv/bin/python pyproject.toml requirements.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.txt --editable '.[demo,dev]'
	@touch $@ .venv/demo-installed

# Apart, so that what audits is not part of what is audited.
.venv/audit/installed: .venv/bin/python
	@$(PYTHON) -m venv .venv/audit
	@.venv/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	@touch $@

# What thumbrun is measured against; what cannot be had here, the tables call absent.
.venv/bench/installed: .venv/bin/python bench/requirements.txt
	@$(PYTHON) -m venv .venv/bench
	@.venv/bench/bin/pip install --quiet --disable-pip-version-check --requirement bench/requirements.txt
	@$(PYTHON) -m venv .venv/img2dataset
	@.venv/img2dataset/bin/pip install --quiet --disable-pip-version-check img2dataset==1.47.0 || rm -rf .venv/img2dataset
	@mkdir -p .venv/bench-node
	@npm install --silent --no-audit --no-fund --prefix .venv/bench-node sharp@0.35.5 || rm -rf .venv/bench-node
	@touch $@
