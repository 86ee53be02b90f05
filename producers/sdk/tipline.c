/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/tipline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/conf.h"
#include "ops/runtime/log.h"
#include "ops/runtime/program.h"
#include "producers/sdk/adapter_conf.h"
#include "producers/sdk/last_error.h"
#include "producers/sdk/rehearsal.h"
#include "producers/sdk/sealer.h"
#include "producers/sdk/spool.h"
#include "producers/sdk/submit.h"
#include "producers/sdk/trust.h"
#include "schema/hex.h"
#include "schema/keys.h"
#include "schema/tip.h"

struct tipline {
	struct conf *conf;
	struct sealer *sealer;
	struct spool *spool;
	struct trust *trust;
	struct submit *submit;
	atomic_uint_fast64_t put;
	pthread_mutex_t lock;     /* receipt hook, and the condition */
	pthread_cond_t progress;  /* on the monotonic clock */
	void (*on_receipt)(void *arg, const struct tipline_receipt *receipt);
	void *on_receipt_arg;
};

#define OPEN_RESERVE (8u << 20)
#define PUT_RESERVE (1u << 20)
#define LIST_RESERVE (64u << 10)

_Static_assert(TIPLINE_RECIPIENTS_MAX == RECIPIENTS_FILE_MAX + 1, "the largest list, with a NUL");

/* More than a call asks for: a document, what Jansson makes of it, and the frame in its buffers as they grow. */
static int reserve_for(size_t len, struct err *err)
{
	return mem_reserve(PUT_RESERVE + 16 * (len < TIP_JSON_MAX ? len : TIP_JSON_MAX), err);
}

static void begin_once(void)
{
	tip_begin_as_guest();
}

static void pass_receipt(void *arg, const struct submit_receipt *from)
{
	static const struct {
		enum tip1_action action;
		enum tipline_result result;
	} results[] = { { TIP1_DONE, TIPLINE_STORED }, { TIP1_QUARANTINE, TIPLINE_REFUSED } };
	struct tipline *tipline = arg;
	const struct tip1_code_info *info = tip1_code_find(from->code);
	struct tipline_receipt receipt = { .result = TIPLINE_REFUSED, .code = from->code, .reason = info->word };

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (results[i].action == info->action)
			receipt.result = results[i].result;
	if (from->code == TIP1_DUPLICATE)
		receipt.result = TIPLINE_DUPLICATE;
	memcpy(receipt.tip_id, from->tip_id.bytes, TIPLINE_ID_BYTES);
	receipt.opaque = spool_take_opaque(tipline->spool, from->row);
	pthread_mutex_lock(&tipline->lock);
	void (*hook)(void *, const struct tipline_receipt *) = tipline->on_receipt;
	void *hook_arg = tipline->on_receipt_arg;
	pthread_mutex_unlock(&tipline->lock);
	if (hook != NULL)
		hook(hook_arg, &receipt);
}

static void pass_progress(void *arg)
{
	struct tipline *tipline = arg;
	pthread_mutex_lock(&tipline->lock);
	pthread_cond_broadcast(&tipline->progress);
	pthread_mutex_unlock(&tipline->lock);
}

static int open_parts(struct tipline *tipline, const char *config, struct err *err)
{
	struct submit_options options = { .receipt = pass_receipt, .progress = pass_progress, .arg = tipline };

	if (conf_load(&tipline->conf, config, adapter_conf_tables, err) ||
	    adapter_conf_sealer(&tipline->sealer, tipline->conf, err) ||
	    adapter_conf_submit(&options, tipline->conf, err) ||
	    spool_open(&tipline->spool, conf_str(tipline->conf, "spool.path"),
		       (size_t)conf_int(tipline->conf, "spool.max_tips"), err) ||
	    adapter_conf_trust(&tipline->trust, tipline->conf, err))
		return -1;
	options.spool = tipline->spool;
	options.trust = tipline->trust;
	int rc = submit_start(&tipline->submit, &options, err);
	mem_wipe(&options.curve, sizeof(options.curve));
	return rc;
}

static void release(struct tipline *tipline)
{
	submit_stop(tipline->submit);
	trust_close(tipline->trust);
	spool_close(tipline->spool);
	sealer_free(tipline->sealer);
	conf_free(tipline->conf);
	pthread_cond_destroy(&tipline->progress);
	pthread_mutex_destroy(&tipline->lock);
	free(tipline);
}

static void init_locks(struct tipline *tipline)
{
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&tipline->progress, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&tipline->lock, NULL);
}

static int begin(struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, begin_once);
	return keys_begin(err);
}

static int open_reserved(struct tipline **out, const char *config, struct err *err)
{
	struct tipline *tipline = mem_alloc(sizeof(*tipline));

	init_locks(tipline);
	if (open_parts(tipline, config, err)) {
		release(tipline);
		return -1;
	}
	*out = tipline;
	return 0;
}

int tipline_open(struct tipline **out, const char *config)
{
	struct err err = ERR_INIT;

	if (mem_reserve(OPEN_RESERVE, &err))
		return last_error_set(&err);
	int rc = begin(&err) || open_reserved(out, config, &err) ? -1 : 0;
	mem_unreserve();
	return rc ? last_error_set(&err) : TIPLINE_OK;
}

int tipline_close(struct tipline *tipline, int timeout_ms)
{
	if (tipline == NULL)
		return TIPLINE_OK;
	int rc = tipline_drain(tipline, timeout_ms);
	release(tipline);
	return rc;
}

static int keep(struct tipline *tipline, struct slice frame, const struct tip_id *tip_id, void *opaque)
{
	struct err err = ERR_INIT;
	if (spool_insert(tipline->spool, tip_id, frame, opaque, &err))
		return last_error_set(&err);
	atomic_fetch_add(&tipline->put, 1);
	submit_poke(tipline->submit);
	return TIPLINE_OK;
}

static int put_reserved(struct tipline *tipline, const char *json, size_t len, uint8_t *tip_id, void *opaque)
{
	struct buf frame = BUF_INIT;
	struct tip_id id;
	int rc = rehearsal_seal(tipline, NULL, slice_of(json, len), &frame, id.bytes);
	if (rc == TIPLINE_OK)
		rc = keep(tipline, buf_slice(&frame), &id, opaque);
	if (rc == TIPLINE_OK && tip_id != NULL)
		memcpy(tip_id, id.bytes, TIPLINE_ID_BYTES);
	buf_release(&frame);
	return rc;
}

int tipline_put(struct tipline *tipline, const char *json, size_t len, uint8_t tip_id[TIPLINE_ID_BYTES], void *opaque)
{
	struct err err = ERR_INIT;

	if (reserve_for(len, &err))
		return last_error_set(&err);
	int rc = put_reserved(tipline, json, len, tip_id, opaque);
	mem_unreserve();
	return rc;
}

static int put_sealed_reserved(struct tipline *tipline, const struct tipline_sealed *sealed, void *opaque)
{
	struct buf frame = BUF_INIT;
	struct err err = ERR_INIT;
	struct tip_id id;

	memcpy(id.bytes, sealed->tip_id, TIP_ID_BYTES);
	int rc = sealer_sign(tipline->sealer, &id, slice_of(sealed->body, sealed->body_len),
			     slice_of(sealed->contact, sealed->contact_len), &frame, &err);
	rc = rc ? last_error_set(&err) : keep(tipline, buf_slice(&frame), &id, opaque);
	buf_release(&frame);
	return rc;
}

int tipline_put_sealed(struct tipline *tipline, const struct tipline_sealed *sealed, void *opaque)
{
	struct err err = ERR_INIT;

	if (reserve_for(sealed->body_len, &err))
		return last_error_set(&err);
	int rc = put_sealed_reserved(tipline, sealed, opaque);
	mem_unreserve();
	return rc;
}

static int recipients_reserved(struct tipline *tipline, char *list, size_t size, char *root_hex)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct buf document = BUF_INIT;
	struct err err = ERR_INIT;
	int rc;

	if (trust_document(tipline->trust, &document, root, &err))
		return (void)last_error_set(&err), TIPLINE_ERECIPIENTS;
	if (document.len >= size) {
		rc = last_error_say(TIPLINE_EINVAL, "the list of recipients and a NUL take %zu bytes, and there is room for "
				    "%zu; TIPLINE_RECIPIENTS_MAX is enough for any", document.len + 1, size);
	} else {
		memcpy(list, document.data, document.len + 1);
		if (root_hex != NULL)
			hex_encode(root_hex, root, sizeof(root));
		rc = (int)document.len;
	}
	buf_release(&document);
	return rc;
}

int tipline_recipients(struct tipline *tipline, char *list, size_t size, char root_hex[65])
{
	struct err err = ERR_INIT;

	if (mem_reserve(LIST_RESERVE, &err))
		return last_error_set(&err);
	int rc = recipients_reserved(tipline, list, size, root_hex);
	mem_unreserve();
	return rc;
}

int tipline_requeue(struct tipline *tipline, size_t *n)
{
	struct err err = ERR_INIT;

	if (spool_requeue(tipline->spool, n, &err))
		return last_error_set(&err);
	submit_poke(tipline->submit);
	return TIPLINE_OK;
}

static int check_reserved(const char *json, size_t len)
{
	struct err err = ERR_INIT;
	struct tip tip;

	if (begin(&err) || tip_parse(&tip, slice_of(json, len), true, &err)) {
		mem_wipe_stack(STACK_SHALLOW);
		return last_error_set(&err);
	}
	struct tip_id id;
	const char *given = tip_given_id(&tip);
	int bad = given != NULL && (tip_id_parse(&id, given, strlen(given)) || tip_id_is_zero(&id));
	tip_release(&tip);
	mem_wipe_stack(STACK_SHALLOW);
	return bad ? last_error_say(TIPLINE_EINVAL, "/tip_id: not 32 lower-case hex digits") : TIPLINE_OK;
}

int tipline_check(const char *json, size_t len)
{
	struct err err = ERR_INIT;

	if (reserve_for(len, &err))
		return last_error_set(&err);
	int rc = check_reserved(json, len);
	mem_unreserve();
	return rc;
}

void tipline_on_receipt(struct tipline *tipline, void (*fn)(void *arg, const struct tipline_receipt *receipt),
			void *arg)
{
	pthread_mutex_lock(&tipline->lock);
	tipline->on_receipt = fn;
	tipline->on_receipt_arg = arg;
	pthread_mutex_unlock(&tipline->lock);
}

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

void tipline_stats(struct tipline *tipline, struct tipline_stats *stats)
{
	struct submit_stats submit;

	submit_stats(tipline->submit, &submit);
	*stats = (struct tipline_stats){
		.put = atomic_load(&tipline->put),
		.stored = submit.stored,
		.duplicate = submit.duplicate,
		.refused = submit.refused,
		.resubmitted = submit.resubmitted,
		.reconnects = submit.reconnects,
		.waiting = spool_waiting(tipline->spool),
		.quarantined = spool_quarantined(tipline->spool),
		.connected = submit.connected,
		.stopped = submit.stopped,
		.recipients_refused = submit.refused_list,
	};
	trust_figures(tipline->trust, &stats->recipients_epoch, &stats->recipients_until);
}

const char *tipline_version(void)
{
	return TIPLINE_VERSION;
}

int rehearsal_seal(struct tipline *tipline, const struct seal_recipients *recipients, struct slice json,
		   struct buf *frame, uint8_t tip_id[TIPLINE_ID_BYTES])
{
	struct seal_recipients current;
	struct err err = ERR_INIT;
	struct tip_id id;

	if (recipients == NULL && trust_current(tipline->trust, &current, &err))
		return (void)last_error_set(&err), TIPLINE_ERECIPIENTS;
	int rc = sealer_frame(tipline->sealer, recipients != NULL ? recipients : &current, json, frame, &id, &err);
	mem_wipe_stack(STACK_SHALLOW);
	if (rc)
		return last_error_set(&err);
	memcpy(tip_id, id.bytes, TIPLINE_ID_BYTES);
	return TIPLINE_OK;
}

int rehearsal_put_frame(struct tipline *tipline, struct slice frame, const uint8_t tip_id[TIPLINE_ID_BYTES],
			void *opaque)
{
	struct tip_id id;
	memcpy(id.bytes, tip_id, TIP_ID_BYTES);
	return keep(tipline, frame, &id, opaque);
}

int rehearsal_recipients(struct tipline *tipline, struct seal_recipients *to)
{
	struct err err = ERR_INIT;

	if (trust_current(tipline->trust, to, &err) == 0)
		return TIPLINE_OK;
	return (void)last_error_set(&err), TIPLINE_ERECIPIENTS;
}
