/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/escape.h"
#include "dbdiff/matcher.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

static const char *const paths[] = {"t//f", "t//etc/ssh/ssh_host_ed25519_key",
	"t//etc/ssh/ssh_host_rsa_key.pub", "t//var/lib/systemd/random-seed",
	"t//var/cache/ldconfig/aux-cache", "t//var/log/syslog", "t//var/lib/apt/lists/h_Packages",
	"t//usr/share/doc/x", "t//var/cache/fontconfig/0-le64.cache-8", "p//.rodata",
	"p//.debug_str"};

/* Claims are in order, inside of both sides, and say something that may be printed. */
static void check(const struct claim_list *claims, const struct stretch sides[SIDES])
{
	size_t end[SIDES] = {0};

	for (size_t i = 0; i < claims->count; i++) {
		const struct claim *claim = &claims->items[i];

		for (int side = 0; side < SIDES; side++) {
			if (claim->len[side] == 0 || claim->start[side] < end[side] ||
				claim->start[side] > sides[side].len ||
				claim->len[side] > sides[side].len - claim->start[side])
				abort();
			end[side] = claim->start[side] + claim->len[side];
		}
		if (claim->evidence[0] == '\0' ||
			!escape_is_utf8(claim->evidence, strlen(claim->evidence)))
			abort();
	}
}

/* Two bytes say which path it is, and where the one side ends and the other begins. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char published[] = "00112233-aa", rebuilt[] = "00112233-bb";
	struct known_pair known = {"verity-root", "verity-root", {published, rebuilt}};
	struct stretch sides[SIDES];
	struct claim_list claims = {0};
	size_t half;

	fuzz_accepted = false;
	if (size < 2)
		return 0;
	half = (size - 2) * data[1] / 255;
	sides[PUBLISHED] = (struct stretch){(const char *)data + 2, half, 0};
	sides[REBUILT] = (struct stretch){(const char *)data + 2 + half, size - 2 - half, 0};
	match_stretch(
		&(struct matching){
			.path = paths[data[0] % ARRAY_SIZE(paths)],
			.sides = sides,
			.is_whole = true,
			.in_program = strncmp(paths[data[0] % ARRAY_SIZE(paths)], "p//", 3) == 0,
			.known = &known,
			.known_count = 1,
		},
		&claims);
	check(&claims, sides);
	fuzz_accepted = claims.count > 0;
	claim_list_release(&claims);
	return 0;
}
