// SPDX-License-Identifier: GPL-2.0
/*
 * The module's pure files, so that a file can be checked where there is no
 * module, by the same rules and with the same words.
 */
#include <assert.h>
#include <string.h>

#include "args.h"
#include "../kmod/conf.h"
#include "../kmod/health_conf.h"
#include "../kmod/mtu.h"
#include "../kmod/prefix.h"
#include "rules.h"

static_assert(MAX_DESCRIPTION == MT_DESCRIPTION_MAX, "one length");

static const char *make_conf(const struct tunnel *t, struct mt_conf *conf,
			     uint16_t *attr)
{
	const struct mt_conf_change change = {
		.given = t->has,
		.local = t->local.bytes,
		.remote = t->remote.bytes,
		.link = t->link,
		.local_len = t->local.len,
		.remote_len = t->remote.len,
		/* any has no address, none has no length either */
		.accept = t->accept.addr.len ? t->accept.addr.bytes : NULL,
		.accept_len = t->accept.addr.len,
		.accept_bits = t->accept_none ? -1 : t->accept.len,
		.iflags = t->iflags,
		.iflags_mask = t->iflags_mask,
		.oflags = t->oflags,
		.oflags_mask = t->oflags_mask,
		.ikey = t->ikey,
		.okey = t->okey,
		.fwmark = t->fwmark,
		.ttl = t->ttl,
		.ttl_inherit = t->ttl_inherit,
		.tos = t->tos,
		.tos_inherit = t->tos_inherit,
		.df = t->df,
		.inner_df = t->inner_df,
		.frag = t->frag,
		.mss_tx = t->mss_tx,
		.mss_rx = t->mss_rx,
		.mss_insert = t->mss_insert,
		.anycast = t->anycast,
		.pmtu = t->pmtu,
		.sample_rx = t->sample_rx,
		.sample_tx = t->sample_tx,
		.ipsec = t->ipsec,
		.mode = t->mode,
		.if_id = t->if_id,
		.origin = t->origin,
		.description = t->description,
	};

	mt_conf_init(conf);
	return mt_conf_apply(conf, &change, attr);
}

static const char *check(const struct tunnel *t, uint16_t *attr)
{
	struct mt_conf conf;
	const char *text;

	text = make_conf(t, &conf, attr);
	if (text || !t->mtu)
		return text;
	*attr = MTUN_A_TUNNEL_MTU;
	return mt_mtu_check(&conf, t->mtu);
}

/* The kernel's text has the name of an attribute in front, we have a word. */
bool rules_tunnel(const struct tunnel *t, uint16_t *attr, struct error *err)
{
	const char *text = check(t, attr);
	const char *name;

	if (!text)
		return true;
	name = tunnel_attr_names[*attr];
	if (!strncmp(text, name, strlen(name)))
		refuse(err, RES_USAGE, "%s%s", tunnel_attr_word(t, *attr),
		       text + strlen(name));
	else
		refuse(err, RES_USAGE, "%s", text);
	return false;
}

bool rules_mode(const struct tunnel *was, const struct tunnel *is,
		struct error *err)
{
	const struct mt_conf_change change = {
		.given = 1ull << MTUN_A_TUNNEL_MODE,
		.mode = is->mode,
	};
	struct mt_conf conf;
	const char *text;
	uint16_t attr;

	if (was->mode == is->mode)
		return true;
	make_conf(was, &conf, &attr);
	text = mt_conf_apply(&conf, &change, &attr);
	return !text || refuse(err, RES_REFUSED, "%s", text) == RES_OK;
}

bool rules_health(const struct tunnel *t, const struct health *h,
		  uint16_t *attr, struct error *err)
{
	const struct mt_health_change change = {
		.given = h->has,
		.target = h->target.bytes,
		.source = h->source.bytes,
		.target_len = h->target.len,
		.source_len = h->source.len,
		.mode = h->mode,
		.style = h->style,
		.direction = h->direction,
		.carrier = h->carrier,
		.answer = h->answer,
		.interval = h->interval,
		.timeout = h->timeout,
		.rules = {
			.down_window = h->down_window,
			.degraded_window = h->degraded_window,
			.degraded_loss = h->degraded_loss,
			.degraded_probes = h->degraded_probes,
			.down_probes = h->down_probes,
			.recover_probes = h->recover_probes,
			.healthy_probes = h->healthy_probes,
		},
	};
	struct mt_health_conf health;
	struct mt_conf conf;
	const char *text;

	make_conf(t, &conf, attr);
	mt_health_conf_init(&health);
	text = mt_health_conf_apply(&health, &change, attr) ?:
	       mt_health_conf_suits(&health, &conf, attr);
	return !text || refuse(err, RES_USAGE, "%s", text) == RES_OK;
}

const char *rules_prefix(const struct prefix *prefix)
{
	struct mt_prefix parsed;

	return mt_prefix_parse(&parsed, prefix->addr.bytes, prefix->addr.len,
			       prefix->len);
}

int rules_compare(const struct tunnel *a, const struct tunnel *b)
{
	struct mt_tuple x, y;
	struct mt_conf conf;
	uint16_t attr;

	make_conf(a, &conf, &attr);
	mt_conf_received(&conf, &x);
	make_conf(b, &conf, &attr);
	mt_conf_received(&conf, &y);
	return memcmp(&x, &y, sizeof(x));
}
