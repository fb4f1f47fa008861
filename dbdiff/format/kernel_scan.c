/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/kernel_scan.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

#define BLOCK_SIZE   ((size_t)256 * 1024)
#define OVERLAP	     KERNEL_VERSION_SIZE /* longer than any mark */
#define BANNER	     "Linux version "
#define CONFIG_START "IKCFG_ST"
#define CONFIG_END   "IKCFG_ED"
#define CONFIG_MAX   ((uint64_t)4 << 20)

static const unsigned char *find(const unsigned char *data, size_t len, const char *mark)
{
	return memmem(data, len, mark, strlen(mark));
}

/*
 * A version is followed by a digit; the format that it was printed with is not. One that the end of
 * the block cuts is left to the next, which overlaps, unless this `is_last`.
 */
static void look_for_version(struct kernel_scan *scan, const unsigned char *data, size_t len,
	uint64_t offset, bool is_last)
{
	const unsigned char *at = data, *end = data + len;
	size_t size = 0;

	while ((at = find(at, (size_t)(end - at), BANNER)) != NULL) {
		size = strlen(BANNER);
		if ((size_t)(end - at) > size && isdigit(at[size]))
			break;
		at++;
	}
	if (at == NULL)
		return;
	while (at + size < end && size + 1 < sizeof(scan->version) && at[size] != '\0' &&
		at[size] != '\n')
		size++;
	if (at + size == end && size + 1 < sizeof(scan->version) && !is_last)
		return;
	memcpy(scan->version, at, size);
	scan->version[size] = '\0';
	scan->version_offset = offset + (uint64_t)(at - data);
}

static void look_for_config(struct kernel_scan *scan, uint64_t *start, const unsigned char *data,
	size_t len, uint64_t offset)
{
	const unsigned char *at = data;

	if (*start == 0) {
		at = find(data, len, CONFIG_START "\x1f\x8b\x08");
		if (at == NULL)
			return;
		at += strlen(CONFIG_START);
		*start = offset + (uint64_t)(at - data);
	}
	at = find(at, len - (size_t)(at - data), CONFIG_END);
	if (at == NULL)
		return;
	scan->config_offset = *start;
	scan->config_len = offset + (uint64_t)(at - data) - *start;
	if (scan->config_len > CONFIG_MAX)
		scan->config_len = 0;
}

enum status kernel_scan(struct source *source, uint64_t from, uint64_t to, struct kernel_scan *scan,
	struct error *err)
{
	unsigned char *block = xmalloc(BLOCK_SIZE);
	enum status status = STATUS_OK;
	uint64_t config = 0;

	*scan = (struct kernel_scan){0};
	while (from < to) {
		size_t len = to - from < BLOCK_SIZE ? (size_t)(to - from) : BLOCK_SIZE;

		status = source_pread(source, from, block, len, err);
		if (status < 0)
			break;
		if (scan->version[0] == '\0')
			look_for_version(scan, block, len, from, from + len == to);
		if (scan->config_len == 0)
			look_for_config(scan, &config, block, len, from);
		if ((scan->version[0] != '\0' && scan->config_len > 0) || len < BLOCK_SIZE)
			break;
		from += BLOCK_SIZE - OVERLAP;
	}
	free(block);
	return status;
}

void kernel_cut_config(struct parts *parts, size_t number, const struct kernel_scan *scan)
{
	struct part *part = &parts->items[number];
	uint64_t end = part->offset + part->len;
	uint64_t config_end = scan->config_offset + scan->config_len;
	char *rest;

	if (scan->config_len == 0 || scan->config_offset <= part->offset || config_end > end)
		return;
	rest = xasprintf("%s-after-config", part->path);
	part->len = scan->config_offset - part->offset;
	parts_add_member(parts, "config.gz", scan->config_offset, scan->config_len);
	if (config_end < end)
		parts_add_member(parts, rest, config_end, end - config_end);
	free(rest);
}
