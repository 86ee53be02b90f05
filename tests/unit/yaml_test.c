/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "ops/runtime/buf.h"
#include "ops/runtime/yaml.h"

static struct yaml *parse(const char *text)
{
	struct yaml *yaml = NULL;
	struct err err = ERR_INIT;

	if (yaml_parse(&yaml, "t.yaml", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	return yaml;
}

static void test_tree_and_lines(void **state)
{
	struct yaml *yaml = parse("# head\nname: one\nquoted: '2'\nlist:\n  - a\n  - {b: c}\nempty:\n"
				  "text: |\n  x\n  y\n");
	const struct yaml_node *root = yaml_root(yaml), *list = yaml_get(root, "list");

	(void)state;
	assert_int_equal(yaml_kind(root), YAML_MAP);
	assert_int_equal(yaml_count(root), 5);
	assert_string_equal(yaml_key_at(root, 0), "name");
	assert_string_equal(yaml_key_at(root, 4), "text");
	assert_null(yaml_key_at(root, 5));
	assert_string_equal(yaml_scalar(yaml_get(root, "name")), "one");
	assert_int_equal(yaml_line(yaml_get(root, "name")), 2);
	assert_string_equal(yaml_file(root), "t.yaml");
	assert_true(yaml_is_plain(yaml_get(root, "name")));
	assert_false(yaml_is_plain(yaml_get(root, "quoted")));
	assert_int_equal(yaml_kind(list), YAML_LIST);
	assert_int_equal(yaml_key_line(list), 4);
	assert_int_equal(yaml_line(list), 5);
	assert_null(yaml_scalar(list));
	assert_int_equal(yaml_line(yaml_at(list, 1)), 6);
	assert_string_equal(yaml_scalar(yaml_get(yaml_at(list, 1), "b")), "c");
	assert_string_equal(yaml_scalar(yaml_get(root, "empty")), "");
	assert_string_equal(yaml_scalar(yaml_get(root, "text")), "x\ny\n");
	assert_null(yaml_get(root, "nothing"));
	assert_null(yaml_get(list, "a"));
	assert_null(yaml_at(list, 2));
	assert_int_equal(yaml_count(yaml_at(list, 0)), 0);
	yaml_free(yaml);
	yaml_free(NULL);
}

static void test_nothing_there(void **state)
{
	static const char *const texts[] = { "", "\n", "# only a remark\n", "---\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct yaml *yaml = parse(texts[i]);

		assert_null(yaml_root(yaml));
		assert_null(yaml_get(yaml_root(yaml), "x"));
		assert_int_equal(yaml_count(yaml_root(yaml)), 0);
		yaml_free(yaml);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a: 1\nb: 2\na: 3\n", "t.yaml:3: key \"a\" stands twice, first on line 1" },
		{ "x: {a: 1, b: 2, a: 3}\n", "t.yaml:1: key \"a\" stands twice" },
		{ "a: &x 1\nb: *x\n", "t.yaml:1: anchors and aliases" },
		{ "a: 1\nb: *x\n", "t.yaml:2: anchors and aliases" },
		{ "a: &x [1]\n", "t.yaml:1: anchors and aliases" },
		{ "a: 1\n---\nb: 2\n", "t.yaml:2: a second document" },
		{ "a: 1\n...\nb: 2\n", "t.yaml:2: a second document" },
		{ "a: !!str 5\n", "t.yaml:1: tags" },
		{ "a: !x {}\n", "t.yaml:1: tags" },
		{ "? [a]\n: 1\n", "t.yaml:1: a key must be" },
		{ "a: [1, 2\nb: 3\n", "t.yaml:3: " },
		{ "a: 'open\n", "t.yaml:1: " },
		{ "a: 1\n b: 2\n", "t.yaml:" },
		{ "a: b: c\n", "t.yaml:1: " },
		{ "a: |0\n  x\n", "t.yaml:1: " },
		{ "a: \"\\0\"\n", "t.yaml:1: a text holds a NUL" },
		{ "ok: 1\nbad: \xC3\x28\n", "t.yaml:2: this is not UTF-8" },
		{ "a: \xED\xA0\x80\n", "t.yaml:1: this is not UTF-8" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct yaml *yaml = NULL;
		struct err err = ERR_INIT;

		assert_int_equal(yaml_parse(&yaml, "t.yaml", cases[i].text, strlen(cases[i].text), &err), -1);
		assert_null(yaml);
		assert_int_equal(err.kind, ERR_CONFIG);
		if (strncmp(err.text, cases[i].want, strlen(cases[i].want)) != 0)
			fail_msg("case %zu: %s", i, err.text);
	}
}

static void test_depth_and_size_are_bounded(void **state)
{
	struct buf text = BUF_INIT;
	struct yaml *yaml = NULL;
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 60000; i++)
		buf_append_byte(&text, '[');
	assert_int_equal(yaml_parse(&yaml, "t.yaml", buf_text(&text), text.len, &err), -1);
	assert_string_equal(err.text, "t.yaml:1: nested deeper than 64 levels");
	buf_clear(&text);
	while (text.len <= 4u << 20)
		buf_append_str(&text, "# a remark of some length, over and over again\n");
	assert_int_equal(yaml_parse(&yaml, "t.yaml", buf_text(&text), text.len, &err), -1);
	assert_string_equal(err.text, "t.yaml: larger than 4 MiB");
	buf_release(&text);
}

static void test_large_maps_are_found(void **state)
{
	struct buf text = BUF_INIT;
	struct yaml *yaml;

	(void)state;
	for (int i = 0; i < 20000; i++)
		buf_printf(&text, "k%d: %d\n", i * 7919 % 20000, i);
	yaml = parse(buf_text(&text));
	for (int i = 0; i < 20000; i++) {
		char key[16], want[16];

		snprintf(key, sizeof(key), "k%d", i * 7919 % 20000);
		snprintf(want, sizeof(want), "%d", i);
		assert_string_equal(yaml_scalar(yaml_get(yaml_root(yaml), key)), want);
	}
	yaml_free(yaml);
	buf_release(&text);
}

static void test_whole_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
		const char *error;
	} cases[] = {
		{ "v: 5", 5, NULL },
		{ "v: -10", -10, NULL },
		{ "v: +7", 7, NULL },
		{ "v: '5'", 0, "t.yaml:1: a whole number is wanted here" },
		{ "v: 5x", 0, "t.yaml:1: a whole number is wanted here" },
		{ "v: 5.0", 0, "t.yaml:1: a whole number is wanted here" },
		{ "v: [5]", 0, "t.yaml:1: a whole number is wanted here" },
		{ "v:", 0, "t.yaml:1: a whole number is wanted here" },
		{ "\nv: 101", 0, "t.yaml:2: 101 is out of range: -10 to 100" },
		{ "v: 99999999999999999999", 0, "t.yaml:1: 99999999999999999999 is out of range: -10 to 100" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct yaml *yaml = parse(cases[i].text);
		struct err err = ERR_INIT;
		int64_t v = 0;
		const int rc = yaml_int(yaml_get(yaml_root(yaml), "v"), -10, 100, &v, &err);

		assert_int_equal(rc, cases[i].error ? -1 : 0);
		assert_int_equal(v, cases[i].want);
		assert_string_equal(err.text, cases[i].error ? cases[i].error : "");
		yaml_free(yaml);
	}
}

static void test_fractions(void **state)
{
	static const struct {
		const char *text;
		int rc;
		double want;
	} cases[] = {
		{ "v: 0.25", 0, 0.25 }, { "v: 1e-3", 0, 0.001 }, { "v: 1", 0, 1 },   { "v: .inf", -1, 0 },
		{ "v: nan", -1, 0 },    { "v: 0x1p0", -1, 0 },   { "v: 2", -1, 0 },  { "v: 1e999", -1, 0 },
		{ "v: '1'", -1, 0 },    { "v: 0,5", -1, 0 },     { "v: +-", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct yaml *yaml = parse(cases[i].text);
		struct err err = ERR_INIT;
		double v = 0;

		assert_int_equal(yaml_double(yaml_get(yaml_root(yaml), "v"), 0, 1, &v, &err), cases[i].rc);
		assert_true(v == cases[i].want);
		yaml_free(yaml);
	}
}

static void test_booleans(void **state)
{
	static const struct {
		const char *text;
		int rc;
		bool want;
	} cases[] = {
		{ "v: true", 0, true }, { "v: False", 0, false }, { "v: yes", -1, false },
		{ "v: 1", -1, false },  { "v: 'true'", -1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct yaml *yaml = parse(cases[i].text);
		struct err err = ERR_INIT;
		bool v = false;

		assert_int_equal(yaml_bool(yaml_get(yaml_root(yaml), "v"), &v, &err), cases[i].rc);
		assert_int_equal(v, cases[i].want);
		yaml_free(yaml);
	}
}

static void test_only_keys_names_the_nearest(void **state)
{
	static const char *const allowed[] = { "outcome", "team", "priority", NULL };
	struct yaml *yaml = parse("team: a\nprioritiy: 3\n"), *list = parse("- a\n");
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(yaml_only_keys(yaml_root(yaml), allowed, &err), -1);
	assert_string_equal(err.text, "t.yaml:2: there is no key \"prioritiy\" here; did you mean priority?");
	yaml_free(yaml);
	assert_int_equal(yaml_only_keys(yaml_root(list), allowed, &err), -1);
	yaml_free(list);
	yaml = parse("zzzzzz: a\n");
	assert_int_equal(yaml_only_keys(yaml_root(yaml), allowed, &err), -1);
	assert_string_equal(err.text, "t.yaml:1: there is no key \"zzzzzz\" here; possible are outcome, team, priority");
	yaml_free(yaml);
	yaml = parse("team: a\noutcome: b\n");
	assert_int_equal(yaml_only_keys(yaml_root(yaml), allowed, &err), 0);
	yaml_free(yaml);
}

static void test_files(void **state)
{
	char path[] = "/tmp/tipline-yaml-XXXXXX";
	const int fd = mkstemp(path);
	struct yaml *yaml = NULL;
	struct err err = ERR_INIT;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a: b\n", 5), 5);
	close(fd);
	assert_int_equal(yaml_load(&yaml, path, &err), 0);
	assert_string_equal(yaml_scalar(yaml_get(yaml_root(yaml), "a")), "b");
	assert_string_equal(yaml_file(yaml_root(yaml)), path);
	yaml_free(yaml);
	unlink(path);
	assert_int_equal(yaml_load(&yaml, path, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, ": No such file or directory"));
	assert_int_equal(yaml_load(&yaml, "/tmp", &err), -1);
	assert_string_equal(err.text, "/tmp: Is a directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tree_and_lines),
		cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_depth_and_size_are_bounded),
		cmocka_unit_test(test_large_maps_are_found),
		cmocka_unit_test(test_whole_numbers),
		cmocka_unit_test(test_fractions),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_only_keys_names_the_nearest),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
