/* SPDX-License-Identifier: GPL-2.0 */
/* What becomes of the standard output. */
#ifndef MTCTL_OUTPUT_H
#define MTCTL_OUTPUT_H

#include <stdbool.h>

/*
 * Waits until fd is readable, or nobody reads what we write: a program that writes only
 * now and then would not hear of that until then.
 */
void output_wait(int fd, int timeout);

/* Whether it can be written, as far as one knows, and somebody may read it */
bool output_is_read(void);

/* Whether it is a socket whose other end listens in a directory */
bool output_is_connected(int fd, const char *directory);

struct stat;

/* Whether it is the journal of systemd: stream is $JOURNAL_STREAM, or NULL. */
bool output_is_journal(const struct stat *st, const char *stream);

#endif /* MTCTL_OUTPUT_H */
