// SPDX-License-Identifier: GPL-2.0
/*
 * Make one call of a function of the kernel fail, where the kernel has no fault
 * injection of its own for it: per-CPU memory, registrations. The function is not
 * entered; its caller gets the value. Loaded by selftests/errors.sh.
 *
 *	insmod failnth.ko func=__alloc_percpu_gfp from=mtun nth=2 value=0
 *
 * The parameter "calls" tells how often that module has called it.
 */
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/string.h>

static char *func = "";
module_param(func, charp, 0);
MODULE_PARM_DESC(func, "function to fail");

static char *from = "";
module_param(from, charp, 0);
MODULE_PARM_DESC(from, "only if this module calls it");

static unsigned int nth = 1;
module_param(nth, uint, 0);
MODULE_PARM_DESC(nth, "which of its calls fails, 0 for all of them");

static long value;
module_param(value, long, 0);
MODULE_PARM_DESC(value, "what that call returns");

static atomic_t calls = ATOMIC_INIT(0);

static int calls_get(char *buffer, const struct kernel_param *param)
{
	return sysfs_emit(buffer, "%d\n", atomic_read(&calls));
}

static const struct kernel_param_ops calls_ops = {
	.get = calls_get,
};
module_param_cb(calls, &calls_ops, NULL, 0444);
MODULE_PARM_DESC(calls, "how many calls there have been");

/* Where a call goes in place of the function: back to its caller */
static noinline notrace void failnth_return(void)
{
	barrier();
}

/* At the entry of a function, where it returns to is on top of the stack. */
static bool ours(const struct pt_regs *regs)
{
	char symbol[KSYM_SYMBOL_LEN], *module;

	sprint_symbol(symbol, *(unsigned long *)regs->sp);
	module = strchr(symbol, '[');
	return module && !strncmp(module + 1, from, strlen(from)) &&
	       module[1 + strlen(from)] == ']';
}

static int failnth_handler(struct kprobe *p, struct pt_regs *regs)
{
	unsigned int number;

	if (!ours(regs))
		return 0;
	number = atomic_inc_return(&calls);
	if (nth && number != nth)
		return 0;
	regs_set_return_value(regs, value);
	instruction_pointer_set(regs, (unsigned long)failnth_return);
	return 1;
}

/* With one, the probe is not made a jump, which goes on in the function anyway. */
static void failnth_after(struct kprobe *p, struct pt_regs *regs,
			  unsigned long flags)
{
}

static struct kprobe failnth_probe = {
	.pre_handler = failnth_handler,
	.post_handler = failnth_after,
};

static int __init failnth_init(void)
{
	failnth_probe.symbol_name = func;
	return register_kprobe(&failnth_probe);
}
module_init(failnth_init);

static void __exit failnth_exit(void)
{
	unregister_kprobe(&failnth_probe);
}
module_exit(failnth_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Failing calls for testing mtun");
