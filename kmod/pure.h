/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the pure files need of the world: they are compiled into the module and
 * into user-space tests, and include nothing else.
 */
#ifndef MTUN_PURE_H
#define MTUN_PURE_H

#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/math64.h>
#include <linux/socket.h>
#include <linux/string.h>
#include <linux/types.h>

#include <asm/byteorder.h>
#else
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/types.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define BIT_ULL(n)		(1ULL << (n))
#define cpu_to_be16(x)		htons(x)
#define cpu_to_be32(x)		htonl(x)
#define be16_to_cpu(x)		ntohs(x)
#define be32_to_cpu(x)		ntohl(x)

static inline u64 div_u64_rem(u64 dividend, u32 divisor, u32 *remainder)
{
	*remainder = dividend % divisor;
	return dividend / divisor;
}

static inline u64 div_u64(u64 dividend, u32 divisor)
{
	return dividend / divisor;
}
#endif

/*
 * A step of a hash: each bit of @hash and @word matters for the low bits of what
 * comes of it. For tables and for spreading, not for secrets.
 */
#define MT_MIX		0x9e3779b97f4a7c15ULL

static inline u64 mt_mix(u64 hash, u64 word)
{
	hash = (hash ^ word) * MT_MIX;
	return hash ^ hash >> 32;
}

/* In network byte order, at any address */
static inline u16 mt_get_be16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static inline u32 mt_get_be32(const u8 *p)
{
	return (u32)mt_get_be16(p) << 16 | mt_get_be16(p + 2);
}

static inline u64 mt_get_be64(const u8 *p)
{
	return (u64)mt_get_be32(p) << 32 | mt_get_be32(p + 4);
}

static inline void mt_put_be16(u8 *p, u16 value)
{
	p[0] = value >> 8;
	p[1] = value;
}

#endif /* MTUN_PURE_H */
