/* SPDX-License-Identifier: GPL-2.0 */
/* Words to values, and back. Nothing here has a side effect. */
#ifndef MTCTL_ARGS_H
#define MTCTL_ARGS_H

#include "model.h"
#include "names.h"

/* A value as text */
struct text {
	char s[256];
};

/*
 * What an object has: a word and its value. The command line and the
 * configuration file both know the words of a table of these, and no others.
 */
struct arg {
	const char *name;
	/*
	 * Bits of the kind's own. Whatever two arguments both set, only one of
	 * them may be given.
	 */
	uint32_t sets;
	/* Over the value from before. On failure the error is "NAME VALUE: wants". */
	bool (*parse)(const struct arg *a, const char *value, void *object);
	/*
	 * What parse() would take for the same, and whether the word can say it:
	 * two keys that differ are no "key", but "ikey" and "okey" say them. i is
	 * 0, or counts the values of an ARG_MANY.
	 */
	bool (*text)(const struct arg *a, const void *object, size_t i,
		     struct text *text);
	const char *wants;
	unsigned int flags;

	/* Of a CHOICE() or PREFIXES() */
	unsigned int attr;
	size_t at;			/* of its byte or list in the object */
	const struct name *names;
	size_t n_names;
};

#define ARG(word, bits, reads, says, wanted, how)			\
	{ .name = (word), .sets = (bits), .parse = (reads),		\
	  .text = (says), .wants = (wanted), .flags = (how) }

/* One of some words: its number is a byte of the object, and an attribute */
#define CHOICE(word, bits, type, member, attribute, choices, wanted, how...) \
	{ .name = (word), .sets = (bits), .parse = parse_choice,	\
	  .text = choice_text, .wants = (wanted), .flags = how + 0,	\
	  .attr = (attribute), .at = offsetof(struct type, member),	\
	  .names = (choices), .n_names = ARRAY_SIZE(choices) }

/* A list of prefixes in the object, where any is none of them */
#define PREFIXES(word, bits, type, member)				\
	{ .name = (word), .sets = (bits), .parse = parse_prefixes,	\
	  .text = prefixes_text, .wants = PREFIX_WANTS,			\
	  .flags = ARG_MANY, .at = offsetof(struct type, member) }

#define PREFIX_WANTS \
	"give an IPv4 or IPv6 prefix as ADDR/LEN, an address, or any; any goes with no other"

/* The list that such a word is about */
const struct prefixes *arg_prefixes(const struct arg *a, const void *object);

bool parse_prefixes(const struct arg *a, const char *value, void *object);
bool prefixes_text(const struct arg *a, const void *object, size_t i,
		   struct text *text);

bool parse_choice(const struct arg *a, const char *value, void *object);
bool choice_text(const struct arg *a, const void *object, size_t i,
		 struct text *text);

/* The words of a switch */
extern const struct name on_off_names[2];
#define ON_OFF_WANTS "give on or off"

#define ARG_MANY	1	/* a list: may be given again and again */
#define ARG_NAME	2	/* any text: "7" is no number, "on" no switch */
#define ARG_LEFT	4	/* a CHOICE(): where nothing is said, it stays as it is */

/* What there are words for */
struct kind {
	const char *name;
	const char *wants;		/* what a file should have there */
	const struct arg *args;		/* ended by a NULL name */
	const void *defaults;		/* an object of which nothing is said */
	size_t size;
	size_t name_at;			/* where the object has its name */
	/* Between these lie all settings and nothing else; or both are 0 */
	size_t settings_at;
	size_t settings_end;
	size_t origin_at;		/* 0 where there is none */
	unsigned int origin_attr;
	/*
	 * Ended by NULL, or NULL: objects of the same name that a file has inside
	 * of this one, each by the name of its kind
	 */
	const struct kind *const *parts;
};

extern const struct kind tunnel_kind;	/* struct tunnel */
extern const struct kind filter_kind;	/* struct filter, a part of a tunnel */
extern const struct kind clamp_kind;	/* struct clamp */
extern const struct kind netns_kind;	/* struct netns */
extern const struct kind health_kind;	/* struct health */
extern const struct kind steer_kind;	/* struct steer */

const char *object_name(const struct kind *kind, const void *object);
uint8_t object_origin(const struct kind *kind, const void *object);
void object_set_origin(const struct kind *kind, void *object, uint8_t origin);

const struct arg *arg_find(const struct arg *args, const char *word);

/* No word of args, nor of more (which may be NULL): says which may be meant */
enum result arg_unknown(const struct arg *args, const struct arg *more,
			const char *word, struct error *err);

/* The name of a tunnel, at the head of a command's arguments */
enum result parse_tunnel_name(int argc, char **argv, const struct arg *args,
			      char ifname[IFNAMSIZ], struct error *err);

/* The same, where nothing may follow */
enum result parse_only_name(int argc, char **argv, char ifname[IFNAMSIZ],
			    struct error *err);

/*
 * Reads the value behind a word, unless what it sets was given before: seen has
 * the bits of what was.
 */
enum result arg_read(const struct arg *a, const char *word, const char *value,
		     uint32_t *seen, void *object, struct error *err);

/*
 * The first of the arguments from a on that says how two objects differ, or
 * NULL. said, 0 in the beginning, has what was compared.
 */
const struct arg *arg_differs(const struct arg *a, const void *was,
			      const void *is, uint32_t *said);

/* Whether there is one that says so: quick where nothing differs */
bool objects_differ(const struct kind *kind, const void *was, const void *is);

/* All of them: together they make the one from the other. */
#define for_each_difference(a, kind, was, is, said)			\
	for ((said) = 0, (a) = (kind)->args;				\
	     ((a) = arg_differs(a, was, is, &(said)));			\
	     (a)++)

/* The word that the user typed to give an attribute; NULL for the kernel's own */
const char *tunnel_attr_word(const void *tunnel, unsigned int attr);

bool parse_u8(const char *text, uint8_t *value);
bool parse_u32(const char *text, uint32_t *value);
bool parse_key(const char *text, uint32_t *key);
bool parse_addr(const char *text, struct addr *addr);

bool parse_on_off(const char *text, bool *on);

/* A number and a unit, as in 500ms, 2s, 5m or 1h */
bool parse_time(const char *text, uint32_t *ms);
struct text time_text(uint64_t ms);

/* off, auto or a number of bytes; off only if may_be_off */
bool parse_mss_value(const char *text, bool may_be_off, uint16_t *mss);

/* A value of an enum of the netlink spec, by its name */
bool parse_enum(const char *text, const struct name *names, size_t n,
		uint8_t *number);

/* ADDR/LEN, or ADDR for one address */
bool parse_prefix(const char *text, struct prefix *prefix);

/* A newer module may have values that we have no name for. */
#define enum_name(names, value) \
	((value) < ARRAY_SIZE(names) ? (names)[value].name : "?")

struct text addr_text(const struct addr *addr);
struct text prefix_text(const struct prefix *prefix);
struct text number_text(uint64_t v);
struct text word_text(const char *word);
struct text plain_text(const char *word);	/* not to control the terminal */
struct text mss_text(uint16_t mss);
struct text tunnel_ttl(const struct tunnel *t);	/* of what is sent: a number or "inherit" */
struct text tunnel_tos(const struct tunnel *t);
struct text sample_text(uint32_t interval);

/*
 * Finds text, or the one word that it abbreviates, in an array of structures
 * whose first member is the word (a const char *); an array ends with a NULL
 * word. On failure says so in err, with the candidates.
 */
const void *pick(const void *table, size_t size, const char *what,
		 const char *text, struct error *err);

/* The word of such an array that looks most like text, or NULL. */
const char *closest(const void *table, size_t size, const char *text);

#define PICK(table, what, text, err) \
	((__typeof__(&(table)[0]))pick(table, sizeof((table)[0]), what, text, err))

/* An option, as in "-n NETNS" */
struct option_desc {
	const char *name;
	const char *shortest;		/* how far it may be abbreviated */
	const char *value;		/* what the next word is, or "" */
	const char *doc;		/* NULL for what help leaves out */
	int option;
};

/* The words that options are read from, and what was there already */
struct option_words {
	int argc;
	char **argv;
	int at;			/* the next word; then the one behind the option */
	uint32_t seen;		/* a bit for each option that has a value */
};

/*
 * Finds the next word, "-word" or "--word", in an array that ends with a NULL name. Its
 * value, where it has one, is the word behind it, and is given once. NULL if it is none of
 * them, and err says why.
 */
const struct option_desc *read_option(const struct option_desc *options,
				      struct option_words *words, const char **value,
				      struct error *err);

#endif /* MTCTL_ARGS_H */
