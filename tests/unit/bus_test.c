/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "schema/bus.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/reason.h"

#define TOPIC "tip.classified"

struct fixture {
	struct bus_ring *ring;
	uint8_t key[3][BUS_KEY_BYTES];
	struct tip_id tip_id;
};

static int begin(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct err err = ERR_INIT;

	if (keys_begin(&err) != 0 || bus_ring_new(&f->ring, &err) != 0)
		return -1;
	randombytes_buf(f->key, sizeof(f->key));
	tip_id_random(&f->tip_id);
	*state = f;
	return bus_ring_add(f->ring, 7, f->key[0], &err);
}

static int end(void **state)
{
	struct fixture *f = *state;

	bus_ring_free(f->ring);
	free(f);
	return 0;
}

static void opens_what_it_seals(void **state)
{
	static const size_t sizes[] = { 0, 1, 24, 1000, 1 << 20 };
	struct fixture *f = *state;
	struct buf record = BUF_INIT;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct buf sealed = BUF_INIT, plain = BUF_INIT;

		randombytes_buf(buf_reserve(&record, sizes[i]), sizes[i]);
		record.len = sizes[i];
		buf_append_str(&plain, "before");
		assert_int_equal(bus_seal(&sealed, f->ring, TOPIC, &f->tip_id, buf_slice(&record), &err), 0);
		assert_int_equal(sealed.len, sizes[i] + BUS_OVERHEAD);
		assert_int_equal(sealed.data[0], 1);
		assert_int_equal(sealed.data[1], 7);
		assert_int_equal(bus_open(&plain, f->ring, TOPIC, &f->tip_id, buf_slice(&sealed), &err), 0);
		assert_int_equal(plain.len, 6 + sizes[i]);
		assert_memory_equal(plain.data, "before", 6);
		assert_true(slice_equal(slice_of(plain.data + 6, sizes[i]), buf_slice(&record)));
		buf_release(&sealed);
		buf_release(&plain);
		record.len = 0;
	}
	buf_release(&record);
}

static void is_bound_to_topic_and_tip(void **state)
{
	struct fixture *f = *state;
	struct buf sealed = BUF_INIT, plain = BUF_INIT;
	struct tip_id other = f->tip_id;
	struct err err = ERR_INIT;

	other.bytes[15] ^= 1;
	assert_int_equal(bus_seal(&sealed, f->ring, TOPIC, &f->tip_id, slice_str("record"), &err), 0);
	assert_int_equal(bus_open(&plain, f->ring, "tip.linked", &f->tip_id, buf_slice(&sealed), &err), -1);
	assert_string_equal(err.reason, REASON_RECORD_SEAL);
	assert_int_equal(bus_open(&plain, f->ring, TOPIC, &other, buf_slice(&sealed), &err), -1);
	assert_string_equal(err.reason, REASON_RECORD_SEAL);
	assert_int_equal(plain.len, 0);
	buf_release(&sealed);
	buf_release(&plain);
}

static void refuses_every_flip_and_cut(void **state)
{
	struct fixture *f = *state;
	struct buf sealed = BUF_INIT, plain = BUF_INIT;
	struct err err = ERR_INIT;

	assert_int_equal(bus_seal(&sealed, f->ring, TOPIC, &f->tip_id, slice_str("a record of some length"), &err),
			 0);
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		bool is_epoch = bit / 8 == 1;

		sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(bus_open(&plain, f->ring, TOPIC, &f->tip_id, buf_slice(&sealed), &err), -1);
		assert_string_equal(err.reason, is_epoch ? REASON_RECORD_KEY : REASON_RECORD_SEAL);
		assert_int_equal(plain.len, 0);
		sealed.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < sealed.len; len++)
		assert_int_equal(bus_open(&plain, f->ring, TOPIC, &f->tip_id, slice_of(sealed.data, len), &err), -1);
	buf_release(&sealed);
	buf_release(&plain);
}

/* The construction, from its description alone. */
static void bytes_are_as_written(void **state)
{
	struct fixture *f = *state;
	struct buf sealed = BUF_INIT, label = BUF_INIT;
	uint8_t key[32], derived[32], record[6];
	struct err err = ERR_INIT;

	buf_append_str(&label, "tipline/bus/v1/" TOPIC);
	crypto_generichash(key, 32, label.data, label.len, f->key[0], 32);
	bus_derive(derived, f->key[0], TOPIC);
	assert_memory_equal(key, derived, 32);
	buf_clear(&label);
	buf_append_str(&label, TOPIC);
	buf_append(&label, f->tip_id.bytes, TIP_ID_BYTES);
	assert_int_equal(bus_seal(&sealed, f->ring, TOPIC, &f->tip_id, slice_str("record"), &err), 0);
	assert_int_equal(crypto_aead_xchacha20poly1305_ietf_decrypt(record, NULL, NULL, sealed.data + 26,
								    sealed.len - 26, label.data, label.len,
								    	sealed.data + 2, key), 0);
	assert_memory_equal(record, "record", 6);
	buf_release(&sealed);
	buf_release(&label);
}

/* A stage with the key of one topic opens that topic and no other. */
static void one_topics_key_opens_one_topic(void **state)
{
	struct fixture *f = *state;
	struct buf routed = BUF_INIT, linked = BUF_INIT, plain = BUF_INIT;
	uint8_t derived[BUS_KEY_BYTES];
	struct bus_ring *sink;
	struct err err = ERR_INIT;

	bus_derive(derived, f->key[0], "case.routed");
	assert_int_equal(bus_ring_new(&sink, &err), 0);
	assert_int_equal(bus_ring_add_topic(sink, 7, "case.routed", derived, &err), 0);
	assert_int_equal(bus_seal(&routed, f->ring, "case.routed", &f->tip_id, slice_str("outcome"), &err), 0);
	assert_int_equal(bus_seal(&linked, f->ring, "tip.linked", &f->tip_id, slice_str("tip"), &err), 0);
	assert_int_equal(bus_open(&plain, sink, "case.routed", &f->tip_id, buf_slice(&routed), &err), 0);
	assert_string_equal(buf_text(&plain), "outcome");
	assert_int_equal(bus_open(&plain, sink, "tip.linked", &f->tip_id, buf_slice(&linked), &err), -1);
	assert_string_equal(err.reason, REASON_RECORD_KEY);
	assert_int_equal(bus_seal(&linked, sink, "tip.linked", &f->tip_id, slice_str("x"), &err), -1);
	assert_string_equal(err.reason, REASON_RECORD_KEY);
	bus_ring_free(sink);
	buf_release(&routed);
	buf_release(&linked);
	buf_release(&plain);
}

static void seals_under_the_newest_and_opens_the_old(void **state)
{
	struct fixture *f = *state;
	struct buf old = BUF_INIT, new = BUF_INIT, plain = BUF_INIT;
	struct bus_ring *ring;
	struct err err = ERR_INIT;

	assert_int_equal(bus_seal(&old, f->ring, TOPIC, &f->tip_id, slice_str("old"), &err), 0);
	assert_int_equal(bus_ring_new(&ring, &err), 0);
	assert_int_equal(bus_ring_add(ring, 9, f->key[1], &err), 0);
	assert_int_equal(bus_ring_add(ring, 7, f->key[0], &err), 0);
	assert_int_equal(bus_ring_add(ring, 8, f->key[2], &err), 0);
	assert_int_equal(bus_seal(&new, ring, TOPIC, &f->tip_id, slice_str("new"), &err), 0);
	assert_int_equal(new.data[1], 9);
	assert_int_equal(bus_open(&plain, ring, TOPIC, &f->tip_id, buf_slice(&old), &err), 0);
	assert_int_equal(bus_open(&plain, ring, TOPIC, &f->tip_id, buf_slice(&new), &err), 0);
	assert_string_equal(buf_text(&plain), "oldnew");
	assert_int_equal(bus_open(&plain, f->ring, TOPIC, &f->tip_id, buf_slice(&new), &err), -1);
	assert_string_equal(err.reason, REASON_RECORD_KEY);
	bus_ring_free(ring);
	buf_release(&old);
	buf_release(&new);
	buf_release(&plain);
}

static void ring_refuses_repeats_long_names_and_too_many(void **state)
{
	struct fixture *f = *state;
	char topic[BUS_TOPIC_MAX + 2];
	struct bus_ring *ring;
	struct err err = ERR_INIT;
	int added = 0;

	memset(topic, 't', sizeof(topic));
	topic[sizeof(topic) - 1] = '\0';
	assert_int_equal(bus_ring_add(f->ring, 7, f->key[1], &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_int_equal(bus_ring_add_topic(f->ring, 1, topic, f->key[1], &err), -1);
	assert_int_equal(bus_ring_add_topic(f->ring, 1, "", f->key[1], &err), -1);
	assert_int_equal(bus_ring_new(&ring, &err), 0);
	for (int epoch = 1; epoch < 256; epoch++)
		added += bus_ring_add(ring, (uint8_t)epoch, f->key[0], &err) == 0;
	assert_int_equal(added, 64);
	bus_ring_free(ring);
}

static void survives_random_input(void **state)
{
	struct fixture *f = *state;
	struct buf plain = BUF_INIT;
	uint8_t bytes[256];

	for (int round = 0; round < 20000; round++) {
		randombytes_buf(bytes, sizeof(bytes));
		bytes[0] = 1;
		bytes[1] = 7;
		assert_int_equal(bus_open(&plain, f->ring, TOPIC, &f->tip_id,
					  slice_of(bytes, randombytes_uniform(sizeof(bytes))), NULL), -1);
	}
	buf_release(&plain);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_it_seals),
		cmocka_unit_test(is_bound_to_topic_and_tip),
		cmocka_unit_test(refuses_every_flip_and_cut),
		cmocka_unit_test(bytes_are_as_written),
		cmocka_unit_test(one_topics_key_opens_one_topic),
		cmocka_unit_test(seals_under_the_newest_and_opens_the_old),
		cmocka_unit_test(ring_refuses_repeats_long_names_and_too_many),
		cmocka_unit_test(survives_random_input),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
