/* SPDX-License-Identifier: Apache-2.0 */
/*
 * opaques: the pointers an adapter gave with its tips, by spool row, for receipts in the same process. Rows are added
 * in growing order. Not locked: the spool calls it under its own lock. NULL pointers are not kept.
 */
#ifndef TIPLINE_PRODUCERS_SDK_OPAQUES_H
#define TIPLINE_PRODUCERS_SDK_OPAQUES_H

#include <stddef.h>
#include <stdint.h>

struct opaque {
	int64_t id;
	void *pointer; /* NULL once taken */
};

struct opaques {
	struct opaque *items;
	size_t first, len, cap;
};

void opaques_add(struct opaques *opaques, int64_t id, void *pointer);
void *opaques_take(struct opaques *opaques, int64_t id);
void opaques_release(struct opaques *opaques);

#endif
