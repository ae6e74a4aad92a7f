/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The objects that the parts of mtctl hand to each other: the command parsers
 * (cmd_*.c) fill them from text, nl.c carries them to and from the kernel, and
 * print.c shows them.
 */
#ifndef MTCTL_MODEL_H
#define MTCTL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <net/if.h>

#include <linux/mtun.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* Puts ? for what would control a terminal. */
void make_plain(char *text);

/* Exit status of the tool and return value of everything that can fail. */
enum result {
	RES_OK		= 0,
	RES_REFUSED	= 1,	/* by the kernel or the system */
	RES_USAGE	= 2,	/* by us: the words make no sense */
};

/* Why something failed, as one plain line without a newline. */
struct error {
	char text[1024];
	int number;		/* errno of the kernel, if it has refused something */
};

enum result refuse(struct error *err, enum result res, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct addr {
	int family;		/* AF_INET or AF_INET6 */
	unsigned char len;
	unsigned char bytes[16];
};

bool same_addr(const struct addr *a, const struct addr *b);

struct count {
	uint64_t packets;
	uint64_t bytes;
};

#define MAX_LENGTH	17	/* powers of 2 that a packet's length may have */

/* What went through in one direction */
struct way {
	struct count all;
	struct count traffic[2][MTUN_PROTOCOL_MAX + 1];	/* IPv4, IPv6 */
	uint64_t tcp[MTUN_TCP_FLAG_MAX + 1];
	uint64_t lengths[MAX_LENGTH];
	uint64_t fragments;
};

struct stats {
	struct way ways[MTUN_DIRECTION_MAX + 1];
	uint64_t icmp_errors;
	uint64_t mss[MTUN_MSS_VERDICT_MAX + 1];
	uint64_t drops[MTUN_DROP_REASON_MAX + 1];
	uint64_t keepalives;
};

struct prefix {
	struct addr addr;
	uint8_t len;		/* bits */
};

#define MAX_DESCRIPTION	255	/* bytes */

struct tunnel {
	uint64_t has;		/* has_bit() of each attribute that is set */
	bool one_key;		/* ikey and okey were given as "key" */

	uint32_t ifindex;
	char ifname[IFNAMSIZ];
	struct addr local;
	struct addr remote;
	uint32_t iflags;
	uint32_t iflags_mask;	/* which of them are given */
	uint32_t oflags;
	uint32_t oflags_mask;
	uint32_t ikey;
	uint32_t okey;
	uint8_t ttl;
	uint8_t ttl_inherit;
	uint8_t tos;
	uint8_t tos_inherit;
	uint8_t df;
	uint8_t inner_df;
	uint8_t frag;
	uint16_t mss_tx;
	uint16_t mss_rx;
	uint8_t mss_insert;
	struct prefix accept;	/* if has it and not accept_none */
	bool accept_none;	/* only from remote, asked for by that word */
	uint8_t anycast;
	uint8_t pmtu;
	uint32_t sample_rx;
	uint32_t sample_tx;
	uint8_t ipsec;
	uint8_t mode;
	uint32_t if_id;		/* 0 for none */
	char description[MAX_DESCRIPTION + 1];
	uint8_t origin;
	char link[IFNAMSIZ];	/* "" for any */
	uint32_t link_ifindex;	/* 0 when there is none by that name */
	uint32_t fwmark;
	uint32_t mtu;
	uint8_t mtu_auto;
	uint32_t if_flags;
	uint8_t up;
	int32_t underlay_netnsid;
	struct stats stats;
};

static inline uint64_t has_bit(enum mtun_tunnel_attr attr)
{
	return 1ull << attr;
}

static inline bool tunnel_has(const struct tunnel *t,
			      enum mtun_tunnel_attr attr)
{
	return t->has & has_bit(attr);
}

/* Its underlay, and with it what is negotiated for it, is in another network namespace. */
static inline bool tunnel_is_moved(const struct tunnel *t)
{
	return tunnel_has(t, MTUN_A_TUNNEL_UNDERLAY_NETNSID);
}

static inline bool tunnel_has_ikey(const struct tunnel *t)
{
	return tunnel_has(t, MTUN_A_TUNNEL_IKEY) &&
	       (t->iflags & MTUN_GRE_FLAG_KEY);
}

static inline bool tunnel_has_okey(const struct tunnel *t)
{
	return tunnel_has(t, MTUN_A_TUNNEL_OKEY) &&
	       (t->oflags & MTUN_GRE_FLAG_KEY);
}

#define MAX_SAMPLE	128	/* bytes of a packet */

/* A packet that was chosen at random, and stands for packets * interval */
struct sample {
	uint32_t ifindex;
	uint8_t direction;
	uint32_t reason;	/* 0 if it was not dropped */
	uint32_t interval;
	uint32_t packets;
	uint32_t length;
	struct addr source;	/* outer */
	uint64_t time;		/* nanoseconds since 1970 */
	size_t data_len;
	uint8_t data[MAX_SAMPLE];
};

typedef void (*sample_fn)(const struct sample *sample, void *data);

struct prefixes {
	struct prefix *v;
	size_t n;
	size_t room;
	bool any;		/* asked for by that word */
};

struct clamp {
	uint64_t has;		/* 1 << each MTUN_A_CLAMP_x that is set */

	char ifname[IFNAMSIZ];
	uint32_t ifindex;	/* 0 when there is no device by that name */
	uint8_t direction;
	uint16_t mss;
	uint8_t insert;
	uint8_t origin;
	struct prefixes src;
	struct prefixes dst;
	uint64_t verdicts[MTUN_MSS_VERDICT_MAX + 1];
};

#define FILTER_LISTS	(MTUN_FILTER_LIST_MAX + 1)

/* The inner addresses that packets of a tunnel may have */
struct filter {
	uint64_t has;		/* 1 << each MTUN_A_FILTER_x that is set */

	char ifname[IFNAMSIZ];	/* of the tunnel */
	uint32_t ifindex;
	uint32_t prefixes;	/* how many, where they are not there themselves */
	struct prefixes lists[FILTER_LISTS];	/* by enum mtun_filter_list */
};

struct filters {
	struct filter *v;
	size_t n;
	size_t room;
};

/* What holds for all tunnels of a network namespace */
struct netns {
	uint64_t has;		/* 1 << each MTUN_A_NETNS_x that is set */
	char name[1];		/* "": there is one */
	uint8_t rx;
};

/* How the health of a tunnel is watched, and what it is */
struct health {
	uint64_t has;		/* 1 << each MTUN_A_HEALTH_x that is set */

	uint32_t ifindex;
	char ifname[IFNAMSIZ];
	uint8_t mode;
	uint8_t style;
	uint8_t direction;
	struct addr target;	/* of no length: derived */
	struct addr source;
	uint32_t interval;	/* ms, as all times but those of packets */
	uint32_t timeout;
	uint8_t down_probes;
	uint32_t down_window;
	uint32_t degraded_loss;	/* millionths */
	uint16_t degraded_probes;
	uint32_t degraded_window;
	uint8_t recover_probes;
	uint8_t healthy_probes;
	uint8_t carrier;
	uint8_t answer;

	uint8_t state;		/* if has it, and so all that follows */
	uint8_t old_state;
	uint8_t reason;
	uint64_t since;
	uint32_t rtt;		/* us, and only if has it */
	uint32_t rtt_min;
	uint32_t rtt_mean;
	uint32_t rtt_max;
	uint32_t jitter;
	uint64_t sent;
	uint64_t answered;
	uint64_t lost;
	uint64_t unsent;
	uint32_t window_probes;
	uint32_t window_lost;
	struct addr source_used;
	struct addr target_used;
};

static inline bool health_has(const struct health *h,
			      enum mtun_health_attr attr)
{
	return h->has & 1ull << attr;
}

struct healths {
	struct health *v;
	size_t n;
	size_t room;
};

struct health *healths_add(struct healths *hs);
void healths_free(struct healths *hs);

/* By the name of its tunnel, if they are sorted; or NULL */
const struct health *healths_find(const struct healths *hs, const char *ifname);

struct clamps {
	struct clamp *v;
	size_t n;
	size_t room;
};

static inline bool clamp_has(const struct clamp *c, enum mtun_clamp_attr attr)
{
	return c->has & 1ull << attr;
}

struct prefix *prefixes_add(struct prefixes *ps);
struct clamp *clamps_add(struct clamps *cs);
void clamps_clear(struct clamps *cs);
void clamp_free(struct clamp *c);
void clamps_free(struct clamps *cs);

struct filter *filters_add(struct filters *fs);
void filters_clear(struct filters *fs);
void filter_free(struct filter *f);
void filters_free(struct filters *fs);

/* In what config_sort() has sorted; NULL if there is none. */
const struct filter *filters_find(const struct filters *fs, const char *ifname);

struct sas;

struct tunnels {
	struct tunnel *v;
	size_t n;
	size_t room;
	double when;		/* seconds, just before it was dumped */
	const struct sas *sas;	/* NULL if they are not known */
};

struct tunnel *tunnels_add(struct tunnels *ts);

/* In what was dumped, which is in the order of ifindex; NULL if there is none. */
const struct tunnel *tunnels_find(const struct tunnels *ts, uint32_t ifindex);
void tunnels_free(struct tunnels *ts);

/* Pointers to all of them, in an order; to be freed. */
const struct tunnel **tunnels_sorted(const struct tunnels *ts,
				     int (*compare)(const void *,
						    const void *));

/* How an attack is made */
enum vector {
	SYN_FLOOD, UDP_FLOOD, ICMP_FLOOD, AMPLIFICATION, FRAGMENT_FLOOD, SPOOF,
	VECTOR_MAX,
};

/* What is an attack */
struct detection {
	char name[1];			/* "": there is one */
	uint32_t limits[VECTOR_MAX];	/* packets a second to one destination */
	uint8_t prefix4;		/* how many bits make a destination */
	uint8_t prefix6;
};

/* What is added to the metric of a route whose tunnel is not healthy */
#define STEER_DEGRADED	500000
#define STEER_DOWN	1000000
#define STEER_METRICS	(STEER_DOWN / STEER_DEGRADED + 1)

/* The routes through a tunnel whose metric follows its health */
struct steer {
	uint64_t has;		/* unused: the kernel knows nothing of it */
	char ifname[IFNAMSIZ];
	struct prefix routes[64];
	size_t n;
	uint32_t metric;	/* of a healthy tunnel */
	uint32_t table;
};

struct steers {
	struct steer *v;
	size_t n;
	size_t room;
};

struct steer *steers_add(struct steers *ss);

/* By the name of its tunnel, if they are sorted; or NULL */
const struct steer *steers_find(const struct steers *ss, const char *ifname);

/* One of them, as it shall be */
struct route {
	const char *ifname;
	uint32_t ifindex;
	struct prefix prefix;
	uint32_t table;
	uint32_t base;
	uint32_t metric;
	/* What there is: messages of the kernel, or NULL */
	void *found[STEER_METRICS];
	const char *fault;	/* of a route that is in the way, or NULL */
	uint32_t fault_metric;
};

struct routes {
	struct route *v;
	size_t n;
	size_t room;
};

struct route *routes_add(struct routes *rs);
void routes_clear(struct routes *rs);
void routes_free(struct routes *rs);

/* What there is, or what there shall be */
struct config {
	struct tunnels tunnels;
	struct filters filters;
	struct clamps clamps;
	struct netns netns;	/* what it does not have stays as it is */
	struct detection detection;	/* of a file; not the kernel's business */
	struct healths healths;	/* of the tunnels; of none that it does not have */
	struct steers steers;	/* of those that have one */
};

/*
 * Makes two that are the same look the same: objects by name, prefixes in order
 * and once, no MTU where it follows the underlay.
 */
void config_sort(struct config *config);
void config_free(struct config *config);

/* Cleared memory for n of them, which may be none; there is always some. */
void *allocate(size_t n, size_t size);

/* Makes room for one more in an array, and clears it. */
void *add_one(void **v, size_t *n, size_t *room, size_t size);

#define ADD_ONE(array) \
	add_one((void **)&(array)->v, &(array)->n, &(array)->room, \
		sizeof(*(array)->v))

/* As what sorts and searches wants it */
static inline int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

enum event_type {
	EVENT_NONE,
	EVENT_NEW,
	EVENT_SET,
	EVENT_DEL,
	EVENT_LOST,		/* the kernel had to drop some */
	EVENT_STATE,		/* a tunnel's health is another one */
};

enum event_about {
	ABOUT_TUNNEL,
	ABOUT_CLAMP,
	ABOUT_NETNS,
	ABOUT_FILTER,
	ABOUT_HEALTH,
};

struct event {
	enum event_type type;
	enum event_about about;
	/* One of these */
	struct tunnel tunnel;
	struct clamp clamp;
	struct netns netns;
	struct filter filter;
	struct health health;
};

/* What an event has, not itself */
void event_free(struct event *event);

struct options {
	bool json;
	bool pretty;
	bool statistics;
	bool details;
};

#endif /* MTCTL_MODEL_H */
