// SPDX-License-Identifier: GPL-2.0
#include "tx.h"

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_vlan.h>
#include <net/icmp.h>

#define HEADROOM_MAX	512	/* as IP_TUNNEL_MAX_HEADROOM */

DEFINE_PER_CPU(unsigned int, mt_tx_depth);

bool mt_tx_has_options(struct sk_buff *skb)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;

	return iph->version == 4 && iph->ihl >= 5 &&
	       pskb_may_pull(skb, iph->ihl * 4);
}

bool mt_tx_strip(struct sk_buff *skb)
{
	int offset = skb_network_offset(skb);

	if (offset < 0 || !pskb_may_pull(skb, offset))
		return false;
	skb_pull_rcsum(skb, offset);
	/* or the length of a header that is gone is one of GSO's */
	skb_reset_mac_header(skb);
	/* one that XDP has led here in passing by the stack, which would push it */
	__vlan_hwaccel_clear_tag(skb);
	return true;
}

void mt_tx_answer_too_big(struct sk_buff *skb, unsigned int mtu)
{
	if (mt_tx_is_ipv4(skb))
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
	else if (ipv6_mod_enabled())
		icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0,
				max_t(unsigned int, mtu, IPV6_MIN_MTU));
}

int mt_tx_not_cut(int err)
{
	switch (err) {
	case -EMSGSIZE:
		return MTUN_DROP_TX_TOO_BIG;
	case -EINVAL:	/* it is not what its offloads say */
		return MTUN_DROP_TX_INNER;
	default:
		return MTUN_DROP_TX_MEMORY;
	}
}

void mt_tx_want_headroom(struct net_device *dev, unsigned int needed)
{
	if (needed > READ_ONCE(dev->needed_headroom) &&
	    needed <= HEADROOM_MAX)
		WRITE_ONCE(dev->needed_headroom, needed);
}
