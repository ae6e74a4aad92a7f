// SPDX-License-Identifier: GPL-2.0
/* "mtctl ipsec replicate": states of a tunnel for the other nodes that serve it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "args.h"
#include "cmd.h"
#include "netns_file.h"
#include "nl.h"
#include "output.h"
#include "print.h"
#include "replica.h"

#define SNAPSHOT_TRIES	10
#define SETTLE_US	5000	/* changes that come together are one */
#define LINE_MAX_BYTES	8192

enum option { OPT_FOLLOW, OPT_APPLY };

static const struct option_desc options[] = {
	{ "follow", "f", "", NULL, OPT_FOLLOW },
	{ "apply", "a", "", NULL, OPT_APPLY },
	{ NULL }
};

struct job {
	const char **names;
	size_t n;
	bool follow;
	bool apply;
};

static enum result parse(int argc, char **argv, struct job *job,
			 struct error *err)
{
	struct option_words words = { .argc = argc, .argv = argv };
	const struct option_desc *d;
	char ifname[IFNAMSIZ];

	while (words.at < argc) {
		if (argv[words.at][0] != '-') {
			if (parse_tunnel_name(argc - words.at, argv + words.at, NULL,
					      ifname, err))
				return RES_USAGE;
			job->names[job->n++] = argv[words.at++];
			continue;
		}
		d = read_option(options, &words, NULL, err);
		if (!d)
			return RES_USAGE;
		if (d->option == OPT_FOLLOW)
			job->follow = true;
		else
			job->apply = true;
	}
	if (job->apply && (job->n || job->follow))
		return refuse(err, RES_USAGE,
			      "-apply takes what comes, and nothing besides: names and -follow are for the other end");
	if (!job->apply && !job->n)
		return refuse(err, RES_USAGE,
			      "name the tunnels, or give -apply where their states come in");
	return RES_OK;
}

/* ---- writing ---- */

static enum result check_output(struct error *err)
{
	struct stat st;

	if (isatty(STDOUT_FILENO))
		return refuse(err, RES_USAGE,
			      "keys are no text for a terminal: pipe them into \"ssh NODE mtctl ipsec replicate -apply\"");
	if (fstat(STDOUT_FILENO, &st))
		return refuse(err, RES_REFUSED, "the standard output: %s",
			      strerror(errno));
	/* The variable is not there behind sudo, nor in systemd-cat. */
	if (output_is_journal(&st, getenv("JOURNAL_STREAM")) ||
	    output_is_connected(STDOUT_FILENO, "/run/systemd"))
		return refuse(err, RES_USAGE,
			      "keys are no text for the journal: pipe them into \"ssh NODE mtctl ipsec replicate -apply\"");
	if ((S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode)) && st.st_mode & 077)
		return refuse(err, RES_USAGE,
			      "others may read the file that keys would go to: make it anew behind \"umask 077\"");
	if (S_ISREG(st.st_mode) && st.st_uid && st.st_uid != geteuid())
		return refuse(err, RES_USAGE,
			      "the file that keys would go to is another user's: make it anew, as root");
	return RES_OK;
}

static enum result write_all(const struct secret *text, struct error *err)
{
	size_t done = 0;
	ssize_t n;

	/* not by stdio, which keeps copies */
	while (done < text->n) {
		n = write(STDOUT_FILENO, text->s + done, text->n - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(err, RES_REFUSED,
				      "cannot write the states: %s",
				      strerror(errno));
		done += n;
	}
	return RES_OK;
}

static enum result now(struct replica_made *made, struct error *err)
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	struct timespec t;
	ssize_t n = -1;

	if (fd >= 0) {
		n = read(fd, made->boot, sizeof(made->boot) - 1);
		close(fd);
	}
	if (n <= 0 || clock_gettime(CLOCK_BOOTTIME, &t))
		return refuse(err, RES_REFUSED,
			      "/proc/sys/kernel/random/boot_id: %s",
			      strerror(errno));
	made->boot[strcspn(made->boot, "\n")] = '\0';
	made->ns = t.tv_sec * 1000000000ull + t.tv_nsec;
	return RES_OK;
}

/*
 * All that they have, at one moment: nothing has changed while it was read. Or @torn, if
 * something has each time, and the next one follows at once.
 */
static enum result snapshot(struct context *ctx, const struct job *job,
			    struct replicas *rs, bool *torn)
{
	enum result res = RES_OK;
	struct tunnel t;

	for (int try = 0; try < SNAPSHOT_TRIES; try++) {
		replicas_free(rs);
		nl_replicas_changed(ctx->nl);
		/* From here on, what changes is noticed: so it is what there was now. */
		res = now(&rs->made, &ctx->err);
		for (size_t i = 0; !res && i < job->n; i++) {
			t = (struct tunnel) { 0 };
			res = nl_tunnel_get(ctx->nl, job->names[i], &t,
					    &ctx->err) ?:
			      replica_of(&t, replicas_add(rs), &ctx->err);
		}
		res = res ?: replicas_apart(rs, &ctx->err) ?:
		      nl_replicas_read(ctx->nl, rs, &ctx->err);
		*torn = !res && nl_replicas_changed(ctx->nl);
		if (!*torn)
			break;
		usleep(1000u << try);
		if (try == SNAPSHOT_TRIES - 1 && !job->follow)
			return refuse(&ctx->err, RES_REFUSED,
				      "states changed while they were read, %d times: try again",
				      SNAPSHOT_TRIES);
	}
	for (size_t i = 0; !res && i < rs->n; i++)
		res = replica_check(&rs->v[i], &ctx->err);
	return res;
}

/* Unless it is what was written last */
static enum result write_changes(struct context *ctx, const struct job *job,
				 struct secret *last, bool *torn)
{
	struct secret text = { 0 }, ageless = { 0 };
	struct replicas rs = { 0 };
	enum result res;

	res = snapshot(ctx, job, &rs, torn);
	if (res)
		goto out;
	replicas_write(&rs, false, &ageless);
	if (last->n == ageless.n && !memcmp(last->s, ageless.s, last->n))
		goto out;
	replicas_write(&rs, true, &text);
	res = write_all(&text, &ctx->err);
	secret_free(last);
	*last = ageless;
	ageless = (struct secret) { 0 };
out:
	replicas_free(&rs);
	secret_free(&text);
	secret_free(&ageless);
	return res;
}

static enum result replicate(struct context *ctx, const struct job *job)
{
	struct secret last = { 0 };
	bool torn = false;
	enum result res;

	res = check_output(&ctx->err) ?: nl_replicas_watch(ctx->nl, &ctx->err);
	if (res)
		return res;
	do {
		res = write_changes(ctx, job, &last, &torn);
		if (res || !job->follow)
			break;
		output_wait(nl_replicas_fd(ctx->nl), torn ? 0 : -1);
		usleep(SETTLE_US);
	} while (output_is_read());
	secret_free(&last);
	return res;
}

/* ---- taking ---- */

/* What is sent is for a tunnel that is here and that is the same one. */
static enum result adopt(struct context *ctx, struct replica *shall,
			 struct replica *here)
{
	struct tunnel t = { 0 };
	enum result res;

	res = nl_tunnel_get(ctx->nl, shall->ifname, &t, &ctx->err) ?:
	      replica_of(&t, here, &ctx->err);
	if (res)
		return res;
	if (!replica_is_same(shall, here))
		return refuse(&ctx->err, RES_REFUSED,
			      "%s has another mode, local or remote there than here: it has to be the same tunnel",
			      shall->ifname);
	replica_set_if_id(shall, here->if_id);
	return replica_check(shall, &ctx->err);
}

/* Signals wait until it is done: half of it would be worse than any. */
static enum result apply_plan(struct context *ctx, const struct replica_plan *plan)
{
	enum result res;
	sigset_t all, was;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &was);
	res = nl_replicas_apply(ctx->nl, plan, &ctx->err);
	sigprocmask(SIG_SETMASK, &was, NULL);
	return res;
}

/*
 * The notes of which block was taken last, locked: one after another, as each looks at what
 * the one before it has made. Whoever tidies up may have removed the file since the last
 * time.
 */
static enum result open_notes(int *fd, struct error *err)
{
	enum result res = netns_file_open("replicate",
					  "the notes of which block came last",
					  fd, err);

	if (!res && *fd >= 0 && flock(*fd, LOCK_EX))
		res = refuse(err, RES_REFUSED, "the notes of which block came last: %s",
			     strerror(errno));
	return res;
}

/* A block, of which all is looked at before anything is done */
static enum result take_block(struct context *ctx, __u64 since,
			      struct replicas *shall)
{
	struct replica_plan plan = { 0 };
	struct replicas here = { 0 };
	enum result res;
	int notes;

	res = open_notes(&notes, &ctx->err);
	for (size_t i = 0; i < shall->n; i++)
		replicas_add(&here);
	for (size_t i = 0; !res && i < shall->n; i++)
		res = adopt(ctx, &shall->v[i], &here.v[i]);
	res = res ?: replicas_apart(&here, &ctx->err) ?:
	      nl_replicas_read(ctx->nl, &here, &ctx->err);
	for (size_t i = 0; !res && i < here.n; i++)
		res = replica_check_keys(&here.v[i], &ctx->err);
	if (!res) {
		for (size_t i = 0; i < shall->n; i++)
			replica_plan(&here.v[i], &shall->v[i], &plan);
		replica_plan_sort(&plan);
		if (notes >= 0)
			res = replica_last(notes, shall, since, &ctx->err);
	}
	if (!res)
		res = apply_plan(ctx, &plan);
	if (notes >= 0)
		close(notes);
	if (!res)
		print_replicated(shall, &plan, &ctx->opt);
	free(plan.v);
	replicas_free(&here);
	return res;
}

static enum result take_line(struct context *ctx, __u64 since,
			     struct replica_parser *parser, char *line)
{
	enum result res;
	bool complete;

	res = replica_parse(parser, line, &complete, &ctx->err);
	if (res || !complete)
		return res;
	res = take_block(ctx, since, &parser->rs);
	replicas_free(&parser->rs);
	return res;
}

static enum result take(struct context *ctx)
{
	struct replica_parser parser = { 0 };
	char buf[LINE_MAX_BYTES + 1], *end;
	struct replica_made begun = { 0 };
	bool any = false;
	enum result res;
	size_t n = 0;
	ssize_t got;

	res = now(&begun, &ctx->err);
	while (!res) {
		got = read(STDIN_FILENO, buf + n, LINE_MAX_BYTES - n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			res = refuse(&ctx->err, RES_REFUSED,
				     "the standard input: %s", strerror(errno));
		if (got <= 0)
			break;
		n += got;
		while (!res && (end = memchr(buf, '\n', n))) {
			*end = '\0';
			/* which is not to end before it ends */
			if (strlen(buf) != (size_t)(end - buf))
				*buf = '\0';
			any = true;
			res = take_line(ctx, begun.ns, &parser, buf);
			n -= end + 1 - buf;
			memmove(buf, end + 1, n);
		}
		if (!res && n == LINE_MAX_BYTES)
			res = refuse(&ctx->err, RES_REFUSED,
				     "a line is longer than %u bytes: this is not what \"mtctl ipsec replicate\" writes",
				     LINE_MAX_BYTES);
	}
	if (!res && (parser.begun || n))
		res = refuse(&ctx->err, RES_REFUSED,
			     "it ends in the middle: nothing of the last block was taken");
	else if (!res && !any)
		res = refuse(&ctx->err, RES_REFUSED,
			     "nothing came: did the other end say why?");
	explicit_bzero(buf, sizeof(buf));
	replica_parser_free(&parser);
	return res;
}

enum result ipsec_replicate(struct context *ctx, int argc, char **argv)
{
	struct job job = { .names = allocate(argc, sizeof(*job.names)) };
	enum result res;

	/*
	 * No keys in a core file, and nobody to look by ptrace(): they may come from
	 * standard input before there is a socket.
	 */
	prctl(PR_SET_DUMPABLE, 0);
	res = parse(argc, argv, &job, &ctx->err);
	if (!res)
		res = job.apply ? take(ctx) : replicate(ctx, &job);
	free(job.names);
	return res;
}
