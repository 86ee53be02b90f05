/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl register build: a staff list in clear becomes one file of keyed tokens a team. The office that enters staff
 * holds the linkage key while this runs; route, which gets the files, does not.
 *
 * The list: `TEAM: [ {forename, surname, rank, number, nickname, handle}, … ]` for each team. The tokens of a team are
 * sorted, so their order tells nothing of who belongs to whom. A member who yields no token, and a team without
 * members, are errors: the register would let his tips through and say nothing.
 * The first line carries token_key_check, by which route knows the register's key (workers/route/conflict.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/ctl/ctl.h"
#include "ops/runtime/file.h"
#include "ops/runtime/yaml.h"
#include "schema/keys.h"
#include "schema/linkage.h"
#include "schema/token.h"

#define REGISTER_FIRST "tipline-register 1 " /* then the check of the linkage key */
#define REGISTER_FILE_MAX (64u << 20)
#define MEMBERS "forename", "surname", "rank", "number", "nickname", "handle"

struct builder {
	struct linkage key;
	const char *folder;
	struct arena *arena;
};

static int read_staff(struct staff *staff, const struct yaml_node *node, struct err *err)
{
	static const char *const members[] = { MEMBERS, NULL };
	const char **fields[] = { &staff->forename, &staff->surname, &staff->rank,
				  &staff->number,   &staff->nickname, &staff->handle };

	if (yaml_kind(node) != YAML_MAP)
		return yaml_error(node, err, "a member of staff is a map of %s", "forename, surname, rank, number …");
	if (yaml_only_keys(node, members, err) < 0)
		return -1;
	for (size_t i = 0; members[i]; i++) {
		const struct yaml_node *value = yaml_get(node, members[i]);

		*fields[i] = value ? yaml_scalar(value) : NULL;
		if (value && !*fields[i])
			return yaml_error(value, err, "%s is not a text", members[i]);
	}
	if (!(staff->surname && *staff->surname) && !(staff->number && *staff->number))
		return yaml_error(node, err, "a member of staff needs a surname or a number");
	return 0;
}

static int by_class_and_mac(const void *a, const void *b)
{
	const struct token *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return x->mac < y->mac ? -1 : x->mac > y->mac;
}

static void write_tokens(struct buf *file, uint64_t key_check, struct token *tokens, size_t n)
{
	if (n > 0)
		qsort(tokens, n, sizeof *tokens, by_class_and_mac);
	buf_printf(file, REGISTER_FIRST "%016llx\n", (unsigned long long)key_check);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || by_class_and_mac(&tokens[i - 1], &tokens[i]) != 0)
			buf_printf(file, "%s %016llx\n", token_class_names[tokens[i].class],
				   (unsigned long long)tokens[i].mac);
}

/*
 * The parts of other linkage keys in the file that will be replaced, for tips of those keys that may still be on their
 * way (tipline-register(5)), into the emptied `others`. A file that has nothing but such parts is not replaced: its
 * tips are all of another key, and this is probably the wrong one.
 */
static int take_others(const struct builder *builder, const char *path, struct buf *others, struct err *err)
{
	char own[sizeof REGISTER_FIRST + 20];
	struct buf text = BUF_INIT;
	bool has_own = false, other = false;

	buf_clear(others);
	snprintf(own, sizeof own, REGISTER_FIRST "%016llx", (unsigned long long)linkage_check(&builder->key));
	if (access(path, F_OK) == 0 && file_read(&text, path, REGISTER_FILE_MAX, err) < 0)
		return -1;
	for (const char *line = buf_text(&text); *line;) {
		size_t len = strcspn(line, "\n");

		len += line[len] == '\n';
		if (strncmp(line, REGISTER_FIRST, sizeof REGISTER_FIRST - 1) == 0) {
			other = strncmp(line, own, strlen(own)) != 0;
			has_own |= !other;
		}
		if (other)
			buf_append(others, line, len);
		line += len;
	}
	buf_release(&text);
	if (!others->len || has_own)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s: is not replaced: it is of another linkage key. If the key changed, "
		       "build into another folder, append this file to what is built there (tipline-register(5)) and put it "
		       "here", path);
}

static int build_team(struct builder *builder, const char *team, const struct yaml_node *list, size_t *n_tokens,
		      struct err *err)
{
	size_t n_staff = yaml_count(list), n = 0;
	struct token *tokens = NULL;
	struct buf file = BUF_INIT, path = BUF_INIT, others = BUF_INIT;
	int result = 0;

	if (yaml_kind(list) != YAML_LIST)
		return yaml_error(list, err, "%s: a list of members of staff", team);
	if (n_staff == 0)
		return yaml_error(list, err, "%s: no member; a team without a register has 'register: none' in route's "
				  "configuration", team);
	for (size_t i = 0; i < n_staff && result == 0; i++) {
		struct token_list of_one;
		struct staff staff;

		result = read_staff(&staff, yaml_at(list, i), err);
		if (result < 0)
			break;
		token_list_of_staff(&of_one, &staff, builder->key.inner, builder->arena);
		linkage_cover(&builder->key, &of_one);
		if (of_one.n == 0) {
			result = yaml_error(yaml_at(list, i), err, "%s: nothing of this member can be found in a tip",
					    team);
			break;
		}
		tokens = mem_grow(tokens, (n + of_one.n + 1) * sizeof *tokens);
		if (of_one.n)
			memcpy(tokens + n, of_one.items, of_one.n * sizeof *tokens);
		n += of_one.n;
	}
	if (result == 0) {
		write_tokens(&file, linkage_check(&builder->key), tokens, n);
		buf_printf(&path, "%s/%s.register", builder->folder, team);
		result = take_others(builder, buf_text(&path), &others, err);
	}
	if (result == 0) {
		buf_append_slice(&file, buf_slice(&others));
		result = keys_replace(buf_text(&path), buf_slice(&file), 0600, err);
	}
	*n_tokens = n;
	free(tokens);
	buf_release(&file);
	buf_release(&path);
	buf_release(&others);
	return result;
}

/* Before the first is written. */
static int check_folder(const struct builder *builder, const struct yaml_node *root, struct err *err)
{
	struct buf path = BUF_INIT, others = BUF_INIT;
	int result = 0;

	for (size_t i = 0; i < yaml_count(root) && result == 0; i++) {
		buf_clear(&path);
		buf_printf(&path, "%s/%s.register", builder->folder, yaml_key_at(root, i));
		result = take_others(builder, buf_text(&path), &others, err);
	}
	buf_release(&path);
	buf_release(&others);
	return result;
}

static int build_all(struct builder *builder, const struct yaml_node *root, json_t *rows, struct err *err)
{
	if (!root || yaml_kind(root) != YAML_MAP)
		return err_set(err, ERR_CONFIG, NULL, "the staff file is a map from team to members");
	if (check_folder(builder, root, err) < 0)
		return -1;
	for (size_t i = 0; i < yaml_count(root); i++) {
		const char *team = yaml_key_at(root, i);
		size_t n = 0;

		if (build_team(builder, team, yaml_at(root, i), &n, err) < 0)
			return -1;
		json_array_append_new(rows, json_pack("{s:s, s:I, s:I}", "team", team, "staff",
						      (json_int_t)yaml_count(yaml_at(root, i)), "tokens", (json_int_t)n));
	}
	return 0;
}

int ctl_register_build(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	static const struct ctl_column columns[] = { { "team", "TEAM", false }, { "staff", "STAFF", true },
						     { "tokens", "TOKENS", true }, { NULL, NULL, false } };
	const char *staff = program_value(ctl->call, "staff", NULL), *linkage = program_value(ctl->call, "linkage", NULL);
	struct builder builder = { .folder = program_value(ctl->call, "out", NULL) };
	struct yaml *yaml = NULL;
	int result;

	if (!staff || !linkage || !builder.folder)
		return err_set(err, ERR_USAGE, "bad-value", "register build needs --staff FILE --linkage FILE --out FOLDER");
	out->value = json_array();
	out->columns = columns;
	if (keys_begin(err) < 0)
		return -1;
	if (linkage_load(&builder.key, linkage, err) < 0)
		return ctl_file_error("--linkage", linkage, err);
	if (yaml_load(&yaml, staff, err) < 0)
		return ctl_file_error("--staff", staff, err);
	builder.arena = arena_new(65536);
	if (mkdir(builder.folder, 0700) < 0 && errno != EEXIST)
		result = err_errno(err, "%s", builder.folder);
	else
		result = build_all(&builder, yaml_root(yaml), out->value, err);
	arena_free(builder.arena);
	yaml_free(yaml);
	mem_wipe(&builder.key, sizeof builder.key);
	return result;
}
