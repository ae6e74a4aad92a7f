// SPDX-License-Identifier: GPL-2.0
/*
 * Compiled and run by libpcap. That brings a dozen of other libraries, which take
 * longer to load than most of what mtctl does: it is loaded if there is a filter.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "capture_filter.h"

static struct {
	pcap_t *(*open_dead)(int linktype, int snaplen);
	int (*compile)(pcap_t *p, struct bpf_program *fp, const char *text,
		       int optimize, bpf_u_int32 netmask);
	int (*offline_filter)(const struct bpf_program *fp,
			      const struct pcap_pkthdr *h, const u_char *pkt);
	char *(*geterr)(pcap_t *p);
	void (*freecode)(struct bpf_program *fp);
	void (*close)(pcap_t *p);
} pcap;

static enum result load_pcap(struct error *err)
{
	const struct {
		const char *name;
		void **function;
	} functions[] = {
		{ "pcap_open_dead", (void **)&pcap.open_dead },
		{ "pcap_compile", (void **)&pcap.compile },
		{ "pcap_offline_filter", (void **)&pcap.offline_filter },
		{ "pcap_geterr", (void **)&pcap.geterr },
		{ "pcap_freecode", (void **)&pcap.freecode },
		{ "pcap_close", (void **)&pcap.close },
	};
	void *library;

	/* Debian's name, and that of others */
	library = dlopen("libpcap.so.0.8", RTLD_NOW);
	if (!library)
		library = dlopen("libpcap.so.1", RTLD_NOW);
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		*functions[i].function = library ?
			dlsym(library, functions[i].name) : NULL;
		if (!*functions[i].function)
			return refuse(err, RES_REFUSED,
				      "a filter needs libpcap: %s", dlerror());
	}
	return RES_OK;
}

struct capture_filter {
	struct bpf_program program;
};

/* With a blank between them; to be freed. */
static char *join(int argc, char **argv)
{
	size_t len = 1;
	char *text;

	for (int i = 0; i < argc; i++)
		len += strlen(argv[i]) + 1;
	text = allocate(len, 1);
	for (int i = 0; i < argc; i++) {
		if (i)
			strcat(text, " ");
		strcat(text, argv[i]);
	}
	return text;
}

enum result capture_filter_new(int argc, char **argv, struct capture_filter **f,
		       struct error *err)
{
	enum result res = RES_OK;
	pcap_t *dead;
	char *text;

	*f = NULL;
	if (!argc)
		return RES_OK;
	res = load_pcap(err);
	if (res)
		return res;
	dead = pcap.open_dead(DLT_RAW, MAX_SAMPLE);
	if (!dead)
		return refuse(err, RES_REFUSED, "no memory for a filter");
	*f = allocate(1, sizeof(**f));
	text = join(argc, argv);
	if (pcap.compile(dead, &(*f)->program, text, 1, PCAP_NETMASK_UNKNOWN)) {
		res = refuse(err, RES_USAGE, "filter \"%s\": %s", text,
			     pcap.geterr(dead));
		free(*f);
		*f = NULL;
	}
	free(text);
	pcap.close(dead);
	return res;
}

void capture_filter_free(struct capture_filter *f)
{
	if (!f)
		return;
	pcap.freecode(&f->program);
	free(f);
}

bool capture_filter_passes(const struct capture_filter *f, const struct sample *s)
{
	const struct pcap_pkthdr header = {
		.caplen = s->data_len, .len = s->length,
	};

	return !f || pcap.offline_filter(&f->program, &header, s->data);
}
