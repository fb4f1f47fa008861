# SPDX-License-Identifier: Apache-2.0
#
# make            build/reproof
# make deps       install the Debian packages that building and testing need (ci/packages.txt)
# make demo       the main job end to end on real Debian packages, in build/demo/
# make check      every test, and every check of the tree
# make help       the other targets

.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL = /bin/bash

BUILD ?= build
CC = gcc
CFLAGS ?= -O2 -g
VERSION = 0.1.0

LIBRARIES = libarchive libcurl libsolv libsolvext sqlite3 libxxhash libmicrohttpd libfyaml \
	libsquashfs1 ext2fs com_err jansson libcrypto
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
	-Wmissing-prototypes -Wformat=2 -Wvla -Wundef -Wwrite-strings -Wdate-time
ifdef CI
WARNINGS += -Werror
endif

# The project's own headers are found from the top, system libraries' are not our warnings.
PKG_CFLAGS = $(subst -I,-isystem ,$(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null))
PKG_LIBS = $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null)

override ALL_CFLAGS = -std=c17 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DREPROOF_VERSION='"$(VERSION)"' \
	-I. $(PKG_CFLAGS) -include base/banned.h -fno-strict-aliasing -fstack-protector-strong \
	-ffile-prefix-map=$(CURDIR)=. $(WARNINGS) $(CFLAGS) -pthread
override ALL_LDFLAGS = $(LDFLAGS) -pthread
LIBS = $(PKG_LIBS) -lm

BASE_SRC := $(wildcard base/*.c)
SNAPSHOT_SRC := $(wildcard snapshot/*.c)
DBDIFF_SRC := $(wildcard dbdiff/*.c dbdiff/format/*.c)
VERIFIER_SRC := $(filter-out verifier/main.c,$(wildcard verifier/*.c verifier/*/*.c))
SQL_SRC := $(wildcard verifier/*/*.sql dbdiff/*.sql snapshot/*.sql)

OBJ = $(patsubst %.c,$(BUILD)/%.o,$(BASE_SRC) $(SNAPSHOT_SRC) $(DBDIFF_SRC) $(VERIFIER_SRC)) \
	$(patsubst %.sql,$(BUILD)/%.sql.o,$(SQL_SRC))
UNIT_SRC := $(wildcard tests/unit/test_*.c)
UNIT_BIN = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(UNIT_SRC))

.PHONY: all
all: $(BUILD)/reproof

$(BUILD)/libreproof.a: $(OBJ)
	@rm -f $@
	$(AR) rcsD $@ $(OBJ)

$(BUILD)/reproof: $(BUILD)/verifier/main.o $(BUILD)/libreproof.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# dir/name.sql becomes the text `name_sql` (declared by who uses it), cut into strings a line.
$(BUILD)/%.sql.c: %.sql
	@mkdir -p $(@D)
	{ echo 'extern const char $(notdir $*)_sql[];'; echo 'const char $(notdir $*)_sql[] ='; \
	  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $<; echo ';'; } >$@

$(BUILD)/%.sql.o: $(BUILD)/%.sql.c
	$(CC) $(ALL_CFLAGS) -Wno-overlength-strings -c -o $@ $<

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/libreproof.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(shell pkg-config --cflags check) $(ALL_LDFLAGS) -MMD -MP -MF $@.d -o $@ $< \
		$(BUILD)/libreproof.a $(LIBS) $(shell pkg-config --libs check)

.PHONY: unit
unit: $(UNIT_BIN)
	@for test in $(UNIT_BIN); do $$test || exit 1; done

FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_BIN = $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(FUZZ_SRC))
FUZZ_SECONDS = 60

# A fuzz target with a main() that replays files; `make fuzz` links libFuzzer's instead.
FUZZ_MAIN = tests/fuzz/replay.c

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(FUZZ_MAIN) $(BUILD)/libreproof.a
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(FUZZ_CFLAGS) $(ALL_LDFLAGS) -MMD -MP -MF $@.d -o $@ $< $(FUZZ_MAIN) \
		$(BUILD)/libreproof.a $(LIBS)

.PHONY: fuzz-targets fuzz
fuzz-targets: $(FUZZ_BIN)

fuzz:
	$(MAKE) BUILD=build-fuzz CC=clang FUZZ_MAIN= FUZZ_CFLAGS=-fsanitize=fuzzer \
		CFLAGS='-O1 -g -fsanitize=address,undefined,fuzzer-no-link' fuzz-targets
	@for target in $(FUZZ_SRC:tests/fuzz/%.c=%); do mkdir -p build-fuzz/corpus/$$target; \
		build-fuzz/tests/fuzz/$$target -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=4096 \
		-artifact_prefix=build-fuzz/ build-fuzz/corpus/$$target || exit 1; done

-include $(OBJ:.o=.d) $(BUILD)/verifier/main.d $(UNIT_BIN:=.d) $(FUZZ_BIN:=.d)
