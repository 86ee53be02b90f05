/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libtipline and the lists of recipients that a real gateway hands out, good ones and others. What makes a test fail:
 *     trust_offer is left out of take_welcome (submit_receive.c)      all
 *     try_another says that there is none (submit.c)                  another_gateway_has_the_good_list
 *     on_renewal is left out of the table (submit_receive.c)          renewed_while_connected
 *     core_welcome sends nothing (gateway/core.c)                     renewed_while_connected
 *     rehearsal_seal does not ask trust_current (tipline.c)           no_list_at_all
 */
#include "tests/unit/sdk_fixture.h"

#include "schema/recipients.h"

static uint8_t root[RECIPIENTS_ROOT_SECRET];

static const char *in_site(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", site.folder, name);
	return path;
}

/* Days are from today on. */
static struct recipients make_list(uint32_t epoch, int from, int until, const uint8_t *signer)
{
	struct recipients list;
	struct err err = ERR_INIT;

	/* The keys are the site's, so that classify could open what is sealed to them. */
	assert_int_equal(recipients_load(&list, in_site("keys/recipients.json"), &err), 0);
	list.to.epoch = epoch;
	list.not_before = clock_day() + (uint32_t)from;
	list.not_after = clock_day() + (uint32_t)until;
	if (signer != root)
		age_recipient_fill(&list.to.triage);
	assert_int_equal(recipients_draft(&list, &err), 0);
	recipients_sign(&list, signer);
	return list;
}

static void hand_out(const struct recipients *list)
{
	struct buf file = BUF_INIT;
	struct err err = ERR_INIT;

	recipients_write(&file, list);
	assert_int_equal(keys_replace(in_site("handed.json"), buf_slice(&file), 0644, &err), 0);
	buf_release(&file);
}

static void renew(const struct recipients *list)
{
	hand_out(list);
	assert_int_equal(kill(site.gateway, SIGHUP), 0);
}

/* A gateway that hands out handed.json, and an adapter that has a list of its own to begin with, or none. */
static void set_up(bool with_list)
{
	char text[1024];
	struct err err = ERR_INIT;

	kill_gateway(SIGKILL);
	assert_int_equal(keys_load_sign(root, in_site("keys/root.key"), &err), 0);
	(void)snprintf(text, sizeof(text), "listen: 127.0.0.1:%d\nkafka: {brokers: \"%s\"}\nping: 200ms\nretry: 100ms\n"
		       "keys: {curve: keys/gateway.curve, adapters: keys/adapters.yaml, recipients: handed.json}\n", site.port,
		       kafka_embedded_address(site.broker));
	write_file(site.gateway_config, text);
	if (with_list)
		return;
	(void)snprintf(text, sizeof(text), "gateway: [\"127.0.0.1:%d\"]\nadapter: {id: 1, channel: batch}\n"
		       "keys: {sign: keys/adapters/desk.sign, curve: keys/adapters/desk.curve, gateway: keys/gateway.curve.pub,"
		       " root: keys/root.pub}\nspool: {path: spool}\n"
		       "reconnect: {min: 50ms, max: 500ms, greet: 2s, stopped: 300ms}\n", site.port);
	write_file(site.config, text);
}

static void all_delivered(struct tipline *tipline, int n)
{
	size_t distinct;

	for (int64_t until = clock_mono_ms() + DEADLINE_MS; clock_mono_ms() < until && tipline_waiting(tipline) > 0;)
		(void)tipline_drain(tipline, 100);
	assert_int_equal(tipline_drain(tipline, 0), TIPLINE_OK);
	read_topic(&distinct);
	assert_int_equal(distinct, n);
}

/* Five tips wait; the gateway hands out `bad`; nothing goes. Then it has `good`, and all goes on by itself. */
static void kept_until_renewed(const struct recipients *bad, const char *code, const struct recipients *good)
{
	struct tipline *tipline = open_adapter(site.config);
	struct tipline_stats stats;
	size_t distinct;

	for (int i = 0; i < 5; i++)
		put(tipline, i);
	hand_out(bad);
	start_gateway();
	assert_int_equal(tipline_drain(tipline, -1), TIPLINE_ERECIPIENTS);
	assert_non_null(strstr(tipline_error(), code));
	tipline_stats(tipline, &stats);
	assert_string_equal(stats.recipients_refused, code);
	assert_int_equal(stats.connected, 0);
	assert_int_equal(stats.waiting, 5);
	assert_int_equal(read_topic(&distinct), 0);
	put(tipline, 5); /* the list it has is as good as before */
	renew(good);
	all_delivered(tipline, 6);
	tipline_stats(tipline, &stats);
	assert_null(stats.recipients_refused);
	assert_int_equal(stats.recipients_epoch, good->to.epoch);
	assert_int_equal(stats.refused, 0);
	tipline_close(tipline, 0);
}

static void test_a_gateway_that_names_its_own_key(void **state)
{
	uint8_t own_public[RECIPIENTS_ROOT_PUBLIC], own[RECIPIENTS_ROOT_SECRET];
	(void)state;

	set_up(true);
	frame_sign_keypair(own_public, own);
	const struct recipients bad = make_list(9, 0, 30, own), good = make_list(2, 0, 30, root);
	kept_until_renewed(&bad, RECIPIENTS_SIGNATURE, &good);
}

static void test_an_expired_list(void **state)
{
	(void)state;
	set_up(true);
	const struct recipients bad = make_list(2, -30, -1, root), good = make_list(3, 0, 30, root);
	kept_until_renewed(&bad, RECIPIENTS_EXPIRED, &good);
}

static void test_a_list_before_its_time(void **state)
{
	(void)state;
	set_up(true);
	const struct recipients bad = make_list(2, 2, 30, root), good = make_list(3, 0, 30, root);
	kept_until_renewed(&bad, RECIPIENTS_EARLY, &good);
}

static void test_two_lists_of_one_epoch(void **state)
{
	(void)state;
	set_up(true);
	const struct recipients bad = make_list(1, 0, 31, root), good = make_list(2, 0, 30, root);
	kept_until_renewed(&bad, RECIPIENTS_CONFLICT, &good);
}

static bool has_epoch(void *arg)
{
	struct tipline_stats stats;
	tipline_stats(((void **)arg)[0], &stats);
	return stats.recipients_epoch == *(uint32_t *)((void **)arg)[1];
}

static void await_epoch(struct tipline *tipline, uint32_t epoch)
{
	void *arg[] = { tipline, &epoch };
	wait_until(has_epoch, arg, "the new list");
}

static void test_renewed_while_connected(void **state)
{
	struct seal_recipients to;
	struct tipline_stats stats;
	(void)state;

	set_up(true);
	struct recipients list = make_list(5, 0, 30, root);
	struct err err = ERR_INIT;
	hand_out(&list);
	start_gateway();
	struct tipline *tipline = open_adapter(site.config);
	await_epoch(tipline, 5);
	put(tipline, 0);
	all_delivered(tipline, 1);
	age_recipient_fill(&list.to.triage); /* triage was rotated */
	list.to.epoch = 6;
	assert_int_equal(recipients_draft(&list, &err), 0);
	recipients_sign(&list, root);
	tipline_stats(tipline, &stats);
	uint64_t reconnects = stats.reconnects;
	renew(&list);
	await_epoch(tipline, 6);
	assert_int_equal(rehearsal_recipients(tipline, &to), TIPLINE_OK);
	assert_memory_equal(&to, &list.to, sizeof(to));
	put(tipline, 1);
	all_delivered(tipline, 2);
	tipline_stats(tipline, &stats);
	assert_int_equal(stats.reconnects, reconnects);
	assert_int_equal(stats.recipients_until, list.not_after);
	/* The gateway falls into the wrong hands under a session that stands: the session ends with its first word. */
	uint8_t own_public[RECIPIENTS_ROOT_PUBLIC], own[RECIPIENTS_ROOT_SECRET];
	frame_sign_keypair(own_public, own);
	const struct recipients foreign = make_list(7, 0, 30, own);
	renew(&foreign);
	for (int64_t until = clock_mono_ms() + DEADLINE_MS; stats.recipients_refused == NULL && clock_mono_ms() < until;)
		tipline_stats(tipline, &stats);
	assert_string_equal(stats.recipients_refused, RECIPIENTS_SIGNATURE);
	assert_int_equal(stats.connected, 0);
	tipline_close(tipline, 0);
}

/* The epoch that was seen outlives the process: an older list that is still valid is refused by the next run. */
static void test_an_older_list_after_a_restart(void **state)
{
	(void)state;
	set_up(true);
	const struct recipients five = make_list(5, 0, 30, root), four = make_list(4, 0, 30, root),
				six = make_list(6, 0, 30, root);
	hand_out(&five);
	start_gateway();
	struct tipline *tipline = open_adapter(site.config);
	await_epoch(tipline, 5);
	tipline_close(tipline, 0);
	kill_gateway(SIGKILL);
	kept_until_renewed(&four, RECIPIENTS_OLDER, &six);
}

static bool listens(void *arg)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons((uint16_t)*(int *)arg) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool taken = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

	close(fd);
	return taken;
}

/* The first gateway of two is in the wrong hands: tips go by the other, and the first is told nothing. */
static void test_another_gateway_has_the_good_list(void **state)
{
	uint8_t own_public[RECIPIENTS_ROOT_PUBLIC], own[RECIPIENTS_ROOT_SECRET];
	struct tipline_stats stats;
	char text[1024];
	(void)state;

	set_up(true);
	frame_sign_keypair(own_public, own);
	const struct recipients bad = make_list(9, 0, 30, own);
	hand_out(&bad);
	start_gateway();
	const pid_t wrong = site.gateway;
	int first = site.port;
	wait_until(listens, &first, "the first gateway to listen");
	site.port = free_port();
	write_configs();
	start_gateway();
	wait_until(listens, &site.port, "the second gateway to listen");
	(void)snprintf(text, sizeof(text),
		       "gateway: [\"127.0.0.1:%d\", \"127.0.0.1:%d\"]\nadapter: {id: 1, channel: batch}\n"
		       "keys: {sign: keys/adapters/desk.sign, curve: keys/adapters/desk.curve, gateway: keys/gateway.curve.pub,"
		       " root: keys/root.pub, recipients: keys/recipients.json}\nspool: {path: spool}\n"
		       "reconnect: {min: 50ms, max: 200ms, greet: 15s, stopped: 300ms}\n", first, site.port);
	write_file(site.config, text);
	struct tipline *tipline = open_adapter(site.config);
	for (int i = 0; i < 5; i++)
		put(tipline, i);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK); /* nobody has to look */
	all_delivered(tipline, 5);
	tipline_stats(tipline, &stats);
	assert_null(stats.recipients_refused);
	assert_int_equal(stats.recipients_epoch, 1);
	assert_int_equal(stats.reconnects, 1); /* the first was tried, */
	assert_int_equal(stats.resubmitted, 0); /* and given none */
	tipline_close(tipline, 0);
	kill_gateway(SIGKILL);
	site.gateway = wrong;
	kill_gateway(SIGKILL);
}

static void test_no_list_at_all(void **state)
{
	static const char json[] = "{\"channel\":\"batch\",\"narrative\":\"told to nobody\",\"contact\":\"none\"}";
	uint8_t id[TIPLINE_ID_BYTES];
	(void)state;

	set_up(false);
	struct tipline *tipline = open_adapter(site.config);
	assert_int_equal(tipline_ready(tipline, 0), TIPLINE_ERECIPIENTS);
	assert_int_equal(tipline_put(tipline, json, strlen(json), id, NULL), TIPLINE_ERECIPIENTS);
	assert_non_null(strstr(tipline_error(), RECIPIENTS_ABSENT));
	assert_int_equal(tipline_waiting(tipline), 0);
	const struct recipients past = make_list(2, -30, -1, root), good = make_list(3, 0, 30, root);
	hand_out(&past);
	start_gateway();
	assert_int_equal(tipline_ready(tipline, DEADLINE_MS), TIPLINE_ERECIPIENTS);
	assert_non_null(strstr(tipline_error(), RECIPIENTS_EXPIRED));
	renew(&good);
	for (int64_t until = clock_mono_ms() + DEADLINE_MS; tipline_ready(tipline, 100) != TIPLINE_OK;)
		assert_true(clock_mono_ms() < until);
	put(tipline, 1);
	all_delivered(tipline, 1);
	tipline_close(tipline, 0);
	/* From now on it needs no gateway to take tips. */
	kill_gateway(SIGKILL);
	tipline = open_adapter(site.config);
	assert_int_equal(tipline_ready(tipline, 0), TIPLINE_OK);
	put(tipline, 2);
	assert_int_equal(tipline_waiting(tipline), 1);
	tipline_close(tipline, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_site, remove_site)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_gateway_that_names_its_own_key),
		CASE(test_an_expired_list),
		CASE(test_a_list_before_its_time),
		CASE(test_two_lists_of_one_epoch),
		CASE(test_renewed_while_connected),
		CASE(test_an_older_list_after_a_restart),
		CASE(test_another_gateway_has_the_good_list),
		CASE(test_no_list_at_all),
	};
	if (argc == 3 && strcmp(argv[1], "--as-gateway") == 0) {
		char name[] = "tipline-gateway", option[] = "--config", level[] = "--log-level", info[] = "info";
		char *args[] = { name, option, argv[2], level, info, NULL };
		return program_main(5, args, &gateway_program);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
