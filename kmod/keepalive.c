// SPDX-License-Identifier: GPL-2.0
#include "keepalive.h"
#include "echo.h"
#include "encap.h"
#include "peer.h"
#include "probe.h"
#include "registry.h"
#include "stats.h"

#include <linux/jiffies.h>

/* A second: a far end may ask ten times as often as that, and more after a loss. */
#define ANSWERS_MAX	100

static bool equal(const union mt_addr *a, const union mt_addr *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* Between the two ends of the underlay */
static bool is_outer(const struct mt_conf *conf,
		     const struct mt_keepalive *keepalive)
{
	return keepalive->family == conf->family &&
	       equal(&keepalive->src, &conf->local) &&
	       (equal(&keepalive->dst, &conf->remote) ||
		/*
		 * A far end behind NAT knows itself by another address. The
		 * answer goes to the one that we know it by.
		 */
		(conf->family == AF_INET &&
		 mt_is_private(keepalive->dst.v4)));
}

/* Between the two ends of what is inside: those of the device */
static bool is_inner(const struct mt_tunnel *tunnel,
		     const struct mt_keepalive *keepalive)
{
	struct mt_peers peers;

	return mt_peers_find(tunnel->dev, keepalive->family, &peers) &&
	       equal(&keepalive->src, &peers.own) &&
	       equal(&keepalive->dst, &peers.peer);
}

/* What a keepalive of another tunnel, inside of this one, does not say */
static bool claims_to_be_ours(const struct mt_tunnel *tunnel,
			      const struct mt_conf *conf,
			      const struct mt_keepalive *keepalive)
{
	struct mt_peers peers;

	if (keepalive->family == conf->family &&
	    equal(&keepalive->src, &conf->local))
		return true;
	return mt_peers_find(tunnel->dev, keepalive->family, &peers) &&
	       equal(&keepalive->src, &peers.own);
}

/* It travels as our packets do, and has what they have. */
static bool header_ok(const struct mt_conf *conf,
		      const struct mt_keepalive *keepalive)
{
	const u32 fields = MTUN_GRE_FLAG_KEY | MTUN_GRE_FLAG_CSUM;

	return !((keepalive->flags ^ conf->oflags) & fields) &&
	       keepalive->key == conf->okey && keepalive->sum_ok;
}

/* Two CPUs may both begin a second: then it has some more. */
static bool may_answer(struct mt_tunnel *tunnel)
{
	unsigned int second = jiffies / HZ;

	if (READ_ONCE(tunnel->answer_second) != second) {
		WRITE_ONCE(tunnel->answer_second, second);
		atomic_set(&tunnel->answers, 0);
	}
	return atomic_inc_return(&tunnel->answers) <= ANSWERS_MAX;
}

int mt_keepalive_receive(struct mt_endpoint *ep, const struct sk_buff *skb)
{
	unsigned int len = min_t(unsigned int, skb->len, MT_KEEPALIVE_LEN_MAX);
	struct mt_tunnel *tunnel = ep->tunnel;
	struct mt_keepalive keepalive;
	u8 buffer[MT_KEEPALIVE_LEN_MAX];
	const u8 *data;
	bool outer;

	data = skb_header_pointer(skb, 0, len, buffer);
	if (!data || !mt_keepalive_parse(&keepalive, data, len) ||
	    !claims_to_be_ours(tunnel, &ep->conf, &keepalive))
		return MT_PROBE_PASS;

	/*
	 * What gets no answer does not go to the stack either: a router would send
	 * one of IPv6, whose source nobody looks at, to whom it asks for.
	 */
	outer = is_outer(&ep->conf, &keepalive);
	if (!mt_probe_answers(tunnel) ||
	    !(outer || is_inner(tunnel, &keepalive)) ||
	    !header_ok(&ep->conf, &keepalive))
		return MTUN_DROP_RX_KEEPALIVE;
	if (!may_answer(tunnel))
		return MTUN_DROP_RX_KEEPALIVE_RATE;

	if (outer)
		mt_encap_bare(tunnel, data + keepalive.payload,
			      keepalive.len - keepalive.payload);
	else
		mt_encap_bytes(tunnel, keepalive.family, data, keepalive.len);
	mt_stats_keepalive(tunnel->stats);
	return MT_PROBE_TAKEN;
}
