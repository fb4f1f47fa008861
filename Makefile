# SPDX-License-Identifier: Apache-2.0
#
# make            build/reproof
# make deps       install the Debian packages that building and testing need (ci/packages.txt)
# make demo       the main job end to end on real Debian packages, in build/demo/
# make demo-full  the same with a larger image, in build/demo-full/
# make check      every test, and every check of the tree
#
# make unit | cli | replay  the unit tests | the command tests | the fuzz targets over their seeds,
#                           T="NAME..." for some of them
# make check-asan           both under AddressSanitizer and UBSan
# make check-replay         the fuzz targets over seeds and what is near them, under the same
# make check-long           what takes minutes: long tests, clang's opinion, and whether two builds
#                           are the same
# make check-builds         the source packages of the truth table built for real, with what their logs
#                           show (hours); T="NAME..." for some
# make check-images         the test images of six Debian source packages as input, under ASan
# make lint                 layers, sizes, words, format (also: lint-layers lint-sizes ...)
# make cppcheck | tidy      two analysers
# make fuzz                 every parser under libFuzzer, FUZZ_SECONDS=60 each, T="NAME..." for some
# make bench                speed and memory against the least that is needed, and diffoscope
# make format               clang-format, in place
# make install              to DESTDIR and PREFIX
# make demo-clean | clean

.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules
SHELL = /bin/bash

BUILD ?= build
CC = gcc
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
VERSION = 0.1.0

LIBRARIES = libarchive libcurl libsolv libsolvext sqlite3 libxxhash libmicrohttpd libfyaml \
	libsquashfs1 ext2fs e2p com_err jansson libcrypto liblzma libzstd zlib liblz4 \
	libseccomp expat libcrypt yajl xlsxwriter
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla -Wundef -Wwrite-strings -Wdate-time
ifdef CI
WARNINGS += -Werror
endif

# Asked once: with packages missing all is empty, and `toolchain` below says what to do.
# The project's own headers are found from the top, system libraries' are not our warnings.
PKG_CFLAGS := $(subst -I,-isystem ,$(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null))
PKG_LIBS := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null)
CHECK_CFLAGS := $(subst -I,-isystem ,$(shell pkg-config --cflags check 2>/dev/null))
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null)

override ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DREPROOF_VERSION='"$(VERSION)"' \
	-I. -I$(BUILD) $(PKG_CFLAGS) -include base/banned.h -fno-strict-aliasing -fstack-protector-strong \
	-ffile-prefix-map=$(BUILD)/=build/ -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) $(CFLAGS) -pthread
override ALL_LDFLAGS = $(LDFLAGS) -pthread
# Some hundred programs are linked only to be run once: by the faster linker where there is one.
TEST_LDFLAGS := $(if $(shell command -v ld.gold),-fuse-ld=gold)
# Three of them have no pkg-config file.
LIBS = $(PKG_LIBS) -lbz2 -lfdt -lrsync -lm

BASE_SRC := $(wildcard base/*.c)
SNAPSHOT_SRC := $(wildcard snapshot/*.c)
DBDIFF_SRC := $(wildcard dbdiff/*.c dbdiff/format/*.c)
VERIFIER_SRC := $(filter-out verifier/main.c,$(wildcard verifier/*.c verifier/*/*.c))
SQL_SRC := $(wildcard verifier/*/*.sql dbdiff/*.sql snapshot/*.sql)

OBJ = $(patsubst %.c,$(BUILD)/%.o,$(BASE_SRC) $(SNAPSHOT_SRC) $(DBDIFF_SRC) $(VERIFIER_SRC)) \
	$(patsubst %.sql,$(BUILD)/%.sql.o,$(SQL_SRC))
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))
C_SRC = $(BASE_SRC) $(SNAPSHOT_SRC) $(DBDIFF_SRC) $(VERIFIER_SRC) $(wildcard verifier/main.c) \
	$(UNIT_SRC) $(wildcard tests/fuzz/*.c)

# What is run is shown with V=1.
QUIET = $(if $(V),,@echo '  $@';)

.PHONY: all
all: $(BUILD)/reproof

$(BUILD)/libreproof.a: $(OBJ)
	@rm -f $@
	$(QUIET)$(AR) rcsD $@ $(OBJ)

$(BUILD)/reproof: $(BUILD)/verifier/main.o $(BUILD)/libreproof.a
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Facts that are kept of source packages are kept by the rules that gave them (ci/coverage-rules.sh).
$(BUILD)/coverage_rules.h: ci/coverage-rules.sh $(wildcard verifier/coverage/*.[ch])
	@mkdir -p $(@D)
	@text="#define COVERAGE_RULES \"$$(ci/coverage-rules.sh)\""; \
	  [ "$$text" = "$$(cat $@ 2>/dev/null)" ] || echo "$$text" >$@

$(BUILD)/%.o: %.c $(BUILD)/flags | toolchain $(BUILD)/coverage_rules.h
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# dir/name.sql becomes the text `name_sql` (declared by who uses it), cut into strings a line.
$(BUILD)/%.sql.c: %.sql
	@mkdir -p $(@D)
	$(QUIET){ echo 'extern const char $(notdir $*)_sql[];'; echo 'const char $(notdir $*)_sql[] ='; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $<; echo ';'; } >$@

$(BUILD)/%.sql.o: $(BUILD)/%.sql.c $(BUILD)/flags | toolchain
	$(QUIET)$(CC) $(ALL_CFLAGS) -Wno-overlength-strings -c -o $@ $<

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libreproof.a $(BUILD)/flags
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) $(CHECK_CFLAGS) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -MMD -MP -MF $@.d -o $@ $< \
		$(BUILD)/libreproof.a $(LIBS) $(CHECK_LIBS)

# Everything is compiled anew when the flags change.
.PHONY: FORCE toolchain
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@flags=$$(printf '%s\n' "$$FLAGS"); [ "$$flags" = "$$(cat $@ 2>/dev/null)" ] || echo "$$flags" >$@
$(BUILD)/flags: export FLAGS = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(LIBS)

toolchain:
	@[ -n '$(PKG_LIBS)' ] || { echo "packages are missing: run make deps" >&2; exit 2; }

.PHONY: deps unit cli check check-asan check-long check-images check-clang bench demo demo-full demo-clean
deps:
	@ci/install-deps.sh build run demo test

# The HTTP server that tests fetch from; on its own, so that it shares no defect with what it tests.
ARCHIVE_SERVER = $(BUILD)/tests/server/archive_server

$(ARCHIVE_SERVER): $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/server/*.c))
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^

# Judges unpacked source packages as `reproof coverage` does.
COVERAGE_JUDGE = $(BUILD)/tests/coverage/judge

$(COVERAGE_JUDGE): tests/coverage/judge.c $(BUILD)/libreproof.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

UNIT_WANTED = $(if $(T),$(T:%=$(BUILD)/tests/unit/test_%),$(UNIT_BIN))
unit: $(UNIT_WANTED) $(ARCHIVE_SERVER)
	@tests/unit/run $(UNIT_WANTED)

# Reads the log of a package's build as `reproof coverage` does.
LOG_READER = $(BUILD)/tests/coverage/read_log

$(LOG_READER): tests/coverage/read_log.c $(BUILD)/libreproof.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Reads a debci as `reproof coverage` does.
DEBCI_READER = $(BUILD)/tests/coverage/read_debci

$(DEBCI_READER): tests/coverage/read_debci.c $(BUILD)/libreproof.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

cli: $(BUILD)/reproof $(ARCHIVE_SERVER) $(DEBCI_READER)
	@REPROOF=$(abspath $(BUILD))/reproof tests/cli/run $(T)

# A make of its own below `deps`: what pkg-config says is read when a make starts.
check: deps
	@ci/check.sh

SANITIZE = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# Without the tests of scripts, which run nothing that is compiled, the one that spends its minutes in
# other people's programs, and those that read all of Debian's indexes, as small ones are read.
ASAN_WITHOUT = check-format check-layers check-sizes check-words harness harness-left install-deps \
	unit-run fuzz-run demo-tamper snapshot-solve-apt packages-apt
ASAN_CLI = $(filter-out $(ASAN_WITHOUT),$(patsubst tests/cli/%.test,%,$(wildcard tests/cli/*.test)))
check-asan: export TEST_SLOWNESS = 5
check-asan:
	@$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='$(SANITIZE)' unit
	@$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='$(SANITIZE)' cli T='$(ASAN_CLI)'

check-long: $(BUILD)/reproof $(ARCHIVE_SERVER) $(COVERAGE_JUDGE) $(DEBCI_READER) $(LOG_READER)
	@ci/install-deps.sh long
	@REPROOF=$(abspath $(BUILD))/reproof tests/cli/run --long
	@$(MAKE) --no-print-directory check-clang
	@ci/check-reproducible.sh

# A second compiler's warnings, of everything that is compiled.
check-clang:
	@ci/install-deps.sh lint
	@$(MAKE) --no-print-directory BUILD=build-clang CC=clang-14 CI=1 everything

.PHONY: check-builds
check-builds: $(LOG_READER)
	@ci/install-deps.sh long
	@tests/coverage/build-truth --break $(LOG_READER) $(BUILD)/build-truth $(T)

# Fetches 50 MB, kept in $(BUILD)/images.
check-images:
	@ci/install-deps.sh build run images
	@$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='$(SANITIZE)' build-asan/reproof
	@tests/images/run build-asan/reproof $(BUILD)/images $(T)

demo demo-full: deps
	@$(MAKE) --no-print-directory $(BUILD)/reproof
	@ci/demo.sh $(BUILD)/reproof $(BUILD)/$@ $(if $(filter demo-full,$@),full)

demo-clean:
	rm -rf $(BUILD)/demo $(BUILD)/demo-full

ARCHIVE_LOOP = $(BUILD)/tests/bench/archive_loop

$(ARCHIVE_LOOP): tests/bench/archive_loop.c $(BUILD)/libreproof.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

# Reads a pin's indexes, or a tracker's JSON, and nothing else.
COVERAGE_LOOP = $(BUILD)/tests/bench/coverage_loop

$(COVERAGE_LOOP): tests/bench/coverage_loop.c $(BUILD)/libreproof.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

bench: $(BUILD)/reproof $(ARCHIVE_LOOP) $(COVERAGE_LOOP) $(ARCHIVE_SERVER)
	@ci/install-deps.sh bench
	@tests/bench/archive $(abspath $(BUILD))/reproof $(abspath $(ARCHIVE_SERVER)) $(abspath $(BUILD))/bench-archive
	@tests/bench/coverage $(abspath $(BUILD))/reproof $(abspath $(COVERAGE_LOOP)) $(abspath $(BUILD))/bench-coverage
	@tests/bench/run $(abspath $(BUILD))/reproof $(abspath $(ARCHIVE_LOOP)) $(abspath $(BUILD))/bench

LINTS = layers sizes words format
.PHONY: lint $(LINTS:%=lint-%) cppcheck tidy format
lint: $(LINTS:%=lint-%)
$(LINTS:%=lint-%): lint-%:
	@ci/check-$*.sh

cppcheck:
	@cppcheck --quiet --enable=warning,performance,portability --inline-suppr --std=c11 -I. \
		--suppress=missingIncludeSystem --error-exitcode=1 -j2 $(C_SRC)

FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN = $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(FUZZ_SRC))
FUZZ_SECONDS = 60

# A fuzz target with a main() that replays files; `make fuzz` links libFuzzer's instead.
FUZZ_MAIN = tests/fuzz/replay.c

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(FUZZ_MAIN) $(BUILD)/libreproof.a
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(ALL_CFLAGS) $(FUZZ_CFLAGS) $(ALL_LDFLAGS) $(TEST_LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(FUZZ_MAIN) \
		$(BUILD)/libreproof.a $(LIBS)

REPLAY_WANTED = $(if $(T),$(T:%=$(BUILD)/tests/fuzz/fuzz_%),$(FUZZ_BIN))
.PHONY: replay check-replay
replay: $(BUILD)/reproof $(REPLAY_WANTED)
	@REPROOF=$(abspath $(BUILD))/reproof tests/fuzz/run $(REPLAY_WANTED)

check-replay:
	@$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='$(SANITIZE)' replay

.PHONY: everything fuzz-targets fuzz
everything: $(BUILD)/reproof $(UNIT_BIN) $(ARCHIVE_SERVER) $(ARCHIVE_LOOP) $(COVERAGE_LOOP) $(COVERAGE_JUDGE) \
	$(LOG_READER) $(DEBCI_READER) $(FUZZ_BIN)
fuzz-targets: $(REPLAY_WANTED)

fuzz: $(BUILD)/reproof
	@ci/install-deps.sh test fuzz
	$(MAKE) BUILD=build-fuzz CC=clang-14 FUZZ_MAIN= FUZZ_CFLAGS=-fsanitize=fuzzer \
		CFLAGS='-O1 -g -fsanitize=address,undefined,fuzzer-no-link' T='$(T)' fuzz-targets
	@REPROOF=$(abspath $(BUILD))/reproof tests/fuzz/seeds build-fuzz/seeds
	@for target in $(if $(T),$(T:%=fuzz_%),$(FUZZ_SRC:tests/fuzz/%.c=%)); do mkdir -p build-fuzz/corpus/$$target; \
		LSAN_OPTIONS=suppressions=tests/fuzz/leaks.supp:print_suppressions=0 \
		build-fuzz/tests/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=4096 \
		-artifact_prefix=build-fuzz/ build-fuzz/corpus/$$target build-fuzz/seeds/$$target || \
		exit 1; done

# One file a process: clang-tidy 14 with several reports falsely.
tidy:
	@ci/install-deps.sh lint
	@printf '%s\n' $(C_SRC) | xargs -P2 -I{} clang-tidy-14 --quiet --warnings-as-errors='*' \
		--checks='-*,bugprone-*,clang-analyzer-*,-bugprone-easily-swappable-parameters' {} -- \
		-std=c17 -D_GNU_SOURCE -DREPROOF_VERSION='"$(VERSION)"' -I. $(PKG_CFLAGS) $(CHECK_CFLAGS)

format:
	clang-format-14 -i $(C_SRC) $(wildcard $(addsuffix /*.h,$(sort $(dir $(C_SRC)))))

MAN = $(wildcard docs/man/*.1 docs/man/*.5)
COMPLETION = $(wildcard docs/completion/reproof)
.PHONY: install clean help
install: $(BUILD)/reproof
	install -D -m 755 $< $(DESTDIR)$(PREFIX)/bin/reproof
	$(foreach page,$(MAN),install -D -m 644 $(page) \
		$(DESTDIR)$(PREFIX)/share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) &&) true
	$(foreach file,$(COMPLETION),install -D -m 644 $(file) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/$(notdir $(file)) &&) true

clean:
	rm -rf build build-asan build-clang build-fuzz $(filter-out /%,$(BUILD))

help:
	@sed -n 's/^# make/make/p' Makefile

-include $(OBJ:.o=.d) $(BUILD)/verifier/main.d $(UNIT_BIN:=.d) $(FUZZ_BIN:=.d) \
	$(wildcard $(BUILD)/tests/server/*.d)
