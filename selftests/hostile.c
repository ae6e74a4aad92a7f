// SPDX-License-Identifier: GPL-2.0
/* Makes packets that somebody may want to break a tunnel with, and gives them to
 * the kernel through a tap device. Used by hostile.sh, where the tunnels are.
 *
 *	hostile DEVICE outer|clear|guarded|esp|inner|offload|small SEED FIRST COUNT [ONLY]
 *
 * Packet N of a SEED is always the same: it begins as one that is valid, of any
 * kind that a tunnel carries or refuses, and then some of its bytes change.
 *	outer	encapsulated, for the tunnels' receivers
 *	clear	the same, for those that take nothing in clear
 *	guarded	the same for them, in ESP in transport mode
 *	esp	in ESP in tunnel mode, on its own and in UDP, for those of mode ipsec
 *	inner	to be encapsulated by them
 *	offload	both, as segmentation offload packets of a virtual machine
 *	small	the same, each in one piece of memory
 * The cipher of what is in ESP is none, so that its bytes may change as well.
 * Prints "sent N refused N": those that the device did not take count as refused.
 * With ONLY, that packet alone is sent, and printed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/udp.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define ETH_LEN		14
#define PACKET_MAX	4096
#define OFFLOAD_MAX	65000
#define PROTO_TCP	6
#define PROTO_UDP	17
#define PROTO_IPV6	41
#define PROTO_ROUTING	43
#define PROTO_FRAGMENT	44
#define PROTO_GRE	47
#define PROTO_ESP	50
#define PROTO_ICMPV6	58
#define PROTO_NONE	59
#define PROTO_DSTOPTS	60
#define GRE_CSUM	0x8000
#define GRE_KEY		0x2000
#define GRE_SEQ		0x1000

#define NATT_PORT	4500

/* Of hostile.sh: tunnel N of a family is that from host 16 + N. */
static const struct {
	uint16_t flags;
	uint32_t key;
} tunnels[] = {
	{ 0, 0 }, { GRE_KEY, 7 }, { GRE_CSUM, 0 }, { GRE_SEQ, 0 },
	{ GRE_CSUM | GRE_KEY | GRE_SEQ, 0xfffffffe }, { 0, 0 }, { 0, 0 },
	/* mode ipsec, and "ipsec required"; before them those in clear */
	{ 0, 0 }, { GRE_KEY, 8 },
};

#define N_TUNNELS	(sizeof(tunnels) / sizeof(tunnels[0]))
#define N_CLEAR		7
#define TUNNEL_ESP	7
#define TUNNEL_GUARDED	8
#define TUNNEL_NATT	9	/* of IPv4, like TUNNEL_ESP */

/* Of the state that packets of tunnel N come by; to others it takes two changes. */
#define SPI(six, n)	(((six) ? 0x1600 : 0x1400) + (n) +	\
			 ((n) == TUNNEL_GUARDED ? 0x3c3c0000 : 0))

enum kind { OUTER, CLEAR, GUARDED, ESP, INNER, OFFLOAD, SMALL, N_KINDS };

static const char *const kinds[] = {
	"outer", "clear", "guarded", "esp", "inner", "offload", "small",
};

struct packet {
	uint8_t data[OFFLOAD_MAX + 512];
	unsigned int len;
	/* where things are */
	unsigned int ip[4];
	unsigned int n_ip;
	unsigned int gre;
	bool has_gre;
	unsigned int udp;
	unsigned int tail;	/* bytes that ESP has behind its payload */
	unsigned int split;	/* of IPv4, where the second fragment begins */
	unsigned int transport;
	uint8_t transport_proto;
};

static uint64_t state;

/* A fragment of IPv6 is no packet yet, and is not to be counted as one. */
static bool outer_fragments;

static uint64_t random64(void)
{
	/* splitmix64 */
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static unsigned int below(unsigned int n)
{
	return random64() % n;
}

static bool one_in(unsigned int n)
{
	return !below(n);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* ---- bytes ---- */

static void put(struct packet *p, const void *data, unsigned int len)
{
	memcpy(p->data + p->len, data, len);
	p->len += len;
}

static void put8(struct packet *p, uint8_t value)
{
	put(p, &value, 1);
}

static void put16(struct packet *p, uint16_t value)
{
	value = htons(value);
	put(p, &value, 2);
}

static void put32(struct packet *p, uint32_t value)
{
	value = htonl(value);
	put(p, &value, 4);
}

static void set16(struct packet *p, unsigned int at, uint16_t value)
{
	value = htons(value);
	memcpy(p->data + at, &value, 2);
}

static void put_random(struct packet *p, unsigned int len)
{
	while (len--)
		put8(p, random64());
}

static uint32_t sum(const uint8_t *data, unsigned int len, uint32_t total)
{
	unsigned int i;

	for (i = 0; i < len; i++)
		total += i & 1 ? data[i] : data[i] << 8;
	return total;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return ~total;
}

/* ---- packets ---- */

static void put_address(struct packet *p, bool six, unsigned int net,
			unsigned int host)
{
	if (six) {
		put32(p, 0x20010db8);
		put32(p, net);
		put32(p, 0);
		put32(p, host);
	} else if (net) {
		put32(p, 10u << 24 | net << 16 | host);
	} else {
		put32(p, 192u << 24 | 2 << 8 | host);
	}
}

/* Net 0 is the underlay, 192.0.2.0/24 and 2001:db8::/64; N is 10.N.0.0/16 and
 * 2001:db8:0:N::/64. The length and the checksum come by finish().
 */
static void put_ip(struct packet *p, bool six, unsigned int proto,
		   unsigned int src_net, unsigned int src,
		   unsigned int dst_net, unsigned int dst)
{
	static const uint8_t kinds[] = { PROTO_DSTOPTS, PROTO_ROUTING, 0,
					 PROTO_FRAGMENT };
	static const uint8_t more[] = { PROTO_DSTOPTS, PROTO_ROUTING,
					PROTO_FRAGMENT };
	unsigned int n_kinds = p->n_ip || outer_fragments ? 4 : 3;
	unsigned int options = !six && one_in(8) ? below(11) * 4 : 0;
	unsigned int headers = six && one_in(6) ? 1 + below(3) : 0;
	unsigned int tos = one_in(4) ? below(256) : 0;
	unsigned int ttl = one_in(16) ? below(3) : 64;
	unsigned int frag = one_in(12) ? below(65536) : below(2) << 14;
	uint8_t next, len;

	if (p->n_ip < 4)
		p->ip[p->n_ip++] = p->len;
	if (!six) {
		put8(p, 0x45 + options / 4);
		put8(p, tos);
		put16(p, 0);
		put16(p, random64());
		put16(p, frag);
		put8(p, ttl);
		put8(p, proto);
		put16(p, 0);
		put_address(p, six, src_net, src);
		put_address(p, six, dst_net, dst);
		if (options && one_in(2)) {	/* a list of them, or rubbish */
			memset(p->data + p->len, 1, options);
			p->len += options;
		} else {
			put_random(p, options);
		}
		return;
	}

	put32(p, 6 << 28 | tos << 20 | below(1 << 20));
	put16(p, 0);
	next = headers ? kinds[below(n_kinds)] : proto;
	put8(p, next);
	put8(p, ttl);
	put_address(p, six, src_net, src);
	put_address(p, six, dst_net, dst);
	while (headers--) {
		uint8_t this = next;

		/* hostile.sh looks at the first that says it is a fragment's. */
		if (this == PROTO_FRAGMENT)
			n_kinds = 3;
		next = headers ? more[below(n_kinds - 1)] : proto;
		put8(p, next);
		if (this == PROTO_FRAGMENT) {
			put8(p, 0);
			put16(p, one_in(2) ? 0 : random64());
			put32(p, random64());
			continue;
		}
		len = one_in(4) ? below(4) : 0;
		put8(p, len);
		if (this == PROTO_ROUTING || one_in(4)) {
			put_random(p, 6 + 8 * len);
		} else {	/* PadN */
			put8(p, 1);
			put8(p, 4 + 8 * len);
			memset(p->data + p->len, 0, 4 + 8 * len);
			p->len += 4 + 8 * len;
		}
	}
}

static void put_tcp(struct packet *p, unsigned int payload)
{
	static const uint8_t lists[][40] = {
		{ 2, 4, 0x05, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10 },
		{ 2, 4, 0xff, 0xff }, { 2, 4, 0, 0 }, { 1, 1, 2, 4, 0x23, 0 },
		{ 3, 3, 7, 2, 4, 0x05, 0xb4, 0 }, { 19, 18, 1, 2 },
		{ 29, 16, 0, 0 }, { 2, 3, 5 }, { 2, 40 }, { 2, 0 }, { 2 }, { 0 },
	};
	unsigned int options = one_in(4) ? below(11) * 4 : 12;
	unsigned int i = below(sizeof(lists) / sizeof(lists[0]));

	put16(p, 1024 + below(60000));
	put16(p, 443);
	put32(p, random64());
	put32(p, random64());
	put8(p, (5 + options / 4) << 4);
	put8(p, one_in(2) ? 2 : one_in(2) ? 0x12 : below(256));
	put16(p, 65535);
	put32(p, 0);
	if (one_in(8))
		put_random(p, options);
	else
		put(p, lists[i], options);
	put_random(p, payload);
}

static void put_transport(struct packet *p, bool six, unsigned int proto,
			  unsigned int payload)
{
	p->transport = p->len;
	p->transport_proto = proto;
	switch (proto) {
	case PROTO_TCP:
		put_tcp(p, payload);
		break;
	case PROTO_UDP:
		put16(p, 1024 + below(60000));
		put16(p, 53);
		put16(p, 8 + payload);
		put16(p, 0);
		put_random(p, payload);
		break;
	case 1:
	case PROTO_ICMPV6:
		put8(p, one_in(2) ? (six ? 128 : 8) : below(256));
		put8(p, one_in(4) ? below(16) : 0);
		put16(p, 0);
		put32(p, below(65536));
		put_random(p, payload);
		break;
	default:
		put_random(p, payload);
	}
}

static void put_inner(struct packet *p, unsigned int depth, unsigned int payload,
		      bool received);

static void put_gre(struct packet *p, uint16_t flags, uint32_t key,
		    unsigned int depth, unsigned int payload)
{
	static const uint16_t protos[] = { 0, 4, 0x6558, 0x880b, 0x800, 0x86dd };
	unsigned int at = p->len;
	uint16_t proto;

	put16(p, flags);
	put16(p, 0);
	if (flags & GRE_CSUM)
		put32(p, 0);
	if (flags & GRE_KEY)
		put32(p, key);
	if (flags & GRE_SEQ)
		put32(p, random64());
	if (!depth) {	/* of the outermost */
		p->gre = at;
		p->has_gre = true;
	}
	if (one_in(16)) {
		set16(p, at + 2, protos[below(6)]);
		put_random(p, below(64));
		return;
	}
	proto = p->len;
	put_inner(p, depth + 1, payload, true);
	set16(p, at + 2, p->data[proto] >> 4 == 6 ? 0x86dd : 0x800);
}

/* What is in a tunnel. Nested ones are for our own tunnels now and then. */
static void put_inner(struct packet *p, unsigned int depth, unsigned int payload,
		      bool received)
{
	static const uint8_t protos[] = { PROTO_TCP, PROTO_TCP, PROTO_TCP,
		PROTO_UDP, 1, PROTO_ICMPV6, PROTO_GRE, PROTO_ESP, PROTO_IPV6 };
	unsigned int proto = protos[below(sizeof(protos))];
	unsigned int tunnel = below(N_TUNNELS);
	bool six = one_in(2), ours = one_in(4);

	if (proto == PROTO_GRE && depth < 6) {
		/* A keepalive is one of these: to the far end, from here. */
		if (one_in(3))
			put_ip(p, six, proto, 0, 1, 0, 16 + tunnel);
		else
			put_ip(p, six, proto, ours ? 0 : 8, 16 + tunnel,
			       ours ? 0 : 9, ours ? 1 : 2);
		put_gre(p, tunnels[tunnel].flags, tunnels[tunnel].key, depth + 1,
			payload);
		return;
	}
	if (received)
		put_ip(p, six, proto, 8, 2 + below(250), ours ? 8 : 9, ours ? 1 : 2);
	else
		put_ip(p, six, proto, 9, 2, 8, tunnel << 8 | 1);
	put_transport(p, six, proto, payload);
}

static void put_tunnel(struct packet *p, unsigned int tunnel,
		       unsigned int payload)
{
	unsigned int flags = tunnels[tunnel].flags;

	if (one_in(16))
		flags ^= 1 << below(16);
	put_gre(p, flags, tunnels[tunnel].key, 0, payload);
}

static void put_outer(struct packet *p, unsigned int tunnel, unsigned int payload)
{
	put_ip(p, one_in(2), PROTO_GRE, 0, 16 + tunnel, 0, 1);
	put_tunnel(p, tunnel, payload);
}

/* ---- ESP ---- */

static void put_esp_head(struct packet *p, uint32_t spi)
{
	put32(p, one_in(16) ? random64() : spi);
	put32(p, random64());
}

static void put_esp_tail(struct packet *p, uint8_t next)
{
	/* None that xfrm would look for another state for. */
	static const uint8_t others[] = { 0, 1, 4, PROTO_TCP, PROTO_UDP, PROTO_IPV6,
		PROTO_ROUTING, PROTO_FRAGMENT, PROTO_GRE, PROTO_ICMPV6, PROTO_NONE,
		PROTO_DSTOPTS, 255 };
	unsigned int pad = below(one_in(4) ? 256 : 16);
	unsigned int i;

	for (i = 1; i <= pad; i++)
		put8(p, i);
	put8(p, one_in(12) ? random64() : pad);
	put8(p, one_in(12) ? others[below(sizeof(others))] : next);
	p->tail = pad + 2;
}

static void put_guarded(struct packet *p, unsigned int payload)
{
	bool six = one_in(2);

	put_ip(p, six, PROTO_ESP, 0, 16 + TUNNEL_GUARDED, 0, 1);
	put_esp_head(p, SPI(six, TUNNEL_GUARDED));
	put_tunnel(p, TUNNEL_GUARDED, payload);
	put_esp_tail(p, PROTO_GRE);
}

static void put_esp(struct packet *p, unsigned int payload)
{
	bool six = one_in(2), udp = !six && one_in(2);
	unsigned int tunnel = udp ? TUNNEL_NATT : TUNNEL_ESP;
	unsigned int inner;

	put_ip(p, six, udp ? PROTO_UDP : PROTO_ESP, 0, 16 + tunnel, 0, 1);
	if (udp) {
		p->udp = p->len;
		put16(p, one_in(8) ? below(65536) : NATT_PORT);
		put16(p, NATT_PORT);
		put32(p, 0);
	}
	/* A state that knows of UDP takes nothing else, and the others no UDP. */
	if (!six && one_in(12))
		tunnel ^= TUNNEL_NATT ^ TUNNEL_ESP;
	put_esp_head(p, SPI(six, tunnel));
	inner = p->len;
	put_inner(p, 1, payload, true);
	put_esp_tail(p, p->data[inner] >> 4 == 6 ? PROTO_IPV6 : 4);
}

/* ---- what belongs to a tunnel ---- */

/* An error about a packet that the tunnel has sent */
static void put_error(struct packet *p, unsigned int payload)
{
	static const uint8_t types[] = { 3, 3, 11, 12 };
	unsigned int tunnel = below(N_CLEAR);
	bool six = one_in(2);

	put_ip(p, six, six ? PROTO_ICMPV6 : 1, 0, 99, 0, 1);
	p->transport = p->len;
	p->transport_proto = six ? PROTO_ICMPV6 : 1;
	put8(p, six ? 1 + below(4) : types[below(4)]);
	put8(p, six ? 0 : 4);
	put16(p, 0);
	put32(p, one_in(4) ? random64() : 1280 + below(220));
	put_ip(p, six, PROTO_GRE, 0, 1, 0, 16 + tunnel);
	put_gre(p, tunnels[tunnel].flags, tunnels[tunnel].key, 1, payload);
}

/* Lengths and checksums, from the inside to the outside; some stay wrong. */
static void finish(struct packet *p, unsigned int wrong)
{
	unsigned int end = p->len > p->tail ? p->len - p->tail : 0;
	unsigned int i, at, len, head;

	if (p->transport && p->transport + 20 <= end && !one_in(wrong)) {
		at = p->transport;
		i = p->transport_proto == PROTO_TCP ? 16 :
		    p->transport_proto == PROTO_UDP ? 6 : 2;
		if (p->transport_proto != PROTO_ESP && p->n_ip) {
			uint8_t *ip = p->data + p->ip[p->n_ip - 1];
			bool six = *ip >> 4 == 6;
			uint32_t total = p->transport_proto + end - at;

			/* ICMP has no pseudo header. */
			total = p->transport_proto == 1 ? 0 :
				sum(ip + (six ? 8 : 12), six ? 32 : 8, total);
			set16(p, at + i, 0);
			set16(p, at + i, fold(sum(p->data + at, end - at, total)));
		}
	}
	for (i = p->n_ip; i--; ) {
		at = p->ip[i];
		len = i ? end : p->len;
		if (at + 40 > len || one_in(wrong))
			continue;
		len -= at;
		if (p->data[at] >> 4 == 6) {
			set16(p, at + 4, len - 40);
			continue;
		}
		head = (p->data[at] & 15) * 4;
		set16(p, at + 2, len);
		set16(p, at + 10, 0);
		if (at + head <= p->len)
			set16(p, at + 10, fold(sum(p->data + at, head, 0)));
	}
	/* The outer checksum of IPv4 covers its header only: GRE's may follow. */
	at = p->gre;
	if (p->has_gre && at + 8 <= end && p->data[at] & 0x80 && !one_in(wrong)) {
		set16(p, at + 4, 0);
		set16(p, at + 4, fold(sum(p->data + at, end - at, 0)));
	}
	at = p->udp;
	if (at && at + 8 <= p->len && !one_in(wrong))
		set16(p, at + 4, p->len - at);
}

static void mutate(struct packet *p)
{
	static const uint16_t values[] = { 0, 1, 4, 5, 8, 19, 20, 40, 60, 127, 128,
		255, 256, 1280, 1500, 0x7fff, 0x8000, 0xfff8, 0xffff };
	unsigned int reach = p->len < 160 ? p->len : 160;
	unsigned int at = reach ? below(reach) : 0, len;

	if (p->len < 4)
		return;
	switch (below(8)) {
	case 0:
		p->data[at] ^= 1 << below(8);
		break;
	case 1:
		p->data[at] = random64();
		break;
	case 2:
	case 3:
		if (at + 2 <= p->len)
			set16(p, at, values[below(sizeof(values) / 2)]);
		break;
	case 4:		/* cut */
		p->len = one_in(2) ? at + 1 : 1 + below(p->len);
		break;
	case 5:		/* longer than it says */
		put_random(p, below(64));
		break;
	case 6:		/* without some bytes */
		len = 1 + below(16);
		if (at + len < p->len) {
			memmove(p->data + at, p->data + at + len, p->len - at - len);
			p->len -= len;
		}
		break;
	case 7:		/* with some twice */
		len = 1 + below(40);
		if (at + len < p->len && p->len + len < sizeof(p->data)) {
			memmove(p->data + at + len, p->data + at, p->len - at);
			p->len += len;
		}
		break;
	}
}

/* Only what is IPv4 still, and has nothing to say about fragments itself */
static void choose_split(struct packet *p)
{
	unsigned int head = (p->data[0] & 15) * 4;

	if (p->data[0] >> 4 != 4 || head < 20 || p->len < head + 24 ||
	    p->data[6] & 0x3f || p->data[7])
		return;
	p->split = head + 8 + below((p->len - head - 8) / 8) * 8;
}

static void make_packet(struct packet *p, enum kind what, bool outer)
{
	bool offload = what == OFFLOAD || what == SMALL;
	unsigned int payload = one_in(4) ? below(1200) : below(64);
	unsigned int n = one_in(4) ? 0 : 1 + below(3);
	bool last = one_in(4);

	memset(&p->len, 0, sizeof(*p) - offsetof(struct packet, len));
	if (what == SMALL)	/* than a page, with all that is around it */
		payload = below(2500);
	else if (offload)
		payload = below(one_in(4) ? OFFLOAD_MAX - 2000 : 8000);
	if (!outer)
		put_inner(p, 0, payload, false);
	else if (what == CLEAR)
		put_outer(p, TUNNEL_GUARDED, payload);
	else if (what == GUARDED)
		put_guarded(p, payload);
	else if (what == ESP)
		put_esp(p, payload);
	else if (one_in(10))
		put_error(p, payload % 64);
	else
		put_outer(p, below(N_CLEAR), payload);

	/* What has to be fragmented is more than one packet: not here. */
	if (!outer && !offload && p->len > 1300)
		p->len = 1300;

	/* The bytes that change are covered by checksums, as a rule. */
	if (last)
		finish(p, 8);
	while (n--)
		mutate(p);
	if (!last)
		finish(p, 16);
	if ((what == GUARDED || what == ESP) && one_in(8))
		choose_split(p);
}

/* For a tunnel that hostile.sh counts packets behind: 10.8.N.0/24 and so on */
static bool is_for_counted(const struct packet *p)
{
	unsigned int six = p->len && p->data[0] >> 4 == 6;
	unsigned int at = six ? 37 : 18;

	return at < p->len && p->data[at] < N_TUNNELS && 0x125 >> p->data[at] & 1;
}

static void make_offload(struct virtio_net_hdr *head, const struct packet *p)
{
	static const uint8_t types[] = {
		VIRTIO_NET_HDR_GSO_NONE, VIRTIO_NET_HDR_GSO_TCPV4,
		VIRTIO_NET_HDR_GSO_TCPV6, VIRTIO_NET_HDR_GSO_UDP, 5,
	};
	unsigned int len = ETH_LEN + p->len;

	memset(head, 0, sizeof(*head));
	head->hdr_len = one_in(2) ? below(len) : ETH_LEN + p->transport + 20;
	head->gso_type = types[below(sizeof(types))];
	/* No device takes this whole: the stack would make fragments of it. */
	if (head->gso_type == VIRTIO_NET_HDR_GSO_UDP && is_for_counted(p))
		head->gso_type = VIRTIO_NET_HDR_GSO_NONE;
	if (one_in(4))
		head->gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	head->gso_size = one_in(4) ? random64() : 1 + below(1400);
	if (one_in(8))
		return;
	head->flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	head->csum_start = one_in(8) ? below(len) : ETH_LEN + p->transport;
	head->csum_offset = one_in(8) ? below(64) :
			    p->transport_proto == PROTO_UDP ? 6 : 16;
}

/* ---- the device ---- */

static int open_tap(const char *name)
{
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	struct ifreq request = {
		.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR,
	};

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &request))
		die(name);
	if (ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 |
		  TUN_F_TSO_ECN))
		die("TUNSETOFFLOAD");
	return fd;
}

/* ESP in UDP is for a socket to take, as an IKE daemon has one. */
static void open_natt(void)
{
	struct sockaddr_in here = {
		.sin_family = AF_INET,
		.sin_port = htons(NATT_PORT),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), type = UDP_ENCAP_ESPINUDP;

	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) ||
	    setsockopt(fd, IPPROTO_UDP, UDP_ENCAP, &type, sizeof(type)))
		die("UDP_ENCAP");
}

static bool give(int fd, struct virtio_net_hdr *head, const uint8_t *data,
		 unsigned int len)
{
	uint8_t ether[ETH_LEN] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2 };
	struct iovec iov[3] = {
		{ head, sizeof(*head) }, { ether, ETH_LEN }, { (void *)data, len },
	};
	static uint8_t sink[1 << 17];
	bool taken;

	ether[12] = len && data[0] >> 4 == 6 ? 0x86 : 0x08;
	ether[13] = len && data[0] >> 4 == 6 ? 0xdd : 0x00;
	taken = writev(fd, iov, 3) >= 0;
	while (read(fd, sink, sizeof(sink)) > 0)
		;
	return taken;
}

/* The header is that of both, but for where they belong. */
static bool give_fragments(int fd, struct virtio_net_hdr *head,
			   const struct packet *p)
{
	unsigned int len = (p->data[0] & 15) * 4;
	static struct packet part;
	unsigned int i, from, to;
	bool taken = true;

	head->hdr_len = 0;
	for (i = 0; i < 2; i++) {
		from = i ? p->split : len;
		to = i ? p->len : p->split;
		part.len = 0;
		put(&part, p->data, len);
		put(&part, p->data + from, to - from);
		set16(&part, 2, part.len);
		set16(&part, 6, i ? (from - len) / 8 : 0x2000);
		set16(&part, 10, 0);
		set16(&part, 10, fold(sum(part.data, len, 0)));
		taken &= give(fd, head, part.data, part.len);
	}
	return taken;
}

static void print_packet(const struct virtio_net_hdr *head, const struct packet *p)
{
	unsigned int i;

	printf("flags %u gso %u size %u hdr_len %u csum %u+%u len %u split %u\n",
	       head->flags, head->gso_type, head->gso_size, head->hdr_len,
	       head->csum_start, head->csum_offset, p->len, p->split);
	for (i = 0; i < p->len && i < 400; i++)
		printf("%02x%s", p->data[i], i % 16 == 15 ? "\n" : " ");
	printf("\n");
}

int main(int argc, char **argv)
{
	uint64_t seed, first, count, i, sent = 0, refused = 0;
	static struct packet p;
	struct virtio_net_hdr head;
	unsigned int what = 0;
	bool outer;
	int fd;

	if (argc == 6 || argc == 7)
		while (what < N_KINDS && strcmp(argv[2], kinds[what]))
			what++;
	else
		what = N_KINDS;
	if (what == N_KINDS) {
		fprintf(stderr, "see the head of hostile.c\n");
		return 2;
	}
	seed = strtoull(argv[3], NULL, 0);
	first = strtoull(argv[4], NULL, 0);
	count = strtoull(argv[5], NULL, 0);
	if (argc == 7) {
		first = strtoull(argv[6], NULL, 0);
		count = 1;
	}
	/* A device called l... is where the packets to be sent come from. */
	outer = what >= OFFLOAD ? *argv[1] == 'u' : what != INNER;
	outer_fragments = what != OUTER && what != CLEAR;
	fd = open_tap(argv[1]);
	if (what == ESP)
		open_natt();

	for (i = first; i < first + count; i++) {
		state = seed * 0x2545f4914f6cdd1dull ^ i << 20;
		make_packet(&p, what, outer);
		memset(&head, 0, sizeof(head));
		if (what >= OFFLOAD)
			make_offload(&head, &p);
		else if (one_in(2))	/* how much of it is in one piece */
			head.hdr_len = ETH_LEN + below(p.len + 1);
		if (argc == 7)
			print_packet(&head, &p);
		if (p.split ? give_fragments(fd, &head, &p) :
			      give(fd, &head, p.data, p.len))
			sent++;
		else
			refused++;
	}
	printf("sent %llu refused %llu\n", (unsigned long long)sent,
	       (unsigned long long)refused);
	return 0;
}
