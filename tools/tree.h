/* SPDX-License-Identifier: GPL-2.0 */
/* A YAML file as a tree of lists, mappings and scalars, and what is wrong in it. */
#ifndef MTCTL_TREE_H
#define MTCTL_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_COMPLAINTS	20

struct complaint {
	size_t line;		/* both from 1 on */
	size_t column;
	char text[512];		/* plain */
};

/* In the order of the file; those that do not fit are only counted. */
struct complaints {
	struct complaint v[MAX_COMPLAINTS];
	size_t n;
	size_t more;
};

enum node_type {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAP,
};

struct node {
	enum node_type type;
	bool plain;		/* a scalar without quotes */
	size_t line;
	size_t column;
	struct node *name;	/* in a mapping: the scalar in front */
	struct node *up;
	struct node *first;	/* what a list or mapping has */
	struct node *last;
	struct node *next;
	struct node *made_before;
	char value[];		/* of a scalar */
};

struct tree {
	struct node *root;	/* NULL for a file without content */
	struct node *made;	/* all nodes */
};

/*
 * Of YAML there is what a configuration needs: one document without anchors,
 * aliases and tags, and names that occur once in their mapping. False if the
 * rest of the file was not read; the tree has what was.
 */
bool tree_read(struct tree *tree, const void *bytes, size_t len,
	       struct complaints *complaints);
void tree_free(struct tree *tree);

const struct node *tree_get(const struct node *map, const char *name);

/* Whether it says that there is nothing: "", ~ or null */
bool node_is_null(const struct node *node);

/*
 * What is wrong with a node, and where to look. The text gets the names that lead
 * to the node in front. complaints may be NULL.
 */
void complain(struct complaints *complaints, const struct node *node,
	      const struct node *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif /* MTCTL_TREE_H */
