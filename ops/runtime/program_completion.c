/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bash hands over the words in COMP_WORDS, with "=" as a word of its own. The script walks over what stands before the
 * cursor, keeps in `given` the operands (and so the command), and then offers values of the option before the cursor,
 * options, words of commands, or files.
 */
#include "ops/runtime/program_completion.h"

#include "ops/runtime/program_command.h"

static bool is_file(const char *value)
{
	return strcmp(value, "FILE") == 0 || strcmp(value, "FOLDER") == 0;
}

static void write_pattern(const struct program_option *option, struct buf *out)
{
	buf_printf(out, "--%s", option->name);
	if (option->letter)
		buf_printf(out, "|-%c", option->letter);
}

/* What follows an option that takes a value: its words, files, or nothing that could be guessed. */
static void write_value(const struct program *program, const struct program_option *option, struct buf *out)
{
	buf_append_str(out, "\t");
	write_pattern(option, out);
	if (strcmp(option->name, "log-level") == 0) {
		buf_append_str(out, ") words=\"debug info warn error\" ;;\n");
		return;
	}
	for (const struct program_words *row = program->words; row && row->option; row++) {
		if (strcmp(row->option, option->name) != 0)
			continue;
		buf_append_str(out, ") words=\"");
		row->write(out);
		buf_append_str(out, "\" ;;\n");
		return;
	}
	buf_append_str(out, is_file(option->value) ? ") files=1 ;;\n" : ") return ;;\n");
}

static void write_values(const struct command_line *line, struct buf *out)
{
	buf_append_str(out, "\tcase $before in\n");
	for (size_t i = 0; i < line->n_options; i++)
		if (line->options[i].option->value)
			write_value(line->program, line->options[i].option, out);
	buf_append_str(out, "\t*) value= ;;\n\tesac\n");
}

static void write_walk(const struct command_line *line, struct buf *out)
{
	bool first = true;

	buf_append_str(out, "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	for (size_t i = 0; i < line->n_options; i++) {
		if (!line->options[i].option->value)
			continue;
		buf_append_str(out, first ? "" : "|");
		first = false;
		write_pattern(line->options[i].option, out);
	}
	buf_append_str(out, ") [[ ${COMP_WORDS[i + 1]} == = ]] && ((i++)); ((i++)) ;;\n"
			    "\t\t-*) ;;\n\t\t*) given+=\"${COMP_WORDS[i]} \" ;;\n\t\tesac\n\tdone\n");
}

/* Options that some command claims are offered with that command alone. */
static void write_options(const struct command_line *line, const struct program_commands *all, struct buf *out)
{
	const struct program_command *commands = all->items;
	const size_t n = all->n;

	buf_append_str(out, "\t\twords=\"");
	for (size_t i = 0; i < line->n_options; i++)
		if (!program_commands_claim(all, line->options[i].option->name))
			buf_printf(out, " --%s", line->options[i].option->name);
	buf_append_str(out, "\"\n");
	if (n == 0)
		return;
	buf_append_str(out, "\t\tcase $given in\n");
	for (size_t i = 0; i < n; i++) {
		buf_printf(out, "\t\t\"%s \"*) words+=\"", commands[i].words);
		for (const char *list = commands[i].options; *list;) {
			size_t len = strcspn(list, " ");

			buf_printf(out, " --%.*s", (int)len, list);
			list += len + (list[len] == ' ');
		}
		buf_append_str(out, "\" ;;\n");
	}
	buf_append_str(out, "\t\tesac\n");
}

/* The words that may come next behind what was given, and the commands whose operands are files. */
static void write_operands(const struct program_command *commands, size_t n, struct buf *out)
{
	if (n == 0) {
		buf_append_str(out, "\t\tfiles=1\n");
		return;
	}
	buf_append_str(out, "\t\tcase $given in\n\t\t\"\") words=\"");
	for (size_t i = 0; i < n; i++) {
		size_t len = strcspn(commands[i].words, " ");

		if (i == 0 || strncmp(commands[i - 1].words, commands[i].words, len + 1) != 0)
			buf_printf(out, "%s%.*s", i ? " " : "", (int)len, commands[i].words);
	}
	buf_append_str(out, "\" ;;\n");
	for (size_t i = 0; i < n; i++) {
		const char *second = strchr(commands[i].words, ' ');

		if (commands[i].files)
			buf_printf(out, "\t\t\"%s \"*) files=1 ;;\n", commands[i].words);
		if (second)
			buf_printf(out, "\t\t\"%.*s\") words+=\" %s\" ;;&\n", (int)(second - commands[i].words) + 1,
				   commands[i].words, second + 1);
	}
	buf_append_str(out, "\t\tesac\n");
}

/* tip-submit becomes tip_submit. */
static void write_name(const char *name, struct buf *out)
{
	for (; *name; name++)
		buf_append_byte(out, *name == '-' ? '_' : (uint8_t)*name);
}

void program_completion(const struct command_line *line, struct buf *out)
{
	const struct program *program = line->program;
	struct program_commands commands;

	program_commands_list(&commands, program);
	buf_printf(out, "# bash completion for %s %s; `%s --completion` writes it\n_", program->name, TIPLINE_VERSION,
		   program->name);
	write_name(program->name, out);
	buf_append_str(out, "()\n{\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
			    "\tlocal given='' words='' files='' value=1 i\n\n\tCOMPREPLY=()\n"
			    "\tif [[ $cur == = ]]; then\n\t\tcur=\n"
			    "\telif [[ $before == = ]]; then\n\t\tbefore=${COMP_WORDS[COMP_CWORD - 2]}\n\tfi\n");
	write_values(line, out);
	write_walk(line, out);
	buf_append_str(out, "\tif [[ $value ]]; then\n\t\t:\n\telif [[ $cur == -* ]]; then\n");
	write_options(line, &commands, out);
	buf_append_str(out, "\telse\n");
	write_operands(commands.items, commands.n, out);
	buf_append_str(out, "\tfi\n\tif [[ $files ]]; then\n\t\tcompopt -o filenames 2>/dev/null\n"
			    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n\telse\n"
			    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n\tfi\n}\ncomplete -F _");
	write_name(program->name, out);
	buf_printf(out, " %s\n", program->name);
}
