// SPDX-License-Identifier: GPL-2.0
/* What there is as a configuration file: YAML, or JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "detect.h"
#include "print_core.h"

/* Whether other programs would take a word for a number, a boolean or nothing */
static bool is_ambiguous(const char *word)
{
	static const char *const words[] = {
		"", "~", "null", "y", "n", "yes", "no", "true", "false", "on",
		"off",
	};
	struct addr addr;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (!strcasecmp(word, words[i]))
			return true;
	if (!strchr("+-.0123456789", word[0]) || strchr(word, '/'))
		return false;
	return !parse_addr(word, &addr) ||
	       (addr.family == AF_INET6 && !strstr(word, "::"));
}

/* YAML */

static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	if (made && yaml_emitter_emit(emitter, event))
		return;
	fprintf(stderr, "mtctl: cannot write YAML: %s\n",
		made ? emitter->problem : "no memory");
	exit(RES_REFUSED);
}

static void emit_scalar(yaml_emitter_t *emitter, const char *text, bool quoted)
{
	yaml_event_t e;

	emit(emitter, &e,
	     yaml_scalar_event_initialize(&e, NULL, NULL, (yaml_char_t *)text,
					  strlen(text), !quoted, 1, quoted ?
					  YAML_SINGLE_QUOTED_SCALAR_STYLE :
					  YAML_PLAIN_SCALAR_STYLE));
}

static void begin_map(yaml_emitter_t *emitter)
{
	yaml_event_t e;

	emit(emitter, &e,
	     yaml_mapping_start_event_initialize(&e, NULL, NULL, 1,
						 YAML_BLOCK_MAPPING_STYLE));
}

static void end_map(yaml_emitter_t *emitter)
{
	yaml_event_t e;

	emit(emitter, &e, yaml_mapping_end_event_initialize(&e));
}

/* A number and a word such as auto are plain, for there are no others there. */
static void emit_value(yaml_emitter_t *emitter, const struct arg *a,
		       const void *object)
{
	struct text text;
	yaml_event_t e;
	uint32_t v;

	if (!(a->flags & ARG_MANY)) {
		a->text(a, object, 0, &text);
		emit_scalar(emitter, text.s, a->flags & ARG_NAME ||
			    (!parse_u32(text.s, &v) && is_ambiguous(text.s) &&
			     strcmp(text.s, "on") && strcmp(text.s, "off")));
		return;
	}
	emit(emitter, &e,
	     yaml_sequence_start_event_initialize(&e, NULL, NULL, 1,
						  YAML_FLOW_SEQUENCE_STYLE));
	for (size_t i = 0; a->text(a, object, i, &text); i++)
		emit_scalar(emitter, text.s, is_ambiguous(text.s));
	emit(emitter, &e, yaml_sequence_end_event_initialize(&e));
}

/* The part of that kind that a file has to tell of an object, or NULL */
static const void *find_part(const struct config *config,
			     const struct kind *part, const char *name)
{
	const void *object = part == &filter_kind ?
			     (void *)filters_find(&config->filters, name) :
			     part == &health_kind ?
			     (void *)healths_find(&config->healths, name) :
			     (void *)steers_find(&config->steers, name);

	return object && objects_differ(part, part->defaults, object) ?
	       object : NULL;
}

#define for_each_part(part, kind)					\
	for (const struct kind *const *part = (kind)->parts;		\
	     part && *part; part++)

static void emit_settings(yaml_emitter_t *emitter, const struct config *config,
			  const struct kind *kind, const void *object)
{
	const struct arg *a;
	const void *part;
	uint32_t said;

	begin_map(emitter);
	for_each_difference(a, kind, kind->defaults, object, said) {
		emit_scalar(emitter, a->name, false);
		emit_value(emitter, a, object);
	}
	for_each_part(p, kind) {
		part = find_part(config, *p, object_name(kind, object));
		if (!part)
			continue;
		emit_scalar(emitter, (*p)->name, false);
		emit_settings(emitter, config, *p, part);
	}
	end_map(emitter);
}

static void emit_objects(yaml_emitter_t *emitter, const struct config *config,
			 const char *title, const struct kind *kind,
			 const void *objects, size_t n)
{
	const char *object = objects;
	const char *name;

	if (!n)
		return;
	emit_scalar(emitter, title, false);
	begin_map(emitter);
	for (; n--; object += kind->size) {
		name = object_name(kind, object);
		emit_scalar(emitter, name, is_ambiguous(name));
		emit_settings(emitter, config, kind, object);
	}
	end_map(emitter);
}

static bool has_netns(const struct config *config)
{
	uint32_t said = 0;

	return arg_differs(netns_kind.args, netns_kind.defaults,
			   &config->netns, &said);
}

static bool has_detection(const struct config *config)
{
	return objects_differ(&detection_kind, detection_kind.defaults,
			      &config->detection);
}

static void print_yaml(const struct config *config)
{
	yaml_emitter_t emitter;
	yaml_event_t e;

	if (!config->tunnels.n && !config->clamps.n && !has_netns(config) &&
	    !has_detection(config))
		return;
	if (!yaml_emitter_initialize(&emitter)) {
		perror("mtctl");
		exit(RES_REFUSED);
	}
	yaml_emitter_set_output_file(&emitter, stdout);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	emit(&emitter, &e,
	     yaml_stream_start_event_initialize(&e, YAML_UTF8_ENCODING));
	emit(&emitter, &e,
	     yaml_document_start_event_initialize(&e, NULL, NULL, NULL, 1));
	begin_map(&emitter);
	emit_objects(&emitter, config, "tunnels", &tunnel_kind,
		     config->tunnels.v, config->tunnels.n);
	emit_objects(&emitter, config, "clamps", &clamp_kind,
		     config->clamps.v, config->clamps.n);
	if (has_netns(config)) {
		emit_scalar(&emitter, "netns", false);
		emit_settings(&emitter, config, &netns_kind, &config->netns);
	}
	if (has_detection(config)) {
		emit_scalar(&emitter, detection_kind.name, false);
		emit_settings(&emitter, config, &detection_kind,
			      &config->detection);
	}
	end_map(&emitter);
	emit(&emitter, &e, yaml_document_end_event_initialize(&e, 1));
	emit(&emitter, &e, yaml_stream_end_event_initialize(&e));
	yaml_emitter_delete(&emitter);
}

/* JSON */

json_t *value_json(const struct arg *a, const void *object)
{
	struct text text;
	json_t *array;
	uint32_t v;

	if (!(a->flags & ARG_MANY)) {
		a->text(a, object, 0, &text);
		if (!(a->flags & ARG_NAME) && parse_u32(text.s, &v))
			return number(v);
		return json_name(text.s);
	}
	array = json_array();
	for (size_t i = 0; a->text(a, object, i, &text); i++)
		json_array_append_new(array, json_string(text.s));
	return array;
}

json_t *settings_json(const struct kind *kind, const void *object)
{
	json_t *o = json_object();
	const struct arg *a;
	uint32_t said;

	for_each_difference(a, kind, kind->defaults, object, said)
		json_object_set_new(o, a->name, value_json(a, object));
	return o;
}

static json_t *object_json(const struct config *config, const struct kind *kind,
			   const void *object)
{
	json_t *o = settings_json(kind, object);
	const void *part;

	for_each_part(p, kind) {
		part = find_part(config, *p, object_name(kind, object));
		if (part)
			json_object_set_new(o, (*p)->name,
					    settings_json(*p, part));
	}
	return o;
}

static json_t *objects_json(const struct config *config,
			    const struct kind *kind, const void *objects,
			    size_t n)
{
	const char *object = objects;
	json_t *o = json_object();

	for (; n--; object += kind->size)
		json_object_set_new(o, object_name(kind, object),
				    object_json(config, kind, object));
	return o;
}

static void print_json(const struct config *config, const struct options *opt)
{
	json_t *o = json_object();

	json_object_set_new(o, "tunnels",
			    objects_json(config, &tunnel_kind,
					 config->tunnels.v,
					 config->tunnels.n));
	json_object_set_new(o, "clamps",
			    objects_json(config, &clamp_kind,
					 config->clamps.v, config->clamps.n));
	if (has_netns(config))
		json_object_set_new(o, "netns",
				    settings_json(&netns_kind, &config->netns));
	if (has_detection(config))
		json_object_set_new(o, detection_kind.name,
				    settings_json(&detection_kind,
						  &config->detection));
	json_print(o, opt, false);
}

/* Names and descriptions are any bytes, but YAML and JSON are text. */

static const char *not_text(const struct kind *kind, const void *object)
{
	const struct arg *a;
	json_t *value;
	uint32_t said;
	struct text text = word_text(object_name(kind, object));

	value = json_string(text.s);
	if (!value)
		return "name";
	json_decref(value);
	for_each_difference(a, kind, kind->defaults, object, said) {
		if (!(a->flags & ARG_NAME))
			continue;
		a->text(a, object, 0, &text);
		value = json_string(text.s);
		if (!value)
			return a->name;
		json_decref(value);
	}
	return NULL;
}

static enum result check_text(const struct kind *kind, const void *objects,
			      size_t n, struct error *err)
{
	const char *object = objects, *what;

	for (; n--; object += kind->size) {
		what = not_text(kind, object);
		if (what)
			return refuse(err, RES_REFUSED,
				      "%s %s: its %s is not UTF-8, as a file has to be",
				      kind->name, object_name(kind, object),
				      what);
	}
	return RES_OK;
}

enum result print_config(const struct config *config,
			 const struct options *opt, struct error *err)
{
	enum result res;

	res = check_text(&tunnel_kind, config->tunnels.v, config->tunnels.n,
			 err) ?:
	      check_text(&clamp_kind, config->clamps.v, config->clamps.n, err);
	if (res)
		return res;
	if (opt->json)
		print_json(config, opt);
	else
		print_yaml(config);
	return RES_OK;
}
