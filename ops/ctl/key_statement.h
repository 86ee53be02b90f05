/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key_statement: which keys are to be destroyed, in words that two operators sign (schema/confirmation.h): the keys of
 * one epoch, of all three kinds or of those that were named, each by its fingerprint, and the day of signing.
 *
 *     destroy epoch 1: triage 1 0123456789abcdef, recovery 1 …, bus 1 …; 2026-11-28
 *
 * What is signed is what is destroyed: a statement that names more, or less, confirms something else. But a destroy
 * that was interrupted, or had to wait for a key that is offline, goes on with the confirmations that it had.
 */
#ifndef TIPLINE_OPS_CTL_KEY_STATEMENT_H
#define TIPLINE_OPS_CTL_KEY_STATEMENT_H

#include "ops/ctl/key_site.h"

#define KEY_SELECTION_MAX 3

struct key_selection {
	unsigned epoch;
	struct keyring_key *keys[KEY_SELECTION_MAX]; /* of the inventory; destroyed ones too */
	size_t n;
};

/*
 * The keys of --epoch, of the kinds that the operands from `first` on name, or of all. ERR_CONFIG when one is still in
 * use, or none is left to destroy.
 */
int key_select(struct key_selection *selection, const struct key_site *site, int first, struct err *err);
/* Whether it is to be destroyed, or was begun to be. */
bool key_selection_is_left(const struct keyring_key *key);
/* Appends what is to be said today of those that are left. */
void key_statement_write(const struct key_selection *selection, struct buf *statement);
/* 0 when the statement says so of all that are left, and of nothing else, within the last seven days. */
int key_statement_check(const struct key_selection *selection, struct slice statement, struct err *err);

#endif
