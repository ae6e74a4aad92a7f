/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What profile.c and lines.c share. Debian has no header for plugins of QEMU's: this is
 * version 1 of the interface, of which QEMU says that it stays.
 */
#ifndef BENCH_PLUGIN_H
#define BENCH_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "profile.h"

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_MEM_RW = 3 };
enum { QEMU_PLUGIN_INLINE_ADD_U64 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
		void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *tb,
		int op, void *ptr, uint64_t imm);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
		void (*cb)(unsigned int cpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn,
		void (*cb)(unsigned int cpu, uint32_t info, uint64_t address,
			   void *data),
		int flags, int rw, void *data);
bool qemu_plugin_mem_is_store(uint32_t info);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t n);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

/* Have the marks in the guest's programs call us. */
static inline void find_marks(struct qemu_plugin_insn *insn,
			      void (*begin)(unsigned int cpu, void *data),
			      void (*end)(unsigned int cpu, void *data))
{
	const void *data = qemu_plugin_insn_data(insn);
	size_t size = qemu_plugin_insn_size(insn);

	if (size == sizeof(profile_begin) && !memcmp(data, profile_begin, size))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, begin,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
	if (size == sizeof(profile_end) && !memcmp(data, profile_end, size))
		qemu_plugin_register_vcpu_insn_exec_cb(insn, end,
				QEMU_PLUGIN_CB_NO_REGS, NULL);
}

static inline FILE *open_output(int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return NULL;
	return fopen(argv[0] + 4, "w");
}

#endif /* BENCH_PLUGIN_H */
