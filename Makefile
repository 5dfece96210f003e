# SPDX-License-Identifier: Apache-2.0
# A short front to CMake; `make help` lists the targets.
BUILD ?= build
JOBS  ?= $(shell nproc)
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1

.PHONY: help build run test test-sanitizers bench quality fmt lint fuzz clean package
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build:  ## build/trimtab (installs missing Debian packages)
	@scripts/ensure-packages build
	@cmake --preset release -B $(BUILD) -DTRIMTAB_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) -j $(JOBS)

run: build  ## build, then serve the packaged sample and this host live, and print the brief
	@$(BUILD)/trimtab serve --sample

test:  ## everything CI runs: unit, crash, real peers, fuzz replays, sanitizers
	@scripts/ensure-packages build test
	@scripts/unpack-kernel build/kernel >/dev/null || echo "no kernel for a virtual machine: its tests are skipped" >&2
	@scripts/run-tests

bench:  ## the tables of BENCHMARKS.md, side by side with Debian's prometheus, victoria-metrics, statsmodels and scikit-learn
	@scripts/ensure-packages build test bench
	@scripts/run-bench

quality:  ## how well the statistics judge labelled public data; DATA=DIR, SETS="tcpd m4" to choose
	@scripts/ensure-packages build
	@cmake --preset release -B $(BUILD) -DTRIMTAB_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) -j $(JOBS) --target quality
	@$(BUILD)/bench/quality $(if $(DATA),--data $(DATA)) $(foreach set,$(SETS),--set $(set))

fmt:  ## clang-format over every source file
	@scripts/ensure-packages clang
	@git ls-files '*.cc' '*.h' | xargs clang-format-19 -i

lint:  ## formatting and clang-tidy, without changing anything
	@scripts/ensure-packages build test clang
	@scripts/run-lint

fuzz:  ## coverage-guided fuzzing of every decoder; SECONDS_EACH=600, TARGETS="..." to choose
	@scripts/ensure-packages build clang
	@scripts/run-fuzz

package:  ## a .deb in build/
	@scripts/ensure-packages build
	@cmake --preset release -B $(BUILD) -DTRIMTAB_TESTS=OFF >/dev/null
	@cmake --build $(BUILD) -j $(JOBS)
	@cd $(BUILD) && cpack -G DEB

clean:  ## remove every build folder
	rm -rf build build-*
