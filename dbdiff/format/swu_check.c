/* SPDX-License-Identifier: Apache-2.0 */
/* What an update says of its own files, and whether it is so. */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"
#include "base/escape.h"
#include "dbdiff/format/cms.h"
#include "dbdiff/format/libconfig.h"
#include "dbdiff/format/swu.h"

static void __attribute__((format(printf, 3, 4)))
swu_add_field(struct swu *swu, const char *name, const char *format, ...)
{
	struct member container = {.fields = swu->fields};
	struct buffer text = {0};
	va_list arguments;

	va_start(arguments, format);
	buffer_add_vformat(&text, format, arguments);
	va_end(arguments);
	member_add_field_bytes(&container, name, text.data, text.len);
	swu->fields = container.fields;
	buffer_release(&text);
}

static void add_field_of(struct swu *swu, const char *family, const char *of, const char *text)
{
	struct buffer name = {0};

	buffer_add_text(&name, family);
	escape_line(&name, of, strlen(of));
	swu_add_field(swu, buffer_text(&name), "%s", text);
	buffer_release(&name);
}

/* ---- the description ---- */

/* What is known of the group that is being read, at each depth. */
struct group {
	struct swu_image image;
	bool has_digits;
};

struct reading {
	struct swu *swu;
	struct group groups[LIBCONFIG_DEPTH_MAX + 2];
};

static bool is_lower_case(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] >= 'A' && text[i] <= 'F')
			return false;
	}
	return true;
}

static void begin_group(struct group *group)
{
	free(group->image.filename);
	*group = (struct group){0};
}

static void end_group(struct swu *swu, struct group *group)
{
	if (group->image.filename != NULL && group->has_digits) {
		ARRAY_GROW(swu->images, swu->image_count, swu->image_capacity);
		swu->images[swu->image_count++] = group->image;
		group->image.filename = NULL;
	} else if (group->image.filename != NULL) {
		add_field_of(swu, "image-sha256-missing:", group->image.filename, "yes");
	}
	begin_group(group);
}

static void take_setting(void *context, const struct setting *setting)
{
	struct reading *reading = context;
	struct group *group = &reading->groups[setting->depth];
	bool is_string = setting->kind == SETTING_STRING;

	if (setting->kind == SETTING_GROUP) {
		begin_group(group + 1);
	} else if (setting->kind == SETTING_END) {
		end_group(reading->swu, group + 1);
	} else if (is_string && strcmp(setting->name, "filename") == 0) {
		group->image.filename = xstrndup(setting->value, setting->value_len);
	} else if (is_string && strcmp(setting->name, "sha256") == 0) {
		group->has_digits = true;
		group->image.has_digest =
			digest_parse(setting->value, setting->value_len, &group->image.digest);
		group->image.offset = setting->offset;
		group->image.is_verbatim =
			setting->is_verbatim && is_lower_case(setting->value, setting->value_len);
	}
	/* What stands in "software" itself: its version, and names of its own. */
	if (setting->depth == 1 && setting->kind < SETTING_GROUP &&
		strncmp(setting->path, "software.", strlen("software.")) == 0 &&
		strchr(setting->name, '[') == NULL)
		add_field_of(reading->swu, "swu:", setting->name, setting->value);
}

enum status swu_read_description(struct swu *swu, struct error *err)
{
	const struct swu_file *file = &swu->files[0];
	struct reading *reading;
	struct error refused;
	enum status status;

	if (swu->count == 0 || strcmp(file->name, SWU_DESCRIPTION) != 0)
		return error_set(err, STATUS_FORMAT, "the first member is not " SWU_DESCRIPTION);
	if (file->size > LIBCONFIG_BYTES_MAX) {
		swu_add_field(swu, "sw-description-invalid", "%" PRIu64 " bytes", file->size);
		return STATUS_OK;
	}
	buffer_reserve(&swu->description, (size_t)file->size + 1);
	status = source_pread(
		swu->source, file->data, swu->description.data, (size_t)file->size, err);
	if (status != STATUS_OK)
		return status;
	swu->description.len = (size_t)file->size;
	reading = xcalloc(1, sizeof(*reading));
	reading->swu = swu;
	if (libconfig_parse(swu->description.data, swu->description.len, take_setting, reading,
		    &refused) != STATUS_OK) {
		/* Of half of it nothing is believed. */
		swu_add_field(swu, "sw-description-invalid", "%s", refused.text);
		while (swu->image_count > 0)
			free(swu->images[--swu->image_count].filename);
	}
	for (size_t i = 0; i < ARRAY_SIZE(reading->groups); i++)
		free(reading->groups[i].image.filename);
	free(reading);
	return STATUS_OK;
}

/* ---- the files ---- */

static bool is_image(const struct swu *swu, const struct swu_file *file)
{
	for (size_t i = 0; i < swu->image_count; i++) {
		if (strcmp(swu->images[i].filename, file->name) == 0)
			return true;
	}
	return false;
}

static enum status read_content(
	struct swu *swu, struct swu_file *file, unsigned char *window, struct error *err)
{
	bool is_hashing = is_image(swu, file);
	struct hash hash;
	enum status status = STATUS_OK;
	size_t len;

	hash_init(&hash);
	for (uint64_t at = 0; at < file->size && status == STATUS_OK; at += len) {
		len = file->size - at < SOURCE_WINDOW ? (size_t)(file->size - at) : SOURCE_WINDOW;
		status = source_pread(swu->source, file->data + at, window, len, err);
		if (status == STATUS_OK && is_hashing)
			hash_update(&hash, window, len);
		for (size_t i = 0; i < len && status == STATUS_OK; i++)
			file->sum += window[i];
	}
	hash_finish(&hash, &file->digest);
	hash_release(&hash);
	return status;
}

/* Every file of that name must be as is said; SWUpdate takes the first, others may not. */
static void check_image(struct swu *swu, struct swu_image *image)
{
	char hex[SHA256_HEX_SIZE] = "";
	bool is_there = false, is_right = image->has_digest;

	for (size_t i = 0; i < swu->count; i++) {
		if (strcmp(swu->files[i].name, image->filename) != 0)
			continue;
		is_there = true;
		if (image->has_digest && digest_equal(&swu->files[i].digest, &image->digest))
			continue;
		is_right = false;
		digest_hex(&swu->files[i].digest, hex);
	}
	image->is_right = is_right && is_there;
	if (image->is_right)
		return;
	add_field_of(swu, "image-sha256-mismatch:", image->filename,
		!is_there		     ? "no such member"
			: !image->has_digest ? "what is said is no SHA-256"
					     : hex);
}

enum status swu_read_contents(struct swu *swu, struct error *err)
{
	unsigned char *window = xmalloc(SOURCE_WINDOW);
	enum status status = STATUS_OK;

	for (size_t i = 0; i < swu->count && status == STATUS_OK; i++) {
		struct swu_file *file = &swu->files[i];

		status = read_content(swu, file, window, err);
		if (status == STATUS_OK && file->has_sum && file->sum != file->numbers[SWU_SUM])
			add_field_of(swu, "checksum-invalid:", file->name, "does not fit");
	}
	free(window);
	for (size_t i = 0; i < swu->image_count && status == STATUS_OK; i++)
		check_image(swu, &swu->images[i]);
	return status;
}

/* ---- the signature ---- */

static void judge(struct swu *swu, const unsigned char *signature, size_t len)
{
	struct cms_signature result = {0};
	struct error refused;
	size_t der_len = 0;

	if (cms_fills(signature, len, 1, &der_len, &refused) != STATUS_OK) {
		swu_add_field(swu, der_len > 0 ? "wrapper-extra-bytes" : "signature-invalid",
			SWU_SIGNATURE ": %s", refused.text);
		return;
	}
	if (cms_verify(signature, len, swu->description.data, swu->description.len, &result,
		    &refused) != STATUS_OK) {
		swu_add_field(swu, "signature-invalid", SWU_SIGNATURE ": %s", refused.text);
		return;
	}
	digest_hex(&result.signer, swu->signer);
	swu_add_field(swu, "cms-signer", "%s", swu->signer);
	swu->is_signed = true;
	if (result.has_time) {
		struct member container = {.fields = swu->fields};

		member_add_time(&container, "cms-signing-time", result.time, 0);
		swu->fields = container.fields;
	}
}

enum status swu_verify(struct swu *swu, struct error *err)
{
	const struct swu_file *file = &swu->files[1];
	struct buffer signature = {0};
	enum status status;

	if (swu->count < 2 || strcmp(file->name, SWU_SIGNATURE) != 0)
		return STATUS_OK;
	if (file->size > CMS_BYTES_MAX || swu->description.len != swu->files[0].size) {
		swu_add_field(swu, "signature-invalid", SWU_SIGNATURE ": was not verified");
		return STATUS_OK;
	}
	buffer_reserve(&signature, (size_t)file->size + 1);
	status = source_pread(swu->source, file->data, signature.data, (size_t)file->size, err);
	if (status == STATUS_OK)
		judge(swu, (const unsigned char *)signature.data, (size_t)file->size);
	buffer_release(&signature);
	return status;
}

/* ---- what the bytes are ---- */

static int by_offset(const void *a, const void *b)
{
	const struct swu_image *image_a = a, *image_b = b;

	return image_a->offset < image_b->offset ? -1 : image_a->offset > image_b->offset;
}

/* The description, in which hashes that were found right are derived from the files. */
static void tell_description(struct swu *swu, const struct swu_file *file)
{
	uint64_t at = 0;

	if (swu->image_count > 1)
		qsort(swu->images, swu->image_count, sizeof(swu->images[0]), by_offset);
	for (size_t i = 0; i < swu->image_count; i++) {
		const struct swu_image *image = &swu->images[i];

		if (!image->is_right || !image->is_verbatim)
			continue;
		members_add_content(&swu->members, file->data + at, image->offset - at, 0, at);
		members_add_region(&swu->members,
			&(struct region){.offset = file->data + image->offset,
				.len = 2 * SHA256_SIZE,
				.kind = REGION_DERIVED,
				.name = "image-sha256",
				.owner = 0,
				.content_offset = image->offset});
		at = image->offset + 2 * SHA256_SIZE;
	}
	members_add_content(&swu->members, file->data + at, file->size - at, 0, at);
}

static void tell_file(struct swu *swu, const struct swu_file *file, int64_t owner)
{
	struct members *members = &swu->members;
	uint64_t sum = file->header + SWU_HEADER_SIZE - SWU_SUM_SIZE;
	uint64_t end = file->data + file->size;

	members_add_metadata(members, file->header, sum - file->header, "cpio-header", owner);
	if (file->has_sum && file->sum == file->numbers[SWU_SUM])
		members_add_derived(members, sum, SWU_SUM_SIZE, "checksum");
	else
		members_add_metadata(members, sum, SWU_SUM_SIZE,
			file->has_sum ? "checksum-invalid" : "cpio-header", owner);
	members_add_metadata(
		members, sum + SWU_SUM_SIZE, file->data - sum - SWU_SUM_SIZE, "cpio-header", owner);
	if (owner == 0)
		tell_description(swu, file);
	else if (owner == 1 && swu->is_signed)
		members_add_region(members,
			&(struct region){.offset = file->data,
				.len = file->size,
				.kind = REGION_WRAPPER,
				.name = "cms-signature",
				.owner = owner,
				.content_offset = 0,
				.detail = swu->signer});
	else
		members_add_content(members, file->data, file->size, owner, 0);
	members_add_metadata(members, end, (4 - end % 4) % 4, "padding", owner);
}

void swu_tell(struct swu *swu)
{
	for (size_t i = 0; i < swu->count; i++)
		tell_file(swu, &swu->files[i], (int64_t)i);
	if (swu->scan.status < 0)
		return;
	members_add_structure(&swu->members, swu->end_mark, swu->end - swu->end_mark, "end-mark");
	members_add_structure(&swu->members, swu->end, swu->trailing - swu->end, "padding");
	members_add_content(&swu->members, swu->trailing, swu->source->size - swu->trailing,
		(int64_t)swu->count, 0);
}
