/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kafka_fixture: an embedded broker with one topic, a configuration that points to it, and the few clients that the
 * kafka_*_test.c have in common. A failed call fails the test with its own text.
 */
#ifndef TIPLINE_TESTS_UNIT_KAFKA_FIXTURE_H
#define TIPLINE_TESTS_UNIT_KAFKA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/kafka_consumer.h"
#include "ops/runtime/kafka_embedded.h"
#include "ops/runtime/kafka_producer.h"
#include "ops/runtime/log.h"

#define TOPIC "t"
#define WAIT_MS 20000 /* longer than anything takes on a busy machine */

struct fixture {
	struct kafka_embedded *broker;
	struct conf *conf;
	struct err err;
};

#define ok(fixture, call)                                                                                        \
	do {                                                                                                     \
		if ((call) < 0)                                                                                  \
			fail_msg("%s: %s", #call, (fixture)->err.text);                                          \
	} while (0)

static inline int fixture_open(void **state)
{
	static const struct conf_key *const tables[] = { kafka_conf_keys, NULL };
	struct fixture *f = mem_alloc(sizeof *f);
	struct buf text = BUF_INIT;

	log_open("kafka_test", LOG_LEVEL_ERROR);
	ok(f, kafka_embedded_new(&f->broker, 1, &f->err));
	ok(f, kafka_embedded_topic(f->broker, TOPIC, 2, &f->err));
	buf_printf(&text, "kafka:\n  brokers: [\"%s\"]\n", kafka_embedded_address(f->broker));
	ok(f, conf_parse(&f->conf, "test", buf_text(&text), tables, &f->err));
	buf_release(&text);
	*state = f;
	return 0;
}

static inline int fixture_close(void **state)
{
	struct fixture *f = *state;

	kafka_embedded_free(f->broker);
	conf_free(f->conf);
	free(f);
	return 0;
}

static inline struct kafka_producer *fixture_producer(struct fixture *f, int timeout_ms, int queue_max,
						      void (*delivered)(void *, const struct kafka_delivery *),
						      void *arg)
{
	struct kafka_producer_options options = { "test", 0, timeout_ms, queue_max, delivered, arg };
	struct kafka_producer *producer = NULL;

	ok(f, kafka_producer_new(&producer, f->conf, &options, &f->err));
	return producer;
}

static inline int fixture_send(struct fixture *f, struct kafka_producer *producer, const char *key,
			       const char *value, void *opaque)
{
	struct kafka_outgoing record = { TOPIC, slice_str(key), slice_str(value), false, NULL, 0, 0 };

	return kafka_producer_send(producer, &record, opaque, &f->err);
}

/* n records with the values "0", "1" … are in the topic afterwards. */
static inline void fixture_fill(struct fixture *f, int n)
{
	struct kafka_producer *producer = fixture_producer(f, 0, 1000000, NULL, NULL);

	for (int i = 0; i < n; i++) {
		char value[16];

		snprintf(value, sizeof value, "%d", i);
		ok(f, fixture_send(f, producer, value, value, NULL));
	}
	ok(f, kafka_producer_flush(producer, WAIT_MS, &f->err));
	kafka_producer_free(producer);
}

#endif
