/* SPDX-License-Identifier: MIT */
/*
 * disk.c - a disk that remembers and that fails.
 *
 * The functions of the C library that change files, in our own version: ask
 * whether to fail, make the system call, append a record. Nothing is passed on
 * to the C library's version, so that it does not matter who else (a
 * sanitizer) stands in the line, or whether it is ready yet.
 *
 * State is global because the interface that is interposed has no room for
 * any. Only 64-bit systems: there off_t is what off64_t is.
 */

/* The plain names and those that end in 64 are two sets of symbols here. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "tests/power/disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static_assert(sizeof(off_t) == 8, "64-bit systems only");

#define FILES 1024

enum kind { NOT_OURS, OURS, OUR_FOLDER };

struct file {
	enum kind kind;
	char name[DISK_NAME_MAX]; /* OURS: in the folder */
	char path[200];
};

static struct {
	const char *folder; /* NULL: nothing is remembered */
	int log;
	struct file files[FILES]; /* by descriptor */
	pthread_mutex_t mutex;
	pthread_mutex_t order; /* of what happens and of its record */
	/* what fails */
	enum disk_op what;
	char suffix[20];
	int code;
	unsigned passing, again, failing, failures;
	char limited[200];
	size_t limit;
} disk = { .log = -1,
	   .mutex = PTHREAD_MUTEX_INITIALIZER,
	   .order = PTHREAD_MUTEX_INITIALIZER };

/* ---- remembering ------------------------------------------------------- */

static void
record(enum disk_op op, const char *name, int64_t offset, const void *data,
       size_t length)
{
	struct disk_record head = {
		.op = op,
		.length = (uint32_t)length,
		.offset = offset,
	};
	struct iovec parts[3];
	size_t pad = -length % 8;
	char none[8] = "";
	int code = errno;

	if (disk.log < 0)
		return;
	snprintf(head.name, sizeof(head.name), "%s", name);
	parts[0] = (struct iovec){ &head, sizeof(head) };
	parts[1].iov_len = length;
	memcpy(&parts[1].iov_base, &data, sizeof(data)); /* only read */
	parts[2] = (struct iovec){ none, pad };
	if (syscall(SYS_writev, disk.log, parts, 3) !=
	    (long)(sizeof(head) + length + pad))
		abort(); /* a log with a gap proves nothing */
	errno = code;
}

void
disk_mark(enum disk_fact fact, int64_t event, int64_t channel, int64_t n)
{
	struct disk_mark mark = { (int64_t)fact, event, channel, n };

	record(DISK_MARK, "", 0, &mark, sizeof(mark));
}

void
disk_exit(int status)
{
	pthread_mutex_lock(&disk.order);
	_exit(status);
}

static bool
ends_with(const char *path, const char *suffix)
{
	size_t n = strlen(path);
	size_t m = strlen(suffix);

	return n >= m && strcmp(path + n - m, suffix) == 0;
}

/* Which file of the folder that is; NULL if none that matters. */
static const char *
our_name(const char *path)
{
	size_t n = disk.folder ? strlen(disk.folder) : 0;

	if (!n || strncmp(path, disk.folder, n) != 0 || path[n] != '/' ||
	    strchr(path + n + 1, '/'))
		return NULL;
	if (ends_with(path, "-shm") || ends_with(path, ".lock"))
		return NULL;
	return path + n + 1;
}

static struct file *
file_of(int fd)
{
	return fd >= 0 && fd < FILES ? &disk.files[fd] : NULL;
}

static void
opened(int fd, const char *path, bool created)
{
	struct file *file = file_of(fd);
	const char *name = our_name(path);

	if (!file)
		return;
	*file = (struct file){ .kind = NOT_OURS };
	snprintf(file->path, sizeof(file->path), "%s", path);
	if (name) {
		file->kind = OURS;
		snprintf(file->name, sizeof(file->name), "%s", name);
		if (created)
			record(DISK_CREATE, name, 0, NULL, 0);
	} else if (disk.folder && strcmp(path, disk.folder) == 0) {
		file->kind = OUR_FOLDER;
	}
}

static void __attribute__((constructor)) disk_start(void)
{
	const char *log = getenv("POWER_LOG");

	disk.folder = getenv("POWER_FOLDER");
	if (!disk.folder || !log)
		return;

	long fd = syscall(SYS_openat, AT_FDCWD, log,
			  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	/* Out of the way of a program that counts its descriptors. */
	if (fd < 0 || (disk.log = fcntl((int)fd, F_DUPFD_CLOEXEC, 900)) < 0)
		abort();
	syscall(SYS_close, (int)fd);
}

/* ---- failing ----------------------------------------------------------- */

void
disk_fail(enum disk_op what, const char *suffix, int code, unsigned pass,
	  unsigned count)
{
	pthread_mutex_lock(&disk.mutex);
	disk.what = what;
	snprintf(disk.suffix, sizeof(disk.suffix), "%s", suffix);
	disk.code = code;
	disk.passing = pass;
	disk.again = 0;
	disk.failing = count;
	disk.failures = 0;
	pthread_mutex_unlock(&disk.mutex);
}

void
disk_fail_every(enum disk_op what, const char *suffix, int code, unsigned pass)
{
	disk_fail(what, suffix, code, pass, 1);
	pthread_mutex_lock(&disk.mutex);
	disk.again = pass;
	pthread_mutex_unlock(&disk.mutex);
}

unsigned
disk_failures(void)
{
	pthread_mutex_lock(&disk.mutex);

	unsigned n = disk.failures;

	pthread_mutex_unlock(&disk.mutex);
	return n;
}

/* With the mutex: whether this call is one of those that fail. */
static bool
is_failing(enum disk_op what, const char *path)
{
	if (!disk.failing || what != disk.what || !ends_with(path, disk.suffix))
		return false;
	if (disk.passing > 0) {
		disk.passing--;
		return false;
	}
	if (disk.again)
		disk.passing = disk.again;
	else
		disk.failing--;
	disk.failures++;
	return true;
}

static bool
fails(enum disk_op what, const char *path)
{
	pthread_mutex_lock(&disk.mutex);

	bool failing = is_failing(what, path);
	int code = disk.code;

	pthread_mutex_unlock(&disk.mutex);
	if (failing)
		errno = code;
	return failing;
}

void
disk_limit(const char *folder, size_t bytes)
{
	pthread_mutex_lock(&disk.mutex);
	snprintf(disk.limited, sizeof(disk.limited), "%s", folder);
	disk.limit = bytes;
	pthread_mutex_unlock(&disk.mutex);
}

static size_t
folder_size(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	struct stat st;
	size_t sum = 0;

	while (dir && (entry = readdir(dir)))
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 &&
		    S_ISREG(st.st_mode))
			sum += (size_t)st.st_size;
	if (dir)
		closedir(dir);
	return sum;
}

/* Whether the file may not grow to that size: ENOSPC. */
static bool
is_full(int fd, const struct file *file, off_t size)
{
	size_t n = strlen(disk.limited);
	struct stat st;

	pthread_mutex_lock(&disk.mutex);

	size_t limit = disk.limit;

	pthread_mutex_unlock(&disk.mutex);
	if (!limit || strncmp(file->path, disk.limited, n) != 0 ||
	    ends_with(file->path, "-shm"))
		return false;
	if (fstat(fd, &st) < 0 || size <= st.st_size)
		return false;
	if (folder_size(disk.limited) + (size_t)(size - st.st_size) <= limit)
		return false;
	errno = ENOSPC;
	return true;
}

/* ---- what is interposed ------------------------------------------------ */

static int
open_at(int folder, const char *path, int flags, mode_t mode)
{
	bool created = (flags & O_CREAT) &&
		       syscall(SYS_faccessat, folder, path, F_OK) < 0;

	if ((flags & O_ACCMODE) != O_RDONLY && fails(DISK_CREATE, path))
		return -1;

	pthread_mutex_lock(&disk.order);

	int fd = (int)syscall(SYS_openat, folder, path, flags, mode);

	if (fd >= 0)
		opened(fd, path, created);
	pthread_mutex_unlock(&disk.order);
	return fd;
}

#define MODE_ARGUMENT(flags, mode)                                 \
	do {                                                       \
		if ((flags) & (O_CREAT | __O_TMPFILE)) {           \
			va_list ap;                                \
			va_start(ap, flags);                       \
			(mode) = (mode_t)va_arg(ap, unsigned int); \
			va_end(ap);                                \
		}                                                  \
	} while (0)

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

int
openat(int folder, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_at(folder, path, flags, mode);
}

int
openat64(int folder, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open_at(folder, path, flags, mode);
}

int
creat(const char *path, mode_t mode)
{
	return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int
close(int fd)
{
	struct file *file = file_of(fd);

	if (file)
		*file = (struct file){ .kind = NOT_OURS };
	return (int)syscall(SYS_close, fd);
}

/* at < 0: where the descriptor stands. */
static ssize_t
write_at(int fd, const void *data, size_t n, off_t at)
{
	struct file *file = file_of(fd);
	bool known = file && file->path[0];
	off_t offset = at;

	if (known && fails(DISK_WRITE, file->path))
		return -1;
	if (known && at < 0)
		offset = lseek(fd, 0, SEEK_CUR);
	if (known && is_full(fd, file, offset + (off_t)n))
		return -1;

	bool ours = known && file->kind == OURS;

	if (ours)
		pthread_mutex_lock(&disk.order);

	ssize_t done = at < 0 ? syscall(SYS_write, fd, data, n)
			      : syscall(SYS_pwrite64, fd, data, n, at);

	if (done > 0 && ours)
		record(DISK_WRITE, file->name, offset, data, (size_t)done);
	if (ours)
		pthread_mutex_unlock(&disk.order);
	return done;
}

ssize_t
write(int fd, const void *data, size_t n)
{
	return write_at(fd, data, n, -1);
}

ssize_t
pwrite(int fd, const void *data, size_t n, off_t at)
{
	return write_at(fd, data, n, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t n, off64_t at)
{
	return write_at(fd, data, n, at);
}

ssize_t
writev(int fd, const struct iovec *parts, int n)
{
	struct file *file = file_of(fd);
	ssize_t sum = 0;

	if (!file || file->kind != OURS)
		return syscall(SYS_writev, fd, parts, n);
	for (int i = 0; i < n; i++) {
		ssize_t done =
			write_at(fd, parts[i].iov_base, parts[i].iov_len, -1);

		if (done < 0)
			return sum ? sum : -1;
		sum += done;
		if ((size_t)done < parts[i].iov_len)
			break;
	}
	return sum;
}

int
ftruncate(int fd, off_t size)
{
	struct file *file = file_of(fd);

	if (file && fails(DISK_TRUNCATE, file->path))
		return -1;

	pthread_mutex_lock(&disk.order);

	int rc = (int)syscall(SYS_ftruncate, fd, size);

	if (rc == 0 && file && file->kind == OURS)
		record(DISK_TRUNCATE, file->name, size, NULL, 0);
	pthread_mutex_unlock(&disk.order);
	return rc;
}

int
ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}

int
posix_fallocate(int fd, off_t offset, off_t size)
{
	struct file *file = file_of(fd);

	if (file &&
	    (fails(DISK_WRITE, file->path) || is_full(fd, file, offset + size)))
		return errno;
	return syscall(SYS_fallocate, fd, 0, offset, size) < 0 ? errno : 0;
}

int
posix_fallocate64(int fd, off64_t offset, off64_t size)
{
	return posix_fallocate(fd, offset, size);
}

static int
sync_by(long call, int fd)
{
	struct file *file = file_of(fd);
	bool ours = file && file->kind == OURS;

	if (file && fails(DISK_SYNC, file->path)) {
		if (ours)
			record(DISK_SYNC_FAILED, file->name, 0, NULL, 0);
		return -1;
	}

	int rc = (int)syscall(call, fd);

	if (rc == 0 && ours)
		record(DISK_SYNC, file->name, 0, NULL, 0);
	if (rc == 0 && file && file->kind == OUR_FOLDER)
		record(DISK_SYNC_FOLDER, "", 0, NULL, 0);
	return rc;
}

int
fsync(int fd)
{
	return sync_by(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return sync_by(SYS_fdatasync, fd);
}

int
unlink(const char *path)
{
	pthread_mutex_lock(&disk.order);

	int rc = (int)syscall(SYS_unlink, path);

	if (rc == 0 && our_name(path))
		record(DISK_UNLINK, our_name(path), 0, NULL, 0);
	pthread_mutex_unlock(&disk.order);
	return rc;
}

int
rename(const char *from, const char *to)
{
	const char *name = our_name(to);

	pthread_mutex_lock(&disk.order);

	int rc = (int)syscall(SYS_rename, from, to);

	if (rc == 0 && our_name(from) && name)
		record(DISK_RENAME, our_name(from), 0, name, strlen(name));
	pthread_mutex_unlock(&disk.order);
	return rc;
}
