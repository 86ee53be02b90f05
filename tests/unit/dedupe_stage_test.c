/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "schema/reason.h"
#include "schema/topics.h"
#include "workers/dedupe/dedupe.h"
#include "workers/dedupe/entry.h"
#include "workers/stage/emit.h"

#define N_FACTS 6

/* One dedupe with a file of its own, that can be closed without a commit and opened again: a crash. */
struct site {
	char folder[32], path[64];
	struct metrics *metrics;
	struct conf *conf;
	struct arena *arena;
	struct emit emit;
	void *dedupe;
	uint8_t last_random;
	uint32_t day; /* of the next tip */
};

static void count_up(void *arg, struct tip_id *id)
{
	struct site *site = arg;

	memset(id, 0, sizeof(*id));
	id->bytes[0] = ++site->last_random;
}

static void start(struct site *site)
{
	struct stage_env env = { site->conf, site->metrics, false, count_up, site };
	struct err err = ERR_INIT;

	if (dedupe_stage.open(&site->dedupe, &env, &err) < 0)
		fail_msg("%s", err.text);
}

static void crash(struct site *site)
{
	dedupe_stage.close(site->dedupe);
	start(site);
}

static void commit(struct site *site, int64_t next)
{
	const struct stage_position position = { TOPIC_CLASSIFIED, 0, next };
	struct err err = ERR_INIT;

	assert_int_equal(dedupe_stage.flush(site->dedupe, &position, 1, &err), 0);
}

/* Reads the configuration, with more lines under `link`. */
static int configure(struct site *site, const char *more)
{
	const struct conf_key *const tables[] = { dedupe_stage.keys, NULL };
	struct err err = ERR_INIT;
	char text[160];

	conf_free(site->conf);
	snprintf(text, sizeof(text), "index: %s\nlink: { strong: 0.3, weak: 0.1%s }\n", site->path, more);
	return conf_parse(&site->conf, "dedupe.yaml", text, tables, &err);
}

static int set_up(void **state)
{
	struct site *site = mem_alloc(sizeof(*site));

	snprintf(site->folder, sizeof(site->folder), "/tmp/dedupe-test-XXXXXX");
	if (!mkdtemp(site->folder))
		return -1;
	snprintf(site->path, sizeof(site->path), "%s/index", site->folder);
	if (configure(site, "") < 0)
		return -1;
	site->day = 20000;
	site->metrics = metrics_new();
	site->arena = arena_new(1024);
	emit_init(&site->emit, NULL, site->arena, true);
	start(site);
	*state = site;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const endings[] = { "", "-wal", "-shm" };
	struct site *site = *state;

	dedupe_stage.close(site->dedupe);
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		char path[80];

		snprintf(path, sizeof(path), "%s%s", site->path, endings[i]);
		unlink(path);
	}
	rmdir(site->folder);
	emit_release(&site->emit);
	arena_free(site->arena);
	conf_free(site->conf);
	metrics_free(site->metrics);
	free(site);
	return 0;
}

/* A tip of an incident: its names are the incident's. */
static enum verdict handle(struct site *site, unsigned tip, uint8_t digest, uint64_t incident, int64_t offset,
			   struct err *err)
{
	struct token items[N_FACTS];
	struct record record = { .parts = RECORD_CLASSIFIED, .day = site->day, .body = slice_str("{}") };
	struct event event = { .day = site->day, .record = &record, .arena = site->arena,
			       .origin = { TOPIC_CLASSIFIED, 0, offset } };

	for (uint64_t i = 0; i < N_FACTS; i++)
		items[i] = (struct token){ incident * 100 + i, TOKEN_NAME };
	record.steps[record.n_steps++] = (struct record_step){ slice_str("classify"), slice_str("9.9"), 20000, "\xcc" };
	memset(record.classification.lexicon_hash, 0x1e, HASH_BYTES);
	record.tip_id.bytes[0] = (uint8_t)tip;
	record.tip_id.bytes[1] = (uint8_t)(tip >> 8);
	record.digest[0] = digest;
	record.tokens = (struct token_list){ .items = items, .n = N_FACTS };
	event.tip_id = record.tip_id;
	emit_begin(&site->emit, 20000);
	return dedupe_stage.handle(site->dedupe, &event, &site->emit, err);
}

/* What was emitted, as one text to compare. */
static char *answer_to(struct site *site, unsigned tip, uint64_t incident, int64_t offset)
{
	struct err err = ERR_INIT;

	assert_int_equal(handle(site, tip, (uint8_t)tip, incident, offset, &err), VERDICT_DONE);
	assert_int_equal(site->emit.n, 2);
	assert_string_equal(site->emit.items[0].topic, TOPIC_LINKED);
	assert_string_equal(site->emit.items[1].topic, TOPIC_LINK_INDEX);
	assert_int_equal(site->emit.items[1].key.bytes[0], tip & 255);
	return arena_str(site->arena, (const char *)site->emit.items[0].value.data, site->emit.items[0].value.len);
}

static struct tip_id case_of(struct site *site)
{
	return site->emit.items[0].key;
}

static void tips_of_one_incident_share_a_case(void **state)
{
	struct site *site = *state;
	struct tip_id first, second, other;
	struct entry entry;
	struct err err = ERR_INIT;

	answer_to(site, 1, 7, 0);
	first = case_of(site);
	answer_to(site, 2, 8, 1);
	other = case_of(site);
	assert_non_null(strstr(answer_to(site, 3, 7, 2), "\"strong\":true"));
	second = case_of(site);
	assert_true(tip_id_equal(&first, &second));
	assert_false(tip_id_equal(&first, &other));
	assert_int_equal(entry_decode(&entry, site->emit.items[1].value, site->arena, &err), 0);
	assert_true(tip_id_equal(&entry.case_id, &first));
	assert_int_equal(entry.tokens.n, N_FACTS);
}

/* What classify did, and by which lexicon, goes on with the record. */
static void what_was_decided_before_is_kept(void **state)
{
	const char *answer = answer_to(*state, 1, 7, 0);

	assert_non_null(strstr(answer, "\"lexicon_hash\":\"1e1e1e1e"));
	assert_non_null(strstr(answer, "\"stage\":\"classify\",\"version\":\"9.9\",\"day\":20000,"
				       "\"configuration\":\"cc00"));
}

static void the_same_tip_elsewhere_is_dropped_and_counted(void **state)
{
	struct site *site = *state;
	struct metric *repeats = metrics_counter(site->metrics, "tipline_dedupe_repeats_total", "", "");
	struct err err = ERR_INIT;

	answer_to(site, 1, 7, 0);
	assert_int_equal(handle(site, 1, 1, 7, 5, &err), VERDICT_DONE);
	assert_int_equal(site->emit.n, 0);
	assert_int_equal((int)metric_value(repeats), 1);
	assert_int_equal((int)metric_value(stage_repeats(site->metrics, "dedupe")), 1);
}

static void the_same_id_with_other_content_is_parked(void **state)
{
	struct site *site = *state;
	struct err err = ERR_INIT;

	answer_to(site, 1, 7, 0);
	assert_int_equal(handle(site, 1, 99, 7, 1, &err), VERDICT_PARK);
	assert_ptr_equal(err.reason, REASON_ID_CONFLICT);
	assert_int_equal(site->emit.n, 0);
}

static void a_redelivery_is_answered_as_before(void **state)
{
	struct site *site = *state;
	const char *first, *second;

	answer_to(site, 1, 7, 0);
	answer_to(site, 2, 7, 1);
	first = answer_to(site, 3, 7, 2);
	answer_to(site, 4, 7, 3);
	assert_string_equal(answer_to(site, 3, 7, 2), first); /* within the batch: from the row */
	commit(site, 4);
	crash(site);
	assert_string_equal(answer_to(site, 3, 7, 2), first); /* after a restart */
	second = answer_to(site, 1, 7, 0);
	assert_null(strstr(second, "\"strong\":true"));
}

/* What was emitted before a crash may have been acknowledged already: the answers after it must be the same. */
static void an_uncommitted_batch_is_answered_the_same_again(void **state)
{
	struct site *site = *state;
	const char *before[3];

	answer_to(site, 1, 7, 0);
	commit(site, 1);
	for (int i = 0; i < 3; i++)
		before[i] = answer_to(site, 2 + (unsigned)i, i == 1 ? 8 : 7, 1 + i);
	crash(site);
	assert_int_equal(dedupe_stage.position(site->dedupe, TOPIC_CLASSIFIED, 0), 1);
	for (int i = 0; i < 3; i++)
		assert_string_equal(answer_to(site, 2 + (unsigned)i, i == 1 ? 8 : 7, 1 + i), before[i]);
	commit(site, 4);
	assert_int_equal(dedupe_stage.position(site->dedupe, TOPIC_CLASSIFIED, 0), 4);
	/* Nothing of this partition yet: all of it, not what the group remembers of another index. */
	assert_int_equal(dedupe_stage.position(site->dedupe, TOPIC_CLASSIFIED, 1), 0);
}

static void case_ids_depend_on_the_files_secret(void **state)
{
	struct site *site = *state;
	struct tip_id first, second;

	answer_to(site, 1, 7, 0);
	first = case_of(site);
	dedupe_stage.close(site->dedupe);
	unlink(site->path);
	start(site); /* a new file, a new secret */
	answer_to(site, 1, 7, 0);
	second = case_of(site);
	assert_false(tip_id_equal(&first, &second));
}

static int metric_of(struct site *site, const char *name)
{
	return (int)metric_value(metrics_gauge(site->metrics, name, "", ""));
}

/* What left the window is linked to no more, and still is known: a repeat, or another tip under its id. */
static void a_full_window_is_told_and_forgets_links_alone(void **state)
{
	struct site *site = *state;
	struct metric *crowded_out = metrics_counter(site->metrics, "tipline_dedupe_crowded_out_total", "", "");
	struct buf json = BUF_INIT;
	struct err err = ERR_INIT;

	dedupe_stage.close(site->dedupe);
	assert_int_equal(configure(site, ", window_tips: 3"), 0);
	start(site);
	answer_to(site, 1, 7, 0);
	answer_to(site, 2, 8, 1);
	answer_to(site, 3, 9, 2);
	assert_int_equal((int)metric_value(crowded_out), 0);
	answer_to(site, 4, 10, 3); /* the first leaves */
	assert_int_equal((int)metric_value(crowded_out), 1);
	assert_int_equal(metric_of(site, "tipline_dedupe_window_tips"), 3);
	assert_true(metric_of(site, "tipline_dedupe_window_bytes") > 0);
	dedupe_stage.status(site->dedupe, &json);
	assert_string_equal(buf_text(&json), ",\"tips\":3,\"tokens\":18,\"window_full\":true");
	assert_null(strstr(answer_to(site, 5, 7, 4), "\"strong\":true"));
	assert_int_equal(handle(site, 1, 1, 7, 9, &err), VERDICT_DONE);
	assert_int_equal(site->emit.n, 0);
	assert_int_equal(handle(site, 1, 99, 7, 10, &err), VERDICT_PARK);
	assert_ptr_equal(err.reason, REASON_ID_CONFLICT);

	/* Full it is also after a restart, before another tip is crowded out. */
	commit(site, 5);
	dedupe_stage.close(site->dedupe);
	start(site);
	buf_clear(&json);
	dedupe_stage.status(site->dedupe, &json);
	assert_non_null(strstr(buf_text(&json), "\"window_full\":true"));
	buf_release(&json);
}

/* All tips are in the file: with a larger window the next start finds them again. */
static void another_window_is_made_from_the_whole_index(void **state)
{
	struct site *site = *state;

	dedupe_stage.close(site->dedupe);
	assert_int_equal(configure(site, ", window_tips: 3"), 0);
	start(site);
	for (unsigned i = 0; i < 2500; i++)
		answer_to(site, i, 1000 + i, i);
	commit(site, 2500);
	assert_null(strstr(answer_to(site, 2600, 1000, 2500), "\"strong\":true"));
	dedupe_stage.close(site->dedupe);
	assert_int_equal(configure(site, ", window_tips: 10000"), 0);
	start(site);
	assert_int_equal(metric_of(site, "tipline_dedupe_window_tips"), 2500);
	assert_non_null(strstr(answer_to(site, 2600, 1000, 2500), "\"strong\":true"));
}

/* Two dedupes are told the same tips; one crashes now and then, just after it noted where it stands, and later. Days go
 * up and down, and just then a clock is years slow. */
static void a_crash_changes_no_link(void **state)
{
	struct site *site = *state, *steady;
	unsigned linked = 0;
	void *other;

	assert_int_equal(set_up(&other), 0);
	steady = other;
	for (int i = 0; i < 2; i++) {
		struct site *one = i == 0 ? site : steady;

		dedupe_stage.close(one->dedupe);
		unlink(one->path); /* both draw the same secret */
		one->last_random = 0;
		assert_int_equal(configure(one, ", window_tips: 300, window_days: 40"), 0);
		start(one);
	}
	for (unsigned i = 0; i < 5000; i++) {
		site->day = steady->day = 20000 + i / 5 + i * i % 37 - (i % 2000 > 1989 ? 4000 : 0);
		const char *want = answer_to(steady, i, i * i % 211, i);

		assert_string_equal(answer_to(site, i, i * i % 211, i), want);
		linked += strstr(want, "\"strong\":true") != NULL;
		if (i % 500 != 499)
			continue;
		commit(site, i + 1);
		if (i % 1000 == 999)
			crash(site);
		arena_reset(site->arena);
		arena_reset(steady->arena);
	}
	assert_in_range(linked, 1000, 4990);
	assert_int_equal(tear_down(&other), 0);
}

static void status_is_valid_members(void **state)
{
	struct site *site = *state;
	struct buf json = BUF_INIT;

	answer_to(site, 1, 7, 0);
	dedupe_stage.status(site->dedupe, &json);
	assert_string_equal(buf_text(&json), ",\"tips\":1,\"tokens\":6,\"window_full\":false");
	buf_release(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tips_of_one_incident_share_a_case, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_decided_before_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_tip_elsewhere_is_dropped_and_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_same_id_with_other_content_is_parked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_redelivery_is_answered_as_before, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_uncommitted_batch_is_answered_the_same_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(case_ids_depend_on_the_files_secret, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_window_is_told_and_forgets_links_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_window_is_made_from_the_whole_index, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_crash_changes_no_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(status_is_valid_members, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
