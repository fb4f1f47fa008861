/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/debversion.h"
#include "verifier/coverage/debci.h"

static bool is_about(const struct debci_run *run, const char *source, const char *suite,
	const char *architecture)
{
	return strcmp(run->package, source) == 0 && strcmp(run->suite, suite) == 0 &&
		strcmp(run->architecture, architecture) == 0;
}

/* The same text: "1.0" and "1.00" are equal for dpkg, and may be two uploads. */
static bool is_of_version(const struct debci_run *run, const char *version)
{
	return run->version && strcmp(run->version, version) == 0;
}

static bool is_plain(const struct debci_run *run)
{
	return !run->is_private && !run->has_extra_sources;
}

/* Two files of one instance, at two times or by two paths. */
static bool is_same_instance(const struct debci *debci, size_t a, size_t b)
{
	const struct debci_file *x = &debci->files[a], *y = &debci->files[b];

	return a == b || (x->root && y->root && strcmp(x->root, y->root) == 0);
}

/* Of one instance another run is newer, or stands behind it with the same time. */
static bool is_superseded(const struct debci *debci, const struct debci_run *run)
{
	for (size_t i = 0; i < debci->run_count; i++) {
		const struct debci_run *other = &debci->runs[i];

		if (other != run && is_plain(other) &&
			is_about(other, run->package, run->suite, run->architecture) &&
			is_of_version(other, run->version) &&
			is_same_instance(debci, other->file, run->file) &&
			(other->when > run->when || (other->when == run->when && other > run)))
			return true;
	}
	return false;
}

/* Trouble says nothing; but with it and a pass, it is not known that the tests pass. */
static int badness(enum debci_result result)
{
	static const int order[] = {
		[DEBCI_PASS] = 0, [DEBCI_TROUBLE] = 1, [DEBCI_NEUTRAL] = 2, [DEBCI_FAIL] = 3};

	return order[result];
}

static void claim_run(const struct debci *debci, const struct debci_run *run, const char *version,
	struct claim_list *claims)
{
	const struct debci_file *file = &debci->files[run->file];
	struct buffer text = {0};

	buffer_add_format(&text, "Debian CI: %s of ", run->word);
	if (is_of_version(run, version))
		buffer_add_format(&text, "exactly %s", version);
	else if (run->version)
		buffer_add_format(&text, "%s, not of %s", run->version, version);
	else
		buffer_add_text(&text, "no version (the source could not be had)");
	buffer_add_format(&text, " in %s on %s", run->suite, run->architecture);
	if (run->date)
		buffer_add_format(&text, ", %s", run->date);
	if (run->is_private)
		buffer_add_text(&text, "; a private run, which is no evidence");
	if (run->has_extra_sources)
		buffer_add_text(&text, "; with packages from elsewhere, which is no evidence");
	claim_add(claims, &file->sha256, run->place, 0, "%s", buffer_text(&text));
	buffer_release(&text);
}

/* The highest version below, else the lowest above; of equal ones the newest. */
static bool is_nearer(const struct debci_run *a, const struct debci_run *b, const char *version)
{
	int order_a = debversion_compare(a->version, version);
	int order_b = debversion_compare(b->version, version);
	int order = debversion_compare(a->version, b->version);

	if ((order_a <= 0) != (order_b <= 0))
		return order_a <= 0;
	if (order != 0)
		return order_a <= 0 ? order > 0 : order < 0;
	return a->when > b->when;
}

static char *log_of(const struct debci *debci, const struct debci_run *run)
{
	static const char id_bytes[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
	const char *root = debci->files[run->file].root;
	int prefix = strncmp(run->package, "lib", 3) == 0 ? 4 : 1;

	/* They become parts of a path: what is no name there makes none. */
	if (!root || !run->run_id || !*run->run_id || *run->run_id == '.' ||
		run->run_id[strspn(run->run_id, id_bytes)] != '\0' || *run->package == '.' ||
		run->package[strspn(run->package, name_bytes)] != '\0' ||
		run->suite[strspn(run->suite, id_bytes)] != '\0' ||
		run->architecture[strspn(run->architecture, id_bytes)] != '\0')
		return NULL;
	return xasprintf("%sdata/autopkgtest/%s/%s/%.*s/%s/%s/log.gz", root, run->suite,
		run->architecture, prefix, run->package, run->package, run->run_id);
}

static const struct debci_run *nearest(const struct debci *debci, const char *source,
	const char *version, const char *suite, const char *architecture)
{
	const struct debci_run *best = NULL, *other = NULL;

	for (size_t i = 0; i < debci->run_count; i++) {
		const struct debci_run *run = &debci->runs[i];

		if (!is_about(run, source, suite, architecture))
			continue;
		if (run->version && is_plain(run) && !is_of_version(run, version)) {
			if (!best || is_nearer(run, best, version))
				best = run;
		} else if (!other || run->when > other->when) {
			other = run;
		}
	}
	return best ? best : other;
}

void debci_look_up(const struct debci *debci, const char *source, const char *version,
	const char *suite, const char *architecture, struct debci_answer *answer,
	struct claim_list *claims)
{
	*answer = (struct debci_answer){0};
	for (size_t i = 0; i < debci->run_count; i++) {
		const struct debci_run *run = &debci->runs[i];

		if (!is_about(run, source, suite, architecture) || !is_of_version(run, version) ||
			!is_plain(run) || is_superseded(debci, run))
			continue;
		claim_run(debci, run, version, claims);
		answer->is_disputed =
			answer->is_disputed || (answer->run && answer->run->result != run->result);
		if (!answer->run || badness(run->result) > badness(answer->run->result))
			answer->run = run;
	}
	if (answer->run) {
		answer->match = DEBCI_EXACT;
	} else {
		answer->run = nearest(debci, source, version, suite, architecture);
		if (!answer->run)
			return;
		answer->match = DEBCI_NEAREST;
		claim_run(debci, answer->run, version, claims);
	}
	answer->is_evidence = answer->match == DEBCI_EXACT && answer->run->result == DEBCI_PASS;
	answer->log = log_of(debci, answer->run);
}

void debci_answer_release(struct debci_answer *answer)
{
	free(answer->log);
	*answer = (struct debci_answer){0};
}
