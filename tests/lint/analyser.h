/* SPDX-License-Identifier: Apache-2.0 */
/*
 * analyser: what clang's analyser cannot see, since it looks into one file at a time: that what sets an error returns
 * -1. Without it every function that returns err_set(…) might succeed, and its results be used as they were.
 */
#ifndef TIPLINE_TESTS_LINT_ANALYSER_H
#define TIPLINE_TESTS_LINT_ANALYSER_H

#include "ops/runtime/err.h"
#include "ops/runtime/yaml.h"

#define err_set(...) (err_set(__VA_ARGS__), -1)
#define err_errno(...) (err_errno(__VA_ARGS__), -1)
#define err_prefix(...) (err_prefix(__VA_ARGS__), -1)
#define yaml_error(...) (yaml_error(__VA_ARGS__), -1)

#endif
