/* SPDX-License-Identifier: Apache-2.0 */
#include <strings.h>

#include "base/alloc.h"
#include "base/number.h"
#include "base/path.h"
#include "verifier/release/reader.h"

#define LETTER "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT  "0123456789"

#define TIMEOUT_MAX   (7 * 24 * 3600)
#define SIZE_LEAST    (1 << 20)
#define PROCESSES_MAX 4194304
#define EPOCH_MAX     INT64_C(253402300799) /* the end of the year 9999 */
#define HOSTNAME_MAX  64

static struct release_build *build_of(void *context)
{
	return &((struct release_reader *)context)->release->build;
}

static enum status read_backend(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (strcmp(text, "kas") == 0)
		build_of(context)->backend = BACKEND_KAS;
	else if (strcmp(text, "command") != 0)
		return yaml_error(yaml, value, err,
			"unknown backend \"%s\"; there are \"command\" and \"kas\"", text);
	return STATUS_OK;
}

static enum status read_script(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return release_resolve(
		context, yaml, value, RELEASE_PROGRAM, &build_of(context)->script, err);
}

/* Arguments may be empty, and may repeat. */
static enum status read_arguments(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_list(yaml, value, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++) {
		if (yaml_text_or_empty(yaml, value->items[i], &text, err) < 0)
			return err->status;
		text_list_add(&build_of(context)->arguments, text);
	}
	return STATUS_OK;
}

static enum status read_source(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return release_resolve(
		context, yaml, value, RELEASE_DIRECTORY, &build_of(context)->source, err);
}

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && (path[len] == '/' || !path[len]);
}

static enum status read_path(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (text[0] != '/' || !path_is_contained(text + 1))
		return yaml_error(yaml, value, err,
			"\"%s\" is no absolute path without \".\", \"..\" and double slashes",
			text);
	if (is_below(text, "/proc") || is_below(text, "/sys") || is_below(text, "/dev"))
		return yaml_error(
			yaml, value, err, "\"%s\" belongs to the kernel, not to a build", text);
	build_of(context)->path = xstrdup(text);
	return STATUS_OK;
}

/* What reproof sets itself; a descriptor could only break it. */
static bool is_reserved(const char *name)
{
	static const char *const names[] = {"PATH", "HOME", "TMPDIR", "OUTPUT", "SOURCE_DATE_EPOCH",
		"http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(name, names[i]) == 0)
			return true;
	return false;
}

static enum status read_environment(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct text_list *environment = &build_of(context)->environment;

	if (yaml_map(yaml, value, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++) {
		const char *name = value->keys[i]->text;
		const char *text;

		if (strspn(name, LETTER "_") == 0 || name[strspn(name, LETTER DIGIT "_")])
			return yaml_error(
				yaml, value->keys[i], err, "\"%s\" is no name of a variable", name);
		if (strcmp(name, "SOURCE_DATE_EPOCH") == 0)
			return yaml_error(yaml, value->keys[i], err,
				"%s is set by the key \"source_date_epoch\" of \"build\"", name);
		if (is_reserved(name))
			return yaml_error(
				yaml, value->keys[i], err, "%s is set by reproof itself", name);
		if (yaml_text_or_empty(yaml, value->items[i], &text, err) < 0)
			return err->status;
		char *variable = xasprintf("%s=%s", name, text);
		text_list_add(environment, variable);
		free(variable);
	}
	text_list_sort(environment);
	return STATUS_OK;
}

static enum status read_epoch(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_build *build = build_of(context);

	if (value->kind == YAML_TEXT && strcmp(value->text, "pin") == 0)
		return STATUS_OK;
	if (value->kind != YAML_TEXT || value->text[strspn(value->text, DIGIT)])
		return yaml_error(
			yaml, value, err, "this must be \"pin\" or a number of seconds since 1970");
	if (yaml_integer(yaml, value, 0, EPOCH_MAX, &build->epoch, err) < 0)
		return err->status;
	build->has_epoch = true;
	return STATUS_OK;
}

static enum status read_timeout(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	int64_t seconds;

	if (yaml_integer(yaml, value, 1, TIMEOUT_MAX, &seconds, err) < 0)
		return err->status;
	build_of(context)->timeout = (unsigned)seconds;
	return STATUS_OK;
}

static enum status read_size(
	const struct yaml *yaml, const struct yaml_node *value, uint64_t *size, struct error *err)
{
	if (value->kind != YAML_TEXT || !number_parse_size(value->text, size) || *size < SIZE_LEAST)
		return yaml_error(
			yaml, value, err, "this must be a size such as 4G, and 1M at least");
	return STATUS_OK;
}

static enum status read_memory(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_size(yaml, value, &build_of(context)->memory, err);
}

static enum status read_disk(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_size(yaml, value, &build_of(context)->disk, err);
}

static enum status read_processes(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	int64_t number;

	if (yaml_integer(yaml, value, 1, PROCESSES_MAX, &number, err) < 0)
		return err->status;
	build_of(context)->processes = (uint64_t)number;
	return STATUS_OK;
}

static enum status read_loop_devices(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return yaml_bool(yaml, value, &build_of(context)->loop_devices, err);
}

static enum status read_hostname(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (strspn(text, LETTER DIGIT) == 0 || text[strspn(text, LETTER DIGIT ".-")] ||
		strlen(text) > HOSTNAME_MAX)
		return yaml_error(yaml, value, err, "\"%s\" is no host name", text);
	build_of(context)->hostname = xstrdup(text);
	return STATUS_OK;
}

static enum status read_umask(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	size_t len = strlen(text);
	unsigned long mask = strtoul(text, NULL, 8);
	if (len < 3 || len > 4 || text[strspn(text, "01234567")] || mask > 0777)
		return yaml_error(yaml, value, err, "this must be three octal digits, such as 022");
	build_of(context)->umask = (mode_t)mask;
	return STATUS_OK;
}

/* Where BitBake takes what is already built from, and what it calls the image: not for a rebuild.
 */
static enum status check_kas_environment(const struct release_build *build, const struct yaml *yaml,
	const struct yaml_node *value, struct error *err)
{
	static const char *const names[] = {"SSTATE_DIR", "SSTATE_MIRRORS", "DL_DIR", "IMAGE_UUID",
		"BB_ENV_PASSTHROUGH_ADDITIONS", "BB_ENV_EXTRAWHITE", "USER", "LOGNAME", "SHELL"};

	for (size_t i = 0; i < build->environment.count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(names); j++)
			if (strncmp(build->environment.items[i], names[j], strlen(names[j])) == 0 &&
				build->environment.items[i][strlen(names[j])] == '=')
				return yaml_error(yaml, yaml_get(value, "environment"), err,
					"%s cannot be set for a build by kas", names[j]);
	return STATUS_OK;
}

static const struct yaml_key keys[] = {
	{"backend", true, read_backend},
	{"kas", false, release_read_kas},
	{"script", false, read_script},
	{"arguments", false, read_arguments},
	{"source", false, read_source},
	{"path", false, read_path},
	{"environment", false, read_environment},
	{"source_date_epoch", false, read_epoch},
	{"timeout", false, read_timeout},
	{"memory", false, read_memory},
	{"disk", false, read_disk},
	{"processes", false, read_processes},
	{"loop_devices", false, read_loop_devices},
	{"hostname", false, read_hostname},
	{"umask", false, read_umask},
};

/* The script becomes what the build sees of it: its path below the source tree. */
static enum status place_script(struct release_build *build, const struct yaml *yaml,
	const struct yaml_node *value, struct error *err)
{
	if (!build->source)
		build->source = path_directory(build->script);
	if (strcmp(build->source, "/") == 0)
		return yaml_error(yaml, value, err, "the source tree must not be / as a whole");
	if (!is_below(build->script, build->source))
		return yaml_error(yaml, yaml_get(value, "script"), err,
			"%s is outside the source tree %s, which is all that the build sees",
			build->script, build->source);
	char *below = xstrdup(build->script + strlen(build->source) + 1);
	free(build->script);
	build->script = below;
	return STATUS_OK;
}

/* Each backend has keys that say nothing to the other. */
static enum status check_backend(struct release_build *build, const struct yaml *yaml,
	const struct yaml_node *value, struct error *err)
{
	static const char *const names[] = {"kas", "script", "arguments", "source"};
	bool is_kas = build->backend == BACKEND_KAS;
	const char *wanted = is_kas ? "kas" : "script";

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct yaml_node *node = yaml_get(value, names[i]);

		if (node && (i == 0) != is_kas)
			return yaml_error(yaml, node, err, "\"%s\" belongs to the backend \"%s\"",
				names[i], i == 0 ? "kas" : "command");
	}
	if (!yaml_get(value, wanted))
		return yaml_error(yaml, value, err, "the key \"%s\" is missing here", wanted);
	return is_kas ? check_kas_environment(build, yaml, value, err)
		      : place_script(build, yaml, value, err);
}

enum status release_read_build(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const struct release_reader *reader = context;
	struct release_build *build = build_of(context);

	if (yaml_read_map(yaml, value, keys, ARRAY_SIZE(keys), context, err) < 0 ||
		check_backend(build, yaml, value, err) < 0)
		return err->status;
	if (!build->path)
		build->path = xstrdup("/build");
	if (!build->has_epoch && reader->release->pins.count == 0) {
		const struct yaml_node *epoch = yaml_get(value, "source_date_epoch");

		return yaml_error(yaml, epoch ? epoch : value, err,
			"there is no pin to take source_date_epoch from: add \"pin\", or give a "
			"number");
	}
	return STATUS_OK;
}
