// SPDX-License-Identifier: GPL-2.0
/*
 * What fails within functions of the kernel, beside what was asked for around them
 * (/proc/thread-self/fail-nth, make-it-fail): no allocation, where they cannot bear it,
 * or the Nth, where it is what is around that cannot. Loaded by selftests/fail.sh.
 *
 *	insmod within.ko func=device_rename,netdev_change_owner
 *	insmod within.ko func=do_one_initcall nth=3
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

#define MOST	4

static char *func[MOST];
static int number;
module_param_array(func, charp, &number, 0);
MODULE_PARM_DESC(func, "the functions");

static unsigned int nth;
module_param(nth, uint, 0644);
MODULE_PARM_DESC(nth, "which allocation fails, or 0");

static unsigned int left;
module_param(left, uint, 0644);
MODULE_PARM_DESC(left, "how many were missing, the last time, for one to fail");

static unsigned int before;
module_param(before, uint, 0444);
MODULE_PARM_DESC(before, "and how many of what was asked for around it");

#ifdef CONFIG_FAULT_INJECTION
struct around {
	unsigned int fail_nth;
	int make_it_fail;
};

static int within_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct around *around = (struct around *)ri->data;

	before = current->fail_nth;
	around->fail_nth = before;
	around->make_it_fail = current->make_it_fail;
	current->fail_nth = nth;
	current->make_it_fail = 0;
	return 0;
}

static int within_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	const struct around *around = (const struct around *)ri->data;

	left = current->fail_nth;
	current->fail_nth = around->fail_nth;
	current->make_it_fail = around->make_it_fail;
	return 0;
}

static struct kretprobe probes[MOST];
static struct kretprobe *all[MOST];

static int __init within_init(void)
{
	int i;

	for (i = 0; i < number; i++) {
		probes[i].kp.symbol_name = func[i];
		probes[i].entry_handler = within_entry;
		probes[i].handler = within_return;
		probes[i].data_size = sizeof(struct around);
		all[i] = &probes[i];
	}
	return register_kretprobes(all, number);
}

static void __exit within_exit(void)
{
	unregister_kretprobes(all, number);
}
#else
static int __init within_init(void)
{
	return -EOPNOTSUPP;	/* nobody can ask for it */
}

static void __exit within_exit(void)
{
}
#endif

module_init(within_init);
module_exit(within_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("What fails within functions, for testing mtun");
