/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submit: the thread that carries what the spool holds to a gateway, as the adapter's side of TIP/1.
 *
 *     WAITING    no socket; a full-jitter delay runs before the next endpoint is tried
 *     GREETING   connecting; HELLO goes out as soon as there is a connection; WELCOME is awaited
 *     OPEN       sends SUBMITs while there is credit, takes answers, pings
 *     LEAVING    the gateway said GOAWAY: no new SUBMITs; the answers of those in flight are awaited
 *     STOPPED    the gateway said that a person must look (3xx, or it refused the key in the handshake), or its list of
 *                recipients is refused: another attempt after `stopped_ms`; or the spool failed: nothing until the next
 *                start
 *
 * A gateway whose list is refused gets no tip, for it may be in the wrong hands: what waits stays in the spool until a
 * gateway's list is taken. Then what was sealed before goes as it is; nothing is sealed anew.
 *
 * From any state but STOPPED a lost connection, a late WELCOME, a late acknowledgement or three pings without an answer
 * lead to WAITING: the socket is closed, a new one made later, and everything still in the spool is sent again from the
 * first row. A row leaves the spool only on ACK, or for the quarantine on a NACK that says never.
 * The receipt hook runs on this thread, before the row is deleted; it may put new tips.
 */
#ifndef TIPLINE_PRODUCERS_SDK_SUBMIT_H
#define TIPLINE_PRODUCERS_SDK_SUBMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "producers/sdk/spool.h"
#include "producers/sdk/trust.h"
#include "schema/keys.h"
#include "schema/tip1.h"

struct submit_receipt {
	int64_t row;
	struct tip_id tip_id;
	uint16_t code;
};

struct submit_options {
	const char *const *gateways; /* host:port, at least one */
	size_t n_gateways;
	struct curve_pair curve;
	char gateway_key[41];
	struct trust *trust; /* judges the list of recipients that a gateway hands out; outlives the thread */
	int backoff_min_ms, backoff_max_ms, greet_ms, stopped_ms;
	struct spool *spool;
	void (*receipt)(void *arg, const struct submit_receipt *receipt);
	void (*progress)(void *arg); /* rows left the spool */
	void *arg;
};

struct submit_stats {
	uint64_t stored, duplicate, refused, resubmitted, reconnects;
	const char *trouble; /* why nothing gets through, static; NULL: nothing known */
	bool connected;
	bool stopped; /* the gateway said that a person must look, and has not welcomed this adapter since */
	bool telling; /* a row has left the spool, and its receipt is not given yet */
	bool broken;  /* the spool failed: nothing is sent until the next start */
	const char *refused_list; /* why no gateway's list of recipients was taken, a code of recipients.h; NULL: one was */
};

struct submit;

/* Copies `options` but for the strings of `gateways`. */
int submit_start(struct submit **out, const struct submit_options *options, struct err *err)
	__attribute__((warn_unused_result));
void submit_poke(struct submit *submit); /* the spool holds something new; any thread */
void submit_stats(struct submit *submit, struct submit_stats *stats); /* any thread */
void submit_stop(struct submit *submit); /* says BYE, ends the thread, frees; NULL is allowed */

#endif
