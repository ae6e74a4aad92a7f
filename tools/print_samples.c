// SPDX-License-Identifier: GPL-2.0
/* Samples: lines for people, or JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <netinet/in.h>

#include "names.h"
#include "packet.h"
#include "print_core.h"

struct text sample_tunnel(const struct sample *s)
{
	char name[IF_NAMESIZE];
	struct text t;

	if (if_indextoname(s->ifindex, name))
		return word_text(name);
	snprintf(t.s, sizeof(t.s), "if%u", s->ifindex);	/* it is gone */
	return t;
}

static json_t *sample_json(const struct sample *s, const struct packet *p)
{
	json_t *o = json_object();

	json_object_set_new(o, "time", json_string(when_text(s->time, true).s));
	json_object_set_new(o, "tunnel", json_name(sample_tunnel(s).s));
	json_object_set_new(o, "direction",
			    json_string(enum_name(direction_names,
						  s->direction)));
	json_object_set_new(o, "verdict",
			    json_string(s->reason ? "dropped" : "passed"));
	if (s->reason)
		json_object_set_new(o, "reason",
				    json_string(enum_name(drop_reason_names,
							  s->reason)));
	json_object_set_new(o, "interval", number(s->interval));
	json_object_set_new(o, "packets", number(s->packets));
	json_object_set_new(o, "length", number(s->length));
	json_object_set_new(o, "outer_source",
			    json_string(addr_text(&s->source).s));
	if (!p->version)
		return o;
	json_object_set_new(o, "ip_version", number(p->version));
	json_object_set_new(o, "protocol", json_string(packet_protocol(p).s));
	json_object_set_new(o, "source", json_string(addr_text(&p->src).s));
	json_object_set_new(o, "destination",
			    json_string(addr_text(&p->dst).s));
	if (p->has_ports) {
		json_object_set_new(o, "source_port", number(p->sport));
		json_object_set_new(o, "destination_port", number(p->dport));
	}
	if (p->has_ports && p->protocol == IPPROTO_TCP)
		json_object_set_new(o, "tcp_flags",
				    json_string(packet_flags(p).s));
	if (p->has_type) {
		json_object_set_new(o, "icmp_type", number(p->icmp_type));
		json_object_set_new(o, "icmp_code", number(p->icmp_code));
	}
	json_object_set_new(o, "fragment", json_boolean(p->fragment));
	return o;
}

void print_sample(const struct sample *s, const struct options *opt)
{
	struct packet p = packet_parse(s->data, s->data_len);

	if (opt->json) {
		json_print(sample_json(s, &p), opt, true);
		return;
	}
	printf("%s  %s%s%s %-7s  ", when_text(s->time, false).s, on(BOLD),
	       plain_text(sample_tunnel(s).s).s, off(),
	       enum_name(direction_names, s->direction));
	if (p.version)
		printf("%s > %s  ",
		       endpoint_text(&p.src, p.has_ports ? p.sport : -1).s,
		       endpoint_text(&p.dst, p.has_ports ? p.dport : -1).s);
	printf("%s", packet_protocol(&p).s);
	if (p.has_ports && p.protocol == IPPROTO_TCP)
		printf(" %s", packet_flags(&p).s);
	if (p.has_type)
		printf(" type %u code %u", p.icmp_type, p.icmp_code);
	if (p.fragment)
		printf(" fragment");
	printf("  %u bytes  1 in %u", s->length, s->interval);
	if (s->packets > 1)
		printf("  x %u", s->packets);
	if (s->reason)
		printf("  %sdropped %s%s", on(YELLOW),
		       enum_name(drop_reason_names, s->reason), off());
	putchar('\n');
}

void print_lost_samples(uint64_t lost, const struct options *opt)
{
	json_t *o;

	if (opt->json) {
		o = json_object();
		json_object_set_new(o, "lost", number(lost));
		json_print(o, opt, true);
		return;
	}
	printf("%s%" PRIu64 " samples were lost%s\n", on(RED), lost, off());
}
