/* SPDX-License-Identifier: MIT */
/*
 * manual_main.c - puts the option tables into the manual page: reads the
 * page, writes it to standard output with the tables in place of the line
 * @OPTIONS@.
 */

#include "conf/conf.h"

#include "bridge/base.h"
#include "bridge/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANUAL_MAX (1024 * 1024)
#define LINE_SIZE 1024

int
main(int argc, char **argv)
{
	AUTO_STR options = { 0 };
	char line[LINE_SIZE];
	size_t marks = 0;

	str_init(&options, MANUAL_MAX);
	conf_manual(&options);

	FILE *page = argc == 2 ? fopen(argv[1], "re") : NULL;

	if (!page) {
		(void)fprintf(stderr, "usage: conf-manual PAGE.scd\n");
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), page)) {
		bool mark = strcmp(line, "@OPTIONS@\n") == 0;

		marks += mark;
		(void)fputs(mark ? options.data : line, stdout);
	}
	(void)fclose(page);
	if (marks == 1 && !str_overflowed(&options) && fflush(stdout) == 0)
		return EXIT_SUCCESS;
	(void)fprintf(stderr, "conf-manual: %s: not written whole\n", argv[1]);
	return EXIT_FAILURE;
}
