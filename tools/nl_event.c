// SPDX-License-Identifier: GPL-2.0
/* The events of the kernel, as they happen. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "names.h"
#include "nl_core.h"

/* Room for a burst of some ten thousand events while we print. */
#define EVENT_BUF_SIZE	(16 * 1024 * 1024)

static enum result join_notify(struct mnl_socket *s, struct error *err)
{
	int group = GENL_ID_CTRL;	/* the only one of nlctrl */

	if (mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		return refuse(err, RES_REFUSED, "cannot subscribe to nlctrl: %s",
			      strerror(errno));
	return RES_OK;
}

enum result subscribe(struct nl *nl, struct mnl_socket **s, enum group group,
		      int buffer, struct error *err)
{
	enum result res;
	int fd;

	if (!nl->groups[group])
		return refuse(err, RES_REFUSED,
			      "the kernel's mtun has no event group \"%s\"",
			      group_names[group]);
	res = open_socket(s, NETLINK_GENERIC, err);
	if (res)
		return res;
	fd = mnl_socket_get_fd(*s);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	if (mnl_socket_setsockopt(*s, NETLINK_ADD_MEMBERSHIP,
				  &nl->groups[group],
				  sizeof(nl->groups[group])) < 0)
		return refuse(err, RES_REFUSED, "cannot subscribe to %s: %s",
			      group_names[group], error_text(errno));
	return join_notify(*s, err);
}

enum result nl_subscribe(struct nl *nl, struct error *err)
{
	return connect_family(nl, err) ?:
	       subscribe(nl, &nl->events, GROUP_CONFIG, EVENT_BUF_SIZE, err) ?:
	       subscribe(nl, &nl->events, GROUP_HEALTH, EVENT_BUF_SIZE, err);
}

bool tells_unload(const struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	uint16_t family;

	if (nlh->nlmsg_type != GENL_ID_CTRL ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	mnl_attr_for_each(a, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_ID &&
		    get_number(a, &family, sizeof(family)))
			return family == nl->family;
	return false;
}

enum result unloaded(struct error *err)
{
	return refuse(err, RES_REFUSED,
		      "mtun.ko was unloaded: start this again when it is loaded");
}

enum result check_family(struct nl *nl, struct error *err)
{
	uint16_t was = nl->family;

	nl->family = 0;
	if (connect_family(nl, err) || nl->family != was)
		return unloaded(err);
	return RES_OK;
}

static bool read_event(struct nl *nl, const struct nlmsghdr *nlh,
		       struct event *event)
{
	static const struct {
		uint8_t cmd;
		enum event_type type;
		enum event_about about;
	} kinds[] = {
		{ MTUN_CMD_TUNNEL_NEW_NTF, EVENT_NEW, ABOUT_TUNNEL },
		{ MTUN_CMD_TUNNEL_SET_NTF, EVENT_SET, ABOUT_TUNNEL },
		{ MTUN_CMD_TUNNEL_DEL_NTF, EVENT_DEL, ABOUT_TUNNEL },
		{ MTUN_CMD_CLAMP_NEW_NTF, EVENT_NEW, ABOUT_CLAMP },
		{ MTUN_CMD_CLAMP_SET_NTF, EVENT_SET, ABOUT_CLAMP },
		{ MTUN_CMD_CLAMP_DEL_NTF, EVENT_DEL, ABOUT_CLAMP },
		{ MTUN_CMD_NETNS_SET_NTF, EVENT_SET, ABOUT_NETNS },
		{ MTUN_CMD_FILTER_SET_NTF, EVENT_SET, ABOUT_FILTER },
		{ MTUN_CMD_HEALTH_SET_NTF, EVENT_SET, ABOUT_HEALTH },
		{ MTUN_CMD_HEALTH_NTF, EVENT_STATE, ABOUT_HEALTH },
	};
	const struct genlmsghdr *genl;
	size_t i;

	if (nlh->nlmsg_type != nl->family ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return false;
	genl = mnl_nlmsg_get_payload(nlh);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].cmd == genl->cmd)
			break;
	if (i == ARRAY_SIZE(kinds))
		return false;
	event->type = kinds[i].type;
	event->about = kinds[i].about;
	switch (event->about) {
	case ABOUT_TUNNEL:
		read_tunnel(nlh, &event->tunnel);
		break;
	case ABOUT_CLAMP:
		read_clamp(nlh, &event->clamp);
		break;
	case ABOUT_NETNS:
		read_netns(nlh, &event->netns);
		break;
	case ABOUT_FILTER:
		read_filter(nlh, &event->filter);
		break;
	case ABOUT_HEALTH:
		read_health(nlh, &event->health);
		break;
	}
	return true;
}

int nl_events_fd(const struct nl *nl)
{
	return mnl_socket_get_fd(nl->events);
}

static bool next_event_ok(const struct nl *nl)
{
	return nl->next_event && mnl_nlmsg_ok((void *)nl->next_event,
					      nl->events_len);
}

bool nl_events_wait(const struct nl *nl)
{
	return next_event_ok(nl) || nl->events_lost;
}

static enum result tell_lost(struct nl *nl, struct event *event,
			     struct error *err)
{
	nl->events_lost = false;
	nl->events_end = false;
	event->type = EVENT_LOST;
	return check_family(nl, err);
}

enum result nl_event(struct nl *nl, int timeout, struct event *event,
		     struct error *err)
{
	struct pollfd pfd = { .fd = nl_events_fd(nl), .events = POLLIN };
	enum result res;
	ssize_t len;

	memset(event, 0, sizeof(*event));
	for (;;) {
		while (next_event_ok(nl)) {
			const struct nlmsghdr *nlh = (void *)nl->next_event;
			int left = nl->events_len;

			nl->next_event = (char *)mnl_nlmsg_next(nlh, &left);
			nl->events_len = left;
			if (tells_unload(nl, nlh))
				return unloaded(err);
			if (read_event(nl, nlh, event))
				return RES_OK;
		}
		nl->next_event = NULL;
		if (nl->events_end)
			return tell_lost(nl, event, err);
		if (!poll(&pfd, 1, nl->events_lost ? 0 : timeout))
			return nl->events_lost ? tell_lost(nl, event, err) :
						 RES_OK;
		len = receive(nl->events, nl->event_buf, sizeof(nl->event_buf),
			      MSG_DONTWAIT);
		if (len < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		/*
		 * The newest, and more until none waits: what waits is older. If it
		 * is not the first time, then none did in between: what waits is from
		 * there on, and older than the second gap.
		 */
		if (len < 0 && errno == ENOBUFS) {
			if (!nl->events_lost) {
				nl->events_lost = true;
				continue;
			}
			res = tell_lost(nl, event, err);
			nl->events_lost = true;
			return res;
		}
		if (len < 0)
			return refuse(err, RES_REFUSED, "cannot receive events: %s",
				      strerror(errno));
		nl->next_event = nl->event_buf;
		nl->events_len = len;
		/* By the time that these are read, there may be newer ones. */
		nl->events_end = nl->events_lost && !poll(&pfd, 1, 0);
	}
}
