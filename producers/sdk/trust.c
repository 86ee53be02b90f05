/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/trust.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "schema/keys.h"

struct trust {
	pthread_mutex_t lock;
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	char *state;
	bool known; /* `newest` is a list that was taken */
	struct recipients newest;
};

/* What an earlier run has taken. Without it an older list could be played back: with a damaged one nothing goes on. */
static int load_state(struct trust *trust, struct err *err)
{
	struct err why = ERR_INIT;

	if (access(trust->state, F_OK) != 0 && errno == ENOENT)
		return 0;
	if (recipients_load(&trust->newest, trust->state, &why) == 0 &&
	    recipients_verify(&trust->newest, trust->root, &why) == 0) {
		trust->known = true;
		return 0;
	}
	if (why.kind == ERR_CONFIG)
		return err_set(err, ERR_CONFIG, why.reason, "%s, where this adapter keeps the newest list of recipients: "
			       "%.200s. %s", trust->state, why.text, recipients_refusal(&why) == RECIPIENTS_SIGNATURE
			       ? "If the site has a new root key, remove that file"
			       : "Put the site's newest recipients.json in its place");
	*err = why; /* no memory, and that has nothing to do with the file */
	return -1;
}

static int keep(struct trust *trust, const struct recipients *list, struct err *err)
{
	struct buf file = BUF_INIT;
	int result;

	recipients_write(&file, list);
	result = keys_replace(trust->state, buf_slice(&file), 0600, err);
	buf_release(&file);
	return result;
}

static void say_taken(const struct recipients *list)
{
	char epoch[16], until[CLOCK_DAY_TEXT];

	(void)snprintf(epoch, sizeof(epoch), "%u", list->to.epoch);
	(void)clock_day_text(until, list->not_after);
	log_event(LOG_LEVEL_INFO, "recipients.taken", "epoch", epoch, "until", until, NULL);
}

/* Under the lock. The signature holds. */
static int take(struct trust *trust, const struct recipients *list, struct err *err)
{
	const bool same = trust->known && list->to.epoch == trust->newest.to.epoch;

	if ((trust->known && recipients_follows(list, &trust->newest, err) != 0) ||
	    recipients_valid(list, clock_day(), err) != 0)
		return -1;
	if (same)
		return 0;
	if (keep(trust, list, err) != 0)
		return -1;
	trust->newest = *list;
	trust->known = true;
	say_taken(list);
	return 0;
}

/* What a list that was brought by hand may be besides good: it is there since the adapter was set up. */
static bool is_dated(const struct err *err)
{
	const char *code = recipients_refusal(err);

	return code == RECIPIENTS_OLDER || code == RECIPIENTS_EXPIRED || code == RECIPIENTS_EARLY;
}

static int take_first(struct trust *trust, const struct recipients *first, struct err *err)
{
	struct err why = ERR_INIT;

	if (take(trust, first, &why) == 0)
		return 0;
	if (!is_dated(&why)) {
		*err = why;
		return err_prefix(err, "keys.recipients");
	}
	/* Nobody is sealed to by it, but it tells which lists are older, where no earlier run has left that. */
	if (!trust->known && recipients_refusal(&why) == RECIPIENTS_EXPIRED) {
		trust->newest = *first;
		trust->known = true;
	}
	if (recipients_refusal(&why) != RECIPIENTS_OLDER)
		log_event(LOG_LEVEL_WARN, "recipients.refused", "reason", why.reason, "detail", why.text, NULL);
	return 0;
}

int trust_open(struct trust **out, const uint8_t root[RECIPIENTS_ROOT_PUBLIC], const struct recipients *first,
	       const char *state, struct err *err)
{
	struct trust *trust = mem_alloc(sizeof(*trust));

	pthread_mutex_init(&trust->lock, NULL);
	memcpy(trust->root, root, sizeof(trust->root));
	trust->state = mem_strdup(state);
	if (load_state(trust, err) != 0 || (first != NULL && take_first(trust, first, err) != 0)) {
		trust_close(trust);
		return -1;
	}
	*out = trust;
	return 0;
}

void trust_close(struct trust *trust)
{
	if (trust == NULL)
		return;
	pthread_mutex_destroy(&trust->lock);
	free(trust->state);
	free(trust);
}

int trust_offer(struct trust *trust, struct slice document, struct err *err)
{
	struct err why = ERR_INIT;
	struct recipients list;
	int result;

	if (document.len == 0)
		return recipients_refuse(err, RECIPIENTS_ABSENT, "the gateway hands out no list of recipients");
	if (recipients_parse(&list, document, err) != 0 || recipients_verify(&list, trust->root, err) != 0)
		return -1;
	pthread_mutex_lock(&trust->lock);
	result = take(trust, &list, &why);
	pthread_mutex_unlock(&trust->lock);
	if (result == 0)
		return 0;
	if (recipients_refusal(&why) == NULL)
		return recipients_refuse(err, RECIPIENTS_STATE, "a new list of recipients could not be kept: %s", why.text);
	if (err != NULL)
		*err = why;
	return -1;
}

static int in_force(struct trust *trust, struct recipients *list, struct err *err)
{
	int result;

	pthread_mutex_lock(&trust->lock);
	if (!trust->known)
		result = recipients_refuse(err, RECIPIENTS_ABSENT, "there is no list of recipients here yet");
	else
		result = recipients_valid(&trust->newest, clock_day(), err);
	if (result == 0)
		*list = trust->newest;
	pthread_mutex_unlock(&trust->lock);
	return result;
}

int trust_current(struct trust *trust, struct seal_recipients *to, struct err *err)
{
	struct recipients list;

	if (in_force(trust, &list, err) != 0)
		return -1;
	*to = list.to;
	return 0;
}

int trust_document(struct trust *trust, struct buf *out, uint8_t root[RECIPIENTS_ROOT_PUBLIC], struct err *err)
{
	struct recipients list;

	if (in_force(trust, &list, err) != 0)
		return -1;
	recipients_write(out, &list);
	memcpy(root, trust->root, sizeof(trust->root));
	return 0;
}

void trust_figures(struct trust *trust, uint32_t *epoch, uint32_t *not_after)
{
	pthread_mutex_lock(&trust->lock);
	*epoch = trust->known ? trust->newest.to.epoch : 0;
	*not_after = trust->known ? trust->newest.not_after : 0;
	pthread_mutex_unlock(&trust->lock);
}
