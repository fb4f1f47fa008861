/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot/closure_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/debversion.h"

const char *const set_relation_fields[SET_RELATIONS] = {
	[SET_PRE_DEPENDS] = "Pre-Depends",
	[SET_DEPENDS] = "Depends",
	[SET_RECOMMENDS] = "Recommends",
	[SET_CONFLICTS] = "Conflicts",
	[SET_BREAKS] = "Breaks",
	[SET_PROVIDES] = "Provides",
};

static const enum package_field relation_sources[SET_RELATIONS] = {
	[SET_PRE_DEPENDS] = PACKAGE_PRE_DEPENDS,
	[SET_DEPENDS] = PACKAGE_DEPENDS,
	[SET_RECOMMENDS] = PACKAGE_RECOMMENDS,
	[SET_CONFLICTS] = PACKAGE_CONFLICTS,
	[SET_BREAKS] = PACKAGE_BREAKS,
	[SET_PROVIDES] = PACKAGE_PROVIDES,
};

void set_release(struct set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		struct set_package *package = &set->packages[i];

		free(package->architecture);
		free(package->available);
		for (size_t j = 0; j < SET_RELATIONS; j++)
			relation_release(&package->relations[j]);
	}
	free(set->packages);
	free(set->provides);
	*set = (struct set){0};
}

size_t set_find(const struct set *set, const char *name, size_t *first)
{
	size_t low = 0, high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(set->packages[middle].row->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = low;
	while (low < set->count && strcmp(set->packages[low].row->name, name) == 0)
		low++;
	return low;
}

/* ---- from the pins ---- */

static enum multi_arch multi_arch_read(const struct deb822_field *field)
{
	return package_field_is(field, "same")	     ? MULTI_ARCH_SAME
		: package_field_is(field, "foreign") ? MULTI_ARCH_FOREIGN
		: package_field_is(field, "allowed") ? MULTI_ARCH_ALLOWED
						     : MULTI_ARCH_NO;
}

static enum status package_fill(struct set *set, struct set_package *package,
	const struct deb822_field *fields, struct error *err)
{
	const struct deb822_field *sha256 = &fields[PACKAGE_SHA256];
	struct digest digest;

	if (!sha256->value || !digest_parse(sha256->value, sha256->value_len, &digest))
		return error_set(err, STATUS_FORMAT, "%s has no SHA256", package->row->name);
	if (package->is_known) {
		package->is_ambiguous |= !digest_equal(&digest, &package->digest);
		return STATUS_OK;
	}
	package->is_known = true;
	package->digest = digest;
	package->multi_arch = multi_arch_read(&fields[PACKAGE_MULTI_ARCH]);
	package->is_base = package_field_is(&fields[PACKAGE_ESSENTIAL], "yes") ||
		package_field_is(&fields[PACKAGE_PRIORITY], "required");
	free(package->architecture);
	package->architecture = package_field_is(&fields[PACKAGE_ARCHITECTURE], "all")
		? xstrdup(set->native)
		: deb822_text(&fields[PACKAGE_ARCHITECTURE]);
	for (size_t i = 0; i < SET_RELATIONS; i++) {
		const struct deb822_field *field = &fields[relation_sources[i]];

		if (field->value &&
			relation_parse(
				field->value, field->value_len, &package->relations[i], err) < 0)
			return error_context(err, "%s %s: %s", package->row->name,
				package->row->version, set_relation_fields[i]);
	}
	return STATUS_OK;
}

static void available_note(struct set_package *package, const struct deb822_field *version)
{
	char *text = deb822_text(version);

	if (!package->available || debversion_compare(text, package->available) > 0) {
		free(package->available);
		package->available = text;
	} else {
		free(text);
	}
}

static enum status pin_package_take(
	void *context, const struct pin_package *found, struct error *err)
{
	const struct deb822_field *fields = found->fields;
	struct set *set = context;
	char *name = deb822_text(&fields[PACKAGE_NAME]);
	enum status status = STATUS_OK;
	size_t i, end = set_find(set, name, &i);

	free(name);
	for (; i < end && status == STATUS_OK; i++) {
		struct set_package *package = &set->packages[i];
		const struct manifest_package *row = package->row;
		const struct deb822_field *architecture = &fields[PACKAGE_ARCHITECTURE];

		if (row->architecture ? !package_field_is(architecture, row->architecture)
				      : !package_field_is(architecture, set->native) &&
					!package_field_is(architecture, "all"))
			continue;
		available_note(package, &fields[PACKAGE_VERSION]);
		if (row->version && package_field_is(&fields[PACKAGE_VERSION], row->version))
			status = package_fill(set, package, fields, err);
	}
	return status;
}

static int provide_compare(const void *a, const void *b)
{
	const struct set_provide *left = a, *right = b;
	int order = strcmp(left->term->name, right->term->name);

	return order ? order : (left->package > right->package) - (left->package < right->package);
}

static void provides_collect(struct set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct relation *provides = &set->packages[i].relations[SET_PROVIDES];

		for (size_t j = 0; j < provides->count; j++) {
			ARRAY_GROW(set->provides, set->provide_count, set->provide_capacity);
			set->provides[set->provide_count++] =
				(struct set_provide){&provides->terms[j], i};
		}
	}
	if (set->provide_count)
		qsort(set->provides, set->provide_count, sizeof(set->provides[0]), provide_compare);
}

/* The native one, and of those that the list names all that every pin holds. */
static void architectures_collect(
	const struct set *set, const struct pin_list *pins, struct text_list *architectures)
{
	text_list_add(architectures, set->native);
	for (size_t i = 0; i < set->count; i++) {
		const char *named = set->packages[i].row->architecture;
		bool is_held = named && !text_list_contains(architectures, named);

		for (size_t j = 0; j < pins->count && is_held; j++)
			is_held = text_list_contains(&pins->items[j].architectures, named);
		if (is_held)
			text_list_add(architectures, named);
	}
}

enum status set_load(struct set *set, struct store *store, const struct pin_list *pins,
	const char *architecture, const struct manifest *manifest, struct error *err)
{
	struct text_list architectures = {0};
	enum status status;

	*set = (struct set){.native = architecture, .manifest = manifest};
	set->packages = xcalloc(manifest->count + 1, sizeof(set->packages[0]));
	set->count = manifest->count;
	for (size_t i = 0; i < set->count; i++) {
		const char *named = manifest->items[i].architecture;
		bool is_native = !named || strcmp(named, "all") == 0;

		set->packages[i].row = &manifest->items[i];
		set->packages[i].architecture = xstrdup(is_native ? architecture : named);
	}
	architectures_collect(set, pins, &architectures);
	status = pin_packages_visit(store, pins, &architectures, false, pin_package_take, set, err);
	text_list_release(&architectures);
	if (status == STATUS_OK)
		provides_collect(set);
	return status;
}

/* ---- what satisfies what ---- */

/* The files of what is not installed whole are there, and in the way of others. */
static bool state_fits(const struct set_package *package, enum set_purpose purpose)
{
	return purpose != SET_TO_DEPEND || !package->row->state;
}

/* As dpkg's deparchsatisfied() has it; what a package not known allows is not held against it. */
static bool architecture_fits(const struct set *set, const struct set_package *package,
	const char *qualifier, const char *architecture, enum set_purpose purpose)
{
	if (!qualifier)
		return purpose == SET_TO_CONFLICT || package->multi_arch == MULTI_ARCH_FOREIGN ||
			strcmp(package->architecture, architecture) == 0;
	if (strcmp(qualifier, "any") == 0)
		return purpose == SET_TO_CONFLICT || !package->is_known ||
			package->multi_arch == MULTI_ARCH_ALLOWED;
	if (strcmp(qualifier, "native") == 0)
		qualifier = set->native;
	return strcmp(package->architecture, qualifier) == 0;
}

/* A name that is provided without a version satisfies no term with one. */
static bool is_provided(const struct relation_term *provided, const struct relation_term *term)
{
	if (term->comparison == RELATION_ANY)
		return true;
	return provided->comparison == RELATION_EQUAL &&
		relation_term_takes(term, provided->version);
}

static size_t provides_find(const struct set *set, const char *name)
{
	size_t low = 0, high = set->provide_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(set->provides[middle].term->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool set_match(const struct set *set, const struct relation_term *term, const char *architecture,
	enum set_purpose purpose, bool (*found)(void *context, size_t package), void *context)
{
	size_t i, end = set_find(set, term->name, &i);

	for (; i < end; i++) {
		const struct set_package *package = &set->packages[i];
		const char *version = package->row->version;

		if (!(version ? relation_term_takes(term, version)
			      : term->comparison == RELATION_ANY) ||
			!state_fits(package, purpose) ||
			!architecture_fits(set, package, term->qualifier, architecture, purpose))
			continue;
		if (found(context, i))
			return true;
	}
	for (i = provides_find(set, term->name); i < set->provide_count; i++) {
		const struct set_provide *provide = &set->provides[i];

		if (strcmp(provide->term->name, term->name) != 0)
			break;
		if (is_provided(provide->term, term) &&
			state_fits(&set->packages[provide->package], purpose) &&
			architecture_fits(set, &set->packages[provide->package], term->qualifier,
				architecture, purpose) &&
			found(context, provide->package))
			return true;
	}
	return false;
}
