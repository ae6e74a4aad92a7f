// SPDX-License-Identifier: GPL-2.0
/* struct clamp to and from netlink attributes. */
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "nl_core.h"

/* What the user typed to give attr; NULL for what only the kernel knows. */
static const char *attr_word(const void *object, unsigned int attr)
{
	(void)object;
	switch (attr) {
	case MTUN_A_CLAMP_IFNAME:
		return "dev";
	case MTUN_A_CLAMP_SRC_ANY:
		return "src";
	case MTUN_A_CLAMP_DST_ANY:
		return "dst";
	}
	return attr <= MTUN_A_CLAMP_MAX ? clamp_attr_names[attr] : NULL;
}

static struct about about(const struct clamp *c)
{
	return (struct about) {
		.name = c->ifname,
		.plural = "clamps",
		.name_attr = MTUN_A_CLAMP_IFNAME,
		.attrs = clamp_attr_names,
		.attr_max = MTUN_A_CLAMP_MAX,
		.word = attr_word,
		.object = c,
	};
}

static bool read_attr(const struct nlattr *a, struct clamp *c)
{
	switch (mnl_attr_get_type(a)) {
	case MTUN_A_CLAMP_IFNAME:
		return get_string(a, c->ifname, sizeof(c->ifname));
	case MTUN_A_CLAMP_IFINDEX:
		return get_number(a, &c->ifindex, sizeof(c->ifindex));
	case MTUN_A_CLAMP_DIRECTION:
		return get_number(a, &c->direction, sizeof(c->direction));
	case MTUN_A_CLAMP_MSS:
		return get_number(a, &c->mss, sizeof(c->mss));
	case MTUN_A_CLAMP_INSERT:
		return get_number(a, &c->insert, sizeof(c->insert));
	case MTUN_A_CLAMP_ORIGIN:
		return get_number(a, &c->origin, sizeof(c->origin));
	case MTUN_A_CLAMP_SRC:
		return get_prefix(a, prefixes_add(&c->src));
	case MTUN_A_CLAMP_DST:
		return get_prefix(a, prefixes_add(&c->dst));
	case MTUN_A_CLAMP_SEEN:
		get_count(a, c->verdicts, MTUN_MSS_VERDICT_MAX);
		return true;
	}
	return false;
}

void read_clamp(const struct nlmsghdr *nlh, struct clamp *c)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (read_attr(a, c))
			c->has |= 1ull << mnl_attr_get_type(a);
}

/* False if there is no room left. */
static bool put_side(struct nlmsghdr *nlh, const struct prefixes *ps,
		     uint16_t attr, uint16_t any)
{
	if (ps->any && any)
		mnl_attr_put(nlh, any, 0, NULL);
	return put_prefixes(nlh, attr, ps);
}

static enum result change(struct nl *nl, enum mtun_cmd cmd,
			  const struct clamp *c, struct error *err)
{
	struct nlmsghdr *nlh = start_family(nl, 0, cmd, err);
	bool set = cmd == MTUN_CMD_CLAMP_SET;
	const struct about a = about(c);

	if (!nlh)
		return RES_REFUSED;
	mnl_attr_put_strz(nlh, MTUN_A_CLAMP_IFNAME, c->ifname);
	if (clamp_has(c, MTUN_A_CLAMP_DIRECTION))
		mnl_attr_put_u8(nlh, MTUN_A_CLAMP_DIRECTION, c->direction);
	if (clamp_has(c, MTUN_A_CLAMP_MSS))
		mnl_attr_put_u16(nlh, MTUN_A_CLAMP_MSS, c->mss);
	if (clamp_has(c, MTUN_A_CLAMP_INSERT))
		mnl_attr_put_u8(nlh, MTUN_A_CLAMP_INSERT, c->insert);
	if (clamp_has(c, MTUN_A_CLAMP_ORIGIN))
		mnl_attr_put_u8(nlh, MTUN_A_CLAMP_ORIGIN, c->origin);
	if (!put_side(nlh, &c->src, MTUN_A_CLAMP_SRC,
		      set ? MTUN_A_CLAMP_SRC_ANY : 0) ||
	    !put_side(nlh, &c->dst, MTUN_A_CLAMP_DST,
		      set ? MTUN_A_CLAMP_DST_ANY : 0))
		return refuse(err, RES_USAGE,
			      "a clamp has 1024 prefixes at the most");
	return talk(nl, nl->genl, NULL, NULL, &a, NULL, err);
}

enum result nl_clamp_new(struct nl *nl, const struct clamp *c,
			 struct error *err)
{
	return change(nl, MTUN_CMD_CLAMP_NEW, c, err);
}

enum result nl_clamp_set(struct nl *nl, const struct clamp *c,
			 struct error *err)
{
	return change(nl, MTUN_CMD_CLAMP_SET, c, err);
}

enum result nl_clamp_del(struct nl *nl, const char *ifname, struct error *err)
{
	struct clamp c = { 0 };

	strcpy(c.ifname, ifname);
	return change(nl, MTUN_CMD_CLAMP_DEL, &c, err);
}

static void read_one(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_clamp(nlh, data);
}

enum result nl_clamp_get(struct nl *nl, const char *ifname, struct clamp *c,
			 struct error *err)
{
	struct clamp ask = { 0 };
	const struct about a = about(&ask);

	strcpy(ask.ifname, ifname);
	return get_one(nl, MTUN_CMD_CLAMP_GET, read_one, c, &a, err);
}

static void read_many(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_clamp(nlh, clamps_add(data));
}

static void forget(void *data)
{
	clamps_clear(data);
}

enum result nl_clamp_dump(struct nl *nl, struct clamps *cs, bool *incomplete,
			  struct error *err)
{
	const struct clamp none = { 0 };
	const struct about a = about(&none);

	return dump(nl, MTUN_CMD_CLAMP_GET, forget, read_many, cs, &a,
		    incomplete, err);
}
