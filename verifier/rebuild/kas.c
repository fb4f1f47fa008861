/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/kas.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/path.h"
#include "verifier/rebuild/build_log.h"
#include "verifier/rebuild/kas_parts.h"

#define SETPRIV "/usr/bin/setpriv"

/* The pinning proxy, which http_proxy names, has no repositories. */
static void add_direct(struct buffer *text, const char *url)
{
	if (strncmp(url, "http://", 7) == 0 && !strpbrk(url, "\"\\"))
		buffer_add_format(text, "[http \"%s\"]\n\tproxy =\n", url);
}

/*
 * Of the system, so that no file of the tree is edited: where repositories are taken from, and that
 * a directory of another owner is one.
 */
static char *git_configuration(const struct release_kas *settings)
{
	struct buffer text = {0};

	/* Nothing that git does beside what it is told: two who prepare get the same files. */
	buffer_add_text(&text,
		"[safe]\n\tdirectory = *\n[advice]\n\tdetachedHead = false\n[gc]\n\tauto = 0\n"
		"[core]\n\tlogAllRefUpdates = false\n");
	add_direct(&text, settings->repository);
	for (size_t i = 0; i < settings->mirror_count; i++) {
		add_direct(&text, settings->mirrors[i].place);
		buffer_add_format(&text, "[url \"%s\"]\n\tinsteadOf = \"%s\"\n",
			settings->mirrors[i].place, settings->mirrors[i].prefix);
	}
	return buffer_detach(&text);
}

/* What BitBake reads behind the repository's configuration; NULL when there is nothing. */
static char *given_configuration(const struct kas_spec *spec)
{
	struct buffer text = {0};

	if (spec->image_uuid && *spec->image_uuid)
		buffer_add_format(&text, "IMAGE_UUID = \"%s\"\n", spec->image_uuid);
	for (size_t i = 0; spec->given && i < spec->given->count; i++) {
		const char *item = spec->given->items[i];
		size_t name = strcspn(item, "=");

		buffer_add_format(&text, "%.*s = \"%s\"\n", (int)name, item, item + name + 1);
	}
	return text.len ? buffer_detach(&text) : NULL;
}

/* Directories of this machine that prepare reads. */
static void list_tools(struct kas *kas)
{
	const struct release_kas *settings = kas->settings;

	if (settings->program) {
		kas->program_directory = path_directory(settings->program);
		text_list_add(&kas->tools, kas->program_directory);
	}
	for (size_t i = 0; i < kas->tools.count; i++)
		text_list_add(&kas->sources, kas->tools.items[i]);
	if (settings->repository[0] == '/')
		text_list_add(&kas->sources, settings->repository);
	for (size_t i = 0; i < settings->mirror_count; i++)
		if (settings->mirrors[i].place[0] == '/' &&
			!text_list_contains(&kas->sources, settings->mirrors[i].place))
			text_list_add(&kas->sources, settings->mirrors[i].place);
}

enum status kas_new(const struct kas_spec *spec, struct kas **kas, struct error *err)
{
	const char *written = spec->disk ? build_disk_path(spec->disk) : spec->work_directory;
	struct kas *made = xcalloc(1, sizeof(*made));
	enum status status = STATUS_OK;

	made->spec = *spec;
	made->settings = &spec->build->kas;
	made->log = xstrdup(spec->log);
	made->spec.log = made->log;
	made->kept_log = xasprintf("%s.zst", spec->log);
	log_secrets(&spec->build->environment, &made->secrets);
	for (size_t i = 0; spec->given && i < spec->given->count; i++)
		text_list_add(&made->variables, spec->given->items[i]);
	made->spec.given = &made->variables;
	made->prepared = path_join(written, "prepared");
	made->tree = path_join(written, "source");
	made->output = path_join(written, "prepare-output");
	made->git_configuration = git_configuration(made->settings);
	list_tools(made);
	if (spec->no_sandbox && spec->image_uuid && *spec->image_uuid)
		status = error_set(err, STATUS_SANDBOX,
			"without the sandbox a build cannot be given the published image UUID");
	else if (spec->no_sandbox && spec->given && spec->given->count)
		status = error_set(err, STATUS_SANDBOX,
			"without the sandbox a build cannot be given ISAR's snapshot variables "
			"(`pin: isar`)");
	if (!spec->no_sandbox)
		status = build_user_make(
			&made->user, spec->user_id ? spec->user_id : BUILD_USER_ID, err);
	made->given = given_configuration(spec);
	if (status == STATUS_OK && made->given && !spec->no_sandbox) {
		made->user.files[made->user.file_count++] =
			(struct view_file){.place = KAS_GIVEN, .text = made->given, .mode = 0644};
	}
	*kas = made;
	if (status != STATUS_OK) {
		kas_free(made);
		*kas = NULL;
	}
	return status;
}

void kas_free(struct kas *kas)
{
	struct error ignored;

	if (!kas)
		return;
	sandbox_remove_tree(kas->prepared, &ignored);
	sandbox_remove_tree(kas->output, &ignored);
	build_user_release(&kas->user);
	text_list_release(&kas->tools);
	text_list_release(&kas->sources);
	free(kas->program_directory);
	free(kas->git_configuration);
	text_list_release(&kas->variables);
	free(kas->given);
	free(kas->log);
	free(kas->kept_log);
	text_list_release(&kas->secrets);
	free(kas->prepared);
	free(kas->tree);
	free(kas->output);
	free(kas);
}

void kas_prepared_release(struct kas_prepared *prepared)
{
	for (size_t i = 0; i < prepared->repository_count; i++) {
		free(prepared->repositories[i].path);
		free(prepared->repositories[i].url);
		free(prepared->repositories[i].commit);
	}
	for (size_t i = 0; i < prepared->file_count; i++)
		free(prepared->files[i].path);
	free(prepared->repositories);
	free(prepared->files);
	free(prepared->version);
	free(prepared->image_uuid);
	text_list_release(&prepared->given);
	*prepared = (struct kas_prepared){0};
}

const char *kas_tree(const struct kas *kas)
{
	return kas->tree;
}

void kas_fill_sandbox(const struct kas *kas, struct sandbox_spec *spec)
{
	spec->source_directory = kas->tree;
	spec->build_path = kas->spec.build->path;
	spec->hostname = kas->spec.build->hostname;
	spec->hidden = kas->spec.hidden;
	spec->no_sandbox = kas->spec.no_sandbox;
	spec->is_work_tree = true;
	spec->tools = &kas->tools;
	spec->changed = &kas->user.changed;
	spec->files = kas->user.files;
	spec->file_count = kas->user.file_count;
	spec->scratch = &kas->user.scratch;
	spec->disk = kas->spec.disk;
}

void kas_add_user(const struct kas *kas, struct text_list *argv)
{
	if (kas->spec.no_sandbox)
		return;
	text_list_add(argv, SETPRIV);
	text_list_add(argv, "--reuid=" BUILD_USER);
	text_list_add(argv, "--regid=" BUILD_USER);
	text_list_add(argv, "--init-groups");
}

void kas_add_files(const struct kas *kas, struct text_list *argv)
{
	const struct text_list *files = &kas->settings->files;
	struct buffer joined = {0};

	for (size_t i = 0; i < files->count; i++)
		buffer_add_format(&joined, "%s%s", i ? ":" : "", files->items[i]);
	text_list_add(argv, buffer_text(&joined));
	buffer_release(&joined);
}

void kas_add_command(const struct kas *kas, struct text_list *argv, const char *command)
{
	kas_add_user(kas, argv);
	text_list_add(argv, kas->settings->program ? kas->settings->program : KAS_PROGRAM);
	text_list_add(argv, command);
	kas_add_files(kas, argv);
}

void kas_build_argv(const struct kas *kas, struct text_list *argv)
{
	kas_add_command(kas, argv, "build");
	if (!kas->given)
		return;
	text_list_add(argv, "--");
	kas_add_given(kas, argv);
}

void kas_add_given(const struct kas *kas, struct text_list *argv)
{
	if (!kas->given)
		return;
	text_list_add(argv, "-R");
	text_list_add(argv, KAS_GIVEN);
}

static void add_format(struct text_list *environment, const char *name, const char *value)
{
	char *text = xasprintf("%s=%s", name, value);

	text_list_add(environment, text);
	free(text);
}

static bool has_variable(const struct text_list *environment, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < environment->count; i++)
		if (strncmp(environment->items[i], name, len) == 0 &&
			environment->items[i][len] == '=')
			return true;
	return false;
}

void kas_add_environment(const struct kas *kas, struct text_list *environment)
{
	const struct text_list *given = &kas->spec.build->environment;

	add_format(environment, "PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
	add_format(environment, "HOME", "/tmp");
	add_format(environment, "USER", BUILD_USER);
	add_format(environment, "LOGNAME", BUILD_USER);
	add_format(environment, "SHELL", "/bin/bash");
	for (size_t i = 0; i < given->count; i++)
		text_list_add(environment, given->items[i]);
	if (!has_variable(given, "LC_ALL"))
		add_format(environment, "LC_ALL", "en_US.UTF-8");
	if (!has_variable(given, "TZ"))
		add_format(environment, "TZ", "UTC");
}
