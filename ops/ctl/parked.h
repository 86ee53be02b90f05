/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parked: the shape of a parked record for people and JSON.
 */
#ifndef TIPLINE_OPS_CTL_PARKED_H
#define TIPLINE_OPS_CTL_PARKED_H

#include <jansson.h>

#include "ops/runtime/kafka.h"

/* A new object: tip_id, reason, stage, origin_*, day, attempts, offset, bytes, means, todo; null where absent. */
json_t *parked_row(const struct kafka_record *record);

/* Days since 1970-01-01 when it was first seen; -1 when it does not say. */
int64_t parked_day(const struct kafka_record *record);

#endif
