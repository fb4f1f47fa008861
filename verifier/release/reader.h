/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_RELEASE_READER_H
#define VERIFIER_RELEASE_READER_H

#include "verifier/release/release.h"
#include "verifier/release/yaml.h"

/* The parts of reading a descriptor; for release*.c only. */
struct release_reader {
	struct release *release;
	char *directory; /* that relative paths are taken from */
};

enum release_path {
	RELEASE_FILE,
	RELEASE_PROGRAM,
	RELEASE_DIRECTORY,
};

/* The absolute path, without links, of what a text names and what must be there; the caller frees.
 */
enum status release_resolve(const struct release_reader *reader, const struct yaml *yaml,
	const struct yaml_node *node, enum release_path kind, char **path, struct error *err);

/* Readers of one key each; `context` is a struct release_reader. */
enum status release_read_published(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err);
enum status release_read_build(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err);
enum status release_read_kas(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err);
enum status release_read_artifacts(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err);
enum status release_read_ignore(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err);
enum status release_read_packages(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err);
enum status release_read_buildinfo(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err);

void release_kas_release(struct release_kas *kas);

#endif
