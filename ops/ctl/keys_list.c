/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl keys list and export: the inventory as people and programs read it. Of a secret key neither shows more than
 * its fingerprint.
 */
#include <string.h>

#include "ops/ctl/key_site.h"

static json_t *day_or_null(int64_t day)
{
	return day ? ctl_date(day) : json_null();
}

static json_t *files_of(const struct keyring_key *key)
{
	json_t *files = json_array();

	for (size_t i = 0; i < key->n_files; i++)
		json_array_append_new(files, json_string(key->files[i]) ?: json_string("(not UTF-8)"));
	return files;
}

static json_t *row_of(const struct keyring_key *key)
{
	const struct key_kind_facts *kind = &key_kinds[key->kind];
	json_t *files = files_of(key);
	struct buf where = BUF_INIT;
	json_t *row;

	for (size_t i = 0; i < key->n_files; i++)
		buf_printf(&where, "%s%s", i ? ", " : "", key->files[i]);
	row = json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:o}", "key", kind->name, "name",
		key->name,
			"epoch", (json_int_t)key->epoch, "state", key_state_names[key->state], "fingerprint",
			key->print,
			"public", key->public_key, "from", day_or_null(key->from), "until", day_or_null(key->until),
			"holders", kind->holders, "opens", kind->opens, "where",
			json_string(key->n_files ? buf_text(&where) : "not here") ?: json_string("(not UTF-8)"),
				"files", files);
	buf_release(&where);
	return row;
}

int ctl_keys_list(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = {
		{ "key", "KEY", false }, { "name", "NAME", false }, { "epoch", "EPOCH", true }, { "state", "STATE",
		  false },
		{ "fingerprint", "FINGERPRINT", false }, { "from", "FROM", false }, { "until", "UNTIL", false },
		{ "holders", "HELD BY", false }, { "opens", "OPENS", false }, { "where", "WHERE", false }, { NULL,
		  NULL, false }
	};
	struct key_site site;
	int result = key_site_open(&site, ctl, false, err);

	if (result == 0) {
		out->value = json_array();
		out->columns = columns;
		for (size_t i = 0; i < site.ring.n; i++)
			json_array_append_new(out->value, row_of(site.ring.keys[i]));
		if (site.ring.adopted)
			out->note = "There was no inventory yet: this is what lies in the folder. The next change "
				"writes it.";
	}
	key_site_close(&site);
	return result;
}

static json_t *public_row(const struct keyring_key *key)
{
	return json_pack("{s:s, s:s, s:I, s:s, s:s}", "key", key_kinds[key->kind].name, "name", key->name, "epoch",
			 (json_int_t)key->epoch, "fingerprint", key->print, "public", key->public_key);
}

int ctl_keys_export(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = {
		{ "key", "KEY", false }, { "name", "NAME", false }, { "epoch", "EPOCH", true },
		{ "fingerprint", "FINGERPRINT", false }, { "public", "PUBLIC", false }, { NULL, NULL, false }
	};
	struct key_site site;

	if (!program_given(ctl->call, "public"))
		return err_set(err, ERR_USAGE, "bad-value", "keys export --public: public keys are all that can be "
			       "exported; a secret goes to its holder as a file");
	int result = key_site_open(&site, ctl, false, err);

	if (result == 0) {
		out->value = json_array();
		out->columns = columns;
		for (size_t i = 0; i < site.ring.n; i++) {
			const struct keyring_key *key = site.ring.keys[i];

			if (!key->public_key[0] || (key->state != KEY_ACTIVE && key->state != KEY_OVERLAP))
				continue;
			json_array_append_new(out->value, public_row(key));
		}
	}
	key_site_close(&site);
	return result;
}
