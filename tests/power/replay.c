/* SPDX-License-Identifier: MIT */
/*
 * replay.c - what a loss of power could have left behind.
 *
 *     replay LOG FOLDER STATES SEED [STATE]
 *
 * Walks through a log of tests/power/disk.c, stops at random places and makes
 * the files that could be found there after a loss of power: what was synced
 * is there; of what was not, each write is there, or is not, or is there in
 * some of its sectors of 512 bytes. Files appear and vanish in the order in
 * which it was done, as far as the folder got. A failed sync is the last that
 * the disk hears of those writes, whatever is synced later.
 *
 * Then opens them as the bridge would, and looks for what was acknowledged.
 * Two walkers share the work, each in a folder below FOLDER. With STATE only
 * that one is made, and its files are left there for inspection.
 *
 * Prints what was wrong with the first states that were, and a line with the
 * sums. Status 1 if there is anything wrong.
 */

#include "tests/power/disk.h"
#include "tests/power/script.h"

#include "bridge/base.h"
#include "bridge/error.h"
#include "bridge/log.h"
#include "mappings/db.h"
#include "mappings/messages.h"
#include "mappings/queue.h"
#include "mappings/sql.h"

#include <assert.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WALKERS 2
#define SECTOR 512
#define FILES 64
#define COMPLAINTS 8 /* printed, of each walker */

/* What a file holds. */
struct image {
	uint8_t *data;
	size_t size, room;
};

/* One after another, never reused: a new file is a new one. */
struct file {
	struct image synced;
	const struct disk_record **pending;
	size_t n_pending, room;
};

/* Which files are in the folder. */
struct folder {
	struct {
		char name[DISK_NAME_MAX];
		struct file *file;
	} files[FILES];
	size_t n;
};

/* What is known of an event. */
struct known {
	uint8_t kept;    /* deliveries */
	uint8_t settle;  /* bits by channel: may be */
	uint8_t settled; /* must be */
};

struct facts {
	struct known *events;
	int64_t last, room;
	int64_t pruned; /* below, what is settled may be gone */
	int64_t generation;
	uint64_t acknowledged;
};

struct sums {
	atomic_ulong states, lost, corrupt, acknowledged;
};

struct walker {
	uint64_t random;
	struct folder now, synced;
	const struct disk_record **changes; /* of the folder, not synced */
	size_t n_changes, changes_room;
	struct file **made; /* by the pending creations, in order */
	struct facts facts;
	struct image scratch;
	char path[200]; /* of the folder to make files in */
	struct sums *sums;
	unsigned long state;
	unsigned complaints;
	bool keep;
};

/* How much of what was not synced is there. */
enum mode { NOTHING, EVERYTHING, SOME, TORN, NEARLY_ALL, MODES };

static uint64_t
random_next(struct walker *w)
{
	uint64_t x = (w->random += 0x9e3779b97f4a7c15u);

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static void *
grown(void *array, size_t n, size_t *room, size_t size)
{
	if (n < *room)
		return array;
	*room = *room ? *room * 2 : 64;
	return xrealloc(array, *room * size);
}

/* ---- images ------------------------------------------------------------ */

static void
image_resize(struct image *image, size_t size)
{
	if (size > image->room) {
		image->room = size * 2;
		image->data = xrealloc(image->data, image->room);
	}
	if (size > image->size)
		memset(image->data + image->size, 0, size - image->size);
	image->size = size;
}

static void
image_write(struct image *image, size_t at, const uint8_t *data, size_t n)
{
	if (at + n > image->size)
		image_resize(image, at + n);
	memcpy(image->data + at, data, n);
}

static void
image_copy(struct image *to, const struct image *from)
{
	image_resize(to, from->size);
	if (from->size)
		memcpy(to->data, from->data, from->size);
}

static const uint8_t *
data_of(const struct disk_record *r)
{
	return (const uint8_t *)(r + 1);
}

static void
apply(struct image *image, const struct disk_record *r)
{
	size_t at = (size_t)r->offset;

	if (r->op == DISK_TRUNCATE)
		image_resize(image, at);
	else
		image_write(image, at, data_of(r), r->length);
}

/* Some of the sectors, by their place in the file. */
static void
apply_torn(struct walker *w, struct image *image, const struct disk_record *r)
{
	size_t at = (size_t)r->offset;
	size_t end = at + r->length;
	const uint8_t *data = data_of(r);

	while (at < end) {
		size_t n = SECTOR - at % SECTOR;

		if (n > end - at)
			n = end - at;
		if (random_next(w) & 1)
			image_write(image, at, data, n);
		at += n;
		data += n;
	}
}

static void
apply_maybe(struct walker *w, struct image *image, const struct disk_record *r,
	    enum mode mode)
{
	uint64_t dice = random_next(w) % 8;
	bool there = mode == EVERYTHING || (mode == NEARLY_ALL && dice) ||
		     (mode != NOTHING && dice < 4);

	if (there)
		apply(image, r);
	else if (mode >= TORN && r->op == DISK_WRITE && dice != 7)
		apply_torn(w, image, r);
}

/* ---- files and the folder ---------------------------------------------- */

static struct file *
folder_find(const struct folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->n; i++)
		if (strcmp(folder->files[i].name, name) == 0)
			return folder->files[i].file;
	return NULL;
}

static void
folder_remove(struct folder *folder, const char *name)
{
	for (size_t i = 0; i < folder->n; i++) {
		if (strcmp(folder->files[i].name, name) != 0)
			continue;
		folder->files[i] = folder->files[--folder->n];
		return;
	}
}

static void
folder_put(struct folder *folder, const char *name, struct file *file)
{
	folder_remove(folder, name);
	assert(folder->n < FILES);
	snprintf(folder->files[folder->n].name, DISK_NAME_MAX, "%s", name);
	folder->files[folder->n++].file = file;
}

static void
folder_change(struct folder *folder, const struct disk_record *r,
	      struct file *made)
{
	char name[DISK_NAME_MAX];

	switch ((enum disk_op)r->op) {
	case DISK_CREATE:
		folder_put(folder, r->name, made);
		break;
	case DISK_UNLINK:
		folder_remove(folder, r->name);
		break;
	case DISK_RENAME:
		snprintf(name, sizeof(name), "%.*s", (int)r->length,
			 (const char *)data_of(r));
		folder_put(folder, name, folder_find(folder, r->name));
		folder_remove(folder, r->name);
		break;
	default:
		break;
	}
}

static void
on_folder_change(struct walker *w, const struct disk_record *r)
{
	struct file *made = NULL;
	size_t room = w->changes_room;

	if (r->op == DISK_CREATE)
		made = xcalloc(1, sizeof(*made));
	w->changes =
		grown(w->changes, w->n_changes, &room, sizeof(w->changes[0]));
	w->made = grown(w->made, w->n_changes, &w->changes_room,
			sizeof(struct file *));
	w->made[w->n_changes] = made;
	w->changes[w->n_changes++] = r;
	folder_change(&w->now, r, made);
}

static void
on_folder_sync(struct walker *w)
{
	w->synced = w->now;
	w->n_changes = 0;
}

static void
on_write(struct walker *w, const struct disk_record *r)
{
	struct file *f = folder_find(&w->now, r->name);

	if (!f)
		return; /* to a file that has no name any more */
	f->pending = grown(f->pending, f->n_pending, &f->room,
			   sizeof(f->pending[0]));
	f->pending[f->n_pending++] = r;
}

static void
on_sync(struct walker *w, const struct disk_record *r)
{
	struct file *f = folder_find(&w->now, r->name);

	for (size_t i = 0; f && i < f->n_pending; i++) {
		if (r->op == DISK_SYNC)
			apply(&f->synced, f->pending[i]);
		else
			apply_maybe(w, &f->synced, f->pending[i], TORN);
	}
	if (f)
		f->n_pending = 0;
}

/* ---- what the program knew --------------------------------------------- */

static struct known *
event_of(struct facts *facts, int64_t event)
{
	int64_t room = facts->room;

	while (event >= facts->room)
		facts->room = facts->room ? facts->room * 2 : 1024;
	if (room < facts->room) {
		facts->events = xrealloc(facts->events,
					 (size_t)facts->room *
						 sizeof(facts->events[0]));
		memset(facts->events + room, 0,
		       (size_t)(facts->room - room) * sizeof(facts->events[0]));
	}
	return &facts->events[event];
}

static void
on_mark(struct facts *facts, const struct disk_mark *mark)
{
	uint8_t bit = (uint8_t)(1u << (mark->channel & 7));

	switch ((enum disk_fact)mark->fact) {
	case MARK_OPENED:
		facts->generation = mark->event;
		break;
	case MARK_KEPT:
		event_of(facts, mark->event)->kept = (uint8_t)mark->n;
		if (mark->event > facts->last)
			facts->last = mark->event;
		facts->acknowledged++;
		break;
	case MARK_SETTLE:
		event_of(facts, mark->event)->settle |= bit;
		break;
	case MARK_SETTLED:
		event_of(facts, mark->event)->settled |= bit;
		facts->acknowledged++;
		break;
	case MARK_PRUNE:
		if (mark->event > facts->pruned)
			facts->pruned = mark->event;
		break;
	}
}

static void
step(struct walker *w, const struct disk_record *r)
{
	struct disk_mark mark;

	switch ((enum disk_op)r->op) {
	case DISK_CREATE:
	case DISK_UNLINK:
	case DISK_RENAME:
		on_folder_change(w, r);
		break;
	case DISK_WRITE:
	case DISK_TRUNCATE:
		on_write(w, r);
		break;
	case DISK_SYNC:
	case DISK_SYNC_FAILED:
		on_sync(w, r);
		break;
	case DISK_SYNC_FOLDER:
		on_folder_sync(w);
		break;
	case DISK_MARK:
		memcpy(&mark, data_of(r), sizeof(mark));
		on_mark(&w->facts, &mark);
		break;
	}
}

/* ---- one state --------------------------------------------------------- */

/* What is not there now; what is there is written over, which is faster. */
static void
clear(const char *path, const struct folder *folder)
{
	static const char *const names[] = { "test.db", "test.db-wal",
					     "test.db-journal", "test.db-shm",
					     "test.db.lock" };
	char name[256];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (folder_find(folder, names[i]))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, names[i]);
		(void)unlink(name); /* mostly it is not there */
	}
}

static void
make_file(struct walker *w, const char *name, const struct file *f,
	  enum mode mode)
{
	struct image *image = &w->scratch;
	char path[256];

	image_copy(image, &f->synced);
	for (size_t i = 0; i < f->n_pending; i++)
		apply_maybe(w, image, f->pending[i], mode);
	snprintf(path, sizeof(path), "%s/%s", w->path, name);

	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 ||
	    write(fd, image->data, image->size) != (ssize_t)image->size ||
	    ftruncate(fd, (off_t)image->size) < 0) {
		perror(path);
		abort();
	}
	close(fd);
}

static void
make_files(struct walker *w)
{
	enum mode mode = (enum mode)(random_next(w) % MODES);
	size_t changes = random_next(w) % (w->n_changes + 1);
	struct folder folder = w->synced;

	if (mode == NOTHING)
		changes = 0;
	if (mode == EVERYTHING)
		changes = w->n_changes;
	for (size_t i = 0; i < changes; i++)
		folder_change(&folder, w->changes[i], w->made[i]);
	clear(w->path, &folder);
	for (size_t i = 0; i < folder.n; i++)
		make_file(w, folder.files[i].name, folder.files[i].file, mode);
}

static void __attribute__((format(printf, 2, 3)))
complain(struct walker *w, const char *fmt, ...)
{
	va_list ap;

	if (w->complaints++ >= COMPLAINTS)
		return;
	printf("# state %lu: ", w->state);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

struct found {
	struct walker *w;
	int64_t event;
	const struct known *known;
	int deliveries;
	const char *wrong;
};

static void
check_event(void *arg, const struct event_row *row)
{
	struct found *found = arg;
	char text[SCRIPT_TEXT_MAX];

	script_text(row->id, text);
	if (!row->text || strcmp(row->text, text) != 0)
		found->wrong = "has another text";
}

static void
check_delivery(void *arg, const struct delivery_row *row)
{
	struct found *found = arg;
	uint8_t bit = (uint8_t)(1u << (row->channel & 7));

	found->deliveries++;
	if (row->state < DELIVERY_CONFIRMED && (found->known->settled & bit))
		found->wrong = "has lost a settlement";
	if (row->state >= DELIVERY_CONFIRMED && !(found->known->settle & bit))
		found->wrong = "is settled and was never told to be";
}

struct part {
	int64_t event, channel;
	int n;
};

static void
check_part(void *arg, const char *native_id)
{
	struct part *part = arg;
	char id[48];

	script_id(part->event, part->channel, id);
	part->n += strcmp(native_id, id) == 0;
}

static void
check_parts(struct db *db, struct found *found)
{
	struct part part = { found->event, 0, 0 };

	for (part.channel = 1; part.channel < 8; part.channel++) {
		if (!(found->known->settled & (1u << part.channel)))
			continue;
		part.n = 0;
		if (event_native_ids(db, part.event, part.channel, 0,
				     check_part, &part) ||
		    part.n != 1)
			found->wrong = "has lost the id of a delivery";
	}
}

static bool
is_gone_by_right(const struct facts *facts, int64_t event)
{
	const struct known *known = &facts->events[event];

	return event < facts->pruned &&
	       __builtin_popcount(known->settle) >= known->kept;
}

/* How many of the acknowledged rows are missing or wrong. */
static unsigned
count_lost(struct walker *w, struct db *db)
{
	const struct facts *facts = &w->facts;
	unsigned lost = 0;

	for (int64_t id = 1; id <= facts->last; id++) {
		struct found found = { w, id, &facts->events[id], 0, NULL };

		if (!found.known->kept || is_gone_by_right(facts, id))
			continue;
		if (event_get(db, id, check_event, &found))
			found.wrong = "is lost";
		else if (delivery_each(db, id, check_delivery, &found))
			found.wrong = "cannot be read";
		else if (!found.wrong && found.deliveries != found.known->kept)
			found.wrong = "has lost a delivery";
		if (!found.wrong)
			check_parts(db, &found);
		if (found.wrong)
			complain(w, "event %lld %s", (long long)id,
				 found.wrong);
		lost += found.wrong != NULL;
	}
	if (event_last_id(db) < facts->last) {
		complain(w, "number %lld would be used again",
			 (long long)facts->last);
		lost++;
	}
	if (db_generation(db) <= facts->generation) {
		complain(w, "generation %lld is counted again",
			 (long long)facts->generation);
		lost++;
	}
	return lost;
}

static void
check(struct walker *w)
{
	struct error err = { "" };
	char path[256];

	snprintf(path, sizeof(path), "%s/test.db", w->path);

	struct db *db = db_open(path, DB_WRITER, &err);

	w->sums->states++;
	/* Moving the log into the database is only work. */
	if (db)
		sqlite3_db_config(db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
				  NULL);
	if (!db || db_check(db, &err)) {
		complain(w, "%s", err.text);
		w->sums->corrupt++;
	} else {
		w->sums->lost += count_lost(w, db);
	}
	db_close(db);
}

/* ---- all of them ------------------------------------------------------- */

struct place {
	size_t record;
	unsigned long state;
};

static int
by_record(const void *a, const void *b)
{
	const struct place *x = a;
	const struct place *y = b;

	return x->record < y->record ? -1 : x->record > y->record;
}

static uint64_t
dice_of(uint64_t seed, uint64_t state)
{
	struct walker w = { .random = seed ^ (state + 1) * 0x2545f4914f6cdd1d };

	return random_next(&w);
}

/* Each state has its own dice, the walk between them its own. */
static void
visit(struct walker *w, unsigned long state, uint64_t dice)
{
	uint64_t walk = w->random;

	w->state = state;
	w->random = dice;
	make_files(w);
	check(w);
	if (w->keep) {
		w->random = dice; /* as they were before anybody opened them */
		make_files(w);
	}
	w->random = walk;
}

struct plan {
	const struct disk_record **records;
	size_t n_records, room;
	uint64_t seed;
	unsigned long states;
	long only; /* -1: all */
};

static struct place *
places_of(const struct plan *plan, unsigned walker, size_t *n)
{
	struct place *places =
		xcalloc(plan->states / WALKERS + 1, sizeof(places[0]));

	*n = 0;
	for (unsigned long i = walker; i < plan->states; i += WALKERS) {
		size_t record = dice_of(plan->seed, i) % (plan->n_records + 1);

		if (plan->only < 0 || (unsigned long)plan->only == i)
			places[(*n)++] = (struct place){ record, i };
	}
	qsort(places, *n, sizeof(places[0]), by_record);
	return places;
}

static void
walk(struct walker *w, const struct plan *plan, unsigned walker)
{
	size_t n;
	struct place *places = places_of(plan, walker, &n);
	struct place *next = places;

	w->random = dice_of(plan->seed, UINT64_MAX - walker);
	w->keep = plan->only >= 0;
	for (size_t i = 0; i <= plan->n_records; i++) {
		for (; next < places + n && next->record == i; next++)
			visit(w, next->state,
			      dice_of(plan->seed + 1, next->state));
		if (i < plan->n_records)
			step(w, plan->records[i]);
	}
	w->sums->acknowledged = w->facts.acknowledged;
	free(places);
}

static void
ignore_line(enum log_level level UNUSED, const char *where UNUSED,
	    const char *text UNUSED, void *arg UNUSED)
{
}

/* What it holds in memory is not given back: the process ends. */
static pid_t
start_walker(const struct plan *plan, unsigned walker, const char *folder,
	     struct sums *sums)
{
	pid_t pid = fork();
	struct walker w = { .sums = sums };

	if (pid != 0)
		return pid;
	snprintf(w.path, sizeof(w.path), "%s/%u", folder, walker);
	if (mkdir(w.path, 0700) < 0) {
		perror(w.path);
		_exit(2);
	}
	log_set_sink(ignore_line, NULL);
	walk(&w, plan, walker);
	fflush(stdout);
	_exit(0);
}

static int
read_log(struct plan *plan, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0) {
		fprintf(stderr, "replay: %s: no log\n", path);
		return -1;
	}

	size_t size = (size_t)st.st_size;
	const uint8_t *log = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	close(fd);
	if (log == MAP_FAILED)
		return -1;
	for (size_t at = 0; at + sizeof(struct disk_record) <= size;) {
		const void *there = log + at;
		const struct disk_record *r = there;

		plan->records = grown(plan->records, plan->n_records,
				      &plan->room, sizeof(plan->records[0]));
		plan->records[plan->n_records++] = r;
		at += sizeof(*r) + (r->length + 7u) / 8 * 8;
	}
	return 0;
}

static int
run(const struct plan *plan, const char *folder)
{
	struct sums *sums = mmap(NULL, sizeof(*sums), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t walkers[WALKERS];
	int broken = 0;

	if (sums == MAP_FAILED)
		return 2;
	for (unsigned i = 0; i < WALKERS; i++)
		walkers[i] = start_walker(plan, i, folder, sums);
	for (unsigned i = 0; i < WALKERS; i++) {
		int status;

		if (waitpid(walkers[i], &status, 0) < 0 || status != 0)
			broken = 2;
	}
	printf("%lu states, %lu acknowledged, %lu lost, %lu corrupt\n",
	       sums->states, sums->acknowledged, sums->lost, sums->corrupt);
	return broken ? broken : sums->lost || sums->corrupt;
}

int
main(int argc, char **argv)
{
	struct plan plan = { .only = -1 };

	if (argc < 5) {
		fputs("replay LOG FOLDER STATES SEED [STATE]\n", stderr);
		return 64;
	}
	plan.states = strtoul(argv[3], NULL, 10);
	plan.seed = strtoull(argv[4], NULL, 10);
	if (argc > 5)
		plan.only = strtol(argv[5], NULL, 10);
	if (read_log(&plan, argv[1]) < 0)
		return 2;

	int status = run(&plan, argv[2]);

	free(plan.records);
	return status;
}
