/* SPDX-License-Identifier: GPL-2.0 */
/* Do not edit: tools/gen.py made this from Documentation/netlink/specs/mtun.yaml */

#ifndef MTCTL_NAMES_H
#define MTCTL_NAMES_H

#include <linux/mtun.h>

/* An entry of an enum of the netlink spec. */
struct name {
	const char *name;
	const char *doc;
};

extern const struct name df_names[MTUN_DF_MAX + 1];
extern const struct name inner_df_names[MTUN_INNER_DF_MAX + 1];
extern const struct name frag_names[MTUN_FRAG_MAX + 1];
extern const struct name mss_verdict_names[MTUN_MSS_VERDICT_MAX + 1];
extern const struct name clamp_direction_names[MTUN_CLAMP_DIRECTION_MAX + 1];
extern const struct name pmtu_names[MTUN_PMTU_MAX + 1];
extern const struct name rx_names[MTUN_RX_MAX + 1];
extern const struct name origin_names[MTUN_ORIGIN_MAX + 1];
extern const struct name ipsec_names[MTUN_IPSEC_MAX + 1];
extern const struct name mode_names[MTUN_MODE_MAX + 1];
extern const struct name filter_list_names[MTUN_FILTER_LIST_MAX + 1];
extern const struct name health_mode_names[MTUN_HEALTH_MODE_MAX + 1];
extern const struct name health_style_names[MTUN_HEALTH_STYLE_MAX + 1];
extern const struct name health_direction_names[MTUN_HEALTH_DIRECTION_MAX + 1];
extern const struct name health_state_names[MTUN_HEALTH_STATE_MAX + 1];
extern const struct name health_reason_names[MTUN_HEALTH_REASON_MAX + 1];
extern const struct name drop_reason_names[MTUN_DROP_REASON_MAX + 1];
extern const struct name direction_names[MTUN_DIRECTION_MAX + 1];
extern const struct name protocol_names[MTUN_PROTOCOL_MAX + 1];
extern const struct name tcp_flag_names[MTUN_TCP_FLAG_MAX + 1];
extern const char *const drop_attr_names[MTUN_A_DROP_MAX + 1];
extern const char *const mss_attr_names[MTUN_A_MSS_MAX + 1];
extern const char *const traffic_attr_names[MTUN_A_TRAFFIC_MAX + 1];
extern const char *const tcp_attr_names[MTUN_A_TCP_MAX + 1];
extern const char *const length_attr_names[MTUN_A_LENGTH_MAX + 1];
extern const char *const stats_attr_names[MTUN_A_STATS_MAX + 1];
extern const char *const tunnel_attr_names[MTUN_A_TUNNEL_MAX + 1];
extern const char *const prefix_attr_names[MTUN_A_PREFIX_MAX + 1];
extern const char *const clamp_attr_names[MTUN_A_CLAMP_MAX + 1];
extern const char *const netns_attr_names[MTUN_A_NETNS_MAX + 1];
extern const char *const filter_attr_names[MTUN_A_FILTER_MAX + 1];
extern const char *const sample_attr_names[MTUN_A_SAMPLE_MAX + 1];
extern const char *const samples_attr_names[MTUN_A_SAMPLES_MAX + 1];
extern const char *const health_attr_names[MTUN_A_HEALTH_MAX + 1];

#endif /* MTCTL_NAMES_H */
