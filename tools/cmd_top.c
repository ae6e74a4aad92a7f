// SPDX-License-Identifier: GPL-2.0
/* "mtctl top": what tunnels carry, as it happens. */
#include <ctype.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>

#include "cmd.h"
#include "capture_filter.h"
#include "nl.h"
#include "top.h"

enum { OPT_ONCE, OPT_INTERVAL, OPT_BY, OPT_JSON };

static const struct option_desc options[] = {
	{ "once", "o", "", NULL, OPT_ONCE },
	{ "interval", "i", "SECONDS", NULL, OPT_INTERVAL },
	{ "by", "b", "WHAT", NULL, OPT_BY },
	{ "json", "j", "", NULL, OPT_JSON },	/* also before "top" */
	{ NULL }
};

/* What goes on between the kernel, the view and the keyboard */
struct live {
	struct context *ctx;
	struct top top;
	struct gathered gathered;	/* since the last reading */
	struct tunnels was;
	struct capture_filter *filter;
	char expression[256];	/* of the filter */
	bool asking;		/* for one: what is typed goes into typed */
	char typed[256];
	struct error note;
	double interval;
	bool once;
	bool listening;
	int signals;		/* readable when it is time to end, or -1 */
	bool stopped;
};

/* The screen has to be left as it was, whatever is to end or stop us. */
static int hold_signals(sigset_t *before)
{
	static const int held[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		sigaddset(&set, held[i]);
	sigprocmask(SIG_BLOCK, &set, before);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Those that have come have done what they were for. */
static void let_signals(int fd, const sigset_t *before)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) > 0)
		;
	close(fd);
	sigprocmask(SIG_SETMASK, before, NULL);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void add_sample(const struct sample *s, void *data)
{
	struct live *live = data;
	struct top *top = &live->top;
	struct packet p;
	struct text key;

	if (top->paused || !capture_filter_passes(live->filter, s))
		return;
	p = packet_parse(s->data, s->data_len);
	live->gathered.samples++;
	if (talkers_key(top->by, s, &p, &key))
		talkers_add(&live->gathered.talkers, &key, s);
}

static void gather_anew(struct live *live)
{
	talkers_clear(&live->gathered.talkers);
	live->gathered.samples = 0;
	live->gathered.since = now();
}

static void show_gathered(struct live *live)
{
	struct gathered was = live->top.shown;

	live->top.shown = live->gathered;
	live->top.shown.seconds = now() - live->gathered.since;
	live->gathered = was;
	gather_anew(live);
}

/* What is shown are no talkers of the kind that is asked for. */
static void forget_talkers(struct live *live)
{
	talkers_clear(&live->top.shown.talkers);
	live->top.shown.samples = 0;
	gather_anew(live);
}

static enum result read_counters(struct live *live, struct tunnels *ts)
{
	bool incomplete;
	enum result res;

	res = nl_tunnel_dump(live->ctx->nl, ts, &incomplete, &live->ctx->err);
	return incomplete ? RES_OK : res;
}

static enum result read_health(struct live *live, struct healths *hs)
{
	bool incomplete;
	enum result res;

	res = nl_health_dump(live->ctx->nl, hs, &incomplete, &live->ctx->err);
	return incomplete ? RES_OK : res;
}

static enum result update(struct live *live)
{
	struct healths healths = { 0 };
	struct tunnels is = { 0 };
	enum result res;

	res = read_counters(live, &is) ?: read_health(live, &healths);
	if (res) {
		healths_free(&healths);
		tunnels_free(&is);
		return res;
	}
	live->top.seconds = is.when - live->was.when;
	rates_update(&live->top.rates, &live->was, &is, live->top.seconds);
	rates_set_health(&live->top.rates, &healths);
	healths_free(&healths);
	rates_sort(&live->top.rates, live->top.sort);
	tunnels_free(&live->was);
	live->was = is;
	return RES_OK;
}

/* Screen */

static struct termios usual;

static void leave_screen(void)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &usual);
	fputs("\033[?7h\033[?25h\033[?1049l", stdout);
	fflush(stdout);
}

static enum result enter_screen(struct error *err)
{
	struct termios raw;

	if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &usual))
		return refuse(err, RES_USAGE,
			      "needs a terminal; for scripts there is -once");
	raw = usual;
	raw.c_lflag &= ~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	/* What is wider than the terminal is cut: a line is to be one row. */
	fputs("\033[?1049h\033[?25l\033[?7l", stdout);
	return RES_OK;
}

static void draw(const struct live *live)
{
	struct winsize size = { 0 };
	char *text = NULL, *line, *rest;
	size_t len, row = 0;
	FILE *memory = open_memstream(&text, &len);

	if (!memory)
		return;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
		size.ws_row = 24;
	print_top(memory, &live->top, size.ws_row - 1);
	fclose(memory);
	fputs("\033[H", stdout);
	for (rest = text; (line = strsep(&rest, "\n")) && rest &&
	     row + 1 < size.ws_row; row++)
		printf("%s\033[K\n", line);
	printf("\033[J\033[%u;1H", size.ws_row);
	if (live->asking)
		printf("filter: %s", live->typed);
	else
		printf("q quit  t tunnels/talkers  s sort  p pause  / filter");
	fflush(stdout);
	free(text);
}

static void listen_to_samples(struct live *live)
{
	if (live->listening)
		return;
	live->listening = !nl_samples_subscribe(live->ctx->nl, &live->note);
	live->top.note = live->listening ? "" : live->note.text;
}

static void set_filter(struct live *live)
{
	char *words[] = { live->typed };
	struct capture_filter *f = NULL;

	live->asking = false;
	live->top.note = "";
	if (capture_filter_new(*live->typed ? 1 : 0, words, &f, &live->note)) {
		live->top.note = live->note.text;
		return;
	}
	capture_filter_free(live->filter);
	live->filter = f;
	strcpy(live->expression, live->typed);
	forget_talkers(live);
}

static void type(struct live *live, char c)
{
	size_t len = strlen(live->typed);

	if (c == '\n' || c == '\r')
		set_filter(live);
	else if (c == 27)
		live->asking = false;
	else if ((c == 8 || c == 127) && len)
		live->typed[len - 1] = '\0';
	else if (isprint((unsigned char)c) && len + 1 < sizeof(live->typed))
		live->typed[len] = c;
}

static void press(struct live *live, char c)
{
	struct top *top = &live->top;

	switch (c) {
	case 'q':
		live->stopped = true;
		break;
	case 't':
		top->talk = !top->talk;
		listen_to_samples(live);
		gather_anew(live);
		break;
	case 's':
		if (top->talk) {
			top->by = (top->by + 1) % BY_MAX;
			forget_talkers(live);
		} else {
			top->sort = (top->sort + 1) % RATE_MAX;
			rates_sort(&top->rates, top->sort);
		}
		break;
	case 'p':
		top->paused = !top->paused;
		gather_anew(live);
		break;
	case '/':
		live->asking = true;
		memset(live->typed, 0, sizeof(live->typed));
		break;
	}
}

static void read_keys(struct live *live)
{
	char keys[32];
	ssize_t n = read(STDIN_FILENO, keys, sizeof(keys));

	if (n <= 0)
		live->stopped = true;
	for (ssize_t i = 0; i < n; i++) {
		if (live->asking)
			type(live, keys[i]);
		else
			press(live, keys[i]);
	}
	draw(live);
}

/* Reads samples, and keys if there are any, until it is time. */
static enum result wait_until(struct live *live, double when)
{
	struct nl *nl = live->ctx->nl;
	struct pollfd fds[] = {
		{ .fd = live->once ? -1 : STDIN_FILENO, .events = POLLIN },
		{ .events = POLLIN },
		{ .fd = live->signals, .events = POLLIN },
	};
	enum result res = RES_OK;
	double left;

	while (!res && !live->stopped && (left = when - now()) > 0) {
		fds[1].fd = live->listening ? nl_samples_fd(nl) : -1;
		if (poll(fds, ARRAY_SIZE(fds), 1000 * left + 1) <= 0)
			continue;
		live->stopped |= fds[2].revents;
		if (fds[1].revents)
			res = nl_samples_read(nl, 0, add_sample, live,
					      &live->top.lost,
					      &live->ctx->err);
		if (fds[0].revents)
			read_keys(live);
	}
	return res;
}

static enum result run(struct live *live)
{
	enum result res = RES_OK;

	gather_anew(live);
	while (!res && !live->stopped) {
		res = wait_until(live, now() + live->interval);
		if (res || live->stopped)
			break;
		if (!live->top.paused) {
			show_gathered(live);
			res = update(live);
		}
		if (res || live->once)
			break;
		draw(live);
	}
	return res;
}

static enum result parse_by(struct live *live, const char *word,
			    struct error *err)
{
	for (size_t i = 0; i < BY_MAX; i++) {
		if (!strcmp(word, talkers_by_names[i].name)) {
			live->top.talk = true;
			live->top.by = i;
			return RES_OK;
		}
	}
	for (size_t i = 0; i < RATE_MAX; i++) {
		if (!strcmp(word, rates_by_names[i])) {
			live->top.talk = false;
			live->top.sort = i;
			return RES_OK;
		}
	}
	return refuse(err, RES_USAGE,
		      "-by %s: give bits, packets, drops or name; or, for talkers, source, destination, source-port, port, protocol, flags, size or reason",
		      word);
}

static enum result parse(struct live *live, int argc, char **argv,
			 struct error *err)
{
	struct option_words words = { .argc = argc, .argv = argv };
	const struct option_desc *d;
	enum result res = RES_OK;
	const char *value;
	char *end;
	int i;

	while (!res && words.at < argc && argv[words.at][0] == '-') {
		d = read_option(options, &words, &value, err);
		if (!d)
			return RES_USAGE;
		switch (d->option) {
		case OPT_ONCE:
			live->once = true;
			break;
		case OPT_INTERVAL:
			live->interval = strtod(value, &end);
			if (*end || !(live->interval >= 0.1) ||
			    live->interval > 3600)
				return refuse(err, RES_USAGE,
					      "-interval %s: give 0.1 to 3600 seconds",
					      value);
			break;
		case OPT_JSON:
			live->ctx->opt.json = true;
			break;
		case OPT_BY:
			res = parse_by(live, value, err);
			break;
		}
	}
	if (res)
		return res;
	i = words.at;
	if (i < argc && live->once && !live->top.talk)
		return refuse(err, RES_USAGE,
			      "\"%s\": a filter is for talkers: give -by source, or another order of theirs, before it",
			      argv[i]);
	for (int word = i; word < argc; word++)
		snprintf(live->expression + strlen(live->expression),
			 sizeof(live->expression) - strlen(live->expression),
			 "%s%s", word > i ? " " : "", argv[word]);
	return capture_filter_new(argc - i, argv + i, &live->filter, err);
}

/* On a screen, until somebody or something ends it */
static enum result run_on_screen(struct live *live)
{
	sigset_t before;
	enum result res;

	live->signals = hold_signals(&before);
	res = enter_screen(&live->ctx->err);
	if (!res) {
		res = run(live);
		leave_screen();
	}
	let_signals(live->signals, &before);
	return res;
}

static enum result top(struct context *ctx, int argc, char **argv)
{
	struct live live = { .ctx = ctx, .interval = 2, .signals = -1,
			     .top.note = "" };
	const bool json = ctx->opt.json;	/* as the rest of a batch has it */
	enum result res;

	live.top.filter = live.expression;
	res = parse(&live, argc, argv, &ctx->err);
	if (!res && live.top.talk) {
		res = nl_samples_subscribe(ctx->nl, &ctx->err);
		live.listening = !res;
	}
	if (!res)
		res = read_counters(&live, &live.was);
	if (!res)
		res = live.once ? run(&live) : run_on_screen(&live);
	if (!res && live.once && ctx->opt.json)
		print_top_json(&live.top, &ctx->opt);
	else if (!res && live.once)
		print_top(stdout, &live.top, 0);
	ctx->opt.json = json;
	capture_filter_free(live.filter);
	talkers_free(&live.top.shown.talkers);
	talkers_free(&live.gathered.talkers);
	rates_free(&live.top.rates);
	tunnels_free(&live.was);
	return res;
}

const struct command top_commands[] = {
	{ "live", top, "[-once] [-interval SECONDS] [-by WHAT] [FILTER]",
	  "show what tunnels carry a second, and who talks most",
	  "  -once              print one reading, and with -j as JSON, for scripts\n"
	  "  -interval SECONDS  of a reading (default 2)\n"
	  "  -by WHAT           tunnels by bits, packets, drops or name; or talkers, by\n"
	  "                     source, destination, source-port, port, protocol,\n"
	  "                     flags, size, or the reason of drops\n"
	  "  FILTER             of talkers, as tcpdump takes it (pcap-filter(7)); with -once\n"
	  "                     they have to be asked for by -by\n"
	  "Keys: t switches between tunnels and talkers, s to the next order, p pauses,\n"
	  "/ asks for a filter, q quits. HEALTH is - where it is not watched (mtctl health\n"
	  "set). Tunnels are counted exactly; talkers are estimated from samples (mtctl\n"
	  "tunnel set mt0 sample 1000), and the error is\n"
	  "less than what is shown 19 times of 20.\n"
	  "\n"
	  "  mtctl top\n"
	  "  mtctl top -by destination udp\n"
	  "  mtctl -j top -once -by source dst net 203.0.113.0/24\n" },
	{ NULL }
};
