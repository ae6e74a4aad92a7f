// SPDX-License-Identifier: GPL-2.0
/* Tests of the program that was built: options, help and batches. No kernel is asked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

#include "model.h"
#include "test.h"

struct outcome {
	int status;
	char out[8192];
	char err[1024];
};

static void read_back(FILE *file, char *text, size_t size)
{
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* With so much to read on its standard input */
static struct outcome run(const char *const *words, const char *input)
{
	FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
	struct outcome o = { 0 };
	pid_t pid;

	fputs(input, in);
	fflush(in);
	rewind(in);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		dup2(fileno(in), STDIN_FILENO);
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		execv("./mtctl", (char **)words);
		_exit(127);
	}
	waitpid(pid, &o.status, 0);
	o.status = WIFEXITED(o.status) ? WEXITSTATUS(o.status) : -1;
	read_back(out, o.out, sizeof(o.out));
	read_back(err, o.err, sizeof(o.err));
	fclose(in);
	return o;
}

/* Of the words that it is called by, which are in their order */
static void test_words(void)
{
	static const struct {
		const char *words[7];
		int status;
		const char *out;
		const char *err;
	} cases[] = {
		{ { NULL }, RES_USAGE, "", "Usage: mtctl [OPTIONS] OBJECT" },
		{ { "-V" }, RES_OK, "mtctl ", "" },
		{ { "-h" }, RES_OK, "Usage: mtctl [OPTIONS] OBJECT", "" },
		{ { "-x" }, RES_USAGE, "", "mtctl: unknown option \"-x\"" },
		{ { "-batch" }, RES_USAGE, "", "mtctl: -batch: FILE is missing\n" },
		{ { "-n", "a", "-n", "b", "tunnel", "show" }, RES_USAGE, "",
		  "mtctl: -n: was given before; give one NETNS\n" },
		{ { "-batch", "-", "tunnel" }, RES_USAGE, "",
		  "mtctl: -batch reads its commands from -: \"tunnel\" is too much\n" },
		{ { "-batch", "/proc" }, RES_REFUSED, "", "mtctl: /proc: cannot be read\n" },
		{ { "-batch", "/proc/none" }, RES_REFUSED, "",
		  "mtctl: /proc/none: No such file or directory\n" },
		{ { "-n", "/dev/null", "tunnel" }, RES_REFUSED, "",
		  "mtctl: cannot enter the network namespace /dev/null: Invalid argument\n" },
		{ { "-n", "/proc/none", "tunnel" }, RES_REFUSED, "",
		  "mtctl: network namespace /proc/none: No such file or directory (" },
		{ { "help" }, RES_OK, "Usage: mtctl [OPTIONS] OBJECT", "" },
		{ { "help", "help" }, RES_OK, "Usage: mtctl [OPTIONS] OBJECT", "" },
		{ { "help", "tunnel" }, RES_OK, "Usage: mtctl [OPTIONS] tunnel COMMAND", "" },
		{ { "help", "tunnel", "del" }, RES_OK, "Usage: mtctl [OPTIONS] tunnel del ", "" },
		{ { "help", "monitor" }, RES_OK, "Usage: mtctl [OPTIONS] monitor [", "" },
		{ { "tunnel", "help", "del" }, RES_OK, "Usage: mtctl [OPTIONS] tunnel del ", "" },
		{ { "tunnel", "del", "help" }, RES_OK, "Usage: mtctl [OPTIONS] tunnel del ", "" },
		{ { "help", "tunnel", "dle" }, RES_USAGE, "",
		  "mtctl help: unknown command \"dle\"; did you mean \"del\"?\n" },
		{ { "tunel" }, RES_USAGE, "",
		  "mtctl: unknown object \"tunel\"; did you mean \"tunnel\"?\n"
		  "Try \"mtctl help\".\n" },
		{ { "tunnel", "xyzzy" }, RES_USAGE, "",
		  "mtctl tunnel: unknown command \"xyzzy\"; there is: " },
		{ { "tunnel", "s" }, RES_USAGE, "", "mtctl tunnel: command \"s\" is ambiguous: " },
		{ { "tunnel", "list", "mt0" }, RES_USAGE, "",
		  "mtctl tunnel list: takes no arguments;" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *words[ARRAY_SIZE(cases[i].words) + 2] = { "mtctl" };
		struct outcome o;
		bool good;

		memcpy(words + 1, cases[i].words, sizeof(cases[i].words));
		o = run(words, "");
		/* Nothing but what was asked for, or all of nothing */
		good = o.status == cases[i].status &&
		       !strncmp(o.out, cases[i].out, strlen(cases[i].out) ?: 1) &&
		       !strncmp(o.err, cases[i].err, strlen(cases[i].err) ?: 1);
		if (!good)
			printf("# %d %.99s %s\n", o.status, o.out, o.err);
		check(good, words[1] ?: "no words");
	}
}

static bool batch(const char *option, const char *input, int status, const char *err)
{
	const char *const words[] = { "mtctl", "-batch", "-", option, NULL };
	struct outcome o = run(words, input);

	if (o.status == status && !strcmp(o.err, err))
		return true;
	printf("# %d %s\n", o.status, o.err);
	return false;
}

static void test_lines(void)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	check(batch(NULL, "# nothing\n\nhelp\n", RES_OK, ""), "batch: a comment, and a command");
	check(batch(NULL, "check 'a file' \"b\n", RES_USAGE,
		    "mtctl: stdin:1: a quote (\") is not closed\n"
		    "Try \"mtctl help\".\n"), "batch: a quote");
	check(batch("-force", "check '/proc/none a'\nhelp\ncheck \"/proc/none \"'b'\n", RES_REFUSED,
		    "mtctl check: stdin:1: /proc/none a: No such file or directory\n"
		    "mtctl check: stdin:3: /proc/none b: No such file or directory\n"),
	      "batch: it goes on, and is bad all the same");
	check(batch(NULL, "check '/proc/none\nx'\n", RES_USAGE,
		    "mtctl: stdin:1: a quote (') is not closed\n"
		    "Try \"mtctl help\".\n"), "batch: a word of two lines");

	f = open_memstream(&text, &len);
	fprintf(f, "check \\\n%5000s \\\n/proc/none\n", "");
	fclose(f);
	check(batch(NULL, text, RES_REFUSED,
		    "mtctl check: stdin:3: /proc/none: No such file or directory\n"),
	      "batch: a short line that is joined to a long one");
	free(text);

	f = open_memstream(&text, &len);
	for (int i = 0; i < 40001; i++)
		fputs("a ", f);
	fclose(f);
	check(batch(NULL, text, RES_USAGE,
		    "mtctl: stdin:1: more than 40000 words in a line\n"
		    "Try \"mtctl help\".\n"), "batch: too many words");
	free(text);
}

void test_main(void)
{
	test_words();
	test_lines();
}
