/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ctl/ctl_program.h"

int main(int argc, char **argv)
{
	return program_main(argc, argv, &ctl_program);
}
