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
	cause      TEXT,             -- id of the catalogue
	diff       TEXT
) STRICT;

CREATE INDEX difference_order ON difference (path, occurrence, id);
