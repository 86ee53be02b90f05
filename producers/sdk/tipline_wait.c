/* SPDX-License-Identifier: Apache-2.0 */
/* What an adapter waits for: somebody to seal to, and the end of what it gave. */
#include "ops/runtime/clock.h"
#include "producers/sdk/last_error.h"
#include "producers/sdk/tipline_state.h"

#define DRAIN_LOOK_MS 200 /* rows may also leave the spool without a sign: damaged ones */

static void wait_a_little(struct tipline *tipline, int64_t most_ms)
{
	int64_t until = clock_mono_ns() + (most_ms < DRAIN_LOOK_MS ? most_ms : DRAIN_LOOK_MS) * 1000000;
	struct timespec at = { .tv_sec = until / 1000000000, .tv_nsec = (long)(until % 1000000000) };
	pthread_cond_timedwait(&tipline->progress, &tipline->lock, &at);
}

/* What gateways and this adapter have against each other, said; TIPLINE_OK when there is nothing. */
static int failed_gateways(const struct submit_stats *submit)
{
	if (submit->stopped)
		return last_error_say(TIPLINE_ESTOPPED, "the gateway refuses this adapter: it is revoked, or not on the "
				      "list as it is here; its tips wait in the spool");
	if (submit->refused_list == NULL)
		return TIPLINE_OK;
	return last_error_say(TIPLINE_ERECIPIENTS, "%s: the gateway's list of recipients is refused; the log line "
			      "submit.recipients_refused says why and what to do; tips wait in the spool", submit->refused_list);
}

int tipline_ready(struct tipline *tipline, int timeout_ms)
{
	int64_t until = clock_mono_ms() + timeout_ms, left;
	struct seal_recipients to;
	struct err err = ERR_INIT;
	int rc, code = TIPLINE_OK;

	pthread_mutex_lock(&tipline->lock);
	while ((rc = trust_current(tipline->trust, &to, &err)) != 0) {
		struct submit_stats submit;

		submit_stats(tipline->submit, &submit);
		code = failed_gateways(&submit);
		left = until - clock_mono_ms();
		if (code != TIPLINE_OK || left <= 0)
			break;
		wait_a_little(tipline, left);
	}
	pthread_mutex_unlock(&tipline->lock);
	if (rc != 0 && code == TIPLINE_OK)
		return (void)last_error_set(&err), TIPLINE_ERECIPIENTS;
	return rc == 0 ? TIPLINE_OK : code;
}

/* The spool first: of a row that is gone from it by then, `telling` holds until its receipt is given. */
static bool is_drained(struct tipline *tipline, struct submit_stats *submit)
{
	const size_t waiting = spool_waiting(tipline->spool);

	submit_stats(tipline->submit, submit);
	return waiting == 0 && !submit->telling;
}

int tipline_drain(struct tipline *tipline, int timeout_ms)
{
	int64_t start = clock_mono_ms(), left = timeout_ms;
	struct submit_stats submit;
	bool drained;

	pthread_mutex_lock(&tipline->lock);
	while (!(drained = is_drained(tipline, &submit))) {
		left = timeout_ms < 0 ? DRAIN_LOOK_MS : timeout_ms - (clock_mono_ms() - start);
		if (left <= 0 || submit.broken || failed_gateways(&submit) != TIPLINE_OK)
			break;
		wait_a_little(tipline, left);
	}
	pthread_mutex_unlock(&tipline->lock);
	if (drained)
		return TIPLINE_OK;
	if (submit.broken)
		return last_error_say(TIPLINE_EIO, "the spool failed: its log line says how; nothing is sent any more");
	int code = failed_gateways(&submit);
	return code ? code : last_error_say(TIPLINE_ETIMEDOUT, "%s", submit.trouble ? submit.trouble : "tips still wait");
}

size_t tipline_waiting(struct tipline *tipline)
{
	return spool_waiting(tipline->spool);
}
