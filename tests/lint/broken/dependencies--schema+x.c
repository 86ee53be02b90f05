/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/stage/stage.h"
