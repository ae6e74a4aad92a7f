/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's states of IPsec, and what they say of a tunnel. */
#ifndef MTCTL_SA_H
#define MTCTL_SA_H

#include "args.h"

/* Of ESP, in one direction. Its keys are not looked at. */
struct sa {
	struct addr src;
	struct addr dst;
	uint32_t if_id;
	uint32_t spi;		/* 0 while it is being asked for */
	bool tunnel_mode;
	bool keyed;		/* else somebody is negotiating it */
	bool encap;		/* in UDP: there is NAT on the way */
	char cipher[64];	/* as "aes-gcm-256", or the kernel's words */
	uint32_t replay_window;	/* packets, 0 for no protection */
	uint64_t packets;
	uint64_t bytes;
	uint64_t added;		/* seconds since 1970 */
	uint64_t expires;	/* seconds after that, 0 for never */
	uint32_t replayed;	/* packets that came twice, or too late */
	uint32_t forged;	/* that were not authentic */
};

struct sas {
	struct sa *v;
	size_t n;
	size_t room;
};

/* What a tunnel has. Words of it: sa_state_names[]. */
enum sa_state {
	SA_NONE,
	SA_NEGOTIATING,
	SA_ESTABLISHED,
	SA_REKEYING,		/* the next ones are there, or coming */
	SA_ELSEWHERE,		/* in the network namespace of its underlay */
};

extern const char *const sa_state_names[];

/* Whether packets of the tunnel are to be in ESP */
bool wants_ipsec(const struct tunnel *t);

void sas_free(struct sas *sas);

/* In the order that sas_find() needs */
void sas_sort(struct sas *sas);

/* Those of one direction of a tunnel, which stand together; *n gets how many. */
const struct sa *sas_find(const struct sas *sas, const struct tunnel *t,
			  enum mtun_direction direction, size_t *n);

enum sa_state sas_state(const struct sas *sas, const struct tunnel *t);

/* The one that was made last, and has keys; NULL if there is none */
const struct sa *sas_newest(const struct sas *sas, const struct tunnel *t,
			    enum mtun_direction direction);

#endif /* MTCTL_SA_H */
