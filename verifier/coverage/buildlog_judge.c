/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/deb822.h"
#include "base/path.h"
#include "verifier/coverage/buildlog_internal.h"

#define BUILDINFO_MAX ((size_t)16 << 20)
#define DEBS_MAX      ((size_t)4096)

void buildlog_add_deb(struct buildlog *log, const char *name, const struct digest *digest)
{
	ARRAY_GROW(log->debs, log->deb_count, log->deb_capacity);
	log->debs[log->deb_count++] =
		(struct buildlog_deb){.name = xstrdup(name), .sha256 = *digest};
}

/* " SHA256 SIZE NAME" */
static void add_deb(struct buildlog *log, const char *line)
{
	const char *hex = line + strspn(line, " ");
	size_t len = strcspn(hex, " ");
	const char *name = strrchr(line, ' ') + 1;
	struct digest digest;

	if (digest_parse(hex, len, &digest) && path_has_suffix(name, "deb") &&
		log->deb_count < DEBS_MAX)
		buildlog_add_deb(log, name, &digest);
}

void buildlog_take_sum(struct buildlog *log, const char *line, bool *is_in_sums)
{
	if (*line != ' ')
		*is_in_sums = strcasecmp(line, "Checksums-Sha256:") == 0;
	else if (*is_in_sums)
		add_deb(log, line);
}

/* The lines of one field's value. */
static void add_debs(struct buildlog *log, const struct deb822_field *field)
{
	const char *at = field->value, *end = field->value + field->value_len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);
		char *line = xstrndup(at, len);

		if (*line == ' ')
			add_deb(log, line);
		free(line);
		at += len + 1;
	}
}

/* What a .buildinfo says it is of; "hello (2.10-3)" when the binary's version is another. */
struct buildinfo {
	char *source, *version;
	bool has_sums, has_architecture;
};

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len) {
		if ((at == list || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' '))
			return true;
	}
	return false;
}

static void take_field(
	struct buildlog *log, const struct deb822_field *field, struct buildinfo *info)
{
	char *text = deb822_text(field);

	if (deb822_is(field, "Source") && !info->source) {
		char *open = strchr(text, '(');

		info->source = xstrndup(text, strcspn(text, " ("));
		if (open) {
			free(info->version);
			info->version = xstrndup(open + 1, strcspn(open + 1, ")"));
		}
	} else if (deb822_is(field, "Version") && !info->version) {
		info->version = xstrdup(text);
	} else if (deb822_is(field, "Architecture")) {
		info->has_architecture = has_word(text, log->architecture) || has_word(text, "all");
	} else if (deb822_is(field, "Checksums-Sha256")) {
		info->has_sums = true;
		add_debs(log, field);
	}
	free(text);
}

static enum status read_stanza(
	struct buildlog *log, const struct data_file *file, struct buffer *text, struct error *err)
{
	struct buildinfo info = {0};
	struct deb822_field field;
	struct deb822 reader;
	enum status status;

	deb822_init(&reader, buffer_text(text), text->len);
	do {
		status = deb822_next(&reader, &field, err);
		if (status == STATUS_OK)
			take_field(log, &field, &info);
	} while (status == STATUS_OK);
	if (status < 0)
		error_context(err, "%s", file->name);
	else if (!info.source || !info.version || !info.has_sums)
		status = error_set(err, STATUS_FORMAT,
			"%s: no Source, Version or Checksums-Sha256; this is no .buildinfo",
			file->name);
	else if (strcmp(info.source, log->source) != 0 ||
		strcmp(info.version, log->source_version) != 0 || !info.has_architecture)
		status = error_set(err, STATUS_CONFLICT,
			"%s is of %s %s, and the log %s of %s %s on %s", file->name, info.source,
			info.version, log->name, log->source, log->source_version,
			log->architecture);
	free(info.source);
	free(info.version);
	return status < 0 ? status : STATUS_OK;
}

/*
 * What stands inside the signature of a .buildinfo, as Debian's autobuilders sign theirs (RFC 4880
 * 7). The signature is not looked at: it is no more believed than one that has none, as only the
 * SHA-256 of what ships makes a log belong.
 */
static enum status take_signed_text(
	const struct data_file *file, struct buffer *text, struct error *err)
{
	static const char begin[] = "-----BEGIN PGP SIGNED MESSAGE-----\n";
	static const char end[] = "\n-----BEGIN PGP SIGNATURE-----\n";
	const char *at = buffer_text(text), *first, *last;
	struct buffer inside = {0};

	if (strncmp(at, "-----BEGIN PGP", 14) != 0)
		return STATUS_OK;
	first = strstr(at, "\n\n");
	last = first ? strstr(first, end) : NULL;
	if (strncmp(at, begin, strlen(begin)) != 0 || !last)
		return error_set(err, STATUS_FORMAT,
			"%s: its signature is cut; get the .buildinfo again", file->name);
	for (at = first + 2; at < last + 1;) {
		size_t len;

		at += strncmp(at, "- ", 2) == 0 ? 2 : 0;
		len = strcspn(at, "\n") + 1;
		buffer_add(&inside, at, len);
		at += len;
	}
	buffer_release(text);
	*text = inside;
	return STATUS_OK;
}

enum status buildlog_add_buildinfo(
	struct buildlog *log, const struct data_file *file, struct error *err)
{
	struct buffer text = {0};
	size_t before = log->deb_count;
	enum status status = data_content_all(file, BUILDINFO_MAX, &text, err);

	if (status == STATUS_OK)
		status = take_signed_text(file, &text, err);
	if (status == STATUS_OK)
		status = read_stanza(log, file, &text, err);
	buffer_release(&text);
	while (status < 0 && log->deb_count > before)
		free(log->debs[--log->deb_count].name);
	return status;
}

static bool has_deb(const struct buildlog *log, const struct digest *digest)
{
	for (size_t i = 0; i < log->deb_count; i++) {
		if (digest_equal(&log->debs[i].sha256, digest))
			return true;
	}
	return false;
}

static bool refuse(const struct buildlog *log, size_t line, struct claim_list *claims,
	const char *what, const char *which)
{
	claim_add(claims, &log->sha256, log->name, line,
		"this build log is no evidence for what ships: %s%s", what, which);
	return false;
}

/* "zlib1g_1.2.13_amd64.deb" of zlib1g 1:1.2.13: the epoch is not in a file's name. */
bool shipped_deb_is_named(const struct shipped_deb *deb, const char *file)
{
	const char *version = strchr(deb->version, ':');
	size_t len = strlen(deb->name), version_len;

	version = version ? version + 1 : deb->version;
	version_len = strlen(version);
	return strncmp(file, deb->name, len) == 0 && file[len] == '_' &&
		strncmp(file + len + 1, version, version_len) == 0 &&
		file[len + 1 + version_len] == '_';
}

/* Made by this build under that name, and not the one that ships. */
static const struct shipped_deb *other_deb(
	const struct buildlog *log, const struct shipped_deb *debs, size_t count)
{
	for (size_t d = 0; d < count; d++)
		for (size_t i = 0; i < log->deb_count; i++)
			if (shipped_deb_is_named(&debs[d], log->debs[i].name) &&
				!has_deb(log, &debs[d].sha256))
				return &debs[d];
	return NULL;
}

static bool has_any(const struct buildlog *log, const struct shipped_deb *debs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has_deb(log, &debs[i].sha256))
			return true;
	return false;
}

/* Whether one log can be of a build that made some of what ships. */
static bool log_fits(const struct buildlog *log, const char *source_version,
	const char *architecture, const struct shipped_deb *debs, size_t count,
	struct claim_list *claims)
{
	const struct shipped_deb *other;
	const char *lacks = log->is_of_run ? "its run did not make the SHA-256 of "
					   : "its .buildinfo does not have the SHA-256 of ";

	if (strcmp(log->source_version, source_version) != 0)
		return refuse(log, 0, claims, "it is of version ", log->source_version);
	if (strcmp(log->architecture, architecture) != 0 && strcmp(log->architecture, "all") != 0)
		return refuse(log, 0, claims, "it is of architecture ", log->architecture);
	if (!log->is_finished)
		return refuse(log, 0, claims, "the build in it was not finished, or failed", "");
	if (log->build_count > 1)
		return refuse(log, 0, claims,
			"several builds are in it, and tests of one are not "
			"those of the other",
			"");
	if (log->deb_count == 0)
		return refuse(log, log->buildinfo_line, claims,
			"no .buildinfo says which packages it made", "");
	if (count == 0)
		return refuse(log, 0, claims, "no package of it ships", "");
	other = other_deb(log, debs, count);
	if (other)
		return refuse(log, log->buildinfo_line, claims, lacks, other->name);
	if (!has_any(log, debs, count))
		return refuse(log, log->buildinfo_line, claims, lacks, "a package that ships");
	return true;
}

/* The first shipped .deb that no log of the set has. */
static const struct shipped_deb *missing_deb(const struct buildlog *logs, size_t log_count,
	const bool *belongs, const struct shipped_deb *debs, size_t count)
{
	for (size_t d = 0; d < count; d++) {
		bool is_there = false;

		for (size_t i = 0; i < log_count && !is_there; i++)
			is_there = belongs[i] && has_deb(&logs[i], &debs[d].sha256);
		if (!is_there)
			return &debs[d];
	}
	return NULL;
}

bool buildlogs_belong(const struct buildlog *logs, size_t log_count, const char *source,
	const char *source_version, const char *architecture, const struct shipped_deb *debs,
	size_t deb_count, bool *belongs, struct claim_list *claims)
{
	const struct shipped_deb *missing;
	bool has_some = false;

	for (size_t i = 0; i < log_count; i++) {
		belongs[i] = strcmp(logs[i].source, source) == 0 &&
			log_fits(&logs[i], source_version, architecture, debs, deb_count, claims);
		has_some = has_some || belongs[i];
	}
	missing = has_some ? missing_deb(logs, log_count, belongs, debs, deb_count) : NULL;
	for (size_t i = 0; i < log_count && has_some; i++) {
		if (!belongs[i])
			continue;
		if (missing) {
			belongs[i] = refuse(&logs[i], logs[i].buildinfo_line, claims,
				"no log has the SHA-256 of ", missing->name);
			continue;
		}
		claim_add(claims, &logs[i].sha256, logs[i].name, logs[i].buildinfo_line,
			"this is the log of a build that made what ships: %s %s on %s; all %zu "
			"packages that ship are in such logs by SHA-256",
			source, source_version, logs[i].architecture, deb_count);
	}
	return has_some && !missing;
}

const char *buildlog_framework_name(enum buildlog_framework framework)
{
	static const char *const names[BUILDLOG_FRAMEWORKS] = {
		[BUILDLOG_AUTOMAKE] = "automake",
		[BUILDLOG_AUTOTEST] = "autotest",
		[BUILDLOG_CTEST] = "ctest",
		[BUILDLOG_MESON] = "meson",
		[BUILDLOG_TAP] = "tap",
		[BUILDLOG_CHECK] = "check",
		[BUILDLOG_PYTEST] = "pytest",
		[BUILDLOG_UNITTEST] = "unittest",
		[BUILDLOG_GTEST] = "gtest",
		[BUILDLOG_CARGO] = "cargo",
		[BUILDLOG_GO] = "go",
		[BUILDLOG_DEJAGNU] = "dejagnu",
	};

	return names[framework];
}

const char *buildlog_ran_word(enum buildlog_ran ran)
{
	static const char *const words[] = {
		"unread", "no-step", "nothing", "some", "all", "failed"};

	return words[ran];
}

static void claim_totals(
	const struct buildlog *log, enum buildlog_framework framework, struct claim_list *claims)
{
	const struct buildlog_totals *totals = &log->totals[framework];
	const char *name = buildlog_framework_name(framework);
	uintmax_t ran = totals->passed + totals->failed + totals->expected;

	if (ran == 0 && totals->skipped > 0)
		claim_add(claims, &log->sha256, log->name, totals->line,
			"%s: %ju of %ju skipped, so that nothing was tested", name,
			(uintmax_t)totals->skipped, (uintmax_t)totals->skipped);
	else if (ran == 0)
		claim_add(
			claims, &log->sha256, log->name, totals->line, "%s: no test at all", name);
	else
		claim_add(claims, &log->sha256, log->name, totals->line,
			"%s: %ju of %ju passed, %ju failed, %ju failed as expected, %ju skipped",
			name, (uintmax_t)totals->passed, ran + totals->skipped,
			(uintmax_t)totals->failed, (uintmax_t)totals->expected,
			(uintmax_t)totals->skipped);
}

enum buildlog_ran buildlog_judge(const struct buildlog *log, struct claim_list *claims)
{
	struct buildlog_totals sum = {0};
	bool has_ran = false;

	for (unsigned i = 0; i < BUILDLOG_FRAMEWORKS; i++) {
		const struct buildlog_totals *totals = &log->totals[i];

		if (totals->summaries == 0)
			continue;
		claim_totals(log, i, claims);
		sum.summaries++;
		has_ran = has_ran || totals->passed > 0 || totals->expected > 0;
		sum.failed |= totals->failed;
		sum.skipped |= totals->skipped;
	}
	if (sum.failed > 0)
		return BUILDLOG_RAN_FAILED;
	if (has_ran)
		return sum.skipped > 0 ? BUILDLOG_RAN_SOME : BUILDLOG_RAN_ALL;
	if (sum.summaries > 0)
		return BUILDLOG_RAN_NOTHING;
	if (log->omitted_line > 0) {
		claim_add(claims, &log->sha256, log->name, log->omitted_line,
			"debhelper left the tests out of this build");
		return BUILDLOG_RAN_NO_STEP;
	}
	if (log->step_count == 0) {
		claim_add(claims, &log->sha256, log->name, 0,
			"no test step of debhelper in this build");
		return BUILDLOG_RAN_NO_STEP;
	}
	claim_add(claims, &log->sha256, log->name, log->step_line,
		"a test step, and no summary of a known test framework in it");
	return BUILDLOG_RAN_UNREAD;
}
