/* SPDX-License-Identifier: GPL-2.0 */
/* Overhead and MTU arithmetic. Pure. All sizes are in bytes. */
#ifndef MTUN_MTU_H
#define MTUN_MTU_H

#include "types.h"

#define MT_MTU_MIN	68	/* RFC 791: every IPv4 link carries that much */

/**
 * mt_overhead() - bytes that encapsulation puts before the inner packet
 * @conf: the tunnel
 *
 * Return: 24 over IPv4 and 44 over IPv6, and 4 for each optional GRE field. In
 * MTUN_MODE_IPSEC, 54 and 74, which AES-GCM makes of it.
 */
unsigned int mt_overhead(const struct mt_conf *conf);

/**
 * mt_mtu_max() - the largest inner packet that the outer length field can tell
 * @conf: the tunnel
 *
 * The field counts the outer header in IPv4 and leaves it out in IPv6.
 */
unsigned int mt_mtu_max(const struct mt_conf *conf);

/**
 * mt_mtu_auto() - MTU of a tunnel over a path
 * @conf: the tunnel
 * @path_mtu: MTU of the path, or 0 if that is not known: then it is
 *	      that of Ethernet, 1500
 * @has_esp: whether path_mtu is what the state in use leaves, which matters with
 *	     MTUN_IPSEC_REQUIRED alone. Where there is none yet it is taken for AES-GCM.
 *
 * Return: MT_MTU_MIN to mt_mtu_max().
 */
unsigned int mt_mtu_auto(const struct mt_conf *conf, unsigned int path_mtu,
			 bool has_esp);

/**
 * mt_mtu_check() - whether a tunnel can have an MTU
 * @conf: the tunnel
 * @mtu: the MTU
 *
 * Return: NULL if it is MT_MTU_MIN to mt_mtu_max(), else a text that says so.
 */
const char *mt_mtu_check(const struct mt_conf *conf, unsigned int mtu);

#endif /* MTUN_MTU_H */
