/* SPDX-License-Identifier: GPL-2.0 */
/* How received packets reach their tunnel. */
#ifndef MTUN_RX_H
#define MTUN_RX_H

#include <net/net_namespace.h>

/**
 * mt_rx_set() - where to look at them
 * @net: a network namespace
 * @rx: enum mtun_rx
 *
 * Context: RTNL.
 * Return: 0, or a negative errno and nothing has changed.
 */
int mt_rx_set(struct net *net, u8 rx);

/**
 * mt_rx_start() - look at the packets that a network namespace receives
 * @net: the namespace
 *
 * Return: 0 or a negative errno. To be undone by mt_rx_stop().
 */
int mt_rx_start(struct net *net);
void mt_rx_stop(struct net *net);

#endif /* MTUN_RX_H */
