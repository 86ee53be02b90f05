/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/route/route.h"

int main(int argc, char **argv)
{
	return stage_main(argc, argv, &route_stage);
}
