// SPDX-License-Identifier: GPL-2.0
#include "conf.h"
#include "mss.h"
#include "prefix.h"

#define TTL_DEFAULT	64
#define ECN_MASK	0x03

static bool given(const struct mt_conf_change *change, u16 attr)
{
	return change->given & BIT_ULL(attr);
}

static u8 family_of(u16 len)
{
	switch (len) {
	case sizeof(__be32):
		return AF_INET;
	case sizeof(struct in6_addr):
		return AF_INET6;
	default:
		return AF_UNSPEC;
	}
}

/* The kernel hands texts of errors on by reference: each is a constant. */
#define BOTH(is_remote, text)	((is_remote) ? "remote " text : "local " text)

/*
 * The addresses of a tunnel are hosts: the checks below are what makes one
 * impossible whatever the routing tables say.
 */
static const char *check_host_v4(__be32 addr, bool is_remote)
{
	u32 a = be32_to_cpu(addr);

	if (a >> 24 == 0)	/* "this network", RFC 1122 section 3.2.1.3 */
		return BOTH(is_remote, "must not be the unspecified address");
	if (a >> 28 == 0xe)
		return BOTH(is_remote, "must not be a multicast address");
	if (a == 0xffffffff)
		return BOTH(is_remote, "must not be the broadcast address");
	return NULL;
}

static const char *check_host_v6(const struct in6_addr *addr, bool is_remote)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const u8 zero[16];

	if (!memcmp(addr, zero, sizeof(zero)))
		return BOTH(is_remote, "must not be the unspecified address");
	if (addr->s6_addr[0] == 0xff)
		return BOTH(is_remote, "must not be a multicast address");
	if (!memcmp(addr, mapped, sizeof(mapped)))
		return BOTH(is_remote,
			    "must be given as IPv4, not as IPv4-mapped IPv6");
	return NULL;
}

static const char *check_host(u8 family, const union mt_addr *addr,
			      bool is_remote)
{
	return family == AF_INET ? check_host_v4(addr->v4, is_remote) :
				   check_host_v6(&addr->v6, is_remote);
}

static bool is_link_local(u8 family, const union mt_addr *addr)
{
	return family == AF_INET6 && addr->v6.s6_addr[0] == 0xfe &&
	       (addr->v6.s6_addr[1] & 0xc0) == 0x80;
}

/* One of the two addresses: into @addr and @family if it was given. */
static const char *apply_address(union mt_addr *addr, u8 *family,
				 const void *data, u16 len, bool is_remote)
{
	if (data) {
		*family = family_of(len);
		if (!*family)
			return BOTH(is_remote,
				    "must be 4 (IPv4) or 16 (IPv6) bytes long");
		memset(addr, 0, sizeof(*addr));
		memcpy(addr, data, len);
	}
	if (!*family)
		return BOTH(is_remote, "is missing");
	return NULL;
}

static const char *apply_addresses(struct mt_conf *conf,
				   const struct mt_conf_change *change,
				   u16 *attr)
{
	bool new_local = given(change, MTUN_A_TUNNEL_LOCAL);
	bool new_remote = given(change, MTUN_A_TUNNEL_REMOTE);
	u8 local_family = conf->family;
	u8 remote_family = conf->family;
	const char *err;

	*attr = MTUN_A_TUNNEL_LOCAL;
	err = apply_address(&conf->local, &local_family,
			    new_local ? change->local : NULL,
			    change->local_len, false);
	if (err)
		return err;

	*attr = MTUN_A_TUNNEL_REMOTE;
	err = apply_address(&conf->remote, &remote_family,
			    new_remote ? change->remote : NULL,
			    change->remote_len, true);
	if (err)
		return err;

	if (local_family != remote_family) {
		if (new_remote)
			return "remote must be of the same family as local";
		*attr = MTUN_A_TUNNEL_LOCAL;
		return "local must be of the same family as remote";
	}
	conf->family = local_family;

	*attr = MTUN_A_TUNNEL_LOCAL;
	err = check_host(conf->family, &conf->local, false);
	if (err)
		return err;
	*attr = MTUN_A_TUNNEL_REMOTE;
	err = check_host(conf->family, &conf->remote, true);
	if (err)
		return err;
	if (!memcmp(&conf->local, &conf->remote, sizeof(conf->local))) {
		if (new_remote)
			return "remote must differ from local";
		*attr = MTUN_A_TUNNEL_LOCAL;
		return "local must differ from remote";
	}
	return NULL;
}

/*
 * One direction's optional fields and its key: a key that is given turns its
 * flag on, and only the flag can take a key away.
 */
static const char *apply_fields(u32 *flags, u32 *key, u32 new_flags, u32 mask,
				const u32 *new_key, const char *surplus,
				const char *missing)
{
	bool had_key = *flags & MTUN_GRE_FLAG_KEY;

	*flags = (*flags & ~mask) | (new_flags & mask);
	if (new_key && !(mask & MTUN_GRE_FLAG_KEY))
		*flags |= MTUN_GRE_FLAG_KEY;

	if (!(*flags & MTUN_GRE_FLAG_KEY)) {
		*key = 0;
		return new_key ? surplus : NULL;
	}
	if (new_key)
		*key = *new_key;
	else if (!had_key)
		return missing;
	return NULL;
}

static const char *apply_both_ways(struct mt_conf *conf,
				   const struct mt_conf_change *change,
				   u16 *attr)
{
	bool iflags = given(change, MTUN_A_TUNNEL_IFLAGS);
	bool oflags = given(change, MTUN_A_TUNNEL_OFLAGS);
	bool ikey = given(change, MTUN_A_TUNNEL_IKEY);
	bool okey = given(change, MTUN_A_TUNNEL_OKEY);
	const char *err;

	*attr = MTUN_A_TUNNEL_IKEY;
	err = apply_fields(&conf->iflags, &conf->ikey, change->iflags,
			   iflags ? change->iflags_mask : 0,
			   ikey ? &change->ikey : NULL,
			   "ikey must not be given when iflags lack the key bit",
			   "ikey is missing but iflags have the key bit");
	if (err)
		return err;
	*attr = MTUN_A_TUNNEL_OKEY;
	return apply_fields(&conf->oflags, &conf->okey, change->oflags,
			    oflags ? change->oflags_mask : 0,
			    okey ? &change->okey : NULL,
			    "okey must not be given when oflags lack the key bit",
			    "okey is missing but oflags have the key bit");
}

/*
 * What packets are put into, and then what is the business of xfrm: the texts say
 * where that is told of it. The device has other functions in each mode, so it keeps
 * the one that it was made with.
 */
static const char *apply_mode(struct mt_conf *conf,
			      const struct mt_conf_change *change, bool new,
			      u16 *attr)
{
	*attr = MTUN_A_TUNNEL_MODE;
	if (given(change, MTUN_A_TUNNEL_MODE)) {
		if (change->mode > MTUN_MODE_MAX)
			return "mode must be gre or ipsec";
		if (!new && change->mode != conf->mode)
			return "mode cannot change: delete the tunnel and add it again";
		conf->mode = change->mode;
	}
	*attr = MTUN_A_TUNNEL_IF_ID;
	if (given(change, MTUN_A_TUNNEL_IF_ID))
		conf->if_id = change->if_id;
	if (conf->mode == MTUN_MODE_IPSEC)
		return conf->if_id ? NULL :
		       "if-id is needed in mode ipsec: the if_id of its policies and states";
	return conf->if_id ? "if-id is for mode ipsec" : NULL;
}

/* What only GRE has, and what a state says in place of the tunnel. */
static const char *check_esp(const struct mt_conf *conf, u16 *attr)
{
	*attr = MTUN_A_TUNNEL_IKEY;
	if (conf->iflags & MTUN_GRE_FLAG_KEY)
		return "ikey is GRE's: in mode ipsec give if-id";
	*attr = MTUN_A_TUNNEL_OKEY;
	if (conf->oflags & MTUN_GRE_FLAG_KEY)
		return "okey is GRE's: in mode ipsec give if-id";
	*attr = MTUN_A_TUNNEL_MODE;
	if (conf->iflags || conf->oflags)
		return "mode ipsec has no csum and seq: leave both to ESP";
	*attr = MTUN_A_TUNNEL_TTL_INHERIT;
	if (conf->ttl_inherit)
		return "ttl-inherit is not for mode ipsec: give the route to remote a hoplimit";
	*attr = MTUN_A_TUNNEL_TTL;
	if (conf->ttl != TTL_DEFAULT)
		return "ttl must be 64 in mode ipsec: give the route to remote a hoplimit";
	*attr = MTUN_A_TUNNEL_TOS_INHERIT;
	if (conf->tos_inherit)
		return "tos-inherit is not for mode ipsec: states inherit by themselves";
	*attr = MTUN_A_TUNNEL_TOS;
	if (conf->tos)
		return "tos must be 0 in mode ipsec: give the state extra-flag dont-encap-dscp";
	*attr = MTUN_A_TUNNEL_DF;
	if (conf->df != MTUN_DF_SET)
		return "df must be set in mode ipsec: give the state flag nopmtudisc";
	/* and so frag is inner, as apply_fragmentation() has seen */
	*attr = MTUN_A_TUNNEL_FWMARK;
	if (conf->fwmark)
		return "fwmark must be 0 in mode ipsec: give the state an output-mark";
	*attr = MTUN_A_TUNNEL_LINK;
	if (conf->link[0])
		return "link must be empty in mode ipsec: give the state an output-mark";
	*attr = MTUN_A_TUNNEL_ACCEPT;
	if (conf->accept.family)
		return "accept must be none in mode ipsec: states say whose packets are taken";
	*attr = MTUN_A_TUNNEL_PMTU;
	if (conf->pmtu != MTUN_PMTU_AUTO)
		return "pmtu must be auto in mode ipsec: the kernel obeys errors about ESP";
	*attr = MTUN_A_TUNNEL_IPSEC;
	if (conf->ipsec)
		return "ipsec must be off in mode ipsec, where nothing is in clear anyway";
	return NULL;
}

/* Where packets may come from, besides the one address that they are sent to. */
static const char *apply_accept(struct mt_conf *conf,
				const struct mt_conf_change *change, u16 *attr)
{
	const char *err;

	*attr = MTUN_A_TUNNEL_ACCEPT;
	if (given(change, MTUN_A_TUNNEL_ACCEPT)) {
		memset(&conf->accept, 0, sizeof(conf->accept));
		if (!change->accept && change->accept_bits < 0)
			return NULL;
		if (change->accept ? change->accept_bits < 0 :
				     change->accept_bits > 0)
			return "accept must have an address and a length";
		conf->accept.family = conf->family;
		err = change->accept ?
		      mt_prefix_parse(&conf->accept, change->accept,
				      change->accept_len,
				      change->accept_bits) : NULL;
		if (err)
			return err;
	}
	if (!conf->accept.family)
		return NULL;
	if (!conf->accept.len)	/* any address of whichever family */
		conf->accept.family = conf->family;
	if (conf->accept.family == conf->family)
		return NULL;
	if (given(change, MTUN_A_TUNNEL_ACCEPT))
		return "accept must be of the same family as local and remote";
	*attr = MTUN_A_TUNNEL_REMOTE;
	return "remote is not of the family of accept: change or remove that as well";
}

/*
 * Any node may send and receive any packet of an anycast tunnel: none may need
 * what another one knows.
 */
static const char *apply_anycast(struct mt_conf *conf,
				 const struct mt_conf_change *change, u16 *attr)
{
	if (given(change, MTUN_A_TUNNEL_PMTU))
		conf->pmtu = change->pmtu;
	*attr = MTUN_A_TUNNEL_PMTU;
	if (conf->pmtu > MTUN_PMTU_MAX)
		return "pmtu must be auto, learn or static";

	if (given(change, MTUN_A_TUNNEL_ANYCAST))
		conf->anycast = change->anycast;
	if (!conf->anycast)
		return NULL;
	*attr = MTUN_A_TUNNEL_ANYCAST;
	if (conf->oflags & MTUN_GRE_FLAG_SEQ)
		return "anycast needs oflags without seq: numbers are one node's";
	if (conf->iflags & MTUN_GRE_FLAG_SEQ)
		return "anycast needs iflags without seq: each node sees some numbers";
	if (conf->frag == MTUN_FRAG_OUTER)
		return "anycast needs frag inner: fragments may reach different nodes";
	if (conf->df != MTUN_DF_SET)
		return "anycast needs df set: fragments of two nodes may be put together";
	return NULL;
}

static const char *apply_fragmentation(struct mt_conf *conf,
				       const struct mt_conf_change *change,
				       u16 *attr)
{
	if (given(change, MTUN_A_TUNNEL_DF))
		conf->df = change->df;
	*attr = MTUN_A_TUNNEL_DF;
	if (conf->df > MTUN_DF_MAX)
		return "df must be set, inherit or clear";

	if (given(change, MTUN_A_TUNNEL_INNER_DF))
		conf->inner_df = change->inner_df;
	*attr = MTUN_A_TUNNEL_INNER_DF;
	if (conf->inner_df > MTUN_INNER_DF_MAX)
		return "inner-df must be keep or clear";

	if (given(change, MTUN_A_TUNNEL_FRAG))
		conf->frag = change->frag;
	*attr = MTUN_A_TUNNEL_FRAG;
	if (conf->frag > MTUN_FRAG_MAX)
		return "frag must be inner or outer";
	if (conf->frag == MTUN_FRAG_OUTER && conf->df == MTUN_DF_SET) {
		if (given(change, MTUN_A_TUNNEL_FRAG))
			return "frag outer needs df inherit or df clear";
		*attr = MTUN_A_TUNNEL_DF;
		return "df set is impossible with frag outer: set frag inner as well";
	}
	return NULL;
}

static const char *apply_link(struct mt_conf *conf,
			      const struct mt_conf_change *change, u16 *attr)
{
	size_t len;

	*attr = MTUN_A_TUNNEL_LINK;
	if (given(change, MTUN_A_TUNNEL_LINK)) {
		len = strlen(change->link);
		if (len >= sizeof(conf->link))
			return "link must be at most 15 bytes long";
		memset(conf->link, 0, sizeof(conf->link));
		memcpy(conf->link, change->link, len);
	}
	if (conf->link[0] || (!is_link_local(conf->family, &conf->local) &&
			      !is_link_local(conf->family, &conf->remote)))
		return NULL;
	if (conf->mode != MTUN_MODE_IPSEC)
		return "link is needed with a link-local address";
	*attr = is_link_local(conf->family, &conf->local) ? MTUN_A_TUNNEL_LOCAL :
							    MTUN_A_TUNNEL_REMOTE;
	return *attr == MTUN_A_TUNNEL_LOCAL ?
	       "local must not be link-local in mode ipsec" :
	       "remote must not be link-local in mode ipsec";
}

static const char *apply_mss(struct mt_conf *conf,
			     const struct mt_conf_change *change, u16 *attr)
{
	if (given(change, MTUN_A_TUNNEL_MSS_TX))
		conf->mss_tx = change->mss_tx;
	*attr = MTUN_A_TUNNEL_MSS_TX;
	if (conf->mss_tx != MTUN_MSS_OFF && conf->mss_tx < MT_MSS_MIN)
		return "mss-tx must be off, auto or at least 48";

	if (given(change, MTUN_A_TUNNEL_MSS_RX))
		conf->mss_rx = change->mss_rx;
	*attr = MTUN_A_TUNNEL_MSS_RX;
	if (conf->mss_rx != MTUN_MSS_OFF && conf->mss_rx < MT_MSS_MIN)
		return "mss-rx must be off, auto or at least 48";

	if (given(change, MTUN_A_TUNNEL_MSS_INSERT))
		conf->mss_insert = change->mss_insert;
	return NULL;
}

static const char *apply_samples(struct mt_conf *conf,
				 const struct mt_conf_change *change, u16 *attr)
{
	if (given(change, MTUN_A_TUNNEL_SAMPLE_RX))
		conf->sample_rx = change->sample_rx;
	*attr = MTUN_A_TUNNEL_SAMPLE_RX;
	if (conf->sample_rx > MT_SAMPLE_MAX)
		return "sample-rx must be off or at most 1073741824";

	if (given(change, MTUN_A_TUNNEL_SAMPLE_TX))
		conf->sample_tx = change->sample_tx;
	*attr = MTUN_A_TUNNEL_SAMPLE_TX;
	if (conf->sample_tx > MT_SAMPLE_MAX)
		return "sample-tx must be off or at most 1073741824";
	return NULL;
}

/* It ends on terminals. */
static const char *apply_description(struct mt_conf *conf,
				     const struct mt_conf_change *change,
				     u16 *attr)
{
	const u8 *byte;

	if (!given(change, MTUN_A_TUNNEL_DESCRIPTION))
		return NULL;
	*attr = MTUN_A_TUNNEL_DESCRIPTION;
	for (byte = (const u8 *)change->description; *byte; byte++)
		if (*byte < ' ' || *byte == 0x7f)
			return "description must have no control characters";
	if (byte - (const u8 *)change->description > MT_DESCRIPTION_MAX)
		return "description must be at most 255 bytes long";
	conf->description = *change->description ? change->description : NULL;
	return NULL;
}

void mt_conf_init(struct mt_conf *conf)
{
	memset(conf, 0, sizeof(*conf));
	conf->ttl = TTL_DEFAULT;
}

const char *mt_conf_apply(struct mt_conf *conf,
			  const struct mt_conf_change *change, u16 *attr)
{
	bool new = !conf->family;
	const char *err;

	err = apply_addresses(conf, change, attr);
	if (err)
		return err;

	err = apply_mode(conf, change, new, attr);
	if (err)
		return err;

	err = apply_accept(conf, change, attr);
	if (err)
		return err;

	err = apply_both_ways(conf, change, attr);
	if (err)
		return err;

	if (given(change, MTUN_A_TUNNEL_TTL))
		conf->ttl = change->ttl;
	if (given(change, MTUN_A_TUNNEL_TTL_INHERIT))
		conf->ttl_inherit = change->ttl_inherit;
	*attr = MTUN_A_TUNNEL_TTL;
	if (!conf->ttl)
		return "ttl must be 1 to 255";

	if (given(change, MTUN_A_TUNNEL_TOS))
		conf->tos = change->tos;
	if (given(change, MTUN_A_TUNNEL_TOS_INHERIT))
		conf->tos_inherit = change->tos_inherit;
	*attr = MTUN_A_TUNNEL_TOS;
	if (conf->tos & ECN_MASK)
		return "tos must have its two low bits 0: they are ECN's";

	err = apply_fragmentation(conf, change, attr);
	if (err)
		return err;

	err = apply_anycast(conf, change, attr);
	if (err)
		return err;

	err = apply_mss(conf, change, attr);
	if (err)
		return err;

	err = apply_samples(conf, change, attr);
	if (err)
		return err;

	err = apply_link(conf, change, attr);
	if (err)
		return err;

	err = apply_description(conf, change, attr);
	if (err)
		return err;

	if (given(change, MTUN_A_TUNNEL_ORIGIN))
		conf->origin = change->origin;
	*attr = MTUN_A_TUNNEL_ORIGIN;
	if (conf->origin > MTUN_ORIGIN_MAX)
		return "origin must be manual or file";

	if (given(change, MTUN_A_TUNNEL_IPSEC))
		conf->ipsec = change->ipsec;
	*attr = MTUN_A_TUNNEL_IPSEC;
	if (conf->ipsec > MTUN_IPSEC_MAX)
		return "ipsec must be off or required";

	if (given(change, MTUN_A_TUNNEL_FWMARK))
		conf->fwmark = change->fwmark;
	return conf->mode == MTUN_MODE_IPSEC ? check_esp(conf, attr) : NULL;
}

static void fill_tuple(struct mt_tuple *tuple, const struct mt_conf *conf,
		       u32 flags, u32 key)
{
	memset(tuple, 0, sizeof(*tuple));
	tuple->mode = conf->mode;
	if (conf->mode == MTUN_MODE_IPSEC) {
		tuple->key = cpu_to_be32(conf->if_id);
		return;
	}
	tuple->local = conf->local;
	tuple->remote = conf->remote;
	tuple->family = conf->family;
	tuple->keyed = !!(flags & MTUN_GRE_FLAG_KEY);
	tuple->key = cpu_to_be32(key);
}

void mt_conf_received(const struct mt_conf *conf, struct mt_tuple *tuple)
{
	const struct mt_prefix *accept = &conf->accept;

	fill_tuple(tuple, conf, conf->iflags, conf->ikey);
	if (!accept->family)
		return;
	tuple->remote = accept->addr;
	tuple->host_bits = mt_family_bits(accept->family) - accept->len;
}

void mt_conf_sent(const struct mt_conf *conf, struct mt_tuple *tuple)
{
	fill_tuple(tuple, conf, conf->oflags, conf->okey);
}
