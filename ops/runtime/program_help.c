/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/program_help.h"

#include "ops/runtime/program_command.h"
#include "ops/runtime/prose.h"

const struct exit_meaning program_exit_meanings[] = {
	{ 0, "it did what it was asked" },
	{ 64, "the command line is wrong" },
	{ 65, "the input is wrong and will never be right" },
	{ 69, "a service it needs is not there" },
	{ 70, "a bug in the program" },
	{ 71, "the operating system refused" },
	{ 75, "it may succeed when tried again" },
	{ 78, "the configuration or a key file is wrong" },
	{ 0, NULL }
};

bool program_next_way(const struct program *program, const char **rest, struct buf *way)
{
	const bool first = !*rest;
	size_t n;

	if (first)
		*rest = program->synopsis ? program->synopsis : "";
	if (!first && !**rest)
		return false;
	n = strcspn(*rest, "\n");
	buf_clear(way);
	if (program->conf_tables)
		buf_append_str(way, program->conf_optional ? " [--config FILE]" : " --config FILE");
	if (n)
		buf_printf(way, " %.*s", (int)n, *rest);
	*rest += n + ((*rest)[n] != '\0');
	return true;
}

#define UNBROKEN '\x1f' /* a blank at which no line breaks */

/* Blanks within brackets, and those between an option and its value ("--out FOLDER"). */
static void join_words(struct buf *text)
{
	int depth = 0;
	bool option = false; /* in a word that is one */

	for (size_t i = 0; i < text->len; i++) {
		uint8_t c = text->data[i], next = ' ';

		if (i + 1 < text->len)
			next = text->data[i + 1];
		depth += (c == '[') - (c == ']');
		if (c == '-' && next == '-' && (i == 0 || text->data[i - 1] == ' '))
			option = true;
		if (c != ' ')
			continue;
		if (depth > 0 || (option && next >= 'A' && next <= 'Z'))
			text->data[i] = UNBROKEN;
		option = false;
	}
}

static void part_words(struct buf *text)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->data[i] == UNBROKEN)
			text->data[i] = ' ';
}

void program_way_write(struct buf *out, const char *head, const char *program, const char *way)
{
	const int indent = (int)(strlen(head) + strlen(program) + 1);
	struct buf text = BUF_INIT, lines = BUF_INIT;

	buf_append_str(&text, way);
	join_words(&text);
	prose_wrap(&lines, indent, buf_text(&text));
	part_words(&lines);
	buf_printf(out, "%s%s %s", head, program, lines.len ? buf_text(&lines) + indent : "\n");
	buf_release(&text);
	buf_release(&lines);
}

static void write_synopsis(const struct program *program, struct buf *out)
{
	struct buf way = BUF_INIT;
	const char *rest = NULL, *head = "usage: ";

	while (program_next_way(program, &rest, &way)) {
		const char *text = buf_text(&way);

		program_way_write(out, head, program->name, text + (*text == ' '));
		head = "       ";
	}
	buf_release(&way);
}

void program_option_write(const struct program_option *option, struct buf *out)
{
	if (option->letter)
		buf_printf(out, "  -%c, ", option->letter);
	else
		buf_append_str(out, "      ");
	buf_printf(out, "--%s%s%s\n", option->name, option->value ? " " : "", option->value ? option->value : "");
	prose_wrap(out, 10, option->help);
}

void program_usage(const struct command_line *line, struct buf *out)
{
	struct buf options = BUF_INIT;

	if (program_command_usage(line, out) || program_commands_usage(line, out))
		return;
	write_synopsis(line->program, out);
	buf_append_str(&options, "options:");
	for (size_t i = 0; i < line->n_options; i++)
		buf_printf(&options, " --%s", line->options[i].option->name);
	prose_wrap(out, 0, buf_text(&options));
	buf_printf(out, "\"%s --help\" says more.\n", line->program->name);
	buf_release(&options);
}

static void write_exit_status(const struct program *program, struct buf *out)
{
	struct buf meaning = BUF_INIT;

	for (const struct exit_meaning *m = program_exit_meanings; m->meaning; m++) {
		buf_printf(out, "  %2d  %s\n", m->status, m->meaning);
		if (m->status > 0 || !program->status_1)
			continue;
		buf_clear(&meaning);
		prose_wrap(&meaning, 6, program->status_1);
		buf_printf(out, "   1  %s", buf_text(&meaning) + 6);
	}
	buf_release(&meaning);
}

void program_help(const struct command_line *line, struct buf *out)
{
	const struct program *program = line->program;
	struct buf title = BUF_INIT;

	if (program_command_help(line, out))
		return;
	buf_printf(&title, "%s: %s", program->name, program->summary);
	prose_wrap(out, 0, buf_text(&title));
	buf_release(&title);
	buf_append_byte(out, '\n');
	write_synopsis(program, out);
	buf_append_str(out, "\nOptions:\n");
	for (size_t i = 0; i < line->n_options; i++)
		program_option_write(line->options[i].option, out);
	if (program->conf_tables) {
		buf_append_str(out, "\nConfiguration (\"a.b\" is key b under key a; * is any name):\n");
		conf_describe(program->conf_tables, out);
	}
	if (program->examples) {
		buf_append_str(out, "\nExamples:\n");
		prose_wrap(out, 2, program->examples);
	}
	buf_append_str(out, "\nExit status:\n");
	write_exit_status(program, out);
}
