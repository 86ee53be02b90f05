/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/dedupe/dedupe.h"

int main(int argc, char **argv)
{
	return stage_main(argc, argv, &dedupe_stage);
}
