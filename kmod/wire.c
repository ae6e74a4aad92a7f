// SPDX-License-Identifier: GPL-2.0
#include "wire.h"

/* The first 16 bits of the header, RFC 2784 section 2.1, RFC 2890 section 2 */
#define GRE_CSUM	0x8000
#define GRE_ROUTING	0x4000
#define GRE_SEQ		0x1000
#define GRE_MUST_BE_0	0x0c00	/* bits 4 and 5, RFC 2784 section 2.3 */
#define GRE_VERSION	0x0007

bool mt_gre_parse(struct mt_gre *gre, const u8 *data, size_t len)
{
	unsigned int offset = MT_GRE_LEN_MIN;
	u16 flags;

	if (len < sizeof(flags))
		return false;
	flags = mt_get_be16(data);
	if (flags & GRE_VERSION)
		return false;

	memset(gre, 0, sizeof(*gre));
	if (len >= MT_GRE_LEN_MIN)
		memcpy(&gre->proto, data + MT_GRE_PROTO_OFFSET,
		       sizeof(gre->proto));

	/*
	 * The routing bit of RFC 1701 makes the checksum field present too,
	 * so that the key is where it would be in a header we understand.
	 */
	if (flags & GRE_CSUM)
		gre->flags |= MTUN_GRE_FLAG_CSUM;
	if (flags & (GRE_CSUM | GRE_ROUTING))
		offset += 4;
	if (flags & MT_GRE_KEY) {
		if (len < offset + sizeof(gre->key))
			return false;
		memcpy(&gre->key, data + offset, sizeof(gre->key));
		gre->flags |= MTUN_GRE_FLAG_KEY;
		offset += sizeof(gre->key);
	}
	if (flags & GRE_SEQ) {
		gre->flags |= MTUN_GRE_FLAG_SEQ;
		if (len >= offset + sizeof(gre->seq))
			gre->seq = mt_get_be32(data + offset);
		offset += sizeof(gre->seq);
	}
	gre->len = offset;

	if (flags & (GRE_ROUTING | GRE_MUST_BE_0))
		gre->fault = MTUN_DROP_RX_HEADER;
	else if (len < offset)
		gre->fault = MTUN_DROP_RX_TRUNCATED;
	return true;
}

unsigned int mt_gre_len(u32 flags)
{
	return MT_GRE_LEN_MIN + (flags & MTUN_GRE_FLAG_CSUM ? 4 : 0) +
	       (flags & MTUN_GRE_FLAG_KEY ? 4 : 0) +
	       (flags & MTUN_GRE_FLAG_SEQ ? 4 : 0);
}

void mt_gre_build(u8 *data, u32 flags, u32 key)
{
	__be32 be_key = cpu_to_be32(key);

	memset(data, 0, mt_gre_len(flags));
	if (flags & MTUN_GRE_FLAG_CSUM)
		data[0] |= GRE_CSUM >> 8;
	if (flags & MTUN_GRE_FLAG_KEY) {
		data[0] |= MT_GRE_KEY >> 8;
		memcpy(data + mt_gre_len(flags & MTUN_GRE_FLAG_CSUM), &be_key,
		       sizeof(be_key));
	}
	if (flags & MTUN_GRE_FLAG_SEQ)
		data[0] |= GRE_SEQ >> 8;
}
