/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage_serve: a stage on Kafka, from opening its keys to leaving its group. Returns when asked to stop (0), or with
 * an error: ERR_TEMPORARY (75) where a restart is all that is needed. Nothing that was not acknowledged is committed.
 */
#ifndef TIPLINE_WORKERS_STAGE_STAGE_SERVE_H
#define TIPLINE_WORKERS_STAGE_STAGE_SERVE_H

#include "workers/stage/stage.h"

int stage_serve(const struct stage *stage, const struct conf *conf, struct err *err);

#endif
