/* lines - the m-lines of an offer, from words; one word is one m-line:
 *
 *	a	stream a, sendonly	a~	inactive	-	port 0
 *	a*	from a new port		a:v	video		a%main	content
 *	a!	under a new key, where there is one
 *	a=96	of this label, where the dialect has no form of its own
 *	a#21	of this label in any case
 *	a/a	PCMA is best	a/g	G.722 is	a/u	an unknown codec
 *
 * Otherwise a stream has the label that the dialect gives it. */
#include "client/priv.h"

#include <string.h>

static const struct sr_format pcmu = { .id = SR_CODEC_PCMU, .clock = 8000,
    .name = SR_STR("PCMU"), .pt = 0, .channels = 1 };
static const struct sr_format pcma = { .id = SR_CODEC_PCMA, .clock = 8000,
    .name = SR_STR("PCMA"), .pt = 8, .channels = 1 };
static const struct sr_format g722 = { .id = SR_CODEC_G722, .clock = 8000,
    .name = SR_STR("G722"), .pt = 9, .channels = 1 };
static const struct sr_format events = { .id = SR_CODEC_EVENT, .clock = 8000,
    .name = SR_STR("telephone-event"), .fmtp = SR_STR("0-15"), .pt = 101,
    .channels = 1 };
static const struct sr_format unknown = { .clock = 8000,
    .name = SR_STR("X-NOBODY"), .pt = 97, .channels = 1 };
static const struct sr_format h264 = { .clock = 90000,
    .name = SR_STR("H264"), .fmtp = SR_STR("profile-level-id=42e01f"),
    .pt = 96, .channels = 1 };

/* ---- formats ---- */

/* What lasts as long as the script. */
static bool
adopt(struct sr_script *s, struct sr_format *to, const struct sr_format *f)
{
	*to = *f;
	to->name = sr_arena_dup(&s->arena, f->name);
	if (f->fmtp.p != NULL)
		to->fmtp = sr_arena_dup(&s->arena, f->fmtp);
	return to->name.p != NULL && (f->fmtp.p == NULL || to->fmtp.p != NULL);
}

static int
choose(struct sr_script *s, const struct sr_script_cfg *cfg, char set,
    struct sr_script_line *l)
{
	const struct sr_format usual[] = { pcmu, pcma, events };
	const struct sr_format by_a[] = { pcma, pcmu, events };
	const struct sr_format by_g[] = { g722, pcmu, pcma, events };
	const struct sr_format *from = usual;
	struct sr_format *v;
	size_t n = COUNT(usual);

	if (set == 'v' || set == 'u') {
		from = set == 'v' ? &h264 : &unknown;
		n = 1;
	} else if (set == 'a') {
		from = by_a;
	} else if (set == 'g') {
		from = by_g;
		n = COUNT(by_g);
	} else if (cfg->nformats > 0) {
		from = cfg->formats;
		n = cfg->nformats;
	}
	if ((v = sr_arena_alloc(&s->arena, n * sizeof(*v))) == NULL)
		return SR_ELIMIT;
	for (size_t i = 0; i < n; i++)
		if (!adopt(s, &v[i], &from[i]))
			return SR_ELIMIT;
	l->formats = v;
	l->nformats = n;
	return SR_OK;
}

/* ---- labels ---- */

static struct sr_str
label_of(struct sr_script *s, const struct sr_script_cfg *cfg, size_t stream)
{
	enum sr_label_form form = s->dialect->labels;
	struct sr_str label;
	struct sr_buf b;

	if (stream < cfg->nlabels)
		return sr_arena_dup(&s->arena, cfg->labels[stream]);
	sr_buf_init(&b, 64);
	if (form == SR_LABELS_WORDS && stream < 2)
		sr_buf_add(&b, stream == 0 ? SR_STR("inbound") :
		    SR_STR("outbound"));
	else if (form == SR_LABELS_WORDS)
		sr_buf_fmt(&b, "leg%zu", stream + 1);
	else if (form == SR_LABELS_TENS)
		sr_buf_fmt(&b, "%zu", 10 * (stream + 1));
	else if (form == SR_LABELS_LONG)
		sr_buf_fmt(&b, "%zu", 268749245 + stream);
	else
		sr_buf_fmt(&b, "%zu",
		    stream + (form == SR_LABELS_FROM_1 ? 1 : 0));
	label = sr_arena_dup(&s->arena, sr_buf_str(&b));
	sr_buf_free(&b);
	return label;
}

/* ---- words ---- */

static struct sr_str
token(const char **p)
{
	struct sr_str t = { *p, strcspn(*p, " ~:%/*!=#") };

	*p += t.n;
	return t;
}

static int
read_line(struct sr_script *s, const struct sr_script_cfg *cfg,
    const char **p, struct sr_script_line *l)
{
	struct sr_str label;
	char set = 'd';

	l->stream = (size_t)(*(*p)++ - 'a');
	l->dir = SR_SENDONLY;
	l->ptime = cfg->ptime > 0 ? cfg->ptime : 20;
	l->proto = SR_STR("RTP/AVP");
	while (**p != '\0' && **p != ' ') {
		switch (*(*p)++) {
		case '=':
			label = token(p);
			if (s->dialect->labels == SR_LABELS_FROM_1 &&
			    l->stream >= cfg->nlabels)
				l->label = label;
			break;
		case '#':
			l->label = token(p);
			break;
		case '%':
			l->content = token(p);
			break;
		case '~':
			l->dir = SR_INACTIVE;
			break;
		case '*':
			l->moved = true;
			break;
		case '!':
			l->rekeyed = true;
			break;
		case ':':
			l->video = true;
			l->ptime = 0;
			l->proto = SR_STR("RTP/AVPF");
			set = *(*p)++;
			break;
		case '/':
			set = *(*p)++;
			break;
		default:
			return SR_EBAD;
		}
	}
	return choose(s, cfg, set, l);
}

static int
know(struct sr_script *s, const struct sr_script_cfg *cfg,
    struct sr_script_line *l)
{
	struct sr_script_stream *of;

	while (s->nstreams <= l->stream) {
		struct sr_script_stream *v = sr_arena_grow(&s->arena,
		    s->streams, s->nstreams, sizeof(*v));

		if (v == NULL || s->nstreams == SR_STREAMS_MAX)
			return SR_ELIMIT;
		s->streams = v;
		v[s->nstreams++] =
		    (struct sr_script_stream){ .person = SR_NO_STREAM };
	}
	of = &s->streams[l->stream];
	if (l->label.p == NULL)
		l->label = label_of(s, cfg, l->stream);
	if (of->label.p == NULL)
		of->label = l->label;
	of->video |= l->video;
	return l->label.p != NULL ? SR_OK : SR_ELIMIT;
}

/* A line that had a label keeps it unless it gets another. */
static void
inherit(struct sr_script_line *l, const struct lines *before, size_t slot)
{
	if (slot >= before->n || before->v[slot].stream != l->stream)
		return;
	if (l->label.p == NULL)
		l->label = before->v[slot].label;
	if (l->content.p == NULL)
		l->content = before->v[slot].content;
}

int
sr_lines_read(struct sr_script *s, const struct sr_script_cfg *cfg,
    const char *words, struct lines *inout)
{
	struct lines now = { NULL, 0 };
	int err = SR_OK;

	now.v = sr_arena_alloc(&s->arena, (strlen(words) / 2 + 1) *
	    sizeof(*now.v));
	if (now.v == NULL)
		return SR_ELIMIT;
	for (const char *p = words; *p != '\0' && err == SR_OK;
	    p += strspn(p, " "), now.n++) {
		struct sr_script_line *l = &now.v[now.n];

		if (*p == '-' && now.n < inout->n) {
			*l = inout->v[now.n];
			l->stream = SR_NO_STREAM;
			l->removed = true;
			l->dir = SR_INACTIVE;
			p++;
			continue;
		}
		if (*p < 'a' || *p > 'z')
			return SR_EBAD;
		err = read_line(s, cfg, &p, l);
		inherit(l, inout, now.n);
		if (err == SR_OK)
			err = know(s, cfg, l);
	}
	*inout = now;
	return err;
}

int
sr_lines_crowd(struct sr_script *s, const struct sr_script_cfg *cfg,
    size_t n, struct lines *out)
{
	int err = SR_OK;

	out->n = 0;
	if (n == 0 || n > SR_STREAMS_MAX)
		return SR_ELIMIT;
	out->v = sr_arena_alloc(&s->arena, n * sizeof(*out->v));
	for (; out->v != NULL && out->n < n && err == SR_OK; out->n++) {
		struct sr_script_line *l = &out->v[out->n];
		const char *a = "a";

		if ((err = read_line(s, cfg, &a, l)) != SR_OK)
			break;
		l->stream = out->n;
		err = know(s, cfg, l);
	}
	return out->v == NULL ? SR_ELIMIT : err;
}
