/* SPDX-License-Identifier: Apache-2.0 */
#include "producers/webform/webform.h"

int main(int argc, char **argv)
{
	return program_main(argc, argv, &webform_program);
}
