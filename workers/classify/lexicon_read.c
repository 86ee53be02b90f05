/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "workers/classify/lexicon_inner.h"

static const char *const field_names[N_FIELDS] = {
	[FIELD_NARRATIVE] = "narrative",
	[FIELD_RELATION] = "relation",
	[FIELD_RANK] = "rank",
	[FIELD_WHEN] = "when",
};

static const char *const fact_names[N_FACTS] = {
	[FACT_NONE] = "",
	[FACT_NO_SUBJECTS] = "no-subjects",
	[FACT_SHORT] = "short",
};

static int find(const char *const *names, size_t n, const char *name)
{
	return name ? taxonomy_find(names, n, name, strlen(name)) : -1;
}

static int target_of(const char *name)
{
	return strcmp(name, "risk") == 0 ? TARGET_RISK : find(category_names, N_CATEGORIES, name);
}

static int read_number(const struct yaml_node *map, const char *key, double max, float *out, struct err *err)
{
	const struct yaml_node *node = yaml_get(map, key);
	double value;

	if (!node)
		return yaml_error(map, err, "%s is missing", key);
	if (yaml_double(node, -max, max, &value, err) != 0)
		return -1;
	*out = (float)value;
	return 0;
}

static int read_sub(struct entry *entry, const struct yaml_node *node, struct err *err)
{
	const char *name = yaml_scalar(node);
	const char *const *subs;

	if (entry->category < 0)
		return yaml_error(node, err, "only the entries of a category have sub-codes");
	if (entry->n_subs == ENTRY_SUBS_MAX)
		return yaml_error(node, err, "more than %d sub-codes", ENTRY_SUBS_MAX);
	subs = category_subcodes[entry->category];
	for (size_t i = 0; name && subs[i]; i++) {
		if (strcmp(subs[i], name) != 0)
			continue;
		entry->subs[entry->n_subs++] = (uint8_t)i;
		return 0;
	}
	return yaml_error(node, err, "%s is no sub-code of %s", name ? name : "this", category_names[entry->category]);
}

static int read_subs(struct entry *entry, const struct yaml_node *node, struct err *err)
{
	if (!node)
		return 0;
	if (yaml_kind(node) != YAML_LIST)
		return read_sub(entry, node, err);
	for (size_t i = 0; i < yaml_count(node); i++)
		if (read_sub(entry, yaml_at(node, i), err) != 0)
			return -1;
	return 0;
}

static int read_also(struct entry *entry, const struct yaml_node *node, struct err *err)
{
	if (!node)
		return 0;
	if (yaml_kind(node) != YAML_MAP)
		return yaml_error(node, err, "`also` maps categories or risk to weights");
	for (size_t i = 0; i < yaml_count(node); i++) {
		int target = target_of(yaml_key_at(node, i));
		double value;

		if (target < 0)
			return yaml_error(yaml_at(node, i), err, "%s is no category", yaml_key_at(node, i));
		if (yaml_double(yaml_at(node, i), -20, 20, &value, err) != 0)
			return -1;
		entry->weights[target] += (float)value;
	}
	return 0;
}

static int read_refer(struct lexicon *lexicon, struct entry *entry, const struct yaml_node *node, struct err *err)
{
	const char *name = node ? yaml_scalar(node) : NULL;
	int i = find(lexicon->refers, lexicon->n_refers, name);

	entry->refer = -1;
	if (!node)
		return 0;
	if (!name || !*name)
		return yaml_error(node, err, "`refer` is the name of a target");
	if (i < 0) {
		if (lexicon->n_refers == REFERS_MAX)
			return yaml_error(node, err, "more than %d targets to refer to", REFERS_MAX);
		i = (int)lexicon->n_refers++;
		lexicon->refers[i] = name;
	}
	entry->refer = i;
	return 0;
}

static int read_patterns(struct lexicon *lexicon, struct lexicon_source *source, const struct yaml_node *node,
			 struct err *err)
{
	if (yaml_kind(node) != YAML_LIST || yaml_count(node) == 0)
		return yaml_error(node, err, "`match` is a list of patterns");
	for (size_t i = 0; i < yaml_count(node); i++)
		if (lexicon_add_pattern(source, lexicon->n_entries, yaml_at(node, i), err) != 0)
			return -1;
	return 0;
}

/* Where the entry looks: `match` (in a field, or missing from it), or a fact. */
static int read_condition(struct lexicon *lexicon, struct lexicon_source *source, struct entry *entry,
			  const struct yaml_node *node, struct err *err)
{
	const struct yaml_node *match = yaml_get(node, "match"), *fact = yaml_get(node, "fact");
	const struct yaml_node *field = yaml_get(node, "in"), *missing = yaml_get(node, "missing");
	int i = 0;

	if (!match == !fact)
		return yaml_error(node, err, "an entry has either `match` or `fact`");
	if (field && (i = find(field_names, N_FIELDS, yaml_scalar(field))) < 0)
		return yaml_error(field, err, "`in` is narrative, relation, rank or when");
	entry->field = (enum field)i;
	if (missing && yaml_bool(missing, &entry->missing, err) != 0)
		return -1;
	if (match)
		return read_patterns(lexicon, source, match, err);
	i = find(fact_names, N_FACTS, yaml_scalar(fact));
	if (i <= FACT_NONE)
		return yaml_error(fact, err, "`fact` is no-subjects or short");
	entry->fact = (enum fact)i;
	return 0;
}

static int read_entry(struct lexicon *lexicon, struct lexicon_source *source, int target,
		      const struct yaml_node *node, struct err *err)
{
	static const char *const keys[] = {
		"name", "weight", "sub", "also", "refer", "match", "in", "missing", "fact", NULL,
	};
	struct entry *entry = &lexicon->entries[lexicon->n_entries];
	const struct yaml_node *name = yaml_get(node, "name");

	if (yaml_kind(node) != YAML_MAP || !name || !yaml_scalar(name))
		return yaml_error(node, err, "an entry is a map with a name");
	if (yaml_only_keys(node, keys, err) != 0)
		return -1;
	for (size_t i = 0; i < lexicon->n_entries; i++)
		if (strcmp(lexicon->entries[i].name, yaml_scalar(name)) == 0)
			return yaml_error(name, err, "%s stands here for the second time", yaml_scalar(name));
	entry->name = yaml_scalar(name);
	entry->category = target < N_CATEGORIES ? target : -1;
	if (read_number(node, "weight", 20, &entry->weight, err) != 0)
		return -1;
	entry->weights[target] += entry->weight;
	if (read_subs(entry, yaml_get(node, "sub"), err) != 0 || read_also(entry, yaml_get(node, "also"), err) != 0 ||
	    read_refer(lexicon, entry, yaml_get(node, "refer"), err) != 0 ||
	    read_condition(lexicon, source, entry, node, err) != 0)
		return -1;
	lexicon->n_entries++;
	return 0;
}

static int read_section(struct lexicon *lexicon, struct lexicon_source *source, const char *name,
			const struct yaml_node *node, struct err *err)
{
	static const char *const keys[] = { "bias", "damp", "entries", NULL };
	const struct yaml_node *entries = yaml_get(node, "entries");
	int target = target_of(name);

	if (target < 0)
		return yaml_error(node, err, "%s is no category, nor risk", name);
	if (yaml_only_keys(node, keys, err) != 0 || read_number(node, "bias", 20, &lexicon->bias[target], err) != 0)
		return -1;
	if (target == OUT_OF_SCOPE && read_number(node, "damp", 20, &lexicon->damp, err) != 0)
		return -1;
	if (!entries || yaml_kind(entries) != YAML_LIST)
		return yaml_error(node, err, "`entries` is a list");
	for (size_t i = 0; i < yaml_count(entries); i++) {
		if (lexicon->n_entries == LEXICON_ENTRIES_MAX)
			return yaml_error(entries, err, "more than %d entries", LEXICON_ENTRIES_MAX);
		if (read_entry(lexicon, source, target, yaml_at(entries, i), err) != 0)
			return -1;
	}
	return 0;
}

int lexicon_read(struct lexicon *lexicon, struct lexicon_source *source, struct err *err)
{
	static const char *const keys[] = { "lexicon", "report-above", "sections", NULL };
	const struct yaml_node *root = yaml_root(lexicon->yaml), *sections;
	float version;

	if (!root || yaml_kind(root) != YAML_MAP)
		return err_set(err, ERR_CONFIG, NULL, "the lexicon is empty");
	if (yaml_only_keys(root, keys, err) != 0 || read_number(root, "lexicon", 1, &version, err) != 0 ||
	    read_number(root, "report-above", 1, &lexicon->report_above, err) != 0)
		return -1;
	sections = yaml_get(root, "sections");
	if (!sections || yaml_kind(sections) != YAML_MAP)
		return yaml_error(root, err, "`sections` is a map");
	for (int target = 0; target < N_TARGETS; target++) {
		const char *name = target == TARGET_RISK ? "risk" : category_names[target];

		if (!yaml_get(sections, name))
			return yaml_error(sections, err, "the section %s is missing", name);
	}
	for (size_t i = 0; i < yaml_count(sections); i++)
		if (read_section(lexicon, source, yaml_key_at(sections, i), yaml_at(sections, i), err) != 0)
			return -1;
	return 0;
}
