// SPDX-License-Identifier: GPL-2.0
/* Unit tests of what is made of samples and counters. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#include <netinet/in.h>

#include "cmd.h"
#include "detect.h"
#include "capture_filter.h"
#include "hash.h"
#include "pcapng.h"
#include "rates.h"
#include "talkers.h"
#include "test.h"
#include "top.h"

#define SECOND	1000000000ull

static uint64_t random_state = 1;

static uint32_t rnd(uint32_t n)
{
	random_state = random_state * 6364136223846793005ull + 1;
	return (random_state >> 33) % n;
}

/* Packets */

static struct sample ipv4(uint8_t protocol, uint32_t src, uint32_t dst,
			  uint32_t length)
{
	struct sample s = {
		.ifindex = 1, .interval = 1000, .packets = 1, .length = length,
		.data_len = 60, .source = { AF_INET, 4, { 192, 0, 2, 1 } },
	};

	s.data[0] = 0x45;
	s.data[9] = protocol;
	for (size_t i = 0; i < 4; i++) {
		s.data[12 + i] = src >> (24 - 8 * i);
		s.data[16 + i] = dst >> (24 - 8 * i);
	}
	return s;
}

static struct sample with_ports(uint8_t protocol, uint32_t src, uint32_t dst,
				uint16_t sport, uint16_t dport, uint32_t length)
{
	struct sample s = ipv4(protocol, src, dst, length);

	s.data[20] = sport >> 8;
	s.data[21] = sport;
	s.data[22] = dport >> 8;
	s.data[23] = dport;
	return s;
}

static struct sample tcp(uint32_t src, uint32_t dst, uint8_t flags)
{
	struct sample s = with_ports(6, src, dst, 1024 + rnd(60000), 443, 60);

	s.data[33] = flags;
	return s;
}

#define VICTIM	0xcb007101	/* 203.0.113.1 */

static struct sample attack_sample(enum vector vector)
{
	uint32_t src = 0x0a000000 + rnd(1 << 24);
	struct sample s;

	switch (vector) {
	case SYN_FLOOD:
		return tcp(src, VICTIM, 0x02);
	case UDP_FLOOD:
		return with_ports(17, src, VICTIM, 5000 + rnd(100), rnd(65536),
				  500);
	case ICMP_FLOOD:
		return ipv4(1, src, VICTIM, 84);
	case AMPLIFICATION:
		return with_ports(17, src, VICTIM, 389, rnd(65536), 1400);
	case FRAGMENT_FLOOD:
		s = ipv4(17, src, VICTIM, 1500);
		s.data[6] = 0x20 + rnd(2);
		return s;
	default:
		s = ipv4(50, src, VICTIM, 100);
		s.reason = rnd(2) ? MTUN_DROP_RX_FILTER : MTUN_DROP_TX_FILTER;
		return s;
	}
}

/*
 * What a network of a few hundred hosts receives: most of it TCP and QUIC from few
 * sources to few hosts, resolvers that are answered, clocks, pings, and now and then
 * a crowd that opens connections.
 */
static struct sample normal_sample(uint64_t second)
{
	uint32_t dst = VICTIM + rnd(rnd(4) ? 8 : 200);
	uint32_t src = 0x08000000 + rnd(1 << 20);
	bool crowd = second % 600 < 20;
	uint32_t what = rnd(1000);
	struct sample s;

	if (what < (crowd ? 60 : 20))
		return tcp(src, dst, 0x02);
	if (what < 700)
		return tcp(src, dst, 0x10);
	if (what < 950)
		return with_ports(17, src, dst, 443, 40000, 1200);
	if (what < 980)
		return with_ports(17, src, VICTIM + 53, 53, 40000, 180);
	if (what < 985)
		return with_ports(17, src, dst, 123, 123, 76);
	if (what < 992)
		return ipv4(1, src, dst, 84);
	s = ipv4(17, src, dst, 1500);
	s.data[6] = 0x20;
	return s;
}

/* A first fragment, with a second header that says it is none */
static void test_fragments(void)
{
	uint8_t data[60] = {
		0x60, [6] = IPPROTO_FRAGMENT, [40] = IPPROTO_FRAGMENT, [43] = 1,
		[48] = IPPROTO_UDP,
	};
	struct packet p = packet_parse(data, sizeof(data));

	check(p.fragment && p.protocol == IPPROTO_UDP && p.has_ports,
	      "packet: a fragment stays one");
}

/* Detection */

struct seen {
	struct attack v[64];
	size_t n;
};

static void note(const struct attack *a, void *data)
{
	struct seen *seen = data;

	if (seen->n < ARRAY_SIZE(seen->v))
		seen->v[seen->n++] = *a;
}

static uint64_t run_normal(struct detector *d, uint64_t from, uint64_t seconds,
			   uint32_t rate, enum vector vector,
			   uint32_t attack_rate)
{
	uint64_t step = SECOND / (rate + attack_rate);
	uint64_t t = from, end = from + seconds * SECOND;

	for (; t < end; t += step) {
		struct sample s = rnd(rate + attack_rate) < attack_rate ?
				  attack_sample(vector) :
				  normal_sample(t / SECOND);

		s.time = t;
		detector_sample(d, &s);
	}
	return end;
}

static void test_normal(void)
{
	struct seen seen = { .n = 0 };
	struct detector *d = detector_new(&detection_defaults, false, note, &seen);

	/* 100,000 packets a second, of which one in 1000 is sampled */
	run_normal(d, SECOND, 3600, 100, SYN_FLOOD, 0);
	check(!seen.n, "an hour of a normal mix is no attack");
	detector_free(d);
}

static void test_vector(enum vector vector)
{
	uint32_t limit = detection_defaults.limits[vector];
	/* 30 samples a second at the least: fewer are no evidence */
	uint32_t rate = limit < 10000 ? 30 : 3 * limit / 1000;
	struct seen seen = { .n = 0 };
	struct detector *d = detector_new(&detection_defaults, false, note, &seen);
	uint64_t begin, end;
	char what[100];
	double truth;

	begin = run_normal(d, 1000 * SECOND, 20, 100, vector, 0);
	end = run_normal(d, begin, 10, 100, vector, rate);
	run_normal(d, end, 20, 100, vector, 0);
	truth = 1000.0 * rate;
	snprintf(what, sizeof(what), "%s: begins within 2 s",
		 vector_names[vector].name);
	check(seen.n && seen.v[0].vector == vector && !seen.v[0].end &&
	      seen.v[0].start >= begin && seen.v[0].start <= begin + 2 * SECOND,
	      what);
	snprintf(what, sizeof(what), "%s: ends, once",
		 vector_names[vector].name);
	check(seen.n == 2 && seen.v[1].vector == vector &&
	      seen.v[1].end + SECOND >= end &&
	      seen.v[1].end <= end + 2 * SECOND, what);
	snprintf(what, sizeof(what), "%s: peak", vector_names[vector].name);
	check(seen.n == 2 && seen.v[1].peak_packets > truth * 0.8 &&
	      seen.v[1].peak_packets < truth * 2, what);
	snprintf(what, sizeof(what), "%s: to whom", vector_names[vector].name);
	check(seen.n && !strcmp(prefix_text(&seen.v[0].to).s, "203.0.113.1"),
	      what);
	check(seen.n && (vector != AMPLIFICATION ||
			 !strcmp(seen.v[0].service, "cldap")), "service");
	detector_free(d);
}

/* Evenly, so many hundredths of the limit, seen one in ten */
static size_t attacks_at(enum vector vector, uint32_t percent)
{
	uint32_t rate = detection_defaults.limits[vector] / 1000 * percent;
	struct seen seen = { .n = 0 };
	struct detector *d = detector_new(&detection_defaults, false, note, &seen);

	for (uint64_t i = 0; i < 3 * rate; i++) {
		struct sample s = attack_sample(vector);

		s.interval = 10;
		s.time = 1000 * SECOND + i * SECOND / rate;
		detector_sample(d, &s);
	}
	detector_free(d);
	return seen.n;
}

static void test_limit(enum vector vector)
{
	char what[100];

	snprintf(what, sizeof(what), "%s: the limit is where it is",
		 vector_names[vector].name);
	check(!attacks_at(vector, 95) && attacks_at(vector, 105) == 1, what);
}

/* 30,000 connection requests a second, for seconds; to the end of it */
static uint64_t flood(struct detector *d, uint64_t from, uint64_t seconds)
{
	uint64_t end = from + seconds * SECOND;

	for (uint64_t t = from; t < end; t += SECOND / 30) {
		struct sample s = attack_sample(SYN_FLOOD);

		s.time = t;
		detector_sample(d, &s);
	}
	return end;
}

/* The clock is set during an attack. */
static void test_clock_set(bool live, int64_t step, const char *what)
{
	struct seen seen = { .n = 0 };
	struct detector *d = detector_new(&detection_defaults, live, note,
					  &seen);
	uint64_t t, end;

	t = flood(d, 100000 * SECOND, 5) + step;
	if (live) {	/* what another CPU took before comes later */
		t = flood(d, t, 1);
		flood(d, t - step, 1);
	}
	end = flood(d, t, 5);
	for (t = end; t < end + 10 * SECOND; t += SECOND / 10)
		detector_time(d, t);
	check(seen.n == 2 && !seen.v[0].end && seen.v[1].end + 2 * SECOND > end &&
	      seen.v[1].end < end + 2 * SECOND &&
	      seen.v[1].end - seen.v[1].start > 8 * SECOND, what);
	flood(d, t, 2);
	check(seen.n == 3 && seen.v[2].start >= t &&
	      seen.v[2].start < t + 2 * SECOND,
	      "and the next attack is seen");
	detector_free(d);
}

static void test_odd_time(uint64_t odd, const char *what)
{
	struct seen seen = { .n = 0 };
	struct detector *d = detector_new(&detection_defaults, false, note,
					  &seen);
	struct sample s = attack_sample(SYN_FLOOD);
	uint64_t t;

	t = flood(d, 100000 * SECOND, 3);
	s.time = odd;
	detector_sample(d, &s);
	flood(d, t, 3);
	check(seen.n == 1, what);
	detector_free(d);
}

/* In a recording nothing tells of it but the time of the next sample. */
static void test_silence(void)
{
	struct seen seen = { .n = 0 };
	struct detector *d = detector_new(&detection_defaults, false, note,
					  &seen);
	uint64_t end, t;

	end = flood(d, 100000 * SECOND, 3);
	t = flood(d, end + 3600 * SECOND, 3);
	check(seen.n == 3 && seen.v[1].end < end + 2 * SECOND,
	      "an attack has ended before an hour without samples");
	/* Each is a minute from the last one. */
	for (int i = 0; i < 100; i++) {
		struct sample s = tcp(i, VICTIM + 1, 0x02);

		t += 60 * SECOND;
		s.time = t;
		detector_sample(d, &s);
	}
	check(seen.n == 4 && seen.v[3].end, "few samples: no attack, but its end");
	detector_free(d);
}

static void test_clock(void)
{
	test_clock_set(false, -3600 * (int64_t)SECOND, "clock set back, recorded");
	test_clock_set(true, -3600 * (int64_t)SECOND, "clock set back, live");
	test_clock_set(true, 3600 * (int64_t)SECOND, "clock set forward, live");
	test_odd_time(0, "one sample without a time");
	test_odd_time(200000 * SECOND, "one sample of tomorrow");
	test_silence();
}

/* What comes in by one tunnel may leave by another one, and is sampled by both. */
static void test_directions(uint32_t rate, bool twice, size_t attacks,
			    const char *what)
{
	struct seen seen = { .n = 0 };
	struct detector *d = detector_new(&detection_defaults, false, note,
					  &seen);

	for (uint64_t i = 0; i < 3 * rate; i++) {
		struct sample s = attack_sample(SYN_FLOOD);

		s.interval = 100;
		s.time = 1000 * SECOND + i * SECOND / rate;
		s.direction = MTUN_DIRECTION_INGRESS;
		detector_sample(d, &s);
		s.direction = MTUN_DIRECTION_EGRESS;
		s.ifindex = 2;
		if (twice)
			detector_sample(d, &s);
	}
	check(seen.n == attacks, what);
	detector_free(d);
}

/* Each address has little, the network has much. */
static void test_carpet(void)
{
	struct detection conf = detection_defaults;
	struct seen narrow = { .n = 0 }, wide = { .n = 0 };
	struct detector *a = detector_new(&conf, false, note, &narrow), *b;

	conf.prefix4 = 24;
	b = detector_new(&conf, false, note, &wide);
	for (uint64_t i = 0; i < 500; i++) {
		struct sample s = tcp(0x0a000000 + i, (VICTIM & ~255u) + rnd(256),
				      0x02);

		s.time = 1000 * SECOND + i * SECOND / 100;
		detector_sample(a, &s);
		detector_sample(b, &s);
	}
	check(!narrow.n, "many addresses, each with little");
	check(wide.n == 1 && !strcmp(prefix_text(&wide.v[0].to).s,
				     "203.0.113.0/24"), "together too much");
	detector_free(a);
	detector_free(b);
}

static void test_hostile(void)
{
	struct seen seen = { .n = 0 };
	struct detector *d = detector_new(&detection_defaults, false, note, &seen);

	for (int i = 0; i < 200000; i++) {
		struct sample s = { .interval = 1, .packets = 1 };

		s.data_len = rnd(sizeof(s.data) + 1);
		for (size_t j = 0; j < s.data_len; j++)
			s.data[j] = rnd(256);
		if (s.data_len && rnd(2))
			s.data[0] = rnd(2) ? 0x45 : 0x60;
		s.time = rnd(1 << 30) * 1000ull;
		s.reason = rnd(100);
		packet_flags(&(struct packet){ .tcp_flags = rnd(256) });
		detector_sample(d, &s);
	}
	check(true, "random packets at random times do no harm");
	detector_free(d);
}

/* The command line wins, wherever the file stands. */
static void test_words(void)
{
	char name[] = "/tmp/mtctl-test-XXXXXX";
	FILE *file = fdopen(mkstemp(name), "w");
	char *orders[2][4] = {
		{ "syn-flood", "70", "-f", name },
		{ "-f", name, "syn-flood", "70" },
	};
	struct error err;

	fprintf(file, "detect: {syn-flood: 60, udp-flood: 80}\n");
	fclose(file);
	for (int i = 0; i < 2; i++) {
		struct detection conf = detection_defaults;

		check(!detection_parse(4, orders[i], &conf, NULL, &err) &&
		      conf.limits[SYN_FLOOD] == 70 &&
		      conf.limits[UDP_FLOOD] == 80,
		      "detect: limits of a file, and one that is another");
	}
	unlink(name);
}

/* Files */

static struct sample back;
static size_t read_back;

static void keep(const struct sample *s, void *data)
{
	(void)data;
	back = *s;
	read_back++;
}

static void test_pcapng(void)
{
	struct sample s = tcp(1, VICTIM, 0x12);
	char name[] = "/tmp/mtctl-test-XXXXXX";
	int fd = mkstemp(name);
	FILE *file = fdopen(fd, "w");
	struct pcapng p;
	struct error err;

	s.time = 1700000000123456789ull;
	s.direction = MTUN_DIRECTION_EGRESS;
	s.reason = MTUN_DROP_TX_TOO_BIG;
	s.length = 1500;
	s.data_len = 57;
	s.packets = 7;
	pcapng_begin(&p, file);
	pcapng_write(&p, &s, "mt0");
	s.ifindex = 2;
	pcapng_write(&p, &s, "a.name_of-15.by");
	fclose(file);
	pcapng_free(&p);
	check(!pcapng_read(name, keep, NULL, &err) && read_back == 2,
	      "pcapng: read what was written");
	check(back.time / 1000 == s.time / 1000 && back.reason == s.reason &&
	      back.direction == s.direction && back.length == s.length &&
	      back.interval == s.interval && back.packets == s.packets &&
	      back.data_len == s.data_len &&
	      !memcmp(back.data, s.data, s.data_len) &&
	      !memcmp(back.source.bytes, s.source.bytes, 4),
	      "pcapng: it is the same");
	/* Cut anywhere, and with any byte changed */
	for (int i = 0; i < 2000; i++) {
		char bytes[1024];
		size_t len;

		file = fopen(name, "r");
		len = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		bytes[rnd(len)] = rnd(256);
		file = fopen("/tmp/mtctl-test-bad", "w");
		fwrite(bytes, 1, rnd(3) ? len : rnd(len), file);
		fclose(file);
		pcapng_read("/tmp/mtctl-test-bad", keep, NULL, &err);
	}
	check(true, "pcapng: damaged files do no harm");
	unlink("/tmp/mtctl-test-bad");
	unlink(name);
}

/* The first bytes of what is written for three samples, and then some */
static enum result read_cut(size_t len, const void *more, size_t n)
{
	char name[] = "/tmp/mtctl-test-XXXXXX";
	FILE *file = fdopen(mkstemp(name), "w+");
	struct sample s = tcp(1, VICTIM, 0x12);
	char bytes[1024], *end = bytes;
	struct error err;
	struct pcapng p;
	enum result res;

	pcapng_begin(&p, file);
	for (int i = 0; i < 3; i++)
		pcapng_write(&p, &s, "mt0");
	pcapng_free(&p);
	rewind(file);
	end += fread(bytes, 1, sizeof(bytes), file);
	rewind(file);
	if (ftruncate(fileno(file), 0))
		abort();
	fwrite(bytes, 1, end - bytes - len, file);
	fwrite(more, 1, n, file);
	fclose(file);
	read_back = 0;
	res = pcapng_read(name, keep, NULL, &err);
	unlink(name);
	return res;
}

static void test_cut(void)
{
	static const uint32_t other[] = { 0xbad, 16, 0, 16 };
	static const uint32_t short_block[] = { 6, 12, 12 };
	static const uint32_t two_lengths[] = { 0xbad, 16, 0, 20 };

	check(!read_cut(0, "", 0) && read_back == 3, "pcapng: whole");
	check(read_cut(1, "", 0) && read_back == 2, "pcapng: cut short");
	check(read_cut(0, "\6\0\0", 3) && read_back == 3,
	      "pcapng: a piece of a block more");
	check(!read_cut(0, other, sizeof(other)) && read_back == 3,
	      "pcapng: a block that nobody knows");
	check(read_cut(0, short_block, sizeof(short_block)) && read_back == 3,
	      "pcapng: a packet without a header");
	check(read_cut(0, two_lengths, sizeof(two_lengths)) && read_back == 3,
	      "pcapng: lengths that are not the same");
}

/* A packet at 3 * 2^20 + 2^19 units of a resolution; its time, or 0 */
static uint64_t time_in_units(uint8_t resolution)
{
	const uint32_t blocks[] = {
		0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28,
		1, 32, 101, 128, 9 | 1 << 16, resolution, 0, 32,
		6, 36, 0, 0, 7 << 19, 1, 1, 0x45, 36,
	};
	char name[] = "/tmp/mtctl-test-XXXXXX";
	FILE *file = fdopen(mkstemp(name), "w");
	struct error err;

	fwrite(blocks, 1, sizeof(blocks), file);
	fclose(file);
	back.time = 0;
	if (pcapng_read(name, keep, NULL, &err))
		back.time = 0;
	unlink(name);
	return back.time;
}

static void test_resolution(void)
{
	check(time_in_units(6) == 3670016000, "pcapng: microseconds");
	check(time_in_units(0x80 | 20) == 3500000000, "pcapng: powers of 2");
	check(time_in_units(0) == (7ull << 19) * SECOND, "pcapng: seconds");
	check(!time_in_units(20) && !time_in_units(0x80 | 64),
	      "pcapng: units that no number has");
}

/* Tables of what others choose */

/* The example of those who have invented it */
static void test_hash(void)
{
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = i;
	memcpy(hash_seed, bytes, sizeof(hash_seed));
	check(hash(bytes, 15) == 0xa129ca6149be45e5, "hash: SipHash-2-4");
	memset(hash_seed, 0, sizeof(hash_seed));
}

#define FLOOD	30000

/* Where FNV-1a, which everybody knows, has it in a table of 2^17 */
static bool is_crowded(const void *data, size_t len, uint64_t vector, int shift)
{
	const uint8_t *bytes = data;
	uint64_t h = 0xcbf29ce484222325 ^ vector;

	while (len--)
		h = (h ^ *bytes++) * 0x100000001b3;
	return (h ^ h >> shift) % (1 << 17) < 2048;
}

/* The seconds that FLOOD different ones cost, as targets or as talkers */
static double cost(bool targets)
{
	struct detector *d = detector_new(&detection_defaults, false, note,
					  &(struct seen) { .n = 0 });
	struct talkers ts = { 0 };
	struct packet p;
	struct text key;
	clock_t begin;
	double took = 0;

	for (uint32_t i = 0, n = 0; n < FLOOD; i++) {
		struct sample s = { .interval = 1, .packets = 1, .data_len = 40 };

		s.time = SECOND;
		s.data[0] = 0x60;
		s.data[6] = IPPROTO_ICMPV6;
		for (size_t at = targets ? 24 : 8, j = 0; j < 4; j++)
			s.data[at + j] = i >> 8 * j;
		p = packet_parse(s.data, s.data_len);
		talkers_key(BY_SOURCE, &s, &p, &key);
		if (targets ? !is_crowded(s.data + 24, 16, ICMP_FLOOD, 29) :
			      !is_crowded(key.s, strlen(key.s), 0, 32))
			continue;
		n++;
		begin = clock();
		if (targets)
			detector_sample(d, &s);
		else
			talkers_add(&ts, &key, &s);
		took += clock() - begin;
	}
	talkers_free(&ts);
	detector_free(d);
	return took / CLOCKS_PER_SEC;
}

/* Rates and talkers */

static void test_talkers(void)
{
	struct talkers ts = { 0 };
	const struct talker **v;
	struct text key;
	int inside = 0;

	/* Of 100 estimates, the truth is within the error of nearly all. */
	for (int run = 0; run < 100; run++) {
		double truth = 0;

		for (int i = 0; i < 100000; i++) {
			struct sample s = ipv4(17, 1, VICTIM, 100 + rnd(1000));
			struct packet p;

			truth += s.length;
			s.interval = 100;
			if (rnd(100))
				continue;
			p = packet_parse(s.data, s.data_len);
			talkers_key(BY_DESTINATION, &s, &p, &key);
			talkers_add(&ts, &key, &s);
		}
		v = talkers_sorted(&ts);
		inside += fabs(v[0]->bytes - truth) <=
			  truth * talker_error(v[0]) / 100;
		free(v);
		talkers_clear(&ts);
	}
	check(inside >= 88, "talkers: the error is that of 19 of 20");
	for (int i = 0; i < 70000; i++) {
		struct sample s = ipv4(17, i, VICTIM, i == 7 ? 1000 : 100);
		struct packet p = packet_parse(s.data, s.data_len);

		talkers_key(BY_SOURCE, &s, &p, &key);
		talkers_add(&ts, &key, &s);
	}
	v = talkers_sorted(&ts);
	check(ts.n == 65536 && ts.rest.samples == 70000 - 65536,
	      "talkers: memory is bounded");
	check(!strcmp(v[0]->key.s, "0.0.0.7"), "talkers: the first is first");
	free(v);
	talkers_free(&ts);
}

/* What a packet counts under, or what it has not */
static void test_keys(void)
{
	struct sample icmp6 = { .length = 1, .data_len = 42, .data = { 0x60, [6] = 58 } };
	struct sample udp = with_ports(17, 0x0a000001, VICTIM, 5353, 53, 1023);
	struct sample esp = ipv4(50, 0x0a000001, VICTIM, 1024);
	struct sample none = { .length = UINT32_MAX };
	struct sample syn = tcp(0x0a000001, VICTIM, 0x12);
	struct sample hidden = { .data_len = 40, .data = { 0x60, [6] = 0 } };
	struct sample odd = ipv4(253, 0x0a000001, VICTIM, 64);
	const struct {
		enum talkers_by by;
		const struct sample *s;
		const char *key;
	} cases[] = {
		{ BY_SOURCE, &udp, "10.0.0.1" }, { BY_DESTINATION, &udp, "203.0.113.1" },
		{ BY_SOURCE_PORT, &udp, "udp 5353" }, { BY_PORT, &udp, "udp 53" },
		{ BY_PORT, &syn, "tcp 443" }, { BY_PORT, &esp, NULL },
		{ BY_PROTOCOL, &udp, "IPv4 udp" }, { BY_PROTOCOL, &icmp6, "IPv6 icmpv6" },
		{ BY_PROTOCOL, &odd, "IPv4 proto-253" }, { BY_PROTOCOL, &hidden, "IPv6 ?" },
		{ BY_PROTOCOL, &none, NULL },
		{ BY_FLAGS, &syn, "SA" }, { BY_FLAGS, &udp, NULL },
		{ BY_SIZE, &udp, "512-1023" }, { BY_SIZE, &esp, "1024-2047" },
		{ BY_SIZE, &icmp6, "1-1" }, { BY_SIZE, &none, "2147483648-4294967295" },
		{ BY_REASON, &esp, "rx-filter" }, { BY_REASON, &udp, NULL },
	};

	esp.reason = MTUN_DROP_RX_FILTER;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct sample *s = cases[i].s;
		struct packet p = packet_parse(s->data, s->data_len);
		struct text key = { "" };
		bool has = talkers_key(cases[i].by, s, &p, &key);

		if (has && cases[i].key && strcmp(key.s, cases[i].key))
			printf("# %s\n", key.s);
		check(has == !!cases[i].key && (!has || !strcmp(key.s, cases[i].key)),
		      "talkers: what a packet counts under");
	}
}

/* Lines of 10.0.0.1 and of what there was no place for */
static void test_others(void)
{
	struct sample s = ipv4(17, 0x0a000001, VICTIM, 1000);
	struct top top = { .talk = true, .filter = "", .note = "" };
	const struct options opt = { .json = true };
	int out = dup(STDOUT_FILENO);
	struct text key;
	FILE *file = tmpfile();
	char text[2048] = "";

	top.shown.seconds = 1;
	top.shown.samples = 2;
	key = word_text("10.0.0.1");
	talkers_add(&top.shown.talkers, &key, &s);
	top.shown.talkers.rest = (struct talker) {
		.samples = 1, .packets = 3000, .bytes = 500000, .squares = 1,
	};
	print_top(file, &top, 0);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	fflush(file);
	print_top_json(&top, &opt);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	rewind(file);
	check(fread(text, 1, sizeof(text) - 1, file) &&
	      strstr(text, "\nothers  "), "top: others");
	check(strstr(text, "\"others\":{\"bits_per_second\":4000000.0,"),
	      "top: others, JSON");
	fclose(file);
	talkers_free(&top.shown.talkers);
}

static void test_rates(void)
{
	struct tunnels was = { 0 }, is = { 0 };
	struct health watch[2] = {
		{ .ifindex = 7, .has = 1ull << MTUN_A_HEALTH_STATE,
		  .state = MTUN_HEALTH_STATE_DEGRADED },
		{ .ifindex = 8 },	/* nobody watches it */
	};
	const struct healths healths = { .v = watch, .n = ARRAY_SIZE(watch) };
	struct rates rates = { 0 };
	struct tunnel *t;

	t = tunnels_add(&was);
	t->ifindex = 7;
	t->stats.ways[0].all = (struct count) { 100, 1000 };
	t = tunnels_add(&is);
	t->ifindex = 7;
	strcpy(t->ifname, "b");
	t->stats.ways[0].all = (struct count) { 300, 2000 };
	t->stats.drops[1] = 4;
	t = tunnels_add(&is);
	t->ifindex = 8;
	strcpy(t->ifname, "a");
	t->stats.ways[1].all = (struct count) { 10, 10000 };
	t->stats.drops[1] = 2;
	rates_update(&rates, &was, &is, 2);
	rates_sort(&rates, RATE_BITS);
	check(rates.n == 2 && !strcmp(rates.v[1].ifname, "a") &&
	      !rates.v[1].ways[1].bits && !rates.v[1].drops,
	      "rates: none of a tunnel that was not there");
	check(rates.v[0].ways[0].packets == 100 &&
	      rates.v[0].ways[0].bits == 4000 && rates.v[0].drops == 2,
	      "rates: a difference by time");
	rates_set_health(&rates, &healths);
	check(!rates.v[1].watched && rates.v[0].watched &&
	      rates.v[0].state == MTUN_HEALTH_STATE_DEGRADED, "rates: health");
	rates_sort(&rates, RATE_DROPS);
	check(!strcmp(rates.v[0].ifname, "b"), "rates: by drops");
	/* One that has less than before is another one. */
	rates_update(&rates, &is, &was, 1);
	check(!rates.v[0].ways[0].packets &&
	      rates.v[0].history[HISTORY - 2] == 4000,
	      "rates: counters that begin again");
	rates_free(&rates);
	tunnels_free(&was);
	tunnels_free(&is);
}

#define MANY	10000

/* In the order of a dump; of every third one there was none before. */
static void test_many_rates(void)
{
	struct tunnels was = { 0 }, is = { 0 };
	struct rates rates = { 0 };
	size_t good = 0;

	for (uint32_t i = 1; i <= MANY; i++) {
		struct tunnel t = { .ifindex = 3 * i };

		snprintf(t.ifname, sizeof(t.ifname), "mt%u", i * 7919 % MANY);
		t.stats.ways[0].all.bytes = 1000;
		if (i % 3)
			*tunnels_add(&was) = t;
		t.stats.ways[0].all.bytes += i;
		*tunnels_add(&is) = t;
	}
	for (int i = 0; i < 3; i++) {
		rates_update(&rates, &was, &is, 1);
		rates_sort(&rates, i);
	}
	for (size_t i = 0; i < rates.n; i++) {
		const struct rate *r = &rates.v[i];
		uint32_t number = r->ifindex / 3;
		double bits = number % 3 ? 8 * number : 0;

		good += r->ways[0].bits == bits &&
			r->history[HISTORY - 1] == bits &&
			r->history[HISTORY - 3] == bits &&
			!r->history[HISTORY - 4];
	}
	check(good == MANY, "rates: of many tunnels, each has its own");
	rates_free(&rates);
	tunnels_free(&was);
	tunnels_free(&is);
}

/*
 * Each tunnel is an interface, whatever the order in which they are met. What is in the file
 * is whole blocks at any time: it can be read when the program that writes it is killed.
 */
static void test_many_interfaces(void)
{
	size_t writes = 0, bad = 0;
	off_t size = 0;
	char name[] = "/tmp/mtctl-test-XXXXXX";
	FILE *file = fdopen(mkstemp(name), "w");
	struct pcapng p;
	struct error err;
	struct stat st;
	uint32_t i;

	pcapng_begin(&p, file);
	for (i = 0; i < 2 * MANY; i++) {
		struct sample s = tcp(i, VICTIM, 0x12);

		s.ifindex = 1 + i % MANY * 7919 % MANY;
		pcapng_write(&p, &s, "mt0");
		if (!fstat(fileno(file), &st) && st.st_size != size) {
			bad += !!pcapng_read(name, keep, NULL, &err);
			size = st.st_size;
			writes++;
		}
	}
	check(writes > 10 && !bad, "pcapng: whole blocks at any time");
	check(p.n == MANY, "pcapng: an interface for each tunnel");
	fclose(file);
	pcapng_free(&p);
	read_back = 0;
	check(!pcapng_read(name, keep, NULL, &err) && read_back == 2 * MANY &&
	      back.ifindex == MANY, "pcapng: of many tunnels, all are read");
	unlink(name);
}

void test_traffic(void)
{
	test_fragments();
	test_normal();
	for (enum vector v = 0; v < VECTOR_MAX; v++) {
		test_vector(v);
		test_limit(v);
	}
	test_clock();
	test_directions(80, true, 0, "in and out again: counts once");
	test_directions(120, true, 1, "in and out again: too much");
	test_directions(120, false, 1, "in: too much");
	test_carpet();
	test_hostile();
	test_words();
	test_pcapng();
	test_cut();
	test_resolution();
	test_many_interfaces();
	test_talkers();
	test_keys();
	test_hash();
	check(cost(true) < 0.5, "detect: chosen targets cost no more");
	check(cost(false) < 0.5, "talkers: chosen sources cost no more");
	test_others();
	test_rates();
	test_many_rates();
}
