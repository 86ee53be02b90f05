/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/linkage.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schema/digest.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/keys_new.h"
#include "schema/keys_text.h"

#define ROUNDS 6
#define CHECK_DIGITS 16

static uint32_t round_of(const uint8_t outer[LINKAGE_KEY_BYTES], unsigned number, uint32_t half)
{
	const uint8_t input[5] = { (uint8_t)number, (uint8_t)(half >> 24), (uint8_t)(half >> 16), (uint8_t)(half >> 8),
				   (uint8_t)half };

	return (uint32_t)digest_mac64(outer, slice_of(input, sizeof(input)));
}

static uint64_t cover(const uint8_t outer[LINKAGE_KEY_BYTES], uint64_t mac)
{
	uint32_t left = (uint32_t)(mac >> 32), right = (uint32_t)mac;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t next = left ^ round_of(outer, i, right);

		left = right;
		right = next;
	}
	return (uint64_t)left << 32 | right;
}

static uint64_t uncover(const uint8_t outer[LINKAGE_KEY_BYTES], uint64_t mac)
{
	uint32_t left = (uint32_t)(mac >> 32), right = (uint32_t)mac;

	for (unsigned i = ROUNDS; i > 0; i--) {
		uint32_t before = right ^ round_of(outer, i - 1, left);

		right = left;
		left = before;
	}
	return (uint64_t)left << 32 | right;
}

uint64_t relink_mac(const struct relink_epoch *from, const struct relink_epoch *to, uint64_t mac)
{
	if (from->has_outer)
		mac = uncover(from->outer, mac);
	return to->has_outer ? cover(to->outer, mac) : mac;
}

static int by_class_and_mac(const void *a, const void *b)
{
	const struct token *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return x->mac < y->mac ? -1 : x->mac > y->mac;
}

void relink_tokens(const struct relink_epoch *from, const struct relink_epoch *to, struct token_list *tokens)
{
	for (size_t i = 0; i < tokens->n; i++)
		tokens->items[i].mac = relink_mac(from, to, tokens->items[i].mac);
	if (tokens->n > 1)
		qsort(tokens->items, tokens->n, sizeof(*tokens->items), by_class_and_mac);
	tokens->key_check = to->check;
}

uint64_t linkage_check(const struct linkage *linkage)
{
	uint64_t check = token_key_check(linkage->inner);

	return linkage->has_outer ? cover(linkage->outer, check) : check;
}

void linkage_cover(const struct linkage *linkage, struct token_list *tokens)
{
	static const struct relink_epoch bare;
	struct relink_epoch own = { .has_outer = true };

	if (!linkage->has_outer)
		return;
	own.check = linkage_check(linkage);
	memcpy(own.outer, linkage->outer, sizeof(own.outer));
	relink_tokens(&bare, &own, tokens);
	mem_wipe(&own, sizeof(own));
}

void linkage_fingerprint(const struct linkage *linkage, char print[FINGERPRINT_TEXT])
{
	uint8_t both[2 * LINKAGE_KEY_BYTES];

	memcpy(both, linkage->inner, LINKAGE_KEY_BYTES);
	memcpy(both + LINKAGE_KEY_BYTES, linkage->outer, LINKAGE_KEY_BYTES);
	fingerprint_secret(print, "linkage", slice_of(both, linkage->has_outer ? sizeof(both) : LINKAGE_KEY_BYTES));
	mem_wipe(both, sizeof(both));
}

/* -- files -- */

int linkage_load(struct linkage *linkage, const char *path, struct err *err)
{
	struct buf content = BUF_INIT;
	struct slice rest, line;
	int result = keys_read_secret(&content, path, err);
	size_t n = 0;

	*linkage = (struct linkage){ .has_outer = false };
	rest = buf_slice(&content);
	while (result == 0 && key_line_next(&rest, &line)) {
		n++;
		if (n > 2 || hex_decode(n == 1 ? linkage->inner : linkage->outer, LINKAGE_KEY_BYTES, (const char *)line.data,
					line.len) != 0)
			result = err_set(err, ERR_CONFIG, NULL, "%s: this is not the kind of key that is wanted here: a linkage "
					 "key is one line of 64 lower-case hex digits, or two%s", path, key_kind_hint(line));
	}
	linkage->has_outer = n == 2;
	if (result == 0 && n == 0)
		result = err_set(err, ERR_CONFIG, NULL, "%s: no key in it", path);
	buf_release(&content);
	if (result != 0)
		mem_wipe(linkage, sizeof(*linkage));
	return result;
}

void linkage_print(const struct linkage *linkage, struct buf *file)
{
	keys_hex_file(file, linkage->inner, LINKAGE_KEY_BYTES);
	if (linkage->has_outer)
		keys_hex_file(file, linkage->outer, LINKAGE_KEY_BYTES);
}

static int read_epoch(struct relink_epoch *epoch, struct slice line)
{
	uint8_t check[CHECK_DIGITS / 2];
	const char *text = (const char *)line.data;

	if (line.len < CHECK_DIGITS + 2 || text[CHECK_DIGITS] != ' ' ||
	    hex_decode(check, sizeof(check), text, CHECK_DIGITS) != 0)
		return -1;
	epoch->check = be64_read(check);
	text += CHECK_DIGITS + 1;
	line.len -= CHECK_DIGITS + 1;
	epoch->has_outer = !(line.len == 1 && *text == '-');
	return epoch->has_outer ? hex_decode(epoch->outer, LINKAGE_KEY_BYTES, text, line.len) : 0;
}

int relink_load(struct relink *relink, const char *path, struct err *err)
{
	struct buf content = BUF_INIT;
	struct slice rest, line;
	int result = keys_read_secret(&content, path, err);

	*relink = (struct relink){ .n = 0 };
	rest = buf_slice(&content);
	while (result == 0 && key_line_next(&rest, &line))
		if (relink->n == LINKAGE_EPOCHS_MAX || read_epoch(&relink->epochs[relink->n++], line) != 0)
			result = err_set(err, ERR_CONFIG, NULL, "%s: not lines of a key check and an outer key, at most %d", path,
					 LINKAGE_EPOCHS_MAX);
	if (result == 0 && relink->n == 0)
		result = err_set(err, ERR_CONFIG, NULL, "%s: no epoch in it", path);
	buf_release(&content);
	if (result != 0)
		mem_wipe(relink, sizeof(*relink));
	return result;
}

void relink_print(const struct relink *relink, struct buf *file)
{
	for (size_t i = 0; i < relink->n; i++) {
		buf_printf(file, "%016" PRIx64 " ", relink->epochs[i].check);
		if (relink->epochs[i].has_outer)
			keys_hex_file(file, relink->epochs[i].outer, LINKAGE_KEY_BYTES);
		else
			buf_append_str(file, "-\n");
	}
}

const struct relink_epoch *relink_find(const struct relink *relink, uint64_t check)
{
	for (size_t i = relink->n; i > 0; i--)
		if (relink->epochs[i - 1].check == check)
			return &relink->epochs[i - 1];
	return NULL;
}
