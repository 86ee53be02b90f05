/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tip_id: 16 random bytes that name a tip, and as many that name a case. Written as 32 lower-case hex digits, on the
 * wire as 16 bytes, in Kafka keys and headers as the hex text. Random, with no clock in it.
 */
#ifndef TIPLINE_SCHEMA_TIP_ID_H
#define TIPLINE_SCHEMA_TIP_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TIP_ID_BYTES 16
#define TIP_ID_HEX 33 /* with the NUL */

struct tip_id {
	uint8_t bytes[TIP_ID_BYTES];
};

void tip_id_random(struct tip_id *id);
void tip_id_hex(const struct tip_id *id, char hex[TIP_ID_HEX]);
int tip_id_parse(struct tip_id *id, const char *hex, size_t len); /* -1 unless exactly 32 lower-case hex digits */
bool tip_id_equal(const struct tip_id *a, const struct tip_id *b);
bool tip_id_is_zero(const struct tip_id *id);

#endif
