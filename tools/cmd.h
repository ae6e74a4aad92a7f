/* SPDX-License-Identifier: GPL-2.0 */
/* What a command is, and the objects that have commands. */
#ifndef MTCTL_CMD_H
#define MTCTL_CMD_H

#include "model.h"

struct nl;

struct context {
	struct options opt;
	struct nl *nl;
	struct error err;
};

struct command {
	const char *name;
	enum result (*fn)(struct context *ctx, int argc, char **argv);
	const char *args;		/* synopsis of the arguments */
	const char *doc;		/* one line */
	const char *more;		/* details and examples, or NULL */
};

struct object {
	const char *name;
	const char *doc;
	/* Ended by a NULL name. The first is run when none is named. */
	const struct command *commands;
};

extern const struct command tunnel_commands[];
extern const struct command clamp_commands[];
extern const struct command filter_commands[];
extern const struct command netns_commands[];
extern const struct command health_commands[];
extern const struct command monitor_commands[];
extern const struct command samples_commands[];
extern const struct command top_commands[];
extern const struct command detect_commands[];
extern const struct command steer_commands[];
extern const struct command ipsec_commands[];
extern const struct command apply_commands[];
extern const struct command export_commands[];
extern const struct command check_commands[];

/*
 * Reads a configuration file. What is wrong in it is printed, and err has no text
 * then.
 */
enum result load_config(const char *file, struct config *config,
			struct error *err);

/* Arguments of "tunnel add" (or "set") to a tunnel; err has the reason. */
enum result tunnel_parse(int argc, char **argv, struct tunnel *t,
			 struct error *err);

/* "ipsec replicate" */
enum result ipsec_replicate(struct context *ctx, int argc, char **argv);

/*
 * Words of "detect"; recorded, which may be NULL where there is no -r, gets the name
 * of a recording.
 */
enum result detection_parse(int argc, char **argv, struct detection *conf,
			    const char **recorded, struct error *err);

/* Attacks are printed as they begin and end, while somebody calls watch_look(). */
struct watch;

enum result watch_begin(struct context *ctx, const struct detection *conf,
			struct watch **w);

/* Waits for a moment, or until other is *ready to be read. */
enum result watch_look(struct context *ctx, struct watch *w, int other,
		       bool *ready);
void watch_end(struct watch *w);

#endif /* MTCTL_CMD_H */
