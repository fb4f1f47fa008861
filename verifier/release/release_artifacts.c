/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/path.h"
#include "verifier/release/reader.h"

/* The wrappers that can be taken off (trust T7, T8), by the kind that comparing gives them. */
static const struct accepted_wrapper {
	const char *word;
	const char *kind;
	bool has_signer;
} wrappers[] = {
	{"gzip", "gzip", false},
	{"bzip2", "bzip2", false},
	{"xz", "xz", false},
	{"zstd", "zstd", false},
	{"authenticode", "authenticode-signature", true},
	{"cms", "cms-signature", true},
};

static const char *const wrapper_words[] = {"gzip", "bzip2", "xz", "zstd", "authenticode", "cms"};

/* The row of "WORD" or "WORD:SIGNER"; *signer is what follows the colon, or NULL. */
static const struct accepted_wrapper *find_wrapper(const char *text, const char **signer)
{
	size_t len = strcspn(text, ":");

	*signer = text[len] == ':' ? text + len + 1 : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++) {
		if (strlen(wrappers[i].word) == len && strncmp(wrappers[i].word, text, len) == 0)
			return &wrappers[i];
	}
	return NULL;
}

bool release_accepts(const struct text_list *accept, const char *kind, const char *signer)
{
	for (size_t i = 0; i < accept->count; i++) {
		const char *wanted;
		const struct accepted_wrapper *row = find_wrapper(accept->items[i], &wanted);

		if (row == NULL || strcmp(row->kind, kind) != 0)
			continue;
		if (!row->has_signer ||
			(wanted != NULL && signer != NULL && strcasecmp(wanted, signer) == 0))
			return true;
	}
	return false;
}

/* A pattern that can only fit names below the published directory. */
static enum status read_glob(
	const struct yaml *yaml, const struct yaml_node *node, char **glob, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, node, &text, err) < 0)
		return err->status;
	if (!path_is_contained(text))
		return yaml_error(yaml, node, err,
			"\"%s\" is absolute, leads upward, or holds \".\" or double slashes", text);
	/* fnmatch() would match nothing, without saying so. */
	if (text[strlen(text) - 1] == '\\')
		return yaml_error(
			yaml, node, err, "\"%s\" ends with a backslash that quotes nothing", text);
	*glob = xstrdup(text);
	return STATUS_OK;
}

static enum status read_artifact_name(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_artifact *artifact = context;

	return read_glob(yaml, value, &artifact->name, err);
}

static enum status read_required(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_artifact *artifact = context;

	return yaml_bool(yaml, value, &artifact->required, err);
}

static enum status check_wrapper(
	const struct yaml *yaml, const struct yaml_node *item, struct error *err)
{
	const char *signer, *nearest;
	const struct accepted_wrapper *row = find_wrapper(item->text, &signer);
	struct digest digest;

	if (row == NULL) {
		nearest = yaml_nearest(item->text, wrapper_words, ARRAY_SIZE(wrapper_words));
		return yaml_error(yaml, item, err, "unknown wrapper \"%s\"%s%s%s", item->text,
			nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			nearest ? "\"?" : "");
	}
	if (row->has_signer && (signer == NULL || !digest_parse(signer, strlen(signer), &digest)))
		return yaml_error(yaml, item, err,
			"\"%s\" does not say who signs; write %s:FINGERPRINT, the SHA-256 of the "
			"published certificate (reproof compare --json prints it)",
			item->text, row->word);
	if (!row->has_signer && signer != NULL)
		return yaml_error(
			yaml, item, err, "\"%s\": a compression has no signer", item->text);
	return STATUS_OK;
}

static enum status read_accept(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_artifact *artifact = context;

	if (yaml_texts(yaml, value, &artifact->accept, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++) {
		if (check_wrapper(yaml, value->items[i], err) < 0)
			return err->status;
	}
	return STATUS_OK;
}

static const struct yaml_key artifact_keys[] = {
	{"name", true, read_artifact_name},
	{"required", false, read_required},
	{"accept", false, read_accept},
};

enum status release_read_artifacts(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release *release = ((struct release_reader *)context)->release;

	if (yaml_list(yaml, value, err) < 0)
		return err->status;
	if (value->count == 0)
		return yaml_error(
			yaml, value, err, "this list must not be empty: nothing would be compared");
	for (size_t i = 0; i < value->count; i++) {
		ARRAY_GROW(release->artifacts, release->artifact_count, release->artifact_capacity);
		struct release_artifact *artifact = &release->artifacts[release->artifact_count++];

		*artifact = (struct release_artifact){.required = true};
		if (yaml_read_map(yaml, value->items[i], artifact_keys, ARRAY_SIZE(artifact_keys),
			    artifact, err) < 0)
			return err->status;
		for (size_t j = 0; j < i; j++)
			if (strcmp(release->artifacts[j].name, artifact->name) == 0)
				return yaml_error(yaml, value->items[i], err,
					"the artifact \"%s\" stands here twice", artifact->name);
	}
	return STATUS_OK;
}

static enum status read_ignore_name(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_ignore *ignore = context;

	return read_glob(yaml, value, &ignore->name, err);
}

static enum status read_reason(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release_ignore *ignore = context;
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (!text[strspn(text, " ")])
		return yaml_error(yaml, value, err, "this text must not be empty");
	ignore->reason = xstrdup(text);
	return STATUS_OK;
}

static const struct yaml_key ignore_keys[] = {
	{"name", true, read_ignore_name},
	{"reason", true, read_reason},
};

enum status release_read_ignore(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release *release = ((struct release_reader *)context)->release;

	if (yaml_list(yaml, value, err) < 0)
		return err->status;
	for (size_t i = 0; i < value->count; i++) {
		ARRAY_GROW(release->ignores, release->ignore_count, release->ignore_capacity);
		struct release_ignore *ignore = &release->ignores[release->ignore_count++];

		*ignore = (struct release_ignore){0};
		if (yaml_read_map(yaml, value->items[i], ignore_keys, ARRAY_SIZE(ignore_keys),
			    ignore, err) < 0)
			return err->status;
		/* Either would silently win over the other. */
		for (size_t j = 0; j < release->artifact_count; j++)
			if (strcmp(release->artifacts[j].name, ignore->name) == 0)
				return yaml_error(yaml, value->items[i], err,
					"\"%s\" is an artifact as well", ignore->name);
	}
	return STATUS_OK;
}

/* The name of one artifact, which an entry must cover: what is not compared tells nothing. */
static enum status read_package_list(const struct release *release, const struct yaml *yaml,
	const struct yaml_node *value, char **name, struct error *err)
{
	const char *text;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (!path_is_contained(text))
		return yaml_error(yaml, value, err, "\"%s\" is no name of an artifact", text);
	for (size_t i = 0; i < release->artifact_count; i++)
		if (fnmatch(release->artifacts[i].name, text, FNM_PATHNAME) == 0) {
			*name = xstrdup(text);
			return STATUS_OK;
		}
	return yaml_error(yaml, value, err, "no entry of \"artifacts\" matches \"%s\"", text);
}

static enum status read_manifest(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release *release = ((struct release_reader *)context)->release;

	return read_package_list(release, yaml, value, &release->manifest, err);
}

static enum status read_dpkg_status(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release *release = ((struct release_reader *)context)->release;

	return read_package_list(release, yaml, value, &release->dpkg_status, err);
}

static const struct yaml_key package_keys[] = {
	{"manifest", false, read_manifest},
	{"dpkg_status", false, read_dpkg_status},
};

enum status release_read_packages(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	if (yaml_read_map(yaml, value, package_keys, ARRAY_SIZE(package_keys), context, err) < 0)
		return err->status;
	if (value->count == 0)
		return yaml_error(yaml, value, err,
			"one of \"manifest\" and \"dpkg_status\" is missing here");
	return STATUS_OK;
}

/*
 * Two builds never leave the same record, which has its time and machine in it: as an artifact it
 * could only differ.
 */
enum status release_read_buildinfo(
	void *context, const struct yaml *yaml, const struct yaml_node *value, struct error *err)
{
	struct release *release = ((struct release_reader *)context)->release;
	const char *text;
	bool is_ignored = false;

	if (yaml_text(yaml, value, &text, err) < 0)
		return err->status;
	if (!path_is_contained(text))
		return yaml_error(yaml, value, err, "\"%s\" is no name of a file", text);
	for (size_t i = 0; i < release->ignore_count && !is_ignored; i++)
		is_ignored = fnmatch(release->ignores[i].name, text, FNM_PATHNAME) == 0;
	if (!is_ignored)
		return yaml_error(yaml, value, err,
			"no entry of \"ignore\" matches \"%s\": it is read, and not compared as an "
			"artifact",
			text);
	for (size_t i = 0; i < release->artifact_count; i++)
		if (fnmatch(release->artifacts[i].name, text, FNM_PATHNAME) == 0)
			return yaml_error(yaml, value, err, "\"%s\" is an artifact as well", text);
	release->buildinfo = xstrdup(text);
	return STATUS_OK;
}
