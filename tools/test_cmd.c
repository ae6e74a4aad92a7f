// SPDX-License-Identifier: GPL-2.0
/* Commands that change many things, against a kernel that is made up and that refuses. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <arpa/inet.h>
#include <sys/wait.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#include "cmd.h"
#include "nl_core.h"
#include "test.h"
#include "test_kernel.h"

#define FAMILY	(NLMSG_MIN_TYPE + 20)
#define TUNNELS	5000	/* at the most */

/* What is refused: from the so many'th request of a kind on, so many of them */
struct refusal {
	uint16_t type;
	uint8_t cmd;		/* of FAMILY */
	unsigned int from;
	unsigned int n;
	unsigned int seen;
};

static struct {
	struct refusal refusals[4];
	unsigned int tunnels;	/* t0 and so on, which a file has made and are down */
	bool anycast;		/* they are, and in ESP */
	bool routes;		/* there is one that is in the way */
	bool changing;		/* IPsec, all the time */
	struct nlmsghdr request;
	uint8_t cmd;
	bool is_dump;
	unsigned int told;
	bool told_change;
} kernel;

static ssize_t take_request(const struct nlmsghdr *request)
{
	kernel.request = *request;
	kernel.is_dump = request->nlmsg_flags & NLM_F_DUMP;
	kernel.cmd = request->nlmsg_type == FAMILY ?
		     ((const struct genlmsghdr *)mnl_nlmsg_get_payload(request))->cmd : 0;
	kernel.told = 0;
	return request->nlmsg_len;
}

static bool is_refused(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(kernel.refusals); i++) {
		struct refusal *r = &kernel.refusals[i];

		if (r->type != kernel.request.nlmsg_type || r->cmd != kernel.cmd)
			continue;
		r->seen++;
		if (r->seen > r->from && r->seen <= r->from + r->n)
			return true;
	}
	return false;
}

static void put_tunnel(struct nlmsghdr *nlh, unsigned int number)
{
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	const uint32_t remote = htonl(0x0a000000 + number);
	char name[IFNAMSIZ];

	snprintf(name, sizeof(name), "t%u", number);
	mnl_attr_put_u32(nlh, MTUN_A_TUNNEL_IFINDEX, 100 + number);
	mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_IFNAME, name);
	mnl_attr_put_u32(nlh, MTUN_A_TUNNEL_LOCAL, htonl(0xc0000201));
	mnl_attr_put(nlh, MTUN_A_TUNNEL_REMOTE, 4, &remote);
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_ORIGIN, MTUN_ORIGIN_FILE);
	if (!kernel.anycast)
		return;
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_ANYCAST, 1);
	mnl_attr_put_u8(nlh, MTUN_A_TUNNEL_MODE, MTUN_MODE_IPSEC);
	mnl_attr_put_u32(nlh, MTUN_A_TUNNEL_IF_ID, 42);
}

static void put_health(struct nlmsghdr *nlh)
{
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	static uint32_t ifindex = 100;

	/* Each of two that are asked for, again and again */
	mnl_attr_put_u32(nlh, MTUN_A_HEALTH_IFINDEX, ifindex);
	ifindex ^= 1;
	genl->cmd = MTUN_CMD_HEALTH_GET;
}

/* To 2001:db8::/32, by a nexthop object of which no device is told */
static void put_route(struct nlmsghdr *nlh)
{
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	const unsigned char dst[16] = { 0x20, 1, 0x0d, 0xb8 };

	rtm->rtm_family = AF_INET6;
	rtm->rtm_dst_len = 32;
	rtm->rtm_table = RT_TABLE_MAIN;
	rtm->rtm_type = RTN_UNICAST;
	mnl_attr_put(nlh, RTA_DST, sizeof(dst), dst);
	mnl_attr_put_u32(nlh, RTA_PRIORITY, 100);
	mnl_attr_put_u32(nlh, RTA_NH_ID, 7);
}

/* One more object of what is asked for, before the end */
static bool put_object(struct nlmsghdr *nlh)
{
	unsigned int number = kernel.told++;
	bool first = !number;

	nlh->nlmsg_type = kernel.request.nlmsg_type;
	if (kernel.cmd == MTUN_CMD_TUNNEL_GET && number < (kernel.is_dump ? kernel.tunnels : 1)) {
		put_tunnel(nlh, number);
		return true;
	}
	if (kernel.cmd == MTUN_CMD_HEALTH_GET && !kernel.is_dump && first) {
		put_health(nlh);
		return true;
	}
	if (nlh->nlmsg_type == RTM_GETROUTE && kernel.routes && first) {
		nlh->nlmsg_type = RTM_NEWROUTE;
		put_route(nlh);
		return true;
	}
	return false;
}

static ssize_t answer(void *buf, size_t size, int flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *e;

	(void)size;
	if (flags & MSG_DONTWAIT) {
		errno = EAGAIN;
		kernel.told_change = kernel.changing && !kernel.told_change;
		return kernel.told_change ? (ssize_t)nlh->nlmsg_len : -1;
	}
	if (!is_refused()) {
		nlh->nlmsg_seq = kernel.request.nlmsg_seq;
		if (put_object(nlh))
			return nlh->nlmsg_len;
		nlh->nlmsg_type = kernel.is_dump ? NLMSG_DONE : NLMSG_ERROR;
		mnl_nlmsg_put_extra_header(nlh, kernel.is_dump ? sizeof(int) : sizeof(*e));
		return nlh->nlmsg_len;
	}
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_seq = kernel.request.nlmsg_seq;
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->error = -EBUSY;
	return nlh->nlmsg_len;
}

static int nothing(void)
{
	return 0;
}

static struct test_kernel made_up = {
	.send = take_request, .receive = answer, .subscribe = nothing, .wait = nothing,
};

/* In the place of a file */
#define CLOSED	(-1)

/* What a command prints on the standard error, and why it fails; to be freed */
static char *run(const struct command *c, int in, int out, char **words, int *status)
{
	struct context ctx = { 0 };
	FILE *file = tmpfile();
	pid_t pid;
	int n = 0;

	while (words[n])
		n++;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(in, STDIN_FILENO);
		dup2(fileno(file), STDERR_FILENO);
		if (out == CLOSED)
			close(STDOUT_FILENO);
		else
			dup2(out, STDOUT_FILENO);
		test_kernel = &made_up;
		ctx.nl = nl_new();
		ctx.nl->family = FAMILY;
		ctx.nl->genl = mnl_socket_open2(NETLINK_GENERIC, 0);
		for (size_t i = 0; i < GROUPS; i++)
			ctx.nl->groups[i] = 1;
		*status = c->fn(&ctx, n, words);
		fprintf(stderr, "%s\n", *status ? ctx.err.text : "good");
		_exit(*status);
	}
	waitpid(pid, status, 0);
	*status = WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
	memset(&kernel, 0, sizeof(kernel));
	made_up.lock_error = 0;
	return take_text(file);
}

/* Whether it fails with all of that, or is good with NULL */
static bool says(const struct command *c, int in, int out, char **words, const char *said,
		 const char *more)
{
	int status;
	char *text = run(c, in, out, words, &status);
	bool good = status == RES_REFUSED && strstr(text, said) && strstr(text, more ?: "");

	if (!good)
		printf("# %d %.2000s\n", status, text);
	free(text);
	return good;
}

#define WORDS(...)	((char *[]) { __VA_ARGS__, NULL })

static int null_fd;
static char file_name[] = "/tmp/mtctl-test-XXXXXX";

static void write_file(const char *text)
{
	FILE *file = fopen(file_name, "w");

	fputs(text, file);
	fclose(file);
}

/* ---- apply ---- */

static bool apply_says(const char *file, bool prune, const char *said, const char *more)
{
	/* Who is not root has none. */
	made_up.lock_error = EACCES;
	write_file(file);
	return says(apply_commands, null_fd, null_fd,
		    WORDS("-f", file_name, prune ? "-prune" : NULL), said, more);
}

static void refuse_from(uint8_t cmd, unsigned int from, unsigned int n)
{
	size_t i = 0;

	while (kernel.refusals[i].n)
		i++;
	kernel.refusals[i] = (struct refusal) { FAMILY, cmd, from, n, 0 };
}

#define T(name, remote, more) \
	name ": {local: 192.0.2.1, remote: " remote more "}"

static void test_apply(void)
{
	static const char two[] =
		"tunnels: {" T("a", "192.0.2.2", "") "," T("b", "192.0.2.3", "") "}";
	static const char filtered[] =
		"tunnels: {" T("t0", "10.0.0.0", ", up: on, filter: {allow-src-rx: 10.0.0.0/8}") ","
		T("t1", "10.0.0.1", ", ttl: 9") "}";

	refuse_from(MTUN_CMD_TUNNEL_NEW, 1, 1);
	check(apply_says(two, false,
			 "tunnel b: name b: Device or resource busy; what was done before has been undone\n",
			 "without the lock against a second mtctl apply, which is root's"),
	      "apply: undone, and without a lock");
	refuse_from(MTUN_CMD_TUNNEL_NEW, 1, 1);
	refuse_from(MTUN_CMD_TUNNEL_DEL, 0, 1);
	check(apply_says(two, false,
			 "mtctl apply: tunnel a was added, and that cannot be undone",
			 "; see above for what could not be undone\n"), "apply: cannot be undone");

	kernel.tunnels = 2;
	refuse_from(MTUN_CMD_TUNNEL_SET, 1, 2);
	check(apply_says(filtered, false,
			 "mtctl apply: tunnel t0 was changed, and that cannot be undone, nor what else was done to the tunnel: ",
			 "; see above for what could not be undone\n"),
	      "apply: a filter stays where its tunnel may be up");

	kernel.tunnels = 2;
	refuse_from(MTUN_CMD_TUNNEL_DEL, 0, 1);
	check(apply_says("{}", true, "Device or resource busy; nothing is changed\n", NULL),
	      "apply: several that cannot be deleted");
	kernel.tunnels = TUNNELS;
	refuse_from(MTUN_CMD_TUNNEL_DEL, 1, 1);
	check(apply_says("{}", true,
			 "mtctl apply: tunnel t999 was removed and made again: it has lost its addresses and routes\n",
			 "; what was done before has been undone\n"),
	      "apply: more than are deleted at once");
}

/* ---- steer ---- */

static void test_steer(void)
{
	write_file("tunnels: {"
		   T("t0", "10.0.0.0",
		     ", steer: {routes: [\"2001:db8::/32\", 10.0.0.0/8], metric: 100}") ","
		   T("t1", "10.0.0.1",
		     ", steer: {routes: [\"2001:db8::/32\", 10.0.0.0/8], metric: 100}") "}");
	kernel.refusals[0] = (struct refusal) { RTM_GETROUTE, 0, 0, 100, 0 };
	check(says(steer_commands, null_fd, null_fd, WORDS("-once", "-f", file_name),
		   "mtctl steer: routes dev t0: Device or resource busy\n",
		   "mtctl steer: routes dev t1: Device or resource busy\n"),
	      "steer: routes that cannot be read");
	kernel.routes = true;
	check(says(steer_commands, null_fd, null_fd, WORDS("-once", "-f", file_name),
		   "mtctl steer: 2001:db8::/32 dev t0: the one with metric 100 is by a nexthop object",
		   "not all routes have the metric that they should have\n"),
	      "steer: a route in the way is looked for again, for each tunnel");
}

/* ---- ipsec ---- */

static void test_ipsec_show(void)
{
	int status;
	char *text;

	text = run(ipsec_commands, null_fd, null_fd, WORDS("t0"), &status);
	check(status == RES_USAGE && strstr(text, "packets of t0 are not in IPsec"),
	      "ipsec show: a tunnel in clear");
	free(text);
	kernel.refusals[0] = (struct refusal) { XFRM_MSG_GETSA, 0, 0, 1, 0 };
	check(says(ipsec_commands, null_fd, null_fd, WORDS(NULL), "Device or resource busy", NULL),
	      "ipsec show: states that are not told");
}

static const struct command *const replicate = &ipsec_commands[2];

static void test_send(void)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	check(says(replicate, null_fd, CLOSED, WORDS("t0"),
		   "the standard output: Bad file descriptor", NULL), "replicate: no output");
	kernel.anycast = true;
	check(says(replicate, null_fd, full, WORDS("t0"),
		   "cannot write the states: No space left on device", NULL),
	      "replicate: no room");
	kernel.anycast = true;
	kernel.changing = true;
	check(says(replicate, null_fd, null_fd, WORDS("t0"),
		   "states changed while they were read, 10 times: try again", NULL),
	      "replicate: states that always change");
	close(full);
}

/* Which hands on what it is told to whoever may read it */
static void test_journal(void)
{
	struct stat st;
	char name[48], *text;
	int ends[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || fstat(ends[0], &st))
		abort();
	snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", name, 1);
	text = run(replicate, null_fd, ends[0], WORDS("t0"), &status);
	check(status == RES_USAGE && strstr(text, "keys are no text for the journal"),
	      "replicate: to the journal");
	free(text);
	unsetenv("JOURNAL_STREAM");
	close(ends[0]);
	close(ends[1]);
}

static bool take_says(const char *line, size_t n, size_t times, const char *said)
{
	FILE *in = tmpfile();
	bool good;

	while (times--)
		fwrite(line, 1, n, in);
	fflush(in);
	rewind(in);
	made_up.lock_error = EACCES;
	good = says(replicate, fileno(in), null_fd, WORDS("-apply"), said, NULL);
	fclose(in);
	return good;
}

static void test_take(void)
{
	int directory = open("/proc", O_RDONLY | O_CLOEXEC);

	made_up.lock_error = EACCES;
	check(says(replicate, directory, null_fd, WORDS("-apply"),
		   "the standard input: Is a directory", NULL), "replicate: no input");
	check(take_says("mtun-ipsec 2\n", 13, 1, "it ends in the middle"), "replicate: half");
	check(take_says("mtun-ipsec 2\0x\n", 15, 1, "this is not what"),
	      "replicate: a line that ends before it ends");
	check(take_says("x", 1, 8191, "it ends in the middle"), "replicate: a long line");
	check(take_says("x", 1, 8192, "a line is longer than 8192 bytes"),
	      "replicate: a line that is too long");
	close(directory);
}

void test_cmd(void)
{
	close(mkstemp(file_name));
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	test_apply();
	test_steer();
	test_ipsec_show();
	test_send();
	test_journal();
	test_take();
	close(null_fd);
	unlink(file_name);
}
