/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_pace.h"

#include "ops/runtime/clock.h"

int stage_pace(const struct stage_port *port, const struct stage_settings *settings, size_t n, int64_t begun_ms,
	       struct err *err)
{
	const int64_t until = begun_ms + settings->pace_ms;

	if (n >= settings->batch)
		return 0;
	for (;;) {
		int64_t left = until - clock_mono_ms();

		if (left <= 0 || port->stopping_ms(port->arg) >= 0)
			return 0;
		if (port->serve(port->arg, (int)(left < STAGE_WAIT_SLICE_MS ? left : STAGE_WAIT_SLICE_MS), err) < 0)
			return -1;
	}
}
