// SPDX-License-Identifier: GPL-2.0
/* libpcap reads this format and cannot write it. */
#include <signal.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "args.h"
#include "pcapng.h"

#define SECTION		0x0a0d0d0a
#define INTERFACE	1
#define PACKET		6
#define BYTE_ORDER_MARK	0x1a2b3c4d
#define LINKTYPE_RAW	101	/* IPv4 or IPv6 */

#define OPT_END		0
#define OPT_COMMENT	1
#define IF_NAME		2
#define IF_TSRESOL	9
#define EPB_FLAGS	2

#define NANOSECONDS	9	/* for IF_TSRESOL: 10^-9 */
#define INBOUND		1
#define OUTBOUND	2

/* A block is made here, in words of 4 bytes: a name, a comment and a packet. */
struct block {
	uint32_t words[256];
	size_t n;
};

static void put(struct block *b, const void *data, size_t len)
{
	size_t n = (len + 3) / 4;

	if (b->n + n > ARRAY_SIZE(b->words))
		return;
	memset(b->words + b->n, 0, 4 * n);
	memcpy(b->words + b->n, data, len);
	b->n += n;
}

static void put32(struct block *b, uint32_t value)
{
	put(b, &value, sizeof(value));
}

static void put_option(struct block *b, uint16_t code, const void *data,
		       uint16_t len)
{
	const uint16_t head[2] = { code, len };

	put(b, head, sizeof(head));
	put(b, data, len);
}

static struct block begin(uint32_t type)
{
	struct block b = { .n = 0 };

	put32(&b, type);
	put32(&b, 0);	/* the length */
	return b;
}

void pcapng_flush(FILE *file)
{
	sigset_t all, was;
	struct stat st;

	if (fstat(fileno(file), &st) || !S_ISREG(st.st_mode)) {
		fflush(file);	/* somebody may read it slowly, or not at all */
		return;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &was);
	fflush(file);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

/* The length is at both ends. stdio would write what there is room for of a block. */
static void end(FILE *file, struct block *b)
{
	b->words[1] = 4 * (b->n + 1);
	put32(b, b->words[1]);
	if (__fpending(file) + b->words[1] > __fbufsize(file))
		pcapng_flush(file);
	fwrite(b->words, 4, b->n, file);
}

void pcapng_begin(struct pcapng *p, FILE *file)
{
	static const uint16_t version[2] = { 1, 0 };
	struct block b = begin(SECTION);

	memset(p, 0, sizeof(*p));
	p->file = file;
	put32(&b, BYTE_ORDER_MARK);
	put(&b, version, sizeof(version));
	put32(&b, 0xffffffff);	/* the length of the section */
	put32(&b, 0xffffffff);	/* is not known */
	end(file, &b);
}

/* Where it is, or where it belongs */
static size_t find_interface(const struct pcapng *p, uint32_t ifindex)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (p->v[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void insert_interface(struct pcapng *p, size_t i, uint32_t ifindex)
{
	uint32_t number = p->n;

	ADD_ONE(p);
	memmove(&p->v[i + 1], &p->v[i], (number - i) * sizeof(*p->v));
	p->v[i].ifindex = ifindex;
	p->v[i].number = number;
}

/* The number of a tunnel's interface, which is told when it is first met. */
static uint32_t interface(struct pcapng *p, uint32_t ifindex, const char *name)
{
	static const uint16_t linktype[2] = { LINKTYPE_RAW };	/* and reserved */
	const uint8_t resolution = NANOSECONDS;
	size_t i = find_interface(p, ifindex);
	struct block b;

	if (i < p->n && p->v[i].ifindex == ifindex)
		return p->v[i].number;
	insert_interface(p, i, ifindex);
	b = begin(INTERFACE);
	put(&b, linktype, sizeof(linktype));
	put32(&b, MAX_SAMPLE);
	put_option(&b, IF_NAME, name, strlen(name));
	put_option(&b, IF_TSRESOL, &resolution, sizeof(resolution));
	put_option(&b, OPT_END, "", 0);
	end(p->file, &b);
	return p->v[i].number;
}

void pcapng_write(struct pcapng *p, const struct sample *s, const char *name)
{
	uint32_t number = interface(p, s->ifindex, name);
	uint32_t flags = s->direction == MTUN_DIRECTION_INGRESS ? INBOUND :
								  OUTBOUND;
	struct block b = begin(PACKET);
	char comment[512], packets[32] = "";

	if (s->packets > 1)
		snprintf(packets, sizeof(packets), ", x %u", s->packets);
	snprintf(comment, sizeof(comment), "%s %s, 1 in %u, from %s%s%s%s", name,
		 enum_name(direction_names, s->direction), s->interval,
		 addr_text(&s->source).s, packets, s->reason ? ", dropped: " : "",
		 s->reason ? enum_name(drop_reason_names, s->reason) : "");
	put32(&b, number);
	put32(&b, s->time >> 32);
	put32(&b, s->time);
	put32(&b, s->data_len);
	put32(&b, s->length > s->data_len ? s->length : s->data_len);
	put(&b, s->data, s->data_len);
	put_option(&b, OPT_COMMENT, comment, strlen(comment));
	put_option(&b, EPB_FLAGS, &flags, sizeof(flags));
	put_option(&b, OPT_END, "", 0);
	end(p->file, &b);
}

void pcapng_free(struct pcapng *p)
{
	free(p->v);
	memset(p, 0, sizeof(*p));
}
