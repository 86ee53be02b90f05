/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_park: a record that can never succeed, on its way to tip.parked: its value as it came, with headers that say
 * why, where from and since which day. No key is needed: nothing is opened or sealed. What `tipctl parked replay` needs
 * to put it back as it was goes along: its key where the parked record has another, and how often it was replayed.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_PARK_H
#define TIPLINE_WORKERS_STAGE_STAGE_PARK_H

#include "ops/runtime/kafka_producer.h"
#include "schema/tip_id.h"

#define STAGE_PARK_HEADERS 10

/* What `out` points at; used up by kafka_producer_send. */
struct stage_park_note {
	char tip_id[TIP_ID_HEX], partition[12], offset[24], day[12], attempts[12];
	struct kafka_header headers[STAGE_PARK_HEADERS];
	struct kafka_outgoing out;
};

/* `reason`: a code of schema/reason.h. What nothing ties to a tip keeps its own key and has no tip-id header. */
void stage_park_note_build(struct stage_park_note *note, const struct kafka_record *record, const char *stage,
			   const char *reason, unsigned attempts);

/* The code to park with for this error: its own where it is one of the table, else stage-refused. Static text. */
const char *stage_park_reason(const struct err *why);

#endif
