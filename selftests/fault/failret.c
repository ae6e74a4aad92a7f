// SPDX-License-Identifier: GPL-2.0
/*
 * Make a function of the kernel fail for packets of one device, where the
 * kernel has no fault injection of its own (distributions' kernels): the
 * function does its work and its caller is told that it did not. Loaded by
 * selftests/drops.sh and clamp.sh.
 *
 *	insmod failret.ko func=pskb_expand_head dev=mt0 value=-12
 *
 * The function's first argument must be a packet buffer.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

static char *func = "";
module_param(func, charp, 0);
MODULE_PARM_DESC(func, "function whose first argument is a struct sk_buff *");

static char *dev = "";
module_param(dev, charp, 0);
MODULE_PARM_DESC(dev, "only packets of this device (skb->dev)");

static long value;
module_param(value, long, 0);
MODULE_PARM_DESC(value, "what the function returns");

static int failret_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct sk_buff *skb = (void *)regs_get_kernel_argument(regs, 0);

	/* not 0: let it be */
	return !skb->dev || strcmp(skb->dev->name, dev);
}

static int failret_return(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	regs_set_return_value(regs, value);
	return 0;
}

static struct kretprobe failret_probe = {
	.entry_handler = failret_entry,
	.handler = failret_return,
};

static int __init failret_init(void)
{
	failret_probe.kp.symbol_name = func;
	return register_kretprobe(&failret_probe);
}
module_init(failret_init);

static void __exit failret_exit(void)
{
	unregister_kretprobe(&failret_probe);
}
module_exit(failret_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Failing functions for testing mtun");
