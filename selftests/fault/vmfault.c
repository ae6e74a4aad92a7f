// SPDX-License-Identifier: GPL-2.0
/*
 * A module that misbehaves on request, to see that the test machine notices.
 * It is built and loaded by selftests/vm/selftest.sh and reports.sh, and by
 * nothing else.
 */
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/timer.h>

static char *how = "";
module_param(how, charp, 0);
MODULE_PARM_DESC(how, "one of the names below");

/* ---- what any kernel says ---- */

static void vmfault_warn(void)
{
	WARN_ON(1);
}

static void vmfault_oops(void)
{
	WRITE_ONCE(*(int *)8, 1);
}

static void vmfault_hang(void)
{
	preempt_disable();
	local_irq_disable();
	for (;;)
		cpu_relax();
}

/* ---- what a debug kernel says ---- */

static void vmfault_freed(void)
{
	char *p = kmalloc(40, GFP_KERNEL);

	if (!p)
		return;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[8], 1);
}

static void vmfault_beyond(void)
{
	char *p = kmalloc(40, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(p);
	if (p)
		WRITE_ONCE(p[40], 1);
	kfree(p);
}

static void vmfault_leak(void)
{
	int *p, i;

	/* a pointer to the last one may be left in some register */
	for (i = 0; i < 10; i++) {
		p = kzalloc(96, GFP_KERNEL);
		if (p)
			WRITE_ONCE(*p, i);
	}
}

static void vmfault_sleep(void)
{
	rcu_read_lock();
	might_sleep();
	rcu_read_unlock();
}

static DEFINE_MUTEX(vmfault_one);
static DEFINE_MUTEX(vmfault_two);

static void vmfault_locks(void)
{
	mutex_lock(&vmfault_one);
	mutex_lock(&vmfault_two);
	mutex_unlock(&vmfault_two);
	mutex_unlock(&vmfault_one);
	mutex_lock(&vmfault_two);
	mutex_lock(&vmfault_one);
	mutex_unlock(&vmfault_one);
	mutex_unlock(&vmfault_two);
}

static int __rcu *vmfault_pointer;

static void vmfault_rcu(void)
{
	if (rcu_dereference(vmfault_pointer))
		pr_info("not NULL\n");
}

static void vmfault_shift(void)
{
	int n = 33;

	OPTIMIZER_HIDE_VAR(n);
	pr_info("%d\n", 1 << n);
}

static void vmfault_expired(struct timer_list *timer)
{
}

static void vmfault_object(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, vmfault_expired, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
}

static void vmfault_refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static int vmfault_raced;

static int vmfault_racer(void *unused)
{
	while (!kthread_should_stop()) {
		vmfault_raced++;
		cond_resched();
	}
	return 0;
}

static void vmfault_race(void)
{
	struct task_struct *racer[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(racer); i++)
		racer[i] = kthread_run(vmfault_racer, NULL, "vmfault/%d", i);
	msleep(5 * MSEC_PER_SEC);
	for (i = 0; i < ARRAY_SIZE(racer); i++)
		if (!IS_ERR(racer[i]))
			kthread_stop(racer[i]);
}

static const struct {
	const char *name;
	void (*how)(void);
} vmfaults[] = {
	{ "warn", vmfault_warn },
	{ "oops", vmfault_oops },
	{ "hang", vmfault_hang },
	{ "freed", vmfault_freed },
	{ "beyond", vmfault_beyond },
	{ "leak", vmfault_leak },
	{ "sleep", vmfault_sleep },
	{ "locks", vmfault_locks },
	{ "rcu", vmfault_rcu },
	{ "shift", vmfault_shift },
	{ "object", vmfault_object },
	{ "refcount", vmfault_refcount },
	{ "race", vmfault_race },
};

static int __init vmfault_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(vmfaults); i++) {
		if (sysfs_streq(how, vmfaults[i].name)) {
			vmfaults[i].how();
			return 0;
		}
	}
	return -EINVAL;
}
module_init(vmfault_init);

static void __exit vmfault_exit(void)
{
}
module_exit(vmfault_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Faults for testing the test machine");
