// SPDX-License-Identifier: GPL-2.0
/* Requests about the health of tunnels, and events. */
#include "genl.h"
#include "device.h"
#include "genl_gen.h"
#include "prefix.h"
#include "probe.h"
#include "registry.h"

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>

/* ---- health as a message ---- */

static size_t health_size(void)
{
	return NLMSG_ALIGN(GENL_HDRLEN) +
	       nla_total_size(IFNAMSIZ) +	/* IFNAME */
	       4 * nla_total_size(sizeof(struct in6_addr)) +
	       13 * nla_total_size(sizeof(u32)) + /* IFINDEX ... WINDOW_LOST */
	       nla_total_size(sizeof(u16)) +	/* DEGRADED_PROBES */
	       11 * nla_total_size(sizeof(u8)) +
	       5 * nla_total_size_64bit(sizeof(u64));
}

static int put_addr(struct sk_buff *skb, int attr, u8 family,
		    const union mt_addr *addr)
{
	return nla_put(skb, attr, mt_family_bits(family) / 8, addr);
}

static int put_conf(struct sk_buff *skb, const struct mt_health_conf *conf)
{
	const struct mt_health_rules *rules = &conf->rules;

	if (nla_put_u8(skb, MTUN_A_HEALTH_MODE, conf->mode) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_STYLE, conf->style) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_DIRECTION, conf->direction) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_INTERVAL, conf->interval) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_TIMEOUT, conf->timeout) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_DOWN_PROBES, rules->down_probes) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_DOWN_WINDOW, rules->down_window) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_DEGRADED_LOSS,
			rules->degraded_loss) ||
	    nla_put_u16(skb, MTUN_A_HEALTH_DEGRADED_PROBES,
			rules->degraded_probes) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_DEGRADED_WINDOW,
			rules->degraded_window) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_RECOVER_PROBES,
		       rules->recover_probes) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_HEALTHY_PROBES,
		       rules->healthy_probes) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_CARRIER, conf->carrier) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_ANSWER, conf->answer))
		return -EMSGSIZE;
	if (conf->has_target && put_addr(skb, MTUN_A_HEALTH_TARGET,
					 conf->family, &conf->target))
		return -EMSGSIZE;
	if (conf->has_source && put_addr(skb, MTUN_A_HEALTH_SOURCE,
					 conf->family, &conf->source))
		return -EMSGSIZE;
	return 0;
}

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, MTUN_A_HEALTH_PAD);
}

static int put_rtt(struct sk_buff *skb, const struct mt_rtt *rtt)
{
	if (!rtt->count)
		return 0;
	if (nla_put_u32(skb, MTUN_A_HEALTH_RTT, rtt->last) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_RTT_MIN, rtt->min) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_RTT_MEAN, mt_rtt_mean(rtt)) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_RTT_MAX, rtt->max) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_JITTER, mt_rtt_jitter(rtt)))
		return -EMSGSIZE;
	return 0;
}

static int put_watch(struct sk_buff *skb, const struct mt_probe_status *status)
{
	if (!status->watched)
		return 0;
	if (nla_put_u8(skb, MTUN_A_HEALTH_STATE, status->state) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_OLD_STATE, status->old_state) ||
	    nla_put_u8(skb, MTUN_A_HEALTH_REASON, status->reason) ||
	    put_u64(skb, MTUN_A_HEALTH_SINCE, status->since) ||
	    put_u64(skb, MTUN_A_HEALTH_SENT, status->sent) ||
	    put_u64(skb, MTUN_A_HEALTH_ANSWERED, status->answered) ||
	    put_u64(skb, MTUN_A_HEALTH_LOST, status->lost) ||
	    put_u64(skb, MTUN_A_HEALTH_UNSENT, status->unsent) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_WINDOW_PROBES,
			status->window_probes) ||
	    nla_put_u32(skb, MTUN_A_HEALTH_WINDOW_LOST, status->window_lost) ||
	    put_rtt(skb, &status->rtt))
		return -EMSGSIZE;
	if (status->family &&
	    (put_addr(skb, MTUN_A_HEALTH_SOURCE_USED, status->family,
		      &status->source) ||
	     put_addr(skb, MTUN_A_HEALTH_TARGET_USED, status->family,
		      &status->target)))
		return -EMSGSIZE;
	return 0;
}

static int put_status(struct sk_buff *skb, const struct mt_probe_status *status)
{
	const struct net_device *dev = status->tunnel->dev;

	if (nla_put_u32(skb, MTUN_A_HEALTH_IFINDEX, dev->ifindex) ||
	    nla_put_string(skb, MTUN_A_HEALTH_IFNAME, dev->name) ||
	    put_conf(skb, &status->conf) || put_watch(skb, status))
		return -EMSGSIZE;
	return 0;
}

static int put_health(struct sk_buff *skb, const struct mt_tunnel *tunnel)
{
	struct mt_probe_status status;

	mt_probe_status(tunnel, &status);
	return put_status(skb, &status);
}

/* ---- a request as a configuration ---- */

static void get_addr(const struct nlattr *attr, const void **addr, u16 *len)
{
	*addr = nla_data(attr);
	*len = nla_len(attr);
}

static void get_change(struct mt_health_change *change,
		       struct nlattr *const *attrs)
{
	const struct nlattr *attr;
	int i;

	memset(change, 0, sizeof(*change));
	for (i = MTUN_A_HEALTH_MODE; i <= MTUN_A_HEALTH_ANSWER; i++) {
		attr = attrs[i];
		if (!attr)
			continue;
		change->given |= BIT_ULL(i);
		switch (i) {
		case MTUN_A_HEALTH_MODE:
			change->mode = nla_get_u8(attr);
			break;
		case MTUN_A_HEALTH_STYLE:
			change->style = nla_get_u8(attr);
			break;
		case MTUN_A_HEALTH_DIRECTION:
			change->direction = nla_get_u8(attr);
			break;
		case MTUN_A_HEALTH_TARGET:
			get_addr(attr, &change->target, &change->target_len);
			break;
		case MTUN_A_HEALTH_SOURCE:
			get_addr(attr, &change->source, &change->source_len);
			break;
		case MTUN_A_HEALTH_INTERVAL:
			change->interval = nla_get_u32(attr);
			break;
		case MTUN_A_HEALTH_TIMEOUT:
			change->timeout = nla_get_u32(attr);
			break;
		case MTUN_A_HEALTH_DOWN_PROBES:
			change->rules.down_probes = nla_get_u8(attr);
			break;
		case MTUN_A_HEALTH_DOWN_WINDOW:
			change->rules.down_window = nla_get_u32(attr);
			break;
		case MTUN_A_HEALTH_DEGRADED_LOSS:
			change->rules.degraded_loss = nla_get_u32(attr);
			break;
		case MTUN_A_HEALTH_DEGRADED_PROBES:
			change->rules.degraded_probes = nla_get_u16(attr);
			break;
		case MTUN_A_HEALTH_DEGRADED_WINDOW:
			change->rules.degraded_window = nla_get_u32(attr);
			break;
		case MTUN_A_HEALTH_RECOVER_PROBES:
			change->rules.recover_probes = nla_get_u8(attr);
			break;
		case MTUN_A_HEALTH_HEALTHY_PROBES:
			change->rules.healthy_probes = nla_get_u8(attr);
			break;
		case MTUN_A_HEALTH_CARRIER:
			change->carrier = nla_get_u8(attr);
			break;
		case MTUN_A_HEALTH_ANSWER:
			change->answer = nla_get_u8(attr);
			break;
		}
	}
}

/* @conf changed as the request says. Returns 0, or -EINVAL with extack set. */
static int apply_request(struct mt_health_conf *conf,
			 const struct mt_tunnel *tunnel, struct genl_info *info)
{
	struct mt_health_change change;
	struct mt_conf tunnel_conf;
	const char *text;
	u16 attr;

	get_change(&change, info->attrs);
	mt_device_conf(tunnel, &tunnel_conf);
	text = mt_health_conf_apply(conf, &change, &attr) ?:
	       mt_health_conf_suits(conf, &tunnel_conf, &attr);
	if (!text)
		return 0;
	mt_genl_error(info, info->attrs[attr], text);
	return -EINVAL;
}

/* ---- requests ---- */

int mtun_nl_health_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct mt_health_conf conf;
	struct mt_tunnel *tunnel;
	int err;

	rtnl_lock();
	tunnel = mt_genl_tunnel(genl_info_net(info),
				info->attrs[MTUN_A_HEALTH_IFINDEX],
				info->attrs[MTUN_A_HEALTH_IFNAME],
				info->extack);
	err = PTR_ERR_OR_ZERO(tunnel);
	if (!err)
		err = mt_genl_may_change(skb, tunnel, info->extack);
	if (err)
		goto out_unlock;

	mt_probe_conf(tunnel, &conf);
	err = apply_request(&conf, tunnel, info);
	if (err)
		goto out_unlock;
	err = mt_probe_set(tunnel, &conf);
	if (err == -EBUSY)
		mt_genl_error(info, info->attrs[MTUN_A_HEALTH_MODE],
			      "mode must be off: 65536 tunnels are watched, and there are no more identifiers");
	if (!err) {
		mt_net(dev_net(tunnel->dev))->generation++;
		mt_genl_tell_tunnel(tunnel, MTUN_CMD_HEALTH_SET_NTF,
				    health_size(), put_health);
	}
out_unlock:
	rtnl_unlock();
	return err;
}

int mtun_nl_health_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return mt_genl_get_tunnel(info, MTUN_CMD_HEALTH_GET, health_size(),
				  info->attrs[MTUN_A_HEALTH_IFINDEX],
				  info->attrs[MTUN_A_HEALTH_IFNAME],
				  put_health);
}

int mtun_nl_health_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return mt_genl_dump_tunnels(skb, cb, MTUN_CMD_HEALTH_GET, put_health);
}

/* ---- events ---- */

/* In the middle of a timer or of a received packet: nothing here sleeps. */
static int health_event(struct notifier_block *nb, unsigned long state,
			void *ptr)
{
	const struct mt_probe_status *status = ptr;
	struct net *net = dev_net(status->tunnel->dev);
	struct sk_buff *skb = mt_genl_event(net, MTUN_NLGRP_HEALTH,
					    MTUN_CMD_HEALTH_NTF, health_size());

	if (skb)
		mt_genl_event_send(net, MTUN_NLGRP_HEALTH, skb,
				   put_status(skb, status));
	return NOTIFY_DONE;
}

static struct notifier_block health_notifier = {
	.notifier_call = health_event,
};

int mt_genl_health_init(void)
{
	return mt_probe_register_notifier(&health_notifier);
}

void mt_genl_health_exit(void)
{
	mt_probe_unregister_notifier(&health_notifier);
}
