/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SCENARIO_SCRATCH_H
#define TESTS_SCENARIO_SCRATCH_H

/* A database of a scenario's own, in a folder of its own. */

#include <stdbool.h>

struct scratch {
	char folder[64], database[80];
};

/* In memory where there is such a place; false, with errno, if it cannot be. */
bool scratch_make(struct scratch *s);

/* What lies there; the folder stays. */
void scratch_clean(const struct scratch *s);

/* And the folder. */
void scratch_remove(const struct scratch *s);

#endif
