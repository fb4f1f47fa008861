/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "verifier/coverage/buildlog_internal.h"
#include "verifier/coverage/buildlog_totals.h"
#include "verifier/coverage/line_reader.h"

#define SECTION_SIZE 64

struct reading {
	struct buildlog *log;
	struct totals_reader totals;
	size_t number;
	char section[SECTION_SIZE]; /* of sbuild's log: "Build", "Buildinfo", "Summary" */
	bool is_behind_ruler;
	bool has_begun; /* a step of debhelper was seen: nothing is a header any more */
	bool is_in_step;
	bool is_nested; /* begun by a recipe that calls dh_auto_test itself */
	bool is_in_sums;
	bool is_failed;
};

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

/* Colours and the like: ESC [ … letter. In place. */
static void strip_escapes(char *line)
{
	char *to = line;

	for (const char *from = line; *from;) {
		if (from[0] == '\x1b' && from[1] == '[') {
			from += 2 + strspn(from + 2, "0123456789;?");
			from += *from != '\0';
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
}

/* Sets what was not set: what comes first was written before anything of the package ran. */
static void set_once(char **text, const char *value)
{
	if (!*text && *value)
		*text = xstrndup(value, strcspn(value, " \t"));
}

/* A rebuild without changes of the source, "1.2-3+b1", is of the source version "1.2-3". */
static void set_source_version(struct buildlog *log, const char *value)
{
	bool was_there = log->source_version != NULL;
	char *at;

	set_once(&log->source_version, value);
	if (was_there || !log->source_version)
		return;
	at = strrchr(log->source_version, '+');
	if (at && at[1] == 'b' && at[2] != '\0' && at[2 + strspn(at + 2, "0123456789")] == '\0')
		*at = '\0';
}

static void take_header(struct reading *reading, const char *line)
{
	struct buildlog *log = reading->log;
	static const char dpkg[] = "dpkg-buildpackage: info: ";

	if (begins(line, "sbuild (Debian sbuild) ") && reading->number <= 5)
		log->is_sbuild = true;
	if (log->is_sbuild && reading->section[0] == '\0') {
		if (begins(line, "Package: "))
			set_once(&log->source, line + strlen("Package: "));
		else if (begins(line, "Source Version: "))
			set_source_version(log, line + strlen("Source Version: "));
		else if (begins(line, "Host Architecture: "))
			set_once(&log->architecture, line + strlen("Host Architecture: "));
	}
	if (!begins(line, dpkg))
		return;
	line += strlen(dpkg);
	if (begins(line, "source package "))
		set_once(&log->source, line + strlen("source package "));
	else if (begins(line, "source version "))
		set_source_version(log, line + strlen("source version "));
	else if (begins(line, "host architecture "))
		set_once(&log->architecture, line + strlen("host architecture "));
}

/*
 * sbuild puts a title between two rulers, "+----+", "| Build   |", "+----+". A package can print
 * that as well; then what it goes on to print is no test step any more.
 */
static bool take_section(struct reading *reading, char *line)
{
	bool is_ruler = (begins(line, "+--") || begins(line, "+==")) && strlen(line) == 80;
	bool was_ruler = reading->is_behind_ruler;
	size_t len;

	reading->is_behind_ruler = is_ruler;
	if (!reading->log->is_sbuild || !was_ruler || !begins(line, "| ") || strlen(line) != 80)
		return false;
	/* The first has the package's name, and stands over the header. */
	if (reading->number <= 10)
		return true;
	len = strlen(line) - 1;
	while (len > 2 && line[len - 1] == ' ')
		len--;
	snprintf(reading->section, sizeof(reading->section), "%.*s", (int)(len - 2), line + 2);
	reading->is_in_sums = false;
	if (strcmp(reading->section, "Buildinfo") == 0) {
		/* sbuild's own stands behind all that the build printed. */
		buildlog_clear_debs(reading->log);
		reading->log->buildinfo_line = reading->number;
	}
	return true;
}

static void end_step(struct reading *reading)
{
	if (reading->is_in_step)
		totals_reader_step_end(&reading->totals);
	reading->is_in_step = reading->is_nested = false;
}

static void begin_step(struct reading *reading, bool is_nested)
{
	struct buildlog *log = reading->log;

	if (!reading->is_in_step && log->step_count++ == 0)
		log->step_line = reading->number;
	reading->is_in_step = true;
	reading->is_nested = is_nested;
}

/* "dh_auto_test", alone or with options; or a target of debian/rules that is about it. */
static bool is_test_step(const char *step)
{
	static const char *const targets[] = {"override_dh_auto_test",
		"execute_before_dh_auto_test", "execute_after_dh_auto_test"};
	size_t len;

	if (begins(step, "dh_auto_test"))
		return step[12] == '\0' || step[12] == ' ';
	if (!begins(step, "debian/rules "))
		return false;
	step += strlen("debian/rules ");
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		len = strlen(targets[i]);
		if (begins(step, targets[i]) &&
			(step[len] == '\0' || strcmp(step + len, "-arch") == 0 ||
				strcmp(step + len, "-indep") == 0))
			return true;
	}
	return false;
}

/* dh tells each step behind three blanks, dpkg-buildpackage its own behind one or none. */
static bool take_step(struct reading *reading, const char *line)
{
	static const char *const ends[] = {" dpkg-genbuildinfo", " dpkg-genchanges",
		"dpkg-buildpackage: ", " debian/rules ", " fakeroot debian/rules "};
	bool is_dh = begins(line, "   dh_") || begins(line, "   debian/rules ") ||
		begins(line, "   create-stamp ");

	if (is_dh) {
		reading->has_begun = true;
		if (is_test_step(line + 3))
			begin_step(reading, false);
		else
			end_step(reading);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		if (begins(line, ends[i])) {
			end_step(reading);
			return false;
		}
	}
	/* make tells a recipe's commands as they are written. */
	if (reading->has_begun && !reading->is_in_step && begins(line, "dh_auto_test") &&
		is_test_step(line)) {
		begin_step(reading, true);
		return true;
	}
	if (reading->is_nested && begins(line, "dh_") && !is_test_step(line))
		end_step(reading);
	return false;
}

/* The end that a build comes to; sbuild's word counts where there is one. */
static void take_end(struct reading *reading, const char *line)
{
	struct buildlog *log = reading->log;

	if (log->is_sbuild) {
		if (strcmp(reading->section, "Summary") == 0 && begins(line, "Status: "))
			log->is_finished = strcmp(line, "Status: successful") == 0;
		return;
	}
	if (begins(line, "dpkg-buildpackage: error: "))
		reading->is_failed = true;
	else if (begins(line, "dpkg-buildpackage: info: ") && strstr(line, " upload"))
		log->is_finished = true;
}

static void take_line(struct reading *reading, char *line)
{
	struct buildlog *log = reading->log;
	bool is_in_build;

	if (take_section(reading, line))
		return;
	if (!reading->has_begun)
		take_header(reading, line);
	take_end(reading, line);
	if (log->is_sbuild && strcmp(reading->section, "Buildinfo") == 0) {
		buildlog_take_sum(log, line, &reading->is_in_sums);
		return;
	}
	if (begins(line, "dh: command-omitted: ") && strstr(line, "dh_auto_test") &&
		log->omitted_line == 0)
		log->omitted_line = reading->number;
	if (!reading->is_in_step && begins(line, "dpkg-buildpackage: info: source package "))
		log->build_count++;
	is_in_build = !log->is_sbuild || strcmp(reading->section, "Build") == 0;
	if (!is_in_build)
		end_step(reading);
	else if (!take_step(reading, line) && reading->is_in_step)
		totals_reader_line(&reading->totals, line, reading->number);
}

static enum status check_shape(const struct buildlog *log, struct error *err)
{
	if (log->source && log->source_version && log->architecture)
		return STATUS_OK;
	return error_set(err, STATUS_FORMAT,
		"%s: it says no source, version and architecture before the build: this is no log "
		"of sbuild or dpkg-buildpackage",
		log->name);
}

enum status buildlog_read(struct buildlog *log, const struct data_file *file, struct error *err)
{
	struct reading reading = {.log = log};
	struct line_reader lines;
	enum status status = line_reader_open(&lines, file, err);
	const char *line;

	*log = (struct buildlog){.name = xstrdup(file->name), .sha256 = file->sha256};
	totals_reader_init(&reading.totals, log->totals);
	while (status == STATUS_OK) {
		status = line_reader_next(&lines, &line, err);
		if (status != STATUS_OK)
			break;
		reading.number = lines.number;
		strip_escapes(lines.text.data ? lines.text.data : (char[1]){0});
		take_line(&reading, lines.text.data ? lines.text.data : (char[1]){0});
	}
	line_reader_release(&lines);
	end_step(&reading);
	totals_reader_finish(&reading.totals);
	log->is_finished = log->is_finished && !reading.is_failed;
	if (status == STATUS_END)
		status = check_shape(log, err);
	if (status < 0)
		buildlog_release(log);
	return status;
}

void buildlog_clear_debs(struct buildlog *log)
{
	for (size_t i = 0; i < log->deb_count; i++)
		free(log->debs[i].name);
	log->deb_count = 0;
}

void buildlog_release(struct buildlog *log)
{
	buildlog_clear_debs(log);
	free(log->debs);
	free(log->name);
	free(log->source);
	free(log->source_version);
	free(log->architecture);
	*log = (struct buildlog){0};
}
