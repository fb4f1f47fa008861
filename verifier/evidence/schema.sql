-- SPDX-License-Identifier: Apache-2.0
--
-- The evidence database. A record is known by what it is (names, digests, times), never by a
-- counter, so that evidence of several machines merges in any order (design, law 10).
-- Digests are lower-case hex SHA-256; times are seconds since 1970 in UTC.
-- Names from images are BLOBs: bytes as they are, escaped by whoever prints them.

CREATE TABLE run (
	id             TEXT NOT NULL PRIMARY KEY, -- 20261123-031207-7f3a9c21
	kind           TEXT NOT NULL CHECK (kind IN ('verify', 'compare', 'rebuild')),
	release        TEXT NOT NULL,             -- descriptor's name; for compare the published side
	target         TEXT NOT NULL,             -- descriptor's target; for compare the rebuilt side
	key            TEXT NOT NULL,             -- SHA-256 of everything that decides the result: an
	                                          -- unfinished run with the same key is continued
	descriptor     TEXT,                      -- digest of the release descriptor (trust T10)
	source         TEXT,                      -- digest of the source tree shown to the build
	tool           TEXT NOT NULL,             -- reproof's version
	comparer       TEXT NOT NULL,             -- the comparer's version
	started        INTEGER NOT NULL,          -- in milliseconds, to order runs of one second
	finished       INTEGER,                   -- in milliseconds; NULL while it runs, or when it was killed
	built          INTEGER,                   -- in milliseconds; when all outputs were complete
	inputs         TEXT,                      -- digest of all that this build was given
	verdict        TEXT,                      -- of the release; NULL until finished
	isolation      TEXT,                      -- none, cooperative, confined (trust T4)
	failure_class  TEXT,                      -- network, trust, build, …; NULL when nothing failed
	failure_step   TEXT,                      -- fetch, pin, rebuild, collect, compare
	failure_text   TEXT,                      -- what a person should read
	-- A run that failed has shown nothing.
	CHECK (failure_class IS NULL OR verdict NOT IN ('reproduced', 'content-equal')),
	-- Nor does a rebuild show anything of what was published (trust T14).
	CHECK (kind <> 'rebuild' OR verdict IS NULL OR verdict IN ('rebuild-failed', 'not-attempted'))
) STRICT, WITHOUT ROWID;

CREATE INDEX run_by_release ON run (release, target, started);
CREATE INDEX run_by_key ON run (key, finished);

-- What marks a run and everything derived from it: MARK_… of evidence.h.
CREATE TABLE run_mark (
	run   TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	mark  TEXT NOT NULL,
	PRIMARY KEY (run, mark)
) STRICT, WITHOUT ROWID;

-- The archive states the rebuild saw (trust T12).
CREATE TABLE run_pin (
	run        TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	archive    TEXT NOT NULL,
	suite      TEXT NOT NULL,
	pin        TEXT NOT NULL,    -- debian@20260711T101637Z
	inrelease  TEXT NOT NULL,    -- digest of it; or Release:DIGEST,Release.gpg:DIGEST
	date       INTEGER NOT NULL, -- its Date
	captured   INTEGER NOT NULL, -- 1: a mirror's state, not snapshot.debian.org's
	signer     TEXT NOT NULL,    -- fingerprint of the primary key
	PRIMARY KEY (run, archive, suite)
) STRICT, WITHOUT ROWID;

-- Everything a build had: files the proxy served, packages of the tool root, its source tree.
CREATE TABLE material (
	run     TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	kind    TEXT NOT NULL CHECK (kind IN ('archive-file', 'tool', 'source')),
	name    BLOB NOT NULL, -- archive/path, package:architecture=version, or this machine's /path
	sha256  TEXT NOT NULL, -- of a package: of the package database it was read from
	size    INTEGER NOT NULL,
	PRIMARY KEY (run, kind, name, sha256)
) STRICT, WITHOUT ROWID;

-- Hosts the build asked the proxy for, whatever was served (trust T12).
CREATE TABLE asked_host (
	run       TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	host      BLOB NOT NULL,
	requests  INTEGER NOT NULL,
	PRIMARY KEY (run, host)
) STRICT, WITHOUT ROWID;

-- Requests the proxy did not serve.
CREATE TABLE refusal (
	run      TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	request  BLOB NOT NULL,
	status   INTEGER NOT NULL, -- of HTTP
	count    INTEGER NOT NULL,
	PRIMARY KEY (run, request, status)
) STRICT, WITHOUT ROWID;

-- What a build tried to reach besides the proxy, in vain (trust T4).
CREATE TABLE wanted (
	run     TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	-- more: not told apart; own-network: of the build's own making, where it is not seen what it
	-- tries
	kind    TEXT NOT NULL CHECK (kind IN ('name', 'tcp', 'udp', 'own-network', 'more')),
	target  TEXT NOT NULL, -- host name, or address:port
	count   INTEGER NOT NULL, -- of packets; of network namespaces
	PRIMARY KEY (run, kind, target)
) STRICT, WITHOUT ROWID;

-- What a build was allowed to take of the machine, and how that was held.
CREATE TABLE run_limit (
	run        TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	name       TEXT NOT NULL CHECK (name IN ('time', 'memory', 'disk', 'free-space',
	               'processes', 'prepare-network')),
	value      INTEGER NOT NULL, -- seconds, bytes, processes; of prepare-network 0
	mechanism  TEXT NOT NULL,    -- clock, watcher, slirp4netns, …
	broken     INTEGER NOT NULL, -- 1: the build was ended for it
	PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

-- Every content that was ever seen published under a name, and when.
CREATE TABLE published_file (
	release     TEXT NOT NULL,
	target      TEXT NOT NULL,
	name        BLOB NOT NULL,
	url         TEXT NOT NULL, -- where it was had from, without secrets
	sha256      TEXT NOT NULL,
	size        INTEGER,       -- NULL when only a hash list says it
	first_seen  INTEGER NOT NULL,
	last_seen   INTEGER NOT NULL,
	PRIMARY KEY (release, target, name, sha256)
) STRICT, WITHOUT ROWID;

-- A published file whose content was another one when it was last seen before this run.
CREATE TABLE published_change (
	run       TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	name      BLOB NOT NULL,
	was       TEXT NOT NULL,    -- digest
	is_now    TEXT NOT NULL,    -- digest
	last_seen INTEGER NOT NULL, -- of `was`
	PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

-- Why the build of a run failed, read from how it ended and from the end of its log.
CREATE TABLE build_failure (
	run       TEXT NOT NULL PRIMARY KEY REFERENCES run ON DELETE CASCADE,
	class     TEXT NOT NULL,    -- id of the table in verifier/evidence/build_failure.c
	line      INTEGER,          -- of the log, from 1, that decided; NULL: how it ended did, or nothing
	evidence  BLOB,             -- that line, or how it ended; NULL: nothing is known to say why
	step      BLOB,             -- the line that names the task or target that failed; or NULL
	tail      BLOB NOT NULL,    -- its last lines
	log       BLOB NOT NULL,    -- the file that keeps it, compressed
	lines     INTEGER NOT NULL  -- of the log
) STRICT, WITHOUT ROWID;

-- The log of a build, which is the file build.log.zst of the run beside the database. Of runs of kind
-- verify.
CREATE TABLE kept_log (
	run     TEXT NOT NULL PRIMARY KEY REFERENCES run ON DELETE CASCADE,
	sha256  TEXT NOT NULL,   -- of the file as it is, compressed
	size    INTEGER NOT NULL -- of it
) STRICT, WITHOUT ROWID;

-- What a build left behind, once it was complete: lets a killed run go on (law 8).
CREATE TABLE output (
	run     TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	name    BLOB NOT NULL,
	sha256  TEXT NOT NULL,
	size    INTEGER NOT NULL,
	PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifact (
	run               TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	name              BLOB NOT NULL,
	verdict           TEXT NOT NULL CHECK (verdict IN ('rebuild-failed', 'not-attempted',
	                      'not-inspected', 'missing', 'extra', 'different', 'content-equal',
	                      'reproduced')),
	required          INTEGER NOT NULL,
	published_sha256  TEXT,    -- NULL where that side has no bytes
	published_size    INTEGER, -- NULL too when only a hash list says it
	rebuilt_sha256    TEXT,
	rebuilt_size      INTEGER,
	reason            TEXT,    -- why not inspected, missing, …
	accepted          INTEGER NOT NULL DEFAULT 0, -- 1: content-equal by wrappers accepted for it
	set_id            TEXT REFERENCES difference_set, -- what differs inside; NULL: nothing was opened
	PRIMARY KEY (run, name),
	-- Equal is the same SHA-256 and nothing else (law 1).
	CHECK (verdict <> 'reproduced' OR (published_sha256 IS NOT NULL
		AND rebuilt_sha256 IS NOT NULL AND published_sha256 = rebuilt_sha256)),
	CHECK (accepted = 0 OR verdict = 'content-equal'),
	-- What was taken off is in the set.
	CHECK (verdict <> 'content-equal' OR set_id IS NOT NULL)
) STRICT, WITHOUT ROWID;

-- What differs inside a pair of artifacts, found once for the pair. The artifact's name is part of
-- the key because it begins every path.
CREATE TABLE difference_set (
	id            TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the four columns below
	published     TEXT NOT NULL, -- digest
	rebuilt       TEXT NOT NULL, -- digest
	comparer      TEXT NOT NULL, -- the comparer's version, and the indexes or images it was given
	name          BLOB NOT NULL, -- the artifact's
	complete      INTEGER NOT NULL, -- 1: every member that could be opened was
	differences   INTEGER NOT NULL,
	content_equal INTEGER NOT NULL, -- 1: nothing but wrappers that were verified differs
	differing     INTEGER,       -- bytes after the outer stream compression; NULL: not measured
	unattributed  INTEGER,       -- bytes; NULL: not measured
	unexplained   INTEGER,       -- bytes; NULL: not measured
	UNIQUE (published, rebuilt, comparer, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE difference (
	set_id      TEXT NOT NULL REFERENCES difference_set ON DELETE CASCADE,
	path        BLOB NOT NULL,    -- from the artifact's name, nested by //
	occurrence  INTEGER NOT NULL, -- 0 for the first member of that path
	change      TEXT NOT NULL CHECK (change IN ('added', 'removed', 'content', 'metadata',
	                'order')),
	inspected   INTEGER NOT NULL, -- 0: could have held members and was not opened
	reason      TEXT,
	diff        BLOB,             -- bounded text
	published   TEXT,             -- digest of its content; NULL: not hashed, or not there
	rebuilt     TEXT,
	PRIMARY KEY (set_id, path, occurrence, change)
) STRICT, WITHOUT ROWID;

CREATE INDEX difference_by_digest ON difference (published, rebuilt)
	WHERE published IS NOT NULL AND rebuilt IS NOT NULL;

-- Metadata fields that differ, in the order of the comparer's field table.
CREATE TABLE difference_field (
	set_id      TEXT NOT NULL,
	path        BLOB NOT NULL,
	occurrence  INTEGER NOT NULL,
	change      TEXT NOT NULL,
	position    INTEGER NOT NULL,
	field       BLOB NOT NULL,
	published   BLOB, -- NULL: absent there
	rebuilt     BLOB,
	PRIMARY KEY (set_id, path, occurrence, change, position),
	FOREIGN KEY (set_id, path, occurrence, change) REFERENCES difference ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE difference_cause (
	set_id      TEXT NOT NULL,
	path        BLOB NOT NULL,
	occurrence  INTEGER NOT NULL,
	change      TEXT NOT NULL,
	cause       TEXT NOT NULL, -- id of the catalogue
	bytes       INTEGER NOT NULL, -- of the artifact's differing bytes
	evidence    BLOB,          -- what the cause was read from: the two values
	PRIMARY KEY (set_id, path, occurrence, change, cause),
	FOREIGN KEY (set_id, path, occurrence, change) REFERENCES difference ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Values in the content that a cause was read from.
CREATE TABLE difference_value (
	set_id      TEXT NOT NULL,
	path        BLOB NOT NULL,
	occurrence  INTEGER NOT NULL,
	change      TEXT NOT NULL,
	cause       TEXT NOT NULL,
	published   TEXT NOT NULL,
	rebuilt     TEXT NOT NULL,
	PRIMARY KEY (set_id, path, occurrence, change, cause, published, rebuilt),
	FOREIGN KEY (set_id, path, occurrence, change) REFERENCES difference ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What was taken off a content-equal artifact, after it was verified on both sides (trust T8).
CREATE TABLE wrapper (
	set_id  TEXT NOT NULL REFERENCES difference_set ON DELETE CASCADE,
	path    BLOB NOT NULL, -- of the container that carries it
	kind    TEXT NOT NULL, -- id of the catalogue
	signer  TEXT NOT NULL, -- SHA-256 of a certificate of the published side; "" for a compression
	PRIMARY KEY (set_id, path, kind, signer)
) STRICT, WITHOUT ROWID;

-- Packages of the image that are not the same on both sides ("pin drift").
CREATE TABLE package_change (
	run           TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	change        TEXT NOT NULL CHECK (change IN ('added', 'removed', 'changed')),
	name          TEXT NOT NULL,
	architecture  TEXT NOT NULL, -- "" where the list does not say
	published     TEXT,          -- version
	rebuilt       TEXT,          -- version
	version       TEXT NOT NULL, -- the published one, or the rebuilt where there is none
	PRIMARY KEY (run, change, name, architecture, version)
) STRICT, WITHOUT ROWID;

-- Where the package sets of a run were read from; no row: they were not looked at.
CREATE TABLE package_source (
	run       TEXT NOT NULL PRIMARY KEY REFERENCES run ON DELETE CASCADE,
	artifact  BLOB NOT NULL, -- the manifest or dpkg status file
	packages  INTEGER NOT NULL -- on the published side
) STRICT, WITHOUT ROWID;

-- What each side was built with, by the record its build left (.buildinfo); no row: not asked for.
CREATE TABLE toolchain (
	run     TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	side    TEXT NOT NULL CHECK (side IN ('published', 'rebuilt')),
	name    BLOB NOT NULL, -- of the record
	sha256  TEXT,          -- of it; NULL: that side has none
	reason  TEXT,          -- why what it lists does not count; NULL: it does
	PRIMARY KEY (run, side),
	CHECK (sha256 IS NOT NULL OR reason IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE TABLE toolchain_package (
	run           TEXT NOT NULL,
	side          TEXT NOT NULL,
	name          BLOB NOT NULL,
	architecture  BLOB NOT NULL, -- empty where the record does not say
	version       BLOB NOT NULL,
	PRIMARY KEY (run, side, name, architecture),
	FOREIGN KEY (run, side) REFERENCES toolchain ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What a run of kind rebuild came to: builds compared with each other, never with what was
-- published. It has no artifacts in the table of that name.
CREATE TABLE rebuild (
	run       TEXT NOT NULL PRIMARY KEY REFERENCES run ON DELETE CASCADE,
	answer    TEXT NOT NULL CHECK (answer IN ('built', 'same', 'different', 'failed')),
	compared  TEXT REFERENCES run, -- the run of kind compare that has what differs inside
	kept      BLOB,                -- directory of the outputs; NULL: removed
	builds    INTEGER NOT NULL,    -- made
	bound     INTEGER NOT NULL     -- that might be made
) STRICT, WITHOUT ROWID;

-- What of the build's surroundings was varied, and what was not.
CREATE TABLE rebuild_variation (
	run       TEXT NOT NULL REFERENCES rebuild ON DELETE CASCADE,
	name      TEXT NOT NULL,    -- as reprotest calls it
	position  INTEGER NOT NULL, -- in reports
	how       TEXT,             -- from what to what; NULL: it was not varied
	why_not   TEXT,
	PRIMARY KEY (run, name),
	CHECK ((how IS NULL) <> (why_not IS NULL))
) STRICT, WITHOUT ROWID;

-- What the build with nothing varied and the other one left.
CREATE TABLE rebuild_artifact (
	run     TEXT NOT NULL REFERENCES rebuild ON DELETE CASCADE,
	name    BLOB NOT NULL,
	first   TEXT,          -- digest; NULL: that build did not leave it
	second  TEXT,          -- NULL too when there was one build
	PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

-- Why an artifact differs, as far as builds with some of the variations told.
CREATE TABLE rebuild_culprit (
	run       TEXT NOT NULL REFERENCES rebuild ON DELETE CASCADE,
	artifact  BLOB NOT NULL, -- empty: that the build fails
	how       TEXT NOT NULL CHECK (how IN ('alone', 'together', 'nothing', 'within')),
	varied    TEXT NOT NULL, -- names, with commas
	PRIMARY KEY (run, artifact, varied)
) STRICT, WITHOUT ROWID;

-- The builds that are done: lets a killed run go on (law 8).
CREATE TABLE rebuild_build (
	run         TEXT NOT NULL REFERENCES run ON DELETE CASCADE,
	varied      TEXT NOT NULL,    -- names, with commas
	repetition  INTEGER NOT NULL, -- 0 for the first with these
	inputs      TEXT NOT NULL,    -- digest of all that it was given but for what is varied
	PRIMARY KEY (run, varied, repetition)
) STRICT, WITHOUT ROWID;

CREATE TABLE rebuild_output (
	run         TEXT NOT NULL,
	varied      TEXT NOT NULL,
	repetition  INTEGER NOT NULL,
	name        BLOB NOT NULL,
	sha256      TEXT NOT NULL,
	PRIMARY KEY (run, varied, repetition, name),
	FOREIGN KEY (run, varied, repetition) REFERENCES rebuild_build ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- What a source package says of its tests, by the digests of its files and the rules.
CREATE TABLE source_facts (
	key    TEXT NOT NULL PRIMARY KEY, -- SHA-256 of rules, architecture and the files' digests
	facts  TEXT NOT NULL              -- JSON, reproof-source-facts-1
) STRICT, WITHOUT ROWID;

-- A table of the tests behind a list of packages, as it was made.
CREATE TABLE coverage (
	key       TEXT NOT NULL PRIMARY KEY, -- SHA-256 of `result`
	result    TEXT NOT NULL,             -- JSON, reproof-coverage-1
	recorded  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What it was made of: lists, pins' suites, data files, decisions.
CREATE TABLE coverage_input (
	coverage  TEXT NOT NULL REFERENCES coverage ON DELETE CASCADE,
	role      TEXT NOT NULL,
	name      TEXT NOT NULL,
	sha256    TEXT NOT NULL,
	time      INTEGER NOT NULL, -- when it was had; 0 where it says nothing
	PRIMARY KEY (coverage, role, name, sha256)
) STRICT, WITHOUT ROWID;
