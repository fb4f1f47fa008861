/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/bisect.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/array.h"

/* What one set came to. */
struct tried {
	unsigned set;
	bool *differs; /* a thing each */
};

struct search {
	size_t count;
	bisect_test test;
	void *context;
	struct bisect_result *results;
	struct tried *tried;
	size_t tried_count, tried_capacity;
};

static unsigned size_of(unsigned set)
{
	return (unsigned)__builtin_popcount(set);
}

/* The first `count` variations of a set. */
static unsigned first_of(unsigned set, unsigned count)
{
	unsigned first = 0;

	for (; count > 0; count--) {
		unsigned lowest = set & -set;

		first |= lowest;
		set &= ~lowest;
	}
	return first;
}

/* *differs is valid until the next set is tried. Each set is tried once. */
static enum status try_set(
	struct search *search, unsigned set, const bool **differs, struct error *err)
{
	struct tried *tried;
	enum status status;

	for (size_t i = 0; i < search->tried_count; i++) {
		if (search->tried[i].set == set) {
			*differs = search->tried[i].differs;
			return STATUS_OK;
		}
	}
	ARRAY_GROW(search->tried, search->tried_count, search->tried_capacity);
	tried = &search->tried[search->tried_count];
	*tried = (struct tried){set, xcalloc(search->count, sizeof(bool))};
	status = search->test(search->context, set, tried->differs, err);
	if (status != STATUS_OK) {
		free(tried->differs);
		return status;
	}
	search->tried_count++;
	*differs = tried->differs;
	for (size_t i = 0; i < search->count; i++) {
		struct bisect_result *result = &search->results[i];

		if (!tried->differs[i])
			continue;
		if (size_of(set) == 1)
			result->alone |= set;
		if (size_of(set) < size_of(result->narrowed))
			result->narrowed = set;
	}
	return STATUS_OK;
}

static bool any(const struct search *search, const bool *differs)
{
	for (size_t i = 0; i < search->count; i++) {
		if (differs[i])
			return true;
	}
	return false;
}

/*
 * Tries by halves each variation of a set that may hold one which is enough alone. When the first
 * half changes nothing the second is gone into without being tried as a whole.
 */
static enum status find_alone(struct search *search, unsigned set, struct error *err)
{
	unsigned half = first_of(set, size_of(set) / 2), rest = set & ~half;
	const bool *differs;
	enum status status;

	if (size_of(set) == 1)
		return try_set(search, set, &differs, err);
	status = try_set(search, half, &differs, err);
	if (status != STATUS_OK)
		return status;
	if (!any(search, differs))
		return find_alone(search, rest, err);
	if (size_of(half) > 1)
		status = find_alone(search, half, err);
	if (status == STATUS_OK)
		status = try_set(search, rest, &differs, err);
	if (status == STATUS_OK && any(search, differs) && size_of(rest) > 1)
		status = find_alone(search, rest, err);
	return status;
}

/* One step of ddmin: a part, or all but a part, that is still enough; *next is `set` without one.
 */
static enum status reduce(struct search *search, size_t thing, unsigned set, unsigned parts,
	unsigned *next, struct error *err)
{
	unsigned left = set;
	const bool *differs;

	*next = set;
	for (unsigned part = 0; part < parts; part++) {
		unsigned piece = first_of(left, size_of(left) / (parts - part));
		const unsigned candidates[] = {piece, set & ~piece};

		left &= ~piece;
		for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
			enum status status;

			/* Nothing, and one alone, are known not to be enough. */
			if (size_of(candidates[i]) < 2)
				continue;
			status = try_set(search, candidates[i], &differs, err);
			if (status != STATUS_OK)
				return status;
			if (differs[thing]) {
				*next = candidates[i];
				return STATUS_OK;
			}
		}
	}
	return STATUS_OK;
}

static enum status find_together(struct search *search, size_t thing, struct error *err)
{
	unsigned set = search->results[thing].narrowed, next, parts = 2;

	while (size_of(set) > 2) {
		enum status status = reduce(search, thing, set, parts, &next, err);

		if (status != STATUS_OK)
			return status;
		if (next == set && parts == size_of(set))
			break;
		if (next == set)
			parts = parts * 2 < size_of(set) ? parts * 2 : size_of(set);
		else
			parts = parts > 2 ? parts - 1 : 2;
		if (parts > size_of(next))
			parts = size_of(next);
		set = next;
	}
	search->results[thing].together = set;
	return STATUS_OK;
}

/*
 * Each of a combination by itself: it was passed over with a half that changed nothing, and may be
 * enough all the same, where variations hide each other.
 */
static enum status check_together(struct search *search, size_t thing, struct error *err)
{
	struct bisect_result *result = &search->results[thing];
	unsigned left = result->together;
	const bool *differs;

	for (; left; left &= left - 1) {
		enum status status = try_set(search, left & -left, &differs, err);

		if (status != STATUS_OK) {
			result->together = 0;
			return status;
		}
	}
	if (result->alone)
		result->together = 0;
	return STATUS_OK;
}

/* What the caller knows already. */
static void know_all(struct search *search, unsigned all)
{
	bool *differs = xcalloc(search->count, sizeof(bool));

	for (size_t i = 0; i < search->count; i++) {
		differs[i] = true;
		search->results[i] = (struct bisect_result){
			.narrowed = all, .alone = size_of(all) == 1 ? all : 0};
	}
	ARRAY_GROW(search->tried, search->tried_count, search->tried_capacity);
	search->tried[search->tried_count++] = (struct tried){all, differs};
}

enum status bisect(unsigned all, size_t count, bisect_test test, void *context,
	struct bisect_result *results, struct error *err)
{
	struct search search = {
		.count = count, .test = test, .context = context, .results = results};
	enum status status;

	know_all(&search, all);
	status = find_alone(&search, all, err);
	for (size_t i = 0; i < count && status == STATUS_OK; i++) {
		if (!results[i].alone)
			status = find_together(&search, i, err);
		if (results[i].together)
			status = check_together(&search, i, err);
	}
	for (size_t i = 0; i < search.tried_count; i++)
		free(search.tried[i].differs);
	free(search.tried);
	return status < 0 ? status : STATUS_OK;
}
