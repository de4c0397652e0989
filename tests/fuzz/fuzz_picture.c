/* SPDX-License-Identifier: MIT */
/* fuzz_picture.c - the beginnings of files: their type and size. */

#include "bridge/media/type.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A copy of its own size, so that a byte too far is seen. */
	unsigned char *copy = malloc(size ? size : 1);
	unsigned width, height;

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	const char *mime = type_of(copy, size);
	bool known = picture_size(copy, size, &width, &height);
	if (!mime || !strchr(mime, '/') || known != (width && height) ||
	    (!known && (width || height)) ||
	    (known && strncmp(mime, "image/", 6) != 0))
		abort();
	free(copy);
	return 0;
}
