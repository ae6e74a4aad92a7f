/* SPDX-License-Identifier: GPL-2.0 */
/* For mtun_kunit.c in user space */
#define MODULE_DESCRIPTION(text)
#define MODULE_LICENSE(text)
