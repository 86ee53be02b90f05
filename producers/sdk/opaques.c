/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/opaques.h"

#include <stdlib.h>
#include <string.h>

#include "ops/runtime/buf.h"

void opaques_add(struct opaques *opaques, int64_t id, void *pointer)
{
	if (pointer == NULL)
		return;
	if (opaques->len == opaques->cap && opaques->first > opaques->cap / 2) {
		/* Rows end roughly in order, so the taken ones stand in front. */
		opaques->len -= opaques->first;
		memmove(opaques->items, opaques->items + opaques->first, opaques->len * sizeof(*opaques->items));
		opaques->first = 0;
	}
	if (opaques->len == opaques->cap) {
		opaques->cap = opaques->cap == 0 ? 64 : opaques->cap * 2;
		opaques->items = mem_grow(opaques->items, opaques->cap * sizeof(*opaques->items));
	}
	opaques->items[opaques->len++] = (struct opaque){ .id = id, .pointer = pointer };
}

void *opaques_take(struct opaques *opaques, int64_t id)
{
	size_t low = opaques->first, high = opaques->len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (opaques->items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low >= opaques->len || opaques->items[low].id != id)
		return NULL;
	void *pointer = opaques->items[low].pointer;
	opaques->items[low].pointer = NULL;
	while (opaques->first < opaques->len && opaques->items[opaques->first].pointer == NULL)
		opaques->first++;
	return pointer;
}

void opaques_release(struct opaques *opaques)
{
	free(opaques->items);
	*opaques = (struct opaques){ 0 };
}
