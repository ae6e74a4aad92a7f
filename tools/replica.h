/* SPDX-License-Identifier: GPL-2.0 */
/*
 * States and policies of IPsec of a tunnel, with their keys, on the way to the other
 * nodes that serve it: what may go, as text and back, and what has to be done there.
 * Nothing here talks to the kernel.
 */
#ifndef MTCTL_REPLICA_H
#define MTCTL_REPLICA_H

#include <netinet/in.h>
#include <linux/xfrm.h>

#include "model.h"

/* What has keys in it: wiped when it grows and when it goes */
struct secret {
	char *s;
	size_t n;
	size_t room;
};

void secret_add(struct secret *to, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void secret_add_hex(struct secret *to, const void *bytes, size_t n);
void secret_free(struct secret *s);

#define REPLICA_TMPLS	6	/* of a policy, as the kernel has it */
#define REPLICA_KEY	64	/* bytes of the longest, that of hmac(sha512) */

struct algorithm {
	char name[64];		/* "" for none */
	uint32_t icv;		/* bits of it that are sent */
	uint32_t key_len;	/* bytes */
	unsigned char key[REPLICA_KEY];
};

/* Of ESP. As the kernel has it, but for what each node counts by itself. */
struct replica_state {
	struct addr src;
	struct addr dst;
	uint32_t if_id;
	uint32_t spi;
	uint32_t reqid;
	uint8_t mode;
	uint8_t flags;
	uint32_t extra_flags;
	uint32_t window;	/* of the protection from replay, in packets */
	uint32_t tfcpad;
	uint32_t mapping_age;
	struct xfrm_selector sel;
	struct xfrm_lifetime_cfg limits;
	struct xfrm_mark mark;
	struct xfrm_mark set_mark;
	struct xfrm_encap_tmpl encap;	/* type 0 for none */
	struct algorithm aead;
	struct algorithm auth;
	struct algorithm crypt;
	__u64 age;		/* seconds */
	bool offload;		/* to a NIC */
	bool odd;		/* has something that there is no word for */
};

struct replica_policy {
	uint8_t dir;
	uint8_t action;
	uint8_t flags;
	uint32_t priority;
	uint32_t if_id;
	struct xfrm_selector sel;
	struct xfrm_lifetime_cfg limits;
	struct xfrm_mark mark;
	struct xfrm_user_tmpl tmpls[REPLICA_TMPLS];
	uint32_t n_tmpls;
	bool odd;
};

#define REPLICA_MANY	1000	/* states, and policies, that a tunnel may have */

/* All of a tunnel */
struct replica {
	char ifname[IFNAMSIZ];
	uint8_t mode;		/* MTUN_MODE_* */
	struct addr local;
	struct addr remote;
	uint32_t if_id;
	struct replica_state *states;
	size_t n_states;
	size_t states_room;
	struct replica_policy *policies;
	size_t n_policies;
	size_t policies_room;
};

/*
 * When they were read. Of two moments of one boot of one machine it can be told which one
 * was first, whatever is done to its clock.
 */
struct replica_made {
	char boot[37];		/* boot_id of random(4) */
	__u64 ns;		/* CLOCK_BOOTTIME */
};

struct replicas {
	struct replica *v;
	size_t n;
	size_t room;
	struct replica_made made;
};

struct replica *replicas_add(struct replicas *rs);
struct replica_state *replica_add_state(struct replica *r);
struct replica_policy *replica_add_policy(struct replica *r);
void replicas_free(struct replicas *rs);

/*
 * The kernel tells the newest first, and of two policies that suit a packet as well, the
 * first one that was made counts: so they have to be made.
 */
void replicas_reverse(struct replicas *rs);

/*
 * For a tunnel as it is here, without states and policies. Fails for one whose states
 * no other node may have.
 */
enum result replica_of(const struct tunnel *t, struct replica *r,
		       struct error *err);

/* Those of a tunnel that has another if-id here */
void replica_set_if_id(struct replica *r, uint32_t if_id);

/* Whether they are one tunnel at two nodes, whatever its if-ids and its names are */
bool replica_is_same(const struct replica *a, const struct replica *b);

/* No two have the same states */
enum result replicas_apart(const struct replicas *rs, struct error *err);

/* Whether it is the tunnel's, and of use to it */
bool replica_has_state(const struct replica *r, const struct replica_state *s);
bool replica_has_policy(const struct replica *r, const struct replica_policy *p);

/*
 * One that the kernel has. How many packets a state may have is for those who send by it,
 * whose nonces they are: a node that has received as many from all of the far ends would
 * receive no more, and nobody would rekey for its sake. Those limits of a state that
 * receives are none.
 */
void replica_add_found(struct replica *r, const struct replica_state *found);

/* Each of them may be on several nodes, or err says why not. */
enum result replica_check(const struct replica *r, struct error *err);

/*
 * All keys are shown. Where they are not, what is here cannot be compared with what comes,
 * and could not be put back.
 */
enum result replica_check_keys(const struct replica *r, struct error *err);

/* ---- as text ---- */

#define REPLICA_VERSION	2

/* A block of lines. Without times, it differs only where something has changed. */
void replicas_write(const struct replicas *rs, bool times, struct secret *to);

/* Reads blocks, line by line. */
struct replica_parser {
	struct replicas rs;
	bool begun;
	bool dated;
	uint32_t lines;
	uint64_t sum;
};

/*
 * A line, which is cut to pieces, without its newline. Sets *complete when it was the
 * last one of a block: then parser->rs has all of it, for whoever calls to take.
 */
enum result replica_parse(struct replica_parser *parser, char *line,
			  bool *complete, struct error *err);
void replica_parser_free(struct replica_parser *parser);

/* ---- which is the last ---- */

/*
 * Notes in a file, which is locked, that these are taken; or refuses them, if what was
 * taken last of one of them was made later. since is when the stream began that they came
 * by: of two machines, or boots, the one counts whose stream is younger.
 */
enum result replica_last(int fd, const struct replicas *rs, __u64 since,
			 struct error *err);

/* ---- what there is to do ---- */

enum replica_step_type {
	REPLICA_ADD_STATE,
	REPLICA_REPLACE_STATE,
	REPLICA_SET_POLICY,
	REPLICA_DEL_POLICY,
	REPLICA_DEL_STATE,
};

/* is what shall be, was what there is; NULL where there is none */
struct replica_step {
	enum replica_step_type type;
	const struct replica_state *is;
	const struct replica_state *was;
	const struct replica_policy *policy_is;
	const struct replica_policy *policy_was;
};

struct replica_plan {
	struct replica_step *v;
	size_t n;
	size_t room;
};

/*
 * What makes here what shall be, in an order in which nothing is ever without a state:
 * those that receive, those that send, policies, and then what is to go.
 */
void replica_plan(const struct replica *here, const struct replica *shall,
		  struct replica_plan *plan);
void replica_plan_sort(struct replica_plan *plan);

#endif /* MTCTL_REPLICA_H */
