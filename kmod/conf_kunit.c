// SPDX-License-Identifier: GPL-2.0
#include "conf.c"

#include "kunit.h"

#define CSUM		MTUN_GRE_FLAG_CSUM
#define SEQ		MTUN_GRE_FLAG_SEQ
#define GIVES(x)	BIT_ULL(MTUN_A_TUNNEL_##x)
#define LOCAL(a)	.local = (a), .local_len = sizeof(a)
#define REMOTE(a)	.remote = (a), .remote_len = sizeof(a)

static const u8 a4[4] = { 192, 0, 2, 1 };
static const u8 b4[4] = { 198, 51, 100, 1 };
static const u8 c4[4] = { 203, 0, 113, 1 };
static const u8 zero4[4];
static const u8 zero_net_last4[4] = { 0, 255, 255, 255 };
static const u8 above_zero_net4[4] = { 1, 0, 0, 0 };
static const u8 mcast_first4[4] = { 224, 0, 0, 0 };
static const u8 mcast_last4[4] = { 239, 255, 255, 255 };
static const u8 below_mcast4[4] = { 223, 255, 255, 255 };
static const u8 above_mcast4[4] = { 240, 0, 0, 0 };
static const u8 bcast4[4] = { 255, 255, 255, 255 };
static const u8 below_bcast4[4] = { 255, 255, 255, 254 };
static const u8 ll4[4] = { 169, 254, 0, 1 };
static const u8 like_ll6[4] = { 0xfe, 0x80, 0, 1 };

static const u8 a6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 1 };
static const u8 b6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = 2 };
static const u8 c6[16] = { 0x20, 1, 0x0d, 0xb8, [4] = 1 };
static const u8 zero6[16];
static const u8 loopback6[16] = { [15] = 1 };
static const u8 mcast6[16] = { 0xff, 0x02, [15] = 1 };
static const u8 below_mcast6[16] = { 0xfe, 0xff, [15] = 1 };
static const u8 mapped6[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
static const u8 compat6[16] = { [12] = 192, 0, 2, 1 };
static const u8 like_mapped6[16] = { 1, [10] = 0xff, 0xff, 192, 0, 2, 1 };
static const u8 ll_first6[16] = { 0xfe, 0x80, [15] = 1 };
static const u8 ll_last6[16] = { 0xfe, 0xbf, [15] = 1 };
static const u8 below_ll6[16] = { 0xfe, 0x7f, [15] = 1 };
static const u8 above_ll6[16] = { 0xfe, 0xc0, [15] = 1 };

/* What a change is applied to. */
enum base { FRESH, V4, V6, V4_KEYS, OUTER, LINK_LOCAL, ESP };

/*
 * Without an error the fields that are given are those of the configuration
 * afterwards, and the others are as they were.
 */
struct apply_case {
	const char *name;
	enum base base;
	struct mt_conf_change change;
	u16 attr;
	const char *error;
};

#define BOTH_GIVEN	(GIVES(LOCAL) | GIVES(REMOTE))
#define PAIR(l, r)	{ .given = BOTH_GIVEN, LOCAL(l), REMOTE(r) }
#define FIFTY	"01234567890123456789012345678901234567890123456789"
#define ONE(a, ...)	{ .given = GIVES(a), __VA_ARGS__ }
#define ERROR(a, text)	.attr = MTUN_A_TUNNEL_##a, .error = text

static const struct apply_case apply_cases[] = {
	/* addresses */
	{ "IPv4", FRESH, PAIR(a4, b4) },
	{ "IPv6", FRESH, PAIR(a6, b6) },
	{ "nothing given", FRESH, { .given = 0 },
	  ERROR(LOCAL, "local is missing") },
	{ "no local", FRESH, ONE(REMOTE, REMOTE(b4)),
	  ERROR(LOCAL, "local is missing") },
	{ "no remote", FRESH, ONE(LOCAL, LOCAL(a4)),
	  ERROR(REMOTE, "remote is missing") },
	{ "no remote, IPv6", FRESH, ONE(LOCAL, LOCAL(a6)),
	  ERROR(REMOTE, "remote is missing") },
	{ "nothing changed", V4, { .given = 0 } },
	{ "another local", V4, ONE(LOCAL, LOCAL(c4)) },
	{ "another remote", V4, ONE(REMOTE, REMOTE(c4)) },
	{ "another local, IPv6", V6, ONE(LOCAL, LOCAL(c6)) },
	{ "another remote, IPv6", V6, ONE(REMOTE, REMOTE(c6)) },
	{ "addresses swapped", V4, PAIR(b4, a4) },
	{ "from IPv4 to IPv6", V4, PAIR(a6, b6) },
	{ "from IPv6 to IPv4", V6, PAIR(a4, b4) },
	{ "both families", FRESH, PAIR(a4, b6),
	  ERROR(REMOTE, "remote must be of the same family as local") },
	{ "both families, the other way", FRESH, PAIR(a6, b4),
	  ERROR(REMOTE, "remote must be of the same family as local") },
	{ "local of another family", V4, ONE(LOCAL, LOCAL(a6)),
	  ERROR(LOCAL, "local must be of the same family as remote") },
	{ "remote of another family", V6, ONE(REMOTE, REMOTE(b4)),
	  ERROR(REMOTE, "remote must be of the same family as local") },
	{ "equal addresses", FRESH, PAIR(a4, a4),
	  ERROR(REMOTE, "remote must differ from local") },
	{ "equal addresses, IPv6", FRESH, PAIR(a6, a6),
	  ERROR(REMOTE, "remote must differ from local") },
	{ "remote becomes local", V4, ONE(REMOTE, REMOTE(a4)),
	  ERROR(REMOTE, "remote must differ from local") },
	{ "zero local", FRESH, PAIR(zero4, b4),
	  ERROR(LOCAL, "local must not be the unspecified address") },
	{ "zero remote", FRESH, PAIR(a4, zero4),
	  ERROR(REMOTE, "remote must not be the unspecified address") },
	{ "remote in 0/8", FRESH, PAIR(a4, zero_net_last4),
	  ERROR(REMOTE, "remote must not be the unspecified address") },
	{ "remote above 0/8", FRESH, PAIR(a4, above_zero_net4) },
	{ "zero local, IPv6", FRESH, PAIR(zero6, b6),
	  ERROR(LOCAL, "local must not be the unspecified address") },
	{ "zero remote, IPv6", FRESH, PAIR(a6, zero6),
	  ERROR(REMOTE, "remote must not be the unspecified address") },
	{ "multicast local", FRESH, PAIR(mcast_first4, b4),
	  ERROR(LOCAL, "local must not be a multicast address") },
	{ "multicast remote", FRESH, PAIR(a4, mcast_last4),
	  ERROR(REMOTE, "remote must not be a multicast address") },
	{ "neighbours of multicast", FRESH, PAIR(below_mcast4, above_mcast4) },
	{ "multicast local, IPv6", FRESH, PAIR(mcast6, b6),
	  ERROR(LOCAL, "local must not be a multicast address") },
	{ "multicast remote, IPv6", FRESH, PAIR(a6, mcast6),
	  ERROR(REMOTE, "remote must not be a multicast address") },
	{ "neighbour of multicast, IPv6", FRESH, PAIR(a6, below_mcast6) },
	{ "broadcast local", FRESH, PAIR(bcast4, b4),
	  ERROR(LOCAL, "local must not be the broadcast address") },
	{ "broadcast remote", FRESH, PAIR(a4, bcast4),
	  ERROR(REMOTE, "remote must not be the broadcast address") },
	{ "neighbour of broadcast", FRESH, PAIR(a4, below_bcast4) },
	{ "IPv4-mapped local", FRESH, PAIR(mapped6, b6),
	  ERROR(LOCAL,
		"local must be given as IPv4, not as IPv4-mapped IPv6") },
	{ "IPv4-mapped remote", FRESH, PAIR(a6, mapped6),
	  ERROR(REMOTE,
		"remote must be given as IPv4, not as IPv4-mapped IPv6") },
	{ "not quite IPv4-mapped", FRESH, PAIR(compat6, like_mapped6) },
	{ "loopback, IPv6", FRESH, PAIR(loopback6, b6) },

	/* link-local addresses and link */
	{ "link-local local", FRESH, PAIR(ll_first6, b6),
	  ERROR(LINK, "link is needed with a link-local address") },
	{ "link-local remote", FRESH, PAIR(a6, ll_first6),
	  ERROR(LINK, "link is needed with a link-local address") },
	{ "the last of link-local", FRESH, PAIR(a6, ll_last6),
	  ERROR(LINK, "link is needed with a link-local address") },
	{ "neighbours of link-local", FRESH, PAIR(below_ll6, above_ll6) },
	{ "link-local with a link", FRESH,
	  { .given = BOTH_GIVEN | GIVES(LINK), .link = "eth2",
	    LOCAL(ll_first6), REMOTE(ll_last6) } },
	{ "link-local with an empty link", FRESH,
	  { .given = BOTH_GIVEN | GIVES(LINK), .link = "",
	    LOCAL(ll_first6), REMOTE(b6) },
	  ERROR(LINK, "link is needed with a link-local address") },
	{ "IPv4 link-local needs no link", FRESH, PAIR(ll4, b4) },
	{ "IPv4 that begins like IPv6 link-local", FRESH, PAIR(a4, like_ll6) },
	{ "the link taken from a link-local address", LINK_LOCAL,
	  ONE(LINK, .link = ""),
	  ERROR(LINK, "link is needed with a link-local address") },
	{ "another link", LINK_LOCAL, ONE(LINK, .link = "eth4") },
	{ "the link stays", LINK_LOCAL, ONE(REMOTE, REMOTE(ll_last6)) },
	{ "the link and the link-local address go together", LINK_LOCAL,
	  { .given = GIVES(LINK) | GIVES(REMOTE), .link = "",
	    REMOTE(b6) } },
	{ "link-local remote without a link", V6,
	  ONE(REMOTE, REMOTE(ll_first6)),
	  ERROR(LINK, "link is needed with a link-local address") },
	{ "link", V4, ONE(LINK, .link = "a23456789012345") },

	{ "no link", V4_KEYS, ONE(LINK, .link = "") },
	{ "a shorter link", V4_KEYS, ONE(LINK, .link = "e") },
	{ "link of 16 bytes", V4, ONE(LINK, .link = "a234567890123456"),
	  ERROR(LINK, "link must be at most 15 bytes long") },

	/* fragmentation */
	{ "df inherit", V4, ONE(DF, .df = MTUN_DF_INHERIT) },
	{ "df clear", V6, ONE(DF, .df = MTUN_DF_CLEAR) },
	{ "df set", V4_KEYS, ONE(DF, .df = MTUN_DF_SET) },
	{ "df 3", V4, ONE(DF, .df = 3),
	  ERROR(DF, "df must be set, inherit or clear") },
	{ "inner-df clear", V4, ONE(INNER_DF, .inner_df = 1) },
	{ "inner-df keep", V4_KEYS, ONE(INNER_DF, .inner_df = 0) },
	{ "inner-df 2", V4, ONE(INNER_DF, .inner_df = 2),
	  ERROR(INNER_DF, "inner-df must be keep or clear") },
	{ "frag outer, df inherit", V4,
	  { .given = GIVES(FRAG) | GIVES(DF), .frag = MTUN_FRAG_OUTER,
	    .df = MTUN_DF_INHERIT } },
	{ "frag outer, df was clear", V4_KEYS,
	  ONE(FRAG, .frag = MTUN_FRAG_OUTER) },
	{ "frag outer, df set", V4, ONE(FRAG, .frag = MTUN_FRAG_OUTER),
	  ERROR(FRAG, "frag outer needs df inherit or df clear") },
	{ "frag outer and df set", V4_KEYS,
	  { .given = GIVES(FRAG) | GIVES(DF), .frag = MTUN_FRAG_OUTER,
	    .df = MTUN_DF_SET },
	  ERROR(FRAG, "frag outer needs df inherit or df clear") },
	{ "df set, frag was outer", OUTER, ONE(DF, .df = MTUN_DF_SET),
	  ERROR(DF,
		"df set is impossible with frag outer: set frag inner as well") },
	{ "frag inner and df set", OUTER,
	  { .given = GIVES(FRAG) | GIVES(DF), .frag = MTUN_FRAG_INNER,
	    .df = MTUN_DF_SET } },
	{ "frag 2", V4, ONE(FRAG, .frag = 2),
	  ERROR(FRAG, "frag must be inner or outer") },

	/* TTL, TOS, mark */
	{ "ttl 1", V4, ONE(TTL, .ttl = 1) },
	{ "ttl 255", V4, ONE(TTL, .ttl = 255) },
	{ "ttl 0", V4, { .given = GIVES(TTL) },
	  ERROR(TTL, "ttl must be 1 to 255") },
	{ "ttl inherited", V4, ONE(TTL_INHERIT, .ttl_inherit = 1) },
	{ "ttl no more inherited", V4_KEYS, { .given = GIVES(TTL_INHERIT) } },
	{ "ttl 0, although inherited", V4_KEYS, { .given = GIVES(TTL) },
	  ERROR(TTL, "ttl must be 1 to 255") },
	{ "tos 4", V4, ONE(TOS, .tos = 4) },
	{ "tos 0xfc", V4, ONE(TOS, .tos = 0xfc) },
	{ "tos 0", V4_KEYS, ONE(TOS, .tos = 0) },
	{ "tos with ECT(1)", V4, ONE(TOS, .tos = 1),
	  ERROR(TOS, "tos must have its two low bits 0: they are ECN's") },
	{ "tos with ECT(0)", V4, ONE(TOS, .tos = 0xba),
	  ERROR(TOS, "tos must have its two low bits 0: they are ECN's") },
	{ "tos with CE", V4, ONE(TOS, .tos = 3),
	  ERROR(TOS, "tos must have its two low bits 0: they are ECN's") },
	{ "tos inherited", V4, ONE(TOS_INHERIT, .tos_inherit = 1) },
	{ "tos inherited, and one to choose the route by", V4,
	  { .given = GIVES(TOS) | GIVES(TOS_INHERIT),
	    .tos = 8, .tos_inherit = 1 } },
	{ "tos no more inherited", V4_KEYS, { .given = GIVES(TOS_INHERIT) } },
	{ "mss", V4,
	  { .given = GIVES(MSS_TX) | GIVES(MSS_RX), .mss_tx = 1436,
	    .mss_rx = MTUN_MSS_AUTO } },
	{ "mss-tx off", V4_KEYS, ONE(MSS_TX, .mss_tx = MTUN_MSS_OFF) },
	{ "mss-rx off", V4_KEYS, ONE(MSS_RX, .mss_rx = MTUN_MSS_OFF) },
	{ "mss-tx 48", V6, ONE(MSS_TX, .mss_tx = 48) },
	{ "mss-rx 48", V6, ONE(MSS_RX, .mss_rx = 48) },
	{ "mss-tx 47", V4, ONE(MSS_TX, .mss_tx = 47),
	  ERROR(MSS_TX, "mss-tx must be off, auto or at least 48") },
	{ "mss-rx 1", V4, ONE(MSS_RX, .mss_rx = 1),
	  ERROR(MSS_RX, "mss-rx must be off, auto or at least 48") },
	{ "mss-insert", V4, ONE(MSS_INSERT, .mss_insert = 1) },
	{ "anycast", V4, ONE(ANYCAST, .anycast = 1) },
	{ "pmtu", V4, ONE(PMTU, .pmtu = MTUN_PMTU_STATIC) },
	{ "ipsec", V4, ONE(IPSEC, .ipsec = MTUN_IPSEC_REQUIRED) },
	{ "ipsec with keys", V4_KEYS,
	  ONE(IPSEC, .ipsec = MTUN_IPSEC_REQUIRED) },
	{ "ipsec 2", V4, ONE(IPSEC, .ipsec = 2),
	  ERROR(IPSEC, "ipsec must be off or required") },
	{ "sample", V4, ONE(SAMPLE_RX, .sample_rx = 1) },
	{ "sample-tx, the most", V4, ONE(SAMPLE_TX, .sample_tx = 1 << 30) },
	{ "sample-rx, too much", V4, ONE(SAMPLE_RX, .sample_rx = (1 << 30) + 1),
	  ERROR(SAMPLE_RX, "sample-rx must be off or at most 1073741824") },
	{ "sample-tx, too much", V4, ONE(SAMPLE_TX, .sample_tx = ~0u),
	  ERROR(SAMPLE_TX, "sample-tx must be off or at most 1073741824") },
	{ "pmtu 3", V4, ONE(PMTU, .pmtu = 3),
	  ERROR(PMTU, "pmtu must be auto, learn or static") },
	{ "anycast with sequence numbers", V4_KEYS, ONE(ANYCAST, .anycast = 1),
	  ERROR(ANYCAST,
		"anycast needs iflags without seq: each node sees some numbers") },
	{ "anycast, then sequence numbers sent", V4,
	  { .given = GIVES(ANYCAST) | GIVES(OFLAGS), .anycast = 1,
	    .oflags = SEQ, .oflags_mask = SEQ },
	  ERROR(ANYCAST,
		"anycast needs oflags without seq: numbers are one node's") },
	{ "anycast in place of sequence numbers", V4_KEYS,
	  { .given = GIVES(ANYCAST) | GIVES(IFLAGS) | GIVES(DF), .anycast = 1,
	    .df = MTUN_DF_SET, .iflags = 0, .iflags_mask = SEQ } },
	{ "anycast with df clear", V4,
	  { .given = GIVES(ANYCAST) | GIVES(DF), .anycast = 1,
	    .df = MTUN_DF_CLEAR },
	  ERROR(ANYCAST,
		"anycast needs df set: fragments of two nodes may be put together") },
	{ "anycast with frag outer", OUTER, ONE(ANYCAST, .anycast = 1),
	  ERROR(ANYCAST,
		"anycast needs frag inner: fragments may reach different nodes") },
	{ "accept", V4, ONE(ACCEPT, .accept = c4, .accept_len = 4,
			    .accept_bits = 32) },
	{ "accept any", V6, ONE(ACCEPT, .accept_bits = 0) },
	{ "accept none", V6, ONE(ACCEPT, .accept_bits = -1) },
	{ "accept without a length", V4, ONE(ACCEPT, .accept = c4,
					     .accept_len = 4,
					     .accept_bits = -1),
	  ERROR(ACCEPT, "accept must have an address and a length") },
	{ "accept without an address", V4, ONE(ACCEPT, .accept_bits = 8),
	  ERROR(ACCEPT, "accept must have an address and a length") },
	{ "accept of another family", V6, ONE(ACCEPT, .accept = c4,
					      .accept_len = 4,
					      .accept_bits = 32),
	  ERROR(ACCEPT, "accept must be of the same family as local and remote") },
	{ "accept with host bits", V4, ONE(ACCEPT, .accept = b4,
					   .accept_len = 4, .accept_bits = 8),
	  ERROR(ACCEPT, "prefix must have no bits set behind its length") },
	{ "origin", V4, ONE(ORIGIN, .origin = MTUN_ORIGIN_FILE) },
	{ "origin 2", V4, ONE(ORIGIN, .origin = 2),
	  ERROR(ORIGIN, "origin must be manual or file") },
	{ "description", V4, ONE(DESCRIPTION, .description = "a \xc3\xa4 ~") },
	{ "no description", V4, ONE(DESCRIPTION, .description = "") },
	{ "escape in a description", V4, ONE(DESCRIPTION, .description = "a\33"),
	  ERROR(DESCRIPTION, "description must have no control characters") },
	{ "delete in a description", V4, ONE(DESCRIPTION, .description = "\177"),
	  ERROR(DESCRIPTION, "description must have no control characters") },
	{ "description of 255 bytes", V4,
	  ONE(DESCRIPTION, .description = FIFTY FIFTY FIFTY FIFTY FIFTY "12345") },
	{ "description of 256 bytes", V4,
	  ONE(DESCRIPTION, .description = FIFTY FIFTY FIFTY FIFTY FIFTY "123456"),
	  ERROR(DESCRIPTION, "description must be at most 255 bytes long") },
	{ "fwmark", V4, ONE(FWMARK, .fwmark = 0xffffffff) },
	{ "no fwmark", V4_KEYS, { .given = GIVES(FWMARK) } },

	/* mode */
	{ "mode ipsec", FRESH,
	  { .given = BOTH_GIVEN | GIVES(MODE) | GIVES(IF_ID), LOCAL(a4),
	    REMOTE(b4), .mode = MTUN_MODE_IPSEC, .if_id = ~0u } },
	{ "mode gre", V4, ONE(MODE, .mode = MTUN_MODE_GRE) },
	{ "mode 2", V4, ONE(MODE, .mode = 2),
	  ERROR(MODE, "mode must be gre or ipsec") },
	{ "GRE becomes ESP", V4,
	  { .given = GIVES(MODE) | GIVES(IF_ID), .mode = MTUN_MODE_IPSEC,
	    .if_id = 1 },
	  ERROR(MODE, "mode cannot change: delete the tunnel and add it again") },
	{ "ESP becomes GRE", ESP, ONE(MODE, .mode = MTUN_MODE_GRE),
	  ERROR(MODE, "mode cannot change: delete the tunnel and add it again") },
	{ "no if-id", FRESH,
	  { .given = BOTH_GIVEN | GIVES(MODE), LOCAL(a4), REMOTE(b4),
	    .mode = MTUN_MODE_IPSEC },
	  ERROR(IF_ID, "if-id is needed in mode ipsec: the if_id of its policies and states") },
	{ "if-id 0", ESP, ONE(IF_ID, .if_id = 0),
	  ERROR(IF_ID, "if-id is needed in mode ipsec: the if_id of its policies and states") },
	{ "another if-id", ESP, ONE(IF_ID, .if_id = 7) },
	{ "if-id of GRE", V4, ONE(IF_ID, .if_id = 7),
	  ERROR(IF_ID, "if-id is for mode ipsec") },
	{ "if-id 0 of GRE", V4, ONE(IF_ID, .if_id = 0) },
	{ "other ends of ESP", ESP, PAIR(a4, c4) },
	{ "ESP, ikey", ESP, ONE(IKEY, .ikey = 7),
	  ERROR(IKEY, "ikey is GRE's: in mode ipsec give if-id") },
	{ "ESP, okey", ESP, ONE(OKEY, .okey = 0),
	  ERROR(OKEY, "okey is GRE's: in mode ipsec give if-id") },
	{ "ESP, csum", ESP, ONE(IFLAGS, .iflags = CSUM, .iflags_mask = CSUM),
	  ERROR(MODE, "mode ipsec has no csum and seq: leave both to ESP") },
	{ "ESP, seq", ESP, ONE(OFLAGS, .oflags = SEQ, .oflags_mask = SEQ),
	  ERROR(MODE, "mode ipsec has no csum and seq: leave both to ESP") },
	{ "ESP, ttl", ESP, ONE(TTL, .ttl = 63),
	  ERROR(TTL, "ttl must be 64 in mode ipsec: give the route to remote a hoplimit") },
	{ "ESP, ttl inherit", ESP, ONE(TTL_INHERIT, .ttl_inherit = 1),
	  ERROR(TTL_INHERIT,
		"ttl-inherit is not for mode ipsec: give the route to remote a hoplimit") },
	{ "ESP, tos", ESP, ONE(TOS, .tos = 4),
	  ERROR(TOS, "tos must be 0 in mode ipsec: give the state extra-flag dont-encap-dscp") },
	{ "ESP, tos inherit", ESP, ONE(TOS_INHERIT, .tos_inherit = 1),
	  ERROR(TOS_INHERIT,
		"tos-inherit is not for mode ipsec: states inherit by themselves") },
	{ "ESP, df", ESP, ONE(DF, .df = MTUN_DF_CLEAR),
	  ERROR(DF, "df must be set in mode ipsec: give the state flag nopmtudisc") },
	{ "ESP, inner-df", ESP, ONE(INNER_DF, .inner_df = MTUN_INNER_DF_CLEAR) },
	{ "ESP, frag", ESP,
	  { .given = GIVES(DF) | GIVES(FRAG), .df = MTUN_DF_INHERIT,
	    .frag = MTUN_FRAG_OUTER },
	  ERROR(DF, "df must be set in mode ipsec: give the state flag nopmtudisc") },
	{ "ESP, fwmark", ESP, ONE(FWMARK, .fwmark = 1),
	  ERROR(FWMARK, "fwmark must be 0 in mode ipsec: give the state an output-mark") },
	{ "ESP, dev", ESP, ONE(LINK, .link = "eth0"),
	  ERROR(LINK,
		"link must be empty in mode ipsec: give the state an output-mark") },
	{ "ESP, link-local", ESP, ONE(REMOTE, REMOTE(ll_first6)),
	  ERROR(REMOTE, "remote must not be link-local in mode ipsec") },
	{ "ESP, link-local here", ESP, ONE(LOCAL, LOCAL(ll_last6)),
	  ERROR(LOCAL, "local must not be link-local in mode ipsec") },
	{ "ESP, accept", ESP, ONE(ACCEPT, .accept_bits = 0),
	  ERROR(ACCEPT,
		"accept must be none in mode ipsec: states say whose packets are taken") },
	{ "ESP, anycast", ESP, ONE(ANYCAST, .anycast = 1) },
	{ "ESP, pmtu", ESP, ONE(PMTU, .pmtu = MTUN_PMTU_LEARN),
	  ERROR(PMTU, "pmtu must be auto in mode ipsec: the kernel obeys errors about ESP") },
	{ "ESP, ipsec", ESP, ONE(IPSEC, .ipsec = MTUN_IPSEC_REQUIRED),
	  ERROR(IPSEC, "ipsec must be off in mode ipsec, where nothing is in clear anyway") },
	{ "ESP, mss", ESP, ONE(MSS_TX, .mss_tx = MTUN_MSS_AUTO) },

	/* optional fields */
	{ "checksums received", V4,
	  ONE(IFLAGS, .iflags = CSUM, .iflags_mask = CSUM) },
	{ "checksums sent", V4_KEYS,
	  ONE(OFLAGS, .oflags = CSUM, .oflags_mask = CSUM | SEQ) },
	{ "sequence numbers both ways", V6,
	  { .given = GIVES(IFLAGS) | GIVES(OFLAGS), .iflags = SEQ,
	    .iflags_mask = SEQ, .oflags = SEQ, .oflags_mask = SEQ } },
	{ "no checksums, and nothing of the key", V4_KEYS,
	  ONE(IFLAGS, .iflags = 0, .iflags_mask = CSUM) },
	{ "nothing selected", V4_KEYS, ONE(OFLAGS, .oflags = 0) },
	{ "checksums and a key", V4,
	  { .given = GIVES(IFLAGS) | GIVES(IKEY), .iflags = CSUM,
	    .iflags_mask = CSUM, .ikey = 9 } },

	/* keys; all combinations of key and flag are in mt_conf_keys_test() */
	{ "same key both ways", FRESH,
	  { .given = BOTH_GIVEN | GIVES(IKEY) | GIVES(OKEY),
	    LOCAL(a4), REMOTE(b4), .ikey = 7, .okey = 7 } },
	{ "different keys", V6,
	  { .given = GIVES(IKEY) | GIVES(OKEY),
	    .ikey = 0, .okey = 0xffffffff } },
	{ "ikey only", V4, ONE(IKEY, .ikey = 0x01020304) },
	{ "okey only", V4, ONE(OKEY, .okey = 0x01020304) },
	{ "another ikey", V4_KEYS, ONE(IKEY, .ikey = 9) },
	{ "another okey", V4_KEYS, ONE(OKEY, .okey = 9) },
};

MT_CASES(apply_cases);

static void make_base(struct mt_conf *conf, enum base base)
{
	memset(conf, 0xa5, sizeof(*conf));
	mt_conf_init(conf);
	switch (base) {
	case FRESH:
		return;
	case V4_KEYS:
		conf->iflags = MTUN_GRE_FLAG_KEY | MTUN_GRE_FLAG_SEQ;
		conf->oflags = MTUN_GRE_FLAG_KEY | MTUN_GRE_FLAG_CSUM;
		conf->ikey = 0x11;
		conf->okey = 0x22;
		conf->ttl = 9;
		conf->tos = 0x10;
		conf->tos_inherit = true;
		conf->fwmark = 5;
		strcpy(conf->link, "eth3");
		conf->ttl_inherit = true;
		conf->df = MTUN_DF_CLEAR;
		conf->inner_df = MTUN_INNER_DF_CLEAR;
		conf->mss_tx = 1400;
		conf->mss_rx = MTUN_MSS_AUTO;
		fallthrough;
	case OUTER:
	case V4:
		conf->family = AF_INET;
		memcpy(&conf->local, a4, 4);
		memcpy(&conf->remote, b4, 4);
		if (base == OUTER) {
			conf->df = MTUN_DF_INHERIT;
			conf->frag = MTUN_FRAG_OUTER;
		}
		return;
	case ESP:
		conf->mode = MTUN_MODE_IPSEC;
		conf->if_id = 42;
		fallthrough;
	case LINK_LOCAL:
	case V6:
		conf->family = AF_INET6;
		memcpy(&conf->local, a6, 16);
		memcpy(&conf->remote, base == LINK_LOCAL ? ll_first6 : b6, 16);
		if (base == LINK_LOCAL)
			strcpy(conf->link, "eth3");
	}
}

static void expect_conf(struct kunit *test, const struct mt_conf *got,
			const struct mt_conf *want)
{
	size_t len = want->family == AF_INET6 ? 16 : 4;

	KUNIT_EXPECT_EQ(test, got->family, want->family);
	KUNIT_EXPECT_EQ(test, memcmp(&got->local, &want->local, len), 0);
	KUNIT_EXPECT_EQ(test, memcmp(&got->remote, &want->remote, len), 0);
	KUNIT_EXPECT_EQ(test, got->iflags, want->iflags);
	KUNIT_EXPECT_EQ(test, got->oflags, want->oflags);
	KUNIT_EXPECT_EQ(test, got->ikey, want->ikey);
	KUNIT_EXPECT_EQ(test, got->okey, want->okey);
	KUNIT_EXPECT_EQ(test, memcmp(got->link, want->link, sizeof(got->link)),
			0);
	KUNIT_EXPECT_EQ(test, got->fwmark, want->fwmark);
	KUNIT_EXPECT_EQ(test, got->ttl, want->ttl);
	KUNIT_EXPECT_EQ(test, got->ttl_inherit, want->ttl_inherit);
	KUNIT_EXPECT_EQ(test, got->df, want->df);
	KUNIT_EXPECT_EQ(test, got->inner_df, want->inner_df);
	KUNIT_EXPECT_EQ(test, got->frag, want->frag);
	KUNIT_EXPECT_EQ(test, got->mss_tx, want->mss_tx);
	KUNIT_EXPECT_EQ(test, got->mss_rx, want->mss_rx);
	KUNIT_EXPECT_EQ(test, got->mss_insert, want->mss_insert);
	KUNIT_EXPECT_EQ(test, got->origin, want->origin);
	KUNIT_EXPECT_EQ(test, got->anycast, want->anycast);
	KUNIT_EXPECT_EQ(test, got->pmtu, want->pmtu);
	KUNIT_EXPECT_EQ(test, got->sample_rx, want->sample_rx);
	KUNIT_EXPECT_EQ(test, got->sample_tx, want->sample_tx);
	KUNIT_EXPECT_EQ(test, got->ipsec, want->ipsec);
	KUNIT_EXPECT_EQ(test, got->mode, want->mode);
	KUNIT_EXPECT_EQ(test, got->if_id, want->if_id);
	KUNIT_EXPECT_EQ(test, memcmp(&got->accept, &want->accept,
				     sizeof(got->accept)), 0);
	KUNIT_EXPECT_EQ(test, !got->description, !want->description);
	if (got->description && want->description)
		KUNIT_EXPECT_EQ(test, strcmp(got->description,
					     want->description), 0);
	KUNIT_EXPECT_EQ(test, got->tos, want->tos);
	KUNIT_EXPECT_EQ(test, got->tos_inherit, want->tos_inherit);
}

/* A tuple of just the bytes that its documentation allows. */
static void expect_tuple(struct kunit *test, const struct mt_conf *conf,
			 const struct mt_tuple *got, u32 flags, u32 key,
			 const struct mt_prefix *remote)
{
	size_t len = conf->family == AF_INET6 ? 16 : 4;
	struct mt_tuple want;

	memset(&want, 0, sizeof(want));
	if (conf->mode == MTUN_MODE_IPSEC) {
		want.mode = MTUN_MODE_IPSEC;
		want.key = cpu_to_be32(conf->if_id);
		KUNIT_EXPECT_EQ(test, memcmp(got, &want, sizeof(want)), 0);
		return;
	}
	memcpy(&want.local, &conf->local, len);
	memcpy(&want.remote, &conf->remote, len);
	if (remote && remote->family) {
		memcpy(&want.remote, &remote->addr, len);
		want.host_bits = 8 * len - remote->len;
	}
	want.family = conf->family;
	if (flags & MTUN_GRE_FLAG_KEY) {
		want.keyed = 1;
		want.key = cpu_to_be32(key);
	}
	KUNIT_EXPECT_EQ(test, got->keyed, want.keyed);
	KUNIT_EXPECT_EQ(test, memcmp(got, &want, sizeof(want)), 0);
}

static void expect_tuples(struct kunit *test, const struct mt_conf *conf)
{
	struct mt_tuple got;

	memset(&got, 0xa5, sizeof(got));
	mt_conf_received(conf, &got);
	expect_tuple(test, conf, &got, conf->iflags, conf->ikey,
		     &conf->accept);
	memset(&got, 0xa5, sizeof(got));
	mt_conf_sent(conf, &got);
	expect_tuple(test, conf, &got, conf->oflags, conf->okey, NULL);
}

/* The change with garbage in all that is not given, and exact addresses. */
static void make_change(struct kunit *test, struct mt_conf_change *to,
			const struct mt_conf_change *from)
{
	memset(to, 0xa5, sizeof(*to));
	to->given = from->given;
	if (from->given & GIVES(LOCAL)) {
		to->local = mt_test_copy(test, from->local, from->local_len);
		to->local_len = from->local_len;
	}
	if (from->given & GIVES(REMOTE)) {
		to->remote = mt_test_copy(test, from->remote, from->remote_len);
		to->remote_len = from->remote_len;
	}
#define COPY(field, attr)						\
	do {								\
		if (from->given & GIVES(attr))				\
			to->field = from->field;			\
	} while (0)
	COPY(iflags, IFLAGS);
	COPY(iflags_mask, IFLAGS);
	COPY(oflags, OFLAGS);
	COPY(oflags_mask, OFLAGS);
	COPY(ikey, IKEY);
	COPY(okey, OKEY);
	if (from->given & GIVES(LINK))
		to->link = mt_test_copy(test, from->link,
					strlen(from->link) + 1);
	COPY(fwmark, FWMARK);
	COPY(ttl, TTL);
	COPY(ttl_inherit, TTL_INHERIT);
	COPY(df, DF);
	COPY(inner_df, INNER_DF);
	COPY(frag, FRAG);
	COPY(mss_tx, MSS_TX);
	COPY(mss_rx, MSS_RX);
	COPY(mss_insert, MSS_INSERT);
	COPY(origin, ORIGIN);
	COPY(anycast, ANYCAST);
	COPY(pmtu, PMTU);
	COPY(sample_rx, SAMPLE_RX);
	COPY(sample_tx, SAMPLE_TX);
	COPY(ipsec, IPSEC);
	COPY(mode, MODE);
	COPY(if_id, IF_ID);
	COPY(accept_len, ACCEPT);
	COPY(accept_bits, ACCEPT);
	if (from->given & GIVES(ACCEPT))
		to->accept = from->accept ?
			     mt_test_copy(test, from->accept,
					  from->accept_len) : NULL;
	if (from->given & GIVES(DESCRIPTION))
		to->description = mt_test_copy(test, from->description,
					       strlen(from->description) + 1);
	COPY(tos, TOS);
	COPY(tos_inherit, TOS_INHERIT);
#undef COPY
}

/* What a change makes of a configuration, if its flags are not about keys. */
static void model(struct mt_conf *conf, const struct mt_conf_change *change)
{
	u64 given = change->given;

	if (given & GIVES(LOCAL)) {
		conf->family = change->local_len == 4 ? AF_INET : AF_INET6;
		memcpy(&conf->local, change->local, change->local_len);
	}
	if (given & GIVES(REMOTE)) {
		conf->family = change->remote_len == 4 ? AF_INET : AF_INET6;
		memcpy(&conf->remote, change->remote, change->remote_len);
	}
	if (given & GIVES(IFLAGS))
		conf->iflags = (conf->iflags & ~change->iflags_mask) |
			       change->iflags;
	if (given & GIVES(OFLAGS))
		conf->oflags = (conf->oflags & ~change->oflags_mask) |
			       change->oflags;
	if (given & GIVES(IKEY)) {
		conf->iflags |= MTUN_GRE_FLAG_KEY;
		conf->ikey = change->ikey;
	}
	if (given & GIVES(OKEY)) {
		conf->oflags |= MTUN_GRE_FLAG_KEY;
		conf->okey = change->okey;
	}
	if (given & GIVES(LINK)) {
		memset(conf->link, 0, sizeof(conf->link));
		strcpy(conf->link, change->link);
	}
	if (given & GIVES(FWMARK))
		conf->fwmark = change->fwmark;
	if (given & GIVES(TTL))
		conf->ttl = change->ttl;
	if (given & GIVES(TTL_INHERIT))
		conf->ttl_inherit = change->ttl_inherit;
	if (given & GIVES(DF))
		conf->df = change->df;
	if (given & GIVES(INNER_DF))
		conf->inner_df = change->inner_df;
	if (given & GIVES(FRAG))
		conf->frag = change->frag;
	if (given & GIVES(MSS_TX))
		conf->mss_tx = change->mss_tx;
	if (given & GIVES(MSS_RX))
		conf->mss_rx = change->mss_rx;
	if (given & GIVES(MSS_INSERT))
		conf->mss_insert = change->mss_insert;
	if (given & GIVES(ORIGIN))
		conf->origin = change->origin;
	if (given & GIVES(ANYCAST))
		conf->anycast = change->anycast;
	if (given & GIVES(PMTU))
		conf->pmtu = change->pmtu;
	if (given & GIVES(SAMPLE_RX))
		conf->sample_rx = change->sample_rx;
	if (given & GIVES(SAMPLE_TX))
		conf->sample_tx = change->sample_tx;
	if (given & GIVES(IPSEC))
		conf->ipsec = change->ipsec;
	if (given & GIVES(MODE))
		conf->mode = change->mode;
	if (given & GIVES(IF_ID))
		conf->if_id = change->if_id;
	if (given & GIVES(ACCEPT)) {
		memset(&conf->accept, 0, sizeof(conf->accept));
		if (change->accept_bits >= 0) {
			conf->accept.family = conf->family;
			conf->accept.len = change->accept_bits;
		}
		if (change->accept)
			memcpy(&conf->accept.addr, change->accept,
			       change->accept_len);
	}
	if (given & GIVES(DESCRIPTION))
		conf->description = *change->description ?
				    change->description : NULL;
	if (given & GIVES(TOS))
		conf->tos = change->tos;
	if (given & GIVES(TOS_INHERIT))
		conf->tos_inherit = change->tos_inherit;
}

static void expect_error(struct kunit *test, const char *got, u16 got_attr,
			 const char *want, u16 want_attr)
{
	if (!got || !want) {
		if (got != want)
			KUNIT_FAIL(test, "\"%s\" and not \"%s\"",
				   got ? got : "no error",
				   want ? want : "no error");
		return;
	}
	if (strcmp(got, want))
		KUNIT_FAIL(test, "\"%s\" and not \"%s\"", got, want);
	KUNIT_EXPECT_EQ(test, got_attr, want_attr);
}

static void mt_conf_init_test(struct kunit *test)
{
	struct mt_conf conf, want = { .ttl = 64 };

	memset(&conf, 0xa5, sizeof(conf));
	mt_conf_init(&conf);
	expect_conf(test, &conf, &want);
}

static void mt_conf_apply_test(struct kunit *test)
{
	const struct apply_case *c = test->param_value;
	struct mt_conf_change change, untouched;
	struct mt_conf conf, want;
	const char *error;
	u16 attr = 0;

	make_base(&conf, c->base);
	make_base(&want, c->base);
	make_change(test, &change, &c->change);
	untouched = change;

	error = mt_conf_apply(&conf, &change, &attr);
	expect_error(test, error, attr, c->error, c->attr);
	KUNIT_EXPECT_EQ(test, memcmp(&change, &untouched, sizeof(change)), 0);
	if (error || c->error)
		return;
	model(&want, &c->change);
	expect_conf(test, &conf, &want);
	expect_tuples(test, &conf);
}

/* Addresses of any number of bytes; no more of them are read than there are. */
static void mt_conf_address_len_test(struct kunit *test)
{
	static const u16 long_ones[] = { 255, 256, 260, 272, 65535 };
	static const u8 data[64] = { 0x20, 1, 0x0d, 0xb8, [4 ... 63] = 3 };
	static const char text[] =
		" must be 4 (IPv4) or 16 (IPv6) bytes long";
	u16 attr, len, i;

	for (i = 0; i <= 64 + ARRAY_SIZE(long_ones); i++) {
		struct mt_conf_change change = { 0 };
		const char *error;
		struct mt_conf conf;

		len = i <= 64 ? i : long_ones[i - 65];
		change.local = mt_test_copy(test, data, len <= 64 ? len : 1);
		change.local_len = len;
		change.remote = mt_test_copy(test, b6, sizeof(b6));
		change.remote_len = sizeof(b6);
		change.given = BOTH_GIVEN;

		mt_conf_init(&conf);
		error = mt_conf_apply(&conf, &change, &attr);
		KUNIT_ASSERT_EQ_MSG(test, !error, len == 16, "local of %u",
				    len);
		if (len != 4 && len != 16) {
			KUNIT_ASSERT_EQ(test, memcmp(error, "local", 5), 0);
			KUNIT_ASSERT_EQ(test, strcmp(error + 5, text), 0);
			KUNIT_ASSERT_EQ(test, attr, MTUN_A_TUNNEL_LOCAL);
		}

		change.remote = change.local;
		change.remote_len = len;
		change.local = mt_test_copy(test, a4, sizeof(a4));
		change.local_len = sizeof(a4);
		mt_conf_init(&conf);
		error = mt_conf_apply(&conf, &change, &attr);
		KUNIT_ASSERT_EQ_MSG(test, !error, len == 4, "remote of %u",
				    len);
		if (len != 4 && len != 16) {
			KUNIT_ASSERT_EQ(test, memcmp(error, "remote", 6), 0);
			KUNIT_ASSERT_EQ(test, strcmp(error + 6, text), 0);
			KUNIT_ASSERT_EQ(test, attr, MTUN_A_TUNNEL_REMOTE);
		}
	}
}

/*
 * A key is there or not before; its flags are not given, 0 or set; a key is
 * given or not. What becomes of it does not depend on the other direction.
 */
enum key_result { NO_KEY, OLD_KEY, NEW_KEY, SURPLUS, MISSING };

static const char *const key_errors[][2] = {
	[SURPLUS] = { "ikey must not be given when iflags lack the key bit",
		      "okey must not be given when oflags lack the key bit" },
	[MISSING] = { "ikey is missing but iflags have the key bit",
		      "okey is missing but oflags have the key bit" },
};

static const struct {
	const char *name;
	bool had, flags_given;
	u32 flags;
	bool key_given;
	enum key_result result;
} key_cases[] = {
	{ "nothing of nothing", false, false, 0, false, NO_KEY },
	{ "a key sets the flag", false, false, 0, true, NEW_KEY },
	{ "no flag, still no key", false, true, 0, false, NO_KEY },
	{ "no flag but a key", false, true, 0, true, SURPLUS },
	{ "flag without a key", false, true, 1, false, MISSING },
	{ "flag and key", false, true, 1, true, NEW_KEY },
	{ "nothing said of a key", true, false, 0, false, OLD_KEY },
	{ "another key", true, false, 0, true, NEW_KEY },
	{ "no flag takes the key away", true, true, 0, false, NO_KEY },
	{ "no flag but another key", true, true, 0, true, SURPLUS },
	{ "the flag as it was", true, true, 1, false, OLD_KEY },
	{ "flag and another key", true, true, 1, true, NEW_KEY },
};

MT_CASES(key_cases);

static void mt_conf_keys_test(struct kunit *test)
{
	const typeof(key_cases[0]) *c = test->param_value;
	struct mt_conf_change from, change;
	struct mt_conf conf, want;
	const char *error;
	unsigned int i;
	u16 attr;

	/* Each direction, with the other unkeyed and keyed, and key 0 too. */
	for (i = 0; i < 16; i++) {
		bool out = i & 1, other = i & 2;
		u32 key = i & 4 ? 0 : 0x55;
		u32 old = i & 8 ? 0 : 0x11;
		u32 flags;

		make_base(&conf, V4);
		conf.iflags = out ? other : c->had;
		conf.ikey = conf.iflags ? old : 0;
		conf.oflags = out ? c->had : other;
		conf.okey = conf.oflags ? old : 0;
		/* flags beside the key's are none of its business */
		conf.iflags |= CSUM;
		conf.oflags |= SEQ;
		want = conf;

		memset(&from, 0, sizeof(from));
		if (c->flags_given)
			from.given |= out ? GIVES(OFLAGS) : GIVES(IFLAGS);
		if (c->key_given)
			from.given |= out ? GIVES(OKEY) : GIVES(IKEY);
		from.iflags = c->flags;
		from.iflags_mask = MTUN_GRE_FLAG_KEY;
		from.oflags = c->flags;
		from.oflags_mask = MTUN_GRE_FLAG_KEY;
		from.ikey = key;
		from.okey = key;
		make_change(test, &change, &from);

		error = mt_conf_apply(&conf, &change, &attr);
		expect_error(test, error, attr, key_errors[c->result][out],
			     out ? MTUN_A_TUNNEL_OKEY : MTUN_A_TUNNEL_IKEY);
		if (error || key_errors[c->result][out])
			continue;
		flags = c->result == NO_KEY ? 0 : 1;
		key = !flags ? 0 : c->result == OLD_KEY ? old : key;
		if (out) {
			want.oflags = flags | SEQ;
			want.okey = key;
		} else {
			want.iflags = flags | CSUM;
			want.ikey = key;
		}
		expect_conf(test, &conf, &want);
		expect_tuples(test, &conf);
	}
}

/* Settings one by one, in whatever order, are the settings all at once. */
static void mt_conf_order_test(struct kunit *test)
{
	static const struct mt_conf_change all = {
		.given = BOTH_GIVEN | GIVES(IKEY) | GIVES(OKEY) | GIVES(TTL) |
			 GIVES(TOS) | GIVES(TOS_INHERIT) | GIVES(LINK) |
			 GIVES(TTL_INHERIT) | GIVES(DF) | GIVES(INNER_DF) |
			 GIVES(IFLAGS) | GIVES(OFLAGS) | GIVES(FWMARK) |
			 GIVES(MSS_TX) | GIVES(MSS_RX) | GIVES(MSS_INSERT) |
			 GIVES(ORIGIN) | GIVES(DESCRIPTION) | GIVES(ACCEPT) |
			 GIVES(PMTU) | GIVES(SAMPLE_RX) | GIVES(SAMPLE_TX) |
			 GIVES(IPSEC),
		LOCAL(c4), REMOTE(a4), .ikey = 1, .okey = 2, .ttl = 3,
		.tos = 4, .tos_inherit = 1, .link = "eth6", .fwmark = 7,
		.ttl_inherit = 1, .df = MTUN_DF_INHERIT, .inner_df = 1,
		.iflags = CSUM, .iflags_mask = CSUM | SEQ,
		.oflags = SEQ, .oflags_mask = SEQ,
		.mss_tx = 1300, .mss_rx = MTUN_MSS_AUTO, .mss_insert = 1,
		.accept = b4, .accept_len = 4, .accept_bits = 32,
		.pmtu = MTUN_PMTU_LEARN, .sample_rx = 100, .sample_tx = 2,
		.ipsec = MTUN_IPSEC_REQUIRED,
		.origin = MTUN_ORIGIN_FILE, .description = "to somebody",
	};
	struct mt_conf_change one, change;
	struct mt_conf conf, want;
	u32 random = 1;
	u64 left;
	const char *error;
	u16 attr;
	int round;

	make_base(&want, V4);
	model(&want, &all);

	make_base(&conf, V4);
	make_change(test, &change, &all);
	error = mt_conf_apply(&conf, &change, &attr);
	expect_error(test, error, attr, NULL, 0);
	expect_conf(test, &conf, &want);

	for (round = 0; round < 1000; round++) {
		make_base(&conf, V4);
		for (left = all.given; left; left &= ~one.given) {
			one = all;
			do {
				random = random * 1103515245 + 12345;
				one.given = BIT_ULL(random >> 16 & 63);
			} while (!(one.given & left));
			/* Until local has moved, remote must not be there. */
			if (one.given == GIVES(REMOTE) && left & GIVES(LOCAL))
				one.given = GIVES(LOCAL);
			make_change(test, &change, &one);
			error = mt_conf_apply(&conf, &change, &attr);
			expect_error(test, error, attr, NULL, 0);
		}
		expect_conf(test, &conf, &want);
	}
}

static struct kunit_case conf_test_cases[] = {
	KUNIT_CASE(mt_conf_init_test),
	KUNIT_CASE_PARAM(mt_conf_apply_test, apply_cases_gen_params),
	KUNIT_CASE(mt_conf_address_len_test),
	KUNIT_CASE_PARAM(mt_conf_keys_test, key_cases_gen_params),
	KUNIT_CASE(mt_conf_order_test),
	{}
};

struct kunit_suite mt_conf_suite = {
	.name = "mtun_conf",
	.test_cases = conf_test_cases,
};
