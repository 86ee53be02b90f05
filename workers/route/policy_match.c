/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/route/policy_match.h"

#define COUNT_MAX 1000000

struct match_kind {
	const char *name;
	int (*read)(struct matcher *matcher, const struct yaml_node *node, struct err *err);
	bool (*holds)(const struct matcher *matcher, struct match_facts *facts);
};

/* Reading. */

static int read_fraction(struct matcher *matcher, const struct yaml_node *node, struct err *err)
{
	return yaml_double(node, 0, 1, &matcher->number, err);
}

static int read_count(struct matcher *matcher, const struct yaml_node *node, struct err *err)
{
	int64_t n;

	if (yaml_int(node, 0, COUNT_MAX, &n, err) < 0)
		return -1;
	matcher->number = (double)n;
	return 0;
}

static int read_yes(struct matcher *matcher, const struct yaml_node *node, struct err *err)
{
	return yaml_bool(node, &matcher->yes, err);
}

/* A scalar, or a list of them. */
static size_t n_words(const struct yaml_node *node)
{
	return yaml_kind(node) == YAML_LIST ? yaml_count(node) : 1;
}

static const struct yaml_node *word_at(const struct yaml_node *node, size_t i)
{
	return yaml_kind(node) == YAML_LIST ? yaml_at(node, i) : node;
}

static const char *word_text(const struct yaml_node *node, struct err *err)
{
	const char *text = yaml_scalar(node);

	if (text && *text && strlen(text) < MATCH_WORD_MAX)
		return text;
	yaml_error(node, err, "a word of at most %d characters is wanted here", MATCH_WORD_MAX - 1);
	return NULL;
}

static int check_words(const struct yaml_node *node, struct err *err)
{
	size_t n = n_words(node);

	if (yaml_kind(node) == YAML_MAP)
		return yaml_error(node, err, "a word or a list of words is wanted here");
	if (n == 0 || n > MATCH_LIST_MAX)
		return yaml_error(node, err, "from 1 to %d words are wanted here", MATCH_LIST_MAX);
	return 0;
}

static int read_words(struct matcher *matcher, const struct yaml_node *node, struct err *err)
{
	if (check_words(node, err) < 0)
		return -1;
	matcher->words = mem_alloc(n_words(node) * sizeof(*matcher->words));
	for (size_t i = 0; i < n_words(node); i++) {
		const char *text = word_text(word_at(node, i), err);

		if (!text)
			return -1;
		memcpy(matcher->words[matcher->n++], text, strlen(text) + 1);
	}
	return 0;
}

static int read_channels(struct matcher *matcher, const struct yaml_node *node, struct err *err)
{
	if (check_words(node, err) < 0)
		return -1;
	for (size_t i = 0; i < n_words(node); i++) {
		const char *text = word_text(word_at(node, i), err);
		int channel;

		if (!text)
			return -1;
		channel = taxonomy_find(channel_names, N_CHANNELS, text, strlen(text));
		if (channel < 0)
			return yaml_error(word_at(node, i), err, "'%s' is not a channel", text);
		matcher->bits |= 1u << channel;
	}
	return 0;
}

static int read_label(struct match_label *label, const struct yaml_node *node, struct err *err)
{
	const char *text = yaml_scalar(node);
	const char *slash = text ? strchr(text, '/') : NULL;
	size_t len = text ? (slash ? (size_t)(slash - text) : strlen(text)) : 0;
	int category = text ? taxonomy_find(category_names, N_CATEGORIES, text, len) : -1;

	if (category < 0)
		return yaml_error(node, err, "'%s' is not a category", text ? text : "");
	label->category = (uint8_t)category;
	if (!slash)
		return 0;
	for (const char *const *sub = category_subcodes[category]; sub && *sub; sub++) {
		if (strcmp(*sub, slash + 1) == 0 && strlen(*sub) < MATCH_WORD_MAX) {
			memcpy(label->subcode, *sub, strlen(*sub) + 1);
			return 0;
		}
	}
	return yaml_error(node, err, "'%s' is not a sub-code of %s", slash + 1, category_names[category]);
}

/* { of: label or list, KEY: score } */
static int read_labels(struct matcher *matcher, const struct yaml_node *node, const char *key, struct err *err)
{
	const char *const allowed[] = { "of", key, NULL };
	const struct yaml_node *of, *score;

	if (yaml_kind(node) != YAML_MAP)
		return yaml_error(node, err, "a map with 'of' and '%s' is wanted here", key);
	if (yaml_only_keys(node, allowed, err) < 0)
		return -1;
	of = yaml_get(node, "of");
	score = yaml_get(node, key);
	if (!of || !score)
		return yaml_error(node, err, "'of' and '%s' are both wanted here", key);
	if (check_words(of, err) < 0 || yaml_double(score, 0, 1, &matcher->number, err) < 0)
		return -1;
	matcher->labels = mem_alloc(n_words(of) * sizeof(*matcher->labels));
	for (size_t i = 0; i < n_words(of); i++)
		if (read_label(&matcher->labels[matcher->n++], word_at(of, i), err) < 0)
			return -1;
	return 0;
}

static int read_label_min(struct matcher *matcher, const struct yaml_node *node, struct err *err)
{
	return read_labels(matcher, node, "min", err);
}

static int read_label_below(struct matcher *matcher, const struct yaml_node *node, struct err *err)
{
	return read_labels(matcher, node, "below", err);
}

/* Answering. */

static bool same_label(const struct match_label *want, const struct label *have)
{
	return want->category == have->category && slice_equal(slice_str(want->subcode), have->subcode);
}

static float best_of(const struct matcher *matcher, const struct classification *classification)
{
	float best = 0;

	for (size_t i = 0; i < classification->n_labels; i++)
		for (size_t j = 0; j < matcher->n; j++)
			if (same_label(&matcher->labels[j], &classification->labels[i]) &&
			    classification->labels[i].score > best)
				best = classification->labels[i].score;
	return best;
}

static bool label_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return best_of(matcher, &facts->record->classification) >= (float)matcher->number;
}

static bool no_label_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return best_of(matcher, &facts->record->classification) < (float)matcher->number;
}

static bool risk_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return facts->record->classification.risk >= (float)matcher->number;
}

static bool risk_below_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return facts->record->classification.risk < (float)matcher->number;
}

static bool out_of_scope_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return facts->record->classification.out_of_scope >= (float)matcher->number;
}

static bool out_of_scope_below_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return facts->record->classification.out_of_scope < (float)matcher->number;
}

static bool uncertain_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return match_facts_best(facts) < (float)matcher->number;
}

static bool evidence_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return (double)facts->record->classification.n_evidence >= matcher->number;
}

static bool evidence_below_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return (double)facts->record->classification.n_evidence < matcher->number;
}

static bool corroborated_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return (double)match_facts_strong_links(facts) >= matcher->number;
}

static bool uncorroborated_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return (facts->record->n_links == 0) == matcher->yes;
}

static bool words_below_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return (double)match_facts_words(facts) < matcher->number;
}

static bool channel_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return facts->record->channel < N_CHANNELS && (matcher->bits >> facts->record->channel & 1);
}

static bool word_in(const struct matcher *matcher, struct slice text)
{
	for (size_t i = 0; i < matcher->n; i++)
		if (slice_equal(slice_str(matcher->words[i]), text))
			return true;
	return false;
}

static bool refer_to_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return word_in(matcher, facts->record->classification.refer_to);
}

static bool language_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return match_facts_read(facts) && word_in(matcher, slice_str(facts->language));
}

static bool relation_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return match_facts_read(facts) && word_in(matcher, slice_str(facts->relation));
}

static bool narrative_below_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return match_facts_read(facts) && (double)facts->narrative_len < matcher->number;
}

static bool identified_holds(const struct matcher *matcher, struct match_facts *facts)
{
	return match_facts_read(facts) && facts->identified == matcher->yes;
}

/* Conditions that need the document stand last: match_set_read keeps this order. */
static const struct match_kind kinds[] = {
	{ "label", read_label_min, label_holds },
	{ "no_label", read_label_below, no_label_holds },
	{ "risk", read_fraction, risk_holds },
	{ "risk_below", read_fraction, risk_below_holds },
	{ "out_of_scope", read_fraction, out_of_scope_holds },
	{ "out_of_scope_below", read_fraction, out_of_scope_below_holds },
	{ "refer_to", read_words, refer_to_holds },
	{ "uncertain", read_fraction, uncertain_holds },
	{ "evidence", read_count, evidence_holds },
	{ "evidence_below", read_count, evidence_below_holds },
	{ "corroborated", read_count, corroborated_holds },
	{ "uncorroborated", read_yes, uncorroborated_holds },
	{ "words_below", read_count, words_below_holds },
	{ "channel", read_channels, channel_holds },
	{ "language", read_words, language_holds },
	{ "relation", read_words, relation_holds },
	{ "narrative_below", read_count, narrative_below_holds },
	{ "identified", read_yes, identified_holds },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

_Static_assert(N_KINDS <= MATCHERS_MAX, "a rule may set every condition once");

static int check_names(const struct yaml_node *map, struct err *err)
{
	const char *allowed[N_KINDS + 1];

	for (size_t i = 0; i < N_KINDS; i++)
		allowed[i] = kinds[i].name;
	allowed[N_KINDS] = NULL;
	if (yaml_kind(map) != YAML_MAP || yaml_count(map) == 0)
		return yaml_error(map, err, "a map of conditions is wanted here");
	return yaml_only_keys(map, allowed, err);
}

int match_set_read(struct match_set *set, const struct yaml_node *map, struct err *err)
{
	if (check_names(map, err) < 0)
		return -1;
	for (size_t i = 0; i < N_KINDS; i++) {
		const struct yaml_node *node = yaml_get(map, kinds[i].name);

		if (!node)
			continue;
		set->items[set->n].kind = &kinds[i];
		if (kinds[i].read(&set->items[set->n++], node, err) < 0)
			return -1;
	}
	return 0;
}

void match_set_release(struct match_set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		free(set->items[i].labels);
		free(set->items[i].words);
	}
	*set = (struct match_set){ .n = 0 };
}

bool match_set_holds(const struct match_set *set, struct match_facts *facts)
{
	for (size_t i = 0; i < set->n; i++)
		if (!set->items[i].kind->holds(&set->items[i], facts))
			return false;
	return true;
}
