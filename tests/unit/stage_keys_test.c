/* SPDX-License-Identifier: Apache-2.0 */
/* Key files that change while a worker runs: taken up whole, or not at all. */
#include "tests/unit/keys_fixture.h"

#include "ops/runtime/log.h"
#include "ops/runtime/number.h"
#include "schema/hex.h"
#include "workers/stage/stage_conf.h"
#include "workers/stage/stage_keys.h"

#define TOPIC_IN "tip.classified"
#define TOPIC_OUT "tip.linked"

/* A stage with one key file of its own: a number, which must not be 13. */
struct own {
	char path[128];
	int number, readings;
};

static void own_paths(void *state, void (*each)(void *arg, const char *path), void *arg)
{
	each(arg, ((struct own *)state)->path);
}

static int own_reload(void *state, struct err *err)
{
	struct own *own = state;
	struct buf text = BUF_INIT;
	int64_t number = 0;

	own->readings++;
	if (keys_read_secret(&text, own->path, err) < 0)
		return -1;
	number_int(buf_text(&text), &number);
	buf_release(&text);
	if (number == 13)
		return err_set(err, ERR_CONFIG, NULL, "not 13");
	own->number = (int)number;
	return 0;
}

static void own_names(void *state, void (*each)(void *arg, const char *name), void *arg)
{
	char name[32];

	snprintf(name, sizeof(name), "own:%d", ((struct own *)state)->number);
	each(arg, name);
}

static const struct stage_key_files own_files = { own_paths, own_reload, own_names };
static const struct stage stage = { .name = "test", .topic_in = TOPIC_IN, .topic_out = TOPIC_OUT,
				    .input = STAGE_READS_RECORDS, .bus_key = true, .key_files = &own_files };

struct world {
	struct fixture *f;
	struct conf *conf;
	struct metrics *metrics;
	struct own own;
	struct stage_keys keys;
	struct buf text;
};

static void put(struct world *w, const char *name, const char *text)
{
	struct err err = ERR_INIT;

	assert_int_equal(keys_replace(at(w->f, name), slice_str(text), 0600, &err), 0);
}

static void put_bus(struct world *w, const char *name, int first)
{
	char text[66];
	uint8_t key[32] = { (uint8_t)first };

	hex_encode(text, key, sizeof(key));
	put(w, name, text);
}

static struct world *world_new(struct fixture *f)
{
	static const struct conf_key *const tables[] = { stage_conf_keys, NULL };
	struct world *w = mem_alloc(sizeof(*w));
	struct err err = ERR_INIT;
	char conf[160];

	log_open("test", LOG_LEVEL_ERROR);
	w->f = f;
	assert_int_equal(mkdir(at(f, "bus"), 0700), 0);
	put_bus(w, "bus/1.key", 1);
	put(w, "own", "7");
	snprintf(w->own.path, sizeof(w->own.path), "%s/own", f->folder);
	snprintf(conf, sizeof(conf), "keys: { bus: %s/bus }\n", f->folder);
	write_text(f, "conf.yaml", conf, 0644);
	assert_int_equal(conf_load(&w->conf, at(f, "conf.yaml"), tables, &err), 0);
	w->metrics = metrics_new();
	w->keys = (struct stage_keys){ .stage = &stage, .conf = w->conf, .state = &w->own };
	assert_int_equal(stage_bus_load(&w->keys.ring, &stage, w->conf, &err), 0);
	assert_int_equal(own_reload(&w->own, &err), 0);
	w->own.readings = 0;
	stage_keys_init(&w->keys, w->metrics, INT64_MAX / 2);
	return w;
}

static void world_free(struct world *w)
{
	stage_keys_release(&w->keys);
	bus_ring_free(w->keys.ring);
	metrics_free(w->metrics);
	conf_free(w->conf);
	buf_release(&w->text);
	free(w);
}

static const char *status(struct world *w)
{
	buf_clear(&w->text);
	stage_keys_status(&w->keys, &w->text);
	return buf_text(&w->text);
}

static bool says(struct world *w, const char *what)
{
	return strstr(status(w), what) != NULL;
}

static void nothing_is_read_while_nothing_changes(void **state)
{
	struct world *w = world_new(*state);

	for (int i = 0; i < 3; i++)
		stage_keys_look(&w->keys, false);
	assert_int_equal(w->own.readings, 0);
	stage_keys_look(&w->keys, true); /* SIGHUP */
	assert_int_equal(w->own.readings, 1);
	assert_true(says(w, ",\"keys\":{\"current\":true,\"seals\":1,\"names\":[\"bus:1:"));
	assert_true(says(w, ",\"own:7\"]}"));
	world_free(w);
}

/* What began before the keys were read may have missed a change in between. */
static void what_changed_during_the_start_is_read_again(void **state)
{
	struct world *w = world_new(*state);

	stage_keys_release(&w->keys);
	stage_keys_init(&w->keys, w->metrics, 0);
	assert_int_equal(w->own.readings, 1);
	world_free(w);
}

static void a_new_epoch_opens_and_the_old_one_still_does(void **state)
{
	struct world *w = world_new(*state);
	struct buf old = BUF_INIT, new = BUF_INIT, plain = BUF_INIT;
	struct tip_id id = { { 1 } };
	struct err err = ERR_INIT;

	assert_int_equal(bus_seal(&old, w->keys.ring, TOPIC_OUT, &id, slice_str("old"), &err), 0);
	put(w, "bus/active", "1\n");
	put_bus(w, "bus/2.key", 2);
	stage_keys_look(&w->keys, false);
	assert_true(says(w, "\"seals\":1,") && says(w, "\"bus:2:"));
	put(w, "bus/active", "2\n");
	stage_keys_look(&w->keys, false);
	assert_true(says(w, "\"seals\":2,"));
	assert_int_equal(bus_seal(&new, w->keys.ring, TOPIC_OUT, &id, slice_str("new"), &err), 0);
	assert_int_equal(new.data[1], 2);
	assert_int_equal(bus_open(&plain, w->keys.ring, TOPIC_OUT, &id, buf_slice(&old), &err), 0);
	assert_int_equal(bus_open(&plain, w->keys.ring, TOPIC_OUT, &id, buf_slice(&new), &err), 0);
	assert_string_equal(buf_text(&plain), "oldnew");
	buf_release(&old);
	buf_release(&new);
	buf_release(&plain);
	world_free(w);
}

static void one_bad_file_leaves_everything_as_it_was(void **state)
{
	static const struct {
		const char *name, *text;
	} bad[] = { { "own", "13" }, { "bus/2.key", "not hex" }, { "bus/active", "9\n" }, { "bus/active", "two\n" } };
	struct world *w = world_new(*state);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		put(w, "own", "8"); /* a good one beside it */
		put(w, bad[i].name, bad[i].text);
		stage_keys_look(&w->keys, false);
		assert_true(says(w, "\"current\":false,\"seals\":1,") && says(w, "\"own:7\"") && !says(w, "\"bus:2:"));
		stage_keys_look(&w->keys, false); /* said once */
		assert_int_equal(metric_value(w->keys.failures), i + 1);
		unlink(at(w->f, "bus/2.key"));
		unlink(at(w->f, "bus/active"));
		put(w, "own", "7");
		stage_keys_look(&w->keys, false);
		assert_true(says(w, "\"current\":true"));
	}
	world_free(w);
}

/* A stage must not be left without the key of the topic it reads. */
static void the_last_key_is_not_given_up(void **state)
{
	struct world *w = world_new(*state);

	unlink(at(w->f, "bus/1.key"));
	stage_keys_look(&w->keys, false);
	assert_true(says(w, "\"current\":false,\"seals\":1,"));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_is_read_while_nothing_changes, begin, end),
		cmocka_unit_test_setup_teardown(what_changed_during_the_start_is_read_again, begin, end),
		cmocka_unit_test_setup_teardown(a_new_epoch_opens_and_the_old_one_still_does, begin, end),
		cmocka_unit_test_setup_teardown(one_bad_file_leaves_everything_as_it_was, begin, end),
		cmocka_unit_test_setup_teardown(the_last_key_is_not_given_up, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
