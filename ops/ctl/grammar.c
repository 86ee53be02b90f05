/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of tipctl: one row a command. What does not match is answered with what was possible.
 */
#include <stdio.h>
#include <string.h>

#include "ops/ctl/canary.h"
#include "ops/ctl/config_set.h"
#include "ops/ctl/ctl.h"
#include "ops/ctl/print.h"
#include "ops/ctl/selection.h"
#include "ops/runtime/log.h"
#include "ops/runtime/nearest.h"
#include "ops/runtime/program_command.h"
#include "ops/runtime/prose.h"
#include "schema/keys.h"
#include "schema/tip.h"

#define SELECTION "reason stage since until limit"

const struct ctl_command ctl_commands[] = {
	{ "topics create", "", 0, 0, CTL_CONF | CTL_KAFKA, ctl_topics_create, "make the topics that are missing", "" },
	{ "topics check", "", 0, 0, CTL_CONF | CTL_KAFKA, ctl_topics_check, "compare topics with the table", "" },
	{ "keys init", "FOLDER", 1, 1, 0, ctl_keys_init, "make the keys of a whole site", "teams adapters" },
	{ "keys list", "", 0, 0, 0, ctl_keys_list, "what keys there are, their state, fingerprint and holders",
	  "keys" },
	{ "keys check", "", 0, 0, 0, ctl_keys_check, "status 1 unless every key is where and as it should be", "keys "
	  "within" },
	{ "keys export", "", 0, 0, 0, ctl_keys_export, "the public keys (--public)", "keys public" },
	{ "keys add", "adapter NAME[:ID]:CHANNEL+CHANNEL", 2, 2, CTL_CONF, ctl_keys_add,
	  "another adapter, while everything runs", "keys by wait unasked" },
	{ "keys rotate", "triage|bus|linkage|team|adapter [NAME]", 1, 2, CTL_CONF, ctl_keys_rotate,
	  "a new key in place of an older one, while everything runs", "keys by recipient wait unasked" },
	{ "keys retire", "triage|bus|adapter|operator [NAME]", 1, 2, CTL_CONF, ctl_keys_retire,
	  "end the use of an older one", "keys by epoch wait unasked" },
	{ "keys revoke", "adapter NAME", 2, 2, CTL_CONF, ctl_keys_revoke, "take nothing of an adapter any more",
	  "keys by wait unasked" },
	{ "keys operator", "NAME", 1, 1, 0, ctl_keys_operator, "a key for an operator, to confirm with", "keys by" },
	{ "keys confirm", "FILE [KIND ...]", 1, 4, 0, ctl_keys_confirm,
	  "confirm that an epoch is to be destroyed",
	  "keys epoch operator" },
	{ "keys destroy", "CONFIRMATION CONFIRMATION [KIND ...]", 2, 5, 0, ctl_keys_destroy,
	  "destroy an epoch's keys, as two operators confirmed", "keys by epoch unasked" },
	{ "recipients root", "FOLDER", 1, 1, 0, ctl_recipients_root, "make a root key, where it is to stay", "" },
	{ "recipients sign", "FILE", 1, 1, 0, ctl_recipients_sign, "sign or renew the list of whom intake seals to",
	  "root request triage recovery custodian epoch from until" },
	{ "recipients show", "FILE", 1, 1, 0, ctl_recipients_show, "what such a list says, and whether it holds",
	  "root within" },
	{ "recipients check", "FILE", 1, 1, 0, ctl_recipients_check, "status 1 unless it is signed and valid for "
	  "some days",
	  "root within" },
	{ "register build", "", 0, 0, 0, ctl_register_build, "make keyed staff registers", "staff linkage out" },
	{ "config check", "[FILE|FOLDER ...]", 0, CONFIG_FILES_MAX, 0, ctl_config_check,
	  "check the configuration of all programs together", "" },
	{ "status", "", 0, 0, CTL_CONF | CTL_KAFKA_IF_THERE, ctl_status, "each stage: flow, lag, parked, ready", "" },
	{ "top", "", 0, 0, CTL_CONF, ctl_top, "the same, live: flow a second, lag, oldest, parked", "interval count" },
	{ "parked list", "[TIP ...]", 0, SELECTION_TIPS_MAX, CTL_CONF | CTL_KAFKA, ctl_parked_list,
	  "what could not go on", SELECTION " state" },
	{ "parked show", "TIP", 1, 1, CTL_CONF | CTL_KAFKA, ctl_parked_show, "one of them, why, and what to do", "" },
	{ "parked replay", "[TIP ...]", 0, SELECTION_TIPS_MAX, CTL_CONF | CTL_KAFKA, ctl_parked_replay,
	  "put them back where they came from", SELECTION " all dry-run by because" },
	{ "parked discard", "[TIP ...]", 0, SELECTION_TIPS_MAX, CTL_CONF | CTL_KAFKA, ctl_parked_discard,
	  "give them up, with --because and --by", SELECTION " all dry-run by because" },
	{ "parked release", "", 0, 0, CTL_CONF | CTL_KAFKA, ctl_parked_release,
	  "run on, and put back what waited for a key when the key comes", "" },
	{ "cases list", "", 0, 0, CTL_CONF | CTL_STORE, ctl_cases_list, "cases", "team outcome limit store" },
	{ "cases show", "ID", 1, 1, CTL_CONF | CTL_STORE, ctl_cases_show, "one case or tip [--sealed | --contact]",
	  "sealed contact store" },
	{ "cases tips", "", 0, 0, CTL_CONF | CTL_STORE, ctl_cases_tips, "tips with their case and outcome",
	  "team outcome limit store" },
	{ "cases summary", "", 0, 0, CTL_CONF | CTL_STORE, ctl_cases_summary, "counts by team and outcome", "store" },
	{ "store copy", "FILE", 1, 1, CTL_CONF | CTL_STORE, ctl_store_copy, "copy the whole store, while the sink runs",
	  "store" },
	{ "explain", "TIP", 1, 1, CTL_CONF | CTL_KAFKA_IF_THERE | CTL_STORE_IF_THERE, ctl_explain,
	  "what each stage decided about a tip, and by what", "store bus-key identity team since" },
	{ "canary tip", "", 0, 0, 0, ctl_canary_tip, "a tip with a marker in every field, for tip-submit", "markers" },
	{ "canary search", "[FILE|FOLDER|- ...]", 0, 10000, 0, ctl_canary_search,
	  "look for the markers wherever they must not be", "markers pid" },
	{ "age seal", "", 0, 0, 0, ctl_age_seal, "seal standard input to recipients, as an age file",
	  "recipient recipients-file" },
	{ "age open", "", 0, 0, 0, ctl_age_open, "open an age file with an identity, to standard output", "identity" },
	{ "formats", "keys|reasons|tip|topics", 1, 1, 0, ctl_formats, "the manual page of a format or a list of codes",
	  "" },
	{ "reconcile", "[RECEIPTS ...]", 0, 10000, CTL_CONF | CTL_KAFKA | CTL_STORE, ctl_reconcile,
	  "accepted = stored + parked + discarded + in flight, tip by tip", "store" },
	{ NULL, NULL, 0, 0, 0, NULL, NULL, NULL }
};

#define LIST_INDENT 2

static bool begins_commands(const char *word)
{
	for (const struct ctl_command *row = ctl_commands; row->words; row++)
		if (strcspn(row->words, " ") == strlen(word) && strncmp(word, row->words, strlen(word)) == 0)
			return true;
	return false;
}

/* Names what was typed, and the command that was most likely meant; what follows is the list. */
static void say_nearest(int argc, const char *const *argv)
{
	struct buf typed = BUF_INIT, shown = BUF_INIT;
	struct nearest near;

	for (int i = 0; i < argc && i < 2; i++)
		buf_printf(&typed, "%s%.32s", i ? " " : "", argv[i]);
	near = nearest_to(buf_text(&typed));
	for (const struct ctl_command *row = ctl_commands; row->words; row++)
		nearest_offer(&near, row->words);
	buf_append_json(&shown, typed.data ? (const char *)typed.data : "", typed.len);
	if (!argc)
		fputs("tipctl: which command? Possible are\n", stderr);
	else if (argc == 1 && begins_commands(argv[0]))
		fprintf(stderr, "tipctl: %s what? Possible are\n", argv[0]);
	else if (near.best)
		fprintf(stderr, "tipctl: no such command: %s; did you mean `%s`? Possible are\n", buf_text(&shown),
			near.best);
	else
		fprintf(stderr, "tipctl: no such command: %s. Possible are\n", buf_text(&shown));
	buf_release(&typed);
	buf_release(&shown);
}

/* A command, its operands, and in a column of their own the few words that tell of it. */
static void list_one(struct buf *out, const struct ctl_command *row, int column)
{
	struct buf help = BUF_INIT;
	const size_t start = out->len;

	buf_printf(out, "%*s%s%s%s", LIST_INDENT, "", row->words, *row->operands ? " " : "", row->operands);
	prose_wrap(&help, column, row->help);
	buf_append_str(out, buf_text(&help) + (out->len - start));
	buf_release(&help);
}

static int list_column(void)
{
	size_t widest = 0;

	for (const struct ctl_command *row = ctl_commands; row->words; row++) {
		size_t len = strlen(row->words) + 1 + strlen(row->operands);

		widest = len > widest ? len : widest;
	}
	return LIST_INDENT + (int)widest + 2;
}

/* Returns the exit status: what was possible has been said, no more is needed. */
static int usage(int argc, const char *const *argv)
{
	const int column = list_column();
	struct buf list = BUF_INIT;
	bool related = false;

	say_nearest(argc, argv);
	for (int pass = 0; pass < 2 && !related; pass++) {
		for (const struct ctl_command *row = ctl_commands; row->words; row++) {
			size_t len = strcspn(row->words, " ");
			bool first = argc && strlen(argv[0]) == len && strncmp(argv[0], row->words, len) == 0;

			if (pass == 0 && !first)
				continue;
			related = true;
			list_one(&list, row, column);
		}
	}
	fputs(buf_text(&list), stderr);
	buf_release(&list);
	return err_exit_status(&(struct err){ .kind = ERR_USAGE });
}

static const struct ctl_command *find(int argc, const char *const *argv, int *taken)
{
	for (const struct ctl_command *row = ctl_commands; row->words; row++) {
		*taken = program_words_match(row->words, argc, argv);
		if (*taken)
			return row;
	}
	return NULL;
}

static int open_needs(struct ctl *ctl, const struct ctl_command *row, struct err *err)
{
	const char *path;

	if (!(row->needs & CTL_CONF))
		return 0;
	if (!ctl->conf)
		return err_set(err, ERR_USAGE, "bad-value", "`tipctl %s` needs --config FILE", row->words);
	if (row->needs & CTL_KAFKA &&
	    kafka_admin_open(&ctl->kafka, ctl->conf, (int)conf_int(ctl->conf, "timeout"), err) < 0)
		return -1;
	if (row->needs & CTL_KAFKA_IF_THERE &&
	    kafka_admin_open(&ctl->kafka, ctl->conf, (int)conf_int(ctl->conf, "timeout"), &ctl->no_kafka) < 0)
		ctl->kafka = NULL;
	if (!(row->needs & (CTL_STORE | CTL_STORE_IF_THERE)))
		return 0;
	path = program_value(ctl->call, "store", conf_str(ctl->conf, "store"));
	if (row->needs & CTL_STORE_IF_THERE) {
		if (*path && store_open(&ctl->store, path, STORE_READ, NULL) < 0)
			ctl->store = NULL;
		return 0;
	}
	if (!*path)
		return err_set(err, ERR_CONFIG, NULL, "`tipctl %s` needs the key `store`", row->words);
	return store_open(&ctl->store, path, STORE_READ, err);
}

static int wrong_operands(const struct ctl *ctl, const struct ctl_command *row, struct err *err)
{
	const char *blank = *row->operands ? " " : "";

	if (ctl->argc > row->max_args)
		return err_set(err, ERR_USAGE, "bad-value", "\"%.64s\" is more than it takes; usage: tipctl %s%s%s",
			       ctl->argv[row->max_args], row->words, blank, row->operands);
	return err_set(err, ERR_USAGE, "bad-value", "usage: tipctl %s%s%s", row->words, blank, row->operands);
}

int ctl_run(const struct program_call *call, struct err *err)
{
	struct ctl ctl = { .call = call, .conf = call->conf, .json = program_given(call, "json") };
	struct ctl_output out = { 0 };
	const struct ctl_command *row;
	int taken, result;

	row = find(call->argc, call->argv, &taken);
	if (!row)
		return usage(call->argc, call->argv);
	ctl.argc = call->argc - taken;
	ctl.argv = call->argv + taken;
	if (ctl.argc < row->min_args || ctl.argc > row->max_args)
		return wrong_operands(&ctl, row, err);
	if (!program_given(call, "log-level"))
		/* the command's own error says it; the client's remarks are noise here */
		log_set_level(LOG_LEVEL_ERROR);
	tip_begin();
	result = open_needs(&ctl, row, err);
	if (result == 0)
		result = row->run(&ctl, &out, err);
	if (result == 0 && !out.written)
		ctl_print(&out, ctl.json);
	json_decref(out.value);
	json_decref(out.remarks);
	store_close(ctl.store);
	if (ctl.kafka)
		kafka_admin_close(ctl.kafka);
	return result < 0 ? -1 : out.status;
}
