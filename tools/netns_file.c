// SPDX-License-Identifier: GPL-2.0
/* Files of a network namespace: see netns_file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "netns_file.h"

#define DIRECTORY	"/run/mtun"

enum result netns_file_open(const char *command, int *fd, struct error *err)
{
	char path[sizeof(DIRECTORY) + 64];
	struct stat ns;

	*fd = -1;
	if (stat("/proc/self/ns/net", &ns))
		return refuse(err, RES_REFUSED, "/proc/self/ns/net: %s",
			      strerror(errno));
	snprintf(path, sizeof(path), DIRECTORY "/%s-%ju", command,
		 (uintmax_t)ns.st_ino);
	if (!mkdir(DIRECTORY, 0755) || errno == EEXIST)
		*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return RES_OK;
	if (errno != EACCES)
		return refuse(err, RES_REFUSED,
			      "%s, the lock against a second mtctl %s: %s", path,
			      command, strerror(errno));
	fprintf(stderr,
		"mtctl %s: without the lock against a second one, which is root's: %s\n",
		command, path);
	return RES_OK;
}
