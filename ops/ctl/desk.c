/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/desk.h"

#include <string.h>

#include "ops/ctl/replay.h"
#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "ops/runtime/utf8.h"
#include "schema/topics.h"

#define LOCK_WAIT_MS 30000
#define SEND_MS 30000 /* given up by Kafka's client after this */
#define FLUSH_MS 35000
#define QUEUE_MAX 10000
#define SLICE_MS 50
#define MS_PER_DAY 86400000ll

static void delivered(void *arg, const struct kafka_delivery *delivery)
{
	struct desk *desk = arg;
	struct desk_send *send = delivery->opaque;

	if (send)
		send->ok = delivery->ok;
	if (!delivery->ok && !desk->failure)
		desk->failure = delivery->error;
}

static void say_waits(void *arg)
{
	(void)arg;
	log_plain("another tipctl is at work on parked records, or was killed a moment ago: waiting for it to end");
}

int desk_send(struct desk *desk, const struct kafka_outgoing *record, struct desk_send *send, struct err *err)
{
	int64_t deadline = clock_mono_ms() + FLUSH_MS;
	struct err why = ERR_INIT;

	while (kafka_producer_send(desk->producer, record, send, &why) < 0) {
		bool full = why.reason && strcmp(why.reason, "queue-full") == 0;

		if (!full || clock_mono_ms() > deadline || kafka_producer_poll(desk->producer, SLICE_MS, err) < 0)
			return err_set(err, why.kind, why.reason, "%s", why.text);
		err_clear(&why);
	}
	return 0;
}

int desk_note(struct desk *desk, const struct resolution *resolution, struct err *err)
{
	struct buf value = BUF_INIT;
	struct kafka_outgoing record = { .topic = TOPIC_RESOLVED };
	char key[24];
	int result;

	snprintf(key, sizeof key, "%lld", (long long)resolution->parked);
	resolution_write(&value, resolution);
	record.key = slice_str(key);
	record.value = buf_slice(&value);
	record.timestamp_ms = (int64_t)clock_day() * MS_PER_DAY;
	result = desk_send(desk, &record, NULL, err);
	buf_release(&value);
	return result;
}

int desk_flush(struct desk *desk, struct err *err)
{
	return kafka_producer_flush(desk->producer, FLUSH_MS, err);
}

void desk_resolution(const struct desk *desk, struct resolution *resolution, enum resolution_kind kind,
		     int64_t parked, const struct tip_id *tip_id)
{
	memset(resolution, 0, sizeof *resolution);
	resolution->kind = kind;
	resolution->parked = parked;
	resolution->has_tip_id = tip_id != NULL;
	if (tip_id)
		resolution->tip_id = *tip_id;
	resolution->day = clock_day();
	snprintf(resolution->by, sizeof resolution->by, "%s", desk->by);
	snprintf(resolution->because, sizeof resolution->because, "%s", desk->because);
}

/* -- settling ------------------------------------------------------------------------------------------------- */

struct search {
	struct desk *desk;
	const char *topic;
	int64_t from[RESOLUTION_PARTITIONS_MAX];
	size_t n;      /* partitions of the topic */
	size_t wanted; /* left to find */
};

static bool is_wanted(const struct resolved *one, const char *topic)
{
	return one->used && one->state == PARKED_REPLAYING && one->topic && strcmp(one->topic, topic) == 0;
}

static int look(void *arg, const struct kafka_record *record, struct err *err)
{
	struct search *search = arg;
	const struct resolutions *all = &search->desk->all;
	int64_t parked = replay_parked_from(record);
	struct slice id;
	struct tip_id tip_id;
	struct resolved *one;
	bool named;

	(void)err;
	if (parked < 0)
		return 0;
	named = kafka_record_header(record, HEADER_TIP_ID, &id) &&
		tip_id_parse(&tip_id, (const char *)id.data, id.len) == 0;
	/* What had come without the header went back without it, though its key may have named the tip. */
	one = named ? resolutions_find(all, parked, &tip_id) : resolutions_at(all, parked);
	if (!one || !is_wanted(one, search->topic) || one->found)
		return 0;
	one->found = true;
	return --search->wanted == 0;
}

/* The earliest place at which any record of the topic that is looked for can be. */
static void widen(struct search *search)
{
	const struct resolutions *all = &search->desk->all;

	for (size_t i = 0; i < all->n_slots; i++) {
		const struct resolved *one = &all->slots[i];

		if (!is_wanted(one, search->topic))
			continue;
		for (size_t p = 0; p < search->n; p++) {
			int64_t from = p < one->n_from ? one->from[p] : 0;

			if (search->wanted == 0 || from < search->from[p])
				search->from[p] = from;
		}
		search->wanted++;
	}
}

static int search_topic(struct desk *desk, const char *topic, struct err *err)
{
	struct search search = { .desk = desk, .topic = topic };
	int partitions, replication;

	if (kafka_admin_topic(desk->ctl->kafka, topic, &partitions, &replication, err) < 0)
		return -1;
	if (partitions > RESOLUTION_PARTITIONS_MAX)
		return err_set(err, ERR_UNAVAILABLE, NULL, "topic %s: too many partitions", topic);
	search.n = (size_t)partitions;
	widen(&search);
	if (!search.wanted || !partitions)
		return 0;
	return kafka_admin_scan(desk->ctl->kafka, topic, search.from, look, &search, err);
}

/* Says "replayed" of what was found; all are written before any is taken for said. */
static int settle_found(struct desk *desk, struct err *err)
{
	struct resolution resolution;

	for (size_t i = 0; i < desk->all.n_slots; i++) {
		struct resolved *one = &desk->all.slots[i];

		if (!one->found)
			continue;
		desk_resolution(desk, &resolution, RESOLUTION_REPLAYED, one->parked,
				one->has_tip_id ? &one->tip_id : NULL);
		/* The deed is that of him whose intent it was. */
		snprintf(resolution.by, sizeof resolution.by, "%s", one->by ? one->by : "");
		snprintf(resolution.because, sizeof resolution.because, "%s", one->because ? one->because : "");
		snprintf(resolution.topic, sizeof resolution.topic, "%s", one->topic);
		if (desk_note(desk, &resolution, err) < 0)
			return -1;
		desk->settled++;
	}
	if (desk_flush(desk, err) < 0)
		return -1;
	for (size_t i = 0; i < desk->all.n_slots; i++)
		if (desk->all.slots[i].found)
			desk->all.slots[i].state = PARKED_REPLAYED;
	return 0;
}

static int settle(struct desk *desk, struct err *err)
{
	for (const struct topic_reader *reader = topic_readers; reader->stage; reader++)
		if (search_topic(desk, reader->topic, err) < 0)
			return err_prefix(err, "looking for what an interrupted replay did");
	return settle_found(desk, err);
}

static bool is_utf8(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;
	uint32_t code;
	int valid = 1;

	for (size_t left = strlen(text); valid && left > 0;) {
		size_t taken = utf8_next(p, left, &code, &valid);

		p += taken;
		left -= taken;
	}
	return valid;
}

static int check_text(const struct ctl *ctl, const char *option, bool needed, struct err *err)
{
	const char *text = program_value(ctl->call, option, "");

	if (needed && !text[strspn(text, " ")])
		return err_set(err, ERR_USAGE, "bad-value",
			       "parked discard needs --because REASON and --by NAME: both are kept for ever");
	if (strlen(text) > RESOLUTION_TEXT_MAX)
		return err_set(err, ERR_USAGE, "bad-value", "--%s: at most %d bytes", option, RESOLUTION_TEXT_MAX);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(err, ERR_USAGE, "bad-value", "--%s: no control characters", option);
	return is_utf8(text) ? 0 : err_set(err, ERR_USAGE, "bad-value", "--%s: no UTF-8", option);
}

int desk_check_words(const struct ctl *ctl, bool needed, struct err *err)
{
	return check_text(ctl, "because", needed, err) < 0 || check_text(ctl, "by", needed, err) < 0 ? -1 : 0;
}

int desk_open(struct desk *desk, struct ctl *ctl, struct err *err)
{
	const struct kafka_lock_options lock = { GROUP_OPERATORS, TOPIC_RESOLVED, LOCK_WAIT_MS, say_waits, NULL };
	const struct kafka_producer_options producer = { "tipctl", 0, SEND_MS, QUEUE_MAX, delivered, desk };
	int partitions, replication;

	memset(desk, 0, sizeof *desk);
	desk->ctl = ctl;
	desk->by = program_value(ctl->call, "by", "");
	desk->because = program_value(ctl->call, "because", "");
	if (kafka_admin_topic(ctl->kafka, TOPIC_RESOLVED, &partitions, &replication, err) < 0)
		return -1;
	if (!partitions)
		return err_set(err, ERR_UNAVAILABLE, "topic-missing",
			       "there is no topic " TOPIC_RESOLVED ": `tipctl topics create` makes what is missing");
	if (kafka_lock_take(&desk->lock, ctl->conf, &lock, err) < 0)
		return -1;
	if (resolutions_load(&desk->all, ctl->kafka, err) < 0 ||
	    kafka_producer_new(&desk->producer, ctl->conf, &producer, err) < 0)
		return -1;
	return settle(desk, err);
}

void desk_close(struct desk *desk)
{
	kafka_producer_free(desk->producer);
	resolutions_release(&desk->all);
	kafka_lock_free(desk->lock);
	memset(desk, 0, sizeof *desk);
}
