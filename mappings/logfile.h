/* SPDX-License-Identifier: MIT */
#ifndef MAPPINGS_LOGFILE_H
#define MAPPINGS_LOGFILE_H

/*
 * Writes the database's log in large pieces.
 *
 * SQLite writes each page of a commit to the log (the file -wal) in two calls,
 * 24 bytes and 4096, and a message is some ten pages: that is half of what a
 * small commit costs the processor. This is a layer between SQLite and the
 * file, which holds back what is written behind one another and gives it to
 * the file as one. It is SQLite's VFS interface, and holds back writes to the
 * log only; all other files are opened as ever.
 *
 * What is held back goes to the file
 *
 *   - with the last page of a commit, which the header of a page in the log
 *     says (file format of SQLite, section 4.1), so that a commit is in the
 *     file before anybody is shown it, whatever "synchronous" is;
 *   - before the file is synced, read, cut, measured or closed;
 *   - before something is written elsewhere in it, in order;
 *   - when it is 64 KiB.
 *
 * A write that fails then fails as it would have: what is told of it is told
 * with the last page of the commit, or with the sync, and the commit fails.
 */

#include <sqlite3.h>

/* A layer on the default VFS, registered under a name of its own. */
sqlite3_vfs *logfile_new(void);

/* After the last database that uses it was closed. Accepts NULL. */
void logfile_free(sqlite3_vfs *vfs);

#endif
