-- SPDX-License-Identifier: Apache-2.0
-- The store's tables. Each "-- migration N" line begins what takes a store from version N - 1 to N (PRAGMA user_version);
-- a migration that has been released is never changed. Numbers in outcome, priority and channel are the indexes of the
-- tables in schema/taxonomy.c. Ids are 16 bytes. Days are counted from 1970-01-01: nothing here has a finer time.

-- migration 1

-- One row a tip. The key is the row and not the tip id, so that counting rows by reading the table can contradict the
-- index tips_by_id, should that ever be damaged.
CREATE TABLE tips (
	row INTEGER PRIMARY KEY,
	tip_id BLOB NOT NULL CHECK (length(tip_id) = 16),
	case_id BLOB NOT NULL CHECK (length(case_id) = 16),
	day INTEGER NOT NULL,
	channel INTEGER NOT NULL,
	outcome INTEGER NOT NULL CHECK (outcome BETWEEN 0 AND 4),
	priority INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 3),
	conflict INTEGER NOT NULL CHECK (conflict IN (0, 1)),
	rule TEXT NOT NULL,
	policy_hash BLOB NOT NULL CHECK (length(policy_hash) = 32),
	-- Keyed, over the tip's text: tells the same tip again from another one with its id, and nothing without the key.
	digest BLOB NOT NULL CHECK (length(digest) = 16)
) STRICT;
CREATE UNIQUE INDEX tips_by_id ON tips (tip_id);
CREATE INDEX tips_by_case ON tips (case_id);

-- The teams a tip went to, in the order of its routing.
CREATE TABLE tip_teams (
	tip INTEGER NOT NULL REFERENCES tips (row) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	team TEXT NOT NULL,
	PRIMARY KEY (tip, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX tip_teams_by_team ON tip_teams (team);

-- Edges to earlier tips, which may not be here yet: no foreign key on that side.
CREATE TABLE links (
	tip INTEGER NOT NULL REFERENCES tips (row) ON DELETE CASCADE,
	earlier BLOB NOT NULL CHECK (length(earlier) = 16),
	score REAL NOT NULL,
	reasons INTEGER NOT NULL,
	strong INTEGER NOT NULL CHECK (strong IN (0, 1)),
	PRIMARY KEY (tip, earlier)
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_earlier ON links (earlier);

-- Age files that only the teams, and only the contact custodian, can open. Apart, so that reading rows does not page
-- through them.
CREATE TABLE sealed (
	tip INTEGER PRIMARY KEY REFERENCES tips (row) ON DELETE CASCADE,
	case_file BLOB NOT NULL,
	contact BLOB NOT NULL
) STRICT;

-- Where to read on in Kafka: written in the transaction that wrote the rows.
CREATE TABLE positions (
	topic TEXT NOT NULL,
	part INTEGER NOT NULL,
	next INTEGER NOT NULL,
	PRIMARY KEY (topic, part)
) STRICT, WITHOUT ROWID;

-- migration 2

-- The stages that a tip passed, in their order: release, day, and the hash of the configuration it ran with. Tips
-- stored before have none.
CREATE TABLE steps (
	tip INTEGER NOT NULL REFERENCES tips (row) ON DELETE CASCADE,
	place INTEGER NOT NULL,
	stage TEXT NOT NULL,
	version TEXT NOT NULL,
	day INTEGER NOT NULL,
	configuration BLOB NOT NULL CHECK (length(configuration) = 8),
	PRIMARY KEY (tip, place)
) STRICT, WITHOUT ROWID;

-- migration 3

-- No query goes by these, and a tip cost eight entries in the first, each in a page of its own.
DROP INDEX links_by_earlier;
DROP INDEX tip_teams_by_team;
