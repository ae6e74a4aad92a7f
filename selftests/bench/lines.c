// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's that finds out which instructions of the guest's kernel make CPUs
 * wait for each other: it follows who has each line of memory, as caches do that never
 * run out of room. While two of the guest's programs are between their marks
 * (profile.h), it counts for each instruction how often it wanted a line that another
 * CPU had written or, to write it, that another CPU had. It writes that when the first
 * of them has ended.
 */
#include <pthread.h>

#include "plugin.h"

#define LINES	(1u << 20)	/* of the table: a power of 2, far more than are in use */

struct line {
	uint64_t number;
	uint32_t cpus;		/* that have it */
	bool written;		/* by the one that has it */
};

static struct line lines[LINES];
static unsigned int running;
static bool on;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static struct line *find(uint64_t number)
{
	size_t i = (number * 0x9e3779b97f4a7c15ull) >> 44;

	while (lines[i].number && lines[i].number != number)
		i = (i + 1) % LINES;
	lines[i].number = number;
	return &lines[i];
}

static void begin(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	pthread_mutex_lock(&mutex);
	if (++running == 2) {
		clear_counts();
		on = true;
	}
	pthread_mutex_unlock(&mutex);
}

static void end(unsigned int cpu, void *data)
{
	(void)cpu;
	(void)data;
	pthread_mutex_lock(&mutex);
	running--;
	if (on)
		write_counts();
	on = false;
	pthread_mutex_unlock(&mutex);
}

static void touch(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
	struct count *c = data;
	uint32_t us = 1u << cpu;
	struct line *line;

	if (!on || !(address >> 63))
		return;
	pthread_mutex_lock(&mutex);
	line = find(address >> 6);
	if (qemu_plugin_mem_is_store(info)) {
		c->n += (line->cpus & ~us) != 0;
		line->cpus = us;
		line->written = true;
	} else if (!(line->cpus & us)) {
		c->n += line->written;
		line->written = false;
		line->cpus |= us;
	}
	pthread_mutex_unlock(&mutex);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct count *c;

		pthread_mutex_lock(&mutex);
		c = add_count(qemu_plugin_insn_vaddr(insn));
		pthread_mutex_unlock(&mutex);
		qemu_plugin_register_vcpu_mem_cb(insn, touch,
				QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, c);
		find_marks(insn, begin, end);
	}
}
