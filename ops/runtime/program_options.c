/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/runtime/program_options.h"

#include "ops/runtime/nearest.h"

static const struct program_option conf_options[] = {
	{ "config", 'c', "FILE", "the configuration (YAML)" },
	{ "example", 0, NULL, "print a configuration to begin with: every key, what it means and its default" },
	PROGRAM_OPTIONS_END
};

static const struct program_option check_options[] = {
	{ "check", 0, NULL, "load and validate everything the program would use, start nothing" },
	PROGRAM_OPTIONS_END
};

static const struct program_option common_options[] = {
	{ "log-level", 0, "LEVEL", "debug, info, warn or error: what to log at least; info unless given" },
	{ "help", 'h', NULL, "print this help" },
	{ "version", 'V', NULL, "print name and version" },
	{ "man", 0, NULL, "print the manual page as roff (man -l reads it)" },
	{ "completion", 0, NULL, "print what bash needs to complete the command line" },
	PROGRAM_OPTIONS_END
};

static struct given_option *find_long(struct command_line *line, const char *name, size_t len)
{
	for (size_t i = 0; i < line->n_options; i++) {
		const char *own = line->options[i].option->name;

		if (strlen(own) == len && memcmp(own, name, len) == 0)
			return &line->options[i];
	}
	return NULL;
}

static struct given_option *find_letter(struct command_line *line, char letter)
{
	for (size_t i = 0; i < line->n_options; i++) {
		if (line->options[i].option->letter == letter)
			return &line->options[i];
	}
	return NULL;
}

/* A program's own option stands in front of a common one of the same name or letter. */
static void add_options(struct command_line *line, const struct program_option *options)
{
	for (; options && options->name; options++) {
		if (find_long(line, options->name, strlen(options->name)))
			continue;
		if (line->n_options == PROGRAM_OPTIONS_MAX)
			BUG("more than %d options", PROGRAM_OPTIONS_MAX);
		line->options[line->n_options++] = (struct given_option){ options, NULL };
	}
}

void command_line_init(struct command_line *line, const struct program *program)
{
	memset(line, 0, sizeof(*line));
	line->program = program;
	add_options(line, program->options);
	if (program->conf_tables)
		add_options(line, conf_options);
	if (program->conf_tables || program->check)
		add_options(line, check_options);
	add_options(line, common_options);
}

void command_line_release(struct command_line *line)
{
	free(line->operands);
	free(line->occurrences);
	line->operands = NULL;
	line->occurrences = NULL;
}

static int no_such_option(const struct command_line *line, const char *name, size_t len, struct err *err)
{
	char word[64];
	struct nearest near;

	snprintf(word, sizeof(word), "%.*s", (int)(len < sizeof(word) ? len : sizeof(word)), name);
	near = nearest_to(word);
	for (size_t i = 0; i < line->n_options; i++)
		nearest_offer(&near, line->options[i].option->name);
	if (near.best)
		return err_set(err, ERR_USAGE, NULL, "there is no option --%s; did you mean --%s?", word, near.best);
	return err_set(err, ERR_USAGE, NULL, "there is no option --%s", word);
}

static void note(struct command_line *line, const struct given_option *given)
{
	line->occurrences[line->n_occurrences++] = (struct occurrence){ given->option, given->value };
}

/* --name, --name=value, --name value. Returns how many arguments it took. */
static int read_long(struct command_line *line, char **argv, struct err *err)
{
	const char *name = argv[0] + 2, *equals = strchr(name, '=');
	const size_t len = equals ? (size_t)(equals - name) : strlen(name);
	struct given_option *given = find_long(line, name, len);

	if (!given)
		return no_such_option(line, name, len, err);
	if (!given->option->value && equals)
		return err_set(err, ERR_USAGE, NULL, "--%s takes no value", given->option->name);
	if (!given->option->value) {
		given->value = "";
		return 1;
	}
	given->value = equals ? equals + 1 : argv[1];
	if (!given->value)
		return err_set(err, ERR_USAGE, NULL, "--%s needs a value: %s", given->option->name,
			       given->option->value);
	note(line, given);
	return equals ? 1 : 2;
}

/* -x, several flags in one (-xy), -c value, -cvalue. Returns how many arguments it took. */
static int read_letters(struct command_line *line, char **argv, struct err *err)
{
	for (const char *letter = argv[0] + 1; *letter; letter++) {
		struct given_option *given = find_letter(line, *letter);

		if (!given)
			return err_set(err, ERR_USAGE, NULL, "there is no option -%c", *letter);
		if (!given->option->value) {
			given->value = "";
			continue;
		}
		given->value = letter[1] ? letter + 1 : argv[1];
		if (!given->value)
			return err_set(err, ERR_USAGE, NULL, "-%c needs a value: %s", *letter, given->option->value);
		note(line, given);
		return letter[1] ? 1 : 2;
	}
	return 1;
}

static int read_argument(struct command_line *line, char **argv, struct err *err)
{
	const char *text = argv[0];

	if (text[0] == '-' && text[1] == '-')
		return read_long(line, argv, err);
	if (text[0] == '-' && text[1])
		return read_letters(line, argv, err);
	line->operands[line->n_operands++] = text;
	return 1;
}

int command_line_read(struct command_line *line, int argc, char **argv, struct err *err)
{
	line->operands = mem_alloc(((size_t)argc + 1) * sizeof(*line->operands));
	line->occurrences = mem_alloc(((size_t)argc + 1) * sizeof(*line->occurrences));
	for (int i = 1; i < argc;) {
		int taken;

		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				line->operands[line->n_operands++] = argv[i];
			break;
		}
		taken = read_argument(line, argv + i, err);
		if (taken < 0)
			return -1;
		i += taken;
	}
	return 0;
}

const char *command_line_value(const struct command_line *line, const char *option)
{
	for (size_t i = 0; i < line->n_options; i++) {
		if (strcmp(line->options[i].option->name, option) == 0)
			return line->options[i].value;
	}
	BUG("the program has no option --%s", option);
}

const char *command_line_value_at(const struct command_line *line, const char *option, size_t i)
{
	for (size_t k = 0; k < line->n_occurrences; k++)
		if (strcmp(line->occurrences[k].option->name, option) == 0 && i-- == 0)
			return line->occurrences[k].value;
	return NULL;
}
