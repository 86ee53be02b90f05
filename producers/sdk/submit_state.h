/* SPDX-License-Identifier: Apache-2.0 */
/*
 * submit_state: the submitting thread's state, shared by the files of submit alone: submit.c (states and time),
 * submit_receive.c (what arrives) and submit_send.c (what goes out). What is atomic may be read by other threads.
 */
#ifndef TIPLINE_PRODUCERS_SDK_SUBMIT_STATE_H
#define TIPLINE_PRODUCERS_SDK_SUBMIT_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "producers/sdk/feed.h"
#include "producers/sdk/submit.h"
#include "producers/sdk/welcome.h"
#include "producers/sdk/window.h"
#include "producers/sdk/wire.h"

enum submit_state {
	SUBMIT_WAITING, SUBMIT_GREETING, SUBMIT_OPEN, SUBMIT_LEAVING, SUBMIT_STOPPED, N_SUBMIT_STATES
};

struct submit {
	struct submit_options options;
	pthread_t thread;
	int wake; /* eventfd */
	atomic_bool stopping;
	atomic_bool told_to_stop; /* by the gateway, and not welcomed since */
	atomic_bool spool_broken;
	atomic_bool telling;      /* as in submit_stats */
	atomic_uint_fast64_t stored, duplicate, refused, resubmitted, reconnects;
	atomic_int state;
	_Atomic(const char *) refused_list; /* as in submit_stats */
	_Atomic(const char *) trouble; /* why no gateway took the last attempt, static; NULL: none */

	/* Of the thread alone. */
	struct wire wire;
	struct feed feed;
	struct window window;
	struct tip_id instance;
	struct welcome welcome;
	size_t endpoint;
	size_t refusals;        /* gateways that told us to stop, one after the other */
	unsigned attempts;      /* since an answer last came */
	int64_t since_ms;       /* when the state was entered */
	int64_t until_ms;       /* WAITING, STOPPED: when to go on */
	int64_t pinged_ms;
	unsigned pongs_missed;
	int64_t highest_sent;   /* row: what is at most this is sent again */
	uint32_t leave_retry_ms;
	bool greeted;
	bool blocked;           /* a send found no connection */
};

/* Transitions. */
void submit_enter(struct submit *submit, enum submit_state state, int64_t now);
/* The session is over: new socket after at least `least_ms`, next endpoint, everything in the spool again. */
void submit_restart(struct submit *submit, const char *why, int64_t least_ms);
/* The gateway says that a person must look: the next attempt comes after options.stopped_ms. */
void submit_told_to_stop(struct submit *submit, uint16_t code);
/* Its list of recipients is refused: no tip for this gateway. */
void submit_distrust(struct submit *submit, const struct err *why);
/* Nothing can be submitted until the next start. */
void submit_spool_failed(struct submit *submit, const struct err *err);

/* A row that ended without leaving the spool yet: told. And one that was refused: set aside, then told. */
void submit_conclude(struct submit *submit, const struct sent *sent, uint16_t code);
void submit_refuse(struct submit *submit, const struct sent *sent, uint16_t code);

/* Takes what has arrived. */
void submit_receive(struct submit *submit);
/* Sends what is due while there is credit. */
void submit_pump(struct submit *submit, int64_t now);
void submit_send_head(struct submit *submit, uint8_t type);
void submit_send_hello(struct submit *submit);

#endif
