// SPDX-License-Identifier: GPL-2.0
/*
 * Sends packets from a file, in turn and as fast as possible, and prints how many
 * nanoseconds that took: where the clock counts instructions, instructions. All
 * that the kernel does with a packet on one CPU it does before the next one is sent.
 *
 *	blast NETNS DEVICE COUNT FILE	frames, out of a device
 *	blast NETNS - COUNT FILE	what UDP packets carry, to their destinations
 *
 * The file is packets of a 16-bit length in host byte order, and as many bytes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "profile.h"

#define BATCH	64

static struct iovec *packets;
static size_t n_packets;

static void die(const char *what)
{
	fprintf(stderr, "blast: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void load(const char *name)
{
	int fd = open(name, O_RDONLY);
	struct stat st;
	uint16_t len;
	char *bytes;
	off_t at;

	if (fd < 0 || fstat(fd, &st))
		die(name);
	bytes = malloc(st.st_size);
	packets = calloc(st.st_size / sizeof(len), sizeof(*packets));
	if (!bytes || !packets || read(fd, bytes, st.st_size) != st.st_size)
		die(name);
	close(fd);
	for (at = 0; at < st.st_size; at += sizeof(len) + len) {
		memcpy(&len, bytes + at, sizeof(len));
		packets[n_packets].iov_base = bytes + at + sizeof(len);
		packets[n_packets++].iov_len = len;
	}
}

static void enter(const char *netns)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static int open_device(const char *device)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one)))
		die(device);
	return fd;
}

static int open_udp(int family)
{
	int fd = socket(family, SOCK_DGRAM, 0);

	if (fd < 0)
		die("UDP socket");
	return fd;
}

static int version(const struct iovec *packet)
{
	return *(const uint8_t *)packet->iov_base >> 4;
}

union ip_addr {
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The destination of a UDP packet, which is cut down to what it carries */
static socklen_t destination(const struct iovec *packet, union ip_addr *to,
			     struct iovec *data)
{
	size_t head = version(packet) == 4 ? 28 : 48;

	data->iov_base = (char *)packet->iov_base + head;
	data->iov_len = packet->iov_len - head;
	memset(to, 0, sizeof(*to));
	to->v4.sin_port = htons(9);
	if (version(packet) == 4) {
		to->v4.sin_family = AF_INET;
		memcpy(&to->v4.sin_addr, (char *)packet->iov_base + 16, 4);
		return sizeof(to->v4);
	}
	to->v6.sin6_family = AF_INET6;
	memcpy(&to->v6.sin6_addr, (char *)packet->iov_base + 24, 16);
	return sizeof(to->v6);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv)
{
	static union ip_addr to[BATCH];
	static struct mmsghdr batch[BATCH];
	static struct iovec data[BATCH];
	long count, sent, next = 0;
	long long begin;
	int fd, n, i, by_udp;

	if (argc != 5)
		return 2;
	by_udp = !strcmp(argv[2], "-");
	count = atol(argv[3]);
	load(argv[4]);
	if (!n_packets)
		return 2;
	enter(argv[1]);
	fd = !by_udp ? open_device(argv[2]) :
	     open_udp(version(packets) == 4 ? AF_INET : AF_INET6);

	/* Until all are ready, that are to begin together */
	if (getenv("BLAST_WAIT"))
		raise(SIGSTOP);
	begin = now();
	PROFILE_BEGIN();
	for (sent = 0; sent < count; sent += n) {
		for (i = 0; i < BATCH && i < count - sent; i++) {
			struct msghdr *msg = &batch[i].msg_hdr;

			msg->msg_iov = &packets[next];
			msg->msg_iovlen = 1;
			if (by_udp) {
				msg->msg_name = &to[i];
				msg->msg_namelen = destination(&packets[next],
							       &to[i],
							       &data[i]);
				msg->msg_iov = &data[i];
			}
			next++;
			if ((size_t)next == n_packets)
				next = 0;
		}
		n = sendmmsg(fd, batch, i, 0);
		if (n != i)
			die("sendmmsg");
	}
	PROFILE_END();
	printf("%lld\n", now() - begin);
	return 0;
}
