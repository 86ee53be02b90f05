/* SPDX-License-Identifier: Apache-2.0 */
#include "workers/classify/classify.h"

int main(int argc, char **argv)
{
	return stage_main(argc, argv, &classify_stage);
}
