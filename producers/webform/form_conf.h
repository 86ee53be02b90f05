/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form_conf: the configuration of tipline-webform: its rows, and what must hold beyond types and ranges, here and in
 * the adapter's file that it names.
 */
#ifndef TIPLINE_PRODUCERS_WEBFORM_FORM_CONF_H
#define TIPLINE_PRODUCERS_WEBFORM_FORM_CONF_H

#include "ops/runtime/conf.h"

extern const struct conf_key *const form_conf_tables[];

/* ERR_CONFIG, with file and line. Reads key files; does not look at the pages. */
int form_conf_check(const struct conf *conf, struct err *err);

#endif
