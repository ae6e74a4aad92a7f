/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit: tools/gen.py made this from Documentation/netlink/specs/mtun.yaml */

#ifndef _UAPI_LINUX_MTUN_H
#define _UAPI_LINUX_MTUN_H

/**
 * DOC: The generic netlink family "mtun"
 *
 * Stateless tunnels for edge routers.
 *
 * Clamps lower the MSS of TCP handshakes at devices of any kind, for traffic
 * that passes no tunnel on its way out.
 *
 * The health of a tunnel says whether packets get through it to the far end and
 * back, as seen by probes.
 *
 * Each tunnel is a network device of the kind "mtun". A request acts on the
 * network namespace of the socket that sent it: that is where "tunnel-new"
 * creates the device and where "tunnel-get" looks for it. The namespace in
 * which a tunnel was created stays its underlay: encapsulated packets are sent
 * and received there, also when the device is moved elsewhere.
 *
 * All numbers are in host byte order and all addresses in network byte order.
 * Every request but "tunnel-get", "clamp-get", "filter-get" and "health-get"
 * needs CAP_NET_ADMIN in the user namespace that owns the network namespace,
 * and so does the group "samples", which carries parts of packets.
 */
#define MTUN_GENL_NAME		"mtun"
#define MTUN_GENL_VERSION	1

/**
 * As an MSS, the segments that open TCP connections are left alone.
 */
#define MTUN_MSS_OFF	0

/**
 * As an MSS, what fits into the tunnel, now and whenever that changes.
 */
#define MTUN_MSS_AUTO	65535

/**
 * enum mtun_gre_flag - Optional fields of the GRE header (RFC 2890 section 2).
 * @MTUN_GRE_FLAG_KEY: The 4-byte key field, which names a tunnel between two
 *   addresses.
 * @MTUN_GRE_FLAG_CSUM: The 2-byte checksum of GRE header and payload (RFC 2784
 *   section 2.1).
 * @MTUN_GRE_FLAG_SEQ: The 4-byte sequence number. It is state of one sender: no
 *   other node can send for the same tunnel.
 */
enum mtun_gre_flag {
	MTUN_GRE_FLAG_KEY = 1,
	MTUN_GRE_FLAG_CSUM = 2,
	MTUN_GRE_FLAG_SEQ = 4,
};

/**
 * enum mtun_df - Whether outer packets may be fragmented on their way. Over
 * IPv4 it is the DF bit; over IPv6, where only the sender fragments, it is the
 * sender's permission.
 * @MTUN_DF_SET: Never.
 * @MTUN_DF_INHERIT: If the inner packet may, which IPv6 and IPv4 with DF may
 *   not.
 * @MTUN_DF_CLEAR: Always.
 */
enum mtun_df {
	MTUN_DF_SET,
	MTUN_DF_INHERIT,
	MTUN_DF_CLEAR,

	/* private: */
	__MTUN_DF_MAX,
	MTUN_DF_MAX = (__MTUN_DF_MAX - 1)
};

/**
 * enum mtun_inner_df - What the DF bit of an inner packet that is too big
 * means.
 * @MTUN_INNER_DF_KEEP: The packet is dropped and its source told by ICMP (RFC
 *   1191).
 * @MTUN_INNER_DF_CLEAR: The bit is cleared and the packet fragmented. Its
 *   source does not learn of the path MTU. IPv6 packets are never fragmented by
 *   a tunnel.
 */
enum mtun_inner_df {
	MTUN_INNER_DF_KEEP,
	MTUN_INNER_DF_CLEAR,

	/* private: */
	__MTUN_INNER_DF_MAX,
	MTUN_INNER_DF_MAX = (__MTUN_INNER_DF_MAX - 1)
};

/**
 * enum mtun_frag - Where packets that are too big and may be fragmented are.
 * @MTUN_FRAG_INNER: Before encapsulation, so that the receiver of the inner
 *   packet reassembles it.
 * @MTUN_FRAG_OUTER: After encapsulation where df permits it, so that the other
 *   end of the tunnel reassembles it. Other packets are treated as with inner.
 */
enum mtun_frag {
	MTUN_FRAG_INNER,
	MTUN_FRAG_OUTER,

	/* private: */
	__MTUN_FRAG_MAX,
	MTUN_FRAG_MAX = (__MTUN_FRAG_MAX - 1)
};

/**
 * enum mtun_mss_verdict - What an MSS clamp has done with a segment that opens
 * a TCP connection (SYN or SYN-ACK). Whatever it was, the packet went on.
 * @MTUN_MSS_VERDICT_LOWERED: The MSS was larger than allowed and is what is
 *   allowed now.
 * @MTUN_MSS_VERDICT_INSERTED: There was no MSS option, and one was added. It
 *   says what counted without it (see absent), or what is allowed if that is
 *   less.
 * @MTUN_MSS_VERDICT_SMALL: The MSS was no larger than allowed.
 * @MTUN_MSS_VERDICT_ABSENT: There is no MSS option, so that 536 bytes (IPv4) or
 *   1220 (IPv6) count (RFC 9293 section 3.7.1), and it was not to be added, or
 *   there is no room for it: the TCP header is full, the packet as long as it
 *   may be, or a fragment.
 * @MTUN_MSS_VERDICT_MALFORMED: The TCP header or an option of it is cut short
 *   or longer than it may be.
 * @MTUN_MSS_VERDICT_SIGNED: A change would break the signature that covers the
 *   options (RFC 2385, RFC 5925).
 * @MTUN_MSS_VERDICT_NO_MEMORY: No memory to make the header writable. The MSS
 *   is larger than allowed, or an option was to be added.
 */
enum mtun_mss_verdict {
	MTUN_MSS_VERDICT_LOWERED = 1,
	MTUN_MSS_VERDICT_INSERTED,
	MTUN_MSS_VERDICT_SMALL,
	MTUN_MSS_VERDICT_ABSENT,
	MTUN_MSS_VERDICT_MALFORMED,
	MTUN_MSS_VERDICT_SIGNED,
	MTUN_MSS_VERDICT_NO_MEMORY,

	/* private: */
	__MTUN_MSS_VERDICT_MAX,
	MTUN_MSS_VERDICT_MAX = (__MTUN_MSS_VERDICT_MAX - 1)
};

/**
 * enum mtun_clamp_direction - Which packets of a device an MSS clamp looks at.
 * @MTUN_CLAMP_DIRECTION_OUT: Those that leave through it.
 * @MTUN_CLAMP_DIRECTION_IN: Those that arrive through it.
 * @MTUN_CLAMP_DIRECTION_BOTH: All.
 */
enum mtun_clamp_direction {
	MTUN_CLAMP_DIRECTION_OUT,
	MTUN_CLAMP_DIRECTION_IN,
	MTUN_CLAMP_DIRECTION_BOTH,

	/* private: */
	__MTUN_CLAMP_DIRECTION_MAX,
	MTUN_CLAMP_DIRECTION_MAX = (__MTUN_CLAMP_DIRECTION_MAX - 1)
};

/**
 * enum mtun_pmtu - Whether a tunnel learns the MTU of its path from ICMP errors
 * about packets that it has sent (RFC 1191, RFC 8201).
 * @MTUN_PMTU_AUTO: As learn, or as static for an anycast tunnel.
 * @MTUN_PMTU_LEARN: It does.
 * @MTUN_PMTU_STATIC: Errors are counted and have no effect: those about other
 *   nodes' packets would be as likely to arrive.
 */
enum mtun_pmtu {
	MTUN_PMTU_AUTO,
	MTUN_PMTU_LEARN,
	MTUN_PMTU_STATIC,

	/* private: */
	__MTUN_PMTU_MAX,
	MTUN_PMTU_MAX = (__MTUN_PMTU_MAX - 1)
};

/**
 * enum mtun_rx - Where received packets are looked at.
 * @MTUN_RX_LOCAL: Where the host gets its own packets, behind routing, the
 *   rules of INPUT and the check of the way back (rp_filter).
 * @MTUN_RX_EARLY: Before routing, behind the raw table: the outer destination
 *   need be no address of the host. INPUT, conntrack and rp_filter do not see
 *   these packets. Fragments, and packets for which there is no tunnel, go the
 *   way of local.
 */
enum mtun_rx {
	MTUN_RX_LOCAL,
	MTUN_RX_EARLY,

	/* private: */
	__MTUN_RX_MAX,
	MTUN_RX_MAX = (__MTUN_RX_MAX - 1)
};

/**
 * enum mtun_origin - Who made something, for those who clean up after
 * themselves.
 * @MTUN_ORIGIN_MANUAL: Somebody, by hand.
 * @MTUN_ORIGIN_FILE: A configuration file, in which it can be changed and
 *   removed.
 */
enum mtun_origin {
	MTUN_ORIGIN_MANUAL,
	MTUN_ORIGIN_FILE,

	/* private: */
	__MTUN_ORIGIN_MAX,
	MTUN_ORIGIN_MAX = (__MTUN_ORIGIN_MAX - 1)
};

/**
 * enum mtun_ipsec - Whether packets of a tunnel may be in clear.
 * @MTUN_IPSEC_OFF: As the IPsec policies of the underlay say.
 * @MTUN_IPSEC_REQUIRED: They may not, in either direction: there is ESP in
 *   transport mode around them, or they are dropped. Policies and states are
 *   made by others.
 */
enum mtun_ipsec {
	MTUN_IPSEC_OFF,
	MTUN_IPSEC_REQUIRED,

	/* private: */
	__MTUN_IPSEC_MAX,
	MTUN_IPSEC_MAX = (__MTUN_IPSEC_MAX - 1)
};

/**
 * enum mtun_mode - What a tunnel puts its packets into.
 * @MTUN_MODE_GRE: GRE.
 * @MTUN_MODE_IPSEC: ESP in tunnel mode, and nothing else. Policies and states
 *   are those of if-id; others make them.
 */
enum mtun_mode {
	MTUN_MODE_GRE,
	MTUN_MODE_IPSEC,

	/* private: */
	__MTUN_MODE_MAX,
	MTUN_MODE_MAX = (__MTUN_MODE_MAX - 1)
};

/**
 * enum mtun_filter_list - Which addresses of inner packets a list of prefixes
 * is about; "rx" are packets that arrive encapsulated, "tx" those that are to
 * be encapsulated.
 * @MTUN_FILTER_LIST_ALLOW_SRC_RX: The sources of packets received.
 * @MTUN_FILTER_LIST_ALLOW_DST_RX: The destinations of packets received.
 * @MTUN_FILTER_LIST_ALLOW_SRC_TX: The sources of packets to be sent.
 * @MTUN_FILTER_LIST_ALLOW_DST_TX: The destinations of packets to be sent.
 */
enum mtun_filter_list {
	MTUN_FILTER_LIST_ALLOW_SRC_RX,
	MTUN_FILTER_LIST_ALLOW_DST_RX,
	MTUN_FILTER_LIST_ALLOW_SRC_TX,
	MTUN_FILTER_LIST_ALLOW_DST_TX,

	/* private: */
	__MTUN_FILTER_LIST_MAX,
	MTUN_FILTER_LIST_MAX = (__MTUN_FILTER_LIST_MAX - 1)
};

/**
 * enum mtun_health_mode - How the health of a tunnel is watched.
 * @MTUN_HEALTH_MODE_OFF: Not at all.
 * @MTUN_HEALTH_MODE_PROBE: By ICMP echoes that are sent through the tunnel.
 * @MTUN_HEALTH_MODE_KEEPALIVE: By GRE keepalives: a packet to ourselves, sent
 *   to the far end in the tunnel, which decapsulates and returns it.
 */
enum mtun_health_mode {
	MTUN_HEALTH_MODE_OFF,
	MTUN_HEALTH_MODE_PROBE,
	MTUN_HEALTH_MODE_KEEPALIVE,

	/* private: */
	__MTUN_HEALTH_MODE_MAX,
	MTUN_HEALTH_MODE_MAX = (__MTUN_HEALTH_MODE_MAX - 1)
};

/**
 * enum mtun_health_style - What a probe is.
 * @MTUN_HEALTH_STYLE_REPLY: An echo reply addressed to ourselves, which the far
 *   end only has to route.
 * @MTUN_HEALTH_STYLE_REQUEST: An echo request, which the far end answers.
 */
enum mtun_health_style {
	MTUN_HEALTH_STYLE_REPLY,
	MTUN_HEALTH_STYLE_REQUEST,

	/* private: */
	__MTUN_HEALTH_STYLE_MAX,
	MTUN_HEALTH_STYLE_MAX = (__MTUN_HEALTH_STYLE_MAX - 1)
};

/**
 * enum mtun_health_direction - Which way a probe comes back.
 * @MTUN_HEALTH_DIRECTION_BI: Through the tunnel, addressed to what is inside of
 *   it.
 * @MTUN_HEALTH_DIRECTION_UNI: Outside of the tunnel, addressed to what the
 *   underlay routes.
 */
enum mtun_health_direction {
	MTUN_HEALTH_DIRECTION_BI,
	MTUN_HEALTH_DIRECTION_UNI,

	/* private: */
	__MTUN_HEALTH_DIRECTION_MAX,
	MTUN_HEALTH_DIRECTION_MAX = (__MTUN_HEALTH_DIRECTION_MAX - 1)
};

/**
 * enum mtun_health_state - What the probes say of a tunnel.
 * @MTUN_HEALTH_STATE_DOWN: Nothing gets through.
 * @MTUN_HEALTH_STATE_DEGRADED: Some packets are lost, or a tunnel that was down
 *   has not proved itself.
 * @MTUN_HEALTH_STATE_HEALTHY: Packets get through. A tunnel of which nothing is
 *   known yet is healthy.
 */
enum mtun_health_state {
	MTUN_HEALTH_STATE_DOWN,
	MTUN_HEALTH_STATE_DEGRADED,
	MTUN_HEALTH_STATE_HEALTHY,

	/* private: */
	__MTUN_HEALTH_STATE_MAX,
	MTUN_HEALTH_STATE_MAX = (__MTUN_HEALTH_STATE_MAX - 1)
};

/**
 * enum mtun_health_reason - Why a tunnel has its state.
 * @MTUN_HEALTH_REASON_START: It is watched since a moment ago.
 * @MTUN_HEALTH_REASON_ALL_LOST: All of the last probes were lost.
 * @MTUN_HEALTH_REASON_SOME_LOST: More probes were lost than a healthy tunnel
 *   may lose.
 * @MTUN_HEALTH_REASON_ANSWERS: A tunnel that was down has answered several
 *   times in a row.
 * @MTUN_HEALTH_REASON_NO_LOSS: The last probes were answered.
 */
enum mtun_health_reason {
	MTUN_HEALTH_REASON_START,
	MTUN_HEALTH_REASON_ALL_LOST,
	MTUN_HEALTH_REASON_SOME_LOST,
	MTUN_HEALTH_REASON_ANSWERS,
	MTUN_HEALTH_REASON_NO_LOSS,

	/* private: */
	__MTUN_HEALTH_REASON_MAX,
	MTUN_HEALTH_REASON_MAX = (__MTUN_HEALTH_REASON_MAX - 1)
};

/**
 * enum mtun_drop_reason - Why a packet was not carried. Each refused packet is
 * counted under exactly one reason. "rx" is a packet that arrived encapsulated,
 * "tx" one that was to be encapsulated.
 * @MTUN_DROP_RX_HEADER: GRE header with a bit that RFC 2784 section 2.3 tells a
 *   receiver to refuse: the routing bit, or one of the bits 4 and 5.
 * @MTUN_DROP_RX_TRUNCATED: The packet ends inside of its GRE header.
 * @MTUN_DROP_RX_OPTIONS: GRE header with a checksum or a sequence number that
 *   the tunnel does not use, or without one that it does.
 * @MTUN_DROP_RX_CHECKSUM: The GRE checksum is wrong (RFC 2784 section 2.1).
 * @MTUN_DROP_RX_SEQUENCE: The packet is older than one that was received before
 *   (RFC 2890 section 2.2).
 * @MTUN_DROP_RX_PROTOCOL: GRE protocol type other than IPv4 (0x0800) and IPv6
 *   (0x86dd).
 * @MTUN_DROP_RX_INNER: The inner packet is not what the GRE protocol type says.
 * @MTUN_DROP_RX_ECN: The outer packet met congestion but the inner one cannot
 *   say so (RFC 6040 section 4.2, CE over Not-ECT).
 * @MTUN_DROP_RX_POLICY: An IPsec policy of the underlay refuses the outer
 *   packet.
 * @MTUN_DROP_RX_DOWN: The tunnel device is down.
 * @MTUN_DROP_RX_BACKLOG: The CPU's receive queue is full
 *   (net.core.netdev_max_backlog). Only packets out of IPsec, with sequence
 *   numbers, or in two tunnels wait in it.
 * @MTUN_DROP_RX_MEMORY: No memory to make the headers readable.
 * @MTUN_DROP_TX_PROTOCOL: Packet other than IPv4 and IPv6.
 * @MTUN_DROP_TX_INNER: The packet is shorter than its IP header.
 * @MTUN_DROP_TX_NO_ROUTE: The underlay has no route to the remote address, or
 *   an IPsec policy of it lets no packet through.
 * @MTUN_DROP_TX_LOOP: The underlay's route leads back into the tunnel, or
 *   tunnels are nested too deep.
 * @MTUN_DROP_TX_TOO_BIG: The encapsulated packet exceeds the path MTU and may
 *   not be fragmented. The inner source was told by ICMP (RFC 1191, RFC 8201).
 * @MTUN_DROP_TX_UNDERLAY: The underlay refused the encapsulated packet: a
 *   netfilter rule, or a full queue.
 * @MTUN_DROP_TX_MEMORY: No memory to make room for the outer headers, or for
 *   fragments.
 * @MTUN_DROP_RX_FILTER: The inner source or destination is not in the tunnel's
 *   filter (allow-src-rx, allow-dst-rx).
 * @MTUN_DROP_TX_FILTER: The source or destination is not in the tunnel's filter
 *   (allow-src-tx, allow-dst-tx).
 * @MTUN_DROP_RX_PROBE: The answer to a probe or keepalive that was not sent, or
 *   that came again or too late.
 * @MTUN_DROP_RX_KEEPALIVE: A keepalive that is not from the tunnel's far end:
 *   with other addresses, another key or checksum than it would have; or any,
 *   where answers are off. It gets no answer.
 * @MTUN_DROP_RX_KEEPALIVE_RATE: A keepalive beyond the hundred a second that
 *   are answered.
 * @MTUN_DROP_RX_IPSEC: The tunnel requires IPsec, and the packet came in clear,
 *   or by a state that is not of ESP in transport mode between the two
 *   addresses that the packet has. In mode ipsec: the state of its if-id has
 *   refused it, is not of ESP in tunnel mode between the tunnel's addresses, or
 *   is for other packets than this.
 * @MTUN_DROP_TX_IPSEC: The tunnel requires IPsec, or is of mode ipsec, and the
 *   underlay has no policy for its packets, or no state yet: nothing leaves in
 *   clear.
 */
enum mtun_drop_reason {
	MTUN_DROP_RX_HEADER = 1,
	MTUN_DROP_RX_TRUNCATED,
	MTUN_DROP_RX_OPTIONS,
	MTUN_DROP_RX_CHECKSUM,
	MTUN_DROP_RX_SEQUENCE,
	MTUN_DROP_RX_PROTOCOL,
	MTUN_DROP_RX_INNER,
	MTUN_DROP_RX_ECN,
	MTUN_DROP_RX_POLICY,
	MTUN_DROP_RX_DOWN,
	MTUN_DROP_RX_BACKLOG,
	MTUN_DROP_RX_MEMORY,
	MTUN_DROP_TX_PROTOCOL,
	MTUN_DROP_TX_INNER,
	MTUN_DROP_TX_NO_ROUTE,
	MTUN_DROP_TX_LOOP,
	MTUN_DROP_TX_TOO_BIG,
	MTUN_DROP_TX_UNDERLAY,
	MTUN_DROP_TX_MEMORY,
	MTUN_DROP_RX_FILTER,
	MTUN_DROP_TX_FILTER,
	MTUN_DROP_RX_PROBE,
	MTUN_DROP_RX_KEEPALIVE,
	MTUN_DROP_RX_KEEPALIVE_RATE,
	MTUN_DROP_RX_IPSEC,
	MTUN_DROP_TX_IPSEC,

	/* private: */
	__MTUN_DROP_REASON_MAX,
	MTUN_DROP_REASON_MAX = (__MTUN_DROP_REASON_MAX - 1)
};

/**
 * enum mtun_direction - Which way a packet of a tunnel goes.
 * @MTUN_DIRECTION_INGRESS: It arrived encapsulated.
 * @MTUN_DIRECTION_EGRESS: It is, or was to be, encapsulated.
 */
enum mtun_direction {
	MTUN_DIRECTION_INGRESS,
	MTUN_DIRECTION_EGRESS,

	/* private: */
	__MTUN_DIRECTION_MAX,
	MTUN_DIRECTION_MAX = (__MTUN_DIRECTION_MAX - 1)
};

/**
 * enum mtun_protocol - What follows the IP header of an inner packet, and the
 * extension headers of IPv6. Only the first 128 bytes of a packet are looked
 * at.
 * @MTUN_PROTOCOL_OTHER: Anything else.
 * @MTUN_PROTOCOL_TCP: TCP.
 * @MTUN_PROTOCOL_UDP: UDP.
 * @MTUN_PROTOCOL_ICMP: ICMP.
 * @MTUN_PROTOCOL_ICMPV6: ICMPv6.
 * @MTUN_PROTOCOL_GRE: GRE, a tunnel in the tunnel.
 * @MTUN_PROTOCOL_ESP: ESP, which IPsec encrypts with.
 */
enum mtun_protocol {
	MTUN_PROTOCOL_OTHER,
	MTUN_PROTOCOL_TCP,
	MTUN_PROTOCOL_UDP,
	MTUN_PROTOCOL_ICMP,
	MTUN_PROTOCOL_ICMPV6,
	MTUN_PROTOCOL_GRE,
	MTUN_PROTOCOL_ESP,

	/* private: */
	__MTUN_PROTOCOL_MAX,
	MTUN_PROTOCOL_MAX = (__MTUN_PROTOCOL_MAX - 1)
};

/**
 * enum mtun_tcp_flag - What a TCP segment does to its connection. A segment
 * that does more than one of these is counted under each.
 * @MTUN_TCP_FLAG_SYN: SYN without ACK, which asks for a connection.
 * @MTUN_TCP_FLAG_SYN_ACK: SYN with ACK, which accepts one.
 * @MTUN_TCP_FLAG_RST: RST, which aborts one.
 * @MTUN_TCP_FLAG_FIN: FIN, which ends one.
 */
enum mtun_tcp_flag {
	MTUN_TCP_FLAG_SYN = 1,
	MTUN_TCP_FLAG_SYN_ACK,
	MTUN_TCP_FLAG_RST,
	MTUN_TCP_FLAG_FIN,

	/* private: */
	__MTUN_TCP_FLAG_MAX,
	MTUN_TCP_FLAG_MAX = (__MTUN_TCP_FLAG_MAX - 1)
};

/**
 * enum mtun_drop_attr - The packets dropped for one reason.
 * @MTUN_A_DROP_REASON: (u32) The reason, one of drop-reason.
 * @MTUN_A_DROP_PACKETS: (u64) Packets dropped for it since the tunnel was
 *   created. Never 0.
 * @MTUN_A_DROP_PAD: (pad) Aligns a 64-bit attribute.
 */
enum mtun_drop_attr {
	MTUN_A_DROP_REASON = 1,
	MTUN_A_DROP_PACKETS,
	MTUN_A_DROP_PAD,

	/* private: */
	__MTUN_A_DROP_MAX,
	MTUN_A_DROP_MAX = (__MTUN_A_DROP_MAX - 1)
};

/**
 * enum mtun_mss_attr - The segments that an MSS clamp has given one verdict.
 * @MTUN_A_MSS_VERDICT: (u32) The verdict, one of mss-verdict.
 * @MTUN_A_MSS_PACKETS: (u64) Packets since the counters began. Never 0.
 * @MTUN_A_MSS_PAD: (pad) Aligns a 64-bit attribute.
 */
enum mtun_mss_attr {
	MTUN_A_MSS_VERDICT = 1,
	MTUN_A_MSS_PACKETS,
	MTUN_A_MSS_PAD,

	/* private: */
	__MTUN_A_MSS_MAX,
	MTUN_A_MSS_MAX = (__MTUN_A_MSS_MAX - 1)
};

/**
 * enum mtun_traffic_attr - The packets of one IP version and one protocol, in
 * one direction.
 * @MTUN_A_TRAFFIC_IP_VERSION: (u8) 4 or 6, of the inner packets.
 * @MTUN_A_TRAFFIC_PROTOCOL: (u8) Their protocol, one of protocol.
 * @MTUN_A_TRAFFIC_PACKETS: (u64) Packets since the tunnel was created. Never 0.
 * @MTUN_A_TRAFFIC_BYTES: (u64) Their bytes, from the inner IP header on.
 * @MTUN_A_TRAFFIC_PAD: (pad) Aligns a 64-bit attribute.
 */
enum mtun_traffic_attr {
	MTUN_A_TRAFFIC_IP_VERSION = 1,
	MTUN_A_TRAFFIC_PROTOCOL,
	MTUN_A_TRAFFIC_PACKETS,
	MTUN_A_TRAFFIC_BYTES,
	MTUN_A_TRAFFIC_PAD,

	/* private: */
	__MTUN_A_TRAFFIC_MAX,
	MTUN_A_TRAFFIC_MAX = (__MTUN_A_TRAFFIC_MAX - 1)
};

/**
 * enum mtun_tcp_attr - The TCP segments with one flag.
 * @MTUN_A_TCP_FLAG: (u32) The flag, one of tcp-flag.
 * @MTUN_A_TCP_PACKETS: (u64) Packets since the tunnel was created. Never 0.
 * @MTUN_A_TCP_PAD: (pad) Aligns a 64-bit attribute.
 */
enum mtun_tcp_attr {
	MTUN_A_TCP_FLAG = 1,
	MTUN_A_TCP_PACKETS,
	MTUN_A_TCP_PAD,

	/* private: */
	__MTUN_A_TCP_MAX,
	MTUN_A_TCP_MAX = (__MTUN_A_TCP_MAX - 1)
};

/**
 * enum mtun_length_attr - The packets of similar length.
 * @MTUN_A_LENGTH_LOG2: (u32) They have at least 2 to the power of this bytes
 *   from the inner IP header on, and less than twice that.
 * @MTUN_A_LENGTH_PACKETS: (u64) Packets since the tunnel was created. Never 0.
 * @MTUN_A_LENGTH_PAD: (pad) Aligns a 64-bit attribute.
 */
enum mtun_length_attr {
	MTUN_A_LENGTH_LOG2 = 1,
	MTUN_A_LENGTH_PACKETS,
	MTUN_A_LENGTH_PAD,

	/* private: */
	__MTUN_A_LENGTH_MAX,
	MTUN_A_LENGTH_MAX = (__MTUN_A_LENGTH_MAX - 1)
};

/**
 * enum mtun_stats_attr - Counters since the tunnel was created. They only ever
 * grow.
 * @MTUN_A_STATS_RX_PACKETS: (u64) Packets decapsulated and handed to the stack.
 * @MTUN_A_STATS_RX_BYTES: (u64) Their bytes, from the inner IP header on. An
 *   offload packet counts as the packets that it becomes, with the headers of
 *   each.
 * @MTUN_A_STATS_TX_PACKETS: (u64) Packets encapsulated and accepted by the
 *   underlay. A segmentation offload packet counts as the packets that it
 *   becomes.
 * @MTUN_A_STATS_TX_BYTES: (u64) Their bytes, from the inner IP header on.
 * @MTUN_A_STATS_ICMP_ERRORS: (u64) ICMP errors received that quote a packet
 *   sent by this tunnel. Those that tell of a path MTU are obeyed (RFC 1191,
 *   RFC 8201), the others only counted.
 * @MTUN_A_STATS_DROP: (nest of mtun_drop_attr) One for each reason that has
 *   dropped a packet.
 * @MTUN_A_STATS_MSS: (nest of mtun_mss_attr) One for each verdict that the
 *   tunnel's MSS clamps have given, of both directions.
 * @MTUN_A_STATS_PAD: (pad) Aligns a 64-bit attribute.
 * @MTUN_A_STATS_RX_TRAFFIC: (nest of mtun_traffic_attr) What the packets
 *   decapsulated were, one for each IP version and protocol that there were any
 *   of. Together they are rx-packets and rx-bytes.
 * @MTUN_A_STATS_RX_TCP: (nest of mtun_tcp_attr) One for each flag that TCP
 *   segments decapsulated had.
 * @MTUN_A_STATS_RX_LENGTH: (nest of mtun_length_attr) How long the packets
 *   decapsulated were. Together they are rx-packets.
 * @MTUN_A_STATS_RX_FRAGMENTS: (u64) Packets decapsulated that are fragments of
 *   inner packets; absent if there were none.
 * @MTUN_A_STATS_TX_TRAFFIC: (nest of mtun_traffic_attr) What the packets
 *   encapsulated were, one for each IP version and protocol that there were any
 *   of. Together they are tx-packets and tx-bytes.
 * @MTUN_A_STATS_TX_TCP: (nest of mtun_tcp_attr) One for each flag that TCP
 *   segments encapsulated had.
 * @MTUN_A_STATS_TX_LENGTH: (nest of mtun_length_attr) How long the packets
 *   encapsulated were. Together they are tx-packets.
 * @MTUN_A_STATS_TX_FRAGMENTS: (u64) Packets encapsulated that are fragments of
 *   inner packets; absent if there were none.
 * @MTUN_A_STATS_KEEPALIVES: (u64) Keepalives of the far end that were answered.
 */
enum mtun_stats_attr {
	MTUN_A_STATS_RX_PACKETS = 1,
	MTUN_A_STATS_RX_BYTES,
	MTUN_A_STATS_TX_PACKETS,
	MTUN_A_STATS_TX_BYTES,
	MTUN_A_STATS_ICMP_ERRORS,
	MTUN_A_STATS_DROP,
	MTUN_A_STATS_MSS,
	MTUN_A_STATS_PAD,
	MTUN_A_STATS_RX_TRAFFIC,
	MTUN_A_STATS_RX_TCP,
	MTUN_A_STATS_RX_LENGTH,
	MTUN_A_STATS_RX_FRAGMENTS,
	MTUN_A_STATS_TX_TRAFFIC,
	MTUN_A_STATS_TX_TCP,
	MTUN_A_STATS_TX_LENGTH,
	MTUN_A_STATS_TX_FRAGMENTS,
	MTUN_A_STATS_KEEPALIVES,

	/* private: */
	__MTUN_A_STATS_MAX,
	MTUN_A_STATS_MAX = (__MTUN_A_STATS_MAX - 1)
};

/**
 * enum mtun_tunnel_attr - A tunnel's configuration and state.
 * @MTUN_A_TUNNEL_IFINDEX: (u32) Interface index of the tunnel, in the namespace
 *   asked.
 * @MTUN_A_TUNNEL_IFNAME: (string) Name of the tunnel, 1 to 15 bytes. In
 *   "tunnel-new" a "%d" in it is replaced by the lowest free number.
 * @MTUN_A_TUNNEL_LOCAL: (binary) Outer source address: 4 bytes for an IPv4
 *   underlay, 16 for IPv6. It need not be configured when the tunnel is.
 * @MTUN_A_TUNNEL_REMOTE: (binary) Outer destination address, unicast and of the
 *   same size as local; and the outer source of received packets, unless there
 *   is accept.
 * @MTUN_A_TUNNEL_IFLAGS: (bitfield32) Optional GRE fields that received packets
 *   carry. A request changes those selected; a tunnel has none by default, and
 *   the key if ikey is given.
 * @MTUN_A_TUNNEL_OFLAGS: (bitfield32) Optional GRE fields that sent packets
 *   carry. A request changes those selected; a tunnel has none by default, and
 *   the key if okey is given.
 * @MTUN_A_TUNNEL_IKEY: (u32) GRE key of received packets (RFC 2890 section
 *   2.1).
 * @MTUN_A_TUNNEL_OKEY: (u32) GRE key of sent packets (RFC 2890 section 2.1).
 * @MTUN_A_TUNNEL_TTL: (u8) TTL or hop limit of sent outer packets, 1 to 255, 64
 *   by default.
 * @MTUN_A_TUNNEL_TTL_INHERIT: (u8) 1 copies the TTL or hop limit of the inner
 *   packet and leaves ttl unused; 0, the default, uses ttl.
 * @MTUN_A_TUNNEL_TOS: (u8) DSCP of sent outer packets as the TOS or traffic
 *   class byte, 0 by default. Its two low bits belong to ECN, which follows the
 *   inner packet (RFC 6040 section 4.1), and must be 0.
 * @MTUN_A_TUNNEL_TOS_INHERIT: (u8) 1 copies the DSCP of the inner packet and
 *   leaves tos unused; 0, the default, uses tos. The route is chosen by tos in
 *   either case.
 * @MTUN_A_TUNNEL_DF: (u8) Whether outer packets may be fragmented; set by
 *   default.
 * @MTUN_A_TUNNEL_INNER_DF: (u8) Whether the DF bit of inner packets that are
 *   too big is honoured; keep, the default, does.
 * @MTUN_A_TUNNEL_FRAG: (u8) Where packets that are too big are fragmented;
 *   inner by default. outer needs df to be inherit or clear.
 * @MTUN_A_TUNNEL_LINK: (string) Name of the underlay's device through which
 *   encapsulated packets leave; empty, the default, for whichever the route
 *   names. The device need not be there yet: until it comes there is no route.
 *   The tunnel follows it when it is renamed. Packets are received from any.
 * @MTUN_A_TUNNEL_LINK_IFINDEX: (u32) Interface index of link in the underlay; 0
 *   as long as there is none.
 * @MTUN_A_TUNNEL_FWMARK: (u32) Mark of sent outer packets, for policy routing
 *   and netfilter; 0, the default, for the mark of the inner packet.
 * @MTUN_A_TUNNEL_MSS_TX: (u16) Largest MSS in the segments that open TCP
 *   connections and are sent through the tunnel: off, auto, or 48 to 65534
 *   bytes; off by default. It bounds the segments that come back. auto is what
 *   fits into both the tunnel's MTU and the path's, less 40 (IPv4) or 60
 *   (IPv6). An MSS is only ever lowered.
 * @MTUN_A_TUNNEL_MSS_RX: (u16) The same for what is received from the tunnel.
 *   It bounds the segments that are sent through the tunnel.
 * @MTUN_A_TUNNEL_MSS_INSERT: (u8) 1 adds the MSS option to segments without
 *   one, in the directions in which mss-tx and mss-rx are not off; 0, the
 *   default, leaves them alone.
 * @MTUN_A_TUNNEL_ACCEPT: (nest of mtun_prefix_attr) Outer sources of received
 *   packets, of the family of local and remote. Where several tunnels match,
 *   the longest prefix counts. Without it, packets are received from remote
 *   alone. In a request a len of 0 needs no addr, and an empty nest takes it
 *   away.
 * @MTUN_A_TUNNEL_ANYCAST: (u8) 1 if other nodes serve the same tunnel: what
 *   would need the state of one node is refused then, which are sequence
 *   numbers, frag outer, and another df than set; 0 by default.
 * @MTUN_A_TUNNEL_PMTU: (u8) Whether ICMP errors lower the path's MTU; auto by
 *   default.
 * @MTUN_A_TUNNEL_DESCRIPTION: (string) What the tunnel is for, for people: at
 *   most 255 bytes, without control characters. Empty by default.
 * @MTUN_A_TUNNEL_ORIGIN: (u8) Who made it; manual by default.
 * @MTUN_A_TUNNEL_MTU: (u32) Largest inner packet in bytes. 0, the default of
 *   "tunnel-new", takes the MTU of the underlay's route less the outer headers
 *   (1500 bytes where there is no route), now and whenever the tunnel is set.
 *   In mode ipsec, what AES-GCM leaves; with "ipsec" required, what the state
 *   in use leaves, or AES-GCM where there is none.
 * @MTUN_A_TUNNEL_MTU_AUTO: (u8) 1 if the MTU follows the underlay, 0 if it was
 *   set.
 * @MTUN_A_TUNNEL_IF_FLAGS: (u32) Interface flags (IFF_*, netdevice(7)).
 * @MTUN_A_TUNNEL_UNDERLAY_NETNSID: (s32) Id of the underlay's network namespace
 *   as seen from the namespace asked; absent where both are the same.
 * @MTUN_A_TUNNEL_STATS: (nest of mtun_stats_attr) Packet counters.
 * @MTUN_A_TUNNEL_SAMPLE_RX: (u32) One of how many packets that arrive is
 *   sampled, at random; 0, the default, for none. At most 2^30.
 * @MTUN_A_TUNNEL_SAMPLE_TX: (u32) The same for packets that leave.
 * @MTUN_A_TUNNEL_IPSEC: (u8) Whether packets may be in clear; off by default.
 * @MTUN_A_TUNNEL_UP: (u8) 1 brings the device up, 0 takes it down; what is not
 *   given stays, and a new tunnel is down. Only in requests: if-flags tell what
 *   is so.
 * @MTUN_A_TUNNEL_MODE: (u8) What packets are put into; gre by default, and as
 *   it is for as long as the tunnel is there.
 * @MTUN_A_TUNNEL_IF_ID: (u32) What policies and states of mode ipsec are told
 *   by, 1 to 2^32 - 1; 0 in mode gre.
 */
enum mtun_tunnel_attr {
	MTUN_A_TUNNEL_IFINDEX = 1,
	MTUN_A_TUNNEL_IFNAME,
	MTUN_A_TUNNEL_LOCAL,
	MTUN_A_TUNNEL_REMOTE,
	MTUN_A_TUNNEL_IFLAGS,
	MTUN_A_TUNNEL_OFLAGS,
	MTUN_A_TUNNEL_IKEY,
	MTUN_A_TUNNEL_OKEY,
	MTUN_A_TUNNEL_TTL,
	MTUN_A_TUNNEL_TTL_INHERIT,
	MTUN_A_TUNNEL_TOS,
	MTUN_A_TUNNEL_TOS_INHERIT,
	MTUN_A_TUNNEL_DF,
	MTUN_A_TUNNEL_INNER_DF,
	MTUN_A_TUNNEL_FRAG,
	MTUN_A_TUNNEL_LINK,
	MTUN_A_TUNNEL_LINK_IFINDEX,
	MTUN_A_TUNNEL_FWMARK,
	MTUN_A_TUNNEL_MSS_TX,
	MTUN_A_TUNNEL_MSS_RX,
	MTUN_A_TUNNEL_MSS_INSERT,
	MTUN_A_TUNNEL_ACCEPT,
	MTUN_A_TUNNEL_ANYCAST,
	MTUN_A_TUNNEL_PMTU,
	MTUN_A_TUNNEL_DESCRIPTION,
	MTUN_A_TUNNEL_ORIGIN,
	MTUN_A_TUNNEL_MTU,
	MTUN_A_TUNNEL_MTU_AUTO,
	MTUN_A_TUNNEL_IF_FLAGS,
	MTUN_A_TUNNEL_UNDERLAY_NETNSID,
	MTUN_A_TUNNEL_STATS,
	MTUN_A_TUNNEL_SAMPLE_RX,
	MTUN_A_TUNNEL_SAMPLE_TX,
	MTUN_A_TUNNEL_IPSEC,
	MTUN_A_TUNNEL_UP,
	MTUN_A_TUNNEL_MODE,
	MTUN_A_TUNNEL_IF_ID,

	/* private: */
	__MTUN_A_TUNNEL_MAX,
	MTUN_A_TUNNEL_MAX = (__MTUN_A_TUNNEL_MAX - 1)
};

/**
 * enum mtun_prefix_attr - Addresses that begin alike.
 * @MTUN_A_PREFIX_ADDR: (binary) The first address, 4 bytes for IPv4 or 16 for
 *   IPv6; no bit is set behind the first len.
 * @MTUN_A_PREFIX_LEN: (u8) Bits that all of them have in common, 0 to 32 or
 *   128.
 */
enum mtun_prefix_attr {
	MTUN_A_PREFIX_ADDR = 1,
	MTUN_A_PREFIX_LEN,

	/* private: */
	__MTUN_A_PREFIX_MAX,
	MTUN_A_PREFIX_MAX = (__MTUN_A_PREFIX_MAX - 1)
};

/**
 * enum mtun_clamp_attr - An MSS clamp at a network device of any kind. It is
 * there as long as it is not deleted, whether its device is there or not.
 * @MTUN_A_CLAMP_IFNAME: (string) Name of the device, 1 to 15 bytes. The device
 *   may come later; the clamp follows it when it is renamed, and takes a device
 *   of that name again after it has gone. A device has one clamp.
 * @MTUN_A_CLAMP_IFINDEX: (u32) Interface index of the device; 0 as long as
 *   there is none.
 * @MTUN_A_CLAMP_DIRECTION: (u8) Which packets it looks at; those that leave by
 *   default.
 * @MTUN_A_CLAMP_MSS: (u16) Largest MSS in segments that open TCP connections,
 *   48 to 65534 bytes, or auto, the default, which is the device's MTU less 40
 *   (IPv4) or 60 (IPv6). An MSS is only ever lowered.
 * @MTUN_A_CLAMP_INSERT: (u8) 1 adds the MSS option to segments without one; 0,
 *   the default, leaves them alone.
 * @MTUN_A_CLAMP_SRC: (nest of mtun_prefix_attr) Sources of packets that leave,
 *   which are the destinations of those that arrive. Without any, all are
 *   meant. At most 1024 prefixes, src and dst together.
 * @MTUN_A_CLAMP_DST: (nest of mtun_prefix_attr) Destinations of packets that
 *   leave, which are the sources of those that arrive. Without any, all are
 *   meant.
 * @MTUN_A_CLAMP_SRC_ANY: (flag) In "clamp-set", take away the src prefixes.
 * @MTUN_A_CLAMP_DST_ANY: (flag) In "clamp-set", take away the dst prefixes.
 * @MTUN_A_CLAMP_ORIGIN: (u8) Who made it; manual by default.
 * @MTUN_A_CLAMP_SEEN: (nest of mtun_mss_attr) One for each verdict that the
 *   clamp has given, on packets that match its prefixes.
 */
enum mtun_clamp_attr {
	MTUN_A_CLAMP_IFNAME = 1,
	MTUN_A_CLAMP_IFINDEX,
	MTUN_A_CLAMP_DIRECTION,
	MTUN_A_CLAMP_MSS,
	MTUN_A_CLAMP_INSERT,
	MTUN_A_CLAMP_SRC,
	MTUN_A_CLAMP_DST,
	MTUN_A_CLAMP_SRC_ANY,
	MTUN_A_CLAMP_DST_ANY,
	MTUN_A_CLAMP_ORIGIN,
	MTUN_A_CLAMP_SEEN,

	/* private: */
	__MTUN_A_CLAMP_MAX,
	MTUN_A_CLAMP_MAX = (__MTUN_A_CLAMP_MAX - 1)
};

/**
 * enum mtun_netns_attr - What holds for all tunnels whose underlay is the
 * network namespace.
 * @MTUN_A_NETNS_RX: (u8) Where received packets are looked at; local by
 *   default.
 * @MTUN_A_NETNS_NETNSID: (s32) Id of another namespace as seen from the one
 *   asked, such as the underlay-netnsid of a tunnel.
 */
enum mtun_netns_attr {
	MTUN_A_NETNS_RX = 1,
	MTUN_A_NETNS_NETNSID,

	/* private: */
	__MTUN_A_NETNS_MAX,
	MTUN_A_NETNS_MAX = (__MTUN_A_NETNS_MAX - 1)
};

/**
 * enum mtun_filter_attr - The inner addresses that packets of a tunnel may
 * have. A list without prefixes allows any address; a list with IPv4 prefixes
 * alone allows no IPv6 packet, and the other way round.
 * @MTUN_A_FILTER_IFINDEX: (u32) Interface index of the tunnel, in the namespace
 *   asked.
 * @MTUN_A_FILTER_IFNAME: (string) Name of the tunnel, 1 to 15 bytes.
 * @MTUN_A_FILTER_ALLOW_SRC_RX: (nest of mtun_prefix_attr) Prefixes that the
 *   sources of packets received may have. At most 32768 prefixes in all lists
 *   of a tunnel.
 * @MTUN_A_FILTER_ALLOW_DST_RX: (nest of mtun_prefix_attr) Prefixes that the
 *   destinations of packets received may have.
 * @MTUN_A_FILTER_ALLOW_SRC_TX: (nest of mtun_prefix_attr) Prefixes that the
 *   sources of packets to be sent may have.
 * @MTUN_A_FILTER_ALLOW_DST_TX: (nest of mtun_prefix_attr) Prefixes that the
 *   destinations of packets to be sent may have.
 * @MTUN_A_FILTER_CLEAR: (u32) In "filter-set", the lists to take away all
 *   prefixes of: bit 0 for the first one.
 * @MTUN_A_FILTER_PREFIXES: (u32) How many prefixes there are in all lists.
 */
enum mtun_filter_attr {
	MTUN_A_FILTER_IFINDEX = 1,
	MTUN_A_FILTER_IFNAME,
	MTUN_A_FILTER_ALLOW_SRC_RX,
	MTUN_A_FILTER_ALLOW_DST_RX,
	MTUN_A_FILTER_ALLOW_SRC_TX,
	MTUN_A_FILTER_ALLOW_DST_TX,
	MTUN_A_FILTER_CLEAR,
	MTUN_A_FILTER_PREFIXES,

	/* private: */
	__MTUN_A_FILTER_MAX,
	MTUN_A_FILTER_MAX = (__MTUN_A_FILTER_MAX - 1)
};

/**
 * enum mtun_sample_attr - A packet that was chosen at random.
 * @MTUN_A_SAMPLE_IFINDEX: (u32) Interface index of its tunnel.
 * @MTUN_A_SAMPLE_DIRECTION: (u8) Which way it goes.
 * @MTUN_A_SAMPLE_REASON: (u32) Why it was dropped, one of drop-reason; 0 if it
 *   was not.
 * @MTUN_A_SAMPLE_INTERVAL: (u32) It stands for so many packets.
 * @MTUN_A_SAMPLE_PACKETS: (u32) How many packets were chosen of the
 *   segmentation offload packet that it is; 1 for others. The sample stands for
 *   packets times interval.
 * @MTUN_A_SAMPLE_LENGTH: (u32) Its bytes from the inner IP header on; of an
 *   offload packet, those of each packet that it becomes, on average.
 * @MTUN_A_SAMPLE_SOURCE: (binary) Outer source address, 4 bytes for IPv4 or 16
 *   for IPv6.
 * @MTUN_A_SAMPLE_TIME: (u64) When it was seen, in nanoseconds since 1970 (UTC).
 * @MTUN_A_SAMPLE_DATA: (binary) Its first 128 bytes from the inner IP header
 *   on, or all of it.
 * @MTUN_A_SAMPLE_PAD: (pad) Aligns a 64-bit attribute.
 */
enum mtun_sample_attr {
	MTUN_A_SAMPLE_IFINDEX = 1,
	MTUN_A_SAMPLE_DIRECTION,
	MTUN_A_SAMPLE_REASON,
	MTUN_A_SAMPLE_INTERVAL,
	MTUN_A_SAMPLE_PACKETS,
	MTUN_A_SAMPLE_LENGTH,
	MTUN_A_SAMPLE_SOURCE,
	MTUN_A_SAMPLE_TIME,
	MTUN_A_SAMPLE_DATA,
	MTUN_A_SAMPLE_PAD,

	/* private: */
	__MTUN_A_SAMPLE_MAX,
	MTUN_A_SAMPLE_MAX = (__MTUN_A_SAMPLE_MAX - 1)
};

/**
 * enum mtun_samples_attr - Samples taken on one CPU.
 * @MTUN_A_SAMPLES_CPU: (u32) The CPU.
 * @MTUN_A_SAMPLES_NUMBER: (u64) How many samples this CPU took before these.
 *   What is missing between two messages was lost, for want of memory or
 *   because the reader is slow.
 * @MTUN_A_SAMPLES_SAMPLE: (nest of mtun_sample_attr) One for each sample, in
 *   the order in which they were taken.
 * @MTUN_A_SAMPLES_PAD: (pad) Aligns a 64-bit attribute.
 */
enum mtun_samples_attr {
	MTUN_A_SAMPLES_CPU = 1,
	MTUN_A_SAMPLES_NUMBER,
	MTUN_A_SAMPLES_SAMPLE,
	MTUN_A_SAMPLES_PAD,

	/* private: */
	__MTUN_A_SAMPLES_MAX,
	MTUN_A_SAMPLES_MAX = (__MTUN_A_SAMPLES_MAX - 1)
};

/**
 * enum mtun_health_attr - How the health of a tunnel is watched, and what it
 * is. Times are in milliseconds and round-trip times in microseconds.
 * @MTUN_A_HEALTH_IFINDEX: (u32) Interface index of the tunnel, in the namespace
 *   asked.
 * @MTUN_A_HEALTH_IFNAME: (string) Name of the tunnel.
 * @MTUN_A_HEALTH_MODE: (u8) How it is watched; off by default.
 * @MTUN_A_HEALTH_STYLE: (u8) What a probe is; reply by default.
 * @MTUN_A_HEALTH_DIRECTION: (u8) Which way a probe comes back; bi by default.
 * @MTUN_A_HEALTH_TARGET: (binary) The far end, 4 or 16 bytes: where an echo
 *   request goes to and where an echo reply says it is from. Without it, or
 *   empty, an echo request goes to the other address of the tunnel's /31, /30,
 *   /127 or /126 (bi) or to remote (uni), and an echo reply is from source
 *   (bi), so that no far end takes it for its own, or from remote (uni).
 * @MTUN_A_HEALTH_SOURCE: (binary) Where the answer goes to, 4 or 16 bytes.
 *   Without it, or empty, it is the tunnel's own address of a /31, /30, /127 or
 *   /126 (bi), or local (uni). An anycast tunnel needs one that is of this node
 *   alone.
 * @MTUN_A_HEALTH_INTERVAL: (u32) From one probe to the next, 100 to 3600000;
 *   5000 by default.
 * @MTUN_A_HEALTH_TIMEOUT: (u32) After this a probe without an answer is lost;
 *   at least 10, 800 by default. It is less than down-window and at most eight
 *   intervals.
 * @MTUN_A_HEALTH_DOWN_PROBES: (u8) So many probes, and all that have ended in
 *   down-window, must be lost for a tunnel to be down; 3 by default. When one
 *   is lost the others are sent at once.
 * @MTUN_A_HEALTH_DOWN_WINDOW: (u32) See down-probes; 20 to 3600000, 1000 by
 *   default.
 * @MTUN_A_HEALTH_DEGRADED_LOSS: (u32) What part of the probes of
 *   degraded-window must be lost for a tunnel to be degraded, in millionths up
 *   to 1000000; 1000, which is 0.1 percent, by default.
 * @MTUN_A_HEALTH_DEGRADED_PROBES: (u16) And at least so many; 2 by default.
 * @MTUN_A_HEALTH_DEGRADED_WINDOW: (u32) See degraded-loss; 300 to 3600000,
 *   300000 by default. It moves on in steps of a 30th, and begins anew when a
 *   tunnel becomes healthy.
 * @MTUN_A_HEALTH_RECOVER_PROBES: (u8) After so many answers in a row a tunnel
 *   that was down is degraded; 3 by default.
 * @MTUN_A_HEALTH_HEALTHY_PROBES: (u8) A degraded tunnel is healthy when less
 *   than degraded-loss of the last so many probes were lost; 30 by default.
 * @MTUN_A_HEALTH_CARRIER: (u8) 1 takes away the carrier of the device while the
 *   tunnel is down, so that routing daemons look for other ways; 0 by default.
 *   Probes go out all the same.
 * @MTUN_A_HEALTH_ANSWER: (u8) 1, the default, answers GRE keepalives of the far
 *   end, whatever mode is.
 * @MTUN_A_HEALTH_STATE: (u8) Absent as long as mode is off or the tunnel is not
 *   up.
 * @MTUN_A_HEALTH_OLD_STATE: (u8) The state before.
 * @MTUN_A_HEALTH_REASON: (u8) Why it has changed.
 * @MTUN_A_HEALTH_SINCE: (u64) For how long it has that state.
 * @MTUN_A_HEALTH_RTT: (u32) Round-trip time of the last answer; absent if there
 *   was none.
 * @MTUN_A_HEALTH_RTT_MIN: (u32) The least that was seen.
 * @MTUN_A_HEALTH_RTT_MEAN: (u32) The mean of all.
 * @MTUN_A_HEALTH_RTT_MAX: (u32) The most that was seen.
 * @MTUN_A_HEALTH_JITTER: (u32) How much it varies from one to the next (RFC
 *   3550 section 6.4.1).
 * @MTUN_A_HEALTH_SENT: (u64) Probes sent since the tunnel came up or the mode
 *   was set.
 * @MTUN_A_HEALTH_ANSWERED: (u64) Of those, how many were answered in time.
 * @MTUN_A_HEALTH_LOST: (u64) And how many not.
 * @MTUN_A_HEALTH_UNSENT: (u64) Probes that could not be made: the tunnel has no
 *   address to derive source or target from.
 * @MTUN_A_HEALTH_WINDOW_PROBES: (u32) Probes that have ended in
 *   degraded-window.
 * @MTUN_A_HEALTH_WINDOW_LOST: (u32) Of those, how many were lost.
 * @MTUN_A_HEALTH_SOURCE_USED: (binary) The source of the last probe; absent if
 *   there was none.
 * @MTUN_A_HEALTH_TARGET_USED: (binary) The target of the last probe.
 * @MTUN_A_HEALTH_PAD: (pad) Aligns a 64-bit attribute.
 */
enum mtun_health_attr {
	MTUN_A_HEALTH_IFINDEX = 1,
	MTUN_A_HEALTH_IFNAME,
	MTUN_A_HEALTH_MODE,
	MTUN_A_HEALTH_STYLE,
	MTUN_A_HEALTH_DIRECTION,
	MTUN_A_HEALTH_TARGET,
	MTUN_A_HEALTH_SOURCE,
	MTUN_A_HEALTH_INTERVAL,
	MTUN_A_HEALTH_TIMEOUT,
	MTUN_A_HEALTH_DOWN_PROBES,
	MTUN_A_HEALTH_DOWN_WINDOW,
	MTUN_A_HEALTH_DEGRADED_LOSS,
	MTUN_A_HEALTH_DEGRADED_PROBES,
	MTUN_A_HEALTH_DEGRADED_WINDOW,
	MTUN_A_HEALTH_RECOVER_PROBES,
	MTUN_A_HEALTH_HEALTHY_PROBES,
	MTUN_A_HEALTH_CARRIER,
	MTUN_A_HEALTH_ANSWER,
	MTUN_A_HEALTH_STATE,
	MTUN_A_HEALTH_OLD_STATE,
	MTUN_A_HEALTH_REASON,
	MTUN_A_HEALTH_SINCE,
	MTUN_A_HEALTH_RTT,
	MTUN_A_HEALTH_RTT_MIN,
	MTUN_A_HEALTH_RTT_MEAN,
	MTUN_A_HEALTH_RTT_MAX,
	MTUN_A_HEALTH_JITTER,
	MTUN_A_HEALTH_SENT,
	MTUN_A_HEALTH_ANSWERED,
	MTUN_A_HEALTH_LOST,
	MTUN_A_HEALTH_UNSENT,
	MTUN_A_HEALTH_WINDOW_PROBES,
	MTUN_A_HEALTH_WINDOW_LOST,
	MTUN_A_HEALTH_SOURCE_USED,
	MTUN_A_HEALTH_TARGET_USED,
	MTUN_A_HEALTH_PAD,

	/* private: */
	__MTUN_A_HEALTH_MAX,
	MTUN_A_HEALTH_MAX = (__MTUN_A_HEALTH_MAX - 1)
};

/**
 * enum mtun_cmd - Operations and notifications.
 * @MTUN_CMD_TUNNEL_NEW: Create a tunnel. Its local, remote and ikey (or their
 *   absence) must differ from those of every other tunnel of the namespace; in
 *   mode ipsec, its if-id.
 * @MTUN_CMD_TUNNEL_SET: Change a tunnel, named by ifindex or ifname. What is
 *   not given stays. Packets meet the old configuration or the new one, never a
 *   mixture. Where the underlay is another namespace, CAP_NET_ADMIN is needed
 *   in the user namespace that owns that one, too.
 * @MTUN_CMD_TUNNEL_DEL: Delete a tunnel, named by ifindex or ifname. ifname may
 *   be there several times: all of those tunnels are deleted at once, in the
 *   time of one, or none if one is missing.
 * @MTUN_CMD_TUNNEL_GET: Get a tunnel, named by ifindex or ifname, or dump those
 *   of the namespace in order of ifindex. A dump that overlaps a change carries
 *   NLM_F_DUMP_INTR.
 * @MTUN_CMD_TUNNEL_NEW_NTF: A tunnel was created in the namespace, or moved
 *   into it.
 * @MTUN_CMD_TUNNEL_SET_NTF: A tunnel's configuration, name, MTU or interface
 *   flags have changed.
 * @MTUN_CMD_TUNNEL_DEL_NTF: A tunnel was deleted, or moved to another
 *   namespace. Carries the tunnel as it was.
 * @MTUN_CMD_CLAMP_NEW: Clamp the MSS at a device that has no clamp yet.
 * @MTUN_CMD_CLAMP_SET: Change a clamp, named by ifname. What is not given
 *   stays; src and dst each replace all of their kind.
 * @MTUN_CMD_CLAMP_DEL: Delete a clamp, named by ifname.
 * @MTUN_CMD_CLAMP_GET: Get a clamp, named by ifname, or dump those of the
 *   namespace in the order in which they were made. A dump ends with EINTR if a
 *   clamp was given more prefixes meanwhile than its messages have room for:
 *   ask again.
 * @MTUN_CMD_CLAMP_NEW_NTF: A clamp was made in the namespace.
 * @MTUN_CMD_CLAMP_SET_NTF: A clamp's configuration has changed, or its device
 *   has come, gone or been renamed.
 * @MTUN_CMD_CLAMP_DEL_NTF: A clamp was deleted. Carries the clamp as it was.
 * @MTUN_CMD_NETNS_SET: Change what holds for all tunnels of the namespace.
 * @MTUN_CMD_NETNS_GET: Get what holds for all tunnels of the namespace, or of
 *   the one that netnsid names: then CAP_NET_ADMIN is needed in the user
 *   namespace that owns it.
 * @MTUN_CMD_NETNS_SET_NTF: It has changed.
 * @MTUN_CMD_FILTER_SET: Change which inner addresses packets of a tunnel may
 *   have, named by ifindex or ifname. The prefixes of each list that is given
 *   replace those of the list; the other lists stay. A packet meets the old
 *   filter or the new one. Where the underlay is another namespace,
 *   CAP_NET_ADMIN is needed in the user namespace that owns that one, too.
 * @MTUN_CMD_FILTER_GET: Get how many prefixes the filter of a tunnel has, named
 *   by ifindex or ifname; or dump the filters of the tunnels that have one, in
 *   order of ifindex, or that of the tunnel that is named. A filter that is too
 *   large for one message goes on in the next one, with the same ifindex. A
 *   dump that overlaps a change carries NLM_F_DUMP_INTR.
 * @MTUN_CMD_FILTER_SET_NTF: The filter of a tunnel has changed. Carries
 *   ifindex, ifname and the number of prefixes, which is 0 when the filter was
 *   taken away.
 * @MTUN_CMD_SAMPLES_NTF: Packets of tunnels in the namespace that were sampled.
 *   They come when there is a message full of them, or within a tenth of a
 *   second.
 * @MTUN_CMD_HEALTH_SET: Change how the health of a tunnel is watched, which is
 *   named by ifindex or ifname. What is not given stays. A new mode begins with
 *   a healthy tunnel.
 * @MTUN_CMD_HEALTH_GET: Get the health of a tunnel, named by ifindex or ifname,
 *   or dump that of all tunnels of the namespace in order of ifindex.
 * @MTUN_CMD_HEALTH_SET_NTF: How the health of a tunnel is watched has changed.
 * @MTUN_CMD_HEALTH_NTF: The state of a tunnel has changed.
 */
enum mtun_cmd {
	MTUN_CMD_TUNNEL_NEW = 1,
	MTUN_CMD_TUNNEL_SET,
	MTUN_CMD_TUNNEL_DEL,
	MTUN_CMD_TUNNEL_GET,
	MTUN_CMD_TUNNEL_NEW_NTF,
	MTUN_CMD_TUNNEL_SET_NTF,
	MTUN_CMD_TUNNEL_DEL_NTF,
	MTUN_CMD_CLAMP_NEW,
	MTUN_CMD_CLAMP_SET,
	MTUN_CMD_CLAMP_DEL,
	MTUN_CMD_CLAMP_GET,
	MTUN_CMD_CLAMP_NEW_NTF,
	MTUN_CMD_CLAMP_SET_NTF,
	MTUN_CMD_CLAMP_DEL_NTF,
	MTUN_CMD_NETNS_SET,
	MTUN_CMD_NETNS_GET,
	MTUN_CMD_NETNS_SET_NTF,
	MTUN_CMD_FILTER_SET,
	MTUN_CMD_FILTER_GET,
	MTUN_CMD_FILTER_SET_NTF,
	MTUN_CMD_SAMPLES_NTF,
	MTUN_CMD_HEALTH_SET,
	MTUN_CMD_HEALTH_GET,
	MTUN_CMD_HEALTH_SET_NTF,
	MTUN_CMD_HEALTH_NTF,

	/* private: */
	__MTUN_CMD_MAX,
	MTUN_CMD_MAX = (__MTUN_CMD_MAX - 1)
};

#define MTUN_MCGRP_CONFIG	"config"
#define MTUN_MCGRP_SAMPLES	"samples"
#define MTUN_MCGRP_HEALTH	"health"

#endif /* _UAPI_LINUX_MTUN_H */
