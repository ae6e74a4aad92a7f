/* SPDX-License-Identifier: GPL-2.0 */
/* Defaults and validation of a tunnel's configuration. Pure. */
#ifndef MTUN_CONF_H
#define MTUN_CONF_H

#include "types.h"

#define MT_DESCRIPTION_MAX	255	/* bytes */

#define MT_SAMPLE_MAX		0x40000000u	/* so that twice that is a number */

/**
 * struct mt_conf_change - what a request gives of a configuration
 * @given: BIT_ULL(MTUN_A_TUNNEL_x) for each attribute x that is there; the fields
 *	   of the others are not looked at
 * @local: address in network byte order, not NULL if it was given
 * @remote: address in network byte order, not NULL if it was given
 * @local_len: bytes of @local, any number
 * @remote_len: bytes of @remote, any number
 * @accept: address in network byte order; NULL if none was given: then any
 *	    address will do if there is a length, of 0, and else @remote alone
 * @accept_len: bytes of @accept, any number
 * @accept_bits: length of the prefix, any number; negative if none was given
 * @link: name, not NULL if it was given
 * @iflags: as in struct mt_conf
 * @iflags_mask: which of them are given
 * @oflags: as in struct mt_conf
 * @oflags_mask: which of them are given
 * @ikey: as in struct mt_conf, and so are all that follow
 * @okey: .
 * @fwmark: .
 * @ttl: .
 * @ttl_inherit: .
 * @tos: .
 * @tos_inherit: .
 * @df: .
 * @inner_df: .
 * @frag: .
 * @mss_tx: .
 * @mss_rx: .
 * @mss_insert: .
 * @anycast: .
 * @pmtu: .
 * @sample_rx: .
 * @sample_tx: .
 * @ipsec: .
 * @mode: .
 * @if_id: .
 * @origin: .
 * @description: text, not NULL if it was given
 */
struct mt_conf_change {
	u64 given;
	const void *local;
	const void *remote;
	const char *link;
	u16 local_len;
	u16 remote_len;
	const void *accept;
	u16 accept_len;
	int accept_bits;
	u32 iflags;
	u32 iflags_mask;
	u32 oflags;
	u32 oflags_mask;
	u32 ikey;
	u32 okey;
	u32 fwmark;
	u8 ttl;
	u8 ttl_inherit;
	u8 tos;
	u8 tos_inherit;
	u8 df;
	u8 inner_df;
	u8 frag;
	u16 mss_tx;
	u16 mss_rx;
	u8 mss_insert;
	u8 anycast;
	u8 pmtu;
	u32 sample_rx;
	u32 sample_tx;
	u8 ipsec;
	u8 mode;
	u32 if_id;
	u8 origin;
	const char *description;
};

/**
 * mt_conf_init() - the configuration of a tunnel of which nothing is said
 * @conf: filled in; not valid before it was given two addresses
 */
void mt_conf_init(struct mt_conf *conf);

/*
 * Whether ICMP errors that quote GRE lower the MTU of the path. Those about packets
 * in ESP quote that, and the kernel obeys them by itself: one that quotes a clear
 * packet which was never sent is a lie.
 */
static inline bool mt_conf_learns_pmtu(const struct mt_conf *conf)
{
	return conf->ipsec != MTUN_IPSEC_REQUIRED &&
	       (conf->pmtu == MTUN_PMTU_LEARN ||
		(conf->pmtu == MTUN_PMTU_AUTO && !conf->anycast));
}

/**
 * mt_conf_apply() - change a configuration
 * @conf: valid or fresh from mt_conf_init(); after an error it is neither
 * @change: what to change
 * @attr: after an error, the MTUN_A_TUNNEL_x that is wrong or missing
 *
 * Return: NULL if @conf is valid now, else what is wrong with @attr, as a
 * text that begins with its name.
 */
const char *mt_conf_apply(struct mt_conf *conf,
			  const struct mt_conf_change *change, u16 *attr);

/**
 * mt_conf_received() - what tells the packets that a tunnel receives
 * @conf: a valid configuration
 * @tuple: filled in, unused bytes 0
 */
void mt_conf_received(const struct mt_conf *conf, struct mt_tuple *tuple);

/**
 * mt_conf_sent() - what tells the packets that a tunnel sends
 * @conf: a valid configuration
 * @tuple: filled in, unused bytes 0; several tunnels may have the same
 */
void mt_conf_sent(const struct mt_conf *conf, struct mt_tuple *tuple);

#endif /* MTUN_CONF_H */
