// SPDX-License-Identifier: GPL-2.0
/*
 * Plugin of iproute2: "ip -d link show" asks it to show the settings of a link
 * of kind "mtun". ip loads link_mtun.so from its library directory and looks
 * for the symbol mtun_link_util.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/rtnetlink.h>

#include <linux/mtun.h>

#include "../names.h"
#include "link_util.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* A number, or of a bitfield its bits, which come first in it. */
static uint32_t number(struct rtattr *tb[], int attr)
{
	uint32_t u32 = 0;

	if (!tb[attr])
		return 0;
	if (RTA_PAYLOAD(tb[attr]) >= sizeof(u32))
		memcpy(&u32, RTA_DATA(tb[attr]), sizeof(u32));
	else if (RTA_PAYLOAD(tb[attr]) == 2)
		u32 = *(uint16_t *)RTA_DATA(tb[attr]);
	else if (RTA_PAYLOAD(tb[attr]) == 1)
		u32 = *(uint8_t *)RTA_DATA(tb[attr]);
	return u32;
}

static void print_addr(const char *key, const char *fmt, struct rtattr *a)
{
	char text[INET6_ADDRSTRLEN];
	int family;

	if (!a || (RTA_PAYLOAD(a) != 4 && RTA_PAYLOAD(a) != 16))
		return;
	family = RTA_PAYLOAD(a) == 4 ? AF_INET : AF_INET6;
	inet_ntop(family, RTA_DATA(a), text, sizeof(text));
	print_color_string(PRINT_ANY,
			   family == AF_INET ? COLOR_INET : COLOR_INET6, key,
			   fmt, text);
}

static void print_uint(const char *key, const char *fmt, uint32_t value)
{
	print_color_uint(PRINT_ANY, COLOR_NONE, key, fmt, value);
}

static void print_string(const char *key, const char *fmt, const char *value)
{
	print_color_string(PRINT_ANY, COLOR_NONE, key, fmt, value);
}

static void print_key(struct rtattr *tb[], const char *key, const char *fmt,
		      int flags, int attr)
{
	if (tb[attr] && number(tb, flags) & MTUN_GRE_FLAG_KEY)
		print_uint(key, fmt, number(tb, attr));
}

static void print_flag(const char *key, const char *fmt, bool on)
{
	if (is_json_context())
		print_color_bool(PRINT_ANY, COLOR_NONE, key, NULL, on);
	else if (on)
		print_string(key, fmt, key);
}

static void print_options(struct rtattr *tb[], const char *csum,
			  const char *seq, int attr)
{
	print_flag(csum, "%s ", number(tb, attr) & MTUN_GRE_FLAG_CSUM);
	print_flag(seq, "%s ", number(tb, attr) & MTUN_GRE_FLAG_SEQ);
}

static void print_name(struct rtattr *tb[], const char *key, const char *fmt,
		       const struct name *names, size_t n, int attr)
{
	uint32_t value = number(tb, attr);

	/* 0 is the default, and lines of ip are long enough. */
	if (tb[attr] && value < n && (value || is_json_context()))
		print_string(key, fmt, names[value].name);
}

static void print_mss(struct rtattr *tb[], const char *key, const char *word,
		      int attr)
{
	uint32_t value = number(tb, attr);
	char fmt[16];

	if (!tb[attr] || (value == MTUN_MSS_OFF && !is_json_context()))
		return;
	snprintf(fmt, sizeof(fmt), "%s %s ", word, value == MTUN_MSS_OFF ||
		 value == MTUN_MSS_AUTO ? "%s" : "%u");
	if (value == MTUN_MSS_OFF || value == MTUN_MSS_AUTO)
		print_string(key, fmt, value == MTUN_MSS_OFF ? "off" : "auto");
	else
		print_uint(key, fmt, value);
}

/* 1 in so many; 0 for none */
static void print_sample(struct rtattr *tb[], const char *key, const char *fmt,
			 int attr)
{
	if (tb[attr] && (number(tb, attr) || is_json_context()))
		print_uint(key, fmt, number(tb, attr));
}

static void print_accept(struct rtattr *nest)
{
	char addr[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 4];
	struct rtattr *a;
	int len, bits = 0;

	if (!nest)
		return;
	strcpy(addr, "?");
	len = RTA_PAYLOAD(nest);
	for (a = RTA_DATA(nest); RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		if (a->rta_type == MTUN_A_PREFIX_LEN)
			bits = *(uint8_t *)RTA_DATA(a);
		else if (a->rta_type == MTUN_A_PREFIX_ADDR)
			inet_ntop(RTA_PAYLOAD(a) == 4 ? AF_INET : AF_INET6,
				  RTA_DATA(a), addr, sizeof(addr));
	}
	snprintf(text, sizeof(text), "%s/%d", addr, bits);
	print_string("accept", "accept %s ", text);
}

static void mtun_print_opt(struct link_util *lu, FILE *f, struct rtattr *tb[])
{
	(void)lu;
	(void)f;
	if (!tb)
		return;
	print_addr("local", "local %s ", tb[MTUN_A_TUNNEL_LOCAL]);
	print_addr("remote", "remote %s ", tb[MTUN_A_TUNNEL_REMOTE]);
	print_name(tb, "mode", "mode %s ", mode_names, ARRAY_SIZE(mode_names),
		   MTUN_A_TUNNEL_MODE);
	if (number(tb, MTUN_A_TUNNEL_IF_ID))
		print_uint("if_id", "if-id %u ", number(tb, MTUN_A_TUNNEL_IF_ID));
	print_key(tb, "ikey", "ikey %u ", MTUN_A_TUNNEL_IFLAGS,
		  MTUN_A_TUNNEL_IKEY);
	print_key(tb, "okey", "okey %u ", MTUN_A_TUNNEL_OFLAGS,
		  MTUN_A_TUNNEL_OKEY);
	print_options(tb, "icsum", "iseq", MTUN_A_TUNNEL_IFLAGS);
	print_options(tb, "ocsum", "oseq", MTUN_A_TUNNEL_OFLAGS);
	if (number(tb, MTUN_A_TUNNEL_TTL_INHERIT))
		print_string("ttl", "ttl %s ", "inherit");
	else if (tb[MTUN_A_TUNNEL_TTL])
		print_uint("ttl", "ttl %u ", number(tb, MTUN_A_TUNNEL_TTL));
	if (number(tb, MTUN_A_TUNNEL_TOS_INHERIT))
		print_string("tos", "tos %s ", "inherit");
	else if (tb[MTUN_A_TUNNEL_TOS])
		print_uint("tos", "tos %#x ",
			   number(tb, MTUN_A_TUNNEL_TOS));
	print_name(tb, "df", "df %s ", df_names, ARRAY_SIZE(df_names),
		   MTUN_A_TUNNEL_DF);
	print_name(tb, "inner_df", "inner-df %s ", inner_df_names,
		   ARRAY_SIZE(inner_df_names), MTUN_A_TUNNEL_INNER_DF);
	print_name(tb, "frag", "frag %s ", frag_names, ARRAY_SIZE(frag_names),
		   MTUN_A_TUNNEL_FRAG);
	print_mss(tb, "mss_tx", "mss-tx", MTUN_A_TUNNEL_MSS_TX);
	print_mss(tb, "mss_rx", "mss-rx", MTUN_A_TUNNEL_MSS_RX);
	print_flag("mss_insert", "mss-insert on ",
		   number(tb, MTUN_A_TUNNEL_MSS_INSERT));
	print_sample(tb, "sample_rx", "sample-rx %u ",
		     MTUN_A_TUNNEL_SAMPLE_RX);
	print_sample(tb, "sample_tx", "sample-tx %u ",
		     MTUN_A_TUNNEL_SAMPLE_TX);
	print_accept(tb[MTUN_A_TUNNEL_ACCEPT]);
	print_flag("anycast", "%s ", number(tb, MTUN_A_TUNNEL_ANYCAST));
	print_name(tb, "pmtu", "pmtu %s ", pmtu_names, ARRAY_SIZE(pmtu_names),
		   MTUN_A_TUNNEL_PMTU);
	print_name(tb, "ipsec", "ipsec %s ", ipsec_names,
		   ARRAY_SIZE(ipsec_names), MTUN_A_TUNNEL_IPSEC);
	print_name(tb, "origin", "origin %s ", origin_names,
		   ARRAY_SIZE(origin_names), MTUN_A_TUNNEL_ORIGIN);
	if (tb[MTUN_A_TUNNEL_DESCRIPTION])
		print_string("description", "description \"%s\" ",
			     RTA_DATA(tb[MTUN_A_TUNNEL_DESCRIPTION]));
	if (tb[MTUN_A_TUNNEL_LINK] &&
	    *(const char *)RTA_DATA(tb[MTUN_A_TUNNEL_LINK]))
		print_string("dev", "dev %s ",
			     RTA_DATA(tb[MTUN_A_TUNNEL_LINK]));
	if (number(tb, MTUN_A_TUNNEL_FWMARK))
		print_uint("fwmark", "fwmark %#x ",
			   number(tb, MTUN_A_TUNNEL_FWMARK));
	if (tb[MTUN_A_TUNNEL_MTU_AUTO]) {
		bool is_auto = number(tb, MTUN_A_TUNNEL_MTU_AUTO);

		if (is_json_context())
			print_color_bool(PRINT_ANY, COLOR_NONE, "mtu_auto",
					 NULL, is_auto);
		else if (is_auto)
			print_string("", "%s ", "mtu auto");
	}
}

static void mtun_print_help(struct link_util *lu, int argc, char **argv,
			    FILE *f)
{
	(void)lu;
	(void)argc;
	(void)argv;
	fprintf(f, "Use \"mtctl tunnel add\" to create a link of type mtun, and\n"
		   "\"mtctl tunnel set\" to change it.\n");
}

static int mtun_parse_opt(struct link_util *lu, int argc, char **argv,
			  struct nlmsghdr *nlh)
{
	(void)nlh;
	mtun_print_help(lu, argc, argv, stderr);
	return -1;
}

__attribute__((visibility("default")))
struct link_util mtun_link_util = {
	.id = "mtun",
	.maxattr = MTUN_A_TUNNEL_MAX,
	.parse_opt = mtun_parse_opt,
	.print_opt = mtun_print_opt,
	.print_help = mtun_print_help,
};
