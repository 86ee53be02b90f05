/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/webform/form_conf.h"

#include <string.h>

#include "producers/sdk/adapter_conf.h"

#define CHANNEL "web" /* what the page seals into each report */

static const struct conf_key form_keys[] = {
	{ "form.adapter", CONF_FILE, NULL, 0, 0, NULL,
	  "the form's configuration as an adapter: gateway, keys, spool, as for tip-submit(1)" },
	{ "form.listen", CONF_ADDRESS, "127.0.0.1:8480", 0, 0, NULL,
	  "where the form is served, in plain HTTP, to the proxy or onion service in front" },
	{ "form.pages", CONF_DIR, NULL, 0, 0, NULL, "folder of the pages, style and script" },
	{ "form.organisation", CONF_STRING, NULL, 0, 0, NULL, "who takes the reports, as the pages name it" },
	{ "form.phone", CONF_STRING, NULL, 0, 0, NULL, "the hotline's number, for who would rather phone or has to" },
	{ "form.exit", CONF_STRING, "https://www.bbc.co.uk/weather", 0, 0, NULL,
	  "what \"Exit this page\" opens: a site that anyone might look at" },
	{ "form.connections", CONF_INT, "256", 4, 900, NULL,
	  "connections served at once, of which a browser may take six; more wait. Each may hold 2 MiB of memory" },
	{ "form.threads", CONF_INT, "4", 1, 32, NULL, "reports that are written to disk at once" },
	{ "form.timeout", CONF_DURATION, "30s", 1000, 600000, NULL, "when a connection that says nothing is closed" },
	{ "http.listen", CONF_ADDRESS, "127.0.0.1:0", 0, 0, NULL, "metrics, health and status, for operators" },
	CONF_KEYS_END
};

const struct conf_key *const form_conf_tables[] = { form_keys, NULL };

/* It becomes a link: a scheme such as javascript: must not stand there. */
static int check_exit(const struct conf *conf, struct err *err)
{
	const char *exit = conf_str(conf, "form.exit");

	if (strncmp(exit, "https://", 8) == 0 || strncmp(exit, "http://", 7) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s: form.exit must begin with https:// or http://",
		       conf_where(conf, "form.exit"));
}

/* Each thread has connections of its own. */
static int check_threads(const struct conf *conf, struct err *err)
{
	const long long threads = conf_int(conf, "form.threads"), connections = conf_int(conf, "form.connections");

	if (threads <= connections)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s: form.threads is %lld, more than form.connections, %lld: a thread serves "
		       "one connection or more", conf_where(conf, "form.threads"), threads, connections);
}

/* People read these: "call free on ." helps nobody. */
static int check_texts(const struct conf *conf, struct err *err)
{
	static const char *const texts[] = { "form.organisation", "form.phone" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strspn(conf_str(conf, texts[i]), " ") == strlen(conf_str(conf, texts[i])))
			return err_set(err, ERR_CONFIG, NULL, "%s: %s is empty, and stands on the pages",
				       conf_where(conf, texts[i]), texts[i]);
	return 0;
}

static int check_channel(const struct conf *adapter, struct err *err)
{
	if (strcmp(conf_str(adapter, "adapter.channel"), CHANNEL) == 0)
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s: adapter.channel must be " CHANNEL " for the web form: it is what the "
		       "page seals into each report", conf_where(adapter, "adapter.channel"));
}

static int check_adapter(const char *path, struct err *err)
{
	struct conf *conf;

	if (conf_load(&conf, path, adapter_conf_tables, err))
		return -1;
	int rc = check_channel(conf, err) || adapter_conf_check(conf, err) ? -1 : 0;
	conf_free(conf);
	return rc;
}

int form_conf_check(const struct conf *conf, struct err *err)
{
	if (check_exit(conf, err) || check_threads(conf, err) || check_texts(conf, err))
		return -1;
	return check_adapter(conf_str(conf, "form.adapter"), err);
}
