/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_COVERAGE_MAKEFILE_READER_H
#define VERIFIER_COVERAGE_MAKEFILE_READER_H

#include "verifier/coverage/makefile.h"

/* Between makefile.c, which reads lines, and makefile_condition.c, which reads their conditions. */
enum reader_state {
	READ_NOTHING, /* a branch that is not taken */
	READ_MAYBE,   /* one of which it is not known */
	READ_SURE,
};

#define READER_NESTING 64

/* One if … else … endif that is open. */
struct reader_branch {
	enum reader_state before; /* of what is around it */
	int condition;		  /* the one around it */
	bool was_taken;		  /* an earlier branch is, for sure */
	bool was_maybe;		  /* an earlier branch may be */
	char *text;
	size_t line;
};

struct reader {
	struct makefile *makefile;
	const char *file; /* owned by the makefile */
	const char *at, *end;
	size_t line;	  /* of the statement that is read */
	size_t next;	  /* of `at` */
	bool is_expanded; /* the text is from a macro: all of it stands where that is used */
	enum reader_state outer_state, state;
	int condition;
	bool has_rule; /* recipe lines belong to the last rule */
	struct reader_branch branches[READER_NESTING];
	size_t branch_count;
	size_t branches_ignored; /* nested too deep */
	unsigned in_define;	 /* how deep; the text so far: */
	char *define_name;
	char define_operator;
	bool define_is_override;
	size_t define_line;
	struct buffer define_text;
};

void reader_run(struct reader *reader);
/* Reads a text in the place of what is read now; `file` may be the same. */
void reader_include(struct reader *outer, const char *file, const char *text, size_t len);
void reader_assign(struct reader *reader, const char *name, char operator, const char * text,
	const char *target, bool is_override);
void reader_join(const char *raw, struct buffer *line);
const char *reader_skip_blanks(const char *text);
bool reader_takes(const char **text, const char *word);

/* Whether the line was one of ifeq, ifneq, ifdef, ifndef, else, endif. */
bool reader_condition(struct reader *reader, const char *line);
/* Whether it begins a define; then what follows goes to reader_define_line(). */
bool reader_define(struct reader *reader, const char *line);
void reader_define_line(struct reader *reader, const char *raw);
/* At the end of a text: what is still open is let go. */
void reader_end(struct reader *reader);

#endif
