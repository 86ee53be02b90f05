/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/sdk/adapter_conf.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "schema/keys.h"
#include "schema/taxonomy.h"

const struct conf_key adapter_conf_keys[] = {
	{ "gateway", CONF_LIST, NULL, 0, 0, CONF_ADDRESSES, "gateways as host:port, tried in turn" },
	{ "adapter.id", CONF_INT, NULL, 1, 65535, NULL, "this adapter's number on the gateway's list" },
	{ "adapter.channel", CONF_CHOICE, NULL, 0, 0, "web|phone|partner|batch|letter",
	  "of tips that name none" },
	{ "keys.sign", CONF_SECRET, NULL, 0, 0, NULL, "signing key" },
	{ "keys.curve", CONF_SECRET, NULL, 0, 0, NULL, "transport key pair" },
	{ "keys.gateway", CONF_FILE, NULL, 0, 0, NULL, "the gateway's public transport key" },
	{ "keys.root", CONF_FILE, NULL, 0, 0, NULL,
	  "the site's public root key, root.pub: tips are sealed to what it has signed and to nothing else" },
	{ "keys.recipients", CONF_FILE, "", 0, 0, NULL,
	  "a signed list of recipients to begin with, recipients.json; newer ones come from the gateway and are kept "
	  "beside the spool" },
	{ "spool.path", CONF_PATH, NULL, 0, 0, NULL, "file that keeps sealed tips until they are acknowledged" },
	{ "spool.max_tips", CONF_INT, "100000", 1, 100000000, NULL, "tips that may wait; more are refused" },
	{ "reconnect.min", CONF_DURATION, "100ms", 10, 60000, NULL, "bound of the first random delay to reconnect" },
	{ "reconnect.max", CONF_DURATION, "60s", 100, 3600000, NULL, "bound that the doubling delays do not pass" },
	{ "reconnect.greet", CONF_DURATION, "5s", 500, 60000, NULL, "how long a gateway may take to welcome" },
	{ "reconnect.stopped", CONF_DURATION, "60s", 100, 86400000, NULL,
	  "when to try again after the gateway told this adapter to stop, as when it is revoked" },
	CONF_KEYS_END
};

const struct conf_key *const adapter_conf_tables[] = { adapter_conf_keys, NULL };

/* What is wrong with a file, behind the key that names it. Returns `result`. */
static int of_key(const struct conf *conf, const char *key, int result, struct err *err)
{
	return result == 0 ? 0 : err_prefix(err, "%s: %s", conf_where(conf, key), key);
}

int adapter_conf_sealer(struct sealer **out, const struct conf *conf, struct err *err)
{
	uint8_t secret[FRAME_SIGN_SECRET];
	const char *channel = conf_str(conf, "adapter.channel");
	struct sealer_options options = { .adapter = (uint16_t)conf_int(conf, "adapter.id"), .sign_secret = secret };
	int found = taxonomy_find(channel_names, N_CHANNELS, channel, slice_str(channel).len);

	if (found < 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: no such channel", conf_where(conf, "adapter.channel"));
	options.channel = (enum channel)found;
	int rc = of_key(conf, "keys.sign", keys_load_sign(secret, conf_str(conf, "keys.sign"), err), err);
	if (rc == 0)
		rc = sealer_new(out, &options, err);
	mem_wipe(secret, sizeof(secret));
	return rc;
}

int adapter_conf_recipients(struct recipients *first, bool *given, uint8_t root[RECIPIENTS_ROOT_PUBLIC],
			    const struct conf *conf, struct err *err)
{
	const char *path = conf_str(conf, "keys.recipients");

	*given = path[0] != '\0';
	if (of_key(conf, "keys.root", keys_load_root_public(root, conf_str(conf, "keys.root"), err), err))
		return -1;
	if (!*given)
		return 0;
	int rc = recipients_load(first, path, err);
	if (rc == 0 && recipients_verify(first, root, err))
		rc = err_prefix(err, "%s", path);
	return of_key(conf, "keys.recipients", rc, err);
}

int adapter_conf_trust(struct trust **out, const struct conf *conf, struct err *err)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct buf state = BUF_INIT;
	struct recipients first;
	bool given;

	if (adapter_conf_recipients(&first, &given, root, conf, err))
		return -1;
	buf_printf(&state, "%s.recipients", conf_str(conf, "spool.path"));
	int rc = trust_open(out, root, given ? &first : NULL, buf_text(&state), err);
	buf_release(&state);
	return rc;
}

int adapter_conf_submit(struct submit_options *options, const struct conf *conf, struct err *err)
{
	options->n_gateways = conf_list(conf, "gateway", &options->gateways);
	if (options->n_gateways == 0)
		return err_set(err, ERR_CONFIG, NULL, "%s: names no gateway", conf_where(conf, "gateway"));
	options->backoff_min_ms = (int)conf_int(conf, "reconnect.min");
	options->backoff_max_ms = (int)conf_int(conf, "reconnect.max");
	options->greet_ms = (int)conf_int(conf, "reconnect.greet");
	options->stopped_ms = (int)conf_int(conf, "reconnect.stopped");
	if (of_key(conf, "keys.curve", keys_load_curve(&options->curve, conf_str(conf, "keys.curve"), err), err))
		return -1;
	return of_key(conf, "keys.gateway",
		      keys_load_curve_public(options->gateway_key, conf_str(conf, "keys.gateway"), err), err);
}

/* The spool's file may not be there yet, its folder must be. */
static int check_spool(const struct conf *conf, struct err *err)
{
	const char *path = conf_str(conf, "spool.path"), *slash = strrchr(path, '/');
	struct buf folder = BUF_INIT;
	int rc = 0;

	buf_append(&folder, path, slash != NULL ? (size_t)(slash + 1 - path) : 0);
	if (access(folder.len > 0 ? buf_text(&folder) : ".", W_OK | X_OK) != 0)
		rc = err_set(err, ERR_CONFIG, NULL, "%s: spool.path: the folder %s cannot be written: %s",
			     conf_where(conf, "spool.path"), folder.len > 0 ? buf_text(&folder) : ".", strerror(errno));
	buf_release(&folder);
	return rc;
}

int adapter_conf_check(const struct conf *conf, struct err *err)
{
	uint8_t root[RECIPIENTS_ROOT_PUBLIC];
	struct submit_options options = { 0 };
	struct recipients first;
	struct sealer *sealer;
	bool given;

	if (check_spool(conf, err) || keys_begin(err) || adapter_conf_recipients(&first, &given, root, conf, err) ||
	    adapter_conf_sealer(&sealer, conf, err))
		return -1;
	sealer_free(sealer);
	int rc = adapter_conf_submit(&options, conf, err);
	mem_wipe(&options.curve, sizeof(options.curve));
	return rc;
}
