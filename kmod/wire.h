/* SPDX-License-Identifier: GPL-2.0 */
/* The GRE header, from and to bytes (RFC 2784, RFC 2890). Pure. */
#ifndef MTUN_WIRE_H
#define MTUN_WIRE_H

#include "types.h"

#define MT_GRE_LEN_MIN		4	/* flags, version, protocol */
#define MT_GRE_LEN_MAX		16	/* with checksum, key and sequence number */
#define MT_GRE_PLAIN_MAX	8	/* with a key at the most */

/**
 * struct mt_gre - a parsed GRE header
 * @proto: EtherType of the payload, in network byte order; 0 if truncated
 * @key: the key, in network byte order; 0 if there is none
 * @seq: the sequence number, in host byte order; 0 if there is none
 * @flags: the optional fields that are present, MTUN_GRE_FLAG_*
 * @len: bytes of the header, MT_GRE_LEN_MIN to MT_GRE_LEN_MAX
 * @fault: 0, or the enum mtun_drop_reason for which the tunnel that the packet
 *	   belongs to has to refuse it: RX_HEADER, which comes before
 *	   RX_TRUNCATED
 */
struct mt_gre {
	__be16 proto;
	__be32 key;
	u32 seq;
	u32 flags;
	u8 len;
	int fault;
};

#define MT_GRE_KEY		0x2000	/* RFC 2890 section 2 */
#define MT_GRE_PROTO_OFFSET	2
#define MT_GRE_CSUM_OFFSET	4

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
 * another version (RFC 2637, PPTP), or ends before its flags or its key.
 */
bool mt_gre_parse(struct mt_gre *gre, const u8 *data, size_t len);

/**
 * mt_gre_parse_plain() - the same, in line, of a header with a key at the most
 * @gre: as there
 * @data: MT_GRE_PLAIN_MAX bytes
 *
 * Return: false if there is more in the header.
 */
static __always_inline bool mt_gre_parse_plain(struct mt_gre *gre, const u8 *data)
{
	__be16 flags;

	memcpy(&flags, data, sizeof(flags));
	if (flags & ~cpu_to_be16(MT_GRE_KEY))
		return false;
	*gre = (struct mt_gre) { .len = MT_GRE_LEN_MIN };
	memcpy(&gre->proto, data + MT_GRE_PROTO_OFFSET, sizeof(gre->proto));
	if (flags) {
		memcpy(&gre->key, data + MT_GRE_LEN_MIN, sizeof(gre->key));
		gre->flags = MTUN_GRE_FLAG_KEY;
		gre->len += sizeof(gre->key);
	}
	return true;
}

/**
 * mt_gre_len() - size of a GRE header
 * @flags: its optional fields, MTUN_GRE_FLAG_*
 *
 * Return: bytes, MT_GRE_LEN_MIN to MT_GRE_LEN_MAX.
 */
unsigned int mt_gre_len(u32 flags);

/**
 * mt_gre_build() - write a GRE header, all but what differs from packet to packet
 * @data: room for mt_gre_len(@flags) bytes
 * @flags: its optional fields, MTUN_GRE_FLAG_*
 * @key: the key in host byte order, if there is one
 *
 * The protocol, at MT_GRE_PROTO_OFFSET, the checksum, at MT_GRE_CSUM_OFFSET, and
 * the sequence number, in the last 4 bytes, are left 0.
 */
void mt_gre_build(u8 *data, u32 flags, u32 key);

#endif /* MTUN_WIRE_H */
