/* SPDX-License-Identifier: GPL-2.0 */
/* Objects to and from the kernel. All functions say in err why they failed. */
#ifndef MTCTL_NL_H
#define MTCTL_NL_H

#include "model.h"

struct nl;
struct replicas;
struct replica_plan;

/* Nothing is sent before the first request; one socket serves all of them. */
struct nl *nl_new(void);
void nl_free(struct nl *nl);

enum result nl_tunnel_new(struct nl *nl, const struct tunnel *t,
			  struct error *err);
enum result nl_tunnel_set(struct nl *nl, const struct tunnel *t,
			  struct error *err);
/* Several at once: all of them, or none */
enum result nl_tunnel_del(struct nl *nl, const char *const *ifnames, size_t n,
			  struct error *err);
enum result nl_tunnel_get(struct nl *nl, const char *ifname, struct tunnel *t,
			  struct error *err);

/*
 * All tunnels. When they keep changing while they are read, the call fails with
 * *incomplete set and ts as complete as it gets.
 */
enum result nl_tunnel_dump(struct nl *nl, struct tunnels *ts, bool *incomplete,
			   struct error *err);

/* The states of ESP, sorted; as nl_tunnel_dump(). Only who may configure IPsec is told. */
enum result nl_sa_dump(struct nl *nl, struct sas *sas, bool *incomplete,
		       struct error *err);

/* Adds to each of them its states and policies, with keys. */
enum result nl_replicas_read(struct nl *nl, struct replicas *rs,
			     struct error *err);

/* Subscribes to changes of any; nl_replicas_changed() tells, once, if there were some. */
enum result nl_replicas_watch(struct nl *nl, struct error *err);
int nl_replicas_fd(const struct nl *nl);
bool nl_replicas_changed(struct nl *nl);

/* All of it, or nothing */
enum result nl_replicas_apply(struct nl *nl, const struct replica_plan *plan,
			      struct error *err);

enum result nl_clamp_new(struct nl *nl, const struct clamp *c,
			 struct error *err);
enum result nl_clamp_set(struct nl *nl, const struct clamp *c,
			 struct error *err);
enum result nl_clamp_del(struct nl *nl, const char *ifname,
			 struct error *err);

/* The one at c->ifname, into an empty struct. */
enum result nl_clamp_get(struct nl *nl, const char *ifname, struct clamp *c,
			 struct error *err);

/* As nl_tunnel_dump(). */
enum result nl_clamp_dump(struct nl *nl, struct clamps *cs, bool *incomplete,
			  struct error *err);

/* Those lists that have prefixes, or any, replace those that there are. */
enum result nl_filter_set(struct nl *nl, const struct filter *f,
			  struct error *err);
enum result nl_filter_del(struct nl *nl, const char *ifname,
			  struct error *err);

/* As nl_tunnel_dump(); of one tunnel, or of all if ifname is "". */
enum result nl_filter_dump(struct nl *nl, const char *ifname,
			   struct filters *fs, bool *incomplete,
			   struct error *err);

enum result nl_netns_set(struct nl *nl, const struct netns *n,
			 struct error *err);
enum result nl_netns_get(struct nl *nl, struct netns *n, struct error *err);

enum result nl_health_set(struct nl *nl, const struct health *h,
			  struct error *err);

/* That of a tunnel, into an empty struct. */
enum result nl_health_get(struct nl *nl, const char *ifname, struct health *h,
			  struct error *err);

/* As nl_tunnel_dump(). */
enum result nl_health_dump(struct nl *nl, struct healths *hs, bool *incomplete,
			   struct error *err);

/* What there is of each of them, which are sorted for it. */
enum result nl_routes_find(struct nl *nl, struct routes *rs, struct error *err);

/*
 * Makes a route that was found with one of its three metrics, or none that was not,
 * have the one that it shall have; *changed tells if it had not.
 */
enum result nl_route_steer(struct nl *nl, const struct route *r, bool *changed,
			   struct error *err);

/* Subscribes to the events; they wait from then on for nl_event(). */
enum result nl_subscribe(struct nl *nl, struct error *err);

/* To poll(): it is readable when events wait, or they wait in here. */
int nl_events_fd(const struct nl *nl);
bool nl_events_wait(const struct nl *nl);

/*
 * Waits for the next event, which is for event_free(): for timeout milliseconds, after
 * which it is EVENT_NONE, or, if that is negative, as long as it takes. EVENT_LOST comes
 * where events are missing: who reads what there is now has no older event before them.
 * Fails when the module is unloaded, whose events nobody would get any more.
 */
enum result nl_event(struct nl *nl, int timeout, struct event *event,
		     struct error *err);

/* Subscribes to samples of packets; they wait from then on for nl_samples_read(). */
enum result nl_samples_subscribe(struct nl *nl, struct error *err);

/* To poll(): it is readable when samples wait. */
int nl_samples_fd(const struct nl *nl);

/*
 * Waits for samples, for timeout milliseconds or, if that is negative, as long as
 * it takes or until a signal comes, and calls fn for each of a message's. Adds to
 * *lost how many were lost before them. Fails when the module is unloaded.
 */
enum result nl_samples_read(struct nl *nl, int timeout, sample_fn fn,
			    void *data, uint64_t *lost, struct error *err);

#endif /* MTCTL_NL_H */
