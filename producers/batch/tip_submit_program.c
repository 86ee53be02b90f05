/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of tip-submit. */
#include "producers/batch/adapter.h"
#include "producers/batch/tip_submit.h"
#include "producers/sdk/adapter_conf.h"

static const struct program_option options[] = {
	{ "dry-run", 'n', NULL, "check only; seal and send nothing" },
	{ "narrative", 0, "TEXT", "one tip from flags: what happened" },
	{ "channel", 0, "NAME", "web, phone, partner, batch or letter" },
	{ "where", 0, "TEXT", "where it happened" },
	{ "when", 0, "TEXT", "when it happened" },
	{ "relation", 0, "TEXT", "what the tipster is to those concerned" },
	{ "language", 0, "TAG", "language of the narrative" },
	{ "contact", 0, "MODE", "none, mailbox or details" },
	{ "contact-details", 0, "TEXT", "sealed to the contact custodian alone" },
	{ "tip-id", 0, "HEX", "32 hex digits, to send the same tip again" },
	{ "receipts", 0, "FILE", "append what became of each tip, as JSON lines" },
	{ "wait", 0, "SECONDS", "how long to wait for acknowledgements (60)" },
	{ "resume", 0, NULL, "give nothing new, submit what the spool holds" },
	{ "refused", 0, NULL, "with --resume: also what gateways refused earlier" },
	{ "json", 0, NULL, "one JSON object on standard output instead of a line a tip" },
	PROGRAM_OPTIONS_END
};

const struct program tip_submit_program = {
	.name = "tip-submit",
	.section = "1",
	.summary = "seal tips and submit them to the gateway",
	.synopsis = "[--dry-run] [--receipts FILE] [FILE ... | - | --narrative TEXT ... | --resume]",
	.description =
		"Reads tips as JSON documents, one a line, from files or standard input; a line may also hold the "
		"document as its member \"tip\". Or takes one tip from flags.\n"
		"\n"
		"Each tip is checked, sealed, signed and kept in the spool before the next is read, then submitted "
		"until the gateway has acknowledged it. For each line the program says whether it was accepted or "
		"why not, never what stood in it. What is not acknowledged in time stays in the spool for the next "
		"run.\n"
		"\n"
		"What the gateway refuses (bad-frame, say, when it does not know the key that signed) is kept sealed in a "
		"quarantine in the spool. When the gateway's side is mended, --resume --refused submits that as it is; a tip "
		"that was sealed with a wrong key or number of this adapter must be given again.\n"
		"\n"
		"What is given by flags stands in the process's command line, where any user of the machine can read it, "
		"until it is sealed; it is wiped then, but stays in the shell's history. Files and standard input leave no "
		"such trace.\n"
		"\n"
		"Tips are sealed to a list of recipients that the site's root key signed (keys.root). Without one that is "
		"valid today nothing is taken, and what waits in the spool is given to no gateway until it hands out a good "
		"list (tipline-recipients(5)).\n"
		"\n"
		"Exit status: 0 all accepted, 65 some refused, 69 the gateway refuses this adapter or its list of "
		"recipients is refused, 75 some still wait in the spool.",
	.examples = "  tip-submit --config adapter.yaml --receipts receipts.jsonl tips.jsonl\n"
		    "  tip-submit --config adapter.yaml \\\n"
		    "      --narrative 'PC 2214SN takes money from the scrap yard.'\n"
		    "  tip-submit --config adapter.yaml --resume",
	.options = options,
	.conf_tables = adapter_conf_tables,
	.conf_optional = true,
	.secrets = true,
	.check = adapter_check,
	.run = tip_submit_run,
};
