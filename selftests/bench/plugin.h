/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What profile.c and lines.c share. Debian has no header for plugins of QEMU's: this is
 * version 1 of the interface, of which QEMU says that it stays. Each of the two is one
 * file and includes this once.
 */
#ifndef BENCH_PLUGIN_H
#define BENCH_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile.h"

int qemu_plugin_version = 1;

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

/* How often something was at an address of the guest's code; several may be for one. */
struct count {
	uint64_t address;
	uint64_t n;
	struct count *next;
};

static struct count *counts;
static FILE *out;

static inline struct count *add_count(uint64_t address)
{
	struct count *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->address = address;
	c->next = counts;
	counts = c;
	return c;
}

static inline void clear_counts(void)
{
	struct count *c;

	for (c = counts; c; c = c->next)
		c->n = 0;
}

/* A line "window" and lines "ADDRESS TIMES", in hexadecimal and decimal */
static inline void write_counts(void)
{
	struct count *c;

	fprintf(out, "window\n");
	for (c = counts; c; c = c->next)
		if (c->n)
			fprintf(out, "%llx %llu\n", (unsigned long long)c->address,
				(unsigned long long)c->n);
	fflush(out);
}

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

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);

/* The argument "out" names the file that the counts go to. */
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info,
			int argc, char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4))
		return 1;
	out = fopen(argv[0] + 4, "w");
	if (!out)
		return 1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}

#endif /* BENCH_PLUGIN_H */
