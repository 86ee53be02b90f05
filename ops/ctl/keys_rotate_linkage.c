/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A new outer linkage key (schema/linkage.h), in the order in which nobody meets a token that he cannot judge:
 * teams' registers first, which then hold the tokens of both epochs; then dedupe, which carries its index over, and
 * tips of the old epoch as they come; then classify, which makes new tokens from then on. Registers are carried over
 * from what they hold: no staff list is needed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/ctl/keys_rotate.h"
#include "ops/runtime/file.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/keys_new.h"
#include "schema/linkage.h"

#define OWN "linkage.key"
#define COMING "linkage.coming.key"
#define RELINK "linkage.relink"
#define REGISTER_MAX (16u << 20)
#define HEAD "tipline-register 1 "
#define CHECK_DIGITS 16

struct rotation {
	struct key_site *site;
	struct keyring_key *old, *fresh;
	struct linkage linkage, next;
	struct relink relink; /* the old epoch and the new one */
	struct key_wish wishes[KEY_WISHES_MAX];
	size_t n;
};

/*
 * The old outer key and a new one, in a file of its own until all have it. Where the key in force is the new one
 * already, and the file gone, the rotation was interrupted behind its last exchange.
 */
static int have_next(struct rotation *rotation, struct err *err)
{
	struct keyring *ring = &rotation->site->ring;
	struct keyring_key *fresh = rotation->fresh;
	struct buf path = BUF_INIT, file = BUF_INIT;
	char print[FINGERPRINT_TEXT];
	bool entered = fresh->print[0];
	int result = linkage_load(&rotation->linkage, keyring_path(ring, OWN, &path), err);

	rotation->next = rotation->linkage;
	linkage_fingerprint(&rotation->linkage, print);
	if (result == 0 && !(entered && strcmp(print, fresh->print) == 0)) {
		rotation->next.has_outer = true;
		keys_new_secret(rotation->next.outer);
		linkage_print(&rotation->next, &file);
		result = entered ? key_have_own(rotation->site, fresh, COMING, err)
				 : key_put_first(rotation->site, COMING, buf_slice(&file), err);
		if (result == 0)
			result = linkage_load(&rotation->next, keyring_path(ring, COMING, &path), err);
	}
	if (result == 0 && !entered) {
		linkage_fingerprint(&rotation->next, fresh->print);
		keyring_add_file(fresh, COMING);
		result = key_enter(rotation->site, fresh, NULL, err);
	}
	buf_release(&path);
	buf_release(&file);
	return result;
}

static void fill_epoch(struct relink_epoch *epoch, const struct linkage *linkage)
{
	epoch->check = linkage_check(linkage);
	epoch->has_outer = linkage->has_outer;
	memcpy(epoch->outer, linkage->outer, sizeof(epoch->outer));
}

/* -- registers -- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "CLASS MAC" under the new epoch, owned by the caller; NULL where the line is no token. */
static char *carry_line(const struct relink *relink, const char *line)
{
	const char *space = strchr(line, ' ');
	uint8_t mac[CHECK_DIGITS / 2];
	struct buf out = BUF_INIT;
	char *text;

	if (!space || strlen(space + 1) < CHECK_DIGITS || hex_decode(mac, sizeof(mac), space + 1, CHECK_DIGITS) < 0)
		return NULL;
	buf_printf(&out, "%.*s %016" PRIx64 "\n", (int)(space - line), line,
		   relink_mac(&relink->epochs[0], &relink->epochs[1], be64_read(mac)));
	text = mem_strdup(buf_text(&out));
	buf_release(&out);
	return text;
}

/*
 * The register as it is to be: the part of the new epoch, then that of the old one. Parts of epochs before are left
 * out.
 * 0 and nothing appended where it has the new epoch already.
 */
static int carry_register(const struct rotation *rotation, const char *path, struct buf *out, struct err *err)
{
	char old_head[64], new_head[64], *line, *rest;
	struct buf text = BUF_INIT, old = BUF_INIT;
	char **lines = NULL;
	size_t n = 0;
	bool inside = false;

	snprintf(old_head, sizeof(old_head), HEAD "%016" PRIx64, rotation->relink.epochs[0].check);
	snprintf(new_head, sizeof(new_head), HEAD "%016" PRIx64, rotation->relink.epochs[1].check);
	if (file_read(&text, path, REGISTER_MAX, err) < 0)
		return -1;
	if (strstr(buf_text(&text), new_head)) {
		buf_release(&text);
		return 0;
	}
	for (rest = (char *)text.data; rest && (line = strsep(&rest, "\n")) != NULL;) {
		char *carried;

		if (strncmp(line, HEAD, strlen(HEAD)) == 0)
			inside = strncmp(line, old_head, strlen(old_head)) == 0;
		carried = inside ? carry_line(&rotation->relink, line) : NULL;
		if (inside)
			buf_printf(&old, "%s\n", line);
		if (!carried)
			continue;
		lines = mem_grow(lines, (n + 1) * sizeof(*lines));
		lines[n++] = carried;
	}
	if (n > 1)
		qsort(lines, n, sizeof(*lines), by_text);
	buf_printf(out, "%s\n", new_head);
	for (size_t i = 0; i < n; i++) {
		buf_append_str(out, lines[i]);
		free(lines[i]);
	}
	buf_append_slice(out, buf_slice(&old));
	free(lines);
	buf_release(&text);
	buf_release(&old);
	return n > 0 ? 0 : err_set(err, ERR_CONFIG, NULL, "%s: was not made with this site's linkage key: build it anew "
				   "(tipctl register build), then rotate", path);
}

static int give_register(struct rotation *rotation, const char *team, const char *path, struct err *err)
{
	struct key_wish *wish = &rotation->wishes[rotation->n];
	struct buf fresh = BUF_INIT;
	int result = carry_register(rotation, path, &fresh, err);

	if (result == 0 && fresh.len > 0)
		result = keys_replace(path, buf_slice(&fresh), 0600, err);
	if (rotation->n == KEY_WISHES_MAX)
		BUG("more registers than teams");
	*wish = (struct key_wish){ .stage = "route" };
	snprintf(wish->name, sizeof(wish->name), "register:%s:%016" PRIx64, team, rotation->relink.epochs[1].check);
	rotation->n++;
	buf_release(&fresh);
	return result;
}

static int give_registers(struct rotation *rotation, struct err *err)
{
	const struct config_file *route = config_of(rotation->site->set, "tipline-route");
	const struct yaml_node *teams = route ? config_get(route, "teams") : NULL;
	struct buf path = BUF_INIT;
	int result = 0;

	for (size_t i = 0; teams && yaml_kind(teams) == YAML_MAP && i < yaml_count(teams) && result == 0; i++) {
		const struct yaml_node *node = yaml_kind(yaml_at(teams, i)) == YAML_MAP
			? yaml_get(yaml_at(teams, i), "register") : NULL;
		const char *text = node ? yaml_scalar(node) : NULL;

		if (text && strcmp(text, "none") != 0 && *config_path(route, node, &path))
			result = give_register(rotation, yaml_key_at(teams, i), buf_text(&path), err);
	}
	buf_release(&path);
	return result == 0 ? key_await(rotation->site, rotation->wishes, rotation->n, err) : -1;
}

/* -- dedupe and classify -- */

static int give_dedupe(struct rotation *rotation, struct err *err)
{
	struct key_wish wish = { .stage = "dedupe" };
	struct buf place = BUF_INIT, file = BUF_INIT, path = BUF_INIT;
	int result = 0;

	relink_print(&rotation->relink, &file);
	if (!*key_site_place(rotation->site, "tipline-dedupe", "keys.relink", &place))
		result = err_set(err, ERR_CONFIG, NULL, "dedupe's configuration beside tipctl's has no keys.relink: set it "
				 "to a file in a folder that dedupe may read, start dedupe again, and rotate then");
	keyring_add_file(rotation->fresh, result == 0 ? buf_text(&place) : RELINK);
	keyring_add_file(rotation->fresh, RELINK);
	if (result == 0)
		result = keyring_save(&rotation->site->ring, err);
	if (result == 0)
		result = keys_replace(keyring_path(&rotation->site->ring, RELINK, &path), buf_slice(&file), 0600, err);
	if (result == 0)
		result = keys_replace(buf_text(&place), buf_slice(&file), 0600, err);
	snprintf(wish.name, sizeof(wish.name), "relink:%016" PRIx64, rotation->relink.epochs[1].check);
	buf_release(&place);
	buf_release(&file);
	buf_release(&path);
	return result == 0 ? key_await(rotation->site, &wish, 1, err) : -1;
}

static int give_classify(struct rotation *rotation, struct err *err)
{
	struct key_wish wish = { .stage = "classify" };
	struct buf place = BUF_INIT, file = BUF_INIT, path = BUF_INIT;
	int result = 0;

	linkage_print(&rotation->next, &file);
	keyring_add_file(rotation->fresh, OWN);
	if (*key_site_place(rotation->site, "tipline-classify", "keys.linkage", &place))
		keyring_add_file(rotation->fresh, buf_text(&place));
	result = keyring_save(&rotation->site->ring, err);
	if (result == 0 && place.len > 0)
		result = keys_replace(buf_text(&place), buf_slice(&file), 0600, err);
	snprintf(wish.name, sizeof(wish.name), "linkage:%s", rotation->fresh->print);
	if (result == 0)
		result = key_await(rotation->site, &wish, 1, err);
	/* The site's own name last: until then an interrupted rotation knows which key was the old one. */
	if (result == 0)
		result = keys_replace(keyring_path(&rotation->site->ring, OWN, &path), buf_slice(&file), 0600, err);
	buf_release(&place);
	buf_release(&file);
	buf_release(&path);
	return result;
}

static bool is_coming(const char *file)
{
	return strcmp(file, COMING) == 0;
}

static int rotate(struct rotation *rotation, struct err *err)
{
	if (have_next(rotation, err) < 0)
		return -1;
	rotation->relink.n = 2;
	fill_epoch(&rotation->relink.epochs[0], &rotation->linkage);
	fill_epoch(&rotation->relink.epochs[1], &rotation->next);
	/* Interrupted behind the last exchange: what is there is the new key already. */
	if (rotation->relink.epochs[0].check != rotation->relink.epochs[1].check &&
	    (give_registers(rotation, err) < 0 || give_dedupe(rotation, err) < 0 || give_classify(rotation, err) < 0))
		return -1;
	if (key_shred_files(rotation->site, rotation->fresh, is_coming, err) < 0)
		return -1;
	while (rotation->old && rotation->old->n_files > 0) /* they hold the new key now */
		keyring_drop_file(rotation->old, 0);
	return key_change_states(rotation->site, (struct key_change[]){ { rotation->old, KEY_RETIRED, "retire" },
									{ rotation->fresh, KEY_ACTIVE, "activate" } }, 2,
				 err);
}

int keys_rotate_linkage(struct key_site *site, const char *name, struct ctl_output *out, struct err *err)
{
	struct rotation *rotation = mem_alloc(sizeof(*rotation));
	struct keyring *ring = &site->ring;
	int result;

	rotation->site = site;
	rotation->old = keyring_in_state(ring, KEY_LINKAGE, name, KEY_ACTIVE);
	rotation->fresh = keyring_in_state(ring, KEY_LINKAGE, name, KEY_COMING);
	if (!rotation->fresh)
		rotation->fresh = keyring_add(ring, KEY_LINKAGE, name, keyring_next_epoch(ring, KEY_LINKAGE, name));
	result = rotate(rotation, err);
	out->note = "The office that enters staff needs the new linkage.key. Registers hold the tokens of both epochs "
		    "until the next rotation; one that is built anew has those of the new one alone, so build none while "
		    "old tips are on their way.";
	mem_wipe(rotation, sizeof(*rotation));
	free(rotation);
	return result;
}
