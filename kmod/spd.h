/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What xfrm has of policies with an if_id. Of those for what is sent, how many: where
 * there is but one, what it selects says for all packets at once what xfrm_lookup() would
 * find for each. Of those for what is received, what they select.
 */
#ifndef MTUN_SPD_H
#define MTUN_SPD_H

#include "registry.h"

#include <net/flow.h>

/**
 * mt_spd_watch() - count the policies of a network namespace, from now on
 * @net: it
 *
 * Context: RTNL. Where it has been called before, it does nothing.
 */
void mt_spd_watch(struct net *net);

/**
 * mt_spd_recount() - policies have gone, and xfrm has said nothing
 * @net: their network namespace
 *
 * For a moment nothing is received that policies are asked for.
 */
void mt_spd_recount(struct net *net);

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

/**
 * mt_spd_takes_any() - whether no policy says what may be received
 * @mn: of the network namespace that mt_spd_watch() was called for
 */
static inline bool mt_spd_takes_any(const struct mt_net *mn)
{
	return !READ_ONCE(mn->policies_narrow);
}

/**
 * mt_spd_takes() - whether policies let a packet in
 * @mn: of the network namespace
 * @fl: what the packet is, its mark as well
 * @if_id: of the state that it has come by
 * @family: of the packet
 *
 * As xfrm's own devices have it, the first policy that selects the packet says so, by
 * priority (and of one priority one that blocks, if there is any); and a packet that
 * none selects is refused, if there are any. Nobody knows yet whether the packet will
 * be forwarded: those for that (XFRM_POLICY_FWD) and those for the others
 * (XFRM_POLICY_IN) are one list.
 *
 * Context: RCU.
 * Return: false as well while it is not known what there is.
 */
bool mt_spd_takes(struct mt_net *mn, const struct flowi *fl, u32 if_id,
		  u8 family);

int mt_spd_init(void);
void mt_spd_exit(void);

#endif /* MTUN_SPD_H */
