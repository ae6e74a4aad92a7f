// SPDX-License-Identifier: GPL-2.0
/* Samples of packets, as the kernel sends them. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "nl_core.h"

/* Some hundred thousand samples: a second's worth in which we are busy. */
#define SAMPLE_BUF_SIZE	(64 * 1024 * 1024)

enum result nl_samples_subscribe(struct nl *nl, struct error *err)
{
	enum result res;

	res = connect_family(nl, err);
	if (res)
		return res;
	return subscribe(nl, &nl->samples, GROUP_SAMPLES, SAMPLE_BUF_SIZE, err);
}

int nl_samples_fd(const struct nl *nl)
{
	return mnl_socket_get_fd(nl->samples);
}

static bool read_data(const struct nlattr *a, struct sample *s)
{
	s->data_len = mnl_attr_get_payload_len(a);
	if (s->data_len > sizeof(s->data))
		s->data_len = sizeof(s->data);
	memcpy(s->data, mnl_attr_get_payload(a), s->data_len);
	return true;
}

static struct sample read_sample(const struct nlattr *nest)
{
	struct sample s = { .packets = 1, .interval = 1 };
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, nest) {
		switch (mnl_attr_get_type(a)) {
		case MTUN_A_SAMPLE_IFINDEX:
			get_number(a, &s.ifindex, sizeof(s.ifindex));
			break;
		case MTUN_A_SAMPLE_DIRECTION:
			get_number(a, &s.direction, sizeof(s.direction));
			break;
		case MTUN_A_SAMPLE_REASON:
			get_number(a, &s.reason, sizeof(s.reason));
			break;
		case MTUN_A_SAMPLE_INTERVAL:
			get_number(a, &s.interval, sizeof(s.interval));
			break;
		case MTUN_A_SAMPLE_PACKETS:
			get_number(a, &s.packets, sizeof(s.packets));
			break;
		case MTUN_A_SAMPLE_LENGTH:
			get_number(a, &s.length, sizeof(s.length));
			break;
		case MTUN_A_SAMPLE_SOURCE:
			get_addr(a, &s.source);
			break;
		case MTUN_A_SAMPLE_TIME:
			get_number(a, &s.time, sizeof(s.time));
			break;
		case MTUN_A_SAMPLE_DATA:
			read_data(a, &s);
			break;
		}
	}
	return s;
}

/* How many samples of the CPU are missing before the message, which has n. */
static uint64_t missing(struct nl *nl, uint32_t cpu, uint64_t number,
			uint64_t n)
{
	uint64_t lost = 0;

	if (cpu >= nl->n_cpus) {
		uint64_t *more = allocate(cpu + 1, sizeof(*more));

		if (nl->n_cpus)
			memcpy(more, nl->next_sample,
			       nl->n_cpus * sizeof(*more));
		free(nl->next_sample);
		nl->next_sample = more;
		nl->n_cpus = cpu + 1;
	}
	if (nl->next_sample[cpu] && number > nl->next_sample[cpu])
		lost = number - nl->next_sample[cpu];
	nl->next_sample[cpu] = number + n;
	return lost;
}

static void read_samples(struct nl *nl, const struct nlmsghdr *nlh,
			 sample_fn fn, void *data, uint64_t *lost)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	uint64_t number = 0, n = 0;
	const struct nlattr *a;
	uint32_t cpu = 0;

	if (nlh->nlmsg_type != nl->family ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != MTUN_CMD_SAMPLES_NTF)
		return;
	mnl_attr_for_each(a, nlh, GENL_HDRLEN) {
		struct sample s;

		switch (mnl_attr_get_type(a)) {
		case MTUN_A_SAMPLES_CPU:
			get_number(a, &cpu, sizeof(cpu));
			break;
		case MTUN_A_SAMPLES_NUMBER:
			get_number(a, &number, sizeof(number));
			break;
		case MTUN_A_SAMPLES_SAMPLE:
			s = read_sample(a);
			fn(&s, data);
			n++;
			break;
		}
	}
	*lost += missing(nl, cpu, number, n);
}

enum result nl_samples_read(struct nl *nl, int timeout, sample_fn fn,
			    void *data, uint64_t *lost, struct error *err)
{
	struct pollfd pfd = { .fd = mnl_socket_get_fd(nl->samples),
			      .events = POLLIN };
	enum result res;
	int len;

	len = poll(&pfd, 1, timeout);
	if (len <= 0)
		return RES_OK;
	for (;;) {
		const struct nlmsghdr *nlh = (void *)nl->event_buf;

		len = receive(nl->samples, nl->event_buf, sizeof(nl->event_buf),
			      MSG_DONTWAIT);
		/* The numbers of samples tell which are missing. */
		if (len < 0 && errno == ENOBUFS) {
			res = check_family(nl, err);
			if (res)
				return res;
			continue;
		}
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 && errno == EAGAIN)
			return RES_OK;
		if (len < 0)
			return refuse(err, RES_REFUSED,
				      "cannot receive samples: %s",
				      strerror(errno));
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
			if (tells_unload(nl, nlh))
				return unloaded(err);
			read_samples(nl, nlh, fn, data, lost);
		}
		return RES_OK;
	}
}
