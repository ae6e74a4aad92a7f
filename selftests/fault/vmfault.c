// SPDX-License-Identifier: GPL-2.0
/*
 * A module that misbehaves on request, to see that the test machine notices.
 * It is built and loaded by selftests/vm/selftest.sh and by nothing else.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/module.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "warn, oops or hang");

static int __init vmfault_init(void)
{
	WARN_ON(sysfs_streq(how, "warn"));

	if (sysfs_streq(how, "oops"))
		WRITE_ONCE(*(int *)8, 1);

	if (sysfs_streq(how, "hang")) {
		preempt_disable();
		local_irq_disable();
		for (;;)
			cpu_relax();
	}

	return 0;
}
module_init(vmfault_init);

static void __exit vmfault_exit(void)
{
}
module_exit(vmfault_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Faults for testing the test machine");
