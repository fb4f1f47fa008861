/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "base/path.h"
#include "verifier/release/reader.h"

#define HEX_LOWER      "0123456789abcdef"
#define GIT_COMMIT_LEN 40 /* SHA-1, in hexadecimal digits */

static struct release_kas *kas_of(void *context)
{
	return &((struct release_reader *)context)->release->build.kas;
}

/* What git takes for an option, or for a program to run ("ext::…"), is no place of a repository. */
static bool is_git_url(const char *text)
{
	return release_is_url(text) || strncmp(text, "git://", 6) == 0;
}

static enum status read_place(struct release_reader *reader, const struct yaml *yaml,
	const struct yaml_node *value, char **place, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (strncmp(text, "file:", 5) == 0)
		return yaml_error(yaml, value, err,
			"\"%s\": name the directory itself, which prepare is then shown", text);
	if (!is_git_url(text))
		return release_resolve(reader, yaml, value, RELEASE_DIRECTORY, place, err);
	*place = xstrdup(text);
	return STATUS_OK;
}

static enum status read_repository(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	return read_place(context, yaml, value, &kas_of(context)->repository, err);
}

/* As git-check-ref-format(1) wants it, and a little narrower. */
static enum status read_ref(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (!path_is_contained(text) || text[0] == '-' || strpbrk(text, " ~^:?*[\\@{") ||
		strstr(text, ".."))
		return yaml_error(yaml, value, err, "\"%s\" is no name of a tag or commit", text);
	kas_of(context)->ref = xstrdup(text);
	return STATUS_OK;
}

static bool is_commit(const char *text)
{
	return strlen(text) == GIT_COMMIT_LEN && strspn(text, HEX_LOWER) == GIT_COMMIT_LEN;
}

static enum status read_commit(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (!is_commit(text))
		return yaml_error(yaml, value, err,
			"\"%s\" is no commit: it has %d hexadecimal digits, in lower case", text,
			GIT_COMMIT_LEN);
	kas_of(context)->commit = xstrdup(text);
	return STATUS_OK;
}

static enum status read_files(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct text_list *files = &kas_of(context)->files;

	if (yaml_texts(yaml, value, files, err) < 0)
		return err->status;
	for (size_t i = 0; i < files->count; i++) {
		if (!path_is_contained(files->items[i]) || files->items[i][0] == '-' ||
			strchr(files->items[i], ':'))
			return yaml_error(yaml, value->items[i], err,
				"\"%s\" is no path of a kas file in the repository",
				files->items[i]);
	}
	return STATUS_OK;
}

static enum status read_machine(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (!path_is_contained(text) || strchr(text, '/'))
		return yaml_error(yaml, value, err, "\"%s\" is no name of a machine", text);
	kas_of(context)->machine = xstrdup(text);
	return STATUS_OK;
}

static enum status read_program(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	if (release_resolve(context, yaml, value, RELEASE_PROGRAM, &kas_of(context)->program, err) <
		0)
		return err->status;
	/* Better said here than by a container engine that the sandbox does not have. */
	if (strncmp(path_basename(kas_of(context)->program), "kas-container", 13) == 0)
		return yaml_error(yaml, value, err,
			"kas-container starts kas by docker or podman, whose container is made "
			"outside the sandbox, where it sees the network and not only the pin: name "
			"kas itself (the package kas, or a run-kas of its sources)");
	return STATUS_OK;
}

/* A prefix goes into git's configuration, in quotes. */
static bool is_mirror_prefix(const char *text)
{
	return is_git_url(text) && !strpbrk(text, "\"\\ ");
}

static enum status read_git_mirrors(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_kas *kas = kas_of(context);

	if (yaml_map(yaml, value, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++) {
		struct release_git_mirror mirror = {.prefix = xstrdup(value->keys[i]->text)};
		enum status status = STATUS_OK;

		if (!is_mirror_prefix(mirror.prefix))
			status = yaml_error(yaml, value->keys[i], err,
				"\"%s\" is no URL that kas files could name", mirror.prefix);
		if (status == STATUS_OK)
			status = read_place(context, yaml, value->items[i], &mirror.place, err);
		ARRAY_GROW(kas->mirrors, kas->mirror_count, kas->mirror_capacity);
		kas->mirrors[kas->mirror_count++] = mirror;
		if (status == STATUS_OK && strpbrk(mirror.place, "\"\\"))
			status = yaml_error(yaml, value->items[i], err,
				"%s holds a quote or a backslash", mirror.place);
		if (status != STATUS_OK)
			return status;
	}
	return STATUS_OK;
}

static enum status read_image_uuid(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (strcmp(text, "published") != 0)
		return yaml_error(yaml, value, err,
			"unknown image UUID \"%s\"; there is \"published\", or leave it out", text);
	kas_of(context)->takes_image_uuid = true;
	return STATUS_OK;
}

static enum status read_pin(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	kas_of(context)->pins_by_isar = strcmp(text, "isar") == 0;
	if (!kas_of(context)->pins_by_isar && strcmp(text, "transparent") != 0)
		return yaml_error(yaml, value, err,
			"unknown way to pin \"%s\"; there are \"transparent\" and \"isar\"", text);
	return STATUS_OK;
}

static enum status read_xz(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct text_list *globs = &kas_of(context)->compressed;

	if (yaml_texts(yaml, value, globs, err) < 0)
		return err->status;
	for (size_t i = 0; i < globs->count; i++)
		if (!path_is_contained(globs->items[i]) || strchr(globs->items[i], '/'))
			return yaml_error(yaml, value->items[i], err,
				"\"%s\" is no name of a file in the deploy directory",
				globs->items[i]);
	return STATUS_OK;
}

static enum status read_fetch(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	bool fetches = true;

	if (yaml_bool(yaml, value, &fetches, err) < 0)
		return err->status;
	kas_of(context)->fetches_nothing = !fetches;
	return STATUS_OK;
}

static const struct yaml_key keys[] = {
	{"repository", true, read_repository},
	{"ref", true, read_ref},
	{"commit", false, read_commit},
	{"files", true, read_files},
	{"machine", true, read_machine},
	{"program", false, read_program},
	{"git_mirrors", false, read_git_mirrors},
	{"image_uuid", false, read_image_uuid},
	{"pin", false, read_pin},
	{"fetch", false, read_fetch},
	{"xz", false, read_xz},
};

enum status release_read_kas(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_kas *kas = kas_of(context);

	if (yaml_read_map(yaml, value, keys, ARRAY_SIZE(keys), context, err) < 0)
		return err->status;
	if (!kas->commit && is_commit(kas->ref))
		kas->commit = xstrdup(kas->ref);
	if (!kas->commit)
		return yaml_error(yaml, yaml_get(value, "ref"), err,
			"a tag can be moved: add \"commit\", the one that %s names "
			"(git ls-remote %s '%s^{}')",
			kas->ref, kas->repository, kas->ref);
	return STATUS_OK;
}

void release_kas_release(struct release_kas *kas)
{
	for (size_t i = 0; i < kas->mirror_count; i++) {
		free(kas->mirrors[i].prefix);
		free(kas->mirrors[i].place);
	}
	free(kas->mirrors);
	text_list_release(&kas->files);
	text_list_release(&kas->compressed);
	free(kas->repository);
	free(kas->ref);
	free(kas->commit);
	free(kas->machine);
	free(kas->program);
	*kas = (struct release_kas){0};
}
