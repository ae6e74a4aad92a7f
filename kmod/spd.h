/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What xfrm has of policies for what is sent: how many with an if_id. Where there is but
 * one, what it selects says for all packets at once what xfrm_lookup() would find for
 * each.
 */
#ifndef MTUN_SPD_H
#define MTUN_SPD_H

#include "registry.h"

/**
 * mt_spd_watch() - count the policies of a network namespace, from now on
 * @net: it
 *
 * Context: RTNL. Where it has been called before, it does nothing.
 */
void mt_spd_watch(struct net *net);

/**
 * mt_spd_changes() - how often policies have changed, and states of a tunnel
 * @mn: of its underlay
 * @tunnel: it
 *
 * Whoever reads this, then looks for a policy, and later finds this number again has
 * missed nothing but that a policy or state is gone.
 *
 * Return: a number that is not 0.
 */
static inline u32 mt_spd_changes(const struct mt_net *mn,
				 const struct mt_tunnel *tunnel)
{
	/* ahead of what is looked at then */
	return (smp_load_acquire(&mn->policy_changes) +
		atomic_read_acquire(&tunnel->state_changes)) | 1u << 31;
}

/**
 * mt_spd_single() - whether there is one policy and no other
 * @mn: of a network namespace
 * @if_id: of the policy
 * @family: of the packets that it is for
 *
 * Return: false as well if that is not known.
 */
bool mt_spd_single(struct mt_net *mn, u32 if_id, u8 family);

int mt_spd_init(void);
void mt_spd_exit(void);

#endif /* MTUN_SPD_H */
