# Needs make and Python 3.11 to 3.13 (with venv and pip); everything else goes into .venv.

HOST ?= 127.0.0.1
PORT ?= 8080
UPGRADE ?=
DATASET ?= data/fer2013
RUN ?= runs/cpu
PHOTOS ?= ../shared/data/photos
NETWORK ?=
FER_PYTHON ?=
JOBS ?= 3
CSV ?= ../shared/data/fer2013/fer2013.csv.xz
SOAK ?= --plot tests/bench/soak.svg
CURVES ?= --plot tests/bench/recall.svg

VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock" $(UPGRADE)

.DEFAULT_GOAL := help
.PHONY: help serve test coverage test-fast check lock licences audit setup-training train notebooks bench-align bench-train bench-serve bench-load bench-folder bench-video bench-long-video bench-live bench-page bench-memory bench-box bench-costly bench-attacked soak scale container gallery detector
.DELETE_ON_ERROR:

help: ## show this list
	@echo "Usage: make TARGET"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# As in the Dockerfile; preprocessing/runtime/processes.py says why.
serve bench-align bench-serve bench-page bench-load bench-video bench-memory bench-costly bench-attacked soak scale: export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1:glibc.malloc.arena_max=1:glibc.malloc.mmap_threshold=262144:glibc.malloc.trim_threshold=1048576

serve: $(VENV)/serving.stamp ## start the server on http://HOST:PORT (127.0.0.1:8080)
	$(BIN)/python -m serving run --host $(HOST) --port $(PORT)

# A file to a process, in the order of tests/conftest.py.
EACH_FILE := --dist loadfile --no-loadscope-reorder

# Empty is as if it were not set: the tests start hundreds of processes, which would compile anew what they import.
test coverage test-fast: export PYTHONDONTWRITEBYTECODE :=
# Large pages of memory: to train takes a tenth less of the processor.
test coverage test-fast: export GLIBC_TUNABLES ?= glibc.malloc.hugetlb=1

# Three at a time keep two cores busy, for many tests wait.
test: $(VENV)/dev.stamp ## run the tests, JOBS at a time (3)
	$(BIN)/python -m pytest -n $(JOBS) $(EACH_FILE)

# Two tests let a program write no file, so that coverage cannot write its own either; and it slows
# what the costly pictures are measured by.
coverage: $(VENV)/dev.stamp ## run the tests as `make test` does, and tell which branches none of them takes
	$(BIN)/python -m pytest -n $(JOBS) $(EACH_FILE) --cov --cov-report=term \
		--ignore tests/serving/web/test_costly_pictures.py \
		--deselect tests/preprocessing/dataset/test_build.py::test_a_full_disk_is_a_clear_error_and_leaves_no_half_shard \
		--deselect tests/serving/cli/test_doctor.py::test_a_folder_that_cannot_be_written

test-fast: $(VENV)/dev.stamp ## run the tests that need neither long nor a browser
	$(BIN)/python -m pytest -m "not slow and not browser" -n $(JOBS) $(EACH_FILE)

check: $(VENV)/dev.stamp ## check format, lint, imports and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/mypy

setup-training: $(VENV)/training.stamp ## make .venv ready for preprocessing and training

train: $(VENV)/training.stamp ## train on DATASET into RUN, export and evaluate (eighteen hours on two cores)
	$(BIN)/python -m training fit $(DATASET) $(RUN) --preset cpu --resume
	$(BIN)/python -m training fit $(DATASET) $(RUN)-longer --preset cpu-longer \
		--start-from $(RUN) --resume
	$(BIN)/python -m training fit $(DATASET) $(RUN)-longest --preset cpu-longer --minutes 90 \
		--start-from $(RUN)-longer --resume
	$(BIN)/python -m training fit $(DATASET) $(RUN)-last --preset cpu-longer --minutes 65 \
		--learning-rate 0.0125 --start-from $(RUN)-longest --resume
	test -f $(RUN)-both.npz || $(BIN)/python -m training distil $(DATASET) $(RUN)-both.npz \
		$(RUN)-longest $(RUN)-last
	$(BIN)/python -m training fit $(DATASET) $(RUN)-taught --preset cpu-longer --minutes 95 \
		--start-from $(RUN)-longest --teacher $(RUN)-both.npz --teacher-weight 0.7 --resume
	test -f $(RUN)-two.npz || $(BIN)/python -m training distil $(DATASET) $(RUN)-two.npz \
		$(RUN)-longest $(RUN)-taught
	$(BIN)/python -m training fit $(DATASET) $(RUN)-again --preset cpu-again \
		--start-from $(RUN)-taught --teacher $(RUN)-two.npz --teacher-weight 0.5 --resume
	test -f $(RUN)-again.npz || $(BIN)/python -m training distil $(DATASET) $(RUN)-again.npz \
		$(RUN)-again
	$(BIN)/python -m training fit $(DATASET) $(RUN)-crowd --preset crowd \
		--start-from $(RUN)-again --teacher $(RUN)-again.npz --teacher-weight 0.5 --resume
	test -f $(RUN)-crowd.npz || $(BIN)/python -m training distil $(DATASET) $(RUN)-crowd.npz \
		$(RUN)-crowd $(RUN)-again
	$(BIN)/python -m training fit $(DATASET) $(RUN)-crowd-longer --preset crowd-longer \
		--start-from $(RUN)-crowd --teacher $(RUN)-crowd.npz --teacher-weight 0.5 --resume
	test -f $(RUN)-ways.npz || $(BIN)/python -m training distil $(DATASET) $(RUN)-ways.npz \
		$(RUN)-crowd-longer
	$(BIN)/python -m training fit $(DATASET) $(RUN)-crowd-larger --preset crowd-larger \
		--start-from $(RUN)-crowd-longer --teacher $(RUN)-ways.npz --teacher-weight 0.5 --resume
	test -f $(RUN)-two-ways.npz || $(BIN)/python -m training distil $(DATASET) $(RUN)-two-ways.npz \
		$(RUN)-crowd-larger $(RUN)-crowd-longer
	$(BIN)/python -m training fit $(DATASET) $(RUN)-crowd-again --preset crowd-larger --epochs 9 \
		--learning-rate 0.025 --start-from $(RUN)-crowd-larger --teacher $(RUN)-two-ways.npz \
		--teacher-weight 0.6 --resume
	test -f $(RUN)-three-ways.npz || $(BIN)/python -m training distil $(DATASET) \
		$(RUN)-three-ways.npz $(RUN)-crowd-again $(RUN)-crowd-larger $(RUN)-crowd-longer
	$(BIN)/python -m training fit $(DATASET) $(RUN)-crowd-noise --preset crowd-noise \
		--start-from $(RUN)-crowd-again --teacher $(RUN)-three-ways.npz --teacher-weight 0.6 --resume
	test -d $(RUN)-noise-mean || $(BIN)/python -m training average $(DATASET) $(RUN)-noise-mean \
		$(RUN)-crowd-again $(RUN)-crowd-noise
	test -f $(RUN)-two-noise.npz || $(BIN)/python -m training distil $(DATASET) \
		$(RUN)-two-noise.npz $(RUN)-noise-mean $(RUN)-crowd-again
	$(BIN)/python -m training fit $(DATASET) $(RUN)-crowd-blur --preset crowd-blur \
		--start-from $(RUN)-noise-mean --teacher $(RUN)-two-noise.npz --teacher-weight 0.6 --resume
	test -d $(RUN)-blur-mean || $(BIN)/python -m training average $(DATASET) $(RUN)-blur-mean \
		$(RUN)-noise-mean $(RUN)-crowd-blur --weights 17,3
	$(BIN)/python -m training export $(RUN)-blur-mean $(RUN)-bundle $(DATASET) --overwrite
	$(BIN)/python -m training evaluate $(RUN)-bundle $(DATASET) --split test --final \
		--overwrite --html $(RUN)-test.html --json $(RUN)-test.json

notebooks: $(VENV)/dev.stamp ## run all notebooks on a small sample
	$(BIN)/python -m notebooks.execute

gallery: $(VENV)/dev.stamp ## make the README's pictures, with DATASET, and what a link to the page shows
	$(BIN)/python -m notebooks.gallery --page --camera --dataset $(DATASET)
	$(BIN)/python -m notebooks.cards

bench-align: $(VENV)/training.stamp ## measure alignment on annotated PHOTOS and FER2013's CSV, beside FER_PYTHON
	$(BIN)/python -m tests.bench.align $(PHOTOS) $(CSV) --fer-python "$(FER_PYTHON)" $(CURVES)

bench-train: $(VENV)/training.stamp ## measure training by batch, precision, XLA and place of augmentation
	$(BIN)/python -m tests.bench.train

bench-serve: $(VENV)/serving.stamp ## measure the server on one core, beside FER_PYTHON and NETWORK
	$(BIN)/python -m tests.bench.serve $(PHOTOS) --network "$(NETWORK)" --fer-python "$(FER_PYTHON)"

bench-load: $(VENV)/serving.stamp ## measure the server under 32 clients
	$(BIN)/python -m tests.bench.load

bench-folder: $(VENV)/serving.stamp ## measure prediction on a folder of 1,000 pictures made from PHOTOS
	$(BIN)/python -m tests.bench.folder $(PHOTOS)

bench-memory: $(VENV)/serving.stamp ## measure the memory of six pictures of 50 megapixels at once
	$(BIN)/python -m tests.bench.memory

bench-box: $(VENV)/serving.stamp ## measure what decoding in a box costs, beside decoding without
	$(BIN)/python -m tests.bench.box

bench-costly: $(VENV)/serving.stamp ## measure what small files cost the server that ask for gigabytes or minutes
	$(BIN)/python -m tests.bench.costly

bench-attacked: $(VENV)/serving.stamp ## measure honest photos beside addresses that send costly files
	$(BIN)/python -m tests.bench.attacked

bench-video: $(VENV)/dev.stamp ## measure video on one core with a clip made from PHOTOS, beside FER_PYTHON
	$(BIN)/python -m tests.bench.video $(PHOTOS) --fer-python "$(FER_PYTHON)"

bench-long-video: $(VENV)/dev.stamp ## measure the memory of an hour of video, and of a run that is killed and goes on
	$(BIN)/python -m tests.bench.long_video

bench-live: $(VENV)/dev.stamp ## measure the live camera in Chromium, on the device and by the server
	$(BIN)/python -m tests.bench.live

bench-page: $(VENV)/dev.stamp ## measure the page in Chromium: bytes, heights, times
	$(BIN)/python -m tests.bench.page

soak: $(VENV)/serving.stamp ## watch the server for 30 minutes at half of its capacity
	$(BIN)/python -m tests.bench.soak $(SOAK)

scale: $(VENV)/serving.stamp ## estimate instances, p99 and cost of 10, 1,000 and 100,000 pictures a second
	$(BIN)/python -m tests.bench.scale

detector: $(VENV)/dev.stamp ## rebuild the face detectors: YuNet for any size and for browsers, dlib's
	$(BIN)/python -m tests.tools.detector_of_any_size
	$(BIN)/python -m tests.tools.detector_for_browsers
	$(BIN)/python -m tests.tools.detector_of_dlib

container: ## build the container and try it (Debian, as root, with buildah and debootstrap)
	tests/tools/container.sh

# Development comes first: the others are held to its versions, so that all can share
# one .venv and installing one never changes what another brought.
lock: $(VENV)/dev.stamp ## rewrite the lock files from pyproject.toml (UPGRADE=--upgrade for newer)
	$(LOCK) pyproject.toml --extra dev --output-file requirements-dev.lock
	$(LOCK) pyproject.toml --extra server --extra feedback --extra training --constraints requirements-dev.lock \
		--output-file requirements-training.lock
	$(LOCK) pyproject.toml --extra server --extra feedback --constraints requirements-dev.lock \
		--output-file requirements-serving.lock
	printf '%s\n' cyclonedx-python-lib packaging | $(LOCK) - \
		--constraints requirements-dev.lock --output-file requirements-sbom.lock

licences: $(VENV)/dev.stamp ## list the licences of all that is shipped in serving/LICENCES.md
	$(BIN)/python -m tests.tools.licences

# The development lock holds all that is in the others. Strict: what cannot be looked up is an error.
audit: $(VENV)/dev.stamp ## look for known weaknesses of what is locked (asks the package index)
	$(BIN)/uvx pip-audit@2.10.1 --strict --disable-pip --require-hashes \
		--requirement requirements-dev.lock

# pip only adds here: it leaves alone what is not in the lock.
$(VENV)/%.stamp: requirements-%.lock $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement $<
	@touch $@

# The first of these that is new enough and not too new for the locked wheels; PYTHON=... overrides.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Mien needs Python 3.11, 3.12 or 3.13 on the PATH." >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
