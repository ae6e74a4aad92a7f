// SPDX-License-Identifier: GPL-2.0
/* struct netns to and from netlink attributes. */
#include "names.h"
#include "nl_core.h"

static const char *attr_word(const void *object, unsigned int attr)
{
	(void)object;
	return attr <= MTUN_A_NETNS_MAX ? netns_attr_names[attr] : NULL;
}

static struct about about(const struct netns *n)
{
	return (struct about) {
		.name = "",
		.plural = "settings",
		.attrs = netns_attr_names,
		.attr_max = MTUN_A_NETNS_MAX,
		.word = attr_word,
		.object = n,
	};
}

void read_netns(const struct nlmsghdr *nlh, struct netns *n)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(a) == MTUN_A_NETNS_RX &&
		    get_number(a, &n->rx, sizeof(n->rx)))
			n->has |= 1ull << MTUN_A_NETNS_RX;
}

enum result nl_netns_set(struct nl *nl, const struct netns *n,
			 struct error *err)
{
	struct nlmsghdr *nlh = start_family(nl, 0, MTUN_CMD_NETNS_SET, err);
	const struct about a = about(n);

	if (!nlh)
		return RES_REFUSED;
	if (n->has & 1ull << MTUN_A_NETNS_RX)
		mnl_attr_put_u8(nlh, MTUN_A_NETNS_RX, n->rx);
	return talk(nl, nl->genl, NULL, NULL, &a, NULL, err);
}

static void read_one(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	(void)nl;
	read_netns(nlh, data);
}

enum result nl_netns_get(struct nl *nl, struct netns *n, struct error *err)
{
	const struct about a = about(n);

	if (!start_family(nl, 0, MTUN_CMD_NETNS_GET, err))
		return RES_REFUSED;
	return talk(nl, nl->genl, read_one, n, &a, NULL, err);
}
