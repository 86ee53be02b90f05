/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/token.h"

static const uint8_t key[LINKAGE_KEY_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static bool has(const struct token_list *list, enum token_class class, const char *text)
{
	uint64_t mac = token_mac(key, class, text, strlen(text));

	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].class == class && list->items[i].mac == mac)
			return true;
	return false;
}

static struct token_list tokens_of(const char *narrative, struct arena *arena)
{
	struct tip tip = { .narrative = narrative, .narrative_len = strlen(narrative) };
	struct token_list list;

	token_list_of_tip(&list, &tip, key, arena);
	return list;
}

struct expectation {
	const char *narrative;
	enum token_class class;
	const char *text;
	bool there;
};

static const struct expectation expectations[] = {
	{ "The sergeant took an envelope.", TOKEN_WORD, "envelope", true },
	{ "The sergeant took an envelope.", TOKEN_WORD, "the", false },
	{ "The sergeant took an envelope.", TOKEN_BIGRAM, "took envelope", true },
	{ "I saw DC Marsden's car.", TOKEN_NAME, "Marsden", true },
	{ "I saw DC Marsdens car.", TOKEN_NAME, "marsden", true },
	{ "I saw Detective Constable Marsden there.", TOKEN_NAME, "dc marsden", true },
	{ "It was Sergeant Nigel Stroud who came.", TOKEN_NAME, "ps stroud", true },
	{ "It was Sergeant Nigel Stroud who came.", TOKEN_NAME, "nigel stroud", true },
	{ "It was Detective Chief Inspector Vane.", TOKEN_NAME, "dci vane", true },
	{ "We met the pc kettley at the door.", TOKEN_NAME, "kettley", true },
	{ "The envelope lay there. Nobody took it.", TOKEN_NAME, "envelope", false },
	{ "his name is kettley and he hits her", TOKEN_NAME, "kettley", true },
	{ "HIS NAME IS KETTLEY AND HE HITS HER", TOKEN_NAME, "kettley", true },
	{ "Er heißt Łukasz Müller, glaube ich.", TOKEN_NAME, "lukasz muller", true },
	{ "Er heißt Mu\xcc\x88ller, glaube ich.", TOKEN_NAME, "m\xc3\xbcller", true },
	{ "Ask for O\xe2\x80\x99" "Brien there.", TOKEN_NAME, "obrien", true },
	{ "Ask for O'Brien there.", TOKEN_NAME, "o\xe2\x80\x99" "brien", true },
	{ "He called me 'Kettley' once.", TOKEN_NAME, "Kettley", true },
	{ "It is Mar\xe2\x80\x8bsden again.", TOKEN_NAME, "marsden", true },
	{ "His number is 3308EA I think.", TOKEN_NUMBER, "3308ea", true },
	{ "His number is 3308EA I think.", TOKEN_NUMBER, "3308", true },
	{ "His number is 3308 EA I think.", TOKEN_NUMBER, "3308EA", true },
	{ "A grey Seat, LK19 TVW, was there.", TOKEN_NUMBER, "LK19TVW", true },
	{ "a grey seat lk19tvw", TOKEN_NUMBER, "LK19 TVW", true },
	{ "It cost \xc2\xa3" "6,400 in all.", TOKEN_NUMBER, "6400", true },
	{ "Ring 07700 900652 please.", TOKEN_NUMBER, "07700900652", true },
	{ "Ring 020 7946 0884.", TOKEN_NUMBER, "020-7946-0884", true },
	{ "It was about 22:40 then.", TOKEN_NUMBER, "2240", true },
	{ "I have 12 of them.", TOKEN_NUMBER, "12", false },
	{ "On 3 January he came.", TOKEN_DATE, "01-03", true },
	{ "On the 3rd of January he came.", TOKEN_DATE, "01-03", true },
	{ "On January 3 he came.", TOKEN_DATE, "01-03", true },
	{ "On 2026-01-03 he came.", TOKEN_DATE, "01-03", true },
	{ "On 03/01/2026 he came.", TOKEN_DATE, "01-03", true },
	{ "On 3/1 he came.", TOKEN_DATE, "01-03", true },
	{ "On 45 January he came.", TOKEN_DATE, "01-45", false },
	{ "A Tuesday in mid January it was.", TOKEN_DATE, "tuesday-01", true },
	{ "He lives in Honor Oak now.", TOKEN_PLACE, "oak", true },
	{ "Somewhere near SE6 it was.", TOKEN_PLACE, "SE6", true },
	{ "It came in January then.", TOKEN_PLACE, "january", false },
	{ "An account called bluelightboy_k wrote.", TOKEN_HANDLE, "@bluelightboy_k", true },
	{ "It was @blue.light who wrote.", TOKEN_HANDLE, "bluelight", true },
	{ "On Instagram he is 'keithy' now.", TOKEN_HANDLE, "keithy", true },
	{ "He was 'keen' to go.", TOKEN_HANDLE, "keen", false },
	{ "Write to someone@example.org now.", TOKEN_HANDLE, "example", false },
};

static void finds_what_is_there(void **state)
{
	struct arena *arena = arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
		const struct expectation *e = &expectations[i];
		struct token_list list = tokens_of(e->narrative, arena);

		if (has(&list, e->class, e->text) != e->there)
			fail_msg("%s: %s \"%s\" %s", e->narrative, token_class_names[e->class], e->text,
				 e->there ? "is missing" : "should not be there");
		arena_reset(arena);
	}
	arena_free(arena);
}

static void lists_are_sorted_without_repeats(void **state)
{
	struct arena *arena = arena_new(1 << 16);
	struct token_list list = tokens_of("One two three two three one. PC Kettley and PC Kettley on 3 January at 12:30.",
					   arena);

	(void)state;
	assert_true(list.n > 10);
	assert_false(list.cut);
	for (size_t i = 1; i < list.n; i++) {
		const struct token *a = &list.items[i - 1], *b = &list.items[i];

		assert_true(a->class < b->class || (a->class == b->class && a->mac < b->mac));
	}
	arena_free(arena);
}

static void classes_and_keys_part_tokens(void **state)
{
	const uint8_t other[LINKAGE_KEY_BYTES] = { 9 };

	(void)state;
	assert_true(token_mac(key, TOKEN_WORD, "pike", 4) == token_mac(key, TOKEN_WORD, "PIKE", 4));
	assert_true(token_mac(key, TOKEN_WORD, "pike", 4) != token_mac(key, TOKEN_NAME, "pike", 4));
	assert_true(token_mac(key, TOKEN_WORD, "pike", 4) != token_mac(other, TOKEN_WORD, "pike", 4));
}

static void a_flood_of_words_keeps_the_name(void **state)
{
	struct arena *arena = arena_new(1 << 16);
	struct buf text = BUF_INIT;
	struct token_list list;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&text, "w%cx%cy%cz ", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26);
	buf_append_str(&text, ". It was PC Kettley.");
	list = tokens_of(buf_text(&text), arena);
	assert_true(list.cut);
	assert_int_equal(list.n, TOKENS_MAX);
	buf_clear(&text);
	buf_append_str(&text, "Well. ");
	for (unsigned i = 0; i < 20000; i++)
		buf_printf(&text, "w%cx%cy%cz ", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26);
	buf_append_str(&text, ". It was PC Kettley.");
	list = tokens_of(buf_text(&text), arena);
	assert_true(has(&list, TOKEN_NAME, "kettley"));
	buf_release(&text);
	arena_free(arena);
}

static void odd_bytes_do_no_harm(void **state)
{
	static const char *const odd[] = {
		"", " ", "'", "''", "'s", "\xff\xfe", "\xc3", "\xe2\x80", "a\xcc\x80\xcc\x81\xcc\x82", "\xcc\x80",
		"@", "@@", "_", "__a__", "1", "1-2-3-4-5-6-7-8-9-0", "-", "\xf0\x9f\x98\x80", "3 of January", "January",
		"PC", "DC DC DC", "\xd7\x90\xd7\x91\xd7\x92", "\xe4\xb8\xad\xe6\x96\x87", "\xd0\x90\xd0\x91",
	};
	struct arena *arena = arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		tokens_of(odd[i], arena);
	assert_true(token_mac(key, TOKEN_WORD, "\xd0\x90\xd0\x91", 4) == token_mac(key, TOKEN_WORD, "\xd0\xb0\xd0\xb1", 4));
	arena_free(arena);
}

struct meeting {
	struct staff staff;
	const char *narrative;
	bool meets;
};

static const struct meeting meetings[] = {
	{ { .forename = "Paul", .surname = "Marsden", .rank = "DC" }, "It was DC Marsden of Croydon.", true },
	{ { .forename = "Paul", .surname = "Marsden", .rank = "DC" }, "he is called marsden i think", true },
	{ { .forename = "Paul", .surname = "Marsden", .rank = "DC" }, "My neighbour Paul saw it.", false },
	{ { .forename = "Jo", .surname = "Pell-Hughes", .rank = "DS" }, "It was Conrad Pell-Hughes.", true },
	{ { .forename = "Jo", .surname = "van der Berg" }, "A sergeant, Van der Berg, did it.", true },
	{ { .forename = "Jo", .surname = "van der Berg" }, "Van der Linde did it.", false },
	{ { .forename = "Jo", .surname = "O'Brien" }, "It was that OBrien again.", true },
	{ { .surname = "Quill", .number = "3308EA" }, "His number was 3308 EA.", true },
	{ { .surname = "Quill", .number = "3308EA" }, "His number was 3308 I think.", true },
	{ { .surname = "Quill", .number = "P217733" }, "Warrant number p217733.", true },
	{ { .surname = "Quill", .nickname = "Trigger" }, "They call him 'Trigger'.", true },
	{ { .surname = "Quill", .nickname = "Big Dave" }, "A man called big Dave came.", true },
	{ { .surname = "Quill", .nickname = "Big Dave" }, "A man called Dave came.", false },
	{ { .surname = "Quill", .handle = "@bluelightboy_k" }, "The account was bluelightboy_k.", true },
	{ { .forename = "Imran", .surname = "Khan" }, "He was there. Then imran khan took the cash.", true },
	{ { .forename = "Imran", .surname = "Khan" }, "He was there. Then khans mate took the cash.", true },
	{ { .forename = "Imran", .surname = "Khan" }, "He was there. Then imran took the cash.", false },
	{ { .forename = "Tom", .surname = "Banks" }, "He was there. Then tom banks took the cash.", true },
	{ { .forename = "Tom", .surname = "Banks" }, "He was there. He robs banks with tom.", false },
	{ { .forename = "Tom", .surname = "Banks" }, "He was there. It was Banks.", true },
	{ { .forename = "Will", .surname = "Young" }, "He was there. Then will young took the cash.", true },
	{ { .forename = "Tom", .surname = "Will" }, "Then Sergeant Will took it.", true },
	{ { .forename = "Tom", .surname = "Will" }, "He was there. Then tom will took it.", true },
	{ { .forename = "Tom", .surname = "Will" }, "They will take it.", false },
	{ { .surname = "So" }, "Then Sergeant So took it.", true },
	{ { .forename = "Anh", .surname = "Le" }, "He was there. It was anh le again.", true },
	{ { .forename = "John", .surname = "Constable" }, "It was john constable. Nobody else.", true },
	{ { .forename = "John", .surname = "Constable" }, "A constable did it.", false },
	{ { .surname = "Sergeant" }, "It was PC Sergeant of Croydon.", true },
	{ { .surname = "Sergeant" }, "then pc sergeant took the cash and nobody said a word.", true },
	{ { .surname = "Sergeant" }, "THEN PC SERGEANT TOOK THE CASH.", true },
	{ { .surname = "Sergeant" }, "We know that DS Sergeant's brother has it.", true },
	{ { .surname = "Sergeant" }, "I saw Sergeant at the door. Nobody else was there.", true },
	{ { .surname = "Sergeant" }, "He is called sergeant by all of them.", true },
	{ { .surname = "Constable" }, "It was Sergeant Constable. Nobody else was there.", true },
	{ { .surname = "Di" }, "It was PC Di who came. Nobody else was there.", true },
	{ { .surname = "Sergeant" }, "It was Sergeant Nigel Stroud who came.", false },
	{ { .surname = "Sergeant" }, "It was Detective Sergeant Marsden who came.", false },
	{ { .surname = "Inspector" }, "It was Detective Chief Inspector Vane.", false },
	{ { .surname = "Sergeant" }, "Last spring one Sergeant came, and the Sergeant ate.", false },
	{ { .surname = "Sergeant" }, "The sergeant took an envelope.", false },
	{ { .surname = "Quill" }, "Nobody was named in it.", false },
	{ { .surname = "" }, "Nobody was named in it.", false },
};

/* A register without one of its members lets his tips through and says nothing. */
static void every_surname_gives_a_token(void **state)
{
	static const char *const surnames[] = { "Will", "So", "An", "Do", "He", "Le", "Van", "Constable", "Di", "May" };
	struct arena *arena = arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < sizeof(surnames) / sizeof(surnames[0]); i++) {
		struct staff staff = { .surname = surnames[i] };
		struct token_list list;

		token_list_of_staff(&list, &staff, key, arena);
		if (!has(&list, TOKEN_NAME, surnames[i]))
			fail_msg("%s", surnames[i]);
	}
	arena_free(arena);
}

static void keys_tell_themselves_apart(void **state)
{
	static const uint8_t other[LINKAGE_KEY_BYTES] = { 99 };
	struct arena *arena = arena_new(1 << 16);
	struct token_list list = tokens_of("It was DC Marsden.", arena);

	(void)state;
	assert_true(list.key_check == token_key_check(key));
	assert_true(list.key_check != token_key_check(other));
	arena_free(arena);
}

static void staff_meet_their_tips(void **state)
{
	struct arena *arena = arena_new(1 << 16);

	(void)state;
	for (size_t i = 0; i < sizeof(meetings) / sizeof(meetings[0]); i++) {
		struct token_list tip = tokens_of(meetings[i].narrative, arena), staff;

		token_list_of_staff(&staff, &meetings[i].staff, key, arena);
		if (token_list_meets(&tip, &staff) != meetings[i].meets ||
		    token_list_meets(&staff, &tip) != meetings[i].meets)
			fail_msg("%zu: %s", i, meetings[i].narrative);
		arena_reset(arena);
	}
	arena_free(arena);
}

/* Found by fuzzing: a surname that is a rank was taken for one, and he would have got the tips that name him. */
static void a_subject_called_like_a_rank_is_found(void **state)
{
	static const char *const names[] = { "John Sergeant", "Sergeant", "PC Sergeant", "DS John Sergeant" };
	const struct staff staff = { .forename = "John", .surname = "Sergeant" };
	struct arena *arena = arena_new(1 << 16);
	struct token_list of_staff, list;

	(void)state;
	token_list_of_staff(&of_staff, &staff, key, arena);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tip tip = { .narrative = "x", .narrative_len = 1, .n_subjects = 1 };

		tip.subjects[0].name = names[i];
		token_list_of_tip(&list, &tip, key, arena);
		if (!token_list_meets(&of_staff, &list))
			fail_msg("%s", names[i]);
	}
	arena_free(arena);
}

static void subjects_give_tokens(void **state)
{
	struct arena *arena = arena_new(1 << 16);
	struct tip tip = { .narrative = "x", .narrative_len = 1, .where = "Catford Bridge, SE6",
			   .when = "3 January", .n_subjects = 1 };
	struct token_list list;

	(void)state;
	tip.subjects[0] = (struct subject){ .name = "dean fowley", .rank = "Detective Sergeant", .number = "22 14 sn",
		.station = "Lewisham", .nickname = "Deano", .handle = "@dean.f", .vehicle = "LK19 TVW" };
	token_list_of_tip(&list, &tip, key, arena);
	assert_true(has(&list, TOKEN_NAME, "fowley"));
	assert_true(has(&list, TOKEN_NAME, "ds fowley"));
	assert_true(has(&list, TOKEN_NAME, "dean fowley"));
	assert_true(has(&list, TOKEN_NAME, "deano"));
	assert_true(has(&list, TOKEN_NUMBER, "2214SN"));
	assert_true(has(&list, TOKEN_NUMBER, "LK19TVW"));
	assert_true(has(&list, TOKEN_HANDLE, "deanf"));
	assert_true(has(&list, TOKEN_PLACE, "lewisham"));
	assert_true(has(&list, TOKEN_PLACE, "catford"));
	assert_true(has(&list, TOKEN_DATE, "01-03"));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_is_there),
		cmocka_unit_test(lists_are_sorted_without_repeats),
		cmocka_unit_test(classes_and_keys_part_tokens),
		cmocka_unit_test(a_flood_of_words_keeps_the_name),
		cmocka_unit_test(odd_bytes_do_no_harm),
		cmocka_unit_test(staff_meet_their_tips),
		cmocka_unit_test(every_surname_gives_a_token),
		cmocka_unit_test(keys_tell_themselves_apart),
		cmocka_unit_test(a_subject_called_like_a_rank_is_found),
		cmocka_unit_test(subjects_give_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
