// SPDX-License-Identifier: GPL-2.0
/* Tunnels and their events: text for people, or JSON. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "names.h"
#include "print_core.h"
#include "sa.h"

/* linux/if.h has it, but cannot be included together with net/if.h. */
#define MT_IFF_LOWER_UP	(1u << 16)
#define MT_IFF_DORMANT	(1u << 17)

/* The interface flags that "ip link" names, in its order. */
static const struct {
	uint32_t flag;
	const char *name;
} if_flags[] = {
	{ IFF_LOOPBACK, "LOOPBACK" },
	{ IFF_BROADCAST, "BROADCAST" },
	{ IFF_POINTOPOINT, "POINTOPOINT" },
	{ IFF_MULTICAST, "MULTICAST" },
	{ IFF_NOARP, "NOARP" },
	{ IFF_ALLMULTI, "ALLMULTI" },
	{ IFF_PROMISC, "PROMISC" },
	{ IFF_DEBUG, "DEBUG" },
	{ IFF_UP, "UP" },
	{ MT_IFF_LOWER_UP, "LOWER_UP" },
	{ MT_IFF_DORMANT, "DORMANT" },
};

/* The underlay device, which may not be there yet. */
static struct text dev_text(const struct tunnel *t)
{
	struct text text;

	snprintf(text.s, sizeof(text.s), "%s%s", t->link[0] ? t->link : "any",
		 t->link[0] && !t->link_ifindex ? " (waiting)" : "");
	make_plain(text.s);
	return text;
}

static int outer_family(const struct tunnel *t)
{
	return t->local.len ? t->local.family : t->remote.family;
}

static uint64_t drops_total(const struct stats *s)
{
	uint64_t total = 0;

	for (size_t i = 0; i <= MTUN_DROP_REASON_MAX; i++)
		total += s->drops[i];
	return total;
}

/* JSON */

static json_t *flag(uint32_t flags, uint32_t bit)
{
	return json_boolean(flags & bit);
}

static json_t *stats_json(const struct stats *s)
{
	const struct way *rx = &s->ways[MTUN_DIRECTION_INGRESS];
	const struct way *tx = &s->ways[MTUN_DIRECTION_EGRESS];
	json_t *o = json_object(), *drops = json_object();

	json_object_set_new(o, "rx_packets", number(rx->all.packets));
	json_object_set_new(o, "rx_bytes", number(rx->all.bytes));
	json_object_set_new(o, "tx_packets", number(tx->all.packets));
	json_object_set_new(o, "tx_bytes", number(tx->all.bytes));
	json_object_set_new(o, "icmp_errors", number(s->icmp_errors));
	json_object_set_new(o, "keepalives", number(s->keepalives));
	json_object_set_new(o, "mss", mss_json(s->mss));
	for (size_t i = 0; i <= MTUN_DROP_REASON_MAX; i++)
		if (s->drops[i])
			json_object_set_new(drops, drop_reason_names[i].name,
					    number(s->drops[i]));
	json_object_set_new(o, "drops", drops);
	if (rx->all.packets)
		json_object_set_new(o, "ingress", way_json(rx));
	if (tx->all.packets)
		json_object_set_new(o, "egress", way_json(tx));
	return o;
}

static void add_tunnel(json_t *o, const struct tunnel *t, const struct sas *sas,
		       const struct options *opt)
{
	json_t *flags = json_array();

	json_object_set_new(o, "ifname", json_name(t->ifname));
	json_object_set_new(o, "ifindex", number(t->ifindex));
	json_object_set_new(o, "family",
			    json_string(outer_family(t) == AF_INET6 ?
					"inet6" : "inet"));
	json_object_set_new(o, "local", json_string(addr_text(&t->local).s));
	json_object_set_new(o, "remote", json_string(addr_text(&t->remote).s));
	json_object_set_new(o, "mode",
			    json_string(enum_name(mode_names, t->mode)));
	if (t->if_id)
		json_object_set_new(o, "if_id", number(t->if_id));
	if (tunnel_has_ikey(t))
		json_object_set_new(o, "ikey", number(t->ikey));
	if (tunnel_has_okey(t))
		json_object_set_new(o, "okey", number(t->okey));
	json_object_set_new(o, "icsum", flag(t->iflags, MTUN_GRE_FLAG_CSUM));
	json_object_set_new(o, "ocsum", flag(t->oflags, MTUN_GRE_FLAG_CSUM));
	json_object_set_new(o, "iseq", flag(t->iflags, MTUN_GRE_FLAG_SEQ));
	json_object_set_new(o, "oseq", flag(t->oflags, MTUN_GRE_FLAG_SEQ));
	json_object_set_new(o, "ttl", t->ttl_inherit ? json_string("inherit") :
						       number(t->ttl));
	json_object_set_new(o, "tos", t->tos_inherit ? json_string("inherit") :
						       number(t->tos));
	json_object_set_new(o, "df",
			    json_string(enum_name(df_names, t->df)));
	json_object_set_new(o, "inner_df",
			    json_string(enum_name(inner_df_names,
						  t->inner_df)));
	json_object_set_new(o, "frag",
			    json_string(enum_name(frag_names, t->frag)));
	json_object_set_new(o, "mss_tx", mss_value_json(t->mss_tx));
	json_object_set_new(o, "mss_rx", mss_value_json(t->mss_rx));
	json_object_set_new(o, "mss_insert", json_boolean(t->mss_insert));
	if (tunnel_has(t, MTUN_A_TUNNEL_ACCEPT))
		json_object_set_new(o, "accept",
				    json_string(prefix_text(&t->accept).s));
	json_object_set_new(o, "anycast", json_boolean(t->anycast));
	json_object_set_new(o, "pmtu",
			    json_string(enum_name(pmtu_names, t->pmtu)));
	json_object_set_new(o, "sample_rx", number(t->sample_rx));
	json_object_set_new(o, "sample_tx", number(t->sample_tx));
	json_object_set_new(o, "ipsec",
			    json_string(enum_name(ipsec_names, t->ipsec)));
	if (sas && wants_ipsec(t)) {
		json_object_set_new(o, "sa",
				    json_string(sa_state_names[sas_state(sas, t)]));
		json_object_set_new(o, "sa_states", sas_json(t, sas));
	}
	if (t->description[0])
		json_object_set_new(o, "description",
				    json_name(t->description));
	json_object_set_new(o, "origin",
			    json_string(enum_name(origin_names, t->origin)));
	if (t->link[0]) {
		json_object_set_new(o, "dev", json_name(t->link));
		json_object_set_new(o, "dev_ifindex", number(t->link_ifindex));
	}
	if (t->fwmark)
		json_object_set_new(o, "fwmark", number(t->fwmark));
	json_object_set_new(o, "mtu", number(t->mtu));
	json_object_set_new(o, "mtu_auto", json_boolean(t->mtu_auto));
	json_object_set_new(o, "up", json_boolean(t->if_flags & IFF_UP));
	for (size_t i = 0; i < ARRAY_SIZE(if_flags); i++)
		if (t->if_flags & if_flags[i].flag)
			json_array_append_new(flags,
					      json_string(if_flags[i].name));
	json_object_set_new(o, "flags", flags);
	if (tunnel_is_moved(t))
		json_object_set_new(o, "underlay_netnsid",
				    json_integer(t->underlay_netnsid));
	if (opt->statistics)
		json_object_set_new(o, "stats", stats_json(&t->stats));
}

static void print_json(const struct tunnels *ts, const struct options *opt)
{
	json_t *array = json_array();

	for (size_t i = 0; i < ts->n; i++) {
		json_t *o = json_object();

		add_tunnel(o, &ts->v[i], ts->sas, opt);
		json_array_append_new(array, o);
	}
	json_print(array, opt, false);
}

/* Tables: rows of cells, each column as wide as its widest cell */

#define MAX_COLUMNS	16

struct table {
	struct cell {
		char s[INET6_ADDRSTRLEN + 16];
		enum colour colour;
	} (*rows)[MAX_COLUMNS];
	size_t n_rows;
	size_t n_columns;
	size_t width[MAX_COLUMNS];
	bool right[MAX_COLUMNS];	/* numbers end below each other */
};

static void add_column(struct table *tab, bool right, const char *title)
{
	tab->right[tab->n_columns] = right;
	strcpy(tab->rows[0][tab->n_columns].s, title);
	tab->rows[0][tab->n_columns].colour = BOLD;
	tab->n_columns++;
}

static void print_row(const struct table *tab, size_t row)
{
	size_t pad = 0;

	for (size_t i = 0; i < tab->n_columns; i++) {
		const struct cell *c = &tab->rows[row][i];
		size_t fill = tab->width[i] - strlen(c->s);

		if (tab->right[i])
			pad += fill;
		printf("%*s", (int)pad, "");
		if (c->colour)
			printf("%s%s%s", on(c->colour), c->s, off());
		else
			fputs(c->s, stdout);
		pad = 2 + (tab->right[i] ? 0 : fill);
	}
	putchar('\n');
}

static void size_columns(struct table *tab)
{
	for (size_t r = 0; r < tab->n_rows; r++)
		for (size_t i = 0; i < tab->n_columns; i++)
			if (strlen(tab->rows[r][i].s) > tab->width[i])
				tab->width[i] = strlen(tab->rows[r][i].s);
}

static struct table new_table(size_t rows)
{
	struct table tab = { .n_rows = rows };

	tab.rows = allocate(rows, sizeof(*tab.rows));
	return tab;
}

/* Text */

/* Drop reasons of one tunnel, one a line. */
static void print_drops(const struct stats *s, const struct options *opt,
			int indent)
{
	int name_width = 0, width = 0;

	for (size_t i = 0; i <= MTUN_DROP_REASON_MAX; i++) {
		int len;

		/* A number that is no reason has no name, and no drops. */
		if (!s->drops[i])
			continue;
		len = strlen(drop_reason_names[i].name);
		if (len > name_width)
			name_width = len;
		len = strlen(number_text(s->drops[i]).s);
		if (len > width)
			width = len;
	}
	for (size_t i = 0; i <= MTUN_DROP_REASON_MAX; i++) {
		if (!s->drops[i])
			continue;
		printf("%*s%s%-*s%s  %*" PRIu64 "%s%s\n", indent, "",
		       on(YELLOW), name_width, drop_reason_names[i].name, off(),
		       width, s->drops[i], opt->details ? "  " : "",
		       opt->details ? drop_reason_names[i].doc : "");
	}
}

static void print_stats(const struct tunnel *t, const struct options *opt)
{
	const struct stats *s = &t->stats;
	const struct count *rx = &s->ways[MTUN_DIRECTION_INGRESS].all;
	const struct count *tx = &s->ways[MTUN_DIRECTION_EGRESS].all;
	uint64_t drops = drops_total(s);
	int width;

	width = snprintf(NULL, 0, "%" PRIu64, rx->packets > tx->packets ?
					      rx->packets : tx->packets);
	printf("    received  %*" PRIu64 " packets  %" PRIu64 " bytes%s\n",
	       width, rx->packets, rx->bytes, size_text(rx->bytes).s);
	print_way(&s->ways[MTUN_DIRECTION_INGRESS], opt);
	printf("    sent      %*" PRIu64 " packets  %" PRIu64 " bytes%s\n",
	       width, tx->packets, tx->bytes, size_text(tx->bytes).s);
	print_way(&s->ways[MTUN_DIRECTION_EGRESS], opt);
	if (s->icmp_errors || opt->details)
		printf("    quoted    %*" PRIu64 " packets in ICMP errors\n", width,
		       s->icmp_errors);
	if (s->keepalives || opt->details)
		printf("    answered  %*" PRIu64 " keepalives\n", width,
		       s->keepalives);
	if (mss_total(s->mss) || opt->details)
		print_mss(s->mss, width);
	printf("    dropped   %*" PRIu64 " packets\n", width, drops);
	print_drops(s, opt, 8);
}

static void print_keys(const struct tunnel *t)
{
	bool in = tunnel_has_ikey(t), out = tunnel_has_okey(t);

	if (in && out && t->ikey == t->okey) {
		printf("  key %u", t->ikey);
		return;
	}
	if (in)
		printf("  ikey %u", t->ikey);
	if (out)
		printf("  okey %u", t->okey);
}

/* "csum", "iseq" ...: what both directions have is said once. */
static void print_option(const struct tunnel *t, uint32_t flag,
			 const char *name)
{
	bool in = t->iflags & flag, out = t->oflags & flag;

	if (in || out)
		printf("  %s%s", in && out ? "" : in ? "i" : "o", name);
}

void print_outer(const struct tunnel *t)
{
	printf("%s over %s  %s -> %s",
	       t->mode == MTUN_MODE_IPSEC ? "ESP" : "GRE",
	       outer_family(t) == AF_INET6 ? "IPv6" : "IPv4",
	       addr_text(&t->local).s, addr_text(&t->remote).s);
	if (t->if_id)
		printf("  if-id %u", t->if_id);
	print_keys(t);
	print_option(t, MTUN_GRE_FLAG_CSUM, "csum");
	print_option(t, MTUN_GRE_FLAG_SEQ, "seq");
}

static void print_ends(const struct tunnel *t)
{
	printf("%s%s%s: ", on(BOLD), plain_text(t->ifname).s, off());
	print_outer(t);
}

static void print_state(const struct tunnel *t)
{
	bool up = t->if_flags & IFF_UP;

	printf("  %s%s%s", on(up ? GREEN : RED), up ? "UP" : "DOWN", off());
}

/* What differs from the defaults, or everything that the mode has. */
static void print_settings(const struct tunnel *t, bool details)
{
	bool all = details && t->mode == MTUN_MODE_GRE;

	printf("mtu %u%s", t->mtu, t->mtu_auto ? " (auto)" : "");
	if (all || t->ttl_inherit || t->ttl != 64)
		printf("  ttl %s", tunnel_ttl(t).s);
	if (all || t->tos_inherit || t->tos)
		printf("  tos %s", tunnel_tos(t).s);
	if (all || t->df != MTUN_DF_SET)
		printf("  df %s", enum_name(df_names, t->df));
	if (details || t->inner_df != MTUN_INNER_DF_KEEP)
		printf("  inner-df %s", enum_name(inner_df_names, t->inner_df));
	if (all || t->frag != MTUN_FRAG_INNER)
		printf("  frag %s", enum_name(frag_names, t->frag));
	if (t->mss_tx == t->mss_rx) {
		if (details || t->mss_tx)
			printf("  mss %s", mss_text(t->mss_tx).s);
	} else {
		printf("  mss-tx %s  mss-rx %s", mss_text(t->mss_tx).s,
		       mss_text(t->mss_rx).s);
	}
	if (details || t->mss_insert)
		printf("  mss-insert %s", t->mss_insert ? "on" : "off");
	if (tunnel_has(t, MTUN_A_TUNNEL_ACCEPT))
		printf("  accept %s", t->accept.len ?
		       prefix_text(&t->accept).s : "any");
	else if (all)
		printf("  accept none");
	if (all || t->anycast)
		printf("  anycast %s", t->anycast ? "on" : "off");
	if (all || t->pmtu != MTUN_PMTU_AUTO)
		printf("  pmtu %s", enum_name(pmtu_names, t->pmtu));
	if (all || t->link[0])
		printf("  dev %s", dev_text(t).s);
	if (t->fwmark)
		printf("  fwmark %#x", t->fwmark);
	else if (all)
		printf("  fwmark none");
	if (t->sample_rx != t->sample_tx)
		printf("  sample-rx %s  sample-tx %s",
		       sample_text(t->sample_rx).s,
		       sample_text(t->sample_tx).s);
	else if (details || t->sample_rx)
		printf("  sample %s", sample_text(t->sample_rx).s);
	if (all || t->ipsec)
		printf("  ipsec %s", enum_name(ipsec_names, t->ipsec));
}

static void print_block(const struct tunnel *t, const struct sas *sas,
			const struct options *opt)
{
	const char *sep = "";

	print_ends(t);
	if (opt->details && t->mode == MTUN_MODE_GRE && !tunnel_has_ikey(t) &&
	    !tunnel_has_okey(t))
		printf("  key none");
	print_state(t);
	printf("\n    ");
	print_settings(t, opt->details);
	putchar('\n');
	if (sas && wants_ipsec(t))
		printf("    esp %s\n", ipsec_text(t, sas).s);
	if (t->description[0])
		printf("    description %s\n", plain_text(t->description).s);
	if (tunnel_is_moved(t))
		printf("    underlay in another network namespace, netnsid %d\n",
		       t->underlay_netnsid);
	if (opt->details) {
		printf("    ifindex %u  origin %s  flags ", t->ifindex,
		       enum_name(origin_names, t->origin));
		for (size_t i = 0; i < ARRAY_SIZE(if_flags); i++) {
			if (!(t->if_flags & if_flags[i].flag))
				continue;
			printf("%s%s", sep, if_flags[i].name);
			sep = ",";
		}
		putchar('\n');
	}
	if (opt->statistics)
		print_stats(t, opt);
}

void print_blocks(const struct tunnels *ts, const struct options *opt)
{
	if (opt->json) {
		print_json(ts, opt);
		return;
	}
	for (size_t i = 0; i < ts->n; i++)
		print_block(&ts->v[i], ts->sas, opt);
}

static void fill_row(struct cell *c, const struct tunnel *t,
		     const struct options *opt)
{
	bool in = tunnel_has_ikey(t), out = tunnel_has_okey(t);
	bool up = t->if_flags & IFF_UP;

	strcpy((c++)->s, plain_text(t->ifname).s);
	c->colour = up ? GREEN : RED;
	strcpy((c++)->s, up ? "UP" : "DOWN");
	strcpy((c++)->s, addr_text(&t->local).s);
	strcpy((c++)->s, addr_text(&t->remote).s);
	if (in && out && t->ikey == t->okey)
		snprintf(c->s, sizeof(c->s), "%u", t->ikey);
	else if (in || out)
		snprintf(c->s, sizeof(c->s), "%.10s/%.10s",
			 in ? number_text(t->ikey).s : "-",
			 out ? number_text(t->okey).s : "-");
	else
		strcpy(c->s, "-");
	strcpy((++c)->s, number_text(t->mtu).s);
	strcpy((++c)->s, dev_text(t).s);
	if (opt->details) {
		strcpy((++c)->s, tunnel_ttl(t).s);
		strcpy((++c)->s, tunnel_tos(t).s);
		snprintf((++c)->s, sizeof(c->s), t->fwmark ? "%#x" : "-",
			 t->fwmark);
	}
	if (opt->statistics) {
		const struct stats *s = &t->stats;

		for (size_t i = 0; i <= MTUN_DIRECTION_MAX; i++) {
			strcpy((++c)->s, number_text(s->ways[i].all.packets).s);
			strcpy((++c)->s, number_text(s->ways[i].all.bytes).s);
		}
		strcpy((++c)->s, number_text(drops_total(s)).s);
	}
}

void print_table(const struct tunnels *ts, const struct options *opt)
{
	struct table tab;

	if (opt->json) {
		print_json(ts, opt);
		return;
	}
	if (!ts->n)
		return;
	tab = new_table(ts->n + 1);
	add_column(&tab, false, "NAME");
	add_column(&tab, false, "STATE");
	add_column(&tab, false, "LOCAL");
	add_column(&tab, false, "REMOTE");
	add_column(&tab, false, "KEY(IN/OUT)");
	add_column(&tab, true, "MTU");
	add_column(&tab, false, "DEV");
	if (opt->details) {
		add_column(&tab, true, "TTL");
		add_column(&tab, false, "TOS");
		add_column(&tab, false, "FWMARK");
	}
	if (opt->statistics) {
		add_column(&tab, true, "RX-PACKETS");
		add_column(&tab, true, "RX-BYTES");
		add_column(&tab, true, "TX-PACKETS");
		add_column(&tab, true, "TX-BYTES");
		add_column(&tab, true, "DROPPED");
	}
	for (size_t i = 0; i < ts->n; i++)
		fill_row(tab.rows[i + 1], &ts->v[i], opt);
	size_columns(&tab);
	for (size_t i = 0; i <= ts->n; i++) {
		print_row(&tab, i);
		if (i && opt->statistics)
			print_drops(&ts->v[i - 1].stats, opt, 4);
	}
	free(tab.rows);
}

/* Events */

static const char *const event_names[] = {
	[EVENT_NEW] = "new", [EVENT_SET] = "set",
	[EVENT_DEL] = "del", [EVENT_LOST] = "lost",
	[EVENT_STATE] = "state",
};

static void print_changes(const struct tunnel *was, const struct tunnel *t)
{
	uint32_t flipped = was->if_flags ^ t->if_flags;

	if (strcmp(was->ifname, t->ifname))
		printf("  name %s -> %s", plain_text(was->ifname).s,
		       plain_text(t->ifname).s);
	print_difference(&tunnel_kind, was, t);
	if (was->origin != t->origin)
		printf("  origin %s", enum_name(origin_names, t->origin));
	/* Words alone, not what became of them: that has no word. */
	if (was->link_ifindex != t->link_ifindex && !strcmp(was->link, t->link))
		printf("  dev %s -> %s", dev_text(was).s, dev_text(t).s);
	if (was->mtu != t->mtu && was->mtu_auto && t->mtu_auto)
		printf("  mtu %u -> %u", was->mtu, t->mtu);
	if (flipped & IFF_UP)
		print_state(t);
	for (size_t i = 0; i < ARRAY_SIZE(if_flags); i++)
		if (flipped & if_flags[i].flag & ~(IFF_UP | MT_IFF_LOWER_UP))
			printf("  %c%s", t->if_flags & if_flags[i].flag ?
					 '+' : '-', if_flags[i].name);
}

void print_event(const struct event *event, const struct tunnel *was,
		 const struct options *opt)
{
	const char *name = event_names[event->type];
	const struct tunnel *t = &event->tunnel;

	if (opt->json) {
		json_t *o = json_object();

		json_object_set_new(o, "event", json_string(name));
		json_object_set_new(o, "time", json_string(when_text(real_time(), true).s));
		if (event->about == ABOUT_NETNS)
			json_object_set_new(o, "netns",
					    netns_json(&event->netns));
		else if (event->about == ABOUT_FILTER)
			json_object_set_new(o, "filter",
					    filter_json(&event->filter));
		else if (event->about == ABOUT_HEALTH)
			json_object_set_new(o, "health",
					    health_json(&event->health));
		else if (event->about == ABOUT_CLAMP)
			json_object_set_new(o, "clamp",
					    clamp_json(&event->clamp, opt));
		else if (event->type != EVENT_LOST)
			add_tunnel(o, t, NULL, opt);
		json_print(o, opt, true);
		return;
	}
	printf("%s  %s%-4s%s  ", when_text(real_time(), false).s, on(BOLD), name, off());
	if (event->type == EVENT_LOST) {
		printf("events were lost: the kernel had no room for them");
	} else if (event->about == ABOUT_NETNS) {
		printf("netns: ");
		print_netns_line(&event->netns);
	} else if (event->about == ABOUT_FILTER) {
		printf("filter of ");
		print_filter_line(&event->filter);
	} else if (event->about == ABOUT_HEALTH) {
		print_health_line(&event->health, event->type == EVENT_STATE);
	} else if (event->about == ABOUT_CLAMP) {
		printf("clamp at ");
		print_clamp_line(&event->clamp);
	} else if (event->type == EVENT_SET && was) {
		printf("%s%s%s:", on(BOLD), plain_text(t->ifname).s, off());
		print_changes(was, t);
	} else {
		print_ends(t);
		print_state(t);
		printf("  ");
		print_settings(t, opt->details);
	}
	putchar('\n');
}

void print_steered(const struct route *r, const struct options *opt)
{
	json_t *o;

	if (opt->json) {
		o = json_object();
		json_object_set_new(o, "prefix",
				    json_string(prefix_text(&r->prefix).s));
		json_object_set_new(o, "ifname", json_string(r->ifname));
		json_object_set_new(o, "metric", number(r->metric));
		json_print(o, opt, true);
		return;
	}
	printf("%s dev %s metric %u\n", prefix_text(&r->prefix).s,
	       plain_text(r->ifname).s, r->metric);
}
