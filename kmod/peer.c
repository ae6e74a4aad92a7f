// SPDX-License-Identifier: GPL-2.0
#include "peer.h"

#include <linux/inetdevice.h>
#include <net/if_inet6.h>
#include <net/addrconf.h>
#include <net/ip6_route.h>
#include <net/l3mdev.h>
#include <net/route.h>

static bool find_ipv4(const struct net_device *dev, struct mt_peers *peers)
{
	const struct in_device *in = __in_dev_get_rcu(dev);
	const struct in_ifaddr *ifa;

	if (!in)
		return false;
	in_dev_for_each_ifa_rcu(ifa, in) {
		peers->own.v4 = ifa->ifa_local;
		if (ifa->ifa_address != ifa->ifa_local)
			peers->peer.v4 = ifa->ifa_address;
		else if (ifa->ifa_prefixlen == 31)
			peers->peer.v4 = ifa->ifa_local ^ htonl(1);
		else if (ifa->ifa_prefixlen == 30)
			peers->peer.v4 = ifa->ifa_local ^ htonl(3);
		else
			continue;
		peers->family = AF_INET;
		return true;
	}
	return false;
}

static bool find_ipv6(const struct net_device *dev, struct mt_peers *peers)
{
	const struct inet6_dev *in6 = __in6_dev_get(dev);
	const struct inet6_ifaddr *ifa;

	if (!in6)
		return false;
	list_for_each_entry_rcu(ifa, &in6->addr_list, if_list) {
		peers->own.v6 = ifa->addr;
		peers->peer.v6 = ifa->addr;
		if (!ipv6_addr_any(&ifa->peer_addr))
			peers->peer.v6 = ifa->peer_addr;
		else if (ifa->prefix_len == 127)
			peers->peer.v6.s6_addr[15] ^= 1;
		else if (ifa->prefix_len == 126)
			peers->peer.v6.s6_addr[15] ^= 3;
		else
			continue;
		peers->family = AF_INET6;
		return true;
	}
	return false;
}

bool mt_peers_find(const struct net_device *dev, u8 family,
		   struct mt_peers *peers)
{
	memset(peers, 0, sizeof(*peers));
	if (family != AF_INET6 && find_ipv4(dev, peers))
		return true;
	memset(peers, 0, sizeof(*peers));
	return family != AF_INET && find_ipv6(dev, peers);
}

static bool is_local(struct net_device *dev, u8 family,
		     const union mt_addr *addr)
{
	if (family == AF_INET)
		return inet_addr_type_dev_table(dev_net(dev), dev, addr->v4) ==
		       RTN_LOCAL;
	/* of any device in the same VRF */
	return ipv6_chk_addr_and_flags(dev_net(dev), &addr->v6, dev, true, 0,
				       IFA_F_TENTATIVE);
}

/* Where the stack would send it, if the device had a carrier */
static bool leads_to(const struct net_device *dev, u8 family,
		     const union mt_addr *addr)
{
	struct flowi4 fl4 = { .daddr = addr->v4 };
	struct flowi6 fl6 = { .daddr = addr->v6 };
	struct dst_entry *dst;
	struct rtable *rt;
	bool leads;

	if (family == AF_INET) {
		fl4.flowi4_oif = l3mdev_master_ifindex_rcu(dev);
		rt = ip_route_output_key(dev_net(dev), &fl4);
		if (IS_ERR(rt))
			return false;
		dst = &rt->dst;
	} else {
		fl6.flowi6_oif = l3mdev_master_ifindex_rcu(dev);
		dst = ip6_route_output(dev_net(dev), NULL, &fl6);
	}
	leads = !dst->error && dst->dev == dev;
	dst_release(dst);
	return leads;
}

bool mt_peers_answer(struct net_device *dev, struct mt_echo *echo)
{
	struct mt_peers peers;

	if (echo->family == AF_INET6 && !ipv6_mod_enabled())
		return false;
	if (echo->request) {
		swap(echo->src, echo->dst);
		echo->request = false;
		echo->ttl = 0;
		if (!is_local(dev, echo->family, &echo->src))
			return false;
	} else if (!--echo->ttl) {
		return false;
	}
	if (mt_peers_find(dev, echo->family, &peers) &&
	    !memcmp(&echo->dst, &peers.peer, sizeof(peers.peer)))
		return true;
	return leads_to(dev, echo->family, &echo->dst);
}

static void choose_outside(const struct mt_health_conf *health,
			   const struct mt_conf *conf, struct mt_echo *answer)
{
	if (!answer->family)
		answer->family = conf->family;
	if (!health->has_source)
		answer->dst = conf->local;
	if (!health->has_target)
		answer->src = conf->remote;
}

/* False if an end is not given, and the device does not tell it. */
static bool choose(const struct net_device *dev,
		   const struct mt_health_conf *health,
		   const struct mt_conf *conf, struct mt_echo *answer)
{
	bool ask = health->style == MTUN_HEALTH_STYLE_REQUEST;
	struct mt_peers peers;

	answer->src = health->target;
	answer->dst = health->source;
	answer->family = health->family;
	if (health->direction == MTUN_HEALTH_DIRECTION_UNI) {
		choose_outside(health, conf, answer);
		return true;
	}
	if (!health->has_source || (ask && !health->has_target)) {
		if (!mt_peers_find(dev, health->family, &peers))
			return false;
		answer->family = peers.family;
		if (!health->has_source)
			answer->dst = peers.own;
		if (ask && !health->has_target)
			answer->src = peers.peer;
	}
	/*
	 * What only travels there and back seems to come from ourselves: a
	 * router drops what says that it is from the router.
	 */
	if (!ask && !health->has_target)
		answer->src = answer->dst;
	return true;
}

static unsigned int build_echo(const struct net_device *dev,
			       const struct mt_health_conf *health,
			       const struct mt_conf *conf,
			       const struct mt_cookie *cookie,
			       struct mt_echo *answer, u8 *packet)
{
	struct mt_echo probe;

	if (!choose(dev, health, conf, answer)) {
		answer->family = 0;
		return 0;
	}
	probe = *answer;
	probe.cookie = *cookie;
	probe.request = health->style == MTUN_HEALTH_STYLE_REQUEST;
	if (probe.request)
		swap(probe.src, probe.dst);
	return mt_echo_build(packet, &probe);
}

/* From the far end to us: there it is taken out of the tunnel, and comes back. */
static unsigned int build_keepalive(const struct mt_conf *conf,
				    const struct mt_cookie *cookie,
				    struct mt_echo *answer, u8 *packet)
{
	const struct mt_keepalive keepalive = {
		.src = conf->remote,
		.dst = conf->local,
		.family = conf->family,
		.flags = conf->iflags,
		.key = conf->ikey,
	};

	*answer = (struct mt_echo) {
		.src = keepalive.src,
		.dst = keepalive.dst,
		.family = keepalive.family,
	};
	return mt_keepalive_build(packet, &keepalive, cookie);
}

unsigned int mt_peers_probe(const struct net_device *dev,
			    const struct mt_health_conf *health,
			    const struct mt_conf *conf,
			    const struct mt_cookie *cookie,
			    struct mt_echo *answer, u8 *packet)
{
	return health->mode == MTUN_HEALTH_MODE_KEEPALIVE ?
	       build_keepalive(conf, cookie, answer, packet) :
	       build_echo(dev, health, conf, cookie, answer, packet);
}
