/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/ctl_program.h"

#include "ops/ctl/ctl.h"

const struct conf_key ctl_keys[] = {
	{ "store", CONF_PATH, "", 0, 0, NULL, "the store that the sink writes (SQLite file)" },
	{ "teams", CONF_LIST,
	  "[assessment, corruption, abuse-of-position, domestic-abuse, discrimination, safeguarding, oversight]",
	  0, 0, NULL, "teams that have a topic of their own" },
	{ "daemons.*", CONF_ADDRESS, "", 0, 0, NULL,
	  "host:port of a daemon's http.listen, by the daemon's name: gateway, classify, dedupe, route, sink" },
	{ "topics.replication", CONF_INT, "0", 0, 9, NULL,
	  "replicas of each topic that `topics create` makes; 0: 3 where there are three brokers, else 1" },
	{ "timeout", CONF_DURATION, "5s", 100, 600000, NULL, "how long to wait for a broker or a daemon" },
	CONF_KEYS_END
};

static const struct conf_key *const tables[] = { kafka_conf_keys, ctl_keys, NULL };

static const struct program_option options[] = {
	{ "json", 0, NULL, "print JSON instead of tables" },
	{ "team", 0, "TEAM", "cases: only those of this team" },
	{ "outcome", 0, "OUTCOME", "cases: only those with this outcome" },
	{ "reason", 0, "CODE", "parked list: only those with this reason" },
	{ "limit", 0, "N", "at most so many rows" },
	{ "sealed", 0, NULL, "cases show: write the case as it is sealed to its teams, an age file" },
	{ "contact", 0, NULL, "cases show: write the contact details as they are sealed to the custodian, an age file" },
	{ "staff", 0, "FILE", "register build: the staff of each team, YAML" },
	{ "linkage", 0, "FILE", "register build: the linkage key" },
	{ "out", 0, "FOLDER", "register build: where TEAM.register files go" },
	{ "teams", 0, "LIST", "keys init: team names, separated by commas" },
	{ "adapters", 0, "LIST", "keys init: NAME:ID:CHANNEL+CHANNEL, separated by commas" },
	PROGRAM_OPTIONS_END
};

const struct program ctl_program = {
	.name = "tipctl",
	.section = "1",
	.summary = "look at and run a tipline pipeline, without being able to read a tip",
	.synopsis =
		"status\n"
		"cases list|tips|summary [--team TEAM] [--outcome OUTCOME] [--limit N]\n"
		"cases show ID [--sealed|--contact]\n"
		"parked list [--reason CODE] [--limit N]\n"
		"parked show TIP\n"
		"reconcile [RECEIPTS ...]\n"
		"topics create|check\n"
		"keys init FOLDER [--teams LIST] [--adapters LIST]\n"
		"register build --staff FILE --linkage FILE --out FOLDER",
	.description =
		"tipctl is the operators' tool. It shows queues, parked records, cases and the count of all "
		"tips, and prepares topics, keys and staff registers. It opens no tip: what it shows are ids, "
		"days, outcomes, teams and numbers.\n"
		"\n"
		"Commands:\n"
		"\n"
		"topics create: makes every topic that is missing, with its settings. topics check: compares "
		"what the broker has with what it should have; status 1 when they differ.\n"
		"\n"
		"keys init FOLDER: makes the keys of a whole site (--teams, --adapters). Take each key to "
		"whom it belongs and the offline ones off the machine.\n"
		"\n"
		"register build: turns the staff of each team (--staff) into keyed tokens under the linkage "
		"key (--linkage), one file a team in the folder --out. The tokens show no name; route "
		"compares them with those of tips.\n"
		"\n"
		"status: each stage: up, ready, records in, out, parked, lag in records and seconds; parked "
		"records and the days since the oldest was first seen.\n"
		"\n"
		"parked list, parked show TIP: what could not go on, why, and what to do.\n"
		"\n"
		"cases list, cases tips, cases summary: cases, tips, and counts by team and outcome. cases "
		"show ID: one case or one tip with its links; --sealed writes the case for its teams to "
		"standard output, to be opened with `age -d -i TEAM.identity`; --contact the contact details "
		"for the custodian.\n"
		"\n"
		"reconcile [RECEIPTS ...]: compares, tip by tip, what was accepted (what tip.sealed holds, "
		"and what the receipts files of adapters say they were told) with what is stored, parked and "
		"in flight. Names every tip that is missing; status 1 when one is missing or stored twice.",
	.examples =
		"Where is everything?\n\n    tipctl --config tipctl.yaml status\n\n"
		"Open a case as its team does:\n\n"
		"    tipctl --config tipctl.yaml cases show TIP --sealed | age -d -i corruption.identity\n",
	.options = options,
	.conf_tables = tables,
	.conf_optional = true,
	.secrets = true,
	.run = ctl_run,
};
