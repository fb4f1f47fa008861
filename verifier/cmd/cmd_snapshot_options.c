/* SPDX-License-Identifier: Apache-2.0 */
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

bool snapshot_option_take(struct snapshot_options *options, int letter, const char *value)
{
	switch (letter) {
	case 'p':
		text_list_add(&options->pins, value);
		break;
	case 's':
		free(options->store_path);
		options->store_path = xstrdup(value);
		break;
	case 'm':
		text_list_add(&options->mirrors, value);
		break;
	case 't':
		options->etc_apt = value;
		break;
	case 'a':
		text_list_add(&options->architectures, value);
		break;
	case 'k':
		options->keyring = value;
		break;
	case 'e':
		options->accept_expired_key = true;
		break;
	case 'l':
		options->lock_path = value;
		break;
	case 'o':
		options->is_offline = true;
		break;
	case 'j':
		options->is_json = true;
		break;
	case 'q':
		progress_set_quiet(true);
		break;
	case 'P':
		return port_parse(value, &options->port);
	case 'L':
		options->log_path = value;
		break;
	case 'b':
		options->is_api = true;
		break;
	case 'd':
		text_list_add(&options->databases, value);
		break;
	case 'D':
		text_list_add(&options->dropped, value);
		break;
	case 'y':
		options->is_agreed = true;
		break;
	case 'c':
		return bound_parse(value, &options->connections);
	case 'r':
		return bound_parse(value, &options->rate);
	case 'f':
		options->output = value;
		break;
	case 'C':
		text_list_add(&options->packages, value);
		break;
	case 'A':
		options->takes_all = true;
		break;
	case 'S':
		options->takes_sources = true;
		break;
	case 'g':
		text_list_add(&options->gits, value);
		break;
	case 'h':
		options->sha256 = value;
		break;
	case 'K':
		options->check_path = value;
		break;
	case 'T':
		options->roots_path = value;
		break;
	case 'R':
		options->has_recommends = true;
		break;
	case 'N':
		options->manifest_path = value;
		break;
	case 'n':
		text_list_add(&options->now, value);
		break;
	case 'x':
		options->has_exit_code = true;
		break;
	case 'V':
		text_list_add(&options->archives, value);
		break;
	case 'M':
		options->metasnap = value;
		break;
	case 'I':
		options->api = value;
		break;
	case 'E':
		return effort_parse(value, &options->effort);
	default:
		return false;
	}
	return true;
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
