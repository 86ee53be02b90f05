/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/route/conflict.h"

#include "ops/runtime/file.h"

#define FIRST_LINE "tipline-register 1 "
#define MAC_HEX 16

static int bad_line(const char *name, int line, struct err *err, const char *what)
{
	return err_set(err, ERR_CONFIG, NULL, "%s:%d: %s", name, line, what);
}

static int read_mac(uint64_t *mac, const char *hex, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	if (len != MAC_HEX)
		return -1;
	*mac = 0;
	for (size_t i = 0; i < len; i++) {
		const char *at = memchr(digits, hex[i], sizeof(digits) - 1);

		if (!at)
			return -1;
		*mac = *mac << 4 | (uint64_t)(at - digits);
	}
	return 0;
}

/* One line without its newline and comment. 1: a token, 0: nothing, -1. */
static int read_line(struct token *token, const char *line, size_t len)
{
	const char *space;
	int class;

	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r'))
		len--;
	if (len == 0)
		return 0;
	space = memchr(line, ' ', len);
	if (!space)
		return -1;
	class = taxonomy_find(token_class_names, N_TOKEN_CLASSES, line, (size_t)(space - line));
	if (class < 0 || read_mac(&token->mac, space + 1, len - (size_t)(space + 1 - line)) < 0)
		return -1;
	token->class = (uint8_t)class;
	return 1;
}

static int by_class_and_mac(const void *a, const void *b)
{
	const struct token *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return x->mac < y->mac ? -1 : x->mac > y->mac;
}

/* As a token list must be: sorted, no repeats. */
static void put_in_order(struct token_list *tokens)
{
	size_t n = 0;

	if (tokens->n == 0)
		return;
	qsort(tokens->items, tokens->n, sizeof(*tokens->items), by_class_and_mac);
	for (size_t i = 1; i < tokens->n; i++)
		if (by_class_and_mac(&tokens->items[n], &tokens->items[i]) != 0)
			tokens->items[++n] = tokens->items[i];
	tokens->n = n + 1;
}

static size_t count_lines(struct slice text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++)
		n += text.data[i] == '\n';
	return n;
}

/* The line that begins a register. 1: it is one, 0: it is another line, -1. */
static int read_first(struct staff_register *reg, const char *line, size_t len)
{
	const size_t head = strlen(FIRST_LINE);
	uint64_t check;

	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t' || line[len - 1] == '\r'))
		len--;
	if (len < head || memcmp(line, FIRST_LINE, head) != 0)
		return 0;
	if (reg->n_keys == REGISTER_KEYS_MAX || read_mac(&check, line + head, len - head) < 0)
		return -1;
	reg->key_checks[reg->n_keys++] = check;
	return 1;
}

static const char bad_token[] = "not a token class and 16 hex digits";
static const char no_token[] = "a register without a token lets everything through";

/* One line. `*fresh`: nothing but the first line of this register was read yet. NULL, or what is wrong. */
static const char *take_line(struct staff_register *reg, const char *line, size_t len, bool *fresh)
{
	int first = read_first(reg, line, len), token;

	if (first < 0)
		return "not '" FIRST_LINE "' and 16 hex digits, or more registers than one file may hold";
	if (first > 0) {
		if (*fresh)
			return no_token;
		*fresh = true;
		return NULL;
	}
	if (reg->n_keys == 0)
		return "does not begin with '" FIRST_LINE "KEYCHECK'; made by an earlier release?";
	token = read_line(&reg->tokens.items[reg->tokens.n], line, len);
	if (token < 0)
		return bad_token;
	reg->tokens.n += (size_t)token;
	*fresh = *fresh && token == 0;
	return NULL;
}

static int read_lines(struct staff_register *reg, const char *name, struct slice text, struct err *err)
{
	const char *at = (const char *)text.data, *end = at + text.len;

	bool fresh = false;
	int line = 1;

	for (; at < end; line++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = newline ? (size_t)(newline - at) : (size_t)(end - at);
		const char *comment = memchr(at, '#', len);
		size_t plain = comment ? (size_t)(comment - at) : len;
		const char *wrong = take_line(reg, at, plain, &fresh);

		if (wrong)
			return bad_line(name, line, err, wrong);
		at += newline ? len + 1 : len;
	}
	return fresh ? bad_line(name, line - 1, err, no_token) : 0;
}

int staff_register_parse(struct staff_register *reg, const char *name, struct slice text, struct err *err)
{
	struct staff_register read = { .n_keys = 0 };
	size_t lines = count_lines(text);

	if (text.len == 0)
		return bad_line(name, 1, err, "does not begin with '" FIRST_LINE "KEYCHECK'");
	if (lines > REGISTER_TOKENS_MAX)
		return bad_line(name, 1, err, "more lines than a register may have");
	read.tokens.items = mem_alloc(lines * sizeof(*read.tokens.items));
	if (read_lines(&read, name, text, err) < 0) {
		staff_register_release(&read);
		return -1;
	}
	put_in_order(&read.tokens);
	*reg = read;
	return 0;
}

int staff_register_load(struct staff_register *reg, const char *path, struct err *err)
{
	struct buf text = BUF_INIT;
	int rc = file_read(&text, path, 32 * (size_t)REGISTER_TOKENS_MAX, err);

	if (rc == 0)
		rc = staff_register_parse(reg, path, buf_slice(&text), err);
	buf_release(&text);
	return rc;
}

void staff_register_release(struct staff_register *reg)
{
	free(reg->tokens.items);
	*reg = (struct staff_register){ .n_keys = 0 };
}

bool staff_register_can_judge(const struct staff_register *reg, const struct token_list *tokens)
{
	if (reg->n_keys == 0 || tokens->n == 0) /* nobody to find, or nothing to find him by */
		return true;
	for (size_t i = 0; i < reg->n_keys; i++)
		if (reg->key_checks[i] == tokens->key_check)
			return true;
	return false;
}

bool staff_register_meets(const struct staff_register *reg, const struct token_list *tokens)
{
	return reg->tokens.n > 0 && token_list_meets(&reg->tokens, tokens);
}

bool staff_register_conflicts(const struct staff_register *reg, const struct token_list *tokens)
{
	return reg->tokens.n > 0 && (tokens->cut || token_list_meets(&reg->tokens, tokens));
}
