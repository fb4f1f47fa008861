/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judges source packages as `reproof coverage` does, each given as a directory with its .dsc and
 * what that lists:
 *	judge [-v] ARCHITECTURE DIRECTORY…
 * A line a directory, tab-separated: its last component, has_autopkgtest, autopkgtest_quality,
 * has_upstream_tests, run_at_build, failure_fatal; with -v the claims and the patch below.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "verifier/coverage/source_facts.h"

static const char *const known[] = {
	[KNOWN_UNKNOWN] = "unknown", [KNOWN_NO] = "no", [KNOWN_YES] = "yes"};

static void open_all(const char *directory, struct source_opened *opened)
{
	DIR *listing = opendir(directory);
	struct dirent *entry;

	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		char *path = path_join(directory, entry->d_name);

		if (path_has_suffix(path, ".dsc") || strstr(path, ".tar.") != NULL ||
			path_has_suffix(path, ".diff.gz"))
			source_opened_add(opened, entry->d_name, open(path, O_RDONLY | O_CLOEXEC));
		free(path);
	}
	if (listing != NULL)
		closedir(listing);
}

static void print(const char *name, const struct source_facts *facts, bool is_verbose)
{
	printf("%s\t%s\t%s\t%s\t%s\t%s\n", name, known[facts->has_autopkgtest],
		autopkgtest_quality_word(facts->autopkgtest_quality),
		known[facts->has_upstream_tests], run_at_build_word(facts->run_at_build),
		failure_fatal_word(facts->failure_fatal));
	for (size_t i = 0; is_verbose && i < facts->claims.count; i++)
		printf("\t%s: %s\n", facts->claims.items[i].where, facts->claims.items[i].text);
	if (is_verbose && facts->patch != NULL)
		fputs(facts->patch, stdout);
}

static int judge(const char *architecture, const char *directory, bool is_verbose)
{
	struct source_opened opened = {0};
	struct source_tree tree = {0};
	struct source_facts facts = {0};
	struct error err;
	enum status status;

	open_all(directory, &opened);
	status = source_tree_read(opened.inputs, opened.count, &limits_default, &tree, &err);
	if (status < 0) {
		fprintf(stderr, "judge: %s: %s\n", directory, err.text);
	} else {
		source_facts_judge(&tree, architecture, &facts);
		print(path_basename(directory), &facts, is_verbose);
	}
	source_facts_release(&facts);
	source_tree_release(&tree);
	source_opened_release(&opened);
	return status < 0;
}

int main(int argc, char **argv)
{
	bool is_verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	int failed = 0;

	if (argc < 3 + is_verbose) {
		fputs("usage: judge [-v] ARCHITECTURE DIRECTORY...\n", stderr);
		return 2;
	}
	for (int i = 2 + is_verbose; i < argc; i++)
		failed |= judge(argv[1 + is_verbose], argv[i], is_verbose);
	return failed;
}
