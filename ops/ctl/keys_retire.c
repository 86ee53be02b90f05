/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys retire and revoke: the end of an older key's use. A retired bus key or triage identity is taken from the
 * daemons, and kept in the folder `retired` of the site's keys: tips of it that come late are parked, and can still be
 * rescued, until the key is destroyed.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "ops/ctl/keys_rotate.h"
#include "ops/runtime/number.h"

#define FOLDER "retired"

static bool is_in_use(const char *file)
{
	return strncmp(file, FOLDER "/", strlen(FOLDER) + 1) != 0;
}

/* Whether the file holds the key itself: what is derived of a bus key does not bring it back. */
static bool is_whole(const struct key_site *site, const struct keyring_key *key, const char *file)
{
	struct err why = ERR_INIT;

	return !key_site_is_derived(key, file) && key_site_verify(site, key, file, &why) == 0;
}

/* Of what holds the key one copy goes to `retired`; without one nothing is taken away. */
static int keep(struct key_site *site, struct keyring_key *key, struct err *err)
{
	struct buf path = BUF_INIT, content = BUF_INIT;
	char kept[48];
	bool found = false;
	int result = 0;

	snprintf(kept, sizeof(kept), key->kind == KEY_BUS ? FOLDER "/bus.%u.key" : FOLDER "/triage.%u.identity",
		 key->epoch);
	if (mkdir(keyring_path(&site->ring, FOLDER, &path), 0700) != 0 && errno != EEXIST)
		result = err_errno(err, "%s", buf_text(&path));
	for (size_t i = 0; i < key->n_files && result == 0 && !found; i++) {
		found = is_whole(site, key, key->files[i]);
		if (found && is_in_use(key->files[i])) {
			result = key_get(site, key->files[i], &content, err);
			if (result == 0)
				result = key_put(site, key, kept, buf_slice(&content), err);
		}
	}
	if (result == 0 && !found)
		result = err_set(err, ERR_CONFIG, NULL, "no copy of %s key %u that could be kept is there, and to take it from "
				 "the daemons would destroy it: bring one back (`tipctl keys check` names what is wrong), then "
				 "retire it", key_kinds[key->kind].name, key->epoch);
	buf_release(&path);
	buf_release(&content);
	return result;
}

/*
 * Before anything is taken away: all who have the key answer, and for none that reads with it a record waits that it
 * could not open without. classify only seals with bus keys.
 */
static int check_unneeded(const struct key_site *site, const struct keyring_key *key, struct err *err)
{
	struct key_wish wishes[8];
	size_t n = 0;

	if (program_given(site->ctl->call, "unasked"))
		return 0;
	if (key->kind == KEY_TRIAGE)
		wishes[n++] = (struct key_wish){ .stage = "classify", .idle = true };
	for (const struct bus_holder *holder = bus_holders; key->kind == KEY_BUS && holder->stage; holder++)
		wishes[n++] = (struct key_wish){ .stage = holder->stage, .idle = strcmp(holder->stage, "classify") != 0 };
	return key_await(site, wishes, n, err) < 0 ? err_prefix(err, "nothing was changed") : 0;
}

static int retire(struct key_site *site, struct keyring_key *key, struct err *err)
{
	struct key_wish wishes[8];
	size_t n = 0;

	if (check_unneeded(site, key, err) < 0)
		return -1;
	key_find_copies(site, key);
	if (keep(site, key, err) < 0 || key_audit(site, "retiring", key, NULL, err) < 0 ||
	    keyring_save(&site->ring, err) < 0 || key_shred_files(site, key, is_in_use, err) < 0)
		return -1;
	for (const struct bus_holder *holder = bus_holders; key->kind == KEY_BUS && holder->seals; holder++) {
		wishes[n] = (struct key_wish){ .stage = holder->stage, .gone = true };
		snprintf(wishes[n].name, sizeof(wishes[n].name), "bus:%u:%s", key->epoch, key->print);
		n++;
	}
	if (key->kind == KEY_TRIAGE) {
		wishes[n] = (struct key_wish){ .stage = "classify", .gone = true };
		snprintf(wishes[n].name, sizeof(wishes[n].name), "triage:%s", key->print);
		n++;
	}
	return key_await(site, wishes, n, err) < 0 ? -1 : key_set_state(site, key, KEY_RETIRED, "retire", err);
}

static bool is_open(const struct keyring_key *key)
{
	return key && (key->state == KEY_ACTIVE || key->state == KEY_OVERLAP);
}

/*
 * With the triage key of its epoch goes the recovery key, which nobody here has; and one before it that has no triage
 * key any more, since a folder's first recovery key is 1 whatever the triage key's number is.
 */
static int retire_recovery(struct key_site *site, unsigned epoch, struct err *err)
{
	for (size_t i = 0; i < site->ring.n; i++) {
		struct keyring_key *key = site->ring.keys[i];

		if (key->kind == KEY_RECOVERY && key->state == KEY_OVERLAP && key->epoch <= epoch &&
		    !is_open(keyring_find(&site->ring, KEY_TRIAGE, "", key->epoch)) &&
		    key_set_state(site, key, KEY_RETIRED, "retire", err) < 0)
			return -1;
	}
	return 0;
}

static int find_epoch(struct key_site *site, enum key_kind kind, struct keyring_key **key, struct err *err)
{
	const char *text = program_value(site->ctl->call, "epoch", "");
	int64_t epoch;

	if (number_int(text, &epoch) != NUMBER_OK || epoch < 1 || epoch > UINT32_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "--epoch N is needed: which %s key; `tipctl keys list` shows them",
			       key_kinds[kind].name);
	*key = keyring_find(&site->ring, kind, "", (unsigned)epoch);
	if (!*key)
		return err_set(err, ERR_CONFIG, NULL, "there is no %s key of epoch %u", key_kinds[kind].name, (unsigned)epoch);
	if ((*key)->state == KEY_OVERLAP || (*key)->state == KEY_RETIRED)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s key %u is %s: only one that a newer has replaced can be retired",
		       key_kinds[kind].name, (unsigned)epoch, key_state_names[(*key)->state]);
}

static int retire_kind(struct key_site *site, enum key_kind kind, struct err *err)
{
	struct keyring_key *key = NULL;

	if (find_epoch(site, kind, &key, err) < 0 || retire(site, key, err) < 0)
		return -1;
	return kind == KEY_TRIAGE ? retire_recovery(site, key->epoch, err) : 0;
}

/* His confirmations count no more. */
static int retire_operator(struct key_site *site, const char *name, struct err *err)
{
	struct keyring_key *key = keyring_find(&site->ring, KEY_OPERATOR, name, 1);

	if (!key || key->state != KEY_ACTIVE)
		return err_set(err, ERR_CONFIG, NULL, "there is no operator %.64s: see `tipctl keys list`", name);
	return key_set_state(site, key, KEY_RETIRED, "retire", err);
}

int ctl_keys_retire(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	const char *what = ctl->argv[0];
	const char *which = ctl->argc > 1 ? ctl->argv[1] : program_value(ctl->call, "epoch", "");
	struct key_site site;
	int result = key_site_open(&site, ctl, true, err);

	if (result == 0 && strcmp(what, "adapter") == 0 && ctl->argc == 2)
		result = keys_retire_adapter(&site, ctl->argv[1], err);
	else if (result == 0 && strcmp(what, "bus") == 0 && ctl->argc == 1)
		result = retire_kind(&site, KEY_BUS, err);
	else if (result == 0 && strcmp(what, "triage") == 0 && ctl->argc == 1)
		result = retire_kind(&site, KEY_TRIAGE, err);
	else if (result == 0 && strcmp(what, "operator") == 0 && ctl->argc == 2)
		result = retire_operator(&site, ctl->argv[1], err);
	else if (result == 0)
		result = err_set(err, ERR_USAGE, "bad-value", "usage: tipctl keys retire triage|bus --epoch N, or adapter "
			"NAME, or operator NAME");
	if (result == 0)
		out->value = json_pack("{s:o}", "retired", json_sprintf("%s %s", what, which));
	key_site_close(&site);
	return result;
}

int ctl_keys_revoke(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct key_site site;
	int result;

	if (strcmp(ctl->argv[0], "adapter") != 0)
		return err_set(err, ERR_USAGE, "bad-value", "usage: tipctl keys revoke adapter NAME");
	result = key_site_open(&site, ctl, true, err);
	if (result == 0)
		result = keys_revoke_adapter(&site, ctl->argv[1], err);
	if (result == 0) {
		out->value = json_pack("{s:s}", "revoked", ctl->argv[1]);
		out->note = "Neither gateway nor classify takes anything of it any more; what it sent and is on its way is "
			"parked.";
	}
	key_site_close(&site);
	return result;
}
