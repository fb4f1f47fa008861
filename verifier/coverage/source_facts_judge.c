/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alloc.h"
#include "verifier/coverage/source_facts.h"

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/*
 * "There is nothing to run" and "the step does nothing" are said of upstream's files: where these
 * were not read, neither is known.
 */
static void unread_upstream(const struct source_tree *tree, struct source_facts *facts)
{
	if (facts->has_upstream_tests != KNOWN_UNKNOWN ||
		(facts->run_at_build != RUN_NONE && facts->run_at_build != RUN_VACUOUS))
		return;
	facts->run_at_build = RUN_UNCLEAR;
	facts->failure_fatal = FATAL_UNCLEAR;
	claim_add(&facts->claims, &tree->dsc_sha256, tree->dsc ? tree->dsc : "debian/rules", 0,
		"upstream's files were not read, so that it cannot be told what the build's tests "
		"are");
}

void source_facts_judge(
	const struct source_tree *tree, const char *architecture, struct source_facts *facts)
{
	*facts = (struct source_facts){
		.source = copy(tree->source),
		.version = copy(tree->version),
		.maintainer = copy(tree->maintainer),
		.trouble = copy(tree->trouble),
	};
	upstream_judge(tree, facts);
	autopkgtest_judge(tree, architecture, facts);
	source_marks(tree, facts);
	rules_judge(tree, architecture, facts);
	unread_upstream(tree, facts);
}
