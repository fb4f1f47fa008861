/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "tests/fuzz/fuzz.h"

/*
 * Runs a fuzz target over seeds, as an ordinary test, without libFuzzer: each as it is, which the
 * target has to accept, cut at several lengths, and with single bytes turned over.
 *
 * usage: fuzz_NAME [--as-is] SEED...
 * What is tried is printed first, so that the last line tells what a crash came from. A file that
 * libFuzzer left is tried with --as-is, accepted or not. Exit code 2: a seed was not accepted.
 */

#define INPUT_MOST ((size_t)64 << 20)
#define CUTS	   24
/* Of a small seed; as many of a large one as there are of this many bytes. */
#define TURNS	    400
#define TURNS_LEAST 60
#define TURNS_BYTES ((size_t)16 << 20)

/* In a piece of memory of its own, so that a byte behind it is nobody's. */
static bool try(const uint8_t *data, size_t len)
{
	uint8_t *copy = xmalloc(len > 0 ? len : 1);

	memcpy(copy, data, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	return fuzz_accepted;
}

/* Behind its begin, in its middle, and just in front of its end. */
static size_t cut_at(size_t i, size_t len)
{
	size_t step = len / (CUTS / 3 + 1), near = (size_t)1 << i % (CUTS / 3);

	if (i < CUTS / 3)
		return near;
	return i < 2 * CUTS / 3 ? step * (i - CUTS / 3 + 1) : len - near;
}

static void try_cuts(const char *name, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < CUTS; i++) {
		size_t cut = cut_at(i, len);

		if (cut < len) {
			printf("%s cut to %zu\n", name, cut);
			try(data, cut);
		}
	}
}

/* Where something is said: what is not zero, and what follows it. */
static bool is_telling(const uint8_t *data, size_t at)
{
	return data[at] != 0 || (at > 0 && data[at - 1] != 0);
}

/* A third of them are the first that tell something, the others are all over it. */
static void try_turned(const char *name, uint8_t *data, size_t len)
{
	size_t count = TURNS_BYTES / (len + 1), telling = 0, seen = 0, turned = 0;

	count = count > TURNS ? TURNS : count < TURNS_LEAST ? TURNS_LEAST : count;
	for (size_t at = 0; at < len; at++)
		telling += is_telling(data, at);
	for (size_t at = 0; at < len && turned < count; at++) {
		uint8_t turn = (uint8_t)(turned % 3 == 0 ? 0xff : 1 << turned % 8);

		if (!is_telling(data, at) ||
			(seen++ >= count / 3 && seen * count / telling <= turned))
			continue;
		printf("%s byte %zu ^ 0x%02x\n", name, at, turn);
		data[at] ^= turn;
		try(data, len);
		data[at] ^= turn;
		turned++;
	}
}

int main(int argc, char **argv)
{
	bool as_is = argc > 1 && strcmp(argv[1], "--as-is") == 0;
	int refused = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = as_is ? 2 : 1; i < argc; i++) {
		const char *name = path_basename(argv[i]);
		struct error err;
		char *text = NULL;
		size_t len;

		if (path_read_file(argv[i], INPUT_MOST, &text, &len, &err) != STATUS_OK) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		printf("%s\n", name);
		if (!try((uint8_t *)text, len) && !as_is) {
			printf("%s is not accepted\n", name);
			refused++;
		}
		if (!as_is) {
			try_cuts(name, (uint8_t *)text, len);
			try_turned(name, (uint8_t *)text, len);
		}
		free(text);
	}
	return refused > 0 ? 2 : 0;
}
