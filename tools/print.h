/* SPDX-License-Identifier: GPL-2.0 */
/* Objects to text for people, or to JSON. */
#ifndef MTCTL_PRINT_H
#define MTCTL_PRINT_H

#include "args.h"
#include "plan.h"
#include "tree.h"

void print_blocks(const struct tunnels *ts, const struct options *opt);
void print_table(const struct tunnels *ts, const struct options *opt);

void print_filters(const struct filters *fs, const struct options *opt);

void print_clamps(const struct clamps *cs, const struct options *opt);

/* Now, ns since 1970 */
uint64_t real_time(void);

void print_healths(const struct healths *hs, const struct options *opt);

void print_netns(const struct netns *n, const struct options *opt);

struct sas;

/* States of IPsec of the tunnels that want them */
void print_ipsec(const struct tunnels *ts, const struct sas *sas,
		 const struct options *opt);

struct replicas;
struct replica_plan;

/* A line about what came and what it has changed. No keys */
void print_replicated(const struct replicas *rs, const struct replica_plan *plan,
		      const struct options *opt);

/* Text for another program, in JSON as {"template": "..."} */
void print_template(const char *text, const struct options *opt);

void print_plan(const struct plan *plan, bool dry_run,
		const struct options *opt);

/* As a configuration file. Fails before it prints if there is no text for it. */
enum result print_config(const struct config *config,
			 const struct options *opt, struct error *err);

/* A file that is right; and what is wrong in one, on the standard error */
void print_checked(const char *file, const struct config *config,
		   const struct options *opt);
void print_complaints(const char *file, const struct complaints *cs);

/*
 * One line. was is the tunnel as last seen, or NULL; what differs between the
 * two is told for EVENT_SET.
 */
void print_event(const struct event *event, const struct tunnel *was,
		 const struct options *opt);

/* That a route of mtctl steer has another metric, a line */
void print_steered(const struct route *r, const struct options *opt);

struct attack;

/* tunnel may be NULL */
void print_attack(const struct attack *a, const char *tunnel,
		  const struct options *opt);

/* The name of its tunnel, or "if7" if that is gone */
struct text sample_tunnel(const struct sample *s);

void print_sample(const struct sample *s, const struct options *opt);
void print_lost_samples(uint64_t lost, const struct options *opt);

#endif /* MTCTL_PRINT_H */
