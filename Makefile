# Two commands do everything: `make quickstart` and `make test`. Each installs what is missing first.
SWIFT ?= swift
# debug: the build of `make test`, whose modules are optimized one file at a time, instead of a second one.
CONFIGURATION ?= release
BUILD := .build/$(CONFIGURATION)
TUNE := $(BUILD)/tune
# The compiler of the MPI that mpirun belongs to: mpicc, mpicc.openmpi, mpicc.mpich, or a path.
MPICC ?= mpicc

PREFIX ?= /usr/local

.PHONY: install uninstall quickstart pictures test build format lint bench bench-quick leaderboard bench-peers bench-check bench-table kill-test download-test mpi test-mpi test-arm man setup clean

quickstart: build recipes/quickstart/train.tsv
	$(TUNE) run recipes/quickstart.json --overwrite
	@echo "The patient with chronic renal failure developed severe nausea after 40 mg of Tolvaprine daily ." \
	  | $(TUNE) predict checkpoints/biomed-mini-l3 --adapter quickstart=runs/quickstart/adapter -

# The pictures of docs/report.md, from the report of the quick start.
pictures: quickstart
	$(TUNE) report runs/quickstart --files runs/quickstart-figures
	mkdir -p docs/images
	cp runs/quickstart-figures/*.svg docs/images

# Tests of downloads, of the server and of the documented commands use curl and python3.
test: setup
	@command -v curl > /dev/null && command -v python3 > /dev/null || scripts/setup.sh curl python3
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build

build: setup
	$(SWIFT) build -c $(CONFIGURATION) $(if $(filter release,$(CONFIGURATION)),--static-swift-stdlib)

format: setup
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests benchmarks

# Writes the manual page from the commands' help.
man: build
	scripts/manual.py $(TUNE) > docs/tune.1

lint: setup
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests benchmarks
	python3 scripts/check-words.py

# SECTIONS="steps predict" selects from recipe, ops, steps, memory, cache, epochs, predict; ROUNDS, STEPS, PRECISION, RECIPE and
# WORKLOADS="a b" change how much is measured.
bench: build
	benchmarks/run.sh $(SECTIONS)

# Trainable parameters against accuracy on the quick start's corpus: two to five minutes.
bench-quick: build recipes/quickstart/train.tsv
	$(TUNE) bench benchmarks/quick.json

# Methods by parameters and accuracy, with the tables of docs/methods.md: two to three hours on two cores with bf16, five without.
# Needs ../shared/models and ../shared/data. Continues where it was stopped; PARTS="minilm-l6/chemprot" makes some.
leaderboard: build
	python3 benchmarks/seqcls_data.py ../shared/data/pubmed-sections runs/pubmed-sections
	TUNE=$(TUNE) python3 benchmarks/leaderboard.py $(PARTS)

# make bench-peers PYTHON=/path/to/venv/bin/python
bench-peers: build
	benchmarks/run.sh $(SECTIONS) --peers "$(PYTHON)"

# Fails when a figure is more than 5 % below the recorded one; with PYTHON=… it compares the ratios to PyTorch.
bench-check: build
	python3 benchmarks/check.py $(if $(PYTHON),--peers "$(PYTHON)") $(if $(WORKLOADS),--workloads "$(WORKLOADS)")

bench-table:
	python3 benchmarks/table.py

# Kills runs, runs with --overwrite, merges and sweeps, 50 times each with kill -9, and 30 runs with a mix of signals
# (kill -9, Ctrl-C, SIGTERM), and compares the bytes with those of an uninterrupted run.
kill-test: build recipes/quickstart/train.tsv
	scripts/kill-test.py --program $(TUNE) --command all --kills 50
	scripts/kill-test.py --program $(TUNE) --kills 30 --signal MIXED --method full

# One training run on several processes: what tune needs of MPI, as a library beside the program (docs/cluster.md).
mpi: build
	@command -v $(MPICC) > /dev/null || { echo "make mpi: no '$(MPICC)'. On Debian: apt-get install libopenmpi-dev openmpi-bin; on a cluster: module load openmpi" >&2; exit 1; }
	$(MPICC) -shared -fPIC -O2 -Wall -Werror -o $(BUILD)/libtune-mpi.so mpi/tune-mpi.c

# The bytes of runs on 2 and 4 ranks against those of one process, with every MPI of this machine, or else Open MPI, which it installs;
# killed ranks and faults.
test-mpi: build recipes/quickstart/train.tsv
	@command -v mpicc > /dev/null || scripts/setup.sh openmpi-bin libopenmpi-dev
	scripts/mpi-test.py --program $(TUNE)

# The C kernels on aarch64, under an emulator, against those of this machine.
test-arm:
	scripts/test-arm.sh

# Downloads through 200 injected faults from a local Hub, and checks with strace that no other command opens a connection.
download-test: quickstart
	scripts/download-test.py --program $(TUNE) --faults 200
	scripts/offline-test.py --program $(TUNE)

# The program, its manual page and shell completions, under PREFIX (and DESTDIR, for packages).
ROOT = $(DESTDIR)$(PREFIX)
INSTALLED = $(ROOT)/bin/tune $(ROOT)/share/man/man1/tune.1 $(ROOT)/share/bash-completion/completions/tune \
  $(ROOT)/share/zsh/site-functions/_tune $(ROOT)/share/fish/vendor_completions.d/tune.fish $(ROOT)/lib/libtune-mpi.so

install:
	test -x $(TUNE) || $(MAKE) build
	install -D -s -m 755 $(TUNE) $(ROOT)/bin/tune
	install -D -m 644 docs/tune.1 $(ROOT)/share/man/man1/tune.1
	mkdir -p $(dir $(wordlist 3,5,$(INSTALLED)))
	$(TUNE) --generate-completion-script bash > $(ROOT)/share/bash-completion/completions/tune
	$(TUNE) --generate-completion-script zsh > $(ROOT)/share/zsh/site-functions/_tune
	$(TUNE) --generate-completion-script fish > $(ROOT)/share/fish/vendor_completions.d/tune.fish
	! test -f $(BUILD)/libtune-mpi.so || install -D -m 755 $(BUILD)/libtune-mpi.so $(ROOT)/lib/libtune-mpi.so

uninstall:
	rm -f $(INSTALLED)

setup:
	@scripts/setup.sh

recipes/quickstart/train.tsv: build
	$(BUILD)/quickstart-corpus recipes/quickstart

clean:
	rm -rf .build runs recipes/quickstart/*.tsv
