/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_KAS_PARTS_H
#define VERIFIER_REBUILD_KAS_PARTS_H

#include "base/buffer.h"
#include "verifier/rebuild/build_user.h"
#include "verifier/rebuild/kas.h"

/* For kas*.c only. */
#define KAS_PROGRAM "/usr/bin/kas"
/* What BitBake reads behind its configuration (-R), where the build is given something. */
#define KAS_GIVEN "/etc/reproof-given.conf"

struct kas {
	struct kas_spec spec;
	const struct release_kas *settings;
	char *prepared;		  /* the tree as prepare leaves it */
	char *tree;		  /* what the build gets of it */
	char *output;		  /* of prepare's steps, which have none */
	char *log;		  /* while its programs run; then it is, */
	char *kept_log;		  /* compressed, here, without */
	struct text_list secrets; /* of the environment */
	char *git_configuration;
	enum network_kind network; /* of those steps of prepare that get one */
	struct opening openings[SANDBOX_OPENINGS];
	size_t opening_count;
	unsigned short archive_port; /* of the pinned archive, as prepare's steps see it */
	struct wanted_list wanted;   /* by those steps, in vain */
	char *program_directory;     /* NULL: kas is a package of this machine */
	struct text_list tools;	     /* what every step sees more of the host */
	struct text_list sources;    /* what prepare sees: those, and local repositories */
	struct build_user user;
	struct text_list variables; /* of kas_spec.given */
	char *given;		    /* text of KAS_GIVEN; NULL: nothing is given */
};

/*
 * What of this host's loopback prepare's steps get: the pinned archive, served at `proxy_port`,
 * and what the descriptor and this machine's https_proxy name there. STATUS_LIMIT.
 */
enum status kas_open_ports(struct kas *kas, unsigned short proxy_port, struct error *err);

/*
 * A variable of this machine's way to the network; NULL without one, and for one with a password in
 * it, which stays here (trust T3).
 */
const char *kas_proxy_variable(const char *name);

/* Adds what makes a command run as the build's user; nothing where there is no sandbox. */
void kas_add_user(const struct kas *kas, struct text_list *argv);
/* The same, and then kas with its command and all its files. */
void kas_add_command(const struct kas *kas, struct text_list *argv, const char *command);

/* The kas files, as kas takes them. */
void kas_add_files(const struct kas *kas, struct text_list *argv);

/* Arguments of BitBake for what it is given. */
void kas_add_given(const struct kas *kas, struct text_list *argv);

/* One program of prepare. */
struct kas_step {
	const char *what; /* for errors: "git clone" */
	struct text_list argv;
	bool has_network;
	bool is_after_build; /* in the build's tree; else in the one that is prepared */
	struct buffer *out;  /* what it prints; NULL: into the log */
};

/* STATUS_BUILD with its last words when it does not end well. Releases the step's argv. */
enum status kas_run_step(struct kas *kas, struct kas_step *step, struct error *err);
/* Whatever its exit code, which *exit_code then is. */
enum status kas_try_step(struct kas *kas, struct kas_step *step, int *exit_code, struct error *err);

/* Clones the repository of the kas files, and checks out its commit. */
enum status kas_clone(struct kas *kas, struct error *err);

/* Every repository in the tree, at the commit that it is at; none may be changed. */
enum status kas_take_repositories(
	struct kas *kas, struct kas_prepared *prepared, struct error *err);

/*
 * What git keeps of its own doings: nothing that a build needs, and other at each prepare. As
 * absolute paths in `tree`.
 */
void kas_list_left_out(
	const struct kas_prepared *prepared, const char *tree, struct text_list *paths);

/*
 * Sets the digest of the tree from that of its files and of its repositories: SHA-256 over
 * "reproof-kas-tree-1\n", the files' digest and "\n", and for each repository
 *	COMMIT OBJECT TAGS PATH NUL
 * How a server packed a repository, and what else it has, is no part of it: two who prepare from
 * the same commits come to the same digest.
 */
void kas_digest_tree(struct kas_prepared *prepared, const struct digest *files);

/* Not a link to one. */
bool kas_is_directory(const char *path);

/* The files' own version number, and kas's; STATUS_USAGE when they do not fit. */
enum status kas_check_version(struct kas *kas, const char *says, struct error *err);

#endif
