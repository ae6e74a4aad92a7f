// SPDX-License-Identifier: GPL-2.0
/*
 * libFuzzer on kmod/echo.c. An input is a packet from its IP header on. Besides
 * what the sanitizers see, it must hold that what is read as an echo is what
 * building it again yields, but for what a path changes, and that a keepalive
 * lies within its packet.
 * Built with kmod/wire.c
 */
#include "echo.c"

#include <stdlib.h>

#define MAX_LEN		300

static void must(int holds)
{
	if (!holds)
		abort();
}

static void check_echo(const u8 *packet, unsigned int len)
{
	u8 built[MT_ECHO_LEN_MAX];
	struct mt_echo echo, again;
	unsigned int n;

	if (!mt_echo_parse(&echo, packet, len))
		return;
	n = mt_echo_build(built, &echo);
	must(n <= len && mt_echo_parse(&again, built, n));
	must(!memcmp(&echo, &again, sizeof(echo)));
	must(!memcmp(built + n - ECHO_LEN, packet + n - ECHO_LEN, 2));
	must(!memcmp(built + n - MT_COOKIE_LEN, packet + n - MT_COOKIE_LEN,
		     MT_COOKIE_LEN));
}

static void check_keepalive(const u8 *packet, unsigned int len)
{
	struct mt_keepalive keepalive;

	if (!mt_keepalive_parse(&keepalive, packet, len))
		return;
	must(keepalive.len <= len && keepalive.len <= MT_KEEPALIVE_LEN_MAX);
	must(keepalive.payload <= keepalive.len);
	must(keepalive.flags & MTUN_GRE_FLAG_KEY || !keepalive.key);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	u8 *packet = malloc(size ?: 1);

	must(!!packet);
	memcpy(packet, data, size);
	check_echo(packet, size);
	check_keepalive(packet, size);
	free(packet);
	return 0;
}
