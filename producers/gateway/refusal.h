/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal: whether the broker takes what this gateway publishes. A broker that is away says nothing, and adapters are
 * sent back until it answers; one that answers and refuses will refuse for ever: the clock of this machine is off, or
 * a topic is not as `tipctl topics create` made it. Nothing is lost, since adapters keep their tips, but nothing comes
 * in either, so it is said once, and the gateway is not ready until a record is taken again.
 *
 * refusal_note belongs to the thread that serves the reports; refusal_holds may be asked from any.
 */
#ifndef TIPLINE_PRODUCERS_GATEWAY_REFUSAL_H
#define TIPLINE_PRODUCERS_GATEWAY_REFUSAL_H

#include <stdatomic.h>

#include "ops/runtime/kafka_producer.h"

struct refusal { /* zeroed: nothing was refused */
	atomic_bool on;
};

void refusal_note(struct refusal *refusal, const struct kafka_delivery *delivery);
bool refusal_holds(const struct refusal *refusal);

#endif
