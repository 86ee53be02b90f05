/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new triage identity, and with it a new recovery identity: both open tip bodies, so an epoch that is to be destroyed
 * for good must have its own of either. classify gets the identity first. Then the list of recipients must name the
 * new keys, which the root key signs offline: the rotation ends here with a request to sign, and goes on when it is run
 * again beside the signed list. Tips sealed to the old key go on being opened until it is retired.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/ctl/keys_rotate.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/file.h"
#include "schema/keys.h"
#include "schema/keys_new.h"
#include "schema/recipients.h"

#define LIST "recipients.json"
#define REQUEST "recipients.request.json"

struct rotation {
	struct key_site *site;
	struct keyring_key *triage, *recovery;
};

static struct keyring_key *coming(struct keyring *ring, enum key_kind kind, unsigned epoch)
{
	struct keyring_key *key = keyring_in_state(ring, kind, "", KEY_COMING);

	return key ? key : keyring_add(ring, kind, "", epoch);
}

/* Makes the identity's file unless it is there; then the inventory has its public half. */
static int have_identity(struct key_site *site, struct keyring_key *key, const char *file, struct err *err)
{
	struct age_recipient recipient;
	struct buf content = BUF_INIT, path = BUF_INIT;
	char text[AGE_RECIPIENT_TEXT];
	int result = 0;

	if (key->print[0] && access(keyring_path(&site->ring, file, &path), F_OK) == 0) {
		buf_release(&path);
		return 0;
	}
	result = keys_new_identity(&content, &recipient, err);
	if (result == 0) {
		age_recipient_text(&recipient, text);
		snprintf(key->public_key, sizeof(key->public_key), "%s", text);
		fingerprint_public(key->print, slice_of(recipient.key, AGE_KEY_BYTES));
		result = key_put(site, key, file, buf_slice(&content), err);
	}
	if (result == 0)
		result = key_audit(site, "make", key, NULL, err);
	buf_release(&content);
	buf_release(&path);
	return result;
}

/* The identities of one epoch bear one number. */
static int make_both(struct rotation *rotation, struct err *err)
{
	struct keyring *ring = &rotation->site->ring;
	unsigned epoch = keyring_next_epoch(ring, KEY_TRIAGE, ""), other = keyring_next_epoch(ring, KEY_RECOVERY, "");
	char file[48];

	epoch = other > epoch ? other : epoch;
	rotation->triage = coming(ring, KEY_TRIAGE, epoch);
	rotation->recovery = coming(ring, KEY_RECOVERY, rotation->triage->epoch);
	snprintf(file, sizeof(file), "triage/%u.identity", rotation->triage->epoch);
	if (have_identity(rotation->site, rotation->triage, file, err) < 0)
		return -1;
	snprintf(file, sizeof(file), "recovery.%u.identity", rotation->recovery->epoch);
	/* Once made it may be offline already. */
	return rotation->recovery->print[0] ? 0 : have_identity(rotation->site, rotation->recovery, file, err);
}

static int give_classify(struct rotation *rotation, struct err *err)
{
	struct key_wish wish = { .stage = "classify" };
	struct buf folder = BUF_INIT, file = BUF_INIT, content = BUF_INIT;
	char own[48];
	struct stat st;
	int result = 0;

	snprintf(own, sizeof(own), "triage/%u.identity", rotation->triage->epoch);
	if (*key_site_place(rotation->site, "tipline-classify", "keys.triage", &folder)) {
		if (stat(buf_text(&folder), &st) == 0 && !S_ISDIR(st.st_mode))
			result = err_set(err, ERR_CONFIG, NULL, "%s: keys.triage of classify must be a folder, to hold several "
					 "epochs: put the file into one and name that", buf_text(&folder));
		buf_printf(&file, "%s/%u.identity", buf_text(&folder), rotation->triage->epoch);
		if (result == 0)
			result = key_get(rotation->site, own, &content, err);
		if (result == 0)
			result = key_put(rotation->site, rotation->triage, buf_text(&file), buf_slice(&content), err);
	}
	snprintf(wish.name, sizeof(wish.name), "triage:%s", rotation->triage->print);
	buf_release(&folder);
	buf_release(&file);
	buf_release(&content);
	return result == 0 ? key_await(rotation->site, &wish, 1, err) : -1;
}

static bool names(const struct age_recipient *recipient, const struct keyring_key *key)
{
	char text[AGE_RECIPIENT_TEXT];

	age_recipient_text(recipient, text);
	return strcmp(text, key->public_key) == 0;
}

static int write_request(struct rotation *rotation, struct recipients *list, struct err *err)
{
	struct buf file = BUF_INIT;
	int result;

	if (age_recipient_parse(&list->to.triage, rotation->triage->public_key, strlen(rotation->triage->public_key),
				err) < 0 ||
	    age_recipient_parse(&list->to.recovery, rotation->recovery->public_key,
				strlen(rotation->recovery->public_key), err) < 0)
		return -1;
	list->to.epoch++;
	list->not_before = clock_day() - RECIPIENTS_SLACK_DAYS;
	list->not_after = clock_day() + RECIPIENTS_DAYS;
	list->has_signature = false;
	result = recipients_draft(list, err);
	if (result == 0) {
		recipients_write(&file, list);
		result = key_put_public(rotation->site, REQUEST, buf_slice(&file), err);
	}
	buf_release(&file);
	return result;
}

/* The signed list to every gateway whose configuration is here; it must say that it hands it out. */
static int give_gateway(struct rotation *rotation, struct err *err)
{
	struct key_wish wish = { .stage = "gateway" };
	struct buf place = BUF_INIT, path = BUF_INIT, content = BUF_INIT;
	int result = file_read(&content, keyring_path(&rotation->site->ring, LIST, &path), RECIPIENTS_FILE_MAX, err);

	if (result == 0 && *key_site_place(rotation->site, "tipline-gateway", "keys.recipients", &place))
		result = key_put_public(rotation->site, buf_text(&place), buf_slice(&content), err);
	snprintf(wish.name, sizeof(wish.name), "triage:%s", rotation->triage->print);
	buf_release(&place);
	buf_release(&path);
	buf_release(&content);
	return result == 0 ? key_await(rotation->site, &wish, 1, err) : -1;
}

static int activate(struct rotation *rotation, struct err *err)
{
	struct keyring_key *const fresh[] = { rotation->triage, rotation->recovery };

	for (size_t i = 0; i < 2; i++) {
		struct keyring_key *old = keyring_in_state(&rotation->site->ring, fresh[i]->kind, "", KEY_ACTIVE);

		if (old && key_set_state(rotation->site, old, KEY_OVERLAP, "overlap", err) < 0)
			return -1;
		if (key_set_state(rotation->site, fresh[i], KEY_ACTIVE, "activate", err) < 0)
			return -1;
	}
	return 0;
}

int keys_rotate_triage(struct key_site *site, const char *name, struct ctl_output *out, struct err *err)
{
	struct rotation rotation = { .site = site };
	struct recipients list;
	struct buf path = BUF_INIT;
	int result = recipients_load(&list, keyring_path(&site->ring, LIST, &path), err);

	(void)name;
	if (result == 0)
		result = make_both(&rotation, err);
	if (result == 0)
		result = give_classify(&rotation, err);
	buf_release(&path);
	if (result != 0)
		return -1;
	if (!list.has_signature || !names(&list.to.triage, rotation.triage)) {
		out->note = "classify has the new identity. Take recovery.N.identity offline, have " REQUEST " signed there\n"
			    "(tipctl recipients sign " LIST " --root root.key --request " REQUEST "), put the signed list\n"
			    "into the folder of keys as " LIST ", and run this again.";
		return write_request(&rotation, &list, err);
	}
	if (give_gateway(&rotation, err) < 0)
		return -1;
	out->note = "Adapters learn the new key from the gateway. Retire the old epoch when no spool holds tips of it.";
	return activate(&rotation, err);
}
