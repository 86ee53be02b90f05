/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/webform/site.h"

#include <string.h>

#include "producers/webform/plain.h"

#define CONTACT_BYTES 1420
#define SEALED_HEAD (TIPLINE_ID_BYTES + CONTACT_BYTES)
#define SEALED_MAX (SEALED_HEAD + (1u << 20) + 4096)
/* Three times what a tip may have, each byte as %XX: what is too long comes back with a word on it. */
#define PLAIN_MAX (2u << 20)
#define SEALED_TYPE "application/octet-stream"
#define ROOT_HEX 65 /* with its NUL */
#define HTML "text/html; charset=utf-8"
#define JSON "application/json"

const char *const site_headers[][2] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Cache-Control", "no-store" },
	{ "Content-Security-Policy",
	  "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'; connect-src 'self'; "
	  "base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'" },
	{ "Integrity-Policy", "blocked-destinations=(script)" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Referrer-Policy", "no-referrer" },
};
const size_t site_n_headers = sizeof(site_headers) / sizeof(site_headers[0]);

static void show(const struct site *site, struct http_reply *reply, unsigned status, enum page page,
		 struct places *places)
{
	places->text[PLACE_ORGANISATION] = site->organisation;
	places->text[PLACE_PHONE] = site->phone;
	places->text[PLACE_EXIT] = site->exit;
	reply->status = status;
	reply->type = HTML;
	pages_render(site->pages, page, places, &reply->body);
}

static void show_page(const struct site *site, struct http_reply *reply, unsigned status, enum page page)
{
	struct places places = { { NULL } };

	show(site, reply, status, page, &places);
}

static void get_start(const struct site *site, const struct http_request *request, struct http_reply *reply)
{
	(void)request;
	show_page(site, reply, 200, PAGE_START);
}

static void get_safety(const struct site *site, const struct http_request *request, struct http_reply *reply)
{
	(void)request;
	show_page(site, reply, 200, PAGE_SAFETY);
}

static void get_received(const struct site *site, const struct http_request *request, struct http_reply *reply)
{
	(void)request;
	show_page(site, reply, 200, PAGE_RECEIVED);
}

/* With nobody to seal to, nothing may be asked of people: they are told to phone. */
static void show_form(const struct site *site, struct http_reply *reply, unsigned status, struct places places)
{
	char list[TIPLINE_RECIPIENTS_MAX], root[ROOT_HEX];

	if (tipline_recipients(site->tipline, list, sizeof(list), root) < 0) {
		show_page(site, reply, 503, PAGE_UNAVAILABLE);
		return;
	}
	places.text[PLACE_RECIPIENTS] = list;
	places.text[PLACE_ROOT] = root;
	if (places.text[PLACE_PROBLEM] == NULL)
		places.text[PLACE_PROBLEM_HIDDEN] = "hidden";
	show(site, reply, status, PAGE_REPORT, &places);
}

bool site_is_open(const struct site *site, struct buf *why)
{
	struct tipline_stats stats;

	tipline_stats(site->tipline, &stats);
	if (tipline_ready(site->tipline, 0) != TIPLINE_OK)
		buf_append_str(why, tipline_error());
	else if (stats.room == 0)
		buf_append_str(why, "the spool is full (spool.max_tips): is the gateway there?");
	else
		return true;
	return false;
}

/* Nobody shall write for ten minutes what cannot be kept. */
static void get_form(const struct site *site, const struct http_request *request, struct http_reply *reply)
{
	struct buf why = BUF_INIT;
	const bool is_open = site_is_open(site, &why);

	(void)request;
	if (!is_open) {
		reports_turn_away(site->reports, buf_text(&why));
		show_page(site, reply, 503, PAGE_UNAVAILABLE);
	}
	buf_release(&why);
	if (!is_open)
		return;
	show_form(site, reply, 200, (struct places){ { [PLACE_CONTACT_NONE] = "checked" } });
}

static void get_style(const struct site *site, const struct http_request *request, struct http_reply *reply)
{
	(void)request;
	reply->status = 200;
	reply->type = "text/css; charset=utf-8";
	buf_append_slice(&reply->body, pages_asset(site->pages, ASSET_STYLE));
}

static void get_script(const struct site *site, const struct http_request *request, struct http_reply *reply)
{
	(void)request;
	reply->status = 200;
	reply->type = "text/javascript; charset=utf-8";
	buf_append_slice(&reply->body, pages_asset(site->pages, ASSET_SCRIPT));
}

/* The word in front of libtipline's sentence: "age-header: …". */
static void append_reason(struct buf *out)
{
	const char *text = tipline_error(), *end = strchr(text, ':');

	buf_append_json(out, text, end != NULL ? (size_t)(end - text) : strlen(text));
}

static void answer_sealed(struct http_reply *reply, enum fate fate)
{
	reply->type = JSON;
	if (fate == FATE_KEPT) {
		reply->status = 200;
		buf_append_str(&reply->body, "{\"kept\":true}\n");
	} else if (fate == FATE_INVALID) {
		reply->status = 400;
		buf_append_str(&reply->body, "{\"kept\":false,\"reason\":");
		append_reason(&reply->body);
		buf_append_str(&reply->body, "}\n");
	} else {
		reply->status = 503;
		buf_append_str(&reply->body, "{\"kept\":false,\"reason\":\"unavailable\"}\n");
	}
}

/* What is too short has an empty body file, which libtipline refuses like any other that is none. */
static struct tipline_sealed sealed_of(struct slice bytes)
{
	struct tipline_sealed sealed = { .body = "", .contact = "" };

	if (bytes.len < SEALED_HEAD)
		return sealed;
	memcpy(sealed.tip_id, bytes.data, TIPLINE_ID_BYTES);
	sealed.contact = bytes.data + TIPLINE_ID_BYTES;
	sealed.contact_len = CONTACT_BYTES;
	sealed.body = bytes.data + SEALED_HEAD;
	sealed.body_len = bytes.len - SEALED_HEAD;
	return sealed;
}

static void post_sealed(const struct site *site, const struct http_request *request, struct http_reply *reply)
{
	const struct tipline_sealed sealed = sealed_of(request->body);

	if (request->type == NULL || strcmp(request->type, SEALED_TYPE) != 0) { /* which no plain form can send */
		http_reply_text(reply, 415, "a sealed report is of type " SEALED_TYPE);
		return;
	}
	const int code = tipline_put_sealed(site->tipline, &sealed, NULL);
	answer_sealed(reply, reports_count(site->reports, WAY_SEALED, code));
}

/* Of a member of the tip, by its JSON pointer; the id of its field in report.html. */
static const struct problem {
	const char *pointer, *field, *sentence;
} problems[] = {
	{ "/narrative", "plain-narrative", "Tell us what happened, in at most 200,000 characters." },
	{ "/contact_details", "plain-details", "If you want to be contacted, tell us how, in at most 1,000 characters." },
	{ "/contact", "plain-contact-none",
	  "You wrote contact details and chose to stay anonymous. Choose yes, or take them out." },
	{ "/subjects", "plain-name", "Shorten what you wrote about the person." },
	{ "/where", "plain-where", "Shorten where it happened to at most 1,000 characters." },
	{ "/when", "plain-when", "Shorten when it happened to at most 1,000 characters." },
	{ "/relation", "plain-relation", "Shorten how you know about it to at most 200 characters." },
};
static const struct problem unreadable = {
	"", "plain-narrative", "Something in the form could not be read. Please check what you wrote."
};
static const struct problem not_kept = {
	"", "plain-narrative", "Your report could not be kept. Please try again, or phone."
};

/* Of what libtipline said, which names the member. */
static const struct problem *problem_of(const char *sentence)
{
	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++)
		if (strstr(sentence, problems[i].pointer) != NULL)
			return &problems[i];
	return &unreadable;
}

static void answer_plain(const struct site *site, struct http_reply *reply, enum fate fate, const struct plain *plain,
			 const char *why)
{
	const struct problem *problem = fate == FATE_INVALID ? problem_of(why) : &not_kept;
	struct places places = { { NULL } };

	if (fate == FATE_KEPT) {
		reply->status = 303;
		reply->location = "/received";
		return;
	}
	plain_places(plain, &places);
	places.text[PLACE_PROBLEM] = problem->sentence;
	places.text[PLACE_PROBLEM_AT] = problem->field;
	places.text[PLACE_PROBLEM_MARK] = "Error: ";
	show_form(site, reply, fate == FATE_INVALID ? 400 : 503, places);
}

static void post_plain(const struct site *site, const struct http_request *request, struct http_reply *reply)
{
	struct buf json = BUF_INIT;
	int code = TIPLINE_EINVAL;
	struct plain plain;
	const char *lacks;

	plain_read(&plain, request->body);
	lacks = plain_lacks(&plain);
	if (lacks == NULL) {
		plain_document(&plain, &json);
		code = tipline_put(site->tipline, buf_text(&json), json.len, NULL, NULL);
		buf_release(&json);
	}
	answer_plain(site, reply, reports_count(site->reports, WAY_PLAIN, code), &plain, lacks ? lacks : tipline_error());
	plain_release(&plain);
	mem_wipe_stack(STACK_SHALLOW);
}

/* Another site's page must not make its visitors send reports: browsers say whose page it is (Fetch Metadata). */
static bool is_foreign(const struct http_request *request)
{
	return request->fetch_site != NULL && strcmp(request->fetch_site, "same-origin") != 0 &&
	       strcmp(request->fetch_site, "none") != 0;
}

static const struct route {
	const char *method, *path;
	size_t body_max;
	void (*answer)(const struct site *site, const struct http_request *request, struct http_reply *reply);
} routes[] = {
	{ "GET", "/", 0, get_start },
	{ "GET", "/safety", 0, get_safety },
	{ "GET", "/report", 0, get_form },
	{ "POST", "/report", PLAIN_MAX, post_plain },
	{ "POST", "/report/sealed", SEALED_MAX, post_sealed },
	{ "GET", "/received", 0, get_received },
	{ "GET", "/assets/site.css", 0, get_style },
	{ "GET", "/assets/report.js", 0, get_script },
};

static const struct route *route_of(const char *method, const char *path, bool *known)
{
	const char *as = strcmp(method, "HEAD") == 0 ? "GET" : method;

	*known = false;
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (strcmp(routes[i].path, path) != 0)
			continue;
		*known = true;
		if (strcmp(routes[i].method, as) == 0)
			return &routes[i];
	}
	return NULL;
}

size_t site_body_max(void *site, const char *method, const char *path)
{
	bool known;
	const struct route *route = route_of(method, path, &known);

	(void)site;
	return route != NULL ? route->body_max : HTTP_BODY_UNREAD;
}

void site_answer(void *arg, const struct http_request *request, struct http_reply *reply)
{
	bool known;
	const struct route *route = route_of(request->method, request->path, &known);

	if (route != NULL && route->body_max > 0 && is_foreign(request))
		http_reply_text(reply, 403, "not from a page of another site");
	else if (route != NULL)
		route->answer(arg, request, reply);
	else
		show_page(arg, reply, known ? 405 : 404, PAGE_MISSING);
}
