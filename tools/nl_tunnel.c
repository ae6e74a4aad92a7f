// SPDX-License-Identifier: GPL-2.0
/* struct tunnel to and from netlink attributes. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "nl_core.h"

static bool get_flags(const struct nlattr *a, uint32_t *flags, uint32_t *mask)
{
	struct nla_bitfield32 field;

	if (!get_number(a, &field, sizeof(field)))
		return false;
	*flags = field.value;
	*mask = field.selector;
	return true;
}

static void read_traffic(const struct nlattr *nest, struct way *way)
{
	uint8_t version = 0, protocol = 0;
	struct count count = { 0 };
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case MTUN_A_TRAFFIC_IP_VERSION:
			get_number(a, &version, sizeof(version));
			break;
		case MTUN_A_TRAFFIC_PROTOCOL:
			get_number(a, &protocol, sizeof(protocol));
			break;
		case MTUN_A_TRAFFIC_PACKETS:
			get_number(a, &count.packets, sizeof(count.packets));
			break;
		case MTUN_A_TRAFFIC_BYTES:
			get_number(a, &count.bytes, sizeof(count.bytes));
			break;
		}
	}
	if (protocol <= MTUN_PROTOCOL_MAX)
		way->traffic[version == 6][protocol] = count;
}

static bool read_stats(const struct nlattr *nest, struct stats *stats)
{
	struct way *rx = &stats->ways[MTUN_DIRECTION_INGRESS];
	struct way *tx = &stats->ways[MTUN_DIRECTION_EGRESS];
	const struct {
		uint64_t *number;
		uint64_t *counts;	/* by what is in a nest */
		uint32_t max;
		struct way *way;	/* of a nest "traffic" */
	} attrs[MTUN_A_STATS_MAX + 1] = {
		[MTUN_A_STATS_RX_PACKETS] = { .number = &rx->all.packets },
		[MTUN_A_STATS_RX_BYTES] = { .number = &rx->all.bytes },
		[MTUN_A_STATS_TX_PACKETS] = { .number = &tx->all.packets },
		[MTUN_A_STATS_TX_BYTES] = { .number = &tx->all.bytes },
		[MTUN_A_STATS_ICMP_ERRORS] = { .number = &stats->icmp_errors },
		[MTUN_A_STATS_KEEPALIVES] = { .number = &stats->keepalives },
		[MTUN_A_STATS_DROP] = {
			.counts = stats->drops, .max = MTUN_DROP_REASON_MAX
		},
		[MTUN_A_STATS_MSS] = {
			.counts = stats->mss, .max = MTUN_MSS_VERDICT_MAX
		},
		[MTUN_A_STATS_RX_TRAFFIC] = { .way = rx },
		[MTUN_A_STATS_RX_TCP] = {
			.counts = rx->tcp, .max = MTUN_TCP_FLAG_MAX
		},
		[MTUN_A_STATS_RX_LENGTH] = {
			.counts = rx->lengths, .max = MAX_LENGTH - 1
		},
		[MTUN_A_STATS_RX_FRAGMENTS] = { .number = &rx->fragments },
		[MTUN_A_STATS_TX_TRAFFIC] = { .way = tx },
		[MTUN_A_STATS_TX_TCP] = {
			.counts = tx->tcp, .max = MTUN_TCP_FLAG_MAX
		},
		[MTUN_A_STATS_TX_LENGTH] = {
			.counts = tx->lengths, .max = MAX_LENGTH - 1
		},
		[MTUN_A_STATS_TX_FRAGMENTS] = { .number = &tx->fragments },
	};
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		unsigned int type = mnl_attr_get_type(a);

		if (type > MTUN_A_STATS_MAX)
			continue;
		if (attrs[type].number)
			get_number(a, attrs[type].number, sizeof(uint64_t));
		else if (attrs[type].counts)
			get_count(a, attrs[type].counts, attrs[type].max);
		else if (attrs[type].way)
			read_traffic(a, attrs[type].way);
	}
	return true;
}

static bool read_attr(const struct nlattr *a, struct tunnel *t)
{
	switch (mnl_attr_get_type(a)) {
	case MTUN_A_TUNNEL_IFINDEX:
		return get_number(a, &t->ifindex, sizeof(t->ifindex));
	case MTUN_A_TUNNEL_IFNAME:
		return get_string(a, t->ifname, sizeof(t->ifname));
	case MTUN_A_TUNNEL_LOCAL:
		return get_addr(a, &t->local);
	case MTUN_A_TUNNEL_REMOTE:
		return get_addr(a, &t->remote);
	case MTUN_A_TUNNEL_IFLAGS:
		return get_flags(a, &t->iflags, &t->iflags_mask);
	case MTUN_A_TUNNEL_OFLAGS:
		return get_flags(a, &t->oflags, &t->oflags_mask);
	case MTUN_A_TUNNEL_IKEY:
		return get_number(a, &t->ikey, sizeof(t->ikey));
	case MTUN_A_TUNNEL_OKEY:
		return get_number(a, &t->okey, sizeof(t->okey));
	case MTUN_A_TUNNEL_TTL:
		return get_number(a, &t->ttl, sizeof(t->ttl));
	case MTUN_A_TUNNEL_TTL_INHERIT:
		return get_number(a, &t->ttl_inherit, sizeof(t->ttl_inherit));
	case MTUN_A_TUNNEL_TOS:
		return get_number(a, &t->tos, sizeof(t->tos));
	case MTUN_A_TUNNEL_TOS_INHERIT:
		return get_number(a, &t->tos_inherit, sizeof(t->tos_inherit));
	case MTUN_A_TUNNEL_DF:
		return get_number(a, &t->df, sizeof(t->df));
	case MTUN_A_TUNNEL_INNER_DF:
		return get_number(a, &t->inner_df, sizeof(t->inner_df));
	case MTUN_A_TUNNEL_FRAG:
		return get_number(a, &t->frag, sizeof(t->frag));
	case MTUN_A_TUNNEL_MSS_TX:
		return get_number(a, &t->mss_tx, sizeof(t->mss_tx));
	case MTUN_A_TUNNEL_MSS_RX:
		return get_number(a, &t->mss_rx, sizeof(t->mss_rx));
	case MTUN_A_TUNNEL_MSS_INSERT:
		return get_number(a, &t->mss_insert, sizeof(t->mss_insert));
	case MTUN_A_TUNNEL_ACCEPT:
		return get_prefix(a, &t->accept);
	case MTUN_A_TUNNEL_ANYCAST:
		return get_number(a, &t->anycast, sizeof(t->anycast));
	case MTUN_A_TUNNEL_PMTU:
		return get_number(a, &t->pmtu, sizeof(t->pmtu));
	case MTUN_A_TUNNEL_SAMPLE_RX:
		return get_number(a, &t->sample_rx, sizeof(t->sample_rx));
	case MTUN_A_TUNNEL_SAMPLE_TX:
		return get_number(a, &t->sample_tx, sizeof(t->sample_tx));
	case MTUN_A_TUNNEL_IPSEC:
		return get_number(a, &t->ipsec, sizeof(t->ipsec));
	case MTUN_A_TUNNEL_MODE:
		return get_number(a, &t->mode, sizeof(t->mode));
	case MTUN_A_TUNNEL_IF_ID:
		return get_number(a, &t->if_id, sizeof(t->if_id));
	case MTUN_A_TUNNEL_DESCRIPTION:
		return get_string(a, t->description, sizeof(t->description));
	case MTUN_A_TUNNEL_ORIGIN:
		return get_number(a, &t->origin, sizeof(t->origin));
	case MTUN_A_TUNNEL_LINK:
		return get_string(a, t->link, sizeof(t->link));
	case MTUN_A_TUNNEL_LINK_IFINDEX:
		return get_number(a, &t->link_ifindex,
				  sizeof(t->link_ifindex));
	case MTUN_A_TUNNEL_FWMARK:
		return get_number(a, &t->fwmark, sizeof(t->fwmark));
	case MTUN_A_TUNNEL_MTU:
		return get_number(a, &t->mtu, sizeof(t->mtu));
	case MTUN_A_TUNNEL_MTU_AUTO:
		return get_number(a, &t->mtu_auto, sizeof(t->mtu_auto));
	case MTUN_A_TUNNEL_IF_FLAGS:
		return get_number(a, &t->if_flags, sizeof(t->if_flags));
	case MTUN_A_TUNNEL_UNDERLAY_NETNSID:
		return get_number(a, &t->underlay_netnsid,
				  sizeof(t->underlay_netnsid));
	case MTUN_A_TUNNEL_STATS:
		return read_stats(a, &t->stats);
	}
	return false;
}

/* Attributes that we do not know come from a newer module: they are left. */
void read_tunnel(const struct nlmsghdr *nlh, struct tunnel *t)
{
	const struct nlattr *a;

	memset(t, 0, sizeof(*t));
	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (read_attr(a, t))
			t->has |= has_bit(mnl_attr_get_type(a));
	if (tunnel_has(t, MTUN_A_TUNNEL_IF_FLAGS)) {
		t->has |= has_bit(MTUN_A_TUNNEL_UP);
		t->up = t->if_flags & IFF_UP ? 1 : 0;
	}
}

static void put_u32(struct nlmsghdr *nlh, const struct tunnel *t,
		    enum mtun_tunnel_attr attr, uint32_t value)
{
	if (tunnel_has(t, attr))
		mnl_attr_put_u32(nlh, attr, value);
}

static void put_u16(struct nlmsghdr *nlh, const struct tunnel *t,
		    enum mtun_tunnel_attr attr, uint16_t value)
{
	if (tunnel_has(t, attr))
		mnl_attr_put_u16(nlh, attr, value);
}

static void put_u8(struct nlmsghdr *nlh, const struct tunnel *t,
		   enum mtun_tunnel_attr attr, uint8_t value)
{
	if (tunnel_has(t, attr))
		mnl_attr_put_u8(nlh, attr, value);
}

static void put_flags(struct nlmsghdr *nlh, const struct tunnel *t,
		      enum mtun_tunnel_attr attr, uint32_t flags, uint32_t mask)
{
	const struct nla_bitfield32 field = { flags, mask };

	if (tunnel_has(t, attr))
		mnl_attr_put(nlh, attr, sizeof(field), &field);
}

static void put_tunnel(struct nlmsghdr *nlh, const struct tunnel *t)
{
	if (t->ifname[0])
		mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_IFNAME, t->ifname);
	if (tunnel_has(t, MTUN_A_TUNNEL_LOCAL))
		mnl_attr_put(nlh, MTUN_A_TUNNEL_LOCAL, t->local.len,
			     t->local.bytes);
	if (tunnel_has(t, MTUN_A_TUNNEL_REMOTE))
		mnl_attr_put(nlh, MTUN_A_TUNNEL_REMOTE, t->remote.len,
			     t->remote.bytes);
	put_flags(nlh, t, MTUN_A_TUNNEL_IFLAGS, t->iflags, t->iflags_mask);
	put_flags(nlh, t, MTUN_A_TUNNEL_OFLAGS, t->oflags, t->oflags_mask);
	put_u32(nlh, t, MTUN_A_TUNNEL_IKEY, t->ikey);
	put_u32(nlh, t, MTUN_A_TUNNEL_OKEY, t->okey);
	put_u8(nlh, t, MTUN_A_TUNNEL_TTL, t->ttl);
	put_u8(nlh, t, MTUN_A_TUNNEL_TTL_INHERIT, t->ttl_inherit);
	put_u8(nlh, t, MTUN_A_TUNNEL_TOS, t->tos);
	put_u8(nlh, t, MTUN_A_TUNNEL_TOS_INHERIT, t->tos_inherit);
	put_u8(nlh, t, MTUN_A_TUNNEL_DF, t->df);
	put_u8(nlh, t, MTUN_A_TUNNEL_INNER_DF, t->inner_df);
	put_u8(nlh, t, MTUN_A_TUNNEL_FRAG, t->frag);
	put_u16(nlh, t, MTUN_A_TUNNEL_MSS_TX, t->mss_tx);
	put_u16(nlh, t, MTUN_A_TUNNEL_MSS_RX, t->mss_rx);
	put_u8(nlh, t, MTUN_A_TUNNEL_MSS_INSERT, t->mss_insert);
	if (tunnel_has(t, MTUN_A_TUNNEL_ACCEPT))
		put_prefix(nlh, MTUN_A_TUNNEL_ACCEPT,
			   t->accept_none ? NULL : &t->accept);
	put_u8(nlh, t, MTUN_A_TUNNEL_ANYCAST, t->anycast);
	put_u8(nlh, t, MTUN_A_TUNNEL_PMTU, t->pmtu);
	put_u32(nlh, t, MTUN_A_TUNNEL_SAMPLE_RX, t->sample_rx);
	put_u32(nlh, t, MTUN_A_TUNNEL_SAMPLE_TX, t->sample_tx);
	put_u8(nlh, t, MTUN_A_TUNNEL_IPSEC, t->ipsec);
	put_u8(nlh, t, MTUN_A_TUNNEL_MODE, t->mode);
	put_u32(nlh, t, MTUN_A_TUNNEL_IF_ID, t->if_id);
	if (tunnel_has(t, MTUN_A_TUNNEL_DESCRIPTION))
		mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_DESCRIPTION,
				  t->description);
	put_u8(nlh, t, MTUN_A_TUNNEL_ORIGIN, t->origin);
	if (tunnel_has(t, MTUN_A_TUNNEL_LINK))
		mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_LINK, t->link);
	put_u32(nlh, t, MTUN_A_TUNNEL_FWMARK, t->fwmark);
	put_u32(nlh, t, MTUN_A_TUNNEL_MTU, t->mtu);
	put_u8(nlh, t, MTUN_A_TUNNEL_UP, t->up);
}

static struct about about(const struct tunnel *t)
{
	return (struct about) {
		.name = t->ifname,
		.plural = "tunnels",
		.name_attr = MTUN_A_TUNNEL_IFNAME,
		.attrs = tunnel_attr_names,
		.attr_max = MTUN_A_TUNNEL_MAX,
		.word = tunnel_attr_word,
		.object = t,
	};
}

static enum result change(struct nl *nl, enum mtun_cmd cmd,
			  const struct tunnel *t, struct error *err)
{
	struct nlmsghdr *nlh = start_family(nl, 0, cmd, err);
	const struct about a = about(t);

	if (!nlh)
		return RES_REFUSED;
	put_tunnel(nlh, t);
	return talk(nl, nl->genl, NULL, NULL, &a, NULL, err);
}

enum result nl_tunnel_new(struct nl *nl, const struct tunnel *t,
			  struct error *err)
{
	return change(nl, MTUN_CMD_TUNNEL_NEW, t, err);
}

enum result nl_tunnel_set(struct nl *nl, const struct tunnel *t,
			  struct error *err)
{
	return change(nl, MTUN_CMD_TUNNEL_SET, t, err);
}

enum result nl_tunnel_del(struct nl *nl, const char *const *ifnames, size_t n,
			  struct error *err)
{
	struct nlmsghdr *nlh = start_family(nl, 0, MTUN_CMD_TUNNEL_DEL, err);
	const struct tunnel none = { 0 };
	const struct about a = about(&none);

	if (!nlh)
		return RES_REFUSED;
	for (size_t i = 0; i < n; i++)
		if (!mnl_attr_put_strz_check(nlh, REQUEST_SIZE,
					     MTUN_A_TUNNEL_IFNAME, ifnames[i]))
			return refuse(err, RES_USAGE,
				      "too many tunnels for one request; give fewer at a time");
	return talk(nl, nl->genl, NULL, NULL, &a, NULL, err);
}

static void read_one(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_tunnel(nlh, data);
}

enum result nl_tunnel_get(struct nl *nl, const char *ifname, struct tunnel *t,
			  struct error *err)
{
	struct tunnel ask = { 0 };
	const struct about a = about(&ask);

	strcpy(ask.ifname, ifname);
	return get_one(nl, MTUN_CMD_TUNNEL_GET, read_one, t, &a, err);
}

static void read_many(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_tunnel(nlh, tunnels_add(data));
}

static void forget(void *data)
{
	struct tunnels *ts = data;
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ts->when = t.tv_sec + t.tv_nsec / 1e9;
	ts->n = 0;
}

enum result nl_tunnel_dump(struct nl *nl, struct tunnels *ts, bool *incomplete,
			   struct error *err)
{
	const struct tunnel none = { 0 };
	const struct about a = about(&none);

	return dump(nl, MTUN_CMD_TUNNEL_GET, forget, read_many, ts, &a,
		    incomplete, err);
}
