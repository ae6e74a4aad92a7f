/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From what there is to what there shall be: what differs, and steps that the
 * kernel can take one by one. Without side effects.
 */
#ifndef MTCTL_PLAN_H
#define MTCTL_PLAN_H

#include "args.h"

enum change_type {
	CHANGE_ADD,
	CHANGE_SET,
	CHANGE_DEL,
	CHANGE_SAME,		/* nothing to do */
	CHANGE_KEPT,		/* not wanted, but not ours, or not to be pruned */
	CHANGE_TYPES
};

/* What becomes of an object */
struct change {
	enum change_type type;
	const struct kind *kind;
	const void *was;	/* NULL if there is none */
	const void *is;		/* NULL if there shall be none */

	/* The holder of the addresses and the key that this one is to have */
	struct change *holder;
	void *parked;		/* was, with what stands in the way changed meanwhile */
	struct tunnel *down;	/* as it is made first, where a filter is to come */
	struct health *fresh;	/* of a tunnel that is not there yet, or again */
	enum { TO_DO, ON_THE_WAY, DONE } state;
	bool left;		/* it could not be undone */
};

/* Something that the kernel does at once, and that can be undone */
struct step {
	const struct kind *kind;
	const void *from;
	const void *to;
	struct change *tunnel;	/* that it is about, or NULL */
};

struct plan {
	/* tunnels, filters, clamps, netns, health; each by name */
	struct change *changes;
	size_t n;
	size_t n_tunnels;
	size_t counts[CHANGE_TYPES];
	struct step *steps;
	size_t n_steps;
	const struct config *was;
};

/*
 * Both are sorted (config_sort()) and must outlive the plan. What was made from a
 * file and is not wanted any more is deleted if prune, else left. Fails if
 * something that is left is in the way, or a tunnel would change its mode.
 */
enum result plan_make(struct plan *plan, const struct config *was,
		      const struct config *is, bool prune, struct error *err);
void plan_free(struct plan *plan);

/* Puts in the place of the steps those that undo the first of them. */
void plan_undo(struct plan *plan, size_t done);

/* Adds to a request the words that make an object to out of from, and its origin. */
void plan_request(const struct kind *kind, const void *from, const void *to,
		  void *request);

#endif /* MTCTL_PLAN_H */
