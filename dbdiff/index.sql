-- SPDX-License-Identifier: Apache-2.0
-- What is inside one artifact: one row a member, at any depth. The artifact itself is the one
-- member of container 0, and has the id 1.
PRAGMA user_version = 4;

CREATE TABLE member (
	container  INTEGER NOT NULL, -- id of the member that holds it
	path       BLOB NOT NULL,    -- inside its container, raw bytes
	occurrence INTEGER NOT NULL, -- 0 for the first of that path in its container, 1, ...
	id         INTEGER NOT NULL, -- counted in the order of the walk
	position   INTEGER NOT NULL, -- in its container, from 0
	fields     BLOB NOT NULL,    -- "name\0value\0"..., sorted
	content    INTEGER NOT NULL, -- 1 when it has bytes of its own
	size       INTEGER,          -- of its bytes, when they were read to their end
	sha256     BLOB,             -- of its bytes, when they were hashed
	                             -- Without sha256 and format it was not opened: the two
	                             -- artifacts have the same bytes there
	place      INTEGER,          -- where its bytes lie, as they are, in those of the artifact, or
	                             -- in what its outermost stream holds; NULL: they do not
	format     TEXT,             -- what it was opened as; NULL for a leaf
	inspected  INTEGER NOT NULL, -- 0 when it could have held members and was not read whole
	reason     TEXT,             -- why not
	lazy       TEXT,             -- of a leaf: what it is opened as where its two sides differ
	PRIMARY KEY (container, path, occurrence)
) STRICT, WITHOUT ROWID;

-- From a region to the container that lies there.
CREATE INDEX member_opened ON member (container, position) WHERE format IS NOT NULL;

-- XXH3 of every 64 KiB of a member with more than one such block, 8 bytes each, little endian.
-- They find where two members begin to differ; no verdict rests on them.
CREATE TABLE block (
	member INTEGER PRIMARY KEY,
	hashes BLOB NOT NULL
) STRICT;

-- What the bytes of a container are (dbdiff/members.h, struct region).
CREATE TABLE region (
	container INTEGER NOT NULL, -- id of the member whose bytes they are
	start     INTEGER NOT NULL, -- in them
	sequence  INTEGER NOT NULL, -- 0, or more where several owners share the bytes
	length    INTEGER NOT NULL,
	kind      INTEGER NOT NULL, -- enum region_kind
	name      TEXT NOT NULL,
	owner     INTEGER,          -- position of the member they belong to; NULL: the container's own
	content   INTEGER,          -- where in the owner's content they are; NULL: packed
	detail    TEXT,             -- who signed; NULL for anything but a wrapper
	PRIMARY KEY (container, start, sequence)
) STRICT, WITHOUT ROWID;

-- Few are shared: not to be looked for among all others.
CREATE INDEX region_shared ON region (container, sequence, start) WHERE sequence <> 0;

-- From a member to what its container's format verified or computed again of its content.
CREATE INDEX region_told ON region (container, owner, start)
	WHERE kind >= 3 AND owner IS NOT NULL AND content IS NOT NULL;
