// SPDX-License-Identifier: GPL-2.0
/* "mtctl apply", "mtctl export" and "mtctl check": configuration files. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "args.h"
#include "cmd.h"
#include "conf_file.h"
#include "detect.h"
#include "netns_file.h"
#include "nl.h"
#include "plan.h"
#include "print.h"

enum result load_config(const char *file, struct config *config,
			struct error *err)
{
	struct complaints cs = { 0 };
	enum result res;

	res = conf_read(file, config, &cs, err);
	if (!cs.n)
		return res;
	print_complaints(strcmp(file, "-") ? file : "stdin", &cs);
	return RES_USAGE;
}

/* Two at once would each plan from what the other one is about to change. */
static enum result lock(int *fd, struct error *err)
{
	enum result res = netns_file_open("apply", "the lock against a second mtctl apply",
					  fd, err);

	if (res || *fd < 0 || !flock(*fd, LOCK_EX | LOCK_NB))
		return res;
	if (errno == EWOULDBLOCK)
		return refuse(err, RES_REFUSED,
			      "another mtctl apply is at work in this network namespace; try again when it is done");
	return refuse(err, RES_REFUSED, "the lock: %s", strerror(errno));
}

static void unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* All that there is */
static enum result look(struct context *ctx, struct config *config)
{
	bool incomplete;
	enum result res;

	res = nl_netns_get(ctx->nl, &config->netns, &ctx->err) ?:
	      nl_tunnel_dump(ctx->nl, &config->tunnels, &incomplete, &ctx->err) ?:
	      nl_filter_dump(ctx->nl, "", &config->filters, &incomplete,
			     &ctx->err) ?:
	      nl_clamp_dump(ctx->nl, &config->clamps, &incomplete, &ctx->err) ?:
	      nl_health_dump(ctx->nl, &config->healths, &incomplete, &ctx->err);
	config_sort(config);
	return res;
}

/* Steps */

union any_object {
	struct tunnel tunnel;
	struct filter filter;
	struct clamp clamp;
	struct netns netns;
	struct health health;
};

static enum result add(struct nl *nl, const struct kind *kind,
		       const void *object, struct error *err)
{
	return kind == &tunnel_kind ? nl_tunnel_new(nl, object, err) :
	       kind == &filter_kind ? nl_filter_set(nl, object, err) :
				      nl_clamp_new(nl, object, err);
}

static enum result set(struct nl *nl, const struct kind *kind,
		       const void *object, struct error *err)
{
	return kind == &tunnel_kind ? nl_tunnel_set(nl, object, err) :
	       kind == &filter_kind ? nl_filter_set(nl, object, err) :
	       kind == &clamp_kind ? nl_clamp_set(nl, object, err) :
	       kind == &health_kind ? nl_health_set(nl, object, err) :
				     nl_netns_set(nl, object, err);
}

static enum result del(struct nl *nl, const struct kind *kind,
		       const void *object, struct error *err)
{
	const char *name = object_name(kind, object);

	return kind == &tunnel_kind ? nl_tunnel_del(nl, &name, 1, err) :
	       kind == &filter_kind ? nl_filter_del(nl, name, err) :
				      nl_clamp_del(nl, name, err);
}

/* What is to change, on top of what a request has already */
static enum result change(struct nl *nl, const struct step *s,
			  union any_object *request, struct error *err)
{
	enum result res;

	plan_request(s->kind, s->from, s->to, request);
	res = set(nl, s->kind, request, err);
	if (s->kind == &clamp_kind)
		clamp_free(&request->clamp);
	if (s->kind == &filter_kind)
		filter_free(&request->filter);
	return res;
}

static enum result take(struct nl *nl, const struct step *s, struct error *err)
{
	union any_object request = { 0 };

	if (!s->from)
		return add(nl, s->kind, s->to, err);
	if (!s->to)
		return del(nl, s->kind, s->from, err);
	strcpy((char *)&request + s->kind->name_at,
	       object_name(s->kind, s->from));
	return change(nl, s, &request, err);
}

/*
 * How many of the steps from the first one on delete tunnels, which the kernel does
 * at once; or 1. At most as many as a request has room for.
 */
#define DELETE_MAX	4096

static size_t together(const struct plan *plan, size_t first)
{
	const struct step *s = &plan->steps[first];
	size_t n = 0;

	while (n < DELETE_MAX && first + n < plan->n_steps &&
	       s[n].kind == &tunnel_kind && !s[n].to)
		n++;
	return n ?: 1;
}

static enum result take_some(struct nl *nl, const struct step *s, size_t n,
			     struct error *err)
{
	const char *names[DELETE_MAX];

	if (n == 1)
		return take(nl, s, err);
	for (size_t i = 0; i < n; i++)
		names[i] = object_name(s[i].kind, s[i].from);
	return nl_tunnel_del(nl, names, n, err);
}

/* A tunnel that was there before is given whole: it may have what no word says. */
static enum result take_back(struct nl *nl, const struct step *s,
			     struct error *err)
{
	union any_object request;

	if (!s->from || !s->to || s->kind != &tunnel_kind)
		return take(nl, s, err);
	request.tunnel = *(const struct tunnel *)s->to;
	return change(nl, s, &request, err);
}

static void report_left(const struct step *s, const struct error *err)
{
	fprintf(stderr,
		"mtctl apply: %s %s was %s, and that cannot be undone%s: %s\n",
		s->kind->name,
		plain_text(object_name(s->kind, s->to ?: s->from)).s,
		!s->to ? "added" : !s->from ? "removed" : "changed",
		s->tunnel ? ", nor what else was done to the tunnel" : "",
		err->text);
}

/*
 * Everything before the step that failed, last things first. A tunnel of which
 * something could not be undone is left alone: it is not to be up without its filter.
 */
static void undo(struct context *ctx, struct plan *plan, size_t done)
{
	const char *outcome = done ? "; what was done before has been undone" :
				     "; nothing is changed";
	struct error why = ctx->err, err;

	plan_undo(plan, done);
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct step *s = &plan->steps[i];

		if (s->tunnel && s->tunnel->left)
			continue;
		if (take_back(ctx->nl, s, &err)) {
			report_left(s, &err);
			outcome = "; see above for what could not be undone";
			if (s->tunnel)
				s->tunnel->left = true;
		} else if (!s->from && s->kind == &tunnel_kind) {
			fprintf(stderr,
				"mtctl apply: tunnel %s was removed and made again: it has lost its addresses and routes\n",
				plain_text(object_name(s->kind, s->to)).s);
		}
	}
	refuse(&ctx->err, RES_REFUSED, "%s%s", why.text, outcome);
}

/* Those that are to end us; one that is ignored (nohup) would be held like the others. */
static void stop_signals(sigset_t *stop)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action;

	sigemptyset(stop);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (!sigaction(signals[i], NULL, &action) &&
		    action.sa_handler != SIG_IGN)
			sigaddset(stop, signals[i]);
}

/* Takes the signal: it is not to end us before we have said what became of it. */
static int interrupted(const sigset_t *stop)
{
	static const struct timespec now;
	int signal = sigtimedwait(stop, NULL, &now);

	return signal > 0 ? signal : 0;
}

/* Those of this network namespace were known, and would have made room. */
static const char *hint(const struct error *err)
{
	return strstr(err->text, "taken by another tunnel") ?
	       ", which is not in this network namespace: was it moved to another one?" :
	       "";
}

/*
 * All of it, or nothing; no signal is a way to get a half. One that came when all was done
 * is for the caller, who has yet to tell that.
 */
static enum result execute(struct context *ctx, struct plan *plan, int *late)
{
	enum result res = RES_OK;
	sigset_t stop, held, before;
	struct error err;
	int signal;
	size_t i, n;

	stop_signals(&stop);
	sigfillset(&held);
	sigprocmask(SIG_BLOCK, &held, &before);
	for (i = 0; !res && i < plan->n_steps; i += n) {
		const struct step *s = &plan->steps[i];

		n = together(plan, i);
		if (interrupted(&stop))
			res = refuse(&err, RES_REFUSED, "interrupted");
		else
			res = take_some(ctx->nl, s, n, &err);
		if (!res)
			continue;
		if (n > 1)
			refuse(&ctx->err, res, "%s", err.text);
		else
			refuse(&ctx->err, res, "%s %s: %s%s", s->kind->name,
			       object_name(s->kind, s->to ?: s->from),
			       err.text, hint(&err));
		undo(ctx, plan, i);
	}
	while ((signal = interrupted(&stop)))
		if (!res)
			*late = signal;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return res;
}

/* Commands */

enum option { OPT_FILE, OPT_DRY_RUN, OPT_PRUNE };

static const struct option_desc options[] = {
	{ "file", "f", "FILE", NULL, OPT_FILE },
	{ "dry-run", "dr", "", NULL, OPT_DRY_RUN },
	{ "prune", "pr", "", NULL, OPT_PRUNE },	/* -p is -pretty elsewhere */
	{ NULL }
};

static const struct option_desc export_options[] = {
	{ "file", "f", "FILE", NULL, OPT_FILE },
	{ NULL }
};

static enum result apply(struct context *ctx, int argc, char **argv)
{
	struct option_words words = { .argc = argc, .argv = argv };
	bool dry_run = false, prune = false;
	const char *file = NULL;
	struct config was = { 0 }, is = { 0 };
	struct plan plan = { 0 };
	int locked = -1, late = 0;
	enum result res;

	while (words.at < argc) {
		const struct option_desc *d;

		if (argv[words.at][0] != '-')
			return refuse(&ctx->err, RES_USAGE,
				      "\"%s\" is no option; a file is given as -f FILE",
				      argv[words.at]);
		d = read_option(options, &words, &file, &ctx->err);
		if (!d)
			return RES_USAGE;
		dry_run |= d->option == OPT_DRY_RUN;
		prune |= d->option == OPT_PRUNE;
	}
	if (!file)
		return refuse(&ctx->err, RES_USAGE,
			      "say which file, as in \"-f /etc/mtun/mtun.yaml\"");
	res = load_config(file, &is, &ctx->err);
	if (!res && !dry_run)
		res = lock(&locked, &ctx->err);
	if (!res)
		res = look(ctx, &was);
	if (!res)
		res = plan_make(&plan, &was, &is, prune, &ctx->err);
	if (!res && !dry_run)
		res = execute(ctx, &plan, &late);
	if (!res)
		print_plan(&plan, dry_run, &ctx->opt);
	if (late) {
		fflush(stdout);
		raise(late);
	}
	unlock(locked);
	plan_free(&plan);
	config_free(&was);
	config_free(&is);
	return res;
}

/*
 * What programs find in a file and the kernel does not know. Says what there is no
 * place for, so that nothing is lost in silence.
 */
static void keep(struct config *config, struct config *file)
{
	const struct steers *steers = &file->steers;

	for (size_t i = 0; i < steers->n; i++)
		if (!healths_find(&config->healths, steers->v[i].ifname))
			fprintf(stderr,
				"mtctl export: there is no tunnel %s, and nothing to steer\n",
				plain_text(steers->v[i].ifname).s);
	config->steers = file->steers;
	memset(&file->steers, 0, sizeof(file->steers));
	config->detection = file->detection;
}

static enum result export(struct context *ctx, int argc, char **argv)
{
	struct config config = { .detection = detection_defaults };
	struct option_words words = { .argc = argc, .argv = argv };
	struct config file = { 0 };
	const char *name = NULL;
	enum result res;

	while (words.at < argc) {
		if (argv[words.at][0] != '-')
			return refuse(&ctx->err, RES_USAGE,
				      "\"%s\" is no option; a file is given as -f FILE",
				      argv[words.at]);
		if (!read_option(export_options, &words, &name, &ctx->err))
			return RES_USAGE;
	}
	res = name ? load_config(name, &file, &ctx->err) : RES_OK;
	res = res ?: look(ctx, &config);
	if (!res && name)
		keep(&config, &file);
	res = res ?: print_config(&config, &ctx->opt, &ctx->err);
	config_free(&config);
	config_free(&file);
	return res;
}

static enum result check(struct context *ctx, int argc, char **argv)
{
	struct config config = { 0 };
	enum result res;

	if (argc != 1)
		return refuse(&ctx->err, RES_USAGE, argc ?
			      "one file at a time: \"%s\" is too much" :
			      "say which file", argv[1]);
	res = load_config(argv[0], &config, &ctx->err);
	if (!res)
		print_checked(argv[0], &config, &ctx->opt);
	config_free(&config);
	return res;
}

const struct command apply_commands[] = {
	{ "apply", apply, "-f FILE [-dry-run] [-prune]",
	  "make tunnels and clamps what a configuration file says",
	  "Changes what differs, and nothing else: to apply a file again does nothing.\n"
	  "What is wrong in the file, or refused by the kernel, leaves everything as it\n"
	  "was. With -d also what is the same; - is the standard input.\n"
	  "\n"
	  "  -f, -file FILE  YAML, or JSON: see CONFIGURATION FILE in mtctl(8)\n"
	  "  -dry-run        only print what would be done\n"
	  "  -prune          remove what a file has made and this one lacks; what was\n"
	  "                  made by hand stays\n"
	  "\n"
	  "  mtctl apply -f /etc/mtun/mtun.yaml -dry-run\n"
	  "  mtctl apply -f /etc/mtun/mtun.yaml -prune\n" },
	{ NULL }
};

const struct command export_commands[] = {
	{ "export", export, "[-f FILE]",
	  "print all tunnels and clamps as a configuration file",
	  "YAML with what differs from the defaults; with -j JSON, which apply takes\n"
	  "as well.\n"
	  "\n"
	  "  -f, -file FILE  with what that one has for mtctl steer and mtctl detect, of\n"
	  "                  which the kernel knows nothing\n"
	  "\n"
	  "  mtctl export -f /etc/mtun/mtun.yaml > /etc/mtun/mtun.yaml.new\n" },
	{ NULL }
};

const struct command check_commands[] = {
	{ "check", check, "FILE",
	  "say what is wrong in a configuration file",
	  "Needs neither the kernel module nor root. Everything that is wrong is told\n"
	  "as FILE:LINE:COLUMN: and the reason.\n"
	  "\n"
	  "  mtctl check /etc/mtun/mtun.yaml\n" },
	{ NULL }
};
