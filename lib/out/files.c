/* files - the directory of a session and the small files in it. */
#include "priv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PART = 32 * 1024 };		/* of a file, read at once */

static unsigned mode = 0600;

void
sr_record_mode(unsigned m)
{
	mode = m;
}

unsigned
files_mode(void)
{
	return mode;
}

static unsigned
dir_mode(void)
{
	return mode | 0100 | (mode & 0444) >> 2;
}

static int
put_all(int fd, struct sr_str s)
{
	while (s.n > 0) {
		ssize_t n = write(fd, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return SR_ESYS;
		s = sr_substr(s, (size_t)n, s.n);
	}
	return SR_OK;
}

/* All of it or nothing: a full disk leaves no half line behind. */
static int
put_file(int dir, const char *name, int flags, struct sr_str bytes)
{
	int fd = openat(dir, name, flags | O_WRONLY | O_CREAT | O_CLOEXEC,
	    files_mode());
	int err, why;
	off_t before;

	if (fd < 0)
		return SR_ESYS;
	before = lseek(fd, 0, SEEK_END);
	err = put_all(fd, bytes);
	why = errno;
	if (err != SR_OK && (before > 0 ? ftruncate(fd, before) :
	    unlinkat(dir, name, 0)) != 0)
		why = errno;
	if (close(fd) != 0)
		return SR_ESYS;
	errno = why;
	return err;
}

int
files_write(int dir, const char *name, struct sr_str bytes)
{
	return put_file(dir, name, O_TRUNC, bytes);
}

int
files_append(int dir, const char *name, struct sr_str bytes)
{
	return put_file(dir, name, O_APPEND, bytes);
}

/* A reader sees the old file or the new one, never half of either. */
int
files_replace(int dir, const char *name, struct sr_str bytes)
{
	char tmp[MAX_FILE_NAME + 8];
	int err;

	snprintf(tmp, sizeof(tmp), ".%s.tmp", name);
	if ((err = put_file(dir, tmp, O_TRUNC, bytes)) != SR_OK)
		return err;
	return renameat(dir, tmp, dir, name) == 0 ? SR_OK : SR_ESYS;
}

static int
make_path(char *path)
{
	for (char *p = path + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(path, dir_mode()) != 0 && errno != EEXIST)
			return SR_ESYS;
		*p = '/';
	}
	return mkdir(path, dir_mode()) == 0 || errno == EEXIST ? SR_OK :
	    SR_ESYS;
}

/* Is it ours?  Then its log says so in its first line. */
static bool
written_by_us(int dir)
{
	static const char first[] = "{\"v\":1,\"event\":\"begin\"";
	char head[sizeof(first) - 1];
	int fd = openat(dir, "session.jsonl", O_RDONLY | O_CLOEXEC);
	bool ours = fd >= 0 &&
	    read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) &&
	    memcmp(head, first, sizeof(head)) == 0;

	if (fd >= 0)
		close(fd);
	return ours;
}

static bool
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int
empty(int dir)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err;
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *e;
	size_t n = 0;

	if (d == NULL)
		return SR_ESYS;
	while ((e = readdir(d)) != NULL)
		n += !is_dot(e->d_name);
	err = n == 0 || written_by_us(dir) ? SR_OK : SR_ESYS;
	rewinddir(d);
	while (err == SR_OK && (e = readdir(d)) != NULL)
		if (!is_dot(e->d_name) && unlinkat(dir, e->d_name, 0) != 0)
			err = SR_ESYS;
	closedir(d);
	if (err != SR_OK && n > 0)
		errno = EEXIST;
	return err;
}

static int
parent_of(const struct sr_record_cfg *cfg, sr_time start, char *path,
    size_t size)
{
	time_t seconds = (time_t)(start / SR_SEC);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	if (strftime(path, size, cfg->dir, &tm) == 0)
		return errno = ENAMETOOLONG, SR_ESYS;
	return SR_OK;
}

static int
path_of(const struct sr_record_cfg *cfg, sr_time begin, struct sr_str name,
    char *path, size_t size)
{
	char parent[1024];

	if (parent_of(cfg, begin, parent, sizeof(parent)) != SR_OK)
		return SR_ESYS;
	snprintf(path, size, "%s/%.*s", parent, SR_FMT(name));
	return SR_OK;
}

int
files_find(const struct sr_record_cfg *cfg, sr_time begin, struct sr_str name)
{
	char path[1400];

	return path_of(cfg, begin, name, path, sizeof(path)) == SR_OK ?
	    open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

bool
sr_record_taken(const struct sr_record_cfg *cfg, sr_time begin,
    struct sr_str name)
{
	char path[1400];
	struct stat st;

	return path_of(cfg, begin, name, path, sizeof(path)) == SR_OK &&
	    lstat(path, &st) == 0;
}

int
files_session_dir(struct rec_session *s, sr_time start, struct sr_str id,
    bool again)
{
	bool serving = s->recorder->cfg.serving, is_there;
	char parent[1024], path[1400];

	if (parent_of(&s->recorder->cfg, start, parent, sizeof(parent)) !=
	    SR_OK || make_path(parent) != SR_OK)
		return SR_ESYS;
	snprintf(path, sizeof(path), "%s/%.*s", parent, SR_FMT(id));
	if ((s->path = strdup(path)) == NULL)
		return SR_ENOMEM;
	is_there = mkdir(path, dir_mode()) != 0;
	if (is_there && (errno != EEXIST || (serving && !again)))
		return SR_ESYS;
	s->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return SR_ESYS;
	if (is_there && again && resume_begin(s) != SR_OK)
		return errno = EEXIST, SR_ESYS;
	return serving ? SR_OK : empty(s->dir);
}

static bool
taken(const struct rec_session *s, const char *name)
{
	const struct rec_stream *t;

	if (s->recorder->cfg.mix != SR_MIX_NONE &&
	    strncmp(name, "mix.", 4) == 0)
		return true;
	for (t = s->streams; t != NULL; t = t->next)
		if ((t->file != NULL && strcmp(t->file, name) == 0) ||
		    (t->dump_file != NULL && strcmp(t->dump_file, name) == 0))
			return true;
	return false;
}

/* The label is a stranger's: only what is harmless in a name stays. */
void
sr_record_name(struct sr_str label, const char *suffix, unsigned k,
    char out[static SR_FILE_NAME])
{
	char stem[100];
	size_t n = label.n < sizeof(stem) - 1 ? label.n : sizeof(stem) - 1;

	for (size_t i = 0; i < n; i++) {
		char c = label.p[i];
		bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '_' ||
		    (i > 0 && (c == '.' || c == '-'));

		stem[i] = plain ? c : '_';
	}
	if (n == 0)
		stem[n++] = '_';
	stem[n] = '\0';
	if (k < 2)
		snprintf(out, SR_FILE_NAME, "%s%s", stem, suffix);
	else
		snprintf(out, SR_FILE_NAME, "%s-%u%s", stem, k, suffix);
}

char *
files_name(const struct rec_session *s, struct sr_str label,
    const char *suffix)
{
	char name[MAX_FILE_NAME];
	unsigned k = 1;

	do
		sr_record_name(label, suffix, k++, name);
	while (taken(s, name));
	return strdup(name);
}

static void
print_hex(const uint8_t digest[32], char hex[65])
{
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

int
files_sha256(const struct sr_crypto *crypto, int dir, const char *name,
    char hex[65])
{
	char block[PART];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	void *state = fd >= 0 ? crypto->begin(SR_SHA256) : NULL;
	uint8_t digest[32];
	ssize_t n = -1;

	if (state != NULL) {
		while ((n = read(fd, block, sizeof(block))) > 0)
			crypto->update(state, (struct sr_str){ block,
			    (size_t)n });
		crypto->end(state, digest);
	}
	if (n == 0)
		print_hex(digest, hex);
	if (fd >= 0)
		close(fd);
	return n == 0 ? SR_OK : SR_ESYS;
}

int
files_sha256_pair(const struct sr_crypto *crypto, int dir,
    const char *const name[2], char *const hex[2])
{
	char block[2][PART];
	int fd[2] = { openat(dir, name[0], O_RDONLY | O_CLOEXEC),
	    openat(dir, name[1], O_RDONLY | O_CLOEXEC) };
	void *state = fd[0] >= 0 && fd[1] >= 0 && crypto->pair_begin != NULL ?
	    crypto->pair_begin() : NULL;
	uint8_t digest[2][32];
	ssize_t n[2] = { -1, -1 };

	while (state != NULL && (n[0] = read(fd[0], block[0], PART)) >= 0 &&
	    (n[1] = read(fd[1], block[1], PART)) >= 0 && n[0] + n[1] > 0)
		crypto->pair_update(state,
		    (struct sr_str){ block[0], (size_t)n[0] },
		    (struct sr_str){ block[1], (size_t)n[1] });
	if (state != NULL)
		crypto->pair_end(state, digest[0], digest[1]);
	for (int i = 0; i < 2; i++) {
		if (n[0] == 0 && n[1] == 0)
			print_hex(digest[i], hex[i]);
		if (fd[i] >= 0)
			close(fd[i]);
	}
	return n[0] == 0 && n[1] == 0 ? SR_OK : SR_MORE;
}
