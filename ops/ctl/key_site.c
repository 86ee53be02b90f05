/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/key_site.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/desk.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/linkage.h"
#include "schema/topics.h"

const char key_site_other[] = "other-key";

static const char *folder_of(const struct ctl *ctl)
{
	return program_value(ctl->call, "keys", ctl->conf ? conf_str(ctl->conf, "keys") : "");
}

static void find_who(struct key_site *site)
{
	const struct passwd *user = getpwuid(getuid());
	const char *by = program_value(site->ctl->call, "by", NULL);

	if (user)
		snprintf(site->login, sizeof(site->login), "%s", user->pw_name);
	else
		snprintf(site->login, sizeof(site->login), "user %u", (unsigned)getuid());
	snprintf(site->by, sizeof(site->by), "%s", by ? by : site->login);
}

/* What cannot be read there is `config check`'s to say. */
static int read_configurations(struct key_site *site, struct err *err)
{
	const char *conf = site->ctl->call->conf_path, *slash = conf ? strrchr(conf, '/') : NULL;
	struct buf folder = BUF_INIT;
	int result = 0;

	if (conf) {
		buf_append_str(&folder, slash ? "" : ".");
		if (slash)
			buf_append(&folder, conf, slash == conf ? 1 : (size_t)(slash - conf));
		result = config_set_add(site->set, buf_text(&folder), err);
	}
	buf_release(&folder);
	return result;
}

/* Operators, retired and destroyed keys are not seen in the folder: a lost inventory is no new one. */
static int check_adopted(const struct key_site *site, struct err *err)
{
	struct buf path = BUF_INIT;
	int result = 0;

	if (site->ring.adopted && access(keyring_path(&site->ring, KEY_AUDIT_FILE, &path), F_OK) == 0)
		result = err_set(err, ERR_CONFIG, NULL, "%s: " KEYRING_FILE " is gone, and " KEY_AUDIT_FILE " says that there "
				 "was one: bring it back from a copy; or move the log away as well, and it is made anew of the "
				 "files that lie there", site->ring.folder);
	buf_release(&path);
	return result;
}

int key_site_open(struct key_site *site, struct ctl *ctl, bool change, struct err *err)
{
	const char *folder = folder_of(ctl);

	*site = (struct key_site){ .ctl = ctl, .ring = { .lock = -1 }, .set = mem_alloc(sizeof(*site->set)) };
	config_set_init(site->set);
	find_who(site);
	if (desk_check_words(ctl, false, err) < 0)
		return -1;
	if (!*folder)
		return err_set(err, ERR_USAGE, "bad-value", "which keys? --keys FOLDER, or `keys` in tipctl's "
			       "configuration, names the folder that `tipctl keys init` made");
	if (keys_begin(err) < 0 || read_configurations(site, err) < 0)
		return -1;
	if ((change ? keyring_open_locked(&site->ring, folder, err) : keyring_open(&site->ring, folder, err)) < 0 ||
	    check_adopted(site, err) < 0)
		return -1;
	/* Before anything is logged: from then on a log without an inventory says that one was lost. */
	return change && site->ring.adopted ? keyring_save(&site->ring, err) : 0;
}

void key_site_close(struct key_site *site)
{
	keyring_release(&site->ring);
	if (site->set)
		config_set_release(site->set);
	free(site->set);
	site->set = NULL;
}

/* Without `..`, which the inventory takes of nobody. What is not there yet is a file in a folder that is. */
static void make_plain(struct buf *path)
{
	const char *slash = strrchr(buf_text(path), '/');
	struct buf folder = BUF_INIT;
	char *real = realpath(buf_text(path), NULL);

	if (real) {
		buf_clear(path);
		buf_append_str(path, real);
	} else if (slash) {
		buf_append(&folder, path->data, (size_t)(slash - buf_text(path)));
		real = realpath(folder.len ? buf_text(&folder) : "/", NULL);
		buf_clear(&folder);
		buf_printf(&folder, "%s%s", real ? real : "", slash);
		if (real) {
			buf_clear(path);
			buf_append_slice(path, buf_slice(&folder));
		}
	}
	free(real);
	buf_release(&folder);
}

const char *key_site_place(const struct key_site *site, const char *program, const char *member, struct buf *path)
{
	const struct config_file *file = config_of(site->set, program);

	buf_clear(path);
	if (!file || !*config_path(file, config_get(file, member), path))
		return "";
	make_plain(path);
	return buf_text(path);
}

/* -- what a file holds -- */

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), end = strlen(suffix);

	return len >= end && strcmp(text + len - end, suffix) == 0;
}

static int print_identity(char print[FINGERPRINT_TEXT], const char *path, struct err *err)
{
	struct age_recipient recipient;
	struct identity_set set;

	if (identity_set_load(&set, path, err) < 0)
		return -1;
	age_identity_recipient(set.items[0], &recipient);
	fingerprint_public(print, slice_of(recipient.key, AGE_KEY_BYTES));
	identity_set_release(&set);
	return 0;
}

static int print_hex(char print[FINGERPRINT_TEXT], const char *kind, const char *path, struct err *err)
{
	uint8_t key[32];

	if (keys_load_hex32(key, path, err) < 0)
		return -1;
	fingerprint_secret(print, kind, slice_of(key, sizeof(key)));
	mem_wipe(key, sizeof(key));
	return 0;
}

static int print_linkage(char print[FINGERPRINT_TEXT], const char *path, struct err *err)
{
	struct linkage linkage;

	if (linkage_load(&linkage, path, err) < 0)
		return -1;
	linkage_fingerprint(&linkage, print);
	mem_wipe(&linkage, sizeof(linkage));
	return 0;
}

static int print_sign(char print[FINGERPRINT_TEXT], const char *path, struct err *err)
{
	uint8_t secret[FRAME_SIGN_SECRET];

	if (keys_load_sign(secret, path, err) < 0)
		return -1;
	fingerprint_public(print, slice_of(secret + FRAME_SIGN_SECRET - FRAME_SIGN_PUBLIC, FRAME_SIGN_PUBLIC));
	mem_wipe(secret, sizeof(secret));
	return 0;
}

/* The transport key of an adapter stands behind the signing one, which gives the fingerprint. */
static int check_curve(const struct keyring_key *key, const char *path, struct err *err)
{
	const char *space = strchr(key->public_key, ' ');
	struct curve_pair pair;
	int same;

	if (keys_load_curve(&pair, path, err) < 0)
		return -1;
	same = strcmp(pair.public_key, space ? space + 1 : key->public_key) == 0;
	mem_wipe(&pair, sizeof(pair));
	return same ? 0 : err_set(err, ERR_CONFIG, NULL, "%s: holds another key than the inventory says", path);
}

static int check_print(const struct keyring_key *key, const char *path, struct err *err)
{
	char print[FINGERPRINT_TEXT];
	int result;

	if (ends_with(path, ".identity"))
		result = print_identity(print, path, err);
	else if (key->kind == KEY_LINKAGE)
		result = print_linkage(print, path, err);
	else if (key->kind == KEY_BUS)
		result = print_hex(print, key_kinds[key->kind].name, path, err);
	else
		result = print_sign(print, path, err);
	if (result == 0 && strcmp(print, key->print) != 0)
		return err_set(err, ERR_CONFIG, key_site_other, "%s: holds another key (%s) than the inventory says (%s)", path,
			       print, key->print);
	return result;
}

/* What dedupe carries tokens over with is of several epochs, and has no fingerprint. */
static bool is_relink(const struct key_site *site, const char *path)
{
	struct buf place = BUF_INIT;
	bool is = ends_with(path, "/linkage.relink") ||
		  strcmp(key_site_place(site, "tipline-dedupe", "keys.relink", &place), path) == 0;

	buf_release(&place);
	return is;
}

static int check_relink(const char *path, struct err *err)
{
	struct relink relink;
	int result = relink_load(&relink, path, err);

	mem_wipe(&relink, sizeof(relink));
	return result;
}

bool key_site_is_identity(const char *file)
{
	return ends_with(file, ".identity");
}

bool key_site_is_derived(const struct keyring_key *key, const char *file)
{
	return key->kind == KEY_BUS && ends_with(file, "." TOPIC_ROUTED ".key");
}

int key_site_verify(const struct key_site *site, const struct keyring_key *key, const char *file, struct err *err)
{
	struct buf path = BUF_INIT;
	const char *name;
	uint8_t derived[BUS_KEY_BYTES];
	int result;

	keyring_path(&site->ring, file, &path);
	name = strrchr(buf_text(&path), '/') + 1;
	if (is_relink(site, buf_text(&path)))
		result = check_relink(buf_text(&path), err);
	else if (ends_with(name, ".curve"))
		result = check_curve(key, buf_text(&path), err);
	else if (key_site_is_derived(key, name)) {
		result = keys_load_hex32(derived, buf_text(&path), err);
		mem_wipe(derived, sizeof(derived));
	} else
		result = check_print(key, buf_text(&path), err);
	buf_release(&path);
	return result;
}
