/* SPDX-License-Identifier: Apache-2.0 */
/* What must be the same in all files, and what no two programs may share: brokers, addresses, files they write. */
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/config_set.h"
#include "ops/runtime/address.h"

#define CLAIMS_MAX (3 * CONFIG_FILES_MAX)

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The brokers in one spelling: sorted, joined by commas. */
static const struct yaml_node *brokers_of(const struct config_file *file, struct buf *out)
{
	const struct yaml_node *node = config_get(file, "kafka.brokers");
	const char *items[64];
	size_t n = 0;

	buf_clear(out);
	if (!node || yaml_kind(node) == YAML_MAP)
		return NULL;
	if (yaml_kind(node) == YAML_SCALAR)
		items[n++] = yaml_scalar(node);
	else
		for (size_t i = 0; i < yaml_count(node) && n < 64; i++)
			if (yaml_scalar(yaml_at(node, i)))
				items[n++] = yaml_scalar(yaml_at(node, i));
	qsort(items, n, sizeof(*items), by_text);
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s", i ? "," : "", items[i]);
	return node;
}

static void check_brokers(struct config_set *set)
{
	struct buf first = BUF_INIT, other = BUF_INIT;
	const char *first_file = NULL;

	for (size_t i = 0; i < set->n; i++) {
		const struct yaml_node *node = brokers_of(&set->files[i], first_file ? &other : &first);

		if (!node)
			continue;
		if (!first_file)
			first_file = set->files[i].path;
		else if (!slice_equal(buf_slice(&first), buf_slice(&other)))
			config_finding_at(set, node, "name the same brokers in all files",
					  "kafka.brokers is not what %s has (%s)", first_file, buf_text(&first));
	}
	buf_release(&first);
	buf_release(&other);
}

/* Something that one program takes for itself. */
struct claim {
	const struct config_file *file;
	const struct yaml_node *node;
	char *text; /* owned */
	struct address address;
};

struct claims {
	struct claim items[CLAIMS_MAX];
	size_t n;
};

static void release(struct claims *claims)
{
	for (size_t i = 0; i < claims->n; i++)
		free(claims->items[i].text);
	free(claims);
}

static bool any_host(const char *host)
{
	return strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0 || strcmp(host, "*") == 0;
}

static bool same_address(const struct address *a, const struct address *b)
{
	return a->port && a->port == b->port &&
	       (strcmp(a->host, b->host) == 0 || any_host(a->host) || any_host(b->host));
}

static void check_ports(struct config_set *set)
{
	static const char *const keys[] = { "listen", "http.listen", "form.listen" };
	struct claims *claims = mem_alloc(sizeof(*claims));

	for (size_t i = 0; i < set->n; i++)
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
			const struct yaml_node *node = config_get(&set->files[i], keys[k]);
			struct claim claim = { .file = &set->files[i], .node = node };

			if (!node || !yaml_scalar(node) || address_read(&claim.address, yaml_scalar(node), NULL) < 0)
				continue;
			for (size_t j = 0; j < claims->n; j++)
				if (same_address(&claim.address, &claims->items[j].address))
					config_finding_at(set, node, "choose another port for one of the two",
							  "%s is also taken by %s:%d", yaml_scalar(node),
							  claims->items[j].file->path, yaml_line(claims->items[j].node));
			claims->items[claims->n++] = claim;
		}
	release(claims);
}

/* A path in one spelling, also when the file is not there yet but its folder is. */
static char *canonical(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *whole = realpath(path, NULL), *folder, *text;
	struct buf joined = BUF_INIT;

	if (whole)
		return whole;
	if (!slash)
		return mem_strdup(path);
	buf_append(&joined, path, (size_t)(slash - path));
	folder = realpath(joined.len ? buf_text(&joined) : "/", NULL);
	buf_clear(&joined);
	buf_printf(&joined, "%s%s", folder ? folder : "", folder ? slash : path);
	text = mem_strdup(buf_text(&joined));
	free(folder);
	buf_release(&joined);
	return text;
}

/* The keys of files that a program writes; no program has more than two. */
static const struct {
	const char *program, *key;
} written_keys[] = {
	{ "tipline-sink", "store" }, { "tipline-dedupe", "index" }, { "tip-submit", "spool.path" },
	{ "tip-rehearse", "spool.path" }, { "tipline-classify", "stage.suspects" }, { "tipline-dedupe", "stage.suspects" },
	{ "tipline-route", "stage.suspects" }, { "tipline-sink", "stage.suspects" },
};

static void claim_path(struct config_set *set, struct claims *claims, const struct config_file *file, const char *key)
{
	const struct yaml_node *node = config_get(file, key);
	struct claim claim = { .file = file, .node = node };
	struct buf path = BUF_INIT;

	if (*config_path(file, node, &path)) {
		claim.text = canonical(buf_text(&path));
		for (size_t j = 0; j < claims->n; j++)
			if (strcmp(claim.text, claims->items[j].text) == 0)
				config_finding_at(set, node, "give each program a file of its own",
						  "%s is also written by the program of %s:%d", claim.text,
						  claims->items[j].file->path, yaml_line(claims->items[j].node));
		claims->items[claims->n++] = claim;
	}
	buf_release(&path);
}

static void check_paths(struct config_set *set)
{
	struct claims *claims = mem_alloc(sizeof(*claims));

	for (size_t i = 0; i < set->n; i++)
		for (size_t k = 0; k < sizeof(written_keys) / sizeof(written_keys[0]); k++)
			if (strcmp(set->files[i].program, written_keys[k].program) == 0)
				claim_path(set, claims, &set->files[i], written_keys[k].key);
	release(claims);
}

/* What tipctl asks must be what the daemons serve. */
static void check_tipctl(struct config_set *set, const struct config_file *ctl)
{
	const struct yaml_node *daemons = config_get(ctl, "daemons");

	for (size_t i = 0; daemons && yaml_kind(daemons) == YAML_MAP && i < yaml_count(daemons); i++) {
		char program[64];
		const struct yaml_node *asked = yaml_at(daemons, i), *served;
		const struct config_file *file;
		struct address a, b;

		snprintf(program, sizeof(program), "tipline-%s", yaml_key_at(daemons, i));
		file = config_of(set, program);
		served = file ? config_get(file, "http.listen") : NULL;
		if (!served || !yaml_scalar(served) || !yaml_scalar(asked) ||
		    address_read(&a, yaml_scalar(asked), NULL) < 0 || address_read(&b, yaml_scalar(served), NULL) < 0)
			continue;
		if (a.port != b.port)
			config_finding_at(set, asked, "write the address that the daemon has as http.listen",
					  "asks for %s, but %s:%d listens on %s", yaml_scalar(asked), file->path,
					  yaml_line(served), yaml_scalar(served));
	}
}

static void check_store(struct config_set *set, const struct config_file *ctl)
{
	const struct config_file *sink = config_of(set, "tipline-sink");
	const struct yaml_node *read = config_get(ctl, "store"), *written = sink ? config_get(sink, "store") : NULL;
	struct buf a = BUF_INIT, b = BUF_INIT;

	if (read && written && *config_path(ctl, read, &a) && *config_path(sink, written, &b)) {
		char *x = canonical(buf_text(&a)), *y = canonical(buf_text(&b));

		if (strcmp(x, y) != 0)
			config_finding_at(set, read, "name the sink's store",
					  "reads another store than %s:%d writes (%s)", sink->path, yaml_line(written), y);
		free(x);
		free(y);
	}
	buf_release(&a);
	buf_release(&b);
}

void config_check_places(struct config_set *set)
{
	const struct config_file *ctl = config_of(set, "tipctl");

	check_brokers(set);
	check_ports(set);
	check_paths(set);
	if (!ctl)
		return;
	check_tipctl(set, ctl);
	check_store(set, ctl);
}
