/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Makes room for one more element behind `count` in an array kept as three variables or fields:
 *	struct thing *things; size_t thing_count, thing_capacity;
 *	ARRAY_GROW(things, thing_count, thing_capacity);
 *	things[thing_count++] = …;
 */
#define ARRAY_GROW(items, count, capacity)                                                         \
	((items) = array_grow((items), (count), &(capacity), sizeof((items)[0])))

void *array_grow(void *items, size_t count, size_t *capacity, size_t item_size);

/* A list of texts it owns. A zeroed struct is an empty list. */
struct text_list {
	char **items;
	size_t count;
	size_t capacity;
};

void text_list_add(struct text_list *list, const char *text);
void text_list_addn(struct text_list *list, const char *text, size_t len);
/* Puts a NULL behind the last item, which is not counted: the form of argv. */
void text_list_terminate(struct text_list *list);
/* Sorts by byte value. */
void text_list_sort(struct text_list *list);
/* Drops what is equal to its predecessor. */
void text_list_unique(struct text_list *list);
bool text_list_contains(const struct text_list *list, const char *text);
/* The same of a list that text_list_sort() has sorted, quickly; *at (may be NULL) is which. */
bool text_list_find(const struct text_list *list, const char *text, size_t *at);
void text_list_release(struct text_list *list);

#endif
