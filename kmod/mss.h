/* SPDX-License-Identifier: GPL-2.0 */
/* The MSS option of a TCP header (RFC 9293 section 3.7.1). Pure. */
#ifndef MTUN_MSS_H
#define MTUN_MSS_H

#include "types.h"

#define MT_TCP_LEN_MIN		20
#define MT_TCP_LEN_MAX		60
#define MT_TCP_LEN_OFFSET	12	/* of its length and its flags */

#define MT_TCP_MSS_LEN		4	/* of the option */

/* No stack sends less: Linux's net.ipv4.tcp_min_snd_mss. Also in conf.c's text. */
#define MT_MSS_MIN		48

/**
 * mt_tcp_opens() - whether a segment is a SYN or a SYN-ACK
 * @flags: byte 13 of the TCP header. ECN's bits and data do not matter (RFC
 *	   3168, RFC 7413); with RST or FIN it opens nothing.
 */
static inline bool mt_tcp_opens(u8 flags)
{
	return (flags & 0x07) == 0x02;
}

/**
 * mt_mss_limit() - the largest MSS that may go by
 * @mss: what is configured: a number, or MTUN_MSS_AUTO
 * @mtu: of the way that segments take, in bytes
 * @ipv6: they are IPv6 packets
 *
 * Return: @mss, or @mtu less the headers without options (RFC 9293 section
 * 3.7.1, RFC 8200 section 8.3), at least MT_MSS_MIN.
 */
u16 mt_mss_limit(u16 mss, unsigned int mtu, bool ipv6);

/**
 * mt_mss_default() - what counts where there is no MSS option
 * @ipv6: the segments are IPv6 packets
 *
 * Return: 536 or 1220 (RFC 9293 section 3.7.1).
 */
u16 mt_mss_default(bool ipv6);

/**
 * mt_mss_check() - what is to be done about the MSS options of a header
 * @tcp: the whole TCP header, options included
 * @len: its bytes, MT_TCP_LEN_MIN to MT_TCP_LEN_MAX
 * @max: the largest value that may go by
 *
 * Receivers differ in which of several options counts, so all of them do.
 *
 * Return: MTUN_MSS_VERDICT_LOWERED if mt_mss_lower() should be called; else
 * the reason for leaving it: _SMALL, _ABSENT, _MALFORMED or _SIGNED.
 */
enum mtun_mss_verdict mt_mss_check(const u8 *tcp, unsigned int len, u16 max);

/**
 * mt_mss_lower() - lower the MSS options of a header
 * @tcp: a header for which mt_mss_check() has returned _LOWERED
 * @len: as there
 * @max: as there
 * @checksum: update the checksum as well (RFC 1624). Without this the header
 *	      has none yet, only the sum over the pseudo header.
 */
void mt_mss_lower(u8 *tcp, unsigned int len, u16 max, bool checksum);

/**
 * mt_mss_insert() - put an MSS option in front of the others
 * @tcp: a header of at most MT_TCP_LEN_MAX - MT_TCP_MSS_LEN bytes, with a gap of
 *	 MT_TCP_MSS_LEN behind the first MT_TCP_LEN_MIN, which are all that is
 *	 read
 * @mss: the value
 * @len: of the segment before, in bytes: the pseudo header has it
 * @checksum: as for mt_mss_lower(); the sum over the pseudo header is updated
 *	      in any case
 */
void mt_mss_insert(u8 *tcp, u16 mss, u16 len, bool checksum);

#endif /* MTUN_MSS_H */
