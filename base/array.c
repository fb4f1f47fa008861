/* SPDX-License-Identifier: Apache-2.0 */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

void *array_grow(void *items, size_t count, size_t *capacity, size_t item_size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity ? *capacity * 2 : 8;
	return xreallocarray(items, *capacity, item_size);
}

void text_list_addn(struct text_list *list, const char *text, size_t len)
{
	ARRAY_GROW(list->items, list->count, list->capacity);
	list->items[list->count++] = xstrndup(text, len);
}

void text_list_add(struct text_list *list, const char *text)
{
	text_list_addn(list, text, strlen(text));
}

void text_list_terminate(struct text_list *list)
{
	ARRAY_GROW(list->items, list->count, list->capacity);
	list->items[list->count] = NULL;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void text_list_sort(struct text_list *list)
{
	if (list->count)
		qsort(list->items, list->count, sizeof(list->items[0]), compare_texts);
}

void text_list_unique(struct text_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (kept && strcmp(list->items[kept - 1], list->items[i]) == 0)
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
}

bool text_list_contains(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(list->items[i], text) == 0)
			return true;
	}
	return false;
}

bool text_list_find(const struct text_list *list, const char *text, size_t *at)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(text, list->items[middle]);

		if (order == 0) {
			if (at)
				*at = middle;
			return true;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return false;
}

void text_list_release(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){0};
}
