/* SPDX-License-Identifier: GPL-2.0 */
/* The first bytes of an IP packet, read. */
#ifndef MTCTL_PACKET_H
#define MTCTL_PACKET_H

#include "model.h"

/* In the last byte of the fixed part of a TCP header that is looked at */
#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_ACK		0x10

struct packet {
	uint8_t version;	/* 4 or 6; 0 if it is no IP, and then nothing holds */
	uint8_t protocol;	/* number; of a fragment the one of its packet */
	bool known;		/* that is: no extension header hides it */
	bool fragment;
	bool later;		/* fragment: one without the header of its protocol */
	bool has_ports;
	bool has_type;
	struct addr src;
	struct addr dst;
	uint16_t sport;
	uint16_t dport;
	uint8_t tcp_flags;	/* if it is TCP and has ports */
	uint8_t icmp_type;	/* if it has a type */
	uint8_t icmp_code;
};

/* Whatever the bytes are, of which there may be none. */
struct packet packet_parse(const uint8_t *data, size_t len);

struct text packet_protocol(const struct packet *p);

/* "SA" and the like; "." for none */
struct text packet_flags(const struct packet *p);

/* "192.0.2.1:80" or "[2001:db8::1]:80", or the address alone if port is -1 */
struct text endpoint_text(const struct addr *addr, int port);

#endif /* MTCTL_PACKET_H */
