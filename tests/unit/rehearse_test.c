/* SPDX-License-Identifier: Apache-2.0 */
/* What a rehearsal tells: valid tips, other names each round, the same by the same seed. Run from the top folder. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>

#include "producers/batch/paraphrase.h"
#include "producers/batch/plan.h"
#include "producers/batch/pseudonyms.h"
#include "producers/batch/retelling.h"
#include "producers/batch/roster.h"

#define TIPS "tests/data/tips.jsonl"
#define STAFF "tests/data/staff.yaml"
#define HEX "00112233445566778899aabbccddeeff"

static int load(void **state)
{
	struct examples *examples = mem_alloc(sizeof(*examples));
	struct err err = ERR_INIT;
	if (examples_load(examples, TIPS, &err)) {
		print_message("%s\n", err.text);
		return -1;
	}
	*state = examples;
	return 0;
}

static int unload(void **state)
{
	examples_release(*state);
	free(*state);
	return 0;
}

/* As words of their own: "Goldcombe" does not say "Gold". */
static bool says(const char *text, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = text; (at = strstr(at, name)) != NULL; at++)
		if (!isalnum((unsigned char)at[len]) && (at == text || !isalnum((unsigned char)at[-1])))
			return true;
	return false;
}

static void test_every_tip_in_other_rounds(void **state)
{
	const struct examples *examples = *state;
	struct prng prng = { 1 };
	size_t old_names = 0, names = 0;

	assert_true(examples->n >= 120);
	for (size_t i = 0; i < examples->n; i++) {
		for (uint64_t round = 1; round <= 3; round++) {
			const struct retelling retelling = { .example = &examples->items[i], .round = round, .tip_id = HEX };
			struct buf json = BUF_INIT;
			struct tip tip;
			struct err err = ERR_INIT;
			retelling_write(&retelling, &prng, &json);
			if (tip_parse(&tip, buf_slice(&json), true, &err))
				fail_msg("tip %zu, round %d: %s", i, (int)round, err.text);
			assert_string_equal(tip_given_id(&tip), HEX);
			assert_int_equal(tip.n_subjects, examples->items[i].tip.n_subjects);
			assert_int_equal(tip.channel, examples->items[i].tip.channel);
			for (size_t j = 0; j < tip.n_subjects; j++) {
				const char *old = examples->items[i].tip.subjects[j].name;
				if (old == NULL)
					continue;
				names++;
				old_names += says(tip.narrative, old);
			}
			tip_release(&tip);
			buf_release(&json);
		}
	}
	assert_true(names > 500);
	assert_int_equal(old_names, 0);
}

static void test_same_seed_same_words(void **state)
{
	const struct examples *examples = *state;
	struct prng one = { 5 }, two = { 5 }, three = { 6 };
	size_t differ = 0;

	for (size_t i = 0; i < 50; i++) {
		struct retelling retelling = { .example = &examples->items[i], .round = 9, .tip_id = HEX };
		struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT;
		retelling_write(&retelling, &one, &a);
		retelling_write(&retelling, &two, &b);
		retelling.round = 10;
		retelling_write(&retelling, &three, &c);
		assert_string_equal(buf_text(&a), buf_text(&b));
		differ += !slice_equal(buf_slice(&a), buf_slice(&c));
		buf_release(&a);
		buf_release(&b);
		buf_release(&c);
	}
	assert_true(differ > 40);
}

/* Two tips of one incident must still name the same person. */
static void test_pseudonyms_agrees_between_tips(void **state)
{
	struct tip first = { .subjects = { { .name = "Darren Holcroft", .number = "2214SN", .vehicle = "LK19 TVW" } },
			     .n_subjects = 1 };
	struct tip second = { .subjects = { { .name = "Holcroft" } }, .n_subjects = 1 };
	struct pseudonyms *a = mem_alloc(sizeof(*a)), *b = mem_alloc(sizeof(*b));
	struct buf x = BUF_INIT, y = BUF_INIT;
	(void)state;

	pseudonyms_init(a, &first, 4);
	pseudonyms_init(b, &second, 4);
	pseudonyms_apply(a, "Holcroft HOLCROFT holcroft", &x);
	pseudonyms_apply(b, "Holcroft HOLCROFT holcroft", &y);
	assert_string_equal(buf_text(&x), buf_text(&y));
	assert_null(strstr(buf_text(&x), "olcroft"));
	buf_clear(&x);
	pseudonyms_apply(a, "Holcrofts xDarren LK19TVW and 2214SN, (Darren)", &x);
	assert_non_null(strstr(buf_text(&x), "Holcrofts xDarren")); /* other words */
	assert_null(strstr(buf_text(&x), "LK19TVW"));
	assert_null(strstr(buf_text(&x), "2214SN"));
	assert_null(strstr(buf_text(&x), "(Darren)"));
	assert_int_equal(x.len, strlen(buf_text(&x)));
	pseudonyms_release(a);
	pseudonyms_release(b);
	free(a);
	free(b);
	buf_release(&x);
	buf_release(&y);
}

static void test_conflicted_names_the_member(void **state)
{
	const struct examples *examples = *state;
	static struct roster roster;
	struct err err = ERR_INIT;
	struct prng prng = { 3 };
	size_t receipts = 0;

	if (roster_load(&roster, STAFF, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < examples->n; i++) {
		const struct staff *named = roster_find(&roster, examples->items[i].team, i);
		if (named == NULL)
			continue;
		const struct retelling retelling = { .example = &examples->items[i], .round = 2,
						     .named = named, .tip_id = HEX };
		struct buf json = BUF_INIT;
		struct tip tip;
		retelling_write(&retelling, &prng, &json);
		assert_int_equal(tip_parse(&tip, buf_slice(&json), true, &err), 0);
		assert_non_null(strstr(tip.narrative, named->surname));
		assert_non_null(strstr(tip.narrative, named->number));
		assert_non_null(strstr(tip.subjects[tip.n_subjects - 1].name, named->surname));
		tip_release(&tip);
		buf_release(&json);
		receipts++;
	}
	assert_true(receipts > 100);
	assert_null(roster_find(&roster, "no-such-team", 0));
	roster_release(&roster);
}

static void test_plan_is_exact(void **state)
{
	const size_t share[N_KINDS] = { [KIND_RETRY] = 50, [KIND_DAMAGED] = 10, [KIND_UNKNOWN_KEY] = 7,
					[KIND_CONFLICTED] = 14 };
	const size_t too_much[N_KINDS] = { [KIND_RETRY] = 1000 };
	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct prng prng = { seed };
		struct plan plan;
		size_t counts[N_KINDS] = { 0 };
		struct err err = ERR_INIT;
		assert_int_equal(plan_init(&plan, 1000, share, &prng, &err), 0);
		for (size_t i = 0; i < plan.n; i++)
			counts[plan.kinds[i]]++;
		for (int kind = 1; kind < N_KINDS; kind++)
			assert_int_equal(counts[kind], share[kind]);
		assert_int_equal(plan.kinds[0], KIND_PLAIN);
		plan_release(&plan);
		assert_int_equal(plan_init(&plan, 1000, too_much, &prng, &err), -1);
	}
}

static void test_paraphrase_of_anything(void **state)
{
	static const char *const texts[] = { "", "a", "A. B. C. D. E. F.", "no end", "     ", "\xc3\xa9t\xc3\xa9 money",
					     "He said so. She saw it. They know. I believe. We asked. Many began." };
	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			struct prng prng = { seed };
			struct buf out = BUF_INIT;
			paraphrase_vary(texts[i], true, &prng, &out);
			assert_true(out.len > 0 || texts[i][0] == '\0');
			buf_release(&out);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_tip_in_other_rounds, load, unload),
		cmocka_unit_test_setup_teardown(test_same_seed_same_words, load, unload),
		cmocka_unit_test(test_pseudonyms_agrees_between_tips),
		cmocka_unit_test_setup_teardown(test_conflicted_names_the_member, load, unload),
		cmocka_unit_test(test_plan_is_exact),
		cmocka_unit_test(test_paraphrase_of_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
