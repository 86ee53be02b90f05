/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink
 *   Reads   case.routed, with the bus key of that topic alone: it cannot open a tip.
 *   Writes  the store: outcomes, reasons, links, cases sealed to their teams, and the position in the topic.
 *   Parks   records that are no routed records, or that hold what the sink must not see (record-shape),
 *           and a tip whose id the store has with other content (id-conflict).
 *
 * A batch is one transaction of the store: begun by its first record, ended by `flush` with the positions in
 * it. So what is stored and where to read on never part, and offsets are committed to Kafka only after the
 * store's commit. Only the beginning may be tried again: nothing of the batch can be lost by it. Once a
 * transaction is open, every error is fatal: rolling back would take earlier records of the batch with it,
 * whose answer was already given.
 */
#include "workers/sink/sink.h"

#include <inttypes.h>

#include "schema/reason.h"
#include "schema/store/store.h"
#include "schema/topics.h"

struct sink {
	struct store *store; /* NULL in --try: records are only looked at */
	bool begun;
	uint64_t added, repeated;             /* in the open transaction */
	uint64_t total_added, total_repeated; /* committed since the start */
	struct metric *out, *repeats;
};

static const struct conf_key sink_keys[] = {
	{ "store", CONF_PATH, NULL, 0, 0, NULL, "the store's file; made when it is not there" },
	CONF_KEYS_END
};

static int sink_open(void **state, const struct stage_env *env, struct err *err)
{
	struct sink *sink = mem_alloc(sizeof(*sink));

	if (!env->trying && store_open(&sink->store, conf_str(env->conf, "store"), STORE_WRITE, err)) {
		free(sink);
		return -1;
	}
	sink->out = stage_out(env->metrics, "sink");
	sink->repeats = stage_repeats(env->metrics, "sink");
	*state = sink;
	return 0;
}

static int shape_error(const char *what, struct err *err)
{
	return err_set(err, ERR_DATA, REASON_RECORD_SHAPE, "%s", what);
}

static int check_record(const struct sink *sink, const struct record *record, struct err *err)
{
	if (!(record->parts & RECORD_ROUTED))
		return shape_error("the record was not routed", err);
	if (record->body.len || record->tokens.n)
		return shape_error("the record holds what must not get this far", err);
	if (sink->store && !record->sealed_case.len)
		return shape_error("the record has no sealed case", err);
	return 0;
}

static int sink_begin(struct sink *sink, struct err *err)
{
	if (sink->begun)
		return 0;
	if (store_begin(sink->store, err))
		return -1;
	sink->begun = true;
	sink->added = sink->repeated = 0;
	return 0;
}

/* With the sink's own step behind those of the stages before. */
static int store_record(struct sink *sink, const struct event *in, struct err *err)
{
	struct record record = *in->record;

	if (in->step && record.n_steps < STEPS_MAX)
		record.steps[record.n_steps++] = *in->step;
	return store_add(sink->store, &record, err);
}

static enum verdict sink_handle(void *state, const struct event *in, struct emit *out, struct err *err)
{
	struct sink *sink = state;
	struct err why = ERR_INIT;

	(void)out;
	if (check_record(sink, in->record, err))
		return VERDICT_PARK;
	if (!sink->store)
		return VERDICT_DONE;
	if (sink_begin(sink, &why)) {
		*err = why;
		return why.kind == ERR_TEMPORARY ? VERDICT_RETRY : VERDICT_FATAL;
	}
	int added = store_record(sink, in, err);
	if (added < 0)
		return VERDICT_FATAL;
	if (added == STORE_CONFLICT) {
		err_set(err, ERR_DATA, REASON_ID_CONFLICT, "the store has another tip with this id");
		return VERDICT_PARK;
	}
	sink->added += added == STORE_ADDED;
	sink->repeated += added == STORE_SAME;
	return VERDICT_DONE;
}

/* Parked records move the position too, so a batch of nothing else begins its transaction here. */
static int sink_flush(void *state, const struct stage_position *positions, size_t n, struct err *err)
{
	struct sink *sink = state;

	if (!sink->store || !n)
		return 0;
	if (sink_begin(sink, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct stage_position *p = &positions[i];
		if (store_set_position(sink->store, p->topic, p->partition, p->next, err))
			return -1;
	}
	if (store_commit(sink->store, err))
		return -1;
	sink->begun = false;
	sink->total_added += sink->added;
	sink->total_repeated += sink->repeated;
	metric_add(sink->out, sink->added);
	metric_add(sink->repeats, sink->repeated);
	return 0;
}

/*
 * A store that knows no position has nothing of this partition: it must have all of it, whatever the group committed
 * for a store that is gone. Where the beginning is no longer there the consumer stops and says so.
 */
static int64_t sink_position(void *state, const char *topic, int32_t partition)
{
	struct sink *sink = state;
	int64_t next = store_position(sink->store, topic, partition);

	return next < 0 ? 0 : next;
}

static void sink_status(void *state, struct buf *json)
{
	const struct sink *sink = state;

	buf_printf(json, ",\"stored\":%" PRIu64, sink->total_added);
}

static void sink_close(void *state)
{
	struct sink *sink = state;

	if (sink->store && sink->begun)
		store_rollback(sink->store);
	store_close(sink->store);
	free(sink);
}

const struct stage sink_stage = {
	.name = "sink",
	.topic_in = TOPIC_ROUTED,
	.input = STAGE_READS_RECORDS,
	.summary = "writes outcomes and sealed cases to the store",
	.description =
		"Reads case.routed and writes each record once to the store: the outcome, its reasons, the links, "
		"and the case sealed to its teams. It holds the bus key of case.routed alone and cannot open a tip.\n\n"
		"A batch and the position it came from are one transaction of the store, committed before the "
		"offsets are. Where the store is locked for a moment it waits; where it cannot be written the sink ends, and "
		"everything not committed is read again.\n\n"
		"Parks what is no routed record, or holds a tip's body or tokens, as record-shape, and a tip whose "
		"id the store has with other content, as id-conflict.",
	.keys = sink_keys,
	.bus_key = true,
	.open = sink_open,
	.handle = sink_handle,
	.flush = sink_flush,
	.position = sink_position,
	.status = sink_status,
	.close = sink_close,
};
