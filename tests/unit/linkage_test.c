/* SPDX-License-Identifier: Apache-2.0 */
/* The linkage key over its epochs: what is equal stays equal, what differs differs, and files are read strictly. */
#include "tests/unit/keys_fixture.h"

#include "schema/linkage.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"

static void epoch_of(struct relink_epoch *epoch, const struct linkage *linkage)
{
	*epoch = (struct relink_epoch){ .check = linkage_check(linkage), .has_outer = linkage->has_outer };
	memcpy(epoch->outer, linkage->outer, sizeof(epoch->outer));
}

static void tokens_of(struct token_list *list, const struct linkage *linkage, const char *surname, struct arena *arena)
{
	const struct staff staff = { .forename = "Alan", .surname = surname, .number = "2214SN" };

	token_list_of_staff(list, &staff, linkage->inner, arena);
	linkage_cover(linkage, list);
}

/* Tokens made under an epoch are those that are carried to it, whatever the way. */
static void carried_tokens_are_the_tokens_of_the_epoch(void **state)
{
	struct linkage first = { .inner = { 7 } }, second = first, third = first;
	const struct linkage *const all[] = { &first, &second, &third };
	struct arena *arena = arena_new(65536);

	(void)state;
	second.has_outer = third.has_outer = true;
	second.outer[0] = 1;
	third.outer[0] = 2;
	for (size_t i = 0; i < 9; i++) {
		struct relink_epoch from, to;
		struct token_list made, carried, other;

		epoch_of(&from, all[i / 3]);
		epoch_of(&to, all[i % 3]);
		tokens_of(&carried, all[i / 3], "Pettigrew", arena);
		tokens_of(&made, all[i % 3], "Pettigrew", arena);
		tokens_of(&other, all[i / 3], "Marsden", arena);
		assert_int_equal(token_list_meets(&carried, &made), i / 3 == i % 3);
		relink_tokens(&from, &to, &carried);
		assert_int_equal(carried.n, made.n);
		assert_memory_equal(carried.items, made.items, made.n * sizeof(*made.items));
		assert_true(carried.key_check == made.key_check && made.key_check == linkage_check(all[i % 3]));
		assert_int_equal(relink_mac(&from, &to, from.check), to.check);
		assert_int_equal(relink_mac(&to, &from, relink_mac(&from, &to, i)), i);
	}
	arena_free(arena);
}

/* A permutation that looks at all bits: one bit in changes about half of those out. */
static void the_cover_spreads(void **state)
{
	const struct relink_epoch bare = { .has_outer = false };
	struct relink_epoch own = { .has_outer = true, .outer = { 9 } };
	unsigned changed = 0;

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++)
		changed += (unsigned)__builtin_popcountll(relink_mac(&bare, &own, 0) ^ relink_mac(&bare, &own, 1ull << bit));
	assert_in_range(changed, 64 * 28, 64 * 36);
}

static void files_come_back(void **state)
{
	struct fixture *f = *state;
	struct relink relink = { .n = 2, .epochs = { { .check = 1 }, { .check = 2, .has_outer = true, .outer = { 3 } } } };
	struct relink again;
	struct linkage linkage, same;
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	write_text(f, "one", A, 0600);
	write_text(f, "two", A B, 0600);
	assert_int_equal(linkage_load(&linkage, at(f, "one"), &err), 0);
	assert_false(linkage.has_outer);
	assert_int_equal(linkage_load(&linkage, at(f, "two"), &err), 0);
	assert_true(linkage.has_outer);
	linkage_print(&linkage, &file);
	write_text(f, "again", buf_text(&file), 0600);
	assert_int_equal(linkage_load(&same, at(f, "again"), &err), 0);
	assert_memory_equal(&same, &linkage, sizeof(same));
	buf_clear(&file);
	relink_print(&relink, &file);
	write_text(f, "relink", buf_text(&file), 0600);
	assert_int_equal(relink_load(&again, at(f, "relink"), &err), 0);
	assert_int_equal(again.n, 2);
	assert_false(relink_find(&again, 1)->has_outer);
	assert_memory_equal(relink_find(&again, 2)->outer, relink.epochs[1].outer, 32);
	assert_null(relink_find(&again, 3));
	buf_release(&file);
}

static void bad_files_are_refused(void **state)
{
	static const char *const linkages[] = { "", "zz\n", (A A A), (A "b\n"), ("aa" A) };
	static const char *const relinks[] = { "", "0000000000000001\n", "0000000000000001 \n", "0000000000000001 x\n",
					       "000000000000001 -\n", ("0000000000000001 " A "x"),
					       ("0000000000000001 -\n0000000000000001 -\n0000000000000001 -\n"
						"0000000000000001 -\n0000000000000001 -\n") };
	struct fixture *f = *state;
	struct linkage linkage;
	struct relink relink;

	for (size_t i = 0; i < sizeof(linkages) / sizeof(linkages[0]); i++) {
		struct err err = ERR_INIT;

		write_text(f, "bad", linkages[i], 0600);
		assert_int_equal(linkage_load(&linkage, at(f, "bad"), &err), -1);
		assert_null(strstr(err.text, "aaaa"));
	}
	for (size_t i = 0; i < sizeof(relinks) / sizeof(relinks[0]); i++) {
		struct err err = ERR_INIT;

		write_text(f, "bad", relinks[i], 0600);
		assert_int_equal(relink_load(&relink, at(f, "bad"), &err), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carried_tokens_are_the_tokens_of_the_epoch),
		cmocka_unit_test(the_cover_spreads),
		cmocka_unit_test_setup_teardown(files_come_back, begin, end),
		cmocka_unit_test_setup_teardown(bad_files_are_refused, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
