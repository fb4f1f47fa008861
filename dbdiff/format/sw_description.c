/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sw-description, which says what is in an update of SWUpdate (its manual, "SWUpdate: syntax and
 * tags with the default parser"): each setting is a member, called by its path.
 */
#include <string.h>

#include "base/path.h"
#include "dbdiff/format/formats.h"
#include "dbdiff/format/libconfig.h"
#include "dbdiff/format/spans.h"

static void take(void *context, const struct setting *setting)
{
	struct spans *spans = context;

	if (setting->kind == SETTING_STRING || setting->kind == SETTING_WORD)
		spans_add(spans, setting->path, setting->start, setting->offset,
			setting->offset_len, setting->end);
}

static enum status sw_description_open(struct source *source, const char *name,
	const struct limits *limits, struct members **members, struct error *err)
{
	struct spans *spans = NULL;
	enum status status;

	(void)name, (void)limits;
	status = spans_new(source, LIBCONFIG_BYTES_MAX, "setting", "text-between", &spans, err);
	if (status == STATUS_OK)
		status = libconfig_parse(spans->text.data, spans->text.len, take, spans, err);
	if (status == STATUS_OK)
		status = kept_check(&spans->kept, err);
	if (status != STATUS_OK) {
		if (spans != NULL)
			spans_free(spans);
		return error_context(err, "sw-description");
	}
	*members = &spans->members;
	return STATUS_OK;
}

/* By its name, which is the one that SWUpdate looks for. */
static unsigned sw_description_bid(const struct candidate *candidate)
{
	return strcmp(path_basename(candidate->path), "sw-description") == 0 ? 24 : 0;
}

const struct format format_sw_description = {
	.name = "sw-description",
	.bid_bytes = 16,
	.is_lazy = true,
	.bid_more = sw_description_bid,
	.open = sw_description_open,
};
