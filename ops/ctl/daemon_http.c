/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/daemon_http.h"

#include <curl/curl.h>
#include <stdio.h>

#include "ops/runtime/buf.h"

#define BODY_MAX 65536
#define REQUESTS_MAX 16
#define WATCH_MAX 4
#define FOREIGN "%s: what answers there is no daemon of tipline"

struct transfer {
	CURL *curl;
	struct buf body;
	CURLcode code;
	bool done;
};

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;

	if (body->len + size * n > BODY_MAX)
		return 0; /* ends the transfer with an error */
	buf_append(body, data, size * n);
	return size * n;
}

static void prepare(struct transfer *transfer, const char *address, long timeout_ms)
{
	char url[300];

	snprintf(url, sizeof url, "http://%s/status", address);
	curl_easy_setopt(transfer->curl, CURLOPT_URL, url);
	curl_easy_setopt(transfer->curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(transfer->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(transfer->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(transfer->curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(transfer->curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(transfer->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(transfer->curl, CURLOPT_WRITEDATA, &transfer->body);
	curl_easy_setopt(transfer->curl, CURLOPT_PRIVATE, transfer);
}

static void conclude(struct daemon_request *request, const struct transfer *transfer)
{
	request->status = NULL;
	if (!transfer->curl || !transfer->done) {
		err_set(&request->why, ERR_UNAVAILABLE, NULL, "%s: was not asked to the end", request->address);
		return;
	}
	if (transfer->code == CURLE_HTTP_RETURNED_ERROR || transfer->code == CURLE_WEIRD_SERVER_REPLY ||
	    transfer->code == CURLE_UNSUPPORTED_PROTOCOL) {
		err_set(&request->why, ERR_UNAVAILABLE, "foreign", FOREIGN, request->address);
		return;
	}
	if (transfer->code != CURLE_OK) {
		err_set(&request->why, ERR_UNAVAILABLE, NULL, "%s: %s", request->address,
			curl_easy_strerror(transfer->code));
		return;
	}
	request->status = json_loadb((const char *)transfer->body.data, transfer->body.len, 0, NULL);
	if (json_is_object(request->status))
		return;
	err_set(&request->why, ERR_UNAVAILABLE, "foreign", FOREIGN, request->address);
	json_decref(request->status);
	request->status = NULL;
}

static void collect(CURLM *multi)
{
	struct transfer *transfer;
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		transfer->code = message->data.result;
		transfer->done = true;
	}
}

/* 1 when a watched descriptor became readable. */
static int drive(CURLM *multi, long timeout_ms, const int *watch, size_t n_watch)
{
	struct curl_waitfd extra[WATCH_MAX];
	int running = 1;

	for (size_t i = 0; i < n_watch; i++)
		extra[i] = (struct curl_waitfd){ .fd = watch[i], .events = CURL_WAIT_POLLIN };
	while (running > 0) {
		if (curl_multi_perform(multi, &running) != CURLM_OK)
			return 0;
		collect(multi);
		if (running == 0)
			return 0;
		if (curl_multi_poll(multi, extra, (unsigned int)n_watch, (int)timeout_ms, NULL) != CURLM_OK)
			return 0;
		for (size_t i = 0; i < n_watch; i++)
			if (extra[i].revents)
				return 1;
	}
	return 0;
}

int daemon_http_all(struct daemon_request *requests, size_t n, long timeout_ms, const int *watch, size_t n_watch)
{
	struct transfer transfers[REQUESTS_MAX] = { { .curl = NULL } };
	CURLM *multi = curl_multi_init();
	int interrupted = 0;

	if (n > REQUESTS_MAX || n_watch > WATCH_MAX)
		BUG("more daemons or descriptors than there is room for");
	for (size_t i = 0; multi && i < n; i++) {
		transfers[i].curl = *requests[i].address ? curl_easy_init() : NULL;
		if (!transfers[i].curl)
			continue;
		prepare(&transfers[i], requests[i].address, timeout_ms);
		curl_multi_add_handle(multi, transfers[i].curl);
	}
	if (multi)
		interrupted = drive(multi, timeout_ms, watch, n_watch);
	for (size_t i = 0; i < n; i++) {
		conclude(&requests[i], &transfers[i]);
		if (transfers[i].curl) {
			curl_multi_remove_handle(multi, transfers[i].curl);
			curl_easy_cleanup(transfers[i].curl);
		}
		buf_release(&transfers[i].body);
	}
	curl_multi_cleanup(multi);
	return interrupted;
}

json_t *daemon_http_status(const char *address, long timeout_ms, struct err *err)
{
	struct daemon_request request = { .address = address, .why = ERR_INIT };

	(void)daemon_http_all(&request, 1, timeout_ms, NULL, 0);
	if (!request.status)
		err_set(err, request.why.kind, NULL, "%s", request.why.text);
	return request.status;
}
