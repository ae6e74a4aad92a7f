// SPDX-License-Identifier: GPL-2.0
/* The kernel's states of IPsec. */
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>

#include <linux/xfrm.h>

#include "nl_core.h"
#include "sa.h"
#include "xfrm_addr.h"

/* Names that are shorter than the kernel's; bits that are no key */
static const struct {
	const char *kernel;
	const char *name;
	unsigned int salt;
} ciphers[] = {
	{ "rfc4106(gcm(aes))", "aes-gcm", 32 },
	{ "rfc4543(gcm(aes))", "aes-gmac", 32 },
	{ "rfc7539esp(chacha20,poly1305)", "chacha20-poly1305", 32 },
	{ "cbc(aes)", "aes-cbc", 0 },
	{ "rfc3686(ctr(aes))", "aes-ctr", 32 },
	{ "hmac(sha1)", "sha1", 0 },
	{ "hmac(sha256)", "sha256", 0 },
	{ "hmac(sha384)", "sha384", 0 },
	{ "hmac(sha512)", "sha512", 0 },
};

/* Adds a name, and the bits of its key if they are to be told. */
static void add_cipher(struct sa *sa, const char *name, unsigned int bits)
{
	size_t len = strlen(sa->cipher), room = sizeof(sa->cipher) - len;
	const char *sep = len ? "/" : "";
	char text[16] = "";

	for (size_t i = 0; i < ARRAY_SIZE(ciphers); i++) {
		if (strcmp(name, ciphers[i].kernel))
			continue;
		name = ciphers[i].name;
		if (bits)
			bits -= ciphers[i].salt;
		break;
	}
	if (bits)
		snprintf(text, sizeof(text), "-%u", bits);
	snprintf(sa->cipher + len, room, "%s%s%s", sep, name, text);
}

static void read_algorithm(struct sa *sa, const struct nlattr *a)
{
	/* All three begin with the name and the bits of the key. */
	const struct xfrm_algo *algo = mnl_attr_get_payload(a);
	char name[sizeof(algo->alg_name)];

	if (mnl_attr_get_payload_len(a) < sizeof(*algo))
		return;
	memcpy(name, algo->alg_name, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	add_cipher(sa, name, mnl_attr_get_type(a) == XFRMA_ALG_AUTH_TRUNC ?
			     0 : algo->alg_key_len);
	sa->keyed = true;
}

static void read_sa(struct nl *nl, const struct nlmsghdr *nlh, void *data)
{
	struct xfrm_usersa_info info;
	const struct nlattr *a, *auth = NULL;
	struct sas *sas = data;
	struct sa *sa;

	(void)nl;
	if (nlh->nlmsg_type != XFRM_MSG_NEWSA ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(info))
		return;
	/* Messages are aligned to 4 bytes, and this wants 8. */
	memcpy(&info, mnl_nlmsg_get_payload(nlh), sizeof(info));
	if (info.id.proto != IPPROTO_ESP ||
	    (info.mode != XFRM_MODE_TUNNEL &&
	     info.mode != XFRM_MODE_TRANSPORT))
		return;
	sa = ADD_ONE(sas);
	sa->src = xfrm_addr(&info.saddr, info.family);
	sa->dst = xfrm_addr(&info.id.daddr, info.family);
	sa->spi = ntohl(info.id.spi);
	sa->tunnel_mode = info.mode == XFRM_MODE_TUNNEL;
	sa->replay_window = info.replay_window;
	sa->packets = info.curlft.packets;
	sa->bytes = info.curlft.bytes;
	sa->added = info.curlft.add_time;
	sa->expires = info.lft.hard_add_expires_seconds;
	sa->replayed = info.stats.replay_window + info.stats.replay;
	sa->forged = info.stats.integrity_failed;
	mnl_attr_for_each(a, nlh, sizeof(info)) {
		switch (mnl_attr_get_type(a)) {
		case XFRMA_IF_ID:
			get_number(a, &sa->if_id, sizeof(sa->if_id));
			break;
		case XFRMA_ENCAP:
			sa->encap = true;
			break;
		case XFRMA_REPLAY_ESN_VAL:
			if (mnl_attr_get_payload_len(a) >=
			    sizeof(struct xfrm_replay_state_esn))
				sa->replay_window =
					((struct xfrm_replay_state_esn *)
					 mnl_attr_get_payload(a))->replay_window;
			break;
		case XFRMA_ALG_AEAD:
		case XFRMA_ALG_CRYPT:
			read_algorithm(sa, a);
			break;
		case XFRMA_ALG_AUTH_TRUNC:
			auth = a;
			break;
		}
	}
	/* Said behind the cipher, whatever comes first */
	if (auth)
		read_algorithm(sa, auth);
}

static void forget(void *data)
{
	struct sas *sas = data;

	sas->n = 0;
}

enum result nl_sa_dump(struct nl *nl, struct sas *sas, bool *incomplete,
		       struct error *err)
{
	struct nlmsghdr *nlh;
	enum result res;

	*incomplete = false;
	res = open_socket(&nl->xfrm, NETLINK_XFRM, err);
	if (res)
		return res;
	nlh = mnl_nlmsg_put_header(nl->req);
	nlh->nlmsg_type = XFRM_MSG_GETSA;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	res = talk_whole(nl, nl->xfrm, forget, read_sa, sas, NULL,
			 "states of IPsec", incomplete, err);
	/* Keys were in there that nobody has read. */
	explicit_bzero(nl->buf, sizeof(nl->buf));
	if (!res || *incomplete)
		sas_sort(sas);
	return res;
}
