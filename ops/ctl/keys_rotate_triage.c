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

/*
 * The identities of one epoch bear one number. One after the other, since an entry without its key must not be saved. A
 * recovery identity may be offline from the moment it is entered.
 */
static int make_both(struct rotation *rotation, struct err *err)
{
	struct keyring *ring = &rotation->site->ring;
	unsigned epoch = keyring_next_epoch(ring, KEY_TRIAGE, ""), other = keyring_next_epoch(ring, KEY_RECOVERY, "");
	char file[48];

	rotation->triage = coming(ring, KEY_TRIAGE, other > epoch ? other : epoch);
	snprintf(file, sizeof(file), "triage/%u.identity", rotation->triage->epoch);
	if (key_have_identity(rotation->site, rotation->triage, file, err) < 0)
		return -1;
	rotation->recovery = coming(ring, KEY_RECOVERY, rotation->triage->epoch);
	snprintf(file, sizeof(file), "recovery.%u.identity", rotation->recovery->epoch);
	return rotation->recovery->print[0] ? 0 : key_have_identity(rotation->site, rotation->recovery, file, err);
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
	const struct keyring *ring = &rotation->site->ring;
	const struct key_change changes[] = {
		{ keyring_in_state(ring, KEY_TRIAGE, "", KEY_ACTIVE), KEY_OVERLAP, "overlap" },
		{ keyring_in_state(ring, KEY_RECOVERY, "", KEY_ACTIVE), KEY_OVERLAP, "overlap" },
		{ rotation->triage, KEY_ACTIVE, "activate" }, { rotation->recovery, KEY_ACTIVE, "activate" },
	};

	return key_change_states(rotation->site, changes, sizeof(changes) / sizeof(changes[0]), err);
}

/* 1: the list in the folder is what the rotation asked for, signed by the site's root key; 0: it is not signed yet. */
static int is_signed(const struct rotation *rotation, const struct recipients *list, struct err *err)
{
	struct buf path = BUF_INIT;
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	int result = 1;

	if (!list->has_signature || !names(&list->to.triage, rotation->triage))
		return 0;
	if (!names(&list->to.recovery, rotation->recovery))
		return err_set(err, ERR_CONFIG, NULL, LIST ": names the new triage key, but another recovery key than "
			       "recovery.%u.identity, whose holder could open nothing: have " REQUEST " signed as it is",
			       rotation->recovery->epoch);
	if (access(keyring_path(&rotation->site->ring, "root.pub", &path), F_OK) == 0 &&
	    (keys_load_root_public(root, buf_text(&path), err) < 0 || recipients_verify(list, root, err) < 0))
		result = err_prefix(err, LIST);
	buf_release(&path);
	return result;
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
	result = is_signed(&rotation, &list, err);
	if (result < 0)
		return -1;
	if (result == 0) {
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
