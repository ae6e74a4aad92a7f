/* SPDX-License-Identifier: GPL-2.0 */
/* The nouns: addresses, the tuple of a tunnel, its configuration. No code. */
#ifndef MTUN_TYPES_H
#define MTUN_TYPES_H

#include "pure.h"

#include <linux/mtun.h>

union mt_addr {
	__be32 v4;
	struct in6_addr v6;
	u64 words[2];
};

/**
 * struct mt_tuple - what tells which tunnel a received packet belongs to
 * @local: outer destination of the packet, in network byte order
 * @remote: outer source of the packet, in network byte order
 * @key: GRE key; 0 if not @keyed
 * @family: AF_INET or AF_INET6
 * @keyed: the GRE header has a key; a key of 0 is not the absence of one
 * @host_bits: how many of the last bits of @remote do not matter, and are 0
 *
 * @mode: what the packet came in, enum mtun_mode. Of MTUN_MODE_IPSEC, @key is the
 *	  if_id of the state that it came by, and there is nothing else
 *
 * It is hashed and compared as memory: every byte that is left unused is 0.
 */
struct mt_tuple {
	union mt_addr local;
	union mt_addr remote;
	__be32 key;
	u8 family;
	u8 keyed;
	u8 host_bits;
	u8 mode;
};

/**
 * struct mt_prefix - addresses that begin alike
 * @addr: the first of them, in network byte order
 * @family: AF_INET or AF_INET6
 * @len: bits that they have in common, 0 to 32 or 128
 */
struct mt_prefix {
	union mt_addr addr;
	u8 family;
	u8 len;
};

/**
 * struct mt_prefixes - some prefixes
 * @v: they, not owned
 * @n: how many
 */
struct mt_prefixes {
	const struct mt_prefix *v;
	unsigned int n;
};

/**
 * struct mt_conf - the parameters of a tunnel, as an operator gives them
 * @local: outer source address
 * @remote: outer destination address
 * @accept: where received packets may come from; of no family if that is
 *	    @remote alone
 * @ikey: key of received packets if @iflags says so, else 0
 * @okey: key of sent packets if @oflags says so, else 0
 * @iflags: optional GRE fields of received packets, MTUN_GRE_FLAG_*
 * @oflags: optional GRE fields of sent packets, MTUN_GRE_FLAG_*
 * @fwmark: mark of outer packets, 0 to keep the mark of the inner one
 * @link: name of the underlay device to send through, empty for any
 * @family: AF_INET or AF_INET6, of both addresses
 * @ttl: of outer packets, 1 to 255, unless @ttl_inherit
 * @ttl_inherit: copy the TTL of the inner packet
 * @tos: DSCP of outer packets as a TOS byte, unless @tos_inherit
 * @tos_inherit: copy the DSCP of the inner packet
 * @df: whether outer packets may be fragmented, enum mtun_df
 * @inner_df: what DF of an inner packet means, enum mtun_inner_df
 * @frag: where packets are fragmented, enum mtun_frag
 * @mss_tx: largest MSS of TCP handshakes sent, MTUN_MSS_OFF or MTUN_MSS_AUTO
 * @mss_rx: the same for those received
 * @mss_insert: add the MSS option where it is missing
 * @anycast: other nodes serve the same tunnel
 * @pmtu: whether ICMP errors lower the path's MTU, enum mtun_pmtu
 * @sample_rx: one of how many packets received is sampled, 0 for none
 * @sample_tx: the same for those sent
 * @ipsec: whether packets may be in clear, enum mtun_ipsec
 * @origin: who made it, enum mtun_origin
 * @mode: what packets are put into, enum mtun_mode
 * @if_id: of policies and states, not 0 in MTUN_MODE_IPSEC and 0 in others
 * @description: what it is for, or NULL; not owned
 *
 * Keys are in host byte order, addresses in network byte order.
 */
struct mt_conf {
	union mt_addr local;
	union mt_addr remote;
	struct mt_prefix accept;
	u32 ikey;
	u32 okey;
	u32 iflags;
	u32 oflags;
	u32 fwmark;
	char link[IFNAMSIZ];
	u8 family;
	u8 ttl;
	bool ttl_inherit;
	u8 tos;
	bool tos_inherit;
	u8 df;
	u8 inner_df;
	u8 frag;
	u16 mss_tx;
	u16 mss_rx;
	bool mss_insert;
	bool anycast;
	u8 pmtu;
	u8 ipsec;
	u32 sample_rx;
	u32 sample_tx;
	u8 origin;
	u8 mode;
	u32 if_id;
	const char *description;
};

#endif /* MTUN_TYPES_H */
