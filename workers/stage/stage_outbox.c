/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage_outbox.h"

#include <string.h>

#include "ops/runtime/clock.h"

#define KEEPALIVE_MS 500

void stage_outbox_init(struct stage_outbox *outbox, const struct stage_port *port)
{
	memset(outbox, 0, sizeof(*outbox));
	outbox->port = port;
	outbox->kept_alive_ms = clock_mono_ms();
}

void stage_outbox_release(struct stage_outbox *outbox)
{
	free(outbox->sends);
	memset(outbox, 0, sizeof(*outbox));
}

void stage_outbox_clear(struct stage_outbox *outbox)
{
	if (outbox->waiting)
		BUG("a batch ends while records of it are unanswered");
	outbox->n = outbox->sent = 0;
	outbox->refusal = NULL;
}

int stage_outbox_keepalive(struct stage_outbox *outbox, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (now - outbox->kept_alive_ms < KEEPALIVE_MS)
		return 0;
	outbox->kept_alive_ms = now;
	return outbox->port->keepalive(outbox->port->arg, err);
}

static int give_up_on_stop(struct stage_outbox *outbox, struct err *err)
{
	if (outbox->port->stopping_ms(outbox->port->arg) < STAGE_SETTLE_STOP_MS)
		return 0;
	return err_set(err, ERR_TEMPORARY, "stop-overdue",
		       "%zu records were not acknowledged before the stop: nothing is committed", outbox->waiting);
}

static void answer(struct stage_outbox *outbox, struct outbox_send *send, enum outbox_state state)
{
	send->state = state;
	outbox->waiting--;
}

static enum outbox_state state_of_error(const char *error)
{
	static const char *const sizes[] = { "MSG_SIZE_TOO_LARGE", "INVALID_MSG_SIZE", "RECORD_LIST_TOO_LARGE" };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (!strcmp(error, sizes[i]))
			return OUTBOX_TOO_LARGE;
	}
	return OUTBOX_REFUSED;
}

/* The opaque of a send is its index + 1, so that a late answer never points into memory that has moved. */
void stage_outbox_delivered(void *arg, const struct kafka_delivery *delivery)
{
	struct stage_outbox *outbox = arg;
	size_t i = (size_t)(uintptr_t)delivery->opaque - 1;

	if (i >= outbox->n || outbox->sends[i].state != OUTBOX_WAITING)
		BUG("an answer for a record that was not sent");
	struct outbox_send *send = &outbox->sends[i];
	enum outbox_state state = delivery->ok ? OUTBOX_ACKNOWLEDGED : state_of_error(delivery->error);
	answer(outbox, send, state);
	if (state == OUTBOX_REFUSED && !outbox->refusal) {
		outbox->refusal = delivery->error;
		outbox->refused_topic = send->item.topic;
	}
}

static bool is_reason(const struct err *err, const char *reason)
{
	return err->reason && !strcmp(err->reason, reason);
}

/* Sends number `i`, waiting while the queue is full. */
static int post(struct stage_outbox *outbox, size_t i, const struct kafka_outgoing *record, struct err *err)
{
	const struct stage_port *port = outbox->port;

	outbox->sends[i].state = OUTBOX_WAITING;
	outbox->waiting++;
	for (;;) {
		struct err why = ERR_INIT;
		if (!port->send(port->arg, record, (void *)(uintptr_t)(i + 1), &why))
			return 0;
		if (is_reason(&why, "record-too-large")) {
			answer(outbox, &outbox->sends[i], OUTBOX_TOO_LARGE);
			return 0;
		}
		if (!is_reason(&why, "queue-full")) {
			answer(outbox, &outbox->sends[i], OUTBOX_REFUSED);
			err_set(err, why.kind == ERR_DATA ? ERR_UNAVAILABLE : why.kind, why.reason, "%s", why.text);
			return -1;
		}
		if (port->serve(port->arg, STAGE_WAIT_SLICE_MS, err) < 0 || stage_outbox_keepalive(outbox, err) ||
		    give_up_on_stop(outbox, err)) {
			answer(outbox, &outbox->sends[i], OUTBOX_REFUSED);
			return -1;
		}
	}
}

/*
 * Sent together, records of one partition share a request; a request more for a partition that has five records in
 * flight makes librdkafka 2.0.2 ask for the answer in a busy loop.
 */
int stage_outbox_send(struct stage_outbox *outbox, struct err *err)
{
	for (; outbox->sent < outbox->n; outbox->sent++) {
		struct outbox_send *send = &outbox->sends[outbox->sent];
		struct emit_note note;

		if (send->state != OUTBOX_HELD)
			continue;
		emit_note_build(&note, &send->item);
		if (post(outbox, outbox->sent, &note.out, err))
			return -1;
	}
	return 0;
}

static size_t add_send(struct stage_outbox *outbox, size_t entry, bool parked)
{
	if (outbox->n == outbox->cap) {
		outbox->cap = outbox->cap ? 2 * outbox->cap : 64;
		outbox->sends = mem_grow(outbox->sends, outbox->cap * sizeof(*outbox->sends));
	}
	struct outbox_send *send = &outbox->sends[outbox->n];
	memset(send, 0, sizeof(*send));
	send->entry = entry;
	send->parked = parked;
	return outbox->n++;
}

void stage_outbox_emit(struct stage_outbox *outbox, size_t entry, const struct emit_item *item)
{
	size_t i = add_send(outbox, entry, false);
	struct outbox_send *send = &outbox->sends[i];

	send->item = *item;
	/* The topics leave room above this for what is around a value; no reader takes a larger one. */
	send->alone = item->value.len > KAFKA_MESSAGE_MAX;
	send->state = send->alone ? OUTBOX_TOO_LARGE : OUTBOX_HELD;
}

int stage_outbox_park(struct stage_outbox *outbox, size_t entry, const struct kafka_outgoing *record, struct err *err)
{
	if (stage_outbox_send(outbox, err)) /* in the order of the batch */
		return -1;
	size_t i = add_send(outbox, entry, true);
	outbox->sends[i].item.topic = record->topic;
	return post(outbox, i, record, err);
}

static int refused(const struct stage_outbox *outbox, struct err *err)
{
	bool missing = strstr(outbox->refusal, "UNKNOWN_TOPIC") || strstr(outbox->refusal, "_UNKNOWN_PARTITION");

	if (missing)
		return err_set(err, ERR_UNAVAILABLE, "topic-missing",
			       "there is no topic %s: create the topics (tipctl topics create)",
			       outbox->refused_topic);
	return err_set(err, ERR_TEMPORARY, "output-refused", "%s did not take a record: %s", outbox->refused_topic,
		       outbox->refusal);
}

/* Waits until nothing is unanswered. Failures are read from the answers; only a dead producer is an error here. */
static int wait_for_answers(struct stage_outbox *outbox, struct err *err)
{
	const struct stage_port *port = outbox->port;

	while (outbox->waiting) {
		struct err why = ERR_INIT;
		int rc = port->flush(port->arg, STAGE_WAIT_SLICE_MS, &why);
		if (outbox->refusal)
			break;
		if (rc && is_reason(&why, "producer-fatal")) {
			err_set(err, why.kind, why.reason, "%s", why.text);
			return -1;
		}
		if (outbox->waiting && rc && port->serve(port->arg, 1, err) < 0)
			return -1;
		if (outbox->waiting && (stage_outbox_keepalive(outbox, err) || give_up_on_stop(outbox, err)))
			return -1;
	}
	return outbox->refusal ? refused(outbox, err) : 0;
}

/* Sends again, one by one, what was refused for its size among others. */
static int send_alone(struct stage_outbox *outbox, struct err *err)
{
	for (size_t i = 0; i < outbox->n; i++) {
		struct outbox_send *send = &outbox->sends[i];
		if (send->state != OUTBOX_TOO_LARGE)
			continue;
		if (send->parked)
			return err_set(err, ERR_UNAVAILABLE, "park-too-large",
				       "%s refuses a record for its size: its max.message.bytes must not be under "
				       "that of any other topic", send->item.topic);
		if (send->alone)
			continue;
		struct emit_note note;
		send->alone = true;
		emit_note_build(&note, &send->item);
		if (post(outbox, i, &note.out, err) || wait_for_answers(outbox, err))
			return -1;
	}
	return 0;
}

int stage_outbox_settle(struct stage_outbox *outbox, struct err *err)
{
	if (stage_outbox_send(outbox, err) || wait_for_answers(outbox, err))
		return -1;
	return send_alone(outbox, err);
}

bool stage_outbox_too_large(const struct stage_outbox *outbox, size_t *at, size_t *entry)
{
	for (; *at < outbox->n; (*at)++) {
		const struct outbox_send *send = &outbox->sends[*at];
		bool again = *at && outbox->sends[*at - 1].entry == send->entry &&
			     outbox->sends[*at - 1].state == OUTBOX_TOO_LARGE;
		if (send->state != OUTBOX_TOO_LARGE || again)
			continue;
		*entry = send->entry;
		(*at)++;
		return true;
	}
	return false;
}
