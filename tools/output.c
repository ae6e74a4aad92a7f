// SPDX-License-Identifier: GPL-2.0
/* What becomes of the standard output. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model.h"
#include "output.h"

void output_wait(int fd, int timeout)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = STDOUT_FILENO },	/* errors are told unasked */
	};

	while (poll(fds, ARRAY_SIZE(fds), timeout) < 0 && errno == EINTR)
		;
}

bool output_is_read(void)
{
	struct pollfd fd = { .fd = STDOUT_FILENO };

	return !ferror(stdout) && !poll(&fd, 1, 0);
}

bool output_is_journal(const struct stat *st, const char *stream)
{
	char text[48];

	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st->st_dev,
		 (uintmax_t)st->st_ino);
	return S_ISSOCK(st->st_mode) && stream && !strcmp(stream, text);
}
