/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/json.h"
#include "base/progress.h"
#include "dbdiff/delta.h"
#include "verifier/cmd/bounds.h"

static const char help[] =
	"usage: reproof delta [OPTION…] BASE DELTA TARGET\n\n"
	"Says whether an rdiff delta turns the file BASE into TARGET, byte for byte: an update "
	"that\n"
	"carries a delta installs TARGET only where it does.\n\n"
	"  --limit NAME=N   what it may cost (repeatable): member-bytes=64G that come out, and\n"
	"                   seconds=3600 to make them; all other names are taken and do nothing\n"
	"  --json           one JSON object on stdout\n"
	"  --quiet          accepted as elsewhere; there is no progress to leave out\n"
	"  --help           this text\n\n"
	"Exit codes: 0 it does, 1 it makes something else, 2 usage, 3 trouble: the delta is "
	"damaged,\n"
	"or reads behind the end of BASE.\n";

enum {
	OPTION_JSON = 1,
	OPTION_QUIET,
};

static const struct command_option options[] = {
	{"limit", BOUNDS_LIMIT, true},
	{"json", OPTION_JSON, false},
	{"quiet", OPTION_QUIET, false},
	{NULL, 0, false},
};

enum {
	BASE,
	DELTA,
	TARGET,
	INPUTS,
};

static const char *const input_names[INPUTS] = {
	[BASE] = "base", [DELTA] = "delta", [TARGET] = "target"};

struct checking {
	char **paths;
	int fds[INPUTS];
	struct delta_file files[INPUTS];
	struct delta_file made;
	struct bounds bounds;
};

static enum status open_input(const char *path, int *fd, struct error *err)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, &st) < 0) {
		error_set_errno(err, "%s", path);
		return err->status = STATUS_USAGE;
	}
	if (!S_ISREG(st.st_mode))
		return error_set(err, STATUS_USAGE, "%s is no regular file", path);
	return STATUS_OK;
}

static enum status check(struct checking *checking, struct error *err)
{
	const int *fds = checking->fds;
	struct delta_file *target = &checking->files[TARGET];

	for (int i = 0; i < INPUTS; i++) {
		if (open_input(checking->paths[i], &checking->fds[i], err) < 0)
			return err->status;
	}
	if (hash_fd(fds[TARGET], &target->sha256, &target->size, err) < 0)
		return error_context(err, "%s", checking->paths[TARGET]);
	if (delta_check(fds[BASE], fds[DELTA], &checking->bounds.limits, &checking->files[BASE],
		    &checking->files[DELTA], &checking->made, err) < 0)
		return error_context(
			err, "%s on %s", checking->paths[DELTA], checking->paths[BASE]);
	return STATUS_OK;
}

static bool applies(const struct checking *checking)
{
	return digest_equal(&checking->made.sha256, &checking->files[TARGET].sha256);
}

static void put_file(const char *what, const struct delta_file *file)
{
	char size[32], hex[SHA256_HEX_SIZE];

	progress_format_bytes(file->size, size);
	digest_hex(&file->sha256, hex);
	printf("  %-7s sha256 %s, %s\n", what, hex, size);
}

static void print_text(const struct checking *checking)
{
	command_put(checking->paths[DELTA]);
	fputs(applies(checking) ? " turns " : " does not turn ", stdout);
	command_put(checking->paths[BASE]);
	fputs(" into ", stdout);
	command_put(checking->paths[TARGET]);
	putchar('\n');
	put_file("makes", &checking->made);
	if (!applies(checking))
		put_file("target", &checking->files[TARGET]);
}

static void json_file(
	struct json *json, const char *key, const char *path, const struct delta_file *file)
{
	char hex[SHA256_HEX_SIZE];

	json_object_begin(json, key);
	if (path != NULL)
		json_bytes(json, "path", path, strlen(path));
	digest_hex(&file->sha256, hex);
	json_text(json, "sha256", hex);
	json_unsigned(json, "size", file->size);
	json_object_end(json);
}

static enum status print_json(const struct checking *checking, struct error *err)
{
	struct json json;

	json_init_stream(&json, stdout);
	json_object_begin(&json, NULL);
	json_text(&json, "format", "reproof-delta-1");
	json_bool(&json, "applies", applies(checking));
	for (int i = 0; i < INPUTS; i++)
		json_file(&json, input_names[i], checking->paths[i], &checking->files[i]);
	json_file(&json, "made", NULL, &checking->made);
	json_object_end(&json);
	return json_finish(&json, err);
}

static int run_delta(struct checking *checking, bool as_json)
{
	struct error err;

	if (check(checking, &err) < 0)
		return command_fail("delta", &err);
	if (!as_json)
		print_text(checking);
	else if (print_json(checking, &err) < 0)
		return command_fail("delta", &err);
	return command_finish("delta", applies(checking) ? EXIT_REPRODUCED : EXIT_DIFFERENT);
}

int cmd_delta(int argc, char **argv)
{
	struct command_line line = {
		.command = "delta", .options = options, .argc = argc, .argv = argv};
	struct checking checking = {.fds = {-1, -1, -1}, .bounds = bounds_default};
	bool as_json = false;
	int option, code;

	while ((option = command_option_next(&line)) > 0) {
		as_json = as_json || option == OPTION_JSON;
		bounds_take(&checking.bounds, option, line.value);
	}
	if (option == OPTION_STOP)
		return line.is_help ? command_help(help) : line.code;
	if (line.word_count != INPUTS)
		return command_usage("delta", "a base, a delta and a target are needed");
	checking.paths = line.words;
	code = bounds_check("delta", &checking.bounds);
	if (code == EXIT_REPRODUCED)
		code = run_delta(&checking, as_json);
	for (int i = 0; i < INPUTS; i++) {
		if (checking.fds[i] >= 0)
			close(checking.fds[i]);
	}
	return code;
}
