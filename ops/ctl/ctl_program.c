/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/ctl_program.h"

#include <string.h>

#include "ops/ctl/ctl.h"
#include "ops/ctl/resolution.h"
#include "schema/reason.h"
#include "schema/topics.h"

const struct conf_key ctl_keys[] = {
	{ "store", CONF_PATH, "", 0, 0, NULL, "the store that the sink writes (SQLite file)" },
	{ "teams", CONF_LIST,
	  "[assessment, corruption, abuse-of-position, domestic-abuse, discrimination, safeguarding, oversight]",
	  0, 0, NULL, "teams that have a topic of their own" },
	{ "keys", CONF_PATH, "", 0, 0, NULL, "the folder that `tipctl keys init` made, with the inventory of keys" },
	{ "daemons.*", CONF_ADDRESS, "", 0, 0, NULL,
	  "host:port of a daemon's http.listen, by the daemon's name: gateway, classify, dedupe, route, sink; "
	  "webform, webform2 and so on for public web forms" },
	{ "release.seen", CONF_PATH, "", 0, 0, NULL,
	  "file in which `parked release` keeps which keys each stage had; empty: all count as new when it starts" },
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
	{ "reason", 0, "CODE", "parked: only those parked for this reason" },
	{ "stage", 0, "STAGE", "parked: only those that this stage parked" },
	{ "since", 0, "DAY", "parked, explain: only tips first seen on this day or later (2026-11-24, UTC)" },
	{ "until", 0, "DAY", "parked: only tips first seen on this day or earlier; recipients sign: the list's last day, "
			     "in 90 days unless given" },
	{ "state", 0, "STATE", "parked list: open (unless given), replaying, replayed, discarded or all" },
	{ "all", 0, NULL, "parked replay, discard: everything that is open" },
	{ "dry-run", 0, NULL, "parked replay, discard: show what would be done, do nothing" },
	{ "because", 0, "REASON", "parked discard, replay: why; kept for ever, so without a word of the tip" },
	{ "by", 0, "NAME", "parked discard, replay; keys: whose decision it is; kept for ever" },
	{ "limit", 0, "N", "at most so many rows or records; 0, as when it is not given: all" },
	{ "sealed", 0, NULL, "cases show: write the case as it is sealed to its teams, an age file" },
	{ "contact", 0, NULL, "cases show: write the contact details as they are sealed to the custodian, an age file" },
	{ "store", 0, "FILE", "another store than the configuration's" },
	{ "bus-key", 0, "FOLDER", "explain: the bus keys that the caller holds (as keys.bus of a stage)" },
	{ "identity", 'i', "FILE",
	  "explain: the identity of the caller's team; age open: whose file it is; may be repeated" },
	{ "recipient", 'r', "RECIPIENT", "age seal: a public key, age1…, 8 in all; keys rotate team: the team's new one" },
	{ "recipients-file", 'R', "FILE", "age seal: a file of public keys, one a line; may be repeated" },
	{ "interval", 0, "TIME", "top: how often, 100ms to 60m; 2s unless given" },
	{ "count", 0, "N", "top: end after so many pictures" },
	{ "markers", 0, "FILE", "canary tip: where the markers are written; canary search: the markers to look for" },
	{ "pid", 0, "LIST", "canary search: processes to look into, by id, or none; unless given, all daemons" },
	{ "staff", 0, "FILE", "register build: the staff of each team, YAML" },
	{ "linkage", 0, "FILE", "register build: the linkage key" },
	{ "out", 0, "FOLDER", "register build: where TEAM.register files go" },
	{ "root", 0, "FILE", "recipients sign: the root key, root.key; recipients show, check: its public half, root.pub" },
	{ "request", 0, "FILE", "recipients sign: sign what this file asks for, a list without a signature" },
	{ "triage", 0, "RECIPIENT", "recipients sign: another triage key, age1… or a file with it" },
	{ "recovery", 0, "RECIPIENT", "recipients sign: another recovery key" },
	{ "custodian", 0, "RECIPIENT", "recipients sign: another custodian's key" },
	{ "epoch", 0, "N", "recipients sign: the list's epoch, one more than before unless given; keys retire, confirm, "
	  "destroy: which" },
	{ "from", 0, "DAY", "recipients sign: the list's first day; unless given yesterday, since clocks differ" },
	{ "within", 0, "DAYS", "recipients show, check, keys check: what ends in fewer days than this is expiring (14)" },
	{ "keys", 0, "FOLDER", "keys: another folder of keys than the configuration's" },
	{ "public", 0, NULL, "keys export: the public halves; nothing else is ever exported" },
	{ "operator", 0, "FILE", "keys confirm: the operator's own key" },
	{ "wait", 0, "SECONDS", "keys add, rotate, retire, revoke: how long daemons may take to take a key up (30)" },
	{ "unasked", 0, NULL, "keys add, rotate, retire, revoke: go on without the word of daemons that cannot be asked; "
	  "keys destroy: without asking the broker for parked tips" },
	{ "teams", 0, "LIST", "keys init: team names, separated by commas" },
	{ "adapters", 0, "LIST", "keys init: NAME:ID:CHANNEL+CHANNEL, separated by commas" },
	PROGRAM_OPTIONS_END
};

static void write_each(struct buf *out, const char *word)
{
	buf_printf(out, "%s%s", out->len && out->data[out->len - 1] != '"' ? " " : "", word);
}

static void write_reasons(struct buf *out)
{
	for (size_t i = 0; i < n_reasons; i++)
		write_each(out, reasons[i].code);
}

static void write_stages(struct buf *out)
{
	for (const struct topic_reader *reader = topic_readers; reader->stage; reader++)
		write_each(out, reader->stage);
}

static void write_states(struct buf *out)
{
	for (size_t i = 0; i < N_PARKED_STATES; i++)
		write_each(out, parked_state_names[i]);
	write_each(out, "all");
}

static void write_outcomes(struct buf *out)
{
	for (size_t i = 0; i < N_OUTCOMES; i++)
		write_each(out, outcome_names[i]);
}

static const struct program_words words[] = { { "reason", write_reasons },
					      { "stage", write_stages },
					      { "state", write_states },
					      { "outcome", write_outcomes },
					      { NULL, NULL } };

/* The grammar, as completion and help need it. */
static size_t list_commands(struct program_command *out, size_t max)
{
	size_t n = 0;

	for (const struct ctl_command *row = ctl_commands; row->words && n < max; row++, n++)
		out[n] = (struct program_command){
			.words = row->words, .options = row->options, .help = row->help,
			.files = strstr(row->operands, "FOLDER") || strstr(row->operands, "RECEIPTS") ||
				 strstr(row->operands, "CONFIRMATION"),
			.needs_conf = row->needs & CTL_CONF,
		};
	return n;
}

const struct program ctl_program = {
	.name = "tipctl",
	.section = "1",
	.summary = "look at and run a tipline pipeline, without being able to read a tip",
	.synopsis =
		"status\n"
		"top [--interval TIME] [--count N]\n"
		"cases list [--team TEAM] [--outcome OUTCOME] [--limit N] [--store FILE]\n"
		"cases tips [--team TEAM] [--outcome OUTCOME] [--limit N] [--store FILE]\n"
		"cases show ID [--sealed|--contact] [--store FILE]\n"
		"cases summary [--store FILE]\n"
		"parked list [TIP ...] [--reason CODE] [--stage STAGE] [--since DAY] [--until DAY] [--state STATE] "
		"[--limit N]\n"
		"parked show TIP\n"
		"parked replay [TIP ...] [--reason CODE] [--stage STAGE] [--since DAY] [--until DAY] [--limit N] [--all] "
		"[--dry-run] [--by NAME] [--because REASON]\n"
		"parked discard --because REASON --by NAME [TIP ...] [--reason CODE] [--stage STAGE] [--since DAY] "
		"[--until DAY] [--limit N] [--all] [--dry-run]\n"
		"store copy FILE [--store FILE]\n"
		"parked release\n"
		"explain TIP [--store FILE] [--bus-key FOLDER] [--identity FILE [--team TEAM]] [--since DAY]\n"
		"reconcile [RECEIPTS ...] [--store FILE]\n"
		"canary tip --markers FILE\n"
		"canary search --markers FILE [--pid LIST] [FILE|FOLDER|- ...]\n"
		"age seal -r RECIPIENT ... [-R FILE ...]\n"
		"age open -i FILE ...\n"
		"config check [FILE|FOLDER ...]\n"
		"topics create\n"
		"topics check\n"
		"formats keys|reasons|tip|topics\n"
		"keys init FOLDER [--teams LIST] [--adapters LIST]\n"
		"keys list [--keys FOLDER]\n"
		"keys check [--keys FOLDER] [--within DAYS]\n"
		"keys export --public [--keys FOLDER]\n"
		"keys add adapter NAME[:ID]:CHANNEL+CHANNEL [--by NAME] [--wait SECONDS] [--unasked]\n"
		"keys rotate triage|bus|linkage|adapter NAME|team NAME [-r RECIPIENT] [--by NAME] [--wait SECONDS] "
		"[--unasked]\n"
		"keys retire triage|bus|adapter|operator [NAME] [--epoch N]\n"
		"keys revoke adapter NAME\n"
		"keys operator NAME\n"
		"keys confirm FILE [triage|recovery|bus ...] --epoch N --operator FILE\n"
		"keys destroy CONFIRMATION CONFIRMATION [triage|recovery|bus ...] --epoch N [--unasked]\n"
		"recipients root FOLDER\n"
		"recipients sign FILE --root FILE [--request FILE] [--triage RECIPIENT] [--recovery RECIPIENT] "
		"[--custodian RECIPIENT] [--epoch N] [--from DAY] [--until DAY]\n"
		"recipients show FILE [--root FILE] [--within DAYS]\n"
		"recipients check FILE --root FILE [--within DAYS]\n"
		"register build --staff FILE --linkage FILE --out FOLDER",
	.description =
		"tipctl is the operators' tool. It shows queues, parked records, cases and the count of all "
		"tips, and prepares topics, keys and staff registers. It opens no tip: what it shows are ids, "
		"days, outcomes, teams and numbers.\n"
		"\n"
		"Commands:\n"
		"\n"
		"topics create: makes every topic that is missing, with its settings. What is there already stays as "
		"it is.\n"
		"\n"
		"topics check: compares what the broker has with what it should have; status 1 when they differ.\n"
		"\n"
		"keys init FOLDER: makes the keys of a whole site (--teams, --adapters). Take each key to "
		"whom it belongs and the offline ones off the machine.\n"
		"\n"
		"keys list: the inventory of the folder of keys (--keys, or `keys` in the configuration): kind, epoch, "
		"state, fingerprint, days, who holds it, what it opens, and every copy that tipctl made. Never a secret.\n"
		"\n"
		"keys check: whether each copy is there, whole, its owner's alone and the key of the inventory; whether keys "
		"that belong elsewhere still lie here; what is to be rotated within --within days (14); whether each stage "
		"that is configured beside tipctl has the keys it will need; whether the audit log, keys.log, is whole; and "
		"whether the list of recipients holds, and for how long. Status 1 when there is a finding, each with what to "
		"do.\n"
		"\n"
		"keys export --public: the public keys in use, to hand out.\n"
		"\n"
		"keys add adapter: makes the two pairs of keys of another adapter and lists it, with its channels, for gateway "
		"and classify, which take the list up by themselves; then it may submit. Without ID it has the next free "
		"number. Neither a name nor a number is given twice, those of a revoked adapter included: `keys rotate "
		"adapter` takes that one back. It prints the files to bring to the adapter's machine, and the line of its "
		"configuration. One that was interrupted goes on when it is run again.\n"
		"\n"
		"keys rotate: makes a new key and brings it to all who hold it, while everything runs: it writes the "
		"copies of the daemons whose configurations lie beside tipctl's, waits (--wait) until each daemon's "
		"/status names the new key, and only then has it used. One that was interrupted goes on when it is run "
		"again. For triage it ends with a list of recipients for the root key to sign, and goes on from the signed "
		"one. A team may make its own key and hand over the public half (-r). The older key opens, or is accepted, "
		"until it is retired. What was done stands in keys.log, in the name of --by or of who is logged in.\n"
		"\n"
		"keys retire: takes an older bus or triage key from the daemons and keeps it in the folder retired; for an "
		"adapter, no longer takes what it signed with its former key; for an operator, no longer takes his "
		"confirmations.\n"
		"\n"
		"keys revoke adapter: takes nothing of an adapter any more, from its next message on.\n"
		"\n"
		"keys operator NAME: makes an operator's key. The first two count at once; one that is made later counts "
		"after seven days, so that nobody makes himself the second person unseen.\n"
		"\n"
		"keys confirm FILE: an operator signs, with his own key (--operator), that an epoch is to be destroyed, or of "
		"its keys those of the kinds behind FILE alone; it names the keys by fingerprint, is shown, and holds for "
		"seven days.\n"
		"\n"
		"keys destroy: with confirmations of two operators, overwrites and unlinks every copy of the triage, recovery "
		"and bus keys of a retired epoch (--epoch), or of the kinds that are named: exactly what both confirmed. One "
		"that was interrupted, or waits for the recovery key, is run again with the same confirmations: status 1 while "
		"a key is not here. Nobody opens what was sealed under them any more, in Kafka, spools, stores or backups; so "
		"it is refused while a tip is parked for want of such a key. Cases that were sealed to teams stay readable by "
		"the teams, contact details by the custodian (tipline-keys(7)).\n"
		"\n"
		"recipients root: makes root.key and root.pub in a folder that is there. keys init makes them too, but a root "
		"key that was never on a connected machine is better: make it offline and sign the first list there.\n"
		"\n"
		"recipients sign: writes the signed list of whom intake seals tips to (tipline-recipients(5)), where the root "
		"key is: on a machine that is never connected. FILE is the list in force: it is replaced by one with "
		"the next epoch, valid for 90 days (--from, --until), with the same keys or those of --triage, "
		"--recovery and --custodian. With --request it signs what a file without a signature asks for. A first list "
		"needs all three keys. An epoch that is not higher than that of FILE is refused. Put the new list in "
		"place of keys.recipients of each gateway, by a rename: it hands the list to adapters within a second, and "
		"they go on without a restart. Renew in time: adapters refuse a list that has expired.\n"
		"\n"
		"recipients show: a list's epoch, days, keys and fingerprints, and with --root whether the root key signed "
		"it.\n"
		"\n"
		"recipients check: the same, for a timer: status 0 while the list is signed by the root key and valid for "
		"the next --within days (14), 1 when it is expiring, expired, not valid yet or not signed so.\n"
		"\n"
		"register build: turns the staff of each team (--staff) into keyed tokens under the linkage "
		"key (--linkage), one file a team in the folder --out. The tokens show no name; route "
		"compares them with those of tips.\n"
		"\n"
		"config check [FILE|FOLDER ...]: checks the configuration of all programs together; without an "
		"operand the folder of --config. Each file is checked by its program (which is told by its name, "
		"route.yaml, by a first line \"# program: tipline-route\", or by an adapter's keys), then all "
		"against each other: the same brokers, no port or written file used twice, tipctl's addresses and "
		"store, bus keys and their epochs, the registers' linkage key, adapters' keys and the list, the "
		"triage key that is sealed to. Every finding names file and line and says what to do; status 78 "
		"when there is one. Nothing is started.\n"
		"\n"
		"canary tip: writes a tip to standard output with a marker, a word never met before, in every field that "
		"holds text, and the markers to a new file (--markers), each under the name of its field. Submit it as any "
		"tip.\n"
		"\n"
		"canary search: looks for the markers of a file (a line \"name: marker\" each, of 12 to 200 bytes "
		"and at least 6 characters) wherever a tip must not be readable: in the stores, indices, spools "
		"and suspects that the configurations in the folder of --config name, with SQLite's -wal, -shm and "
		"-journal; in the answers of the daemons; in files and folders that are named here, with all below them "
		"and their names, and in standard input (-): name Kafka's log.dirs, logs, backups; and in each daemon's "
		"environ, cmdline, maps, open files (deleted ones too) and writable memory, or in the processes of "
		"--pid. Each is looked for as UTF-8, also in lower and upper case, UTF-16, percent-encoded, Base64 at "
		"each alignment, hexadecimal and with JSON's \\u escapes; of a marker of more than 16 bytes its last "
		"16. Compressed files are not unpacked. Daemons are searched when they are idle: while one works on a "
		"tip, the tip is in its memory. Memory can be read by root or with CAP_SYS_PTRACE alone. Shows where "
		"was searched and each hit by place, offset, encoding and the marker's name, never by content. Status "
		"0: no hit; 1: hits; 71: no hit, but something could not be searched.\n"
		"\n"
		"status: each stage: up, ready, records in, out, parked, lag in records and seconds; parked "
		"records and the days since the oldest was first seen. PARKED counts since the stage's start; in the row of "
		"tip.parked it is what is open now.\n"
		"\n"
		"top: the stages live, as they say themselves: what each takes in and gives out a second, records "
		"waiting (LAG), the age of the oldest of them, parked and CPU time; IN, OUT and PARKED count since "
		"its start. On a terminal it draws in place, fits its width and ends with q or Ctrl-C; elsewhere "
		"it writes a block of lines each --interval, or with --json a line. --count ends it. A stage "
		"that does not answer within 0.7 s shows as DOWN.\n"
		"\n"
		"parked list, parked show TIP: what could not go on, why, and what to do. The list has what is open; "
		"--state shows what was replayed or discarded, by whom and why.\n"
		"\n"
		"parked replay: puts parked records back on the topic they came from, as they were, once the reason is "
		"mended (a key brought, an adapter listed, a policy corrected, a release installed). Select by tip id, "
		"reason, stage and the day on which the tip was first seen; what is given must all hold; --all takes "
		"everything. --dry-run shows what would be done. Each record is put back once, also when two operators "
		"replay at the same time (the second waits, for 30 s at most) and when tipctl is killed in the middle: the "
		"next replay or discard first finds out what had been put back. After a kill it waits some 6 s until the "
		"broker has given up the one that died. A record that fails again is parked again, as a new entry with "
		"REPLAYS counted up. What is said at the end: selected, the open records that were chosen; replayed, those "
		"put back; settled, those of an earlier replay that was interrupted which turned out to stand on their topic "
		"already. A tip that was named and of which nothing parked matches is named, and ends with status 1 when "
		"the rest is done.\n"
		"\n"
		"parked discard: gives parked records up for good. --because and --by are needed and kept for ever on the "
		"topic parked.resolved, in the clear: say why without a word of the tip. The sealed record itself stays on "
		"tip.parked. A discarded tip counts as discarded in reconcile.\n"
		"\n"
		"parked release: runs on (tipline-release.service) and puts back by itself what was parked as key-unknown, or "
		"between stages as record-key, when the stage that parked it has taken up a key that it had not before. "
		"Nothing else is touched, and each record is put back once, as by parked replay; one that no key "
		"opens yet is parked again until the next key comes.\n"
		"\n"
		"cases list, cases tips, cases summary: cases, tips, and counts by team and outcome. What was stored last "
		"comes first, a case by its newest tip.\n"
		"\n"
		"cases show ID: one case or one tip with its links; --sealed writes the case for its teams to "
		"standard output, to be opened with `age -d -i TEAM.identity`; --contact the contact details "
		"for the custodian. That file is there for every tip and always of one size, so that nobody but the custodian "
		"sees whether somebody left details: it opens to a head of 8 bytes, the text and zero bytes, of a tip "
		"without details to the head and zero bytes.\n"
		"\n"
		"store copy FILE: writes a copy of the whole store, as it is at this moment, to a new file, while the sink "
		"goes on. Copying store.db itself is not enough: what was stored lately lies in store.db-wal. The copy is "
		"a store like the other (--store FILE shows it); cases in it are sealed, the rest is not, so seal it for "
		"where it is kept.\n"
		"\n"
		"explain TIP: what each stage decided about a tip, on which day, by which rule, and as what it "
		"ran: release, hash of its configuration (as it logs at its start), lexicon and policy. TIP is "
		"an id, or the first 6 or more digits of one. Looks through the topics, the parked records and "
		"the store, and says how far. Without a key it tells what is not sealed, but for teams and "
		"conflicts of interest. With --bus-key FOLDER, or with the --identity of a team it went to, it "
		"tells scores, evidence with the words matched, teams and reasons. --team also looks for the "
		"case in that team's topic. --since, a day before which the tip was not there, spares it older "
		"records; so does the store, when it has the tip. Status 1 when nothing has the tip. State passed means "
		"that every stage looked at has passed it on.\n"
		"\n"
		"formats keys|reasons|tip|topics: writes the manual page of a format or a list of codes, as roff.\n"
		"\n"
		"age seal, age open: standard input to standard output, of any size. age seal writes an age file (version 1, "
		"binary) that each recipient can open alone: 1 to 8 public keys, given with -r, or with -R as a file of one a "
		"line, where empty lines and those that begin with # are skipped. age open opens one, also in its text form, "
		"with the identities in the files given with -i (as age-keygen and keys init write them; several in one file "
		"are all tried; a file that others can read is refused). A file that is refused ends with status 65 and its "
		"reason code on standard error: age-header, age-mac, age-payload, age-armour or key-unknown "
		"(tipline-reasons(7)). Nothing is written that was not authenticated; but a large file is written while it is "
		"read, so of one that is damaged or cut further on, what stood before has been written: use the output only "
		"when the status is 0.\n"
		"\n"
		"reconcile [RECEIPTS ...]: compares, tip by tip, what was accepted (what tip.sealed holds, "
		"and what the receipts files of adapters say they were told) with what is stored, parked, "
		"discarded and in flight. Names every tip that is missing; status 1 when one is missing or stored twice. "
		"foreign counts records without a tip id, which no adapter of ours sent: a stage parks them.",
	.status_1 = "it looked, and something is not as it should be: topics check, keys check, keys destroy (a key "
		    "is not here), recipients check, reconcile, canary search, explain (nothing has the tip), "
		    "parked replay and parked discard (nothing parked is of a tip that was named)",
	.examples =
		"Where is everything?\n\n    tipctl --config tipctl.yaml status\n\n"
		"Open a case as its team does:\n\n"
		"    tipctl --config tipctl.yaml cases show TIP --sealed |\n"
		"        age -d -i corruption.identity\n\n"
		"Keep a copy of the store for two people, and open it again:\n\n"
		"    tipctl --config tipctl.yaml store copy copy.db\n"
		"    tipctl age seal -R office.recipients < copy.db > copy.db.age\n"
		"    tipctl age open -i office.identity < copy.db.age > copy.db\n\n"
		"A key was missing and is there now; look first, then put the tips back:\n\n"
		"    tipctl --config tipctl.yaml parked replay \\\n"
		"        --reason key-unknown --dry-run\n"
		"    tipctl --config tipctl.yaml parked replay --reason key-unknown\n\n"
		"Is a tip readable anywhere but in its case? (As root; the sealed case and its contact details are in the "
		"store and in Kafka.)\n\n"
		"    tipctl canary tip --markers canary.yaml |\n"
		"        tip-submit --config desk.yaml\n"
		"    tipctl --config tipctl.yaml canary search \\\n"
		"        --markers canary.yaml /var/lib/kafka /var/log\n"
		"    journalctl -o cat -u 'tipline-*' |\n"
		"        tipctl canary search --markers canary.yaml --pid none -\n\n"
		"Give up what a broken adapter sent in one week:\n\n"
		"    tipctl --config tipctl.yaml parked discard \\\n"
		"        --reason json-syntax --since 2026-11-16 --until 2026-11-22 \\\n"
		"        --because 'test records of desk A' --by 'J. Smith'\n",
	.options = options,
	.conf_tables = tables,
	.conf_optional = true,
	.secrets = true,
	.words = words,
	.commands = list_commands,
	.run = ctl_run,
};
