/* joined - a directory made from the parts of one recording, with all that
 * the recorder's own directories have. */
#include "priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_LINE = 65536 };

struct sr_joined {
	struct sr_recorder recorder;	/* what files are told by */
	struct rec_session s;
};

/* ---- where it may be made ---- */

static bool
is_one_of(int dir, const int *parts, size_t n)
{
	struct stat a, b;

	if (fstat(dir, &a) != 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (fstat(parts[i], &b) != 0 ||
		    (a.st_dev == b.st_dev && a.st_ino == b.st_ino))
			return true;
	return false;
}

/* Its log says in its first line whether it was put together before. */
static bool
was_joined(int dir)
{
	char *head = malloc(FIRST_LINE);
	int fd = openat(dir, "session.jsonl", O_RDONLY | O_CLOEXEC);
	ssize_t n = head != NULL && fd >= 0 ? read(fd, head, FIRST_LINE) : 0;
	struct sr_str text = { head, n > 0 ? (size_t)n : 0 }, line;
	bool joined = sr_strline(&text, &line) &&
	    sr_strfind(line, SR_STR(",\"joined\":")) < line.n;

	if (fd >= 0)
		close(fd);
	free(head);
	return joined;
}

static bool
may_empty(const char *path, const int *parts, size_t n)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ours = dir >= 0 && was_joined(dir) && !is_one_of(dir, parts, n);

	if (dir >= 0)
		close(dir);
	return ours;
}

static int
make_dir(struct sr_joined *j, sr_time begin, struct sr_str id,
    const int *parts, size_t n)
{
	struct rec_session *s = &j->s;
	int err;

	j->recorder.cfg.serving = true;		/* touches nothing */
	err = files_session_dir(s, begin, id, false);
	if (err != SR_ESYS || errno != EEXIST || s->path == NULL)
		return err;
	if (!may_empty(s->path, parts, n)) {
		errno = EEXIST;
		return SR_ESYS;
	}
	j->recorder.cfg.serving = false;
	free(s->path);
	s->path = NULL;
	return files_session_dir(s, begin, id, false);
}

int
sr_joined_new(struct sr_joined **jp, const struct sr_record_cfg *cfg,
    sr_time begin, struct sr_str id, const int *parts, size_t nparts)
{
	struct sr_joined *j = sr_zalloc(sizeof(*j));

	*jp = j;
	if (j == NULL)
		return SR_ENOMEM;
	j->recorder.cfg = *cfg;
	j->s.recorder = &j->recorder;
	j->s.dir = -1;
	j->s.streams_end = &j->s.streams;
	sr_arena_init(&j->s.arena, 16 << 20);
	return make_dir(j, begin, id, parts, nparts);
}

const char *
sr_joined_path(const struct sr_joined *j)
{
	return j->s.path != NULL ? j->s.path : j->recorder.cfg.dir;
}

int
sr_joined_put(struct sr_joined *j, const char *name, struct sr_str bytes)
{
	return files_append(j->s.dir, name, bytes);
}

/* ---- streams ---- */

int
sr_joined_stream(struct sr_joined *j, struct sr_str label)
{
	struct rec_session *s = &j->s;
	struct rec_stream *t = sr_arena_alloc(&s->arena, sizeof(*t));

	if (t == NULL)
		return SR_ENOMEM;
	t->session = s;
	t->index = s->nstreams++;
	t->label = sr_arena_dup(&s->arena, label);
	*s->streams_end = t;
	s->streams_end = &t->next;
	return SR_OK;
}

static struct rec_stream *
stream_of(struct sr_joined *j, size_t i)
{
	struct rec_stream *t = j->s.streams;

	while (i-- > 0)
		t = t->next;
	return t;
}

int
sr_joined_sound(struct sr_joined *j, size_t stream, struct sr_splice *s,
    sr_time length)
{
	struct rec_stream *t = stream_of(j, stream);

	if ((t->file = files_name(&j->s, t->label, ".wav")) == NULL)
		return SR_ENOMEM;
	t->rate = sr_splice_rate(s);
	t->channels = sr_splice_channels(s);
	j->s.length = length;
	return sr_splice_write(s, j->s.dir, t->file, length);
}

int
sr_joined_dump(struct sr_joined *j, size_t stream, int dir, const char *name)
{
	struct rec_stream *t = stream_of(j, stream);

	if (t->dump_file == NULL && (t->dump_file = files_name(&j->s,
	    t->label, ".rtpdump")) == NULL)
		return SR_ENOMEM;
	return dump_append(j->s.dir, t->dump_file, dir, name);
}

int
sr_joined_pcap(struct sr_joined *j, const int *dirs, size_t n)
{
	return pcap_join(j->s.dir, dirs, n);
}

/* ---- the end ---- */

static int
tell(struct sr_joined *j, struct rec_stream *t, struct sr_end_file *f)
{
	const char *file = t->file != NULL ? t->file : t->dump_file;
	uint64_t frames;

	if (file == NULL)
		return SR_OK;
	f->file = sr_cstr(file);
	f->rate = t->file != NULL ? t->rate : 0;
	f->duration = j->s.length;
	if (f->rate > 0) {
		frames = (uint64_t)((double)j->s.length * f->rate / 1e9 + 0.5);
		f->duration = (sr_time)((double)frames * 1e9 / f->rate + 0.5);
	}
	return files_sha256(j->recorder.cfg.crypto, j->s.dir, file, f->sha256);
}

int
sr_joined_finish(struct sr_joined *j, const struct sr_doc *doc,
    struct sr_end_file *v)
{
	struct rec_session *s = &j->s;
	int err = SR_OK;

	mix_order(s, doc);
	if (j->recorder.cfg.mix != SR_MIX_NONE)
		err = mix_session(s);
	for (struct rec_stream *t = s->streams; t != NULL; t = t->next) {
		int e = t->file != NULL ? convert_file(s, &t->file) : SR_OK;

		if (e == SR_OK)
			e = tell(j, t, &v[t->index]);
		err = err == SR_OK ? e : err;
	}
	return err;
}

void
sr_joined_free(struct sr_joined *j)
{
	if (j == NULL)
		return;
	for (struct rec_stream *t = j->s.streams; t != NULL; t = t->next) {
		free(t->file);
		free(t->dump_file);
	}
	if (j->s.dir >= 0)
		close(j->s.dir);
	free(j->s.path);
	free(j->s.mix_file);
	sr_arena_free(&j->s.arena);
	free(j);
}
