// SPDX-License-Identifier: GPL-2.0
/* What becomes of the standard output. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
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
