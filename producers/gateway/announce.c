/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/announce.h"

#include <stdio.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "schema/keys.h"
#include "schema/tip1.h"

#define SECONDS_PER_DAY 86400.0
#define SOON_DAYS 14

const struct conf_key announce_keys[] = {
	{ "keys.recipients", CONF_FILE, NULL, 0, 0, NULL,
	  "recipients.json, the signed list that adapters are handed; read again when it changes" },
	{ "keys.root", CONF_FILE, "", 0, 0, NULL,
	  "the site's public root key, root.pub, to refuse here what adapters would refuse; they check for themselves" },
	CONF_KEYS_END
};

/*
 * Adapters that have taken the one in force would refuse an older one, and give this gateway nothing any more. What
 * another root has signed was in force with none of them, nor was what begins on a later day.
 */
static int check_follows(const struct announce *announce, const struct recipients *list,
			 const uint8_t root[RECIPIENTS_ROOT_PUBLIC], struct err *err)
{
	if (announce->welcome.len == 0 || clock_day() < announce->list.not_before ||
	    recipients_verify(&announce->list, root, NULL) != 0)
		return 0;
	return recipients_follows(list, &announce->list, err);
}

static int check_list(const struct announce *announce, const struct recipients *list, const struct conf *conf,
		      struct err *err)
{
	const char *path = conf_str(conf, "keys.root");
	uint8_t root[RECIPIENTS_ROOT_PUBLIC] = { 0 };

	if (path[0] == '\0' && list->has_signature)
		return 0;
	if (path[0] != '\0' && keys_load_root_public(root, path, err) != 0)
		return -1;
	if (recipients_verify(list, root, err) == 0 && check_follows(announce, list, root, err) == 0)
		return 0;
	return err_prefix(err, "%s", conf_str(conf, "keys.recipients"));
}

static void write_welcome(struct buf *out, const struct recipients *list, const struct conf *conf)
{
	buf_clear(out);
	buf_printf(out, "{\"proto\":%d,\"max_frame\":%lld,\"ping_ms\":%lld,\"recipients\":", TIP1_PROTO,
		   (long long)conf_int(conf, "max_frame"), (long long)conf_int(conf, "ping"));
	recipients_write(out, list);
	out->len--; /* the line's end */
	buf_append_byte(out, '}');
}

/* What every adapter would refuse today does not take the place of what they take: intake would stop for it. */
static bool keeps(const struct announce *announce, const struct recipients *list, const char *path)
{
	const uint32_t today = clock_day();
	struct err why = ERR_INIT;
	char text[2 * ERR_TEXT_MAX];

	if (announce->welcome.len == 0 || recipients_valid(&announce->list, today, NULL) != 0 ||
	    recipients_valid(list, today, &why) == 0)
		return false;
	(void)snprintf(text, sizeof(text), "the list of epoch %u is still handed out, since adapters would refuse %s%s: %s",
		       announce->list.to.epoch, path, today < list->not_before
		       ? " before its first day, and this gateway takes it up on that day by itself" : "", why.text);
	log_event(LOG_LEVEL_WARN, "gateway.recipients_kept", "reason", why.reason, "detail", text, NULL);
	return true;
}

int announce_load(struct announce *announce, const struct conf *conf, struct err *err)
{
	struct recipients list;

	announce->waits = 0;
	if (recipients_load(&list, conf_str(conf, "keys.recipients"), err) != 0 ||
	    check_list(announce, &list, conf, err) != 0)
		return -1;
	announce->kept = keeps(announce, &list, conf_str(conf, "keys.recipients"));
	if (announce->kept) {
		announce->waits = clock_day() < list.not_before ? list.not_before : 0;
		return 0;
	}
	announce->list = list;
	announce->said = 0;
	write_welcome(&announce->welcome, &list, conf);
	return 0;
}

bool announce_is_current(const struct announce *announce)
{
	return !announce->kept;
}

bool announce_due(const struct announce *announce)
{
	return announce->waits != 0 && clock_day() >= announce->waits;
}

void announce_release(struct announce *announce)
{
	buf_release(&announce->welcome);
}

void announce_look(struct announce *announce, struct counts *counts)
{
	const uint32_t today = clock_day();
	const struct recipients *list = &announce->list;
	struct err why = ERR_INIT;
	char until[CLOCK_DAY_TEXT];

	if (announce->said == today)
		return;
	announce->said = today;
	if (counts != NULL) {
		counts_gauge(counts, GAUGE_RECIPIENTS_EPOCH, list->to.epoch);
		counts_gauge(counts, GAUGE_RECIPIENTS_END, (list->not_after + 1.0) * SECONDS_PER_DAY);
	}
	(void)clock_day_text(until, list->not_after);
	if (recipients_valid(list, today, &why) != 0)
		log_event(LOG_LEVEL_WARN, "gateway.recipients_invalid", "reason", why.reason, "detail", why.text, NULL);
	else if (list->not_after - today < SOON_DAYS)
		log_eventf(LOG_LEVEL_WARN, "gateway.recipients_expiring", "detail", "the list of recipients of epoch %u is "
			   "valid until %s: sign a new one (tipctl recipients sign) and put it in its place",
			   list->to.epoch, until);
}
