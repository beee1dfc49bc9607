# Everything a new machine needs: Python 3.11 or 3.12 (`make PYTHON=python3.12 ...` to choose).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-long bench lint schemas clean

demo: $(READY)  ## Build a release from the embedded sample, look into it, check it.
	$(BIN)/prompt2sign build --lang gsl --corpus sample --work demo/work --out demo/release
	$(BIN)/prompt2sign inspect demo/release
	$(BIN)/prompt2sign validate demo/release
	$(BIN)/prompt2sign report demo/release --work demo/work
	@echo
	@echo "demo/release is a finished release. Look at:"
	@echo "  demo/release-report/index.html   the report: open it in any browser"
	@echo "  demo/release/README.md        the dataset card"
	@echo "  demo/release/data/            the Parquet shards"
	@echo "  demo/release/release.json     counts, options, versions, checksums"
	@echo "Run 'make demo' again: nothing is done twice."

test: $(READY)  ## The tests, in about ten minutes.
	$(BIN)/python -m pytest -m "not long" --numprocesses logical --dist loadfile

test-long: $(READY)  ## What takes long: many kills, 100,000 clips.
	$(BIN)/python -m pytest -m long

bench: $(READY)  ## Speed and size, each against a named baseline in the same run.
	$(BIN)/python -m benchmarks

lint: $(READY)  ## Style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

schemas: $(READY)  ## Write schemas/ again from the code's own models.
	$(BIN)/python -m prompt2sign.schemas schemas

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable ".[mediapipe,pose,download,wholebody,render,plot,train,dev]"
	$(BIN)/prompt2sign doctor
	touch $@

clean:  ## Remove the environment and what the demo made.
	rm -rf $(VENV) demo
