/* SPDX-License-Identifier: GPL-2.0 */
/* How the health of a tunnel is watched: defaults and validation. Pure. */
#ifndef MTUN_HEALTH_CONF_H
#define MTUN_HEALTH_CONF_H

#include "health.h"

#define MT_HEALTH_INTERVAL_MIN	100	/* ms */
#define MT_HEALTH_INTERVAL_MAX	3600000

/* What is under way at most: eight intervals of it, and what was asked again. */
#define MT_HEALTH_FLYING_MAX	16

/**
 * struct mt_health_conf - as an operator gives it
 * @mode: enum mtun_health_mode
 * @style: enum mtun_health_style
 * @direction: enum mtun_health_direction
 * @family: AF_INET or AF_INET6, of those of the two addresses that are given
 * @has_target: @target is given
 * @has_source: @source is given
 * @carrier: down takes away the carrier
 * @answer: answer keepalives of the far end
 * @interval: ms from one probe to the next
 * @timeout: ms that a probe is waited for
 * @target: in network byte order, else 0
 * @source: in network byte order, else 0
 * @rules: when the state changes
 */
struct mt_health_conf {
	u8 mode;
	u8 style;
	u8 direction;
	u8 family;
	bool has_target;
	bool has_source;
	bool carrier;
	bool answer;
	u32 interval;
	u32 timeout;
	union mt_addr target;
	union mt_addr source;
	struct mt_health_rules rules;
};

/**
 * struct mt_health_change - what a request gives of it
 * @given: BIT_ULL(MTUN_A_HEALTH_x) for each attribute x that is there; the fields
 *	   of the others are not looked at
 * @target: address in network byte order, not NULL if it was given
 * @source: address in network byte order, not NULL if it was given
 * @target_len: bytes of @target, 0 to take it away
 * @source_len: bytes of @source, 0 to take it away
 * @mode: as in struct mt_health_conf, and so are all that follow
 * @style: .
 * @direction: .
 * @carrier: .
 * @answer: .
 * @interval: .
 * @timeout: .
 * @rules: .
 */
struct mt_health_change {
	u64 given;
	const void *target;
	const void *source;
	u16 target_len;
	u16 source_len;
	u8 mode;
	u8 style;
	u8 direction;
	u8 carrier;
	u8 answer;
	u32 interval;
	u32 timeout;
	struct mt_health_rules rules;
};

/* That of a tunnel of which nothing is said: it is not watched. */
void mt_health_conf_init(struct mt_health_conf *conf);

/**
 * mt_health_conf_apply() - change it
 * @conf: valid; after an error it is not
 * @change: what to change
 * @attr: after an error, the MTUN_A_HEALTH_x that is wrong or missing
 *
 * Return: NULL if @conf is valid now, else what is wrong with @attr, as a
 * text that begins with its name.
 */
const char *mt_health_conf_apply(struct mt_health_conf *conf,
				 const struct mt_health_change *change,
				 u16 *attr);

/**
 * mt_health_conf_suits() - whether a tunnel can be watched like that
 * @conf: valid
 * @tunnel: the tunnel's configuration, valid
 * @attr: if not, the MTUN_A_HEALTH_x that is wrong or missing
 *
 * Return: NULL if so, else a text that begins with the name of @attr.
 */
const char *mt_health_conf_suits(const struct mt_health_conf *conf,
				 const struct mt_conf *tunnel, u16 *attr);

#endif /* MTUN_HEALTH_CONF_H */
