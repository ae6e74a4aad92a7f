/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a plugin is to iproute2, and what it uses of it. iproute2 installs no header for
 * this. It was checked with iproute2 6.1.
 */
#ifndef MTUN_LINK_UTIL_H
#define MTUN_LINK_UTIL_H

#include <stdbool.h>
#include <stdio.h>
#include <linux/rtnetlink.h>

struct link_util {
	struct link_util *next;
	const char *id;
	int maxattr;
	int (*parse_opt)(struct link_util *lu, int argc, char **argv,
			 struct nlmsghdr *nlh);
	void (*print_opt)(struct link_util *lu, FILE *f, struct rtattr *tb[]);
	void (*print_xstats)(struct link_util *lu, FILE *f, struct rtattr *a);
	void (*print_help)(struct link_util *lu, int argc, char **argv,
			   FILE *f);
	int (*parse_ifla_xstats)(struct link_util *lu, int argc, char **argv);
	int (*print_ifla_xstats)(struct nlmsghdr *nlh, void *arg);
};

/* Exported by ip. The output is text or JSON; it knows which. */
enum { PRINT_ANY = 4 };
enum { COLOR_INET = 2, COLOR_INET6 = 3, COLOR_NONE = 6 };

int print_color_string(int type, int color, const char *key, const char *fmt,
		       const char *value);
int print_color_uint(int type, int color, const char *key, const char *fmt,
		     unsigned int value);
int print_color_bool(int type, int color, const char *key, const char *fmt,
		     bool value);
bool is_json_context(void);

/* By this name it is found. */
extern struct link_util mtun_link_util;

#endif /* MTUN_LINK_UTIL_H */
