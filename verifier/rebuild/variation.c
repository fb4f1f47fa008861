/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/rebuild/variation.h"

#include <glob.h>
#include <locale.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/process.h"
#include "verifier/rebuild/build_user.h"

static const char *const names[VARIATION_COUNT] = {
	[VARY_BUILD_PATH] = "build_path",
	[VARY_USER_GROUP] = "user_group",
	[VARY_DOMAIN_HOST] = "domain_host",
	[VARY_TIMEZONE] = "timezone",
	[VARY_LOCALES] = "locales",
	[VARY_UMASK] = "umask",
	[VARY_NUM_CPUS] = "num_cpus",
	[VARY_TIME] = "time",
	[VARY_FILEORDERING] = "fileordering",
};

/* A number that no Debian package gives, in the range of ordinary users. */
static const struct sandbox_user varied_user = {"varied", 4242, 4243};

/*
 * Locales whose collation and messages are another's than C's; the first that is installed.
 * Estonian sorts z before t, which is why reprotest takes it first.
 */
static const char *const locales[] = {
	"et_EE.UTF-8", "fr_CH.UTF-8", "de_DE.UTF-8", "en_US.UTF-8", "en_GB.UTF-8"};

/* A year, a month and some: another year, month, day, weekday and hour. */
#define TIME_OFFSET "+34567890"
#define FAKETIME    "/usr/lib/*/faketime/libfaketime.so.1"

const char *variation_name(enum variation variation)
{
	return names[variation];
}

void variation_set_text(unsigned set, const char *separator, struct buffer *out)
{
	bool is_first = true;

	for (int i = 0; i < VARIATION_COUNT; i++) {
		if (!(set & 1u << i))
			continue;
		if (!is_first)
			buffer_add_text(out, separator);
		buffer_add_text(out, names[i]);
		is_first = false;
	}
}

static enum status name_parse(const char *text, size_t len, unsigned *set, struct error *err)
{
	struct buffer all = {0};

	if (len == 3 && strncmp(text, "all", 3) == 0) {
		*set |= VARIATION_ALL;
		return STATUS_OK;
	}
	for (int i = 0; i < VARIATION_COUNT; i++) {
		if (strlen(names[i]) == len && strncmp(names[i], text, len) == 0) {
			*set |= 1u << i;
			return STATUS_OK;
		}
	}
	variation_set_text(VARIATION_ALL, ", ", &all);
	error_set(err, STATUS_USAGE, "there is no variation \"%.*s\"; there are %s", (int)len, text,
		buffer_text(&all));
	buffer_release(&all);
	return err->status;
}

enum status variation_set_parse(const char *text, unsigned *set, struct error *err)
{
	*set = 0;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (name_parse(text, len, set, err) < 0)
			return err->status;
		if (!text[len])
			return STATUS_OK;
		text += len + 1;
	}
}

static void use(struct variation_plan *plan, enum variation variation, char *how)
{
	plan->usable |= 1u << variation;
	plan->how[variation] = how;
}

void variation_plan_drop(struct variation_plan *plan, enum variation variation, const char *why)
{
	plan->usable &= ~(1u << variation);
	free(plan->how[variation]);
	plan->how[variation] = NULL;
	if (!plan->why_not[variation])
		plan->why_not[variation] = xstrdup(why);
}

static const char *value_of(const struct text_list *environment, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; environment && i < environment->count; i++) {
		if (strncmp(environment->items[i], name, len) == 0 &&
			environment->items[i][len] == '=')
			return environment->items[i] + len + 1;
	}
	return NULL;
}

/* What only a sandbox can vary. */
static void plan_sandbox(const struct variation_base *base, struct variation_plan *plan)
{
	static const enum variation kinds[] = {
		VARY_BUILD_PATH, VARY_USER_GROUP, VARY_DOMAIN_HOST, VARY_FILEORDERING};
	const char *path = base->build_path ? base->build_path : SANDBOX_BUILD_PATH;
	const char *hostname = base->hostname ? base->hostname : SANDBOX_HOSTNAME;

	if (base->no_sandbox) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
			variation_plan_drop(plan, kinds[i], "it needs the sandbox");
		return;
	}
	plan->build_path = xasprintf("%s-varied", path);
	plan->hostname = "varied-host";
	use(plan, VARY_BUILD_PATH, xasprintf("%s → %s", path, plan->build_path));
	if (base->is_kas)
		use(plan, VARY_USER_GROUP,
			xasprintf(BUILD_USER " (%u:%u) → " BUILD_USER " (%u:%u)", BUILD_USER_ID,
				BUILD_USER_ID, (unsigned)varied_user.uid,
				(unsigned)varied_user.uid));
	else
		use(plan, VARY_USER_GROUP,
			xasprintf("root → %s (%u:%u)", varied_user.name, (unsigned)varied_user.uid,
				(unsigned)varied_user.gid));
	use(plan, VARY_DOMAIN_HOST, xasprintf("%s → %s", hostname, plan->hostname));
	plan->has_disorderfs = process_exists("disorderfs");
	use(plan, VARY_FILEORDERING,
		xasprintf("the source tree's directories list in the opposite order, by %s",
			plan->has_disorderfs ? "disorderfs" : "a copy in memory"));
}

static void plan_locale(const struct variation_base *base, struct variation_plan *plan)
{
	const char *usual = value_of(base->environment, "LC_ALL");

	usual = usual ? usual : "C.UTF-8";
	for (size_t i = 0; i < ARRAY_SIZE(locales) && !plan->locale; i++) {
		locale_t locale = strcmp(locales[i], usual) == 0
			? (locale_t)0
			: newlocale(LC_ALL_MASK, locales[i], (locale_t)0);

		if (locale == (locale_t)0)
			continue;
		freelocale(locale);
		plan->locale = xstrdup(locales[i]);
	}
	if (plan->locale)
		use(plan, VARY_LOCALES, xasprintf("%s → %s", usual, plan->locale));
	else
		variation_plan_drop(plan, VARY_LOCALES,
			"no locale is installed but the usual one (the package locales-all has "
			"them)");
}

static void plan_time(struct variation_plan *plan)
{
	glob_t found = {0};

	if (glob(FAKETIME, 0, NULL, &found) == 0)
		plan->preload = xstrdup(found.gl_pathv[0]);
	globfree(&found);
	if (plan->preload)
		use(plan, VARY_TIME,
			xasprintf("now → %s s, by faketime (not for static programs, nor times of "
				  "files)",
				TIME_OFFSET));
	else
		variation_plan_drop(
			plan, VARY_TIME, "faketime is not installed (the package faketime)");
}

/* What kas keeps from its builds is not varied, whatever this machine has. */
static void plan_kas(struct variation_plan *plan)
{
	variation_plan_drop(plan, VARY_TIMEZONE, "kas hands TZ on to nothing that it starts");
	variation_plan_drop(plan, VARY_LOCALES, "kas sets en_US.UTF-8 for all that it starts");
	variation_plan_drop(plan, VARY_TIME,
		"kas hands LD_PRELOAD on to nothing that it starts, and sudo would not");
	variation_plan_drop(
		plan, VARY_FILEORDERING, "a build by kas writes into the tree that it is made of");
}

void variation_plan_make(const struct variation_base *base, struct variation_plan *plan)
{
	const char *zone = value_of(base->environment, "TZ");
	unsigned cpus = 1;
	struct error err;

	zone = zone ? zone : "UTC";
	*plan = (struct variation_plan){0};
	plan_sandbox(base, plan);
	/* POSIX's form, which needs no zone file: 14 hours before UTC, so mostly another day. */
	plan->timezone = xstrdup(strcmp(zone, "GMT-14") == 0 ? "GMT+12" : "GMT-14");
	use(plan, VARY_TIMEZONE, xasprintf("%s → %s", zone, plan->timezone));
	plan_locale(base, plan);
	plan->umask = base->umask == 0002 ? 0022 : 0002;
	use(plan, VARY_UMASK, xasprintf("%04o → %04o", base->umask, plan->umask));
	if (variation_cpus(false, &cpus, &err) == STATUS_OK && cpus > 1)
		use(plan, VARY_NUM_CPUS, xasprintf("%u → 1", cpus));
	else
		variation_plan_drop(plan, VARY_NUM_CPUS, "there is one processor only");
	plan_time(plan);
	if (base->is_kas)
		plan_kas(plan);
}

void variation_plan_release(struct variation_plan *plan)
{
	for (int i = 0; i < VARIATION_COUNT; i++) {
		free(plan->how[i]);
		free(plan->why_not[i]);
	}
	free(plan->build_path);
	free(plan->timezone);
	free(plan->locale);
	free(plan->preload);
	*plan = (struct variation_plan){0};
}

static void set_variable(struct build_conditions *conditions, const char *name, const char *value)
{
	char *text = xasprintf("%s=%s", name, value);

	text_list_add(&conditions->environment, text);
	free(text);
}

void build_conditions_make(
	const struct variation_plan *plan, unsigned set, struct build_conditions *conditions)
{
	*conditions = (struct build_conditions){.set = set & plan->usable};
	set = conditions->set;
	if (set & 1u << VARY_BUILD_PATH)
		conditions->build_path = plan->build_path;
	if (set & 1u << VARY_USER_GROUP)
		conditions->user = &varied_user;
	if (set & 1u << VARY_DOMAIN_HOST)
		conditions->hostname = plan->hostname;
	if (set & 1u << VARY_TIMEZONE)
		set_variable(conditions, "TZ", plan->timezone);
	if (set & 1u << VARY_LOCALES) {
		set_variable(conditions, "LC_ALL", plan->locale);
		set_variable(conditions, "LANG", plan->locale);
	}
	if (set & 1u << VARY_UMASK) {
		conditions->has_umask = true;
		conditions->umask = plan->umask;
	}
	conditions->one_cpu = set & 1u << VARY_NUM_CPUS;
	if (set & 1u << VARY_TIME) {
		set_variable(conditions, "LD_PRELOAD", plan->preload);
		set_variable(conditions, "FAKETIME", TIME_OFFSET);
		/* make would be confused by sources of another time than the one it is told. */
		set_variable(conditions, "NO_FAKE_STAT", "1");
	}
	conditions->reversed = set & 1u << VARY_FILEORDERING;
}

void build_conditions_release(struct build_conditions *conditions)
{
	text_list_release(&conditions->environment);
	*conditions = (struct build_conditions){0};
}

enum status variation_cpus(bool one_cpu, unsigned *count, struct error *err)
{
	static cpu_set_t all;
	static bool is_known;
	cpu_set_t one;

	if (!is_known && sched_getaffinity(0, sizeof(all), &all) < 0)
		return error_set_errno(err, "cannot tell the processors");
	is_known = true;
	if (count)
		*count = (unsigned)CPU_COUNT(&all);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && one_cpu && CPU_COUNT(&one) == 0; i++) {
		if (CPU_ISSET(i, &all))
			CPU_SET(i, &one);
	}
	if (sched_setaffinity(0, sizeof(all), one_cpu ? &one : &all) < 0)
		return error_set_errno(err, "cannot choose the processors");
	return STATUS_OK;
}
