/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "snapshot/api_answer.h"
#include "snapshot/api_metasnap.h"
#include "snapshot/proxy_target.h"
#include "tests/fuzz/fuzz.h"

bool fuzz_accepted;

static char *directory;
static struct store *store;
static struct pin_list no_pins;
static struct catalog catalog;

static void clean_up(void)
{
	struct error err;

	catalog_release(&catalog);
	store_free(store);
	path_remove_tree(directory, &err);
	free(directory);
}

/* An empty catalogue: what is asked is taken apart, bound and looked for all the same. */
static void set_up(void)
{
	struct error err;

	if (tempfile_directory(&directory, &err) < 0 || store_open(directory, &store, &err) < 0 ||
		catalog_open(store, &no_pins, &catalog, &err) < 0)
		abort();
	atexit(clean_up);
}

static enum status api_ask(const char *text, struct buffer *answer, struct error *err)
{
	const char *query = strchr(text, '?');
	struct proxy_target target = {0};
	enum status status = proxy_target_parse(text, &target, err);

	if (status == STATUS_OK)
		status = api_answer(&(struct api_question){.catalog = &catalog,
					    .pins = &no_pins,
					    .path = target.path,
					    .query = query ? query + 1 : ""},
			answer, err);
	proxy_target_release(&target);
	return status;
}

/* A target that is asked for, or behind "pkgs=" a question to metasnap. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	struct buffer answer = {0};
	struct error err;
	enum status status;

	if (!store)
		set_up();
	if (strncmp(text, "pkgs=", 5) == 0)
		status = metasnap_answer(&catalog, "debian", "amd64", text + 5, &answer, &err);
	else
		status = api_ask(text, &answer, &err);
	/* Of a question that is one, there is nothing. */
	fuzz_accepted = status == STATUS_OK || status == STATUS_NOT_FOUND;
	buffer_release(&answer);
	free(text);
	return 0;
}
