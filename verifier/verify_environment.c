/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_environment.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static bool has(const struct text_list *environment, const char *variable)
{
	size_t len = strcspn(variable, "=");

	for (size_t i = 0; i < environment->count; i++) {
		if (strncmp(environment->items[i], variable, len) == 0 &&
			environment->items[i][len] == '=')
			return true;
	}
	return false;
}

static void add(struct text_list *environment, const char *name, const char *value)
{
	char *text = xasprintf("%s=%s", name, value);

	text_list_add(environment, text);
	free(text);
}

void verify_environment(const struct verification *verification, const char *output, int64_t epoch,
	unsigned short port, struct text_list *environment)
{
	const struct text_list *own = &verification->release.build.environment;
	char text[64];

	add(environment, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	add(environment, "HOME", "/tmp");
	add(environment, "TMPDIR", "/tmp");
	/* What is varied comes in place of what is usual and of what the descriptor says. */
	if (verification->conditions) {
		const struct text_list *varied = &verification->conditions->environment;

		for (size_t i = 0; i < varied->count; i++)
			text_list_add(environment, varied->items[i]);
	}
	for (size_t i = 0; i < own->count; i++) {
		if (!has(environment, own->items[i]))
			text_list_add(environment, own->items[i]);
	}
	if (!has(environment, "LC_ALL"))
		add(environment, "LC_ALL", "C.UTF-8");
	if (!has(environment, "TZ"))
		add(environment, "TZ", "UTC");
	snprintf(text, sizeof(text), "%" PRId64, epoch);
	add(environment, "SOURCE_DATE_EPOCH", text);
	snprintf(text, sizeof(text), "http://127.0.0.1:%u", port);
	add(environment, "http_proxy", text);
	add(environment, "OUTPUT", output);
}
