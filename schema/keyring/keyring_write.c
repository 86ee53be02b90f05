/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ops/runtime/clock.h"
#include "schema/keyring/keyring.h"

/*
 * In double quotes, as JSON has it: what is written here must never be refused, or read as another, when it is read
 * again. (libfyaml 0.7.12 reads two quotes side by side wrongly within single quotes.)
 */
static void print_quoted(struct buf *text, const char *value)
{
	buf_append_json(text, value, strlen(value));
}

static void print_text(struct buf *text, const char *member, const char *value)
{
	if (!*value)
		return;
	buf_printf(text, "    %s: ", member);
	print_quoted(text, value);
	buf_append_byte(text, '\n');
}

static void print_day(struct buf *text, const char *member, int64_t day)
{
	char shown[CLOCK_DAY_TEXT];

	if (day != 0 && clock_day_text(shown, day) == 0)
		buf_printf(text, "    %s: %s\n", member, shown);
}

static void print_key(struct buf *text, const struct keyring_key *key)
{
	buf_printf(text, "  - key: %s\n", key_kinds[key->kind].name);
	print_text(text, "name", key->name);
	buf_printf(text, "    epoch: %u\n    state: %s\n    fingerprint: '%s'\n", key->epoch,
		   key_state_names[key->state], key->print);
	print_text(text, "public", key->public_key);
	print_day(text, "from", key->from);
	print_day(text, "until", key->until);
	buf_append_str(text, "    files: [");
	for (size_t i = 0; i < key->n_files; i++) {
		buf_append_str(text, i ? ", " : "");
		print_quoted(text, key->files[i]);
	}
	buf_append_str(text, "]\n");
}

void keyring_print(const struct keyring *ring, struct buf *text)
{
	buf_append_str(text, "# What keys there are, kept by `tipctl keys`. No secret is in it.\nversion: 1\n");
	if (ring->log_lines > 0)
		buf_printf(text, "log:\n  lines: %zu\n  last: '%s'\n", ring->log_lines, ring->log_last);
	buf_append_str(text, "keys:\n");
	if (ring->n == 0)
		buf_append_str(text, "  []\n");
	for (size_t i = 0; i < ring->n; i++)
		print_key(text, ring->keys[i]);
}
