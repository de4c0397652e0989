/* SPDX-License-Identifier: MIT */
/*
 * nth_malloc.c - to be preloaded into causewayd: one allocation fails.
 *
 *     NTH_MALLOC=n      the nth of the process fails; 0 or none: no one does
 *     NTH_COUNT=file    holds, while it runs, how many there were: a number
 *                       of eight bytes, as the machine has it
 *
 * Other programs on the way to it (setpriv) are let alone; so are libconfig,
 * which checks nothing and crashes (but not its strdup()), and OpenSSL, which
 * takes thousands when it is first used: neither is ours to test.
 */

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);

static _Atomic uint64_t own_count;
static _Atomic uint64_t *count = &own_count;
static uint64_t nth;
static _Atomic int armed;

/* Who is let alone. */
static struct range {
	uintptr_t begin, end;
} spared[8];
static size_t n_spared;

static int
spare(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (!strstr(info->dlpi_name, "libcrypto") &&
	    !strstr(info->dlpi_name, "libconfig"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum && n_spared < 8; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		uintptr_t begin = info->dlpi_addr + part->p_vaddr;

		if (part->p_type == PT_LOAD && (part->p_flags & PF_X))
			spared[n_spared++] =
				(struct range){ begin, begin + part->p_memsz };
	}
	return 0;
}

static int
is_spared(const void *caller)
{
	for (size_t i = 0; i < n_spared; i++)
		if ((uintptr_t)caller >= spared[i].begin &&
		    (uintptr_t)caller < spared[i].end)
			return 1;
	return 0;
}

static void __attribute__((constructor)) begin(void)
{
	const char *text = getenv("NTH_MALLOC");
	const char *path = getenv("NTH_COUNT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page = MAP_FAILED;

	if (strncmp(program_invocation_short_name, "causewayd", 9) != 0)
		return;
	if (fd >= 0) {
		page = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
		(void)close(fd);
	}
	if (page != MAP_FAILED)
		count = page;
	(void)dl_iterate_phdr(spare, NULL);
	nth = text ? strtoull(text, NULL, 10) : 0;
	atomic_store(&armed, 1);
}

static int
fails(const void *caller)
{
	if (!atomic_load(&armed) || is_spared(caller) ||
	    atomic_fetch_add(count, 1) + 1 != nth)
		return 0;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t size);

void *
malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL
						  : __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	return fails(__builtin_return_address(0)) ? NULL
						  : __libc_realloc(p, size);
}
