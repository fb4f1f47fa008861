/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "verifier/coverage/debci.h"
#include "verifier/coverage/line_reader.h"

/*
 * "autopkgtest [12:00:01]: @@@@@@@@@@@@@@@@@@@@ summary", with the seconds since the begin in front
 * in newer versions: "123s autopkgtest [12:00:01]: …".
 */
static bool is_heading(const char *line)
{
	static const char mark[] = "]: @@@@@@@@@@@@@@@@@@@@ summary";
	const char *at = line + strspn(line, " 0123456789");

	if (at != line && *at == 's')
		at += 1 + strspn(at + 1, " ");
	else
		at = line;
	if (strncmp(at, "autopkgtest [", strlen("autopkgtest [")) != 0)
		return false;
	at = strchr(at, ']');
	return at && strcmp(at, mark) == 0;
}

static void passed_add(struct debci_log *log, const char *name, size_t len)
{
	log->passed++;
	text_list_addn(&log->passed_tests, name, len);
}

void debci_log_release(struct debci_log *log)
{
	text_list_release(&log->passed_tests);
	*log = (struct debci_log){0};
}

/* Behind the name of the test, which may have a comment or several words of Test-Command. */
static void count_line(const char *line, struct debci_log *log)
{
	const char *name;
	const char *at = line + strspn(line, " 0123456789");

	if (at != line && *at == 's' && at[1] == ' ')
		line = at + 1 + strspn(at + 1, " ");
	name = line;
	at = strchr(line, ' ');
	if (!at || at == line)
		return;
	at += strspn(at, " ");
	if (strcmp(at, "PASS (superficial)") == 0)
		log->superficial++;
	else if (strcmp(at, "PASS") == 0)
		passed_add(log, name, strcspn(name, " "));
	else if (strcmp(at, "SKIP") == 0 || strncmp(at, "SKIP ", 5) == 0)
		log->skipped++;
	else if (strcmp(at, "FAIL") == 0 || strncmp(at, "FAIL ", 5) == 0)
		log->failed++;
	else if (strcmp(at, "FLAKY") == 0 || strncmp(at, "FLAKY ", 6) == 0)
		log->flaky++;
}

static uint64_t tests(const struct debci_log *log)
{
	return log->passed + log->superficial + log->skipped + log->failed + log->flaky;
}

enum status debci_log_read(const struct data_file *file, struct debci_log *log,
	struct claim_list *claims, struct error *err)
{
	struct line_reader reader;
	enum status status = line_reader_open(&reader, file, err);
	const char *line;

	*log = (struct debci_log){0};
	while (status == STATUS_OK) {
		status = line_reader_next(&reader, &line, err);
		if (status != STATUS_OK)
			break;
		/* A test can print one too; autopkgtest's own comes behind all of them. */
		if (is_heading(line)) {
			debci_log_release(log);
			log->line = reader.number;
		} else if (log->line > 0) {
			count_line(line, log);
		}
		if (tests(log) > DEBCI_TESTS_MAX)
			status = error_set(err, STATUS_LIMIT, "%s: more than %zu tests", file->name,
				DEBCI_TESTS_MAX);
	}
	line_reader_release(&reader);
	if (status >= 0 && (log->line == 0 || tests(log) == 0))
		status = error_set(err, STATUS_NOT_FOUND,
			"%s: no summary of autopkgtest; the run was not finished, or this is not "
			"its log",
			file->name);
	if (status < 0) {
		debci_log_release(log);
		return status;
	}
	text_list_sort(&log->passed_tests);
	claim_add(claims, &file->sha256, file->name, log->line,
		"its log: %ju passed, %ju of them superficial only; %ju skipped, %ju failed, %ju "
		"flaky",
		(uintmax_t)(log->passed + log->superficial), (uintmax_t)log->superficial,
		(uintmax_t)log->skipped, (uintmax_t)log->failed, (uintmax_t)log->flaky);
	return STATUS_OK;
}
