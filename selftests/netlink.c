// SPDX-License-Identifier: GPL-2.0
/* The generic netlink family "mtun" without any tool: what its requests and
 * replies hold, and that whatever is wrong with a request is refused with a text
 * that says so and with the offset of the attribute to blame.
 *
 * Each test runs in a network namespace of its own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <linux/mtun.h>

#include "kselftest_harness.h"

/* An emulated machine may be very slow. */
#define TIMEOUT		120
#define WAIT_MS		20000
#define QUIET_MS	300

#define REQUEST_MAX	4096
#define REPLY_MAX	8192
#define ATTR_MAX	64

struct request {
	/* Where each attribute type was put, as extack counts */
	unsigned int at[ATTR_MAX];
	union {
		char buf[REQUEST_MAX];
		struct nlmsghdr nlh;
	};
};

/* The last reply: the error or acknowledgement, and the attributes of the last
 * message before it.
 */
struct reply {
	int error;
	char text[256];
	unsigned int offset;		/* 0: none */
	unsigned int messages;
	int cmd;
	union {
		char buf[REPLY_MAX];
		struct nlmsghdr nlh;
	} last;
	const struct nlattr *attrs[ATTR_MAX];
};

static const unsigned char local4[] = { 192, 0, 2, 1 };
static const unsigned char remote4[] = { 192, 0, 2, 2 };
static const unsigned char other4[] = { 192, 0, 2, 3 };
static const unsigned char local6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
static const unsigned char remote6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 2 };

static int genl_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	struct timeval wait = { .tv_sec = WAIT_MS / 1000 };
	int one = 1, fd;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0)
		return -1;
	/* Without an address of its own, a socket is passed over by events. */
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void request_init(struct request *r, int type, int cmd, int flags)
{
	struct genlmsghdr *genl;

	memset(r, 0, sizeof(*r));
	r->nlh.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	r->nlh.nlmsg_type = type;
	r->nlh.nlmsg_flags = NLM_F_REQUEST | flags;
	r->nlh.nlmsg_seq = 1;
	genl = NLMSG_DATA(&r->nlh);
	genl->cmd = cmd;
	genl->version = MTUN_GENL_VERSION;
}

static struct nlattr *put(struct request *r, int type, const void *data,
			  size_t len)
{
	unsigned int at = NLMSG_ALIGN(r->nlh.nlmsg_len);
	struct nlattr *nla = (void *)(r->buf + at);

	if ((type & NLA_TYPE_MASK) < ATTR_MAX)
		r->at[type & NLA_TYPE_MASK] = at;
	nla->nla_type = type;
	nla->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy((char *)nla + NLA_HDRLEN, data, len);
	r->nlh.nlmsg_len = at + NLA_ALIGN(nla->nla_len);
	return nla;
}

static void put_u8(struct request *r, int type, uint8_t value)
{
	put(r, type, &value, sizeof(value));
}

static void put_u16(struct request *r, int type, uint16_t value)
{
	put(r, type, &value, sizeof(value));
}

static void put_u32(struct request *r, int type, uint32_t value)
{
	put(r, type, &value, sizeof(value));
}

static void put_flags(struct request *r, int type, uint32_t value,
		      uint32_t selector)
{
	const struct nla_bitfield32 field = { value, selector };

	put(r, type, &field, sizeof(field));
}

static void put_str(struct request *r, int type, const char *text)
{
	put(r, type, text, strlen(text) + 1);
}

static const void *nla_data(const struct nlattr *nla)
{
	return (const char *)nla + NLA_HDRLEN;
}

static size_t nla_size(const struct nlattr *nla)
{
	return nla->nla_len - NLA_HDRLEN;
}

static void parse(const struct nlattr **attrs, const void *data, size_t len)
{
	const struct nlattr *nla = data;

	memset(attrs, 0, ATTR_MAX * sizeof(*attrs));
	while (len >= NLA_HDRLEN && nla->nla_len >= NLA_HDRLEN &&
	       nla->nla_len <= len) {
		int type = nla->nla_type & NLA_TYPE_MASK;
		size_t step = NLA_ALIGN(nla->nla_len);

		if (type < ATTR_MAX)
			attrs[type] = nla;
		if (step >= len)
			break;
		nla = (const void *)((const char *)nla + step);
		len -= step;
	}
}

static void parse_ack(struct reply *re, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *err = NLMSG_DATA(nlh);
	const struct nlattr *attrs[ATTR_MAX];

	re->error = err->error;
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	/* NETLINK_CAP_ACK: of the request there is only the header. */
	parse(attrs, err + 1, nlh->nlmsg_len - NLMSG_LENGTH(sizeof(*err)));
	if (attrs[NLMSGERR_ATTR_MSG])
		snprintf(re->text, sizeof(re->text), "%s",
			 (const char *)nla_data(attrs[NLMSGERR_ATTR_MSG]));
	if (attrs[NLMSGERR_ATTR_OFFS])
		memcpy(&re->offset, nla_data(attrs[NLMSGERR_ATTR_OFFS]),
		       sizeof(re->offset));
}

static void parse_message(struct reply *re, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl;

	re->messages++;
	memcpy(re->last.buf, nlh, nlh->nlmsg_len);
	genl = NLMSG_DATA(&re->last.nlh);
	re->cmd = genl->cmd;
	parse(re->attrs, (const char *)genl + GENL_HDRLEN,
	      nlh->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN));
}

/* Sends a request and reads up to its acknowledgement; 0 or what errno says. */
static int talk(int fd, struct request *r, struct reply *re)
{
	char buf[REPLY_MAX];

	memset(re, 0, sizeof(*re));
	if (!(r->nlh.nlmsg_flags & NLM_F_DUMP))
		r->nlh.nlmsg_flags |= NLM_F_ACK;
	if (send(fd, r->buf, r->nlh.nlmsg_len, 0) < 0)
		return re->error = -errno;
	for (;;) {
		ssize_t len = recv(fd, buf, sizeof(buf), 0);
		struct nlmsghdr *nlh = (void *)buf;

		if (len < 0)
			return re->error = -errno;
		for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_type == NLMSG_ERROR) {
				parse_ack(re, nlh);
				return re->error;
			}
			if (nlh->nlmsg_type == NLMSG_DONE) {
				re->error = *(int *)NLMSG_DATA(nlh);
				return re->error;
			}
			parse_message(re, nlh);
		}
	}
}

/* The controller's answer about our family, as attributes in re */
static int ask_family(int fd, struct reply *re)
{
	struct request r;

	request_init(&r, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put_str(&r, CTRL_ATTR_FAMILY_NAME, MTUN_GENL_NAME);
	return talk(fd, &r, re);
}

static uint32_t get_u32(const struct reply *re, int type)
{
	uint32_t value = 0;

	if (re->attrs[type] && nla_size(re->attrs[type]) == sizeof(value))
		memcpy(&value, nla_data(re->attrs[type]), sizeof(value));
	return value;
}

/* The flags that are set, all of which the reply must tell. */
static uint32_t get_flags(const struct reply *re, int type)
{
	struct nla_bitfield32 field = { 0 };

	if (re->attrs[type] && nla_size(re->attrs[type]) == sizeof(field))
		memcpy(&field, nla_data(re->attrs[type]), sizeof(field));
	return field.selector == (MTUN_GRE_FLAG_KEY | MTUN_GRE_FLAG_CSUM |
				  MTUN_GRE_FLAG_SEQ) ? field.value : ~0U;
}

static uint8_t get_u8(const struct reply *re, int type)
{
	if (!re->attrs[type] || nla_size(re->attrs[type]) != 1)
		return 0;
	return *(const uint8_t *)nla_data(re->attrs[type]);
}

static uint16_t get_u16(const struct reply *re, int type)
{
	uint16_t value = 0;

	if (re->attrs[type] && nla_size(re->attrs[type]) == sizeof(value))
		memcpy(&value, nla_data(re->attrs[type]), sizeof(value));
	return value;
}

static const char *get_str(const struct reply *re, int type)
{
	return re->attrs[type] ? nla_data(re->attrs[type]) : "";
}

static uint64_t nla_u64(const struct nlattr *nla)
{
	uint64_t value = ~0ULL;

	if (nla && nla_size(nla) == sizeof(value))
		memcpy(&value, nla_data(nla), sizeof(value));
	return value;
}

/* Before main: a system without mtun skips all and says so. */
static void __attribute__((constructor)) need_mtun(void)
{
	struct reply re;
	int fd = genl_open();
	const char *ko;

	if (geteuid()) {
		printf("TAP version 13\n1..0 # SKIP needs root\n");
		exit(KSFT_SKIP);
	}
	if (fd >= 0 && ask_family(fd, &re) &&
	    system("modprobe -q mtun || insmod \"${MTUN_KO:-../mtun.ko}\"") >= 0)
		ask_family(fd, &re);
	if (fd < 0 || re.error) {
		ko = getenv("MTUN_KO");
		if (!access("/sys/module/mtun", F_OK) ||
		    !access(ko ? ko : "../mtun.ko", F_OK)) {
			printf("TAP version 13\n1..1\n");
			printf("not ok 1 the module mtun is there and of no use\n");
			exit(KSFT_FAIL);
		}
		printf("TAP version 13\n1..0 # SKIP cannot load the module mtun\n");
		exit(KSFT_SKIP);
	}
	close(fd);
}

FIXTURE(mtun)
{
	int fd;
	int family;
	uint32_t group;
	struct request r;
	struct reply re;
};

FIXTURE_SETUP(mtun)
{
	const struct nlattr *group, *attrs[ATTR_MAX];

	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	self->fd = genl_open();
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, ask_family(self->fd, &self->re));
	ASSERT_NE(NULL, self->re.attrs[CTRL_ATTR_FAMILY_ID]);
	self->family = *(const uint16_t *)
		nla_data(self->re.attrs[CTRL_ATTR_FAMILY_ID]);

	/* The first group */
	ASSERT_NE(NULL, self->re.attrs[CTRL_ATTR_MCAST_GROUPS]);
	group = nla_data(self->re.attrs[CTRL_ATTR_MCAST_GROUPS]);
	parse(attrs, nla_data(group), nla_size(group));
	ASSERT_STREQ(MTUN_MCGRP_CONFIG,
		     nla_data(attrs[CTRL_ATTR_MCAST_GRP_NAME]));
	memcpy(&self->group, nla_data(attrs[CTRL_ATTR_MCAST_GRP_ID]),
	       sizeof(self->group));
}

FIXTURE_TEARDOWN(mtun)
{
	close(self->fd);
}

#define ONLY_TEXT	0

/* A request that must be refused: errno, a part of the text (its case does not
 * matter), and the attribute that the offset must point to or ONLY_TEXT.
 */
#define EXPECT_REFUSED(err, part, attr) do { \
	talk(self->fd, &self->r, &self->re); \
	EXPECT_EQ(-(err), self->re.error) \
		TH_LOG("error %d, text \"%s\"", self->re.error, \
		       self->re.text); \
	EXPECT_NE(NULL, strcasestr(self->re.text, part)) \
		TH_LOG("text \"%s\" does not have \"%s\"", self->re.text, \
		       part); \
	if ((attr) != ONLY_TEXT) { \
		EXPECT_EQ(self->r.at[(attr) & (ATTR_MAX - 1)], \
			  self->re.offset) \
			TH_LOG("offset %u, text \"%s\"", self->re.offset, \
			       self->re.text); \
	} \
} while (0)

#define EXPECT_DONE() \
	EXPECT_EQ(0, talk(self->fd, &self->r, &self->re)) \
		TH_LOG("refused: %s", self->re.text)

#define ASSERT_DONE() \
	ASSERT_EQ(0, talk(self->fd, &self->r, &self->re)) \
		TH_LOG("refused: %s", self->re.text)

#define NEW(name) \
	request_new(&self->r, self->family, name)
#define REQUEST(cmd) \
	request_init(&self->r, self->family, MTUN_CMD_TUNNEL_ ## cmd, 0)
#define FILTER(cmd) \
	request_init(&self->r, self->family, MTUN_CMD_FILTER_ ## cmd, 0)

static void request_new(struct request *r, int family, const char *name)
{
	request_init(r, family, MTUN_CMD_TUNNEL_NEW, 0);
	if (name)
		put_str(r, MTUN_A_TUNNEL_IFNAME, name);
}

static void put_addrs4(struct request *r)
{
	put(r, MTUN_A_TUNNEL_LOCAL, local4, 4);
	put(r, MTUN_A_TUNNEL_REMOTE, remote4, 4);
}

static void put_addrs6(struct request *r)
{
	put(r, MTUN_A_TUNNEL_LOCAL, local6, 16);
	put(r, MTUN_A_TUNNEL_REMOTE, remote6, 16);
}

static int get(int fd, int family, const char *name, struct reply *re)
{
	struct request r;

	request_init(&r, family, MTUN_CMD_TUNNEL_GET, 0);
	put_str(&r, MTUN_A_TUNNEL_IFNAME, name);
	return talk(fd, &r, re);
}

static unsigned int count(int fd, int family)
{
	struct request r;
	struct reply re;

	request_init(&r, family, MTUN_CMD_TUNNEL_GET, NLM_F_DUMP);
	if (talk(fd, &r, &re))
		return -1;
	return re.messages;
}

static int link_flags(const char *name, short set, short clear)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ret;
	struct ifreq ifr = { 0 };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	ret = ioctl(fd, SIOCGIFFLAGS, &ifr);
	ifr.ifr_flags = (ifr.ifr_flags | set) & ~clear;
	if (!ret)
		ret = ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return ret;
}

TEST_F(mtun, family)
{
	const struct nlattr *ops = self->re.attrs[CTRL_ATTR_OPS], *op;
	const struct nlattr *attrs[ATTR_MAX];
	unsigned int flags[MTUN_CMD_MAX + 1] = { 0 };
	size_t left;

	EXPECT_EQ(MTUN_GENL_VERSION, get_u32(&self->re, CTRL_ATTR_VERSION));
	ASSERT_NE(NULL, ops);
	op = nla_data(ops);
	for (left = nla_size(ops); left >= NLA_HDRLEN;
	     left -= NLA_ALIGN(op->nla_len),
	     op = (const void *)((const char *)op + NLA_ALIGN(op->nla_len))) {
		uint32_t id, fl;

		parse(attrs, nla_data(op), nla_size(op));
		memcpy(&id, nla_data(attrs[CTRL_ATTR_OP_ID]), sizeof(id));
		memcpy(&fl, nla_data(attrs[CTRL_ATTR_OP_FLAGS]), sizeof(fl));
		ASSERT_LE(id, MTUN_CMD_MAX);
		flags[id] = fl;
	}
	EXPECT_EQ(GENL_UNS_ADMIN_PERM | GENL_CMD_CAP_DO | GENL_CMD_CAP_HASPOL,
		  flags[MTUN_CMD_TUNNEL_NEW]);
	EXPECT_EQ(flags[MTUN_CMD_TUNNEL_NEW], flags[MTUN_CMD_TUNNEL_SET]);
	EXPECT_EQ(flags[MTUN_CMD_TUNNEL_NEW], flags[MTUN_CMD_TUNNEL_DEL]);
	EXPECT_EQ(GENL_CMD_CAP_DO | GENL_CMD_CAP_DUMP | GENL_CMD_CAP_HASPOL,
		  flags[MTUN_CMD_TUNNEL_GET]);
	EXPECT_EQ(flags[MTUN_CMD_TUNNEL_NEW], flags[MTUN_CMD_CLAMP_NEW]);
	EXPECT_EQ(flags[MTUN_CMD_TUNNEL_NEW], flags[MTUN_CMD_CLAMP_SET]);
	EXPECT_EQ(flags[MTUN_CMD_TUNNEL_NEW], flags[MTUN_CMD_CLAMP_DEL]);
	EXPECT_EQ(flags[MTUN_CMD_TUNNEL_GET], flags[MTUN_CMD_CLAMP_GET]);
	EXPECT_EQ(flags[MTUN_CMD_TUNNEL_NEW], flags[MTUN_CMD_FILTER_SET]);
	EXPECT_EQ(flags[MTUN_CMD_TUNNEL_GET], flags[MTUN_CMD_FILTER_GET]);
	EXPECT_EQ(0, flags[MTUN_CMD_TUNNEL_NEW_NTF]);
	EXPECT_EQ(0, flags[MTUN_CMD_TUNNEL_SET_NTF]);
	EXPECT_EQ(0, flags[MTUN_CMD_TUNNEL_DEL_NTF]);
}

TEST_F(mtun, new_with_defaults)
{
	const struct nlattr *stats[ATTR_MAX];

	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();
	ASSERT_EQ(0, get(self->fd, self->family, "mt0", &self->re));
	EXPECT_EQ(1, self->re.messages);
	EXPECT_EQ(if_nametoindex("mt0"),
		  get_u32(&self->re, MTUN_A_TUNNEL_IFINDEX));
	EXPECT_STREQ("mt0", get_str(&self->re, MTUN_A_TUNNEL_IFNAME));
	ASSERT_NE(NULL, self->re.attrs[MTUN_A_TUNNEL_LOCAL]);
	ASSERT_EQ(4, nla_size(self->re.attrs[MTUN_A_TUNNEL_LOCAL]));
	EXPECT_EQ(0, memcmp(nla_data(self->re.attrs[MTUN_A_TUNNEL_LOCAL]),
			    local4, 4));
	ASSERT_NE(NULL, self->re.attrs[MTUN_A_TUNNEL_REMOTE]);
	ASSERT_EQ(4, nla_size(self->re.attrs[MTUN_A_TUNNEL_REMOTE]));
	EXPECT_EQ(0, memcmp(nla_data(self->re.attrs[MTUN_A_TUNNEL_REMOTE]),
			    remote4, 4));
	EXPECT_EQ(0, get_flags(&self->re, MTUN_A_TUNNEL_IFLAGS));
	EXPECT_EQ(0, get_flags(&self->re, MTUN_A_TUNNEL_OFLAGS));
	EXPECT_EQ(64, get_u8(&self->re, MTUN_A_TUNNEL_TTL));
	EXPECT_EQ(0, get_u8(&self->re, MTUN_A_TUNNEL_TOS));
	EXPECT_EQ(0, get_u8(&self->re, MTUN_A_TUNNEL_TOS_INHERIT));
	EXPECT_STREQ("", get_str(&self->re, MTUN_A_TUNNEL_LINK));
	EXPECT_EQ(0, get_u32(&self->re, MTUN_A_TUNNEL_LINK_IFINDEX));
	EXPECT_EQ(0, get_u8(&self->re, MTUN_A_TUNNEL_TTL_INHERIT));
	EXPECT_EQ(MTUN_DF_SET, get_u8(&self->re, MTUN_A_TUNNEL_DF));
	EXPECT_EQ(MTUN_INNER_DF_KEEP, get_u8(&self->re, MTUN_A_TUNNEL_INNER_DF));
	EXPECT_EQ(MTUN_FRAG_INNER, get_u8(&self->re, MTUN_A_TUNNEL_FRAG));
	EXPECT_EQ(MTUN_MSS_OFF, get_u16(&self->re, MTUN_A_TUNNEL_MSS_TX));
	EXPECT_EQ(MTUN_MSS_OFF, get_u16(&self->re, MTUN_A_TUNNEL_MSS_RX));
	EXPECT_EQ(0, get_u8(&self->re, MTUN_A_TUNNEL_MSS_INSERT));
	EXPECT_EQ(MTUN_IPSEC_OFF, get_u8(&self->re, MTUN_A_TUNNEL_IPSEC));
	EXPECT_EQ(0, get_u32(&self->re, MTUN_A_TUNNEL_FWMARK));
	EXPECT_EQ(1476, get_u32(&self->re, MTUN_A_TUNNEL_MTU));
	EXPECT_EQ(1, get_u8(&self->re, MTUN_A_TUNNEL_MTU_AUTO));
	EXPECT_EQ(IFF_POINTOPOINT | IFF_NOARP,
		  get_u32(&self->re, MTUN_A_TUNNEL_IF_FLAGS));
	EXPECT_EQ(NULL, self->re.attrs[MTUN_A_TUNNEL_UNDERLAY_NETNSID]);

	ASSERT_NE(NULL, self->re.attrs[MTUN_A_TUNNEL_STATS]);
	parse(stats, nla_data(self->re.attrs[MTUN_A_TUNNEL_STATS]),
	      nla_size(self->re.attrs[MTUN_A_TUNNEL_STATS]));
	EXPECT_EQ(0, nla_u64(stats[MTUN_A_STATS_RX_PACKETS]));
	EXPECT_EQ(0, nla_u64(stats[MTUN_A_STATS_RX_BYTES]));
	EXPECT_EQ(0, nla_u64(stats[MTUN_A_STATS_TX_PACKETS]));
	EXPECT_EQ(0, nla_u64(stats[MTUN_A_STATS_TX_BYTES]));
	EXPECT_EQ(NULL, stats[MTUN_A_STATS_DROP]);
	EXPECT_EQ(NULL, stats[MTUN_A_STATS_MSS]);
}

TEST_F(mtun, new_with_everything)
{
	NEW("abcdefghijklmno");
	put_addrs6(&self->r);
	put_flags(&self->r, MTUN_A_TUNNEL_IFLAGS, MTUN_GRE_FLAG_KEY,
		  MTUN_GRE_FLAG_KEY);
	put_flags(&self->r, MTUN_A_TUNNEL_OFLAGS, MTUN_GRE_FLAG_KEY,
		  MTUN_GRE_FLAG_KEY);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 0);
	put_u32(&self->r, MTUN_A_TUNNEL_OKEY, 0xfffffffe);
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 255);
	put_u8(&self->r, MTUN_A_TUNNEL_TOS, 0xfc);
	put_u8(&self->r, MTUN_A_TUNNEL_TOS_INHERIT, 1);
	put_u8(&self->r, MTUN_A_TUNNEL_TTL_INHERIT, 1);
	put_u8(&self->r, MTUN_A_TUNNEL_DF, MTUN_DF_CLEAR);
	put_u8(&self->r, MTUN_A_TUNNEL_INNER_DF, MTUN_INNER_DF_CLEAR);
	put_u8(&self->r, MTUN_A_TUNNEL_FRAG, MTUN_FRAG_OUTER);
	put_str(&self->r, MTUN_A_TUNNEL_LINK, "lo");
	put_u16(&self->r, MTUN_A_TUNNEL_MSS_TX, 1400);
	put_u16(&self->r, MTUN_A_TUNNEL_MSS_RX, MTUN_MSS_AUTO);
	put_u8(&self->r, MTUN_A_TUNNEL_MSS_INSERT, 1);
	put_u8(&self->r, MTUN_A_TUNNEL_IPSEC, MTUN_IPSEC_REQUIRED);
	put_u32(&self->r, MTUN_A_TUNNEL_FWMARK, 0x80000001);
	put_u32(&self->r, MTUN_A_TUNNEL_MTU, 1280);
	ASSERT_DONE();
	ASSERT_EQ(0, get(self->fd, self->family, "abcdefghijklmno",
			 &self->re));
	ASSERT_NE(NULL, self->re.attrs[MTUN_A_TUNNEL_LOCAL]);
	ASSERT_EQ(16, nla_size(self->re.attrs[MTUN_A_TUNNEL_LOCAL]));
	EXPECT_EQ(0, memcmp(nla_data(self->re.attrs[MTUN_A_TUNNEL_LOCAL]),
			    local6, 16));
	ASSERT_NE(NULL, self->re.attrs[MTUN_A_TUNNEL_REMOTE]);
	ASSERT_EQ(16, nla_size(self->re.attrs[MTUN_A_TUNNEL_REMOTE]));
	EXPECT_EQ(0, memcmp(nla_data(self->re.attrs[MTUN_A_TUNNEL_REMOTE]),
			    remote6, 16));
	EXPECT_EQ(MTUN_GRE_FLAG_KEY, get_flags(&self->re, MTUN_A_TUNNEL_IFLAGS));
	EXPECT_EQ(MTUN_GRE_FLAG_KEY, get_flags(&self->re, MTUN_A_TUNNEL_OFLAGS));
	EXPECT_NE(NULL, self->re.attrs[MTUN_A_TUNNEL_IKEY]);
	EXPECT_EQ(0, get_u32(&self->re, MTUN_A_TUNNEL_IKEY));
	EXPECT_EQ(0xfffffffe, get_u32(&self->re, MTUN_A_TUNNEL_OKEY));
	EXPECT_EQ(255, get_u8(&self->re, MTUN_A_TUNNEL_TTL));
	EXPECT_EQ(1, get_u8(&self->re, MTUN_A_TUNNEL_TOS_INHERIT));
	EXPECT_EQ(1, get_u8(&self->re, MTUN_A_TUNNEL_TTL_INHERIT));
	EXPECT_EQ(MTUN_DF_CLEAR, get_u8(&self->re, MTUN_A_TUNNEL_DF));
	EXPECT_EQ(MTUN_INNER_DF_CLEAR,
		  get_u8(&self->re, MTUN_A_TUNNEL_INNER_DF));
	EXPECT_EQ(MTUN_FRAG_OUTER, get_u8(&self->re, MTUN_A_TUNNEL_FRAG));
	EXPECT_STREQ("lo", get_str(&self->re, MTUN_A_TUNNEL_LINK));
	EXPECT_EQ(if_nametoindex("lo"),
		  get_u32(&self->re, MTUN_A_TUNNEL_LINK_IFINDEX));
	EXPECT_EQ(1400, get_u16(&self->re, MTUN_A_TUNNEL_MSS_TX));
	EXPECT_EQ(MTUN_MSS_AUTO, get_u16(&self->re, MTUN_A_TUNNEL_MSS_RX));
	EXPECT_EQ(1, get_u8(&self->re, MTUN_A_TUNNEL_MSS_INSERT));
	EXPECT_EQ(MTUN_IPSEC_REQUIRED, get_u8(&self->re, MTUN_A_TUNNEL_IPSEC));
	EXPECT_EQ(0x80000001, get_u32(&self->re, MTUN_A_TUNNEL_FWMARK));
	EXPECT_EQ(1280, get_u32(&self->re, MTUN_A_TUNNEL_MTU));
	EXPECT_EQ(0, get_u8(&self->re, MTUN_A_TUNNEL_MTU_AUTO));
}

/* A key alone says that it is used. */
TEST_F(mtun, flags_follow_keys)
{
	NEW("mt0");
	put_addrs4(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 5);
	ASSERT_DONE();
	ASSERT_EQ(0, get(self->fd, self->family, "mt0", &self->re));
	EXPECT_EQ(MTUN_GRE_FLAG_KEY, get_flags(&self->re, MTUN_A_TUNNEL_IFLAGS));
	EXPECT_EQ(5, get_u32(&self->re, MTUN_A_TUNNEL_IKEY));
	EXPECT_EQ(0, get_flags(&self->re, MTUN_A_TUNNEL_OFLAGS));
	EXPECT_EQ(1476, get_u32(&self->re, MTUN_A_TUNNEL_MTU));
}

TEST_F(mtun, name_template)
{
	NEW("mt%d");
	put_addrs4(&self->r);
	ASSERT_DONE();
	EXPECT_NE(0, if_nametoindex("mt0"));
	NEW("mt%d");
	put_addrs6(&self->r);
	ASSERT_DONE();
	EXPECT_NE(0, if_nametoindex("mt1"));
	EXPECT_EQ(2, count(self->fd, self->family));
}

TEST_F(mtun, missing)
{
	NEW("mt0");
	put(&self->r, MTUN_A_TUNNEL_REMOTE, remote4, 4);
	EXPECT_REFUSED(EINVAL, "local", ONLY_TEXT);
	NEW("mt0");
	put(&self->r, MTUN_A_TUNNEL_LOCAL, local4, 4);
	EXPECT_REFUSED(EINVAL, "remote", ONLY_TEXT);
	NEW(NULL);
	put_addrs4(&self->r);
	EXPECT_REFUSED(EINVAL, "ifname", ONLY_TEXT);
	NEW("mt0");
	EXPECT_REFUSED(EINVAL, "", ONLY_TEXT);
	EXPECT_NE(0, strlen(self->re.text));
	NEW("mt0");
	put_addrs4(&self->r);
	put_flags(&self->r, MTUN_A_TUNNEL_IFLAGS, MTUN_GRE_FLAG_KEY,
		  MTUN_GRE_FLAG_KEY);
	EXPECT_REFUSED(EINVAL, "ikey", ONLY_TEXT);
	NEW("mt0");
	put_addrs4(&self->r);
	put_flags(&self->r, MTUN_A_TUNNEL_OFLAGS, MTUN_GRE_FLAG_KEY,
		  MTUN_GRE_FLAG_KEY);
	EXPECT_REFUSED(EINVAL, "okey", ONLY_TEXT);
	EXPECT_EQ(0, count(self->fd, self->family));
	EXPECT_EQ(0, if_nametoindex("mt0"));
}

TEST_F(mtun, address_sizes)
{
	static const int sizes[] = { 0, 1, 2, 3, 5, 6, 8, 12, 15, 17, 20, 28 };
	unsigned char bytes[28];
	unsigned int i;

	memset(bytes, 10, sizeof(bytes));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		NEW("mt0");
		put(&self->r, MTUN_A_TUNNEL_LOCAL, bytes, sizes[i]);
		put(&self->r, MTUN_A_TUNNEL_REMOTE, remote4, 4);
		EXPECT_REFUSED(EINVAL, "local must be 4 (IPv4) or 16 (IPv6) bytes long",
			       MTUN_A_TUNNEL_LOCAL);
		NEW("mt0");
		put(&self->r, MTUN_A_TUNNEL_LOCAL, local4, 4);
		put(&self->r, MTUN_A_TUNNEL_REMOTE, bytes, sizes[i]);
		EXPECT_REFUSED(EINVAL, "remote must be 4 (IPv4) or 16 (IPv6) bytes long",
			       MTUN_A_TUNNEL_REMOTE);
	}
	EXPECT_EQ(0, count(self->fd, self->family));
}

TEST_F(mtun, address_values)
{
	static const struct {
		const char *local, *remote, *text;
		int attr;
	} cases[] = {
		{ "0.0.0.0", "192.0.2.2", "local", MTUN_A_TUNNEL_LOCAL },
		{ "192.0.2.1", "0.0.0.0", "remote", MTUN_A_TUNNEL_REMOTE },
		{ "224.1.2.3", "192.0.2.2", "multicast", MTUN_A_TUNNEL_LOCAL },
		{ "192.0.2.1", "239.255.255.255", "multicast",
		  MTUN_A_TUNNEL_REMOTE },
		{ "255.255.255.255", "192.0.2.2", "broadcast",
		  MTUN_A_TUNNEL_LOCAL },
		{ "192.0.2.1", "255.255.255.255", "broadcast",
		  MTUN_A_TUNNEL_REMOTE },
		{ "::", "2001:db8::2", "local", MTUN_A_TUNNEL_LOCAL },
		{ "2001:db8::1", "::", "remote", MTUN_A_TUNNEL_REMOTE },
		{ "ff02::1", "2001:db8::2", "multicast", MTUN_A_TUNNEL_LOCAL },
		{ "2001:db8::1", "ff0e::1", "multicast", MTUN_A_TUNNEL_REMOTE },
		{ "::ffff:192.0.2.1", "2001:db8::2", "mapped",
		  MTUN_A_TUNNEL_LOCAL },
		{ "2001:db8::1", "::ffff:192.0.2.2", "mapped",
		  MTUN_A_TUNNEL_REMOTE },
		{ "192.0.2.1", "2001:db8::2", "famil", ONLY_TEXT },
		{ "2001:db8::1", "192.0.2.2", "famil", ONLY_TEXT },
		{ "192.0.2.1", "192.0.2.1", "local", ONLY_TEXT },
		{ "2001:db8::1", "2001:db8::1", "local", ONLY_TEXT },
		/* What is missing has no offset. */
		{ "fe80::1", "fe80::2", "link", ONLY_TEXT },
		{ "2001:db8::1", "fe80::2", "link", ONLY_TEXT },
	};
	unsigned char addr[16];
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *texts[2] = { cases[i].local, cases[i].remote };
		int end;

		TH_LOG("local %s remote %s", texts[0], texts[1]);
		NEW("mt0");
		for (end = 0; end < 2; end++) {
			int six = !!strchr(texts[end], ':');

			ASSERT_EQ(1, inet_pton(six ? AF_INET6 : AF_INET,
					       texts[end], addr));
			put(&self->r, end ? MTUN_A_TUNNEL_REMOTE :
			    MTUN_A_TUNNEL_LOCAL, addr, six ? 16 : 4);
		}
		EXPECT_REFUSED(EINVAL, cases[i].text, cases[i].attr);
		/* Where it cannot be only one of them, it is one of them. */
		EXPECT_TRUE(!strcmp(cases[i].text, "link") ||
			    self->re.offset ==
			    self->r.at[MTUN_A_TUNNEL_LOCAL] ||
			    self->re.offset ==
			    self->r.at[MTUN_A_TUNNEL_REMOTE]);
	}
	EXPECT_EQ(0, count(self->fd, self->family));
	EXPECT_EQ(0, if_nametoindex("mt0"));
}

TEST_F(mtun, number_sizes)
{
	static const struct {
		int attr;
		int size;
	} numbers[] = {
		{ MTUN_A_TUNNEL_IFLAGS, 8 },
		{ MTUN_A_TUNNEL_OFLAGS, 8 },
		{ MTUN_A_TUNNEL_IKEY, 4 },
		{ MTUN_A_TUNNEL_OKEY, 4 },
		{ MTUN_A_TUNNEL_TTL, 1 },
		{ MTUN_A_TUNNEL_TOS, 1 },
		{ MTUN_A_TUNNEL_TOS_INHERIT, 1 },
		{ MTUN_A_TUNNEL_TTL_INHERIT, 1 },
		{ MTUN_A_TUNNEL_DF, 1 },
		{ MTUN_A_TUNNEL_INNER_DF, 1 },
		{ MTUN_A_TUNNEL_FRAG, 1 },
		{ MTUN_A_TUNNEL_MSS_TX, 2 },
		{ MTUN_A_TUNNEL_MSS_RX, 2 },
		{ MTUN_A_TUNNEL_MSS_INSERT, 1 },
		{ MTUN_A_TUNNEL_IPSEC, 1 },
		{ MTUN_A_TUNNEL_FWMARK, 4 },
		{ MTUN_A_TUNNEL_MTU, 4 },
	};
	static const int sizes[] = { 0, 1, 2, 3, 4, 5, 8, 64 };
	unsigned char bytes[64] = { 0 };
	unsigned int i, j;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			if (sizes[j] == numbers[i].size)
				continue;
			NEW("mt0");
			put_addrs4(&self->r);
			put(&self->r, numbers[i].attr, bytes, sizes[j]);
			talk(self->fd, &self->r, &self->re);
			EXPECT_TRUE(self->re.error == -EINVAL ||
				    self->re.error == -ERANGE)
				TH_LOG("attribute %d of %d bytes: %d",
				       numbers[i].attr, sizes[j],
				       self->re.error);
			EXPECT_NE(0, strlen(self->re.text));
			EXPECT_EQ(self->r.at[numbers[i].attr],
				  self->re.offset);
		}
	}
	EXPECT_EQ(0, count(self->fd, self->family));
}

TEST_F(mtun, number_values)
{
	static const struct {
		int attr;
		int size;
		uint32_t value;
		int error;
		const char *text;
	} cases[] = {
		{ MTUN_A_TUNNEL_TTL, 1, 0, ERANGE, "" },
		{ MTUN_A_TUNNEL_TOS, 1, 1, EINVAL, "tos" },
		{ MTUN_A_TUNNEL_TOS, 1, 2, EINVAL, "tos" },
		{ MTUN_A_TUNNEL_TOS, 1, 0xff, EINVAL, "tos" },
		{ MTUN_A_TUNNEL_TOS_INHERIT, 1, 2, ERANGE, "" },
		{ MTUN_A_TUNNEL_IFLAGS, 8, 8, EINVAL, "" },
		{ MTUN_A_TUNNEL_IFLAGS, 8, 0x80000000, EINVAL, "" },
		{ MTUN_A_TUNNEL_OFLAGS, 8, 8, EINVAL, "" },
		{ MTUN_A_TUNNEL_TTL_INHERIT, 1, 2, ERANGE, "" },
		{ MTUN_A_TUNNEL_DF, 1, 3, ERANGE, "" },
		{ MTUN_A_TUNNEL_INNER_DF, 1, 2, ERANGE, "" },
		{ MTUN_A_TUNNEL_FRAG, 1, 2, ERANGE, "" },
		{ MTUN_A_TUNNEL_FRAG, 1, MTUN_FRAG_OUTER, EINVAL,
		  "frag outer needs df" },
		{ MTUN_A_TUNNEL_MSS_TX, 2, 47, EINVAL, "mss-tx must be off" },
		{ MTUN_A_TUNNEL_MSS_RX, 2, 1, EINVAL, "mss-rx must be off" },
		{ MTUN_A_TUNNEL_MSS_INSERT, 1, 2, ERANGE, "" },
		{ MTUN_A_TUNNEL_IPSEC, 1, 2, ERANGE, "" },
		{ MTUN_A_TUNNEL_MTU, 4, 1, 0, "mtu must be 68 to 655" },
		{ MTUN_A_TUNNEL_MTU, 4, 67, 0, "mtu must be 68 to 655" },
		{ MTUN_A_TUNNEL_MTU, 4, 65512, 0, "mtu must be 68 to 655" },
		{ MTUN_A_TUNNEL_MTU, 4, 0xffffffff, 0,
		  "mtu must be 68 to 655" },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		TH_LOG("attribute %d = %u", cases[i].attr, cases[i].value);
		NEW("mt0");
		put_addrs4(&self->r);
		if (cases[i].size == 1)
			put_u8(&self->r, cases[i].attr, cases[i].value);
		else if (cases[i].size == 2)
			put_u16(&self->r, cases[i].attr, cases[i].value);
		else if (cases[i].size == 8)
			put_flags(&self->r, cases[i].attr, cases[i].value,
				  cases[i].value);
		else
			put_u32(&self->r, cases[i].attr, cases[i].value);
		talk(self->fd, &self->r, &self->re);
		EXPECT_GT(0, self->re.error);
		if (cases[i].error)
			EXPECT_EQ(-cases[i].error, self->re.error);
		EXPECT_NE(0, strlen(self->re.text));
		EXPECT_NE(NULL, strcasestr(self->re.text, cases[i].text))
			TH_LOG("text \"%s\"", self->re.text);
		EXPECT_EQ(self->r.at[cases[i].attr], self->re.offset);
	}
	EXPECT_EQ(0, count(self->fd, self->family));
	EXPECT_EQ(0, if_nametoindex("mt0"));
}

TEST_F(mtun, names)
{
	static const char * const bad[] = {
		"", ".", "..", "a/b", "a b", "a:b", "mt%s", "mt%d%d", "mt%", "%%d", "\n",
	};
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		TH_LOG("name \"%s\"", bad[i]);
		NEW(bad[i]);
		put_addrs4(&self->r);
		EXPECT_REFUSED(EINVAL, "ifname", MTUN_A_TUNNEL_IFNAME);
	}
	/* Too long, and without an end */
	NEW("abcdefghijklmnop");
	put_addrs4(&self->r);
	EXPECT_REFUSED(EINVAL, "", MTUN_A_TUNNEL_IFNAME);
	EXPECT_NE(0, strlen(self->re.text));
	NEW(NULL);
	put(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0", 3);
	put_addrs4(&self->r);
	EXPECT_REFUSED(EINVAL, "", MTUN_A_TUNNEL_IFNAME);
	EXPECT_NE(0, strlen(self->re.text));
	NEW("lo");
	put_addrs4(&self->r);
	EXPECT_REFUSED(EEXIST, "ifname", MTUN_A_TUNNEL_IFNAME);
	EXPECT_EQ(0, count(self->fd, self->family));
}

TEST_F(mtun, unknown_attributes)
{
	static const int types[] = { MTUN_A_TUNNEL_MAX + 1, 63, 200, 0x3fff };
	static const int cmds[] = { MTUN_CMD_TUNNEL_NEW, MTUN_CMD_TUNNEL_SET,
				    MTUN_CMD_TUNNEL_DEL, MTUN_CMD_TUNNEL_GET };
	unsigned int i, j, at;

	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();
	for (i = 0; i < 4; i++) {
		for (j = 0; j < 4; j++) {
			request_init(&self->r, self->family, cmds[i], 0);
			put_str(&self->r, MTUN_A_TUNNEL_IFNAME,
				cmds[i] == MTUN_CMD_TUNNEL_NEW ? "mt1" : "mt0");
			at = NLMSG_ALIGN(self->r.nlh.nlmsg_len);
			put_u32(&self->r, types[j], 1);
			if (cmds[i] == MTUN_CMD_TUNNEL_NEW)
				put_addrs6(&self->r);
			EXPECT_REFUSED(EINVAL, "unknown attribute", ONLY_TEXT);
			EXPECT_EQ(at, self->re.offset);
		}
	}
	EXPECT_EQ(1, count(self->fd, self->family));

	request_init(&self->r, self->family, MTUN_CMD_TUNNEL_GET, NLM_F_DUMP);
	put_u32(&self->r, 31, 1);
	EXPECT_REFUSED(EINVAL, "unknown attribute", 31);
}

TEST_F(mtun, netns_without_namespace)
{
	request_init(&self->r, self->family, MTUN_CMD_NETNS_GET, 0);
	put_u32(&self->r, MTUN_A_NETNS_NETNSID, 12345);
	EXPECT_REFUSED(EINVAL, "belongs to no namespace", MTUN_A_NETNS_NETNSID);
}

/* What the kernel reports but does not take */
TEST_F(mtun, read_only_attributes)
{
	static const int types[] = { MTUN_A_TUNNEL_MTU_AUTO,
				     MTUN_A_TUNNEL_IF_FLAGS,
				     MTUN_A_TUNNEL_UNDERLAY_NETNSID,
				     MTUN_A_TUNNEL_STATS };
	unsigned int i;

	for (i = 0; i < 4; i++) {
		NEW("mt0");
		put_addrs4(&self->r);
		put_u32(&self->r, types[i], 1);
		EXPECT_REFUSED(EINVAL, "attribute", types[i]);
	}
	NEW("mt0");
	put_addrs4(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IFINDEX, 77);
	EXPECT_REFUSED(EINVAL, "attribute", MTUN_A_TUNNEL_IFINDEX);
	EXPECT_EQ(0, count(self->fd, self->family));

	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();
	for (i = 0; i < 4; i++) {
		REQUEST(SET);
		put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
		put_u32(&self->r, types[i], 1);
		EXPECT_REFUSED(EINVAL, "attribute", types[i]);
		/* Configuration is nothing to name a tunnel by, either. */
		REQUEST(DEL);
		put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
		put_u8(&self->r, MTUN_A_TUNNEL_TTL, 1);
		EXPECT_REFUSED(EINVAL, "attribute", MTUN_A_TUNNEL_TTL);
	}
	EXPECT_EQ(1, count(self->fd, self->family));
}

TEST_F(mtun, malformed)
{
	struct nlattr *nla;

	/* An attribute that is longer than the message */
	NEW("mt0");
	put_addrs4(&self->r);
	nla = put(&self->r, MTUN_A_TUNNEL_IKEY, local4, 4);
	nla->nla_len = 200;
	EXPECT_REFUSED(EINVAL, "", ONLY_TEXT);
	EXPECT_NE(0, strlen(self->re.text));
	/* Shorter than its own header */
	NEW("mt0");
	put_addrs4(&self->r);
	nla = put(&self->r, MTUN_A_TUNNEL_IKEY, local4, 4);
	nla->nla_len = 2;
	EXPECT_REFUSED(EINVAL, "", ONLY_TEXT);
	EXPECT_NE(0, strlen(self->re.text));
	/* Bytes behind the last one */
	NEW("mt0");
	put_addrs4(&self->r);
	self->r.nlh.nlmsg_len += 3;
	EXPECT_REFUSED(EINVAL, "", ONLY_TEXT);
	EXPECT_NE(0, strlen(self->re.text));
	/* A number that says that it is a nest */
	NEW("mt0");
	put_addrs4(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY | NLA_F_NESTED, 1);
	EXPECT_REFUSED(EINVAL, "nested", MTUN_A_TUNNEL_IKEY);
	/* No room for the generic netlink header */
	NEW("mt0");
	self->r.nlh.nlmsg_len = NLMSG_LENGTH(2);
	talk(self->fd, &self->r, &self->re);
	EXPECT_EQ(-EINVAL, self->re.error);
	/* Not a command; a notification is none */
	request_init(&self->r, self->family, 200, 0);
	talk(self->fd, &self->r, &self->re);
	EXPECT_EQ(-EOPNOTSUPP, self->re.error);
	REQUEST(NEW_NTF);
	talk(self->fd, &self->r, &self->re);
	EXPECT_EQ(-EOPNOTSUPP, self->re.error);
	/* Only get can be dumped */
	request_init(&self->r, self->family, MTUN_CMD_TUNNEL_DEL, NLM_F_DUMP);
	talk(self->fd, &self->r, &self->re);
	EXPECT_EQ(-EOPNOTSUPP, self->re.error);
	EXPECT_EQ(0, count(self->fd, self->family));
}

TEST_F(mtun, identifiers)
{
	static const int cmds[] = { MTUN_CMD_TUNNEL_SET, MTUN_CMD_TUNNEL_DEL,
				    MTUN_CMD_TUNNEL_GET };
	unsigned int i;

	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();
	NEW("mt1");
	put_addrs6(&self->r);
	ASSERT_DONE();

	for (i = 0; i < 3; i++) {
		TH_LOG("command %d", cmds[i]);
		request_init(&self->r, self->family, cmds[i], 0);
		EXPECT_REFUSED(EINVAL, "if", ONLY_TEXT);
		request_init(&self->r, self->family, cmds[i], 0);
		put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt9");
		EXPECT_REFUSED(ENODEV, "", MTUN_A_TUNNEL_IFNAME);
		EXPECT_NE(0, strlen(self->re.text));
		request_init(&self->r, self->family, cmds[i], 0);
		put_u32(&self->r, MTUN_A_TUNNEL_IFINDEX, 0x7fffffff);
		EXPECT_REFUSED(ENODEV, "", MTUN_A_TUNNEL_IFINDEX);
		EXPECT_NE(0, strlen(self->re.text));
		request_init(&self->r, self->family, cmds[i], 0);
		put_u32(&self->r, MTUN_A_TUNNEL_IFINDEX, 0);
		EXPECT_NE(0, talk(self->fd, &self->r, &self->re));
		EXPECT_NE(0, strlen(self->re.text));
		/* A device, but no tunnel */
		request_init(&self->r, self->family, cmds[i], 0);
		put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "lo");
		EXPECT_NE(0, talk(self->fd, &self->r, &self->re));
		EXPECT_NE(0, strlen(self->re.text));
		EXPECT_EQ(self->r.at[MTUN_A_TUNNEL_IFNAME], self->re.offset);
		/* Two names for two tunnels */
		request_init(&self->r, self->family, cmds[i], 0);
		put_u32(&self->r, MTUN_A_TUNNEL_IFINDEX, if_nametoindex("mt0"));
		put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt1");
		EXPECT_NE(0, talk(self->fd, &self->r, &self->re));
		EXPECT_NE(0, strlen(self->re.text));
		EXPECT_EQ(2, count(self->fd, self->family));
	}

	REQUEST(GET);
	put_u32(&self->r, MTUN_A_TUNNEL_IFINDEX, if_nametoindex("mt1"));
	ASSERT_DONE();
	EXPECT_STREQ("mt1", get_str(&self->re, MTUN_A_TUNNEL_IFNAME));
	REQUEST(SET);
	put_u32(&self->r, MTUN_A_TUNNEL_IFINDEX, if_nametoindex("mt1"));
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 3);
	EXPECT_DONE();
	ASSERT_EQ(0, get(self->fd, self->family, "mt1", &self->re));
	EXPECT_EQ(3, get_u8(&self->re, MTUN_A_TUNNEL_TTL));
	REQUEST(DEL);
	put_u32(&self->r, MTUN_A_TUNNEL_IFINDEX, if_nametoindex("mt1"));
	EXPECT_DONE();
	EXPECT_EQ(0, if_nametoindex("mt1"));
	EXPECT_EQ(1, count(self->fd, self->family));
}

TEST_F(mtun, duplicates)
{
	NEW("mt0");
	put_addrs4(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 1);
	put_u32(&self->r, MTUN_A_TUNNEL_OKEY, 2);
	ASSERT_DONE();
	NEW("mt1");
	put_addrs4(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 1);
	put_u32(&self->r, MTUN_A_TUNNEL_OKEY, 3);
	EXPECT_REFUSED(EEXIST, "remote", MTUN_A_TUNNEL_REMOTE);
	NEW("mt0");
	put_addrs6(&self->r);
	EXPECT_REFUSED(EEXIST, "ifname", MTUN_A_TUNNEL_IFNAME);
	NEW("mt1");
	put_addrs4(&self->r);
	ASSERT_DONE();
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt1");
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 9);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 1);
	EXPECT_REFUSED(EEXIST, "ikey", MTUN_A_TUNNEL_IKEY);
	/* To blame is what changes, in whatever order it is given. */
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put(&self->r, MTUN_A_TUNNEL_REMOTE, remote4, 4);
	put_flags(&self->r, MTUN_A_TUNNEL_IFLAGS, 0, MTUN_GRE_FLAG_KEY);
	EXPECT_REFUSED(EEXIST, "ikey", MTUN_A_TUNNEL_IFLAGS);
	NEW("mt2");
	put(&self->r, MTUN_A_TUNNEL_LOCAL, local4, 4);
	put(&self->r, MTUN_A_TUNNEL_REMOTE, other4, 4);
	ASSERT_DONE();
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt2");
	put(&self->r, MTUN_A_TUNNEL_REMOTE, remote4, 4);
	EXPECT_REFUSED(EEXIST, "remote", MTUN_A_TUNNEL_REMOTE);
	NEW("mt3");
	put(&self->r, MTUN_A_TUNNEL_LOCAL, other4, 4);
	put(&self->r, MTUN_A_TUNNEL_REMOTE, remote4, 4);
	ASSERT_DONE();
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt3");
	put(&self->r, MTUN_A_TUNNEL_LOCAL, local4, 4);
	EXPECT_REFUSED(EEXIST, "local", MTUN_A_TUNNEL_LOCAL);
	ASSERT_EQ(0, get(self->fd, self->family, "mt1", &self->re));
	EXPECT_EQ(64, get_u8(&self->re, MTUN_A_TUNNEL_TTL));
	EXPECT_EQ(0, get_flags(&self->re, MTUN_A_TUNNEL_IFLAGS));
	EXPECT_EQ(4, count(self->fd, self->family));
}

TEST_F(mtun, set_is_atomic)
{
	static const unsigned char bad[4] = { 224, 0, 0, 1 };

	NEW("mt0");
	put_addrs4(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 1);
	ASSERT_DONE();
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 3);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 2);
	put(&self->r, MTUN_A_TUNNEL_REMOTE, bad, 4);
	EXPECT_REFUSED(EINVAL, "multicast", MTUN_A_TUNNEL_REMOTE);
	/* One new address must fit the old one. */
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 3);
	put(&self->r, MTUN_A_TUNNEL_REMOTE, remote6, 16);
	EXPECT_REFUSED(EINVAL, "famil", MTUN_A_TUNNEL_REMOTE);
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 3);
	put(&self->r, MTUN_A_TUNNEL_LOCAL, remote4, 4);
	EXPECT_REFUSED(EINVAL, "local", MTUN_A_TUNNEL_LOCAL);
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 3);
	put_flags(&self->r, MTUN_A_TUNNEL_OFLAGS, MTUN_GRE_FLAG_KEY,
		  MTUN_GRE_FLAG_KEY);
	EXPECT_REFUSED(EINVAL, "okey", ONLY_TEXT);
	ASSERT_EQ(0, get(self->fd, self->family, "mt0", &self->re));
	EXPECT_EQ(64, get_u8(&self->re, MTUN_A_TUNNEL_TTL));
	EXPECT_EQ(1, get_u32(&self->re, MTUN_A_TUNNEL_IKEY));

	/* All at once, then the flag alone takes the key away. */
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put_addrs6(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 7);
	put_u32(&self->r, MTUN_A_TUNNEL_OKEY, 8);
	put_u32(&self->r, MTUN_A_TUNNEL_MTU, 1300);
	EXPECT_DONE();
	ASSERT_EQ(0, get(self->fd, self->family, "mt0", &self->re));
	EXPECT_EQ(16, nla_size(self->re.attrs[MTUN_A_TUNNEL_REMOTE]));
	EXPECT_EQ(7, get_u32(&self->re, MTUN_A_TUNNEL_IKEY));
	EXPECT_EQ(8, get_u32(&self->re, MTUN_A_TUNNEL_OKEY));
	EXPECT_EQ(1300, get_u32(&self->re, MTUN_A_TUNNEL_MTU));
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put_flags(&self->r, MTUN_A_TUNNEL_IFLAGS, 0, MTUN_GRE_FLAG_KEY);
	EXPECT_DONE();
	ASSERT_EQ(0, get(self->fd, self->family, "mt0", &self->re));
	EXPECT_EQ(0, get_flags(&self->re, MTUN_A_TUNNEL_IFLAGS));
	EXPECT_EQ(MTUN_GRE_FLAG_KEY, get_flags(&self->re, MTUN_A_TUNNEL_OFLAGS));
}

/* Reads one part of a dump: how many tunnels, whether one was out of order or
 * marked as interrupted, and whether it was the last part.
 */
static int dump_part(int fd, uint32_t *last, bool *intr, bool *done)
{
	char buf[REPLY_MAX];
	ssize_t len = recv(fd, buf, sizeof(buf), MSG_TRUNC);
	struct nlmsghdr *nlh = (void *)buf;
	int n = 0;

	if (len < 0)
		return -errno;
	if (len > (ssize_t)sizeof(buf))
		return -EMSGSIZE;
	for (; NLMSG_OK(nlh, len); nlh = NLMSG_NEXT(nlh, len)) {
		struct reply re = { 0 };

		if (!(nlh->nlmsg_flags & NLM_F_MULTI))
			return -EBADMSG;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			*intr = true;
		if (nlh->nlmsg_type == NLMSG_DONE) {
			*done = true;
			return n;
		}
		parse_message(&re, nlh);
		if (get_u32(&re, MTUN_A_TUNNEL_IFINDEX) <= *last)
			return -ERANGE;
		*last = get_u32(&re, MTUN_A_TUNNEL_IFINDEX);
		n++;
	}
	return n;
}

/* More than two parts of a dump, of 8 KiB each */
#define MANY 150

static int make_many(struct __test_metadata *_metadata, int fd, int family)
{
	struct request r;
	struct reply re;
	int i;

	for (i = 0; i < MANY; i++) {
		request_new(&r, family, "mt%d");
		put_addrs4(&r);
		put_u32(&r, MTUN_A_TUNNEL_IKEY, i);
		ASSERT_EQ(0, talk(fd, &r, &re));
	}
	return 0;
}

TEST_F_TIMEOUT(mtun, dump, TIMEOUT)
{
	bool intr = false, done = false;
	int parts = 0, n = 0, part;
	uint32_t last = 0;

	make_many(_metadata, self->fd, self->family);
	request_init(&self->r, self->family, MTUN_CMD_TUNNEL_GET, NLM_F_DUMP);
	ASSERT_LT(0, send(self->fd, self->r.buf, self->r.nlh.nlmsg_len, 0));
	while (!done) {
		part = dump_part(self->fd, &last, &intr, &done);
		ASSERT_GE(part, 0);
		n += part;
		parts++;
	}
	EXPECT_EQ(MANY, n);
	EXPECT_FALSE(intr);
	/* Else the next test tests nothing. */
	EXPECT_GT(parts, 3);
}

TEST_F_TIMEOUT(mtun, dump_interrupted, TIMEOUT)
{
	static const int kinds[] = { MTUN_CMD_TUNNEL_NEW, MTUN_CMD_TUNNEL_SET,
				     MTUN_CMD_TUNNEL_DEL };
	int other, k;

	make_many(_metadata, self->fd, self->family);
	other = genl_open();
	ASSERT_GE(other, 0);
	for (k = 0; k < 3; k++) {
		bool intr = false, done = false;
		int n = 0, part, want = MANY;
		uint32_t last = 0;

		request_init(&self->r, self->family, MTUN_CMD_TUNNEL_GET,
			     NLM_F_DUMP);
		ASSERT_LT(0, send(self->fd, self->r.buf, self->r.nlh.nlmsg_len,
				  0));
		n = dump_part(self->fd, &last, &intr, &done);
		ASSERT_GT(n, 0);
		ASSERT_FALSE(done);

		request_init(&self->r, self->family, kinds[k], 0);
		switch (kinds[k]) {
		case MTUN_CMD_TUNNEL_NEW:
			put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "extra");
			put_addrs6(&self->r);
			want++;
			break;
		case MTUN_CMD_TUNNEL_SET:
			put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "extra");
			put_u8(&self->r, MTUN_A_TUNNEL_TTL, 2);
			want++;
			break;
		case MTUN_CMD_TUNNEL_DEL:
			put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "extra");
			break;
		}
		ASSERT_EQ(0, talk(other, &self->r, &self->re))
			TH_LOG("refused: %s", self->re.text);
		while (!done) {
			part = dump_part(self->fd, &last, &intr, &done);
			ASSERT_GE(part, 0);
			n += part;
		}
		EXPECT_TRUE(intr)
			TH_LOG("command %d is not noticed", kinds[k]);
		/* Those that were there all the time are there once. */
		EXPECT_EQ(want, n);
	}
	close(other);
}

/* Waits for one event */
static int event(int fd, struct reply *re)
{
	char buf[REPLY_MAX];
	ssize_t len = recv(fd, buf, sizeof(buf), 0);

	memset(re, 0, sizeof(*re));
	if (len < 0)
		return -errno;
	parse_message(re, (void *)buf);
	return re->cmd;
}

static bool quiet(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, QUIET_MS) == 0;
}

TEST_F(mtun, events)
{
	struct reply re;
	uint32_t index;
	int fd;

	fd = genl_open();
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				&self->group, sizeof(self->group)));

	NEW("mt0");
	put_addrs4(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 3);
	ASSERT_DONE();
	index = if_nametoindex("mt0");
	ASSERT_EQ(MTUN_CMD_TUNNEL_NEW_NTF, event(fd, &re));
	EXPECT_EQ(self->family, re.last.nlh.nlmsg_type);
	EXPECT_EQ(index, get_u32(&re, MTUN_A_TUNNEL_IFINDEX));
	EXPECT_STREQ("mt0", get_str(&re, MTUN_A_TUNNEL_IFNAME));
	EXPECT_EQ(3, get_u32(&re, MTUN_A_TUNNEL_IKEY));
	EXPECT_EQ(64, get_u8(&re, MTUN_A_TUNNEL_TTL));
	EXPECT_EQ(1476, get_u32(&re, MTUN_A_TUNNEL_MTU));
	EXPECT_NE(NULL, re.attrs[MTUN_A_TUNNEL_LOCAL]);
	EXPECT_NE(NULL, re.attrs[MTUN_A_TUNNEL_REMOTE]);
	EXPECT_TRUE(quiet(fd));

	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 3);
	ASSERT_DONE();
	ASSERT_EQ(MTUN_CMD_TUNNEL_SET_NTF, event(fd, &re));
	EXPECT_EQ(index, get_u32(&re, MTUN_A_TUNNEL_IFINDEX));
	EXPECT_EQ(3, get_u8(&re, MTUN_A_TUNNEL_TTL));
	EXPECT_TRUE(quiet(fd));

	ASSERT_EQ(0, link_flags("mt0", IFF_UP, 0));
	do {
		ASSERT_EQ(MTUN_CMD_TUNNEL_SET_NTF, event(fd, &re));
	} while (!quiet(fd));
	EXPECT_EQ(IFF_UP, get_u32(&re, MTUN_A_TUNNEL_IF_FLAGS) & IFF_UP);

	/* Refused: no event */
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put(&self->r, MTUN_A_TUNNEL_REMOTE, local4, 4);
	EXPECT_NE(0, talk(self->fd, &self->r, &self->re));
	NEW("mt0");
	put_addrs6(&self->r);
	EXPECT_NE(0, talk(self->fd, &self->r, &self->re));
	NEW("mt1");
	put_addrs4(&self->r);
	put_u32(&self->r, MTUN_A_TUNNEL_IKEY, 3);
	EXPECT_NE(0, talk(self->fd, &self->r, &self->re));
	EXPECT_TRUE(quiet(fd));

	REQUEST(DEL);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	ASSERT_DONE();
	do {
		/* It may be said that it goes down first. */
		event(fd, &re);
	} while (re.cmd == MTUN_CMD_TUNNEL_SET_NTF);
	ASSERT_EQ(MTUN_CMD_TUNNEL_DEL_NTF, re.cmd);
	EXPECT_EQ(index, get_u32(&re, MTUN_A_TUNNEL_IFINDEX));
	EXPECT_STREQ("mt0", get_str(&re, MTUN_A_TUNNEL_IFNAME));
	EXPECT_EQ(3, get_u32(&re, MTUN_A_TUNNEL_IKEY));
	EXPECT_EQ(3, get_u8(&re, MTUN_A_TUNNEL_TTL));
	EXPECT_TRUE(quiet(fd));
	close(fd);
}

/* The group of one namespace says nothing of another. */
TEST_F(mtun, events_of_another_netns)
{
	int fd;

	fd = genl_open();
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
				&self->group, sizeof(self->group)));
	ASSERT_EQ(0, unshare(CLONE_NEWNET));
	close(self->fd);
	self->fd = genl_open();
	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();
	EXPECT_TRUE(quiet(fd));
	close(fd);
}

TEST_F(mtun, drop_counter)
{
	static const unsigned char packet[20] = {
		0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0, 0,
		10, 0, 0, 1, 10, 0, 0, 2 };
	const struct nlattr *stats[ATTR_MAX], *drop[ATTR_MAX];
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP) };
	uint32_t reason;
	int fd;

	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();
	ASSERT_EQ(0, link_flags("mt0", IFF_UP, 0));
	fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	ASSERT_GE(fd, 0);
	to.sll_ifindex = if_nametoindex("mt0");
	/* This namespace has no route to anywhere. */
	sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&to,
	       sizeof(to));
	sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&to,
	       sizeof(to));
	close(fd);

	ASSERT_EQ(0, get(self->fd, self->family, "mt0", &self->re));
	ASSERT_NE(NULL, self->re.attrs[MTUN_A_TUNNEL_STATS]);
	parse(stats, nla_data(self->re.attrs[MTUN_A_TUNNEL_STATS]),
	      nla_size(self->re.attrs[MTUN_A_TUNNEL_STATS]));
	EXPECT_EQ(0, nla_u64(stats[MTUN_A_STATS_TX_PACKETS]));
	ASSERT_NE(NULL, stats[MTUN_A_STATS_DROP]);
	parse(drop, nla_data(stats[MTUN_A_STATS_DROP]),
	      nla_size(stats[MTUN_A_STATS_DROP]));
	ASSERT_NE(NULL, drop[MTUN_A_DROP_REASON]);
	memcpy(&reason, nla_data(drop[MTUN_A_DROP_REASON]), sizeof(reason));
	EXPECT_EQ(MTUN_DROP_TX_NO_ROUTE, reason);
	EXPECT_EQ(2, nla_u64(drop[MTUN_A_DROP_PACKETS]));
}

/* A prefix with so many bytes of address; negative for none, as for the length */
static void put_prefix(struct request *r, int type, int addr_len, int len)
{
	struct nlattr *nest = put(r, type | NLA_F_NESTED, NULL, 0);
	unsigned int start = r->nlh.nlmsg_len - NLA_HDRLEN, at = r->at[type];
	static const unsigned char zero[32];

	if (addr_len >= 0)
		put(r, MTUN_A_PREFIX_ADDR, zero, addr_len);
	if (len >= 0)
		put_u8(r, MTUN_A_PREFIX_LEN, len);
	nest->nla_len = r->nlh.nlmsg_len - start;
	r->at[type] = at;
}

TEST_F(mtun, filter)
{
	static const struct {
		int addr_len;
		int len;
	} wrong[] = {
		{ -1, -1 }, { 4, -1 }, { -1, 8 }, { 0, 0 }, { 3, 8 }, { 5, 8 },
		{ 4, 33 }, { 16, 129 }, { 17, 8 },
	};
	unsigned int i;
	int type;

	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();

	for (type = MTUN_A_FILTER_ALLOW_SRC_RX;
	     type <= MTUN_A_FILTER_ALLOW_DST_TX; type++) {
		for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
			FILTER(SET);
			put_str(&self->r, MTUN_A_FILTER_IFNAME, "mt0");
			put_prefix(&self->r, type, wrong[i].addr_len,
				   wrong[i].len);
			EXPECT_REFUSED(wrong[i].len == 129 ? ERANGE : EINVAL,
				       "", ONLY_TEXT);
			EXPECT_NE(0, strlen(self->re.text));
		}
		/* The second one is wrong: it is what the error points to. */
		FILTER(SET);
		put_str(&self->r, MTUN_A_FILTER_IFNAME, "mt0");
		put_prefix(&self->r, type, 16, 128);
		put_prefix(&self->r, type, 5, 8);
		EXPECT_REFUSED(EINVAL, "prefix must have an address of 4", type);
		/* Cleared, and given */
		FILTER(SET);
		put_str(&self->r, MTUN_A_FILTER_IFNAME, "mt0");
		put_u32(&self->r, MTUN_A_FILTER_CLEAR,
			1u << (type - MTUN_A_FILTER_ALLOW_SRC_RX));
		put_prefix(&self->r, type, 4, 8);
		EXPECT_REFUSED(EINVAL, "allow-", type);
	}
	FILTER(SET);
	put_str(&self->r, MTUN_A_FILTER_IFNAME, "mt0");
	put_u32(&self->r, MTUN_A_FILTER_CLEAR, 16);
	EXPECT_REFUSED(EINVAL, "", MTUN_A_FILTER_CLEAR);
	FILTER(SET);
	put_prefix(&self->r, MTUN_A_FILTER_ALLOW_SRC_RX, 4, 8);
	EXPECT_REFUSED(EINVAL, "ifname or ifindex", ONLY_TEXT);
	FILTER(SET);
	put_str(&self->r, MTUN_A_FILTER_IFNAME, "mt0");
	put_u32(&self->r, MTUN_A_FILTER_IFINDEX, if_nametoindex("mt0"));
	EXPECT_REFUSED(EINVAL, "ifname or ifindex", ONLY_TEXT);
	FILTER(SET);
	put_str(&self->r, MTUN_A_FILTER_IFNAME, "lo");
	EXPECT_REFUSED(EOPNOTSUPP, "no tunnel", MTUN_A_FILTER_IFNAME);
	FILTER(SET);
	put_u32(&self->r, MTUN_A_FILTER_IFINDEX, 12345);
	EXPECT_REFUSED(ENODEV, "no device", MTUN_A_FILTER_IFINDEX);
	/* What is only told */
	FILTER(SET);
	put_str(&self->r, MTUN_A_FILTER_IFNAME, "mt0");
	put_u32(&self->r, MTUN_A_FILTER_PREFIXES, 1);
	EXPECT_REFUSED(EINVAL, "", ONLY_TEXT);
	FILTER(GET);
	put_str(&self->r, MTUN_A_FILTER_IFNAME, "mt0");
	EXPECT_DONE();
	EXPECT_EQ(0, get_u32(&self->re, MTUN_A_FILTER_PREFIXES));
	EXPECT_STREQ("mt0", get_str(&self->re, MTUN_A_FILTER_IFNAME));

	/* Nothing is left of all that, and what is right is done. */
	request_init(&self->r, self->family, MTUN_CMD_FILTER_GET, NLM_F_DUMP);
	EXPECT_DONE();
	EXPECT_EQ(0, self->re.messages);
	FILTER(SET);
	put_u32(&self->r, MTUN_A_FILTER_IFINDEX, if_nametoindex("mt0"));
	put_prefix(&self->r, MTUN_A_FILTER_ALLOW_DST_TX, 16, 0);
	put_prefix(&self->r, MTUN_A_FILTER_ALLOW_DST_TX, 4, 0);
	EXPECT_DONE();
	request_init(&self->r, self->family, MTUN_CMD_FILTER_GET, NLM_F_DUMP);
	put_u32(&self->r, MTUN_A_FILTER_IFINDEX, if_nametoindex("mt0"));
	EXPECT_DONE();
	EXPECT_EQ(1, self->re.messages);
	EXPECT_EQ(2, get_u32(&self->re, MTUN_A_FILTER_PREFIXES));
	EXPECT_STREQ("mt0", get_str(&self->re, MTUN_A_FILTER_IFNAME));
	EXPECT_NE(NULL, self->re.attrs[MTUN_A_FILTER_ALLOW_DST_TX]);
	EXPECT_EQ(NULL, self->re.attrs[MTUN_A_FILTER_ALLOW_SRC_TX]);
	request_init(&self->r, self->family, MTUN_CMD_FILTER_GET, NLM_F_DUMP);
	put_str(&self->r, MTUN_A_FILTER_IFNAME, "lo");
	talk(self->fd, &self->r, &self->re);
	EXPECT_EQ(-EOPNOTSUPP, self->re.error);
}

TEST_F(mtun, clamp_prefixes)
{
	static const int sides[][2] = {
		{ MTUN_A_CLAMP_SRC, MTUN_A_CLAMP_SRC_ANY },
		{ MTUN_A_CLAMP_DST, MTUN_A_CLAMP_DST_ANY },
	};
	unsigned int i;

	request_init(&self->r, self->family, MTUN_CMD_CLAMP_NEW, 0);
	put_str(&self->r, MTUN_A_CLAMP_IFNAME, "later");
	put_u16(&self->r, MTUN_A_CLAMP_MSS, 1400);
	ASSERT_DONE();
	for (i = 0; i < 2; i++) {
		request_init(&self->r, self->family, MTUN_CMD_CLAMP_SET, 0);
		put_str(&self->r, MTUN_A_CLAMP_IFNAME, "later");
		put_prefix(&self->r, sides[i][0], 4, 8);
		put(&self->r, sides[i][1], NULL, 0);
		EXPECT_REFUSED(EINVAL, "either any or prefixes", sides[i][1]);
	}
	request_init(&self->r, self->family, MTUN_CMD_CLAMP_DEL, 0);
	put_str(&self->r, MTUN_A_CLAMP_IFNAME, "later");
	EXPECT_DONE();
}

TEST_F(mtun, without_capability)
{
	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();
	close(self->fd);
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	self->fd = genl_open();
	ASSERT_GE(self->fd, 0);

	NEW("mt1");
	put_addrs6(&self->r);
	EXPECT_EQ(-EPERM, talk(self->fd, &self->r, &self->re));
	REQUEST(SET);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	put_u8(&self->r, MTUN_A_TUNNEL_TTL, 3);
	EXPECT_EQ(-EPERM, talk(self->fd, &self->r, &self->re));
	REQUEST(DEL);
	put_str(&self->r, MTUN_A_TUNNEL_IFNAME, "mt0");
	EXPECT_EQ(-EPERM, talk(self->fd, &self->r, &self->re));
	FILTER(SET);
	put_str(&self->r, MTUN_A_FILTER_IFNAME, "mt0");
	EXPECT_EQ(-EPERM, talk(self->fd, &self->r, &self->re));
	EXPECT_EQ(0, get(self->fd, self->family, "mt0", &self->re));
	EXPECT_EQ(64, get_u8(&self->re, MTUN_A_TUNNEL_TTL));
	EXPECT_EQ(1, count(self->fd, self->family));
}

/* The device is moved into the namespace of a user who then owns the device but
 * not what is under it: the underlay must not be changed through it.
 */
TEST_F(mtun, without_capability_for_the_underlay)
{
	int up[2], down[2], status;
	char byte, cmd[80];
	pid_t pid;

	ASSERT_EQ(0, pipe(up));
	ASSERT_EQ(0, pipe(down));
	NEW("mt0");
	put_addrs4(&self->r);
	ASSERT_DONE();

	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		/* 0: refused as it should be; 1: done; 2: something else */
		static struct request r;
		static struct reply re;
		int fd, family = self->family;
		uint32_t underlay;

		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) ||
		    write(up[1], "x", 1) != 1 || read(down[0], &byte, 1) != 1)
			_exit(2);
		fd = genl_open();
		if (fd < 0 || get(fd, family, "mt0", &re) ||
		    !re.attrs[MTUN_A_TUNNEL_UNDERLAY_NETNSID])
			_exit(3);
		underlay = get_u32(&re, MTUN_A_TUNNEL_UNDERLAY_NETNSID);
		/* It is its device: what is its own it may do. */
		request_new(&r, family, "own");
		put_addrs4(&r);
		if (talk(fd, &r, &re))
			_exit(4);
		request_init(&r, family, MTUN_CMD_TUNNEL_SET, 0);
		put_str(&r, MTUN_A_TUNNEL_IFNAME, "mt0");
		put(&r, MTUN_A_TUNNEL_LOCAL, remote4, 4);
		put(&r, MTUN_A_TUNNEL_REMOTE, local4, 4);
		if (!talk(fd, &r, &re))
			_exit(1);
		if (re.error != -EPERM || !re.text[0])
			_exit(5);
		request_init(&r, family, MTUN_CMD_FILTER_SET, 0);
		put_str(&r, MTUN_A_FILTER_IFNAME, "mt0");
		if (!talk(fd, &r, &re))
			_exit(1);
		if (re.error != -EPERM || !re.text[0])
			_exit(6);
		request_init(&r, family, MTUN_CMD_NETNS_GET, 0);
		put_u32(&r, MTUN_A_NETNS_NETNSID, underlay);
		if (!talk(fd, &r, &re))
			_exit(1);
		_exit(re.error == -EPERM && strstr(re.text, "CAP_NET_ADMIN") ? 0 : 7);
	}
	ASSERT_EQ(1, read(up[0], &byte, 1));
	snprintf(cmd, sizeof(cmd), "ip link set mt0 netns %d", pid);
	EXPECT_EQ(0, system(cmd));
	ASSERT_EQ(1, write(down[1], "x", 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));
}

TEST_HARNESS_MAIN
