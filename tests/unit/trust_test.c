/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which list of recipients is in force in an adapter. What makes a test fail when it is broken in sdk/trust.c:
 *     recipients_verify is left out of trust_offer       only_what_the_root_signed
 *     recipients_follows is left out of take             never_an_older_one, remembered_over_a_restart
 *     keep is left out of take                           remembered_over_a_restart
 *     recipients_valid is left out of in_force           nothing_to_seal_to_after_its_last_day
 *     recipients_verify is left out of load_state        a_state_of_another_root_is_refused
 *     newest is set before keep                          a_list_that_cannot_be_kept_is_not_used
 *     take_first forgets a list that has expired         an_expired_first_list_rules_out_older_ones
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "producers/sdk/trust.h"
#include "schema/frame.h"
#include "schema/keys.h"

#define TODAY 20000
#define DAY_MS INT64_C(86400000)

static uint8_t root_public[RECIPIENTS_ROOT_PUBLIC], root[RECIPIENTS_ROOT_SECRET];
static char folder[64], state_path[96];

static int begin(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (keys_begin(&err) != 0)
		return -1;
	frame_sign_keypair(root_public, root);
	(void)snprintf(folder, sizeof(folder), "/tmp/trust_test.XXXXXX");
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(state_path, sizeof(state_path), "%s/spool.recipients", folder);
	clock_freeze(1000, TODAY * DAY_MS);
	return 0;
}

static int end(void **state)
{
	(void)state;
	clock_thaw();
	unlink(state_path);
	return rmdir(folder);
}

static struct recipients new_list(uint32_t epoch, uint32_t from, uint32_t until)
{
	struct recipients list = { .to.epoch = epoch, .not_before = from, .not_after = until };
	struct err err = ERR_INIT;

	age_recipient_fill(&list.to.triage);
	age_recipient_fill(&list.to.recovery);
	age_recipient_fill(&list.to.custodian);
	assert_int_equal(recipients_draft(&list, &err), 0);
	recipients_sign(&list, root);
	return list;
}

static struct trust *open_trust(const struct recipients *first)
{
	struct err err = ERR_INIT;
	struct trust *trust;

	if (trust_open(&trust, root_public, first, state_path, &err) != 0)
		fail_msg("%s", err.text);
	return trust;
}

static int offer(struct trust *trust, const struct recipients *list, struct err *err)
{
	struct buf document = BUF_INIT;
	int result;

	recipients_write(&document, list);
	result = trust_offer(trust, buf_slice(&document), err);
	buf_release(&document);
	return result;
}

static void taken(struct trust *trust, const struct recipients *list)
{
	struct err err = ERR_INIT;

	if (offer(trust, list, &err) != 0)
		fail_msg("%s", err.text);
}

static void refused(struct trust *trust, const struct recipients *list, const char *code)
{
	struct err err = ERR_INIT;

	assert_int_equal(offer(trust, list, &err), -1);
	assert_string_equal(err.reason, code);
}

static void in_force(struct trust *trust, const struct recipients *list)
{
	struct seal_recipients to;
	struct err err = ERR_INIT;

	if (trust_current(trust, &to, &err) != 0)
		fail_msg("%s", err.text);
	assert_memory_equal(&to, &list->to, sizeof(to));
}

static void only_what_the_root_signed(void **state)
{
	uint8_t other_public[RECIPIENTS_ROOT_PUBLIC], other[RECIPIENTS_ROOT_SECRET];
	struct recipients ours = new_list(1, TODAY, TODAY + 9), theirs = new_list(2, TODAY, TODAY + 9);
	struct trust *trust = open_trust(NULL);
	struct seal_recipients to;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(trust_current(trust, &to, &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_ABSENT);
	frame_sign_keypair(other_public, other);
	recipients_sign(&theirs, other);
	refused(trust, &theirs, RECIPIENTS_SIGNATURE);
	theirs.has_signature = false;
	refused(trust, &theirs, RECIPIENTS_UNSIGNED);
	assert_int_equal(trust_offer(trust, slice_str("{}"), &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_FORMAT);
	assert_int_equal(trust_offer(trust, slice_of("", 0), &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_ABSENT);
	assert_int_equal(trust_current(trust, &to, &err), -1);
	taken(trust, &ours);
	refused(trust, &theirs, RECIPIENTS_UNSIGNED);
	in_force(trust, &ours);
	trust_close(trust);
}

static void never_an_older_one(void **state)
{
	const struct recipients one = new_list(1, TODAY, TODAY + 9), two = new_list(2, TODAY, TODAY + 9),
				twin = new_list(2, TODAY, TODAY + 9), five = new_list(5, TODAY, TODAY + 9);
	struct trust *trust = open_trust(&one);

	(void)state;
	in_force(trust, &one);
	taken(trust, &two);
	taken(trust, &two);
	refused(trust, &one, RECIPIENTS_OLDER);
	refused(trust, &twin, RECIPIENTS_CONFLICT);
	in_force(trust, &two);
	taken(trust, &five); /* one may have been missed */
	in_force(trust, &five);
	trust_close(trust);
}

static void remembered_over_a_restart(void **state)
{
	const struct recipients one = new_list(1, TODAY, TODAY + 9), two = new_list(2, TODAY, TODAY + 9);
	struct trust *trust = open_trust(&one);
	uint32_t epoch, until;

	(void)state;
	taken(trust, &two);
	trust_close(trust);
	/* The list of the configuration is the one the adapter began with; it must not win. */
	trust = open_trust(&one);
	in_force(trust, &two);
	refused(trust, &one, RECIPIENTS_OLDER);
	trust_figures(trust, &epoch, &until);
	assert_int_equal(epoch, 2);
	assert_int_equal(until, TODAY + 9);
	trust_close(trust);
	trust = open_trust(NULL); /* and no gateway is needed to seal */
	in_force(trust, &two);
	trust_close(trust);
}

static void nothing_to_seal_to_after_its_last_day(void **state)
{
	const struct recipients one = new_list(1, TODAY, TODAY + 1), two = new_list(2, TODAY + 2, TODAY + 9);
	struct trust *trust = open_trust(&one);
	struct seal_recipients to;
	struct err err = ERR_INIT;

	(void)state;
	refused(trust, &two, RECIPIENTS_EARLY);
	clock_advance(DAY_MS);
	in_force(trust, &one);
	clock_advance(DAY_MS);
	assert_int_equal(trust_current(trust, &to, &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_EXPIRED);
	refused(trust, &one, RECIPIENTS_EXPIRED);
	taken(trust, &two);
	in_force(trust, &two);
	trust_close(trust);
}

/* Its days are no error. One that is not valid yet says nothing about those before it. */
static void a_first_list_out_of_date_is_no_error(void **state)
{
	const struct recipients ahead = new_list(7, TODAY + 1, TODAY + 9), now = new_list(3, TODAY, TODAY);
	struct trust *trust = open_trust(&ahead);
	struct seal_recipients to;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(trust_current(trust, &to, &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_ABSENT);
	taken(trust, &now);
	in_force(trust, &now);
	trust_close(trust);
}

/* The state is lost, or was never there: a list from before the configuration's must not come back all the same. */
static void an_expired_first_list_rules_out_older_ones(void **state)
{
	const struct recipients past = new_list(7, TODAY - 9, TODAY - 1), before = new_list(6, TODAY - 9, TODAY + 9),
				twin = new_list(7, TODAY - 9, TODAY + 9), later = new_list(8, TODAY, TODAY + 9);
	struct trust *trust = open_trust(&past);
	struct seal_recipients to;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(trust_current(trust, &to, &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_EXPIRED);
	refused(trust, &before, RECIPIENTS_OLDER);
	refused(trust, &twin, RECIPIENTS_CONFLICT);
	refused(trust, &past, RECIPIENTS_EXPIRED);
	taken(trust, &later);
	in_force(trust, &later);
	trust_close(trust);
	/* What was taken goes before what an old configuration says. */
	trust = open_trust(&past);
	in_force(trust, &later);
	trust_close(trust);
}

/* Where there is one that is valid, it goes on being sealed to: no tip is refused for what the configuration says. */
static void an_expired_first_list_ends_none_that_is_valid(void **state)
{
	const struct recipients past = new_list(7, TODAY - 9, TODAY - 1), kept = new_list(6, TODAY - 9, TODAY + 9);
	struct trust *trust = open_trust(&kept);

	(void)state;
	trust_close(trust);
	trust = open_trust(&past);
	in_force(trust, &kept);
	trust_close(trust);
}

static void open_fails(const uint8_t *with_root, const struct recipients *first, const char *path, const char *words)
{
	struct err err = ERR_INIT;
	struct trust *trust;

	assert_int_equal(trust_open(&trust, with_root, first, path, &err), -1);
	if (strstr(err.text, words) == NULL)
		fail_msg("%s: not in: %s", words, err.text);
}

static void a_state_of_another_root_is_refused(void **state)
{
	uint8_t other_public[RECIPIENTS_ROOT_PUBLIC], other[RECIPIENTS_ROOT_SECRET];
	const struct recipients one = new_list(1, TODAY, TODAY + 9), twin = new_list(1, TODAY, TODAY + 9);

	(void)state;
	trust_close(open_trust(&one));
	frame_sign_keypair(other_public, other);
	open_fails(other_public, NULL, state_path, "spool.recipients");
	open_fails(other_public, NULL, state_path, "remove that file");
	open_fails(root_public, &twin, state_path, "keys.recipients: this list of recipients of epoch 1 is not the one");
	assert_int_equal(truncate(state_path, 40), 0);
	open_fails(root_public, &one, state_path, "spool.recipients");
	open_fails(root_public, &one, state_path, "Put the site's newest recipients.json in its place");
}

static void a_list_that_cannot_be_kept_is_not_used(void **state)
{
	const struct recipients one = new_list(1, TODAY, TODAY + 9), two = new_list(2, TODAY, TODAY + 9);
	struct err err = ERR_INIT;
	char nowhere[128];

	(void)state;
	(void)snprintf(nowhere, sizeof(nowhere), "%s/no/spool.recipients", folder);
	open_fails(root_public, &one, nowhere, "No such file");
	struct trust *trust = open_trust(&one);
	/* Its folder goes away. */
	char aside[96];
	(void)snprintf(aside, sizeof(aside), "%s.aside", folder);
	assert_int_equal(rename(folder, aside), 0);
	assert_int_equal(offer(trust, &two, &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_STATE);
	in_force(trust, &one);
	assert_int_equal(rename(aside, folder), 0);
	taken(trust, &two);
	in_force(trust, &two);
	trust_close(trust);
}

/* As it was signed, however it came here; while it is in force, and the newest alone. */
static void handed_on_as_it_was_signed(void **state)
{
	const struct recipients one = new_list(1, TODAY, TODAY + 9), two = new_list(2, TODAY, TODAY + 1);
	struct buf signed_file = BUF_INIT, laid_out = BUF_INIT, out = BUF_INIT;
	uint8_t root_given[RECIPIENTS_ROOT_PUBLIC];
	struct err err = ERR_INIT;
	struct trust *trust = open_trust(NULL);

	(void)state;
	assert_int_equal(trust_document(trust, &out, root_given, &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_ABSENT);
	taken(trust, &one);
	recipients_write(&signed_file, &two);
	/* A gateway may lay it out anew: only what the signature covers is said to stay. */
	for (size_t i = 0; i < signed_file.len; i++)
		buf_printf(&laid_out, signed_file.data[i] == ',' ? " %c\n\t" : "%c", signed_file.data[i]);
	assert_int_equal(trust_offer(trust, buf_slice(&laid_out), &err), 0);
	assert_int_equal(trust_document(trust, &out, root_given, &err), 0);
	assert_string_equal(buf_text(&out), buf_text(&signed_file));
	assert_memory_equal(root_given, root_public, sizeof(root_given));
	trust_close(trust);
	trust = open_trust(NULL); /* and by the next run */
	buf_clear(&out);
	assert_int_equal(trust_document(trust, &out, root_given, &err), 0);
	assert_string_equal(buf_text(&out), buf_text(&signed_file));
	clock_advance(2 * DAY_MS);
	buf_clear(&out);
	assert_int_equal(trust_document(trust, &out, root_given, &err), -1);
	assert_string_equal(err.reason, RECIPIENTS_EXPIRED);
	assert_int_equal(out.len, 0);
	trust_close(trust);
	buf_release(&signed_file);
	buf_release(&laid_out);
	buf_release(&out);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		CASE(only_what_the_root_signed),
		CASE(never_an_older_one),
		CASE(remembered_over_a_restart),
		CASE(nothing_to_seal_to_after_its_last_day),
		CASE(a_first_list_out_of_date_is_no_error),
		CASE(an_expired_first_list_rules_out_older_ones),
		CASE(an_expired_first_list_ends_none_that_is_valid),
		CASE(handed_on_as_it_was_signed),
		CASE(a_state_of_another_root_is_refused),
		CASE(a_list_that_cannot_be_kept_is_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
