/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which list of recipients a gateway hands out. What makes a test fail when it is broken in gateway/announce.c:
 *     keeps says false                              an_early_list_waits_for_its_day, an_expired_list_is_not_taken_up
 *     announce_load leaves `waits` at 0             an_early_list_waits_for_its_day
 *     announce_load does not begin with 0 there     an_early_list_can_be_taken_back
 *     check_follows does not ask for not_before     an_early_list_was_never_in_force
 *     check_follows says 0                          an_older_list_is_refused
 */
#include "tests/unit/folder_fixture.h"

#include <stdlib.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/file.h"
#include "producers/gateway/announce.h"
#include "schema/frame.h"
#include "schema/hex.h"

#define TODAY 20000
#define DAY_MS INT64_C(86400000)

static uint8_t root[RECIPIENTS_ROOT_SECRET];
static struct conf *conf;
static struct announce announce;

/* What a gateway reads besides; the welcome names it. */
static const struct conf_key others[] = {
	{ "max_frame", CONF_SIZE, "1054820", 16384, 1054820, NULL, "largest frame in bytes" },
	{ "ping", CONF_DURATION, "2s", 100, 60000, NULL, "how often adapters ask whether the gateway lives" },
	CONF_KEYS_END
};
static const struct conf_key *const tables[] = { others, announce_keys, NULL };

static void put_list(struct fixture *f, uint32_t epoch, uint32_t from, uint32_t until)
{
	struct recipients list = { .to.epoch = epoch, .not_before = from, .not_after = until };
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	age_recipient_fill(&list.to.triage);
	age_recipient_fill(&list.to.recovery);
	age_recipient_fill(&list.to.custodian);
	assert_int_equal(recipients_draft(&list, &err), 0);
	recipients_sign(&list, root);
	recipients_write(&file, &list);
	write_text(f, "recipients.json", buf_text(&file), 0644);
	buf_release(&file);
}

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint8_t public_key[RECIPIENTS_ROOT_PUBLIC];
	char hex[2 * RECIPIENTS_ROOT_PUBLIC + 2];
	struct buf text = BUF_INIT;
	struct err err = ERR_INIT;

	if (f == NULL || keys_begin(&err) != 0)
		return -1;
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/announce_test.XXXXXX");
	if (mkdtemp(f->folder) == NULL)
		return -1;
	frame_sign_keypair(public_key, root);
	hex_encode(hex, public_key, sizeof(public_key));
	hex[2 * RECIPIENTS_ROOT_PUBLIC] = '\n';
	hex[2 * RECIPIENTS_ROOT_PUBLIC + 1] = '\0';
	write_text(f, "root.pub", hex, 0644);
	put_list(f, 6, TODAY - 10, TODAY + 5);
	buf_printf(&text, "keys: {recipients: %s/recipients.json, root: %s/root.pub}\n", f->folder, f->folder);
	int result = conf_parse(&conf, "gateway.yaml", buf_text(&text), tables, &err);
	buf_release(&text);
	if (result != 0)
		(void)fprintf(stderr, "%s\n", err.text);
	clock_freeze(1000, TODAY * DAY_MS);
	announce = (struct announce){ .welcome = BUF_INIT };
	*state = f;
	return result;
}

static int finish(void **state)
{
	clock_thaw();
	announce_release(&announce);
	conf_free(conf);
	return end(state);
}

static void load(void)
{
	struct err err = ERR_INIT;

	if (announce_load(&announce, conf, &err) != 0)
		fail_msg("%s", err.text);
}

static void an_early_list_waits_for_its_day(void **state)
{
	struct fixture *f = *state;

	load();
	put_list(f, 7, TODAY + 2, TODAY + 30);
	load();
	assert_int_equal(announce.list.to.epoch, 6);
	assert_false(announce_is_current(&announce));
	clock_advance(DAY_MS);
	assert_false(announce_due(&announce));
	clock_advance(DAY_MS);
	assert_true(announce_due(&announce));
	load();
	assert_int_equal(announce.list.to.epoch, 7);
	assert_true(announce_is_current(&announce));
	assert_false(announce_due(&announce));
}

/* It was never in force: what was before it can be put back, and what is valid sooner take its place. */
static void an_early_list_can_be_taken_back(void **state)
{
	struct fixture *f = *state;
	struct buf six = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(file_read(&six, at(f, "recipients.json"), RECIPIENTS_FILE_MAX, &err), 0);
	load();
	put_list(f, 8, TODAY + 2, TODAY + 30);
	load();
	write_text(f, "recipients.json", buf_text(&six), 0644);
	load();
	assert_true(announce_is_current(&announce));
	clock_advance(2 * DAY_MS);
	assert_false(announce_due(&announce));
	put_list(f, 7, TODAY, TODAY + 30);
	load();
	assert_int_equal(announce.list.to.epoch, 7);
	buf_release(&six);
}

/* At the start there is no other to hand out. */
static void an_early_list_was_never_in_force(void **state)
{
	struct fixture *f = *state;

	put_list(f, 7, TODAY + 2, TODAY + 30);
	load();
	assert_int_equal(announce.list.to.epoch, 7);
	put_list(f, 6, TODAY, TODAY + 30);
	load();
	assert_int_equal(announce.list.to.epoch, 6);
}

static void an_expired_list_is_not_taken_up(void **state)
{
	struct fixture *f = *state;

	load();
	put_list(f, 7, TODAY - 30, TODAY - 1);
	load();
	assert_int_equal(announce.list.to.epoch, 6);
	assert_false(announce_is_current(&announce) || announce_due(&announce));
	clock_advance(6 * DAY_MS); /* no better than the other now, and older */
	load();
	assert_int_equal(announce.list.to.epoch, 7);
}

static void an_older_list_is_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	load();
	put_list(f, 5, TODAY, TODAY + 30);
	assert_int_equal(announce_load(&announce, conf, &err), -1);
	assert_ptr_equal(err.reason, RECIPIENTS_OLDER);
	assert_int_equal(announce.list.to.epoch, 6);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(an_early_list_waits_for_its_day),
		CASE(an_early_list_can_be_taken_back),
		CASE(an_early_list_was_never_in_force),
		CASE(an_expired_list_is_not_taken_up),
		CASE(an_older_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
