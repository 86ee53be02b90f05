/* SPDX-License-Identifier: Apache-2.0 */
#include <curl/curl.h>
#include <string.h>

#include "ops/ctl/canary.h"
#include "ops/ctl/config_set.h"

static size_t take(char *data, size_t size, size_t n, void *arg)
{
	struct canary *canary = arg;

	search_stream_feed(&canary->stream, (const uint8_t *)data, size * n);
	canary->bytes += size * n;
	return size * n;
}

/* Head and body of one answer, whatever its status. */
static CURLcode ask(struct canary *canary, const char *address, const char *path, long timeout_ms)
{
	CURL *curl = curl_easy_init();
	CURLcode code = CURLE_FAILED_INIT;
	char url[400];

	if (!curl)
		return code;
	snprintf(url, sizeof(url), "http://%s%s", address, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, canary);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, canary);
	code = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	return code;
}

void canary_http(struct canary *canary, const char *name, const char *address, long timeout_ms)
{
	static const char *const paths[] = { "/metrics", "/status", "/-/ready", "/-/healthy", "/" };

	canary_place(canary, "http", "%s at %s", name, address);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		CURLcode code;

		canary_object(canary, "http://%s%s", address, paths[i]);
		code = ask(canary, address, paths[i], timeout_ms);
		if (code != CURLE_OK)
			canary_not_searched(canary, canary->object, "%s", curl_easy_strerror(code));
	}
	canary_place_end(canary);
}
