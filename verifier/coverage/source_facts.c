/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/coverage/source_facts.h"

#include <stdlib.h>

void source_facts_release(struct source_facts *facts)
{
	free(facts->source);
	free(facts->version);
	free(facts->maintainer);
	free(facts->compat);
	free(facts->build_system);
	for (size_t i = 0; i < facts->autopkgtest_count; i++) {
		text_list_release(&facts->autopkgtests[i].names);
		text_list_release(&facts->autopkgtests[i].restrictions);
		text_list_release(&facts->autopkgtests[i].architectures);
	}
	free(facts->autopkgtests);
	text_list_release(&facts->triggers);
	for (size_t i = 0; i < facts->suite_count; i++) {
		free(facts->suites[i].framework);
		free(facts->suites[i].where);
	}
	free(facts->suites);
	free(facts->patch);
	for (size_t i = 0; i < facts->language_count; i++)
		free(facts->languages[i].name);
	free(facts->languages);
	text_list_release(&facts->services);
	text_list_release(&facts->setuid);
	coverage_claims_release(&facts->claims);
	free(facts->trouble);
	*facts = (struct source_facts){0};
}
