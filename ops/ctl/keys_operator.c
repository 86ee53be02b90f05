/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys operator and confirm: the two people without whom nothing is destroyed. Each has a key of his own, and
 * signs with it what he wants destroyed, in words.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ops/ctl/key_move.h"
#include "ops/ctl/key_statement.h"
#include "ops/runtime/clock.h"
#include "schema/confirmation.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/keys_new.h"

#define OPERATOR_WAITS_DAYS 7

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < KEY_NAME_MAX - 1 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len &&
	       name[0] != '-' && name[0] != '.';
}

/*
 * Two can be made at once. Who comes later counts after a week, in which the others can see him in `keys list` and
 * `keys check`: or one operator would make himself the second person.
 */
static int64_t counts_from(const struct keyring *ring)
{
	size_t n = 0;

	for (size_t i = 0; i < ring->n; i++)
		n += ring->keys[i]->kind == KEY_OPERATOR;
	return n < 2 ? clock_day() : clock_day() + OPERATOR_WAITS_DAYS;
}

static int make_operator(struct key_site *site, const char *name, struct err *err)
{
	const int64_t from = counts_from(&site->ring);
	struct keyring_key *key = keyring_add(&site->ring, KEY_OPERATOR, name, 1);
	struct buf content = BUF_INIT, path = BUF_INIT;
	uint8_t open[FRAME_SIGN_PUBLIC];
	char file[KEY_NAME_MAX + 32];
	int result = 0;

	snprintf(file, sizeof(file), "operators/%s.sign", name);
	if (mkdir(keyring_path(&site->ring, "operators", &path), 0700) != 0 && errno != EEXIST)
		result = err_errno(err, "%s", buf_text(&path));
	key->from = from;
	keys_new_sign(&content, open);
	hex_encode(key->public_key, open, sizeof(open));
	fingerprint_public(key->print, slice_of(open, sizeof(open)));
	if (result == 0)
		result = key_put(site, key, file, buf_slice(&content), err);
	buf_release(&content);
	buf_release(&path);
	return result == 0 ? key_set_state(site, key, KEY_ACTIVE, "make", err) : -1;
}

int ctl_keys_operator(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	const char *name = ctl->argv[0];
	struct key_site site;
	int result;

	if (!is_name(name))
		return err_set(err, ERR_USAGE, "bad-value", "an operator's name is 1 to 62 of a-z, 0-9, - and .");
	result = key_site_open(&site, ctl, true, err);
	if (result == 0 && keyring_find(&site.ring, KEY_OPERATOR, name, 1))
		result = err_set(err, ERR_CONFIG, NULL, "there is an operator %s already", name);
	if (result == 0)
		result = make_operator(&site, name, err);
	if (result == 0) {
		const struct keyring_key *key = keyring_find(&site.ring, KEY_OPERATOR, name, 1);

		out->value = json_pack("{s:s, s:s, s:o}", "operator", name, "fingerprint", key->print, "counts_from",
				       ctl_date(key->from));
		out->note = "Give operators/NAME.sign to the operator, and to nobody else, and remove it here.";
	}
	key_site_close(&site);
	return result;
}

static const struct keyring_key *find_operator(const struct keyring *ring, const char *print)
{
	for (size_t i = 0; i < ring->n; i++)
		if (ring->keys[i]->kind == KEY_OPERATOR && ring->keys[i]->state == KEY_ACTIVE &&
		    strcmp(ring->keys[i]->print, print) == 0)
			return ring->keys[i];
	return NULL;
}

/* Shows what is signed: the statement is short enough to be read. */
static int sign(struct key_site *site, const char *out_path, json_t **shown, struct err *err)
{
	const char *path = program_value(site->ctl->call, "operator", NULL);
	struct buf statement = BUF_INIT, file = BUF_INIT;
	uint8_t secret[FRAME_SIGN_SECRET];
	char print[FINGERPRINT_TEXT];
	const struct keyring_key *operator;
	struct key_selection selection;
	int result = key_select(&selection, site, 1, err);

	if (result == 0)
		result = keys_load_sign(secret, path, err);
	if (result == 0) {
		fingerprint_public(print, slice_of(secret + FRAME_SIGN_SECRET - FRAME_SIGN_PUBLIC, FRAME_SIGN_PUBLIC));
		operator = find_operator(&site->ring, print);
		key_statement_write(&selection, &statement);
		if (operator)
			confirmation_write(&file, operator->name, buf_text(&statement), secret);
		result = operator ? keys_write(out_path, buf_slice(&file), 0644, err)
				  : err_set(err, ERR_CONFIG, NULL, "%s: is the key of no operator of this site", path);
		if (result == 0)
			*shown = json_pack("{s:o, s:s, s:s}", "confirmation", json_string(out_path) ?: json_string("(not UTF-8)"),
					   "operator", operator->name, "statement", buf_text(&statement));
	}
	mem_wipe(secret, sizeof(secret));
	buf_release(&statement);
	buf_release(&file);
	return result;
}

int ctl_keys_confirm(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct key_site site;
	int result;

	if (!program_given(ctl->call, "operator"))
		return err_set(err, ERR_USAGE, "bad-value", "keys confirm needs --operator FILE, your own key");
	result = key_site_open(&site, ctl, false, err);
	if (result == 0)
		result = sign(&site, ctl->argv[0], &out->value, err);
	if (result == 0)
		out->note = "Read it, and hand it to whoever destroys the keys. It holds for seven days. Tips that are parked "
			    "for these keys (`tipctl parked list`: key-unknown, record-key) or still on their way under them can "
			    "never be opened afterwards: let them through first.";
	key_site_close(&site);
	return result;
}
