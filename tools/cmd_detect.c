// SPDX-License-Identifier: GPL-2.0
/* "mtctl detect": attacks, told from samples. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "conf_file.h"
#include "detect.h"
#include "nl.h"
#include "output.h"
#include "pcapng.h"
#include "print.h"

enum { OPT_FILE, OPT_READ };

static const struct option_desc options[] = {
	{ "file", "f", "FILE", NULL, OPT_FILE },
	{ "read", "r", "FILE", NULL, OPT_READ },
	{ NULL }
};

/* Samples are a tenth of a second late, or twice that where there are many. */
#define LATE_NS		200000000ull
#define WAIT_MS		100

struct watch {
	struct detector *detector;
	const struct options *opt;
	bool recorded;		/* interfaces are of another time */
};

static void tell(const struct attack *a, void *data)
{
	const struct watch *w = data;
	struct sample s = { .ifindex = a->ifindex };

	print_attack(a, w->recorded ? NULL : sample_tunnel(&s).s, w->opt);
}

static void take(const struct sample *s, void *data)
{
	const struct watch *w = data;

	detector_sample(w->detector, s);
}

static enum result read_file(const char *name, struct detection *conf,
			     struct error *err)
{
	struct config config = { 0 };
	enum result res;

	res = load_config(name, &config, err);
	*conf = config.detection;
	config_free(&config);
	return res;
}

static enum result read_words(int argc, char **argv, struct detection *conf,
			      const char **file, const char **recorded,
			      struct error *err)
{
	struct option_words words = { .argc = argc, .argv = argv };
	const struct option_desc *d;
	enum result res = RES_OK;
	const char *word, *value;
	const struct arg *a;
	uint32_t seen = 0;

	while (!res && words.at < argc) {
		word = argv[words.at];
		a = arg_find(detection_kind.args, word);
		if (a) {
			value = ++words.at < argc ? argv[words.at++] : NULL;
			res = arg_read(a, word, value, &seen, conf, err);
			continue;
		}
		if (*word != '-')
			return arg_unknown(detection_kind.args, NULL, word, err);
		d = read_option(options, &words, &value, err);
		if (!d)
			return RES_USAGE;
		if (d->option == OPT_READ && !recorded)
			return refuse(err, RES_USAGE,
				      "%s: what happens now is watched here; a recording is for \"mtctl detect -r\"",
				      word);
		if (d->option == OPT_READ)
			*recorded = value;
		else
			*file = value;
	}
	return res;
}

enum result detection_parse(int argc, char **argv, struct detection *conf,
			    const char **recorded, struct error *err)
{
	const char *file = NULL;
	enum result res;

	res = read_words(argc, argv, conf, &file, recorded, err);
	if (res || !file)
		return res;
	/* What the words say holds, wherever they stand. */
	return read_file(file, conf, err) ?:
	       read_words(argc, argv, conf, &file, recorded, err);
}

enum result watch_begin(struct context *ctx, const struct detection *conf,
			struct watch **w)
{
	*w = allocate(1, sizeof(**w));
	(*w)->opt = &ctx->opt;
	(*w)->detector = detector_new(conf, true, tell, *w);
	return nl_samples_subscribe(ctx->nl, &ctx->err);
}

enum result watch_look(struct context *ctx, struct watch *w, int other,
		       bool *ready)
{
	struct pollfd fds[] = {
		{ .fd = nl_samples_fd(ctx->nl), .events = POLLIN },
		{ .fd = other, .events = POLLIN },
	};
	enum result res = RES_OK;
	uint64_t lost = 0, before = real_time();

	poll(fds, ARRAY_SIZE(fds), WAIT_MS);
	/* While samples wait the time is theirs. */
	if (fds[0].revents)
		res = nl_samples_read(ctx->nl, 0, take, w, &lost, &ctx->err);
	else
		detector_time(w->detector, before - LATE_NS);
	if (lost)
		print_lost_samples(lost, &ctx->opt);
	*ready = fds[1].revents;
	return res;
}

void watch_end(struct watch *w)
{
	if (w)
		detector_free(w->detector);
	free(w);
}

static enum result watch_live(struct context *ctx, const struct detection *conf)
{
	struct watch *w;
	enum result res;
	bool ready;

	res = watch_begin(ctx, conf, &w);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!res)
		fprintf(stderr, "listening for samples\n");
	while (!res && output_is_read())
		res = watch_look(ctx, w, -1, &ready);
	watch_end(w);
	return res;
}

static enum result watch_recorded(struct context *ctx, const char *file,
				  const struct detection *conf)
{
	struct watch w = { .opt = &ctx->opt, .recorded = true };
	enum result res;

	w.detector = detector_new(conf, false, tell, &w);
	res = pcapng_read(file, take, &w, &ctx->err);
	detector_free(w.detector);
	return res;
}

static enum result detect(struct context *ctx, int argc, char **argv)
{
	struct detection conf = detection_defaults;
	const char *recorded = NULL;
	enum result res;

	res = detection_parse(argc, argv, &conf, &recorded, &ctx->err);
	if (res)
		return res;
	return recorded ? watch_recorded(ctx, recorded, &conf) :
			  watch_live(ctx, &conf);
}

const struct command detect_commands[] = {
	{ "attacks", detect, "[-f FILE] [-r FILE] [LIMIT N|off]...",
	  "tell of attacks, from samples, when they begin and end",
	  "  -f FILE            take the limits from a configuration file (detect:);\n"
	  "                     those that are given here hold in their place\n"
	  "  -r FILE            look at what \"mtctl samples -w\" has recorded; - is\n"
	  "                     the standard input\n"
	  "Limits are packets a second to one destination:\n"
	  "  syn-flood N        TCP connection requests (default 10000)\n"
	  "  udp-flood N        UDP, but for amplification (default 50000)\n"
	  "  icmp-flood N       ICMP (default 10000)\n"
	  "  amplification N    UDP from port 53 (dns), 123 (ntp), 389 (cldap), 1900\n"
	  "                     (ssdp), 11211 (memcached) and the like (default 10000)\n"
	  "  fragment-flood N   fragments (default 10000)\n"
	  "  spoof N            what address filters have dropped (default 1000)\n"
	  "  prefix4 N, prefix6 N  bits that make one destination (default 32, 64)\n"
	  "An attack begins when a second has had more than the limit, and ends when\n"
	  "there was less than half of it for five seconds. What comes in and what goes\n"
	  "out counts apart. Tunnels have to sample: at 1 in N, attacks of 20 N packets\n"
	  "a second are seen for sure.\n"
	  "\n"
	  "  mtctl tunnel set mt0 sample-rx 1000\n"
	  "  mtctl detect syn-flood 20000 prefix4 24\n"
	  "  mtctl -j detect -f /etc/mtun/mtun.yaml\n" },
	{ NULL }
};
