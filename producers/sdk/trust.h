/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trust: the list of recipients that is in force here (schema/recipients.h), and what it takes to become that.
 *
 * A list is taken when the root key of the configuration signed it, when it is not older than any taken before, also by
 * an earlier run, and when it is valid today. What is taken is on disk, in a file beside the spool, before anything is
 * sealed to it: so a restart neither forgets how far the epochs were nor needs a gateway to seal. A list that is
 * refused changes nothing. When the one in force expires and no other comes, there is nothing to seal to
 * (trust_current), but what is sealed already is as good as ever.
 *
 * Any thread. trust_offer may block for a disk sync, when the list is another than the one in force.
 */
#ifndef TIPLINE_PRODUCERS_SDK_TRUST_H
#define TIPLINE_PRODUCERS_SDK_TRUST_H

#include "ops/runtime/buf.h"
#include "ops/runtime/err.h"
#include "schema/recipients.h"

struct trust;

/*
 * `first`: a list that came with the configuration, signed by `root`; NULL: there is none. It is taken like any other
 * list; that it is older than what is in force, or not valid today, is no error, and where there is no state, one that
 * has expired still rules out the lists before it. `state`: the file. -1 when that is damaged or of another root, when
 * `first` conflicts with it, or when it cannot be written.
 */
int trust_open(struct trust **out, const uint8_t root[RECIPIENTS_ROOT_PUBLIC], const struct recipients *first,
	       const char *state, struct err *err) __attribute__((warn_unused_result));
void trust_close(struct trust *trust); /* NULL is allowed */
/* What a gateway handed out; empty: it handed out none. -1 with one of the codes of recipients.h. */
int trust_offer(struct trust *trust, struct slice document, struct err *err);
/* Whom to seal to today. -1 with recipients-absent, recipients-expired or recipients-early. */
int trust_current(struct trust *trust, struct seal_recipients *to, struct err *err);
/*
 * Appends the document of that list, as `tipctl recipients sign` wrote it, and gives the root key that signed it, for
 * whoever seals elsewhere. -1 as trust_current.
 */
int trust_document(struct trust *trust, struct buf *out, uint8_t root[RECIPIENTS_ROOT_PUBLIC], struct err *err);
/* The epoch and last day of the list in force; 0 and 0 when there is none. */
void trust_figures(struct trust *trust, uint32_t *epoch, uint32_t *not_after);

#endif
