/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipline-embedded-broker: librdkafka's broker in a process of its own, for demos and tests on machines without Java.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ops/deploy/embedded/topic_arg.h"
#include "ops/runtime/kafka_embedded.h"
#include "ops/runtime/log.h"
#include "ops/runtime/program.h"
#include "ops/runtime/signals.h"
#include "schema/topics.h"

#define BROKERS_MAX 3

/* Whether an operand gives `topic` other partitions than the table. */
static bool named(const struct program_call *call, const char *topic)
{
	struct topic_arg arg;
	struct err unused = ERR_INIT;

	for (int i = 0; i < call->argc; i++) {
		if (topic_arg_read(&arg, call->argv[i], &unused) == 0 && strcmp(arg.name, topic) == 0)
			return true;
	}
	return false;
}

static bool is_pattern(const char *topic)
{
	size_t len = strlen(topic);

	return len > 0 && topic[len - 1] == '.';
}

static int create_topics(struct kafka_embedded *broker, const struct program_call *call, struct err *err)
{
	for (int i = 0; i < call->argc; i++) {
		struct topic_arg arg;

		if (topic_arg_read(&arg, call->argv[i], err) < 0 ||
		    kafka_embedded_topic(broker, arg.name, arg.partitions, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < n_topics; i++) {
		if (is_pattern(topics[i].name) || named(call, topics[i].name))
			continue;
		if (kafka_embedded_topic(broker, topics[i].name, topics[i].partitions, err) < 0)
			return -1;
	}
	return 0;
}

/* By a rename, so that who waits for the file never reads half of it. */
static int write_address(const char *path, const char *address, struct err *err)
{
	struct buf part = BUF_INIT;
	FILE *file;
	int result = 0;

	buf_printf(&part, "%s.part", path);
	file = fopen(buf_text(&part), "we");
	if (!file) {
		result = err_errno(err, "%s", buf_text(&part));
	} else {
		bool bad = fprintf(file, "%s\n", address) < 0;

		bad = fclose(file) != 0 || bad;
		if (bad || rename(buf_text(&part), path) < 0)
			result = err_errno(err, "%s", path);
	}
	buf_release(&part);
	return result;
}

static int announce(const struct program_call *call, const char *address, struct err *err)
{
	const char *path = program_value(call, "address-file", NULL);

	fputs("tipline-embedded-broker: NOT A REAL BROKER. It keeps records in memory alone, forgets all of them\n"
	      "when it ends, and the oldest of a partition beyond 5 MiB. Never use it for tips that matter.\n",
	      stderr);
	if (path && write_address(path, address, err) < 0)
		return -1;
	if (printf("%s\n", address) < 0 || fflush(stdout) != 0)
		return err_errno(err, "standard output");
	program_notify("READY=1");
	return 0;
}

static int await_stop(struct err *err)
{
	struct pollfd wait = { signals_fd(), POLLIN, 0 };

	while (!signals_stop_requested()) {
		uint64_t unused;

		if (poll(&wait, 1, -1) < 0 && errno != EINTR)
			return err_errno(err, "poll");
		if (read(wait.fd, &unused, sizeof unused) < 0 && errno != EAGAIN && errno != EINTR)
			return err_errno(err, "signals");
	}
	program_notify("STOPPING=1");
	return 0;
}

static int broker_count(const struct program_call *call, int *n, struct err *err)
{
	const char *text = program_value(call, "brokers", "1");

	if (strlen(text) != 1 || *text < '1' || *text > '0' + BROKERS_MAX)
		return err_set(err, ERR_USAGE, NULL, "--brokers: \"%.20s\" is not 1 to %d", text, BROKERS_MAX);
	*n = *text - '0';
	return 0;
}

static int run(const struct program_call *call, struct err *err)
{
	struct kafka_embedded *broker;
	int n = 0, result;

	if (broker_count(call, &n, err) < 0 || signals_install(err) < 0 || kafka_embedded_new(&broker, n, err) < 0)
		return -1;
	result = create_topics(broker, call, err);
	if (result == 0)
		result = announce(call, kafka_embedded_address(broker), err);
	if (result == 0)
		result = await_stop(err);
	kafka_embedded_free(broker);
	return result;
}

static const struct program_option options[] = {
	{ "address-file", 'a', "FILE", "write the address to FILE once it listens, by a rename" },
	{ "brokers", 'b', "N", "pretend to be N brokers, 1 to 3 (default 1)" },
	PROGRAM_OPTIONS_END
};

static const struct program embedded_broker = {
	.name = "tipline-embedded-broker",
	.section = "8",
	.summary = "a Kafka broker that forgets everything, for demos without Java",
	.synopsis = "[--address-file FILE] [--brokers N] [TEAM | TOPIC=PARTITIONS …]",
	.description =
		"Runs the broker that is built into librdkafka until SIGTERM. It listens on loopback, on a port that "
		"the system chooses; the address (host:port, with commas between several) is its one line of "
		"standard output. It has every topic of tipline, and team.TEAM for each TEAM named; "
		"TOPIC=PARTITIONS gives a topic other partitions than usual, or adds one.\n"
		"\n"
		"It keeps records in memory and forgets all of them when it ends. A partition holds 5 MiB; beyond "
		"that its oldest records vanish, read or not. It knows no topic settings, no access control and no "
		"TLS. It serves to see the pipeline run on a machine without Java, and nothing else.",
	.examples =
		"Two teams, and more room for sealed tips:\n"
		"    tipline-embedded-broker --address-file broker.addr \\\n"
		"        corruption oversight tip.sealed=24\n",
	.options = options,
	.run = run,
};

int main(int argc, char **argv)
{
	return program_main(argc, argv, &embedded_broker);
}
