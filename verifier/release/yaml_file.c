/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/release/yaml_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"

enum status yaml_read_text(const char *path, const char *data, size_t len,
	const struct yaml_key *keys, size_t key_count, void *context, struct digest *digest,
	struct error *err)
{
	struct yaml yaml = {0};
	enum status status = yaml_parse(&yaml, path, data, len, err);

	hash_memory(data, len, digest);
	if (status == STATUS_OK)
		status = yaml_read_map(&yaml, yaml.root, keys, key_count, context, err);
	yaml_release(&yaml);
	return status;
}

enum status yaml_read_file(const char *path, const struct yaml_key *keys, size_t key_count,
	void *context, struct digest *digest, struct error *err)
{
	char *data = NULL;
	size_t len = 0;

	if (path_read_file(path, YAML_FILE_MAX, &data, &len, err) < 0)
		return err->status = STATUS_USAGE;
	enum status status = yaml_read_text(path, data, len, keys, key_count, context, digest, err);
	free(data);
	return status;
}

enum status yaml_format(const struct yaml *yaml, const struct yaml_node *node, const char *format,
	struct error *err)
{
	const char *text;

	if (yaml_text(yaml, node, &text, err) < 0)
		return err->status;
	if (strcmp(text, format) != 0)
		return yaml_error(yaml, node, err,
			"\"%s\" cannot be read here; this version reads \"%s\"", text, format);
	return STATUS_OK;
}
