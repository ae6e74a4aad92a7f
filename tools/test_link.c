// SPDX-License-Identifier: GPL-2.0
/* Unit tests of the plugin of iproute2, where this is in the place of ip. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <libmnl/libmnl.h>

#include "ip/link_util.h"
#include "model.h"
#include "test.h"

static bool json;
static FILE *out;

bool is_json_context(void)
{
	return json;
}

/* What ip does with it. A format is the plugin's, and may do without the value. */
static int print(const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (json)
		fprintf(out, "%s=", key);
	vfprintf(out, fmt, ap);
	va_end(ap);
	return 0;
}

int print_color_string(int type, int color, const char *key, const char *fmt,
		       const char *value)
{
	(void)type;
	(void)color;
	return print(key, json ? "%s " : fmt, value);
}

int print_color_uint(int type, int color, const char *key, const char *fmt,
		     unsigned int value)
{
	(void)type;
	(void)color;
	return print(key, json ? "%u " : fmt, value);
}

int print_color_bool(int type, int color, const char *key, const char *fmt, bool value)
{
	(void)type;
	(void)color;
	(void)fmt;
	return print(key, "%s ", value ? "true" : "false");
}

static union {
	struct nlmsghdr nlh;
	char room[4096];
} message;

static void put_accept(const char *addr, uint8_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(&message.nlh, MTUN_A_TUNNEL_ACCEPT);
	struct in_addr bytes;

	if (inet_pton(AF_INET, addr, &bytes) == 1)
		mnl_attr_put(&message.nlh, MTUN_A_PREFIX_ADDR, 4, &bytes);
	mnl_attr_put_u8(&message.nlh, MTUN_A_PREFIX_LEN, len);
	mnl_attr_nest_end(&message.nlh, nest);
}

/* Whether this is shown of what the message has */
static bool shows(const char *wanted)
{
	struct rtattr *tb[MTUN_A_TUNNEL_MAX + 1] = { NULL };
	const struct nlattr *a;
	char *text = NULL;
	size_t len;
	bool good;

	mnl_attr_for_each(a, &message.nlh, 0)
		tb[mnl_attr_get_type(a)] = (struct rtattr *)a;
	out = open_memstream(&text, &len);
	mtun_link_util.print_opt(&mtun_link_util, out, tb);
	fclose(out);
	good = !strcmp(text, wanted);
	if (!good)
		printf("# shown: %s\n", text);
	free(text);
	return good;
}

static void test_gre(void)
{
	static const char *const texts[] = {
		"local 192.0.2.1 ikey 7 icsum ttl inherit mss-tx 1400 mss-insert on accept 10.0.0.0/8 anycast description \"to Berlin\" mtu auto ",
		"local=192.0.2.1 mode=gre ikey=7 icsum=true iseq=false ocsum=false oseq=false ttl=inherit mss_tx=1400 mss_rx=off mss_insert=true accept=10.0.0.0/8 anycast=true description=to Berlin mtu_auto=true ",
	};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(&message);
	const uint32_t flags[] = { MTUN_GRE_FLAG_KEY | MTUN_GRE_FLAG_CSUM, UINT32_MAX };

	mnl_attr_put_u32(nlh, MTUN_A_TUNNEL_LOCAL, htonl(0xc0000201));
	mnl_attr_put(nlh, MTUN_A_TUNNEL_REMOTE, 3, "odd");
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_MODE, MTUN_MODE_GRE);
	mnl_attr_put(nlh, MTUN_A_TUNNEL_IFLAGS, sizeof(flags), flags);
	mnl_attr_put_u32(nlh, MTUN_A_TUNNEL_IKEY, 7);
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_TTL, 64);
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_TTL_INHERIT, 1);
	mnl_attr_put_u16(nlh, MTUN_A_TUNNEL_MSS_TX, 1400);
	mnl_attr_put_u16(nlh, MTUN_A_TUNNEL_MSS_RX, MTUN_MSS_OFF);
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_MSS_INSERT, 1);
	put_accept("10.0.0.0", 8);
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_ANYCAST, 1);
	mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_DESCRIPTION, "to Berlin");
	mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_LINK, "");
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_MTU_AUTO, 1);
	check(shows(texts[0]), "ip: GRE");
	json = true;
	check(shows(texts[1]), "ip: GRE, JSON");
	json = false;
}

static void test_esp(void)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(&message);

	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_MODE, MTUN_MODE_IPSEC);
	mnl_attr_put_u32(nlh, MTUN_A_TUNNEL_IF_ID, 42);
	put_accept("nobody's", 0);
	mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_LINK, "eth0");
	check(shows("mode ipsec if-id 42 accept ?/0 dev eth0 "), "ip: ESP");
}

static void test_refused(void)
{
	char text[200] = "";
	FILE *file = fmemopen(text, sizeof(text), "w");

	mtun_link_util.print_opt(&mtun_link_util, stdout, NULL);
	mtun_link_util.print_help(&mtun_link_util, 0, NULL, file);
	fclose(file);
	check(strstr(text, "Use \"mtctl tunnel add\" to create a link of type mtun"),
	      "ip: who makes a tunnel");
}

void test_link(void)
{
	test_gre();
	test_esp();
	test_refused();
}
