/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/pin.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/process.h"
#include "snapshot/trust.h"

bool archive_is_debian(const char *archive)
{
	static const char *const names[] = {"debian", "debian-security", "debian-debug",
		"debian-ports", "debian-backports", "debian-volatile"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], archive) == 0)
			return true;
	}
	return false;
}

/* What the Origin must be: Debian's, when it is Debian's keys that vouch for it. */
static const char *origin_expected(const struct trust_options *trust)
{
	return trust->keyring ? NULL : "Debian";
}

static void text_replace(char **to, const char *text)
{
	free(*to);
	*to = xstrdup(text);
}

static void say_what_is_odd(const struct pin_context *context, const char *archive,
	const struct pin_suite *suite, const struct suite_release *release)
{
	char until[CLOCK_TEXT_SIZE];

	if (suite->is_key_expired)
		trust_note(context->trust,
			"%s %s is signed by the key %s, which has since expired or been retired; "
			"accepted",
			archive, suite->suite, suite->signer);
	if (release->valid_until && release->valid_until < trust_now(context->trust)) {
		clock_format(release->valid_until, until);
		trust_note(context->trust, "%s %s was valid until %s; a pin may be older than that",
			archive, suite->suite, until);
	}
}

const char *pin_suite_file(const struct pin_suite *suite)
{
	return suite->is_detached ? "Release" : "InRelease";
}

/* A lock that names another digest for this suite refuses before anything else is asked. */
static enum status lock_allows(const struct pin_context *context, const char *archive,
	const char *timestamp, const struct pin_suite *suite, bool *is_given, struct error *err)
{
	const struct lock_entry *entry =
		context->lock ? lock_find(context->lock, archive, suite->suite) : NULL;
	struct suite_state state = pin_suite_state(suite);
	char text[2][SUITE_STATE_SIZE];

	*is_given = false;
	if (!entry || !timestamp)
		return STATUS_OK;
	if (strcmp(entry->timestamp, timestamp) != 0)
		return error_set(err, STATUS_TRUST,
			"the lock file has %s %s at %s, not at %s: refused", archive, suite->suite,
			entry->timestamp, timestamp);
	if (!suite_state_equal(&entry->state, &state)) {
		suite_state_format(&entry->state, text[0]);
		suite_state_format(&state, text[1]);
		return error_set(err, STATUS_TRUST,
			"%s has sha256 %s, the lock file says %s: refused", pin_suite_file(suite),
			text[1], text[0]);
	}
	*is_given = true;
	return STATUS_OK;
}

static enum status signed_file_read(struct store *store, const struct digest *digest, size_t limit,
	struct buffer *data, struct error *err)
{
	char *text = NULL;
	size_t len;
	enum status status = store_read_all(store, digest, limit, &text, &len, err);

	if (status == STATUS_OK)
		buffer_add(data, text, len);
	free(text);
	return status;
}

static enum status signature_verify(const struct pin_context *context,
	const struct pin_suite *suite, bool is_given, struct signed_text *signed_text,
	struct error *err)
{
	struct buffer text = {0}, signature = {0};
	enum status status = signed_file_read(context->store,
		suite->is_detached ? &suite->release : &suite->inrelease, INRELEASE_LIMIT, &text,
		err);

	if (status == STATUS_OK && suite->is_detached)
		status = signed_file_read(
			context->store, &suite->release_gpg, RELEASE_GPG_LIMIT, &signature, err);
	if (status == STATUS_OK && suite->is_detached)
		status = trust_verify_detached(
			&text, &signature, context->trust, is_given, signed_text, err);
	else if (status == STATUS_OK)
		status = trust_verify(
			buffer_text(&text), text.len, context->trust, is_given, signed_text, err);
	buffer_release(&signature);
	buffer_release(&text);
	return status;
}

enum status pin_suite_verify(const struct pin_context *context, const char *archive,
	const char *timestamp, struct pin_suite *suite, struct suite_release *release,
	struct error *err)
{
	struct signed_text signed_text = {0};
	struct suite_release parsed = {0};
	bool is_given;
	enum status status;

	status = lock_allows(context, archive, timestamp, suite, &is_given, err);
	if (status == STATUS_OK)
		status = signature_verify(context, suite, is_given, &signed_text, err);
	if (status == STATUS_OK)
		status = suite_release_parse(
			signed_text.text.data, signed_text.text.len, &parsed, err);
	if (status == STATUS_OK)
		status = suite_release_check(&parsed, archive, suite->suite,
			origin_expected(context->trust), trust_now(context->trust), err);
	/* Detached it is there already, under the same digest. */
	if (status == STATUS_OK)
		status = store_add_memory(context->store, signed_text.text.data,
			signed_text.text.len, &suite->release, err);
	if (status < 0) {
		error_context(err, "%s of %s %s", pin_suite_file(suite), archive, suite->suite);
		goto out;
	}
	text_replace(&suite->origin, parsed.origin);
	text_replace(&suite->codename, parsed.codename);
	text_replace(&suite->signer, signed_text.signer);
	suite->date = parsed.date;
	suite->signed_at = signed_text.signed_at;
	suite->is_key_expired = signed_text.is_key_expired;
	say_what_is_odd(context, archive, suite, &parsed);
	if (release) {
		*release = parsed;
		parsed = (struct suite_release){0};
	}
out:
	suite_release_release(&parsed);
	signed_text_release(&signed_text);
	return status;
}

static enum status signed_file_fetch(const struct pin_context *context, const char *base,
	const char *suite, const char *name, size_t limit, struct digest *digest, char **served,
	struct error *err)
{
	char *url = xasprintf("%s/dists/%s/%s", base, suite, name);
	enum status status = fetcher_get(
		context->fetcher, context->store, url, limit, digest, NULL, served, err);

	free(url);
	return status;
}

/* Both halves come from one time, whatever redirects were on the way. */
static enum status detached_fetch(const struct pin_context *context, const char *base,
	const char *archive, struct pin_suite *suite, char **served, struct error *err)
{
	char *other = NULL;
	int64_t time[2] = {0, 0};
	enum status status = signed_file_fetch(context, base, suite->suite, "Release",
		INRELEASE_LIMIT, &suite->release, served, err);

	suite->is_detached = true;
	if (status == STATUS_OK)
		status = signed_file_fetch(context, base, suite->suite, "Release.gpg",
			RELEASE_GPG_LIMIT, &suite->release_gpg, &other, err);
	if (status == STATUS_OK &&
		(snapshot_url_timestamp(*served, archive, &time[0]) !=
				snapshot_url_timestamp(other, archive, &time[1]) ||
			time[0] != time[1]))
		status = error_set(err, STATUS_TRUST,
			"Release was served as %.400s, but Release.gpg as %.400s: refused", *served,
			other);
	free(other);
	return status;
}

enum status pin_suite_get(const struct pin_context *context, const char *base, const char *archive,
	const struct lock_entry *wanted, struct pin_suite *suite, char **served, struct error *err)
{
	bool is_detached = wanted && wanted->state.is_detached;
	enum status status = STATUS_NOT_FOUND;
	struct error absent;

	*served = NULL;
	if (!is_detached)
		status = signed_file_fetch(context, base, suite->suite, "InRelease",
			INRELEASE_LIMIT, &suite->inrelease, served, err);
	/* Trouble with InRelease is no reason to take something else. */
	if (status != STATUS_NOT_FOUND || (wanted && !is_detached))
		return status;
	free(*served);
	*served = NULL;
	absent = *err;
	status = detached_fetch(context, base, archive, suite, served, err);
	if (status == STATUS_NOT_FOUND && !is_detached)
		error_set(err, STATUS_NOT_FOUND,
			"%.700s; and there is no Release with its Release.gpg either", absent.text);
	return status;
}

enum status pin_suite_fetch(const struct pin_context *context, const char *base,
	const char *archive, const char *timestamp, const char *name, struct pin_suite *suite,
	struct suite_release *release, char **served, struct error *err)
{
	const struct lock_entry *wanted =
		context->lock && timestamp ? lock_find(context->lock, archive, name) : NULL;
	enum status status;

	/* Of another time it says nothing but that this one is refused. */
	if (wanted && strcmp(wanted->timestamp, timestamp) != 0)
		wanted = NULL;
	*suite = (struct pin_suite){.suite = xstrdup(name)};
	status = pin_suite_get(context, base, archive, wanted, suite, served, err);
	if (status == STATUS_OK)
		status = pin_suite_verify(context, archive, timestamp, suite, release, err);
	if (status < 0)
		pin_suite_release(suite);
	return status;
}

enum status pin_suite_check_date(
	const struct pin *pin, const struct pin_suite *suite, struct error *err)
{
	char date[CLOCK_TEXT_SIZE];

	if (suite->date <= pin->timestamp)
		return STATUS_OK;
	clock_format(suite->date, date);
	return error_set(err, STATUS_TRUST,
		"%s: the Release of %s is of %s, after that time: another state was served",
		pin->name, suite->suite, date);
}

void pin_take_suite(
	struct pin *pin, const struct pin_suite *suite, const struct suite_release *release)
{
	for (size_t i = 0; i < release->components.count; i++)
		text_list_add(&pin->components, component_directory(release->components.items[i]));
	text_list_sort(&pin->components);
	text_list_unique(&pin->components);
	pin_add_suite(pin, suite);
}

enum status pin_suite_release_read(struct store *store, const struct pin_suite *suite,
	struct suite_release *release, struct error *err)
{
	char *data = NULL;
	size_t len;
	enum status status =
		store_read_all(store, &suite->release, INRELEASE_LIMIT, &data, &len, err);

	*release = (struct suite_release){0};
	if (status == STATUS_OK)
		status = suite_release_parse(data, len, release, err);
	free(data);
	return status < 0 ? error_context(err, "the Release of %s", suite->suite) : STATUS_OK;
}

static void index_add(struct pin_index **indexes, size_t *count, size_t *capacity,
	const struct release_file *file, const char *architecture)
{
	ARRAY_GROW(*indexes, *count, *capacity);
	(*indexes)[(*count)++] = (struct pin_index){
		.file = file, .is_sources = !architecture, .architecture = architecture};
}

static const struct release_file *packages_find(
	const struct suite_release *release, const char *component, const char *architecture)
{
	char *path = xasprintf("%s/binary-%s/Packages", component, architecture);
	const struct release_file *file = suite_release_find_index(release, path);

	free(path);
	return file;
}

enum status pin_indexes(const struct pin *pin, const struct suite_release *release,
	struct pin_index **indexes, size_t *count, struct error *err)
{
	size_t capacity = 0;

	*indexes = NULL;
	*count = 0;
	for (size_t i = 0; i < pin->components.count; i++) {
		const char *component = component_directory(pin->components.items[i]);
		const struct release_file *file;
		char *sources;

		if (!suite_release_has_component(release, component))
			continue;
		for (size_t j = 0; j < pin->architectures.count; j++) {
			const char *architecture = pin->architectures.items[j];

			file = packages_find(release, component, architecture);
			if (!file) {
				free(*indexes);
				*indexes = NULL;
				return error_set(err, STATUS_NOT_FOUND,
					"%s of %s has no packages for the architecture %s",
					component, release->codename, architecture);
			}
			index_add(indexes, count, &capacity, file, architecture);
		}
		/* As apt decides it: others list a binary-all that mirrors need not have. */
		file = NULL;
		if (text_list_contains(&release->architectures, "all") && !release->has_all_in_each)
			file = packages_find(release, component, "all");
		if (file)
			index_add(indexes, count, &capacity, file, "all");
		sources = xasprintf("%s/source/Sources", component);
		file = suite_release_find_index(release, sources);
		free(sources);
		if (file)
			index_add(indexes, count, &capacity, file, NULL);
	}
	return STATUS_OK;
}

const struct pin_suite *pin_suite_of_path(const struct pin *pin, const char *path)
{
	if (strncmp(path, "dists/", 6) != 0)
		return NULL;
	for (size_t i = 0; i < pin->suite_count; i++) {
		size_t len = strlen(pin->suites[i].suite);

		if (strncmp(path + 6, pin->suites[i].suite, len) == 0 && path[6 + len] == '/')
			return &pin->suites[i];
	}
	return NULL;
}

char *index_by_hash_path(const char *path, const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];
	char *directory, *by_hash;

	if (strncmp(path, "dists/", 6) != 0)
		return NULL;
	digest_hex(digest, hex);
	directory = path_directory(path);
	by_hash = xasprintf("%s/by-hash/SHA256/%s", directory, hex);
	free(directory);
	return by_hash;
}

static void item_add(struct fetch_item *item, const struct pin *pin, const struct pin_suite *suite,
	const struct suite_release *release, const struct release_file *file,
	const struct text_list *bases)
{
	char *path = xasprintf("dists/%s/%s", suite->suite, file->path);
	char *by_hash = index_by_hash_path(path, &file->digest);

	*item = (struct fetch_item){.digest = file->digest, .size = file->size};
	item->name = xasprintf("%s %s", pin->archive, path);
	for (size_t i = 0; i < bases->count; i++) {
		char *url = xasprintf("%s/%s", bases->items[i], by_hash);

		if (release->has_by_hash)
			text_list_add(&item->urls, url);
		free(url);
		url = xasprintf("%s/%s", bases->items[i], path);
		text_list_add(&item->urls, url);
		free(url);
	}
	free(by_hash);
	free(path);
}

struct item_list {
	struct fetch_item *items;
	size_t count, capacity;
};

/* Empty indexes of several components are one file. */
static bool item_is_listed(const struct item_list *list, const struct digest *digest)
{
	for (size_t i = 0; i < list->count; i++) {
		if (digest_equal(&list->items[i].digest, digest))
			return true;
	}
	return false;
}

static enum status suite_items_add(const struct pin_context *context, const struct pin *pin,
	const struct pin_suite *suite, const struct text_list *bases, struct item_list *list,
	struct error *err)
{
	struct suite_release release = {0};
	struct pin_index *indexes = NULL;
	size_t count = 0;
	enum status status = pin_suite_release_read(context->store, suite, &release, err);

	if (status == STATUS_OK)
		status = pin_indexes(pin, &release, &indexes, &count, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		const struct digest *digest = &indexes[i].file->digest;
		bool is_there;

		if (item_is_listed(list, digest))
			continue;
		status = store_check(context->store, digest, context->trust, indexes[i].file->path,
			&is_there, err);
		if (status < 0 || is_there)
			continue;
		ARRAY_GROW(list->items, list->count, list->capacity);
		item_add(&list->items[list->count++], pin, suite, &release, indexes[i].file, bases);
	}
	free(indexes);
	suite_release_release(&release);
	return status;
}

enum status pin_fetch_indexes(const struct pin_context *context, const struct pin *pin,
	const struct text_list *bases, struct error *err)
{
	struct item_list list = {0};
	enum status status = STATUS_OK;

	for (size_t i = 0; i < pin->suite_count && status == STATUS_OK; i++)
		status = suite_items_add(context, pin, &pin->suites[i], bases, &list, err);
	if (status == STATUS_OK && list.count && !context->fetcher)
		status = error_set(err, STATUS_NOT_FOUND,
			"%s is not whole in the store: %s is missing; reproof snapshot fetch "
			"--pin %s gets it",
			pin->name, list.items[0].name, pin->name);
	else if (status == STATUS_OK && list.count)
		status = fetcher_get_all(
			context->fetcher, context->store, pin->name, list.items, list.count, err);
	for (size_t i = 0; i < list.count; i++) {
		free((char *)list.items[i].name);
		text_list_release(&list.items[i].urls);
	}
	free(list.items);
	return status;
}

enum status dpkg_architecture(char **architecture, struct error *err)
{
	struct process_spec spec = PROCESS_SPEC_INIT;
	struct process_result result = {0};
	struct buffer out = {0};
	enum status status;

	spec.argv = (const char *const[]){"dpkg", "--print-architecture", NULL};
	status = process_capture(&spec, 256, &out, NULL, &result, err);
	if (status == STATUS_OK && result.exit_code != 0)
		status = error_set(err, STATUS_IO, "dpkg --print-architecture failed");
	if (status == STATUS_OK)
		*architecture = xstrndup(buffer_text(&out), strcspn(buffer_text(&out), " \n"));
	buffer_release(&out);
	return status;
}
