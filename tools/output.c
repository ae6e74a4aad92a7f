// SPDX-License-Identifier: GPL-2.0
/* What becomes of the standard output. */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
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

	/* an error of poll() says nothing about who reads */
	return !ferror(stdout) && poll(&fd, 1, 0) <= 0;
}

bool output_is_connected(int fd, const char *directory)
{
	struct sockaddr_un peer = { 0 };
	socklen_t size = sizeof(peer) - 1;
	size_t len = strlen(directory);

	return !getpeername(fd, (struct sockaddr *)&peer, &size) &&
	       peer.sun_family == AF_UNIX &&
	       !strncmp(peer.sun_path, directory, len) && peer.sun_path[len] == '/';
}

bool output_is_journal(const struct stat *st, const char *stream)
{
	char text[48];

	snprintf(text, sizeof(text), "%ju:%ju", (uintmax_t)st->st_dev,
		 (uintmax_t)st->st_ino);
	return S_ISSOCK(st->st_mode) && stream && !strcmp(stream, text);
}
