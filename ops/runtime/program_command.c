/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/program_command.h"

#include "ops/runtime/program_help.h"
#include "ops/runtime/prose.h"

void program_commands_list(struct program_commands *commands, const struct program *program)
{
	commands->n = program->commands ? program->commands(commands->items, PROGRAM_COMMANDS_MAX) : 0;
}

int program_words_match(const char *words, int argc, const char *const *argv)
{
	int n = 0;

	while (*words) {
		size_t len = strcspn(words, " ");

		if (n >= argc || strlen(argv[n]) != len || strncmp(argv[n], words, len) != 0)
			return 0;
		n++;
		words += len;
		words += strspn(words, " ");
	}
	return n;
}

bool program_command_takes(const struct program_command *command, const char *option)
{
	for (const char *list = command->options; *list;) {
		size_t len = strcspn(list, " ");

		if (len == strlen(option) && strncmp(list, option, len) == 0)
			return true;
		list += len + (list[len] == ' ');
	}
	return false;
}

bool program_commands_claim(const struct program_commands *commands, const char *option)
{
	for (size_t i = 0; i < commands->n; i++)
		if (program_command_takes(&commands->items[i], option))
			return true;
	return false;
}

static const struct program_command *find(const struct program_commands *commands, const struct command_line *line)
{
	for (size_t i = 0; i < commands->n; i++)
		if (program_words_match(commands->items[i].words, line->n_operands, line->operands))
			return &commands->items[i];
	return NULL;
}

static int foreign(const struct program_commands *commands, const struct program_command *command, const char *option,
		   const char *program, struct err *err)
{
	struct buf takers = BUF_INIT;

	for (size_t i = 0; i < commands->n; i++)
		if (program_command_takes(&commands->items[i], option))
			buf_printf(&takers, "%s`%s`", takers.len ? ", " : "", commands->items[i].words);
	err_set(err, ERR_USAGE, "bad-value", "`%s %s` takes no --%s; it goes with %s", program, command->words, option,
		buf_text(&takers));
	buf_release(&takers);
	return -1;
}

int program_command_check(const struct command_line *line, struct err *err)
{
	struct program_commands commands;
	const struct program_command *command;

	program_commands_list(&commands, line->program);
	command = find(&commands, line);
	for (size_t i = 0; command && i < line->n_options; i++) {
		const char *name = line->options[i].option->name;

		if (line->options[i].value && !program_command_takes(command, name) &&
		    program_commands_claim(&commands, name))
			return foreign(&commands, command, name, line->program->name, err);
	}
	return 0;
}

/* The synopsis' line of a command, into the emptied `way`. */
static void way_of(const struct program *program, const struct program_command *command, struct buf *way)
{
	const size_t len = strlen(command->words);

	buf_clear(way);
	buf_append_str(way, command->needs_conf ? "--config FILE " : "");
	for (const char *at = program->synopsis; *at;) {
		size_t line = strcspn(at, "\n");

		if (strncmp(at, command->words, len) == 0 && (at[len] == ' ' || at[len] == '\n' || !at[len])) {
			buf_append(way, at, line);
			return;
		}
		at += line + (at[line] == '\n');
	}
	BUG("%s %s has no line in the synopsis", program->name, command->words);
}

/* Whether the words before a paragraph's colon ("box list, box show ID: …") name the command. */
static bool heads(const char *at, const char *colon, const char *words)
{
	const size_t len = strlen(words);

	while (at && at < colon) {
		if (strncmp(at, words, len) == 0 && at[len] && strchr(" ,:", at[len]))
			return true;
		at = strstr(at, ", ");
		at = at ? at + 2 : NULL;
	}
	return false;
}

/* The paragraph that tells of a command; empty when there is none. */
static void paragraph_of(const struct program *program, const struct program_command *command, struct buf *out)
{
	for (const char *at = program->description; *at;) {
		const char *end = strstr(at, "\n\n"), *colon = strchr(at, ':');
		size_t len = end ? (size_t)(end - at) : strlen(at);

		if (colon && colon < at + len && heads(at, colon, command->words)) {
			buf_append(out, at, len);
			return;
		}
		at += len + (end ? 2 : 0);
	}
}

static void write_usage(const struct program *program, const struct program_command *command, const char *head,
			struct buf *out)
{
	struct buf way = BUF_INIT;

	way_of(program, command, &way);
	program_way_write(out, head, program->name, buf_text(&way));
	buf_release(&way);
}

static void write_options(const struct command_line *line, const struct program_commands *commands,
			  const struct program_command *command, struct buf *out)
{
	struct buf others = BUF_INIT;
	const char *head = "\nOptions:\n";

	buf_append_str(&others, "Every command also takes");
	for (size_t i = 0; i < line->n_options; i++) {
		const struct program_option *option = line->options[i].option;

		if (program_command_takes(command, option->name)) {
			buf_append_str(out, head);
			program_option_write(option, out);
			head = "";
		} else if (!program_commands_claim(commands, option->name))
			buf_printf(&others, " --%s", option->name);
	}
	buf_append_byte(out, '\n');
	prose_wrap(out, 0, buf_text(&others));
	buf_release(&others);
}

static void write_help(const struct command_line *line, const struct program_commands *commands,
		       const struct program_command *command, struct buf *out)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "%s %s: %s", line->program->name, command->words, command->help);
	prose_wrap(out, 0, buf_text(&text));
	buf_clear(&text);
	buf_append_byte(out, '\n');
	write_usage(line->program, command, "usage: ", out);
	paragraph_of(line->program, command, &text);
	if (text.len) {
		buf_append_byte(out, '\n');
		prose_wrap(out, 0, buf_text(&text));
	}
	write_options(line, commands, command, out);
	buf_printf(out, "\"%s --help\" lists all commands and the keys of the configuration.\n", line->program->name);
	buf_release(&text);
}

/* Those whose first word was given. */
static bool write_family(const struct command_line *line, const struct program_commands *commands, struct buf *out)
{
	const char *first = line->n_operands ? line->operands[0] : "", *head = "usage: ";

	for (size_t i = 0; i < commands->n; i++) {
		const struct program_command *command = &commands->items[i];
		size_t len = strcspn(command->words, " ");

		if (len != strlen(first) || strncmp(command->words, first, len) != 0)
			continue;
		write_usage(line->program, command, head, out);
		head = "       ";
	}
	return head[0] == ' ';
}

bool program_command_usage(const struct command_line *line, struct buf *out)
{
	struct program_commands commands;
	const struct program_command *command;

	program_commands_list(&commands, line->program);
	command = find(&commands, line);
	if (!command)
		return false;
	write_usage(line->program, command, "usage: ", out);
	buf_printf(out, "\"%s %s --help\" says more.\n", line->program->name, command->words);
	return true;
}

/* The first words of all commands, in few lines: the whole synopsis would push the reason off the screen. */
bool program_commands_usage(const struct command_line *line, struct buf *out)
{
	struct program_commands commands;
	struct buf words = BUF_INIT;
	size_t last = 0;

	program_commands_list(&commands, line->program);
	if (!commands.n || write_family(line, &commands, out))
		return commands.n > 0;
	buf_append_str(&words, "commands:");
	for (size_t i = 0; i < commands.n; i++) {
		const char *first = commands.items[i].words;
		size_t len = strcspn(first, " ");

		if (i && len == last && strncmp(first, commands.items[i - 1].words, len) == 0)
			continue;
		last = len;
		buf_append_byte(&words, ' ');
		buf_append(&words, first, len);
	}
	buf_printf(out, "usage: %s COMMAND [OPTION ...]\n", line->program->name);
	prose_wrap(out, 0, buf_text(&words));
	buf_printf(out, "\"%s COMMAND --help\" says more of one, \"%s --help\" all.\n", line->program->name,
		   line->program->name);
	buf_release(&words);
	return true;
}

bool program_command_help(const struct command_line *line, struct buf *out)
{
	struct program_commands commands;
	const struct program_command *command;

	program_commands_list(&commands, line->program);
	command = find(&commands, line);
	if (command)
		write_help(line, &commands, command, out);
	else if (write_family(line, &commands, out))
		buf_append_str(out, "Each of them says more with --help.\n");
	return out->len > 0;
}
