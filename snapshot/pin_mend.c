/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
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

/* The InRelease that the store's pin has by its digest, from any place that still has it. */
static enum status inrelease_mend(const struct pin_context *context, const struct pin *pin,
	const struct pin_suite *suite, const struct text_list *bases, struct error *err)
{
	char hex[SHA256_HEX_SIZE];
	struct digest found;

	for (size_t i = 0; i < bases->count && context->fetcher; i++) {
		char *url = xasprintf("%s/dists/%s/InRelease", bases->items[i], suite->suite);
		enum status status = fetcher_get(context->fetcher, context->store, url,
			INRELEASE_LIMIT, &found, NULL, NULL, err);

		free(url);
		if (status == STATUS_OK && digest_equal(&found, &suite->inrelease))
			return STATUS_OK;
	}
	digest_hex(&suite->inrelease, hex);
	return error_set(err, STATUS_NOT_FOUND,
		"the InRelease of %s %s (sha256 %s) is not in the store any more%s", pin->name,
		suite->suite, hex,
		context->fetcher ? ", and no place has it as it was; name one with --mirror, or "
				   "capture anew"
				 : ", and this is offline; leave out --offline to fetch it");
}

enum status pin_inreleases_complete(const struct pin_context *context, const struct pin *pin,
	const struct place_list *places, struct error *err)
{
	struct text_list bases = {0};
	enum status status = STATUS_OK;

	mirror_bases_add(places, pin->archive, &bases);
	snapshot_bases_add(places, pin, &bases);
	for (size_t i = 0; i < pin->suite_count && status == STATUS_OK; i++) {
		const struct pin_suite *suite = &pin->suites[i];
		bool is_there;

		status = store_check(context->store, &suite->inrelease, context->trust,
			"an InRelease", &is_there, err);
		if (status == STATUS_OK && !is_there)
			status = inrelease_mend(context, pin, suite, &bases, err);
	}
	text_list_release(&bases);
	return status;
}
