/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/progress.h"
#include "verifier/cmd/cmd_snapshot.h"

static bool port_parse(const char *text, unsigned short *port)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end || value > 65535)
		return false;
	*port = (unsigned short)value;
	return true;
}

static bool bound_parse(const char *text, unsigned *bound)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*bound = (unsigned)value;
	return text[0] >= '0' && text[0] <= '9' && !*end && value > 0 && value <= 1000;
}

static bool effort_parse(const char *text, uint64_t *effort)
{
	if (!number_parse(text, strlen(text), effort) || *effort == 0 || *effort > 1000000)
		return false;
	*effort *= 1000000000;
	return true;
}

enum option_kind {
	OPTION_FLAG, /* becomes true */
	OPTION_TEXT,
	OPTION_LIST, /* may be given again */
};

/* Those that are kept as they are given. */
static const struct {
	int letter;
	enum option_kind kind;
	size_t place; /* in struct snapshot_options */
} kept[] = {
	{'e', OPTION_FLAG, offsetof(struct snapshot_options, accept_expired_key)},
	{'o', OPTION_FLAG, offsetof(struct snapshot_options, is_offline)},
	{'j', OPTION_FLAG, offsetof(struct snapshot_options, is_json)},
	{'b', OPTION_FLAG, offsetof(struct snapshot_options, is_api)},
	{'y', OPTION_FLAG, offsetof(struct snapshot_options, is_agreed)},
	{'A', OPTION_FLAG, offsetof(struct snapshot_options, takes_all)},
	{'S', OPTION_FLAG, offsetof(struct snapshot_options, takes_sources)},
	{'R', OPTION_FLAG, offsetof(struct snapshot_options, has_recommends)},
	{'x', OPTION_FLAG, offsetof(struct snapshot_options, has_exit_code)},
	{'t', OPTION_TEXT, offsetof(struct snapshot_options, etc_apt)},
	{'k', OPTION_TEXT, offsetof(struct snapshot_options, keyring)},
	{'l', OPTION_TEXT, offsetof(struct snapshot_options, lock_path)},
	{'L', OPTION_TEXT, offsetof(struct snapshot_options, log_path)},
	{'f', OPTION_TEXT, offsetof(struct snapshot_options, output)},
	{'h', OPTION_TEXT, offsetof(struct snapshot_options, sha256)},
	{'K', OPTION_TEXT, offsetof(struct snapshot_options, check_path)},
	{'T', OPTION_TEXT, offsetof(struct snapshot_options, roots_path)},
	{'N', OPTION_TEXT, offsetof(struct snapshot_options, manifest_path)},
	{'M', OPTION_TEXT, offsetof(struct snapshot_options, metasnap)},
	{'I', OPTION_TEXT, offsetof(struct snapshot_options, api)},
	{'p', OPTION_LIST, offsetof(struct snapshot_options, pins)},
	{'m', OPTION_LIST, offsetof(struct snapshot_options, mirrors)},
	{'a', OPTION_LIST, offsetof(struct snapshot_options, architectures)},
	{'d', OPTION_LIST, offsetof(struct snapshot_options, databases)},
	{'D', OPTION_LIST, offsetof(struct snapshot_options, dropped)},
	{'C', OPTION_LIST, offsetof(struct snapshot_options, packages)},
	{'g', OPTION_LIST, offsetof(struct snapshot_options, gits)},
	{'n', OPTION_LIST, offsetof(struct snapshot_options, now)},
	{'V', OPTION_LIST, offsetof(struct snapshot_options, archives)},
};

/* False when the table has no such letter. */
static bool option_keep(struct snapshot_options *options, int letter, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		void *place = (char *)options + kept[i].place;

		if (kept[i].letter != letter)
			continue;
		if (kept[i].kind == OPTION_FLAG)
			*(bool *)place = true;
		else if (kept[i].kind == OPTION_TEXT)
			*(const char **)place = value;
		else
			text_list_add(place, value);
		return true;
	}
	return false;
}

bool snapshot_option_take(struct snapshot_options *options, int letter, const char *value)
{
	switch (letter) {
	case 's':
		free(options->store_path);
		options->store_path = xstrdup(value);
		return true;
	case 'q':
		progress_set_quiet(true);
		return true;
	case 'P':
		return port_parse(value, &options->port);
	case 'c':
		return bound_parse(value, &options->connections);
	case 'r':
		return bound_parse(value, &options->rate);
	case 'E':
		return effort_parse(value, &options->effort);
	default:
		return option_keep(options, letter, value);
	}
}

void snapshot_options_release(struct snapshot_options *options)
{
	free(options->store_path);
	text_list_release(&options->mirrors);
	text_list_release(&options->pins);
	text_list_release(&options->architectures);
	text_list_release(&options->databases);
	text_list_release(&options->dropped);
	text_list_release(&options->packages);
	text_list_release(&options->gits);
	text_list_release(&options->now);
	text_list_release(&options->archives);
	text_list_release(&options->words);
}
