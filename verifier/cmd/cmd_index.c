/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json.h"
#include "base/path.h"
#include "base/progress.h"
#include "dbdiff/index_file.h"
#include "dbdiff/make_index.h"
#include "dbdiff/memory.h"
#include "verifier/cmd/bounds.h"

static const char help[] =
	"usage: reproof index [OPTION…] -o FILE ARTIFACT\n\n"
	"Writes an index of what is in one file: every member with its metadata and SHA-256.\n"
	"reproof compare takes it in place of the file, where both sides are single files.\n\n"
	"  -o FILE, --output FILE\n"
	"                   where to; by custom the artifact's name with .idx\n"
	/* clang-format off */
	BOUNDS_HELP
	/* clang-format on */
	"  --json           one JSON object on stdout\n"
	"  --quiet          accepted as elsewhere; there is no progress to leave out\n"
	"  --help           this text\n\n"
	"Exit codes: 0 written, 2 usage, 3 trouble: nothing was written.\n";

enum {
	OPTION_OUTPUT = 1,
	OPTION_JSON,
	OPTION_QUIET,
};

static const struct command_option options[] = {
	{"-o", OPTION_OUTPUT, true},
	{"output", OPTION_OUTPUT, true},
	{"json", OPTION_JSON, false},
	BOUNDS_OPTIONS,
	{"quiet", OPTION_QUIET, false},
	{NULL, 0, false},
};

struct indexing {
	const char *artifact;
	const char *output;
	bool as_json;
	struct bounds bounds;
};

static void print_text(
	const struct indexing *indexing, const struct indexed *indexed, uint64_t size)
{
	char text[32], hex[SHA256_HEX_SIZE];

	progress_format_bytes(size, text);
	digest_hex(&indexed->sha256, hex);
	command_put(indexing->output);
	printf(": %s, %" PRIu64 " member%s of ", text, indexed->members,
		indexed->members == 1 ? "" : "s");
	command_put(path_basename(indexing->artifact));
	printf(", sha256 %s\n", hex);
	if (indexed->uninspected > 0)
		printf("%" PRIu64 " of them could hold more and could not be read whole\n",
			indexed->uninspected);
}

static enum status print_json(const struct indexing *indexing, const struct indexed *indexed,
	const struct digest *digest, uint64_t size, struct error *err)
{
	const char *name = path_basename(indexing->artifact);
	char hex[SHA256_HEX_SIZE];
	struct json json;

	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "reproof-index-1");
	json_bytes(&json, "artifact", name, strlen(name));
	digest_hex(&indexed->sha256, hex);
	json_text(&json, "sha256", hex);
	json_unsigned(&json, "size", indexed->size);
	json_unsigned(&json, "members", indexed->members);
	json_unsigned(&json, "not_inspected", indexed->uninspected);
	json_object_begin(&json, "index");
	json_bytes(&json, "path", indexing->output, strlen(indexing->output));
	digest_hex(digest, hex);
	json_text(&json, "sha256", hex);
	json_unsigned(&json, "size", size);
	json_object_end(&json);
	json_object_end(&json);
	return json_finish(&json, err);
}

/* An artifact that its own index would replace, or what is none. */
static enum status check_artifact(const struct indexing *indexing, int fd, struct error *err)
{
	struct stat artifact, output;

	if (fstat(fd, &artifact) < 0)
		return error_set_errno(err, "%s", indexing->artifact);
	if (!S_ISREG(artifact.st_mode))
		return error_set(err, STATUS_USAGE, "%s is no regular file", indexing->artifact);
	if (index_file_is(fd))
		return error_set(err, STATUS_USAGE, "%s is an index already", indexing->artifact);
	if (stat(indexing->output, &output) == 0 && output.st_dev == artifact.st_dev &&
		output.st_ino == artifact.st_ino)
		return error_set(err, STATUS_USAGE, "%s is the artifact; it would be replaced",
			indexing->output);
	return STATUS_OK;
}

/* Also gives what was written: its SHA-256 and size. */
static enum status write_index(const struct indexing *indexing, struct indexed *indexed,
	struct digest *digest, uint64_t *size, struct error *err)
{
	struct tempfile out = TEMPFILE_INIT;
	struct limits limits = indexing->bounds.limits;
	int fd = open(indexing->artifact, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum status status;

	memory_share(indexing->bounds.memory, 1, &limits);
	if (fd < 0) {
		error_set_errno(err, "%s", indexing->artifact);
		return err->status = STATUS_USAGE;
	}
	status = check_artifact(indexing, fd, err);
	if (status == STATUS_OK)
		status = tempfile_open(&out, indexing->output, 0644, err);
	if (status == STATUS_OK) {
		status = dbdiff_index(
			path_basename(indexing->artifact), fd, &limits, &out, indexed, err);
		if (status < 0)
			error_context(err, "%s", indexing->artifact);
	}
	if (status == STATUS_OK)
		status = tempfile_commit(&out, err);
	if (status == STATUS_OK)
		status = hash_file(indexing->output, digest, size, err);
	tempfile_release(&out);
	close(fd);
	return status;
}

static int run_index(const struct indexing *indexing)
{
	struct indexed indexed;
	struct digest digest;
	struct error err;
	uint64_t size;

	if (write_index(indexing, &indexed, &digest, &size, &err) < 0)
		return command_fail("index", &err);
	if (!indexing->as_json)
		print_text(indexing, &indexed, size);
	else if (print_json(indexing, &indexed, &digest, size, &err) < 0)
		return command_fail("index", &err);
	return command_finish("index", EXIT_REPRODUCED);
}

int cmd_index(int argc, char **argv)
{
	struct command_line line = {
		.command = "index", .options = options, .argc = argc, .argv = argv};
	struct indexing indexing = {.bounds = bounds_default};
	int option, code;

	while ((option = command_option_next(&line)) > 0) {
		if (option == OPTION_OUTPUT)
			indexing.output = line.value;
		else if (option == OPTION_JSON)
			indexing.as_json = true;
		else
			bounds_take(&indexing.bounds, option, line.value);
	}
	if (option == OPTION_STOP)
		return line.is_help ? command_help(help) : line.code;
	if (line.word_count != 1)
		return command_usage("index", "one artifact is needed");
	if (indexing.output == NULL)
		return command_usage("index", "-o FILE is needed: where to write the index");
	code = bounds_check("index", &indexing.bounds);
	if (code != EXIT_REPRODUCED)
		return code;
	indexing.artifact = line.words[0];
	return run_index(&indexing);
}
