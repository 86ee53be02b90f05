/* SPDX-License-Identifier: Apache-2.0 */
/* A program's configuration, against a table with every type of value. */
#include "ops/runtime/conf.h"
#include "tests/fuzz/fuzz.h"

static const struct conf_key rows[] = {
	{ "text", CONF_STRING, "a", 0, 0, NULL, "a text" },
	{ "yes", CONF_BOOL, "false", 0, 0, NULL, "a boolean" },
	{ "whole", CONF_INT, "5", 1, 10, NULL, "a whole number" },
	{ "size", CONF_SIZE, "64k", 1024, 1048576, NULL, "a size" },
	{ "time.to.live", CONF_DURATION, "5s", 100, 3600000, NULL, "a duration" },
	{ "number", CONF_NUMBER, "0.5", 0, 1, NULL, "a number" },
	{ "path", CONF_PATH, "", 0, 0, NULL, "a path" },
	{ "listen", CONF_ADDRESS, "127.0.0.1:0", 0, 0, NULL, "an address" },
	{ "level", CONF_CHOICE, "info", 0, 0, "debug|info|warn", "a choice" },
	{ "list", CONF_LIST, "", 0, 0, NULL, "a list" },
	{ "teams.*.recipient", CONF_STRING, NULL, 0, 0, NULL, "a row for each team" },
	{ "teams.*.weight", CONF_NUMBER, "1", 0, 10, NULL, "another" },
	CONF_KEYS_END
};

static const struct conf_key *const tables[] = { rows, NULL };

/* Every value that was read is within what its row allows. */
static void values_hold(const struct conf *conf)
{
	const char *const *items;
	size_t n;

	FUZZ_HOLDS(conf_int(conf, "whole") >= 1 && conf_int(conf, "whole") <= 10);
	FUZZ_HOLDS(conf_int(conf, "size") >= 1024 && conf_int(conf, "size") <= 1048576);
	FUZZ_HOLDS(conf_int(conf, "time.to.live") >= 100 && conf_int(conf, "time.to.live") <= 3600000);
	FUZZ_HOLDS(conf_number(conf, "number") >= 0 && conf_number(conf, "number") <= 1);
	FUZZ_HOLDS(conf_str(conf, "text") && conf_str(conf, "path") && strchr(conf_str(conf, "listen"), ':'));
	FUZZ_HOLDS(strstr("debug|info|warn", conf_str(conf, "level")));
	n = conf_list(conf, "list", &items);
	for (size_t i = 0; i < n; i++)
		FUZZ_HOLDS(items[i] != NULL);
	n = conf_names(conf, "teams.*", &items);
	for (size_t i = 0; i < n; i++)
		FUZZ_HOLDS(items[i][0] != '\0' && !strchr(items[i], '.'));
	FUZZ_HOLDS(strlen(conf_hash(conf)) == 16 && conf_where(conf, "text")[0] != '\0');
	(void)conf_bool(conf, "yes");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(slice_of(data, size));
	struct conf *conf, *again;
	struct err err = ERR_INIT;

	if (conf_parse(&conf, "fuzz.yaml", text, tables, &err) == 0) {
		fuzz_success_holds(&err);
		values_hold(conf);
		FUZZ_HOLDS(conf_parse(&again, "elsewhere/fuzz.yaml", text, tables, &err) == 0);
		FUZZ_HOLDS(strcmp(conf_hash(conf), conf_hash(again)) == 0);
		conf_free(again);
		conf_free(conf);
	} else {
		fuzz_error_holds(&err);
		FUZZ_HOLDS(err.kind == ERR_CONFIG && strncmp(err.text, "fuzz.yaml:", 10) == 0);
	}
	free(text);
	return 0;
}
