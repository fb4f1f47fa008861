/* SPDX-License-Identifier: Apache-2.0 */
#include "dbdiff/format/archive_fields.h"

#include <archive.h>
#include <inttypes.h>

#include "base/array.h"

#define TEXT_SIZE 4096

static const char *type_word(__LA_MODE_T type)
{
	switch (type) {
	case AE_IFREG:
		return "file";
	case AE_IFDIR:
		return "directory";
	case AE_IFLNK:
		return "symlink";
	case AE_IFCHR:
		return "character device";
	case AE_IFBLK:
		return "block device";
	case AE_IFIFO:
		return "fifo";
	case AE_IFSOCK:
		return "socket";
	default:
		return "unknown";
	}
}

/* As it is stored: whoever prints it escapes it. Only what is very long is kept as its SHA-256. */
static void add_text(struct member *member, const char *name, const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	if (len > TEXT_SIZE)
		member_add_field_bytes(member, name, text, len);
	else if (text != NULL)
		member_add_field(member, name, "%s", text);
}

static void add_times(struct archive_entry *entry, struct member *member)
{
	if (archive_entry_mtime_is_set(entry))
		member_add_time(member, "mtime", archive_entry_mtime(entry),
			archive_entry_mtime_nsec(entry));
	if (archive_entry_atime_is_set(entry))
		member_add_time(member, "atime", archive_entry_atime(entry),
			archive_entry_atime_nsec(entry));
	if (archive_entry_ctime_is_set(entry))
		member_add_time(member, "ctime", archive_entry_ctime(entry),
			archive_entry_ctime_nsec(entry));
	if (archive_entry_birthtime_is_set(entry))
		member_add_time(member, "birthtime", archive_entry_birthtime(entry),
			archive_entry_birthtime_nsec(entry));
}

static void add_acl(struct archive_entry *entry, struct member *member, const char *name, int types)
{
	char *text;

	if ((archive_entry_acl_types(entry) & types) == 0)
		return;
	text = archive_entry_acl_to_text(entry, NULL,
		types | ARCHIVE_ENTRY_ACL_STYLE_EXTRA_ID | ARCHIVE_ENTRY_ACL_STYLE_SEPARATOR_COMMA);
	add_text(member, name, text != NULL ? text : "unreadable");
	free(text);
}

static void add_xattrs(struct archive_entry *entry, struct member *member)
{
	struct buffer field = {0};
	const char *name;
	const void *value;
	size_t len;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &len) == ARCHIVE_OK) {
		buffer_clear(&field);
		buffer_add_text(&field, "xattr:");
		buffer_add_text(&field, name);
		member_add_field_bytes(member, buffer_text(&field), value, len);
	}
	buffer_release(&field);
}

static void add_sparse(struct archive_entry *entry, struct member *member)
{
	struct buffer map = {0};
	la_int64_t offset, len;

	if (archive_entry_sparse_reset(entry) > 0) {
		while (archive_entry_sparse_next(entry, &offset, &len) == ARCHIVE_OK)
			buffer_add_format(
				&map, "%" PRId64 "+%" PRId64 " ", (int64_t)offset, (int64_t)len);
		member_add_field_bytes(member, "sparse", buffer_text(&map), map.len);
	}
	buffer_release(&map);
}

/* An ar may store only permissions: what has no type is a file. */
static __LA_MODE_T entry_type(struct archive_entry *entry)
{
	__LA_MODE_T type = archive_entry_filetype(entry);

	return type != 0 ? type : AE_IFREG;
}

/*
 * A hard link in a tar has no bytes of its own, in a cpio its last name has them. Bytes behind the
 * header of a device or directory make no sense, and are not passed over for that.
 */
static void add_content(struct archive_entry *entry, struct member *member)
{
	__LA_MODE_T type = entry_type(entry);
	bool has_size = archive_entry_size_is_set(entry) != 0;
	bool has_bytes = has_size && archive_entry_size(entry) > 0;
	bool is_plain = type == AE_IFREG && archive_entry_hardlink(entry) == NULL;

	member->has_content = is_plain || (has_bytes && type != AE_IFLNK);
	if (has_size)
		member->size = (uint64_t)archive_entry_size(entry);
}

void archive_fields_add(struct archive_entry *entry, struct member *member)
{
	__LA_MODE_T type = entry_type(entry);

	member_add_field(member, "type", "%s", type_word(type));
	member_add_field(member, "mode", "%04o", (unsigned)archive_entry_perm(entry));
	member_add_field(member, "uid", "%" PRId64, (int64_t)archive_entry_uid(entry));
	member_add_field(member, "gid", "%" PRId64, (int64_t)archive_entry_gid(entry));
	add_text(member, "user", archive_entry_uname(entry));
	add_text(member, "group", archive_entry_gname(entry));
	add_times(entry, member);
	add_text(member, "link-target", archive_entry_symlink(entry));
	add_text(member, "hard-link", archive_entry_hardlink(entry));
	if (type == AE_IFCHR || type == AE_IFBLK)
		member_add_field(member, "device", "%u:%u",
			(unsigned)archive_entry_rdevmajor(entry),
			(unsigned)archive_entry_rdevminor(entry));
	add_acl(entry, member, "acl-access", ARCHIVE_ENTRY_ACL_TYPE_ACCESS);
	add_acl(entry, member, "acl-default", ARCHIVE_ENTRY_ACL_TYPE_DEFAULT);
	add_text(member, "flags", archive_entry_fflags_text(entry));
	add_xattrs(entry, member);
	add_sparse(entry, member);
	add_content(entry, member);
}
