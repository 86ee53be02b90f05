/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libtipline against the real gateway in a process of its own, CURVE on loopback, and librdkafka's embedded broker.
 * The gateway's process is this program again, so that it can be killed at any moment.
 */
#include "tests/unit/sdk_fixture.h"

#include <pthread.h>

static bool some_stored(void *arg)
{
	return atomic_load(&results[TIPLINE_STORED]) >= *(int *)arg;
}

static void test_stored(void **state)
{
	struct tipline_stats stats;
	size_t distinct;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	for (int i = 0; i < 20; i++)
		put(tipline, i);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	tipline_stats(tipline, &stats);
	assert_int_equal(stats.put, 20);
	assert_int_equal(stats.stored, 20);
	assert_int_equal(stats.waiting, 0);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 20);
	assert_int_equal(tipline_close(tipline, 1000), TIPLINE_OK);
	assert_int_equal(read_topic(&distinct), 20);
	assert_int_equal(distinct, 20);
}

static void test_gateway_killed(void **state)
{
	size_t distinct;
	int some = 20;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	for (int i = 0; i < TIPS / 2; i++)
		put(tipline, i);
	wait_until(some_stored, &some, "first acknowledgements");
	kill_gateway(SIGKILL);
	for (int i = TIPS / 2; i < TIPS; i++)
		put(tipline, i);
	start_gateway();
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]) + atomic_load(&results[TIPLINE_DUPLICATE]), TIPS);
	tipline_close(tipline, 1000);
	assert_true(read_topic(&distinct) >= TIPS);
	assert_int_equal(distinct, TIPS);
}

static void test_left_for_the_next_run(void **state)
{
	(void)state;
	kill_gateway(SIGKILL);
	struct tipline *tipline = open_adapter(site.config);
	for (int i = 0; i < 5; i++)
		put(tipline, i);
	assert_int_equal(tipline_close(tipline, 0), TIPLINE_ETIMEDOUT);
	start_gateway();
	tipline = open_adapter(site.config);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 5);
	tipline_close(tipline, 0);
}

static void test_same_frame_again(void **state)
{
	static const char json[] = "{\"channel\":\"batch\",\"narrative\":\"told twice\",\"contact\":\"none\"}";
	struct buf frame = BUF_INIT;
	uint8_t id[TIPLINE_ID_BYTES];
	size_t distinct;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	assert_int_equal(rehearsal_seal(tipline, NULL, slice_str(json), &frame, id), TIPLINE_OK);
	/* Both at once: the second must neither overtake nor be lost. */
	assert_int_equal(rehearsal_put_frame(tipline, buf_slice(&frame), id, NULL), TIPLINE_OK);
	assert_int_equal(rehearsal_put_frame(tipline, buf_slice(&frame), id, NULL), TIPLINE_OK);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 1);
	assert_int_equal(atomic_load(&results[TIPLINE_DUPLICATE]), 1);
	tipline_close(tipline, 0);
	buf_release(&frame);
	assert_int_equal(read_topic(&distinct), 1);
}

static void test_sealed_anew(void **state)
{
	char json[200];
	uint8_t id[TIPLINE_ID_BYTES];
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	int len = snprintf(json, sizeof(json),
			   "{\"tip_id\":\"%032d\",\"channel\":\"batch\",\"narrative\":\"told twice\","
			   "\"contact\":\"none\"}",
			   7);
	for (int i = 0; i < 2; i++)
		assert_int_equal(tipline_put(tipline, json, (size_t)len, id, NULL), TIPLINE_OK);
	assert_int_equal(id[15], 7);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	/* The gateway cannot see that both say the same: both are published, dedupe will know. */
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 2);
	tipline_close(tipline, 0);
}

static void test_damaged_frames(void **state)
{
	static const char json[] = "{\"channel\":\"batch\",\"narrative\":\"damaged on its way\",\"contact\":\"none\"}";
	struct buf frame = BUF_INIT;
	struct tipline_stats stats;
	uint8_t id[TIPLINE_ID_BYTES];
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	for (size_t at = 4; at < 1500; at += 311) {
		buf_clear(&frame);
		assert_int_equal(rehearsal_seal(tipline, NULL, slice_str(json), &frame, id), TIPLINE_OK);
		frame.data[at] ^= 4;
		assert_int_equal(rehearsal_put_frame(tipline, buf_slice(&frame), id, NULL), TIPLINE_OK);
	}
	put(tipline, 1); /* and one that is whole goes on */
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	tipline_stats(tipline, &stats);
	assert_int_equal(stats.refused, 5);
	assert_int_equal(stats.quarantined, 5);
	assert_int_equal(stats.stored, 1);
	assert_int_equal(atomic_load(&results[TIPLINE_REFUSED]), 5);
	tipline_close(tipline, 0);
	buf_release(&frame);
}

/* So late that whoever does not wait for receipts has long gone on. */
static void on_late_receipt(void *arg, const struct tipline_receipt *receipt)
{
	(void)usleep(300000);
	on_receipt(arg, receipt);
}

/* Nothing is drained before its receipt was given: fails when tipline_drain looks at the spool alone (tried). */
static void test_another_adapters_id(void **state)
{
	(void)state;
	/* The transport key of desk, but frames that say they are of line. */
	write_adapter_config(site.config, "line", 2, "keys/adapters/desk.curve", "spool");
	struct tipline *tipline = open_adapter(site.config);
	tipline_on_receipt(tipline, on_late_receipt, NULL);
	put(tipline, 1);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	assert_int_equal(atomic_load(&results[TIPLINE_REFUSED]), 1);
	assert_int_equal(atomic_load(&last_code), 100);
	tipline_close(tipline, 0);
}

/* A spare pair, which is on no list, made by another site. */
static void test_unknown_transport_key(void **state)
{
	static const char *const teams[] = { "assessment" };
	static const struct keys_site_adapter adapters[] = { { "desk", 1, 15 } };
	const struct keys_site keys = { .epoch = 1, .teams = teams, .n_teams = 1, .adapters = adapters,
					.n_adapters = 1 };
	struct err err = ERR_INIT;
	struct tipline_stats stats;
	char path[128];
	(void)state;

	(void)snprintf(path, sizeof(path), "%s/other", site.folder);
	assert_int_equal(keys_make_site(path, &keys, &err), 0);
	struct tipline *known = open_adapter(site.config);
	put(known, 1);
	assert_int_equal(tipline_drain(known, DEADLINE_MS), TIPLINE_OK); /* the gateway serves */
	tipline_close(known, 0);
	write_adapter_config(site.config, "desk", 1, "other/adapters/desk.curve", "spool");
	struct tipline *stranger = open_adapter(site.config);
	put(stranger, 2);
	assert_int_equal(tipline_drain(stranger, -1), TIPLINE_ESTOPPED);
	tipline_stats(stranger, &stats);
	assert_int_equal(stats.stopped, 1);
	assert_int_equal(stats.connected, 0);
	assert_int_equal(stats.stored, 0);
	assert_int_equal(stats.waiting, 1);
	tipline_close(stranger, 0);
}

static char list_before[65536];

static void mark_revoked(const char *name)
{
	char path[128], *from = list_before;
	struct buf out = BUF_INIT;

	(void)snprintf(path, sizeof(path), "%s/keys/adapters.yaml", site.folder);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	size_t len = fread(from, 1, sizeof(list_before) - 1, file);
	(void)fclose(file);
	from[len] = '\0';
	/* Its entry's channels line stays; a member is added after the name. */
	char *at = strstr(from, name);
	assert_non_null(at);
	char *line = at + strlen(name);
	int indent = 0;
	char *start = at;
	while (start > from && start[-1] != '\n')
		start--;
	while (start[indent] == ' ' || start[indent] == '-')
		indent++;
	buf_append(&out, from, (size_t)(line - from));
	buf_printf(&out, "\n%*srevoked: true", indent, "");
	buf_append_str(&out, line);
	write_file(path, buf_text(&out));
	buf_release(&out);
}

static bool is_stopped(void *arg)
{
	struct tipline_stats stats;
	tipline_stats(arg, &stats);
	return stats.stopped;
}

static void allow_again(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/keys/adapters.yaml", site.folder);
	write_file(path, list_before);
	assert_int_equal(kill(site.gateway, SIGHUP), 0);
}

static void test_revoked(void **state)
{
	struct tipline_stats stats;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	put(tipline, 1);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	tipline_stats(tipline, &stats);
	assert_int_equal(stats.connected, 1);
	mark_revoked("desk");
	assert_int_equal(kill(site.gateway, SIGHUP), 0);
	/* Its next message, a ping at the latest, is answered with REVOKED though the connection still stands. */
	wait_until(is_stopped, tipline, "the revoked adapter to stop");
	put(tipline, 2);
	/* However long it was to wait: nothing comes of waiting until a person has looked. */
	assert_int_equal(tipline_drain(tipline, -1), TIPLINE_ESTOPPED);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 1);
	assert_int_equal(tipline_waiting(tipline), 1);
	/* Once it is allowed again the adapter goes on by itself. */
	allow_again();
	for (int64_t until = clock_mono_ms() + DEADLINE_MS; clock_mono_ms() < until && tipline_waiting(tipline) > 0;)
		(void)tipline_drain(tipline, 100);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 2);
	tipline_close(tipline, 0);
}

/* Refused in the handshake already: no message of TIP/1 says so. */
static void test_revoked_before_it_connects(void **state)
{
	struct tipline_stats stats;
	(void)state;

	struct tipline *before = open_adapter(site.config);
	put(before, 1);
	assert_int_equal(tipline_drain(before, DEADLINE_MS), TIPLINE_OK);
	mark_revoked("desk");
	assert_int_equal(kill(site.gateway, SIGHUP), 0);
	wait_until(is_stopped, before, "the list to be read");
	tipline_close(before, 0);

	struct tipline *tipline = open_adapter(site.config);
	put(tipline, 2);
	assert_int_equal(tipline_drain(tipline, -1), TIPLINE_ESTOPPED);
	/* It stays said while the adapter tries again, and until it is welcome. */
	for (int64_t until = clock_mono_ms() + 1000; clock_mono_ms() < until; usleep(1000)) {
		tipline_stats(tipline, &stats);
		assert_int_equal(stats.stopped, 1);
	}
	assert_true(stats.reconnects > 0);
	allow_again();
	for (int64_t until = clock_mono_ms() + DEADLINE_MS; clock_mono_ms() < until && tipline_waiting(tipline) > 0;)
		(void)tipline_drain(tipline, 100);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 2);
	tipline_stats(tipline, &stats);
	assert_int_equal(stats.stopped, 0);
	tipline_close(tipline, 0);
}

static void test_orderly_stop(void **state)
{
	size_t distinct;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	for (int i = 0; i < 50; i++)
		put(tipline, i);
	int status;
	assert_int_equal(kill(site.gateway, SIGTERM), 0);
	assert_int_equal(waitpid(site.gateway, &status, 0), site.gateway);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	start_gateway();
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	tipline_close(tipline, 0);
	assert_true(read_topic(&distinct) >= 50);
	assert_int_equal(distinct, 50);
}

static void test_broker_errors(void **state)
{
	struct err err = ERR_INIT;
	size_t distinct;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	put(tipline, 0);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	assert_int_equal(kafka_embedded_fail_produce(site.broker, "NOT_ENOUGH_REPLICAS", 3, &err), 0);
	/*
	 * One by one: the embedded broker does not refuse what overtakes a request it answered with an error, and then
	 * takes the repeat for a duplicate. A bare librdkafka program loses records that way too; Apache Kafka, which
	 * checks the sequence, does not let the later request in.
	 */
	for (int i = 1; i < 30; i++) {
		put(tipline, i);
		assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	}
	tipline_close(tipline, 0);
	assert_true(read_topic(&distinct) >= 30);
	assert_int_equal(distinct, 30);
}

static void test_bad_documents(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "{\"narrative\":\"\"}", "{\"narrative\":7}",
					   "{\"tip_id\":\"zz\",\"channel\":\"batch\",\"narrative\":\"x\"}" };
	uint8_t id[TIPLINE_ID_BYTES];
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(tipline_check(bad[i], strlen(bad[i])), TIPLINE_EINVAL);
		assert_int_equal(tipline_put(tipline, bad[i], strlen(bad[i]), id, NULL), TIPLINE_EINVAL);
		assert_true(strlen(tipline_error()) > 0);
	}
	assert_int_equal(tipline_waiting(tipline), 0);
	tipline_close(tipline, 0);
}

static void *put_share(void *arg)
{
	for (int i = 0; i < 1000; i++)
		put(arg, i);
	return NULL;
}

/* Not a limit, a figure: printed for whoever compares. */
static void test_rate(void **state)
{
	pthread_t threads[4];
	(void)state;
	struct tipline *tipline = open_adapter(site.config);
	put(tipline, 0);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	int64_t start = clock_mono_ms();
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, put_share, tipline), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	int64_t spooled = clock_mono_ms() - start;
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	int64_t drained = clock_mono_ms() - start;
	print_message("4,000 tips of 4 threads: spooled in %lld ms, acknowledged after %lld ms, %lld/s\n",
		      (long long)spooled, (long long)drained, (long long)(4000 * 1000 / (drained > 0 ? drained : 1)));
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 4001);
	tipline_close(tipline, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_site, remove_site)

/*
 * The broker refuses a record; librdkafka goes on without it. Guarantee 1 in the gateway: fails when publisher.c passes
 * every delivery on as a good one (tried): the tip is acknowledged, gone from the spool, and not in the topic.
 */
static void test_refused_record(void **state)
{
	struct tipline *tipline = open_adapter(site.config);
	struct err err = ERR_INIT;
	size_t distinct;

	(void)state;
	put(tipline, 0); /* takes the connection and the producer id out of the way */
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	if (kafka_embedded_fail_produce(site.broker, "INVALID_PRODUCER_EPOCH", 1, &err))
		fail_msg("%s", err.text);
	for (int i = 1; i < 6; i++)
		put(tipline, i);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	assert_int_equal(tipline_close(tipline, DEADLINE_MS), TIPLINE_OK);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]) + atomic_load(&results[TIPLINE_DUPLICATE]), 6);
	read_topic(&distinct);
	assert_int_equal(distinct, 6);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_stored),
		CASE(test_gateway_killed),
		CASE(test_left_for_the_next_run),
		CASE(test_same_frame_again),
		CASE(test_sealed_anew),
		CASE(test_damaged_frames),
		CASE(test_another_adapters_id),
		CASE(test_unknown_transport_key),
		CASE(test_revoked),
		CASE(test_revoked_before_it_connects),
		CASE(test_orderly_stop),
		CASE(test_broker_errors),
		CASE(test_refused_record),
		CASE(test_bad_documents),
		CASE(test_rate),
	};
	if (argc == 3 && strcmp(argv[1], "--as-gateway") == 0) {
		char name[] = "tipline-gateway", option[] = "--config", level[] = "--log-level", warn[] = "info";
		char *args[] = { name, option, argv[2], level, warn, NULL };
		return program_main(5, args, &gateway_program);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
