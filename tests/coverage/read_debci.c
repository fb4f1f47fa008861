/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "verifier/coverage/debci.h"

/*
 * Reads packages.json of a debci as `reproof coverage` does, and prints what it says of one source
 * at one version: the match, the result, whether it is evidence, its log and the log's summary, and
 * behind them the claims.
 *
 * usage: read_debci STORE URL SUITE ARCHITECTURE SOURCE VERSION
 */
static void print_log(
	struct fetcher *fetcher, struct store *store, const char *url, struct claim_list *claims)
{
	struct debci_log log;
	struct data_file file;
	struct error err = {0};

	if (data_open(fetcher, store, url, &file, &err) < 0) {
		printf("log: %s\n", err.text);
		return;
	}
	if (debci_log_read(&file, &log, claims, &err) < 0)
		printf("log: no summary\n");
	else
		printf("log: %ju passed, %ju skipped\n", (uintmax_t)log.passed,
			(uintmax_t)log.skipped);
	debci_log_release(&log);
	data_file_release(&file);
}

static void print_answer(
	const struct debci *debci, struct fetcher *fetcher, struct store *store, char *const argv[])
{
	static const char *const matches[] = {"none", "exact", "nearest"};
	struct claim_list claims = {0};
	struct debci_answer answer;

	debci_look_up(debci, argv[5], argv[6], argv[3], argv[4], &answer, &claims);
	printf("%s %s %s\n", matches[answer.match],
		answer.run ? debci_result_word(answer.run->result) : "-",
		answer.is_evidence ? "evidence" : "no evidence");
	if (answer.log)
		print_log(fetcher, store, answer.log, &claims);
	for (size_t i = 0; i < claims.count; i++)
		printf("%s: %s\n", claims.items[i].where, claims.items[i].text);
	debci_answer_release(&answer);
	coverage_claims_release(&claims);
}

int main(int argc, char **argv)
{
	struct text_list sources = {0};
	struct fetcher *fetcher = NULL;
	struct store *store = NULL;
	struct debci debci = {0};
	struct data_file file;
	struct error err = {0};
	int code = EXIT_FAILURE;

	if (argc != 7) {
		fprintf(stderr, "usage: %s STORE URL SUITE ARCHITECTURE SOURCE VERSION\n", argv[0]);
		return 2;
	}
	text_list_add(&sources, argv[5]);
	if (store_open(argv[1], &store, &err) == STATUS_OK &&
		fetcher_new(&fetch_options_default, &fetcher, &err) == STATUS_OK &&
		data_open(fetcher, store, argv[2], &file, &err) == STATUS_OK) {
		if (debci_read(&debci, &file, &sources, &err) == STATUS_OK) {
			print_answer(&debci, fetcher, store, argv);
			code = EXIT_SUCCESS;
		}
		data_file_release(&file);
	}
	if (code != EXIT_SUCCESS)
		fprintf(stderr, "%s\n", err.text);
	debci_release(&debci);
	fetcher_free(fetcher);
	store_free(store);
	text_list_release(&sources);
	return code;
}
