/* SPDX-License-Identifier: Apache-2.0 */
/* The files that others read, tip.schema.json and asyncapi.yaml, say what our tables do. Runs in the repository. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <jansson.h>

#include "ops/runtime/yaml.h"
#include "schema/taxonomy.h"
#include "schema/tip.h"
#include "schema/tip_fields.h"
#include "schema/topics.h"

static json_t *load_schema(void)
{
	json_error_t where;
	json_t *schema = json_load_file("schema/tip.schema.json", JSON_REJECT_DUPLICATES, &where);

	if (!schema)
		fail_msg("schema/tip.schema.json:%d: %s", where.line, where.text);
	return schema;
}

/* NULL: the member is not there. */
static void expect_text(const json_t *property, const char *member, const char *want)
{
	const char *got = json_string_value(json_object_get(property, member));

	if ((got && want) ? strcmp(got, want) != 0 : got != want)
		fail_msg("%s is \"%s\" in the schema, \"%s\" in the table", member, got ? got : "(none)",
			 want ? want : "(none)");
}

static void expect_same_members(const json_t *properties, const struct tip_field *fields, size_t others)
{
	size_t n = 0;

	for (const struct tip_field *f = fields; f->name; f++, n++) {
		const json_t *property = json_object_get(properties, f->name);

		if (!json_is_object(property))
			fail_msg("the schema has no %s", f->name);
		if (json_integer_value(json_object_get(property, "maxLength")) != (json_int_t)f->max)
			fail_msg("%s: another maxLength than %zu", f->name, f->max);
		assert_int_equal(json_is_true(json_object_get(property, "x-intake")), f->intake);
		expect_text(property, "description", f->means);
		expect_text(property, "default", f->fallback);
	}
	assert_int_equal(json_object_size(properties), n + others);
}

static void expect_required(const json_t *required)
{
	size_t n = 0, i;
	json_t *name;

	for (const struct tip_field *f = tip_fields; f->name; f++)
		n += f->required;
	assert_int_equal(json_array_size(required), n);
	json_array_foreach(required, i, name) {
		assert_true(tip_field_find(tip_fields, json_string_value(name))->required);
	}
}

/* The names of a table, and "" and null, which count as absent. */
static void expect_enum(const json_t *property, const char *const *names, size_t n)
{
	const json_t *list = json_object_get(property, "enum");

	assert_int_equal(json_array_size(list), n + 2);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(json_string_value(json_array_get(list, i)), names[i]);
	assert_string_equal(json_string_value(json_array_get(list, n)), "");
	assert_true(json_is_null(json_array_get(list, n + 1)));
}

static void the_json_schema_has_the_members_of_the_tables(void **state)
{
	json_t *schema = load_schema();
	const json_t *properties = json_object_get(schema, "properties");
	const json_t *subjects = json_object_get(properties, "subjects");
	const json_t *subject = json_object_get(json_object_get(schema, "$defs"), "subject");

	(void)state;
	assert_string_equal(json_string_value(json_object_get(schema, "$schema")),
			    "https://json-schema.org/draft/2020-12/schema");
	expect_same_members(properties, tip_fields, 1); /* and subjects */
	expect_same_members(json_object_get(subject, "properties"), subject_fields, 0);
	assert_int_equal(json_integer_value(json_object_get(subjects, "maxItems")), TIP_SUBJECTS_MAX);
	assert_true(json_is_false(json_object_get(schema, "additionalProperties")));
	assert_true(json_is_false(json_object_get(subject, "additionalProperties")));
	expect_required(json_object_get(schema, "required"));
	expect_enum(json_object_get(properties, "channel"), channel_names, N_CHANNELS);
	expect_enum(json_object_get(properties, "contact"), contact_mode_names, N_CONTACT_MODES);
	json_decref(schema);
}

static void the_examples_of_the_schema_are_tips(void **state)
{
	json_t *schema = load_schema(), *example;
	size_t i;

	(void)state;
	json_array_foreach(json_object_get(schema, "examples"), i, example) {
		char *text = json_dumps(example, 0);
		struct err err = ERR_INIT;
		struct tip tip;

		if (tip_parse(&tip, slice_str(text), true, &err) != 0)
			fail_msg("example %zu: %s", i, err.text);
		tip_release(&tip);
		free(text);
	}
	assert_int_equal(i, 1);
	json_decref(schema);
}

/* The AsyncAPI channel of a topic, by its address. */
static const struct yaml_node *channel_of(const struct yaml_node *channels, const char *topic)
{
	const size_t len = strlen(topic);

	for (size_t i = 0; i < yaml_count(channels); i++) {
		const char *address = yaml_scalar(yaml_get(yaml_at(channels, i), "address"));

		if (address && (strcmp(address, topic) == 0 ||
				(topic[len - 1] == '.' && strncmp(address, topic, len) == 0 && address[len] == '{')))
			return yaml_at(channels, i);
	}
	fail_msg("asyncapi.yaml has no channel for %s", topic);
	return NULL;
}

static const char *setting_of(const struct yaml_node *settings, const char *name)
{
	const struct yaml_node *value = yaml_get(settings, name);

	if (value && yaml_kind(value) == YAML_LIST)
		value = yaml_at(value, 0);
	return value ? yaml_scalar(value) : NULL;
}

static void expect_topic(const struct yaml_node *channels, const struct topic *topic)
{
	const struct yaml_node *channel = channel_of(channels, topic->name);
	const struct yaml_node *kafka = yaml_get(yaml_get(channel, "bindings"), "kafka");
	const struct yaml_node *settings = yaml_get(kafka, "topicConfiguration");
	size_t n = 0;

	assert_int_equal(strtol(yaml_scalar(yaml_get(kafka, "partitions")), NULL, 10), topic->partitions);
	for (const struct topic_setting *s = topic->settings; s->name; s++, n++) {
		const char *value = setting_of(settings, s->name);

		if (!value || strcmp(value, s->value) != 0)
			fail_msg("asyncapi.yaml: %s: %s is %s, not %s", topic->name, s->name, value ? value : "missing", s->value);
	}
	assert_int_equal(yaml_count(settings), n);
}

static void asyncapi_has_every_topic_with_its_settings(void **state)
{
	struct yaml *yaml;
	struct err err = ERR_INIT;
	const struct yaml_node *channels;

	(void)state;
	if (yaml_load(&yaml, "schema/asyncapi.yaml", &err) != 0)
		fail_msg("%s", err.text);
	channels = yaml_get(yaml_root(yaml), "channels");
	for (size_t i = 0; i < n_topics; i++)
		expect_topic(channels, &topics[i]);
	assert_non_null(yaml_get(channels, "tip1"));
	assert_int_equal(yaml_count(channels), n_topics + 1);
	yaml_free(yaml);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_json_schema_has_the_members_of_the_tables),
		cmocka_unit_test(the_examples_of_the_schema_are_tips),
		cmocka_unit_test(asyncapi_has_every_topic_with_its_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
