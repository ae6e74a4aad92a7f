// SPDX-License-Identifier: GPL-2.0
/* Runs the unit tests, and what needs no kernel. Prints TAP. */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"
#include "test.h"

static int number;
static int failed;

void check(bool good, const char *what)
{
	number++;
	if (!good)
		failed++;
	printf("%sok %d - %s\n", good ? "" : "not ", number, what);
}

char *take_text(FILE *file)
{
	char *text;
	long len;

	fseek(file, 0, SEEK_END);
	len = ftell(file);
	rewind(file);
	text = allocate(len + 1, 1);
	if (fread(text, 1, len, file) != (size_t)len)
		abort();
	fclose(file);
	return text;
}

int main(void)
{
	/* What is shown depends on these. */
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	test_args();
	test_cmd();
	test_conf();
	test_ipsec();
	test_link();
	test_live();
	test_main();
	test_nl();
	test_plan();
	test_print();
	test_replica();
	test_traffic();
	printf("1..%d\n", number);
	return failed ? 1 : 0;
}
