/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/reason.h"
#include "schema/taxonomy.h"

static void codes_are_found_and_point_at_their_symbols(void **state)
{
	(void)state;
	assert_int_equal(n_reasons, 31);
	for (size_t i = 0; i < n_reasons; i++) {
		const struct reason *r = reason_find(reasons[i].code, strlen(reasons[i].code));

		assert_ptr_equal(r, &reasons[i]); /* also: no code occurs twice */
		assert_true(strlen(r->means) > 10 && strlen(r->todo) > 5);
	}
	/* An err's reason can be compared by pointer with the table's. */
	assert_ptr_equal(reason_find("key-unknown", 11)->code, REASON_KEY_UNKNOWN);
	assert_null(reason_find("key-unknow", 10));
	assert_null(reason_find("key-unknown2", 12));
	assert_null(reason_find("", 0));
}

/* Whoever reads the advice alone must find the way. */
static void advice_names_places_and_ways(void **state)
{
	static const struct {
		const char *code, *words[4];
	} rows[] = {
		{ "key-unknown", { "keys.triage", "retired/", "parked release", "discard" } },
		{ "record-key", { "keys.bus", "retired/", "parked release", "discard" } },
		{ "adapter-unknown", { "keys.adapters", "revoked", "replay", "discard" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (size_t j = 0; j < sizeof(rows[i].words) / sizeof(rows[i].words[0]); j++)
			assert_non_null(strstr(reason_find(rows[i].code, strlen(rows[i].code))->todo, rows[i].words[j]));
	assert_non_null(strstr(reason_find("adapter-unknown", 15)->means, "revoked"));
}

static void codes_are_lower_case_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_reasons; i++)
		assert_int_equal(strspn(reasons[i].code, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(reasons[i].code));
}

static void names_are_whole_and_distinct(void **state)
{
	static const struct {
		const char *const *names;
		size_t n;
	} lists[] = {
		{ category_names, N_CATEGORIES }, { channel_names, N_CHANNELS }, { outcome_names, N_OUTCOMES },
		{ contact_mode_names, N_CONTACT_MODES }, { priority_names, N_PRIORITIES },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (size_t j = 0; j < lists[i].n; j++) {
			assert_non_null(lists[i].names[j]);
			assert_int_equal(taxonomy_find(lists[i].names, lists[i].n, lists[i].names[j],
						       strlen(lists[i].names[j])), (int)j);
		}
	assert_int_equal(taxonomy_find(category_names, N_CATEGORIES, "corrupt", 7), -1);
}

static void subcodes_belong_to_one_category(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_CATEGORIES; i++)
		for (size_t j = 0; category_subcodes[i][j]; j++)
			for (size_t k = 0; k < N_CATEGORIES; k++)
				assert_int_equal(taxonomy_find(category_subcodes[k],
							       taxonomy_count(category_subcodes[k]),
							       category_subcodes[i][j],
							       strlen(category_subcodes[i][j])),
						 k == i ? (int)j : -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_are_found_and_point_at_their_symbols),
		cmocka_unit_test(advice_names_places_and_ways),
		cmocka_unit_test(codes_are_lower_case_words),
		cmocka_unit_test(names_are_whole_and_distinct),
		cmocka_unit_test(subcodes_belong_to_one_category),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
