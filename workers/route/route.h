/* SPDX-License-Identifier: Apache-2.0 */
/*
 * route: the stage that decides what happens to a tip and seals it to the teams that shall read it. See route.c for
 * what it reads, writes and parks.
 */
#ifndef TIPLINE_WORKERS_ROUTE_ROUTE_H
#define TIPLINE_WORKERS_ROUTE_ROUTE_H

#include "workers/stage/stage.h"

extern const struct stage route_stage;

#endif
