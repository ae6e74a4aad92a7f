// SPDX-License-Identifier: GPL-2.0
#include "rx.h"
#include "decap.h"
#include "family.h"
#include "registry.h"
#include "wire.h"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>

/*
 * The kernel has one slot for a GRE receiver, and a router that runs ip_gre
 * needs it for that. A netfilter hook takes what belongs to a tunnel and
 * leaves the rest untouched, with and without ip_gre, for both families.
 */
static unsigned int rx_hook(void *priv, struct sk_buff *skb,
			    const struct nf_hook_state *state)
{
	const struct mt_family *family = state->pf == NFPROTO_IPV4 ?
					 &mt_family_ipv4 : &mt_family_ipv6;
	u8 buffer[MT_GRE_LEN_MAX];
	struct mt_endpoint *ep;
	struct mt_outer outer;
	unsigned int len;
	struct mt_gre gre;
	const u8 *data;

	if (!family->parse(skb, &outer) || outer.len >= skb->len)
		return NF_ACCEPT;
	len = min_t(unsigned int, sizeof(buffer), skb->len - outer.len);
	data = skb_header_pointer(skb, outer.len, len, buffer);
	if (!data || !mt_gre_parse(&gre, data, len))
		return NF_ACCEPT;

	outer.tuple.keyed = gre.keyed;
	outer.tuple.key = gre.key;
	ep = mt_registry_find(state->net, &outer.tuple);
	if (!ep)
		return NF_ACCEPT;
	mt_decap(ep, skb, &outer, &gre);
	return NF_STOLEN;
}

/*
 * After every rule of the INPUT chain has had its say, and before conntrack
 * confirms its entry: nothing can be sure to run behind that, and an entry
 * not confirmed goes with the packet.
 */
static const struct nf_hook_ops rx_hooks[] = {
	{
		.hook = rx_hook,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_CONNTRACK_CONFIRM - 1,
	}, {
		.hook = rx_hook,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_CONNTRACK_CONFIRM - 1,
	},
};

int mt_rx_start(struct net *net)
{
	return nf_register_net_hooks(net, rx_hooks, ARRAY_SIZE(rx_hooks));
}

void mt_rx_stop(struct net *net)
{
	nf_unregister_net_hooks(net, rx_hooks, ARRAY_SIZE(rx_hooks));
}
