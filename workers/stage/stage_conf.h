/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_conf: the rows of configuration that every worker has, and their values.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_CONF_H
#define TIPLINE_WORKERS_STAGE_STAGE_CONF_H

#include "ops/runtime/conf.h"
#include "schema/bus.h"
#include "workers/stage/stage.h"

extern const struct conf_key stage_conf_keys[];

struct stage_settings {
	const char *http_listen;
	size_t batch;
	int linger_ms, pace_ms, publish_timeout_ms, session_timeout_ms;
	bool start_anywhere;
	int64_t retry_first_ms, retry_max_ms;
	int64_t progress_ms; /* not ready after this long without a batch while records wait */
	int64_t watchdog_ms; /* the process ends after this long inside one call of the stage */
	const char *suspects; /* see stage_suspect.h; "": not set */
};

/* Strings are borrowed from `conf`. */
void stage_settings_read(struct stage_settings *settings, const struct conf *conf);

/* The bus ring a stage needs, or NULL when it needs none. ERR_CONFIG when it needs one and keys.bus is not given. */
int stage_bus_load(struct bus_ring **ring, const struct stage *stage, const struct conf *conf, struct err *err);

/*
 * The NULL-ended tables of a worker: Kafka's rows, the skeleton's, its own. For --try what only the real thing needs
 * (brokers, keys, folders, paths) becomes optional, in copies that stage_tables_release frees.
 */
struct stage_tables {
	const struct conf_key *tables[4];
	struct conf_key *copies[3];
};
void stage_tables_init(struct stage_tables *tables, const struct stage *stage, bool trying);
void stage_tables_release(struct stage_tables *tables);

#endif
