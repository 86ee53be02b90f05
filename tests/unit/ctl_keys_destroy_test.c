/* SPDX-License-Identifier: Apache-2.0 */
/* tipctl keys confirm and destroy: exactly what two people signed, whatever stands in the way or cuts it short. */
#include "tests/unit/ctl_keys_fixture.h"

#include "ops/runtime/clock.h"
#include "schema/confirmation.h"

static void end_bus(struct fixture *f)
{
	must(f, "keys rotate bus --unasked");
	must(f, "keys retire bus --epoch 1 --unasked");
}

static void end_triage(struct fixture *f)
{
	must(f, "keys rotate triage --unasked");
	sign_list(f);
	must(f, "keys rotate triage --unasked");
	must(f, "keys retire triage --epoch 1 --unasked");
}

static void confirm(struct fixture *f, const char *kinds)
{
	static const char *const names[] = { "one", "two" };
	char line[256];

	for (size_t i = 0; i < 2; i++) {
		unlink(at(f, names[i]));
		snprintf(line, sizeof(line), "keys confirm %s%s --epoch 1 --operator site/operators/%s.sign", names[i], kinds,
			 names[i]);
		must(f, line);
		assert_non_null(strstr(buf_text(&said), "destroy epoch 1: ")); /* one sees what one signs */
	}
}

static void confirm_refused(struct fixture *f)
{
	must_not(f, 78, "of no operator", "keys confirm again bus --epoch 1 --operator site/operators/one.sign");
}

static int begin_operators(void **state)
{
	if (begin_site(state) != 0)
		return -1;
	must(*state, "keys operator one");
	must(*state, "keys operator two");
	return 0;
}

/* bus 1 is to go while triage 1 is in use: kinds are named in both, and are what both signed. */
static void a_kind_is_destroyed_by_itself(void **state)
{
	struct fixture *f = *state;

	end_bus(f);
	must_not(f, 78, "triage key 1 is active", "keys confirm one --epoch 1 --operator site/operators/one.sign");
	must_not(f, 78, "no bus key of epoch 9", "keys confirm one bus --epoch 9 --operator site/operators/one.sign");
	must_not(f, 64, "did you mean", "keys confirm one buss --epoch 1 --operator site/operators/one.sign");
	confirm(f, " bus");
	must_not(f, 78, "triage key 1 is active", "keys destroy one two --epoch 1 --unasked");
	must(f, "keys destroy one two bus --epoch 1 --unasked");
	assert_true(has_state(f, "bus", "1", "destroyed") && has_state(f, "triage", "1", "active"));
	assert_false(is_there(f, "site/retired/bus.1.key"));
	assert_true(is_there(f, "site/triage/1.identity"));
	must_not(f, 78, "left to destroy", "keys destroy one two bus --epoch 1 --unasked");
	must_be_sound(f);
}

static void what_is_signed_is_what_is_destroyed(void **state)
{
	struct fixture *f = *state;

	end_bus(f);
	end_triage(f);
	confirm(f, " bus");
	must_not(f, 78, "something else", "keys destroy one two --epoch 1 --unasked"); /* more than was signed */
	must_not(f, 78, "same kinds here as were confirmed, bus, or", "keys destroy one two --epoch 1 --unasked");
	must_not(f, 78, "something else", "keys destroy one two triage --epoch 1 --unasked");
	must_not(f, 78, "gone: No such", "keys destroy gone two --epoch 1 --unasked");
	assert_null(strstr(buf_text(&said), "gone: gone"));
	must_not(f, 78, "not a confirmation", "keys destroy site/root.pub two --epoch 1 --unasked");
	assert_null(strstr(buf_text(&said), "root.pub: site"));
	confirm(f, "");
	must_not(f, 78, "as were confirmed, triage recovery bus, or", "keys destroy one two bus --epoch 1 --unasked");
	must_not(f, 78, "something else", "keys destroy one two bus --epoch 1 --unasked"); /* and less */
	must_not(f, 78, "two people", "keys destroy one one --epoch 1 --unasked");
	assert_true(is_there(f, "site/retired/bus.1.key") && is_there(f, "site/retired/triage.1.identity"));
	must(f, "keys destroy one two --epoch 1 --unasked");
	assert_true(has_state(f, "bus", "1", "destroyed") && has_state(f, "triage", "1", "destroyed"));
	assert_false(is_there(f, "site/retired/bus.1.key") || is_there(f, "site/retired/triage.1.identity"));
	assert_false(is_there(f, "site/recovery.identity"));
}

static void it_goes_on_with_the_same_confirmations(void **state)
{
	int status = KILLED, n, cut_short = 0;

	(void)state;
	for (n = 0; status == KILLED; n++) {
		struct fixture *f;
		void *own;

		assert_int_equal(begin_operators(&own), 0);
		f = own;
		end_bus(f);
		end_triage(f);
		confirm(f, "");
		status = run_killed(f, n, "keys destroy one two --epoch 1 --unasked");
		if (has_state(f, "bus", "1", "destroyed") && status == KILLED) {
			run(f, "--json keys check");
			cut_short += strstr(buf_text(&said), "cut short") != NULL;
		}
		if (run(f, "keys destroy one two --epoch 1 --unasked") != 0)
			assert_non_null(strstr(buf_text(&said), "left to destroy"));
		assert_true(has_state(f, "bus", "1", "destroyed") && has_state(f, "triage", "1", "destroyed"));
		assert_true(has_state(f, "recovery", "1", "destroyed"));
		assert_false(is_there(f, "site/retired/bus.1.key") || is_there(f, "site/retired/triage.1.identity"));
		assert_false(is_there(f, "site/bus/1.case.routed.key") || is_there(f, "site/recovery.identity"));
		must_be_sound(f);
		end(&own);
	}
	assert_true(n > 12 && cut_short > 0);
}

/* The recovery key comes later than the day of the deed, and the wrong one must not be taken for it. */
static void a_key_that_is_offline_follows(void **state)
{
	struct fixture *f = *state;

	end_bus(f);
	end_triage(f);
	confirm(f, "");
	copy(f, "site/recovery.identity", "offline", 0600);
	unlink(at(f, "site/recovery.identity"));
	assert_int_equal(run(f, "keys destroy one two --epoch 1 --unasked"), 1);
	assert_non_null(strstr(buf_text(&said), "bring it as recovery.identity"));
	assert_int_equal(run(f, "keys destroy one two --epoch 1 --unasked"), 1); /* as long as it is not here */
	assert_true(has_state(f, "recovery", "1", "retired") && has_state(f, "triage", "1", "destroyed"));
	copy(f, "site/recovery.2.identity", "site/recovery.identity", 0600);
	must_not(f, 78, "nothing was destroyed", "keys destroy one two --epoch 1 --unasked");
	assert_true(is_there(f, "site/recovery.identity"));
	copy(f, "offline", "site/recovery.identity", 0600);
	must(f, "keys destroy one two --epoch 1 --unasked");
	assert_true(has_state(f, "recovery", "1", "destroyed"));
	assert_false(is_there(f, "site/recovery.identity"));
	assert_true(is_there(f, "site/recovery.2.identity"));
}

static void one_key_under_two_names_is_one_person(void **state)
{
	struct fixture *f = *state;
	struct buf ring = BUF_INIT, signed_by_one = BUF_INIT;
	char *first, *second;

	end_bus(f);
	confirm(f, " bus");
	read_text(f, "site/keyring.yaml", &ring);
	first = strstr(strstr(buf_text(&ring), "name: \"one\""), "public: \"") + 9;
	second = strstr(strstr(buf_text(&ring), "name: \"two\""), "public: \"") + 9;
	memcpy(second, first, 64);
	write_text(f, "site/keyring.yaml", buf_text(&ring), 0600);
	read_text(f, "one", &signed_by_one);
	memcpy(signed_by_one.data, "two", 3);
	write_text(f, "two", buf_text(&signed_by_one), 0644);
	must_not(f, 78, "two people", "keys destroy one two bus --epoch 1 --unasked");
	buf_release(&ring);
	buf_release(&signed_by_one);
}

/* Copies under other names, by hand or by a killed write, go too; a stranger's of the same name stays. */
static void every_copy_goes(void **state)
{
	struct fixture *f = *state;

	copy(f, "triage/1.identity", "triage/by-hand.identity", 0600);
	copy(f, "site/bus/1.key", "dedupe/1.key.new-aB3dE6", 0600);
	copy(f, "site/bus/1.key", "site/bus/1.key.new-aB3dE6", 0600);
	assert_int_equal(run(f, "--json keys check"), 1);
	assert_non_null(strstr(buf_text(&said), "1.key.new-aB3dE6: was left"));
	must(f, "keys rotate bus --unasked");
	assert_false(is_there(f, "site/bus/1.key.new-aB3dE6"));
	must(f, "keys retire bus --epoch 1 --unasked");
	end_triage(f);
	assert_false(is_there(f, "dedupe/1.key.new-aB3dE6") || is_there(f, "triage/by-hand.identity"));
	copy(f, "site/retired/triage.1.identity", "triage/rescue.identity", 0600);
	copy(f, "site/teams/corruption.identity", "triage/1.identity", 0600);
	confirm(f, "");
	must(f, "keys destroy one two --epoch 1 --unasked");
	assert_false(is_there(f, "triage/rescue.identity"));
	assert_true(is_there(f, "triage/1.identity"));
	must_be_sound(f);
}

/* The third could be one of the two: the others have a week to see him. */
static void a_third_operator_waits(void **state)
{
	struct fixture *f = *state;

	end_bus(f);
	confirm(f, " bus");
	must(f, "keys operator three");
	unlink(at(f, "two"));
	must(f, "keys confirm two bus --epoch 1 --operator site/operators/three.sign");
	must_not(f, 78, "operator three was made beside two others", "keys destroy one two bus --epoch 1 --unasked");
	assert_int_equal(run(f, "--json keys check"), 1);
	assert_non_null(strstr(buf_text(&said), "a new operator"));
	must(f, "keys retire operator one");
	confirm_refused(f);
	must_not(f, 78, "no operator one", "keys destroy one two bus --epoch 1 --unasked");
	must_not(f, 78, "no operator one", "keys retire operator one");
	must(f, "keys operator four"); /* it is no way round that one of two is retired */
	unlink(at(f, "two"));
	must(f, "keys confirm two bus --epoch 1 --operator site/operators/four.sign");
	must_not(f, 78, "no operator one", "keys destroy one two bus --epoch 1 --unasked");
	must_not(f, 78, "operator four was made", "keys destroy two two bus --epoch 1 --unasked");
}

static void sign_on(struct fixture *f, int64_t day)
{
	uint8_t secret[FRAME_SIGN_SECRET];
	char shown[CLOCK_DAY_TEXT];
	struct buf file = BUF_INIT, text = BUF_INIT;
	struct err err = ERR_INIT;
	char *end;

	read_text(f, "two", &text);
	assert_int_equal(keys_load_sign(secret, at(f, "site/operators/two.sign"), &err), 0);
	assert_int_equal(clock_day_text(shown, day), 0);
	end = strstr(buf_text(&text), "; 2");
	assert_non_null(end);
	memcpy(end + 2, shown, strlen(shown));
	*strchr(end, '\n') = '\0';
	confirmation_write(&file, "two", strchr(buf_text(&text), '\n') + 1, secret);
	write_text(f, "two", buf_text(&file), 0644);
	buf_release(&file);
	buf_release(&text);
}

static void a_confirmation_ends(void **state)
{
	struct fixture *f = *state;

	end_bus(f);
	confirm(f, " bus");
	sign_on(f, clock_day() - 8);
	must_not(f, 78, "older than 7 days", "keys destroy one two bus --epoch 1 --unasked");
	sign_on(f, clock_day() + 2);
	must_not(f, 78, "older than 7 days", "keys destroy one two bus --epoch 1 --unasked");
	sign_on(f, clock_day() - 7);
	must(f, "keys destroy one two bus --epoch 1 --unasked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_kind_is_destroyed_by_itself, begin_operators, end),
		cmocka_unit_test_setup_teardown(what_is_signed_is_what_is_destroyed, begin_operators, end),
		cmocka_unit_test(it_goes_on_with_the_same_confirmations),
		cmocka_unit_test_setup_teardown(a_key_that_is_offline_follows, begin_operators, end),
		cmocka_unit_test_setup_teardown(one_key_under_two_names_is_one_person, begin_operators, end),
		cmocka_unit_test_setup_teardown(every_copy_goes, begin_operators, end),
		cmocka_unit_test_setup_teardown(a_third_operator_waits, begin_operators, end),
		cmocka_unit_test_setup_teardown(a_confirmation_ends, begin_operators, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
