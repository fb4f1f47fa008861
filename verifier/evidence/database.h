/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_EVIDENCE_DATABASE_H
#define VERIFIER_EVIDENCE_DATABASE_H

#include "base/sql.h"
#include "verifier/evidence/evidence.h"

/* Shared by the files of this folder only. */

struct evidence {
	struct sql sql;
};

enum evidence_statement {
	RUN_FIND_UNFINISHED,
	RUN_INSERT,
	RUN_FINISH,
	RUN_MARK,
	RUN_ISOLATION,
	RUN_PIN,
	RUN_BUILT,
	RUN_IS_BUILT,
	FORGET_MATERIALS,
	FORGET_HOSTS,
	FORGET_REFUSALS,
	FORGET_OUTPUTS,
	FORGET_BUILD_FAILURE,
	MATERIAL_PUT,
	HOST_PUT,
	REFUSAL_PUT,
	FORGET_WANTED,
	WANTED_PUT,
	FORGET_LIMITS,
	LIMIT_PUT,
	BUILD_FAILURE_PUT,
	REBUILD_FORGET,
	REBUILD_PUT,
	REBUILD_VARIATION_PUT,
	REBUILD_ARTIFACT_PUT,
	REBUILD_CULPRIT_PUT,
	REBUILD_BUILD_FORGET,
	REBUILD_BUILD_PUT,
	REBUILD_OUTPUT_PUT,
	OUTPUT_PUT,
	OUTPUTS_READ,
	PUBLISHED_LAST,
	PUBLISHED_PUT,
	PUBLISHED_CHANGE_PUT,
	ARTIFACT_PUT,
	FORGET_ARTIFACTS,
	FORGET_PACKAGES,
	FORGET_PACKAGE_SOURCE,
	SET_FIND,
	SET_CLEAR,
	SET_PUT,
	SET_UPDATE,
	DIFFERENCE_PUT,
	FIELD_PUT,
	CAUSE_PUT,
	VALUE_PUT,
	WRAPPER_PUT,
	PACKAGE_CHANGE_PUT,
	PACKAGE_SOURCE_PUT,
	READ_RUN,
	READ_NEWEST,
	READ_ARTIFACTS,
	READ_ARTIFACTS_WORST,
	READ_DIFFERENCES,
	READ_DIFFERENCES_AT,
	READ_DIFFERENCES_BELOW,
	READ_DIFFERENCES_OF,
	READ_FIELDS,
	READ_CAUSES,
	READ_VALUES,
	READ_SET_CAUSES,
	READ_INSTANCES,
	READ_CAUSES_AROUND,
	READ_DIGEST_OWNER,
	READ_SET_OF,
	READ_WRAPPERS,
	READ_MARKS,
	READ_PINS,
	READ_PACKAGE_CHANGES,
	READ_PACKAGE_SOURCE,
	READ_PUBLISHED_CHANGES,
	READ_HOSTS,
	READ_REFUSALS,
	READ_WANTED,
	READ_LIMITS,
	READ_BUILD_FAILURE,
	READ_REBUILD,
	READ_REBUILD_VARIATIONS,
	READ_REBUILD_ARTIFACTS,
	READ_REBUILD_CULPRITS,
	READ_REBUILD_BUILD,
	READ_REBUILD_OUTPUTS,
	COUNT_MATERIALS,
	READ_MATERIALS,
	READ_REFERENCES,
	READ_PIN_USER,
	EVIDENCE_STATEMENT_COUNT,
};

extern const char *const evidence_statements[EVIDENCE_STATEMENT_COUNT];

/*
 * A statement of the caller's own, so that a visitor may run the same query inside; finalised by
 * the caller. Parameter 1 is bound to `first`, if there is one. NULL on failure.
 */
sqlite3_stmt *own_statement(struct evidence *evidence, enum evidence_statement which,
	const char *first, struct error *err);
void bind_digest(sqlite3_stmt *statement, int parameter, const struct digest *digest);
/* NULL for NULL; valid until the next step. */
const char *column_text_or_null(sqlite3_stmt *statement, int column);
void bind_name(
	sqlite3_stmt *statement, int parameter, const char *name); /* a BLOB; NULL binds NULL */

#endif
