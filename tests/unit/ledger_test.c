/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ops/ctl/ledger.h"

static struct tip_id id_of(uint32_t n)
{
	struct tip_id id = { { 0 } };

	memcpy(id.bytes + 12, &n, sizeof n);
	return id;
}

static void notes_places_of_a_tip(void **state)
{
	struct ledger ledger = { 0 };
	struct tip_id one = id_of(1), two = id_of(2);

	(void)state;
	assert_null(ledger_find(&ledger, &one));
	ledger_note(&ledger, &one, LEDGER_SEALED);
	ledger_note(&ledger, &one, LEDGER_STORED);
	ledger_note(&ledger, &one, LEDGER_STORED);
	assert_int_equal(ledger_find(&ledger, &one)->places, LEDGER_SEALED | LEDGER_STORED);
	assert_null(ledger_find(&ledger, &two));
	assert_int_equal(ledger.n, 1);
	ledger_release(&ledger);
	assert_null(ledger_find(&ledger, &one));
}

/* All ids begin alike, so they meet in the same slot: they must still be told apart, also while the table grows. */
static void tells_colliding_tips_apart(void **state)
{
	enum { TIPS = 3000 };
	struct ledger ledger = { 0 };

	(void)state;
	for (uint32_t n = 0; n < TIPS; n++) {
		struct tip_id id = id_of(n);

		ledger_note(&ledger, &id, n % 2 ? LEDGER_PARKED : LEDGER_STORED);
	}
	assert_int_equal(ledger.n, TIPS);
	for (uint32_t n = 0; n < TIPS; n++) {
		struct tip_id id = id_of(n);

		assert_int_equal(ledger_find(&ledger, &id)->places, n % 2 ? LEDGER_PARKED : LEDGER_STORED);
	}
	ledger_release(&ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_places_of_a_tip),
		cmocka_unit_test(tells_colliding_tips_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
