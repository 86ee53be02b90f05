/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recipients: the signed list of whom intake seals tips to. The site's root key, which is kept offline, signs it; each
 * adapter has the root's public key in its configuration and seals to what that key has signed and to nothing else, so
 * that a gateway in the wrong hands cannot name a key of its own. The gateway hands the list out in WELCOME; the public
 * web form's page carries the same document, byte for byte, and checks it alike (it is JSON and plain Ed25519, so that
 * a browser can).
 *
 * The file (recipients.json) is one JSON object of at most 4096 bytes:
 *     {"tipline":"recipients/v1","signed":"<base64>",
 *      "signature":"<base64>"}
 *
 *     signed       standard base64 with padding, the one encoding of these bytes; they are the list, a JSON object:
 *         {"epoch":7,"not_before":"2026-11-28","not_after":"2027-02-26",
 *          "triage":"age1…","recovery":"age1…","custodian":"age1…"}
 *     signature    64 bytes: Ed25519 (RFC 8032) over "tipline/recipients/v1" followed by the bytes of `signed`
 *
 * Without `signature` it is a request: what is to be signed, which no adapter takes. The list's members:
 *     epoch        1 to 4294967295; a later list has a higher one, and an adapter never goes back
 *     not_before   first day of its validity, in UTC
 *     not_after    its last day
 *     triage       opens a tip's body, as does recovery
 *     custodian    opens the contact details, as does recovery
 *
 * All members must be there, once, and no others. The three keys differ: custodian and triage must not open each
 * other's part.
 *
 * Whoever takes a list asks in this order, and refuses it with a code that keeps its meaning:
 *     its form       recipients-format, recipients-key
 *     its signature  recipients-unsigned, recipients-signature
 *     its epoch      recipients-older, recipients-conflict (two lists of one epoch)
 *     its days       recipients-expired, recipients-early
 * Nothing of a list is used before its signature was found right, but by who shows it to a person.
 *
 * In the code: recipients_parse, _verify, _follows and _valid ask these four; the code is struct err's reason. Pure
 * functions of their arguments but for files; a failed call leaves its output as it was.
 */
#ifndef TIPLINE_SCHEMA_RECIPIENTS_H
#define TIPLINE_SCHEMA_RECIPIENTS_H

#include <stdbool.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/seal.h"

#define RECIPIENTS_FILE_MAX 4096
#define RECIPIENTS_SIGNED_MAX 1024
#define RECIPIENTS_ROOT_PUBLIC 32
#define RECIPIENTS_ROOT_SECRET 64 /* as libsodium has it: seed, then the public key */
#define RECIPIENTS_SIGNATURE_BYTES 64
#define RECIPIENTS_DAYS 90 /* how long a list is valid when nobody says otherwise */
#define RECIPIENTS_SLACK_DAYS 1 /* it begins so many days before: not every clock of a site is right */

/* X(symbol, code, what to do about it) */
#define RECIPIENTS_REFUSALS(X) \
	X(FORMAT, "recipients-format", "it must be a list that `tipctl recipients sign` made, unchanged") \
	X(KEY, "recipients-key", "sign a list with other keys") \
	X(UNSIGNED, "recipients-unsigned", "sign it with the root key (tipctl recipients sign)") \
	X(SIGNATURE, "recipients-signature", \
	  "if the list is the site's own, the public root key that it is checked with is of another site; if it is not, " \
	  "whoever handed it out is not to be trusted") \
	X(OLDER, "recipients-older", "give the gateways the newest list") \
	X(CONFLICT, "recipients-conflict", "find out who signed two lists of one epoch, then sign one of a higher epoch") \
	X(EXPIRED, "recipients-expired", \
	  "sign a new one (tipctl recipients sign) and give it to the gateways; or is this machine's clock ahead?") \
	X(EARLY, "recipients-early", "wait for that day, or sign one that is valid today; is this machine's clock right?") \
	X(ABSENT, "recipients-absent", "give keys.recipients the site's signed list, or connect to a gateway that has it") \
	X(STATE, "recipients-state", "see that the folder of the spool can be written and has room")

#define RECIPIENTS_DECLARE(symbol, code, todo) extern const char RECIPIENTS_##symbol[];
RECIPIENTS_REFUSALS(RECIPIENTS_DECLARE)
#undef RECIPIENTS_DECLARE

struct recipients {
	struct seal_recipients to; /* to.epoch is the list's */
	uint32_t not_before, not_after; /* days since 1970-01-01 */
	bool has_signature;
	uint8_t signature[RECIPIENTS_SIGNATURE_BYTES];
	size_t signed_len;
	uint8_t signed_bytes[RECIPIENTS_SIGNED_MAX];
};

/* The code when `err` refuses a list, with static storage; NULL when it is of another kind. */
const char *recipients_refusal(const struct err *err);
/* -1, ERR_CONFIG with that code, the text and "; " what to do about it. */
int recipients_refuse(struct err *err, const char *code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* What the bytes say, signed or not. */
int recipients_parse(struct recipients *list, struct slice document, struct err *err);
/* The same of a file, which is named in front of the error. */
int recipients_load(struct recipients *list, const char *path, struct err *err);
int recipients_verify(const struct recipients *list, const uint8_t root[RECIPIENTS_ROOT_PUBLIC], struct err *err);
/* 0 when `list` is the same as `newest`, which was accepted before, or later than it. */
int recipients_follows(const struct recipients *list, const struct recipients *newest, struct err *err);
int recipients_valid(const struct recipients *list, uint32_t day, struct err *err);

/*
 * Makes a list. recipients_draft fills signed_bytes from `to` and the two days: a request. recipients_sign signs what
 * recipients_draft or recipients_parse left there. recipients_write appends the file.
 */
int recipients_draft(struct recipients *list, struct err *err);
void recipients_sign(struct recipients *list, const uint8_t root[RECIPIENTS_ROOT_SECRET]);
void recipients_write(struct buf *out, const struct recipients *list);

#endif
