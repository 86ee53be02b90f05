/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/linker.h"

#include "workers/dedupe/packed.h"
#include "workers/dedupe/postings.h"
#include "workers/dedupe/score.h"
#include "workers/dedupe/window.h"

/* How many of the tips that share most are scored exactly, and after how many in a row that are no links it ends. */
#define CANDIDATES 24
#define MISSES_MAX 4
/* The part of the budget that one token may use, on the newest tips that hold it: in a flood of copies every token is
 * common, and the copies must still be found. */
#define TERM_PART 8
#define AHEAD 16    /* look-ups under way at once: each waits for memory */

struct query_term {
	uint32_t term, df;
	float weight;
	uint32_t at; /* in the tip's list */
};

struct candidate {
	uint32_t at; /* in the window */
	float shared; /* as far as the budget went */
};

struct linker {
	struct linker_settings settings;
	struct window *window;
	struct postings *postings;
	struct score_sum *sums; /* one a tip of the window, all zero between two searches */
	size_t n_sums;
	uint32_t *touched; /* the tips whose sum is not zero */
	size_t n_touched;
	struct query_term *query;
	uint32_t *terms; /* of one tip, TOKENS_MAX at most */
	struct score_scale scale;
	uint32_t stamp; /* marks the terms of the tip that is looked for */
	uint64_t n_crowded_out;
};

struct linker *linker_new(const struct linker_settings *settings)
{
	struct linker *linker = mem_alloc(sizeof(*linker));

	linker->settings = *settings;
	linker->window = window_new(settings->window_days, settings->window_tips);
	linker->postings = postings_new(settings->budget / TERM_PART);
	linker->touched = mem_alloc(settings->budget * sizeof(*linker->touched));
	linker->query = mem_alloc(TOKENS_MAX * sizeof(*linker->query));
	linker->terms = mem_alloc(TOKENS_MAX * sizeof(*linker->terms));
	score_scale_init(&linker->scale);
	return linker;
}

void linker_free(struct linker *linker)
{
	if (!linker)
		return;
	window_free(linker->window);
	postings_free(linker->postings);
	free(linker->sums);
	free(linker->touched);
	free(linker->query);
	free(linker->terms);
	free(linker);
}

static void unpack_terms(struct linker *linker, const struct window_tip *tip)
{
	struct packed_reader reader = packed_read(tip->terms);

	for (size_t i = 0; i < tip->n_terms; i++)
		linker->terms[i] = packed_next(&reader);
}

/* The oldest tip leaves every list it is in, and the window. */
static void forget_oldest(struct linker *linker)
{
	const struct window_tip *tip = window_tip(linker->window, 0);
	uint32_t number = window_number(linker->window, 0);

	unpack_terms(linker, tip);
	for (size_t i = 0; i < tip->n_terms; i++) {
		if (i + AHEAD < tip->n_terms)
			postings_prefetch_term(linker->postings, linker->terms[i + AHEAD]);
		postings_drop_oldest(linker->postings, linker->terms[i], number);
	}
	window_shift(linker->window);
}

void linker_add(struct linker *linker, const struct tip_id *tip_id, const struct tip_id *case_id, uint32_t day,
		const struct token_list *tokens)
{
	uint32_t number;

	if (tokens->n > TOKENS_MAX)
		BUG("a tip of %zu tokens", tokens->n);
	if (window_is_full(linker->window)) {
		forget_oldest(linker);
		linker->n_crowded_out++;
	}
	number = window_number(linker->window, window_n_tips(linker->window));
	for (size_t i = 0; i < tokens->n; i++) {
		if (i + AHEAD < tokens->n)
			postings_prefetch(linker->postings, tokens->items[i + AHEAD].mac);
		linker->terms[i] = postings_add(linker->postings, tokens->items[i].mac, tokens->items[i].class, number);
	}
	window_push(linker->window, tip_id, case_id, day, linker->terms, tokens->n);
}

void linker_advance(struct linker *linker, uint32_t day)
{
	window_follow(linker->window, day);
	while (window_leaves(linker->window))
		forget_oldest(linker);
}

static float term_weight(const struct linker *linker, uint32_t term)
{
	return score_weight(&linker->scale, postings_class(linker->postings, term), postings_df(linker->postings, term));
}

static uint32_t term_reason(const struct linker *linker, uint32_t term)
{
	return score_classes[postings_class(linker->postings, term)].reason;
}

/* Never by a term's number, which depends on what came and went: a restart must find what going on would. */
static int rarest_first(const void *a, const void *b)
{
	const struct query_term *x = a, *y = b;

	if (x->df != y->df)
		return x->df < y->df ? -1 : 1;
	if (x->weight < y->weight || x->weight > y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The tip's terms that others have, rarest first; `own` becomes the weight of all its tokens. */
static size_t make_query(struct linker *linker, const struct token_list *tokens, float *own)
{
	double all = 0;
	size_t n = 0;

	linker->stamp++;
	score_scale_tips(&linker->scale, window_n_tips(linker->window));
	for (size_t i = 0; i < tokens->n && i < AHEAD; i++)
		postings_prefetch(linker->postings, tokens->items[i].mac);
	for (size_t i = 0; i < tokens->n; i++) {
		const struct token *token = &tokens->items[i];

		if (i + AHEAD < tokens->n)
			postings_prefetch(linker->postings, tokens->items[i + AHEAD].mac);
		uint32_t term = postings_find(linker->postings, token->mac);
		uint32_t df = term == POSTINGS_NONE ? 0 : postings_df(linker->postings, term);
		float weight = score_weight(&linker->scale, token->class, df + 1);

		all += weight;
		if (df == 0 || n == TOKENS_MAX)
			continue;
		postings_mark(linker->postings, term, linker->stamp);
		linker->query[n++] = (struct query_term){ term, df, weight, (uint32_t)i };
	}
	*own = (float)all;
	qsort(linker->query, n, sizeof(*linker->query), rarest_first);
	return n;
}

static void add_to(struct score_sum *sum, uint32_t reason, float weight)
{
	if (reason == LINK_WORDS)
		sum->words += weight;
	else
		sum->facts += weight;
	sum->reasons |= reason;
}

/* Adds a term's weight to the newest tips that hold it, at most `most` of them. Returns how many there were. */
static size_t spread_term(struct linker *linker, const struct query_term *query, size_t most)
{
	uint32_t reason = term_reason(linker, query->term);
	size_t n;
	const uint32_t *tips = postings_tips(linker->postings, query->term, &n);
	size_t first = n > most ? n - most : 0;
	uint32_t base = window_number(linker->window, 0);

	for (size_t i = first; i < n; i++) {
		uint32_t at = tips[i] - base;

		if (linker->sums[at].reasons == 0)
			linker->touched[linker->n_touched++] = at;
		add_to(&linker->sums[at], reason, query->weight);
	}
	return n - first;
}

static void fit_sums(struct linker *linker)
{
	size_t old = linker->n_sums, n = window_n_tips(linker->window);

	if (n <= old)
		return;
	linker->n_sums = n + n / 2 < linker->settings.window_tips ? n + n / 2 : linker->settings.window_tips;
	linker->sums = mem_grow(linker->sums, linker->n_sums * sizeof(*linker->sums));
	for (size_t i = old; i < linker->n_sums; i++)
		linker->sums[i] = (struct score_sum){ 0, 0, 0 };
}

/* The rarest terms first, until the budget is spent: enough to tell which tips are worth a closer look. */
static void sum_up(struct linker *linker, size_t n_query)
{
	size_t left = linker->settings.budget, most = linker->settings.budget / TERM_PART;

	linker->n_touched = 0;
	fit_sums(linker);
	for (size_t i = 0; i < n_query && left > 0; i++)
		left -= spread_term(linker, &linker->query[i], left < most ? left : most);
}

/* Puts a candidate in its place among the best; of two that are equal the older tip comes first. */
static size_t keep_best(struct candidate best[CANDIDATES], size_t n, const struct candidate *new)
{
	size_t at = n;

	while (at > 0 && (best[at - 1].shared < new->shared ||
			  (best[at - 1].shared == new->shared && best[at - 1].at > new->at)))
		at--;
	if (at == CANDIDATES)
		return n;
	if (n < CANDIDATES)
		n++;
	memmove(&best[at + 1], &best[at], (n - at - 1) * sizeof(*best));
	best[at] = *new;
	return n;
}

static size_t best_candidates(struct linker *linker, struct candidate best[CANDIDATES])
{
	size_t n = 0;

	for (size_t i = 0; i < linker->n_touched; i++) {
		uint32_t at = linker->touched[i];
		struct candidate candidate = { at, score_capped(&linker->sums[at]) };

		n = keep_best(best, n, &candidate);
		linker->sums[at] = (struct score_sum){ 0, 0, 0 };
	}
	return n;
}

/*
 * The weight of all of an earlier tip's tokens, by their rarity now, and of those that the new tip shares. A weight is
 * from 2^-8 to 2^6 and has 24 bits, so a double adds TOKENS_MAX of them without rounding: the sum is the same in
 * whatever order the terms lie, which after a restart is another.
 */
static float weigh(struct linker *linker, const struct window_tip *tip, struct score_sum *shared)
{
	double all = 0, words = 0, facts = 0;
	uint32_t reasons = 0;

	unpack_terms(linker, tip);
	for (size_t i = 0; i < tip->n_terms; i++) {
		uint32_t term = linker->terms[i];
		float weight = term_weight(linker, term);
		uint32_t reason = term_reason(linker, term);

		all += weight;
		if (!postings_is_marked(linker->postings, term, linker->stamp))
			continue;
		*(reason == LINK_WORDS ? &words : &facts) += weight;
		reasons |= reason;
	}
	*shared = (struct score_sum){ (float)words, (float)facts, reasons };
	return (float)all;
}

/* Puts a match in its place, best first; of two that are equal the one found first stays in front. */
static size_t keep_match(struct linker_match matches[LINKS_MAX], size_t n, const struct linker_match *new)
{
	size_t at = n;

	while (at > 0 && matches[at - 1].link.score < new->link.score)
		at--;
	if (at == LINKS_MAX)
		return n;
	if (n < LINKS_MAX)
		n++;
	memmove(&matches[at + 1], &matches[at], (n - at - 1) * sizeof(*matches));
	matches[at] = *new;
	return n;
}

size_t linker_find(struct linker *linker, const struct token_list *tokens, struct linker_match matches[LINKS_MAX])
{
	struct candidate best[CANDIDATES];
	float own;
	size_t n = 0, n_best, misses = 0;

	sum_up(linker, make_query(linker, tokens, &own));
	n_best = best_candidates(linker, best);
	for (size_t i = 0; i < n_best && misses < MISSES_MAX; i++) {
		const struct window_tip *tip = window_tip(linker->window, best[i].at);
		struct linker_match match = { .case_id = tip->case_id };
		struct score_sum shared;
		float other = weigh(linker, tip, &shared);
		float score = score_of(&shared, own, other);

		match.link = (struct link){ .tip_id = tip->tip_id, .score = score, .reasons = shared.reasons,
					    .strong = score >= linker->settings.strong };
		if (score < linker->settings.weak) {
			misses++;
			continue;
		}
		misses = 0;
		n = keep_match(matches, n, &match);
	}
	return n;
}

void linker_standing(const struct linker *linker, struct linker_standing *standing)
{
	standing->today = window_today(linker->window);
	standing->n_tips = window_n_tips(linker->window);
}

void linker_resume(struct linker *linker, int64_t today)
{
	window_set_today(linker->window, today);
}

size_t linker_n_tips(const struct linker *linker)
{
	return window_n_tips(linker->window);
}

size_t linker_n_terms(const struct linker *linker)
{
	return postings_n_terms(linker->postings);
}

uint64_t linker_n_crowded_out(const struct linker *linker)
{
	return linker->n_crowded_out;
}

uint32_t linker_days(const struct linker *linker)
{
	int64_t days = 0;

	if (window_n_tips(linker->window) > 0)
		days = window_today(linker->window) - (int64_t)window_tip(linker->window, 0)->day;
	return days > 0 ? (uint32_t)days : 0;
}

size_t linker_bytes(const struct linker *linker)
{
	return window_bytes(linker->window) + postings_bytes(linker->postings) +
	       linker->n_sums * sizeof(*linker->sums);
}
