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
		buf_printf(&text, "Text of up to %zu bytes.%s", field->max,
			   field->intake ? " Read at intake and never sealed with the body." : "");
		item(out, field->name, buf_text(&text));
	}
	buf_release(&text);
}

static void write_tip(struct buf *out)
{
	prose_roff_paragraphs(out, "A tip as a channel hands it to libtipline or tip-submit: one JSON object in UTF-8. "
				   "tip.schema.json says the same for validators. Members that are not listed are "
				   "refused, but for names that begin with x-, which are carried along as text. A key may "
				   "stand once; nesting, values and bytes are bounded.");
	heading(out, "MEMBERS");
	write_fields(out, tip_fields);
	item(out, "subjects", "A list of objects, one for each person the tip is about, with the members below.");
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

static const struct format {
	const char *word, *page, *section, *summary;
	void (*write)(struct buf *out);
} formats[] = {
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
	return err_set(err, ERR_USAGE, "bad-value", "there is no format \"%.40s\": reasons, tip or topics", ctl->argv[0]);
}
