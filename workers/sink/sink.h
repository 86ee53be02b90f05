/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink: writes outcomes and sealed cases to the Command's store. See sink.c.
 */
#ifndef TIPLINE_WORKERS_SINK_SINK_H
#define TIPLINE_WORKERS_SINK_SINK_H

#include "workers/stage/stage.h"

extern const struct stage sink_stage;

#endif
