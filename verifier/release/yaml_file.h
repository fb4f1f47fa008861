/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_RELEASE_YAML_FILE_H
#define VERIFIER_RELEASE_YAML_FILE_H

#include "base/hash.h"
#include "verifier/release/yaml.h"

/* Files of configuration: one YAML map (yaml.h). */

#define YAML_FILE_MAX ((size_t)1 << 20)

/*
 * Reads the file by a table of its keys; *digest is that of its bytes. One that cannot be read is
 * STATUS_USAGE too.
 */
enum status yaml_read_file(const char *path, const struct yaml_key *keys, size_t key_count,
	void *context, struct digest *digest, struct error *err);

/* The same of its text, which is at hand. */
enum status yaml_read_text(const char *path, const char *data, size_t len,
	const struct yaml_key *keys, size_t key_count, void *context, struct digest *digest,
	struct error *err);

/* The value of a key `format`, by which a file says what it is. */
enum status yaml_format(const struct yaml *yaml, const struct yaml_node *node, const char *format,
	struct error *err);

#endif
