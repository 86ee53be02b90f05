/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "ops/runtime/program_help.h"
#include "ops/runtime/prose.h"

#define HEADING(out, name) buf_append_str(out, ".SH " name "\n")

/* By section, then name, as manual pages have it. */
static const struct page {
	const char *name, *section;
} pages[] = {
	{ "tip-rehearse", "1" },
	{ "tip-submit", "1" },
	{ "tipctl", "1" },
	{ "tipline-bus", "5" },
	{ "tipline-frame", "5" },
	{ "tipline-keys", "5" },
	{ "tipline-lexicon", "5" },
	{ "tipline-policy", "5" },
	{ "tipline-register", "5" },
	{ "tipline-seal", "5" },
	{ "tipline-tip", "5" },
	{ "tipline-keys", "7" },
	{ "tipline-reasons", "7" },
	{ "tipline-tip1", "7" },
	{ "tipline-topics", "7" },
	{ "tipline-classify", "8" },
	{ "tipline-dedupe", "8" },
	{ "tipline-embedded-broker", "8" },
	{ "tipline-gateway", "8" },
	{ "tipline-route", "8" },
	{ "tipline-sink", "8" },
};

#define N_PAGES (sizeof(pages) / sizeof(pages[0]))

static void write_line(struct buf *out, const char *text)
{
	prose_roff(out, text);
	buf_append_byte(out, '\n');
}

static void write_bold(struct buf *out, const char *text)
{
	buf_append_str(out, "\\fB");
	prose_roff(out, text);
	buf_append_str(out, "\\fR");
}

static void write_synopsis(const struct program *program, struct buf *out)
{
	struct buf way = BUF_INIT;
	const char *rest = NULL, *head = "";

	HEADING(out, "SYNOPSIS");
	while (program_next_way(program, &rest, &way)) {
		buf_append_str(out, head);
		write_bold(out, program->name);
		write_line(out, buf_text(&way));
		head = ".br\n";
	}
	buf_release(&way);
}

static void write_option(const struct program_option *option, struct buf *out)
{
	buf_append_str(out, ".TP\n");
	if (option->letter)
		buf_printf(out, "\\fB\\-%c\\fR, ", option->letter);
	buf_append_str(out, "\\fB\\-\\-");
	prose_roff(out, option->name);
	buf_append_str(out, "\\fR");
	if (option->value) {
		buf_append_str(out, " \\fI");
		prose_roff(out, option->value);
		buf_append_str(out, "\\fR");
	}
	buf_append_byte(out, '\n');
	prose_roff_paragraphs(out, option->help);
}

static void write_see_also(const struct program *program, struct buf *out)
{
	bool first = true;

	HEADING(out, "SEE ALSO");
	for (size_t i = 0; i < N_PAGES; i++) {
		if (strcmp(pages[i].name, program->name) == 0)
			continue;
		if (!first)
			buf_append_str(out, ",\n");
		write_bold(out, pages[i].name);
		buf_printf(out, "(%s)", pages[i].section);
		first = false;
	}
	buf_append_byte(out, '\n');
}

void program_man_head(const char *name, const char *section, const char *summary, struct buf *out)
{
	buf_append_str(out, ".TH ");
	for (const char *c = name; *c; c++)
		buf_append_byte(out, (uint8_t)toupper((unsigned char)*c));
	buf_printf(out, " \"%s\" \"%s\" \"tipline %s\" \"tipline manual\"\n", section, TIPLINE_DATE, TIPLINE_VERSION);
	HEADING(out, "NAME");
	prose_roff(out, name);
	buf_append_str(out, " \\- ");
	write_line(out, summary);
}

static void write_exit_status(const struct program *program, struct buf *out)
{
	HEADING(out, "EXIT STATUS");
	for (const struct exit_meaning *m = program_exit_meanings; m->meaning; m++) {
		buf_printf(out, ".TP\n\\fB%d\\fR\n", m->status);
		write_line(out, m->meaning);
		if (m->status > 0 || !program->status_1)
			continue;
		buf_append_str(out, ".TP\n\\fB1\\fR\n");
		prose_roff_paragraphs(out, program->status_1);
	}
}

void program_man(const struct command_line *line, struct buf *out)
{
	const struct program *program = line->program;

	program_man_head(program->name, program->section, program->summary, out);
	write_synopsis(program, out);
	HEADING(out, "DESCRIPTION");
	prose_roff_paragraphs(out, program->description ? program->description : program->summary);
	HEADING(out, "OPTIONS");
	for (size_t i = 0; i < line->n_options; i++)
		write_option(line->options[i].option, out);
	if (program->conf_tables) {
		HEADING(out, "CONFIGURATION");
		prose_roff_paragraphs(out, "A YAML file. A dotted name such as a.b is key b under key a; a part * "
				      "stands for any name. Relative paths are relative to the folder of the "
				      "file. Keys that are not listed here are refused.");
		conf_describe_roff(program->conf_tables, out);
	}
	write_exit_status(program, out);
	if (program->examples) {
		HEADING(out, "EXAMPLES");
		prose_roff_paragraphs(out, program->examples);
	}
	write_see_also(program, out);
}
