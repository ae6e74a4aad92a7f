// SPDX-License-Identifier: GPL-2.0
/*
 * What fails within functions of the kernel, beside what was asked for around them
 * (/proc/thread-self/fail-nth, make-it-fail): the Nth allocation, or those that failslab
 * chooses, where it is what is around that cannot bear it; or none, where they cannot.
 * Loaded by selftests/fail.sh and torture.sh.
 *
 *	insmod within.ko func=do_one_initcall nth=3
 *	insmod within.ko func=netlink_rcv_skb chosen=1 spare=device_rename
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/sched.h>

#define MOST	4

static char *func[MOST];
static int funcs;
module_param_array(func, charp, &funcs, 0);
MODULE_PARM_DESC(func, "functions where something fails");

static char *spare[MOST];
static int spares;
module_param_array(spare, charp, &spares, 0);
MODULE_PARM_DESC(spare, "functions where nothing does");

static unsigned int nth;
module_param(nth, uint, 0644);
MODULE_PARM_DESC(nth, "which allocation fails, or 0");

static int chosen;
module_param(chosen, int, 0644);
MODULE_PARM_DESC(chosen, "1: those that failslab chooses, with its task-filter");

static unsigned int left;
module_param(left, uint, 0644);
MODULE_PARM_DESC(left, "how many were missing, the last time, for the Nth to fail");

static unsigned int before;
module_param(before, uint, 0444);
MODULE_PARM_DESC(before, "and how many of what was asked for around it");

#ifdef CONFIG_FAULT_INJECTION
struct around {
	unsigned int fail_nth;
	int make_it_fail;
};

static void begin(struct kretprobe_instance *ri, unsigned int fail_nth,
		  int make_it_fail)
{
	struct around *around = (struct around *)ri->data;

	around->fail_nth = current->fail_nth;
	around->make_it_fail = current->make_it_fail;
	current->fail_nth = fail_nth;
	current->make_it_fail = make_it_fail;
}

static void end(struct kretprobe_instance *ri)
{
	const struct around *around = (const struct around *)ri->data;

	current->fail_nth = around->fail_nth;
	current->make_it_fail = around->make_it_fail;
}

static int func_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	before = current->fail_nth;
	begin(ri, nth, chosen);
	return 0;
}

static int func_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	left = current->fail_nth;
	end(ri);
	return 0;
}

static int spare_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	begin(ri, 0, 0);
	return 0;
}

static int spare_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	end(ri);
	return 0;
}

static struct kretprobe probes[2 * MOST];
static struct kretprobe *all[2 * MOST];
static int number;

static void add(const char *name, kretprobe_handler_t entry,
		kretprobe_handler_t handler)
{
	struct kretprobe *probe = &probes[number];

	probe->kp.symbol_name = name;
	probe->entry_handler = entry;
	probe->handler = handler;
	probe->data_size = sizeof(struct around);
	all[number++] = probe;
}

static int __init within_init(void)
{
	int i;

	for (i = 0; i < funcs; i++)
		add(func[i], func_entry, func_return);
	for (i = 0; i < spares; i++)
		add(spare[i], spare_entry, spare_return);
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
