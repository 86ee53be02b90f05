/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl recipients: the signed list of whom intake seals to. `root` and `sign` run where the root key is, offline;
 * `show` and `check` need its public half alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/ctl/ctl.h"
#include "ops/runtime/clock.h"
#include "schema/fingerprint.h"
#include "schema/keys.h"
#include "schema/keys_new.h"
#include "schema/recipients.h"

#define WITHIN_DAYS "14"

static const struct {
	const char *name, *opens; /* `name` is also the option's */
	size_t offset;
} holders[] = {
	{ "triage", "tip bodies", offsetof(struct seal_recipients, triage) },
	{ "recovery", "tip bodies, contact details", offsetof(struct seal_recipients, recovery) },
	{ "custodian", "contact details", offsetof(struct seal_recipients, custodian) },
};
#define N_HOLDERS (sizeof(holders) / sizeof(holders[0]))

static const struct ctl_column columns[] = { { "name", "NAME", false }, { "opens", "OPENS", false },
					     { "fingerprint", "FINGERPRINT", false },
					     { "recipient", "RECIPIENT", false }, { NULL, NULL, false } };

/* A whole number from an option. */
static int number_of(const struct ctl *ctl, const char *option, const char *otherwise, int64_t least, int64_t *number,
		     struct err *err)
{
	const char *text = program_value(ctl->call, option, otherwise);
	char *end;

	if (text == NULL)
		return 0;
	errno = 0;
	*number = strtoll(text, &end, 10);
	if (errno || *end || end == text || *number < least || *number > (int64_t)UINT32_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "--%s %.32s: a whole number from %lld on is needed", option, text,
			       (long long)least);
	return 0;
}

static json_t *keys_of(const struct seal_recipients *to)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < N_HOLDERS; i++) {
		const struct age_recipient *key =
			(const struct age_recipient *)(const void *)((const char *)to + holders[i].offset);
		char text[AGE_RECIPIENT_TEXT], fingerprint[FINGERPRINT_TEXT];

		age_recipient_text(key, text);
		fingerprint_public(fingerprint, slice_of(key->key, sizeof(key->key)));
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s}", "name", holders[i].name, "opens",
						      holders[i].opens, "fingerprint", fingerprint, "recipient", text));
	}
	return rows;
}

static const char *state_of(const struct recipients *list, uint32_t today, int64_t within)
{
	if (today < list->not_before)
		return "early";
	if (today > list->not_after)
		return "expired";
	return (int64_t)list->not_after - today < within ? "expiring" : "valid";
}

/* `root` NULL: nobody gave one. */
static const char *signature_of(const struct recipients *list, const uint8_t *root)
{
	if (!list->has_signature)
		return "missing";
	if (root == NULL)
		return "not checked: no --root";
	return recipients_verify(list, root, NULL) == 0 ? "right" : "wrong";
}

static void show(struct ctl_output *out, const struct recipients *list, const char *state, const char *signature)
{
	out->value = json_pack("{s:I, s:o, s:o, s:s, s:s, s:o}", "epoch", (json_int_t)list->to.epoch, "not_before",
			       ctl_date(list->not_before), "not_after", ctl_date(list->not_after), "state", state,
			       "signature", signature, "keys", keys_of(&list->to));
	out->columns = columns;
}

/* Reads the list of the first operand and the root's public key where one is given. */
static int load(struct ctl *ctl, struct recipients *list, uint8_t root[RECIPIENTS_ROOT_PUBLIC], bool *rooted,
		struct err *err)
{
	const char *path = program_value(ctl->call, "root", NULL);

	*rooted = path != NULL;
	if (keys_begin(err) < 0 || recipients_load(list, ctl->argv[0], err) < 0)
		return -1;
	return path ? keys_load_root_public(root, path, err) : 0;
}

int ctl_recipients_show(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct recipients list;
	int64_t within = 0;
	bool rooted;

	if (number_of(ctl, "within", WITHIN_DAYS, 0, &within, err) < 0 || load(ctl, &list, root, &rooted, err) < 0)
		return -1;
	show(out, &list, state_of(&list, clock_day(), within), signature_of(&list, rooted ? root : NULL));
	return 0;
}

int ctl_recipients_check(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct recipients list;
	int64_t within = 0;
	bool rooted;

	if (!program_given(ctl->call, "root"))
		return err_set(err, ERR_USAGE, "bad-value", "recipients check needs --root FILE, the root key's public half");
	if (number_of(ctl, "within", WITHIN_DAYS, 0, &within, err) < 0 || load(ctl, &list, root, &rooted, err) < 0)
		return -1;
	const char *state = state_of(&list, clock_day(), within), *signature = signature_of(&list, root);

	show(out, &list, state, signature);
	out->status = strcmp(state, "valid") != 0 || strcmp(signature, "right") != 0;
	if (strcmp(state, "expiring") == 0 || strcmp(state, "expired") == 0)
		out->note = "Sign a new one where the root key is (tipctl recipients sign) and give it to the gateways.";
	return 0;
}

/* What is being signed, and what it comes after. */
struct signing {
	uint8_t root[RECIPIENTS_ROOT_SECRET];
	struct recipients list, newest;
	bool renewal; /* `newest` is there */
};

static int load_newest(struct signing *signing, const char *path, struct err *err)
{
	const uint8_t *own_public = signing->root + RECIPIENTS_ROOT_SECRET - RECIPIENTS_ROOT_PUBLIC;

	if (access(path, F_OK) != 0 && errno == ENOENT)
		return 0;
	signing->renewal = true;
	if (recipients_load(&signing->newest, path, err) < 0)
		return -1;
	if (recipients_verify(&signing->newest, own_public, NULL) < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: is not signed by this root key: renew it with its own, or write the "
			       "new list to another file", path);
	return 0;
}

/* age1…, or a file with one. */
static int take_keys(const struct ctl *ctl, struct signing *signing, struct err *err)
{
	for (size_t i = 0; i < N_HOLDERS; i++) {
		const char *given = program_value(ctl->call, holders[i].name, NULL);
		struct age_recipient *key =
			(struct age_recipient *)(void *)((char *)&signing->list.to + holders[i].offset);

		if (given == NULL && (signing->renewal || program_given(ctl->call, "request")))
			continue;
		if (given == NULL)
			return err_set(err, ERR_USAGE, "bad-value", "%s is not there yet: a first list needs --triage, "
				       "--recovery and --custodian, or --request", ctl->argv[0]);
		if (age_recipient_parse(key, given, strlen(given), NULL) < 0 && keys_load_recipient(key, given, err) < 0)
			return err_prefix(err, "--%s: neither an age recipient (age1…) nor a file with one", holders[i].name);
	}
	return 0;
}

static int take_days(const struct ctl *ctl, struct recipients *list, struct err *err)
{
	int64_t from, until;

	if (ctl_day(ctl, "from", &from, err) < 0 || ctl_day(ctl, "until", &until, err) < 0)
		return -1;
	if (from >= 0)
		list->not_before = (uint32_t)from;
	if (until >= 0)
		list->not_after = (uint32_t)until;
	else if (from >= 0 || !program_given(ctl->call, "request"))
		list->not_after = (from >= 0 ? list->not_before : clock_day()) + RECIPIENTS_DAYS;
	if (list->not_after < list->not_before)
		return err_set(err, ERR_USAGE, "bad-value", "its last day (--until) would be before its first (--from)");
	if (list->not_after < clock_day())
		return err_set(err, ERR_USAGE, "bad-value", "it would have expired already: --until a later day");
	return 0;
}

/* What it says: the request's words or the newest list's, and over them the options'. */
static int compose(const struct ctl *ctl, struct signing *signing, struct err *err)
{
	const char *request = program_value(ctl->call, "request", NULL);
	int64_t epoch = 0;

	if (load_newest(signing, ctl->argv[0], err) < 0)
		return -1;
	signing->list = signing->newest;
	signing->list.to.epoch++;
	signing->list.not_before = clock_day() - RECIPIENTS_SLACK_DAYS;
	if (request && recipients_load(&signing->list, request, err) < 0)
		return -1;
	if (number_of(ctl, "epoch", NULL, 1, &epoch, err) < 0 || take_keys(ctl, signing, err) < 0 ||
	    take_days(ctl, &signing->list, err) < 0)
		return -1;
	if (epoch > 0)
		signing->list.to.epoch = (uint32_t)epoch;
	if (signing->renewal && signing->list.to.epoch <= signing->newest.to.epoch)
		return err_set(err, ERR_USAGE, "bad-value", "epoch %u is not higher than %u, that of %s: adapters would refuse "
			       "it", signing->list.to.epoch, signing->newest.to.epoch, ctl->argv[0]);
	return recipients_draft(&signing->list, err);
}

static int sign(struct ctl *ctl, struct signing *signing, struct err *err)
{
	struct buf file = BUF_INIT;
	int result;

	if (keys_begin(err) < 0 || keys_load_sign(signing->root, program_value(ctl->call, "root", NULL), err) < 0 ||
	    compose(ctl, signing, err) < 0)
		return -1;
	recipients_sign(&signing->list, signing->root);
	recipients_write(&file, &signing->list);
	result = keys_replace(ctl->argv[0], buf_slice(&file), 0644, err);
	buf_release(&file);
	return result;
}

int ctl_recipients_sign(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct signing *signing;
	int result;

	if (!program_given(ctl->call, "root"))
		return err_set(err, ERR_USAGE, "bad-value", "recipients sign needs --root FILE, the root key (root.key)");
	signing = mem_alloc(sizeof(*signing));
	result = sign(ctl, signing, err);
	if (result == 0) {
		show(out, &signing->list, state_of(&signing->list, clock_day(), 0), "right");
		out->note = signing->list.not_before > clock_day()
			? "Put it in place of each gateway's keys.recipients, by a rename: gateways hand out the one they have "
			  "until its first day."
			: "Put it in place of each gateway's keys.recipients, by a rename: adapters have it within a second.";
	}
	mem_wipe(signing, sizeof(*signing));
	free(signing);
	return result;
}

static int write_in(const char *folder, const char *name, struct slice content, unsigned mode, struct err *err)
{
	struct buf path = BUF_INIT;
	int result;

	buf_printf(&path, "%s/%s", folder, name);
	result = keys_write(buf_text(&path), content, mode, err);
	buf_release(&path);
	return result;
}

int ctl_recipients_root(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct buf secret = BUF_INIT, half = BUF_INIT;
	char fingerprint[FINGERPRINT_TEXT];
	int result;

	if (keys_begin(err) < 0)
		return -1;
	if (mkdir(ctl->argv[0], 0700) != 0 && errno != EEXIST)
		return err_errno(err, "%s", ctl->argv[0]);
	keys_new_sign(&secret, root);
	keys_hex_file(&half, root, sizeof(root));
	/* The public half first: who has that alone has nothing, and neither is ever overwritten. */
	result = write_in(ctl->argv[0], "root.pub", buf_slice(&half), 0644, err);
	if (result == 0)
		result = write_in(ctl->argv[0], "root.key", buf_slice(&secret), 0600, err);
	if (result == 0) {
		fingerprint_public(fingerprint, slice_of(root, sizeof(root)));
		out->value = json_pack("{s:s, s:s}", "folder", ctl->argv[0], "fingerprint", fingerprint);
		out->note = "Keep root.key on a machine that is never connected, and a copy of it elsewhere; each adapter gets "
			    "root.pub.";
	}
	buf_release(&secret);
	buf_release(&half);
	return result;
}
