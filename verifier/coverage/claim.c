/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/claim.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/array.h"

void claim_add(struct claim_list *claims, const struct digest *sha256, const char *path,
	size_t line, const char *format, ...)
{
	struct claim *claim;
	va_list arguments;

	ARRAY_GROW(claims->items, claims->count, claims->capacity);
	claim = &claims->items[claims->count++];
	*claim = (struct claim){.has_sha256 = sha256 != NULL};
	va_start(arguments, format);
	claim->text = xvasprintf(format, arguments);
	va_end(arguments);
	claim->where = line > 0 ? xasprintf("%s:%zu", path, line) : xstrdup(path);
	if (sha256)
		claim->sha256 = *sha256;
}

void coverage_claims_release(struct claim_list *claims)
{
	for (size_t i = 0; i < claims->count; i++) {
		free(claims->items[i].text);
		free(claims->items[i].where);
	}
	free(claims->items);
	*claims = (struct claim_list){0};
}
