/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site: what the public listener answers; a pure function of the request, the pages, and what libtipline says.
 *
 *     GET  /               what this is for, and what is promised
 *     GET  /safety         how to stay safe
 *     GET  /report         the form; carries the signed list of recipients and the root key
 *     POST /report/sealed  a tip that the browser sealed: tip id[16] | contact file[1420] | body file
 *                          200 {"kept":true}, 400 {"kept":false,"reason":"…"},
 *                          503 {"kept":false,"reason":"unavailable"}; 415 for another type than octets
 *     POST /report         the form of a browser without JavaScript; sealed here. 303 to /received, or the form again
 *     GET  /received       it is kept
 *     GET  /assets/…       style and script
 *
 * Both POSTs are 403 from a page of another site. /report is 503, and says to phone, while nothing could be kept.
 *
 * 200 and 303 mean that the tip is on disk here, sealed and signed. Nothing is kept of a request that failed, and
 * nothing of any request is logged. A report of a repeat of what was sent before is taken again: libtipline, gateway
 * and dedupe know it by its id.
 */
#ifndef TIPLINE_PRODUCERS_WEBFORM_SITE_H
#define TIPLINE_PRODUCERS_WEBFORM_SITE_H

#include "ops/runtime/http_listener.h"
#include "producers/sdk/tipline.h"
#include "producers/webform/pages.h"
#include "producers/webform/reports.h"

/* Borrowed from the program until the listener is stopped. */
struct site {
	const struct pages *pages;
	struct tipline *tipline;
	struct reports *reports;
	const char *organisation, *phone, *exit;
};

/* Of http_listener_options; `arg` is a struct site. */
void site_answer(void *site, const struct http_request *request, struct http_reply *reply);
size_t site_body_max(void *site, const char *method, const char *path);

/* Whether a report could be kept now; appends why not. */
bool site_is_open(const struct site *site, struct buf *why);

extern const char *const site_headers[][2];
extern const size_t site_n_headers;

#endif
