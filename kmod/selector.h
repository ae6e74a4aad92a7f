/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What states and policies of xfrm are for. There, xfrm_selector_match() says so, which
 * is not for modules.
 */
#ifndef MTUN_SELECTOR_H
#define MTUN_SELECTOR_H

#include "types.h"

#include <net/flow.h>
#include <net/xfrm.h>

/* As those of IKE daemons are: to take the packet to pieces costs more. */
static inline bool mt_selects_any(const struct xfrm_selector *sel)
{
	return !(sel->prefixlen_d | sel->prefixlen_s | sel->proto |
		 sel->ifindex | (__force u16)(sel->dport_mask | sel->sport_mask));
}

/**
 * mt_selects() - whether a packet is selected
 * @sel: the selector. Its device is not asked for: received packets have none yet
 * @fl: what the packet is
 * @family: the same, AF_INET or AF_INET6
 */
static inline bool mt_selects(const struct xfrm_selector *sel,
			      const struct flowi *fl, u8 family)
{
	const union flowi_uli *uli;
	bool addrs;

	if (family == AF_INET) {
		uli = &fl->u.ip4.uli;
		addrs = addr4_match(fl->u.ip4.daddr, sel->daddr.a4,
				    sel->prefixlen_d) &&
			addr4_match(fl->u.ip4.saddr, sel->saddr.a4,
				    sel->prefixlen_s);
	} else {
		uli = &fl->u.ip6.uli;
		addrs = addr_match(&fl->u.ip6.daddr, &sel->daddr,
				   sel->prefixlen_d) &&
			addr_match(&fl->u.ip6.saddr, &sel->saddr,
				   sel->prefixlen_s);
	}
	return addrs &&
	       !((xfrm_flowi_dport(fl, uli) ^ sel->dport) & sel->dport_mask) &&
	       !((xfrm_flowi_sport(fl, uli) ^ sel->sport) & sel->sport_mask) &&
	       (!sel->proto || sel->proto == fl->flowi_proto);
}

#endif /* MTUN_SELECTOR_H */
