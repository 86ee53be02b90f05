/* SPDX-License-Identifier: Apache-2.0 */
/* What arrives from the gateway: a table of states and types. */
#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "producers/sdk/submit_state.h"

#define RETRY_MIN_MS 10
#define RETRY_MAX_MS 60000
#define MESSAGES_A_TURN 256

/* A row that ended: told, then taken out of the spool. */
void submit_conclude(struct submit *submit, const struct sent *sent, uint16_t code)
{
	struct submit_receipt receipt = { .row = sent->row, .tip_id = sent->tip_id, .code = code };
	submit->options.receipt(submit->options.arg, &receipt);
}

void submit_refuse(struct submit *submit, const struct sent *sent, uint16_t code)
{
	struct err err = ERR_INIT;
	const char *word = tip1_code_find(code)->word;

	/* Aside first: a tip that was told to be refused must be found in the quarantine. Whoever waits, waits for both. */
	atomic_store(&submit->telling, true);
	if (spool_quarantine(submit->options.spool, sent->row, code, word, &err)) {
		atomic_store(&submit->telling, false);
		submit_spool_failed(submit, &err);
		return;
	}
	log_event(LOG_LEVEL_WARN, "submit.refused", "reason", word, NULL);
	atomic_fetch_add(&submit->refused, 1);
	submit_conclude(submit, sent, code);
	atomic_store(&submit->telling, false);
	submit->options.progress(submit->options.arg);
}

struct message {
	struct tip1 head;
	struct slice payload;
	int64_t now;
};

/* Its terms and its list of recipients. False when the session is over. */
static bool take_welcome(struct submit *submit, const struct message *message)
{
	struct err err = ERR_INIT;

	if (welcome_read(&submit->welcome, &message->head, message->payload, &err)) {
		submit_restart(submit, err.text, 0);
		return false;
	}
	if (trust_offer(submit->options.trust, submit->welcome.recipients, &err)) {
		if (recipients_refusal(&err) != NULL)
			submit_distrust(submit, &err);
		else
			submit_restart(submit, err.text, 0);
		return false;
	}
	submit->welcome.recipients = slice_of("", 0); /* was borrowed */
	window_credit(&submit->window, message->head.limit);
	return true;
}

static void on_welcome(struct submit *submit, const struct message *message)
{
	if (!take_welcome(submit, message))
		return;
	submit->pinged_ms = message->now;
	submit->pongs_missed = 0;
	submit->refusals = 0;
	atomic_store(&submit->trouble, NULL);
	atomic_store(&submit->told_to_stop, false);
	atomic_store(&submit->refused_list, NULL);
	submit_enter(submit, SUBMIT_OPEN, message->now);
	submit->options.progress(submit->options.arg);
}

/* Once more while the session stands: the list was renewed. */
static void on_renewal(struct submit *submit, const struct message *message)
{
	if (take_welcome(submit, message))
		submit->options.progress(submit->options.arg);
}

static void on_ack(struct submit *submit, const struct message *message)
{
	struct err err = ERR_INIT;
	struct sent sent;

	window_credit(&submit->window, message->head.limit);
	if (!window_take(&submit->window, message->head.seq, &message->head.msg_id, &sent))
		return; /* of an earlier session: the row is still here and will be acknowledged as a repeat */
	submit->attempts = 0;
	atomic_fetch_add(message->head.code == TIP1_DUPLICATE ? &submit->duplicate : &submit->stored, 1);
	submit_conclude(submit, &sent, message->head.code);
	if (feed_finish(&submit->feed, sent.row, &err))
		submit_spool_failed(submit, &err);
}

static void nack_quarantine(struct submit *submit, const struct message *message)
{
	struct sent sent;
	if (window_take(&submit->window, message->head.seq, &message->head.msg_id, &sent))
		submit_refuse(submit, &sent, message->head.code);
	else if (atomic_load(&submit->state) == SUBMIT_GREETING)
		submit_told_to_stop(submit, message->head.code);
}

static void nack_retry(struct submit *submit, const struct message *message)
{
	struct sent sent;
	int64_t wait = message->head.arg;

	if (!window_take(&submit->window, message->head.seq, &message->head.msg_id, &sent))
		return;
	wait = wait < RETRY_MIN_MS ? RETRY_MIN_MS : wait > RETRY_MAX_MS ? RETRY_MAX_MS : wait;
	if (!window_delay(&submit->window, sent.row, message->now + wait))
		submit_restart(submit, "too many tips were sent back", wait);
}

static void nack_restart(struct submit *submit, const struct message *message)
{
	submit_restart(submit, tip1_code_find(message->head.code)->word, 0);
}

static void nack_stop(struct submit *submit, const struct message *message)
{
	submit_told_to_stop(submit, message->head.code);
}

static void on_nack(struct submit *submit, const struct message *message)
{
	static void (*const by_action[])(struct submit *, const struct message *) = {
		[TIP1_DONE] = nack_restart, [TIP1_QUARANTINE] = nack_quarantine, [TIP1_RETRY] = nack_retry,
		[TIP1_RESTART] = nack_restart, [TIP1_STOP] = nack_stop,
	};
	window_credit(&submit->window, message->head.limit);
	by_action[tip1_code_find(message->head.code)->action](submit, message);
}

static void on_credit(struct submit *submit, const struct message *message)
{
	window_credit(&submit->window, message->head.limit);
}

static void on_pong(struct submit *submit, const struct message *message)
{
	window_credit(&submit->window, message->head.limit);
	submit->pongs_missed = 0;
}

static void on_goaway(struct submit *submit, const struct message *message)
{
	submit->leave_retry_ms = message->head.arg > RETRY_MAX_MS ? RETRY_MAX_MS : message->head.arg;
	submit_enter(submit, SUBMIT_LEAVING, message->now);
}

/* The table: what a state does with a type. Anything not here is ignored: it came late. */
static const struct {
	uint8_t type;
	void (*in[N_SUBMIT_STATES])(struct submit *, const struct message *);
} table[] = {
	{ TIP1_WELCOME, { [SUBMIT_GREETING] = on_welcome, [SUBMIT_OPEN] = on_renewal } },
	{ TIP1_ACK, { [SUBMIT_OPEN] = on_ack, [SUBMIT_LEAVING] = on_ack } },
	{ TIP1_NACK, { [SUBMIT_GREETING] = on_nack, [SUBMIT_OPEN] = on_nack, [SUBMIT_LEAVING] = on_nack } },
	{ TIP1_CREDIT, { [SUBMIT_OPEN] = on_credit } },
	{ TIP1_PONG, { [SUBMIT_OPEN] = on_pong, [SUBMIT_LEAVING] = on_pong } },
	{ TIP1_GOAWAY, { [SUBMIT_GREETING] = on_goaway, [SUBMIT_OPEN] = on_goaway } },
};

static void dispatch(struct submit *submit, const struct message *message)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		void (*handle)(struct submit *, const struct message *) = table[i].in[atomic_load(&submit->state)];
		if (table[i].type == message->head.type && handle != NULL)
			handle(submit, message);
	}
}

void submit_receive(struct submit *submit)
{
	struct message message = { .now = clock_mono_ms() };
	for (int i = 0; i < MESSAGES_A_TURN && submit->wire.socket != NULL; i++) {
		int got = wire_receive(&submit->wire, &message.head, &message.payload);
		if (got == 0)
			break;
		if (got > 0)
			dispatch(submit, &message);
	}
}
