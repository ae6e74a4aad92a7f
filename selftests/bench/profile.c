// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's that counts the instructions of each block of translated code
 * while the guest is between two marks (profile.h). At each second mark it writes what
 * it has counted, by the addresses of the blocks.
 */
#include "plugin.h"

static bool on;

static void begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	clear_counts();
	on = true;
}

static void end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	if (on)
		write_counts();
	on = false;
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct count *c = add_count(qemu_plugin_tb_vaddr(tb));
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &c->n, n);
	for (i = 0; i < n; i++)
		find_marks(qemu_plugin_tb_get_insn(tb, i), begin, end);
}
