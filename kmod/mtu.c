// SPDX-License-Identifier: GPL-2.0
#include "mtu.h"
#include "wire.h"

#define IPV4_HEADER	20
#define IPV6_HEADER	40
#define LENGTH_MAX	65535

/*
 * What ESP adds depends on the state, which each packet asks. This is AES-GCM, the
 * least that is in use: header, IV and ICV, and the two bytes at the end that
 * padding aligns. (The GRE header, which may be in front, is aligned.)
 */
#define ESP_AROUND	(8 + 8 + 16)
#define ESP_TRAILER	2
#define ESP_ALIGN	4

static unsigned int outer_header(const struct mt_conf *conf)
{
	return conf->family == AF_INET ? IPV4_HEADER : IPV6_HEADER;
}

unsigned int mt_overhead(const struct mt_conf *conf)
{
	return outer_header(conf) +
	       (conf->mode == MTUN_MODE_IPSEC ? ESP_AROUND + ESP_TRAILER :
						mt_gre_len(conf->oflags));
}

unsigned int mt_mtu_max(const struct mt_conf *conf)
{
	unsigned int counted = mt_overhead(conf);

	if (conf->family == AF_INET6)
		counted -= IPV6_HEADER;
	return LENGTH_MAX - counted;
}

unsigned int mt_mtu_auto(const struct mt_conf *conf, unsigned int path_mtu,
			 bool has_esp)
{
	bool adds_esp = conf->ipsec == MTUN_IPSEC_REQUIRED && !has_esp;
	unsigned int overhead = mt_overhead(conf);
	unsigned int max = mt_mtu_max(conf);
	unsigned int mtu;

	if (!path_mtu)
		path_mtu = ETH_DATA_LEN;
	if (adds_esp)
		overhead += ESP_AROUND + ESP_TRAILER;
	if (path_mtu < overhead + MT_MTU_MIN)
		return MT_MTU_MIN;
	mtu = path_mtu - overhead;
	if (conf->mode == MTUN_MODE_IPSEC || adds_esp)
		mtu -= (mtu + ESP_TRAILER) % ESP_ALIGN;
	if (mtu < MT_MTU_MIN)
		return MT_MTU_MIN;
	return mtu < max ? mtu : max;
}

const char *mt_mtu_check(const struct mt_conf *conf, unsigned int mtu)
{
	if (mtu >= MT_MTU_MIN && mtu <= mt_mtu_max(conf))
		return NULL;

	/* texts are handed on by reference, so that there is one for each */
	switch (mt_mtu_max(conf)) {
	case 65531:
		return "mtu must be 68 to 65531";
	case 65527:
		return "mtu must be 68 to 65527";
	case 65523:
		return "mtu must be 68 to 65523";
	case 65519:
		return "mtu must be 68 to 65519";
	case 65511:
		return "mtu must be 68 to 65511";
	case 65507:
		return "mtu must be 68 to 65507";
	case 65503:
		return "mtu must be 68 to 65503";
	case 65501:
		return "mtu must be 68 to 65501";
	case 65499:
		return "mtu must be 68 to 65499";
	case 65481:
		return "mtu must be 68 to 65481";
	default:
		return "mtu must be 68 to 65535 less the headers";
	}
}
