/* SPDX-License-Identifier: GPL-2.0 */
/* Which packets belong to one flow. Pure. */
#ifndef MTUN_FLOW_H
#define MTUN_FLOW_H

#include "types.h"

/**
 * mt_flow_hash() - a number that packets of one flow have in common
 * @data: the first @len bytes of an IP packet, its whole IP header at the least
 * @len: how many bytes there are
 * @seed: others than who knows it cannot tell which flows have the same number
 *
 * A flow is what has the same addresses, protocol, flow label and ports (RFC 6438
 * section 3); the SPI of ESP counts as ports. Fragments have none, not even the
 * first one, so that all of a packet are of one flow.
 *
 * Return: 32 bits, of which the last 20 do for a flow label.
 */
u32 mt_flow_hash(const u8 *data, unsigned int len, u64 seed);

#endif /* MTUN_FLOW_H */
