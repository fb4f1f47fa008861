/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/deb822.h"
#include "base/path.h"
#include "base/tempfile.h"
#include "snapshot/store.h"

#define PIN_LIMIT ((size_t)1024 * 1024)

static const char pin_format[] = "reproof-pin-1";
/* The same with suites that have a Release.gpg, which versions that know none shall refuse. */
static const char pin_format_detached[] = "reproof-pin-2";

void pin_suite_release(struct pin_suite *suite)
{
	free(suite->suite);
	free(suite->origin);
	free(suite->codename);
	free(suite->signer);
	*suite = (struct pin_suite){0};
}

void pin_release(struct pin *pin)
{
	for (size_t i = 0; i < pin->suite_count; i++)
		pin_suite_release(&pin->suites[i]);
	free(pin->suites);
	free(pin->name);
	free(pin->archive);
	text_list_release(&pin->components);
	text_list_release(&pin->architectures);
	*pin = (struct pin){0};
}

void pin_list_release(struct pin_list *pins)
{
	for (size_t i = 0; i < pins->count; i++)
		pin_release(&pins->items[i]);
	free(pins->items);
	*pins = (struct pin_list){0};
}

char *pin_name_format(const char *archive, int64_t timestamp)
{
	char text[CLOCK_TEXT_SIZE];

	clock_format_snapshot(timestamp, text);
	return xasprintf("%s@%s", archive, text);
}

enum status pin_name_parse(const char *name, char **archive, int64_t *timestamp,
	struct text_list *suites, struct error *err)
{
	const char *at = strchr(name, '@');
	const char *colon = at ? strchr(at, ':') : NULL;
	char *time = NULL, *list = NULL, *rest, *suite;
	enum status status = STATUS_OK;

	*archive = NULL;
	if (!at)
		return error_set(err, STATUS_USAGE,
			"\"%s\" is no pin; write it as ARCHIVE@YYYYMMDDTHHMMSSZ, such as "
			"debian@20260711T101637Z",
			name);
	*archive = xstrndup(name, (size_t)(at - name));
	time = colon ? xstrndup(at + 1, (size_t)(colon - at - 1)) : xstrdup(at + 1);
	if (!path_is_contained(*archive) || strchr(*archive, '/') ||
		strspn(time, "0123456789TZ") != strlen(time) ||
		clock_parse_snapshot(time, timestamp, err) < 0)
		status = error_set(err, STATUS_USAGE,
			"\"%s\" is no pin; write it as ARCHIVE@YYYYMMDDTHHMMSSZ, such as "
			"debian@20260711T101637Z",
			name);
	rest = list = xstrdup(colon ? colon + 1 : "");
	while (status == STATUS_OK && colon && (suite = strsep(&rest, ",")) != NULL) {
		if (!path_is_contained(suite))
			status = error_set(err, STATUS_USAGE,
				"%s: behind the colon come suites, with commas between", name);
		text_list_add(suites, suite);
	}
	text_list_sort(suites);
	text_list_unique(suites);
	free(list);
	free(time);
	if (status < 0) {
		free(*archive);
		*archive = NULL;
	}
	return status;
}

struct pin_suite *pin_find_suite(const struct pin *pin, const char *suite)
{
	for (size_t i = 0; i < pin->suite_count; i++) {
		if (strcmp(pin->suites[i].suite, suite) == 0)
			return &pin->suites[i];
	}
	return NULL;
}

static int suite_compare(const void *a, const void *b)
{
	return strcmp(((const struct pin_suite *)a)->suite, ((const struct pin_suite *)b)->suite);
}

void pin_add_suite(struct pin *pin, const struct pin_suite *suite)
{
	ARRAY_GROW(pin->suites, pin->suite_count, pin->suite_capacity);
	pin->suites[pin->suite_count++] = *suite;
	qsort(pin->suites, pin->suite_count, sizeof(pin->suites[0]), suite_compare);
}

static void list_merge(struct text_list *list, const struct text_list *other)
{
	for (size_t i = 0; i < other->count; i++)
		text_list_add(list, other->items[i]);
	text_list_sort(list);
	text_list_unique(list);
}

static void suite_copy(struct pin_suite *copy, const struct pin_suite *suite)
{
	*copy = *suite;
	copy->suite = xstrdup(suite->suite);
	copy->origin = xstrdup(suite->origin ? suite->origin : "");
	copy->codename = xstrdup(suite->codename ? suite->codename : "");
	copy->signer = suite->signer ? xstrdup(suite->signer) : NULL;
}

enum status pin_check_conflict(const struct pin *pin, const struct pin *stored, struct error *err)
{
	if (pin->captured != stored->captured)
		return error_set(err, STATUS_CONFLICT, "the store has %s %s; it cannot be both",
			pin->name,
			stored->captured ? "captured from a mirror" : "from snapshot.debian.org");
	for (size_t i = 0; i < stored->suite_count; i++) {
		const struct pin_suite *suite = &stored->suites[i];
		const struct pin_suite *mine = pin_find_suite(pin, suite->suite);
		struct suite_state state[2] = {pin_suite_state(suite)};

		if (mine)
			state[1] = pin_suite_state(mine);
		if (mine && !suite_state_equal(&state[0], &state[1]))
			return error_set(err, STATUS_CONFLICT,
				"the store has %s with another %s of %s: two states of "
				"one name; take the old one away, or use another store",
				pin->name, suite->is_detached ? "Release" : "InRelease",
				suite->suite);
	}
	return STATUS_OK;
}

enum status pin_merge(struct pin *pin, const struct pin *stored, struct error *err)
{
	if (pin_check_conflict(pin, stored, err) < 0)
		return err->status;
	for (size_t i = 0; i < stored->suite_count; i++) {
		const struct pin_suite *suite = &stored->suites[i];
		struct pin_suite copy;

		if (pin_find_suite(pin, suite->suite))
			continue;
		suite_copy(&copy, suite);
		pin_add_suite(pin, &copy);
	}
	if (!pin->import)
		pin->import = stored->import;
	list_merge(&pin->components, &stored->components);
	list_merge(&pin->architectures, &stored->architectures);
	return STATUS_OK;
}

static char *pin_path(struct store *store, const char *name)
{
	return xasprintf("%s/pins/%s", store_directory(store), name);
}

static void add_words(struct buffer *text, const char *name, const struct text_list *words)
{
	buffer_add_format(text, "%s:", name);
	for (size_t i = 0; i < words->count; i++)
		buffer_add_format(text, " %s", words->items[i]);
	buffer_add_char(text, '\n');
}

static void add_suite(struct buffer *text, const struct pin_suite *suite)
{
	char time[CLOCK_TEXT_SIZE], hex[SHA256_HEX_SIZE];

	clock_format_snapshot(suite->date, time);
	buffer_add_format(text, "\nSuite: %s\nOrigin: %s\nCodename: %s\nDate: %s\n", suite->suite,
		suite->origin, suite->codename, time);
	digest_hex(&suite->inrelease, hex);
	if (!suite->is_detached)
		buffer_add_format(text, "InRelease: %s\n", hex);
	digest_hex(&suite->release, hex);
	buffer_add_format(text, "Release: %s\n", hex);
	digest_hex(&suite->release_gpg, hex);
	if (suite->is_detached)
		buffer_add_format(text, "Release.gpg: %s\n", hex);
}

static bool pin_has_detached(const struct pin *pin)
{
	for (size_t i = 0; i < pin->suite_count; i++) {
		if (pin->suites[i].is_detached)
			return true;
	}
	return false;
}

void pin_file_format(const struct pin *pin, struct buffer *text)
{
	char time[CLOCK_TEXT_SIZE];

	clock_format_snapshot(pin->timestamp, time);
	buffer_add_format(text, "Format: %s\nName: %s\nArchive: %s\nTimestamp: %s\nCaptured: %s\n",
		pin_has_detached(pin) ? pin_format_detached : pin_format, pin->name, pin->archive,
		time, pin->captured ? "yes" : "no");
	clock_format_snapshot(pin->import, time);
	if (pin->import)
		buffer_add_format(text, "Import: %s\n", time);
	add_words(text, "Components", &pin->components);
	add_words(text, "Architectures", &pin->architectures);
	for (size_t i = 0; i < pin->suite_count; i++)
		add_suite(text, &pin->suites[i]);
}

static enum status pin_file_write(struct store *store, const struct pin *pin, struct error *err)
{
	struct buffer text = {0};
	char *path = pin_path(store, pin->name);
	enum status status;

	pin_file_format(pin, &text);
	status = tempfile_write_all(path, text.data, text.len, 0644, err);
	buffer_release(&text);
	free(path);
	return status;
}

/* Whether the store's pin added something; `stored` is what it says now. */
static enum status stored_add(
	struct pin *pin, const struct pin *stored, bool *is_more, struct error *err)
{
	struct buffer before = {0}, after = {0};
	enum status status;

	pin_file_format(pin, &before);
	status = pin_merge(pin, stored, err);
	if (status == STATUS_OK)
		pin_file_format(pin, &after);
	*is_more = strcmp(buffer_text(&before), buffer_text(&after)) != 0;
	buffer_release(&before);
	buffer_release(&after);
	return status;
}

enum status pin_file_update(struct store *store, struct pin *pin, struct error *err)
{
	struct pin stored = {0};
	bool is_more = false;
	int lock;
	enum status status = store_lock(store, &lock, err);

	if (status < 0)
		return status;
	status = pin_file_read(store, pin->name, &stored, err);
	if (status == STATUS_OK)
		status = stored_add(pin, &stored, &is_more, err);
	else if (status == STATUS_NOT_FOUND)
		status = STATUS_OK;
	if (status == STATUS_OK)
		status = is_more ? STATUS_END : pin_file_write(store, pin, err);
	pin_release(&stored);
	close(lock);
	return status;
}

static enum status head_field(
	struct pin *pin, const char *name, const char *value, struct error *err)
{
	struct text_list *list = NULL;

	if (strcmp(name, "Format") == 0 && strcmp(value, pin_format) != 0 &&
		strcmp(value, pin_format_detached) != 0)
		return error_set(err, STATUS_FORMAT, "this is no %s file", pin_format);
	if (strcmp(name, "Name") == 0 && strcmp(value, pin->name) != 0)
		return error_set(err, STATUS_FORMAT, "it says it is %s", value);
	if (strcmp(name, "Archive") == 0 && strcmp(value, pin->archive) != 0)
		return error_set(err, STATUS_FORMAT, "it says it is of %s", value);
	if (strcmp(name, "Captured") == 0)
		pin->captured = strcmp(value, "yes") == 0;
	if (strcmp(name, "Import") == 0)
		return clock_parse_snapshot(value, &pin->import, err);
	if (strcmp(name, "Components") == 0)
		list = &pin->components;
	if (strcmp(name, "Architectures") == 0)
		list = &pin->architectures;
	while (list && *value) {
		size_t len = strcspn(value, " ");

		if (len)
			text_list_addn(list, value, len);
		value += len + (value[len] == ' ');
	}
	return STATUS_OK;
}

static void text_set(char **to, const char *value)
{
	free(*to);
	*to = xstrdup(value);
}

/* Each of the digests of a suite once. */
static enum status digest_field(
	const char *name, const char *value, struct digest *digest, bool *has, struct error *err)
{
	if (*has || !digest_parse(value, strlen(value), digest))
		return error_set(err, STATUS_FORMAT, "%s is no sha256, or comes twice", name);
	*has = true;
	return STATUS_OK;
}

/* What a stanza of a suite has. */
struct suite_digests {
	bool inrelease, release, release_gpg;
};

static enum status suite_field(struct pin_suite *suite, struct suite_digests *has, const char *name,
	const char *value, struct error *err)
{
	if (strcmp(name, "Suite") == 0)
		text_set(&suite->suite, value);
	else if (strcmp(name, "Origin") == 0)
		text_set(&suite->origin, value);
	else if (strcmp(name, "Codename") == 0)
		text_set(&suite->codename, value);
	else if (strcmp(name, "Date") == 0)
		return clock_parse_snapshot(value, &suite->date, err);
	else if (strcmp(name, "InRelease") == 0)
		return digest_field(name, value, &suite->inrelease, &has->inrelease, err);
	else if (strcmp(name, "Release") == 0)
		return digest_field(name, value, &suite->release, &has->release, err);
	else if (strcmp(name, "Release.gpg") == 0)
		return digest_field(name, value, &suite->release_gpg, &has->release_gpg, err);
	return STATUS_OK;
}

/* One stanza: the head, then one a suite. */
static enum status stanza_parse(
	struct deb822 *reader, struct pin *pin, bool is_head, struct error *err)
{
	struct pin_suite suite = {0};
	struct suite_digests has = {false};
	struct deb822_field field;
	enum status status;

	while ((status = deb822_next(reader, &field, err)) == STATUS_OK) {
		char *name = xstrndup(field.name, field.name_len), *value = deb822_text(&field);

		status = is_head ? head_field(pin, name, value, err)
				 : suite_field(&suite, &has, name, value, err);
		free(name);
		free(value);
		if (status < 0)
			break;
	}
	if (status >= 0 && is_head)
		return STATUS_OK;
	if (status >= 0 && (!has.release || has.inrelease == has.release_gpg)) {
		pin_suite_release(&suite);
		return error_set(err, STATUS_FORMAT,
			"a suite that has not either InRelease or Release.gpg, and Release");
	}
	suite.is_detached = has.release_gpg;
	if (status >= 0 && suite.suite && !pin_find_suite(pin, suite.suite)) {
		if (!suite.origin)
			suite.origin = xstrdup("");
		if (!suite.codename)
			suite.codename = xstrdup("");
		pin_add_suite(pin, &suite);
		return STATUS_OK;
	}
	pin_suite_release(&suite);
	return status < 0 ? status
			  : error_set(err, STATUS_FORMAT, "a suite without a name, or twice");
}

enum status pin_file_parse(
	const char *name, const char *data, size_t len, struct pin *pin, struct error *err)
{
	struct text_list suites = {0};
	struct deb822 reader;
	enum status status;

	*pin = (struct pin){0};
	status = pin_name_parse(name, &pin->archive, &pin->timestamp, &suites, err);
	if (status == STATUS_OK) {
		pin->name = xstrdup(name);
		deb822_init(&reader, data, len);
		status = stanza_parse(&reader, pin, true, err);
	}
	while (status == STATUS_OK && !deb822_at_end(&reader))
		status = stanza_parse(&reader, pin, false, err);
	if (status == STATUS_OK && pin->suite_count == 0)
		status = error_set(err, STATUS_FORMAT, "it holds no suite");
	if (status < 0)
		pin_release(pin);
	text_list_release(&suites);
	return status;
}

enum status pin_file_read(struct store *store, const char *name, struct pin *pin, struct error *err)
{
	char *path = pin_path(store, name), *data = NULL;
	enum status status;
	size_t len;

	*pin = (struct pin){0};
	status = path_read_file(path, PIN_LIMIT, &data, &len, err);
	if (status == STATUS_OK && pin_file_parse(name, data, len, pin, err) < 0)
		status = error_context(err, "%s", path);
	free(data);
	free(path);
	return status;
}

enum status pin_file_remove(struct store *store, const char *name, struct error *err)
{
	char *path = pin_path(store, name);
	enum status status = STATUS_OK;

	if (unlink(path) != 0 && errno != ENOENT)
		status = error_set_errno(err, "cannot remove %s", path);
	free(path);
	return status;
}

enum status pin_file_list(struct store *store, struct text_list *names, struct error *err)
{
	char *path = pin_path(store, "");
	struct text_list all = {0};
	/* It was made with the store: that it is gone is no sign of a store without pins. */
	int fd = openat(store_fd(store), "pins", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	enum status status = path_names(fd, path, &all, err);

	if (status == STATUS_NOT_FOUND)
		status = error_set(err, STATUS_IO,
			"store: %s is gone, so what is pinned is not known: bring it back (is all "
			"of %s mounted?), or make it again if nothing is to be kept",
			path, store_directory(store));
	for (size_t i = 0; i < all.count; i++) {
		if (all.items[i][0] != '.')
			text_list_add(names, all.items[i]);
	}
	text_list_release(&all);
	free(path);
	return status;
}
