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
	enum snapshot_option option;
	enum option_kind kind;
	size_t place; /* in struct snapshot_options */
} kept[] = {
	{SNAPSHOT_EXPIRED_KEY, OPTION_FLAG, offsetof(struct snapshot_options, accept_expired_key)},
	{SNAPSHOT_OFFLINE, OPTION_FLAG, offsetof(struct snapshot_options, is_offline)},
	{SNAPSHOT_JSON, OPTION_FLAG, offsetof(struct snapshot_options, is_json)},
	{SNAPSHOT_SERVE_API, OPTION_FLAG, offsetof(struct snapshot_options, is_api)},
	{SNAPSHOT_YES, OPTION_FLAG, offsetof(struct snapshot_options, is_agreed)},
	{SNAPSHOT_ALL, OPTION_FLAG, offsetof(struct snapshot_options, takes_all)},
	{SNAPSHOT_SOURCES, OPTION_FLAG, offsetof(struct snapshot_options, takes_sources)},
	{SNAPSHOT_RECOMMENDS, OPTION_FLAG, offsetof(struct snapshot_options, has_recommends)},
	{SNAPSHOT_EXIT_CODE, OPTION_FLAG, offsetof(struct snapshot_options, has_exit_code)},
	{SNAPSHOT_APT, OPTION_TEXT, offsetof(struct snapshot_options, etc_apt)},
	{SNAPSHOT_KEYRING, OPTION_TEXT, offsetof(struct snapshot_options, keyring)},
	{SNAPSHOT_LOCK, OPTION_TEXT, offsetof(struct snapshot_options, lock_path)},
	{SNAPSHOT_LOG, OPTION_TEXT, offsetof(struct snapshot_options, log_path)},
	{SNAPSHOT_OUTPUT, OPTION_TEXT, offsetof(struct snapshot_options, output)},
	{SNAPSHOT_SHA256, OPTION_TEXT, offsetof(struct snapshot_options, sha256)},
	{SNAPSHOT_CHECK, OPTION_TEXT, offsetof(struct snapshot_options, check_path)},
	{SNAPSHOT_ROOTS, OPTION_TEXT, offsetof(struct snapshot_options, roots_path)},
	{SNAPSHOT_MANIFEST, OPTION_TEXT, offsetof(struct snapshot_options, manifest_path)},
	{SNAPSHOT_METASNAP, OPTION_TEXT, offsetof(struct snapshot_options, metasnap)},
	{SNAPSHOT_ASK_API, OPTION_TEXT, offsetof(struct snapshot_options, api)},
	{SNAPSHOT_PIN, OPTION_LIST, offsetof(struct snapshot_options, pins)},
	{SNAPSHOT_MIRROR, OPTION_LIST, offsetof(struct snapshot_options, mirrors)},
	{SNAPSHOT_ARCHITECTURE, OPTION_LIST, offsetof(struct snapshot_options, architectures)},
	{SNAPSHOT_DB, OPTION_LIST, offsetof(struct snapshot_options, databases)},
	{SNAPSHOT_DROP, OPTION_LIST, offsetof(struct snapshot_options, dropped)},
	{SNAPSHOT_PACKAGE, OPTION_LIST, offsetof(struct snapshot_options, packages)},
	{SNAPSHOT_GIT, OPTION_LIST, offsetof(struct snapshot_options, gits)},
	{SNAPSHOT_NOW, OPTION_LIST, offsetof(struct snapshot_options, now)},
	{SNAPSHOT_ARCHIVE, OPTION_LIST, offsetof(struct snapshot_options, archives)},
};

/* False when the table has no such option. */
static bool option_keep(
	struct snapshot_options *options, enum snapshot_option option, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		void *place = (char *)options + kept[i].place;

		if (kept[i].option != option)
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

bool snapshot_option_take(
	struct snapshot_options *options, enum snapshot_option option, const char *value)
{
	switch (option) {
	case SNAPSHOT_STORE:
		free(options->store_path);
		options->store_path = xstrdup(value);
		return true;
	case SNAPSHOT_QUIET:
		progress_set_quiet(true);
		return true;
	case SNAPSHOT_PORT:
		return port_parse(value, &options->port);
	case SNAPSHOT_CONNECTIONS:
		return bound_parse(value, &options->connections);
	case SNAPSHOT_RATE:
		return bound_parse(value, &options->rate);
	case SNAPSHOT_EFFORT:
		return effort_parse(value, &options->effort);
	default:
		return option_keep(options, option, value);
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
