/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/key_statement.h"

#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/number.h"

#define CONFIRMED_DAYS 7
#define ITEM_MAX 64

static const enum key_kind kinds[KEY_SELECTION_MAX] = { KEY_TRIAGE, KEY_RECOVERY, KEY_BUS };

static int read_epoch(const struct ctl *ctl, unsigned *epoch, struct err *err)
{
	int64_t number;

	if (number_int(program_value(ctl->call, "epoch", ""), &number) != NUMBER_OK || number < 1 ||
	    number > UINT32_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "--epoch N is needed: the epoch to be destroyed; `tipctl keys "
			       "list` shows them");
	*epoch = (unsigned)number;
	return 0;
}

static int read_kinds(const struct ctl *ctl, int first, bool named[KEY_SELECTION_MAX], struct err *err)
{
	const char *words[KEY_SELECTION_MAX];

	for (size_t i = 0; i < KEY_SELECTION_MAX; i++) {
		words[i] = key_kinds[kinds[i]].name;
		named[i] = false;
	}
	for (int at = first; at < ctl->argc; at++) {
		size_t i = 0;

		while (i < KEY_SELECTION_MAX && strcmp(words[i], ctl->argv[at]) != 0)
			i++;
		if (i == KEY_SELECTION_MAX)
			return ctl_no_such("key to destroy,", ctl->argv[at], words, KEY_SELECTION_MAX, err);
		named[i] = true;
	}
	return 0;
}

bool key_selection_is_left(const struct keyring_key *key)
{
	return key->state != KEY_DESTROYED || key->n_files > 0;
}

static int check_retired(const struct keyring_key *key, struct err *err)
{
	const char *name = key_kinds[key->kind].name;

	if (key->state == KEY_RETIRED || key->state == KEY_DESTROYED)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s key %u is %s, and only what is retired can be destroyed: `tipctl keys "
		       "retire %s --epoch %u`, or name the kinds that shall be destroyed without it", name, key->epoch,
		       key_state_names[key->state], key->kind == KEY_BUS ? "bus" : "triage", key->epoch);
}

int key_select(struct key_selection *selection, const struct key_site *site, int first, struct err *err)
{
	bool named[KEY_SELECTION_MAX], left = false;

	*selection = (struct key_selection){ .n = 0 };
	if (read_epoch(site->ctl, &selection->epoch, err) < 0 || read_kinds(site->ctl, first, named, err) < 0)
		return -1;
	for (size_t i = 0; i < KEY_SELECTION_MAX; i++) {
		struct keyring_key *key = keyring_find(&site->ring, kinds[i], "", selection->epoch);

		if (site->ctl->argc > first && !named[i])
			continue;
		if (named[i] && !key)
			return err_set(err, ERR_CONFIG, NULL, "there is no %s key of epoch %u: `tipctl keys list` shows them",
				       key_kinds[kinds[i]].name, selection->epoch);
		if (!key)
			continue;
		if (check_retired(key, err) < 0)
			return -1;
		selection->keys[selection->n++] = key;
		left = left || key_selection_is_left(key);
	}
	if (!left)
		return err_set(err, ERR_CONFIG, NULL, "there is no key of epoch %u left to destroy", selection->epoch);
	return 0;
}

static void name_key(const struct keyring_key *key, bool first, char item[ITEM_MAX])
{
	snprintf(item, ITEM_MAX, "%s%s %u %s", first ? ": " : ", ", key_kinds[key->kind].name, key->epoch, key->print);
}

static void write_keys(const struct key_selection *selection, struct buf *statement)
{
	char item[ITEM_MAX];
	bool first = true;

	buf_printf(statement, "destroy epoch %u", selection->epoch);
	for (size_t i = 0; i < selection->n; i++) {
		if (!key_selection_is_left(selection->keys[i]))
			continue;
		name_key(selection->keys[i], first, item);
		buf_append_str(statement, item);
		first = false;
	}
}

void key_statement_write(const struct key_selection *selection, struct buf *statement)
{
	char day[CLOCK_DAY_TEXT];

	clock_day_text(day, clock_day());
	write_keys(selection, statement);
	buf_printf(statement, "; %s", day);
}

static bool take(struct slice *rest, const char *text)
{
	size_t len = strlen(text);

	if (rest->len < len || memcmp(rest->data, text, len) != 0)
		return false;
	*rest = slice_of(rest->data + len, rest->len - len);
	return true;
}

/* What is left behind it is the day. */
static bool names_all(const struct key_selection *selection, struct slice *rest)
{
	char item[ITEM_MAX];
	bool first = true;

	snprintf(item, sizeof(item), "destroy epoch %u", selection->epoch);
	if (!take(rest, item))
		return false;
	for (size_t i = 0; i < selection->n; i++) {
		name_key(selection->keys[i], first, item);
		if (take(rest, item))
			first = false;
		else if (key_selection_is_left(selection->keys[i]))
			return false;
	}
	return take(rest, "; ");
}

/* Where it is of other kinds of the same epoch: what to name, to destroy what was confirmed. */
static void add_hint(const struct key_selection *selection, struct slice statement, struct buf *text)
{
	struct buf signed_text = BUF_INIT;
	char item[ITEM_MAX];
	const char *said;

	buf_append_slice(&signed_text, statement);
	said = buf_text(&signed_text);
	snprintf(item, sizeof(item), "destroy epoch %u: ", selection->epoch);
	if (strncmp(said, item, strlen(item)) == 0) {
		buf_append_str(text, ". Name the same kinds here as were confirmed,");
		for (size_t i = 0; i < KEY_SELECTION_MAX; i++) {
			snprintf(item, sizeof(item), " %s %u ", key_kinds[kinds[i]].name, selection->epoch);
			if (strstr(said, item))
				buf_printf(text, " %s", key_kinds[kinds[i]].name);
		}
		buf_append_str(text, ", or have it confirmed anew");
	}
	buf_release(&signed_text);
}

static bool is_recent(struct slice day)
{
	uint32_t signed_on;

	return clock_day_parse(&signed_on, (const char *)day.data, day.len) == 0 && signed_on <= clock_day() + 1 &&
	       (int64_t)clock_day() - (int64_t)signed_on <= CONFIRMED_DAYS;
}

int key_statement_check(const struct key_selection *selection, struct slice statement, struct err *err)
{
	struct slice rest = statement;
	struct buf wanted = BUF_INIT, hint = BUF_INIT;
	int result = 0;

	write_keys(selection, &wanted);
	add_hint(selection, statement, &hint);
	if (!names_all(selection, &rest))
		result = err_set(err, ERR_CONFIG, NULL, "it confirms something else: \"%.*s\"; what is to be destroyed is "
				 "\"%s\"%s", (int)statement.len, (const char *)statement.data, buf_text(&wanted),
				 buf_text(&hint));
	else if (!is_recent(rest))
		result = err_set(err, ERR_CONFIG, NULL, "it is older than %d days: have it signed anew", CONFIRMED_DAYS);
	buf_release(&wanted);
	buf_release(&hint);
	return result;
}
