/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/runtime/address.h"
#include "ops/runtime/conf_tree.h"
#include "ops/runtime/nearest.h"
#include "ops/runtime/number.h"

/* One value being read; `text` is NULL for a list or map in the file. */
struct reading {
	struct conf *conf;
	struct conf_value *value;
	const struct yaml_node *node; /* NULL: the default */
	const char *text;
	bool quoted;
	struct err *err;
};

__attribute__((format(printf, 2, 3))) static int complain(struct reading *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)err_vset(r->err, ERR_CONFIG, NULL, fmt, args);
	va_end(args);
	return err_prefix(r->err, "%s: %s%s", r->value->where, r->value->name, r->node ? "" : " (its default)");
}

/* Units in falling order, so that a quantity is written in the largest that divides it. */
static const struct unit {
	enum conf_type type;
	const char *name;
	int64_t factor;
} units[] = {
	{ CONF_SIZE, "g", INT64_C(1) << 30 },
	{ CONF_SIZE, "m", 1 << 20 },
	{ CONF_SIZE, "k", 1 << 10 },
	{ CONF_SIZE, "", 1 },
	{ CONF_DURATION, "d", 86400000 },
	{ CONF_DURATION, "h", 3600000 },
	{ CONF_DURATION, "m", 60000 },
	{ CONF_DURATION, "s", 1000 },
	{ CONF_DURATION, "ms", 1 },
};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

void conf_quantity(enum conf_type type, double v, struct buf *out)
{
	const int64_t whole = type == CONF_NUMBER ? 0 : (int64_t)v;

	for (size_t i = 0; i < N_UNITS && v > 0; i++) {
		if (units[i].type == type && whole % units[i].factor == 0) {
			buf_printf(out, "%" PRId64 "%s", whole / units[i].factor, units[i].name);
			return;
		}
	}
	if (type == CONF_NUMBER)
		buf_printf(out, "%g", v);
	else
		buf_printf(out, "%" PRId64, whole);
}

static int check_range(struct reading *r, double v)
{
	const struct conf_key *row = r->value->row;
	struct buf range = BUF_INIT;

	if ((row->min == 0 && row->max == 0) || (v >= row->min && v <= row->max))
		return 0;
	conf_quantity(row->type, row->min, &range);
	buf_append_str(&range, " to ");
	conf_quantity(row->type, row->max, &range);
	complain(r, "%s is out of range: %s", r->text, buf_text(&range));
	buf_release(&range);
	return -1;
}

static int read_string(struct reading *r)
{
	(void)r;
	return 0;
}

static int read_bool(struct reading *r)
{
	const bool yes = strcasecmp(r->text, "true") == 0;

	if (r->quoted || (!yes && strcasecmp(r->text, "false") != 0))
		return complain(r, "true or false is wanted");
	r->value->integer = yes;
	return 0;
}

static int read_int(struct reading *r)
{
	int64_t v = 0;
	const enum number_result result = r->quoted ? NUMBER_NOT : number_int(r->text, &v);

	if (result == NUMBER_NOT)
		return complain(r, "\"%s\" is not a whole number", r->text);
	if (result == NUMBER_HUGE)
		return complain(r, "%s is out of range", r->text);
	r->value->integer = v;
	return check_range(r, (double)v);
}

static int read_number(struct reading *r)
{
	const enum number_result result = r->quoted ? NUMBER_NOT : number_double(r->text, &r->value->number);

	if (result == NUMBER_NOT)
		return complain(r, "\"%s\" is not a number", r->text);
	if (result == NUMBER_HUGE)
		return complain(r, "%s is out of range", r->text);
	return check_range(r, r->value->number);
}

static const struct unit *unit_of(enum conf_type type, const char *name)
{
	for (size_t i = 0; i < N_UNITS; i++) {
		if (units[i].type == type && strcasecmp(units[i].name, name) == 0)
			return &units[i];
	}
	return NULL;
}

/* SIZE and DURATION: digits and a unit. */
static int read_quantity(struct reading *r)
{
	const char *wanted = r->value->row->type == CONF_SIZE ? "a size such as 64k, 1m or 2g is wanted"
							      : "a time such as 250ms, 5s, 10m, 2h or 30d is wanted";
	const size_t n = strspn(r->text, "0123456789");
	const struct unit *unit = unit_of(r->value->row->type, r->text + n);
	char digits[20];

	if (!unit && n > 0 && strspn(r->text, "0") == strlen(r->text))
		return check_range(r, 0); /* nothing needs no unit */
	if (!unit || n == 0)
		return complain(r, "%s", wanted);
	snprintf(digits, sizeof(digits), "%.*s", (int)(n < sizeof(digits) ? n : sizeof(digits)), r->text);
	if (n >= sizeof(digits) || number_int(digits, &r->value->integer) != NUMBER_OK ||
	    __builtin_mul_overflow(r->value->integer, unit->factor, &r->value->integer))
		return complain(r, "%s is out of range", r->text);
	return check_range(r, (double)r->value->integer);
}

static int read_path(struct reading *r)
{
	const size_t room = strlen(r->conf->folder) + strlen(r->text) + 1;
	char *path;

	if (!*r->text)
		return complain(r, "a path is wanted");
	if (r->text[0] == '/')
		return 0;
	path = arena_alloc(r->conf->arena, room);
	snprintf(path, room, "%s%s", r->conf->folder, r->text);
	r->value->text = path;
	return 0;
}

/* Opening it is the only test of readability that no set of permissions can fool. */
static int open_regular(struct reading *r, struct stat *st)
{
	const char *path = r->value->text;
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	char why[ERR_WHY_MAX];

	if (fd < 0 || fstat(fd, st) < 0) {
		complain(r, "%s: %s", path, err_why(errno, why));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	if (!S_ISREG(st->st_mode))
		return complain(r, "%s: is not a regular file", path);
	return 0;
}

static int read_file(struct reading *r)
{
	struct stat st;

	return read_path(r) < 0 ? -1 : open_regular(r, &st);
}

static int read_secret(struct reading *r)
{
	struct stat st;

	if (read_path(r) < 0 || open_regular(r, &st) < 0)
		return -1;
	if (st.st_mode & 077)
		return complain(r, "%s: others than its owner may open it (mode %04o): chmod 600 it", r->value->text,
				(unsigned)st.st_mode & 07777);
	return 0;
}

static int read_folder(struct reading *r)
{
	char why[ERR_WHY_MAX];
	struct stat st;

	if (read_path(r) < 0)
		return -1;
	if (stat(r->value->text, &st) < 0)
		return complain(r, "%s: %s", r->value->text, err_why(errno, why));
	if (!S_ISDIR(st.st_mode))
		return complain(r, "%s: is not a folder", r->value->text);
	if (access(r->value->text, R_OK | X_OK) < 0)
		return complain(r, "%s: %s", r->value->text, err_why(errno, why));
	return 0;
}

static int read_address(struct reading *r)
{
	struct address address;
	struct err err = ERR_INIT;

	return address_read(&address, r->text, &err) < 0 ? complain(r, "%s", err.text) : 0;
}

static int read_choice(struct reading *r)
{
	const char *choices = r->value->row->choices;
	struct nearest near = nearest_to(r->text);
	char *list = arena_str(r->conf->arena, choices, strlen(choices)), *rest = list, *choice;

	while ((choice = strsep(&rest, "|")) != NULL) {
		if (strcmp(choice, r->text) == 0)
			return 0;
		nearest_offer(&near, choice);
	}
	if (near.best)
		return complain(r, "\"%s\" is not one of %s; did you mean %s?", r->text, choices, near.best);
	return complain(r, "\"%s\" is not one of %s", r->text, choices);
}

static int (*const readers[])(struct reading *) = {
	[CONF_STRING] = read_string,
	[CONF_BOOL] = read_bool,
	[CONF_INT] = read_int,
	[CONF_SIZE] = read_quantity,
	[CONF_DURATION] = read_quantity,
	[CONF_NUMBER] = read_number,
	[CONF_PATH] = read_path,
	[CONF_FILE] = read_file,
	[CONF_SECRET] = read_secret,
	[CONF_DIR] = read_folder,
	[CONF_ADDRESS] = read_address,
	[CONF_CHOICE] = read_choice,
};

static void item_add(struct reading *r, const char *text, size_t len)
{
	r->value->items[r->value->n_items++] = arena_str(r->conf->arena, text, len);
}

/* A row whose choices are CONF_ADDRESSES wants an address in each place. */
static int check_items(struct reading *r)
{
	const char *choices = r->value->row->choices;
	struct address address;
	struct err err = ERR_INIT;

	for (size_t i = 0; choices && strcmp(choices, CONF_ADDRESSES) == 0 && i < r->value->n_items; i++)
		if (address_read(&address, r->value->items[i], &err) < 0)
			return complain(r, "%s", err.text);
	return 0;
}

/* A list, or one text, which is a list of one. */
static int read_list(struct reading *r)
{
	const size_t count = r->text ? 1 : yaml_count(r->node);

	if (!r->text && yaml_kind(r->node) != YAML_LIST)
		return complain(r, "a list of texts is wanted");
	r->value->items = arena_alloc(r->conf->arena, count * sizeof(*r->value->items));
	if (r->text) {
		item_add(r, r->text, strlen(r->text));
		return check_items(r);
	}
	if (count == 0 && !r->value->row->def)
		return complain(r, "at least one is needed");
	for (size_t i = 0; i < count; i++) {
		const char *item = yaml_scalar(yaml_at(r->node, i));

		if (!item || !*item)
			return complain(r, "a list of texts is wanted");
		item_add(r, item, strlen(item));
	}
	return check_items(r);
}

/* A default is written as in the file, in brackets or without: "[a, b]" or "a, b". */
static int read_default_list(struct reading *r)
{
	const char *at = r->text, *end = at + strlen(at);
	size_t n;

	if (*at == '[')
		at++;
	if (end > at && end[-1] == ']')
		end--;
	r->value->items = arena_alloc(r->conf->arena, ((size_t)(end - at) + 1) * sizeof(*r->value->items));
	while (at < end) {
		at += strspn(at, ", ");
		n = strcspn(at, ", ]");
		if (n > 0)
			item_add(r, at, n);
		at += n ? n : 1;
	}
	return 0;
}

static bool is_nothing(const struct yaml_node *node)
{
	const char *text = yaml_scalar(node);

	return text && yaml_is_plain(node) && (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

static int read_given(struct reading *r)
{
	const enum conf_type type = r->value->row->type;
	const char *text = yaml_scalar(r->node);

	if (is_nothing(r->node))
		return complain(r, "has no value");
	if (type != CONF_LIST && !text)
		return complain(r, "one value is wanted, not a list or keys");
	r->quoted = !yaml_is_plain(r->node);
	if (text)
		r->text = arena_str(r->conf->arena, text, strlen(text));
	r->value->written = r->value->text = r->text ? r->text : "";
	return type == CONF_LIST ? read_list(r) : readers[type](r);
}

static int read_default(struct reading *r)
{
	r->text = r->value->row->def;
	r->value->written = r->value->text = r->text;
	if (!*r->text)
		return 0; /* absent, as the row allows */
	return r->value->row->type == CONF_LIST ? read_default_list(r) : readers[r->value->row->type](r);
}

int conf_value_read(struct conf *conf, struct conf_value *value, const struct yaml_node *node, struct err *err)
{
	struct reading r = { .conf = conf, .value = value, .node = node, .err = err };

	return node ? read_given(&r) : read_default(&r);
}
