/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "workers/dedupe/linker.h"
#include "workers/dedupe/postings.h"

#define DAY 20000
#define TOKENS 48

static const struct linker_settings settings = { 0.35, 0.2, 400, 20000 };

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

static void the_same_order_gives_the_same_links(void **state)
{
	struct linker *a = linker_new(&settings), *b = linker_new(&settings);
	struct linker_match from_a[LINKS_MAX], from_b[LINKS_MAX];
	size_t n;

	(void)state;
	memset(from_a, 0, sizeof(from_a));
	memset(from_b, 0, sizeof(from_b));
	add_crowd(a, 120);
	for (int i = 0; i < 5; i++) /* searching leaves no trace */
		find(a, "w1 w2 n105 n106 p3 b105", from_a);
	add_crowd(b, 120);
	n = find(a, "w1 w2 n105 n106 p3 b105", from_a);
	assert_int_equal(find(b, "w1 w2 n105 n106 p3 b105", from_b), n);
	assert_memory_equal(from_a, from_b, n * sizeof(from_a[0]));
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

static void postings_keep_order(void **state)
{
	struct postings *postings = postings_new();
	const uint32_t *tips;
	size_t n;

	(void)state;
	for (uint32_t mac = 0; mac < 20000; mac++) /* grows the map several times */
		postings_append(postings, postings_term(postings, spread(mac), 2), mac);
	assert_int_equal(postings_n_terms(postings), 20000);
	assert_int_equal(postings_find(postings, spread(20000)), POSTINGS_NONE);
	uint32_t term = postings_find(postings, spread(777));

	assert_int_equal(postings_class(postings, term), 2);
	for (uint32_t tip = 30000; tip < 30020; tip++)
		postings_append(postings, term, tip);
	assert_int_equal(postings_df(postings, term), 21);
	postings_drop_oldest(postings, term, 777);
	tips = postings_tips(postings, term, &n);
	assert_int_equal(n, 20);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(tips[i], 30000 + i);
	for (uint32_t tip = 30000; tip < 30020; tip++)
		postings_drop_oldest(postings, term, tip);
	assert_int_equal(postings_df(postings, term), 0);
	postings_append(postings, term, 40000);
	assert_int_equal(postings_tips(postings, term, &n)[0], 40000);
	postings_free(postings);
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
		cmocka_unit_test(postings_keep_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
