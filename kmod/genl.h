/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family: requests, dumps and notifications. */
#ifndef MTUN_GENL_H
#define MTUN_GENL_H

int mt_genl_init(void);
void mt_genl_exit(void);

#endif /* MTUN_GENL_H */
