// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's that counts the instructions of each block of translated code
 * while the guest is between two marks (profile.h). At each second mark it adds a
 * line "window" and lines "ADDRESS INSTRUCTIONS", in hexadecimal and decimal, to the
 * file that its argument "out" names.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugin.h"

int qemu_plugin_version = 1;

/* One block that was translated; several may be for one address. */
struct count {
	uint64_t address;
	uint64_t n;
	struct count *next;
};

static struct count *counts;
static bool on;
static FILE *out;

static void begin(unsigned int cpu, void *data)
{
	struct count *c;

	(void)cpu;
	(void)data;
	for (c = counts; c; c = c->next)
		c->n = 0;
	on = true;
}

static void end(unsigned int cpu, void *data)
{
	struct count *c;

	(void)cpu;
	(void)data;
	if (!on)
		return;
	on = false;
	fprintf(out, "window\n");
	for (c = counts; c; c = c->next)
		if (c->n)
			fprintf(out, "%llx %llu\n", (unsigned long long)c->address,
				(unsigned long long)c->n);
	fflush(out);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	struct count *c = calloc(1, sizeof(*c));
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	if (!c)
		abort();
	c->address = qemu_plugin_tb_vaddr(tb);
	c->next = counts;
	counts = c;
	qemu_plugin_register_vcpu_tb_exec_inline(tb, QEMU_PLUGIN_INLINE_ADD_U64,
						 &c->n, n);
	for (i = 0; i < n; i++)
		find_marks(qemu_plugin_tb_get_insn(tb, i), begin, end);
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info,
			int argc, char **argv)
{
	(void)info;
	out = open_output(argc, argv);
	if (!out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
