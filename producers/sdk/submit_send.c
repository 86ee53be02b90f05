/* SPDX-License-Identifier: Apache-2.0 */
/* What goes out to the gateway. */
#include "producers/sdk/submit_state.h"

#define SAME_TIP_MS 50 /* a repeat of a tip that is in flight looks again after this */

void submit_send_head(struct submit *submit, uint8_t type)
{
	struct tip1 head = { .type = type, .msg_id = submit->instance };
	if (wire_send(&submit->wire, &head, slice_of("", 0)))
		submit->blocked = true;
}

void submit_send_hello(struct submit *submit)
{
	struct buf json = BUF_INIT;
	struct tip1 head = { .type = TIP1_HELLO, .msg_id = submit->instance };

	buf_printf(&json, "{\"proto\":%d,\"spool_depth\":%zu}", TIP1_PROTO, spool_waiting(submit->options.spool));
	submit->greeted = wire_send(&submit->wire, &head, buf_slice(&json)) == 0;
	submit->blocked = !submit->greeted;
	buf_release(&json);
}

enum step { STEP_SENT, STEP_SKIPPED, STEP_BLOCKED };

static enum step send_row(struct submit *submit, const struct spool_row *row, int64_t now)
{
	if (row->frame.len > submit->welcome.max_frame) {
		/* The gateway's socket would drop the connection without a word, for ever. */
		submit_refuse(submit, &(struct sent){ .row = row->id, .tip_id = row->tip_id }, TIP1_TOO_LARGE);
		return STEP_SKIPPED;
	}
	if (window_holds(&submit->window, &row->tip_id))
		return window_delay(&submit->window, row->id, now + SAME_TIP_MS) ? STEP_SKIPPED : STEP_BLOCKED;
	struct tip1 head = { .type = TIP1_SUBMIT, .seq = submit->window.last + 1, .msg_id = row->tip_id };
	if (wire_send(&submit->wire, &head, buf_slice(&row->frame))) {
		submit->blocked = true;
		return STEP_BLOCKED;
	}
	window_add(&submit->window, row->id, &row->tip_id, now);
	if (row->id <= submit->highest_sent)
		atomic_fetch_add(&submit->resubmitted, 1);
	else
		submit->highest_sent = row->id;
	return STEP_SENT;
}

/* False when there is nothing due or it could not be sent. */
static bool send_delayed(struct submit *submit, int64_t now, struct err *err)
{
	struct spool_row row;
	bool found;
	int64_t id = window_due(&submit->window, now);

	if (id == 0)
		return false;
	if (feed_get(&submit->feed, id, &row, &found, err)) {
		submit_spool_failed(submit, err);
		return false;
	}
	if (!found)
		return true;
	enum step step = send_row(submit, &row, now);
	spool_row_release(&row);
	if (step == STEP_BLOCKED)
		(void)window_delay(&submit->window, id, now); /* its place was just made free */
	return step != STEP_BLOCKED;
}

static bool send_next(struct submit *submit, int64_t now, struct err *err)
{
	struct spool_row *row;

	/* Everything in flight may come back to be delayed: leave room for it. */
	if (submit->window.in_flight + submit->window.n_delayed >= DELAYED_MAX)
		return false;
	if (feed_peek(&submit->feed, &row, err)) {
		submit_spool_failed(submit, err);
		return false;
	}
	if (row == NULL || send_row(submit, row, now) == STEP_BLOCKED)
		return false;
	feed_advance(&submit->feed);
	return true;
}

void submit_pump(struct submit *submit, int64_t now)
{
	struct err err = ERR_INIT;
	while (atomic_load(&submit->state) == SUBMIT_OPEN && window_open(&submit->window))
		if (!send_delayed(submit, now, &err) && !send_next(submit, now, &err))
			break;
}
