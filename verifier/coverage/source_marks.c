/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/path.h"
#include "verifier/coverage/source_facts.h"

/*
 * What else the files say: how large it is and in which languages, when Debian last changed it,
 * which services it installs, and which of its scripts set modes or capabilities. Nothing is
 * guessed from what a package is called.
 */

#define MARKS_MAX ((size_t)1000)

static const struct {
	const char *suffix, *language;
} languages[] = {
	{".S", "Assembler"},
	{".ada", "Ada"},
	{".adb", "Ada"},
	{".ads", "Ada"},
	{".asm", "Assembler"},
	{".awk", "Awk"},
	{".bash", "Shell"},
	{".c", "C"},
	{".cc", "C++"},
	{".cpp", "C++"},
	{".cs", "C#"},
	{".cxx", "C++"},
	{".el", "Emacs Lisp"},
	{".erl", "Erlang"},
	{".ex", "Elixir"},
	{".f", "Fortran"},
	{".f90", "Fortran"},
	{".go", "Go"},
	{".h", "C"},
	{".hh", "C++"},
	{".hpp", "C++"},
	{".hs", "Haskell"},
	{".hxx", "C++"},
	{".java", "Java"},
	{".js", "JavaScript"},
	{".l", "Lex"},
	{".lua", "Lua"},
	{".m4", "M4"},
	{".ml", "OCaml"},
	{".mli", "OCaml"},
	{".pas", "Pascal"},
	{".php", "PHP"},
	{".pl", "Perl"},
	{".pm", "Perl"},
	{".py", "Python"},
	{".pyx", "Cython"},
	{".rb", "Ruby"},
	{".rs", "Rust"},
	{".s", "Assembler"},
	{".sh", "Shell"},
	{".t", "Perl"},
	{".tcl", "Tcl"},
	{".ts", "TypeScript"},
	{".vala", "Vala"},
	{".y", "Yacc"},
};

static const char *language_of(const char *path)
{
	const char *dot = strrchr(path_basename(path), '.');

	for (size_t i = 0; dot && i < ARRAY_SIZE(languages); i++)
		if (strcmp(dot, languages[i].suffix) == 0)
			return languages[i].language;
	return NULL;
}

static void language_count(struct source_facts *facts, const char *name, uint64_t bytes)
{
	for (size_t i = 0; i < facts->language_count; i++) {
		if (strcmp(facts->languages[i].name, name) == 0) {
			facts->languages[i].files++;
			facts->languages[i].bytes += bytes;
			return;
		}
	}
	ARRAY_GROW(facts->languages, facts->language_count, facts->language_capacity);
	facts->languages[facts->language_count++] =
		(struct language_size){.name = xstrdup(name), .files = 1, .bytes = bytes};
}

static int language_compare(const void *a, const void *b)
{
	const struct language_size *left = a, *right = b;

	if (left->bytes != right->bytes)
		return left->bytes > right->bytes ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void mark_add(struct text_list *list, const char *path, size_t line)
{
	char *place = line ? xasprintf("%s:%zu", path, line) : xstrdup(path);

	if (list->count < MARKS_MAX)
		text_list_add(list, place);
	free(place);
}

/* ---- services ---- */

static bool is_unit(const char *path)
{
	static const char *const suffixes[] = {
		".service", ".socket", ".timer", ".path", ".init", ".upstart"};

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (path_has_suffix(path, suffixes[i]))
			return true;
	return false;
}

/* ---- modes and capabilities ---- */

/* "4755", "06755", "u+s", "ug+s": a mode that gives away more than who runs it has. */
static bool is_setuid_mode(const char *word, size_t len)
{
	bool is_octal = len == 4 || len == 5;

	for (size_t i = 0; i < len; i++)
		is_octal &= word[i] >= '0' && word[i] <= '7';
	if (is_octal)
		return (word[len - 4] - '0') & 6;
	for (size_t i = 0; i + 1 < len; i++) {
		if ((word[i] == '+' || word[i] == '=') && memchr(word + i, 's', len - i) &&
			strspn(word, "ugoa") == i)
			return true;
	}
	return false;
}

static bool has_setuid_mode(const char *line)
{
	while (*line) {
		size_t len;

		line += strspn(line, " \t");
		len = strcspn(line, " \t");
		/* "-m4755", "--mode=4755"; what stands apart is seen by itself */
		if (len > 2 && strncmp(line, "-m", 2) == 0 && is_setuid_mode(line + 2, len - 2))
			return true;
		if (len > 7 && strncmp(line, "--mode=", 7) == 0 &&
			is_setuid_mode(line + 7, len - 7))
			return true;
		if (len && is_setuid_mode(line, len))
			return true;
		line += len;
	}
	return false;
}

bool script_line_sets_rights(const char *line)
{
	static const char *const commands[] = {"chmod", "install", "dpkg-statoverride"};

	line += strspn(line, " \t@-+");
	if (*line == '#')
		return false;
	if (strstr(line, "setcap ") || strstr(line, "setcap\t"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		const char *found = strstr(line, commands[i]);

		if (found && has_setuid_mode(found))
			return true;
	}
	return false;
}

static bool is_script(const char *path)
{
	static const char *const suffixes[] = {"postinst", "preinst", "prerm", "postrm", "config"};

	if (strcmp(path, "debian/rules") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (path_has_suffix(path, suffixes[i]))
			return true;
	return false;
}

static void lines_each(
	const struct tree_file *file, bool (*is)(const char *line), struct text_list *marks)
{
	size_t number = 1;

	for (const char *at = file->text; *at; number++) {
		size_t len = strcspn(at, "\n");
		char *line = xstrndup(at, len);

		if (is(line))
			mark_add(marks, file->path, number);
		free(line);
		at += len;
		at += *at == '\n';
	}
}

static bool installs_unit(const char *line)
{
	return line[0] != '#' && (strstr(line, "systemd/system") || strstr(line, "etc/init.d"));
}

static void packaging_marks(const struct tree_file *file, struct source_facts *facts)
{
	if (strchr(file->path + strlen("debian/"), '/'))
		return;
	if (is_unit(file->path))
		mark_add(&facts->services, file->path, 0);
	if (!file->text)
		return;
	if (path_has_suffix(file->path, ".install"))
		lines_each(file, installs_unit, &facts->services);
	if (is_script(file->path))
		lines_each(file, script_line_sets_rights, &facts->setuid);
}

/* "+0530" at the end of a date becomes "+0000"; gives what it stood for, in seconds. */
static int64_t zone_take(char *date)
{
	size_t len = strlen(date);
	char *zone = len > 5 ? date + len - 5 : date;
	int64_t seconds;

	if (len < 6 || (*zone != '+' && *zone != '-') || strspn(zone + 1, "0123456789") != 4)
		return 0;
	seconds = ((zone[1] - '0') * 10 + zone[2] - '0') * 3600 +
		((zone[3] - '0') * 10 + zone[4] - '0') * 60;
	seconds = *zone == '-' ? -seconds : seconds;
	memcpy(zone, "+0000", 5);
	return seconds;
}

/* " -- Name <mail>  Mon, 02 Jan 2006 15:04:05 +0000" (deb-changelog(5)). */
static int64_t newest_change(const struct source_tree *tree)
{
	const struct tree_file *file = source_tree_find(tree, "debian/changelog");
	const char *at = file && file->text ? file->text : "";
	struct error err;
	int64_t time = 0, zone;
	char *date;

	at = strncmp(at, " -- ", 4) == 0 ? at : strstr(at, "\n -- ");
	at = at ? strstr(at, ">  ") : NULL;
	if (!at)
		return 0;
	at += 3;
	date = xstrndup(at, strcspn(at, "\n\r"));
	zone = zone_take(date);
	if (clock_parse_release_date(date, &time, &err) == STATUS_OK)
		time -= zone;
	else
		time = 0;
	free(date);
	return time;
}

void source_marks(const struct source_tree *tree, struct source_facts *facts)
{
	facts->changed = newest_change(tree);
	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_file *file = &tree->files[i];
		const char *language = language_of(file->path);

		if (strncmp(file->path, "debian/", 7) == 0)
			packaging_marks(file, facts);
		else if (language && !file->is_link)
			language_count(facts, language, file->size);
	}
	if (facts->language_count > 1)
		qsort(facts->languages, facts->language_count, sizeof(facts->languages[0]),
			language_compare);
}
