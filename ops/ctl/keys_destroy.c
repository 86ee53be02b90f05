/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys operator, confirm and destroy: the end of an epoch. Every copy of its triage, recovery and bus keys that
 * is known or lies in a daemon's folder is overwritten and unlinked, after which nobody opens what was sealed under
 * them, wherever copies of it lie. Two operators must have confirmed it, each with his own key, within the last days,
 * naming the keys by their fingerprints. The inventory keeps their lines.
 *
 * Not ended by it: cases already sealed to teams, contact details (the custodian opens them), and what lies under
 * bus keys of other epochs.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ops/ctl/key_move.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/file.h"
#include "ops/runtime/number.h"
#include "schema/confirmation.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/keys_new.h"

#define CONFIRMED_DAYS 7
#define N_CONFIRMATIONS 2

static const enum key_kind destroyed[] = { KEY_TRIAGE, KEY_RECOVERY, KEY_BUS };
#define N_DESTROYED (sizeof(destroyed) / sizeof(destroyed[0]))

/* -- operators -- */

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < KEY_NAME_MAX - 1 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len &&
	       name[0] != '-' && name[0] != '.';
}

static int make_operator(struct key_site *site, const char *name, struct err *err)
{
	struct keyring_key *key = keyring_add(&site->ring, KEY_OPERATOR, name, 1);
	struct buf content = BUF_INIT, path = BUF_INIT;
	uint8_t open[FRAME_SIGN_PUBLIC];
	char file[KEY_NAME_MAX + 32];
	int result = 0;

	snprintf(file, sizeof(file), "operators/%s.sign", name);
	if (mkdir(keyring_path(&site->ring, "operators", &path), 0700) != 0 && errno != EEXIST)
		result = err_errno(err, "%s", buf_text(&path));
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
		out->value = json_pack("{s:s, s:s}", "operator", name, "fingerprint",
				       keyring_find(&site.ring, KEY_OPERATOR, name, 1)->print);
		out->note = "Give operators/NAME.sign to the operator, and to nobody else, and remove it here.";
	}
	key_site_close(&site);
	return result;
}

/* -- what is confirmed -- */

static int read_epoch(const struct ctl *ctl, unsigned *epoch, struct err *err)
{
	const char *text = program_value(ctl->call, "epoch", "");
	int64_t number;

	if (number_int(text, &number) != NUMBER_OK || number < 1 || number > UINT32_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "--epoch N is needed: the epoch to be destroyed");
	*epoch = (unsigned)number;
	return 0;
}

/* What is to be destroyed, by fingerprints, but for the day: the same for whoever says it. */
static int state_keys(const struct keyring *ring, unsigned epoch, struct buf *statement, struct err *err)
{
	const char *separator = ": ";

	buf_printf(statement, "destroy epoch %u", epoch);
	for (size_t i = 0; i < N_DESTROYED; i++) {
		const struct keyring_key *key = keyring_find(ring, destroyed[i], "", epoch);

		if (!key || key->state == KEY_DESTROYED)
			continue;
		if (key->state != KEY_RETIRED)
			return err_set(err, ERR_CONFIG, NULL, "%s key %u is %s: only what is retired can be destroyed (`tipctl "
				       "keys retire`)", key_kinds[key->kind].name, epoch, key_state_names[key->state]);
		buf_printf(statement, "%s%s %u %s", separator, key_kinds[key->kind].name, epoch, key->print);
		separator = ", ";
	}
	if (*separator == ':')
		return err_set(err, ERR_CONFIG, NULL, "there is no key of epoch %u left to destroy", epoch);
	buf_append_str(statement, "; ");
	return 0;
}

static int sign(struct key_site *site, const char *out_path, struct err *err)
{
	const char *path = program_value(site->ctl->call, "operator", NULL);
	struct buf statement = BUF_INIT, file = BUF_INIT;
	uint8_t secret[FRAME_SIGN_SECRET];
	char day[CLOCK_DAY_TEXT], print[FINGERPRINT_TEXT];
	const struct keyring_key *operator = NULL;
	unsigned epoch = 0;
	int result = read_epoch(site->ctl, &epoch, err);

	if (result == 0)
		result = state_keys(&site->ring, epoch, &statement, err);
	if (result == 0)
		result = keys_load_sign(secret, path, err);
	if (result == 0) {
		fingerprint_public(print, slice_of(secret + FRAME_SIGN_SECRET - FRAME_SIGN_PUBLIC, FRAME_SIGN_PUBLIC));
		for (size_t i = 0; i < site->ring.n; i++)
			if (site->ring.keys[i]->kind == KEY_OPERATOR && strcmp(site->ring.keys[i]->print, print) == 0)
				operator = site->ring.keys[i];
		clock_day_text(day, clock_day());
		buf_append_str(&statement, day);
		if (operator)
			confirmation_write(&file, operator->name, buf_text(&statement), secret);
		result = operator ? keys_write(out_path, buf_slice(&file), 0644, err)
				  : err_set(err, ERR_CONFIG, NULL, "%s: is the key of no operator of this site", path);
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
		result = sign(&site, ctl->argv[0], err);
	if (result == 0) {
		out->value = json_pack("{s:s}", "confirmation", ctl->argv[0]);
		out->note = "Read it, and hand it to whoever destroys the keys. It holds for seven days.";
	}
	key_site_close(&site);
	return result;
}

/* -- destroying -- */

static bool is_recent(struct slice day)
{
	uint32_t signed_on;

	return clock_day_parse(&signed_on, (const char *)day.data, day.len) == 0 && signed_on <= clock_day() + 1 &&
	       (int64_t)clock_day() - (int64_t)signed_on <= CONFIRMED_DAYS;
}

/* Checks one, and tells whose it is. */
static int check(const struct key_site *site, const char *path, const struct buf *statement,
		 const struct keyring_key **who, struct err *err)
{
	struct buf text = BUF_INIT;
	struct confirmation one;
	uint8_t open[FRAME_SIGN_PUBLIC];
	char name[KEY_NAME_MAX];
	int result = file_read(&text, path, CONFIRMATION_FILE_MAX, err);

	*who = NULL;
	if (result == 0)
		result = confirmation_parse(&one, path, buf_slice(&text), err);
	if (result == 0) {
		snprintf(name, sizeof(name), "%.*s", (int)one.operator_name.len, (const char *)one.operator_name.data);
		*who = keyring_find(&site->ring, KEY_OPERATOR, name, 1);
		if (!*who || (*who)->state != KEY_ACTIVE || hex_decode(open, sizeof(open), (*who)->public_key, 64) < 0)
			result = err_set(err, ERR_CONFIG, NULL, "there is no operator %s", name);
		else if (confirmation_verify(&one, open, err) < 0)
			result = -1;
		else if (one.statement.len <= statement->len || memcmp(one.statement.data, statement->data,
			statement->len) != 0)
			result = err_set(err, ERR_CONFIG, NULL, "it confirms something else: \"%.*s\"", (int)one.statement.len,
					 (const char *)one.statement.data);
		else if (!is_recent(slice_of(one.statement.data + statement->len, one.statement.len - statement->len)))
			result = err_set(err, ERR_CONFIG, NULL, "it is older than %d days: have it signed anew", CONFIRMED_DAYS);
	}
	buf_release(&text);
	return result == 0 ? 0 : err_prefix(err, "%s", path);
}

static bool is_any(const char *file)
{
	(void)file;
	return true;
}

static bool is_here(const struct key_site *site, const struct keyring_key *key)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool here = key->kind != KEY_RECOVERY; /* that one is offline, where nobody here can reach it */

	for (size_t i = 0; i < key->n_files; i++)
		here = here || stat(keyring_path(&site->ring, key->files[i], &path), &st) == 0;
	buf_release(&path);
	return here;
}

static int destroy(struct key_site *site, unsigned epoch, const char *by, json_t *rows, struct err *err)
{
	for (size_t i = 0; i < N_DESTROYED; i++) {
		struct keyring_key *key = keyring_find(&site->ring, destroyed[i], "", epoch);
		bool here;

		if (!key || key->state == KEY_DESTROYED)
			continue;
		key_find_copies(site, key);
		here = is_here(site, key);
		json_array_append_new(rows, json_pack("{s:s, s:I, s:s, s:s}", "key", key_kinds[key->kind].name, "epoch",
						      (json_int_t)epoch, "fingerprint", key->print, "result",
						      here ? "destroyed" : "not here: bring it, or destroy it where it is kept"));
		if (!here)
			continue;
		if (key_audit(site, "destroying", key, by, err) < 0 || key_shred_files(site, key, is_any, err) < 0 ||
		    key_set_state(site, key, KEY_DESTROYED, "destroyed", err) < 0)
			return -1;
	}
	return 0;
}

static int check_both(const struct key_site *site, const struct buf *statement, char by[2 * KEY_NAME_MAX + 32],
		      struct err *err)
{
	const struct keyring_key *who[N_CONFIRMATIONS];

	for (int i = 0; i < N_CONFIRMATIONS; i++)
		if (check(site, site->ctl->argv[i], statement, &who[i], err) < 0)
			return -1;
	if (who[0] == who[1])
		return err_set(err, ERR_CONFIG, NULL, "both confirmations are of operator %s: two people are needed",
			       who[0]->name);
	snprintf(by, 2 * KEY_NAME_MAX + 32, "confirmed by %s and %s", who[0]->name, who[1]->name);
	return 0;
}

int ctl_keys_destroy(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = { { "key", "KEY", false }, { "epoch", "EPOCH", true },
						     { "fingerprint", "FINGERPRINT", false }, { "result", "RESULT", false },
						     { NULL, NULL, false } };
	char by[2 * KEY_NAME_MAX + 32] = "";
	struct buf statement = BUF_INIT;
	struct key_site site;
	unsigned epoch = 0;
	int result = key_site_open(&site, ctl, true, err);

	if (result == 0)
		result = read_epoch(ctl, &epoch, err);
	if (result == 0)
		result = state_keys(&site.ring, epoch, &statement, err);
	if (result == 0)
		result = check_both(&site, &statement, by, err);
	if (result == 0) {
		out->value = json_array();
		out->columns = columns;
		out->note = "Copies that tipctl does not know, in backups of key folders above all, are yours to destroy. "
			    "tipline-keys(7) says what stays readable.";
		result = destroy(&site, epoch, by, out->value, err);
	}
	buf_release(&statement);
	key_site_close(&site);
	return result;
}
