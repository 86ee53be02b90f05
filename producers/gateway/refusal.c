/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/refusal.h"

#include <string.h>

#include "ops/runtime/log.h"

static const char *advice(const char *error)
{
	if (!strcmp(error, "INVALID_TIMESTAMP"))
		return "the broker refuses the day this gateway puts on tips: is the clock of this machine right? "
		       "Adapters keep their tips until then";
	return "the broker refuses what this gateway publishes: run `tipctl topics check`. Adapters keep their tips "
	       "until then";
}

void refusal_note(struct refusal *refusal, const struct kafka_delivery *delivery)
{
	bool refused = !delivery->ok && !delivery->retriable, was = atomic_load(&refusal->on);

	if (!delivery->ok && !refused)
		return; /* no answer is no word on it */
	if (refused && !was)
		log_event(LOG_LEVEL_ERROR, "gateway.publish_refused", "reason", delivery->error, "detail",
			  advice(delivery->error), NULL);
	if (!refused && was)
		log_event(LOG_LEVEL_INFO, "gateway.publish_taken", "detail", "the broker takes tips again", NULL);
	atomic_store(&refusal->on, refused);
}

bool refusal_holds(const struct refusal *refusal)
{
	return atomic_load(&refusal->on);
}
