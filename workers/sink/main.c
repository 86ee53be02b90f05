/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/sink/sink.h"

int main(int argc, char **argv)
{
	return stage_main(argc, argv, &sink_stage);
}
