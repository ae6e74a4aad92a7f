/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MTCTL_XFRM_ADDR_H
#define MTCTL_XFRM_ADDR_H

#include <string.h>
#include <netinet/in.h>
#include <linux/xfrm.h>

#include "model.h"

/* An address of xfrm, which does not say by itself of which family it is */
static inline struct addr xfrm_addr(const xfrm_address_t *addr, uint16_t family)
{
	struct addr out = { .family = family,
			    .len = family == AF_INET6 ? 16 : 4 };

	memcpy(out.bytes, addr, out.len);
	return out;
}

#endif /* MTCTL_XFRM_ADDR_H */
