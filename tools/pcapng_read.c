// SPDX-License-Identifier: GPL-2.0
/* What pcapng.c has written, and others' files as far as they have IP packets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include "args.h"
#include "pcapng.h"

#define SECTION		0x0a0d0d0a
#define INTERFACE	1
#define PACKET		6
#define BYTE_ORDER_MARK	0x1a2b3c4d
#define LINKTYPE_RAW	101
#define IF_TSRESOL	9
#define OPT_COMMENT	1

#define MAX_BLOCK	(1024 * 1024)
#define MAX_INTERFACES	(1024 * 1024)

struct reader {
	uint32_t block[MAX_BLOCK / 4];
	struct interface {
		uint16_t linktype;
		uint64_t ticks;		/* a second */
	} *v;			/* by their numbers */
	size_t n;
	size_t room;
	bool section;		/* there is one, and we can read it */
};

/* The option of a code, or NULL; its length in *len. From word at to word end. */
static const void *option(const uint32_t *block, size_t at, size_t end,
			  uint16_t code, uint16_t *len)
{
	while (at < end) {
		uint16_t head[2];

		memcpy(head, block + at, sizeof(head));
		at++;
		if (!head[0] || (head[1] + 3) / 4 > (int)(end - at))
			return NULL;
		*len = head[1];
		if (head[0] == code)
			return block + at;
		at += (head[1] + 3) / 4;
	}
	return NULL;
}

/* A second's, or 0 if there are too many: a power of 10, or of 2 */
static uint64_t ticks_of(uint8_t resolution)
{
	uint8_t base = resolution & 0x80 ? 2 : 10, n = resolution & 0x7f;
	uint64_t ticks = 1;

	if (n >= (base == 2 ? 64 : 20))
		return 0;
	while (n--)
		ticks *= base;
	return ticks;
}

/* False if it makes no sense, and so it is with all that reads. */
static bool read_interface(struct reader *r, size_t words)
{
	const uint8_t *resolution;
	struct interface *new;
	uint16_t len;

	if (words < 5 || r->n == MAX_INTERFACES)
		return false;
	new = ADD_ONE(r);
	memcpy(&new->linktype, r->block + 2, sizeof(new->linktype));
	new->ticks = 1000000;
	resolution = option(r->block, 4, words - 1, IF_TSRESOL, &len);
	if (resolution && len == 1)
		new->ticks = ticks_of(*resolution);
	return new->ticks;
}

static uint8_t number_of(const struct name *names, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].name && !strcmp(names[i].name, word))
			return i;
	return 0;
}

/* "mt0 ingress, 1 in 1000, from 192.0.2.1, x 3, dropped: rx-ecn" */
static void read_comment(const char *comment, struct sample *s)
{
	char direction[16] = "", source[64] = "", reason[32] = "";
	int at = 0;

	if (sscanf(comment, "%*s %15[^,], 1 in %u, from %63[^,]%n",
		   direction, &s->interval, source, &at) < 3)
		return;		/* somebody else's */
	comment += at;
	at = 0;
	if (sscanf(comment, ", x %u%n", &s->packets, &at) == 1)
		comment += at;
	if (sscanf(comment, ", dropped: %31s", reason) == 1)
		s->reason = number_of(drop_reason_names,
				      ARRAY_SIZE(drop_reason_names), reason);
	s->direction = number_of(direction_names, ARRAY_SIZE(direction_names),
				 direction);
	parse_addr(source, &s->source);
	s->interval = s->interval ?: 1;
	s->packets = s->packets ?: 1;
}

static bool read_packet(const struct reader *r, size_t words, sample_fn fn,
			void *data)
{
	struct sample s = { .packets = 1, .interval = 1 };
	const uint32_t *b = r->block;
	char comment[256] = "";
	uint64_t ticks, time;
	const void *found;
	uint16_t len;

	if (words < 8 || b[2] >= r->n || b[5] > (words - 8) * 4)
		return false;
	if (r->v[b[2]].linktype != LINKTYPE_RAW)
		return true;
	ticks = r->v[b[2]].ticks;
	time = (uint64_t)b[3] << 32 | b[4];
	s.time = time / ticks * 1000000000 +
		 (uint64_t)((double)(time % ticks) * 1e9 / ticks);
	s.ifindex = b[2] + 1;
	s.length = b[6];
	s.data_len = b[5] < sizeof(s.data) ? b[5] : sizeof(s.data);
	memcpy(s.data, b + 7, s.data_len);
	found = option(b, 7 + (b[5] + 3) / 4, words - 1, OPT_COMMENT, &len);
	if (found && len < sizeof(comment)) {
		memcpy(comment, found, len);
		read_comment(comment, &s);
	}
	fn(&s, data);
	return true;
}

/* Into r->block, which has *words then; none at the end of the file. */
static bool read_block(struct reader *r, FILE *file, size_t *words)
{
	size_t got = fread(r->block, 1, 8, file);

	*words = 0;
	if (!got)
		return !ferror(file);
	if (got < 8 || r->block[1] % 4 || r->block[1] < 12 ||
	    r->block[1] > MAX_BLOCK)
		return false;
	*words = r->block[1] / 4;
	return fread(r->block + 2, 4, *words - 2, file) == *words - 2 &&
	       r->block[*words - 1] == r->block[1];
}

static bool use_block(struct reader *r, size_t words, sample_fn fn, void *data)
{
	switch (r->block[0]) {
	case SECTION:
		r->section = r->block[2] == BYTE_ORDER_MARK;
		r->n = 0;
		return r->section;
	case INTERFACE:
		return r->section && read_interface(r, words);
	case PACKET:
		return r->section && read_packet(r, words, fn, data);
	default:
		return r->section;
	}
}

enum result pcapng_read(const char *name, sample_fn fn, void *data,
			struct error *err)
{
	struct reader *r = allocate(1, sizeof(*r));
	enum result res = RES_OK;
	bool good = true;
	size_t words;
	FILE *file;

	file = strcmp(name, "-") ? fopen(name, "re") : stdin;
	if (!file)
		res = refuse(err, RES_REFUSED, "%s: %s", name,
			     strerror(errno));
	while (!res && good) {
		good = read_block(r, file, &words);
		if (good && !words)
			break;
		good = good && use_block(r, words, fn, data);
	}
	if (!res && !r->section)
		res = refuse(err, RES_REFUSED,
			     "%s: no pcapng file of this machine's byte order",
			     name);
	else if (!res && !good)
		res = refuse(err, RES_REFUSED,
			     "%s: damaged or cut short: what follows was not read",
			     name);
	if (file && file != stdin)
		fclose(file);
	free(r->v);
	free(r);
	return res;
}
