// SPDX-License-Identifier: GPL-2.0
/* window COMMAND...: runs it between the marks that profile.c looks for. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "profile.h"

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	(void)argc;
	PROFILE_BEGIN();
	pid = fork();
	if (!pid) {
		execvp(argv[1], argv + 1);
		perror(argv[1]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("window");
		return 1;
	}
	PROFILE_END();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
