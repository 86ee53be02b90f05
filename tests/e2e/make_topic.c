/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_topic BROKER TOPIC PARTITIONS [SETTING=VALUE …]: makes a topic as `tipctl topics create` never would, for tests
 * of what meets one. BROKER is host:port.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/runtime/kafka_admin.h"

#define SETTINGS_MAX 8
#define TIMEOUT_MS 10000

static int make(struct kafka_admin *admin, int argc, char **argv, struct err *err)
{
	struct kafka_setting settings[SETTINGS_MAX];
	struct kafka_topic_spec spec = { argv[2], (int)strtol(argv[3], NULL, 10), 1, settings, 0 };
	enum kafka_topic_result result;

	for (int i = 4; i < argc && spec.n_settings < SETTINGS_MAX; i++) {
		char *equals = strchr(argv[i], '=');

		if (!equals)
			return err_set(err, ERR_USAGE, NULL, "%s: SETTING=VALUE is wanted", argv[i]);
		*equals = '\0';
		settings[spec.n_settings++] = (struct kafka_setting){ argv[i], equals + 1 };
	}
	return kafka_admin_create(admin, &spec, &result, err);
}

int main(int argc, char **argv)
{
	static const struct conf_key *const tables[] = { kafka_conf_keys, NULL };
	struct kafka_admin *admin;
	struct conf *conf;
	char text[256];
	struct err err = ERR_INIT;
	int result;

	if (argc < 4)
		return 64;
	(void)snprintf(text, sizeof(text), "kafka:\n  brokers: [\"%s\"]\n", argv[1]);
	if (conf_parse(&conf, "make_topic", text, tables, &err) < 0 ||
	    kafka_admin_open(&admin, conf, TIMEOUT_MS, &err) < 0) {
		(void)fprintf(stderr, "make_topic: %s\n", err.text);
		return 1;
	}
	result = make(admin, argc, argv, &err);
	if (result < 0)
		(void)fprintf(stderr, "make_topic: %s\n", err.text);
	kafka_admin_close(admin);
	conf_free(conf);
	return result < 0 ? 1 : 0;
}
