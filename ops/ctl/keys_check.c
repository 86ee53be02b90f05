/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys check: whether the keys are as the inventory says, lie with whom they belong, will last, and are where
 * the stages need them; and whether the list of recipients holds. It changes nothing. `config check` asks whether the
 * configurations fit each other.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/ctl/key_adapter.h"
#include "ops/ctl/key_audit.h"
#include "ops/ctl/key_site.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/number.h"
#include "schema/keys.h"
#include "schema/keys_new.h"
#include "schema/recipients.h"
#include "schema/topics.h"

#define WITHIN_DAYS "14"

struct check {
	struct key_site site;
	json_t *findings;
	int64_t within, today;
};

static void finding(struct check *check, const char *key, const char *todo, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void finding(struct check *check, const char *key, const char *todo, const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(check->findings, json_pack("{s:s, s:o, s:s}", "key", key, "what",
							 json_string(text) ?: json_string("(not UTF-8)"), "todo",
							 	todo));
}

/* A copy must be its folder's owner's, or the daemon that reads there cannot have it. */
static void check_owner(struct check *check, const char *label, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf folder = BUF_INIT;
	struct stat file, parent;

	buf_append(&folder, path, (size_t)(slash - path) + 1);
	if (stat(path, &file) == 0 && stat(buf_text(&folder), &parent) == 0 && file.st_uid != parent.st_uid)
		finding(check, label, "chown it to the owner of its folder", "%s: belongs to user %u, its folder to "
			"user %u", path,
			(unsigned)file.st_uid, (unsigned)parent.st_uid);
	buf_release(&folder);
}

static int name_left(void *arg, const char *left, struct err *err)
{
	(void)err;
	finding(arg, "left over", "overwrite and remove it: nothing reads it",
		"%s: was left by a command that was killed, and may hold a secret", left);
	return 0;
}

static void check_files(struct check *check, const struct keyring_key *key, const char *label)
{
	struct buf path = BUF_INIT;

	if (key->state == KEY_DESTROYED && key->n_files > 0) {
		finding(check, label, "run `tipctl keys destroy` again, with the same confirmations",
			"its destruction was cut short: copies may be left");
		return;
	}
	for (size_t i = 0; i < key->n_files; i++) {
		struct err why = ERR_INIT;

		keyring_path(&check->site.ring, key->files[i], &path);
		keys_left_over(buf_text(&path), name_left, check, NULL);
		if (access(buf_text(&path), F_OK) != 0) {
			if (!key_kinds[key->kind].offline) /* those have been taken to their holder, as they should */
				finding(check, label, "bring it back from a copy, or retire the key", "%s: is not "
					"there",
					buf_text(&path));
			continue;
		}
		if (key_site_verify(&check->site, key, key->files[i], &why) < 0)
			finding(check, label, "see the text; `tipctl keys list` shows what should be there", "%s",
				why.text);
		check_owner(check, label, buf_text(&path));
		if (key_kinds[key->kind].offline)
			finding(check, label, "take it to its holder, then remove it here", "%s: lies on this "
				"machine, but is held by %s", buf_text(&path), key_kinds[key->kind].holders);
	}
	buf_release(&path);
}

static void check_time(struct check *check, const struct keyring_key *key, const char *label)
{
	if (key->kind == KEY_OPERATOR && key->state == KEY_ACTIVE && key->from > check->today)
		finding(check, label, "retire the operator, unless you know of him (" KEY_AUDIT_FILE " says who made him)",
			"a new operator, whose confirmations count in %lld days", (long long)(key->from - check->today));
	if (key_adapter_is_added(key))
		finding(check, label, "run `tipctl keys add adapter` again, as it was called: it goes on where it ended",
			"the adapter was to be added, and is not yet");
	else if (key->state == KEY_COMING)
		finding(check, label, "run the rotation again: it goes on where it ended",
			"a rotation began and was not finished");
	if (key->state != KEY_ACTIVE || !key->until)
		return;
	if (key->until < check->today)
		finding(check, label, "rotate it now", "was to be rotated %lld days ago",
			(long long)(check->today - key->until));
	else if (key->until - check->today < check->within)
		finding(check, label, "rotate it", "is to be rotated within %lld days",
			(long long)(key->until - check->today));
}

/* -- what the stages have -- */

struct names {
	char wanted[48], derived[48];
	bool found;
};

static void look_for(void *arg, const char *name)
{
	struct names *names = arg;

	names->found = names->found || strncmp(name, names->wanted, strlen(names->wanted)) == 0 ||
		       strncmp(name, names->derived, strlen(names->derived)) == 0;
}

static bool is_needed(const struct keyring_key *key)
{
	return key->state == KEY_ACTIVE || key->state == KEY_OVERLAP || key->state == KEY_COMING;
}

static void check_bus_of(struct check *check, const char *program)
{
	struct buf folder = BUF_INIT;
	struct bus_ring *ring = NULL;
	struct err why = ERR_INIT;

	if (!*key_site_place(&check->site, program, "keys.bus", &folder))
		goto done;
	if (keys_load_bus(&ring, buf_text(&folder), &why) < 0)
		finding(check, program, "correct the folder: it cannot start so", "%s lacks its bus keys: %s",
			program, why.text);
	else
		for (size_t i = 0; i < check->site.ring.n; i++) {
			const struct keyring_key *key = check->site.ring.keys[i];
			char label[KEY_NAME_MAX + 32];
			struct names names = { .found = false };

			keyring_label(key, label);
			snprintf(names.wanted, sizeof(names.wanted), "bus:%u:%s", key->epoch, key->print);
			snprintf(names.derived, sizeof(names.derived), "bus:%u:" TOPIC_ROUTED ":", key->epoch);
			bus_ring_names(ring, look_for, &names);
			if (key->kind == KEY_BUS && is_needed(key) && !names.found)
				finding(check, label, "copy it there", "%s: %s lacks it", buf_text(&folder), program);
			if (key->kind == KEY_BUS && key->state == KEY_DESTROYED && names.found)
				finding(check, label, "destroy that copy too", "%s: %s still has it",
					buf_text(&folder), program);
		}
	bus_ring_free(ring);
done:
	buf_release(&folder);
}

static bool has_identity(const struct identity_set *set, const char *print)
{
	for (size_t i = 0; i < set->n; i++) {
		struct age_recipient recipient;
		char own[FINGERPRINT_TEXT];

		age_identity_recipient(set->items[i], &recipient);
		fingerprint_public(own, slice_of(recipient.key, AGE_KEY_BYTES));
		if (strcmp(own, print) == 0)
			return true;
	}
	return false;
}

static void check_triage(struct check *check)
{
	struct identity_set set = { NULL, 0 };
	struct buf path = BUF_INIT;

	if (*key_site_place(&check->site, "tipline-classify", "keys.triage", &path) &&
	    identity_set_load(&set, buf_text(&path), NULL) == 0)
		for (size_t i = 0; i < check->site.ring.n; i++) {
			const struct keyring_key *key = check->site.ring.keys[i];
			char label[KEY_NAME_MAX + 32];

			keyring_label(key, label);
			if (key->kind == KEY_TRIAGE && key->state == KEY_DESTROYED && has_identity(&set, key->print))
				finding(check, label, "destroy that copy too", "%s: classify still has it", buf_text(&path));
			if (key->kind == KEY_TRIAGE && is_needed(key) && !has_identity(&set, key->print))
				finding(check, label, "copy it there", "%s: classify lacks it: tips sealed to it "
					"would be parked",
					buf_text(&path));
		}
	identity_set_release(&set);
	buf_release(&path);
}

/*
 * What a gateway hands out that is configured beside tipctl, or else what lies in the folder: on the day that it ends
 * intake stops.
 */
static void check_recipients(struct check *check)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct buf path = BUF_INIT, pub = BUF_INIT;
	struct recipients list;
	struct err why = ERR_INIT;

	if (!*key_site_place(&check->site, "tipline-gateway", "keys.recipients", &path) ||
	    access(buf_text(&path), F_OK) != 0)
		keyring_path(&check->site.ring, "recipients.json", &path);
	keyring_path(&check->site.ring, "root.pub", &pub);
	if (recipients_load(&list, buf_text(&path), &why) < 0)
		finding(check, "recipients", "put the newest list in place", "%s", why.text);
	else if ((access(buf_text(&pub), F_OK) == 0 && keys_load_root_public(root, buf_text(&pub), &why) < 0) ||
		 (access(buf_text(&pub), F_OK) == 0 && recipients_verify(&list, root, &why) < 0) ||
		 recipients_valid(&list, (uint32_t)check->today, &why) < 0)
		finding(check, "recipients", "adapters refuse it: put a list in place that holds", "%s: %s", buf_text(&path),
			why.text);
	else if (list.not_after - check->today < check->within)
		finding(check, "recipients", "sign the next one (`tipctl recipients sign`) and put it in place",
			"%s: ends in %lld days, and intake with it", buf_text(&path),
			(long long)(list.not_after - check->today));
	buf_release(&path);
	buf_release(&pub);
}

/* What route seals a team's cases to must be the team's key. */
static void check_team(struct check *check, const struct keyring_key *key, const char *label)
{
	struct age_recipient recipient;
	struct buf path = BUF_INIT;
	char member[KEY_NAME_MAX + 32], text[AGE_RECIPIENT_TEXT];

	snprintf(member, sizeof(member), "teams.%s.recipient", key->name);
	if (key->state == KEY_ACTIVE && *key_site_place(&check->site, "tipline-route", member, &path) &&
	    keys_load_recipient(&recipient, buf_text(&path), NULL) == 0) {
		age_recipient_text(&recipient, text);
		if (strcmp(text, key->public_key) != 0)
			finding(check, label, "find out whose key that is; then give route the team's",
				"%s: route seals to another key than the team's", buf_text(&path));
	}
	buf_release(&path);
}

static void check_adapter(struct check *check, const struct adapter_list *list, const struct keyring_key *key,
			  const char *label)
{
	bool found = false;

	for (size_t i = 0; i < list->n; i++) {
		char print[FINGERPRINT_TEXT];

		fingerprint_public(print, slice_of(list->items[i].sign_public, FRAME_SIGN_PUBLIC));
		found = found || (strcmp(print, key->print) == 0 && !list->items[i].revoked);
	}
	if (key->state == KEY_ACTIVE && !found)
		finding(check, label, "list its public key, or revoke the adapter",
			"adapters.yaml does not name its key: its tips are refused");
}

/* -- */

static void check_all(struct check *check)
{
	static const char *const programs[] = { "tipline-classify", "tipline-dedupe", "tipline-route", "tipline-sink" };
	struct adapter_list list = { NULL, 0 };
	struct buf path = BUF_INIT;
	struct err why = ERR_INIT;
	size_t lines;

	if (adapter_list_load(&list, keyring_path(&check->site.ring, "adapters.yaml", &path), &why) < 0)
		finding(check, "adapters", "correct the file", "%s", why.text);
	for (size_t i = 0; i < check->site.ring.n; i++) {
		const struct keyring_key *key = check->site.ring.keys[i];
		char label[KEY_NAME_MAX + 32];

		keyring_label(key, label);
		check_files(check, key, label);
		check_time(check, key, label);
		if (key->kind == KEY_TEAM)
			check_team(check, key, label);
		if (key->kind == KEY_ADAPTER)
			check_adapter(check, &list, key, label);
	}
	for (int kind = 0; kind < KEY_TEAM; kind++)
		if (!keyring_in_state(&check->site.ring, (enum key_kind)kind, "", KEY_ACTIVE))
			finding(check, key_kinds[kind].name, kind == KEY_ROOT || kind == KEY_CUSTODIAN
				? "see what its loss means in tipline-keys(7)"
				: "make one: `tipctl keys rotate`", "there is no active key of this kind");
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		check_bus_of(check, programs[i]);
	check_triage(check);
	check_recipients(check);
	err_clear(&why);
	if (key_audit_check(&check->site, &lines, &why) < 0)
		finding(check, KEY_AUDIT_FILE, "compare it with a copy kept elsewhere", "%s", why.text);
	adapter_list_release(&list);
	buf_release(&path);
}

int ctl_keys_check(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = { { "key", "KEY", false }, { "what", "WHAT", false },
						     { "todo", "WHAT TO DO", false }, { NULL, NULL, false } };
	const char *within = program_value(ctl->call, "within", WITHIN_DAYS);
	struct check check = { .today = clock_day() };
	int result;

	if (number_int(within, &check.within) != NUMBER_OK || check.within < 0)
		return err_set(err, ERR_USAGE, "bad-value", "--within %.32s: a number of days is needed", within);
	result = key_site_open(&check.site, ctl, false, err);
	if (result == 0) {
		out->value = check.findings = json_array();
		out->columns = columns;
		check_all(&check);
		out->status = json_array_size(check.findings) > 0;
		if (!out->status)
			out->note = "all keys are as they should be";
	}
	key_site_close(&check.site);
	return result;
}
