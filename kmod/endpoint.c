// SPDX-License-Identifier: GPL-2.0
#include "endpoint.h"
#include "conf.h"
#include "family.h"
#include "guard.h"
#include "link.h"
#include "mtu.h"
#include "registry.h"
#include "samples.h"
#include "wire.h"

#include <linux/rtnetlink.h>
#include <linux/slab.h>

/* How many routes a CPU has: out of ESP, IPv4 and IPv6 have one each. */
static unsigned int routes_of(const struct mt_conf *conf)
{
	return conf->mode == MTUN_MODE_IPSEC ? 2 : 1;
}

struct mt_endpoint *mt_endpoint_new(struct mt_tunnel *tunnel,
				    const struct mt_conf *conf)
{
	struct mt_endpoint *ep;

	ASSERT_RTNL();

	ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);
	if (!ep)
		return NULL;
	ep->sampler = alloc_percpu_gfp(struct mt_sampler, GFP_KERNEL_ACCOUNT);
	if (!ep->sampler)
		goto err_free_ep;
	ep->routes = __alloc_percpu_gfp(routes_of(conf) * sizeof(*ep->routes),
					__alignof__(*ep->routes),
					GFP_KERNEL_ACCOUNT);
	if (!ep->routes)
		goto err_free_sampler;
	if (conf->link[0]) {
		ep->link = mt_link_get(tunnel->net, conf->link);
		if (!ep->link)
			goto err_free_routes;
	}
	ep->tunnel = tunnel;
	ep->conf = *conf;
	if (conf->description) {
		ep->conf.description = kstrdup(conf->description,
					       GFP_KERNEL_ACCOUNT);
		if (!ep->conf.description)
			goto err_put_link;
	}
	if (conf->ipsec == MTUN_IPSEC_REQUIRED && mt_guard_get(tunnel->net))
		goto err_free_description;
	mt_conf_received(conf, &ep->received);
	mt_conf_sent(conf, &ep->sent);
	ep->rx_flags = conf->iflags;
	if (conf->ipsec == MTUN_IPSEC_REQUIRED)
		ep->rx_flags |= MT_RX_GUARDED;
	ep->family = mt_family_of(conf);
	ep->header_len = mt_overhead(conf);
	ep->family->build(ep->header, conf);
	mt_gre_build(ep->header + ep->family->header_len, conf->oflags,
		     conf->okey);
	return ep;

err_free_description:
	kfree(ep->conf.description);
err_put_link:
	mt_link_put(ep->link);
err_free_routes:
	free_percpu(ep->routes);
err_free_sampler:
	free_percpu(ep->sampler);
err_free_ep:
	kfree(ep);
	return NULL;
}

static void endpoint_free(struct rcu_head *rcu)
{
	struct mt_endpoint *ep = container_of(rcu, struct mt_endpoint, rcu);
	unsigned int i;
	int cpu;

	for_each_possible_cpu(cpu)
		for (i = 0; i < routes_of(&ep->conf); i++)
			dst_release(per_cpu_ptr(ep->routes, cpu)[i].dst);
	free_percpu(ep->routes);
	free_percpu(ep->sampler);
	kfree(ep->conf.description);
	kfree(ep);
}

void mt_endpoint_release(struct mt_endpoint *ep)
{
	ASSERT_RTNL();

	mt_link_put(ep->link);
	if (ep->conf.ipsec == MTUN_IPSEC_REQUIRED)
		mt_guard_put(ep->tunnel->net);
	call_rcu(&ep->rcu, endpoint_free);
}
