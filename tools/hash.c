// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include <endian.h>

#include "hash.h"

uint64_t hash_seed[2];

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void mix(uint64_t v[4], int rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] = rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] = rotate(v[2], 32);
	}
}

static void take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v, 2);
	v[0] ^= word;
}

uint64_t hash(const void *data, size_t len)
{
	uint64_t word, v[4] = {
		hash_seed[0] ^ 0x736f6d6570736575, hash_seed[1] ^ 0x646f72616e646f6d,
		hash_seed[0] ^ 0x6c7967656e657261, hash_seed[1] ^ 0x7465646279746573,
	};
	const char *bytes = data;
	size_t at;

	for (at = 0; len - at >= 8; at += 8) {
		memcpy(&word, bytes + at, 8);
		take(v, le64toh(word));
	}
	word = 0;
	memcpy(&word, bytes + at, len - at);
	take(v, le64toh(word) | (uint64_t)len << 56);
	v[2] ^= 0xff;
	mix(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
