/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tips that were sealed elsewhere, put into libtipline, against a real gateway. What makes a test fail:
 *     sealer_sign does not ask seal_shape (sealer.c)              what_is_refused
 *     sealer_sign does not ask tip_id_is_zero                     what_is_refused
 *     sealer_sign swaps body and contact, or signs another id     signed_and_delivered
 *     tipline_put_sealed asks trust_current (tipline.c)           the_list_has_ended_since
 *     in_force does not ask recipients_valid (trust.c)            the_list_has_ended_since
 *     trust_document writes it without its signature              list_as_it_was_signed
 */
#include "tests/unit/sdk_fixture.h"

#include "ops/runtime/file.h"
#include "schema/hex.h"
#include "schema/recipients.h"
#include "schema/seal.h"

static const char json[] = "{\"narrative\":\"told in a browser\"}";

/* What a browser would have made. */
struct told {
	struct tip_id id;
	struct buf body, contact;
	struct tipline_sealed sealed;
};

static const char *in_site(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", site.folder, name);
	return path;
}

/* Sealed by nothing but what tipline_recipients gives, as a browser does it. */
static void tell(struct told *told, struct tipline *tipline)
{
	char document[TIPLINE_RECIPIENTS_MAX], root_hex[65];
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct recipients list;
	struct err err = ERR_INIT;

	if (tipline_recipients(tipline, document, sizeof(document), root_hex) <= 0)
		fail_msg("%s", tipline_error());
	assert_int_equal(hex_decode(root, sizeof(root), root_hex, strlen(root_hex)), 0);
	assert_int_equal(recipients_parse(&list, slice_str(document), &err), 0);
	assert_int_equal(recipients_verify(&list, root, &err), 0);
	*told = (struct told){ .body = BUF_INIT, .contact = BUF_INIT };
	tip_id_random(&told->id);
	const struct seal_body body = { .channel = CHANNEL_BATCH, .tip_id = told->id, .json = slice_str(json) };
	assert_int_equal(seal_body(&told->body, &list.to, &body, &err), 0);
	assert_int_equal(seal_contact(&told->contact, &list.to, CONTACT_DETAILS, slice_str("ring me"), &err), 0);
	told->sealed = (struct tipline_sealed){ .body = told->body.data, .body_len = told->body.len,
						.contact = told->contact.data, .contact_len = told->contact.len };
	memcpy(told->sealed.tip_id, told->id.bytes, TIPLINE_ID_BYTES);
}

static void forget(struct told *told)
{
	buf_release(&told->body);
	buf_release(&told->contact);
}

static bool some_stored(void *arg)
{
	return atomic_load(&results[TIPLINE_STORED]) >= *(int *)arg;
}

static void assert_opens(const struct frame *frame, const struct told *told)
{
	struct identity_set triage, custodian;
	struct buf plain = BUF_INIT, details = BUF_INIT;
	struct seal_body body;
	enum contact_mode mode;
	struct err err = ERR_INIT;

	assert_int_equal(identity_set_load(&triage, in_site("keys/triage"), &err), 0);
	assert_int_equal(identity_set_load(&custodian, in_site("keys/custodian.identity"), &err), 0);
	if (seal_body_open(&body, &plain, triage.items, triage.n, frame->body, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(tip_id_equal(&body.tip_id, &told->id));
	assert_true(slice_equal(body.json, slice_str(json)));
	if (seal_contact_open(&mode, &details, custodian.items, custodian.n, frame->contact, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(mode, CONTACT_DETAILS);
	assert_string_equal(buf_text(&details), "ring me");
	buf_release(&plain);
	buf_release(&details);
	identity_set_release(&triage);
	identity_set_release(&custodian);
}

static void assert_signed(const struct frame *frame)
{
	struct adapter_list list;
	struct err err = ERR_INIT;

	assert_int_equal(adapter_list_load(&list, in_site("keys/adapters.yaml"), &err), 0);
	const struct adapter *adapter = adapter_list_find(&list, frame->adapter);
	assert_non_null(adapter);
	assert_string_equal(adapter->name, "desk");
	if (adapter_verify(adapter, frame, &err) != 0)
		fail_msg("%s", err.text);
	assert_in_range(frame->day, clock_day() - 1, clock_day());
	adapter_list_release(&list);
}

static int keep_record(void *arg, const struct kafka_record *record, struct err *err)
{
	(void)err;
	buf_clear(arg);
	buf_append_slice(arg, record->value);
	return 0;
}

/* What the broker has of the one tip. */
static void read_frame(struct buf *bytes)
{
	const struct conf_key *const tables[] = { kafka_conf_keys, NULL };
	struct kafka_admin *admin = NULL;
	struct conf *conf;
	struct err err = ERR_INIT;
	char text[128];

	(void)snprintf(text, sizeof(text), "kafka: {brokers: \"%s\"}\n", kafka_embedded_address(site.broker));
	if (conf_parse(&conf, "test", text, tables, &err) || kafka_admin_open(&admin, conf, DEADLINE_MS, &err) ||
	    kafka_admin_scan(admin, TOPIC_SEALED, NULL, keep_record, bytes, &err))
		fail_msg("%s", err.text);
	kafka_admin_close(admin);
	conf_free(conf);
}

static void signed_and_delivered(void **state)
{
	struct buf bytes = BUF_INIT;
	struct tipline_stats stats;
	struct err err = ERR_INIT;
	struct frame frame;
	struct told told;
	size_t distinct;
	int one = 1;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	tell(&told, tipline);
	if (tipline_put_sealed(tipline, &told.sealed, NULL) != TIPLINE_OK)
		fail_msg("%s", tipline_error());
	wait_until(some_stored, &one, "the sealed tip's receipt");
	assert_memory_equal(stored_ids[0].bytes, told.id.bytes, TIP_ID_BYTES);
	read_frame(&bytes);
	assert_int_equal(frame_parse(&frame, buf_slice(&bytes), &err), 0);
	assert_true(tip_id_equal(&frame.tip_id, &told.id));
	assert_true(slice_equal(frame.body, buf_slice(&told.body)));
	assert_true(slice_equal(frame.contact, buf_slice(&told.contact)));
	assert_signed(&frame);
	assert_opens(&frame, &told);
	put(tipline, 1); /* one of the other kind goes beside it */
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	tipline_stats(tipline, &stats);
	assert_int_equal(stats.put, 2);
	assert_int_equal(stats.stored, 2);
	assert_int_equal(read_topic(&distinct), 2);
	tipline_close(tipline, 0);
	forget(&told);
	buf_release(&bytes);
}

/* By who got no answer the first time. */
static void put_twice(void **state)
{
	struct told told;
	size_t distinct;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	tell(&told, tipline);
	for (int i = 0; i < 2; i++)
		assert_int_equal(tipline_put_sealed(tipline, &told.sealed, NULL), TIPLINE_OK);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	assert_int_equal(atomic_load(&results[TIPLINE_STORED]), 1);
	assert_int_equal(atomic_load(&results[TIPLINE_DUPLICATE]), 1);
	tipline_close(tipline, 0);
	assert_int_equal(read_topic(&distinct), 1);
	forget(&told);
}

static void list_as_it_was_signed(void **state)
{
	char document[TIPLINE_RECIPIENTS_MAX], small[16] = "untouched", root_hex[65], root_want[80];
	struct buf file = BUF_INIT, root = BUF_INIT;
	struct err err = ERR_INIT;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	assert_int_equal(file_read(&file, in_site("keys/recipients.json"), RECIPIENTS_FILE_MAX, &err), 0);
	assert_int_equal(tipline_recipients(tipline, document, sizeof(document), root_hex), file.len);
	assert_string_equal(document, buf_text(&file));
	assert_int_equal(file_read(&root, in_site("keys/root.pub"), sizeof(root_want), &err), 0);
	(void)snprintf(root_want, sizeof(root_want), "%s\n", root_hex);
	assert_string_equal(buf_text(&root), root_want);
	/* Exactly room enough, without the root; then one byte less. */
	memset(document, 'x', sizeof(document));
	assert_int_equal(tipline_recipients(tipline, document, file.len + 1, NULL), file.len);
	assert_string_equal(document, buf_text(&file));
	assert_int_equal(tipline_recipients(tipline, small, sizeof(small), root_hex), TIPLINE_EINVAL);
	assert_int_equal(tipline_recipients(tipline, document, file.len, NULL), TIPLINE_EINVAL);
	assert_string_equal(small, "untouched");
	assert_non_null(strstr(tipline_error(), "TIPLINE_RECIPIENTS_MAX"));
	tipline_close(tipline, 0);
	buf_release(&file);
	buf_release(&root);
}

/* The site's list, with its last day yesterday. */
static void end_list(const char *path)
{
	uint8_t root[RECIPIENTS_ROOT_SECRET];
	struct buf file = BUF_INIT;
	struct recipients list;
	struct err err = ERR_INIT;

	assert_int_equal(keys_load_sign(root, in_site("keys/root.key"), &err), 0);
	assert_int_equal(recipients_load(&list, path, &err), 0);
	list.not_before = clock_day() - 9;
	list.not_after = clock_day() - 1;
	assert_int_equal(recipients_draft(&list, &err), 0);
	recipients_sign(&list, root);
	recipients_write(&file, &list);
	assert_int_equal(keys_replace(path, buf_slice(&file), 0644, &err), 0);
	buf_release(&file);
}

static void the_list_has_ended_since(void **state)
{
	static const char plain[] = "{\"narrative\":\"told to nobody\",\"contact\":\"none\"}";
	char document[TIPLINE_RECIPIENTS_MAX] = "untouched", path[128];
	struct told told;
	(void)state;

	kill_gateway(SIGKILL);
	struct tipline *tipline = open_adapter(site.config);
	tell(&told, tipline);
	tipline_close(tipline, 0);
	/* Another run, in another folder, knows the list as it is now. */
	(void)snprintf(path, sizeof(path), "%s", in_site("keys/recipients.json"));
	end_list(path);
	write_adapter_config(site.config, "desk", 1, "keys/adapters/desk.curve", "spool-of-today");
	tipline = open_adapter(site.config);
	assert_int_equal(tipline_recipients(tipline, document, sizeof(document), NULL), TIPLINE_ERECIPIENTS);
	assert_non_null(strstr(tipline_error(), RECIPIENTS_EXPIRED));
	assert_string_equal(document, "untouched");
	assert_int_equal(tipline_put(tipline, plain, strlen(plain), NULL, NULL), TIPLINE_ERECIPIENTS);
	assert_int_equal(tipline_waiting(tipline), 0);
	if (tipline_put_sealed(tipline, &told.sealed, NULL) != TIPLINE_OK)
		fail_msg("%s", tipline_error());
	assert_int_equal(tipline_waiting(tipline), 1);
	tipline_close(tipline, 0);
	forget(&told);
}

/* A word of tipline.h for each part that can be wrong; tests/unit/seal_test.c has every shape. */
static void what_is_refused(void **state)
{
	struct told told;
	struct tipline_stats stats;
	(void)state;

	struct tipline *tipline = open_adapter(site.config);
	tell(&told, tipline);
	const struct tipline_sealed good = told.sealed;
	uint8_t *nothing = mem_alloc(good.body_len);
	const struct {
		const char *word;
		struct tipline_sealed sealed;
	} cases[] = {
		{ "tip-invalid: ", { { 0 }, good.body, good.body_len, good.contact, good.contact_len } },
		{ "body-padding: ", { { 1 }, NULL, 0, good.contact, good.contact_len } },
		{ "body-padding: ", { { 1 }, good.body, good.body_len - 1, good.contact, good.contact_len } },
		{ "body-padding: ", { { 1 }, good.contact, good.contact_len, good.body, good.body_len } },
		{ "frame-lengths: ", { { 1 }, good.body, good.body_len, NULL, 0 } },
		{ "frame-lengths: ", { { 1 }, good.body, good.body_len, good.contact, good.contact_len - 1 } },
		{ "age-header: body: ", { { 1 }, nothing, good.body_len, good.contact, good.contact_len } },
		{ "age-header: contact: ", { { 1 }, good.body, good.body_len, good.body, good.contact_len } },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(tipline_put_sealed(tipline, &cases[i].sealed, NULL), TIPLINE_EINVAL);
		if (strncmp(tipline_error(), cases[i].word, strlen(cases[i].word)) != 0)
			fail_msg("%zu: %s", i, tipline_error());
	}
	assert_int_equal(tipline_put_sealed(tipline, &good, NULL), TIPLINE_OK);
	assert_int_equal(tipline_drain(tipline, DEADLINE_MS), TIPLINE_OK);
	tipline_stats(tipline, &stats);
	assert_int_equal(stats.put, 1);
	assert_int_equal(stats.stored, 1);
	tipline_close(tipline, 0);
	free(nothing);
	forget(&told);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_site, remove_site)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(signed_and_delivered),
		CASE(put_twice),
		CASE(list_as_it_was_signed),
		CASE(the_list_has_ended_since),
		CASE(what_is_refused),
	};
	if (argc == 3 && strcmp(argv[1], "--as-gateway") == 0) {
		char name[] = "tipline-gateway", option[] = "--config", level[] = "--log-level", info[] = "info";
		char *args[] = { name, option, argv[2], level, info, NULL };
		return program_main(5, args, &gateway_program);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
