/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marks for profile.c: two instructions that do nothing, and that nobody else has
 * (nopl with an odd address).
 */
#ifndef BENCH_PROFILE_H
#define BENCH_PROFILE_H

static const unsigned char profile_begin[] = {
	0x0f, 0x1f, 0x80, 0x6d, 0x74, 0x75, 0x31
};

static const unsigned char profile_end[] = {
	0x0f, 0x1f, 0x80, 0x6d, 0x74, 0x75, 0x32
};

#define PROFILE_BEGIN()							\
	__asm__ __volatile__(".byte 0x0f,0x1f,0x80,0x6d,0x74,0x75,0x31" ::: "memory")
#define PROFILE_END()							\
	__asm__ __volatile__(".byte 0x0f,0x1f,0x80,0x6d,0x74,0x75,0x32" ::: "memory")

#endif /* BENCH_PROFILE_H */
