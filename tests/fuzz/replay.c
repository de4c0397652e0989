/* SPDX-License-Identifier: MIT */
/*
 * replay.c - a harness without libFuzzer: gives it every file of a folder,
 * and each file cut short, as a test that needs nothing but a compiler.
 *
 *     replay_NAME FOLDER
 *
 * One TAP line for each file; a crash ends the output before the plan is met,
 * which is a failure. The file that it happened with is announced first.
 */

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES (1024 * 1024)
#define CUTS 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A heap block of exactly that size, so that reading past it is seen. */
static void
feed(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void
feed_cut(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < CUTS; i++)
		feed(data, size * i / CUTS);
	feed(data, size);
}

/* False if the file cannot be read. */
static bool
replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data;
	size_t size;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (!f)
		return false;
	data = malloc(FILE_MAX_BYTES);
	if (!data)
		abort();
	size = fread(data, 1, FILE_MAX_BYTES, f);
	fclose(f);
	feed_cut(data, size);
	free(data);
	return true;
}

static int
is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int
main(int argc, char **argv)
{
	struct dirent **names;
	int failed = 0;
	int n;

	if (argc != 2) {
		fputs("Usage: replay_NAME FOLDER\n", stderr);
		return EXIT_FAILURE;
	}
	n = scandir(argv[1], &names, is_input, alphasort);
	if (n <= 0) {
		printf("Bail out! nothing in %s\n", argv[1]);
		return EXIT_FAILURE;
	}
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		printf("# %s\n", names[i]->d_name);
		fflush(stdout);
		bool good = replay(argv[1], names[i]->d_name);

		printf("%sok %d - %s\n", good ? "" : "not ", i + 1,
		       names[i]->d_name);
		failed += !good;
		free(names[i]);
	}
	free(names);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
