/* SPDX-License-Identifier: Apache-2.0 */
/* tipctl keys rotate and retire, as they are called: killed at each step and run again; keys that are in the way. */
#include "tests/unit/ctl_keys_fixture.h"

/* In its own site each time: killed at the first, the second … fsync, then run to its end; all must be as it should. */
static void survives(const char *before, const char *line, void (*check)(struct fixture *f))
{
	int status = KILLED, n;

	for (n = 0; status == KILLED; n++) {
		struct fixture *f;
		void *state;

		assert_int_equal(begin_site(&state), 0);
		f = state;
		if (before)
			must(f, before);
		status = run_killed(f, n, line);
		assert_true(status == KILLED || status == 0);
		must(f, line);
		check(f);
		must_be_sound(f);
		end(&state);
	}
	assert_true(n > 8);
}

static void bus_is_rotated(struct fixture *f)
{
	struct buf first = BUF_INIT, other = BUF_INIT;
	bool twice = has_state(f, "bus", "3", "active"); /* it had ended: this was the next rotation */

	assert_true(has_state(f, "bus", "2", twice ? "overlap" : "active"));
	read_text(f, "dedupe/active", &first);
	assert_string_equal(buf_text(&first), twice ? "3\n" : "2\n");
	read_text(f, "site/bus/2.key", &first);
	read_text(f, "dedupe/2.key", &other);
	assert_string_equal(buf_text(&first), buf_text(&other));
	buf_release(&first);
	buf_release(&other);
}

static void a_bus_rotation_survives_kills(void **state)
{
	(void)state;
	survives(NULL, "keys rotate bus --unasked", bus_is_rotated);
}

/* The list names keys that are there: that is what a lost step would break. */
static void triage_is_on_its_way(struct fixture *f)
{
	struct buf list = BUF_INIT, other = BUF_INIT;

	assert_true(has_state(f, "triage", "2", "coming") && has_state(f, "recovery", "2", "coming"));
	assert_true(is_there(f, "site/recovery.2.identity"));
	read_text(f, "site/triage/2.identity", &list);
	read_text(f, "triage/2.identity", &other);
	assert_string_equal(buf_text(&list), buf_text(&other));
	sign_list(f);
	must(f, "keys rotate triage --unasked");
	assert_true(has_state(f, "triage", "2", "active") && has_state(f, "recovery", "2", "active"));
	assert_true(has_state(f, "triage", "1", "overlap") && has_state(f, "recovery", "1", "overlap"));
	buf_release(&list);
	buf_release(&other);
}

static void a_triage_rotation_survives_kills(void **state)
{
	(void)state;
	survives(NULL, "keys rotate triage --unasked", triage_is_on_its_way);
}

/* Behind the signature: both kinds change together, or the next rotation would begin with one of them. */
static void the_end_of_a_triage_rotation_survives_kills(void **state)
{
	struct fixture *f;
	int status = KILLED;

	(void)state;
	for (int n = 0; status == KILLED; n++) {
		void *own;

		assert_int_equal(begin_site(&own), 0);
		f = own;
		must(f, "keys rotate triage --unasked");
		sign_list(f);
		status = run_killed(f, n, "keys rotate triage --unasked");
		if (status == KILLED && has_state(f, "triage", "2", "coming"))
			must(f, "keys rotate triage --unasked");
		assert_true(has_state(f, "triage", "2", "active") && has_state(f, "recovery", "2", "active"));
		assert_true(has_state(f, "triage", "1", "overlap") && has_state(f, "recovery", "1", "overlap"));
		must_be_sound(f);
		end(&own);
	}
}

static void team_is_rotated(struct fixture *f)
{
	struct buf text = BUF_INIT, other = BUF_INIT;

	read_text(f, "site/teams/corruption.2.identity", &text); /* behind "# public key: " the recipient */
	read_text(f, "route/corruption.recipient", &other);
	if (!is_there(f, "site/teams/corruption.3.identity"))
		assert_non_null(strstr(buf_text(&text), buf_text(&other)));
	buf_release(&text);
	buf_release(&other);
}

static void a_team_rotation_survives_kills(void **state)
{
	(void)state;
	survives(NULL, "keys rotate team corruption --unasked", team_is_rotated);
}

static void linkage_is_rotated(struct fixture *f)
{
	struct buf text = BUF_INIT, other = BUF_INIT;

	read_text(f, "site/linkage.key", &text);
	read_text(f, "classify/linkage.secret", &other);
	assert_string_equal(buf_text(&text), buf_text(&other));
	assert_true(has_state(f, "linkage", "1", "retired"));
	assert_false(is_there(f, "site/linkage.coming.key"));
	buf_release(&text);
	buf_release(&other);
}

static void a_linkage_rotation_survives_kills(void **state)
{
	(void)state;
	survives(NULL, "keys rotate linkage --unasked", linkage_is_rotated);
}

/* A second rotation is refused until the first has been retired, so the last kill is behind the end. */
static void an_adapter_rotation_survives_kills(void **state)
{
	int status = KILLED;

	(void)state;
	for (int n = 0; status == KILLED; n++) {
		struct fixture *f;
		void *own;

		assert_int_equal(begin_site(&own), 0);
		f = own;
		status = run_killed(f, n, "keys rotate adapter web --unasked");
		if (run(f, "keys rotate adapter web --unasked") != 0)
			assert_non_null(strstr(buf_text(&said), "former keys"));
		must(f, "keys retire adapter web --unasked");
		if (run(f, "keys rotate adapter web --unasked") == 0)
			must(f, "keys retire adapter web --unasked");
		must_be_sound(f);
		end(&own);
	}
}

static void bus_is_retired(struct fixture *f)
{
	assert_true(has_state(f, "bus", "1", "retired"));
	assert_true(is_there(f, "site/retired/bus.1.key"));
	assert_false(is_there(f, "site/bus/1.key") || is_there(f, "dedupe/1.key") || is_there(f, "classify/1.key"));
}

static void retiring_survives_kills(void **state)
{
	(void)state;
	survives("keys rotate bus --unasked", "keys retire bus --epoch 1 --unasked", bus_is_retired);
}

/* -- what is in the way -- */

/* It used to be taken for the new key, or the inventory could not be read any more. */
static void a_key_brought_before_is_taken_or_refused(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT, other = BUF_INIT;

	copy(f, "site/linkage.key", "site/bus/2.key", 0600);
	copy(f, "site/teams/corruption.identity", "site/triage/2.identity", 0600);
	must(f, "keys rotate bus --unasked");
	read_text(f, "site/linkage.key", &text);
	read_text(f, "dedupe/2.key", &other);
	assert_string_equal(buf_text(&text), buf_text(&other));
	must_be_sound(f);
	copy(f, "site/root.key", "site/teams/corruption.2.identity", 0600);
	must_not(f, 78, "corruption.2.identity", "keys rotate team corruption --unasked");
	must_be_sound(f);
	copy(f, "site/recovery.identity", "triage/2.identity", 0600);
	must_not(f, 78, "another key is there", "keys rotate triage --unasked");
	unlink(at(f, "triage/2.identity"));
	must(f, "keys rotate triage --unasked");
	buf_release(&text);
	buf_release(&other);
}

/* Whose key is not there any more is not made anew behind the back of who has a copy. */
static void a_key_that_went_away_is_missed(void **state)
{
	struct fixture *f = *state;

	must(f, "keys rotate triage --unasked");
	unlink(at(f, "site/triage/2.identity"));
	must_not(f, 78, "bring it back", "keys rotate triage --unasked");
	copy(f, "triage/2.identity", "site/triage/2.identity", 0600);
	unlink(at(f, "site/recovery.2.identity")); /* it is offline, where it belongs */
	must(f, "keys rotate triage --unasked");
}

static void a_list_of_somebody_else_ends_no_rotation(void **state)
{
	struct fixture *f = *state;

	must(f, "keys rotate triage --unasked");
	must(f, "keys init other");
	must(f, "recipients sign foreign.json --root other/root.key --request site/recipients.request.json");
	copy(f, "foreign.json", "site/recipients.json", 0644);
	must_not(f, 78, "recipients.json", "keys rotate triage --unasked");
	assert_true(has_state(f, "triage", "2", "coming"));
}

/* A team that makes its key itself must get none that was made here, nor keep the old one. */
static void a_team_gets_the_key_it_gave(void **state)
{
	struct fixture *f = *state;
	struct buf line = BUF_INIT, text = BUF_INIT;

	read_text(f, "site/teams/corruption.recipient", &text);
	buf_printf(&line, "keys rotate team corruption --unasked -r %.*s", (int)text.len - 1, buf_text(&text));
	must_not(f, 78, "has now", buf_text(&line));
	must_not(f, 78, "daemons.route", "keys rotate team corruption"); /* begun with a key made here */
	must(f, "keys init other --teams corruption");
	read_text(f, "other/teams/corruption.recipient", &text);
	buf_clear(&line);
	buf_printf(&line, "keys rotate team corruption --unasked -r %.*s", (int)text.len - 1, buf_text(&text));
	must_not(f, 78, "was begun", buf_text(&line));
	must(f, "keys rotate team corruption --unasked");
	must(f, buf_text(&line));
	buf_clear(&line);
	read_text(f, "route/corruption.recipient", &line);
	assert_string_equal(buf_text(&line), buf_text(&text));
	buf_release(&line);
	buf_release(&text);
}

/* A new epoch of both, and the one before retired. */
static void end_triage(struct fixture *f, const char *epoch)
{
	char line[64];

	must(f, "keys rotate triage --unasked");
	sign_list(f);
	must(f, "keys rotate triage --unasked");
	snprintf(line, sizeof(line), "keys retire triage --epoch %s --unasked", epoch);
	must(f, line);
}

/* Two people destroy a key, and nobody by retiring it. */
static void retiring_never_takes_the_last_copy(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT, other = BUF_INIT;

	unlink(at(f, "site/keyring.yaml"));
	copy(f, "site/triage/1.identity", "site/triage/old.identity", 0600);
	unlink(at(f, "site/triage/1.identity"));
	unlink(at(f, "triage/1.identity"));
	read_text(f, "site/triage/old.identity", &text);
	end_triage(f, "1");
	assert_false(is_there(f, "site/triage/old.identity"));
	read_text(f, "site/retired/triage.1.identity", &other);
	assert_string_equal(buf_text(&text), buf_text(&other));
	assert_true(has_state(f, "recovery", "1", "retired"));
	must(f, "keys rotate bus --unasked");
	for (size_t i = 0; i < 3; i++)
		unlink(at(f, (const char *[]){ "site/bus/1.key", "dedupe/1.key", "classify/1.key" }[i]));
	must_not(f, 78, "bring one back", "keys retire bus --epoch 1 --unasked");
	assert_true(is_there(f, "site/bus/1.case.routed.key"));
	buf_release(&text);
	buf_release(&other);
}

/* Whether a daemon answers or not, what was done with a key is in the log. */
static void what_is_cut_short_is_in_the_log(void **state)
{
	struct fixture *f = *state;
	struct buf log = BUF_INIT;

	must(f, "keys rotate adapter web --unasked");
	must_not(f, 78, "daemons.gateway", "keys revoke adapter web");
	read_text(f, "site/keys.log", &log);
	assert_non_null(strstr(buf_text(&log), "\"did\":\"revoking\",\"key\":\"adapter web 2\""));
	must(f, "keys revoke adapter web --unasked");
	buf_release(&log);
}

/* Takes the last line off the log: the first byte behind the one before. */
static void cut_log(struct fixture *f)
{
	struct buf log = BUF_INIT;
	size_t end;

	read_text(f, "site/keys.log", &log);
	for (end = log.len - 1; end > 0 && log.data[end - 1] != '\n'; end--)
		;
	assert_int_equal(truncate(at(f, "site/keys.log"), (off_t)end), 0);
	buf_release(&log);
}

static void must_say(struct fixture *f, const char *says, const char *line)
{
	int status = run(f, line);

	if (status != 1 || !strstr(buf_text(&said), says))
		fail_msg("%s: status %d, wanted 1 and \"%s\": %s", line, status, says, buf_text(&said));
}

static void a_log_whose_end_is_cut_off_is_missed(void **state)
{
	struct fixture *f = *state;
	struct buf log = BUF_INIT;

	must(f, "keys rotate bus --unasked --by Somebody");
	must(f, "keys retire bus --epoch 1 --unasked");
	must_be_sound(f);
	cut_log(f);
	must_say(f, "cut off", "--json keys check");
	must(f, "keys rotate team corruption --unasked");
	read_text(f, "site/keys.log", &log);
	assert_non_null(strstr(buf_text(&log), "\"did\":\"log-cut\"")); /* what comes after does not cover it up */
	assert_non_null(strstr(buf_text(&log), "\"by\":\"Somebody\""));
	assert_int_equal(count(buf_text(&log), "\"login\":\""), count(buf_text(&log), "\n"));
	assert_null(strstr(buf_text(&log), "\"login\":\"Somebody\""));
	must_be_sound(f);
	unlink(at(f, "site/keys.log"));
	must_say(f, "cut off", "--json keys check");
	buf_release(&log);
}

/* Another key under the right number opens nothing. */
static void a_daemon_with_another_key_is_named(void **state)
{
	struct fixture *f = *state;

	copy(f, "site/linkage.key", "dedupe/1.key", 0600);
	must_say(f, "tipline-dedupe lacks it", "--json keys check");
}

/* On the day that the list ends intake stops: nobody must first hear of it then. */
static void the_end_of_the_list_is_told_before(void **state)
{
	struct fixture *f = *state;

	must_be_sound(f);
	must_say(f, "and intake with it", "--json keys check --within 400");
	must(f, "recipients sign site/recipients.json --root site/root.key --from 2099-01-01 --until 2099-02-01");
	must_say(f, "valid from 2099-01-01", "--json keys check");
	must(f, "recipients root other");
	copy(f, "other/root.pub", "site/root.pub", 0644);
	must_say(f, "is of another site", "--json keys check");
	unlink(at(f, "site/recipients.json"));
	must_say(f, "put the newest list in place", "--json keys check");
}

/* A crash in the middle of a line leaves a piece that is nobody's word; it must not spoil the next line. */
static void half_a_line_of_the_log_goes(void **state)
{
	struct fixture *f = *state;
	FILE *log;

	must(f, "keys operator one");
	log = fopen(at(f, "site/keys.log"), "a");
	assert_non_null(log);
	assert_true(fputs("{\"day\":\"20", log) >= 0);
	assert_int_equal(fclose(log), 0);
	must(f, "keys operator two");
	must_be_sound(f);
}

/* Its operators, and what was retired and destroyed, are nowhere else. */
static void a_lost_inventory_is_not_made_anew(void **state)
{
	struct fixture *f = *state;

	must(f, "keys operator one");
	unlink(at(f, "site/keyring.yaml"));
	must_not(f, 78, "bring it back", "keys list");
	must_not(f, 78, "bring it back", "keys operator two");
	unlink(at(f, "site/keys.log"));
	must(f, "keys operator two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bus_rotation_survives_kills),
		cmocka_unit_test(a_triage_rotation_survives_kills),
		cmocka_unit_test(the_end_of_a_triage_rotation_survives_kills),
		cmocka_unit_test(a_team_rotation_survives_kills),
		cmocka_unit_test(a_linkage_rotation_survives_kills),
		cmocka_unit_test(an_adapter_rotation_survives_kills),
		cmocka_unit_test(retiring_survives_kills),
		cmocka_unit_test_setup_teardown(a_key_brought_before_is_taken_or_refused, begin_site, end),
		cmocka_unit_test_setup_teardown(a_key_that_went_away_is_missed, begin_site, end),
		cmocka_unit_test_setup_teardown(a_list_of_somebody_else_ends_no_rotation, begin_site, end),
		cmocka_unit_test_setup_teardown(a_team_gets_the_key_it_gave, begin_site, end),
		cmocka_unit_test_setup_teardown(retiring_never_takes_the_last_copy, begin_site, end),
		cmocka_unit_test_setup_teardown(what_is_cut_short_is_in_the_log, begin_site, end),
		cmocka_unit_test_setup_teardown(a_log_whose_end_is_cut_off_is_missed, begin_site, end),
		cmocka_unit_test_setup_teardown(a_daemon_with_another_key_is_named, begin_site, end),
		cmocka_unit_test_setup_teardown(the_end_of_the_list_is_told_before, begin_site, end),
		cmocka_unit_test_setup_teardown(half_a_line_of_the_log_goes, begin_site, end),
		cmocka_unit_test_setup_teardown(a_lost_inventory_is_not_made_anew, begin_site, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
