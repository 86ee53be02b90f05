/* SPDX-License-Identifier: Apache-2.0 */
/* What a rehearsal tells: valid tips, another cast each round, the same by the same seed. Run from the top folder. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>

#include "producers/batch/act.h"
#include "producers/batch/cast.h"
#include "producers/batch/script.h"
#include "producers/batch/troupe.h"
#include "producers/batch/wording.h"

#define TIPS "tests/data/tips.jsonl"
#define STAFF "tests/data/staff.yaml"
#define HEX "00112233445566778899aabbccddeeff"

static int load(void **state)
{
	struct tales *tales = mem_alloc(sizeof(*tales));
	struct err err = ERR_INIT;
	if (tales_load(tales, TIPS, &err)) {
		print_message("%s\n", err.text);
		return -1;
	}
	*state = tales;
	return 0;
}

static int unload(void **state)
{
	tales_release(*state);
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
	const struct tales *tales = *state;
	struct dice dice = { 1 };
	size_t old_names = 0, names = 0;

	assert_true(tales->n >= 120);
	for (size_t i = 0; i < tales->n; i++) {
		for (uint64_t round = 1; round <= 3; round++) {
			const struct act act = { .tale = &tales->items[i], .round = round, .tip_id = HEX };
			struct buf json = BUF_INIT;
			struct tip tip;
			struct err err = ERR_INIT;
			act_write(&act, &dice, &json);
			if (tip_parse(&tip, buf_slice(&json), true, &err))
				fail_msg("tip %zu, round %d: %s", i, (int)round, err.text);
			assert_string_equal(tip_given_id(&tip), HEX);
			assert_int_equal(tip.n_subjects, tales->items[i].tip.n_subjects);
			assert_int_equal(tip.channel, tales->items[i].tip.channel);
			for (size_t j = 0; j < tip.n_subjects; j++) {
				const char *old = tales->items[i].tip.subjects[j].name;
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
	const struct tales *tales = *state;
	struct dice one = { 5 }, two = { 5 }, three = { 6 };
	size_t differ = 0;

	for (size_t i = 0; i < 50; i++) {
		struct act act = { .tale = &tales->items[i], .round = 9, .tip_id = HEX };
		struct buf a = BUF_INIT, b = BUF_INIT, c = BUF_INIT;
		act_write(&act, &one, &a);
		act_write(&act, &two, &b);
		act.round = 10;
		act_write(&act, &three, &c);
		assert_string_equal(buf_text(&a), buf_text(&b));
		differ += !slice_equal(buf_slice(&a), buf_slice(&c));
		buf_release(&a);
		buf_release(&b);
		buf_release(&c);
	}
	assert_true(differ > 40);
}

/* Two tips of one incident must still name the same person. */
static void test_cast_agrees_between_tips(void **state)
{
	struct tip first = { .subjects = { { .name = "Darren Holcroft", .number = "2214SN", .vehicle = "LK19 TVW" } },
			     .n_subjects = 1 };
	struct tip second = { .subjects = { { .name = "Holcroft" } }, .n_subjects = 1 };
	struct cast *a = mem_alloc(sizeof(*a)), *b = mem_alloc(sizeof(*b));
	struct buf x = BUF_INIT, y = BUF_INIT;
	(void)state;

	cast_init(a, &first, 4);
	cast_init(b, &second, 4);
	cast_apply(a, "Holcroft HOLCROFT holcroft", &x);
	cast_apply(b, "Holcroft HOLCROFT holcroft", &y);
	assert_string_equal(buf_text(&x), buf_text(&y));
	assert_null(strstr(buf_text(&x), "olcroft"));
	buf_clear(&x);
	cast_apply(a, "Holcrofts xDarren LK19TVW and 2214SN, (Darren)", &x);
	assert_non_null(strstr(buf_text(&x), "Holcrofts xDarren")); /* other words */
	assert_null(strstr(buf_text(&x), "LK19TVW"));
	assert_null(strstr(buf_text(&x), "2214SN"));
	assert_null(strstr(buf_text(&x), "(Darren)"));
	assert_int_equal(x.len, strlen(buf_text(&x)));
	cast_release(a);
	cast_release(b);
	free(a);
	free(b);
	buf_release(&x);
	buf_release(&y);
}

static void test_conflicted_names_the_member(void **state)
{
	const struct tales *tales = *state;
	static struct troupe troupe;
	struct err err = ERR_INIT;
	struct dice dice = { 3 };
	size_t told = 0;

	if (troupe_load(&troupe, STAFF, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < tales->n; i++) {
		const struct staff *named = troupe_find(&troupe, tales->items[i].team, i);
		if (named == NULL)
			continue;
		const struct act act = { .tale = &tales->items[i], .round = 2, .named = named, .tip_id = HEX };
		struct buf json = BUF_INIT;
		struct tip tip;
		act_write(&act, &dice, &json);
		assert_int_equal(tip_parse(&tip, buf_slice(&json), true, &err), 0);
		assert_non_null(strstr(tip.narrative, named->surname));
		assert_non_null(strstr(tip.narrative, named->number));
		assert_non_null(strstr(tip.subjects[tip.n_subjects - 1].name, named->surname));
		tip_release(&tip);
		buf_release(&json);
		told++;
	}
	assert_true(told > 100);
	assert_null(troupe_find(&troupe, "no-such-team", 0));
	troupe_release(&troupe);
}

static void test_script_is_exact(void **state)
{
	const size_t share[N_KINDS] = { [KIND_RETRY] = 50, [KIND_DAMAGED] = 10, [KIND_UNKNOWN_KEY] = 7,
					[KIND_CONFLICTED] = 14 };
	const size_t too_much[N_KINDS] = { [KIND_RETRY] = 1000 };
	(void)state;
	for (uint64_t seed = 0; seed < 50; seed++) {
		struct dice dice = { seed };
		struct script script;
		size_t counts[N_KINDS] = { 0 };
		struct err err = ERR_INIT;
		assert_int_equal(script_init(&script, 1000, share, &dice, &err), 0);
		for (size_t i = 0; i < script.n; i++)
			counts[script.kinds[i]]++;
		for (int kind = 1; kind < N_KINDS; kind++)
			assert_int_equal(counts[kind], share[kind]);
		assert_int_equal(script.kinds[0], KIND_PLAIN);
		script_release(&script);
		assert_int_equal(script_init(&script, 1000, too_much, &dice, &err), -1);
	}
}

static void test_wording_of_anything(void **state)
{
	static const char *const texts[] = { "", "a", "A. B. C. D. E. F.", "no end", "     ", "\xc3\xa9t\xc3\xa9 money",
					     "He said so. She saw it. They know. I believe. We asked. Many began." };
	(void)state;
	for (uint64_t seed = 0; seed < 300; seed++) {
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			struct dice dice = { seed };
			struct buf out = BUF_INIT;
			wording_vary(texts[i], true, &dice, &out);
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
		cmocka_unit_test(test_cast_agrees_between_tips),
		cmocka_unit_test_setup_teardown(test_conflicted_names_the_member, load, unload),
		cmocka_unit_test(test_script_is_exact),
		cmocka_unit_test(test_wording_of_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
