/* SPDX-License-Identifier: GPL-2.0 */
/* From a configuration to what the datapath uses of it. */
#ifndef MTUN_ENDPOINT_H
#define MTUN_ENDPOINT_H

struct mt_conf;
struct mt_endpoint;
struct mt_tunnel;

/**
 * mt_endpoint_new() - prepare a configuration for use
 * @tunnel: whose configuration it is, its underlay set
 * @conf: a valid configuration, which is copied
 *
 * Context: RTNL.
 * Return: an endpoint that nothing finds yet, or NULL if there is no memory.
 */
struct mt_endpoint *mt_endpoint_new(struct mt_tunnel *tunnel,
				    const struct mt_conf *conf);

/**
 * mt_endpoint_release() - free an endpoint
 * @ep: nothing finds it any more; readers under RCU may still have it
 *
 * Context: RTNL.
 */
void mt_endpoint_release(struct mt_endpoint *ep);

#endif /* MTUN_ENDPOINT_H */
