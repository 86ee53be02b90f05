/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/batch/tip_submit.h"

int main(int argc, char **argv)
{
	return program_main(argc, argv, &tip_submit_program);
}
