// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on files that "mtctl samples" and "mtctl detect" read, which anybody may have
 * written. Besides what the sanitizers see, it must hold that a sample has no more bytes
 * than there is room for, and none that the file does not have.
 *
 * Built with tools/pcapng_read.c tools/args.c tools/model.c tools/names.c -lm
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tools/pcapng.h"

#define MAX_LEN	600

static size_t file_size;

static void must(int holds)
{
	if (!holds)
		abort();
}

static void take(const struct sample *s, void *data)
{
	(void)data;
	must(s->data_len <= sizeof(s->data) && s->data_len <= file_size);
	must(s->interval && s->packets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", 0);
	struct error err;
	char name[32];

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	file_size = size;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	pcapng_read(name, take, NULL, &err);
	close(fd);
	return 0;
}
