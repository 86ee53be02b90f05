/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/zap.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "ops/runtime/clock.h"
#include "ops/runtime/log.h"
#include "schema/z85.h"

#define ENDPOINT "inproc://zeromq.zap.01"
#define PARTS_MAX 7
#define PART_MAX 256

enum { PART_VERSION, PART_REQUEST, PART_DOMAIN, PART_ADDRESS, PART_IDENTITY, PART_MECHANISM, PART_CREDENTIALS };

struct part {
	size_t len;
	uint8_t data[PART_MAX];
};

struct request {
	struct part parts[PARTS_MAX];
	size_t n;  /* parts received, also those beyond the array */
	bool cut;  /* one was longer than fits */
};

struct zap {
	pthread_t thread;
	void *socket;
	struct allow *allow;
	struct counts *counts;
	bool said;
	int64_t said_ms;
	unsigned long long unsaid; /* refused since */
};

static bool part_is(const struct part *part, const char *text)
{
	return part->len == strlen(text) && memcmp(part->data, text, part->len) == 0;
}

/* False when the context ends. */
static bool receive(void *socket, struct request *request)
{
	int more = 1;
	size_t size = sizeof(more);

	request->n = 0;
	request->cut = false;
	while (more) {
		struct part spare, *part = request->n < PARTS_MAX ? &request->parts[request->n] : &spare;
		int len = zmq_recv(socket, part->data, sizeof(part->data), 0);
		if (len < 0 && zmq_errno() == EINTR)
			continue;
		if (len < 0)
			return false;
		request->cut = request->cut || (size_t)len > sizeof(part->data);
		part->len = (size_t)len;
		request->n++;
		if (zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size))
			return false;
	}
	return true;
}

static bool admits(struct zap *zap, const struct request *request, struct adapter *adapter)
{
	char key[Z85_KEY_TEXT + 1];
	const struct part *credentials = &request->parts[PART_CREDENTIALS];

	if (request->n != PARTS_MAX || request->cut || !part_is(&request->parts[PART_DOMAIN], ZAP_DOMAIN) ||
	    !part_is(&request->parts[PART_MECHANISM], "CURVE") || credentials->len != 32)
		return false;
	z85_encode(key, credentials->data, credentials->len);
	return allow_by_curve(zap->allow, key, adapter);
}

/* One property as ZMTP writes them: length and name, length and value. */
static void write_property(struct buf *out, const char *name, const char *value)
{
	buf_append_byte(out, (uint8_t)strlen(name));
	buf_append_str(out, name);
	buf_append_be32(out, (uint32_t)strlen(value));
	buf_append_str(out, value);
}

static void note_refused(struct zap *zap)
{
	const int64_t now = clock_mono_ms();

	counts_plain(zap->counts, PLAIN_REVOKED);
	zap->unsaid++;
	if (zap->said && now - zap->said_ms < ZAP_SAY_MS)
		return;
	log_eventf(LOG_LEVEL_WARN, "gateway.not_admitted", "detail", "%llu connection(s) refused since this was last said: "
		   "their transport keys are not on the list of adapters (keys.adapters), or revoked there; an adapter that "
		   "should be admitted says so in its own log", zap->unsaid);
	zap->said = true;
	zap->said_ms = now;
	zap->unsaid = 0;
}

static void answer(struct zap *zap, const struct request *request)
{
	struct adapter adapter = { 0 };
	struct buf metadata = BUF_INIT;
	const struct part *given = &request->parts[PART_REQUEST];
	struct slice id = request->n > PART_REQUEST ? slice_of(given->data, given->len) : slice_str("");
	bool admitted = admits(zap, request, &adapter);

	if (!admitted)
		note_refused(zap);
	else
		write_property(&metadata, ZAP_KEY_PROPERTY, adapter.curve_public);
	const struct slice parts[] = {
		slice_str("1.0"),
		id,
		slice_str(admitted ? "200" : "400"),
		slice_str(admitted ? "OK" : "not on the list"),
		slice_str(admitted ? adapter.name : ""),
		buf_slice(&metadata),
	};
	const size_t n = sizeof(parts) / sizeof(parts[0]);
	for (size_t i = 0; i < n; i++)
		(void)zmq_send(zap->socket, parts[i].len > 0 ? (const void *)parts[i].data : "", parts[i].len,
			       i + 1 < n ? ZMQ_SNDMORE : 0);
	buf_release(&metadata);
}

static void *run(void *arg)
{
	struct zap *zap = arg;
	struct request request;

	while (receive(zap->socket, &request))
		answer(zap, &request);
	zmq_close(zap->socket);
	return NULL;
}

int zap_start(struct zap **out, void *context, struct allow *allow, struct counts *counts, struct err *err)
{
	struct zap *zap = mem_alloc(sizeof(*zap));
	const int linger = 0;

	zap->allow = allow;
	zap->counts = counts;
	zap->socket = zmq_socket(context, ZMQ_REP);
	if (zap->socket == NULL || zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof(linger)) ||
	    zmq_bind(zap->socket, ENDPOINT) || pthread_create(&zap->thread, NULL, run, zap) != 0) {
		int rc = err_set(err, ERR_SYSTEM, NULL, "the ZAP handler does not start: %s",
				 zmq_strerror(zmq_errno()));
		if (zap->socket != NULL)
			zmq_close(zap->socket);
		free(zap);
		return rc;
	}
	*out = zap;
	return 0;
}

void zap_join(struct zap *zap)
{
	if (zap == NULL)
		return;
	pthread_join(zap->thread, NULL);
	free(zap);
}
