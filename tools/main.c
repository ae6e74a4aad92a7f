// SPDX-License-Identifier: GPL-2.0
/* mtctl: options, help, the way to a command, and batches of commands. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>

#include "args.h"
#include "cmd.h"
#include "hash.h"
#include "nl.h"
#include "privilege.h"

#ifndef VERSION
#define VERSION "unknown"
#endif

#define NETNS_DIR	"/run/netns"
#define MAX_WORDS	40000	/* a filter may have as many prefixes */

static const struct object objects[] = {
	{ "tunnel", "create, change, delete and show tunnels",
	  tunnel_commands },
	{ "clamp", "lower the MSS of TCP handshakes at any device",
	  clamp_commands },
	{ "filter", "allow inner addresses of a tunnel's packets, and no others",
	  filter_commands },
	{ "netns", "set and show what holds for all tunnels of a namespace",
	  netns_commands },
	{ "health", "watch and show whether tunnels get through",
	  health_commands },
	{ "ipsec", "show IPsec of tunnels, tell IKE daemons of them, replicate states",
	  ipsec_commands },
	{ "apply", "make tunnels and clamps what a configuration file says",
	  apply_commands },
	{ "export", "print all of them as a configuration file",
	  export_commands },
	{ "check", "say what is wrong in a configuration file",
	  check_commands },
	{ "monitor", "show changes of the configuration and of health as they happen",
	  monitor_commands },
	{ "samples", "show packets of tunnels, chosen at random",
	  samples_commands },
	{ "top", "show what tunnels carry a second, and who talks most",
	  top_commands },
	{ "detect", "tell of attacks, from samples, when they begin and end",
	  detect_commands },
	{ "steer", "let metrics of routes follow the health of tunnels",
	  steer_commands },
	{ "help", "explain an object or a command", NULL },
	{ NULL }
};

enum option {
	OPT_JSON, OPT_PRETTY, OPT_STATISTICS, OPT_DETAILS, OPT_NETNS,
	OPT_BATCH, OPT_FORCE, OPT_VERSION, OPT_HELP,
};

static const struct option_desc options[] = {
	{ "json", "j", "", "print JSON", OPT_JSON },
	{ "pretty", "p", "", "with -json, indent it", OPT_PRETTY },
	{ "statistics", "s", "", "show counters and drop reasons",
	  OPT_STATISTICS },
	/* iproute2 takes both. */
	{ "stats", "stats", "", NULL, OPT_STATISTICS },
	{ "details", "d", "", "show everything, defaults included",
	  OPT_DETAILS },
	{ "netns", "n", "NETNS", "work in this network namespace (name or path)",
	  OPT_NETNS },
	{ "batch", "b", "FILE", "read commands from a file, or from - (stdin)",
	  OPT_BATCH },
	/* The short -f is kept for the file of a command. */
	{ "force", "fo", "", "with -batch, go on after an error", OPT_FORCE },
	{ "Version", "V", "", "print the version", OPT_VERSION },
	{ "help", "h", "", "print this help", OPT_HELP },
	{ NULL }
};

static bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "-h") ||
	       !strcmp(word, "-help") || !strcmp(word, "--help");
}

/* Whether the object is its only command, as in "mtctl monitor". */
static bool single(const struct object *o)
{
	return o->commands && !o->commands[1].name;
}

/* Help */

static void help_main(FILE *to)
{
	fputs("Usage: mtctl [OPTIONS] OBJECT [COMMAND] [ARGS]\n"
	      "       mtctl [OPTIONS] -batch FILE\n"
	      "Controls the tunnels and MSS clamps of the kernel module mtun.\n"
	      "\nObjects:\n", to);
	for (const struct object *o = objects; o->name; o++)
		fprintf(to, "  %-9s %s\n", o->name, o->doc);
	fputs("\nOptions:\n", to);
	for (const struct option_desc *d = options; d->name; d++) {
		size_t len = strlen(d->shortest);
		char text[40];

		if (!d->doc)
			continue;
		snprintf(text, sizeof(text), "-%s[%s] %s", d->shortest,
			 d->name + len, d->value);
		fprintf(to, "  %-16s %s\n", text, d->doc);
	}
	fputs("\nObjects, commands and options may be abbreviated as long as they are\n"
	      "unambiguous. Exit status: 0 done, 1 refused by the kernel, 2 usage.\n"
	      "\n"
	      "  mtctl tunnel add mt0 local 192.0.2.1 remote 198.51.100.1 key 7\n"
	      "  mtctl -s tunnel show mt0\n"
	      "  mtctl tunnel add help\n", to);
}

static void help_command(const struct object *o, const struct command *c)
{
	printf("Usage: mtctl [OPTIONS] %s%s%s%s%s\n", o->name,
	       single(o) ? "" : " ", single(o) ? "" : c->name,
	       *c->args ? " " : "", c->args);
	printf("%c%s.\n", c->doc[0] - 'a' + 'A', c->doc + 1);
	if (c->more)
		printf("\n%s", c->more);
}

static void help_object(const struct object *o)
{
	printf("Usage: mtctl [OPTIONS] %s COMMAND [ARGS]\n", o->name);
	printf("%c%s.\n\nCommands:\n", o->doc[0] - 'a' + 'A', o->doc + 1);
	for (const struct command *c = o->commands; c->name; c++)
		printf("  %-5s %s\n", c->name, c->doc);
	printf("Without a command: %s.\n", o->commands[0].name);
	for (const struct command *c = o->commands; c->name; c++) {
		printf("\n");
		help_command(o, c);
	}
}

static enum result help(struct context *ctx, int argc, char **argv)
{
	const struct command *c;
	const struct object *o;

	if (!argc) {
		help_main(stdout);
		return RES_OK;
	}
	o = PICK(objects, "object", argv[0], &ctx->err);
	if (!o)
		return RES_USAGE;
	if (!o->commands) {
		help_main(stdout);
	} else if (single(o)) {
		help_command(o, o->commands);
	} else if (argc == 1 || is_help(argv[1])) {
		help_object(o);
	} else {
		c = PICK(o->commands, "command", argv[1], &ctx->err);
		if (!c)
			return RES_USAGE;
		help_command(o, c);
	}
	return RES_OK;
}

/* Commands */

/* Runs one command; where gets the words that were understood, for errors. */
static enum result run(struct context *ctx, int argc, char **argv, char *where,
		       size_t size)
{
	const struct command *c;
	const struct object *o;

	*where = '\0';
	ctx->err.text[0] = '\0';
	o = PICK(objects, "object", argv[0], &ctx->err);
	if (!o)
		return RES_USAGE;
	snprintf(where, size, " %s", o->name);
	argc--;
	argv++;
	if (!o->commands)
		return help(ctx, argc, argv);
	c = o->commands;
	if (argc && is_help(argv[0])) {
		char *words[] = { (char *)o->name, argc > 1 ? argv[1] : NULL };

		return help(ctx, argc > 1 ? 2 : 1, words);
	}
	if (!single(o) && argc) {
		c = PICK(o->commands, "command", argv[0], &ctx->err);
		if (!c)
			return RES_USAGE;
		argc--;
		argv++;
		if (argc && is_help(argv[0])) {
			help_command(o, c);
			return RES_OK;
		}
	}
	if (!single(o))
		snprintf(where, size, " %s %s", o->name, c->name);
	return c->fn(ctx, argc, argv);
}

/* One line of error and, for usage, a line that points at the help. */
static void report(const struct context *ctx, const char *at, const char *where,
		   enum result res)
{
	/* What was printed so far came first, and may have said it all. */
	fflush(stdout);
	if (!ctx->err.text[0])
		return;
	fprintf(stderr, "mtctl%s:%s%s %s\n", where, at, *at ? ":" : "",
		ctx->err.text);
	if (res == RES_USAGE)
		fprintf(stderr, "Try \"mtctl%s help\".\n", where);
}

static enum result run_and_report(struct context *ctx, const char *at, int argc,
				  char **argv)
{
	char where[64];
	enum result res;

	res = run(ctx, argc, argv, where, sizeof(where));
	if (res)
		report(ctx, at, where, res);
	return res;
}

/* Batches */

/*
 * Splits a line at blanks, as iproute2 does: '...' and "..." group words, and #
 * at the beginning of a word starts a comment. Words are made in place.
 */
static int split(char *line, char **words, struct error *err)
{
	int n = 0;
	char *p = line;

	for (;;) {
		char *to, quote = 0;

		p += strspn(p, " \t\r\n");
		if (!*p || *p == '#')
			return n;
		if (n == MAX_WORDS) {
			refuse(err, RES_USAGE, "more than %d words in a line",
			       MAX_WORDS);
			return -1;
		}
		to = p;
		words[n++] = p;
		for (; *p && (quote || !strchr(" \t\r\n", *p)); p++) {
			if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
			else
				*to++ = *p;
		}
		if (quote) {
			refuse(err, RES_USAGE, "a quote (%c) is not closed",
			       quote);
			return -1;
		}
		if (*p)
			p++;
		*to = '\0';
	}
}

/* Where in a line a text ends, so that one that is joined to it goes on there */
struct place {
	char quote;
	bool word;
};

/* Whether a comment starts in the text, as split() will see it */
static bool has_comment(struct place *at, const char *p)
{
	for (; *p; p++) {
		if (at->quote) {
			if (*p == at->quote)
				at->quote = 0;
		} else if (strchr(" \t\r\n", *p)) {
			at->word = false;
		} else {
			if (*p == '#' && !at->word)
				return true;
			at->word = true;
			if (*p == '"' || *p == '\'')
				at->quote = *p;
		}
	}
	return false;
}

static bool ends_in_backslash(const char *line, size_t len)
{
	return len > 1 && !strcmp(line + len - 2, "\\\n");
}

/*
 * Reads a line, with those that a backslash at the end joins to it. A comment ends
 * with its line.
 */
static bool read_line(FILE *file, char **line, size_t *size, unsigned int *no,
		      bool *zero)
{
	struct place at = { 0 };
	size_t more_size = 0;
	char *more = NULL;
	size_t start = 0;
	ssize_t len;

	len = getline(line, size, file);
	if (len < 0)
		return false;
	++*no;
	*zero = memchr(*line, 0, len);
	while (ends_in_backslash(*line, len)) {
		ssize_t got;

		len -= 2;
		(*line)[len] = '\0';
		if (has_comment(&at, *line + start))
			break;
		start = len;
		got = getline(&more, &more_size, file);
		if (got < 0)
			break;
		++*no;
		*zero |= !!memchr(more, 0, got);
		if ((size_t)(len + got + 1) > *size) {
			char *grown = realloc(*line, len + got + 1);

			if (!grown) {
				perror("mtctl");
				exit(RES_REFUSED);
			}
			*line = grown;
			*size = len + got + 1;
		}
		strcpy(*line + len, more);
		len += got;
	}
	free(more);
	return true;
}

static enum result batch(struct context *ctx, const char *name, bool force)
{
	enum result res, worst = RES_OK;
	char *words[MAX_WORDS], *line = NULL;
	unsigned int no = 0;
	size_t size = 0;
	char at[300];
	bool zero;
	FILE *file;

	file = open_orders(name, &ctx->err);
	if (!file) {
		report(ctx, "", "", RES_REFUSED);
		return RES_REFUSED;
	}
	if (file == stdin)
		name = "stdin";
	while ((force || !worst) && read_line(file, &line, &size, &no, &zero)) {
		int n = split(line, words, &ctx->err);

		if (zero) {
			refuse(&ctx->err, RES_USAGE,
			       "there is a zero byte in it, which no command has");
			n = -1;
		}
		if (!n)
			continue;
		snprintf(at, sizeof(at), " %s:%u", name, no);
		make_plain(at);
		res = RES_USAGE;
		if (n < 0)
			report(ctx, at, "", res);
		else
			res = run_and_report(ctx, at, n, words);
		if (res > worst)
			worst = res;
	}
	if (ferror(file)) {
		fprintf(stderr, "mtctl: %s: cannot be read\n", name);
		worst = worst ?: RES_REFUSED;
	}
	free(line);
	if (file != stdin)
		fclose(file);
	return worst;
}

/* Options */

static enum result enter_netns(const char *name, struct error *err)
{
	char path[4096];
	int fd, res;

	snprintf(path, sizeof(path), "%s%s%s",
		 strchr(name, '/') ? "" : NETNS_DIR,
		 strchr(name, '/') ? "" : "/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refuse(err, RES_REFUSED,
			      "network namespace %s: %s (\"ip netns list\" shows those that exist)",
			      name, strerror(errno));
	res = setns(fd, CLONE_NEWNET);
	if (res)
		refuse(err, RES_REFUSED, "cannot enter the network namespace %s: %s",
		       name, strerror(errno));
	close(fd);
	return res ? RES_REFUSED : RES_OK;
}

/* @res, or that what it has to say did not get out. */
static enum result written(enum result res)
{
	if (!fflush(stdout) && !ferror(stdout))
		return res;
	fprintf(stderr, "mtctl: cannot write the output\n");
	return res ?: RES_REFUSED;
}

int main(int argc, char **argv)
{
	const char *batch_file = NULL, *netns = NULL;
	struct option_words words = { .argc = argc, .argv = argv, .at = 1 };
	struct context ctx = { 0 };
	enum result res = RES_OK;
	bool force = false;
	const char *value;

	while (words.at < argc && argv[words.at][0] == '-') {
		const struct option_desc *d = read_option(options, &words, &value,
							   &ctx.err);

		if (!d) {
			report(&ctx, "", "", RES_USAGE);
			return RES_USAGE;
		}
		switch (d->option) {
		case OPT_JSON:
			ctx.opt.json = true;
			break;
		case OPT_PRETTY:
			ctx.opt.pretty = true;
			break;
		case OPT_STATISTICS:
			ctx.opt.statistics = true;
			break;
		case OPT_DETAILS:
			ctx.opt.details = true;
			break;
		case OPT_NETNS:
			netns = value;
			break;
		case OPT_BATCH:
			batch_file = value;
			break;
		case OPT_FORCE:
			force = true;
			break;
		case OPT_VERSION:
			printf("mtctl " VERSION "\n");
			return written(RES_OK);
		case OPT_HELP:
			help_main(stdout);
			return written(RES_OK);
		}
	}
	argc -= words.at;
	argv += words.at;
	if (!argc && !batch_file) {
		help_main(stderr);
		return RES_USAGE;
	}
	if (argc && batch_file) {
		refuse(&ctx.err, RES_USAGE,
		       "-batch reads its commands from %s: \"%s\" is too much",
		       batch_file, argv[0]);
		report(&ctx, "", "", RES_USAGE);
		return RES_USAGE;
	}
	if (netns)
		res = enter_netns(netns, &ctx.err);
	if (!res)
		res = drop_privileges(&ctx.err);
	if (res) {
		report(&ctx, "", "", res);
		return res;
	}

	/* Not worth waiting for, early in the boot */
	getrandom(hash_seed, sizeof(hash_seed), GRND_INSECURE);
	ctx.nl = nl_new();
	if (batch_file)
		res = batch(&ctx, batch_file, force);
	else
		res = run_and_report(&ctx, "", argc, argv);
	nl_free(ctx.nl);
	return written(res);
}
