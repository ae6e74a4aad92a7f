// SPDX-License-Identifier: GPL-2.0
/* "mtctl samples": packets of tunnels, chosen at random. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "capture_filter.h"
#include "nl.h"
#include "pcapng.h"
#include "print.h"

enum { OPT_WRITE, OPT_COUNT };

static const struct option_desc options[] = {
	{ "write", "w", "FILE", NULL, OPT_WRITE },
	{ "count", "c", "N", NULL, OPT_COUNT },
	{ NULL }
};

struct job {
	const struct options *opt;
	struct capture_filter *filter;
	struct pcapng pcapng;	/* without a file: print */
	uint32_t left;		/* how many to show, if limited */
	bool limited;
};

static void show(const struct sample *s, void *data)
{
	struct job *job = data;

	if (!capture_filter_passes(job->filter, s) || (job->limited && !job->left))
		return;
	job->left--;
	if (job->pcapng.file)
		pcapng_write(&job->pcapng, s, sample_tunnel(s).s);
	else
		print_sample(s, job->opt);
}

static enum result begin_file(struct job *job, const char *name,
			      struct error *err)
{
	FILE *file = stdout;

	if (strcmp(name, "-"))
		file = fopen(name, "we");
	else if (isatty(STDOUT_FILENO))
		return refuse(err, RES_USAGE,
			      "-w -: a terminal is no place for a pcapng file; pipe it into tshark -r -");
	if (!file)
		return refuse(err, RES_REFUSED, "%s: %s", name,
			      strerror(errno));
	pcapng_begin(&job->pcapng, file);
	pcapng_flush(file);	/* finished() and the end of samples() ask whether it could */
	return RES_OK;
}

static enum result parse(struct context *ctx, int argc, char **argv,
			 struct job *job, const char **file)
{
	struct option_words words = { .argc = argc, .argv = argv };
	const struct option_desc *d;
	const char *value;

	while (words.at < argc && argv[words.at][0] == '-') {
		d = read_option(options, &words, &value, &ctx->err);
		if (!d)
			return RES_USAGE;
		if (d->option == OPT_WRITE) {
			*file = value;
		} else {
			job->limited = true;
			if (!parse_u32(value, &job->left) || !job->left)
				return refuse(&ctx->err, RES_USAGE,
					      "-count %s: give a number from 1 on",
					      value);
		}
	}
	return capture_filter_new(argc - words.at, argv + words.at, &job->filter,
				  &ctx->err);
}

static bool finished(const struct job *job)
{
	return (job->limited && !job->left) || ferror(stdout) ||
	       (job->pcapng.file && ferror(job->pcapng.file));
}

static enum result samples(struct context *ctx, int argc, char **argv)
{
	struct job job = { .opt = &ctx->opt };
	const char *file = NULL;
	uint64_t lost = 0, told = 0;
	enum result res;

	res = parse(ctx, argc, argv, &job, &file) ?:
	      nl_samples_subscribe(ctx->nl, &ctx->err);
	if (!res && file)
		res = begin_file(&job, file, &ctx->err);
	if (!res)	/* scripts wait for this line */
		fprintf(stderr, "listening for samples\n");
	while (!res && !finished(&job)) {
		res = nl_samples_read(ctx->nl, -1, show, &job, &lost,
				      &ctx->err);
		if (lost != told && !file)
			print_lost_samples(lost - told, &ctx->opt);
		else if (lost != told)
			fprintf(stderr, "%llu samples were lost\n",
				(unsigned long long)(lost - told));
		told = lost;
		if (file)
			pcapng_flush(job.pcapng.file);
		else
			fflush(stdout);
	}
	if (file && job.pcapng.file && job.pcapng.file != stdout) {
		/* fclose() has forgotten what fflush() could not write. */
		bool bad = ferror(job.pcapng.file);

		if ((fclose(job.pcapng.file) || bad) && !res)
			res = refuse(&ctx->err, RES_REFUSED,
				     "%s: not all could be written: is there room?",
				     file);
	}
	pcapng_free(&job.pcapng);
	capture_filter_free(job.filter);
	return res;
}

const struct command samples_commands[] = {
	{ "show", samples, "[-w FILE] [-count N] [FILTER]",
	  "show packets of tunnels, chosen at random",
	  "  -w FILE    write a pcapng file, or with - a stream, for tshark and others\n"
	  "  -count N   end after so many\n"
	  "  FILTER     as tcpdump takes it (pcap-filter(7)), on the packets inside\n"
	  "One line each, or with -j a JSON object a line, until interrupted. Dropped\n"
	  "packets are among them, with the reason. Nothing is sampled unless a tunnel\n"
	  "says so: mtctl tunnel set mt0 sample 1000. Needs CAP_NET_ADMIN.\n"
	  "\n"
	  "  mtctl samples dst 203.0.113.0/24 and tcp\n"
	  "  mtctl -j samples | jq --unbuffered 'select(.verdict == \"dropped\")'\n"
	  "  mtctl samples -w - | tshark -r - -T fields -e frame.comment -e ip.dst\n" },
	{ NULL }
};
