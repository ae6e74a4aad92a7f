/* SPDX-License-Identifier: GPL-2.0 */
/* Which addresses packets may have: sets of prefixes, asked per packet. */
#ifndef MTUN_FILTER_H
#define MTUN_FILTER_H

#include "types.h"

#include <linux/skbuff.h>

struct mt_set;
struct mt_tunnel;

/**
 * mt_prefixes_copy() - copy prefixes to where they will stay
 * @to: made to have the copies
 * @room: for as many as @from has
 * @from: some
 *
 * Return: where there may be room for more.
 */
struct mt_prefix *mt_prefixes_copy(struct mt_prefixes *to,
				   struct mt_prefix *room,
				   const struct mt_prefixes *from);

/**
 * struct mt_side - the addresses that one end of a packet may have
 * @v4: IPv4 addresses, or NULL for none
 * @v6: IPv6 addresses, or NULL for none
 * @any: there is nothing to look up
 *
 * The families are apart, or ::/0 would have all of IPv4.
 */
struct mt_side {
	struct mt_set *v4;
	struct mt_set *v6;
	bool any;
};

/* The ends that a packet is to have */
struct mt_match {
	struct mt_side src;
	struct mt_side dst;
};

/**
 * mt_match_init() - make prefixes ready for packets
 * @match: filled in
 * @src: prefixes, no more than MT_SET_RANGES_MAX; without any, all will do
 * @dst: the same
 *
 * Return: 0, or -ENOMEM and there is nothing to free.
 */
int mt_match_init(struct mt_match *match, const struct mt_prefixes *src,
		  const struct mt_prefixes *dst);

/* No packet asks it any more. */
void mt_match_free(struct mt_match *match);

/**
 * mt_match_has() - whether a packet has such ends
 * @match: what mt_match_init() has made
 * @skb: IPv4 or IPv6 by its protocol; the header need not be linear
 * @back: source and destination change places
 */
bool mt_match_has(const struct mt_match *match, const struct sk_buff *skb,
		  bool back);

#define MT_FILTER_PREFIXES_MAX	32768	/* of one filter, all lists together */

/**
 * struct mt_filter - the inner addresses that packets of a tunnel may have
 * @rx: of packets decapsulated
 * @tx: of packets to be encapsulated
 * @lists: the prefixes as they were given, by enum mtun_filter_list
 * @rcu: defers the freeing
 * @prefixes: those of the first list, then those of the second one and so on
 *
 * Never written to after it was published. A tunnel that lets everything pass
 * has none.
 */
struct mt_filter {
	struct mt_match rx;
	struct mt_match tx;
	struct mt_prefixes lists[MTUN_FILTER_LIST_MAX + 1];
	struct rcu_head rcu;
	struct mt_prefix prefixes[];
};

/**
 * mt_filter_set() - let the packets of a tunnel have these addresses alone
 * @tunnel: which
 * @lists: prefixes by enum mtun_filter_list, copied; an empty list is any
 *	   address. At most MT_FILTER_PREFIXES_MAX together
 *
 * A packet meets the old filter or the new one.
 *
 * Context: RTNL.
 * Return: 0, or -ENOMEM and the filter is as it was.
 */
int mt_filter_set(struct mt_tunnel *tunnel, const struct mt_prefixes *lists);

/**
 * mt_filter_returns() - whether a packet may come in and go out by its tunnel again
 * @tunnel: which
 * @skb: decapsulated, IPv4 or IPv6 by its protocol
 * @swapped: it goes out to where it is from, as an answer
 *
 * Context: bottom halves off.
 */
bool mt_filter_returns(const struct mt_tunnel *tunnel, const struct sk_buff *skb,
		       bool swapped);

/* Let all pass. Context: RTNL. */
void mt_filter_remove(struct mt_tunnel *tunnel);

#endif /* MTUN_FILTER_H */
