/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys destroy: the end of an epoch, or of some of its keys. Every copy of them that is known or lies in a
 * daemon's folder is overwritten and unlinked, after which nobody opens what was sealed under them, wherever copies of
 * it lie. Two operators must have confirmed it, each with his own key, within the last days, naming the keys by their
 * fingerprints (key_statement.h), and no tip may be parked for want of such a key. The inventory keeps their lines.
 *
 * Not ended by it: cases already sealed to teams, contact details (the custodian opens them), and what lies under
 * keys of other epochs, or of kinds that were left out.
 */
#include <string.h>
#include <sys/stat.h>

#include "ops/ctl/key_move.h"
#include "ops/ctl/key_statement.h"
#include "ops/ctl/parked.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/file.h"
#include "schema/confirmation.h"
#include "schema/hex.h"
#include "schema/keys_new.h"
#include "schema/reason.h"

#define N_CONFIRMATIONS 2
#define BY_MAX (2 * KEY_NAME_MAX + 32)

/* Checks one, and tells whose it is. */
static int check(const struct key_site *site, const char *path, const struct key_selection *selection,
		 const struct keyring_key **who, struct err *err)
{
	struct buf text = BUF_INIT;
	struct confirmation one;
	uint8_t open[FRAME_SIGN_PUBLIC];
	char name[KEY_NAME_MAX];
	bool is_one = file_read(&text, path, CONFIRMATION_FILE_MAX, err) == 0 &&
		      confirmation_parse(&one, path, buf_slice(&text), err) == 0; /* both say the path */
	int result = 0;

	*who = NULL;
	if (is_one) {
		snprintf(name, sizeof(name), "%.*s", (int)one.operator_name.len, (const char *)one.operator_name.data);
		*who = keyring_find(&site->ring, KEY_OPERATOR, name, 1);
		if (!*who || (*who)->state != KEY_ACTIVE || hex_decode(open, sizeof(open), (*who)->public_key, 64) < 0)
			result = err_set(err, ERR_CONFIG, NULL, "there is no operator %s", name);
		else if ((*who)->from > clock_day())
			result = err_set(err, ERR_CONFIG, NULL, "operator %s was made beside two others, and counts from the day "
					 "that `tipctl keys list` shows: until then they can see that he is there", name);
		else if (confirmation_verify(&one, open, err) < 0 || key_statement_check(selection, one.statement, err) < 0)
			result = -1;
	}
	if (result < 0)
		err_prefix(err, "%s", path);
	buf_release(&text);
	return is_one ? result : -1;
}

/* Two names for one key are one operator. */
static int check_both(const struct key_site *site, const struct key_selection *selection, char by[BY_MAX],
		      struct err *err)
{
	const struct keyring_key *who[N_CONFIRMATIONS];

	for (int i = 0; i < N_CONFIRMATIONS; i++)
		if (check(site, site->ctl->argv[i], selection, &who[i], err) < 0)
			return -1;
	if (who[0] == who[1] || strcmp(who[0]->public_key, who[1]->public_key) == 0)
		return err_set(err, ERR_CONFIG, NULL, "both confirmations are of operator %s: two people are needed",
			       who[0]->name);
	snprintf(by, BY_MAX, "confirmed by %s and %s", who[0]->name, who[1]->name);
	return 0;
}

static bool is_there(const struct key_site *site, const char *file)
{
	struct buf path = BUF_INIT;
	struct stat st;
	bool there = stat(keyring_path(&site->ring, file, &path), &st) == 0;

	buf_release(&path);
	return there;
}

/* A file that holds some other key is not overwritten; one that is no key any more was begun with before. */
static int check_files(const struct key_site *site, const struct keyring_key *key, struct err *err)
{
	for (size_t i = 0; i < key->n_files; i++) {
		struct err why = ERR_INIT;

		if (!is_there(site, key->files[i]) || key_site_verify(site, key, key->files[i], &why) == 0 ||
		    why.reason != key_site_other)
			continue;
		return err_set(err, ERR_CONFIG, NULL, "%s; nothing was destroyed: put the right file there, or move this one "
			       "away", why.text);
	}
	return 0;
}

/* The recovery key is offline, where nobody here can reach it. */
static bool is_here(const struct key_site *site, const struct keyring_key *key)
{
	bool here = key->kind != KEY_RECOVERY || key->state == KEY_DESTROYED;

	for (size_t i = 0; i < key->n_files && !here; i++)
		here = is_there(site, key->files[i]);
	return here;
}

/* Destroyed from the first moment, with the names of the copies that are still to go: so it is known when cut short. */
static int destroy_key(struct key_site *site, struct keyring_key *key, const char *by, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = key_audit(site, "destroying", key, by, err);

	if (result == 0) {
		key->state = KEY_DESTROYED;
		key->until = clock_day();
		result = keyring_save(&site->ring, err);
	}
	for (size_t i = 0; i < key->n_files && result == 0; i++)
		result = keys_shred(keyring_path(&site->ring, key->files[i], &path), err);
	if (result == 0)
		result = key_audit(site, "destroyed", key, by, err);
	while (result == 0 && key->n_files > 0)
		keyring_drop_file(key, 0);
	buf_release(&path);
	return result == 0 ? keyring_save(&site->ring, err) : -1;
}

static void add_row(json_t *rows, const struct keyring_key *key, bool here)
{
	char missing[160];

	snprintf(missing, sizeof(missing), "not here: bring it as %.64s and run this again, or destroy it where it is kept",
		 key->n_files ? key->files[0] : "recovery.identity");
	json_array_append_new(rows, json_pack("{s:s, s:I, s:s, s:s}", "key", key_kinds[key->kind].name, "epoch",
					      (json_int_t)key->epoch, "fingerprint", key->print, "result",
					      here ? "destroyed" : missing));
}

static int destroy(struct key_site *site, const struct key_selection *selection, const char *by,
		   struct ctl_output *out, struct err *err)
{
	for (size_t i = 0; i < selection->n; i++) {
		struct keyring_key *key = selection->keys[i];

		if (!key_selection_is_left(key))
			continue;
		key_find_copies(site, key);
		if (check_files(site, key, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < selection->n; i++) {
		struct keyring_key *key = selection->keys[i];
		bool here = is_here(site, key);

		if (!key_selection_is_left(key))
			continue;
		add_row(out->value, key, here);
		out->status = out->status || !here;
		if (here && destroy_key(site, key, by, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * A tip that is parked for want of a key was accepted: with the key it would be lost. What it wants cannot be read from
 * it in every case, so any such tip is in the way of any key of that kind.
 */
static int check_parked(struct ctl *ctl, const struct key_selection *selection, struct err *err)
{
	struct kafka_admin *kafka = NULL;
	int result;

	if (program_given(ctl->call, "unasked"))
		return 0;
	if (!ctl->conf)
		return err_set(err, ERR_USAGE, "bad-value", "--config FILE is needed, to ask the broker whether tips are "
			       "parked for want of these keys; or --unasked");
	result = kafka_admin_open(&kafka, ctl->conf, (int)conf_int(ctl->conf, "timeout"), err);
	for (size_t i = 0; i < selection->n && result == 0; i++) {
		const char *reason = selection->keys[i]->kind == KEY_BUS ? REASON_RECORD_KEY : REASON_KEY_UNKNOWN;
		size_t n = 0;

		result = parked_count(kafka, reason, &n, err);
		if (result == 0 && n > 0)
			result = err_set(err, ERR_CONFIG, NULL, "tips are parked for want of a key (%zu, `tipctl parked "
					 "list --reason %s`), and may want this one: bring it back and replay them, or discard "
					 "them; then destroy it", n, reason);
	}
	if (kafka)
		kafka_admin_close(kafka);
	return result;
}

int ctl_keys_destroy(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = { { "key", "KEY", false }, { "epoch", "EPOCH", true },
						     { "fingerprint", "FINGERPRINT", false }, { "result", "RESULT", false },
						     { NULL, NULL, false } };
	struct key_selection selection;
	char by[BY_MAX] = "";
	struct key_site site;
	int result = key_site_open(&site, ctl, true, err);

	if (result == 0)
		result = key_select(&selection, &site, N_CONFIRMATIONS, err);
	if (result == 0)
		result = check_both(&site, &selection, by, err);
	if (result == 0)
		result = check_parked(ctl, &selection, err);
	if (result == 0) {
		out->value = json_array();
		out->columns = columns;
		out->note = "Copies that tipctl does not know, in backups of key folders above all, are yours to destroy. "
			    "tipline-keys(7) says what stays readable.";
		result = destroy(&site, &selection, by, out, err);
	}
	key_site_close(&site);
	return result;
}
