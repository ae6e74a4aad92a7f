// SPDX-License-Identifier: GPL-2.0
/* libyaml's events to a tree. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "model.h"
#include "tree.h"

/* Ours has four: tunnels, a tunnel, a setting, and the values of a list. */
#define MAX_DEPTH	8

struct reader {
	struct tree *tree;
	struct complaints *complaints;
	struct node *in;	/* the list or mapping that is open */
	struct node *name;	/* the name whose value comes next */
	unsigned int depth;
	bool given_up;
	const char *bytes;
};

/* Complaints */

static void add_complaint(struct complaints *cs, size_t line, size_t column,
			  const char *text)
{
	size_t i = cs->n;

	while (i && (cs->v[i - 1].line > line ||
		     (cs->v[i - 1].line == line &&
		      cs->v[i - 1].column > column)))
		i--;
	if (cs->n == MAX_COMPLAINTS) {
		cs->more++;
		if (i == MAX_COMPLAINTS)
			return;
		cs->n--;
	}
	memmove(&cs->v[i + 1], &cs->v[i], (cs->n - i) * sizeof(cs->v[0]));
	cs->n++;
	cs->v[i].line = line;
	cs->v[i].column = column;
	snprintf(cs->v[i].text, sizeof(cs->v[i].text), "%s", text);
	make_plain(cs->v[i].text);
}

/* "tunnels.mt0.ttl: ", at most as long as there is room. */
static size_t put_path(const struct node *node, char *text, size_t size)
{
	size_t used;

	if (!node)
		return 0;
	used = put_path(node->up, text, size);
	if (node->name && used < size)
		used += snprintf(text + used, size - used, "%s%.64s",
				 used ? "." : "", node->name->value);
	return used < size ? used : size - 1;
}

void complain(struct complaints *complaints, const struct node *node,
	      const struct node *at, const char *fmt, ...)
{
	char text[sizeof(complaints->v[0].text)];
	size_t used;
	va_list ap;

	if (!complaints)
		return;
	used = put_path(node, text, sizeof(text) / 2);
	if (used)
		used += sprintf(text + used, ": ");
	va_start(ap, fmt);
	vsnprintf(text + used, sizeof(text) - used, fmt, ap);
	va_end(ap);
	add_complaint(complaints, at->line, at->column, text);
}

/* The tree */

static struct node *new_node(struct tree *tree, enum node_type type,
			     const yaml_mark_t *at, const void *value,
			     size_t len)
{
	struct node *node = allocate(1, sizeof(*node) + len + 1);

	node->type = type;
	node->line = at->line + 1;
	node->column = at->column + 1;
	if (len)
		memcpy(node->value, value, len);
	node->made_before = tree->made;
	tree->made = node;
	return node;
}

void tree_free(struct tree *tree)
{
	while (tree->made) {
		struct node *node = tree->made;

		tree->made = node->made_before;
		free(node);
	}
	tree->root = NULL;
}

const struct node *tree_get(const struct node *map, const char *name)
{
	if (!map || map->type != NODE_MAP)
		return NULL;
	for (const struct node *n = map->first; n; n = n->next)
		if (!strcmp(n->name->value, name))
			return n;
	return NULL;
}

bool node_is_null(const struct node *node)
{
	return node->type == NODE_SCALAR && node->plain &&
	       (!node->value[0] || !strcmp(node->value, "~") ||
		!strcmp(node->value, "null"));
}

static int compare_names(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->name->value, (*y)->name->value) ?:
	       ((*x)->name->line > (*y)->name->line) -
	       ((*x)->name->line < (*y)->name->line) ?:
	       ((*x)->name->column > (*y)->name->column) -
	       ((*x)->name->column < (*y)->name->column);
}

/* Sorted, those of the same name stand side by side. */
static void find_twins(const struct node *map, struct complaints *complaints)
{
	const struct node **v, *n;
	size_t count = 0, i = 0;

	for (n = map->first; n; n = n->next)
		count++;
	if (count < 2)
		return;
	v = allocate(count, sizeof(*v));
	for (n = map->first; n; n = n->next)
		v[i++] = n;
	qsort(v, count, sizeof(*v), compare_names);
	for (i = 1; i < count; i++)
		if (!strcmp(v[i]->name->value, v[i - 1]->name->value))
			complain(complaints, v[i], v[i]->name,
				 "given before, in line %zu",
				 v[i - 1]->name->line);
	free(v);
}

/* Events */

/* Nothing that follows can be understood. */
static void give_up(struct reader *r, const yaml_mark_t *at, const char *text)
{
	add_complaint(r->complaints, at->line + 1, at->column + 1, text);
	r->given_up = true;
}

/* A scalar in the place of a name is kept for the value that comes next. */
static void add_node(struct reader *r, struct node *node)
{
	if (!r->in) {
		r->tree->root = node;
		return;
	}
	node->up = r->in;
	if (r->in->type == NODE_MAP) {
		if (!r->name) {
			r->name = node;
			return;
		}
		node->name = r->name;
		r->name = NULL;
	}
	if (r->in->last)
		r->in->last->next = node;
	else
		r->in->first = node;
	r->in->last = node;
}

static void open_node(struct reader *r, enum node_type type,
		      const yaml_event_t *e)
{
	if (r->in && r->in->type == NODE_MAP && !r->name) {
		give_up(r, &e->start_mark, "a name is a word, no list or mapping");
		return;
	}
	if (++r->depth > MAX_DEPTH) {
		give_up(r, &e->start_mark, "nested too deep");
		return;
	}
	add_node(r, new_node(r->tree, type, &e->start_mark, NULL, 0));
	r->in = r->in ? r->in->last : r->tree->root;
}

static void close_node(struct reader *r)
{
	if (r->in->type == NODE_MAP)
		find_twins(r->in, r->complaints);
	r->in = r->in->up;
	r->depth--;
}

static void add_scalar(struct reader *r, const yaml_event_t *e)
{
	const char *value = (const char *)e->data.scalar.value;
	size_t len = e->data.scalar.length;
	struct node *node;

	if (memchr(value, 0, len)) {
		give_up(r, &e->start_mark, "a zero byte");
		return;
	}
	node = new_node(r->tree, NODE_SCALAR, &e->start_mark, value, len);
	node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	add_node(r, node);
}

static void refuse_extras(struct reader *r, const yaml_mark_t *at,
			  const void *anchor, const void *tag)
{
	if (anchor)
		give_up(r, at, "anchors (&) are not supported");
	else if (tag)
		give_up(r, at, "tags (!) are not supported");
}

static void take_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->tree->root)
			give_up(r, &e->start_mark,
				"a second document: give all in one");
		break;
	case YAML_ALIAS_EVENT:
		give_up(r, &e->start_mark, "aliases (*) are not supported");
		break;
	case YAML_SCALAR_EVENT:
		refuse_extras(r, &e->start_mark, e->data.scalar.anchor,
			      e->data.scalar.tag);
		add_scalar(r, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		refuse_extras(r, &e->start_mark, e->data.sequence_start.anchor,
			      e->data.sequence_start.tag);
		open_node(r, NODE_LIST, e);
		break;
	case YAML_MAPPING_START_EVENT:
		refuse_extras(r, &e->start_mark, e->data.mapping_start.anchor,
			      e->data.mapping_start.tag);
		open_node(r, NODE_MAP, e);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		close_node(r);
		break;
	default:
		break;
	}
}

/* What libyaml cannot read it finds long before it gets there. */
static yaml_mark_t mark_of(const char *bytes, size_t offset)
{
	yaml_mark_t mark = { 0 };

	for (size_t i = 0; i < offset; i++) {
		mark.column = bytes[i] == '\n' ? 0 : mark.column + 1;
		mark.line += bytes[i] == '\n';
	}
	return mark;
}

/* What libyaml does not understand, where it says that it is */
static void syntax_error(struct reader *r, const yaml_parser_t *parser)
{
	const char *problem = parser->problem ?: "not YAML";
	yaml_mark_t mark = parser->problem_mark;
	char text[256];

	if (parser->error == YAML_READER_ERROR)
		mark = mark_of(r->bytes, parser->problem_offset);
	if (parser->context)
		snprintf(text, sizeof(text), "%s, %s", problem, parser->context);
	else
		snprintf(text, sizeof(text), "%s", problem);
	give_up(r, &mark, text);
}

/* JSON */

static bool is_escape(const char *p, const char *end, unsigned int *unit)
{
	char hex[5] = "";

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return false;
	for (int i = 0; i < 4; i++) {
		hex[i] = p[2 + i];
		if (!isxdigit((unsigned char)hex[i]))
			return false;
	}
	*unit = strtoul(hex, NULL, 16);
	return true;
}

/*
 * JSON has two escapes for a character above U+FFFF, where YAML has one. Blanks behind
 * the string make up for what it loses: nothing else changes its place.
 */
static void join_surrogates(char *bytes, size_t len)
{
	const char *from = bytes, *end = bytes + len;
	unsigned int high, low;
	char *to = bytes;

	while (from < end) {
		if (is_escape(from, end, &high) && high >> 10 == 0xd800 >> 10 &&
		    is_escape(from + 6, end, &low) && low >> 10 == 0xdc00 >> 10) {
			to += sprintf(to, "\\U%08x", 0x10000 +
				      ((high & 0x3ff) << 10 | (low & 0x3ff)));
			from += 12;
			continue;
		}
		if (*from == '\\' && from + 1 < end) {
			*to++ = *from++;
			*to++ = *from++;
			continue;
		}
		*to++ = *from;
		if (*from++ != '"')
			continue;
		while (to < from)
			*to++ = ' ';
	}
	while (to < end)
		*to++ = ' ';
}

/* A copy, of which it is made YAML if it is JSON */
static char *to_yaml(const char *bytes, size_t len)
{
	size_t i = 0;
	char *copy = allocate(len, 1);

	memcpy(copy, bytes, len);
	while (i < len && isspace((unsigned char)copy[i]))
		i++;
	if (i < len && copy[i] == '{')
		join_surrogates(copy, len);
	return copy;
}

bool tree_read(struct tree *tree, const void *bytes, size_t len,
	       struct complaints *complaints)
{
	char *yaml = to_yaml(bytes, len);
	struct reader r = {
		.tree = tree, .complaints = complaints, .bytes = yaml,
	};
	yaml_parser_t parser;
	yaml_event_t e;
	bool end = false;

	memset(tree, 0, sizeof(*tree));
	if (!yaml_parser_initialize(&parser)) {
		perror("mtctl");
		exit(1);
	}
	yaml_parser_set_input_string(&parser, (unsigned char *)yaml, len);
	while (!end && !r.given_up) {
		if (!yaml_parser_parse(&parser, &e)) {
			syntax_error(&r, &parser);
			break;
		}
		take_event(&r, &e);
		end = e.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&e);
	}
	yaml_parser_delete(&parser);
	free(yaml);
	return !r.given_up;
}
