/* SPDX-License-Identifier: Apache-2.0 */
/* tipctl keys add adapter: killed at each step and run again; what is refused, and that nothing comes of it. */
#include "tests/unit/ctl_keys_fixture.h"

#include <sys/stat.h>

#include "schema/keys.h"
#include "schema/z85.h"

static bool is_listed(struct fixture *f, const char *list, const char *lines)
{
	struct buf text = BUF_INIT;
	bool is;

	read_text(f, list, &text);
	is = strstr(buf_text(&text), lines) != NULL;
	buf_release(&text);
	return is;
}

static void must_be_secret(struct fixture *f, const char *file)
{
	struct stat st;

	assert_int_equal(stat(at(f, file), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

/* Everywhere once, as number 2, active, with its keys. */
static void must_be_added(struct fixture *f)
{
	static const char *const lists[] = { "site/adapters.yaml", "gateway/adapters.yaml", "classify/adapters.yaml" };
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < 3; i++) {
		assert_true(is_listed(f, lists[i], "  - name: form\n    id: 2\n"));
		assert_true(is_listed(f, lists[i], "    channels: [web, letter]\n"));
		read_text(f, lists[i], &text);
		assert_int_equal(count(buf_text(&text), "  - name: "), 2);
	}
	must_be_secret(f, "site/adapters/form.sign");
	must_be_secret(f, "site/adapters/form.curve");
	assert_true(has_state(f, "adapter\n    name: \"form\"", "1", "active"));
	assert_true(is_listed(f, "site/keys.log", "\"detail\":\"number 2, web+letter\""));
	assert_true(is_listed(f, "site/keys.log", "\"did\":\"activate\",\"key\":\"adapter form 1\""));
	must_be_sound(f);
	buf_release(&text);
}

static void an_adapter_is_added(void **state)
{
	struct fixture *f = *state;

	must(f, "keys add adapter form:letter+web --unasked");
	assert_non_null(strstr(buf_text(&said), "adapter: {id: 2, channel: web}"));
	for (size_t i = 0; i < 4; i++)
		assert_non_null(strstr(buf_text(&said), (const char *[]){ "/adapters/form.sign ", "/adapters/form.curve ",
									  "/gateway.curve.pub ", "/root.pub" }[i]));
	must_be_added(f);
	must(f, "keys rotate adapter form --unasked");
	must(f, "keys retire adapter form --unasked");
	must_be_sound(f);
	must(f, "keys add adapter far:65535:phone --unasked");
	must(f, "keys add adapter near:phone --unasked"); /* behind the highest there is none */
	assert_true(is_listed(f, "site/adapters.yaml", "  - name: near\n    id: 3\n"));
	must_be_sound(f);
}

/* What had ended is refused, as it is then a name that is taken. */
static void adding_survives_kills(void **state)
{
	static const char *const line = "keys add adapter form:web+letter --unasked";
	int status = KILLED, n;

	(void)state;
	for (n = 0; status == KILLED; n++) {
		struct fixture *f;
		void *own;

		assert_int_equal(begin_site(&own), 0);
		f = own;
		status = run_killed(f, n, line);
		assert_true(status == KILLED || status == 0);
		if (run(f, line) != 0)
			assert_non_null(strstr(buf_text(&said), "there is an adapter form already"));
		must_be_added(f);
		end(&own);
	}
	assert_true(n > 10);
}

/* No daemon says that it has the list, so the adapter is not active yet: the same again, and nothing else, ends it. */
static void what_was_begun_goes_on_as_it_was(void **state)
{
	struct fixture *f = *state;

	must_not(f, 78, "daemons.gateway", "keys add adapter form:web+letter");
	assert_int_equal(run(f, "--json keys check"), 1);
	assert_non_null(strstr(buf_text(&said), "run `tipctl keys add adapter` again"));
	must_not(f, 78, "add adapter form:2:web+letter`", "keys add adapter form:7:web+letter --unasked");
	must_not(f, 78, "add adapter form:2:web+letter`", "keys add adapter form:phone --unasked");
	must_not(f, 78, "is being added", "keys rotate adapter form --unasked");
	copy(f, "site/adapters/form.sign", "form.sign", 0600);
	assert_int_equal(unlink(at(f, "site/adapters/form.sign")), 0);
	must_not(f, 78, "bring it back", "keys add adapter form:web+letter --unasked"); /* the list has that one */
	copy(f, "form.sign", "site/adapters/form.sign", 0600);
	must(f, "keys add adapter form:2:web+letter --unasked");
	must_be_added(f);
}

static const struct {
	int status;
	const char *says, *line;
} refusals[] = {
	{ 78, "keys rotate adapter web` gives it new keys", "web:5:web" },
	{ 78, "1 is the number of adapter web,", "form:1:web" },
	{ 64, "1 to 63 of a-z", "Form:web" },
	{ 64, "1 to 63 of a-z", ":web" },
	{ 64, "1 to 63 of a-z", "form_1:web" },
	{ 64, "1 to 63 of a-z", "../form:web" },
	{ 64, "1 to 63 of a-z", "a234567890123456789012345678901234567890123456789012345678901234:web" },
	{ 64, "no channel \"wbe\"", "form:wbe" },
	{ 64, "no channel \"\"", "form:web+" },
	{ 64, "no channel \"\"", "form:" },
	{ 64, "next free number", "form" },
	{ 64, "next free number", "form:2:web:3" },
	{ 64, "from 1 to 65535", "form:0:web" },
	{ 64, "from 1 to 65535", "form:65536:web" },
	{ 64, "from 1 to 65535", "form:x:web" },
};

static const char *const kept[] = { "site/adapters.yaml", "site/keyring.yaml", "site/keys.log" };

static void must_refuse(struct fixture *f, int status, const char *says, const char *spec)
{
	struct buf before[3] = { BUF_INIT, BUF_INIT, BUF_INIT }, after = BUF_INIT;
	char line[128];

	for (size_t i = 0; i < 3; i++)
		if (is_there(f, kept[i]))
			read_text(f, kept[i], &before[i]);
	snprintf(line, sizeof(line), "keys add adapter %s --unasked", spec);
	must_not(f, status, says, line);
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&after);
		if (is_there(f, kept[i]))
			read_text(f, kept[i], &after);
		assert_true(slice_equal(buf_slice(&before[i]), buf_slice(&after)));
		buf_release(&before[i]);
	}
	assert_false(is_there(f, "site/adapters/form.sign") || is_there(f, "site/adapters/form.curve"));
	buf_release(&after);
}

static void what_is_refused_leaves_nothing(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		must_refuse(f, refusals[i].status, refusals[i].says, refusals[i].line);
	must_not(f, 64, "keys add adapter NAME", "keys add team form");
	must_not(f, 78, "keys add adapter NAME", "keys rotate adapter form --unasked");
}

static void a_name_or_number_that_was_in_use_is_not_given_again(void **state)
{
	struct fixture *f = *state;

	must(f, "keys revoke adapter web --unasked");
	must_refuse(f, 78, "which was revoked: `tipctl keys rotate adapter web` says how to take it back", "web:web");
	must_refuse(f, 78, "1 is the number of adapter web, which was revoked", "form:1:web");
	must(f, "keys add adapter other:web --unasked");
	assert_true(is_listed(f, "site/adapters.yaml", "  - name: other\n    id: 2\n"));
	write_text(f, "site/adapters.yaml", "adapters: []\n", 0644);
	must_refuse(f, 78, "there was an adapter web", "web:web");
}

/* It would be on the list twice, and daemons would refuse the list. */
static void anothers_key_is_not_listed(void **state)
{
	struct fixture *f = *state;
	struct buf before = BUF_INIT, after = BUF_INIT;

	read_text(f, "site/adapters.yaml", &before);
	copy(f, "site/adapters/web.sign", "site/adapters/form.sign", 0600);
	must_not(f, 78, "cannot be its keys (sign: another adapter has the same key)",
		 "keys add adapter form:web --unasked");
	read_text(f, "site/adapters.yaml", &after);
	assert_true(slice_equal(buf_slice(&before), buf_slice(&after)));
	must_be_sound(f);
	assert_int_equal(unlink(at(f, "site/adapters/form.sign")), 0);
	must(f, "keys add adapter form:web+letter --unasked");
	must_be_added(f);
	buf_release(&before);
	buf_release(&after);
}

/* Of as many adapters as it holds; each with keys of its own. */
static void write_list(struct fixture *f, uint16_t n)
{
	struct adapter_list list = { NULL, 0 };
	struct buf text = BUF_INIT;

	list.items = mem_alloc(n * sizeof(*list.items));
	for (; list.n < n; list.n++) {
		struct adapter *adapter = &list.items[list.n];

		adapter->id = (uint16_t)(list.n + 1);
		snprintf(adapter->name, sizeof(adapter->name), "a%u", adapter->id);
		memcpy(adapter->sign_public, &adapter->id, sizeof(adapter->id));
		z85_encode(adapter->curve_public, adapter->sign_public, sizeof(adapter->sign_public));
		adapter->channels = 1;
	}
	adapter_list_print(&list, &text);
	write_text(f, "site/adapters.yaml", buf_text(&text), 0644);
	adapter_list_release(&list);
	buf_release(&text);
}

static void a_full_list_takes_no_more(void **state)
{
	struct fixture *f = *state;

	write_list(f, ADAPTER_LIST_MAX);
	must_refuse(f, 78, "room for 4096 adapters", "form:web");
	write_list(f, ADAPTER_LIST_MAX - 1);
	must(f, "keys add adapter form:web --unasked");
	assert_true(is_listed(f, "site/adapters.yaml", "  - name: form\n    id: 4096\n"));
	must_not(f, 78, "room for 4096 adapters", "keys add adapter other:web --unasked");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_adapter_is_added, begin_site, end),
		cmocka_unit_test(adding_survives_kills),
		cmocka_unit_test_setup_teardown(what_was_begun_goes_on_as_it_was, begin_site, end),
		cmocka_unit_test_setup_teardown(what_is_refused_leaves_nothing, begin_site, end),
		cmocka_unit_test_setup_teardown(a_name_or_number_that_was_in_use_is_not_given_again, begin_site, end),
		cmocka_unit_test_setup_teardown(anothers_key_is_not_listed, begin_site, end),
		cmocka_unit_test_setup_teardown(a_full_list_takes_no_more, begin_site, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
