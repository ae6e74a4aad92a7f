// SPDX-License-Identifier: GPL-2.0
/* Do not edit: tools/gen.py made this from Documentation/netlink/specs/mtun.yaml */

#include "names.h"

const struct name df_names[MTUN_DF_MAX + 1] = {
	[MTUN_DF_SET] = {
		"set",
		"Never."
	},
	[MTUN_DF_INHERIT] = {
		"inherit",
		"If the inner packet may, which IPv6 and IPv4 with DF may not."
	},
	[MTUN_DF_CLEAR] = {
		"clear",
		"Always."
	},
};

const struct name inner_df_names[MTUN_INNER_DF_MAX + 1] = {
	[MTUN_INNER_DF_KEEP] = {
		"keep",
		"The packet is dropped and its source told by ICMP (RFC 1191)."
	},
	[MTUN_INNER_DF_CLEAR] = {
		"clear",
		"The bit is cleared and the packet fragmented. Its source does "
		"not learn of the path MTU. IPv6 packets are never fragmented "
		"by a tunnel."
	},
};

const struct name frag_names[MTUN_FRAG_MAX + 1] = {
	[MTUN_FRAG_INNER] = {
		"inner",
		"Before encapsulation, so that the receiver of the inner packet "
		"reassembles it."
	},
	[MTUN_FRAG_OUTER] = {
		"outer",
		"After encapsulation where df permits it, so that the other end "
		"of the tunnel reassembles it. Other packets are treated as "
		"with inner."
	},
};

const struct name mss_verdict_names[MTUN_MSS_VERDICT_MAX + 1] = {
	[MTUN_MSS_VERDICT_LOWERED] = {
		"lowered",
		"The MSS was larger than allowed and is what is allowed now."
	},
	[MTUN_MSS_VERDICT_INSERTED] = {
		"inserted",
		"There was no MSS option, and one was added. It says what "
		"counted without it (see absent), or what is allowed if that is "
		"less."
	},
	[MTUN_MSS_VERDICT_SMALL] = {
		"small",
		"The MSS was no larger than allowed."
	},
	[MTUN_MSS_VERDICT_ABSENT] = {
		"absent",
		"There is no MSS option, so that 536 bytes (IPv4) or 1220 "
		"(IPv6) count (RFC 9293 section 3.7.1), and it was not to be "
		"added, or there is no room for it: the TCP header is full, the "
		"packet as long as it may be, or a fragment."
	},
	[MTUN_MSS_VERDICT_MALFORMED] = {
		"malformed",
		"The TCP header or an option of it is cut short or longer than "
		"it may be."
	},
	[MTUN_MSS_VERDICT_SIGNED] = {
		"signed",
		"A change would break the signature that covers the options "
		"(RFC 2385, RFC 5925)."
	},
	[MTUN_MSS_VERDICT_NO_MEMORY] = {
		"no-memory",
		"No memory to make the header writable. The MSS is larger than "
		"allowed, or an option was to be added."
	},
};

const struct name clamp_direction_names[MTUN_CLAMP_DIRECTION_MAX + 1] = {
	[MTUN_CLAMP_DIRECTION_OUT] = {
		"out",
		"Those that leave through it."
	},
	[MTUN_CLAMP_DIRECTION_IN] = {
		"in",
		"Those that arrive through it."
	},
	[MTUN_CLAMP_DIRECTION_BOTH] = {
		"both",
		"All."
	},
};

const struct name pmtu_names[MTUN_PMTU_MAX + 1] = {
	[MTUN_PMTU_AUTO] = {
		"auto",
		"As learn, or as static for an anycast tunnel."
	},
	[MTUN_PMTU_LEARN] = {
		"learn",
		"It does."
	},
	[MTUN_PMTU_STATIC] = {
		"static",
		"Errors are counted and have no effect: those about other "
		"nodes' packets would be as likely to arrive."
	},
};

const struct name rx_names[MTUN_RX_MAX + 1] = {
	[MTUN_RX_LOCAL] = {
		"local",
		"Where the host gets its own packets, behind routing, the rules "
		"of INPUT and the check of the way back (rp_filter)."
	},
	[MTUN_RX_EARLY] = {
		"early",
		"Before routing, behind the raw table: the outer destination "
		"need be no address of the host. INPUT, conntrack and rp_filter "
		"do not see these packets. Fragments, and packets for which "
		"there is no tunnel, go the way of local."
	},
};

const struct name origin_names[MTUN_ORIGIN_MAX + 1] = {
	[MTUN_ORIGIN_MANUAL] = {
		"manual",
		"Somebody, by hand."
	},
	[MTUN_ORIGIN_FILE] = {
		"file",
		"A configuration file, in which it can be changed and removed."
	},
};

const struct name ipsec_names[MTUN_IPSEC_MAX + 1] = {
	[MTUN_IPSEC_OFF] = {
		"off",
		"As the IPsec policies of the underlay say."
	},
	[MTUN_IPSEC_REQUIRED] = {
		"required",
		"They may not, in either direction: there is ESP in transport "
		"mode around them, or they are dropped. Policies and states are "
		"made by others."
	},
};

const struct name mode_names[MTUN_MODE_MAX + 1] = {
	[MTUN_MODE_GRE] = {
		"gre",
		"GRE."
	},
	[MTUN_MODE_IPSEC] = {
		"ipsec",
		"ESP in tunnel mode, and nothing else. Policies and states are "
		"those of if-id; others make them."
	},
};

const struct name filter_list_names[MTUN_FILTER_LIST_MAX + 1] = {
	[MTUN_FILTER_LIST_ALLOW_SRC_RX] = {
		"allow-src-rx",
		"The sources of packets received."
	},
	[MTUN_FILTER_LIST_ALLOW_DST_RX] = {
		"allow-dst-rx",
		"The destinations of packets received."
	},
	[MTUN_FILTER_LIST_ALLOW_SRC_TX] = {
		"allow-src-tx",
		"The sources of packets to be sent."
	},
	[MTUN_FILTER_LIST_ALLOW_DST_TX] = {
		"allow-dst-tx",
		"The destinations of packets to be sent."
	},
};

const struct name health_mode_names[MTUN_HEALTH_MODE_MAX + 1] = {
	[MTUN_HEALTH_MODE_OFF] = {
		"off",
		"Not at all."
	},
	[MTUN_HEALTH_MODE_PROBE] = {
		"probe",
		"By ICMP echoes that are sent through the tunnel."
	},
	[MTUN_HEALTH_MODE_KEEPALIVE] = {
		"keepalive",
		"By GRE keepalives: a packet to ourselves, sent to the far end "
		"in the tunnel, which decapsulates and returns it."
	},
};

const struct name health_style_names[MTUN_HEALTH_STYLE_MAX + 1] = {
	[MTUN_HEALTH_STYLE_REPLY] = {
		"reply",
		"An echo reply addressed to ourselves, which the far end only "
		"has to route."
	},
	[MTUN_HEALTH_STYLE_REQUEST] = {
		"request",
		"An echo request, which the far end answers."
	},
};

const struct name health_direction_names[MTUN_HEALTH_DIRECTION_MAX + 1] = {
	[MTUN_HEALTH_DIRECTION_BI] = {
		"bi",
		"Through the tunnel, addressed to what is inside of it."
	},
	[MTUN_HEALTH_DIRECTION_UNI] = {
		"uni",
		"Outside of the tunnel, addressed to what the underlay routes."
	},
};

const struct name health_state_names[MTUN_HEALTH_STATE_MAX + 1] = {
	[MTUN_HEALTH_STATE_DOWN] = {
		"down",
		"Nothing gets through."
	},
	[MTUN_HEALTH_STATE_DEGRADED] = {
		"degraded",
		"Some packets are lost, or a tunnel that was down has not "
		"proved itself."
	},
	[MTUN_HEALTH_STATE_HEALTHY] = {
		"healthy",
		"Packets get through. A tunnel of which nothing is known yet is "
		"healthy."
	},
};

const struct name health_reason_names[MTUN_HEALTH_REASON_MAX + 1] = {
	[MTUN_HEALTH_REASON_START] = {
		"start",
		"It is watched since a moment ago."
	},
	[MTUN_HEALTH_REASON_ALL_LOST] = {
		"all-lost",
		"All of the last probes were lost."
	},
	[MTUN_HEALTH_REASON_SOME_LOST] = {
		"some-lost",
		"More probes were lost than a healthy tunnel may lose."
	},
	[MTUN_HEALTH_REASON_ANSWERS] = {
		"answers",
		"A tunnel that was down has answered several times in a row."
	},
	[MTUN_HEALTH_REASON_NO_LOSS] = {
		"no-loss",
		"The last probes were answered."
	},
};

const struct name drop_reason_names[MTUN_DROP_REASON_MAX + 1] = {
	[MTUN_DROP_RX_HEADER] = {
		"rx-header",
		"GRE header with a bit that RFC 2784 section 2.3 tells a "
		"receiver to refuse: the routing bit, or one of the bits 4 and "
		"5."
	},
	[MTUN_DROP_RX_TRUNCATED] = {
		"rx-truncated",
		"The packet ends inside of its GRE header."
	},
	[MTUN_DROP_RX_OPTIONS] = {
		"rx-options",
		"GRE header with a checksum or a sequence number that the "
		"tunnel does not use, or without one that it does."
	},
	[MTUN_DROP_RX_CHECKSUM] = {
		"rx-checksum",
		"The GRE checksum is wrong (RFC 2784 section 2.1)."
	},
	[MTUN_DROP_RX_SEQUENCE] = {
		"rx-sequence",
		"The packet is older than one that was received before (RFC "
		"2890 section 2.2)."
	},
	[MTUN_DROP_RX_PROTOCOL] = {
		"rx-protocol",
		"GRE protocol type other than IPv4 (0x0800) and IPv6 (0x86dd)."
	},
	[MTUN_DROP_RX_INNER] = {
		"rx-inner",
		"The inner packet is not what the GRE protocol type says."
	},
	[MTUN_DROP_RX_ECN] = {
		"rx-ecn",
		"The outer packet met congestion but the inner one cannot say "
		"so (RFC 6040 section 4.2, CE over Not-ECT)."
	},
	[MTUN_DROP_RX_POLICY] = {
		"rx-policy",
		"An IPsec policy of the underlay refuses the outer packet."
	},
	[MTUN_DROP_RX_DOWN] = {
		"rx-down",
		"The tunnel device is down."
	},
	[MTUN_DROP_RX_BACKLOG] = {
		"rx-backlog",
		"The CPU's receive queue is full (net.core.netdev_max_backlog). "
		"Only packets out of IPsec, with sequence numbers, or in two "
		"tunnels wait in it."
	},
	[MTUN_DROP_RX_MEMORY] = {
		"rx-memory",
		"No memory to make the headers readable."
	},
	[MTUN_DROP_TX_PROTOCOL] = {
		"tx-protocol",
		"Packet other than IPv4 and IPv6."
	},
	[MTUN_DROP_TX_INNER] = {
		"tx-inner",
		"The packet is shorter than its IP header."
	},
	[MTUN_DROP_TX_NO_ROUTE] = {
		"tx-no-route",
		"The underlay has no route to the remote address, or an IPsec "
		"policy of it lets no packet through."
	},
	[MTUN_DROP_TX_LOOP] = {
		"tx-loop",
		"The underlay's route leads back into the tunnel, or tunnels "
		"are nested too deep."
	},
	[MTUN_DROP_TX_TOO_BIG] = {
		"tx-too-big",
		"The encapsulated packet exceeds the path MTU and may not be "
		"fragmented. The inner source was told by ICMP (RFC 1191, RFC "
		"8201)."
	},
	[MTUN_DROP_TX_UNDERLAY] = {
		"tx-underlay",
		"The underlay refused the encapsulated packet: a netfilter "
		"rule, or a full queue."
	},
	[MTUN_DROP_TX_MEMORY] = {
		"tx-memory",
		"No memory to make room for the outer headers, or for "
		"fragments."
	},
	[MTUN_DROP_RX_FILTER] = {
		"rx-filter",
		"The inner source or destination is not in the tunnel's filter "
		"(allow-src-rx, allow-dst-rx)."
	},
	[MTUN_DROP_TX_FILTER] = {
		"tx-filter",
		"The source or destination is not in the tunnel's filter "
		"(allow-src-tx, allow-dst-tx)."
	},
	[MTUN_DROP_RX_PROBE] = {
		"rx-probe",
		"The answer to a probe or keepalive that was not sent, or that "
		"came again or too late."
	},
	[MTUN_DROP_RX_KEEPALIVE] = {
		"rx-keepalive",
		"A keepalive that is not from the tunnel's far end: with other "
		"addresses, another key or checksum than it would have; or any, "
		"where answers are off. It gets no answer."
	},
	[MTUN_DROP_RX_KEEPALIVE_RATE] = {
		"rx-keepalive-rate",
		"A keepalive beyond the hundred a second that are answered."
	},
	[MTUN_DROP_RX_IPSEC] = {
		"rx-ipsec",
		"The tunnel requires IPsec, and the packet came in clear, or by "
		"a state that is not of ESP in transport mode between the two "
		"addresses that the packet has. In mode ipsec: the state of its "
		"if-id has refused it, is not of ESP in tunnel mode between the "
		"tunnel's addresses, or is for other packets than this."
	},
	[MTUN_DROP_TX_IPSEC] = {
		"tx-ipsec",
		"The tunnel requires IPsec, or is of mode ipsec, and the "
		"underlay has no policy for its packets, or no state yet: "
		"nothing leaves in clear."
	},
};

const struct name direction_names[MTUN_DIRECTION_MAX + 1] = {
	[MTUN_DIRECTION_INGRESS] = {
		"ingress",
		"It arrived encapsulated."
	},
	[MTUN_DIRECTION_EGRESS] = {
		"egress",
		"It is, or was to be, encapsulated."
	},
};

const struct name protocol_names[MTUN_PROTOCOL_MAX + 1] = {
	[MTUN_PROTOCOL_OTHER] = {
		"other",
		"Anything else."
	},
	[MTUN_PROTOCOL_TCP] = {
		"tcp",
		"TCP."
	},
	[MTUN_PROTOCOL_UDP] = {
		"udp",
		"UDP."
	},
	[MTUN_PROTOCOL_ICMP] = {
		"icmp",
		"ICMP."
	},
	[MTUN_PROTOCOL_ICMPV6] = {
		"icmpv6",
		"ICMPv6."
	},
	[MTUN_PROTOCOL_GRE] = {
		"gre",
		"GRE, a tunnel in the tunnel."
	},
	[MTUN_PROTOCOL_ESP] = {
		"esp",
		"ESP, which IPsec encrypts with."
	},
};

const struct name tcp_flag_names[MTUN_TCP_FLAG_MAX + 1] = {
	[MTUN_TCP_FLAG_SYN] = {
		"syn",
		"SYN without ACK, which asks for a connection."
	},
	[MTUN_TCP_FLAG_SYN_ACK] = {
		"syn-ack",
		"SYN with ACK, which accepts one."
	},
	[MTUN_TCP_FLAG_RST] = {
		"rst",
		"RST, which aborts one."
	},
	[MTUN_TCP_FLAG_FIN] = {
		"fin",
		"FIN, which ends one."
	},
};

const char *const drop_attr_names[MTUN_A_DROP_MAX + 1] = {
	[MTUN_A_DROP_REASON] = "reason",
	[MTUN_A_DROP_PACKETS] = "packets",
};

const char *const mss_attr_names[MTUN_A_MSS_MAX + 1] = {
	[MTUN_A_MSS_VERDICT] = "verdict",
	[MTUN_A_MSS_PACKETS] = "packets",
};

const char *const traffic_attr_names[MTUN_A_TRAFFIC_MAX + 1] = {
	[MTUN_A_TRAFFIC_IP_VERSION] = "ip-version",
	[MTUN_A_TRAFFIC_PROTOCOL] = "protocol",
	[MTUN_A_TRAFFIC_PACKETS] = "packets",
	[MTUN_A_TRAFFIC_BYTES] = "bytes",
};

const char *const tcp_attr_names[MTUN_A_TCP_MAX + 1] = {
	[MTUN_A_TCP_FLAG] = "flag",
	[MTUN_A_TCP_PACKETS] = "packets",
};

const char *const length_attr_names[MTUN_A_LENGTH_MAX + 1] = {
	[MTUN_A_LENGTH_LOG2] = "log2",
	[MTUN_A_LENGTH_PACKETS] = "packets",
};

const char *const stats_attr_names[MTUN_A_STATS_MAX + 1] = {
	[MTUN_A_STATS_RX_PACKETS] = "rx-packets",
	[MTUN_A_STATS_RX_BYTES] = "rx-bytes",
	[MTUN_A_STATS_TX_PACKETS] = "tx-packets",
	[MTUN_A_STATS_TX_BYTES] = "tx-bytes",
	[MTUN_A_STATS_ICMP_ERRORS] = "icmp-errors",
	[MTUN_A_STATS_DROP] = "drop",
	[MTUN_A_STATS_MSS] = "mss",
	[MTUN_A_STATS_RX_TRAFFIC] = "rx-traffic",
	[MTUN_A_STATS_RX_TCP] = "rx-tcp",
	[MTUN_A_STATS_RX_LENGTH] = "rx-length",
	[MTUN_A_STATS_RX_FRAGMENTS] = "rx-fragments",
	[MTUN_A_STATS_TX_TRAFFIC] = "tx-traffic",
	[MTUN_A_STATS_TX_TCP] = "tx-tcp",
	[MTUN_A_STATS_TX_LENGTH] = "tx-length",
	[MTUN_A_STATS_TX_FRAGMENTS] = "tx-fragments",
	[MTUN_A_STATS_KEEPALIVES] = "keepalives",
};

const char *const tunnel_attr_names[MTUN_A_TUNNEL_MAX + 1] = {
	[MTUN_A_TUNNEL_IFINDEX] = "ifindex",
	[MTUN_A_TUNNEL_IFNAME] = "ifname",
	[MTUN_A_TUNNEL_LOCAL] = "local",
	[MTUN_A_TUNNEL_REMOTE] = "remote",
	[MTUN_A_TUNNEL_IFLAGS] = "iflags",
	[MTUN_A_TUNNEL_OFLAGS] = "oflags",
	[MTUN_A_TUNNEL_IKEY] = "ikey",
	[MTUN_A_TUNNEL_OKEY] = "okey",
	[MTUN_A_TUNNEL_TTL] = "ttl",
	[MTUN_A_TUNNEL_TTL_INHERIT] = "ttl-inherit",
	[MTUN_A_TUNNEL_TOS] = "tos",
	[MTUN_A_TUNNEL_TOS_INHERIT] = "tos-inherit",
	[MTUN_A_TUNNEL_DF] = "df",
	[MTUN_A_TUNNEL_INNER_DF] = "inner-df",
	[MTUN_A_TUNNEL_FRAG] = "frag",
	[MTUN_A_TUNNEL_LINK] = "link",
	[MTUN_A_TUNNEL_LINK_IFINDEX] = "link-ifindex",
	[MTUN_A_TUNNEL_FWMARK] = "fwmark",
	[MTUN_A_TUNNEL_MSS_TX] = "mss-tx",
	[MTUN_A_TUNNEL_MSS_RX] = "mss-rx",
	[MTUN_A_TUNNEL_MSS_INSERT] = "mss-insert",
	[MTUN_A_TUNNEL_ACCEPT] = "accept",
	[MTUN_A_TUNNEL_ANYCAST] = "anycast",
	[MTUN_A_TUNNEL_PMTU] = "pmtu",
	[MTUN_A_TUNNEL_DESCRIPTION] = "description",
	[MTUN_A_TUNNEL_ORIGIN] = "origin",
	[MTUN_A_TUNNEL_MTU] = "mtu",
	[MTUN_A_TUNNEL_MTU_AUTO] = "mtu-auto",
	[MTUN_A_TUNNEL_IF_FLAGS] = "if-flags",
	[MTUN_A_TUNNEL_UNDERLAY_NETNSID] = "underlay-netnsid",
	[MTUN_A_TUNNEL_STATS] = "stats",
	[MTUN_A_TUNNEL_SAMPLE_RX] = "sample-rx",
	[MTUN_A_TUNNEL_SAMPLE_TX] = "sample-tx",
	[MTUN_A_TUNNEL_IPSEC] = "ipsec",
	[MTUN_A_TUNNEL_UP] = "up",
	[MTUN_A_TUNNEL_MODE] = "mode",
	[MTUN_A_TUNNEL_IF_ID] = "if-id",
};

const char *const prefix_attr_names[MTUN_A_PREFIX_MAX + 1] = {
	[MTUN_A_PREFIX_ADDR] = "addr",
	[MTUN_A_PREFIX_LEN] = "len",
};

const char *const clamp_attr_names[MTUN_A_CLAMP_MAX + 1] = {
	[MTUN_A_CLAMP_IFNAME] = "ifname",
	[MTUN_A_CLAMP_IFINDEX] = "ifindex",
	[MTUN_A_CLAMP_DIRECTION] = "direction",
	[MTUN_A_CLAMP_MSS] = "mss",
	[MTUN_A_CLAMP_INSERT] = "insert",
	[MTUN_A_CLAMP_SRC] = "src",
	[MTUN_A_CLAMP_DST] = "dst",
	[MTUN_A_CLAMP_SRC_ANY] = "src-any",
	[MTUN_A_CLAMP_DST_ANY] = "dst-any",
	[MTUN_A_CLAMP_ORIGIN] = "origin",
	[MTUN_A_CLAMP_SEEN] = "seen",
};

const char *const netns_attr_names[MTUN_A_NETNS_MAX + 1] = {
	[MTUN_A_NETNS_RX] = "rx",
	[MTUN_A_NETNS_NETNSID] = "netnsid",
};

const char *const filter_attr_names[MTUN_A_FILTER_MAX + 1] = {
	[MTUN_A_FILTER_IFINDEX] = "ifindex",
	[MTUN_A_FILTER_IFNAME] = "ifname",
	[MTUN_A_FILTER_ALLOW_SRC_RX] = "allow-src-rx",
	[MTUN_A_FILTER_ALLOW_DST_RX] = "allow-dst-rx",
	[MTUN_A_FILTER_ALLOW_SRC_TX] = "allow-src-tx",
	[MTUN_A_FILTER_ALLOW_DST_TX] = "allow-dst-tx",
	[MTUN_A_FILTER_CLEAR] = "clear",
	[MTUN_A_FILTER_PREFIXES] = "prefixes",
};

const char *const sample_attr_names[MTUN_A_SAMPLE_MAX + 1] = {
	[MTUN_A_SAMPLE_IFINDEX] = "ifindex",
	[MTUN_A_SAMPLE_DIRECTION] = "direction",
	[MTUN_A_SAMPLE_REASON] = "reason",
	[MTUN_A_SAMPLE_INTERVAL] = "interval",
	[MTUN_A_SAMPLE_PACKETS] = "packets",
	[MTUN_A_SAMPLE_LENGTH] = "length",
	[MTUN_A_SAMPLE_SOURCE] = "source",
	[MTUN_A_SAMPLE_TIME] = "time",
	[MTUN_A_SAMPLE_DATA] = "data",
};

const char *const samples_attr_names[MTUN_A_SAMPLES_MAX + 1] = {
	[MTUN_A_SAMPLES_CPU] = "cpu",
	[MTUN_A_SAMPLES_NUMBER] = "number",
	[MTUN_A_SAMPLES_SAMPLE] = "sample",
};

const char *const health_attr_names[MTUN_A_HEALTH_MAX + 1] = {
	[MTUN_A_HEALTH_IFINDEX] = "ifindex",
	[MTUN_A_HEALTH_IFNAME] = "ifname",
	[MTUN_A_HEALTH_MODE] = "mode",
	[MTUN_A_HEALTH_STYLE] = "style",
	[MTUN_A_HEALTH_DIRECTION] = "direction",
	[MTUN_A_HEALTH_TARGET] = "target",
	[MTUN_A_HEALTH_SOURCE] = "source",
	[MTUN_A_HEALTH_INTERVAL] = "interval",
	[MTUN_A_HEALTH_TIMEOUT] = "timeout",
	[MTUN_A_HEALTH_DOWN_PROBES] = "down-probes",
	[MTUN_A_HEALTH_DOWN_WINDOW] = "down-window",
	[MTUN_A_HEALTH_DEGRADED_LOSS] = "degraded-loss",
	[MTUN_A_HEALTH_DEGRADED_PROBES] = "degraded-probes",
	[MTUN_A_HEALTH_DEGRADED_WINDOW] = "degraded-window",
	[MTUN_A_HEALTH_RECOVER_PROBES] = "recover-probes",
	[MTUN_A_HEALTH_HEALTHY_PROBES] = "healthy-probes",
	[MTUN_A_HEALTH_CARRIER] = "carrier",
	[MTUN_A_HEALTH_ANSWER] = "answer",
	[MTUN_A_HEALTH_STATE] = "state",
	[MTUN_A_HEALTH_OLD_STATE] = "old-state",
	[MTUN_A_HEALTH_REASON] = "reason",
	[MTUN_A_HEALTH_SINCE] = "since",
	[MTUN_A_HEALTH_RTT] = "rtt",
	[MTUN_A_HEALTH_RTT_MIN] = "rtt-min",
	[MTUN_A_HEALTH_RTT_MEAN] = "rtt-mean",
	[MTUN_A_HEALTH_RTT_MAX] = "rtt-max",
	[MTUN_A_HEALTH_JITTER] = "jitter",
	[MTUN_A_HEALTH_SENT] = "sent",
	[MTUN_A_HEALTH_ANSWERED] = "answered",
	[MTUN_A_HEALTH_LOST] = "lost",
	[MTUN_A_HEALTH_UNSENT] = "unsent",
	[MTUN_A_HEALTH_WINDOW_PROBES] = "window-probes",
	[MTUN_A_HEALTH_WINDOW_LOST] = "window-lost",
	[MTUN_A_HEALTH_SOURCE_USED] = "source-used",
	[MTUN_A_HEALTH_TARGET_USED] = "target-used",
};
