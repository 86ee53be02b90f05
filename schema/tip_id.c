/* SPDX-License-Identifier: Apache-2.0 */
#include "schema/tip_id.h"

#include <string.h>

#include <sodium.h>

#include "schema/hex.h"

_Static_assert(TIP_ID_HEX == 2 * TIP_ID_BYTES + 1, "two digits a byte and the NUL");

void tip_id_random(struct tip_id *id)
{
	randombytes_buf(id->bytes, sizeof(id->bytes));
}

void tip_id_hex(const struct tip_id *id, char hex[TIP_ID_HEX])
{
	hex_encode(hex, id->bytes, sizeof(id->bytes));
}

int tip_id_parse(struct tip_id *id, const char *hex, size_t len)
{
	struct tip_id parsed = { { 0 } };

	if (hex_decode(parsed.bytes, sizeof(parsed.bytes), hex, len) != 0)
		return -1;
	*id = parsed;
	return 0;
}

bool tip_id_equal(const struct tip_id *a, const struct tip_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool tip_id_is_zero(const struct tip_id *id)
{
	static const struct tip_id zero;

	return tip_id_equal(id, &zero);
}
