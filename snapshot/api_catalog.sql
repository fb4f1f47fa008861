-- SPDX-License-Identifier: Apache-2.0
-- What the pins of a store name, for the answers of the Snapshot API. Private to one run, made when
-- it starts and gone with it: nothing here is kept, so there are no versions of it.
-- Texts of times are as snapshot.debian.org writes them, "20260711T101637Z": they sort as times do.

-- A file as one archive has it. Of several pins that name it the earliest is its first_seen.
CREATE TABLE file (
	id INTEGER PRIMARY KEY,
	archive TEXT NOT NULL,
	directory TEXT NOT NULL,	-- "/pool/main/h/hello"
	name TEXT NOT NULL,
	sha256 BLOB NOT NULL,
	size INTEGER NOT NULL,
	first_seen TEXT NOT NULL,
	UNIQUE (name, directory, archive, sha256)
) STRICT;
CREATE INDEX file_by_digest ON file (sha256);

CREATE TABLE source (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	UNIQUE (name, version)
) STRICT;

CREATE TABLE source_file (
	source INTEGER NOT NULL REFERENCES source (id),
	file INTEGER NOT NULL REFERENCES file (id),
	PRIMARY KEY (source, file)
) STRICT, WITHOUT ROWID;

CREATE TABLE binary (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	architecture TEXT NOT NULL,
	source TEXT NOT NULL,		-- need not be in the table source
	source_version TEXT NOT NULL,
	file INTEGER NOT NULL REFERENCES file (id),
	UNIQUE (name, version, architecture, file)
) STRICT;
CREATE INDEX binary_by_source ON binary (source, source_version);

-- A Packages file of a pin.
CREATE TABLE listing (
	id INTEGER PRIMARY KEY,
	archive TEXT NOT NULL,
	suite TEXT NOT NULL,
	component TEXT NOT NULL,
	architecture TEXT NOT NULL,
	timestamp TEXT NOT NULL,
	ordinal INTEGER NOT NULL DEFAULT 0	-- among the times of archive, suite and component
) STRICT;

CREATE TABLE listed (
	binary INTEGER NOT NULL REFERENCES binary (id),
	listing INTEGER NOT NULL REFERENCES listing (id),
	PRIMARY KEY (binary, listing)
) STRICT, WITHOUT ROWID;
