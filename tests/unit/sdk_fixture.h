/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sdk_fixture: a site for tests of libtipline: keys, an embedded broker in this process, and the real gateway in a
 * process of its own, which is this program run again with --as-gateway.
 */
#ifndef TIPLINE_TESTS_UNIT_SDK_FIXTURE_H
#define TIPLINE_TESTS_UNIT_SDK_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_admin.h"
#include "ops/runtime/kafka_embedded.h"
#include "producers/gateway/gateway.h"
#include "producers/sdk/rehearsal.h"
#include "producers/sdk/tipline.h"
#include "schema/frame.h"
#include "schema/keys.h"
#include "schema/keys_make.h"
#include "schema/tip_id.h"
#include "schema/topics.h"

#define DEADLINE_MS 15000
#define TIPS 200
#define RECEIPTS_MAX 8192

struct site {
	char folder[64], config[96], gateway_config[96];
	int port;
	pid_t gateway;
	struct kafka_embedded *broker;
};

static struct site site;

/* Receipts, counted by the library's thread. */
static atomic_int results[3];
static struct tip_id stored_ids[RECEIPTS_MAX];
static atomic_int n_stored_ids, last_code;

static void on_receipt(void *arg, const struct tipline_receipt *receipt)
{
	(void)arg;
	atomic_fetch_add(&results[receipt->result], 1);
	atomic_store(&last_code, receipt->code);
	if (receipt->result != TIPLINE_REFUSED && atomic_load(&n_stored_ids) < RECEIPTS_MAX) {
		int at = atomic_fetch_add(&n_stored_ids, 1);
		memcpy(stored_ids[at].bytes, receipt->tip_id, TIP_ID_BYTES);
	}
}

static void forget_receipts(void)
{
	for (int i = 0; i < 3; i++)
		atomic_store(&results[i], 0);
	atomic_store(&n_stored_ids, 0);
	atomic_store(&last_code, -1);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void write_adapter_config(const char *path, const char *adapter, int id, const char *curve_of, const char *spool)
{
	char text[1024];
	(void)snprintf(text, sizeof(text),
		       "gateway: [\"127.0.0.1:%d\"]\n"
		       "adapter: {id: %d, channel: batch}\n"
		       "keys: {sign: keys/adapters/%s.sign, curve: %s, gateway: keys/gateway.curve.pub,"
		       " root: keys/root.pub, recipients: keys/recipients.json}\n"
		       "spool: {path: %s}\n"
		       "reconnect: {min: 50ms, max: 500ms, greet: 2s, stopped: 300ms}\n",
		       site.port, id, adapter, curve_of, spool);
	write_file(path, text);
}

static void write_configs(void)
{
	char text[1024];
	(void)snprintf(text, sizeof(text),
		       "listen: 127.0.0.1:%d\n"
		       "kafka: {brokers: \"%s\"}\n"
		       "keys: {curve: keys/gateway.curve, adapters: keys/adapters.yaml,"
		       " recipients: keys/recipients.json}\n"
		       "ping: 500ms\n"
		       "retry: 100ms\n",
		       site.port, kafka_embedded_address(site.broker));
	write_file(site.gateway_config, text);
	write_adapter_config(site.config, "desk", 1, "keys/adapters/desk.curve", "spool");
}

static void start_gateway(void)
{
	site.gateway = fork();
	assert_true(site.gateway >= 0);
	if (site.gateway == 0) {
		execl("/proc/self/exe", "sdk_test", "--as-gateway", site.gateway_config, (char *)NULL);
		_exit(127);
	}
}

static void kill_gateway(int signal)
{
	int status;
	if (site.gateway <= 0)
		return;
	assert_int_equal(kill(site.gateway, signal), 0);
	assert_int_equal(waitpid(site.gateway, &status, 0), site.gateway);
	site.gateway = 0;
}

static int make_site(void **state)
{
	static const char *const teams[] = { "assessment" };
	static const struct keys_site_adapter adapters[] = { { "desk", 1, 15 }, { "line", 2, 15 } };
	const struct keys_site keys = { .epoch = 1, .teams = teams, .n_teams = 1, .adapters = adapters,
					.n_adapters = 2 };
	struct err err = ERR_INIT;
	char path[128];
	(void)state;

	forget_receipts();
	memset(&site, 0, sizeof(site));
	(void)snprintf(site.folder, sizeof(site.folder), "/tmp/sdk_test.XXXXXX");
	if (mkdtemp(site.folder) == NULL)
		return -1;
	(void)snprintf(site.config, sizeof(site.config), "%s/adapter.yaml", site.folder);
	(void)snprintf(site.gateway_config, sizeof(site.gateway_config), "%s/gateway.yaml", site.folder);
	(void)snprintf(path, sizeof(path), "%s/keys", site.folder);
	if (keys_begin(&err) || keys_make_site(path, &keys, &err) || kafka_embedded_new(&site.broker, 1, &err) ||
	    kafka_embedded_topic(site.broker, TOPIC_SEALED, 4, &err)) {
		(void)fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	site.port = free_port();
	write_configs();
	start_gateway();
	return 0;
}

static void remove_tree(const char *path)
{
	pid_t child = fork();
	if (child == 0) {
		execlp("rm", "rm", "-rf", path, (char *)NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static int remove_site(void **state)
{
	(void)state;
	kill_gateway(SIGTERM);
	kafka_embedded_free(site.broker);
	remove_tree(site.folder);
	return 0;
}

static struct tipline *open_adapter(const char *config)
{
	struct tipline *tipline;
	if (tipline_open(&tipline, config) != TIPLINE_OK)
		fail_msg("%s", tipline_error());
	tipline_on_receipt(tipline, on_receipt, NULL);
	return tipline;
}

static void put(struct tipline *tipline, int number)
{
	char json[256];
	int len = snprintf(json, sizeof(json),
			   "{\"channel\":\"batch\",\"narrative\":\"rehearsal number %d, nothing happened\","
			   "\"contact\":\"none\"}",
			   number);
	uint8_t id[TIPLINE_ID_BYTES];
	if (tipline_put(tipline, json, (size_t)len, id, NULL) != TIPLINE_OK)
		fail_msg("%s", tipline_error());
}

static void wait_until(bool (*condition)(void *arg), void *arg, const char *what)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;
	while (!condition(arg)) {
		if (clock_mono_ms() > until)
			fail_msg("waited in vain: %s", what);
		usleep(5000);
	}
}

/* What the topic holds. */
struct harvest {
	struct tip_id ids[RECEIPTS_MAX]; /* distinct */
	size_t distinct, records;
};

static int gather(void *arg, const struct kafka_record *record, struct err *err)
{
	struct harvest *harvest = arg;
	struct frame frame;
	char hex[TIP_ID_HEX];
	size_t at = 0;

	assert_int_equal(frame_parse(&frame, record->value, err), 0);
	tip_id_hex(&frame.tip_id, hex);
	assert_true(slice_equal(record->key, slice_str(hex)));
	assert_int_equal(record->timestamp_ms % 86400000, 0);
	while (at < harvest->distinct && !tip_id_equal(&harvest->ids[at], &frame.tip_id))
		at++;
	if (at == harvest->distinct)
		harvest->ids[harvest->distinct++] = frame.tip_id;
	harvest->records++;
	return 0;
}

/* The number of records, and of different tips among them. */
static size_t read_topic(size_t *distinct)
{
	const struct conf_key *const tables[] = { kafka_conf_keys, NULL };
	static struct harvest harvest;
	struct kafka_admin *admin = NULL;
	struct conf *conf;
	struct err err = ERR_INIT;
	char text[128];

	memset(&harvest, 0, sizeof(harvest));
	(void)snprintf(text, sizeof(text), "kafka: {brokers: \"%s\"}\n", kafka_embedded_address(site.broker));
	if (conf_parse(&conf, "test", text, tables, &err) || kafka_admin_open(&admin, conf, DEADLINE_MS, &err) ||
	    kafka_admin_scan(admin, TOPIC_SEALED, NULL, gather, &harvest, &err))
		fail_msg("%s", err.text);
	kafka_admin_close(admin);
	conf_free(conf);
	*distinct = harvest.distinct;
	return harvest.records;
}

#endif
