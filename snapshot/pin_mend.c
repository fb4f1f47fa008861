/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "snapshot/pin.h"
#include "snapshot/trust.h"

enum status store_check(struct store *store, const struct digest *digest,
	const struct trust_options *trust, const char *name, bool *is_there, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	enum status status;
	int fd;

	*is_there = false;
	status = store_read(store, digest, &fd, NULL, err);
	if (status == STATUS_OK) {
		*is_there = true;
		close(fd);
		return STATUS_OK;
	}
	if (status != STATUS_TRUST && status != STATUS_NOT_FOUND)
		return status;
	digest_hex(digest, hex);
	if (status == STATUS_TRUST)
		trust_note(trust,
			"%s (%s) was damaged in the store and is moved to quarantine/; it is to "
			"be fetched again",
			name, hex);
	*err = (struct error){.status = STATUS_OK};
	return STATUS_OK;
}

/* The file that the store's pin has by its digest, from any place that still has it. */
static enum status file_mend(const struct pin_context *context, const struct pin *pin,
	const struct pin_suite *suite, const char *name, const struct digest *digest,
	const struct text_list *bases, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	struct digest found;

	for (size_t i = 0; i < bases->count && context->fetcher; i++) {
		char *url = xasprintf("%s/dists/%s/%s", bases->items[i], suite->suite, name);
		enum status status = fetcher_get(context->fetcher, context->store, url,
			INRELEASE_LIMIT, &found, NULL, NULL, err);

		free(url);
		if (status == STATUS_OK && digest_equal(&found, digest))
			return STATUS_OK;
	}
	digest_hex(digest, hex);
	return error_set(err, STATUS_NOT_FOUND,
		"the %s of %s %s (sha256 %s) is not in the store any more%s", name, pin->name,
		suite->suite, hex,
		context->fetcher ? ", and no place has it as it was; name one with --mirror, or "
				   "capture anew"
				 : ", and this is offline; leave out --offline to fetch it");
}

static enum status file_complete(const struct pin_context *context, const struct pin *pin,
	const struct pin_suite *suite, const char *name, const struct digest *digest,
	const struct text_list *bases, struct error *err)
{
	char *noted = xasprintf(
		"%s %s of %s", strcmp(name, "InRelease") == 0 ? "an" : "a", name, suite->suite);
	bool is_there;
	enum status status =
		store_check(context->store, digest, context->trust, noted, &is_there, err);

	if (status == STATUS_OK && !is_there)
		status = file_mend(context, pin, suite, name, digest, bases, err);
	free(noted);
	return status;
}

enum status pin_signed_files_complete(const struct pin_context *context, const struct pin *pin,
	const struct place_list *places, struct error *err)
{
	struct text_list bases = {0};
	enum status status = STATUS_OK;

	mirror_bases_add(places, pin->archive, &bases);
	snapshot_bases_add(places, pin, &bases);
	for (size_t i = 0; i < pin->suite_count && status == STATUS_OK; i++) {
		const struct pin_suite *suite = &pin->suites[i];

		if (!suite->is_detached) {
			status = file_complete(
				context, pin, suite, "InRelease", &suite->inrelease, &bases, err);
			continue;
		}
		status =
			file_complete(context, pin, suite, "Release", &suite->release, &bases, err);
		if (status == STATUS_OK)
			status = file_complete(context, pin, suite, "Release.gpg",
				&suite->release_gpg, &bases, err);
	}
	text_list_release(&bases);
	return status;
}
