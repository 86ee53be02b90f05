/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "workers/dedupe/linker.h"
#include "workers/dedupe/packed.h"
#include "workers/dedupe/postings.h"

#define DAY 20000
#define TOKENS 48

static const struct linker_settings settings = {
	.strong = 0.35, .weak = 0.2, .window_days = 400, .window_tips = 5000, .budget = 20000
};

/* A tip of tokens told as text: a letter for the class (w b n # d p @) and a number, e.g. "w1 w2 n7". */
struct tip_tokens {
	struct token items[TOKENS];
	struct token_list list;
};

static uint64_t spread(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15u;
	return n ^ n >> 29;
}

static int by_class_and_mac(const void *a, const void *b)
{
	const struct token *x = a, *y = b;

	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return x->mac < y->mac ? -1 : x->mac > y->mac;
}

static struct token_list *tokens_of(struct tip_tokens *tip, const char *text)
{
	static const char letters[] = "wbn#dp@";

	tip->list = (struct token_list){ .items = tip->items };
	while (*text) {
		uint8_t class = (uint8_t)(strchr(letters, *text) - letters);
		char *end;
		uint64_t n = strtoul(text + 1, &end, 10);

		tip->items[tip->list.n++] = (struct token){ spread(n * 8 + class), class };
		text = *end ? end + 1 : end;
	}
	qsort(tip->items, tip->list.n, sizeof(tip->items[0]), by_class_and_mac);
	return &tip->list;
}

static struct tip_id id_of(unsigned n)
{
	struct tip_id id = { { 0 } };

	id.bytes[TIP_ID_BYTES - 2] = (uint8_t)(n >> 8);
	id.bytes[TIP_ID_BYTES - 1] = (uint8_t)n;
	return id;
}

static void add(struct linker *linker, unsigned n, uint32_t day, const char *text)
{
	struct tip_tokens tip;
	struct tip_id id = id_of(n), case_id = id_of(n + 1000);

	linker_advance(linker, day);
	linker_add(linker, &id, &case_id, day, tokens_of(&tip, text));
}

/* Tips that share common words with everything, and nothing else. */
static void add_crowd(struct linker *linker, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		char text[160];

		snprintf(text, sizeof(text), "w1 w2 w3 w%u w%u b%u n%u p%u", 100 + 2 * i, 101 + 2 * i, 100 + i,
			 100 + i, i % 10);
		add(linker, 100 + i, DAY, text);
	}
}

static size_t find(struct linker *linker, const char *text, struct linker_match matches[LINKS_MAX])
{
	struct tip_tokens tip;

	linker_advance(linker, DAY);
	return linker_find(linker, tokens_of(&tip, text), matches);
}

static void rare_facts_link(void **state)
{
	static const struct {
		const char *tip;
		size_t links;
		bool strong;
		uint32_t reasons; /* all of these */
	} cases[] = {
		{ "w1 w2 w3 w50 n7 n8 #4 d2 p3 @5", 1, true, LINK_NAME | LINK_NUMBER | LINK_DATE | LINK_HANDLE },
		{ "w1 w2 w60 w61 n7 n8 #4 d2", 1, true, LINK_NAME | LINK_NUMBER | LINK_DATE },
		{ "w1 w2 w3 w60 w61", 0, false, 0 },     /* common words alone */
		{ "w9000 n9000 #9000", 0, false, 0 },    /* nothing shared */
		{ "", 0, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct linker *linker = linker_new(&settings);
		struct linker_match matches[LINKS_MAX];
		struct tip_id want = id_of(1), want_case = id_of(1001);

		add_crowd(linker, 100);
		add(linker, 1, DAY, "w1 w2 w3 w50 w51 n7 n8 #4 d2 p3 @5");
		assert_int_equal(find(linker, cases[i].tip, matches), cases[i].links);
		if (cases[i].links > 0) {
			assert_true(tip_id_equal(&matches[0].link.tip_id, &want));
			assert_true(tip_id_equal(&matches[0].case_id, &want_case));
			assert_int_equal(matches[0].link.strong, cases[i].strong);
			assert_int_equal(matches[0].link.reasons & cases[i].reasons, cases[i].reasons);
			assert_true(matches[0].link.score > 0 && matches[0].link.score <= 1);
		}
		linker_free(linker);
	}
}

static void a_copy_scores_near_one(void **state)
{
	struct linker *linker = linker_new(&settings);
	struct linker_match matches[LINKS_MAX];
	const char *text = "w50 w51 w52 w53 w54 w55 b50 b51 b52 b53";

	(void)state;
	add_crowd(linker, 50);
	add(linker, 1, DAY, text);
	assert_int_equal(find(linker, text, matches), 1);
	assert_true(matches[0].link.strong);
	assert_true(matches[0].link.score > 0.7f);
	assert_int_equal(matches[0].link.reasons, LINK_WORDS);
	linker_free(linker);
}

static void best_comes_first_and_no_more_than_the_limit(void **state)
{
	struct linker_settings low = settings;
	struct linker_match matches[LINKS_MAX];
	struct linker *linker;

	(void)state;
	low.weak = 0.01;
	linker = linker_new(&low);
	add_crowd(linker, 200);
	for (unsigned i = 0; i < 2 * LINKS_MAX; i++)
		add(linker, 1 + i, DAY, i == 9 ? "n7 n8 #4 d2" : "n7 n8 w70");
	assert_int_equal(find(linker, "n7 n8 #4 d2", matches), LINKS_MAX);
	assert_int_equal(matches[0].link.tip_id.bytes[TIP_ID_BYTES - 1], 10);
	for (size_t i = 1; i < LINKS_MAX; i++)
		assert_true(matches[i - 1].link.score >= matches[i].link.score);
	/* Of equals the older comes first. */
	assert_int_equal(matches[1].link.tip_id.bytes[TIP_ID_BYTES - 1], 1);
	assert_int_equal(matches[2].link.tip_id.bytes[TIP_ID_BYTES - 1], 2);
	linker_free(linker);
}

static void the_window_forgets(void **state)
{
	struct linker *linker = linker_new(&settings);
	struct linker_match matches[LINKS_MAX];
	struct tip_tokens tip;

	(void)state;
	add_crowd(linker, 50);
	add(linker, 1, DAY, "n7 n8 #4 d2 @5");
	for (uint32_t day = DAY; day <= DAY + settings.window_days; day += 20)
		add(linker, 2000 + day, day, "w999");
	linker_advance(linker, DAY + settings.window_days);
	assert_int_equal(linker_find(linker, tokens_of(&tip, "n7 n8 #4 d2 @5"), matches), 1);
	linker_advance(linker, DAY + settings.window_days + 1);
	assert_int_equal(linker_find(linker, tokens_of(&tip, "n7 n8 #4 d2 @5"), matches), 0);
	assert_int_equal(linker_n_tips(linker), settings.window_days / 20);
	linker_free(linker);
}

static void a_wrong_clock_does_not_empty_the_window(void **state)
{
	struct linker *linker = linker_new(&settings);
	struct linker_match matches[LINKS_MAX];

	(void)state;
	add_crowd(linker, 50);
	add(linker, 1, DAY, "n7 n8 #4 d2 @5");
	add(linker, 2, DAY + 3650, "w999");
	add(linker, 3, DAY - 3650, "w998");
	assert_int_equal(find(linker, "n7 n8 #4 d2 @5", matches), 1);
	linker_free(linker);
}

/* Member by member, to the last bit of the score: nobody fills what lies between them. */
static void assert_same_matches(const struct linker_match *a, const struct linker_match *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_memory_equal(&a[i].link.tip_id, &b[i].link.tip_id, sizeof(a[i].link.tip_id));
		assert_memory_equal(&a[i].link.score, &b[i].link.score, sizeof(a[i].link.score));
		assert_int_equal(a[i].link.reasons, b[i].link.reasons);
		assert_int_equal(a[i].link.strong, b[i].link.strong);
		assert_memory_equal(&a[i].case_id, &b[i].case_id, sizeof(a[i].case_id));
	}
}

static void the_same_order_gives_the_same_links(void **state)
{
	struct linker *a = linker_new(&settings), *b = linker_new(&settings);
	struct linker_match from_a[LINKS_MAX], from_b[LINKS_MAX];
	size_t n;

	(void)state;
	add_crowd(a, 120);
	for (int i = 0; i < 5; i++) /* searching leaves no trace */
		find(a, "w1 w2 n105 n106 p3 b105", from_a);
	add_crowd(b, 120);
	n = find(a, "w1 w2 n105 n106 p3 b105", from_a);
	assert_int_equal(find(b, "w1 w2 n105 n106 p3 b105", from_b), n);
	assert_same_matches(from_a, from_b, n);
	linker_free(a);
	linker_free(b);
}

static void the_budget_bounds_the_work_and_keeps_the_rarest(void **state)
{
	struct linker_settings tight = settings;
	struct linker_match matches[LINKS_MAX];
	struct linker *linker;

	(void)state;
	tight.budget = 64;
	linker = linker_new(&tight);
	add_crowd(linker, 100);
	add(linker, 1, DAY, "w1 w2 w3 n7 n8 #4 d2 @5");
	assert_int_equal(find(linker, "w1 w2 w3 n7 n8 #4 d2 @5", matches), 1);
	linker_free(linker);
}

/* When most of the window is one text, its tokens are all common: a further copy must still be found. */
static void a_flood_of_copies_stays_together(void **state)
{
	const char *text = "w50 w51 w52 w53 w54 w55 b50 b51 b52 b53 n7 p3";
	struct linker_settings tight = settings;
	struct linker_match matches[LINKS_MAX];
	struct linker *linker;

	(void)state;
	tight.budget = 1000;
	linker = linker_new(&tight);
	add_crowd(linker, 100);
	for (unsigned i = 0; i < 2000; i++)
		add(linker, 3000 + i, DAY, text);
	assert_int_equal(find(linker, text, matches), LINKS_MAX);
	assert_true(matches[0].link.strong);
	assert_true(matches[0].link.score > 0.9f);
	linker_free(linker);
}

/* Numbers that repeat from run to run: for crowds that are all different, and yet share. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
	return spread(++*state) % below;
}

/* A tip of a few common words, some of middling rarity, and some that no other tip has. */
static struct token_list *draw_tip(struct tip_tokens *tip, uint64_t *state)
{
	tip->list = (struct token_list){ .items = tip->items };
	for (unsigned i = 0; i < 30; i++) {
		static const uint64_t below[] = { 20, 800, UINT64_MAX };
		uint8_t class = (uint8_t)(i % N_TOKEN_CLASSES); /* a part of the MAC: a token has one class */

		tip->items[tip->list.n++] = (struct token){ spread(draw(state, below[i % 3]) * 8 + class), class };
	}
	qsort(tip->items, tip->list.n, sizeof(tip->items[0]), by_class_and_mac);
	for (size_t i = 1; i < tip->list.n; i++) { /* no repeats */
		if (tip->items[i].mac == tip->items[i - 1].mac)
			tip->items[i - 1].mac = spread(draw(state, UINT64_MAX) * 8 + tip->items[i].class);
	}
	qsort(tip->items, tip->list.n, sizeof(tip->items[0]), by_class_and_mac);
	return &tip->list;
}

static void the_window_holds_so_many_tips(void **state)
{
	struct linker_settings small = settings;
	struct linker_match matches[LINKS_MAX];
	struct linker *linker;

	(void)state;
	small.window_tips = 60;
	linker = linker_new(&small);
	add(linker, 1, DAY, "n7 n8 #4 d2 @5");
	add_crowd(linker, 59);
	assert_int_equal(find(linker, "n7 n8 #4 d2 @5", matches), 1);
	assert_int_equal(linker_n_crowded_out(linker), 0);
	add(linker, 2, DAY + 3, "w999");
	assert_int_equal(linker_n_tips(linker), 60);
	assert_int_equal(linker_n_crowded_out(linker), 1);
	assert_int_equal(linker_days(linker), 3);
	assert_int_equal(find(linker, "n7 n8 #4 d2 @5", matches), 0);
	linker_free(linker);
}

#define N_PASSING 3000

struct passing { /* a tip that was added, with what was found for it */
	struct tip_tokens tokens;
	uint32_t day;
	size_t n;
	struct linker_match matches[LINKS_MAX];
};

/* Days go up and down, and once a clock is years off. */
static void pass(struct linker *linker, struct passing *tip, unsigned i, uint64_t *state)
{
	struct tip_id id = id_of(i);

	tip->day = (uint32_t)(DAY + i / 4 + draw(state, 40) + (i == 1000 ? 4000 : 0));
	draw_tip(&tip->tokens, state);
	tip->tokens.list.items = tip->tokens.items;
	linker_advance(linker, tip->day);
	tip->n = linker_find(linker, &tip->tokens.list, tip->matches);
	linker_add(linker, &id, &id, tip->day, &tip->tokens.list);
}

/* With the window's tips alone and what stands beside them, a restart finds what going on would, to the last bit. */
static void a_restart_goes_on_as_before(void **state)
{
	struct linker_settings narrow = { .strong = 0.05, .weak = 0.02, .window_days = 200, .window_tips = 700,
					  .budget = 100 }; /* ends among tokens of one rarity */
	struct passing *tips = mem_alloc(N_PASSING * sizeof(*tips));
	struct linker *linker = linker_new(&narrow), *other = linker_new(&narrow);
	struct linker_standing standing;
	uint64_t chance = 0;
	size_t links = 0;
	unsigned i;

	(void)state;
	for (i = 0; i < 2000; i++)
		pass(linker, &tips[i], i, &chance);
	linker_standing(linker, &standing);
	assert_true(standing.n_tips > 300 && standing.n_tips <= 700);
	linker_resume(other, standing.today);
	for (size_t at = i - standing.n_tips; at < i; at++) {
		struct tip_id id = id_of((unsigned)at);

		linker_add(other, &id, &id, tips[at].day, &tips[at].tokens.list);
	}
	for (; i < N_PASSING; i++) {
		struct linker_match again[LINKS_MAX];
		struct tip_id id = id_of(i);

		pass(linker, &tips[i], i, &chance);
		linker_advance(other, tips[i].day);
		assert_int_equal(linker_find(other, &tips[i].tokens.list, again), tips[i].n);
		assert_same_matches(again, tips[i].matches, tips[i].n);
		linker_add(other, &id, &id, tips[i].day, &tips[i].tokens.list);
		links += tips[i].n;
	}
	assert_true(links > 1000);
	assert_int_equal(linker_n_tips(other), linker_n_tips(linker));
	assert_int_equal(linker_n_terms(other), linker_n_terms(linker));
	linker_free(linker);
	linker_free(other);
	free(tips);
}

/* However many tips pass, what is held is of the window alone: tips, terms and bytes. */
static void memory_is_bounded(void **state)
{
	struct linker_settings small = settings;
	struct tip_tokens tip;
	struct linker *linker;
	size_t terms = 0, bytes = 0;
	uint64_t chance = 0;

	(void)state;
	small.window_tips = 2000;
	linker = linker_new(&small);
	for (unsigned i = 0; i < 60000; i++) {
		struct tip_id id = id_of(i);

		linker_advance(linker, DAY);
		linker_add(linker, &id, &id, DAY, draw_tip(&tip, &chance));
		if (i == 4000) {
			terms = linker_n_terms(linker);
			bytes = linker_bytes(linker);
		}
	}
	assert_int_equal(linker_n_tips(linker), 2000);
	assert_true(terms > 20000 && bytes > 2000 * 30 * 4);
	assert_in_range(linker_n_terms(linker), terms - terms / 50, terms + terms / 50);
	assert_in_range(linker_bytes(linker), 1, bytes + bytes / 20);
	linker_free(linker);
}

static void postings_keep_order(void **state)
{
	struct postings *postings = postings_new(1000);
	const uint32_t *tips;
	size_t n;

	(void)state;
	for (uint32_t mac = 0; mac < 20000; mac++) /* grows the map several times */
		postings_add(postings, spread(mac), 2, mac);
	assert_int_equal(postings_n_terms(postings), 20000);
	assert_int_equal(postings_find(postings, spread(20000)), POSTINGS_NONE);
	uint32_t term = postings_find(postings, spread(777));

	assert_int_equal(postings_class(postings, term), 2);
	for (uint32_t tip = 30000; tip < 30020; tip++)
		assert_int_equal(postings_add(postings, spread(777), 2, tip), term);
	assert_int_equal(postings_df(postings, term), 21);
	postings_drop_oldest(postings, term, 777);
	tips = postings_tips(postings, term, &n);
	assert_int_equal(n, 20);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(tips[i], 30000 + i);
	for (uint32_t tip = 30000; tip < 30020; tip++)
		postings_drop_oldest(postings, term, tip);
	assert_int_equal(postings_find(postings, spread(777)), POSTINGS_NONE);
	assert_int_equal(postings_add(postings, spread(777), 2, 40000), term); /* the number is used again */
	assert_int_equal(postings_tips(postings, term, &n)[0], 40000);
	postings_free(postings);
}

/* A term is found by its token, whatever came and went around it in the map. */
static void terms_are_used_again(void **state)
{
	enum { WIDTH = 3000, LAST = 60000 };
	struct postings *postings = postings_new(16);
	uint32_t highest = 0;

	(void)state;
	for (uint32_t tip = 0; tip < LAST; tip++) {
		uint32_t term;

		if (tip >= WIDTH) {
			term = postings_find(postings, spread(tip - WIDTH));
			assert_int_not_equal(term, POSTINGS_NONE);
			postings_drop_oldest(postings, term, tip - WIDTH);
			assert_int_equal(postings_find(postings, spread(tip - WIDTH)), POSTINGS_NONE);
		}
		term = postings_add(postings, spread(tip), 1, tip);
		highest = term > highest ? term : highest;
	}
	assert_int_equal(postings_n_terms(postings), WIDTH);
	assert_true(highest <= WIDTH);
	for (uint32_t tip = LAST - WIDTH; tip < LAST; tip++) {
		size_t n;

		assert_int_equal(postings_tips(postings, postings_find(postings, spread(tip)), &n)[0], tip);
	}
	postings_free(postings);
}

/* Of a token that many tips have the newest are listed, all are counted, and all leave in order. */
static void long_lists_keep_the_newest(void **state)
{
	enum { KEEP = 100, WIDTH = 350, LAST = 5000 };
	struct postings *postings = postings_new(KEEP);
	size_t bytes = 0, n;
	uint32_t term = 0;

	(void)state;
	for (uint32_t tip = 0; tip < LAST; tip++) {
		if (tip >= WIDTH)
			postings_drop_oldest(postings, term, tip - WIDTH);
		term = postings_add(postings, 7, 0, tip);
		assert_int_equal(postings_df(postings, term), tip < WIDTH ? tip + 1 : WIDTH);
		const uint32_t *tips = postings_tips(postings, term, &n);

		assert_int_equal(n, tip < KEEP ? tip + 1 : KEEP);
		assert_int_equal(tips[0], tip + 1 - n);
		assert_int_equal(tips[n - 1], tip);
		if (tip == 2 * WIDTH)
			bytes = postings_bytes(postings);
	}
	assert_int_equal(postings_bytes(postings), bytes);
	for (uint32_t tip = LAST - WIDTH; tip < LAST; tip++) {
		assert_int_equal(postings_df(postings, term), LAST - tip);
		postings_drop_oldest(postings, term, tip);
	}
	assert_int_equal(postings_n_terms(postings), 0);
	assert_true(postings_bytes(postings) < bytes); /* the list went with its term */
	postings_free(postings);
}

static void packed_numbers_come_back_sorted(void **state)
{
	uint32_t numbers[] = { 300, 0, UINT32_MAX, 127, 128, 16383, 16384, 1u << 28 };
	const uint32_t want[] = { 0, 127, 128, 300, 16383, 16384, 1u << 28, UINT32_MAX };
	const size_t n = sizeof(numbers) / sizeof(numbers[0]);
	size_t len;
	uint8_t *packed = packed_new(numbers, n, &len);
	struct packed_reader reader = packed_read(packed);

	(void)state;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(packed_next(&reader), want[i]);
	assert_ptr_equal(reader.at, packed + len);
	free(packed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rare_facts_link),
		cmocka_unit_test(a_copy_scores_near_one),
		cmocka_unit_test(best_comes_first_and_no_more_than_the_limit),
		cmocka_unit_test(the_window_forgets),
		cmocka_unit_test(a_wrong_clock_does_not_empty_the_window),
		cmocka_unit_test(the_same_order_gives_the_same_links),
		cmocka_unit_test(the_budget_bounds_the_work_and_keeps_the_rarest),
		cmocka_unit_test(a_flood_of_copies_stays_together),
		cmocka_unit_test(the_window_holds_so_many_tips),
		cmocka_unit_test(a_restart_goes_on_as_before),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(postings_keep_order),
		cmocka_unit_test(terms_are_used_again),
		cmocka_unit_test(long_lists_keep_the_newest),
		cmocka_unit_test(packed_numbers_come_back_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
