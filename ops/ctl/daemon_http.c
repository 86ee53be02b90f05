/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/daemon_http.h"

#include <curl/curl.h>
#include <stdio.h>

#include "ops/runtime/buf.h"

#define BODY_MAX 65536

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;

	if (body->len + size * n > BODY_MAX)
		return 0; /* ends the transfer with an error */
	buf_append(body, data, size * n);
	return size * n;
}

static CURLcode fetch(CURL *curl, const char *address, long timeout_ms, struct buf *body)
{
	char url[300];

	snprintf(url, sizeof url, "http://%s/status", address);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	return curl_easy_perform(curl);
}

json_t *daemon_http_status(const char *address, long timeout_ms, struct err *err)
{
	struct buf body = BUF_INIT;
	json_t *status = NULL;
	CURL *curl = curl_easy_init();
	CURLcode code = curl ? fetch(curl, address, timeout_ms, &body) : CURLE_FAILED_INIT;

	if (code != CURLE_OK)
		err_set(err, ERR_UNAVAILABLE, NULL, "%s: %s", address, curl_easy_strerror(code));
	else
		status = json_loadb((const char *)body.data, body.len, 0, NULL);
	if (code == CURLE_OK && !json_is_object(status)) {
		err_set(err, ERR_UNAVAILABLE, NULL, "%s: does not answer with a status", address);
		json_decref(status);
		status = NULL;
	}
	if (curl)
		curl_easy_cleanup(curl);
	buf_release(&body);
	return status;
}
