/* SPDX-License-Identifier: Apache-2.0 */
#include "verifier/evidence/database.h"

#define ARTIFACT_COLUMNS                                                                           \
	"SELECT a.name, a.verdict, a.required, a.published_sha256, a.published_size, "             \
	"a.rebuilt_sha256, a.rebuilt_size, a.reason, a.set_id, s.complete, s.differences, "        \
	"s.unattributed, s.unexplained, a.accepted "                                               \
	"FROM artifact a LEFT JOIN difference_set s ON s.id = a.set_id WHERE a.run = ?1 "

#define DIFFERENCE_COLUMNS                                                                         \
	"SELECT d.path, d.occurrence, d.change, d.inspected, d.reason, d.diff, d.published, "      \
	"d.rebuilt, d.set_id "

#define RUN_COLUMNS                                                                                \
	"SELECT id, kind, release, target, tool, comparer, isolation, failure_class, "             \
	"failure_step, failure_text, started, finished, verdict FROM run "

const char *const evidence_statements[EVIDENCE_STATEMENT_COUNT] = {
	[RUN_FIND_UNFINISHED] =
		"SELECT id FROM run WHERE key = ?1 AND kind <> 'compare' AND finished IS NULL "
		"ORDER BY started DESC, id DESC LIMIT 1",
	[RUN_INSERT] =
		"INSERT INTO run (id, kind, release, target, key, descriptor, tool, comparer, "
		"started) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[RUN_FINISH] = "UPDATE run SET finished = ?2, verdict = ?3, failure_class = ?4, "
		       "failure_step = ?5, failure_text = ?6 WHERE id = ?1",
	[RUN_MARK] = "INSERT OR IGNORE INTO run_mark (run, mark) VALUES (?1, ?2)",
	[RUN_ISOLATION] = "UPDATE run SET isolation = ?2, source = ?3 WHERE id = ?1",
	[RUN_PIN] = "INSERT OR REPLACE INTO run_pin (run, archive, suite, pin, inrelease, date, "
		    "captured, signer) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[RUN_BUILT] = "UPDATE run SET built = ?2, inputs = ?3 WHERE id = ?1",
	[RUN_IS_BUILT] = "SELECT built IS NOT NULL AND inputs = ?2 FROM run WHERE id = ?1",
	[FORGET_MATERIALS] = "DELETE FROM material WHERE run = ?1",
	[FORGET_HOSTS] = "DELETE FROM asked_host WHERE run = ?1",
	[FORGET_REFUSALS] = "DELETE FROM refusal WHERE run = ?1",
	[FORGET_OUTPUTS] = "DELETE FROM output WHERE run = ?1",
	[FORGET_BUILD_FAILURE] = "DELETE FROM build_failure WHERE run = ?1",
	[FORGET_KEPT_LOG] = "DELETE FROM kept_log WHERE run = ?1",
	[MATERIAL_PUT] = "INSERT OR IGNORE INTO material (run, kind, name, sha256, size) "
			 "VALUES (?1, ?2, ?3, ?4, ?5)",
	[HOST_PUT] = "INSERT INTO asked_host (run, host, requests) VALUES (?1, ?2, 1) "
		     "ON CONFLICT DO UPDATE SET requests = requests + 1",
	[REFUSAL_PUT] = "INSERT INTO refusal (run, request, status, count) VALUES (?1, ?2, ?3, 1) "
			"ON CONFLICT DO UPDATE SET count = count + 1",
	[FORGET_WANTED] = "DELETE FROM wanted WHERE run = ?1",
	[WANTED_PUT] = "INSERT OR REPLACE INTO wanted (run, kind, target, count) "
		       "VALUES (?1, ?2, ?3, ?4)",
	[FORGET_LIMITS] = "DELETE FROM run_limit WHERE run = ?1",
	[LIMIT_PUT] = "INSERT OR REPLACE INTO run_limit (run, name, value, mechanism, broken) "
		      "VALUES (?1, ?2, ?3, ?4, ?5)",
	[BUILD_FAILURE_PUT] = "INSERT OR REPLACE INTO build_failure (run, class, line, evidence, "
			      "step, tail, log, lines) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[KEPT_LOG_PUT] = "INSERT OR REPLACE INTO kept_log (run, sha256, size) VALUES (?1, ?2, ?3)",
	[REBUILD_FORGET] = "DELETE FROM rebuild WHERE run = ?1",
	[REBUILD_PUT] = "INSERT INTO rebuild (run, answer, compared, kept, builds, bound) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[REBUILD_VARIATION_PUT] = "INSERT INTO rebuild_variation (run, name, position, how, "
				  "why_not) VALUES (?1, ?2, ?3, ?4, ?5)",
	[REBUILD_ARTIFACT_PUT] = "INSERT INTO rebuild_artifact (run, name, first, second) "
				 "VALUES (?1, ?2, ?3, ?4)",
	[REBUILD_CULPRIT_PUT] = "INSERT INTO rebuild_culprit (run, artifact, how, varied) "
				"VALUES (?1, ?2, ?3, ?4)",
	[REBUILD_BUILD_FORGET] = "DELETE FROM rebuild_build WHERE run = ?1 AND varied = ?2 AND "
				 "repetition = ?3",
	[REBUILD_BUILD_PUT] = "INSERT INTO rebuild_build (run, varied, repetition, inputs) "
			      "VALUES (?1, ?2, ?3, ?4)",
	[REBUILD_OUTPUT_PUT] = "INSERT INTO rebuild_output (run, varied, repetition, name, sha256) "
			       "VALUES (?1, ?2, ?3, ?4, ?5)",
	[OUTPUT_PUT] = "INSERT OR REPLACE INTO output (run, name, sha256, size) "
		       "VALUES (?1, ?2, ?3, ?4)",
	[OUTPUTS_READ] = "SELECT name, sha256, size FROM output WHERE run = ?1 ORDER BY name",
	[PUBLISHED_LAST] = "SELECT sha256, last_seen FROM published_file WHERE release = ?1 AND "
			   "target = ?2 AND name = ?3 ORDER BY last_seen DESC, first_seen DESC, "
			   "sha256 LIMIT 1",
	[PUBLISHED_PUT] = "INSERT INTO published_file (release, target, name, url, sha256, size, "
			  "first_seen, last_seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) "
			  "ON CONFLICT DO UPDATE SET last_seen = max(last_seen, ?7), url = ?4",
	[PUBLISHED_CHANGE_PUT] = "INSERT OR REPLACE INTO published_change (run, name, was, is_now, "
				 "last_seen) VALUES (?1, ?2, ?3, ?4, ?5)",
	[ARTIFACT_PUT] = "INSERT OR REPLACE INTO artifact (run, name, verdict, required, "
			 "published_sha256, published_size, rebuilt_sha256, rebuilt_size, reason, "
			 "set_id, accepted) "
			 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[FORGET_ARTIFACTS] = "DELETE FROM artifact WHERE run = ?1",
	[FORGET_PACKAGES] = "DELETE FROM package_change WHERE run = ?1",
	[FORGET_PACKAGE_SOURCE] = "DELETE FROM package_source WHERE run = ?1",
	[SET_FIND] = "SELECT complete, content_equal FROM difference_set WHERE id = ?1",
	[SET_CLEAR] = "DELETE FROM difference WHERE set_id = ?1",
	[SET_PUT] = "INSERT OR IGNORE INTO difference_set (id, published, rebuilt, comparer, name, "
		    "complete, "
		    "differences, content_equal) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0)",
	[SET_UPDATE] = "UPDATE difference_set SET complete = ?2, differences = ?3, "
		       "unattributed = ?4, unexplained = ?5, differing = ?6, content_equal = ?7 "
		       "WHERE id = ?1",
	[WRAPPER_PUT] = "INSERT INTO wrapper (set_id, path, kind, signer) "
			"VALUES (?1, ?2, ?3, IFNULL(?4, ''))",
	[DIFFERENCE_PUT] = "INSERT INTO difference (set_id, path, occurrence, change, inspected, "
			   "reason, diff, published, rebuilt) "
			   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[FIELD_PUT] = "INSERT INTO difference_field (set_id, path, occurrence, change, position, "
		      "field, published, rebuilt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[CAUSE_PUT] = "INSERT INTO difference_cause (set_id, path, occurrence, change, cause, "
		      "bytes, evidence) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[VALUE_PUT] = "INSERT INTO difference_value (set_id, path, occurrence, change, cause, "
		      "published, rebuilt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[PACKAGE_CHANGE_PUT] = "INSERT OR REPLACE INTO package_change (run, change, name, "
			       "architecture, published, rebuilt, version) "
			       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, coalesce(?5, ?6))",
	[PACKAGE_SOURCE_PUT] = "INSERT OR REPLACE INTO package_source (run, artifact, packages) "
			       "VALUES (?1, ?2, ?3)",
	[FORGET_TOOLCHAIN] = "DELETE FROM toolchain WHERE run = ?1",
	[TOOLCHAIN_SIDE_PUT] = "INSERT INTO toolchain (run, side, name, sha256, reason) "
			       "VALUES (?1, ?2, ?3, ?4, ?5)",
	[TOOLCHAIN_PACKAGE_PUT] = "INSERT INTO toolchain_package (run, side, name, architecture, "
				  "version) VALUES (?1, ?2, ?3, ?4, ?5)",
	[READ_RUN] = RUN_COLUMNS "WHERE id = ?1",
	[READ_NEWEST] = RUN_COLUMNS "ORDER BY started DESC, id DESC LIMIT 1",
	[READ_ARTIFACTS] = ARTIFACT_COLUMNS "ORDER BY a.name",
	[READ_ARTIFACTS_WORST] = ARTIFACT_COLUMNS
	"ORDER BY CASE a.verdict WHEN 'rebuild-failed' THEN 0 WHEN 'not-attempted' THEN 1 "
	"WHEN 'not-inspected' THEN 2 WHEN 'missing' THEN 3 WHEN 'extra' THEN 4 "
	"WHEN 'different' THEN 5 WHEN 'content-equal' THEN 6 ELSE 7 END, a.name",
	[READ_DIFFERENCES] = DIFFERENCE_COLUMNS "FROM difference d WHERE set_id = ?1 "
						"ORDER BY path, occurrence, change LIMIT ?2",
	[READ_DIFFERENCES_AT] =
		DIFFERENCE_COLUMNS "FROM difference d WHERE set_id = ?1 AND path = ?2 "
				   "ORDER BY occurrence, change",
	[READ_DIFFERENCES_BELOW] =
		DIFFERENCE_COLUMNS "FROM difference d WHERE set_id = ?1 AND path >= ?2 AND "
				   "path < ?3 ORDER BY path, occurrence, change LIMIT ?4",
	[READ_DIFFERENCES_OF] =
		DIFFERENCE_COLUMNS "FROM artifact a JOIN difference_cause c ON c.set_id = a.set_id "
				   "JOIN difference d USING (set_id, path, occurrence, change) "
				   "WHERE a.run = ?1 AND c.cause = ?2 "
				   "ORDER BY a.name, d.path, d.occurrence, d.change LIMIT ?3",
	[READ_FIELDS] = "SELECT field, published, rebuilt FROM difference_field WHERE set_id = ?1 "
			"AND path = ?2 AND occurrence = ?3 AND change = ?4 ORDER BY position",
	[READ_CAUSES] = "SELECT cause, bytes, evidence, "
			"(SELECT unattributed IS NULL FROM difference_set WHERE id = ?1) "
			"FROM difference_cause WHERE set_id = ?1 AND path = ?2 "
			"AND occurrence = ?3 AND change = ?4 ORDER BY cause",
	[READ_VALUES] = "SELECT cause, published, rebuilt FROM difference_value WHERE set_id = ?1 "
			"AND path = ?2 AND occurrence = ?3 AND change = ?4 "
			"ORDER BY cause, published, rebuilt",
	[READ_SET_CAUSES] = "SELECT cause, 1, count(*), sum(bytes), "
			    "(SELECT unattributed IS NULL FROM difference_set WHERE id = ?1) "
			    "FROM difference_cause WHERE set_id = ?1 GROUP BY cause ORDER BY cause",
	[READ_WRAPPERS] = "SELECT path, kind, NULLIF(signer, '') FROM wrapper "
			  "WHERE set_id = ?1 ORDER BY path, kind, signer",
	[READ_INSTANCES] = "SELECT a.name, c.set_id, c.path, c.occurrence, c.change, c.cause, "
			   "c.bytes, c.evidence IS NOT NULL, s.unattributed IS NULL "
			   "FROM artifact a JOIN difference_set s ON s.id = a.set_id "
			   "JOIN difference_cause c ON c.set_id = s.id "
			   "WHERE a.run = ?1 ORDER BY a.name, c.path, c.occurrence, c.cause",
	/* Of a difference, and of all that are inside it. */
	[READ_CAUSES_AROUND] = "SELECT cause FROM difference_cause WHERE set_id = ?1 "
			       "AND path = ?2 UNION "
			       "SELECT cause FROM difference_cause WHERE set_id = ?1 "
			       "AND path >= ?3 AND path < ?4",
	[READ_DIGEST_OWNER] = "SELECT d.set_id, d.path FROM difference d JOIN artifact a "
			      "ON a.set_id = d.set_id WHERE d.published = ?2 AND d.rebuilt = ?3 "
			      "AND a.run = ?1 UNION ALL SELECT set_id, name FROM artifact "
			      "WHERE run = ?1 AND published_sha256 = ?2 AND rebuilt_sha256 = ?3 "
			      "AND set_id IS NOT NULL ORDER BY 1, 2 LIMIT 1",
	[READ_SET_OF] = "SELECT set_id FROM artifact WHERE run = ?1 AND name = ?2 "
			"AND set_id IS NOT NULL",
	[READ_MARKS] = "SELECT mark FROM run_mark WHERE run = ?1 ORDER BY mark",
	[READ_PINS] = "SELECT archive, suite, pin, signer, inrelease, date, captured FROM run_pin "
		      "WHERE run = ?1 ORDER BY archive, suite",
	[READ_PACKAGE_CHANGES] = "SELECT change, name, architecture, published, rebuilt "
				 "FROM package_change WHERE run = ?1 "
				 "ORDER BY change, name, architecture, version",
	[READ_PACKAGE_SOURCE] = "SELECT artifact, packages FROM package_source WHERE run = ?1",
	[READ_TOOLCHAIN_SIDES] = "SELECT side, name, sha256, reason FROM toolchain WHERE run = ?1 "
				 "ORDER BY side",
	[READ_TOOLCHAIN_PACKAGES] =
		"SELECT name, architecture, max(iif(side = 'published', version, NULL)), "
		"max(iif(side = 'rebuilt', version, NULL)) FROM toolchain_package "
		"WHERE run = ?1 GROUP BY name, architecture ORDER BY name, architecture",
	[READ_PUBLISHED_CHANGES] = "SELECT name, was, is_now, last_seen FROM published_change "
				   "WHERE run = ?1 ORDER BY name",
	[READ_HOSTS] = "SELECT host, 0, requests FROM asked_host WHERE run = ?1 ORDER BY host",
	[READ_REFUSALS] = "SELECT request, status, count FROM refusal WHERE run = ?1 "
			  "ORDER BY request, status",
	[READ_WANTED] = "SELECT kind, target, count FROM wanted WHERE run = ?1 "
			"ORDER BY kind = 'more', kind, target",
	[READ_LIMITS] = "SELECT name, value, mechanism, broken FROM run_limit WHERE run = ?1 "
			"ORDER BY name",
	[READ_BUILD_FAILURE] = "SELECT class, line, evidence, step, tail, log, lines "
			       "FROM build_failure WHERE run = ?1",
	[READ_KEPT_LOG] = "SELECT sha256 FROM kept_log WHERE run = ?1",
	[READ_BUILT_DEBS] =
		"SELECT o.run, o.name, o.sha256 FROM run r JOIN output o ON o.run = r.id "
		"WHERE r.kind = 'verify' AND r.finished IS NOT NULL AND "
		"r.failure_class IS NULL AND CAST(o.name AS TEXT) LIKE '%.deb' "
		"ORDER BY o.run, o.name",
	[READ_REBUILD] = "SELECT answer, compared, kept, builds, bound FROM rebuild WHERE run = ?1",
	[READ_REBUILD_VARIATIONS] = "SELECT name, how, why_not FROM rebuild_variation "
				    "WHERE run = ?1 ORDER BY position",
	[READ_REBUILD_ARTIFACTS] = "SELECT name, first, second FROM rebuild_artifact "
				   "WHERE run = ?1 ORDER BY name",
	[READ_REBUILD_CULPRITS] = "SELECT artifact, how, varied FROM rebuild_culprit "
				  "WHERE run = ?1 ORDER BY artifact, how, varied",
	[READ_REBUILD_BUILD] = "SELECT 1 FROM rebuild_build WHERE run = ?1 AND varied = ?2 "
			       "AND repetition = ?3 AND inputs = ?4",
	[READ_REBUILD_OUTPUTS] = "SELECT name, sha256 FROM rebuild_output WHERE run = ?1 AND "
				 "varied = ?2 AND repetition = ?3 ORDER BY name",
	[COUNT_MATERIALS] = "SELECT count(*), coalesce(sum(size), 0) FROM material "
			    "WHERE run = ?1 AND kind = ?2",
	[READ_SERVED_ARTIFACTS] = "SELECT name FROM artifact a WHERE run = ?1 AND EXISTS (SELECT 1 "
				  "FROM material m WHERE m.run = ?1 AND m.kind = 'archive-file' "
				  "AND m.sha256 = a.published_sha256) ORDER BY name",
	[READ_MATERIALS] = "SELECT name, sha256, size FROM material "
			   "WHERE run = ?1 AND kind = ?2 ORDER BY name, sha256",
	[READ_REFERENCES] = "SELECT sha256 FROM published_file UNION SELECT sha256 FROM material "
			    "UNION SELECT sha256 FROM output "
			    "UNION SELECT inrelease FROM run_pin "
			    "WHERE inrelease NOT LIKE 'Release:%' "
			    "UNION SELECT substr(inrelease, 9, 64) FROM run_pin "
			    "WHERE inrelease LIKE 'Release:%' "
			    "UNION SELECT substr(inrelease, 86) FROM run_pin "
			    "WHERE inrelease LIKE 'Release:%' "
			    "UNION SELECT was FROM published_change "
			    "UNION SELECT published_sha256 FROM artifact "
			    "UNION SELECT rebuilt_sha256 FROM artifact "
			    "UNION SELECT descriptor FROM run UNION SELECT source FROM run "
			    "UNION SELECT sha256 FROM coverage_input "
			    "ORDER BY 1",
	[READ_PIN_USER] = "SELECT p.run FROM run_pin p JOIN run r ON r.id = p.run "
			  "WHERE p.archive = ?1 AND p.pin = ?2 ORDER BY r.started DESC LIMIT 1",
	[FACTS_FIND] = "SELECT facts FROM source_facts WHERE key = ?1",
	[FACTS_KEEP] = "INSERT INTO source_facts (key, facts) VALUES (?1, ?2) "
		       "ON CONFLICT DO NOTHING",
	[COVERAGE_KEEP] = "INSERT INTO coverage (key, result, recorded) VALUES (?1, ?2, ?3) "
			  "ON CONFLICT DO NOTHING",
	[COVERAGE_INPUT_KEEP] = "INSERT INTO coverage_input (coverage, role, name, sha256, time) "
				"VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
};
