/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DBDIFF_FIELDS_H
#define DBDIFF_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* How a difference in a field alone is told. */
enum field_weight {
	/*
	 * Room that no field of a member fills: of its container, whatever else differs of the
	 * member. Where it is zero it says nothing.
	 */
	FIELD_ROOM,
	FIELD_OWN,     /* of its member */
	FIELD_TIME,    /* a time that a file system keeps for itself: told once a container */
	FIELD_FOLLOWS, /* a sum over the other members, or what was computed from them */
};

/*
 * The one field table: every metadata field a format may give to a member, and every name of a
 * region (dbdiff/members.h), in the order in which people see them. Formats name fields, comparing
 * compares them as text; nobody else knows what they mean.
 */
struct field {
	const char *name;  /* ends in ':' where a family of names begins so */
	const char *title; /* for people */
	enum field_weight weight;
	const char *cause; /* id in the catalogue (dbdiff/causes.h) of a difference in it */
};

/* The weightiest of the fields in "name\0published\0rebuilt\0"; FIELD_OWN when there is none. */
enum field_weight fields_weight(const struct buffer *differences);

/* The rows one after another; NULL behind the last. */
const struct field *fields_first(void);
const struct field *fields_after(const struct field *field);
/* The row of a name; never NULL: an unknown name is the last row's. */
const struct field *field_find(const char *name);

/* True when a field of that name is among "name\0published\0rebuilt\0". */
bool fields_has(const struct buffer *differences, const char *name);
/*
 * The cause of a difference in the field `name`, one of `differences` (as in fields_weight()). What
 * else differs has a say: NULL for what another version of the same thing brings with it, where
 * that differs too, and "unexplained" for a value of known shape that only one side has.
 */
const char *fields_cause(const struct buffer *differences, const char *name);
/* Whether one of `differences` is unexplained; the size is not, which other bytes come to. */
bool fields_are_open(const struct buffer *differences);
/* Why only one side has a member with these fields ("name\0value\0"); NULL: nobody knows. */
const char *fields_single_cause(const char *fields, size_t len, bool is_added);

/* Less than 0, 0 or more: the order for people; names of one family by their bytes. */
int field_compare(const char *a, const char *b);

/* Walks "name\0value\0" after one another. */
struct field_cursor {
	const char *at;
	const char *end;
	const char *name;
	const char *value;
};

void field_cursor_init(struct field_cursor *cursor, const char *fields, size_t len);
/* False at the end, and at what is not terminated. */
bool field_cursor_next(struct field_cursor *cursor);
/* The value of the first field of that name, inside of `fields`; NULL for none. */
const char *fields_value(const char *fields, size_t len, const char *name);

/*
 * Puts fields in the order for people; drops those called `dropped` (or NULL). Fields of one name
 * stay in the order in which the format told them: which of them is the first may be what counts.
 */
void fields_sort(struct buffer *fields, const char *dropped);
/* Calls the second field of a name NAME#2, and so on; they are in the order of their bytes then. */
void fields_number(struct buffer *fields);

#endif
