/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/deb822.h"
#include "verifier/coverage/architecture.h"
#include "verifier/coverage/rules.h"

/* What debian/control says of the build: its dependencies, and the packages that it makes. */

/* "[amd64 arm64] <!nocheck>": what stands in the brackets. */
static bool bracket_takes(const char *bracket, const char *architecture)
{
	char *list = xstrndup(bracket, strcspn(bracket, "]"));
	bool is_taken = architectures_take(list, architecture);

	free(list);
	return is_taken;
}

/* "<!nocheck> <stage1 cross>": one of them holds in an ordinary build, which has no profile. */
static bool profiles_take(const char *profiles)
{
	while (*profiles == '<') {
		size_t len = strcspn(profiles, ">"), at = 1;
		bool holds = true;

		while (at < len) {
			at += strspn(profiles + at, " \t\n");
			if (at < len)
				holds = holds && profiles[at] == '!';
			at += strcspn(profiles + at, " \t\n>");
		}
		if (holds)
			return true;
		profiles += len + (profiles[len] == '>');
		profiles += strspn(profiles, " \t\n");
	}
	return false;
}

/*
 * "a (>= 1) [amd64] <!nocheck>, b | c": the name of each that is there when the architecture is
 * built. Of alternatives Debian's build daemons take the first.
 */
static void add_dependencies(
	struct rules *rules, const char *value, size_t len, const char *architecture)
{
	const char *end = value + len;

	while (value < end) {
		const char *comma = memchr(value, ',', (size_t)(end - value));
		const char *stop = comma != NULL ? comma : end, *bracket, *profiles;
		size_t name;
		char *one;

		value += strspn(value, " \t\n|");
		if (value > stop)
			value = stop;
		one = xstrndup(value, (size_t)(stop - value));
		one[strcspn(one, "|")] = '\0';
		name = strcspn(one, " \t\n(:[<");
		bracket = strchr(one, '[');
		/* "(<< 2)" is no profile. */
		profiles =
			strchr(one, ')') != NULL ? strchr(strchr(one, ')'), '<') : strchr(one, '<');
		if (name > 0 && (bracket == NULL || bracket_takes(bracket, architecture)) &&
			(profiles == NULL || profiles_take(profiles)))
			text_list_addn(&rules->build_depends, one, name);
		free(one);
		value = comma != NULL ? comma + 1 : end;
	}
}

static void add_package(struct rules *rules, const char *name, const char *architectures,
	const char *profiles, const char *architecture)
{
	if (name == NULL || architectures == NULL ||
		(profiles != NULL && profiles[0] == '<' && !profiles_take(profiles)))
		return;
	if (strcmp(architectures, "all") == 0)
		text_list_add(&rules->indep_packages, name);
	else if (architectures_take(architectures, architecture))
		text_list_add(&rules->arch_packages, name);
}

void rules_read_control(struct rules *rules, const char *architecture)
{
	const char *text = rules_text(rules, "debian/control");
	struct deb822 reader;
	struct deb822_field field;
	struct error err;

	if (text == NULL)
		return;
	deb822_init(&reader, text, strlen(text));
	while (!deb822_at_end(&reader)) {
		char *package = NULL, *architectures = NULL, *profiles = NULL;
		enum status status;

		while ((status = deb822_next(&reader, &field, &err)) == STATUS_OK) {
			if (deb822_is(&field, "Build-Depends") ||
				deb822_is(&field, "Build-Depends-Arch") ||
				deb822_is(&field, "Build-Depends-Indep"))
				add_dependencies(rules, field.value, field.value_len, architecture);
			else if (deb822_is(&field, "Package"))
				package = deb822_text(&field);
			else if (deb822_is(&field, "Architecture"))
				architectures = deb822_text(&field);
			else if (deb822_is(&field, "Build-Profiles"))
				profiles = deb822_text(&field);
		}
		add_package(rules, package, architectures, profiles, architecture);
		free(package);
		free(architectures);
		free(profiles);
		if (status < 0)
			return;
	}
	rules->knows_packages = true;
	for (size_t i = 0; i < rules->build_depends.count; i++) {
		if (strncmp(rules->build_depends.items[i], "dh-sequence-", 12) == 0)
			text_list_add(&rules->sequence, rules->build_depends.items[i] + 12);
	}
}
