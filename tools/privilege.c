// SPDX-License-Identifier: GPL-2.0
/* What mtctl may do, and whose files it believes: see privilege.h. */
#include <assert.h>
#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "privilege.h"

/*
 * Root without the last two could not write its samples into the directory of the user
 * who called it by sudo, nor read a configuration there.
 */
#define KEPT	(CAP_TO_MASK(CAP_NET_ADMIN) | CAP_TO_MASK(CAP_DAC_OVERRIDE) | \
		 CAP_TO_MASK(CAP_DAC_READ_SEARCH))

static_assert(CAP_NET_ADMIN < 32 && CAP_DAC_OVERRIDE < 32 &&
	      CAP_DAC_READ_SEARCH < 32, "KEPT is of the first word");

enum result drop_privileges(struct error *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, caps))
		return refuse(err, RES_REFUSED, "capabilities: %s", strerror(errno));
	caps[0].effective &= KEPT;
	caps[0].permitted &= KEPT;
	caps[0].inheritable = 0;
	memset(&caps[1], 0, sizeof(caps[1]));
	if (syscall(SYS_capset, &head, caps) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return refuse(err, RES_REFUSED, "giving up capabilities: %s",
			      strerror(errno));
	return RES_OK;
}

FILE *open_orders(const char *name, struct error *err)
{
	struct stat st;
	FILE *file;

	if (!strcmp(name, "-"))
		return stdin;
	file = fopen(name, "re");
	if (!file || fstat(fileno(file), &st)) {
		refuse(err, RES_REFUSED, "%s: %s", name, strerror(errno));
	} else if (!S_ISCHR(st.st_mode) && (st.st_mode & 0002)) {
		refuse(err, RES_REFUSED,
		       "%s: anybody may write to it: see what is in it, then \"chmod o-w\"",
		       name);
	} else {
		return file;
	}
	if (file)
		fclose(file);
	return NULL;
}
