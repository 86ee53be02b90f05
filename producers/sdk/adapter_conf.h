/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adapter_conf: an adapter's configuration file: the rows, and what they name, loaded and checked.
 */
#ifndef TIPLINE_PRODUCERS_SDK_ADAPTER_CONF_H
#define TIPLINE_PRODUCERS_SDK_ADAPTER_CONF_H

#include "ops/runtime/conf.h"
#include "producers/sdk/sealer.h"
#include "producers/sdk/submit.h"
#include "producers/sdk/trust.h"

extern const struct conf_key adapter_conf_keys[];
extern const struct conf_key *const adapter_conf_tables[]; /* the rows above alone */

/* Key files of the sealer and of the connection. The strings of `options` live as long as `conf`. */
int adapter_conf_sealer(struct sealer **out, const struct conf *conf, struct err *err)
	__attribute__((warn_unused_result));
/* The root key, and the list to begin with when one is configured: read, and signed by it. */
int adapter_conf_recipients(struct recipients *first, bool *given, uint8_t root[RECIPIENTS_ROOT_PUBLIC],
			    const struct conf *conf, struct err *err);
/* With its state beside the spool, whose lock is held: so after spool_open. */
int adapter_conf_trust(struct trust **out, const struct conf *conf, struct err *err)
	__attribute__((warn_unused_result));
/* The caller wipes options->curve. */
int adapter_conf_submit(struct submit_options *options, const struct conf *conf, struct err *err);
/* For --check: all key files that it names are there, readable and of their kind, and the spool can be written. */
int adapter_conf_check(const struct conf *conf, struct err *err);

#endif
