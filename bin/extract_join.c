/* extract_join - siprec-extract --join: the directories of one recording, of
 * two machines or of before and after, become one. */
#include "extract_join.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

void
whole_lack(struct whole *w, const struct part *p, struct sr_str file, int err)
{
	cli_warn("%s/%.*s: %s", p->path, SR_FMT(file), err == SR_ESYS ?
	    strerror(errno) : sr_strerror(err));
	w->status = cli_worst(w->status, CLI_PARTIAL);
}

void
whole_fail(struct whole *w, const char *file, int err)
{
	int why = err == SR_ESYS ? errno : 0;

	if (err == SR_OK)
		return;
	cli_warn("%s%s%s: %s", sr_joined_path(w->joined),
	    file[0] != '\0' ? "/" : "", file, why != 0 ? strerror(why) :
	    sr_strerror(err));
	w->status = cli_worst(w->status, err == SR_ENOMEM ? CLI_SYSTEM :
	    why == ENOSPC || why == EIO ? CLI_IOERR : CLI_CANTCREAT);
}

/* ---- audio ---- */

static void
look_at(struct whole *w, struct whole_stream *s)
{
	for (size_t k = 0; k < w->nparts; k++) {
		struct part_stream *t = s->of[k];
		int err;

		if (t == NULL || t->file.n == 0)
			continue;
		err = sr_splice_add(s->splice, w->parts[k].dir, t->file.p,
		    t->at, &t->from, &t->to);
		t->sounds = err == SR_OK;
		if (err != SR_OK)
			whole_lack(w, &w->parts[k], t->file, err);
	}
}

/* The stream whose sound comes last ends where the part does; others have
 * silence there that was filled up. */
static sr_time
end_of(const struct part *p)
{
	const struct part_stream *last = NULL;
	sr_time end = p->at, t;

	for (size_t i = 0; i < p->nstreams; i++) {
		const struct part_stream *s = &p->streams[i];

		if (!s->sounds)
			continue;
		end = s->to > end ? s->to : end;
		if (last == NULL || s->to - s->at > last->to - last->at)
			last = s;
	}
	if (p->end == NULL)
		return end;
	t = (last != NULL ? last->at : p->at) + p->length;
	return t > end ? t : end;
}

static int
measure(struct whole *w)
{
	for (size_t i = 0; i < w->nstreams; i++) {
		if (sr_splice_new(&w->streams[i].splice) != SR_OK)
			return SR_ENOMEM;
		look_at(w, &w->streams[i]);
	}
	for (size_t k = 0; k < w->nparts; k++) {
		struct part *p = &w->parts[k];
		sr_time end = end_of(p);

		if (p->end == NULL)
			p->length = end - p->at;
		w->length = end > w->length ? end : w->length;
	}
	return SR_OK;
}

static void
progress(const struct whole *w, size_t i)
{
	if (w->o->quiet || !cli_tty(STDERR_FILENO) || cli_tty(STDOUT_FILENO))
		return;
	if (i < w->nstreams)
		fprintf(stderr, "\rstream %zu of %zu ", i + 1, w->nstreams);
	else
		fprintf(stderr, "\r\033[K");
}

static void
write_stream(struct whole *w, size_t i)
{
	struct whole_stream *s = &w->streams[i];
	int err = sr_joined_stream(w->joined, s->label);

	if (err == SR_OK && sr_splice_rate(s->splice) > 0)
		err = sr_joined_sound(w->joined, i, s->splice, w->length);
	whole_fail(w, "", err);
	for (size_t k = 0; k < w->nparts && err == SR_OK; k++) {
		const struct part_stream *t = s->of[k];

		if (t == NULL || t->dump.n == 0)
			continue;
		err = sr_joined_dump(w->joined, i, w->parts[k].dir, t->dump.p);
		if (err == SR_EBAD)
			whole_lack(w, &w->parts[k], t->dump, err);
		else
			whole_fail(w, t->dump.p, err);
	}
}

static void
join_captures(struct whole *w)
{
	int *dirs = calloc(w->nparts, sizeof(*dirs));
	struct stat st;
	size_t n = 0;
	int err;

	for (; dirs != NULL && n < w->nparts; n++) {
		dirs[n] = w->parts[n].dir;
		if (fstatat(dirs[n], "rtp.pcap", &st, 0) != 0)
			break;
	}
	if (dirs == NULL) {
		whole_fail(w, "rtp.pcap", SR_ENOMEM);
	} else if (n == w->nparts) {
		err = sr_joined_pcap(w->joined, dirs, n);
		if (err == SR_EBAD) {
			cli_warn("rtp.pcap of a part cannot be read to its "
			    "end");
			w->status = cli_worst(w->status, CLI_PARTIAL);
		} else {
			whole_fail(w, "rtp.pcap", err);
		}
	}
	free(dirs);
}

/* ---- the whole ---- */

static void
no_memory(struct whole *w)
{
	cli_warn("out of memory");
	w->status = CLI_SYSTEM;
}

static int
make_directory(struct whole *w)
{
	int *dirs = calloc(w->nparts, sizeof(*dirs)), err;

	if (dirs == NULL)
		return SR_ENOMEM;
	for (size_t i = 0; i < w->nparts; i++)
		dirs[i] = w->parts[i].dir;
	err = sr_joined_new(&w->joined, &w->o->record, w->parts[0].first,
	    w->parts[0].session, dirs, w->nparts);
	free(dirs);
	if (err == SR_ESYS && errno == EEXIST) {
		cli_warn("%s is there already, and was not joined: name "
		    "another directory with -o", sr_joined_path(w->joined));
		w->status = CLI_CANTCREAT;
	} else if (err != SR_OK && w->joined != NULL) {
		whole_fail(w, "", err);
	}
	return err;
}

static void
join(struct whole *w)
{
	if (measure(w) != SR_OK) {
		no_memory(w);
		return;
	}
	if (!w->o->dry && make_directory(w) != SR_OK)
		return;
	for (size_t i = 0; i < w->nstreams && w->joined != NULL; i++) {
		progress(w, i);
		write_stream(w, i);
	}
	progress(w, w->nstreams);
	if (w->joined != NULL)
		join_captures(w);
	whole_tell(w);
}

static void
clear(struct whole *w)
{
	for (size_t i = 0; i < w->nstreams; i++)
		sr_splice_free(w->streams[i].splice);
	for (size_t i = 0; i < w->nparts; i++)
		part_free(&w->parts[i]);
	sr_joined_free(w->joined);
	free(w->parts);
	sr_arena_free(&w->arena);
}

static bool
is_twice(const struct whole *w)
{
	struct stat a, b;

	for (size_t i = 0; i < w->nparts; i++)
		for (size_t k = 0; k < i; k++)
			if (fstat(w->parts[i].dir, &a) == 0 &&
			    fstat(w->parts[k].dir, &b) == 0 &&
			    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
				return true;
	return false;
}

static void
fit_and_join(struct whole *w)
{
	int err;

	if (is_twice(w))
		w->status = cli_usage("a part is named twice");
	else if ((err = whole_fit(w)) == SR_OK)
		join(w);
	else if (err == SR_EBAD)
		w->status = cli_worst(w->status, CLI_NO);
	else
		no_memory(w);
}

/* A part that is missing would leave a hole that nobody asked for: then there
 * is nothing. */
int
extract_join(const struct options *o)
{
	struct whole w = { .o = o };
	size_t n = 0;
	int status;

	while (o->files[n] != NULL)
		n++;
	sr_arena_init(&w.arena, 64 << 20);
	if ((w.parts = calloc(n, sizeof(*w.parts))) == NULL)
		no_memory(&w);
	for (; w.parts != NULL && w.nparts < n; w.nparts++)
		w.status = cli_worst(w.status, part_read(&w.parts[w.nparts],
		    o->files[w.nparts]));
	if (w.status <= CLI_PARTIAL)
		fit_and_join(&w);
	status = w.status;
	clear(&w);
	return cli_worst(status, cli_stdout());
}
