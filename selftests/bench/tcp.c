// SPDX-License-Identifier: GPL-2.0
/*
 * Send bulk TCP from one network namespace to another and print how long that
 * took, in nanoseconds. Sender and receiver are one process that does the one
 * or the other, whichever can go on, so that nothing but the transfer is
 * measured: no scheduling, no start of programs. Time in which the processor
 * had nothing to do (a timer of TCP) is left out, as the kernel counted it: to
 * leave out the time in poll() would leave out ksoftirqd's work, too, which is
 * up to a tick's worth, or not, from one run to the next. For one processor.
 *
 *	tcp FROM-NETNS TO-NETNS ADDRESS STREAMS MEGABYTES
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "profile.h"

#define PORT	5001
#define CHUNK	65536
#define MAX	64

static char buf[CHUNK];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Nanoseconds in which the first processor had nothing to do. */
static long long idle(void)
{
	static const char * const names[] = {
		" .idle_sleeptime", " .iowait_sleeptime",
	};
	FILE *f = fopen("/proc/timer_list", "r");
	size_t left = sizeof(names) / sizeof(*names);
	long long sum = 0, n;
	char line[256];
	size_t i;

	if (!f)
		die("/proc/timer_list");
	while (left && fgets(line, sizeof(line), f)) {
		for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
			if (!strstr(line, names[i]) ||
			    sscanf(line, "%*[^:]: %lld", &n) != 1)
				continue;
			sum += n;
			left--;
		}
	}
	fclose(f);
	if (left) {
		fputs("/proc/timer_list: no idle time\n", stderr);
		exit(1);
	}
	return sum;
}

static void enter(const char *netns)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(netns);
	close(fd);
}

/* Whether anything was sent or received. */
static int move(struct pollfd *out, struct pollfd *in, long long *left)
{
	int moved = 0;
	ssize_t n;

	if (out->fd >= 0) {
		n = send(out->fd, buf, *left < CHUNK ? *left : CHUNK,
			 MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			die("send");
		if (n > 0) {
			*left -= n;
			moved = 1;
		}
		if (!*left) {
			shutdown(out->fd, SHUT_WR);
			out->fd = -1;
		}
	}
	n = recv(in->fd, buf, CHUNK, MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN)
		die("recv");
	if (!n)
		in->fd = -1;
	return moved || n >= 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(PORT) };
	struct pollfd fds[2 * MAX];
	long long left[MAX], start, unused, end;
	int listener, one = 1, streams, i, open;

	if (argc != 6 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1)
		return 2;
	streams = atoi(argv[4]);
	if (streams < 1 || streams > MAX)
		return 2;

	enter(argv[2]);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (listener < 0 ||
	    bind(listener, (struct sockaddr *)&to, sizeof(to)) ||
	    listen(listener, streams))
		die("listen");
	enter(argv[1]);
	for (i = 0; i < streams; i++) {
		left[i] = atoll(argv[5]) * 1000000 / streams;
		fds[i].fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		fds[i].events = POLLOUT;
		if (fds[i].fd < 0 ||
		    connect(fds[i].fd, (struct sockaddr *)&to, sizeof(to)))
			die("connect");
		fds[streams + i].fd = accept(listener, NULL, NULL);
		fds[streams + i].events = POLLIN;
		if (fds[streams + i].fd < 0)
			die("accept");
	}

	unused = idle();
	start = now();
	PROFILE_BEGIN();
	do {
		int moved = 0;

		for (i = 0, open = 0; i < streams; i++) {
			if (fds[streams + i].fd < 0)
				continue;
			open++;
			moved |= move(&fds[i], &fds[streams + i], &left[i]);
		}
		if (open && !moved)
			poll(fds, 2 * streams, 1000);
	} while (open);
	PROFILE_END();
	end = now();
	printf("%lld\n", end - start - (idle() - unused));
	return 0;
}
