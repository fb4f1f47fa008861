/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/verify_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/path.h"

enum status index_side_open(
	struct comparison_side *side, struct index_head *head, struct error *err)
{
	if (index_file_check(side->fd, head, err) < 0)
		return err->status;
	side->is_index = true;
	side->size = head->size;
	side->sha256 = head->sha256;
	return STATUS_OK;
}

char *index_comparer(const struct index_head *published, const struct index_head *rebuilt)
{
	char one[SHA256_HEX_SIZE] = "-", two[SHA256_HEX_SIZE] = "-";

	if (published->name != NULL)
		digest_hex(&published->checksum, one);
	if (rebuilt->name != NULL)
		digest_hex(&rebuilt->checksum, two);
	return xasprintf("%s by index %s %s", DBDIFF_VERSION, one, two);
}

bool index_is_named(const char *path)
{
	return path_has_suffix(path, ".idx");
}
