// SPDX-License-Identifier: GPL-2.0
#include "echo.h"
#include "wire.h"

#define IPV4_LEN	20
#define IPV6_LEN	40
#define ICMP_LEN	8
#define ECHO_TTL	64
/*
 * Network control (RFC 4594): where the path is full, it is not the probes that
 * are to be lost.
 */
#define ECHO_DSCP	0xc0

#define PROTO_ICMP	1
#define PROTO_GRE	47
#define PROTO_ICMPV6	58

#define ICMP_REPLY	0
#define ICMP_REQUEST	8
#define ICMPV6_REQUEST	128
#define ICMPV6_REPLY	129

/* ---- checksums (RFC 1071) ---- */

static u32 sum_bytes(u32 sum, const u8 *data, unsigned int len)
{
	for (; len > 1; len -= 2, data += 2)
		sum += mt_get_be16(data);
	return len ? sum + (data[0] << 8) : sum;
}

/* Of few bytes: sum does not overflow. */
static u16 fold(u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static u32 sum_pseudo(const union mt_addr *src, const union mt_addr *dst,
		      unsigned int len, u8 proto)
{
	u32 sum = len + proto;

	sum = sum_bytes(sum, (const u8 *)src, sizeof(src->v6));
	return sum_bytes(sum, (const u8 *)dst, sizeof(dst->v6));
}

/* ICMP has no pseudo header, ICMPv6 has one. */
static u16 icmp_sum(const struct mt_echo *echo, const u8 *icmp,
		    unsigned int len)
{
	u32 sum = echo->family == AF_INET ? 0 :
		  sum_pseudo(&echo->src, &echo->dst, len, PROTO_ICMPV6);

	return fold(sum_bytes(sum, icmp, len));
}

/* ---- IP ---- */

struct packet {
	union mt_addr src;
	union mt_addr dst;
	u8 family;
	u8 proto;
	u8 ttl;			/* to be built: 0 for ECHO_TTL */
	unsigned int at;	/* of what follows */
	unsigned int len;	/* by the header */
};

static unsigned int ip_len(u8 family)
{
	return family == AF_INET ? IPV4_LEN : IPV6_LEN;
}

static void build_ip(u8 *data, const struct packet *p)
{
	memset(data, 0, ip_len(p->family));
	if (p->family == AF_INET) {
		data[0] = 0x45;
		data[1] = ECHO_DSCP;
		mt_put_be16(data + 2, p->len);
		data[6] = 0x40;		/* DF */
		data[8] = p->ttl ?: ECHO_TTL;
		data[9] = p->proto;
		memcpy(data + 12, &p->src.v4, sizeof(p->src.v4));
		memcpy(data + 16, &p->dst.v4, sizeof(p->dst.v4));
		mt_put_be16(data + 10, fold(sum_bytes(0, data, IPV4_LEN)));
	} else {
		data[0] = 0x60 | ECHO_DSCP >> 4;
		data[1] = (ECHO_DSCP & 0xf) << 4;
		mt_put_be16(data + 4, p->len - IPV6_LEN);
		data[6] = p->proto;
		data[7] = p->ttl ?: ECHO_TTL;
		memcpy(data + 8, &p->src.v6, sizeof(p->src.v6));
		memcpy(data + 24, &p->dst.v6, sizeof(p->dst.v6));
	}
}

static bool parse_ipv4(struct packet *p, const u8 *data, unsigned int len)
{
	if (len < IPV4_LEN || data[0] != 0x45 ||
	    mt_get_be16(data + 6) & 0x3fff ||	/* a fragment */
	    fold(sum_bytes(0, data, IPV4_LEN)))
		return false;
	p->family = AF_INET;
	p->len = mt_get_be16(data + 2);
	p->ttl = data[8];
	p->proto = data[9];
	memcpy(&p->src.v4, data + 12, sizeof(p->src.v4));
	memcpy(&p->dst.v4, data + 16, sizeof(p->dst.v4));
	return true;
}

static bool parse_ipv6(struct packet *p, const u8 *data, unsigned int len)
{
	if (len < IPV6_LEN)
		return false;
	p->family = AF_INET6;
	p->len = IPV6_LEN + mt_get_be16(data + 4);
	p->proto = data[6];
	p->ttl = data[7];
	memcpy(&p->src.v6, data + 8, sizeof(p->src.v6));
	memcpy(&p->dst.v6, data + 24, sizeof(p->dst.v6));
	return true;
}

/* Bytes behind the length that the header tells are nobody's. */
static bool parse_ip(struct packet *p, const u8 *data, unsigned int len)
{
	bool is_ip;

	memset(p, 0, sizeof(*p));
	is_ip = len && data[0] >> 4 == 6 ? parse_ipv6(p, data, len) :
					   parse_ipv4(p, data, len);
	if (!is_ip)
		return false;
	p->at = ip_len(p->family);
	return p->len >= p->at && p->len <= len;
}

/* ---- the cookie ---- */

static void write_cookie(u8 *data, const struct mt_cookie *cookie)
{
	mt_put_be16(data, cookie->id);
	mt_put_be16(data + 2, cookie->seq);
	memcpy(data + 4, &cookie->secret, sizeof(cookie->secret));
}

void mt_cookie_read(struct mt_cookie *cookie, const u8 *data)
{
	cookie->id = mt_get_be16(data);
	cookie->seq = mt_get_be16(data + 2);
	memcpy(&cookie->secret, data + 4, sizeof(cookie->secret));
}

/* ---- ICMP and ICMPv6 echoes ---- */

/* The cookie begins with the identifier and the sequence number. */
#define COOKIE_OFFSET	4
#define ECHO_LEN	(COOKIE_OFFSET + MT_COOKIE_LEN)

static u8 echo_type(u8 family, bool request)
{
	if (family == AF_INET)
		return request ? ICMP_REQUEST : ICMP_REPLY;
	return request ? ICMPV6_REQUEST : ICMPV6_REPLY;
}

unsigned int mt_echo_build(u8 *data, const struct mt_echo *echo)
{
	struct packet p = {
		.src = echo->src,
		.dst = echo->dst,
		.family = echo->family,
		.proto = echo->family == AF_INET ? PROTO_ICMP : PROTO_ICMPV6,
		.ttl = echo->ttl,
		.len = ip_len(echo->family) + ECHO_LEN,
	};
	u8 *icmp = data + ip_len(echo->family);

	build_ip(data, &p);
	memset(icmp, 0, COOKIE_OFFSET);
	icmp[0] = echo_type(echo->family, echo->request);
	write_cookie(icmp + COOKIE_OFFSET, &echo->cookie);
	mt_put_be16(icmp + 2, icmp_sum(echo, icmp, ECHO_LEN));
	return p.len;
}

bool mt_echo_parse(struct mt_echo *echo, const u8 *data, unsigned int len)
{
	struct packet p;
	const u8 *icmp;

	if (!parse_ip(&p, data, len) || p.len != p.at + ECHO_LEN ||
	    p.proto != (p.family == AF_INET ? PROTO_ICMP : PROTO_ICMPV6))
		return false;
	icmp = data + p.at;
	memset(echo, 0, sizeof(*echo));
	echo->src = p.src;
	echo->dst = p.dst;
	echo->family = p.family;
	echo->ttl = p.ttl;
	echo->request = icmp[0] == echo_type(p.family, true);
	if (icmp[0] != echo_type(p.family, echo->request) || icmp[1])
		return false;
	mt_cookie_read(&echo->cookie, icmp + COOKIE_OFFSET);
	return echo->ttl && !icmp_sum(echo, icmp, ECHO_LEN);
}

/* ---- GRE keepalives ---- */

unsigned int mt_keepalive_build(u8 *data, const struct mt_keepalive *k,
				const struct mt_cookie *cookie)
{
	unsigned int gre_len = mt_gre_len(k->flags);
	struct packet p = {
		.src = k->src,
		.dst = k->dst,
		.family = k->family,
		.proto = PROTO_GRE,
		.len = ip_len(k->family) + gre_len + MT_COOKIE_LEN,
	};
	u8 *gre = data + ip_len(k->family);

	build_ip(data, &p);
	mt_gre_build(gre, k->flags, k->key);
	write_cookie(gre + gre_len, cookie);
	if (k->flags & MTUN_GRE_FLAG_CSUM)
		mt_put_be16(gre + MT_GRE_CSUM_OFFSET,
			    fold(sum_bytes(0, gre, gre_len + MT_COOKIE_LEN)));
	return p.len;
}

bool mt_keepalive_parse(struct mt_keepalive *k, const u8 *data,
			unsigned int len)
{
	struct mt_gre gre;
	struct packet p;

	if (!parse_ip(&p, data, len) || p.proto != PROTO_GRE ||
	    p.len > MT_KEEPALIVE_LEN_MAX ||
	    p.len < p.at + MT_GRE_LEN_MIN ||
	    !mt_gre_parse(&gre, data + p.at, p.len - p.at) ||
	    gre.fault || gre.proto)
		return false;
	memset(k, 0, sizeof(*k));
	k->src = p.src;
	k->dst = p.dst;
	k->family = p.family;
	k->flags = gre.flags;
	k->key = be32_to_cpu(gre.key);
	k->sum_ok = !(gre.flags & MTUN_GRE_FLAG_CSUM) ||
		    !fold(sum_bytes(0, data + p.at, p.len - p.at));
	k->payload = p.at + gre.len;
	k->len = p.len;
	return true;
}

bool mt_is_private(__be32 addr)
{
	u32 a = be32_to_cpu(addr);

	return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 ||
	       a >> 22 == 0x191;	/* 100.64.0.0/10 */
}
