/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family: requests, dumps and notifications. */
#ifndef MTUN_GENL_H
#define MTUN_GENL_H

#include <net/genetlink.h>

extern struct genl_family mt_genl_family;

/**
 * mt_genl_error() - say what is wrong with a request
 * @info: the request
 * @attr: the attribute to blame, or NULL
 * @text: never freed, chosen when running; begins with the name of @attr
 */
void mt_genl_error(struct genl_info *info, const struct nlattr *attr,
		   const char *text);

int mt_genl_init(void);
void mt_genl_exit(void);

#endif /* MTUN_GENL_H */
