/* replay_media - what the streams of a call send. */
#include "replay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "siprec/crypt.h"

enum { TONE_PEAK = 8000 };
#define TONE_LOOP SR_SEC
#define SPEECH_LOOP (20 * SR_SEC)
#define DIGIT_AT SR_SEC
#define DIGIT_STEP (200 * SR_MSEC)
#define DIGIT_LONG (100 * SR_MSEC)

struct kept_tape {
	struct kept_tape *next;
	struct sr_tape_cfg cfg;
	struct sr_tape *tape;
};
struct reader {				/* of the samples of a WAV file */
	struct reader *next;
	int16_t *pcm;
	size_t frames, at;
	uint8_t channels;
};
struct studio {
	const struct options *o;
	struct kept_tape *tapes;	/* loops, shared by all calls */
	struct reader *readers;
	pthread_mutex_t lock;		/* the pacer's thread asks too */
};

struct studio *
studio_new(const struct options *o)
{
	struct studio *s = sr_zalloc(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->o = o;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void
studio_free(struct studio *s)
{
	struct kept_tape *k;
	struct reader *r;

	if (s == NULL)
		return;
	while ((k = s->tapes) != NULL) {
		s->tapes = k->next;
		sr_tape_free(k->tape);
		free(k);
	}
	while ((r = s->readers) != NULL) {
		s->readers = r->next;
		free(r->pcm);
		free(r);
	}
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- tapes ---- */

static bool
same_tape(const struct sr_tape_cfg *a, const struct sr_tape_cfg *b)
{
	return a->format.id == b->format.id && a->format.pt == b->format.pt &&
	    a->format.clock == b->format.clock && a->ptime == b->ptime &&
	    a->format.channels == b->format.channels &&
	    sr_streq(a->format.fmtp, b->format.fmtp) &&
	    a->sound.kind == b->sound.kind && a->sound.hz == b->sound.hz &&
	    a->sound.seed == b->sound.seed && a->loop == b->loop;
}

static struct sr_tape *
loop_locked(struct studio *s, const struct sr_tape_cfg *cfg)
{
	struct kept_tape *k = s->tapes;

	while (k != NULL && !same_tape(&k->cfg, cfg))
		k = k->next;
	if (k != NULL)
		return sr_tape_hold(k->tape);
	if ((k = sr_zalloc(sizeof(*k))) == NULL)
		return NULL;
	k->cfg = *cfg;
	if (sr_tape_new(&k->tape, cfg) != SR_OK) {
		free(k);
		return NULL;
	}
	k->cfg.format = *sr_tape_format(k->tape);
	k->next = s->tapes;
	s->tapes = k;
	return sr_tape_hold(k->tape);
}

static struct sr_tape *
loop(struct studio *s, const struct sr_tape_cfg *cfg)
{
	struct sr_tape *t;

	pthread_mutex_lock(&s->lock);
	t = loop_locked(s, cfg);
	pthread_mutex_unlock(&s->lock);
	return t;
}

static size_t
read_pcm(void *arg, int16_t *out, size_t frames)
{
	struct reader *r = arg;
	size_t n = r->frames - r->at < frames ? r->frames - r->at : frames;

	memcpy(out, r->pcm + r->at * r->channels,
	    n * r->channels * sizeof(*out));
	r->at += n;
	return n;
}

/* The samples of a file at the rate and with the channels of a codec. */
static struct reader *
reader_new(struct studio *s, const struct sound *snd, uint32_t rate,
    uint8_t channels, sr_time skip)
{
	struct sr_resampler *rs = NULL;
	struct reader *r = sr_zalloc(sizeof(*r));
	struct sr_buf out;
	int err = r != NULL ? SR_OK : SR_ENOMEM;

	sr_buf_init(&out, SIZE_MAX / 4);
	if (err == SR_OK && rate != snd->rate)
		err = sr_resampler_new(&rs, snd->rate, rate, 1);
	if (err == SR_OK && rs != NULL) {
		err = sr_resampler_put(rs, snd->pcm, snd->frames, &out);
		err = err == SR_OK ? sr_resampler_finish(rs, &out) : err;
	} else if (err == SR_OK) {
		err = sr_buf_add(&out, (struct sr_str){ (char *)snd->pcm,
		    snd->frames * sizeof(int16_t) });
	}
	sr_resampler_free(rs);
	if (err == SR_OK) {
		r->frames = out.n / sizeof(int16_t);
		r->channels = channels;
		if (skip > 0)
			r->at = (size_t)(skip / 1000000 * rate / 1000);
		if (r->at > r->frames)
			r->at = r->frames;
		r->pcm = malloc((r->frames * channels + 1) * sizeof(int16_t));
		for (size_t i = 0; r->pcm != NULL && i < r->frames * channels;
		    i++)
			memcpy(&r->pcm[i], out.p + i / channels *
			    sizeof(int16_t), sizeof(int16_t));
		r->next = s->readers;
		s->readers = r;
	} else {
		free(r);
		r = NULL;
	}
	sr_buf_free(&out);
	return r;
}

static struct sr_tape *
tape_of(struct studio *s, const struct sound *snd,
    const struct sr_run_line *l)
{
	struct sr_tape_cfg cfg = { .format = *l->format, .ptime = l->ptime };
	struct sr_tape *t;

	/* What nobody knows is sent all the same: it has to be kept. */
	if (cfg.format.id == SR_CODEC_UNKNOWN) {
		cfg.format.id = SR_CODEC_PCMU;
		cfg.format.name = SR_STR("PCMU");
	}

	switch (snd->kind) {
	case SOUND_TONE:
		cfg.sound = (struct sr_sound){ .kind = SR_SOUND_TONE,
		    .hz = snd->hz, .peak = TONE_PEAK };
		cfg.loop = TONE_LOOP;
		return loop(s, &cfg);
	case SOUND_SPEECH:
		cfg.sound = (struct sr_sound){ .kind = SR_SOUND_SPEECH,
		    .seed = s->o->seed + l->stream };
		cfg.loop = SPEECH_LOOP;
		return loop(s, &cfg);
	case SOUND_WAV:
		cfg.sound = (struct sr_sound){ .kind = SR_SOUND_READ,
		    .read = read_pcm, .arg = reader_new(s, snd,
		    sr_codec_rate(l->format), sr_codec_channels(l->format),
		    l->since - snd->lead) };
		if (cfg.sound.arg == NULL || sr_tape_new(&t, &cfg) != SR_OK)
			return NULL;
		return t;
	case SOUND_SILENCE:
	case SOUND_PACKETS:
		break;
	}
	cfg.sound.kind = SR_SOUND_SILENCE;
	cfg.loop = TONE_LOOP;
	return loop(s, &cfg);
}

/* ---- senders ---- */

uint64_t
stream_name(const struct sr_run_line *l)
{
	return l->call << 8 | l->leg << 7 | l->slot;
}

uint64_t
stream_seed(const struct options *o, const struct sr_run_line *l)
{
	return o->seed * 31 + stream_name(l) + ((uint64_t)l->turn << 56);
}

static uint16_t
first_seq(const struct options *o, struct sr_prng *r)
{
	uint16_t seq = (uint16_t)sr_prng_next(r);

	return o->has_seq ? o->seq : seq;
}

static int
play_packets(const struct options *o, const struct sound *snd,
    const struct sr_run_line *l, struct sr_prng *r, struct sr_play **out)
{
	size_t first = 0;
	struct sr_replay_cfg cfg = {
	    .format = snd->format, .renumber = !o->same_numbers,
	    .ssrc = (uint32_t)sr_prng_next(r), .ts = (uint32_t)sr_prng_next(r),
	    .seq = first_seq(o, r) };

	/* A stream that opens late goes on where it stands by then. */
	while (first < snd->npackets && snd->packets[first].at < l->since)
		first++;
	cfg.v = snd->packets + first;
	cfg.n = snd->npackets - first;
	cfg.zero = l->since;
	return sr_play_new_replay(out, &cfg);
}

static void
dial(const struct options *o, struct sr_play *p, const struct sr_run_line *l)
{
	sr_time at = DIGIT_AT;

	for (const char *d = o->digits; d != NULL && *d != '\0'; d++) {
		sr_play_digit(p, at, *d, DIGIT_LONG, l->digits->pt);
		at += DIGIT_STEP;
	}
}

static int
play_sound(struct studio *s, const struct sound *snd,
    const struct sr_run_line *l, struct sr_prng *r, struct sr_play **out)
{
	const struct options *o = s->o;
	struct sr_play_cfg cfg = { .ssrc = (uint32_t)sr_prng_next(r),
	    .ts = (uint32_t)sr_prng_next(r), .seq = first_seq(o, r),
	    .tape = tape_of(s, snd, l), .end = SR_NEVER, .dtx = o->dtx,
	    .cn_pt = SR_NO_PT };
	struct sr_play *p = NULL;

	if (snd->kind == SOUND_WAV && snd->lead > l->since)
		cfg.start = snd->lead - l->since;
	if (cfg.tape == NULL)
		return SR_EUNSUP;
	if (sr_play_new(&p, &cfg) == SR_OK && l->stream == 0 &&
	    l->digits != NULL)
		dial(o, p, l);
	if (p != NULL && o->ssrc_change > 0) {
		uint32_t ssrc = (uint32_t)sr_prng_next(r);

		sr_play_ssrc(p, o->ssrc_change, ssrc,
		    (uint16_t)sr_prng_next(r), (uint32_t)sr_prng_next(r));
	}
	sr_tape_free(cfg.tape);
	*out = p;
	return p != NULL ? SR_OK : SR_ENOMEM;
}

static bool
is_harmful(const struct sr_harm_cfg *h)
{
	return h->loss > 0 || h->duplicate > 0 || h->reorder > 0 ||
	    h->jitter > 0 || h->drift != 0;
}

int
studio_sender(struct studio *s, const struct piece *p,
    const struct sr_run_line *l, uint64_t seed, sr_time wall,
    struct guard *g, struct sr_sender **out)
{
	const struct sound *snd = &p->sounds[l->stream < p->nsounds ?
	    l->stream : 0];
	struct sr_sender_cfg cfg = { .play = NULL };
	struct sr_reporter_cfg rep = { .seed = seed, .wall = wall };
	struct sr_harm_cfg harm = s->o->harm;
	struct sr_prng r;
	int err = SR_OK;
	uint8_t random[12];
	char cname[SR_CNAME];

	sr_prng_init(&r, seed);
	sr_prng_fill(&r, random, sizeof(random));
	sr_cname(random, cname);
	rep.cname = sr_cstr(cname);
	if (snd->kind == SOUND_PACKETS)
		err = play_packets(s->o, snd, l, &r, &cfg.play);
	else
		err = play_sound(s, snd, l, &r, &cfg.play);
	if (err != SR_OK)
		return err;
	harm.seed = sr_prng_next(&r);
	if (is_harmful(&harm))
		sr_harm_new(&cfg.harm, &harm, sr_play_emitter(cfg.play));
	sr_reporter_new(&cfg.reporter, &rep);
	if (g != NULL) {
		cfg.arg = g;
		cfg.protect = guard_protect;
		cfg.unprotect = guard_unprotect;
	}
	return sr_sender_new(out, &cfg);
}

/* ---- orders of the script ---- */

void
studio_order(struct studio *s, struct sr_sender *to,
    const struct sr_run_line *l, const struct sr_step *act, sr_time now)
{
	struct sr_play *p = sr_sender_play(to);
	struct sr_play_numbers n;
	struct sr_tape *t;
	struct sound tone = { .kind = SOUND_TONE, .hz = 440 * (1 +
	    (uint32_t)l->stream) };

	switch (act->act) {
	case SR_MEDIA_START:
		sr_play_resume(p, now);
		break;
	case SR_MEDIA_STOP:
		sr_play_pause(p, now);
		break;
	case SR_MEDIA_FORMAT:
		if ((t = tape_of(s, &tone, l)) != NULL) {
			sr_play_tape(p, now, t);
			sr_tape_free(t);
		}
		break;
	case SR_MEDIA_SSRC:
	case SR_MEDIA_CNAME:
		sr_play_numbers(p, &n);
		sr_play_ssrc(p, now, n.ssrc * 2654435761u + 1,
		    (uint16_t)(n.seq + 7777), n.ts + 77777);
		break;
	case SR_MEDIA_DIGITS:
		for (size_t i = 0; l->digits != NULL && i < act->digits.n; i++)
			sr_play_digit(p, now + (sr_time)i * DIGIT_STEP,
			    act->digits.p[i], DIGIT_LONG, l->digits->pt);
		break;
	}
}
