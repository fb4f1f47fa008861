/* SPDX-License-Identifier: Apache-2.0 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "verifier/coverage/shell.h"

/*
 * A state is where a script stands, in five bits; what it can come to is a set of states, a bit for
 * each. So all ways through it are followed at once, and loops come to an end.
 */
enum {
	FAILED = 1,   /* $? is not 0 */
	EXITED = 2,   /* it has ended */
	RAN = 4,      /* the command was run */
	SAVED = 8,    /* a variable holds that something failed: fail=1, status=$? */
	ERREXIT = 16, /* set -e */
	STATES = 32,
};

typedef uint32_t set; /* of states */

struct follower {
	const struct shell *shell;
	int failing;	   /* the command that fails; -1 while a loop goes on after it */
	const char *saved; /* the variable that has the status; its text without `$` */
	size_t saved_len;
	bool has_pipefail;
	bool is_undecided;
	bool is_handling; /* the command behind a `||` */
	size_t steps;
};

/* A script that hides more ways than these is not decided. */
#define STEPS_MAX 200000

static set of(unsigned state)
{
	return (set)1 << state;
}

static set follow(struct follower *f, int node, unsigned state, bool is_tested);

static set follow_all(struct follower *f, int node, set states, bool is_tested)
{
	set out = 0;

	for (unsigned state = 0; state < STATES; state++) {
		if ((states & of(state)) == 0)
			continue;
		out |= (state & EXITED) != 0 ? of(state) : follow(f, node, state, is_tested);
	}
	return out;
}

static unsigned with_status(unsigned state, bool has_failed)
{
	return has_failed ? state | FAILED : state & ~(unsigned)FAILED;
}

static bool has_unknown(const char *text)
{
	return strpbrk(text, "$`\1") != NULL;
}

/* "$name", "${name}", "$?" or these after a letter, as in x$name. */
static bool is_saved(const struct follower *f, const char *word)
{
	if (*word != '\0' && *word != '$' && word[1] == '$')
		word++;
	if (*word++ != '$' || f->saved == NULL)
		return false;
	if (*word == '{')
		word++;
	return strncmp(word, f->saved, f->saved_len) == 0 &&
		(word[f->saved_len] == '\0' || word[f->saved_len] == '}');
}

static bool is_status(const char *word)
{
	return strcmp(word, "$?") == 0 || strcmp(word, "${?}") == 0;
}

enum answer {
	ANSWER_NO,
	ANSWER_YES,
	ANSWER_EITHER
};

static enum answer answer(bool is)
{
	return is ? ANSWER_YES : ANSWER_NO;
}

/* Of two operands, of which one may be what was saved. */
static enum answer compare_words(struct follower *f, unsigned state, const char *left,
	const char *operator, const char * right)
{
	bool is_negative = strcmp(operator, "!=") == 0 || strcmp(operator, "-ne") == 0 ||
		strcmp(operator, "-gt") == 0;
	bool is_positive = strcmp(operator, "=") == 0 || strcmp(operator, "==") == 0 ||
		strcmp(operator, "-eq") == 0;
	bool has_failed;

	if (!is_negative && !is_positive)
		return ANSWER_EITHER;
	if (is_saved(f, left) || is_status(left)) {
		has_failed = (state & (is_status(left) ? FAILED : SAVED)) != 0;
		if (strcmp(right, "0") == 0 || strcmp(right, "x0") == 0)
			return answer(has_failed == is_negative);
		if (right[0] == '\0' || strcmp(right, "x") == 0)
			return answer(has_failed == is_negative);
		return ANSWER_EITHER;
	}
	if (has_unknown(left) || has_unknown(right))
		return ANSWER_EITHER;
	return answer((strcmp(left, right) == 0) == is_positive);
}

/* test, [ and [[ : true, false, or what only a run would tell. */
static enum answer evaluate_test(struct follower *f, unsigned state, const struct text_list *words)
{
	size_t count = words->count, from = 1;
	bool is_negated = false;
	enum answer is = ANSWER_EITHER;

	if (words->items[0][0] == '[' && count > 1)
		count--;
	while (from < count && strcmp(words->items[from], "!") == 0) {
		is_negated = !is_negated;
		from++;
	}
	if (count - from == 3) {
		is = compare_words(f, state, words->items[from], words->items[from + 1],
			words->items[from + 2]);
	} else if (count - from == 2) {
		const char *operator= words->items[from], *word = words->items[from + 1];
		bool is_empty = strcmp(operator, "-z") == 0;

		if ((is_empty || strcmp(operator, "-n") == 0) && is_saved(f, word))
			is = answer(((state & SAVED) == 0) == is_empty);
		else if ((is_empty || strcmp(operator, "-n") == 0) && !has_unknown(word))
			is = answer((word[0] == '\0') == is_empty);
	} else if (count - from == 1 && is_saved(f, words->items[from])) {
		is = answer((state & SAVED) != 0);
	} else if (count - from == 1 && !has_unknown(words->items[from])) {
		is = answer(words->items[from][0] != '\0');
	}
	if (is == ANSWER_EITHER)
		return is;
	return answer((is == ANSWER_YES) != is_negated);
}

/* NAME=value alone: what it says of a failure. */
static set follow_assignment(struct follower *f, const char *word, unsigned state)
{
	const char *equals = strchr(word, '='), *value = equals + 1;
	bool holds_failure;

	if (is_status(value)) {
		holds_failure = (state & FAILED) != 0;
	} else if (value[0] >= '0' && value[0] <= '9' && value[1] == '\0') {
		/* Only what is set to 1 after a failure tells of it; other numbers are others. */
		holds_failure = value[0] != '0';
	} else if (strcmp(value, "false") == 0 || strcmp(value, "true") == 0 ||
		strcmp(value, "yes") == 0 || strcmp(value, "failed") == 0) {
		holds_failure = value[0] != 'f' || value[1] == 'a';
		if (strcmp(value, "false") == 0)
			holds_failure = false;
	} else {
		return of(with_status(state, false));
	}
	if (f->saved == NULL || holds_failure) {
		f->saved = word;
		f->saved_len = (size_t)(equals - word);
	}
	state = holds_failure ? state | SAVED : state & ~(unsigned)SAVED;
	return of(with_status(state, false));
}

static set follow_exit(struct follower *f, const struct text_list *words, unsigned state)
{
	const char *code = words->count > 1 ? words->items[1] : "$?";

	state |= EXITED;
	if (is_status(code))
		return of(state);
	if (is_saved(f, code))
		return of(with_status(state, (state & SAVED) != 0));
	if (!has_unknown(code))
		return of(with_status(state, strcmp(code, "0") != 0));
	f->is_undecided = true;
	return of(with_status(state, true)) | of(with_status(state, false));
}

static unsigned follow_set(struct follower *f, const struct text_list *words, unsigned state)
{
	for (size_t i = 1; i < words->count; i++) {
		const char *word = words->items[i];

		if (word[0] == '-' && strchr(word, 'e') != NULL)
			state |= ERREXIT;
		if (word[0] == '+' && strchr(word, 'e') != NULL)
			state &= ~(unsigned)ERREXIT;
		if (strcmp(word, "pipefail") == 0)
			f->has_pipefail = words->items[i - 1][0] == '-';
	}
	return with_status(state, false);
}

/* Commands whose status, where it is tested, is taken to be success. */
static bool is_plain(const char *name)
{
	static const char *const names[] = {"cd", "echo", "printf", "mkdir", "export", "touch",
		"rm", "cp", "mv", "ln", "install", ":", "true", "set", "cat", "chmod", "env",
		"eval", "umask", "ulimit", "tail", "head", "find", "sleep", "unset", "trap",
		"mkdir", "pwd"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return strchr(name, '=') != NULL;
}

static set either(struct follower *f, unsigned state)
{
	f->is_undecided = true;
	return of(with_status(state, true)) | of(with_status(state, false));
}

static set follow_command(struct follower *f, int node, unsigned state, bool is_tested)
{
	const struct text_list *words = &f->shell->nodes[node].words;
	const char *name = words->count > 0 ? words->items[0] : ":";
	enum answer is;

	if (node == f->failing)
		return of(with_status(state | RAN, true));
	if (strcmp(name, "exit") == 0 || strcmp(name, "return") == 0)
		return follow_exit(f, words, state);
	if (strcmp(name, "false") == 0)
		return of(with_status(state, true));
	if (strcmp(name, "set") == 0)
		return of(follow_set(f, words, state));
	if (words->count == 1 && strchr(name, '=') != NULL && name[0] != '=')
		return follow_assignment(f, name, state);
	if (strcmp(name, "test") == 0 || strcmp(name, "[") == 0 || strcmp(name, "[[") == 0) {
		is = evaluate_test(f, state, words);
		if (is == ANSWER_EITHER)
			return either(f, state);
		return of(with_status(state, is == ANSWER_NO));
	}
	if (strcmp(name, "dpkg-vendor") == 0 && words->count > 2 && words->items[1][0] == '-')
		return of(with_status(state, strcasecmp(words->items[2], "Debian") != 0));
	/* What handles a failure may well hand it on: `|| make -f debian/rules failed`. */
	if ((!is_tested && !f->is_handling) || is_plain(name))
		return of(with_status(state, false));
	return either(f, state);
}

/* set -e ends it where a command that is not tested fails. */
static set apply_errexit(set states, bool is_tested)
{
	set out = 0;

	for (unsigned state = 0; state < STATES; state++) {
		if ((states & of(state)) == 0)
			continue;
		if (!is_tested && (state & ERREXIT) != 0 && (state & FAILED) != 0)
			out |= of(state | EXITED);
		else
			out |= of(state);
	}
	return out;
}

/* What a subshell does to itself ends with it. */
static set leave_subshell(set states, unsigned before)
{
	set out = 0;

	for (unsigned state = 0; state < STATES; state++) {
		if ((states & of(state)) != 0)
			out |= of((state & (FAILED | RAN)) | (before & (SAVED | ERREXIT)));
	}
	return out;
}

static set follow_pipe(
	struct follower *f, const struct shell_node *node, unsigned state, bool is_tested)
{
	set left = leave_subshell(follow(f, node->first, state, is_tested), state), out = 0;
	bool has_pipefail = f->has_pipefail;

	for (unsigned s = 0; s < STATES; s++) {
		set right;

		if ((left & of(s)) == 0)
			continue;
		right = leave_subshell(follow(f, node->second, s, is_tested), s);
		for (unsigned t = 0; t < STATES; t++) {
			if ((right & of(t)) != 0)
				out |= of(has_pipefail && (s & FAILED) != 0 ? t | FAILED : t);
		}
	}
	f->has_pipefail = has_pipefail;
	return out;
}

static set status_is(set states, bool has_failed)
{
	set out = 0;

	for (unsigned state = 0; state < STATES; state++) {
		if ((states & of(state)) != 0 && (state & EXITED) == 0 &&
			((state & FAILED) != 0) == has_failed)
			out |= of(state);
	}
	return out;
}

static set exited(set states)
{
	set out = 0;

	for (unsigned state = 0; state < STATES; state++) {
		if ((states & of(state)) != 0 && (state & EXITED) != 0)
			out |= of(state);
	}
	return out;
}

/*
 * The body once, and once more after which it went well: the failure of one round may be lost in
 * the next.
 */
static set follow_body(struct follower *f, int body, set states, bool is_repeated, bool is_tested)
{
	set once = follow_all(f, body, states, is_tested), again = 0;
	int failing = f->failing;

	if (is_repeated) {
		f->failing = -1;
		again = follow_all(f, body, once & ~exited(once), is_tested);
		f->failing = failing;
	}
	return once | again;
}

static set follow_for(
	struct follower *f, const struct shell_node *node, unsigned state, bool is_tested)
{
	size_t words = node->words.count - 1;

	if (words == 0)
		return of(with_status(state, false));
	return follow_body(f, node->second, of(state),
		words > 1 || has_unknown(node->words.items[1]) ||
			strpbrk(node->words.items[1], "*?[") != NULL,
		is_tested);
}

static set follow_case(
	struct follower *f, const struct shell_node *node, unsigned state, bool is_tested)
{
	const char *word = node->words.count > 0 ? node->words.items[0] : "";
	bool is_known = !has_unknown(word);
	set out = 0;

	for (int at = node->second; at >= 0; at = f->shell->nodes[at].second) {
		const struct shell_node *branch = &f->shell->nodes[at];
		bool fits = !is_known, is_any = false;

		for (size_t i = 0; i < branch->words.count; i++) {
			is_any = is_any || strcmp(branch->words.items[i], "*") == 0;
			fits = fits || fnmatch(branch->words.items[i], word, 0) == 0;
		}
		if (!fits)
			continue;
		out |= branch->first >= 0 ? follow(f, branch->first, state, is_tested)
					  : of(with_status(state, false));
		if (is_known || is_any)
			return out;
	}
	f->is_undecided = f->is_undecided || !is_known;
	return out | of(with_status(state, false));
}

static set follow_if(
	struct follower *f, const struct shell_node *node, unsigned state, bool is_tested)
{
	set condition = follow(f, node->first, state, true);
	set out = exited(condition) |
		follow_all(f, node->second, status_is(condition, false), is_tested);

	if (node->third >= 0)
		return out | follow_all(f, node->third, status_is(condition, true), is_tested);
	for (unsigned s = 0; s < STATES; s++) {
		if ((status_is(condition, true) & of(s)) != 0)
			out |= of(with_status(s, false));
	}
	return out;
}

static set follow_loop(
	struct follower *f, const struct shell_node *node, unsigned state, bool is_tested)
{
	set condition = follow(f, node->first, state, true);
	set going = condition & ~exited(condition);

	f->is_undecided = true;
	return exited(condition) | going | follow_body(f, node->second, going, true, is_tested);
}

static set negate(set states)
{
	set out = exited(states);

	for (unsigned state = 0; state < STATES; state++) {
		if ((states & of(state)) != 0 && (state & EXITED) == 0)
			out |= of(state ^ FAILED);
	}
	return out;
}

static set follow_and_or(
	struct follower *f, const struct shell_node *node, unsigned state, bool is_tested)
{
	set left = follow(f, node->first, state, true), right;
	bool was_handling = f->is_handling;

	f->is_handling = node->kind == SHELL_OR && node->second >= 0 && f->failing >= 0 &&
		f->shell->nodes[node->second].kind == SHELL_COMMAND;
	right = follow_all(f, node->second, status_is(left, node->kind == SHELL_OR), is_tested);
	f->is_handling = was_handling;
	return exited(left) | status_is(left, node->kind == SHELL_AND) | right;
}

static set follow(struct follower *f, int at, unsigned state, bool is_tested)
{
	const struct shell_node *node = at >= 0 ? &f->shell->nodes[at] : NULL;
	set left;

	if (node == NULL)
		return of(with_status(state, false));
	if (f->steps++ >= STEPS_MAX) {
		f->is_undecided = true;
		return of(state | FAILED) | of(state & ~(unsigned)FAILED) |
			of(state | RAN | FAILED) | of((state | RAN) & ~(unsigned)FAILED);
	}
	switch (node->kind) {
	case SHELL_COMMAND:
		return apply_errexit(follow_command(f, at, state, is_tested), is_tested);
	case SHELL_SEQUENCE:
		left = follow(f, node->first, state, is_tested);
		return follow_all(f, node->second, left, is_tested);
	case SHELL_AND:
	case SHELL_OR:
		return follow_and_or(f, node, state, is_tested);
	case SHELL_PIPE:
		return apply_errexit(follow_pipe(f, node, state, is_tested), is_tested);
	case SHELL_BACKGROUND:
		left = leave_subshell(follow(f, node->first, state, true), state);
		return status_is(left, false) | (status_is(left, true) != 0 ? of(state | RAN) : 0);
	case SHELL_NOT:
		return negate(follow(f, node->first, state, true));
	case SHELL_GROUP:
		return follow(f, node->first, state, is_tested);
	case SHELL_SUBSHELL:
		return apply_errexit(
			leave_subshell(follow(f, node->first, state, is_tested), state), is_tested);
	case SHELL_IF:
		return follow_if(f, node, state, is_tested);
	case SHELL_LOOP:
		return follow_loop(f, node, state, is_tested);
	case SHELL_FOR:
		return follow_for(f, node, state, is_tested);
	case SHELL_CASE:
		return follow_case(f, node, state, is_tested);
	case SHELL_BRANCH:
	case SHELL_FUNCTION:
		break;
	}
	return of(with_status(state, false));
}

struct shell_fate shell_follow(const struct shell *shell, int node)
{
	struct follower f = {
		.shell = shell,
		.failing = node,
		.has_pipefail = shell->has_pipefail,
	};
	unsigned begin = shell->has_errexit ? ERREXIT : 0;
	set ends = follow(&f, shell->root, begin, false);
	struct shell_fate fate = {.is_undecided = f.is_undecided};

	for (unsigned state = 0; state < STATES; state++) {
		if ((ends & of(state)) == 0)
			continue;
		if ((state & RAN) == 0)
			*((state & FAILED) == 0 ? &fate.is_passed_over : &fate.is_not_reached) =
				true;
		else if ((state & FAILED) != 0)
			fate.is_run_and_fails = true;
		else
			fate.is_run_and_succeeds = true;
	}
	return fate;
}
