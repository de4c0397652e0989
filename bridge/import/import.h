/* SPDX-License-Identifier: MIT */
#ifndef BRIDGE_IMPORT_IMPORT_H
#define BRIDGE_IMPORT_IMPORT_H

/* What users of other gateways had there, for those who move here. */

#include <stdbool.h>
#include <stdio.h>

struct conf;

/*
 * Take over from a database of biboumi, at path, into that of conf: settings,
 * passwords, persistent channels, rosters and the archive; the bridge must not
 * be running. dry: nothing is written. A report goes to out. Returns 0, or -1
 * if nothing was taken.
 */
int import_biboumi(const struct conf *conf, const char *path, bool dry,
		   FILE *out);

#endif
