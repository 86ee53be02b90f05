/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipline_state: what a handle of libtipline is, for the files that are its interface: tipline.c (open, close,
 * receipts), tipline_put.c (what is put) and tipline_wait.c (what is waited for). Nobody else includes it.
 *
 * `put` and what `lock` covers change; all else is set when the handle is opened, and each part locks for itself.
 */
#ifndef TIPLINE_PRODUCERS_SDK_TIPLINE_STATE_H
#define TIPLINE_PRODUCERS_SDK_TIPLINE_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ops/runtime/conf.h"
#include "producers/sdk/sealer.h"
#include "producers/sdk/spool.h"
#include "producers/sdk/submit.h"
#include "producers/sdk/tipline.h"
#include "producers/sdk/trust.h"

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

/* What this process needs once, whoever calls first. No tipline_…: that is what the library shows. */
int sdk_begin(struct err *err);

#endif
