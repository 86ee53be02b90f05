/* SPDX-License-Identifier: Apache-2.0 */
/*
 * classify
 *
 * Reads   tip.sealed      frames as adapters signed them
 * Writes  tip.classified  the tip with scores, evidence and keyed tokens; key: tip id
 * Parks   frame-*, adapter-unknown, channel-forbidden, id-mismatch, age-*, key-unknown, body-*, json-*, tip-invalid,
 *         too-large
 *
 * The gateway checked frames before it acknowledged them. They are checked here again, from the first byte: whoever
 * can write to the broker can write to tip.sealed.
 *
 * This is the one stage that holds triage identities and the linkage key, and the one that parses the tip's JSON. The
 * opened body lives in one buffer, wiped after each tip. Nothing about what tips say is counted in metrics: at six
 * tips a day a counter of labels would tell an operator what came in.
 */
#include "workers/classify/classify.h"

#include <string.h>

#include "schema/digest.h"
#include "schema/fingerprint.h"
#include "schema/keys.h"
#include "schema/linkage.h"
#include "schema/locked.h"
#include "schema/reason.h"
#include "schema/tip.h"
#include "schema/topics.h"
#include "workers/classify/adapters.h"
#include "workers/classify/lexicon.h"

static const struct conf_key keys[] = {
	{ "keys.triage", CONF_PATH, NULL, 0, 0, NULL, "the triage identities: a folder of *.identity files, or one "
	  "file" },
	{ "keys.linkage", CONF_SECRET, NULL, 0, 0, NULL,
	  "the linkage key, which makes the tokens for links and conflicts" },
	{ "keys.adapters", CONF_PATH, NULL, 0, 0, NULL, "adapters.yaml: whose signature counts, on which channels" },
	{ "lexicon", CONF_FILE, NULL, 0, 0, NULL, "the lexicon: words and phrases and what they speak for" },
	CONF_KEYS_END,
};

/*
 * Room for what the tokens of nearly every tip take: some 100 KiB of which most is never touched. An arena of our own
 * and not the batch's, so that each tip uses the same memory again while it is in the processor's cache.
 */
#define WORDS_FIRST (128u << 10)

struct classify {
	struct lexicon *lexicon;
	struct adapters adapters;
	struct identity_set identities;
	struct linkage *linkage; /* in locked memory */
	struct buf plain; /* the opened body; wiped after each tip */
	struct arena *words; /* words and tokens on their way into the record; wiped after each tip too */
	bool trying;
	const struct conf *conf;
};

static void classify_close(void *state)
{
	struct classify *classify = state;

	if (!classify)
		return;
	lexicon_free(classify->lexicon);
	adapters_release(&classify->adapters);
	identity_set_release(&classify->identities);
	buf_release(&classify->plain);
	arena_free(classify->words);
	locked_free(classify->linkage);
	free(classify);
}

static int load_keys(struct classify *classify, const struct conf *conf, struct err *err)
{
	classify->linkage = locked_alloc(sizeof(*classify->linkage), err);
	if (!classify->linkage || linkage_load(classify->linkage, conf_str(conf, "keys.linkage"), err) != 0)
		return -1;
	if (classify->trying)
		return 0;
	if (adapters_load(&classify->adapters, conf_str(conf, "keys.adapters"), err) != 0)
		return -1;
	return identity_set_load(&classify->identities, conf_str(conf, "keys.triage"), err);
}

static int classify_open(void **state, const struct stage_env *env, struct err *err)
{
	struct classify *classify = mem_alloc(sizeof(*classify));

	classify->trying = env->trying;
	classify->conf = env->conf;
	classify->words = arena_new(WORDS_FIRST);
	if (lexicon_load(&classify->lexicon, conf_str(env->conf, "lexicon"), err) != 0 ||
	    load_keys(classify, env->conf, err) != 0) {
		classify_close(classify);
		return -1;
	}
	*state = classify;
	return 0;
}

/* -- keys while it runs; the list of adapters is looked at with each tip (adapters.h) -- */

static void key_paths(void *state, void (*each)(void *arg, const char *path), void *arg)
{
	const struct classify *classify = state;

	each(arg, conf_str(classify->conf, "keys.triage"));
	each(arg, conf_str(classify->conf, "keys.linkage"));
}

static int key_reload(void *state, struct err *err)
{
	struct classify *classify = state, fresh = { .trying = false };
	int result = load_keys(&fresh, classify->conf, err);

	if (result == 0) {
		struct classify old = *classify;

		classify->linkage = fresh.linkage;
		classify->identities = fresh.identities;
		classify->adapters = fresh.adapters;
		fresh = old;
	}
	locked_free(fresh.linkage);
	identity_set_release(&fresh.identities);
	adapters_release(&fresh.adapters);
	return result;
}

static void key_names(void *state, void (*each)(void *arg, const char *name), void *arg)
{
	struct classify *classify = state;
	char print[FINGERPRINT_TEXT], name[FINGERPRINT_NAME];

	for (size_t i = 0; i < classify->identities.n; i++) {
		struct age_recipient recipient;

		age_identity_recipient(classify->identities.items[i], &recipient);
		fingerprint_name(name, "triage", slice_of(recipient.key, sizeof(recipient.key)));
		each(arg, name);
	}
	linkage_fingerprint(classify->linkage, print);
	snprintf(name, sizeof(name), "linkage:%s", print);
	each(arg, name);
	adapters_look(&classify->adapters);
	for (size_t i = 0; i < classify->adapters.list.n; i++)
		adapter_names(&classify->adapters.list.items[i], each, arg);
}

static const struct stage_key_files key_files = { key_paths, key_reload, key_names };

/* Opens what the stage would open, keys included, and closes it again. */
static int classify_check(const struct conf *conf, struct err *err)
{
	const struct stage_env env = { .conf = conf };
	void *state;

	if (classify_open(&state, &env, err) != 0)
		return -1;
	classify_close(state);
	return 0;
}

/* Everything about the frame that needs no key of ours. */
static int check_frame(struct classify *classify, struct frame *frame, const struct adapter **adapter,
		       const struct event *in, struct err *err)
{
	if (frame_parse(frame, in->value, err) != 0)
		return -1;
	if (!tip_id_equal(&frame->tip_id, &in->tip_id))
		return err_set(err, ERR_DATA, REASON_ID_MISMATCH, "the record's tip id is not the frame's");
	*adapter = adapters_find(&classify->adapters, frame->adapter);
	if (!*adapter || (*adapter)->revoked)
		return err_set(err, ERR_DATA, REASON_ADAPTER_UNKNOWN, "adapter key %u is %s", frame->adapter,
			       *adapter ? "revoked, which counts as not listed" : "not on the list");
	return adapter_verify(*adapter, frame, err);
}

/* Opens and checks the frame; the record then has all that the envelope tells. The body lies in `classify->plain`. */
static int open_frame(struct classify *classify, const struct event *in, struct record *record, struct err *err)
{
	const struct adapter *adapter = NULL;
	const struct identity_set *set = &classify->identities;
	struct seal_body body;
	struct frame frame;

	if (check_frame(classify, &frame, &adapter, in, err) != 0 ||
	    seal_body_open(&body, &classify->plain, set->items, set->n, frame.body, err) != 0)
		return -1;
	if (!tip_id_equal(&body.tip_id, &frame.tip_id))
		return err_set(err, ERR_DATA, REASON_ID_MISMATCH, "the sealed tip id is not the frame's");
	if ((unsigned)body.channel >= N_CHANNELS || !(adapter->channels >> body.channel & 1))
		return err_set(err, ERR_DATA, REASON_CHANNEL_FORBIDDEN, "adapter %s may not use this channel",
			adapter->name);
	record->adapter = frame.adapter;
	record->channel = (uint8_t)body.channel;
	record->contact = frame.contact;
	record->body = body.json;
	return 0;
}

/* What the tip says: scores, tokens, digest. */
static int read_tip(struct classify *classify, struct record *record, struct err *err)
{
	struct tip tip;
	int rc;

	if (tip_parse(&tip, record->body, false, err) != 0)
		return -1;
	if (classify->trying)
		record->channel = (uint8_t)tip.channel;
	rc = lexicon_score(classify->lexicon, &tip, &record->classification, err);
	if (rc == 0) {
		token_list_of_tip(&record->tokens, &tip, classify->linkage->inner, classify->words);
		linkage_cover(classify->linkage, &record->tokens);
		digest_keyed(record->digest, classify->linkage->inner, record->body);
	}
	tip_release(&tip);
	return rc;
}

static int classify_tip(struct classify *classify, const struct event *in, struct emit *out, struct err *err)
{
	struct record record = { .tip_id = in->tip_id, .day = in->day, .parts = RECORD_CLASSIFIED };

	if (classify->trying)
		record.body = in->body;
	else if (open_frame(classify, in, &record, err) != 0)
		return -1;
	if (read_tip(classify, &record, err) != 0)
		return -1;
	emit_record(out, TOPIC_CLASSIFIED, &record.tip_id, &record);
	return 0;
}

static enum verdict classify_handle(void *state, const struct event *in, struct emit *out, struct err *err)
{
	struct classify *classify = state;
	int rc = classify_tip(classify, in, out, err);

	buf_clear(&classify->plain);
	arena_reset(classify->words);
	if (rc == 0)
		return VERDICT_DONE;
	return err->kind == ERR_DATA && err->reason ? VERDICT_PARK : VERDICT_FATAL;
}

const struct stage classify_stage = {
	.name = "classify",
	.topic_in = TOPIC_SEALED,
	.topic_out = TOPIC_CLASSIFIED,
	.input = STAGE_READS_FRAMES,
	.summary = "open sealed tips, check them and say what they are about",
	.description =
		"Reads frames from tip.sealed: checks shape, signature, adapter and channel, opens the body under a "
		"triage identity, parses and checks the tip.\n\n"
		"Writes tip.classified: the tip with a score for each category and sub-code, for present risk and "
		"for being out of scope, the places in the text that the scores rest on, and keyed tokens by which "
		"later stages link tips and find conflicts of interest without reading.\n\n"
		"Parks frames that do not hold (frame-*, adapter-unknown, channel-forbidden, id-mismatch), seals "
		"that do not open (age-*, key-unknown, body-*) and tips that are not valid (json-*, tip-invalid), "
		"each still sealed.",
	.keys = keys,
	.bus_key = true,
	.key_files = &key_files,
	.check = classify_check,
	.open = classify_open,
	.handle = classify_handle,
	.close = classify_close,
};
