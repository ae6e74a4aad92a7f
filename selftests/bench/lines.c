// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin of QEMU's that finds out which instructions of the guest's kernel make CPUs
 * wait for each other: it follows who has each line of memory, as caches do that never
 * run out of room. While two of the guest's programs are between their marks
 * (profile.h), it counts for each instruction how often it wanted a line that another
 * CPU had written or, to write it, that another CPU had. When the first of them has
 * ended it adds a line "window" and lines "ADDRESS TIMES".
 */
#include <pthread.h>
#include <stdlib.h>

#include "plugin.h"

int qemu_plugin_version = 1;

#define LINES	(1u << 20)	/* of the table: a power of 2, far more than are in use */

struct line {
	uint64_t number;
	uint32_t cpus;		/* that have it */
	bool written;		/* by the one that has it */
};

struct place {
	uint64_t address;
	uint64_t times;
	struct place *next;
};

static struct line lines[LINES];
static struct place *places;
static unsigned int running;
static bool on;
static FILE *out;
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
	struct place *p;

	(void)cpu;
	(void)data;
	pthread_mutex_lock(&mutex);
	if (++running == 2) {
		for (p = places; p; p = p->next)
			p->times = 0;
		on = true;
	}
	pthread_mutex_unlock(&mutex);
}

static void end(unsigned int cpu, void *data)
{
	struct place *p;

	(void)cpu;
	(void)data;
	pthread_mutex_lock(&mutex);
	running--;
	if (on) {
		on = false;
		fprintf(out, "window\n");
		for (p = places; p; p = p->next)
			if (p->times)
				fprintf(out, "%llx %llu\n",
					(unsigned long long)p->address,
					(unsigned long long)p->times);
		fflush(out);
	}
	pthread_mutex_unlock(&mutex);
}

static void touch(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
	struct place *p = data;
	uint32_t us = 1u << cpu;
	struct line *line;

	if (!on || !(address >> 63))
		return;
	pthread_mutex_lock(&mutex);
	line = find(address >> 6);
	if (qemu_plugin_mem_is_store(info)) {
		p->times += (line->cpus & ~us) != 0;
		line->cpus = us;
		line->written = true;
	} else if (!(line->cpus & us)) {
		p->times += line->written;
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
		struct place *p = calloc(1, sizeof(*p));

		if (!p)
			abort();
		p->address = qemu_plugin_insn_vaddr(insn);
		pthread_mutex_lock(&mutex);
		p->next = places;
		places = p;
		pthread_mutex_unlock(&mutex);
		qemu_plugin_register_vcpu_mem_cb(insn, touch,
				QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, p);
		find_marks(insn, begin, end);
	}
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
