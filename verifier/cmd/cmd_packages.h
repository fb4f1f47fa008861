/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_CMD_CMD_PACKAGES_H
#define VERIFIER_CMD_CMD_PACKAGES_H

#include "verifier/cmd/cmd_snapshot.h"
#include "verifier/cmd/command.h"
#include "verifier/coverage/coverage_make.h"

enum packages_command {
	PACKAGES_DIFF,
	PACKAGES_WHY,
	PACKAGES_CLOSURE,
};

/* `reproof packages` as it was called; cmd_packages.c reads it. */
struct packages_arguments {
	enum packages_command command;
	struct snapshot_options snapshot; /* its words: the subcommand, then lists or a package */
	struct package_list_options list_options;
	struct coverage_request request;
	const char *in, *markdown, *html, *database;
	bool shows_all, is_without_coverage;
};

int packages_run(struct packages_arguments *arguments);

#endif
