/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_REBUILD_VIEW_H
#define VERIFIER_REBUILD_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/array.h"
#include "base/error.h"
#include "verifier/rebuild/loops.h"
#include "verifier/rebuild/network.h"

/*
 * What a build sees (trust T1, T4): an allow-list, put together on an empty tmpfs that becomes the
 * root of its mount namespace. It is planned outside, where errors are easy, and built inside.
 */

struct sandbox_user;

enum view_kind {
	VIEW_DIRECTORY,	     /* a new empty directory */
	VIEW_LINK,	     /* a symbolic link to `from` */
	VIEW_TEXT,	     /* a file that holds `from` */
	VIEW_READ_ONLY,	     /* `from` of the host, bound read-only */
	VIEW_WRITABLE,	     /* `from` of the host, bound writable */
	VIEW_MASK_DIRECTORY, /* an empty read-only directory over what is hidden */
	VIEW_MASK_FILE,	     /* an empty read-only file over what is hidden */
};

struct view_entry {
	enum view_kind kind;
	char *place; /* absolute, in the view */
	char *from;  /* absolute and without links on the host, or the text; may be NULL */
	mode_t mode; /* of what is made new */
};

/* What must not be reachable in the view, as it was found on the host. */
struct view_secret {
	char *path;
	dev_t device;
	ino_t inode;
};

struct view {
	char *root;	/* an empty directory of the host where the view is put together */
	bool is_user;	/* in a user namespace: no device node can be made, only shown */
	bool has_loops; /* shows the loop devices that were free: */
	bool loops[LOOPS_SHOWN];
	bool has_tty; /* its ids hold the group that terminals belong to */
	struct view_entry *entries;
	size_t count, capacity;
	size_t own_first;   /* the first entry that shows a directory of the run itself, */
	size_t own_end;	    /* and the one behind the last */
	size_t shown_count; /* entries before the masks */
	size_t copied_first, copied_end; /* those that are copies of this machine's configuration */
	struct view_secret *secrets;
	size_t secret_count, secret_capacity;
};

/* A file or directory that the view has in place of this machine's. */
struct view_file {
	const char *place; /* absolute; below what stands before it */
	const char *text;  /* NULL: an empty directory */
	mode_t mode;
};

#define VIEW_OUTPUT_PATH "/output"

struct view_request {
	const char *root;
	const char *source_directory; /* shown at BUILD_PATH/source, read-only */
	const char *output_directory; /* shown at BUILD_PATH/output */
	/* The source directory is the build's work tree: writable, at BUILD_PATH itself; and the
	 * output is at VIEW_OUTPUT_PATH. */
	bool is_work_tree;
	enum network_kind network;     /* but with loopback alone names are looked up */
	const struct text_list *tools; /* more of the host, read-only, at its own place; or NULL */
	const struct text_list *changed; /* directories of the host of which the view has a copy */
	const struct view_file *files;
	size_t file_count;
	const char *tmp_directory; /* shown as /tmp */
	const char *var_tmp_directory;
	/* "0", "1", … in this directory are shown writable at these places; NULL: none. */
	const char *scratch_directory;
	const struct text_list *scratch;
	const char *build_path;
	const char *hostname;
	const struct sandbox_user *user;  /* NULL: root */
	bool is_user, has_tty, has_loops; /* as in struct view */
	const struct text_list *hidden;	  /* absolute paths; those that do not exist hide nothing */
};

/*
 * Plans the view. STATUS_SANDBOX when something hidden would stay visible: when it is, or holds, a
 * directory that the build must see. Sockets that are open on this host below a shown directory
 * are hidden as well. The view is the caller's to release, also after an error.
 */
enum status view_plan(const struct view_request *request, struct view *view, struct error *err);

/*
 * Puts it together and makes it the root. The caller is the first process of new mount and PID
 * namespaces; its mounts become private to it. Works in a chroot as well. Afterwards nothing of
 * the host is mounted but what the plan says, and what is hidden was looked for and not found.
 */
enum status view_enter(const struct view *view, struct error *err);

void view_release(struct view *view);

/* For view*.c only. Copies what it is given. */
void view_entry_add(
	struct view *view, enum view_kind kind, const char *place, const char *from, mode_t mode);
/* Shows one existing path of the host at its own place. A link stays the link it is. */
enum status view_shown_add(struct view *view, const char *path, struct error *err);
/* What the request adds to the allow-list, and takes the place of something in it. */
bool view_has_own(const struct view_request *request, const char *place);
enum status view_extras_add(
	struct view *view, const struct view_request *request, struct error *err);
/* Behind the run's own directories: a tool may lie in what the build has a private one of. */
enum status view_tools_add(struct view *view, const struct text_list *tools, struct error *err);

#endif
