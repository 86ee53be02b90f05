/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/lag_meter.h"

#include <string.h>

void lag_meter_begin(struct lag_meter *meter)
{
	meter->round++;
}

static struct lag_partition *find(struct lag_meter *meter, int32_t partition)
{
	for (size_t i = 0; i < meter->n; i++) {
		if (meter->partitions[i].partition == partition)
			return &meter->partitions[i];
	}
	if (meter->n == LAG_PARTITIONS_MAX)
		return NULL;
	struct lag_partition *new = &meter->partitions[meter->n++];
	memset(new, 0, sizeof(*new));
	new->partition = partition;
	return new;
}

static void drop_passed(struct lag_partition *p)
{
	size_t passed = 0;

	while (passed < p->n && p->notes[passed].high <= p->next)
		passed++;
	memmove(p->notes, p->notes + passed, (p->n - passed) * sizeof(p->notes[0]));
	p->n -= passed;
}

/* The oldest note stays: it is the one the answer is read from. */
static void thin_out(struct lag_partition *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i += 2)
		p->notes[kept++] = p->notes[i];
	p->n = kept;
}

void lag_meter_note(struct lag_meter *meter, int64_t now_ms, int32_t partition, int64_t next, int64_t high)
{
	struct lag_partition *p = find(meter, partition);

	if (!p)
		return;
	p->round = meter->round;
	p->next = next;
	p->high = high;
	drop_passed(p);
	if (high <= (p->n ? p->notes[p->n - 1].high : next))
		return;
	if (p->n == LAG_NOTES_MAX)
		thin_out(p);
	p->notes[p->n++] = (struct lag_note){ now_ms, high };
}

void lag_meter_end(struct lag_meter *meter)
{
	size_t kept = 0;

	for (size_t i = 0; i < meter->n; i++) {
		if (meter->partitions[i].round != meter->round)
			continue;
		if (kept != i)
			meter->partitions[kept] = meter->partitions[i];
		kept++;
	}
	meter->n = kept;
}

int64_t lag_meter_records(const struct lag_meter *meter)
{
	int64_t sum = 0;

	for (size_t i = 0; i < meter->n; i++) {
		const struct lag_partition *p = &meter->partitions[i];
		sum += p->high > p->next ? p->high - p->next : 0;
	}
	return sum;
}

int64_t lag_meter_ms(const struct lag_meter *meter, int64_t now_ms)
{
	int64_t oldest = now_ms;

	for (size_t i = 0; i < meter->n; i++) {
		const struct lag_partition *p = &meter->partitions[i];
		if (p->n && p->notes[0].at_ms < oldest)
			oldest = p->notes[0].at_ms;
	}
	return now_ms - oldest;
}
