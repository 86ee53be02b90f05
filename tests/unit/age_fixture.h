/* SPDX-License-Identifier: Apache-2.0 */
/*
 * age_fixture: as many identities as an age file may have recipients, for the tests of age files.
 */
#ifndef TIPLINE_TESTS_UNIT_AGE_FIXTURE_H
#define TIPLINE_TESTS_UNIT_AGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>

#include "schema/age.h"
#include "schema/keys.h"

#define KEYS AGE_RECIPIENTS_MAX

struct fixture {
	struct age_identity *identities[KEYS];
	struct age_recipient recipients[KEYS];
};

static int begin(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct err err = ERR_INIT;

	if (keys_begin(&err) != 0)
		return -1;
	for (size_t i = 0; i < KEYS; i++) {
		if (age_identity_generate(&f->identities[i], &err) != 0)
			return -1;
		age_identity_recipient(f->identities[i], &f->recipients[i]);
	}
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < KEYS; i++)
		age_identity_free(f->identities[i]);
	free(f);
	return 0;
}

static void random_bytes(struct buf *out, size_t len)
{
	buf_clear(out);
	randombytes_buf(buf_reserve(out, len), len);
	out->len = len;
}

#endif
