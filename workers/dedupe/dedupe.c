/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dedupe
 *
 * Reads   tip.classified
 * Writes  tip.linked   the record with its case id and its links to earlier tips; key: case id
 *         link.index   what another machine needs to rebuild the index (entry.h); key: tip id
 * Parks   id-conflict  another tip with this id and other content came before
 *
 * A new index, or one put back from a copy, reads the topic on from where the index ends and not from where the group
 * committed; if the topic no longer has that, the stage stops (offset-lost).
 *
 * Nothing is dropped but the same tip again: same tip id, same digest, another place in the topic. That is an
 * adapter's retry, and it is counted. The same tip at the same place is a redelivery after a crash, and is answered
 * from the index exactly as before. Two different tips about one incident are both kept and linked, since a second
 * report is corroboration.
 *
 * A tip with a strong link joins the case of its best strong match; every other tip begins a case of its own. When
 * two cases meet in one tip, the best match's case is the tip's, and the other stands as a link: cases are never
 * merged here.
 *
 * A case id is derived from the id of the case's first tip under a secret of the index, rather than drawn: a tip that
 * was answered, but whose answer was lost with an uncommitted batch, gets the same case again, so that what was
 * already emitted stays true. Without the secret a case id says nothing about any tip.
 */
#include "workers/dedupe/dedupe.h"

#include <inttypes.h>
#include <stdio.h>

#include "ops/runtime/log.h"
#include "schema/digest.h"
#include "schema/reason.h"
#include "schema/topics.h"
#include "workers/dedupe/entry.h"
#include "workers/dedupe/index.h"
#include "workers/dedupe/linker.h"
#include "workers/dedupe/relinker.h"
#include "workers/dedupe/restart.h"

static const struct conf_key keys[] = {
	{ "index", CONF_PATH, "dedupe.index", 0, 0, NULL, "the file of tips seen, their tokens and cases" },
	{ "link.strong", CONF_NUMBER, "0.50", 0, 1, NULL, "a link of this score or more joins a tip to the case" },
	{ "link.weak", CONF_NUMBER, "0.40", 0, 1, NULL, "a link of this score or more is kept as a suggestion" },
	{ "link.window_days", CONF_INT, "730", 1, 36500, NULL, "tips further back are not linked to" },
	{ "link.window_tips", CONF_INT, "100000", 1, 10000000, NULL,
	  "tips before so many newer ones are not linked to; 0.9 KB of memory each" },
	{ "link.budget", CONF_INT, "4000", 1000, 10000000, NULL,
	  "how many earlier mentions are looked at for one tip; the rarest tokens go first" },
	{ "keys.relink", CONF_PATH, "", 0, 0, NULL,
	  "what a rotation of the linkage key leaves here, to carry tokens over; need not be there" },
	CONF_KEYS_END,
};

/* After so many tips, where the linker stands is noted again: a start reads about as many twice. */
#define NOTE_EVERY 2000

struct dedupe {
	struct index *index;
	struct linker *linker;
	struct relinker relinker;
	struct linker_settings settings;
	size_t n_since_noted; /* tips */
	bool said_full; /* in the log, once */
	struct buf entry; /* reused */
	struct metric *repeats, *stage_repeats, *strong, *weak, *cases;
	struct metric *window_tips, *window_days, *window_bytes, *crowded_out;
};

/* A secret for a new index, from the one source of randomness a stage has. */
static void draw_salt(const struct stage_env *env, uint8_t salt[INDEX_SALT_BYTES])
{
	for (size_t i = 0; i < INDEX_SALT_BYTES; i += TIP_ID_BYTES) {
		struct tip_id id;

		env->random_id(env->arg, &id);
		memcpy(salt + i, id.bytes, TIP_ID_BYTES);
	}
}

static void open_metrics(struct dedupe *dedupe, struct metrics *metrics)
{
	const char *links_help = "links found to earlier tips";

	dedupe->repeats = metrics_counter(metrics, "tipline_dedupe_repeats_total", "",
					  "tips that came again and were dropped");
	dedupe->stage_repeats = stage_repeats(metrics, "dedupe");
	dedupe->strong = metrics_counter(metrics, "tipline_dedupe_links_total", "strength=\"strong\"", links_help);
	dedupe->weak = metrics_counter(metrics, "tipline_dedupe_links_total", "strength=\"weak\"", links_help);
	dedupe->cases = metrics_counter(metrics, "tipline_dedupe_cases_total", "", "cases begun");
	dedupe->window_tips = metrics_gauge(metrics, "tipline_dedupe_window_tips", "",
					    "tips that a new one may be linked to");
	dedupe->window_days = metrics_gauge(metrics, "tipline_dedupe_window_days", "", "how far links go back, in days");
	dedupe->window_bytes = metrics_gauge(metrics, "tipline_dedupe_window_bytes", "", "memory of the linking window");
	dedupe->crowded_out = metrics_counter(metrics, "tipline_dedupe_crowded_out_total", "",
					      "tips that left the linking window early, because it was full");
}

static void read_settings(struct linker_settings *settings, const struct conf *conf)
{
	settings->strong = conf_number(conf, "link.strong");
	settings->weak = conf_number(conf, "link.weak");
	settings->window_days = (uint32_t)conf_int(conf, "link.window_days");
	settings->window_tips = (size_t)conf_int(conf, "link.window_tips");
	settings->budget = (size_t)conf_int(conf, "link.budget");
}

static void show_window(struct dedupe *dedupe)
{
	metric_set(dedupe->window_tips, (double)linker_n_tips(dedupe->linker));
	metric_set(dedupe->window_days, linker_days(dedupe->linker));
	metric_set(dedupe->window_bytes, (double)linker_bytes(dedupe->linker));
}

/* An operator should know that links go back less far than link.window_days says. */
static void say_full(struct dedupe *dedupe)
{
	char tips[32], days[32];

	if (dedupe->said_full)
		return;
	dedupe->said_full = true;
	snprintf(tips, sizeof(tips), "%zu", linker_n_tips(dedupe->linker));
	snprintf(days, sizeof(days), "%" PRIu32, linker_days(dedupe->linker));
	log_event(LOG_LEVEL_WARN, "dedupe.window_full", "tips", tips, "days", days, "detail",
		  "tips are linked to so many before them, and not as far back as link.window_days says; "
		  "a larger link.window_tips takes more memory", NULL);
}

static int dedupe_check(const struct conf *conf, struct err *err)
{
	struct linker_settings settings;

	read_settings(&settings, conf);
	if (settings.weak > settings.strong)
		return err_set(err, ERR_CONFIG, NULL, "%s: link.weak is above link.strong",
			       conf_where(conf, "link.weak"));
	return 0;
}

static int load(struct dedupe *dedupe, struct err *err)
{
	linker_free(dedupe->linker);
	dedupe->linker = linker_new(&dedupe->settings);
	return restart_window(dedupe->linker, dedupe->index, &dedupe->settings, &dedupe->n_since_noted, err);
}

static void dedupe_close(void *state)
{
	struct dedupe *dedupe = state;

	if (!dedupe)
		return;
	index_close(dedupe->index);
	linker_free(dedupe->linker);
	relinker_release(&dedupe->relinker);
	buf_release(&dedupe->entry);
	free(dedupe);
}

static int dedupe_open(void **state, const struct stage_env *env, struct err *err)
{
	uint8_t salt[INDEX_SALT_BYTES];
	struct dedupe *dedupe;
	const char *path = env->trying ? NULL : conf_str(env->conf, "index");

	if (dedupe_check(env->conf, err) < 0)
		return -1;
	dedupe = mem_alloc(sizeof(*dedupe));
	read_settings(&dedupe->settings, env->conf);
	draw_salt(env, salt);
	if (index_open(&dedupe->index, path, salt, err) < 0 || relinker_open(&dedupe->relinker, env->conf, dedupe->index,
		err) < 0 ||
	    load(dedupe, err) < 0) {
		dedupe_close(dedupe);
		return -1;
	}
	mem_wipe(salt, sizeof(salt));
	open_metrics(dedupe, env->metrics);
	show_window(dedupe);
	*state = dedupe;
	return 0;
}

static void answer(struct dedupe *dedupe, const struct event *in, const struct index_row *row, struct emit *out)
{
	struct record record = *in->record;
	struct entry entry = { row->day, row->case_id, in->record->tokens };

	record.parts |= RECORD_LINKED;
	record.case_id = row->case_id;
	record.n_links = row->n_links;
	memcpy(record.links, row->links, row->n_links * sizeof(*row->links));
	emit_record(out, TOPIC_LINKED, &row->case_id, &record);
	buf_clear(&dedupe->entry);
	entry_encode(&dedupe->entry, &entry);
	emit_sealed(out, TOPIC_LINK_INDEX, &row->tip_id, &row->tip_id, buf_slice(&dedupe->entry));
}

static enum verdict answer_again(struct dedupe *dedupe, const struct event *in, const struct index_row *row,
				 struct emit *out, struct err *err)
{
	if (memcmp(row->digest, in->record->digest, DIGEST_BYTES) != 0) {
		err_set(err, ERR_DATA, REASON_ID_CONFLICT, "another tip with this id and other content came before");
		return VERDICT_PARK;
	}
	if (row->partition == in->origin.partition && row->offset == in->origin.offset) {
		answer(dedupe, in, row, out);
		return VERDICT_DONE;
	}
	metric_add(dedupe->repeats, 1);
	metric_add(dedupe->stage_repeats, 1);
	return VERDICT_DONE;
}

static void case_of_first(const struct dedupe *dedupe, const struct tip_id *tip_id, struct tip_id *case_id)
{
	digest_keyed(case_id->bytes, index_salt(dedupe->index), slice_of(tip_id->bytes, TIP_ID_BYTES));
}

/* Fills the row of a tip that is new: its links, and so its case. */
static void link_tip(struct dedupe *dedupe, const struct event *in, struct index_row *row)
{
	struct linker_match matches[LINKS_MAX];

	*row = (struct index_row){ .tip_id = in->tip_id, .day = in->record->day, .partition = in->origin.partition,
				   .offset = in->origin.offset, .tokens = in->record->tokens };
	memcpy(row->digest, in->record->digest, DIGEST_BYTES);
	linker_advance(dedupe->linker, row->day);
	row->n_links = linker_find(dedupe->linker, &row->tokens, matches);
	for (size_t i = 0; i < row->n_links; i++) {
		row->links[i] = matches[i].link;
		row->links[i].score = entry_score(row->links[i].score);
	}
	if (row->n_links > 0 && row->links[0].strong)
		row->case_id = matches[0].case_id;
	else
		case_of_first(dedupe, &row->tip_id, &row->case_id);
}

/* The tip is one of the window from now on. */
static void add_to_window(struct dedupe *dedupe, const struct index_row *row)
{
	uint64_t crowded_out = linker_n_crowded_out(dedupe->linker);

	linker_add(dedupe->linker, &row->tip_id, &row->case_id, row->day, &row->tokens);
	dedupe->n_since_noted++;
	crowded_out = linker_n_crowded_out(dedupe->linker) - crowded_out;
	metric_add(dedupe->crowded_out, crowded_out);
	if (crowded_out > 0)
		say_full(dedupe);
	show_window(dedupe);
}

static void count(struct dedupe *dedupe, const struct index_row *row)
{
	for (size_t i = 0; i < row->n_links; i++)
		metric_add(row->links[i].strong ? dedupe->strong : dedupe->weak, 1);
	if (row->n_links == 0 || !row->links[0].strong)
		metric_add(dedupe->cases, 1);
}

static enum verdict answer_tip(struct dedupe *dedupe, const struct event *in, struct emit *out, struct err *err)
{
	struct index_row row;
	int found = index_find(dedupe->index, &in->tip_id, &row, err);

	if (found < 0)
		return VERDICT_FATAL;
	if (found > 0)
		return answer_again(dedupe, in, &row, out, err);
	link_tip(dedupe, in, &row);
	if (index_add(dedupe->index, &row, err) < 0)
		return VERDICT_FATAL;
	/* From here on nothing can fail: memory, file and answer go together. */
	add_to_window(dedupe, &row);
	count(dedupe, &row);
	answer(dedupe, in, &row, out);
	return VERDICT_DONE;
}

/* A tip of another epoch of the linkage key goes on under the one in force. */
static enum verdict dedupe_handle(void *state, const struct event *in, struct emit *out, struct err *err)
{
	struct dedupe *dedupe = state;
	struct record record = *in->record;
	struct event event = *in;

	event.record = &record;
	if (relinker_carry(&dedupe->relinker, dedupe->index, &record.tokens, in->arena, err) < 0)
		return VERDICT_FATAL;
	return answer_tip(dedupe, &event, out, err);
}

/* Keys while it runs. The window is made anew from the index, whose tokens are others now. */

static void key_paths(void *state, void (*each)(void *arg, const char *path), void *arg)
{
	relinker_paths(&((struct dedupe *)state)->relinker, each, arg);
}

static int key_reload(void *state, struct err *err)
{
	struct dedupe *dedupe = state;
	int carried = relinker_reload(&dedupe->relinker, dedupe->index, err);

	if (carried <= 0)
		return carried;
	if (load(dedupe, err) < 0)
		BUG("the index cannot be read any more: %s", err->text);
	show_window(dedupe);
	return 0;
}

static void key_names(void *state, void (*each)(void *arg, const char *name), void *arg)
{
	relinker_names(&((struct dedupe *)state)->relinker, each, arg);
}

static const struct stage_key_files key_files = { key_paths, key_reload, key_names };

/* Now and then, and not with each batch: what came since is read again at a start, which is soon done. */
static int note_standing(struct dedupe *dedupe, struct err *err)
{
	struct index_standing standing = { .window_days = dedupe->settings.window_days,
					   .window_tips = (int64_t)dedupe->settings.window_tips };
	struct linker_standing now;

	if (dedupe->n_since_noted < NOTE_EVERY)
		return 0;
	linker_standing(dedupe->linker, &now);
	standing.today = now.today;
	standing.n_tips = (int64_t)now.n_tips;
	dedupe->n_since_noted = 0;
	return index_note_standing(dedupe->index, &standing, err);
}

static int dedupe_flush(void *state, const struct stage_position *positions, size_t n, struct err *err)
{
	struct dedupe *dedupe = state;

	for (size_t i = 0; i < n; i++)
		if (index_set_position(dedupe->index, positions[i].topic, positions[i].partition, positions[i].next,
				       err) < 0)
			return -1;
	return note_standing(dedupe, err) < 0 ? -1 : index_commit(dedupe->index, err);
}

/*
 * An index that knows no position has nothing of this partition: it must have all of it, whatever the group committed
 * for an index that is gone. Else links to the tips before would be missing, and an id that comes again with other
 * content would not be seen. Where the beginning is no longer there the consumer stops and says so.
 */
static int64_t dedupe_position(void *state, const char *topic, int32_t partition)
{
	struct dedupe *dedupe = state;
	int64_t next = index_position(dedupe->index, topic, partition);

	return next < 0 ? 0 : next;
}

static void dedupe_status(void *state, struct buf *json)
{
	const struct dedupe *dedupe = state;

	buf_printf(json, ",\"tips\":%zu,\"tokens\":%zu,\"window_full\":%s", linker_n_tips(dedupe->linker),
		   linker_n_terms(dedupe->linker),
		   linker_n_tips(dedupe->linker) == dedupe->settings.window_tips ? "true" : "false");
}

const struct stage dedupe_stage = {
	.name = "dedupe",
	.topic_in = TOPIC_CLASSIFIED,
	.topic_out = TOPIC_LINKED,
	.input = STAGE_READS_RECORDS,
	.summary = "link tips about the same incident, and give each tip its case",
	.description =
		"Reads tip.classified. Compares each tip's keyed tokens with those of the tips before it, and writes "
		"the tip with its case id and its links to tip.linked, and what is needed to rebuild the index to "
		"link.index. Drops nothing but the same tip again, which it counts. Parks a tip whose id came before "
		"with other content (id-conflict). Holds keyed tokens and no words.",
	.keys = keys,
	.bus_key = true,
	.key_files = &key_files,
	.check = dedupe_check,
	.open = dedupe_open,
	.handle = dedupe_handle,
	.flush = dedupe_flush,
	.position = dedupe_position,
	.status = dedupe_status,
	.close = dedupe_close,
};
