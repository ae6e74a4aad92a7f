/* SPDX-License-Identifier: GPL-2.0 */
/* The bytes of probes and of GRE keepalives. Pure. */
#ifndef MTUN_ECHO_H
#define MTUN_ECHO_H

#include "types.h"

/*
 * Whatever goes out to prove that it comes back: an ICMP or ICMPv6 echo, or a
 * GRE keepalive, in an IPv4 or IPv6 packet without options.
 */
#define MT_ECHO_LEN_MAX		80	/* IPv6, GRE with its options, cookie */
#define MT_COOKIE_LEN		12

/**
 * struct mt_cookie - what only the sender of a probe knows
 * @id: of the sender
 * @seq: of the probe
 * @secret: of the probe
 */
struct mt_cookie {
	u16 id;
	u16 seq;
	u64 secret;
};

/**
 * struct mt_echo - an ICMP or ICMPv6 echo
 * @src: in network byte order
 * @dst: in network byte order
 * @family: AF_INET or AF_INET6
 * @request: and not a reply
 * @ttl: or hop limit; 0 for one to begin with, which mt_echo_parse() does not yield
 * @cookie: its identifier, its sequence number and what is behind
 */
struct mt_echo {
	union mt_addr src;
	union mt_addr dst;
	u8 family;
	bool request;
	u8 ttl;
	struct mt_cookie cookie;
};

/**
 * mt_echo_build() - write one
 * @packet: room for MT_ECHO_LEN_MAX bytes
 * @echo: what it is to be
 *
 * Return: bytes written.
 */
unsigned int mt_echo_build(u8 *packet, const struct mt_echo *echo);

/**
 * mt_echo_parse() - read one
 * @echo: filled in when true is returned
 * @packet: from its IP header on
 * @len: bytes of it, any number
 *
 * Return: false if it is none, or one that mt_echo_build() would not make.
 */
bool mt_echo_parse(struct mt_echo *echo, const u8 *packet, unsigned int len);

/**
 * struct mt_keepalive - what the far end is to send back, GRE in IP
 * @src: in network byte order
 * @dst: in network byte order
 * @family: AF_INET or AF_INET6
 * @flags: optional fields of the GRE header, MTUN_GRE_FLAG_*
 * @key: the key, in host byte order; 0 if there is none
 * @sum_ok: the GRE checksum is right, or there is none
 * @payload: offset of what is behind the GRE header
 * @len: bytes of the packet
 */
struct mt_keepalive {
	union mt_addr src;
	union mt_addr dst;
	u8 family;
	u32 flags;
	u32 key;
	bool sum_ok;
	u16 payload;
	u16 len;
};

/**
 * mt_keepalive_build() - write one, with a cookie as its payload
 * @packet: room for MT_ECHO_LEN_MAX bytes
 * @keepalive: its @src, @dst, @family, @flags without a sequence number, and @key
 * @cookie: the cookie
 *
 * Return: bytes written.
 */
unsigned int mt_keepalive_build(u8 *packet,
				const struct mt_keepalive *keepalive,
				const struct mt_cookie *cookie);

/* A keepalive of any vendor, with whatever payload, is no longer. */
#define MT_KEEPALIVE_LEN_MAX	256

/**
 * mt_keepalive_parse() - read one, of whatever vendor
 * @keepalive: filled in when true is returned
 * @packet: from its IP header on
 * @len: bytes of it, any number
 *
 * Return: false if it is none: no GRE packet of protocol 0, or a fragment, or
 * too long.
 */
bool mt_keepalive_parse(struct mt_keepalive *keepalive, const u8 *packet,
			unsigned int len);

/* MT_COOKIE_LEN bytes */
void mt_cookie_read(struct mt_cookie *cookie, const u8 *data);

static inline bool mt_cookie_equal(const struct mt_cookie *a,
				   const struct mt_cookie *b)
{
	return a->id == b->id && a->seq == b->seq && a->secret == b->secret;
}

/* What no router forwards to somebody else: RFC 1918, RFC 6598 */
bool mt_is_private(__be32 addr);

#endif /* MTUN_ECHO_H */
