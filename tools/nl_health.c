// SPDX-License-Identifier: GPL-2.0
/* struct health to and from netlink attributes. */
#include <string.h>

#include "names.h"
#include "nl_core.h"

/* Attributes that are a number, and where it is */
static const struct {
	uint16_t attr;
	uint16_t at;
	uint8_t size;
} numbers[] = {
#define NUMBER(attr, member)						\
	{ MTUN_A_HEALTH_##attr, offsetof(struct health, member),	\
	  sizeof(((struct health *)NULL)->member) }
	NUMBER(IFINDEX, ifindex),
	NUMBER(MODE, mode),
	NUMBER(STYLE, style),
	NUMBER(DIRECTION, direction),
	NUMBER(INTERVAL, interval),
	NUMBER(TIMEOUT, timeout),
	NUMBER(DOWN_PROBES, down_probes),
	NUMBER(DOWN_WINDOW, down_window),
	NUMBER(DEGRADED_LOSS, degraded_loss),
	NUMBER(DEGRADED_PROBES, degraded_probes),
	NUMBER(DEGRADED_WINDOW, degraded_window),
	NUMBER(RECOVER_PROBES, recover_probes),
	NUMBER(HEALTHY_PROBES, healthy_probes),
	NUMBER(CARRIER, carrier),
	NUMBER(ANSWER, answer),
	NUMBER(STATE, state),
	NUMBER(OLD_STATE, old_state),
	NUMBER(REASON, reason),
	NUMBER(SINCE, since),
	NUMBER(RTT, rtt),
	NUMBER(RTT_MIN, rtt_min),
	NUMBER(RTT_MEAN, rtt_mean),
	NUMBER(RTT_MAX, rtt_max),
	NUMBER(JITTER, jitter),
	NUMBER(SENT, sent),
	NUMBER(ANSWERED, answered),
	NUMBER(LOST, lost),
	NUMBER(UNSENT, unsent),
	NUMBER(WINDOW_PROBES, window_probes),
	NUMBER(WINDOW_LOST, window_lost),
};

/* And those that are an address */
static const struct {
	uint16_t attr;
	uint16_t at;
} addresses[] = {
#define ADDRESS(attr, member)						\
	{ MTUN_A_HEALTH_##attr, offsetof(struct health, member) }
	ADDRESS(TARGET, target),
	ADDRESS(SOURCE, source),
	ADDRESS(TARGET_USED, target_used),
	ADDRESS(SOURCE_USED, source_used),
};

static bool read_attr(const struct nlattr *a, struct health *h)
{
	uint16_t type = mnl_attr_get_type(a);

	if (type == MTUN_A_HEALTH_IFNAME)
		return get_string(a, h->ifname, sizeof(h->ifname));
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (numbers[i].attr == type)
			return get_number(a, (char *)h + numbers[i].at,
					  numbers[i].size);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++)
		if (addresses[i].attr == type)
			return get_addr(a, (void *)((char *)h +
						    addresses[i].at));
	return false;
}

void read_health(const struct nlmsghdr *nlh, struct health *h)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (read_attr(a, h))
			h->has |= 1ull << mnl_attr_get_type(a);
}

static void put_health(struct nlmsghdr *nlh, const struct health *h)
{
	const struct addr *addr;

	mnl_attr_put_strz(nlh, MTUN_A_HEALTH_IFNAME, h->ifname);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (health_has(h, numbers[i].attr))
			mnl_attr_put(nlh, numbers[i].attr, numbers[i].size,
				     (const char *)h + numbers[i].at);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		addr = (const void *)((const char *)h + addresses[i].at);
		if (health_has(h, addresses[i].attr))
			mnl_attr_put(nlh, addresses[i].attr, addr->len,
				     addr->bytes);
	}
}

static const char *attr_word(const void *object, unsigned int attr)
{
	(void)object;
	if (attr == MTUN_A_HEALTH_IFNAME)
		return "name";
	return attr <= MTUN_A_HEALTH_MAX ? health_attr_names[attr] : NULL;
}

static struct about about(const struct health *h)
{
	return (struct about) {
		.name = h->ifname,
		.plural = "tunnels",
		.name_attr = MTUN_A_HEALTH_IFNAME,
		.attrs = health_attr_names,
		.attr_max = MTUN_A_HEALTH_MAX,
		.word = attr_word,
		.object = h,
	};
}

enum result nl_health_set(struct nl *nl, const struct health *h,
			  struct error *err)
{
	struct nlmsghdr *nlh = start_family(nl, 0, MTUN_CMD_HEALTH_SET, err);
	const struct about a = about(h);

	if (!nlh)
		return RES_REFUSED;
	put_health(nlh, h);
	return talk(nl, nl->genl, NULL, NULL, &a, NULL, err);
}

static void read_one(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_health(nlh, data);
}

enum result nl_health_get(struct nl *nl, const char *ifname, struct health *h,
			  struct error *err)
{
	struct health ask = { 0 };
	const struct about a = about(&ask);

	strcpy(ask.ifname, ifname);
	return get_one(nl, MTUN_CMD_HEALTH_GET, read_one, h, &a, err);
}

static void read_many(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_health(nlh, healths_add(data));
}

static void forget(void *data)
{
	struct healths *hs = data;

	hs->n = 0;
}

enum result nl_health_dump(struct nl *nl, struct healths *hs, bool *incomplete,
			   struct error *err)
{
	const struct health none = { 0 };
	const struct about a = about(&none);

	return dump(nl, MTUN_CMD_HEALTH_GET, forget, read_many, hs, &a,
		    incomplete, err);
}
