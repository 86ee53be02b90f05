/* SPDX-License-Identifier: Apache-2.0 */
/*
 * packed: a set of numbers as bytes: ascending, each as its difference to the one before, in groups of seven bits,
 * the lowest first, with the top bit set on all but a number's last byte. A tip's terms take less than half of what
 * they would as numbers, since the terms that most tips have are the oldest and so have the smallest numbers.
 *
 * The set does not say how many it holds: who keeps it knows.
 */
#ifndef TIPLINE_WORKERS_DEDUPE_PACKED_H
#define TIPLINE_WORKERS_DEDUPE_PACKED_H

#include <stddef.h>
#include <stdint.h>

/* Sorts `numbers`, which are all different, and returns them packed; the caller frees. `len`: its bytes. */
uint8_t *packed_new(uint32_t *numbers, size_t n, size_t *len);

struct packed_reader {
	const uint8_t *at;
	uint32_t last;
};

static inline struct packed_reader packed_read(const uint8_t *packed)
{
	return (struct packed_reader){ packed, 0 };
}

/* Must not be called more often than the set has numbers. */
static inline uint32_t packed_next(struct packed_reader *reader)
{
	uint32_t gap = 0;
	unsigned shift = 0;

	for (;;) {
		uint8_t byte = *reader->at++;

		gap |= (uint32_t)(byte & 127) << shift;
		if (!(byte & 128))
			break;
		shift += 7;
	}
	return reader->last += gap;
}

#endif
