// SPDX-License-Identifier: GPL-2.0
#include "attrs.h"
#include "conf.h"
#include "prefix.h"
#include "stats.h"

static const u32 all_flags = MTUN_GRE_FLAG_KEY | MTUN_GRE_FLAG_CSUM |
			     MTUN_GRE_FLAG_SEQ;

static void get_flags(const struct nlattr *attr, u32 *flags, u32 *mask)
{
	struct nla_bitfield32 field = nla_get_bitfield32(attr);

	*flags = field.value;
	*mask = field.selector;
}

/* The policy has looked at the nest, but not for what it lacks. */
static void get_accept(struct mt_conf_change *change, struct nlattr *nest)
{
	struct nlattr *addr, *len;

	addr = nla_find_nested(nest, MTUN_A_PREFIX_ADDR);
	len = nla_find_nested(nest, MTUN_A_PREFIX_LEN);
	change->accept = addr ? nla_data(addr) : NULL;
	change->accept_len = addr ? nla_len(addr) : 0;
	change->accept_bits = len ? nla_get_u8(len) : -1;
}

void mt_attrs_get_change(struct mt_conf_change *change,
			 struct nlattr *const *attrs, unsigned int maxattr)
{
	unsigned int i;

	memset(change, 0, sizeof(*change));
	for (i = 1; i <= maxattr; i++) {
		struct nlattr *attr = attrs[i];

		if (!attr)
			continue;
		change->given |= BIT_ULL(i);
		switch (i) {
		case MTUN_A_TUNNEL_LOCAL:
			change->local = nla_data(attr);
			change->local_len = nla_len(attr);
			break;
		case MTUN_A_TUNNEL_REMOTE:
			change->remote = nla_data(attr);
			change->remote_len = nla_len(attr);
			break;
		case MTUN_A_TUNNEL_IFLAGS:
			get_flags(attr, &change->iflags,
				  &change->iflags_mask);
			break;
		case MTUN_A_TUNNEL_OFLAGS:
			get_flags(attr, &change->oflags,
				  &change->oflags_mask);
			break;
		case MTUN_A_TUNNEL_IKEY:
			change->ikey = nla_get_u32(attr);
			break;
		case MTUN_A_TUNNEL_OKEY:
			change->okey = nla_get_u32(attr);
			break;
		case MTUN_A_TUNNEL_TTL:
			change->ttl = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_TTL_INHERIT:
			change->ttl_inherit = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_TOS:
			change->tos = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_TOS_INHERIT:
			change->tos_inherit = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_DF:
			change->df = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_INNER_DF:
			change->inner_df = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_FRAG:
			change->frag = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_MSS_TX:
			change->mss_tx = nla_get_u16(attr);
			break;
		case MTUN_A_TUNNEL_MSS_RX:
			change->mss_rx = nla_get_u16(attr);
			break;
		case MTUN_A_TUNNEL_MSS_INSERT:
			change->mss_insert = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_ACCEPT:
			get_accept(change, attr);
			break;
		case MTUN_A_TUNNEL_ANYCAST:
			change->anycast = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_PMTU:
			change->pmtu = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_SAMPLE_RX:
			change->sample_rx = nla_get_u32(attr);
			break;
		case MTUN_A_TUNNEL_SAMPLE_TX:
			change->sample_tx = nla_get_u32(attr);
			break;
		case MTUN_A_TUNNEL_IPSEC:
			change->ipsec = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_MODE:
			change->mode = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_IF_ID:
			change->if_id = nla_get_u32(attr);
			break;
		case MTUN_A_TUNNEL_DESCRIPTION:
			change->description = nla_data(attr);
			break;
		case MTUN_A_TUNNEL_ORIGIN:
			change->origin = nla_get_u8(attr);
			break;
		case MTUN_A_TUNNEL_LINK:
			change->link = nla_data(attr);
			break;
		case MTUN_A_TUNNEL_FWMARK:
			change->fwmark = nla_get_u32(attr);
			break;
		}
	}
}

size_t mt_attrs_prefix_size(void)
{
	return nla_total_size(0) + nla_total_size(sizeof(struct in6_addr)) +
	       nla_total_size(sizeof(u8));
}

int mt_attrs_put_prefix(struct sk_buff *skb, int attr,
			const struct mt_prefix *prefix)
{
	unsigned int len = mt_family_bits(prefix->family) / 8;
	struct nlattr *nest = nla_nest_start(skb, attr);

	if (!nest)
		return -EMSGSIZE;
	if (nla_put(skb, MTUN_A_PREFIX_ADDR, len, &prefix->addr) ||
	    nla_put_u8(skb, MTUN_A_PREFIX_LEN, prefix->len)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

size_t mt_attrs_conf_size(void)
{
	return 2 * nla_total_size(sizeof(struct in6_addr)) +
	       2 * nla_total_size(sizeof(struct nla_bitfield32)) +
	       nla_total_size(IFNAMSIZ) +	/* LINK */
	       4 * nla_total_size(sizeof(u32)) + /* IKEY, OKEY, FWMARK, IF_ID */
	       2 * nla_total_size(sizeof(u32)) + /* SAMPLE_RX, SAMPLE_TX */
	       2 * nla_total_size(sizeof(u16)) + /* MSS_TX, MSS_RX */
	       nla_total_size(MT_DESCRIPTION_MAX + 1) +
	       mt_attrs_prefix_size() +		/* ACCEPT */
	       14 * nla_total_size(sizeof(u8));
}

int mt_attrs_put_conf(struct sk_buff *skb, const struct mt_conf *conf,
		      bool mtu_auto)
{
	unsigned int len = mt_family_bits(conf->family) / 8;

	if (nla_put(skb, MTUN_A_TUNNEL_LOCAL, len, &conf->local) ||
	    nla_put(skb, MTUN_A_TUNNEL_REMOTE, len, &conf->remote) ||
	    nla_put_bitfield32(skb, MTUN_A_TUNNEL_IFLAGS, conf->iflags,
			       all_flags) ||
	    nla_put_bitfield32(skb, MTUN_A_TUNNEL_OFLAGS, conf->oflags,
			       all_flags) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_TTL, conf->ttl) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_TTL_INHERIT, conf->ttl_inherit) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_TOS, conf->tos) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_TOS_INHERIT, conf->tos_inherit) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_DF, conf->df) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_INNER_DF, conf->inner_df) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_FRAG, conf->frag) ||
	    nla_put_u16(skb, MTUN_A_TUNNEL_MSS_TX, conf->mss_tx) ||
	    nla_put_u16(skb, MTUN_A_TUNNEL_MSS_RX, conf->mss_rx) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_MSS_INSERT, conf->mss_insert) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_ORIGIN, conf->origin) ||
	    nla_put_string(skb, MTUN_A_TUNNEL_LINK, conf->link) ||
	    nla_put_u32(skb, MTUN_A_TUNNEL_FWMARK, conf->fwmark) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_ANYCAST, conf->anycast) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_PMTU, conf->pmtu) ||
	    nla_put_u32(skb, MTUN_A_TUNNEL_SAMPLE_RX, conf->sample_rx) ||
	    nla_put_u32(skb, MTUN_A_TUNNEL_SAMPLE_TX, conf->sample_tx) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_IPSEC, conf->ipsec) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_MODE, conf->mode) ||
	    nla_put_u32(skb, MTUN_A_TUNNEL_IF_ID, conf->if_id) ||
	    nla_put_u8(skb, MTUN_A_TUNNEL_MTU_AUTO, mtu_auto))
		return -EMSGSIZE;
	if (conf->accept.family &&
	    mt_attrs_put_prefix(skb, MTUN_A_TUNNEL_ACCEPT, &conf->accept))
		return -EMSGSIZE;
	if (conf->description &&
	    nla_put_string(skb, MTUN_A_TUNNEL_DESCRIPTION, conf->description))
		return -EMSGSIZE;
	if (conf->iflags & MTUN_GRE_FLAG_KEY &&
	    nla_put_u32(skb, MTUN_A_TUNNEL_IKEY, conf->ikey))
		return -EMSGSIZE;
	if (conf->oflags & MTUN_GRE_FLAG_KEY &&
	    nla_put_u32(skb, MTUN_A_TUNNEL_OKEY, conf->okey))
		return -EMSGSIZE;
	return 0;
}

/* How many packets of what: a drop reason or a verdict, which look alike. */
static size_t count_size(void)
{
	return nla_total_size(0) + nla_total_size(sizeof(u32)) +
	       nla_total_size_64bit(sizeof(u64));
}

size_t mt_attrs_verdicts_size(void)
{
	return MTUN_MSS_VERDICT_MAX * count_size();
}

/* The packets of one IP version and protocol */
static size_t traffic_size(void)
{
	return nla_total_size(0) + 2 * nla_total_size(sizeof(u8)) +
	       2 * nla_total_size_64bit(sizeof(u64));
}

static size_t way_size(void)
{
	return MT_KINDS * traffic_size() +
	       (MTUN_TCP_FLAG_MAX + MT_LENGTHS) * count_size() +
	       nla_total_size_64bit(sizeof(u64));
}

size_t mt_attrs_stats_size(void)
{
	return nla_total_size(0) + 6 * nla_total_size_64bit(sizeof(u64)) +
	       MTUN_DROP_REASON_MAX * count_size() + mt_attrs_verdicts_size() +
	       MT_DIRECTIONS * way_size();
}

#define LIKE_DROP(set, what)						\
	((int)MTUN_A_DROP_REASON == (int)MTUN_A_##set##_##what &&	\
	 (int)MTUN_A_DROP_PACKETS == (int)MTUN_A_##set##_PACKETS &&	\
	 (int)MTUN_A_DROP_PAD == (int)MTUN_A_##set##_PAD)

static_assert(LIKE_DROP(MSS, VERDICT) && LIKE_DROP(TCP, FLAG) &&
	      LIKE_DROP(LENGTH, LOG2));

static int put_count(struct sk_buff *skb, int attr, u32 what, u64 packets)
{
	struct nlattr *nest;

	if (!packets)
		return 0;
	nest = nla_nest_start(skb, attr);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(skb, MTUN_A_DROP_REASON, what) ||
	    nla_put_u64_64bit(skb, MTUN_A_DROP_PACKETS, packets,
			      MTUN_A_DROP_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

int mt_attrs_put_verdicts(struct sk_buff *skb, int attr,
			  const struct mt_stats_sum *sum)
{
	int i;

	for (i = 1; i <= MTUN_MSS_VERDICT_MAX; i++)
		if (put_count(skb, attr, i, sum->mss[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_counter(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, MTUN_A_STATS_PAD);
}

static int put_traffic(struct sk_buff *skb, int attr, u8 kind, u64 packets,
		       u64 bytes)
{
	bool ipv6 = kind >= MT_KIND(1, 0);
	struct nlattr *nest;

	if (!packets)
		return 0;
	nest = nla_nest_start(skb, attr);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u8(skb, MTUN_A_TRAFFIC_IP_VERSION, ipv6 ? 6 : 4) ||
	    nla_put_u8(skb, MTUN_A_TRAFFIC_PROTOCOL, kind - MT_KIND(ipv6, 0)) ||
	    nla_put_u64_64bit(skb, MTUN_A_TRAFFIC_PACKETS, packets,
			      MTUN_A_TRAFFIC_PAD) ||
	    nla_put_u64_64bit(skb, MTUN_A_TRAFFIC_BYTES, bytes,
			      MTUN_A_TRAFFIC_PAD)) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* What one direction's counters are called */
static const struct way_attrs {
	int packets, bytes, traffic, tcp, length, fragments;
} way_attrs[MT_DIRECTIONS] = {
	[MTUN_DIRECTION_INGRESS] = {
		MTUN_A_STATS_RX_PACKETS, MTUN_A_STATS_RX_BYTES,
		MTUN_A_STATS_RX_TRAFFIC, MTUN_A_STATS_RX_TCP,
		MTUN_A_STATS_RX_LENGTH, MTUN_A_STATS_RX_FRAGMENTS,
	},
	[MTUN_DIRECTION_EGRESS] = {
		MTUN_A_STATS_TX_PACKETS, MTUN_A_STATS_TX_BYTES,
		MTUN_A_STATS_TX_TRAFFIC, MTUN_A_STATS_TX_TCP,
		MTUN_A_STATS_TX_LENGTH, MTUN_A_STATS_TX_FRAGMENTS,
	},
};

static int put_way(struct sk_buff *skb, const struct mt_stats_sum *sum,
		   enum mtun_direction direction)
{
	const struct way_attrs *attrs = &way_attrs[direction];
	const typeof(sum->ways[0]) *way = &sum->ways[direction];
	u64 packets, bytes;
	int i;

	mt_stats_total(sum, direction, &packets, &bytes);
	if (put_counter(skb, attrs->packets, packets) ||
	    put_counter(skb, attrs->bytes, bytes))
		return -EMSGSIZE;
	for (i = 0; i < MT_KINDS; i++)
		if (put_traffic(skb, attrs->traffic, i, way->kinds[i].packets,
				way->kinds[i].bytes))
			return -EMSGSIZE;
	for (i = 1; i <= MTUN_TCP_FLAG_MAX; i++)
		if (put_count(skb, attrs->tcp, i, way->tcp[i]))
			return -EMSGSIZE;
	for (i = 0; i < MT_LENGTHS; i++)
		if (put_count(skb, attrs->length, i, way->lengths[i]))
			return -EMSGSIZE;
	return way->fragments ?
	       put_counter(skb, attrs->fragments, way->fragments) : 0;
}

int mt_attrs_put_stats(struct sk_buff *skb, const struct mt_stats_sum *sum)
{
	struct nlattr *nest = nla_nest_start(skb, MTUN_A_TUNNEL_STATS);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < MT_DIRECTIONS; i++)
		if (put_way(skb, sum, i))
			goto err_cancel_nest;
	if (put_counter(skb, MTUN_A_STATS_ICMP_ERRORS, sum->icmp_errors) ||
	    put_counter(skb, MTUN_A_STATS_KEEPALIVES, sum->keepalives))
		goto err_cancel_nest;
	for (i = 1; i <= MTUN_DROP_REASON_MAX; i++) {
		if (put_count(skb, MTUN_A_STATS_DROP, i, sum->drops[i]))
			goto err_cancel_nest;
	}
	if (mt_attrs_put_verdicts(skb, MTUN_A_STATS_MSS, sum))
		goto err_cancel_nest;
	nla_nest_end(skb, nest);
	return 0;

err_cancel_nest:
	nla_nest_cancel(skb, nest);
	return -EMSGSIZE;
}
