// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that go on, against a kernel and a clock that are made up: both are in the
 * place of functions of libraries, and time passes only where a command waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cmd.h"
#include "nl_core.h"
#include "test.h"
#include "test_kernel.h"

#define SECOND	1000000000ull
#define EPOCH	(1800000000 * SECOND)
#define FAMILY	(NLMSG_MIN_TYPE + 20)

/* Numbers that no file has */
#define SAMPLES_FD	1000000
#define OTHER_FD	1000001

/* In the place of a file to print to */
#define UNTIL_GONE	(-1)

#define INTERVAL	1000
#define LENGTH		1000	/* of each sample */
#define RATE		40	/* samples a second */
#define BYTES		1000	/* a second, of the tunnel */

struct happening {
	double at;		/* seconds */
	enum {
		SAMPLE,		/* one that is taken then */
		LOST,		/* one that nobody gets */
		KEYS,
		INTERRUPT,
		GONE,		/* who reads what is printed */
		HANG_UP,	/* who presses keys */
		END,
	} what;
	const char *keys;
};

static struct {
	uint64_t now;
	struct happening list[1000];
	size_t n;
	uint64_t samples;	/* that have been taken */
	int keyboard;
	int reader;
	double dump_takes;	/* seconds */
	int changes;		/* dumps during which something changes */
	int error;		/* of whatever the kernel is asked for ... */
	double error_at;	/* ... from here on */
	struct nlmsghdr request;
	uint8_t cmd;
	uint64_t bytes;		/* of the tunnel, when it was asked for */
} world;

const struct test_kernel *test_kernel;

static void happen(double at, int what, const char *keys)
{
	world.list[world.n++] = (struct happening) { at, what, keys };
}

static void take_samples(int seconds)
{
	for (int i = 1; i <= seconds * RATE; i++)
		happen((double)i / RATE, SAMPLE, NULL);
}

/* The first thing that has happened by now, and is one of these */
static struct happening *due(bool sample)
{
	for (size_t i = 0; i < world.n; i++) {
		struct happening *h = &world.list[i];

		if (h->at * SECOND <= world.now + 1 &&
		    (h->what == SAMPLE || h->what == LOST) == sample)
			return h;
	}
	return NULL;
}

static void forget(struct happening *h)
{
	world.n--;
	memmove(h, h + 1, (&world.list[world.n] - h) * sizeof(*h));
}

static uint64_t next_time(void)
{
	uint64_t next = UINT64_MAX;

	for (size_t i = 0; i < world.n; i++) {
		uint64_t at = world.list[i].at * SECOND;

		if (at > world.now && at < next)
			next = at;
	}
	return next;
}

static void press_keys(void)
{
	struct happening *h;

	while ((h = due(false))) {
		struct happening is = *h;

		forget(h);
		if (is.what == END) {
			fflush(stdout);
			_exit(0);
		}
		if (is.what == INTERRUPT)
			kill(getpid(), SIGINT);
		else if (is.what == GONE)
			close(world.reader);
		else if (is.what == HANG_UP)
			close(world.keyboard);
		else if (write(world.keyboard, is.keys, strlen(is.keys)) < 0)
			abort();
	}
}

static bool is_ready(struct pollfd *fd)
{
	const struct timespec none = { 0 };

	fd->revents = 0;
	if (fd->fd == SAMPLES_FD && due(true))
		fd->revents = POLLIN;
	else if (fd->fd >= 0 && fd->fd < SAMPLES_FD)
		ppoll(fd, 1, &none, NULL);
	return fd->revents;
}

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	uint64_t end = timeout < 0 ? UINT64_MAX :
				     world.now + timeout * (SECOND / 1000);

	if (test_kernel)
		return test_kernel->wait();
	for (;;) {
		uint64_t next;
		int ready = 0;

		press_keys();
		for (nfds_t i = 0; i < n; i++)
			ready += is_ready(&fds[i]);
		if (ready || world.now >= end)
			return ready;
		next = next_time();
		if (end == UINT64_MAX && next == end)
			abort();	/* nothing will ever happen */
		world.now = next < end ? next : end;
	}
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	uint64_t now = world.now + (clock == CLOCK_REALTIME ? EPOCH : SECOND);

	*t = (struct timespec) { now / SECOND, now % SECOND };
	return 0;
}

int usleep(useconds_t us)
{
	world.now += us * 1000ull;
	return 0;
}

int isatty(int fd)
{
	(void)fd;
	return !test_kernel;
}

int tcgetattr(int fd, struct termios *t)
{
	(void)fd;
	memset(t, 0, sizeof(*t));
	return 0;
}

int tcsetattr(int fd, int when, const struct termios *t)
{
	(void)fd;
	(void)when;
	(void)t;
	return 0;
}

/* Of the whole machine */
int mkdir(const char *path, mode_t mode)
{
	if (!test_kernel || strcmp(path, "/run/mtun"))
		return mkdirat(AT_FDCWD, path, mode);
	errno = test_kernel->lock_error;
	return -1;
}

/* The kernel */

struct mnl_socket {
	int fd;
};

struct mnl_socket *mnl_socket_open2(int bus, int flags)
{
	static struct mnl_socket other = { OTHER_FD };

	(void)bus;
	(void)flags;
	errno = test_kernel ? test_kernel->open_error : EAFNOSUPPORT;
	return errno ? NULL : &other;
}

int mnl_socket_bind(struct mnl_socket *s, unsigned int groups, pid_t pid)
{
	(void)s;
	(void)groups;
	(void)pid;
	errno = test_kernel->bind_error;
	return errno ? -1 : 0;
}

int mnl_socket_close(struct mnl_socket *s)
{
	(void)s;
	return 0;
}

int mnl_socket_get_fd(const struct mnl_socket *s)
{
	return s->fd;
}

int mnl_socket_setsockopt(const struct mnl_socket *s, int type, void *data,
			  socklen_t len)
{
	(void)s;
	(void)data;
	(void)len;
	if (test_kernel)
		return type == NETLINK_ADD_MEMBERSHIP ? test_kernel->subscribe() : 0;
	errno = world.error;
	return errno ? -1 : 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *s, const void *req,
			  size_t len)
{
	(void)s;
	if (test_kernel)
		return test_kernel->send(req);
	memcpy(&world.request, req, sizeof(world.request));
	world.cmd = ((const struct genlmsghdr *)mnl_nlmsg_get_payload(req))->cmd;
	world.bytes = (double)world.now / SECOND * BYTES;
	world.now += world.dump_takes * SECOND;
	return len;
}

static void put_tunnel(struct nlmsghdr *nlh)
{
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	struct nlattr *nest;

	genl->cmd = MTUN_CMD_TUNNEL_NEW;
	mnl_attr_put_u32(nlh, MTUN_A_TUNNEL_IFINDEX, 7);
	mnl_attr_put_strz(nlh, MTUN_A_TUNNEL_IFNAME, "mt0");
	nest = mnl_attr_nest_start(nlh, MTUN_A_TUNNEL_STATS);
	mnl_attr_put_u64(nlh, MTUN_A_STATS_RX_BYTES, world.bytes);
	mnl_attr_nest_end(nlh, nest);
}

/* Answers a dump: there is one tunnel, which nobody watches. */
static ssize_t answer(void *buf)
{
	uint16_t changed = 0;
	struct nlmsghdr *nlh;
	ssize_t len = 0;
	int zero = 0;

	if (world.cmd == MTUN_CMD_TUNNEL_GET) {
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = FAMILY;
		nlh->nlmsg_seq = world.request.nlmsg_seq;
		put_tunnel(nlh);
		len = MNL_ALIGN(nlh->nlmsg_len);
		if (world.changes) {
			world.changes--;
			changed = NLM_F_DUMP_INTR;
		}
	}
	nlh = mnl_nlmsg_put_header((char *)buf + len);
	nlh->nlmsg_type = NLMSG_DONE;
	nlh->nlmsg_flags = changed;
	nlh->nlmsg_seq = world.request.nlmsg_seq;
	memcpy(mnl_nlmsg_put_extra_header(nlh, sizeof(zero)), &zero,
	       sizeof(zero));
	return len + nlh->nlmsg_len;
}

static ssize_t error_answer(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlmsgerr *e;

	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_seq = world.request.nlmsg_seq;
	e = mnl_nlmsg_put_extra_header(nlh, sizeof(*e));
	e->error = -world.error;
	return nlh->nlmsg_len;
}

static void put_sample(struct nlmsghdr *nlh, double at)
{
	uint8_t packet[34] = { 0x45, [9] = IPPROTO_TCP,
			       [12] = 10, 0, 0, 1, 203, 0, 113, 1,
			       [33] = 2 /* SYN */ };
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	struct nlattr *nest;

	genl->cmd = MTUN_CMD_SAMPLES_NTF;
	mnl_attr_put_u32(nlh, MTUN_A_SAMPLES_CPU, 0);
	mnl_attr_put_u64(nlh, MTUN_A_SAMPLES_NUMBER, world.samples);
	nest = mnl_attr_nest_start(nlh, MTUN_A_SAMPLES_SAMPLE);
	mnl_attr_put_u32(nlh, MTUN_A_SAMPLE_IFINDEX, 7);
	mnl_attr_put_u32(nlh, MTUN_A_SAMPLE_INTERVAL, INTERVAL);
	mnl_attr_put_u32(nlh, MTUN_A_SAMPLE_LENGTH, LENGTH);
	mnl_attr_put_u64(nlh, MTUN_A_SAMPLE_TIME, EPOCH + at * SECOND);
	mnl_attr_put(nlh, MTUN_A_SAMPLE_DATA, sizeof(packet), packet);
	mnl_attr_nest_end(nlh, nest);
}

static ssize_t sample(void *buf)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct happening *h;

	while ((h = due(true)) && h->what == LOST) {
		world.samples++;
		forget(h);
	}
	if (!h) {
		errno = EAGAIN;
		return -1;
	}
	nlh->nlmsg_type = FAMILY;
	put_sample(nlh, h->at);
	world.samples++;
	forget(h);
	return nlh->nlmsg_len;
}

/* Samples are what nobody waits for in here. */
ssize_t recvfrom(int fd, void *restrict buf, size_t size, int flags,
		 struct sockaddr *restrict from, socklen_t *restrict from_len)
{
	(void)fd;
	memset(from, 0, sizeof(struct sockaddr_nl));
	*from_len = sizeof(struct sockaddr_nl);
	if (test_kernel)
		return test_kernel->receive(buf, size, flags);
	if (flags & MSG_DONTWAIT)
		return sample(buf);
	return world.error && world.now >= world.error_at * SECOND ? error_answer(buf) :
								      answer(buf);
}

/* Commands */

static int run_here(const struct command *c, bool json, char **words)
{
	struct mnl_socket samples = { SAMPLES_FD }, other = { OTHER_FD };
	struct context ctx = { .opt.json = json, .nl = nl_new() };
	struct nl *nl = ctx.nl;
	int keys[2], n = 0, res;

	if (pipe(keys) || dup2(keys[0], STDIN_FILENO))
		abort();
	world.keyboard = keys[1];
	nl->family = FAMILY;
	nl->genl = &other;
	nl->events = &other;
	nl->samples = &samples;
	for (size_t i = 0; i < GROUPS; i++)
		nl->groups[i] = 1;
	while (words[n])
		n++;
	res = c->fn(&ctx, n, words);
	if (res)
		puts(ctx.err.text);
	return res;
}

/* To a file, or a pipe; its status. What shall happen is used up. */
static int run_to(int out, const struct command *c, bool json, char **words)
{
	int status, res, ends[2];
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		alarm(60);
		signal(SIGINT, SIG_DFL);
		if (out == UNTIL_GONE) {
			if (pipe(ends))
				abort();
			world.reader = ends[0];
			out = ends[1];
		}
		dup2(out, STDOUT_FILENO);
		if (!freopen("/dev/null", "w", stderr))
			abort();
		res = run_here(c, json, words);
		fflush(stdout);
		_exit(res);
	}
	waitpid(pid, &status, 0);
	memset(&world, 0, sizeof(world));
	return status;
}

/* What it has printed, to be freed, and its status */
static char *run(const struct command *c, bool json, char **words, int *status)
{
	FILE *out = tmpfile();

	*status = run_to(fileno(out), c, json, words);
	return take_text(out);
}

#define WORDS(...)	((char *[]) { __VA_ARGS__, NULL })

static void test_lost(const struct command *c, bool json, char **words,
		      const char *shown, const char *what)
{
	char *text;
	int status;

	happen(1, SAMPLE, NULL);
	for (int i = 0; i < 5; i++)
		happen(2, LOST, NULL);
	happen(3, SAMPLE, NULL);
	happen(4, SAMPLE, NULL);
	happen(5, END, NULL);
	text = run(c, json, words, &status);
	check(!status && strstr(text, shown), what);
	free(text);
}

/* Samples of two seconds wait for two more until the first one is looked at. */
static void test_slow(void)
{
	char *text;
	int status;

	take_samples(2);
	happen(60, END, NULL);
	world.now = 4 * SECOND;
	text = run(detect_commands, false, WORDS("syn-flood", "20000"), &status);
	check(!status && strstr(text, "attack start") &&
	      strstr(text, "attack end"), "detect: what waits is not too old");
	free(text);
}

/* It takes its time until the counters are there, and the first ones are not whole. */
static void test_interval(void)
{
	char *text;
	int status;

	world.dump_takes = 0.5;
	world.changes = 2;
	text = run(top_commands, true, WORDS("-once"), &status);
	check(!status && strstr(text, "\"bits_per_second\":8000.0"),
	      "top: from one reading to the next");
	free(text);
}

/* The lines of talkers, and whether all of them have the rate that there is */
static int talkers_shown(char *text, bool *right)
{
	double rate = 8.0 * RATE * INTERVAL * LENGTH / 1000000, shown;
	char *line, *host;
	int n = 0;

	*right = true;
	while ((line = strsep(&text, "\n"))) {
		host = strstr(line, "10.0.0.1 ") ?: strstr(line, "203.0.113.1 ");
		if (!host)
			continue;
		n++;
		*right &= sscanf(host, "%*s %lfM", &shown) == 1 &&
			  shown > 0.9 * rate && shown < 1.1 * rate;
	}
	return n;
}

/* There are readings every two seconds, and something is pressed in between. */
static void test_talkers(void)
{
	bool right;
	char *text;
	int status;

	take_samples(13);
	happen(2.5, KEYS, "p");
	happen(7, KEYS, "p");
	happen(8.5, KEYS, "/");
	happen(8.7, KEYS, "\n");
	happen(10.5, KEYS, "s");
	happen(12.5, KEYS, "t");
	happen(12.8, KEYS, "tq");
	text = run(top_commands, false, WORDS("-by", "source"), &status);
	check(!status && strstr(text, "80 samples\033[K\n") &&
	      strstr(text, "80 samples  \033[33mpaused"),
	      "top: a pause shows what was shown");
	check(strstr(text, "\033[?7l") &&
	      strstr(strstr(text, "\033[?7l"), "\033[?7h"),
	      "top: no line is two rows, until it ends");
	check(talkers_shown(text, &right) >= 9 && right,
	      "top: rates of talkers, whatever is pressed");
	free(text);
}

/* Tunnels are counted, and no filter changes that. */
static void test_filter(void)
{
	char *text;
	int status;

	happen(1, KEYS, "t/udp\n");
	happen(1.5, KEYS, "t");
	happen(3, KEYS, "q");
	text = run(top_commands, false, WORDS(NULL), &status);
	check(!status && strstr(text, "  by source  ") &&
	      !strstr(strstr(text, "  by bits"), "  filter "),
	      "top: no filter where tunnels are shown");
	free(text);
	text = run(top_commands, false, WORDS("-once", "udp"), &status);
	check(WEXITSTATUS(status) == RES_USAGE && strstr(text, "give -by source"),
	      "top: a filter of what is not shown");
	free(text);
}

/* The kernel has a number for it, and no words. */
static void test_error(const struct command *c, int error, const char *text,
		       const char *what)
{
	char *said;
	int status;

	world.error = error;
	said = run(c, false, WORDS(c == top_commands ? "-once" : NULL), &status);
	check(WEXITSTATUS(status) == RES_REFUSED && !strcmp(said, text), what);
	free(said);
}

/* The first reading was good. */
static void test_late_error(void)
{
	char *text;
	int status;

	world.error = ENOMEM;
	world.error_at = 1;
	text = run(top_commands, false, WORDS("-once", "-by", "drops"), &status);
	check(WEXITSTATUS(status) == RES_REFUSED && strstr(text, "Cannot allocate memory"),
	      "top: no second reading");
	free(text);
}

/* What is typed for a filter is taken back, and then nobody is there any more. */
static void test_typing(void)
{
	char *text;
	int status;

	happen(1, KEYS, "t/udq\177p");
	happen(1.5, KEYS, "\033");
	happen(2.5, HANG_UP, NULL);
	text = run(top_commands, false, WORDS("-by", "drops"), &status);
	check(!status && strstr(text, "filter: udp") && !strstr(text, "  filter udp"),
	      "top: a filter that is typed, and not taken");
	free(text);
}

/* Where samples shall go to */
static void test_files(void)
{
	char name[] = "/tmp/mtctl-test-XXXXXX";
	struct stat st = { 0 };
	char *text;
	int status;

	text = run(samples_commands, false, WORDS("-w", "-"), &status);
	check(WEXITSTATUS(status) == RES_USAGE && strstr(text, "-w -: a terminal is no place"),
	      "samples: a terminal");
	free(text);
	text = run(samples_commands, false, WORDS("-w", "/proc/none/x"), &status);
	check(WEXITSTATUS(status) == RES_REFUSED &&
	      !strcmp(text, "/proc/none/x: No such file or directory\n"),
	      "samples: a file that cannot be made");
	free(text);
	close(mkstemp(name));
	test_lost(samples_commands, false, WORDS("-w", name), "", "samples: lost ones, to a file");
	check(!stat(name, &st) && st.st_size > 400, "samples: a file");
	unlink(name);
}

/* A reading that is not over is none. */
static void test_interrupt(void)
{
	char *text;
	int status;

	happen(0.5, INTERRUPT, NULL);
	text = run(top_commands, false, WORDS("-once"), &status);
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT && !*text,
	      "top: -once interrupted");
	free(text);
}

/* There is no end but their own: they find out while they wait, and when they write. */
static void test_unread(const struct command *c, char **words, const char *what)
{
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	happen(2, GONE, NULL);
	check(!run_to(UNTIL_GONE, c, false, words), what);
	happen(1, SAMPLE, NULL);
	happen(2, LOST, NULL);
	happen(3, SAMPLE, NULL);
	if (words[0])
		check(!run_to(full, c, false, words), what);
	memset(&world, 0, sizeof(world));
	close(full);
}

void test_live(void)
{
	test_lost(detect_commands, false, WORDS("syn-flood", "off"),
		  "5 samples were lost", "detect: samples were lost");
	test_lost(detect_commands, true, WORDS("syn-flood", "off"),
		  "{\"lost\":5}\n", "detect: samples were lost, JSON");
	test_lost(monitor_commands, false, WORDS("attacks"),
		  "5 samples were lost", "monitor: samples were lost");
	test_lost(samples_commands, false, WORDS(NULL),
		  "5 samples were lost", "samples: samples were lost");
	test_files();
	test_slow();
	test_talkers();
	test_typing();
	test_late_error();
	test_interval();
	test_filter();
	test_error(top_commands, ENOENT,
		   "mtun.ko was unloaded: start this again when it is loaded\n",
		   "the module is gone");
	test_error(top_commands, EPERM,
		   "not permitted: needs CAP_NET_ADMIN in this network namespace; run it as root\n",
		   "not permitted");
	test_error(monitor_commands, EPERM,
		   "cannot subscribe to config: not permitted: needs CAP_NET_ADMIN in this network namespace; run it as root\n",
		   "not permitted to listen");
	test_interrupt();
	test_unread(monitor_commands, WORDS(NULL), "monitor: nobody reads");
	test_unread(monitor_commands, WORDS("attacks"),
		    "monitor: nobody reads of attacks");
	test_unread(detect_commands, WORDS("syn-flood", "off"),
		    "detect: nobody reads");
}
