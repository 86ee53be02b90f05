/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tipctl reconcile: accepted = stored + parked + discarded + in flight, tip by tip, without a key that opens one.
 *
 * Accepted is what tip.sealed holds and what adapters' receipts say they were told. The pipeline goes on while this
 * looks, so the order matters: a tip only ever moves forward, so its places are read from the first stage to the last
 * and the store at the very end. A tip that moves on after its stage was read is then met further on; none can slip
 * past. Only a tip that is met nowhere is missing. The one way back is a replay: a tip that was replayed after the
 * count began counts as in flight, whatever was seen of it.
 *
 * The count is by tip id. Where two tips came under one id (the second is parked as id-conflict), they count as one
 * here; `tipctl parked list` shows the second.
 *
 * Kafka keeps tip.sealed for 90 days; what was accepted before is only in the store, and not counted here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ctl/ctl.h"
#include "ops/ctl/ledger.h"
#include "ops/ctl/parked.h"
#include "schema/reason.h"
#include "schema/topics.h"

#define PARTITIONS_MAX 256
#define MISSING_SHOWN_MAX 1000

struct count {
	struct ctl *ctl;
	struct ledger ledger;
	json_t *by_reason;
	struct resolutions resolved;
	int64_t began; /* how far parked.resolved reached when the count began */
	uint64_t foreign; /* records that carry no tip id: not ours, parked by the stage that met them */
};

static bool tip_of(const struct kafka_record *record, struct tip_id *tip_id)
{
	struct slice value;

	return kafka_record_header(record, HEADER_TIP_ID, &value) &&
	       tip_id_parse(tip_id, (const char *)value.data, value.len) == 0;
}

static int note_record(struct count *count, const struct kafka_record *record, enum ledger_place place)
{
	struct tip_id tip_id;

	if (tip_of(record, &tip_id))
		ledger_note(&count->ledger, &tip_id, place);
	else
		count->foreign++;
	return 0;
}

static int note_sealed(void *arg, const struct kafka_record *record, struct err *err)
{
	(void)err;
	return note_record(arg, record, LEDGER_SEALED);
}

static int note_in_flight(void *arg, const struct kafka_record *record, struct err *err)
{
	(void)err;
	return note_record(arg, record, LEDGER_IN_FLIGHT);
}

static void count_reason(struct count *count, struct slice code)
{
	const struct reason *known = reason_find((const char *)code.data, code.len);
	const char *name = known ? known->code : "unknown";

	json_object_set_new(count->by_reason, name,
			    json_integer(json_integer_value(json_object_get(count->by_reason, name)) + 1));
}

static int note_parked(void *arg, const struct kafka_record *record, struct err *err)
{
	struct count *count = arg;
	struct parked parked;

	(void)err;
	parked_read(&parked, record, &count->resolved);
	if (parked.state == PARKED_DISCARDED)
		return note_record(count, record, LEDGER_DISCARDED);
	if (parked.state == PARKED_REPLAYED)
		return parked.resolved->at < count->began ? 0 : note_record(count, record, LEDGER_IN_FLIGHT);
	count_reason(count, parked.reason);
	return note_record(count, record, LEDGER_PARKED);
}

static int note_stored(void *arg, const struct store_tip *tip)
{
	struct count *count = arg;

	ledger_note(&count->ledger, &tip->tip_id, LEDGER_STORED);
	return 0;
}

/* What a stage has not committed yet. A group that never committed has everything before it. */
static int read_in_flight(struct count *count, const struct topic_reader *reader, struct err *err)
{
	int64_t from[PARTITIONS_MAX], low, high;
	int partitions, replication;
	char group[64];

	snprintf(group, sizeof group, "%s%s", GROUP_PREFIX, reader->stage);
	if (kafka_admin_topic(count->ctl->kafka, reader->topic, &partitions, &replication, err) < 0)
		return -1;
	if (partitions == 0 || partitions > PARTITIONS_MAX)
		return err_set(err, ERR_UNAVAILABLE, NULL, "topic %s: %s", reader->topic,
			       partitions ? "too many partitions" : "is missing: `tipctl topics create` makes it");
	for (int p = 0; p < partitions; p++) {
		if (kafka_admin_committed(count->ctl->kafka, group, reader->topic, p, &from[p], err) < 0 ||
		    kafka_admin_watermarks(count->ctl->kafka, reader->topic, p, &low, &high, err) < 0)
			return -1;
		if (from[p] < low)
			from[p] = low;
	}
	return kafka_admin_scan(count->ctl->kafka, reader->topic, from, note_in_flight, count, err);
}

/* A line of a receipts file: {"tip_id":…,"result":"stored"|"duplicate"|"refused",…}. */
static int note_receipt(struct count *count, const char *line, size_t len, struct err *err)
{
	json_t *receipt = json_loadb(line, len, 0, NULL);
	const char *hex = json_string_value(json_object_get(receipt, "tip_id"));
	const char *result = json_string_value(json_object_get(receipt, "result"));
	struct tip_id tip_id;
	int bad = !hex || !result || tip_id_parse(&tip_id, hex, strlen(hex)) < 0;

	if (!bad)
		ledger_note(&count->ledger, &tip_id, strcmp(result, "refused") == 0 ? LEDGER_REFUSED : LEDGER_TOLD);
	json_decref(receipt);
	return bad ? err_set(err, ERR_DATA, NULL, "is not a receipt") : 0;
}

static int read_receipts(struct count *count, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0, n = 0;
	ssize_t len;
	int result = 0;

	if (!file) {
		err_errno(err, "%s", path);
		return ctl_file_error("the receipts file", path, err);
	}
	while (result == 0 && (len = getline(&line, &cap, file)) > 0) {
		n++;
		result = note_receipt(count, line, (size_t)len, err);
	}
	if (result < 0)
		err_prefix(err, "%s:%zu", path, n);
	else if (ferror(file))
		result = err_errno(err, "%s", path);
	free(line);
	fclose(file);
	return result;
}

static int read_began(struct count *count, struct err *err)
{
	int partitions, replication;
	int64_t low;

	if (kafka_admin_topic(count->ctl->kafka, TOPIC_RESOLVED, &partitions, &replication, err) < 0)
		return -1;
	if (partitions == 0)
		return 0;
	return kafka_admin_watermarks(count->ctl->kafka, TOPIC_RESOLVED, 0, &low, &count->began, err);
}

static int read_everything(struct count *count, struct err *err)
{
	struct store_filter all = { 0 };

	for (int i = 0; i < count->ctl->argc; i++)
		if (read_receipts(count, count->ctl->argv[i], err) < 0)
			return -1;
	if (read_began(count, err) < 0 ||
	    kafka_admin_scan(count->ctl->kafka, TOPIC_SEALED, NULL, note_sealed, count, err) < 0)
		return -1;
	for (const struct topic_reader *reader = topic_readers; reader->stage; reader++)
		if (read_in_flight(count, reader, err) < 0)
			return -1;
	if (resolutions_load(&count->resolved, count->ctl->kafka, err) < 0 ||
	    kafka_admin_scan(count->ctl->kafka, TOPIC_PARKED, NULL, note_parked, count, err) < 0)
		return -1;
	return store_each_tip(count->ctl->store, &all, note_stored, count, err);
}

struct sums {
	json_int_t accepted, refused, stored, parked, discarded, in_flight, lost;
	json_t *missing;
};

static void add_up(const struct ledger *ledger, struct sums *sums)
{
	char hex[TIP_ID_HEX];

	for (size_t i = 0; i < ledger->n_slots; i++) {
		uint32_t places = ledger->slots[i].places;

		if (!(places & (LEDGER_SEALED | LEDGER_TOLD))) {
			sums->refused += (places & LEDGER_REFUSED) != 0;
			continue;
		}
		sums->accepted++;
		if (places & LEDGER_STORED)
			sums->stored++;
		else if (places & LEDGER_PARKED)
			sums->parked++;
		else if (places & LEDGER_IN_FLIGHT)
			sums->in_flight++;
		else if (places & LEDGER_DISCARDED)
			sums->discarded++;
		else {
			sums->lost++;
			tip_id_hex(&ledger->slots[i].tip_id, hex);
			if (json_array_size(sums->missing) < MISSING_SHOWN_MAX)
				json_array_append_new(sums->missing, json_string(hex));
		}
	}
}

int ctl_reconcile(struct ctl *ctl, struct ctl_output *out, struct err *err)
{
	struct count count = { .ctl = ctl, .by_reason = json_object() };
	struct sums sums = { .missing = json_array() };
	struct store_totals totals;
	int result = read_everything(&count, err);

	if (result == 0)
		result = store_totals(ctl->store, &totals, err);
	if (result == 0) {
		add_up(&count.ledger, &sums);
		out->value = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:O}",
				       "accepted", sums.accepted, "refused", sums.refused, "stored", sums.stored,
				       "parked", sums.parked, "discarded", sums.discarded, "in_flight", sums.in_flight,
				       "lost", sums.lost,
				       "stored_twice", (json_int_t)totals.tips_twice, "foreign", (json_int_t)count.foreign,
				       "missing", sums.missing, "parked_records", count.by_reason);
		out->status = sums.lost || totals.tips_twice ? 1 : 0;
	}
	json_decref(sums.missing);
	json_decref(count.by_reason);
	resolutions_release(&count.resolved);
	ledger_release(&count.ledger);
	return result;
}
