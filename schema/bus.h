/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus: records between stages, sealed under the bus key.
 *
 *     u8 version = 1 | u8 key epoch | nonce[24] | XChaCha20-Poly1305(record), associated data = topic || tip id
 *
 * Each topic has its own key, derived from the epoch's bus key by keyed BLAKE2b over "tipline/bus/v1/" || topic. So a
 * stage can be given the key of one topic alone: the sink holds only that of case.routed and cannot open tips.
 * A ring holds several epochs at once (64 keys at most); it seals under the newest, which is the highest number, unless
 * another is told to be the active one: in a rotation everybody can open the new epoch before anybody seals with it.
 */
#ifndef TIPLINE_SCHEMA_BUS_H
#define TIPLINE_SCHEMA_BUS_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/tip_id.h"

#define BUS_KEY_BYTES 32
#define BUS_OVERHEAD (2 + 24 + 16)
#define BUS_TOPIC_MAX 249 /* Kafka's own limit */

struct bus_ring; /* in locked memory */

int bus_ring_new(struct bus_ring **out, struct err *err) __attribute__((warn_unused_result));
/* The key of an epoch: all topics. */
int bus_ring_add(struct bus_ring *ring, uint8_t epoch, const uint8_t key[BUS_KEY_BYTES], struct err *err);
/* The derived key of one topic. */
int bus_ring_add_topic(struct bus_ring *ring, uint8_t epoch, const char *topic, const uint8_t key[BUS_KEY_BYTES],
		       struct err *err);
/* Whether there is a key of any epoch for the topic. */
bool bus_ring_has(const struct bus_ring *ring, const char *topic);
/* Seals with this epoch from now on, 0: with the newest. ERR_CONFIG when no key of it is there. */
int bus_ring_activate(struct bus_ring *ring, uint8_t epoch, struct err *err);
/* The epoch it seals this topic with; 0 when there is no key. */
uint8_t bus_ring_seals(const struct bus_ring *ring, const char *topic);
/* Takes the place of all keys of `to`; `from` is freed. */
void bus_ring_take(struct bus_ring *to, struct bus_ring *from);
/* Names each key: "bus:EPOCH:FINGERPRINT", or "bus:EPOCH:TOPIC:FINGERPRINT" for a derived one. */
void bus_ring_names(const struct bus_ring *ring, void (*each)(void *arg, const char *name), void *arg);
void bus_ring_free(struct bus_ring *ring);
void bus_derive(uint8_t out[BUS_KEY_BYTES], const uint8_t key[BUS_KEY_BYTES], const char *topic);

int bus_seal(struct buf *out, struct bus_ring *ring, const char *topic, const struct tip_id *tip_id,
	     struct slice record, struct err *err);
/* RECORD_KEY: no key of that epoch and topic; RECORD_SEAL: does not open. Appends to `plain`. */
int bus_open(struct buf *plain, struct bus_ring *ring, const char *topic, const struct tip_id *tip_id,
	     struct slice sealed, struct err *err);

#endif
