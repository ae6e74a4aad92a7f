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

enum result netns_file_open(const char *name, const char *what_for, int *fd,
			    struct error *err)
{
	char path[sizeof(DIRECTORY) + 64];
	struct stat ns;

	*fd = -1;
	if (stat("/proc/self/ns/net", &ns))
		return refuse(err, RES_REFUSED, "/proc/self/ns/net: %s",
			      strerror(errno));
	snprintf(path, sizeof(path), DIRECTORY "/%s-%ju", name,
		 (uintmax_t)ns.st_ino);
	if (!mkdir(DIRECTORY, 0755) || errno == EEXIST)
		*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd >= 0)
		return RES_OK;
	if (errno != EACCES)
		return refuse(err, RES_REFUSED, "%s, %s: %s", path, what_for,
			      strerror(errno));
	fprintf(stderr, "mtctl: without %s, which is root's: %s\n", what_for,
		path);
	return RES_OK;
}
