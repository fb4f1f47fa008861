-- SPDX-License-Identifier: Apache-2.0
-- The differences of one pair of artifacts, while they are collected: a private file.
CREATE TABLE difference (
	id         INTEGER PRIMARY KEY,
	path       BLOB NOT NULL,    -- whole, from the artifact's name
	occurrence INTEGER NOT NULL, -- in its container
	change     INTEGER NOT NULL, -- enum change
	inspected  INTEGER NOT NULL,
	reason     TEXT,
	fields     BLOB NOT NULL,    -- "name\0published\0rebuilt\0"...
	diff       TEXT,
	published  BLOB,             -- SHA-256 of the content; NULL: not hashed, or not there
	rebuilt    BLOB
) STRICT;

CREATE INDEX difference_order ON difference (path, occurrence, id);

-- Why, and how many of the artifact's differing bytes have that cause.
CREATE TABLE difference_cause (
	difference INTEGER NOT NULL,
	cause      TEXT NOT NULL, -- id of the catalogue
	bytes      INTEGER NOT NULL,
	evidence   TEXT,          -- what the cause was read from
	PRIMARY KEY (difference, cause)
) STRICT, WITHOUT ROWID;

-- Values that a cause of it was read from.
CREATE TABLE cause_value (
	difference INTEGER NOT NULL,
	cause      TEXT NOT NULL,
	published  TEXT NOT NULL,
	rebuilt    TEXT NOT NULL,
	PRIMARY KEY (difference, cause, published, rebuilt)
) STRICT, WITHOUT ROWID;

-- Members that differ, or in which something does: all differences found in them have ids from
-- `first` to `last`.
CREATE TABLE place (
	side      INTEGER NOT NULL,
	container INTEGER NOT NULL, -- id in that side's index
	position  INTEGER NOT NULL,
	first     INTEGER NOT NULL,
	last      INTEGER NOT NULL,
	content   INTEGER NOT NULL, -- 1 when its bytes differ, 0 when only its metadata does
	PRIMARY KEY (side, container, position)
) STRICT, WITHOUT ROWID;

-- Pairs of containers that do not have the same bytes and were both opened.
CREATE TABLE opened (
	side       INTEGER NOT NULL,
	container  INTEGER NOT NULL, -- id in that side's index
	path       BLOB NOT NULL,
	occurrence INTEGER NOT NULL,
	finding    INTEGER NOT NULL, -- its own difference; 0 when it has none
	pair       INTEGER NOT NULL, -- the published side's id
	partial    INTEGER NOT NULL, -- 1 when one of the two could not be read whole
	PRIMARY KEY (side, container)
) STRICT, WITHOUT ROWID;

-- Stretches of a leaf whose difference a cause explains.
CREATE TABLE claim (
	difference INTEGER NOT NULL,
	side       INTEGER NOT NULL,
	start      INTEGER NOT NULL, -- in the leaf
	length     INTEGER NOT NULL,
	cause      TEXT NOT NULL,
	PRIMARY KEY (difference, side, start)
) STRICT, WITHOUT ROWID;

-- The SHA-256 of both sides of every pair of members that differ: what a text may quote.
CREATE TABLE digests (
	published BLOB NOT NULL,
	rebuilt   BLOB NOT NULL,
	path      BLOB NOT NULL, -- of the first such pair
	PRIMARY KEY (published, rebuilt)
) STRICT, WITHOUT ROWID;

-- What may be taken off an artifact, because it was verified (trust T8).
CREATE TABLE wrapper (
	path   BLOB NOT NULL, -- of the container that carries it
	kind   TEXT NOT NULL,
	signer TEXT NOT NULL, -- "" where there is none; a file may have several
	PRIMARY KEY (path, kind, signer)
) STRICT, WITHOUT ROWID;
