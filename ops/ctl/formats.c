/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl formats: manual pages of what is defined by tables in C, so that a page never says another thing than the
 * program does. Other formats' pages come from the heads of their files (ops/deploy/format-page).
 */
#include <stdio.h>
#include <string.h>

#include "ops/ctl/ctl.h"
#include "ops/runtime/program_help.h"
#include "ops/runtime/prose.h"
#include "schema/keyring/keyring.h"
#include "schema/reason.h"
#include "schema/taxonomy.h"
#include "schema/tip.h"
#include "schema/tip_fields.h"
#include "schema/topics.h"

static void heading(struct buf *out, const char *text)
{
	buf_printf(out, ".SH %s\n", text);
}

static void item(struct buf *out, const char *term, const char *text)
{
	buf_append_str(out, ".TP\n\\fB");
	prose_roff(out, term);
	buf_append_str(out, "\\fR\n");
	prose_roff(out, text);
	buf_append_byte(out, '\n');
}

static void list(struct buf *out, const char *term, const char *const *names, size_t n)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "%s%s", i ? ", " : "", names[i]);
	item(out, term, buf_text(&text));
	buf_release(&text);
}

static void write_reasons(struct buf *out)
{
	struct buf text = BUF_INIT;

	prose_roff_paragraphs(out, "Why a record stands on tip.parked, or why a frame or tip was refused. A code keeps its "
				   "meaning for ever. `tipctl parked show TIP` says it of one record.");
	heading(out, "REASONS");
	for (size_t i = 0; i < n_reasons; i++) {
		buf_clear(&text);
		buf_printf(&text, "%s. What to do: %s.", reasons[i].means, reasons[i].todo);
		item(out, reasons[i].code, buf_text(&text));
	}
	buf_release(&text);
}

static void write_fields(struct buf *out, const struct tip_field *fields)
{
	struct buf text = BUF_INIT;

	for (const struct tip_field *field = fields; field->name; field++) {
		buf_clear(&text);
		buf_printf(&text, "%s %sext of up to %zu bytes", field->means, field->required ? "Required; t" : "T",
			   field->max);
		if (field->fallback)
			buf_printf(&text, "; %s when it is absent", field->fallback);
		buf_append_str(&text, ".");
		buf_append_str(&text, field->intake ? " Never sealed with the body." : "");
		item(out, field->name, buf_text(&text));
	}
	buf_release(&text);
}

static void write_tip(struct buf *out)
{
	prose_roff_paragraphs(out, "A tip as a channel hands it to libtipline or tip-submit: one JSON object in UTF-8. "
				   "tip.schema.json says the same for validators. Members that are not listed are "
				   "refused, but for names that begin with x-, which are dropped before the tip is "
				   "sealed: they are a channel's own notes. Null and empty members count as absent. A key "
				   "may stand once in an object; nesting goes 32 levels deep, with 10000 values at most.\n"
				   "\n"
				   "  {\"narrative\":\"PC 2214SN takes money from the scrap yard.\",\n"
				   "   \"channel\":\"web\",\"where\":\"Beddington\",\n"
				   "   \"subjects\":[{\"rank\":\"PC\",\"number\":\"2214SN\"}]}");
	heading(out, "MEMBERS");
	write_fields(out, tip_fields);
	item(out, "subjects", "Whom the tip is about, as far as known: a list of up to 64 objects with the members below.");
	heading(out, "MEMBERS OF A SUBJECT");
	write_fields(out, subject_fields);
	heading(out, "LISTS");
	list(out, "channel", channel_names, N_CHANNELS);
	list(out, "contact", contact_mode_names, N_CONTACT_MODES);
	heading(out, "CATEGORIES AND SUB-CODES");
	for (size_t i = 0; i < N_CATEGORIES; i++)
		list(out, category_names[i], category_subcodes[i], taxonomy_count(category_subcodes[i]));
}

static void write_topics(struct buf *out)
{
	struct buf text = BUF_INIT;

	prose_roff_paragraphs(out, "`tipctl topics create` makes these topics and `tipctl topics check` compares them. "
				   "A name that ends in a dot stands for one topic a team. "
				   "asyncapi.yaml describes keys, headers and values.");
	heading(out, "TOPICS");
	for (size_t i = 0; i < n_topics; i++) {
		buf_clear(&text);
		buf_printf(&text, "%s. Partitions: %d.", topics[i].what, topics[i].partitions);
		for (const struct topic_setting *s = topics[i].settings; s && s->name; s++)
			buf_printf(&text, " %s=%s", s->name, s->value);
		item(out, topics[i].name, buf_text(&text));
	}
	buf_release(&text);
}

static void write_rotating(struct buf *out)
{
	heading(out, "ROTATING");
	prose_roff_paragraphs(out,
		"Everything runs on meanwhile. `tipctl keys rotate` writes the new key to the daemons whose "
		"configurations lie beside tipctl's, waits until each says that it has it, and only then has it used. "
		"A daemon on another machine is brought its file by hand while tipctl waits, or before it is run "
		"again: a rotation that ended early goes on. Each daemon looks at its key files once a second; SIGHUP "
		"makes it look at once. Its /status names the keys in force, and says \"current\": false while a file "
		"cannot be read: then the keys it had stay in force.\n"
		"\n"
		"bus: `tipctl keys rotate bus`, then, without lag and nothing parked, `tipctl keys retire bus --epoch "
		"N`.\n"
		"\n"
		"triage: `tipctl keys rotate triage` gives classify the new identity and writes "
		"recipients.request.json. Sign it where the root key is (`tipctl recipients sign recipients.json "
		"--root root.key --request recipients.request.json`), put recipients.json back into the folder of "
		"keys, and run the rotation again. A new recovery key comes with it: take recovery.N.identity "
		"offline. Retire the old epoch when adapters' spools are empty: a tip that comes later is parked, and "
		"released by `tipctl parked release` when the key is put back.\n"
		"\n"
		"team: `tipctl keys rotate team NAME`; with -r the team keeps its secret to itself. The team keeps "
		"the old identity for its older cases.\n"
		"\n"
		"another adapter: `tipctl keys add adapter NAME:CHANNEL+CHANNEL` (NAME:ID:… for a number of your own; "
		"without it the next free one), then bring its machine what it names: NAME.sign, NAME.curve, "
		"gateway.curve.pub and root.pub for keys.sign, keys.curve, keys.gateway and keys.root, and the line "
		"with adapter.id and adapter.channel. Nothing is restarted. A name or number that ever was in use is not "
		"given again.\n"
		"\n"
		"adapter: `tipctl keys rotate adapter NAME`, bring the adapter its two files and start it again; "
		"`tipctl keys retire adapter NAME` when its spool is empty. `tipctl keys revoke adapter NAME` ends an "
		"adapter at once. To take it back, take its line `revoked: true` out of adapters.yaml in the folder of keys "
		"and rotate it at once: the keys that were revoked stay refused.\n"
		"\n"
		"linkage: `tipctl keys rotate linkage`. dedupe needs keys.relink. No link is lost.");
}

static void write_destroying(struct buf *out)
{
	heading(out, "DESTROYING");
	prose_roff_paragraphs(out,
		"`tipctl keys destroy` ends an epoch for good: once all copies of its triage, recovery and bus keys "
		"are gone, no tip of it opens from Kafka's folders, spools, dedupe's index, the store, or a backup of "
		"any of them. Two operators confirm it (`tipctl keys confirm`), each with the key that `tipctl keys "
		"operator` made for him; the first two count at once, any other after seven days. What both have signed "
		"is what is destroyed, key by key.\n"
		"\n"
		"Epochs of triage and bus are counted apart. Where they do not bear one number, or one of them is to stay, "
		"name the kinds, in the confirmations and in the command alike: `tipctl keys confirm FILE bus --epoch N "
		"--operator MY.sign`, `tipctl keys destroy ONE TWO bus --epoch N`; for a triage epoch `triage recovery`.\n"
		"\n"
		"In this order: rotate triage and retire the old epoch; wait until no lag is left; rotate bus and "
		"retire the old epoch; bring recovery.N.identity; confirm; destroy. A tip of an old triage epoch that "
		"passed under a later bus key stays readable with that one until tip.classified and tip.linked have "
		"let go of it, or it is destroyed too.\n"
		"\n"
		"What stays readable: cases that were sealed to teams, by the teams, and contact details, by the "
		"custodian. That is meant: a case is the team's from then on. Copies of key files that tipctl does "
		"not know, above all in backups of key folders, must be destroyed by whoever keeps them; keep no "
		"backup of triage and bus keys but the recovery key offline. Overwriting does not reach old blocks "
		"that an SSD or a copying file system keeps: keep the folder of keys on an encrypted disk, or in "
		"memory.");
}

static void write_keys(struct buf *out)
{
	struct buf text = BUF_INIT;

	prose_roff_paragraphs(out,
		"How an operator lives with the keys of a site: what each opens, who holds it, what its loss means, "
		"and how it is rotated, retired and destroyed. tipline-keys(5) has the files, tipctl(1) the commands. "
		"What is secret lies in files of mode 0600; the inventory keyring.yaml and the audit log keys.log, "
		"beside them, name keys by fingerprints alone.");
	heading(out, "KEYS");
	for (int kind = 0; kind < N_KEY_KINDS; kind++) {
		const struct key_kind_facts *facts = &key_kinds[kind];

		buf_clear(&text);
		buf_printf(&text, "Held by: %s. Opens: %s. ", facts->holders, facts->opens);
		if (facts->days)
			buf_printf(&text, "Rotate it every %d days. ", facts->days);
		buf_append_str(&text, facts->lost);
		item(out, facts->name, buf_text(&text));
	}
	write_rotating(out);
	write_destroying(out);
	buf_release(&text);
}

static const struct format {
	const char *word, *page, *section, *summary;
	void (*write)(struct buf *out);
} formats[] = {
	{ "keys", "tipline-keys", "7", "what each key opens, and how it is rotated and destroyed", write_keys },
	{ "reasons", "tipline-reasons", "7", "why a record was parked or refused", write_reasons },
	{ "tip", "tipline-tip", "5", "a tip as a channel hands it in", write_tip },
	{ "topics", "tipline-topics", "7", "the Kafka topics and their settings", write_topics },
};

int ctl_formats(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		const struct format *format = &formats[i];
		struct buf page = BUF_INIT;
		if (strcmp(format->word, ctl->argv[0]))
			continue;
		program_man_head(format->page, format->section, format->summary, &page);
		heading(&page, "DESCRIPTION");
		format->write(&page);
		heading(&page, "SEE ALSO");
		buf_append_str(&page, "\\fBtipctl\\fR(1)\n");
		fwrite(page.data, 1, page.len, stdout);
		buf_release(&page);
		out->written = true;
		return 0;
	}
	return err_set(err, ERR_USAGE, "bad-value", "there is no format \"%.40s\": keys, reasons, tip or topics",
		       ctl->argv[0]);
}
