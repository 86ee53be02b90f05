/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops/runtime/conf.h"

static const struct conf_key kafka_keys[] = {
	{ "kafka.brokers", CONF_STRING, NULL, 0, 0, NULL, "where the brokers are" },
	{ "kafka.security", CONF_CHOICE, "plaintext", 0, 0, "plaintext|tls", "how to speak to them" },
	CONF_KEYS_END
};

static const struct conf_key own_keys[] = {
	{ "stage.batch", CONF_INT, "500", 1, 1000, NULL, "records taken at once" },
	{ "stage.linger", CONF_DURATION, "5ms", 1, 60000, NULL, "how long to wait for more" },
	{ "stage.memory", CONF_SIZE, "64k", 1024, 1 << 20, NULL, "largest batch" },
	{ "link.strong", CONF_NUMBER, "0.75", 0, 1, NULL, "score of a strong link" },
	{ "verbose", CONF_BOOL, "false", 0, 0, NULL, "say more" },
	{ "teams.*.recipient", CONF_FILE, NULL, 0, 0, NULL, "the key a team's cases are sealed to" },
	{ "teams.*.register", CONF_PATH, "", 0, 0, NULL, "its staff" },
	{ "daemons.*", CONF_ADDRESS, "", 0, 0, NULL, "where a daemon listens" },
	{ "http.listen", CONF_ADDRESS, "127.0.0.1:0", 0, 0, NULL, "where to listen" },
	{ "gateways", CONF_LIST, "[a:1, b:2]", 0, 0, NULL, "where to submit" },
	{ "key", CONF_SECRET, "", 0, 0, NULL, "a secret" },
	{ "folder", CONF_DIR, "", 0, 0, NULL, "a folder" },
	{ "kafka.security", CONF_STRING, "shadowed", 0, 0, NULL, "never seen: the first row of a name counts" },
	CONF_KEYS_END
};

static const struct conf_key *const tables[] = { kafka_keys, own_keys, NULL };

/* A folder with an open file, a secret one and an empty folder. */
static char folder[] = "/tmp/tipline-conf-XXXXXX";

static const char *path_in(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", folder, name);
	return path;
}

static void put_file(const char *name, mode_t mode)
{
	char path[128];
	FILE *file = fopen(path_in(path, sizeof(path), name), "w");

	assert_non_null(file);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static int set_up(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	put_file("open", 0644);
	put_file("group", 0640);
	put_file("secret", 0600);
	return mkdir(path_in(path, sizeof(path), "sub"), 0700);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int parse(struct conf **conf, const char *text, struct err *err)
{
	char name[128];

	return conf_parse(conf, path_in(name, sizeof(name), "c.yaml"), text, tables, err);
}

static struct conf *must_parse(const char *text)
{
	struct conf *conf = NULL;
	struct err err = ERR_INIT;

	if (parse(&conf, text, &err) < 0)
		fail_msg("%s", err.text);
	return conf;
}

static void test_defaults(void **state)
{
	struct conf *conf = must_parse("kafka: {brokers: 'localhost:9092'}");
	const char *const *items;

	(void)state;
	assert_string_equal(conf_str(conf, "kafka.brokers"), "localhost:9092");
	assert_string_equal(conf_str(conf, "kafka.security"), "plaintext");
	assert_int_equal(conf_int(conf, "stage.batch"), 500);
	assert_int_equal(conf_int(conf, "stage.linger"), 5);
	assert_int_equal(conf_int(conf, "stage.memory"), 65536);
	assert_true(conf_number(conf, "link.strong") == 0.75);
	assert_false(conf_bool(conf, "verbose"));
	assert_int_equal(conf_list(conf, "gateways", &items), 2);
	assert_string_equal(items[0], "a:1");
	assert_string_equal(items[1], "b:2");
	assert_string_equal(conf_str(conf, "key"), "");
	assert_true(conf_given(conf, "kafka.brokers"));
	assert_false(conf_given(conf, "kafka.security"));
	assert_int_equal(conf_names(conf, "teams", &items), 0);
	assert_string_equal(conf_str(conf, "teams.nobody.recipient"), "");
	conf_free(conf);
	conf_free(NULL);
}

static void test_values(void **state)
{
	struct conf *conf = must_parse("kafka:\n  brokers: b\nstage: {batch: 7, linger: 1m, memory: 1M}\n"
				       "verbose: true\nlink:\n  strong: 1\ngateways:\n  - one\n  - 'two, three'\n"
				       "folder: sub\nkey: secret\n"
				       "daemons: {sink: 'localhost:1', route: '[::1]:65535'}\n");
	const char *const *items;
	char path[128];

	(void)state;
	assert_int_equal(conf_int(conf, "stage.batch"), 7);
	assert_int_equal(conf_int(conf, "stage.linger"), 60000);
	assert_int_equal(conf_int(conf, "stage.memory"), 1 << 20);
	assert_true(conf_bool(conf, "verbose"));
	assert_true(conf_number(conf, "link.strong") == 1);
	assert_int_equal(conf_list(conf, "gateways", &items), 2);
	assert_string_equal(items[1], "two, three");
	assert_string_equal(conf_str(conf, "folder"), path_in(path, sizeof(path), "sub"));
	assert_string_equal(conf_str(conf, "key"), path_in(path, sizeof(path), "secret"));
	assert_int_equal(conf_names(conf, "daemons.*", &items), 2);
	assert_string_equal(items[0], "sink");
	assert_string_equal(items[1], "route");
	assert_string_equal(conf_str(conf, "daemons.route"), "[::1]:65535");
	assert_string_equal(conf_where(conf, "link.strong"), path_in(path, sizeof(path), "c.yaml:6"));
	assert_string_equal(conf_where(conf, "http.listen"), path_in(path, sizeof(path), "c.yaml"));
	conf_free(conf);
}

static void test_one_text_is_a_list_of_one(void **state)
{
	struct conf *conf = must_parse("kafka: {brokers: b}\ngateways: one\n");
	const char *const *items;

	(void)state;
	assert_int_equal(conf_list(conf, "gateways", &items), 1);
	assert_string_equal(items[0], "one");
	conf_free(conf);
}

static void test_names_stand_for_the_star(void **state)
{
	struct conf *conf = must_parse("kafka: {brokers: b}\nteams:\n  zeta: {recipient: open, register: not-yet}\n"
				       "  alpha:\n    recipient: /dev/../etc/hostname\n");
	const char *const *names;
	char path[128];

	(void)state;
	assert_int_equal(conf_names(conf, "teams", &names), 2);
	assert_string_equal(names[0], "zeta");
	assert_string_equal(names[1], "alpha");
	assert_string_equal(conf_str(conf, "teams.zeta.recipient"), path_in(path, sizeof(path), "open"));
	assert_string_equal(conf_str(conf, "teams.zeta.register"), path_in(path, sizeof(path), "not-yet"));
	assert_string_equal(conf_str(conf, "teams.alpha.recipient"), "/dev/../etc/hostname");
	assert_string_equal(conf_str(conf, "teams.alpha.register"), "");
	conf_free(conf);
}

static void test_complaints(void **state)
{
	/* `want` follows the folder's name; each text stands under a line that gives the required key. */
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "kafk: {}", "c.yaml:2: there is no key kafk; did you mean kafka?" },
		{ "stage: {bacth: 5}", "c.yaml:2: there is no key stage.bacth; did you mean stage.batch?" },
		{ "batch: 5", "c.yaml:2: there is no key batch; did you mean stage.batch?" },
		{ "qqqq: 5", "c.yaml:2: there is no key qqqq" },
		{ "stage.batch: 5", "c.yaml:2: a key has no dots; write \"stage:\" and under it" },
		{ "stage: 5", "c.yaml:2: stage: keys with values are wanted here" },
		{ "stage: [batch]", "c.yaml:2: stage: keys with values are wanted here" },
		{ "stage:\n  batch: 0", "c.yaml:3: stage.batch: 0 is out of range: 1 to 1000" },
		{ "stage: {batch: 1001}", "c.yaml:2: stage.batch: 1001 is out of range: 1 to 1000" },
		{ "stage: {batch: '5'}", "c.yaml:2: stage.batch: \"5\" is not a whole number" },
		{ "stage: {batch: 5.5}", "c.yaml:2: stage.batch: \"5.5\" is not a whole number" },
		{ "stage: {batch: }", "c.yaml:2: stage.batch: has no value" },
		{ "stage: {batch: null}", "c.yaml:2: stage.batch: has no value" },
		{ "stage: {batch: [5]}", "c.yaml:2: stage.batch: one value is wanted, not a list or keys" },
		{ "stage: {linger: 5}", "c.yaml:2: stage.linger: a time such as 250ms, 5s, 10m, 2h or" },
		{ "stage: {linger: -5s}", "c.yaml:2: stage.linger: a time such as" },
		{ "stage: {linger: 0}", "c.yaml:2: stage.linger: 0 is out of range: 1ms to 1m" },
		{ "stage: {linger: 2h}", "c.yaml:2: stage.linger: 2h is out of range: 1ms to 1m" },
		{ "stage: {memory: 2g}", "c.yaml:2: stage.memory: 2g is out of range: 1k to 1m" },
		{ "stage: {memory: 9999999999999999999g}", "c.yaml:2: stage.memory: 9999999999999999999g is out" },
		{ "stage: {memory: 64kb}", "c.yaml:2: stage.memory: a size such as 64k, 1m or 2g is wanted" },
		{ "link: {strong: 1.5}", "c.yaml:2: link.strong: 1.5 is out of range: 0 to 1" },
		{ "link: {strong: high}", "c.yaml:2: link.strong: \"high\" is not a number" },
		{ "verbose: yes", "c.yaml:2: verbose: true or false is wanted" },
		{ "http: {listen: '9090'}", "c.yaml:2: http.listen: \"9090\" is not host:port" },
		{ "http: {listen: 'a b:1'}", "c.yaml:2: http.listen: \"a b:1\" is not host:port" },
		{ "http: {listen: 'a:65536'}", "c.yaml:2: http.listen: \"a:65536\" does not end in a port" },
		{ "gateways: {a: b}", "c.yaml:2: gateways: a list of texts is wanted" },
		{ "gateways: [[a]]", "c.yaml:2: gateways: a list of texts is wanted" },
		{ "teams:\n  x:\n    register: r", "c.yaml:3: teams.x.recipient is missing: the key a team" },
		{ "teams: {x: {recipiant: open}}", "c.yaml:2: there is no key teams.x.recipiant; did you mean tea" },
		{ "teams: {a.b: {recipient: open}}", "c.yaml:2: a key has no dots" },
		{ "verbose: true\nverbose: true", "c.yaml:3: key \"verbose\" stands twice, first on line 2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *conf = NULL;
		struct err err = ERR_INIT;
		char text[512], want[512];

		snprintf(text, sizeof(text), "kafka: {brokers: b}\n%s\n", cases[i].text);
		snprintf(want, sizeof(want), "%s/%s", folder, cases[i].want);
		assert_int_equal(parse(&conf, text, &err), -1);
		assert_null(conf);
		assert_int_equal(err.kind, ERR_CONFIG);
		if (strncmp(err.text, want, strlen(want)) != 0)
			fail_msg("case %zu: %s", i, err.text);
	}
}

static void test_files_and_secrets(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: accepted */
	} cases[] = {
		{ "key: secret", NULL },
		{ "key: open", "others than its owner may open it (mode 0644): chmod 600 it" },
		{ "key: group", "others than its owner may open it (mode 0640): chmod 600 it" },
		{ "key: sub", "is not a regular file" },
		{ "key: none", "No such file or directory" },
		{ "key: ''", "a path is wanted" },
		{ "teams: {x: {recipient: open}}", NULL },
		{ "teams: {x: {recipient: sub}}", "is not a regular file" },
		{ "teams: {x: {recipient: none}}", "No such file or directory" },
		{ "teams: {x: {recipient: /dev/null}}", "is not a regular file" },
		{ "folder: sub", NULL },
		{ "folder: .", NULL },
		{ "folder: open", "is not a folder" },
		{ "folder: none", "No such file or directory" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf *conf = NULL;
		struct err err = ERR_INIT;
		char text[256];

		snprintf(text, sizeof(text), "kafka: {brokers: b}\n%s\n", cases[i].text);
		assert_int_equal(parse(&conf, text, &err), cases[i].want ? -1 : 0);
		if (cases[i].want && !strstr(err.text, cases[i].want))
			fail_msg("case %zu: %s", i, err.text);
		conf_free(conf);
	}
}

static void test_required_keys(void **state)
{
	struct conf *conf = NULL;
	struct err err = ERR_INIT;
	char want[128];

	(void)state;
	assert_int_equal(parse(&conf, "", &err), -1);
	assert_string_equal(err.text,
			    path_in(want, sizeof(want), "c.yaml: kafka.brokers is missing: where the brokers are"));
	assert_int_equal(parse(&conf, "\nkafka: {security: tls}\n", &err), -1);
	assert_string_equal(err.text,
			    path_in(want, sizeof(want), "c.yaml:2: kafka.brokers is missing: where the brokers are"));
	assert_int_equal(conf_load(&conf, "/nonexistent/c.yaml", tables, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
}

static void test_hash_is_of_the_meaning(void **state)
{
	struct conf *a = must_parse("kafka: {brokers: b}\nstage: {linger: 1m, batch: 5}\n");
	struct conf *b = must_parse("# said otherwise\nstage:\n  batch: 5\n  linger: 60s\nkafka:\n  brokers: 'b'\n");
	struct conf *c = must_parse("kafka: {brokers: b}\nstage: {linger: 1m, batch: 6}\n");

	(void)state;
	assert_int_equal(strlen(conf_hash(a)), 16);
	assert_string_equal(conf_hash(a), conf_hash(b));
	assert_string_not_equal(conf_hash(a), conf_hash(c));
	conf_free(a);
	conf_free(b);
	conf_free(c);
}

static void test_tables_describe_themselves(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	conf_describe(tables, &text);
	assert_non_null(strstr(buf_text(&text), "  kafka.brokers: text; required\n      where the brokers are\n"));
	assert_non_null(strstr(buf_text(&text), "  stage.linger: time, 1ms to 1m; default 5ms\n"));
	assert_non_null(strstr(buf_text(&text), "  kafka.security: one of plaintext or tls; default plaintext\n"));
	assert_non_null(strstr(buf_text(&text), "  key: file of mode 600; optional\n"));
	assert_null(strstr(buf_text(&text), "shadowed"));
	buf_clear(&text);
	conf_describe_roff(tables, &text);
	assert_non_null(strstr(buf_text(&text), ".TP\n\\fBteams.*.recipient\\fR \\(em file; required\n"
						"the key a team\\(aqs cases are sealed to\n"));
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_one_text_is_a_list_of_one),
		cmocka_unit_test(test_names_stand_for_the_star),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_files_and_secrets),
		cmocka_unit_test(test_required_keys),
		cmocka_unit_test(test_hash_is_of_the_meaning),
		cmocka_unit_test(test_tables_describe_themselves),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
