/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_DEB_MARKS_H
#define VERIFIER_COVERAGE_DEB_MARKS_H

#include "base/array.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/source.h"

/* Changes whenever the same .deb could give other marks. */
#define DEB_MARKS_RULES "1"

/*
 * What a binary package (deb(5)) brings that a decision about risk asks for, read from its own
 * members: nothing is guessed from what it is called.
 */
struct deb_marks {
	char *section; /* of its control file: "net", "admin"; NULL when it says none */
	/* Files with set-user-ID or set-group-ID or capabilities: "usr/bin/sudo 4755". */
	struct text_list privileges;
	struct text_list scripts;  /* lines of maintainer scripts that set them: "postinst:12" */
	struct text_list services; /* systemd's services, and init scripts: their paths */
	/* What systemd listens to for it: "lib/systemd/system/ssh.socket ListenStream=22". */
	struct text_list sockets;
};

void deb_marks_release(struct deb_marks *marks);

/*
 * Reads a .deb, hostile input: for a worker (dbdiff/worker.h). One that is no .deb, is cut or goes
 * beyond the limits is an error, and nothing of it is used.
 */
enum status deb_marks_read(struct source *source, const struct limits *limits,
	struct deb_marks *marks, struct error *err);

#define DEB_MARKS_MAX ((size_t)4 << 20) /* bytes of the text; longer ones are refused */

/* As text, a line each: what a worker gives, and what is kept. The same marks give the same. */
void deb_marks_write(const struct deb_marks *marks, struct buffer *text);
/* Reads exactly that; the text may be of a worker that was taken over. */
enum status deb_marks_parse(
	const char *text, size_t len, struct deb_marks *marks, struct error *err);

#endif
