// SPDX-License-Identifier: GPL-2.0
#include "esp.h"

#include <net/xfrm.h>

static const xfrm_address_t *address(const union mt_addr *addr)
{
	return (const xfrm_address_t *)addr;
}

/* ESP in transport mode between two addresses, for no other device */
static bool guards(const struct xfrm_state *x, u8 family,
		   const union mt_addr *from, const union mt_addr *to)
{
	return x->id.proto == IPPROTO_ESP &&
	       x->props.mode == XFRM_MODE_TRANSPORT && !x->if_id &&
	       x->props.family == family &&
	       xfrm_addr_equal(&x->props.saddr, address(from), family) &&
	       xfrm_addr_equal(&x->id.daddr, address(to), family);
}

bool mt_esp_guarded(const struct sk_buff *skb, const struct mt_tuple *tuple)
{
	const struct sec_path *path = skb_sec_path(skb);
	int i;

	for (i = 0; path && i < path->len; i++)
		if (guards(path->xvec[i], tuple->family, &tuple->remote,
			   &tuple->local))
			return true;
	return false;
}

bool mt_esp_guards(const struct dst_entry *dst, const struct mt_conf *conf)
{
	/* a route of its own for each state, and then the one that all take */
	for (; dst && dst->xfrm; dst = xfrm_dst_child(dst))
		if (guards(dst->xfrm, conf->family, &conf->local,
			   &conf->remote))
			return true;
	return false;
}
