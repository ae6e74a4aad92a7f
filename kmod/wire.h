/* SPDX-License-Identifier: GPL-2.0 */
/* The GRE header, from and to bytes (RFC 2784, RFC 2890). Pure. */
#ifndef MTUN_WIRE_H
#define MTUN_WIRE_H

#include "types.h"

#define MT_GRE_LEN_MIN	4	/* flags, version, protocol */
#define MT_GRE_LEN_MAX	16	/* with checksum, key and sequence number */

/**
 * struct mt_gre - a parsed GRE header
 * @proto: EtherType of the payload, in network byte order
 * @key: the key; 0 if not @keyed
 * @len: bytes of the header, MT_GRE_LEN_MIN to MT_GRE_LEN_MAX
 * @keyed: the header has a key
 * @fault: 0, or the enum mtun_drop_reason for which the tunnel that the packet
 *	   belongs to has to refuse it; of several, RX_HEADER comes before
 *	   RX_TRUNCATED and that before RX_OPTIONS
 */
struct mt_gre {
	__be16 proto;
	__be32 key;
	u8 len;
	bool keyed;
	int fault;
};

/**
 * mt_gre_parse() - read a GRE header
 * @gre: filled in when true is returned
 * @data: the first @len bytes of the packet from its GRE header on; no more
 *	  than MT_GRE_LEN_MAX of them are read
 * @len: how many bytes there are
 *
 * A header can be wrong and still tell whose packet it is. Then it is up to
 * the owner to refuse the packet, and @gre->fault says why.
 *
 * Return: false if the header does not tell whose packet it is: it is of
 * another version (RFC 2637, PPTP), or ends before its key.
 */
bool mt_gre_parse(struct mt_gre *gre, const u8 *data, size_t len);

/**
 * mt_gre_len() - size of a GRE header
 * @flags: its optional fields, MTUN_GRE_FLAG_*
 *
 * Return: bytes, MT_GRE_LEN_MIN to MT_GRE_LEN_MAX.
 */
unsigned int mt_gre_len(u32 flags);

/**
 * mt_gre_build() - write a GRE header, all but its protocol
 * @data: room for mt_gre_len(@flags) bytes
 * @flags: its optional fields, MTUN_GRE_FLAG_*
 * @key: the key in host byte order, if there is one
 *
 * The protocol, at MT_GRE_PROTO_OFFSET, is left 0: it is the only field that
 * differs from packet to packet.
 */
void mt_gre_build(u8 *data, u32 flags, u32 key);

#define MT_GRE_PROTO_OFFSET	2

#endif /* MTUN_WIRE_H */
