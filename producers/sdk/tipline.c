/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/tipline.h"

#include <stdlib.h>
#include <string.h>

#include "ops/runtime/program.h"
#include "producers/sdk/adapter_conf.h"
#include "producers/sdk/last_error.h"
#include "producers/sdk/tipline_state.h"
#include "schema/keys.h"
#include "schema/tip.h"

#define OPEN_RESERVE (8u << 20)

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

int sdk_begin(struct err *err)
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
	int rc = sdk_begin(&err) || open_reserved(out, config, &err) ? -1 : 0;
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

int tipline_requeue(struct tipline *tipline, size_t *n)
{
	struct err err = ERR_INIT;

	if (spool_requeue(tipline->spool, n, &err))
		return last_error_set(&err);
	submit_poke(tipline->submit);
	return TIPLINE_OK;
}

void tipline_on_receipt(struct tipline *tipline, void (*fn)(void *arg, const struct tipline_receipt *receipt),
			void *arg)
{
	pthread_mutex_lock(&tipline->lock);
	tipline->on_receipt = fn;
	tipline->on_receipt_arg = arg;
	pthread_mutex_unlock(&tipline->lock);
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
		.room = spool_room(tipline->spool),
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
