// SPDX-License-Identifier: GPL-2.0
/*
 * Hold the RTNL for a while, as thousands of interfaces that are configured do.
 * Loaded by selftests/bench/health.sh and health.sh; insmod returns when it is over.
 *
 *	insmod rtnl.ko ms=3000
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rtnetlink.h>

static unsigned int ms;
module_param(ms, uint, 0);
MODULE_PARM_DESC(ms, "for how long");

static int __init rtnl_init(void)
{
	rtnl_lock();
	msleep(ms);
	rtnl_unlock();
	return 0;
}
module_init(rtnl_init);

static void __exit rtnl_exit(void)
{
}
module_exit(rtnl_exit);

MODULE_DESCRIPTION("Hold the RTNL");
MODULE_LICENSE("GPL");
