/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/linker.h"

#include <math.h>

#include "workers/dedupe/postings.h"

/* How many of the tips that share most are scored exactly, and after how many in a row that are no links it ends. */
#define CANDIDATES 24
#define MISSES_MAX 4
/* The part of the budget that one token may use, on the newest tips that hold it: in a flood of copies every token is
 * common, and the copies must still be found. */
#define TERM_PART 8
#define STEP_MAX 31 /* days */
#define LOGS 1024
#define AHEAD 16    /* look-ups under way at once: each waits for memory */

#define RARITY_MIN 0.02f
/* The weight of shared tokens at which a pair is half believed. */
#define MASS_HALF 9.0f
/* Weight imagined beside each tip's own: the likeness of two very short tips means little. */
#define PAD 60.0f
/* Shared words count up to this, and half as much again as the shared names, numbers, places … weigh: two letters in
 * the same foreign language, or two complaints of one kind, share many rare words and no fact. */
#define WORDS_FREE 16.0f
#define WORDS_PER_FACT 0.5f
/* How much of the score is mass, and how much likeness. */
#define MASS_PART 0.7f
#define LOG_OF_TWO 0.7f     /* so that a token of half of the tips weighs next to nothing */
#define DF_SMOOTHING 0.5f   /* half a tip more, so that a token no tip has yet has a logarithm */

/*
 * What a shared token says, by its class, before its rarity: chosen by tests/replay/evaluate_links.py with both halves
 * of tests/data/tips.jsonl in view, so that neither half is an unseen test of them.
 */
static const struct {
	float weight;
	uint32_t reason;
	float prior; /* tips imagined beside those of the window: an empty index does not make every name rare */
} classes[N_TOKEN_CLASSES] = {
	[TOKEN_WORD] = { 0.75f, LINK_WORDS, 20 },
	[TOKEN_BIGRAM] = { 0.2f, LINK_WORDS, 20 },
	[TOKEN_NAME] = { 0.9f, LINK_NAME, 300 },
	[TOKEN_NUMBER] = { 1.5f, LINK_NUMBER, 1000 },
	[TOKEN_DATE] = { 0.8f, LINK_DATE, 300 },
	[TOKEN_PLACE] = { 0.9f, LINK_PLACE, 100 },
	[TOKEN_HANDLE] = { 3.0f, LINK_HANDLE, 1000 },
};

struct earlier { /* a tip of the window */
	struct tip_id tip_id, case_id;
	uint32_t day, n_terms;
	uint32_t *terms;
};

struct sum { /* what a tip shares with the new one */
	float words, facts;
	uint32_t reasons;
};

struct query_term {
	uint32_t term, df;
	float weight;
};

struct candidate {
	uint32_t at; /* in linker->tips */
	float shared; /* as far as the budget went */
};

struct linker {
	struct linker_settings settings;
	struct postings *postings;
	struct earlier *tips; /* tips[0] has number `base` */
	size_t n_tips, cap_tips;
	uint32_t base;
	int64_t today; /* the reference day of the window */
	bool begun;
	struct sum *sums; /* one a tip, all zero between two searches */
	uint32_t *touched;
	size_t n_touched;
	struct query_term *query;
	float log_n[N_TOKEN_CLASSES]; /* of the number of tips and the class's prior */
	float log_df[LOGS];           /* of the small document frequencies, which most are */
	uint32_t stamp; /* marks the terms of the tip that is looked for */
};

struct linker *linker_new(const struct linker_settings *settings)
{
	struct linker *linker = mem_alloc(sizeof(*linker));

	linker->settings = *settings;
	linker->postings = postings_new();
	linker->touched = mem_alloc(settings->budget * sizeof(*linker->touched));
	linker->query = mem_alloc(TOKENS_MAX * sizeof(*linker->query));
	for (size_t df = 0; df < LOGS; df++)
		linker->log_df[df] = logf((float)df + 0.5f);
	return linker;
}

void linker_free(struct linker *linker)
{
	if (!linker)
		return;
	for (size_t i = 0; i < linker->n_tips; i++)
		free(linker->tips[i].terms);
	free(linker->tips);
	free(linker->sums);
	free(linker->touched);
	free(linker->query);
	postings_free(linker->postings);
	free(linker);
}

void linker_add(struct linker *linker, const struct tip_id *tip_id, const struct tip_id *case_id, uint32_t day,
		const struct token_list *tokens)
{
	uint32_t number = linker->base + (uint32_t)linker->n_tips;
	struct earlier *tip;

	if (linker->n_tips == linker->cap_tips) {
		size_t old = linker->cap_tips;

		linker->cap_tips = old ? 2 * old : 1024;
		linker->tips = mem_grow(linker->tips, linker->cap_tips * sizeof(*linker->tips));
		linker->sums = mem_grow(linker->sums, linker->cap_tips * sizeof(*linker->sums));
		for (size_t i = old; i < linker->cap_tips; i++)
			linker->sums[i] = (struct sum){ 0, 0, 0 };
	}
	tip = &linker->tips[linker->n_tips++];
	*tip = (struct earlier){ .tip_id = *tip_id, .case_id = *case_id, .day = day, .n_terms = (uint32_t)tokens->n };
	tip->terms = mem_alloc(tokens->n * sizeof(*tip->terms) + 1);
	for (size_t i = 0; i < tokens->n; i++) {
		tip->terms[i] = postings_term(linker->postings, tokens->items[i].mac, tokens->items[i].class);
		postings_append(linker->postings, tip->terms[i], number);
	}
}

/* The oldest tip leaves every list it is in. */
static void forget(struct linker *linker, size_t at)
{
	struct earlier *tip = &linker->tips[at];

	for (size_t i = 0; i < tip->n_terms; i++)
		postings_drop_oldest(linker->postings, tip->terms[i], linker->base + (uint32_t)at);
	free(tip->terms);
}

/*
 * The reference day follows the days of the tips, but by at most a month a tip: a gateway whose clock is ten years
 * off must not empty the window with one tip.
 */
static void follow(struct linker *linker, uint32_t day)
{
	int64_t step = (int64_t)day - linker->today;

	if (!linker->begun) {
		linker->begun = true;
		linker->today = day;
		return;
	}
	if (step > STEP_MAX)
		step = STEP_MAX;
	if (step < -STEP_MAX)
		step = -STEP_MAX;
	linker->today += step;
}

void linker_advance(struct linker *linker, uint32_t day)
{
	size_t gone = 0;

	follow(linker, day);
	while (gone < linker->n_tips &&
	       linker->today - (int64_t)linker->tips[gone].day > (int64_t)linker->settings.window_days)
		forget(linker, gone++);
	if (gone == 0)
		return;
	linker->n_tips -= gone;
	linker->base += (uint32_t)gone;
	memmove(linker->tips, linker->tips + gone, linker->n_tips * sizeof(*linker->tips));
}

/* The natural logarithm of how many times rarer than everywhere a token is; next to nothing when half of the tips have
 * it, but never nothing, so that a copy is a copy even where all of its tokens are common. */
static float rarity(const struct linker *linker, enum token_class class, uint32_t df)
{
	float log_df = df < LOGS ? linker->log_df[df] : logf((float)df + DF_SMOOTHING);
	float r = linker->log_n[class] - log_df - LOG_OF_TWO;

	return r > RARITY_MIN ? r : RARITY_MIN;
}

static float term_weight(const struct linker *linker, uint32_t term)
{
	uint8_t class = postings_class(linker->postings, term);

	return classes[class].weight * rarity(linker, class, postings_df(linker->postings, term));
}

static int rarest_first(const void *a, const void *b)
{
	const struct query_term *x = a, *y = b;

	if (x->df != y->df)
		return x->df < y->df ? -1 : 1;
	return x->term < y->term ? -1 : x->term > y->term;
}

/* The tip's terms that others have, rarest first; `own` becomes the weight of all its tokens. */
static size_t make_query(struct linker *linker, const struct token_list *tokens, float *own)
{
	size_t n = 0;

	*own = 0;
	linker->stamp++;
	for (int class = 0; class < N_TOKEN_CLASSES; class++)
		linker->log_n[class] = logf((float)linker->n_tips + classes[class].prior + 1.0f);
	for (size_t i = 0; i < tokens->n && i < AHEAD; i++)
		postings_prefetch(linker->postings, tokens->items[i].mac);
	for (size_t i = 0; i < tokens->n; i++) {
		const struct token *token = &tokens->items[i];

		if (i + AHEAD < tokens->n)
			postings_prefetch(linker->postings, tokens->items[i + AHEAD].mac);
		uint32_t term = postings_find(linker->postings, token->mac);
		uint32_t df = term == POSTINGS_NONE ? 0 : postings_df(linker->postings, term);
		float weight = classes[token->class].weight * rarity(linker, token->class, df + 1);

		*own += weight;
		if (df == 0 || n == TOKENS_MAX)
			continue;
		postings_mark(linker->postings, term, linker->stamp);
		linker->query[n++] = (struct query_term){ term, df, weight };
	}
	qsort(linker->query, n, sizeof(*linker->query), rarest_first);
	return n;
}

static void add_to(struct sum *sum, uint32_t reason, float weight)
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
	uint32_t reason = classes[postings_class(linker->postings, query->term)].reason;
	size_t n;
	const uint32_t *tips = postings_tips(linker->postings, query->term, &n);
	size_t first = n > most ? n - most : 0;

	for (size_t i = first; i < n; i++) {
		uint32_t at = tips[i] - linker->base;

		if (linker->sums[at].reasons == 0)
			linker->touched[linker->n_touched++] = at;
		add_to(&linker->sums[at], reason, query->weight);
	}
	return n - first;
}

/* The rarest terms first, until the budget is spent: enough to tell which tips are worth a closer look. */
static void sum_up(struct linker *linker, size_t n_query)
{
	size_t left = linker->settings.budget, most = linker->settings.budget / TERM_PART;

	linker->n_touched = 0;
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

static float capped(const struct sum *sum)
{
	float cap = WORDS_FREE + WORDS_PER_FACT * sum->facts;

	return sum->facts + (sum->words < cap ? sum->words : cap);
}

static size_t best_candidates(struct linker *linker, struct candidate best[CANDIDATES])
{
	size_t n = 0;

	for (size_t i = 0; i < linker->n_touched; i++) {
		uint32_t at = linker->touched[i];
		struct candidate candidate = { at, capped(&linker->sums[at]) };

		n = keep_best(best, n, &candidate);
		linker->sums[at] = (struct sum){ 0, 0, 0 };
	}
	return n;
}

/*
 * A pair's score is the better of two views, both from 0 to 1:
 * - what they share against what they could share (the cosine of two weighted token sets) and against what it takes
 *   to mean anything (a saturating curve), as a weighted geometric mean, with words capped;
 * - the cube of the plain cosine, which is high only for copies of one text.
 */
static float score_of(const struct sum *sum, float own, float other)
{
	float shared = capped(sum);
	float likeness = shared / sqrtf((own + PAD) * (other + PAD));
	float copy = (sum->words + sum->facts) / sqrtf(own * other);
	float mass = shared / (shared + MASS_HALF);
	float account = powf(mass, MASS_PART) * powf(likeness, 1 - MASS_PART);
	float best = account > copy * copy * copy ? account : copy * copy * copy;

	return best < 1 ? best : 1;
}

/* The weight of all of an earlier tip's tokens, by their rarity now, and of those that the new tip shares. */
static float weigh(const struct linker *linker, const struct earlier *tip, struct sum *shared)
{
	float all = 0;

	*shared = (struct sum){ 0, 0, 0 };
	for (size_t i = 0; i < tip->n_terms; i++) {
		float weight = term_weight(linker, tip->terms[i]);

		all += weight;
		if (postings_is_marked(linker->postings, tip->terms[i], linker->stamp))
			add_to(shared, classes[postings_class(linker->postings, tip->terms[i])].reason, weight);
	}
	return all;
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
		const struct earlier *tip = &linker->tips[best[i].at];
		struct linker_match match = { .case_id = tip->case_id };
		struct sum shared;
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

size_t linker_n_tips(const struct linker *linker)
{
	return linker->n_tips;
}

size_t linker_n_terms(const struct linker *linker)
{
	return postings_n_terms(linker->postings);
}
