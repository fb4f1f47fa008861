/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/pread.h"
#include "base/tempfile.h"
#include "dbdiff/worker.h"
#include "verifier/coverage/coverage_make.h"
#include "verifier/evidence/coverage_record.h"

#define DEB_SECONDS 300

/* One .deb of the table, and what was read of it. */
struct deb {
	struct coverage_package *row;
	const struct shipped_deb *shipped;
	struct deb_marks marks;
	bool is_read;
	char *trouble; /* why it could not be; or NULL */
};

/* One that is being read. */
struct slot {
	struct deb *deb;
	int fd, out_fd;
	uint64_t size;
	struct limits limits;
};

struct reading {
	const struct coverage_place *place;
	struct deb *debs; /* in the order of the rows */
	size_t deb_count;
	struct slot *slots;
	struct worker *workers; /* as many; pid 0 is free */
	unsigned count, busy;
	struct error *err;
	enum status status; /* of keeping */
};

/* In the worker: from hostile bytes to the text of the marks. */
static enum status read_marks(void *context, struct error *err)
{
	const struct slot *slot = context;
	struct source *source = source_file_new(slot->fd, slot->size);
	struct deb_marks marks;
	struct buffer text = {0};
	size_t done = 0;
	enum status status = deb_marks_read(source, &slot->limits, &marks, err);

	if (status == STATUS_OK)
		deb_marks_write(&marks, &text);
	while (status == STATUS_OK && done < text.len) {
		ssize_t written = write(slot->out_fd, text.data + done, text.len - done);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return error_set_errno(err, "the marks cannot be written");
		done += (size_t)written;
	}
	return status;
}

static void key_of(const struct shipped_deb *deb, struct digest *key)
{
	static const char what[] = "deb-marks " DEB_MARKS_RULES "\n";
	struct hash hash;

	hash_init(&hash);
	hash_update(&hash, what, strlen(what));
	hash_update(&hash, deb->sha256.bytes, sizeof(deb->sha256.bytes));
	hash_finish(&hash, key);
	hash_release(&hash);
}

static void list_take(struct coverage_package *row, const struct shipped_deb *deb, const char *what,
	const struct text_list *from, struct text_list *to)
{
	for (size_t i = 0; i < from->count; i++) {
		char *text = xasprintf("%s: %s", deb->name, from->items[i]);
		char *where = xasprintf("%s %s", deb->name, deb->version);

		text_list_add(to, text);
		claim_add(&row->claims, &deb->sha256, where, 0, "%s: %s", what, from->items[i]);
		free(text);
		free(where);
	}
}

static void marks_take(const struct deb *read)
{
	struct coverage_package *row = read->row;
	const struct shipped_deb *deb = read->shipped;
	const struct deb_marks *marks = &read->marks;
	struct coverage_debs *seen = &row->seen;

	if (read->trouble)
		claim_add(&row->claims, &deb->sha256, deb->name, 0,
			"its .deb could not be read: %s", read->trouble);
	if (!read->is_read)
		return;
	list_take(row, deb, "a file with rights of its own", &marks->privileges, &seen->privileges);
	list_take(row, deb, "a maintainer script that gives such rights", &marks->scripts,
		&seen->privileges);
	list_take(row, deb, "a service", &marks->services, &seen->services);
	list_take(row, deb, "listens", &marks->sockets, &seen->sockets);
	if (marks->section && !text_list_contains(&seen->sections, marks->section)) {
		char *where = xasprintf("%s %s", deb->name, deb->version);

		text_list_add(&seen->sections, marks->section);
		claim_add(
			&row->claims, &deb->sha256, where, 0, "its section is %s", marks->section);
		free(where);
	}
	seen->count++;
}

/* What the worker left, which is believed only as far as deb_marks_parse() goes. */
static enum status slot_text(const struct slot *slot, struct buffer *text, struct error *err)
{
	off_t size = lseek(slot->out_fd, 0, SEEK_END);
	enum status status;

	if (size < 0 || (size_t)size > DEB_MARKS_MAX)
		return error_set(err, STATUS_LIMIT, "its marks are over %zu bytes", DEB_MARKS_MAX);
	buffer_reserve(text, (size_t)size);
	status = pread_exactly(slot->out_fd, text->data, (size_t)size, 0, err);
	if (status != STATUS_OK)
		return status < 0 ? status
				  : error_set(err, STATUS_IO, "its marks cannot be read back");
	text->len = (size_t)size;
	text->data[text->len] = '\0';
	return STATUS_OK;
}

static void slot_release(struct slot *slot)
{
	if (slot->fd >= 0)
		close(slot->fd);
	if (slot->out_fd >= 0)
		close(slot->out_fd);
	slot->fd = slot->out_fd = -1;
}

static void slot_finish(struct reading *reading, unsigned at)
{
	struct slot *slot = &reading->slots[at];
	struct deb *deb = slot->deb;
	struct buffer text = {0};
	struct digest key;
	struct error err = {0};
	enum status status = worker_wait(&reading->workers[at], &err);

	if (status == STATUS_OK)
		status = slot_text(slot, &text, &err);
	if (status == STATUS_OK)
		status = deb_marks_parse(text.data, text.len, &deb->marks, &err);
	deb->is_read = status == STATUS_OK;
	if (status < 0)
		deb->trouble = xstrdup(err.text);
	key_of(deb->shipped, &key);
	if (deb->is_read && reading->place->evidence && reading->status == STATUS_OK)
		reading->status = evidence_facts_keep(
			reading->place->evidence, &key, text.data, reading->err);
	buffer_release(&text);
	worker_release(&reading->workers[at]);
	slot_release(slot);
	reading->busy--;
}

static enum status kept_take(struct reading *reading, struct deb *deb)
{
	struct digest key;
	struct error ignored;
	char *text = NULL;
	size_t len = 0;
	enum status status = STATUS_END;

	key_of(deb->shipped, &key);
	if (reading->place->evidence)
		status = evidence_facts_find(
			reading->place->evidence, &key, &text, &len, reading->err);
	deb->is_read = status == STATUS_OK &&
		deb_marks_parse(text, len, &deb->marks, &ignored) == STATUS_OK;
	free(text);
	return status < 0 ? status : STATUS_OK;
}

static void slot_start(struct reading *reading, struct deb *deb)
{
	unsigned at = 0;
	struct error err = {0};
	struct slot *slot;

	if (reading->busy == reading->count)
		slot_finish(reading, (unsigned)worker_next(reading->workers, reading->count));
	while (reading->workers[at].pid != 0)
		at++;
	slot = &reading->slots[at];
	*slot = (struct slot){.deb = deb, .fd = -1, .out_fd = -1, .limits = limits_default};
	slot->limits.seconds = DEB_SECONDS;
	enum status status = store_read(
		reading->place->store, &deb->shipped->sha256, &slot->fd, &slot->size, &err);
	const struct worker_job job = {.run = read_marks,
		.context = slot,
		.fds = &slot->fd,
		.fd_count = 1,
		.out_fds = &slot->out_fd,
		.out_count = 1,
		.limits = &slot->limits};

	if (status == STATUS_OK)
		status = tempfile_unlinked(&slot->out_fd, &err);
	if (status == STATUS_OK)
		status = worker_start(&reading->workers[at], &job, &err);
	if (status == STATUS_OK) {
		reading->busy++;
		return;
	}
	deb->trouble = xstrdup(err.text);
	slot_release(slot);
}

static void debs_list(struct reading *reading, struct coverage *coverage)
{
	size_t count = 0;

	for (size_t i = 0; i < coverage->count; i++)
		count += coverage->packages[i].deb_count;
	reading->debs = xcalloc(count + 1, sizeof(reading->debs[0]));
	for (size_t i = 0; i < coverage->count; i++)
		for (size_t d = 0; d < coverage->packages[i].deb_count; d++)
			reading->debs[reading->deb_count++] =
				(struct deb){.row = &coverage->packages[i],
					.shipped = &coverage->packages[i].debs[d]};
}

/* Those that are kept, and those of the store; nothing is fetched for it. */
static enum status read_all(struct reading *reading)
{
	for (size_t i = 0; i < reading->deb_count; i++) {
		struct deb *deb = &reading->debs[i];

		if (kept_take(reading, deb) < 0)
			return reading->err->status;
		if (!deb->is_read && store_has(reading->place->store, &deb->shipped->sha256))
			slot_start(reading, deb);
	}
	return STATUS_OK;
}

enum status coverage_debs_read(const struct coverage_request *request,
	const struct coverage_place *place, struct coverage *coverage, struct error *err)
{
	struct reading reading = {
		.place = place, .count = request->workers ? request->workers : 1, .err = err};
	enum status status = place->evidence ? evidence_begin(place->evidence, err) : STATUS_OK;

	if (status < 0)
		return status;
	reading.slots = xcalloc(reading.count, sizeof(reading.slots[0]));
	reading.workers = xcalloc(reading.count, sizeof(reading.workers[0]));
	debs_list(&reading, coverage);
	status = read_all(&reading);
	while (reading.busy)
		slot_finish(&reading, (unsigned)worker_next(reading.workers, reading.count));
	if (status == STATUS_OK)
		status = reading.status;
	if (place->evidence)
		status = evidence_end(place->evidence, status, err);
	for (size_t i = 0; i < reading.deb_count; i++) {
		marks_take(&reading.debs[i]);
		deb_marks_release(&reading.debs[i].marks);
		free(reading.debs[i].trouble);
	}
	free(reading.debs);
	free(reading.slots);
	free(reading.workers);
	return status;
}
