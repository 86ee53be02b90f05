/* SPDX-License-Identifier: Apache-2.0 */
/* The tip that an operator means: a whole id, or its beginning. */
#include <string.h>

#include "ops/ctl/explain.h"
#include "ops/ctl/topic_scan.h"
#include "schema/topics.h"

#define PREFIX_MIN 6
#define HEX_DIGITS (2 * TIP_ID_BYTES)

struct matches {
	const char *prefix;
	size_t len, n;
	struct tip_id first;
};

static void consider(struct matches *matches, const struct tip_id *id)
{
	char hex[TIP_ID_HEX];

	tip_id_hex(id, hex);
	if (strncmp(hex, matches->prefix, matches->len) != 0 || (matches->n && tip_id_equal(id, &matches->first)))
		return;
	if (matches->n++ == 0)
		matches->first = *id;
}

static int consider_row(void *arg, const struct store_tip *tip)
{
	consider(arg, &tip->tip_id);
	return 0;
}

static int consider_record(void *arg, const struct kafka_record *record, struct err *err)
{
	struct slice text;
	struct tip_id id;

	(void)err;
	if (kafka_record_header(record, HEADER_TIP_ID, &text) &&
	    tip_id_parse(&id, (const char *)text.data, text.len) == 0)
		consider(arg, &id);
	return 0;
}

/* Every place must have been asked before one match counts as the only one. */
static int search(struct ctl *ctl, int64_t since, struct matches *matches, struct err *err)
{
	static const char *const topics_asked[] = { TOPIC_SEALED, TOPIC_PARKED };
	struct store_filter all = { 0 };

	if (!ctl->kafka && !ctl->store)
		return err_set(err, ERR_UNAVAILABLE, NULL,
			       "neither a broker nor a store answers: the beginning of an id cannot be completed: %s",
			       ctl->no_kafka.text);
	for (size_t i = 0; ctl->kafka && i < sizeof(topics_asked) / sizeof(topics_asked[0]); i++) {
		const struct topic_scan scan = { .ctl = ctl, .topic = topics_asked[i], .since = since - 1 };

		if (topic_scan(&scan, consider_record, matches, err) < 0)
			return -1;
	}
	return ctl->store ? store_each_tip(ctl->store, &all, consider_row, matches, err) : 0;
}

int explain_find_id(struct ctl *ctl, const char *text, int64_t since, struct tip_id *tip_id, struct err *err)
{
	struct matches matches = { .prefix = text, .len = strlen(text) };

	if (tip_id_parse(tip_id, text, matches.len) == 0)
		return 0;
	if (matches.len < PREFIX_MIN || matches.len >= HEX_DIGITS ||
	    strspn(text, "0123456789abcdef") != matches.len)
		return err_set(err, ERR_USAGE, "bad-value",
			       "\"%.64s\" is no tip id: 32 lower-case hex digits, or the first %d or more of them", text,
			       PREFIX_MIN);
	if (search(ctl, since, &matches, err) < 0)
		return -1;
	if (matches.n == 0)
		return err_set(err, ERR_DATA, NULL,
			       "no tip id begins with %s: looked through tip.sealed, tip.parked and the store", text);
	if (matches.n > 1)
		return err_set(err, ERR_DATA, NULL, "several tip ids begin with %s: give more digits", text);
	*tip_id = matches.first;
	return 0;
}
