// SPDX-License-Identifier: GPL-2.0
/* The events of the kernel, as they happen. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "names.h"
#include "nl_core.h"

/* Room for a burst of some ten thousand events while we print. */
#define EVENT_BUF_SIZE	(16 * 1024 * 1024)

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
			      group_names[group], strerror(errno));
	return RES_OK;
}

enum result nl_subscribe(struct nl *nl, struct error *err)
{
	return connect_family(nl, err) ?:
	       subscribe(nl, &nl->events, GROUP_CONFIG, EVENT_BUF_SIZE, err) ?:
	       subscribe(nl, &nl->events, GROUP_HEALTH, EVENT_BUF_SIZE, err);
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
	memset(event, 0, sizeof(*event));
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

bool nl_events_wait(const struct nl *nl)
{
	return nl->next_event && mnl_nlmsg_ok((void *)nl->next_event,
					      nl->events_len);
}

/*
 * The kernel drops the newest events, and more of them until none waits. Those that
 * wait are older than what is read anew: nobody may go by them after it.
 */
static enum result drop_waiting(struct nl *nl, struct error *err)
{
	ssize_t len;

	do {
		len = recv(nl_events_fd(nl), nl->event_buf,
			   sizeof(nl->event_buf), MSG_DONTWAIT);
	} while (len >= 0 || errno == ENOBUFS || errno == EINTR);
	if (errno == EAGAIN)
		return RES_OK;
	return refuse(err, RES_REFUSED, "cannot receive events: %s",
		      strerror(errno));
}

enum result nl_event(struct nl *nl, struct event *event, struct error *err)
{
	for (;;) {
		const struct nlmsghdr *nlh = (void *)nl->next_event;
		int len = nl->events_len;

		if (nlh && mnl_nlmsg_ok(nlh, len)) {
			const struct nlmsghdr *next = mnl_nlmsg_next(nlh, &len);

			nl->next_event = (char *)next;
			nl->events_len = len;
			if (read_event(nl, nlh, event))
				return RES_OK;
			continue;
		}
		nl->next_event = NULL;
		len = mnl_socket_recvfrom(nl->events, nl->event_buf,
					  sizeof(nl->event_buf));
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == ENOBUFS) {
			memset(event, 0, sizeof(*event));
			event->type = EVENT_LOST;
			return drop_waiting(nl, err);
		}
		if (len < 0)
			return refuse(err, RES_REFUSED, "cannot receive events: %s",
				      strerror(errno));
		nl->next_event = nl->event_buf;
		nl->events_len = len;
	}
}
