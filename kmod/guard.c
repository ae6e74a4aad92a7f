// SPDX-License-Identifier: GPL-2.0
#include "guard.h"
#include "esp.h"
#include "outer.h"
#include "registry.h"
#include "wire.h"

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <net/dst.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/xfrm.h>

/*
 * The addresses that the packet had before it was translated. Who translates them asks
 * for a way again, and to xfrm the packet is another one then.
 */
static void undo_nat(const struct sk_buff *skb, struct mt_tuple *tuple)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	const struct nf_conntrack_tuple *was;
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!ct)
		return;
	was = &ct->tuplehash[CTINFO2DIR(ctinfo)].tuple;
	if (tuple->family == AF_INET)
		mt_tuple_ipv4(tuple, was->src.u3.ip, was->dst.u3.ip);
	else
		mt_tuple_ipv6(tuple, &was->src.u3.in6, &was->dst.u3.in6);
#endif
}

/*
 * GRE in clear: is it of a tunnel that does not send such? What waits in a queue, for a
 * process or of a VRF, or is a copy, is known by its addresses alone.
 */
static noinline unsigned int look_at_gre(const struct nf_hook_state *state,
					 struct sk_buff *skb)
{
	u8 pf = state->pf;
	unsigned int len = pf == NFPROTO_IPV4 ? ip_hdrlen(skb) :
						sizeof(struct ipv6hdr);
	u8 buffer[MT_GRE_LEN_MAX];
	struct mt_tuple tuple;
	unsigned int size;
	struct mt_gre gre;
	const u8 *data;

	if (pf == NFPROTO_IPV4)
		mt_tuple_ipv4(&tuple, ip_hdr(skb)->saddr, ip_hdr(skb)->daddr);
	else
		mt_tuple_ipv6(&tuple, &ipv6_hdr(skb)->saddr,
			      &ipv6_hdr(skb)->daddr);
	size = min_t(unsigned int, sizeof(buffer), skb->len - len);
	data = skb_header_pointer(skb, len, size, buffer);
	if (!data || !mt_gre_parse(&gre, data, size))
		return NF_ACCEPT;
	undo_nat(skb, &tuple);
	tuple.keyed = !!(gre.flags & MTUN_GRE_FLAG_KEY);
	tuple.key = gre.key;
	return mt_registry_guards(state->net, &tuple) ? NF_DROP_ERR(-ENOKEY) :
							NF_ACCEPT;
}

/* Each state has a route of its own. Those with other addresses may be a NAT's doing. */
static bool has_esp(const struct dst_entry *dst)
{
	for (; dst && dst->xfrm; dst = xfrm_dst_child(dst))
		if (dst->xfrm->id.proto == IPPROTO_ESP)
			return true;
	return false;
}

static unsigned int guard_hook(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	u8 proto = state->pf == NFPROTO_IPV4 ? ip_hdr(skb)->protocol :
					       ipv6_hdr(skb)->nexthdr;
	bool owed = mt_esp_is_owed(skb);

	/* A route that encapsulates may have made another protocol of it. */
	if (likely(proto != IPPROTO_GRE && !owed))
		return NF_ACCEPT;
	/* A VRF that queues what it sends asks for the way anew, and for ESP. */
	if (netif_is_l3_master(state->out))
		return NF_ACCEPT;
	if (has_esp(skb_dst(skb))) {
		/* What it is put into once it is in ESP may be in clear. */
		if (owed)
			mt_esp_pay();
		return NF_ACCEPT;
	}
	/* Who has sent it counts it. */
	return owed ? NF_DROP_ERR(-ENOKEY) : look_at_gre(state, skb);
}

static const struct nf_hook_ops guard_ops = {
	.hook = guard_hook,
	.hooknum = NF_INET_POST_ROUTING,
	/* behind all that may change the way */
	.priority = NF_IP_PRI_CONNTRACK_CONFIRM - 1,
};

int mt_guard_get(struct net *net)
{
	struct mt_net *mn = mt_net(net);
	int i, err;

	ASSERT_RTNL();

	if (mn->guard_users++)
		return 0;
	for (i = 0; i < 2; i++) {
		mn->guards[i] = guard_ops;
		mn->guards[i].pf = i ? NFPROTO_IPV6 : NFPROTO_IPV4;
	}
	err = nf_register_net_hooks(net, mn->guards, 2);
	if (err)
		mn->guard_users--;
	return err;
}

void mt_guard_put(struct net *net)
{
	struct mt_net *mn = mt_net(net);

	ASSERT_RTNL();

	if (!--mn->guard_users)
		nf_unregister_net_hooks(net, mn->guards, 2);
}
