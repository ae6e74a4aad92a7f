// SPDX-License-Identifier: GPL-2.0
/* The first bytes of an IP packet: what they say. Hostile bytes do no harm. */
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>

#include "args.h"
#include "packet.h"

#define IPV4_LEN	20
#define IPV6_LEN	40
#define OFFSET4		0x1fff
#define MORE4		0x2000
#define OFFSET6		0xfff8
#define MORE6		0x0001

static uint16_t get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static void set_addr(struct addr *addr, int family, const uint8_t *bytes)
{
	addr->family = family;
	addr->len = family == AF_INET ? 4 : 16;
	memcpy(addr->bytes, bytes, addr->len);
}

/* The header of the protocol, which begins the rest of the packet. */
static void parse_upper(struct packet *p, const uint8_t *data, size_t len)
{
	p->known = true;
	if (p->later)
		return;
	switch (p->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
	case IPPROTO_UDPLITE:
	case IPPROTO_DCCP:
		p->has_ports = len >= 4;
		if (!p->has_ports)
			break;
		p->sport = get16(data);
		p->dport = get16(data + 2);
		if (p->protocol == IPPROTO_TCP && len >= 14)
			p->tcp_flags = data[13];
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		p->has_type = len >= 2;
		if (!p->has_type)
			break;
		p->icmp_type = data[0];
		p->icmp_code = data[1];
		break;
	}
}

static void parse_v4(struct packet *p, const uint8_t *data, size_t len)
{
	size_t header = (data[0] & 0x0f) * 4;
	uint16_t frag;

	if (len < IPV4_LEN || header < IPV4_LEN)
		return;
	p->version = 4;
	p->protocol = data[9];
	frag = get16(data + 6);
	p->fragment = frag & (OFFSET4 | MORE4);
	p->later = frag & OFFSET4;
	set_addr(&p->src, AF_INET, data + 12);
	set_addr(&p->dst, AF_INET, data + 16);
	if (header > len)
		header = len;
	parse_upper(p, data + header, len - header);
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING ||
	       next == IPPROTO_FRAGMENT || next == IPPROTO_AH ||
	       next == IPPROTO_DSTOPTS || next == IPPROTO_MH ||
	       next == 139 || next == 140;
}

static void parse_v6(struct packet *p, const uint8_t *data, size_t len)
{
	size_t at = IPV6_LEN;

	if (len < IPV6_LEN)
		return;
	p->version = 6;
	p->protocol = data[6];
	set_addr(&p->src, AF_INET6, data + 8);
	set_addr(&p->dst, AF_INET6, data + 24);
	while (is_extension(p->protocol) && !p->later) {
		const uint8_t *header = data + at;

		if (at + 8 > len)
			return;
		if (p->protocol == IPPROTO_FRAGMENT) {
			uint16_t frag = get16(header + 2);

			p->fragment |= !!(frag & (OFFSET6 | MORE6));
			p->later = frag & OFFSET6;
			at += 8;
		} else {
			at += 8 + header[1] *
				  (p->protocol == IPPROTO_AH ? 4 : 8);
		}
		p->protocol = header[0];
		if (at > len)
			return;
	}
	parse_upper(p, data + at, len - at);
}

struct packet packet_parse(const uint8_t *data, size_t len)
{
	struct packet p = { 0 };

	if (len && data[0] >> 4 == 4)
		parse_v4(&p, data, len);
	else if (len && data[0] >> 4 == 6)
		parse_v6(&p, data, len);
	return p;
}

struct text packet_protocol(const struct packet *p)
{
	static const struct {
		uint8_t number;
		const char *name;
	} names[] = {
		{ IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" },
		{ IPPROTO_ICMP, "icmp" }, { IPPROTO_ICMPV6, "icmpv6" },
		{ IPPROTO_GRE, "gre" }, { IPPROTO_ESP, "esp" },
		{ IPPROTO_SCTP, "sctp" },
	};
	struct text t;

	if (!p->version || !p->known)
		return word_text(p->version ? "?" : "no-ip");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].number == p->protocol)
			return word_text(names[i].name);
	snprintf(t.s, sizeof(t.s), "proto-%u", p->protocol);
	return t;
}

struct text packet_flags(const struct packet *p)
{
	static const char letters[] = "FSRPAUEC";
	struct text t;
	char *to = t.s;

	for (size_t i = 0; letters[i]; i++)
		if (p->tcp_flags & 1u << i)
			*to++ = letters[i];
	if (to == t.s)
		*to++ = '.';
	*to = '\0';
	return t;
}

struct text endpoint_text(const struct addr *addr, int port)
{
	struct text a = addr_text(addr), t;

	if (port < 0)
		return a;
	snprintf(t.s, sizeof(t.s), addr->family == AF_INET6 ? "[%.100s]:%d" :
							      "%.100s:%d",
		 a.s, port);
	return t;
}
