/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/resolutions.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schema/topics.h"

#define FIRST_SLOTS 256

static size_t slot_of(const struct resolutions *all, int64_t parked)
{
	size_t i = ((uint64_t)parked * 0x9e3779b97f4a7c15ull >> 20) & (all->n_slots - 1);

	while (all->slots[i].used && all->slots[i].parked != parked)
		i = (i + 1) & (all->n_slots - 1);
	return i;
}

static void grow(struct resolutions *all)
{
	struct resolutions old = *all;

	all->n_slots = old.n_slots ? old.n_slots * 2 : FIRST_SLOTS;
	all->slots = mem_alloc(all->n_slots * sizeof *all->slots);
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i].used)
			all->slots[slot_of(all, old.slots[i].parked)] = old.slots[i];
	free(old.slots);
}

static void forget(struct resolved *one)
{
	free(one->by);
	free(one->because);
	free(one->topic);
	free(one->from);
}

static bool same_tip(const struct resolved *one, const struct tip_id *tip_id)
{
	return one->has_tip_id == (tip_id != NULL) && (!tip_id || tip_id_equal(&one->tip_id, tip_id));
}

/* The entry of the record; begun anew when it was another tip's. */
static struct resolved *entry_of(struct resolutions *all, const struct resolution *resolution)
{
	const struct tip_id *tip_id = resolution->has_tip_id ? &resolution->tip_id : NULL;
	struct resolved *one;

	if ((all->n + 1) * 2 > all->n_slots)
		grow(all);
	one = &all->slots[slot_of(all, resolution->parked)];
	if (one->used && same_tip(one, tip_id))
		return one;
	all->n += !one->used;
	forget(one);
	*one = (struct resolved){ .parked = resolution->parked, .used = true, .has_tip_id = tip_id != NULL,
				  .tip_id = resolution->tip_id };
	return one;
}

static void note_text(char **out, const char *text)
{
	free(*out);
	*out = *text ? mem_strdup(text) : NULL;
}

void resolutions_apply(struct resolutions *all, const struct resolution *resolution, int64_t at)
{
	struct resolved *one = entry_of(all, resolution);
	enum parked_state next = parked_state_after(one->state, resolution->kind);

	if (resolution->kind == RESOLUTION_INTENT && !one->from && resolution->n_from) {
		note_text(&one->topic, resolution->topic);
		one->n_from = resolution->n_from;
		one->from = mem_alloc(one->n_from * sizeof *one->from);
		memcpy(one->from, resolution->from, one->n_from * sizeof *one->from);
	}
	if (next == one->state && resolution->kind != RESOLUTION_INTENT)
		return; /* what came first counts */
	if (one->state == PARKED_REPLAYED || one->state == PARKED_DISCARDED)
		return;
	one->state = next;
	one->day = resolution->day;
	one->at = at;
	note_text(&one->by, resolution->by);
	note_text(&one->because, resolution->because);
}

struct resolved *resolutions_at(const struct resolutions *all, int64_t parked)
{
	struct resolved *one = all->n_slots ? &all->slots[slot_of(all, parked)] : NULL;

	return one && one->used ? one : NULL;
}

struct resolved *resolutions_find(const struct resolutions *all, int64_t parked, const struct tip_id *tip_id)
{
	struct resolved *one = resolutions_at(all, parked);

	return one && same_tip(one, tip_id) ? one : NULL;
}

void resolutions_release(struct resolutions *all)
{
	for (size_t i = 0; i < all->n_slots; i++)
		forget(&all->slots[i]);
	free(all->slots);
	memset(all, 0, sizeof *all);
}

static int take(void *arg, const struct kafka_record *record, struct err *err)
{
	struct resolutions *all = arg;
	struct resolution resolution;
	struct err why = ERR_INIT;

	if (resolution_read(&resolution, record->value, &why) == 0) {
		resolutions_apply(all, &resolution, record->offset);
		return 0;
	}
	all->foreign++;
	if (!why.reason)
		return 0;
	return err_set(err, ERR_DATA, why.reason, TOPIC_RESOLVED " offset %" PRId64 ": %s", record->offset, why.text);
}

int resolutions_load(struct resolutions *all, struct kafka_admin *kafka, struct err *err)
{
	int partitions, replication;

	if (kafka_admin_topic(kafka, TOPIC_RESOLVED, &partitions, &replication, err) < 0)
		return -1;
	all->missing = partitions == 0;
	if (all->missing)
		return 0;
	return kafka_admin_scan(kafka, TOPIC_RESOLVED, NULL, take, all, err);
}
