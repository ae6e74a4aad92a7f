/* SPDX-License-Identifier: GPL-2.0 */
/* What the netlink files (nl*.c) share, and nobody else includes. */
#ifndef MTCTL_NL_CORE_H
#define MTCTL_NL_CORE_H

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "nl.h"

/* Room for a filter with all the prefixes that it may have. */
#define REQUEST_SIZE	(2 * 1024 * 1024)
#define BUF_SIZE	(64 * 1024)
#define DUMP_TRIES	10

/* Multicast groups of the kernel's */
enum group {
	GROUP_CONFIG,
	GROUP_HEALTH,
	GROUP_SAMPLES,
	GROUPS
};

struct nl {
	struct mnl_socket *genl;
	struct mnl_socket *rtnl;
	struct mnl_socket *xfrm;
	struct mnl_socket *replicas;	/* what changes in xfrm */
	struct mnl_socket *events;	/* apart, or requests would eat them */
	struct mnl_socket *samples;
	unsigned int seq;
	uint16_t family;
	uint32_t groups[GROUPS];	/* 0 if unknown */
	uint64_t *next_sample;	/* number of each CPU's next sample */
	uint32_t n_cpus;
	char *next_event;	/* unread part of event_buf */
	size_t events_len;
	bool events_lost;	/* and not yet told */
	bool events_end;	/* they were lost behind those in event_buf */
	char req[REQUEST_SIZE] __attribute__((aligned(8)));
	char buf[BUF_SIZE] __attribute__((aligned(8)));
	char event_buf[BUF_SIZE] __attribute__((aligned(8)));
};

/* What a request is about, so that errors speak the user's language. */
struct about {
	const char *name;		/* of the object, or "" */
	const char *plural;		/* what such objects are called */
	unsigned int name_attr;		/* the attribute that has it */
	const char *const *attrs;	/* names of attributes, NULL for none */
	unsigned int attr_max;
	/* What the user typed to give attr; NULL for what only the kernel knows. */
	const char *(*word)(const void *object, unsigned int attr);
	const void *object;
};

extern const char *const group_names[GROUPS];

typedef void (*reply_fn)(struct nl *nl, const struct nlmsghdr *nlh, void *data);

/* strerror(), but for EPERM what it takes */
const char *error_text(int error);

enum result open_socket(struct mnl_socket **s, int bus, struct error *err);

/*
 * recv() of what the kernel has sent: whoever owns the network namespace may send to our
 * socket as well.
 */
ssize_t receive(const struct mnl_socket *s, void *buf, size_t size, int flags);

/* Finds the kernel's family, once. */
enum result connect_family(struct nl *nl, struct error *err);

/*
 * Opens a socket, or uses it, to receive the messages of a group in a large buffer, and
 * those of nlctrl: when the family goes, its groups go with it, and their members.
 */
enum result subscribe(struct nl *nl, struct mnl_socket **s, enum group group,
		      int buffer, struct error *err);

/* Whether a message says that the family goes */
bool tells_unload(const struct nl *nl, const struct nlmsghdr *nlh);

/* Refuses to go on, as nothing would come any more. */
enum result unloaded(struct error *err);

/* Asks for the family anew, where what was lost may have told that it has gone. */
enum result check_family(struct nl *nl, struct error *err);

/* Begins the next request, in nl->req. */
struct nlmsghdr *start_request(struct nl *nl, uint16_t type, uint16_t flags,
			       uint8_t cmd, uint8_t version);

/* The same to the kernel's family; NULL, and err says why, where there is none. */
struct nlmsghdr *start_family(struct nl *nl, uint16_t flags, uint8_t cmd,
			      struct error *err);

/*
 * Sends nl->req and reads until its acknowledgment or the end of its dump.
 * about may be NULL. *interrupted tells that a dump is inconsistent.
 */
enum result talk(struct nl *nl, struct mnl_socket *s, reply_fn fn, void *data,
		 const struct about *about, bool *interrupted,
		 struct error *err);

/* Asks for the object that about names. */
enum result get_one(struct nl *nl, uint8_t cmd, reply_fn fn, void *data,
		    const struct about *about, struct error *err);

/*
 * A dump, which nl->req asks for, again and again until nothing changes while it is
 * read: restart is called before each. When there is always a change, it fails with
 * *incomplete set. plural is what it is of.
 */
enum result talk_whole(struct nl *nl, struct mnl_socket *s,
		       void (*restart)(void *data), reply_fn fn, void *data,
		       const struct about *about, const char *plural,
		       bool *incomplete, struct error *err);

/* The same, of about->name or else of all that our family has */
enum result dump(struct nl *nl, uint8_t cmd, void (*restart)(void *data),
		 reply_fn fn, void *data, const struct about *about,
		 bool *incomplete, struct error *err);

void read_tunnel(const struct nlmsghdr *nlh, struct tunnel *t);
void read_netns(const struct nlmsghdr *nlh, struct netns *n);
void read_health(const struct nlmsghdr *nlh, struct health *h);
void read_clamp(const struct nlmsghdr *nlh, struct clamp *c);
void read_filter(const struct nlmsghdr *nlh, struct filter *f);

/* Attributes to values; false if they are of another size. */
bool get_addr(const struct nlattr *a, struct addr *addr);
bool get_number(const struct nlattr *a, void *to, size_t len);
bool get_string(const struct nlattr *a, char *to, size_t size);

/* A nest of a prefix */
bool get_prefix(const struct nlattr *nest, struct prefix *prefix);

/* Without one the nest is empty. False if there is no room in a request. */
bool put_prefix(struct nlmsghdr *nlh, uint16_t attr, const struct prefix *prefix);

/* Each of them. False if there is no room in a request. */
bool put_prefixes(struct nlmsghdr *nlh, uint16_t attr,
		  const struct prefixes *ps);

/* A nest of a drop reason or a verdict, and its packets, into counts[0 .. max] */
void get_count(const struct nlattr *nest, uint64_t *counts, uint32_t max);

#endif /* MTCTL_NL_CORE_H */
