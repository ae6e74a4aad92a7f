// SPDX-License-Identifier: GPL-2.0
/* struct filter to and from netlink attributes. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "nl_core.h"

/* A list and its attribute are in the same order. */
static_assert(MTUN_A_FILTER_ALLOW_DST_TX - MTUN_A_FILTER_ALLOW_SRC_RX ==
	      (int)MTUN_FILTER_LIST_ALLOW_DST_TX, "");

#define LIST_ATTR(i)	(MTUN_A_FILTER_ALLOW_SRC_RX + (i))

static const char *attr_word(const void *object, unsigned int attr)
{
	(void)object;
	if (attr == MTUN_A_FILTER_IFNAME)
		return "";
	return attr <= MTUN_A_FILTER_MAX ? filter_attr_names[attr] : NULL;
}

static struct about about(const char *ifname)
{
	return (struct about) {
		.name = ifname,
		.plural = "filters",
		.name_attr = MTUN_A_FILTER_IFNAME,
		.attrs = filter_attr_names,
		.attr_max = MTUN_A_FILTER_MAX,
		.word = attr_word,
	};
}

static bool read_attr(const struct nlattr *a, struct filter *f)
{
	uint16_t type = mnl_attr_get_type(a);

	switch (type) {
	case MTUN_A_FILTER_IFNAME:
		return get_string(a, f->ifname, sizeof(f->ifname));
	case MTUN_A_FILTER_IFINDEX:
		return get_number(a, &f->ifindex, sizeof(f->ifindex));
	case MTUN_A_FILTER_PREFIXES:
		return get_number(a, &f->prefixes, sizeof(f->prefixes));
	case MTUN_A_FILTER_ALLOW_SRC_RX:
	case MTUN_A_FILTER_ALLOW_DST_RX:
	case MTUN_A_FILTER_ALLOW_SRC_TX:
	case MTUN_A_FILTER_ALLOW_DST_TX:
		return get_prefix(a, prefixes_add(&f->lists[type -
							    LIST_ATTR(0)]));
	}
	return false;
}

void read_filter(const struct nlmsghdr *nlh, struct filter *f)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (read_attr(a, f))
			f->has |= 1ull << mnl_attr_get_type(a);
}

static enum result too_many(struct error *err)
{
	return refuse(err, RES_USAGE,
		      "a filter has 32768 prefixes at the most, in all of its lists together");
}

enum result nl_filter_set(struct nl *nl, const struct filter *f,
			  struct error *err)
{
	struct nlmsghdr *nlh = start_family(nl, 0, MTUN_CMD_FILTER_SET, err);
	const struct about a = about(f->ifname);
	uint32_t clear = 0;

	if (!nlh)
		return RES_REFUSED;
	mnl_attr_put_strz(nlh, MTUN_A_FILTER_IFNAME, f->ifname);
	for (size_t i = 0; i < FILTER_LISTS; i++)
		if (f->lists[i].any && !f->lists[i].n)
			clear |= 1u << i;
	mnl_attr_put_u32(nlh, MTUN_A_FILTER_CLEAR, clear);
	for (size_t i = 0; i < FILTER_LISTS; i++)
		if (!put_prefixes(nlh, LIST_ATTR(i), &f->lists[i]))
			return too_many(err);
	return talk(nl, nl->genl, NULL, NULL, &a, NULL, err);
}

enum result nl_filter_del(struct nl *nl, const char *ifname, struct error *err)
{
	struct filter f = { 0 };

	strcpy(f.ifname, ifname);
	for (size_t i = 0; i < FILTER_LISTS; i++)
		f.lists[i].any = true;
	return nl_filter_set(nl, &f, err);
}

/* A filter goes on where the message before has ended. */
static void read_many(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	struct filters *fs = data;
	struct filter head = { 0 };
	const struct nlattr *a;

	(void)nl;
	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(a) == MTUN_A_FILTER_IFINDEX)
			read_attr(a, &head);
	read_filter(nlh, fs->n && fs->v[fs->n - 1].ifindex == head.ifindex ?
			 &fs->v[fs->n - 1] : filters_add(fs));
}

static void forget(void *data)
{
	filters_clear(data);
}

enum result nl_filter_dump(struct nl *nl, const char *ifname,
			   struct filters *fs, bool *incomplete,
			   struct error *err)
{
	const struct about a = about(ifname);

	return dump(nl, MTUN_CMD_FILTER_GET, forget, read_many, fs, &a,
		    incomplete, err);
}
