/* SPDX-License-Identifier: GPL-2.0 */
/* Objects to and from the kernel. All functions say in err why they failed. */
#ifndef MTCTL_NL_H
#define MTCTL_NL_H

#include "model.h"

struct nl;

/* Nothing is sent before the first request; one socket serves all of them. */
struct nl *nl_new(void);
void nl_free(struct nl *nl);

enum result nl_tunnel_new(struct nl *nl, const struct tunnel *t,
			  struct error *err);
enum result nl_tunnel_set(struct nl *nl, const struct tunnel *t,
			  struct error *err);
enum result nl_tunnel_del(struct nl *nl, const char *ifname,
			  struct error *err);
enum result nl_tunnel_get(struct nl *nl, const char *ifname, struct tunnel *t,
			  struct error *err);

/*
 * All tunnels. When they keep changing while they are read, the call fails with
 * *incomplete set and ts as complete as it gets.
 */
enum result nl_tunnel_dump(struct nl *nl, struct tunnels *ts, bool *incomplete,
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

/*
 * Makes a route that has one of its three metrics, or none that does, have the one
 * that it shall have; *changed tells if it had not.
 */
enum result nl_route_steer(struct nl *nl, const struct route *r, bool *changed,
			   struct error *err);

/* Subscribes to the events; they wait from then on for nl_event(). */
enum result nl_subscribe(struct nl *nl, struct error *err);

/* Waits for the next event, whose clamp is for clamp_free(). */
enum result nl_event(struct nl *nl, struct event *event, struct error *err);

#endif /* MTCTL_NL_H */
