/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipline.h: libtipline, what a channel adapter links. Plain C, no other header of the project is needed.
 *
 * An adapter gives a tip; tipline_put seals it to the recipients, signs it, and writes it to the spool (SQLite, synced
 * to disk) before it returns. From then on the tip will not be lost by this machine: a thread of the library submits
 * what the spool holds to the gateway (TIP/1 over ZeroMQ with CURVE), again and again until it is acknowledged, also
 * after a crash and restart. Nothing readable is ever written: the spool holds sealed frames.
 *
 * An adapter whose tipsters seal their tips themselves, in their browsers say, gives them the list of recipients
 * (tipline_recipients), and tipline_put_sealed what they sealed; it never has anything readable. All else is the same.
 *
 * Whom tips are sealed to is a list that the site's root key signed (tipline-recipients(5)); that key's public half
 * is in the configuration. A list comes with the configuration (keys.recipients) or from the gateway, and the newest is
 * kept beside the spool. One that is not signed by the root, older than one before, or not valid today is refused: a
 * log line says why, the gateway that handed it out gets no tip, and what the spool holds stays there until a good list
 * comes; then all goes on by itself. Tips are sealed to the newest list taken, while that is valid, with or without a
 * gateway; after its last day tipline_put fails with TIPLINE_ERECIPIENTS and keeps nothing.
 *
 * Threads: a handle may be used from several threads; callbacks run on the library's thread and must not call back
 * into the handle, except tipline_put and tipline_put_sealed. Strings are UTF-8. Errors: 0 or a negative TIPLINE_E…
 * code; tipline_error gives a sentence for the last failed call of this thread, never with content of the tip; a stable
 * word and ": " in front say what is wrong with a document ("json-syntax: …", "tip-invalid: …").
 *
 * Out of memory: tipline_open, tipline_put, tipline_put_sealed, tipline_recipients and tipline_check first put aside
 * more than they need, and fail with TIPLINE_ENOMEM where that is not to be had; nothing was done, and the same call
 * may work later. The library's own thread, and ZeroMQ, which has no other way, abort the process when they get no
 * memory; what tipline_put or tipline_put_sealed returned 0 for is on disk.
 */
#ifndef TIPLINE_H
#define TIPLINE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

#define TIPLINE_ID_BYTES 16
#define TIPLINE_RECIPIENTS_MAX 4097 /* the largest list of recipients, with a NUL */

enum tipline_code {
	TIPLINE_OK = 0,
	TIPLINE_EINVAL = -1,  /* the tip does not follow the schema; never will */
	TIPLINE_ECONFIG = -2, /* configuration or key files */
	TIPLINE_EFULL = -3,   /* the spool is at its limit: refuse the tip to your user, loudly */
	TIPLINE_EIO = -4,     /* the spool could not be written: the tip is NOT kept */
	TIPLINE_ETIMEDOUT = -5,
	TIPLINE_EINTERNAL = -6,
	TIPLINE_ESTOPPED = -7, /* the gateway refuses this adapter (revoked, or not on the list): a person must look */
	TIPLINE_ENOMEM = -8,  /* no memory for this call: nothing was done */
	TIPLINE_ERECIPIENTS = -9 /* no signed list of recipients that is valid: there is nobody to seal to */
};

enum tipline_result {
	TIPLINE_STORED,    /* acknowledged: kept by the bus, gone from the spool */
	TIPLINE_DUPLICATE, /* acknowledged: it was there already */
	TIPLINE_REFUSED    /* will not be accepted: kept in the spool's quarantine; `code` says why */
};

struct tipline;

struct tipline_receipt {
	uint8_t tip_id[TIPLINE_ID_BYTES];
	enum tipline_result result;
	int code;          /* of TIP/1: 0, 1, 100 … */
	const char *reason; /* a stable word for the code, static */
	void *opaque;      /* as given with the tip in this process; NULL for tips of an earlier run */
};

/* `config`: path of the adapter's YAML file (see tip-submit(1)). Starts the submitting thread. */
int tipline_open(struct tipline **out, const char *config);
/* Waits up to timeout_ms for the spool to drain, then stops. What is left is submitted by the next run. */
int tipline_close(struct tipline *tipline, int timeout_ms);

/*
 * Seals and spools one tip, a JSON document as in tip.schema.json, with `contact_details` where the tipster left some.
 * tip_id: out, 16 bytes (in, when the document has a member "tip_id"). 0 means: it is on disk.
 * TIPLINE_ERECIPIENTS: the tip was NOT kept; refuse it to your user, loudly, or wait with tipline_ready.
 */
int tipline_put(struct tipline *tipline, const char *json, size_t len, uint8_t tip_id[TIPLINE_ID_BYTES],
		void *opaque);

/* A tip that was sealed elsewhere, to the list that tipline_recipients gives: two age files (tipline-seal(5)). */
struct tipline_sealed {
	uint8_t tip_id[TIPLINE_ID_BYTES]; /* drawn at random by who sealed it; it stands in the body too */
	const void *body;    /* of one of the five sizes */
	size_t body_len;
	const void *contact; /* always there, and always 1,420 bytes */
	size_t contact_len;
};
/*
 * Signs it with the adapter's key, as a tip of today, and spools it. 0 means: it is on disk. All that can be seen from
 * outside is checked, and the word in front of tipline_error says what is wrong:
 *     tip-invalid     tip_id is zero
 *     body-padding    body_len is none of the five sizes
 *     frame-lengths   contact_len is not 1,420
 *     age-header      the body has not exactly 4 stanzas, or the contact part not exactly 3, all of them X25519
 * What is inside, and to whom it is sealed, nobody sees before classify, which parks what is not right. A list that has
 * ended since does not matter. The same tip may be put again, by who is not sure: it is stored once.
 */
int tipline_put_sealed(struct tipline *tipline, const struct tipline_sealed *sealed, void *opaque);
/*
 * The list of recipients in force, as the JSON document that `tipctl recipients sign` wrote, byte for byte, with a NUL
 * behind it; `size`: the room in `list`, TIPLINE_RECIPIENTS_MAX is enough. root_hex: the root key that signed it, 64
 * digits and a NUL; NULL is allowed. Returns the document's length. TIPLINE_ERECIPIENTS: none is valid today;
 * TIPLINE_EINVAL: no room. Neither is touched then.
 */
int tipline_recipients(struct tipline *tipline, char *list, size_t size, char root_hex[65]);
/*
 * 0 as soon as there is a list of recipients to seal to, at once when there is one already. TIPLINE_ESTOPPED and
 * TIPLINE_ERECIPIENTS as soon as each gateway has refused this adapter or handed out a list that is refused;
 * TIPLINE_ERECIPIENTS when timeout_ms have passed (0: only looks).
 */
int tipline_ready(struct tipline *tipline, int timeout_ms);
/*
 * Puts what a gateway refused (TIPLINE_REFUSED) from the spool's quarantine back to what waits, as it was sealed; `n`:
 * how many. For when the reason was the gateway's, its list of adapters say, and is mended.
 */
int tipline_requeue(struct tipline *tipline, size_t *n);
/* Checks one document without sealing anything. */
int tipline_check(const char *json, size_t len);

/* Called once for every tip that reached its end. Set before the first put. */
void tipline_on_receipt(struct tipline *tipline, void (*fn)(void *arg, const struct tipline_receipt *receipt),
			void *arg);
/*
 * 0 when nothing waits any more; TIPLINE_ESTOPPED as soon as the gateway has refused this adapter (what waits stays in
 * the spool and is tried again now and then); TIPLINE_ERECIPIENTS as soon as the list of recipients of every gateway
 * was refused (the same); TIPLINE_EIO when the spool failed under way; TIPLINE_ETIMEDOUT otherwise.
 * timeout_ms < 0: for ever. 0: only looks.
 */
int tipline_drain(struct tipline *tipline, int timeout_ms);
size_t tipline_waiting(struct tipline *tipline);

struct tipline_stats {
	uint64_t put, stored, duplicate, refused, resubmitted, reconnects;
	uint64_t waiting, quarantined, room; /* room: how many more the spool takes (spool.max_tips) */
	int connected, stopped; /* stopped: see TIPLINE_ESTOPPED */
	uint32_t recipients_epoch, recipients_until; /* of the list in force; its last day since 1970-01-01; 0: none */
	const char *recipients_refused; /* why no gateway's list is taken, static: "recipients-expired" …; NULL: it is */
};
void tipline_stats(struct tipline *tipline, struct tipline_stats *stats);

const char *tipline_error(void);
const char *tipline_version(void);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif
