/* SPDX-License-Identifier: Apache-2.0 */
/* tipctl keys retire: what is asked before anything is taken away. */
#include "tests/unit/ctl_keys_fixture.h"

#include <stdatomic.h>

#include "ops/runtime/http.h"

static atomic_int lag;

static bool ready(void *arg, struct buf *why)
{
	(void)arg;
	(void)why;
	return true;
}

static void status(void *arg, struct buf *json)
{
	(void)arg;
	buf_printf(json, "{\"lag_records\":%d,\"keys\":{\"names\":[]}}", atomic_load(&lag));
}

/* tipctl asks there; `silent` is asked where nobody listens. */
static void ask_at(struct fixture *f, const char *address, const char *silent)
{
	static const char *const stages[] = { "classify", "dedupe", "route", "sink" };
	struct buf conf = BUF_INIT;

	buf_append_str(&conf, "keys: ../site\nkafka:\n  brokers: 127.0.0.1:1\ndaemons:\n");
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		buf_printf(&conf, "  %s: %s\n", stages[i], strcmp(stages[i], silent) == 0 ? "127.0.0.1:1" : address);
	write_text(f, "conf/tipctl.yaml", buf_text(&conf), 0600);
	buf_release(&conf);
}

static void must_have_all(struct fixture *f)
{
	struct buf log = BUF_INIT;

	assert_true(has_state(f, "bus", "1", "overlap") && has_state(f, "triage", "1", "overlap"));
	assert_true(is_there(f, "site/bus/1.key") && is_there(f, "classify/1.key") && is_there(f, "dedupe/1.key"));
	assert_true(is_there(f, "site/triage/1.identity") && is_there(f, "triage/1.identity"));
	assert_false(is_there(f, "site/retired/bus.1.key") || is_there(f, "site/retired/triage.1.identity"));
	read_text(f, "site/keys.log", &log);
	assert_null(strstr(buf_text(&log), "retiring"));
	buf_release(&log);
}

static void begin_overlap(struct fixture *f)
{
	must(f, "keys rotate bus --unasked");
	must(f, "keys rotate triage --unasked");
	sign_list(f);
	must(f, "keys rotate triage --unasked");
}

/* It used to take the key from all folders first: records that waited for the silent stage were parked. */
static void nothing_is_taken_before_all_answer(void **state)
{
	static const struct http_hooks hooks = { .ready = ready, .status = status };
	static const char *const stages[] = { "classify", "dedupe", "route", "sink" };
	struct fixture *f = *state;
	struct http_server *server;
	char says[64];

	begin_overlap(f);
	must_not(f, 78, "daemons.classify", "keys retire bus --epoch 1 --wait 0"); /* not configured */
	must_have_all(f);
	assert_int_equal(http_start(&server, "127.0.0.1:0", &hooks, NULL), 0);
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		ask_at(f, http_address(server), stages[i]);
		snprintf(says, sizeof(says), "nothing was changed: %s does not answer", stages[i]);
		must_not(f, 75, says, "keys retire bus --epoch 1 --wait 0");
		must_have_all(f);
	}
	ask_at(f, http_address(server), "classify");
	must_not(f, 75, "classify does not answer", "keys retire triage --epoch 1 --wait 0");
	must_have_all(f);
	must(f, "keys retire bus --epoch 1 --unasked");
	must(f, "keys retire triage --epoch 1 --unasked");
	must_be_sound(f);
	http_stop(server);
}

static void nothing_is_taken_while_records_wait(void **state)
{
	static const struct http_hooks hooks = { .ready = ready, .status = status };
	struct fixture *f = *state;
	struct http_server *server;

	begin_overlap(f);
	assert_int_equal(http_start(&server, "127.0.0.1:0", &hooks, NULL), 0);
	ask_at(f, http_address(server), "");
	atomic_store(&lag, 3);
	must_not(f, 75, "records wait for dedupe", "keys retire bus --epoch 1 --wait 0");
	must_not(f, 75, "shows no lag", "keys retire triage --epoch 1 --wait 0");
	must_have_all(f);
	atomic_store(&lag, 0);
	must(f, "keys retire bus --epoch 1");
	assert_string_equal(buf_text(&said), "retired  bus 1\n");
	must(f, "keys retire triage --epoch 1");
	assert_true(has_state(f, "bus", "1", "retired") && has_state(f, "triage", "1", "retired"));
	assert_false(is_there(f, "classify/1.key") || is_there(f, "triage/1.identity"));
	http_stop(server);
}

/* `former` stands for the keys of another adapter, which must not be those of the inventory. */
static void bring_back_former(struct fixture *f)
{
	struct buf list = BUF_INIT;

	read_text(f, "site/adapters.yaml", &list);
	buf_append_str(&list, "    former:\n      sign: '");
	for (int i = 0; i < 32; i++)
		buf_append_str(&list, "5a");
	buf_append_str(&list, "'\n      curve: 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'\n");
	write_text(f, "site/adapters.yaml", buf_text(&list), 0644);
	buf_release(&list);
}

/* It used to leave an entry that `keys check` advised to go on with, and could not. */
static void a_refused_rotation_begins_nothing(void **state)
{
	struct fixture *f = *state;

	must(f, "keys rotate adapter web --unasked");
	must_not(f, 78, "keys retire adapter web", "keys rotate adapter web --unasked");
	assert_false(is_there(f, "site/adapters/web.3.sign"));
	must_be_sound(f);
	must(f, "keys retire adapter web --unasked");
	assert_string_equal(buf_text(&said), "retired  adapter web\n");
	must_not(f, 78, "no former key", "keys retire adapter web --unasked");
	must(f, "keys rotate adapter web --unasked");
	assert_true(is_there(f, "site/adapters/web.3.sign"));
	must_be_sound(f);
}

/* Rotate used to name retire, which asked the inventory and refused. */
static void former_keys_of_the_list_can_be_retired(void **state)
{
	struct fixture *f = *state;
	struct buf list = BUF_INIT;

	must(f, "keys rotate adapter web --unasked");
	must(f, "keys retire adapter web --unasked");
	bring_back_former(f);
	must_not(f, 78, "keys retire adapter web", "keys rotate adapter web --unasked");
	must(f, "keys retire adapter web --unasked");
	read_text(f, "site/adapters.yaml", &list);
	assert_null(strstr(buf_text(&list), "former"));
	must_be_sound(f);
	must(f, "keys rotate adapter web --unasked");
	buf_release(&list);
}

/* The adapter may have nothing but its former keys yet. */
static void no_key_is_retired_in_the_middle_of_a_rotation(void **state)
{
	struct fixture *f = *state;

	must_not(f, 78, "daemons.gateway", "keys rotate adapter web");
	must_not(f, 78, "is not finished", "keys retire adapter web --unasked");
	must(f, "keys rotate adapter web --unasked");
	must(f, "keys retire adapter web --unasked");
}

/* As the refusal says; what was revoked must not come back as its former keys. */
static void a_revoked_adapter_comes_back_with_new_keys(void **state)
{
	struct fixture *f = *state;
	struct buf list = BUF_INIT, old = BUF_INIT;
	char *line;

	must(f, "keys rotate adapter web --unasked");
	must(f, "keys retire adapter web --unasked");
	read_text(f, "site/adapters.yaml", &old);
	must(f, "keys revoke adapter web --unasked");
	must_not(f, 78, "\"revoked: true\" out of", "keys rotate adapter web --unasked");
	read_text(f, "site/adapters.yaml", &list);
	line = strstr(buf_text(&list), "    revoked: true\n");
	assert_non_null(line);
	*line = '\0'; /* the last there is */
	write_text(f, "site/adapters.yaml", buf_text(&list), 0644);
	must(f, "keys rotate adapter web --unasked");
	read_text(f, "gateway/adapters.yaml", &list);
	assert_null(strstr(buf_text(&list), "former"));
	assert_null(strstr(buf_text(&list), "revoked"));
	assert_string_not_equal(buf_text(&list), buf_text(&old));
	must_be_sound(f);
	must(f, "keys rotate adapter web --unasked");
	must(f, "keys retire adapter web --unasked");
	must_be_sound(f);
	buf_release(&list);
	buf_release(&old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_taken_before_all_answer, begin_site, end),
		cmocka_unit_test_setup_teardown(nothing_is_taken_while_records_wait, begin_site, end),
		cmocka_unit_test_setup_teardown(a_refused_rotation_begins_nothing, begin_site, end),
		cmocka_unit_test_setup_teardown(former_keys_of_the_list_can_be_retired, begin_site, end),
		cmocka_unit_test_setup_teardown(no_key_is_retired_in_the_middle_of_a_rotation, begin_site, end),
		cmocka_unit_test_setup_teardown(a_revoked_adapter_comes_back_with_new_keys, begin_site, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
