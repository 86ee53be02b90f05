/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/gateway/gateway.h"

int main(int argc, char **argv)
{
	return program_main(argc, argv, &gateway_program);
}
