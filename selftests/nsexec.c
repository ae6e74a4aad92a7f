// SPDX-License-Identifier: GPL-2.0
/*
 * nsexec NETNS COMMAND [ARGUMENT]...: what "ip netns exec" does, but for the mount
 * namespace with another /sys. Nothing is to be linked when it starts: on an emulated CPU
 * that is most of what a command costs, and tests have many.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[PATH_MAX];
	int fd;

	if (argc < 3)
		errx(255, "nsexec NETNS COMMAND [ARGUMENT]...");
	snprintf(path, sizeof(path), "/run/netns/%s", argv[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(255, "%s", path);
	execvp(argv[2], argv + 2);
	err(127, "%s", argv[2]);
}
