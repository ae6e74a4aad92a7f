// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "rules.h"

/* What differs */

static enum change_type compare(const struct kind *kind, const void *was,
				const void *is, bool prune)
{
	if (!was)
		return CHANGE_ADD;
	if (!is)
		return prune && object_origin(kind, was) == MTUN_ORIGIN_FILE ?
		       CHANGE_DEL : CHANGE_KEPT;
	return object_origin(kind, was) != object_origin(kind, is) ||
	       objects_differ(kind, was, is) ?
	       CHANGE_SET : CHANGE_SAME;
}

static const void *nth(const struct kind *kind, const void *objects, size_t i)
{
	return (const char *)objects + i * kind->size;
}

/* Goes through both arrays at once, which are sorted by name. */
static void compare_all(struct plan *plan, const struct kind *kind,
			const void *was, size_t n_was, const void *is,
			size_t n_is, bool prune)
{
	size_t i = 0, j = 0;
	struct change *c;
	int order;

	while (i < n_was || j < n_is) {
		order = i == n_was ? 1 : j == n_is ? -1 :
			strcmp(object_name(kind, nth(kind, was, i)),
			       object_name(kind, nth(kind, is, j)));
		c = &plan->changes[plan->n++];
		c->kind = kind;
		if (order <= 0)
			c->was = nth(kind, was, i++);
		if (order >= 0)
			c->is = nth(kind, is, j++);
		c->type = compare(kind, c->was, c->is, prune);
		plan->counts[c->type]++;
	}
}

static int find_change(const void *key, const void *element)
{
	const struct change *c = element;

	return strcmp(key, object_name(c->kind, c->is ?: c->was));
}

/* Of the tunnel with a name, or NULL */
static struct change *tunnel_change(const struct plan *plan, const char *ifname)
{
	return bsearch(ifname, plan->changes, plan->n_tunnels,
		       sizeof(*plan->changes), find_change);
}

/*
 * Parts of tunnels: what becomes of a part that is not wanted is for its tunnel to
 * say, which has none, or goes itself. One of a tunnel that is not known is of one
 * that somebody has made just now.
 */
static void compare_parts(struct plan *plan, const struct kind *kind,
			  const void *was, size_t n_was, const void *is,
			  size_t n_is)
{
	size_t i = plan->n;

	compare_all(plan, kind, was, n_was, is, n_is, false);
	for (; i < plan->n; i++) {
		struct change *c = &plan->changes[i];
		const struct change *owner;

		if (c->is)
			continue;
		owner = tunnel_change(plan, object_name(kind, c->was));
		if (!owner || owner->type == CHANGE_KEPT)
			continue;
		plan->counts[c->type]--;
		c->type = CHANGE_DEL;
		plan->counts[c->type]++;
	}
}

/* What a file does not say about the namespace stays as it is. */
static void compare_netns(struct plan *plan, const struct netns *was,
			  const struct netns *is)
{
	struct change *c;

	if (!is->has)
		return;
	c = &plan->changes[plan->n++];
	c->kind = &netns_kind;
	c->was = was;
	c->is = is;
	c->type = compare(c->kind, was, is, false);
	plan->counts[c->type]++;
}

/* Health is there as long as its tunnel is, and is as it is by default at first. */
static struct health *fresh_health(const char *ifname)
{
	struct health *h = allocate(1, sizeof(*h));

	*h = *(const struct health *)health_kind.defaults;
	strcpy(h->ifname, ifname);
	return h;
}

static void compare_health(struct plan *plan, const struct health *was,
			   const struct health *is)
{
	struct change *c = &plan->changes[plan->n];

	c->kind = &health_kind;
	if (!was) {
		c->fresh = fresh_health(is->ifname);
		was = c->fresh;
	}
	c->was = was;
	c->is = is;
	c->type = compare(c->kind, was, is, false);
	if (c->type == CHANGE_SAME &&
	    !objects_differ(c->kind, c->kind->defaults, is)) {
		/* Not worth a word */
		free(c->fresh);
		memset(c, 0, sizeof(*c));
		return;
	}
	plan->counts[c->type]++;
	plan->n++;
}

static void compare_healths(struct plan *plan, const struct healths *was,
			    const struct healths *is)
{
	for (size_t i = 0; i < is->n; i++)
		compare_health(plan, healths_find(was, is->v[i].ifname),
			       &is->v[i]);
}

/*
 * Steps. The kernel refuses two tunnels with the same addresses and the same key,
 * so that a tunnel has to wait until the one that holds them has changed. Where
 * they wait for each other, or the holder goes, the holder gets another key or if-id
 * meanwhile. Nothing is deleted before all else is done: to undo that would cost
 * the addresses and routes of the device.
 */

struct planner {
	struct plan *plan;
	struct change **held;		/* by the tuple that they have */
	size_t n_held;
	const struct tunnel **wanted;	/* by the tuple that they shall have */
	size_t n_wanted;
	uint32_t next_key;
};

/* The tunnel that an object is, or is a part of; or NULL */
static struct change *tunnel_of(const struct plan *plan,
				const struct kind *kind, const void *object)
{
	return kind == &clamp_kind ? NULL :
	       tunnel_change(plan, object_name(kind, object));
}

static void add_step(struct plan *plan, const struct kind *kind,
		     const void *from, const void *to)
{
	plan->steps[plan->n_steps++] = (struct step) {
		kind, from, to, tunnel_of(plan, kind, to ?: from)
	};
}

/* Until it has its filter */
static void hold_down(struct change *c, const struct tunnel *t)
{
	if (!t->up)
		return;
	c->down = allocate(1, sizeof(*c->down));
	*c->down = *t;
	c->down->up = 0;
}

static int compare_held(const void *a, const void *b)
{
	const struct change *const *x = a, *const *y = b;

	return rules_compare((*x)->was, (*y)->was);
}

static int find_held(const void *key, const void *element)
{
	const struct change *const *c = element;

	return rules_compare(key, (*c)->was);
}

static int compare_wanted(const void *a, const void *b)
{
	const struct tunnel *const *x = a, *const *y = b;

	return rules_compare(*x, *y);
}

static int find_wanted(const void *key, const void *element)
{
	const struct tunnel *const *t = element;

	return rules_compare(key, *t);
}

static struct change *holder_of(const struct planner *p, const struct tunnel *t)
{
	struct change **c = bsearch(t, p->held, p->n_held, sizeof(*p->held),
				    find_held);

	return c ? *c : NULL;
}

static bool is_free(const struct planner *p, const struct tunnel *t)
{
	return !holder_of(p, t) &&
	       !bsearch(t, p->wanted, p->n_wanted, sizeof(*p->wanted),
			find_wanted);
}

/* A tunnel whose underlay is elsewhere holds nothing here. */
static void index_held(struct planner *p)
{
	struct plan *plan = p->plan;

	p->held = allocate(plan->n, sizeof(*p->held));
	for (size_t i = 0; i < plan->n; i++) {
		struct change *c = &plan->changes[i];

		if (c->kind == &tunnel_kind && c->was &&
		    !tunnel_has(c->was, MTUN_A_TUNNEL_UNDERLAY_NETNSID))
			p->held[p->n_held++] = c;
	}
	qsort(p->held, p->n_held, sizeof(*p->held), compare_held);
}

static enum result find_holder(const struct planner *p, struct change *c,
			       struct error *err)
{
	struct change *holder = holder_of(p, c->is);
	const struct tunnel *t = c->is, *other;

	if (!holder || holder == c)
		return RES_OK;
	c->holder = holder;
	if (holder->type != CHANGE_KEPT)
		return RES_OK;
	other = holder->was;
	return refuse(err, RES_REFUSED,
		      "tunnel %s: %s those of %s, which the file does not have%s",
		      t->ifname, t->mode == MTUN_MODE_IPSEC ? "mode and if-id are" :
		      "local, remote and ikey are", other->ifname,
		      other->origin == MTUN_ORIGIN_FILE ?
		      ": -prune would remove it" : " and which was made by hand");
}

static enum result check_mode(const struct change *c, struct error *err)
{
	struct error why;

	if (!c->was || rules_mode(c->was, c->is, &why))
		return RES_OK;
	return refuse(err, RES_REFUSED, "tunnel %s: %s",
		      object_name(c->kind, c->is), why.text);
}

static void park(struct planner *p, struct change *c)
{
	struct tunnel *t = allocate(1, sizeof(*t));
	uint32_t *key;

	*t = *(const struct tunnel *)c->was;
	if (t->mode == MTUN_MODE_IPSEC) {
		t->has |= has_bit(MTUN_A_TUNNEL_IF_ID);
		key = &t->if_id;
	} else {
		t->has |= has_bit(MTUN_A_TUNNEL_IFLAGS) |
			  has_bit(MTUN_A_TUNNEL_IKEY);
		t->iflags |= MTUN_GRE_FLAG_KEY;
		t->iflags_mask |= MTUN_GRE_FLAG_KEY;
		key = &t->ikey;
	}
	do {
		*key = p->next_key--;
	} while (!is_free(p, t));
	c->parked = t;
	add_step(p->plan, c->kind, c->was, t);
}

static void make_step(struct planner *p, struct change *c)
{
	add_step(p->plan, c->kind, c->parked ?: c->was, c->down ?: c->is);
	c->state = DONE;
}

/* Of those that wait for each other, the one that all others wait for is first. */
static void make_room_and_step(struct planner *p, struct change *c,
			       struct change **waiting)
{
	size_t n = 0;

	for (; c && c->state == TO_DO && c->type != CHANGE_DEL; c = c->holder) {
		c->state = ON_THE_WAY;
		waiting[n++] = c;
	}
	if (c && !c->parked && c->state != DONE)
		park(p, c);
	while (n)
		make_step(p, waiting[--n]);
}

/*
 * A tunnel and its health must suit each other after each step. Mostly the tunnel
 * changes first. Where its health would not suit it then, health is first; and where
 * neither can be, nobody watches the tunnel meanwhile.
 */

static bool suits(const struct health *h, const struct tunnel *t)
{
	struct error err;
	uint16_t attr;

	return rules_health(t, h, &attr, &err);
}

static void stop_watching(struct planner *p, struct change *c)
{
	struct health *h = allocate(1, sizeof(*h));

	*h = *(const struct health *)c->was;
	h->mode = MTUN_HEALTH_MODE_OFF;
	c->parked = h;
	add_step(p->plan, c->kind, c->was, h);
}

static void make_health_suit(struct planner *p, struct change *c)
{
	const struct change *tunnel;

	tunnel = tunnel_change(p->plan, object_name(c->kind, c->is));
	if (!tunnel || tunnel->type != CHANGE_SET || suits(c->was, tunnel->is))
		return;
	if (suits(c->is, tunnel->was))
		make_step(p, c);
	else
		stop_watching(p, c);
}

/*
 * No tunnel is up without the filter that it shall have: one that is there gets it
 * before anything else, and one that is new before it is set up. A tunnel that goes
 * takes its filter along.
 */

static void put_filter_first(struct planner *p, struct change *c)
{
	struct change *tunnel = tunnel_of(p->plan, c->kind, c->is);

	if (tunnel->was)
		make_step(p, c);
	else
		hold_down(tunnel, tunnel->is);
}

static void set_up(struct planner *p, const struct change *c)
{
	const struct change *tunnel = tunnel_of(p->plan, c->kind, c->is);

	if (tunnel->down)
		add_step(p->plan, tunnel->kind, tunnel->down, tunnel->is);
}

static bool goes_with_tunnel(const struct plan *plan, const struct change *c)
{
	const struct change *tunnel = tunnel_of(plan, c->kind, c->was);

	return tunnel && tunnel != c && tunnel->type == CHANGE_DEL;
}

static bool adds_or_sets(const struct change *c)
{
	return c->type == CHANGE_ADD || c->type == CHANGE_SET;
}

static enum result make_steps(struct planner *p, struct error *err)
{
	struct plan *plan = p->plan;
	struct change **waiting;
	enum result res;

	for (size_t i = 0; i < plan->n; i++) {
		struct change *c = &plan->changes[i];

		if (c->kind != &tunnel_kind || !adds_or_sets(c))
			continue;
		res = check_mode(c, err) ?: find_holder(p, c, err);
		if (res)
			return res;
	}
	/* One for each change, and one for each that is parked or held down first */
	plan->steps = allocate(2 * plan->n, sizeof(*plan->steps));
	waiting = allocate(plan->n, sizeof(*waiting));
	for (size_t i = 0; i < plan->n; i++) {
		struct change *c = &plan->changes[i];

		if (!adds_or_sets(c))
			continue;
		if (c->kind == &filter_kind)
			put_filter_first(p, c);
		else if (c->kind == &health_kind)
			make_health_suit(p, c);
	}
	for (size_t i = 0; i < plan->n; i++) {
		struct change *c = &plan->changes[i];

		if (!adds_or_sets(c))
			continue;
		make_room_and_step(p, c, waiting);
		if (c->kind == &filter_kind)
			set_up(p, c);
	}
	/* From the back: clamps and filters, which can be made again, before tunnels */
	for (size_t i = plan->n; i--;)
		if (plan->changes[i].type == CHANGE_DEL &&
		    !goes_with_tunnel(plan, &plan->changes[i]))
			make_step(p, &plan->changes[i]);
	free(waiting);
	return RES_OK;
}

enum result plan_make(struct plan *plan, const struct config *was,
		      const struct config *is, bool prune, struct error *err)
{
	struct planner p = { .plan = plan, .next_key = UINT32_MAX };
	enum result res;

	memset(plan, 0, sizeof(*plan));
	plan->was = was;
	plan->changes = allocate(was->tunnels.n + was->filters.n +
				 was->clamps.n + is->tunnels.n +
				 is->filters.n + is->clamps.n + 1 +
				 is->healths.n,
				 sizeof(*plan->changes));
	compare_all(plan, &tunnel_kind, was->tunnels.v, was->tunnels.n,
		    is->tunnels.v, is->tunnels.n, prune);
	plan->n_tunnels = plan->n;
	compare_parts(plan, &filter_kind, was->filters.v,
		      was->filters.n, is->filters.v, is->filters.n);
	compare_all(plan, &clamp_kind, was->clamps.v, was->clamps.n,
		    is->clamps.v, is->clamps.n, prune);
	compare_netns(plan, &was->netns, &is->netns);
	compare_healths(plan, &was->healths, &is->healths);
	index_held(&p);
	p.wanted = tunnels_sorted(&is->tunnels, compare_wanted);
	p.n_wanted = is->tunnels.n;
	res = make_steps(&p, err);
	free(p.held);
	free(p.wanted);
	return res;
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		free(plan->changes[i].parked);
		free(plan->changes[i].down);
		free(plan->changes[i].fresh);
	}
	free(plan->changes);
	free(plan->steps);
	memset(plan, 0, sizeof(*plan));
}

/* Back */

static void make_again(struct plan *plan, const struct step *s)
{
	const struct tunnel *t = s->from;
	struct change *c = s->tunnel;
	const struct filter *f;
	const struct health *h;

	f = filters_find(&plan->was->filters, t->ifname);
	h = healths_find(&plan->was->healths, t->ifname);
	if (f)
		hold_down(c, t);
	add_step(plan, &tunnel_kind, NULL, c->down ?: t);
	if (f)
		add_step(plan, &filter_kind, NULL, f);
	if (c->down)
		add_step(plan, &tunnel_kind, c->down, t);
	if (h && objects_differ(&health_kind, health_kind.defaults, h)) {
		c->fresh = fresh_health(t->ifname);
		add_step(plan, &health_kind, c->fresh, h);
	}
}

/* What a new tunnel got goes when it does. */
static bool came_with_new(const struct step *s)
{
	return s->tunnel && s->tunnel->type == CHANGE_ADD &&
	       (s->from || s->kind != &tunnel_kind);
}

void plan_undo(struct plan *plan, size_t done)
{
	struct step *steps = plan->steps;

	/* Four for a tunnel that is made again */
	plan->steps = allocate(4 * done, sizeof(*steps));
	plan->n_steps = 0;
	while (done) {
		const struct step *s = &steps[--done];

		if (s->kind == &tunnel_kind && !s->to)
			make_again(plan, s);
		else if (!came_with_new(s))
			add_step(plan, s->kind, s->to, s->from);
	}
	free(steps);
}

/* Requests */

void plan_request(const struct kind *kind, const void *from, const void *to,
		  void *request)
{
	const struct arg *a;
	struct text text;
	uint32_t said;
	size_t i;

	if (object_origin(kind, from) != object_origin(kind, to))
		object_set_origin(kind, request, object_origin(kind, to));
	for_each_difference(a, kind, from, to, said) {
		for (i = 0; a->text(a, to, i, &text); i++) {
			a->parse(a, text.s, request);
			if (!(a->flags & ARG_MANY))
				break;
		}
		/* Only a list may have no value. */
		if (a->flags & ARG_MANY && !i)
			a->parse(a, "any", request);
	}
}
