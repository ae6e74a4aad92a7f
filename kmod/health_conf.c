// SPDX-License-Identifier: GPL-2.0
#include "health_conf.h"

static bool given(const struct mt_health_change *change, u16 attr)
{
	return change->given & BIT_ULL(attr);
}

void mt_health_conf_init(struct mt_health_conf *conf)
{
	*conf = (struct mt_health_conf) {
		.answer = true,
		.interval = 5000,
		.timeout = 800,
		.rules = {
			.down_window = 1000,
			.degraded_window = 300000,
			.degraded_loss = 1000,
			.degraded_probes = 2,
			.down_probes = 3,
			.recover_probes = 3,
			.healthy_probes = 30,
		},
	};
}

/* ---- numbers ---- */

#define U8_LIMITS(name, member, low, high, wrong)			\
	{ name, offsetof(struct mt_health_change, member),		\
	  offsetof(struct mt_health_conf, member), 1, low, high, wrong }
#define U16_LIMITS(name, member, low, high, wrong)			\
	{ name, offsetof(struct mt_health_change, member),		\
	  offsetof(struct mt_health_conf, member), 2, low, high, wrong }
#define U32_LIMITS(name, member, low, high, wrong)			\
	{ name, offsetof(struct mt_health_change, member),		\
	  offsetof(struct mt_health_conf, member), 4, low, high, wrong }

/* Those that stand on their own, where they are, and what they may be */
static const struct limit {
	u16 attr;
	u16 from;
	u16 to;
	u8 size;
	u32 min;
	u32 max;
	const char *wrong;
} limits[] = {
	U8_LIMITS(MTUN_A_HEALTH_MODE, mode, 0, MTUN_HEALTH_MODE_MAX,
		  "mode must be off, probe or keepalive"),
	U8_LIMITS(MTUN_A_HEALTH_STYLE, style, 0, MTUN_HEALTH_STYLE_MAX,
		  "style must be reply or request"),
	U8_LIMITS(MTUN_A_HEALTH_DIRECTION, direction, 0,
		  MTUN_HEALTH_DIRECTION_MAX, "direction must be bi or uni"),
	U8_LIMITS(MTUN_A_HEALTH_CARRIER, carrier, 0, 1, "carrier must be 0 or 1"),
	U8_LIMITS(MTUN_A_HEALTH_ANSWER, answer, 0, 1, "answer must be 0 or 1"),
	U32_LIMITS(MTUN_A_HEALTH_INTERVAL, interval, MT_HEALTH_INTERVAL_MIN,
		   MT_HEALTH_INTERVAL_MAX,
		   "interval must be 100 ms to 1 h"),
	U32_LIMITS(MTUN_A_HEALTH_TIMEOUT, timeout, 10, 60000,
		   "timeout must be 10 ms to 60 s"),
	U8_LIMITS(MTUN_A_HEALTH_DOWN_PROBES, rules.down_probes, 1,
		  MT_HEALTH_DOWN_PROBES_MAX, "down-probes must be 1 to 8"),
	U32_LIMITS(MTUN_A_HEALTH_DOWN_WINDOW, rules.down_window, 20, 3600000,
		   "down-window must be 20 ms to 1 h"),
	U32_LIMITS(MTUN_A_HEALTH_DEGRADED_LOSS, rules.degraded_loss, 0, 1000000,
		   "degraded-loss must be 0 to 1000000 millionths"),
	U16_LIMITS(MTUN_A_HEALTH_DEGRADED_PROBES, rules.degraded_probes, 1,
		   65535, "degraded-probes must be at least 1"),
	U32_LIMITS(MTUN_A_HEALTH_DEGRADED_WINDOW, rules.degraded_window, 300,
		   3600000, "degraded-window must be 300 ms to 1 h"),
	U8_LIMITS(MTUN_A_HEALTH_RECOVER_PROBES, rules.recover_probes, 1, 255,
		  "recover-probes must be at least 1"),
	U8_LIMITS(MTUN_A_HEALTH_HEALTHY_PROBES, rules.healthy_probes, 1,
		  MT_HEALTH_HEALTHY_PROBES_MAX, "healthy-probes must be 1 to 64"),
	{ 0 }
};

static u32 number(const u8 *at, u8 size)
{
	u32 v32;
	u16 v16;

	if (size == sizeof(u8))
		return *at;
	if (size == sizeof(u16)) {
		memcpy(&v16, at, sizeof(v16));
		return v16;
	}
	memcpy(&v32, at, sizeof(v32));
	return v32;
}

static const char *apply_numbers(struct mt_health_conf *conf,
				 const struct mt_health_change *change,
				 u16 *attr)
{
	const struct limit *limit;
	const u8 *from;
	u32 value;

	for (limit = limits; limit->attr; limit++) {
		if (!given(change, limit->attr))
			continue;
		from = (const u8 *)change + limit->from;
		value = number(from, limit->size);
		*attr = limit->attr;
		if (value < limit->min || value > limit->max)
			return limit->wrong;
		memcpy((u8 *)conf + limit->to, from, limit->size);
	}
	return NULL;
}

static const char *check_times(const struct mt_health_conf *conf,
			       const struct mt_health_change *change, u16 *attr)
{
	*attr = MTUN_A_HEALTH_TIMEOUT;
	if (conf->timeout > conf->interval *
			    (MT_HEALTH_FLYING_MAX - MT_HEALTH_DOWN_PROBES_MAX)) {
		if (given(change, MTUN_A_HEALTH_TIMEOUT))
			return "timeout must be at most eight intervals";
		*attr = MTUN_A_HEALTH_INTERVAL;
		return "interval must be at least an eighth of timeout";
	}
	/* or the probes that are sent at once would end after the window */
	if (conf->rules.down_probes > 1 &&
	    conf->timeout >= conf->rules.down_window) {
		if (given(change, MTUN_A_HEALTH_TIMEOUT))
			return "timeout must be less than down-window: give that as well";
		*attr = MTUN_A_HEALTH_DOWN_WINDOW;
		return "down-window must be more than timeout";
	}
	return NULL;
}

/* ---- addresses ---- */

/* The kernel hands texts of errors on by reference: each is a constant. */
#define BOTH(is_source, text)	((is_source) ? "source " text : "target " text)

static bool is_host(u8 family, const union mt_addr *addr)
{
	static const union mt_addr zero;
	u8 first = *(const u8 *)addr;

	if (!memcmp(addr, &zero, sizeof(zero)))
		return false;
	return family == AF_INET ? first && first < 224 : first != 0xff;
}

static const char *apply_address(union mt_addr *addr, bool *has, u8 *family,
				 const void *data, u16 len, bool is_source)
{
	memset(addr, 0, sizeof(*addr));
	*has = len;
	if (!len)
		return NULL;
	if (len != sizeof(__be32) && len != sizeof(struct in6_addr))
		return BOTH(is_source,
			    "must be 4 (IPv4) or 16 (IPv6) bytes long");
	memcpy(addr, data, len);
	*family = len == sizeof(__be32) ? AF_INET : AF_INET6;
	if (!is_host(*family, addr))
		return BOTH(is_source, "must be the address of a host");
	return NULL;
}

static const char *apply_addresses(struct mt_health_conf *conf,
				   const struct mt_health_change *change,
				   u16 *attr)
{
	u8 target_family = conf->family, source_family = conf->family;
	const char *text;

	*attr = MTUN_A_HEALTH_TARGET;
	if (given(change, MTUN_A_HEALTH_TARGET)) {
		text = apply_address(&conf->target, &conf->has_target,
				     &target_family, change->target,
				     change->target_len, false);
		if (text)
			return text;
	}
	*attr = MTUN_A_HEALTH_SOURCE;
	if (given(change, MTUN_A_HEALTH_SOURCE)) {
		text = apply_address(&conf->source, &conf->has_source,
				     &source_family, change->source,
				     change->source_len, true);
		if (text)
			return text;
	}
	if (conf->has_target && conf->has_source &&
	    target_family != source_family)
		return "source must be of the same family as target";
	conf->family = conf->has_target ? target_family :
		       conf->has_source ? source_family : 0;
	return NULL;
}

const char *mt_health_conf_apply(struct mt_health_conf *conf,
				 const struct mt_health_change *change,
				 u16 *attr)
{
	const char *text;

	text = apply_numbers(conf, change, attr);
	if (text)
		return text;
	text = check_times(conf, change, attr);
	if (text)
		return text;
	return apply_addresses(conf, change, attr);
}

/*
 * Any node may receive what comes back to an address that all nodes have: only
 * what comes back to this node's own tells it something.
 */
static const char *suits_anycast(const struct mt_health_conf *conf,
				 const struct mt_conf *tunnel, u16 *attr)
{
	*attr = MTUN_A_HEALTH_MODE;
	if (conf->mode == MTUN_HEALTH_MODE_KEEPALIVE)
		return "mode must be probe for anycast: keepalives may reach another node";
	*attr = MTUN_A_HEALTH_DIRECTION;
	if (conf->direction == MTUN_HEALTH_DIRECTION_BI)
		return "direction must be uni for anycast: an answer in it may reach another node";
	*attr = MTUN_A_HEALTH_SOURCE;
	if (!conf->has_source)
		return "source is needed for anycast: give an address of this node alone";
	if (conf->family == tunnel->family &&
	    !memcmp(&conf->source, &tunnel->local, sizeof(conf->source)))
		return "source must not be local for anycast: give an address of this node alone";
	return NULL;
}

const char *mt_health_conf_suits(const struct mt_health_conf *conf,
				 const struct mt_conf *tunnel, u16 *attr)
{
	if (conf->mode == MTUN_HEALTH_MODE_OFF)
		return NULL;
	if (tunnel->anycast)
		return suits_anycast(conf, tunnel, attr);
	*attr = MTUN_A_HEALTH_MODE;
	if (conf->mode == MTUN_HEALTH_MODE_KEEPALIVE &&
	    tunnel->mode == MTUN_MODE_IPSEC)
		return "mode must be probe in a tunnel of mode ipsec: keepalives are GRE's";
	if (conf->mode == MTUN_HEALTH_MODE_KEEPALIVE &&
	    tunnel->iflags & MTUN_GRE_FLAG_SEQ)
		return "mode must be probe where iflags have seq: keepalives have no numbers";
	if (conf->mode != MTUN_HEALTH_MODE_PROBE ||
	    conf->direction != MTUN_HEALTH_DIRECTION_UNI ||
	    !conf->family || conf->family == tunnel->family)
		return NULL;
	if (conf->has_source && conf->has_target)
		return NULL;
	*attr = conf->has_source ? MTUN_A_HEALTH_TARGET : MTUN_A_HEALTH_SOURCE;
	return conf->has_source ?
	       "target is needed: source is not of the family of remote" :
	       "source is needed: target is not of the family of local";
}
