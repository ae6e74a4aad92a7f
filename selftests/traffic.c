// SPDX-License-Identifier: GPL-2.0
/* Sends and receives what the shell tests need sent and received.
 *
 *	traffic tcp-send ADDRESS PORT BYTES
 *		connects (again and again, until it is accepted) and sends
 *	traffic tcp-recv ADDRESS PORT BYTES
 *		takes one connection; prints "ready" when it listens and fails
 *		unless all bytes are right
 *	traffic udp-flood ADDRESS PORT SIZE
 *		sends some hundreds a second until it is killed; errors do not
 *		stop it
 *	traffic udp-beat PORT MILLISECONDS ADDRESS...
 *		one datagram to each address again and again until it is killed;
 *		errors do not stop it. It begins with $BEAT_TEXT, if that is set.
 *	traffic udp-gso ADDRESS PORT SIZE COUNT
 *		sends COUNT datagrams of SIZE bytes, as many in one go as the
 *		kernel takes (UDP_SEGMENT, udp(7))
 *	traffic udp-recv PORT SIZE COUNT
 *		waits for them; prints "ready" when it listens and fails unless
 *		all come and all bytes are right
 *	traffic udp-each PORT COUNT FILE
 *		sends COUNT datagrams to each address in the file
 *	traffic udp-count PORT COUNT
 *		waits for datagrams from COUNT different addresses; prints
 *		"ready" when it listens and "N addresses" at the end
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER		65536
#define RETRY_US	20000
#define QUIET_MS	20000
#define BURST		8
#define PAUSE_US	20000
#define BEAT_MAX	16
#define BEAT_SIZE	64
#define MAX_SEGMENTS	64
#define MAX_DATAGRAM	65000

#ifndef UDP_SEGMENT
#define UDP_SEGMENT	103
#endif

static char buffer[BUFFER];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct addrinfo *resolve(const char *addr, const char *port, int type)
{
	struct addrinfo hints = { .ai_socktype = type,
				  .ai_flags = AI_NUMERICHOST };
	struct addrinfo *ai;

	if (getaddrinfo(addr, port, &hints, &ai)) {
		fprintf(stderr, "bad address %s\n", addr);
		exit(2);
	}
	return ai;
}

/* Differs from one segment, packet or page to the next. */
static char pattern(unsigned long long at)
{
	return (at * 7 + at / 251 + (at >> 13)) & 0xff;
}

static int tcp_send(const char *addr, const char *port, const char *count)
{
	struct addrinfo *ai = resolve(addr, port, SOCK_STREAM);
	unsigned long long left = strtoull(count, NULL, 0), at = 0;
	int fd;

	for (;;) {
		fd = socket(ai->ai_family, SOCK_STREAM, 0);
		if (fd < 0)
			die("socket");
		if (!connect(fd, ai->ai_addr, ai->ai_addrlen))
			break;
		if (errno != ECONNREFUSED)
			die("connect");
		close(fd);
		usleep(RETRY_US);
	}

	while (left) {
		size_t len = left < BUFFER ? left : BUFFER, i;
		ssize_t n;

		for (i = 0; i < len; i++)
			buffer[i] = pattern(at + i);
		n = send(fd, buffer, len, MSG_NOSIGNAL);
		if (n <= 0)
			die("send");
		at += n;
		left -= n;
	}
	/* The far end closes when it has read all. */
	shutdown(fd, SHUT_WR);
	return read(fd, buffer, 1) == 0 ? 0 : 1;
}

static int tcp_recv(const char *addr, const char *port, const char *count)
{
	struct addrinfo *ai = resolve(addr, port, SOCK_STREAM);
	unsigned long long want = strtoull(count, NULL, 0), at = 0;
	int fd, conn, one = 1;
	ssize_t n, i;

	fd = socket(ai->ai_family, SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) || listen(fd, 1))
		die("bind");
	puts("ready");
	fflush(stdout);
	conn = accept(fd, NULL, NULL);
	if (conn < 0)
		die("accept");
	while ((n = read(conn, buffer, BUFFER)) > 0) {
		for (i = 0; i < n; i++, at++) {
			if (buffer[i] != pattern(at)) {
				fprintf(stderr, "byte %llu is wrong\n", at);
				return 1;
			}
		}
	}
	if (n < 0)
		die("read");
	if (at != want) {
		fprintf(stderr, "%llu bytes, expected %llu\n", at, want);
		return 1;
	}
	return 0;
}

static int udp_flood(const char *addr, const char *port, const char *size)
{
	struct addrinfo *ai = resolve(addr, port, SOCK_DGRAM);
	int fd = socket(ai->ai_family, SOCK_DGRAM, 0), i;
	size_t len = strtoul(size, NULL, 0);

	if (fd < 0)
		die("socket");
	if (len > BUFFER) {
		fprintf(stderr, "at most %d bytes\n", BUFFER);
		return 2;
	}
	for (;;) {
		/* Without a route there is nothing to do but to go on. */
		for (i = 0; i < BURST; i++)
			sendto(fd, buffer, len, 0, ai->ai_addr, ai->ai_addrlen);
		/* The machine has other things to do, too. */
		usleep(PAUSE_US);
	}
}

static void udp_beat(const char *port, const char *ms, char **addrs)
{
	const char *text = getenv("BEAT_TEXT");
	struct addrinfo *ai[BEAT_MAX];
	int fds[BEAT_MAX], n, i;

	for (n = 0; addrs[n] && n < BEAT_MAX; n++) {
		ai[n] = resolve(addrs[n], port, SOCK_DGRAM);
		fds[n] = socket(ai[n]->ai_family, SOCK_DGRAM, 0);
		if (fds[n] < 0)
			die("socket");
	}
	if (text)
		strncpy(buffer, text, BEAT_SIZE);
	for (;;) {
		for (i = 0; i < n; i++)
			sendto(fds[i], buffer, BEAT_SIZE, 0, ai[i]->ai_addr,
			       ai[i]->ai_addrlen);
		usleep(atoi(ms) * 1000);
	}
}

/* Datagram number n begins with n; what follows differs from one to the next. */
static void fill(char *at, size_t size, unsigned int n)
{
	unsigned int be = htonl(n);
	size_t i;

	for (i = 0; i < size; i++)
		at[i] = pattern((unsigned long long)n * size + i);
	memcpy(at, &be, sizeof(be));
}

static int udp_gso(const char *addr, const char *port, const char *sizes,
		   const char *counts)
{
	struct addrinfo *ai = resolve(addr, port, SOCK_DGRAM);
	int fd = socket(ai->ai_family, SOCK_DGRAM, 0);
	unsigned int count = strtoul(counts, NULL, 0), n = 0, k;
	int size = strtol(sizes, NULL, 0), burst = MAX_DATAGRAM / size;

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		die("UDP_SEGMENT");
	if (connect(fd, ai->ai_addr, ai->ai_addrlen))
		die("connect");
	if (burst > MAX_SEGMENTS)
		burst = MAX_SEGMENTS;
	while (n < count) {
		for (k = 0; k < (unsigned int)burst && n + k < count; k++)
			fill(buffer + k * size, size, n + k);
		if (send(fd, buffer, k * size, 0) != (ssize_t)(k * size))
			die("send");
		n += k;
	}
	return 0;
}

static int udp_recv(const char *port, const char *sizes, const char *counts)
{
	unsigned int want = strtoul(counts, NULL, 0), have = 0, n;
	struct sockaddr_in6 me = { .sin6_family = AF_INET6,
				   .sin6_port = htons(atoi(port)) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), queue = 8 << 20;
	int size = strtol(sizes, NULL, 0);
	char *seen = calloc(1, want + 1), *expect = malloc(size);

	if (fd < 0 || !seen || !expect)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)))
		die("bind");
	puts("ready");
	fflush(stdout);

	while (have < want) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		ssize_t len;

		if (poll(&pfd, 1, QUIET_MS) <= 0)
			break;
		len = recv(fd, buffer, BUFFER, 0);
		memcpy(&n, buffer, sizeof(n));
		n = ntohl(n);
		if (len != size || n >= want || seen[n]) {
			fprintf(stderr, "%zd bytes of datagram %u\n", len, n);
			return 1;
		}
		fill(expect, size, n);
		if (memcmp(expect, buffer, size)) {
			fprintf(stderr, "datagram %u is wrong\n", n);
			return 1;
		}
		seen[n] = 1;
		have++;
	}
	printf("%u datagrams\n", have);
	return have == want ? 0 : 1;
}

static int udp_each(const char *port, const char *count, const char *file)
{
	int fds[2] = { -1, -1 }, n = strtol(count, NULL, 0), i;
	FILE *f = fopen(file, "r");
	char line[128];

	if (!f)
		die(file);
	while (fgets(line, sizeof(line), f)) {
		struct addrinfo *ai;
		int *fd;

		line[strcspn(line, "\n")] = 0;
		ai = resolve(line, port, SOCK_DGRAM);
		fd = &fds[ai->ai_family == AF_INET6];
		if (*fd < 0)
			*fd = socket(ai->ai_family, SOCK_DGRAM, 0);
		for (i = 0; i < n; i++)
			if (sendto(*fd, "x", 1, 0, ai->ai_addr,
				   ai->ai_addrlen) < 0)
				die(line);
		freeaddrinfo(ai);
	}
	return 0;
}

static int udp_count(const char *port, const char *count)
{
	int want = strtol(count, NULL, 0), have = 0, i;
	struct sockaddr_in6 me = { .sin6_family = AF_INET6,
				   .sin6_port = htons(atoi(port)) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), size = 8 << 20;
	struct in6_addr *seen = calloc(want + 1, sizeof(*seen));

	if (fd < 0 || !seen)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&me, sizeof(me)))
		die("bind");
	puts("ready");
	fflush(stdout);

	while (have < want) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };
		struct sockaddr_in6 from;
		socklen_t len = sizeof(from);

		if (poll(&pfd, 1, QUIET_MS) <= 0)
			break;
		if (recvfrom(fd, buffer, BUFFER, 0, (struct sockaddr *)&from,
			     &len) < 0)
			die("recvfrom");
		for (i = 0; i < have; i++)
			if (!memcmp(&seen[i], &from.sin6_addr, sizeof(*seen)))
				break;
		if (i == have)
			seen[have++] = from.sin6_addr;
	}
	printf("%d addresses\n", have);
	return have == want ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (!strcmp(mode, "tcp-send") && argc == 5)
		return tcp_send(argv[2], argv[3], argv[4]);
	if (!strcmp(mode, "tcp-recv") && argc == 5)
		return tcp_recv(argv[2], argv[3], argv[4]);
	if (!strcmp(mode, "udp-flood") && argc == 5)
		return udp_flood(argv[2], argv[3], argv[4]);
	if (!strcmp(mode, "udp-beat") && argc >= 5)
		udp_beat(argv[2], argv[3], argv + 4);
	if (!strcmp(mode, "udp-gso") && argc == 6)
		return udp_gso(argv[2], argv[3], argv[4], argv[5]);
	if (!strcmp(mode, "udp-recv") && argc == 5)
		return udp_recv(argv[2], argv[3], argv[4]);
	if (!strcmp(mode, "udp-each") && argc == 5)
		return udp_each(argv[2], argv[3], argv[4]);
	if (!strcmp(mode, "udp-count") && argc == 4)
		return udp_count(argv[2], argv[3]);
	fprintf(stderr, "see the head of traffic.c for how to use this\n");
	return 2;
}
