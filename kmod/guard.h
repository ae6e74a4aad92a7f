/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The last look at what leaves by tunnels that must not send in clear: between us and
 * ESP, rules of others may have given a packet another way.
 */
#ifndef MTUN_GUARD_H
#define MTUN_GUARD_H

struct net;

/**
 * mt_guard_get() - look at what leaves a network namespace, from now on
 * @net: where an endpoint with MTUN_IPSEC_REQUIRED is going to send
 *
 * The rest of the namespace's packets pay for it: it is there only while it has users.
 *
 * Context: RTNL.
 * Return: 0 or a negative errno.
 */
int mt_guard_get(struct net *net);

/**
 * mt_guard_put() - one user less
 * @net: as above
 *
 * Context: RTNL.
 */
void mt_guard_put(struct net *net);

#endif /* MTUN_GUARD_H */
