/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "verifier/coverage/sheet.h"

typedef const struct sheet_row row_of;

static void text_add(struct buffer *text, const char *value)
{
	if (value)
		buffer_add_text(text, value);
}

static void list_add(struct buffer *text, const struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		buffer_add_format(text, "%s%s", i ? ", " : "", list->items[i]);
}

static void source(row_of *row, struct buffer *text)
{
	buffer_add_text(text, row->of->source);
}

static void version(row_of *row, struct buffer *text)
{
	text_add(text, row->of->version);
}

/* The next item of a package that has `count()` of them, in whichever package that is. */
static bool next_item(
	struct sheet_row *row, size_t (*count)(const struct coverage_package *package))
{
	const struct coverage *coverage = row->coverage;

	if (row->of && row->item < count(row->of)) {
		row->item++;
		return true;
	}
	for (row->item = 1; row->package < coverage->count;) {
		row->of = &coverage->packages[row->package++];
		if (count(row->of) > 0)
			return true;
	}
	row->of = NULL;
	return false;
}

/* ---- evidence ---- */

static size_t claim_count(const struct coverage_package *package)
{
	return package->claims.count;
}

static bool next_claim(struct sheet_row *row)
{
	return next_item(row, claim_count);
}

static const struct claim *claim_of(row_of *row)
{
	return &row->of->claims.items[row->item - 1];
}

static void claim_text(row_of *row, struct buffer *text)
{
	buffer_add_text(text, claim_of(row)->text);
}

static void claim_where(row_of *row, struct buffer *text)
{
	buffer_add_text(text, claim_of(row)->where);
}

static void digest_add(struct buffer *text, const struct digest *digest)
{
	char hex[SHA256_HEX_SIZE];

	digest_hex(digest, hex);
	buffer_add_text(text, hex);
}

static void claim_sha256(row_of *row, struct buffer *text)
{
	if (claim_of(row)->has_sha256)
		digest_add(text, &claim_of(row)->sha256);
}

static const struct sheet_column evidence[] = {
	{"source", 22, CELL_TEXT, source, NULL},
	{"version", 20, CELL_TEXT, version, NULL},
	{"claim", 70, CELL_TEXT, claim_text, NULL},
	{"where", 60, CELL_TEXT, claim_where, NULL},
	{"sha256", 66, CELL_DIGEST, claim_sha256, NULL},
};
static const size_t evidence_count = ARRAY_SIZE(evidence);

/* ---- stanzas of debian/tests/control ---- */

static size_t stanza_count(const struct coverage_package *package)
{
	return package->facts ? package->facts->autopkgtest_count : 0;
}

static bool next_stanza(struct sheet_row *row)
{
	return next_item(row, stanza_count);
}

static const struct autopkgtest *stanza_of(row_of *row)
{
	return &row->of->facts->autopkgtests[row->item - 1];
}

static void stanza_names(row_of *row, struct buffer *text)
{
	list_add(text, &stanza_of(row)->names);
}

static void stanza_quality(row_of *row, struct buffer *text)
{
	buffer_add_text(text, autopkgtest_quality_word(stanza_of(row)->quality));
}

static void stanza_restrictions(row_of *row, struct buffer *text)
{
	list_add(text, &stanza_of(row)->restrictions);
}

static void stanza_architectures(row_of *row, struct buffer *text)
{
	list_add(text, &stanza_of(row)->architectures);
}

static void stanza_line(row_of *row, struct buffer *text)
{
	buffer_add_format(text, "debian/tests/control:%zu", stanza_of(row)->line);
}

static void stanza_triggers(row_of *row, struct buffer *text)
{
	list_add(text, &row->of->facts->triggers);
}

static const struct sheet_column stanzas[] = {
	{"source", 22, CELL_TEXT, source, NULL},
	{"version", 20, CELL_TEXT, version, NULL},
	{"tests", 40, CELL_TEXT, stanza_names, NULL},
	{"quality", 18, CELL_TEXT, stanza_quality, NULL},
	{"restrictions and features", 40, CELL_TEXT, stanza_restrictions, NULL},
	{"architectures", 20, CELL_TEXT, stanza_architectures, NULL},
	{"where", 26, CELL_TEXT, stanza_line, NULL},
	{"triggers of the package", 40, CELL_TEXT, stanza_triggers, NULL},
};
static const size_t stanzas_count = ARRAY_SIZE(stanzas);

/* ---- what the classes and columns mean ---- */

static bool next_class(struct sheet_row *row)
{
	return row->item++ < SHEET_CLASSES;
}

static enum evidence_class class_of(row_of *row)
{
	return sheet_class_order[row->item - 1];
}

static void class_letter(row_of *row, struct buffer *text)
{
	buffer_add_text(text, evidence_class_word(class_of(row)));
}

static void class_name(row_of *row, struct buffer *text)
{
	buffer_add_text(text, evidence_class_name(class_of(row)));
}

static void class_meaning(row_of *row, struct buffer *text)
{
	buffer_add_text(text, evidence_class_meaning(class_of(row)));
}

static void class_packages(row_of *row, struct buffer *text)
{
	buffer_add_format(text, "%zu", sheet_class_count(row->coverage, class_of(row)));
}

static const struct sheet_column classes[] = {
	{"class", 7, CELL_CLASS, class_letter, NULL},
	{"name", 16, CELL_TEXT, class_name, NULL},
	{"meaning", 60, CELL_TEXT, class_meaning, NULL},
	{"packages", 10, CELL_NUMBER, class_packages, NULL},
};
static const size_t classes_count = ARRAY_SIZE(classes);

static bool next_column(struct sheet_row *row)
{
	return row->item++ <
		*sheet_review.column_count + *sheet_risk.column_count - SHEET_SAME_COLUMNS;
}

static const struct sheet_column *column_of(row_of *row)
{
	size_t at = row->item - 1;

	return at < *sheet_review.column_count
		? &sheet_review.columns[at]
		: &sheet_risk.columns[at - *sheet_review.column_count + SHEET_SAME_COLUMNS];
}

static void column_title(row_of *row, struct buffer *text)
{
	buffer_add_text(text, column_of(row)->title);
}

static void column_about(row_of *row, struct buffer *text)
{
	buffer_add_text(text, column_of(row)->about);
}

static const struct sheet_column columns[] = {
	{"column", 24, CELL_TEXT, column_title, NULL},
	{"what it says", 110, CELL_TEXT, column_about, NULL},
};
static const size_t columns_count = ARRAY_SIZE(columns);

/* ---- method and sources ---- */

/* First what the table was asked for, then each input. */

static const char *rules_of(const struct coverage *coverage)
{
	(void)coverage;
	return "docs/coverage.md of reproof, rules " COVERAGE_RULES;
}

static const char *pins_of(const struct coverage *coverage)
{
	return coverage->pins;
}

static const char *architecture_of(const struct coverage *coverage)
{
	return coverage->architecture;
}

static const char *suite_of(const struct coverage *coverage)
{
	return coverage->suite.codename;
}

static const char *ci_suite_of(const struct coverage *coverage)
{
	return coverage->suite.ci_name;
}

#define ASKED ((size_t)5)
static const struct {
	const char *what;
	const char *(*value)(const struct coverage *coverage);
} asked[ASKED] = {
	{"rules", rules_of},
	{"pins", pins_of},
	{"architecture", architecture_of},
	{"release", suite_of},
	{"release at debci", ci_suite_of},
};

static bool next_input(struct sheet_row *row)
{
	return row->item++ < ASKED + row->coverage->input_count;
}

static const struct coverage_input *input_of(row_of *row)
{
	return row->item > ASKED ? &row->coverage->inputs[row->item - 1 - ASKED] : NULL;
}

static void input_role(row_of *row, struct buffer *text)
{
	buffer_add_text(text, input_of(row) ? input_of(row)->role : asked[row->item - 1].what);
}

static void input_name(row_of *row, struct buffer *text)
{
	text_add(text,
		input_of(row) ? input_of(row)->name : asked[row->item - 1].value(row->coverage));
}

static void input_sha256(row_of *row, struct buffer *text)
{
	if (input_of(row) && !input_of(row)->trouble)
		digest_add(text, &input_of(row)->sha256);
}

static void input_time(row_of *row, struct buffer *text)
{
	char time[CLOCK_TEXT_SIZE];

	if (!input_of(row) || input_of(row)->time == 0)
		return;
	clock_format(input_of(row)->time, time);
	buffer_add_text(text, time);
}

static void input_trouble(row_of *row, struct buffer *text)
{
	if (input_of(row))
		text_add(text, input_of(row)->trouble);
}

static const struct sheet_column inputs[] = {
	{"what", 16, CELL_TEXT, input_role, NULL},
	{"name", 70, CELL_TEXT, input_name, NULL},
	{"sha256", 66, CELL_DIGEST, input_sha256, NULL},
	{"time", 22, CELL_TEXT, input_time, NULL},
	{"not read, because", 60, CELL_TEXT, input_trouble, NULL},
};
static const size_t inputs_count = ARRAY_SIZE(inputs);

/* ---- IEC 62443-4-1 ---- */

/* The assessor decides; what is said here is only what these columns can be evidence for. */
static const struct {
	const char *practice, *supported, *manual;
} requirements[] = {
	{"SM-9 security of externally provided components",
		"class, autopkgtest, upstream tests, run at build, open CVEs, decision",
		"whether the component's supplier and its process suffice; the decision itself"},
	{"SVV-1 security requirements testing",
		"debci, ran in build log, device tests (results at the version that ships)",
		"which requirement a test covers"},
	{"SVV-3 vulnerability testing",
		"none: upstream suites may hold regression tests of CVEs and fuzzing, which are "
		"not told apart",
		"fuzzing, scans and tests of known vulnerabilities"},
	{"SVV-4 penetration testing", "none", "all of it"},
	{"SVV-5 independence of testers",
		"debci (run by Debian CI), run at build (by Debian's autobuilders), device tests",
		"whether those who ran them are independent enough"},
	{"DM-1 to DM-4 defect management",
		"open CVEs, their urgency, past CVEs, with the tracker's time",
		"impact on the product, and treatment"},
	{"SUM-1 security update qualification",
		"version, debci version, confirmed (a result counts at the version that ships "
		"alone)",
		"that the update solves what it is for"},
};

static bool next_requirement(struct sheet_row *row)
{
	return row->item++ < ARRAY_SIZE(requirements);
}

static void practice(row_of *row, struct buffer *text)
{
	buffer_add_text(text, requirements[row->item - 1].practice);
}

static void supported(row_of *row, struct buffer *text)
{
	buffer_add_text(text, requirements[row->item - 1].supported);
}

static void manual(row_of *row, struct buffer *text)
{
	buffer_add_text(text, requirements[row->item - 1].manual);
}

static const struct sheet_column iec[] = {
	{"IEC 62443-4-1 practice", 46, CELL_TEXT, practice, NULL},
	{"supported by", 90, CELL_TEXT, supported, NULL},
	{"what stays manual", 70, CELL_TEXT, manual, NULL},
};
static const size_t iec_count = ARRAY_SIZE(iec);

static const struct sheet_table other_tables[] = {
	{"Autopkgtests", stanzas, &stanzas_count, next_stanza, true, false},
	{"Evidence", evidence, &evidence_count, next_claim, true, false},
	{"Classes", classes, &classes_count, next_class, false, false},
	{"Columns", columns, &columns_count, next_column, false, false},
	{"Method and sources", inputs, &inputs_count, next_input, false, false},
	{"IEC 62443-4-1", iec, &iec_count, next_requirement, false, false},
};

const struct sheet_table *const sheet_tables[] = {
	&sheet_review,
	&sheet_risk,
	&other_tables[0],
	&other_tables[1],
	&other_tables[2],
	&other_tables[3],
	&other_tables[4],
	&other_tables[5],
};
const size_t sheet_table_count = ARRAY_SIZE(sheet_tables);

/* ---- classes ---- */

const enum evidence_class sheet_class_order[SHEET_CLASSES] = {
	CLASS_UNKNOWN, CLASS_F, CLASS_E, CLASS_D, CLASS_C, CLASS_B, CLASS_A, CLASS_SELF_BUILT};

unsigned sheet_class_colour(enum evidence_class class)
{
	static const unsigned colours[] = {
		[CLASS_SELF_BUILT] = 0xD9D9D9,
		[CLASS_UNKNOWN] = 0xFFD9E6,
		[CLASS_A] = 0xC6EFCE,
		[CLASS_B] = 0xDDF3D0,
		[CLASS_C] = 0xE9F5DB,
		[CLASS_D] = 0xFFF2CC,
		[CLASS_E] = 0xFCE4D6,
		[CLASS_F] = 0xF8CBAD,
	};

	return colours[class];
}

size_t sheet_class_count(const struct coverage *coverage, enum evidence_class class)
{
	size_t count = 0;

	for (size_t i = 0; i < coverage->count; i++)
		count += coverage->packages[i].class == class;
	return count;
}
