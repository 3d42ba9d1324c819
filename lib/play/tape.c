/* tape - a sound, encoded: once for a loop that thousands of streams play, or
 * payload by payload for one of them. */
#include "siprec/play.h"

#include <stdlib.h>
#include <string.h>

#include "play/priv.h"

enum {
	PTIME_MAX = 200,
	HOUR = 3600,
	QUIET = 66			/* -dBov: a peak of 16 */
};
#define DATA_MAX ((size_t)1 << 30)

struct sr_tape {
	int users;			/* atomic */
	struct sr_format format;
	char *text;			/* name and fmtp */
	unsigned ptime;
	size_t frames, samples;		/* of a payload */
	struct sr_buf data;
	/* A loop: where payload k begins, and count ends; how loud it is. */
	size_t count;
	uint32_t *at;
	uint8_t *level;
	/* No loop: payload k - 1 is in data. */
	uint64_t k;
	uint8_t last_level;
	bool over;
	int err;
	struct reader reader;
	const struct sr_codec *codec;
	void *state;
	bool open;
};

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t t = a % b;

		a = b;
		b = t;
	}
	return a;
}

static int
copy_format(struct sr_tape *t, const struct sr_format *f)
{
	struct sr_str name = f->name, fmtp = f->fmtp;

	if ((t->text = malloc(name.n + fmtp.n + 1)) == NULL)
		return SR_ENOMEM;
	t->format = *f;
	if (name.n > 0)
		memcpy(t->text, name.p, name.n);
	if (fmtp.n > 0)
		memcpy(t->text + name.n, fmtp.p, fmtp.n);
	t->format.name = (struct sr_str){ t->text, name.n };
	if (fmtp.p != NULL)
		t->format.fmtp =
		    (struct sr_str){ t->text + name.n, fmtp.n };
	return SR_OK;
}

/* In steps of 6 dB, rounded up in loudness: RFC 3389 needs no more. */
static uint8_t
loudness(const int16_t *v, size_t n)
{
	unsigned peak = 0, level = 90;

	for (size_t i = 0; i < n; i++)
		if ((unsigned)abs(v[i]) > peak)
			peak = (unsigned)abs(v[i]);
	if (peak == 0)
		return 127;
	for (unsigned size = 1; size < peak && level > 0; size *= 2)
		level -= 6;
	return (uint8_t)level;
}

/* Encodes the next stretch of the sound behind what data has. */
static int
encode(struct sr_tape *t, bool blank)
{
	int16_t pcm[SR_MAX_SAMPLES];

	if (blank)
		memset(pcm, 0, t->samples * sizeof(*pcm));
	else if (!sr_reader_read(&t->reader, pcm, t->frames))
		t->over = true;
	if (t->over && !blank)
		return SR_ENOENT;
	t->last_level = loudness(pcm, t->samples);
	return t->codec->encode(t->state, pcm, t->samples, &t->data);
}

/* How many payloads make a loop without a seam. */
static int
count_loop(struct sr_tape *t, sr_time loop)
{
	uint64_t unit = t->frames, rate = t->reader.rate, want, n;

	if (loop < 0 || loop > HOUR * SR_SEC)
		return SR_ELIMIT;
	want = (uint64_t)loop * rate / SR_SEC;
	if (t->reader.sound.kind == SR_SOUND_TONE) {
		uint64_t period = rate / gcd(t->reader.sound.hz, rate);

		unit = unit / gcd(unit, period) * period;
	}
	n = (want + unit - 1) / unit * unit;
	if (n > HOUR * rate)
		return SR_ELIMIT;
	t->count = n / t->frames;
	return SR_OK;
}

/* A codec with a memory goes round a tone twice, so that the end of the tape
 * runs into its beginning. */
static int
warm_up(struct sr_tape *t)
{
	int err = SR_OK;

	if (t->reader.sound.kind != SR_SOUND_TONE ||
	    t->format.id == SR_CODEC_PCMU || t->format.id == SR_CODEC_PCMA ||
	    t->format.id == SR_CODEC_L16)
		return SR_OK;
	for (size_t i = 0; i < t->count && err == SR_OK; i++) {
		err = encode(t, false);
		t->data.n = 0;
	}
	return err;
}

static int
make_loop(struct sr_tape *t, sr_time loop)
{
	int err;

	if ((err = count_loop(t, loop)) != SR_OK || (err = warm_up(t)) != SR_OK)
		return err;
	t->at = calloc(t->count + 1, sizeof(*t->at));
	t->level = calloc(t->count, 1);
	if (t->at == NULL || t->level == NULL)
		return SR_ENOMEM;
	for (size_t k = 0; k < t->count; k++) {
		if ((err = encode(t, false)) != SR_OK)
			return err;
		t->at[k + 1] = (uint32_t)t->data.n;
		t->level[k] = t->last_level;
	}
	t->codec->close(t->state);
	t->open = false;
	return SR_OK;
}

/* Whether the codec makes packets of this length: it is asked, with silence,
 * in a state that is thrown away. */
static int
try_codec(struct sr_tape *t)
{
	uint32_t rate = sr_codec_rate(&t->format);
	uint8_t channels = sr_codec_channels(&t->format);
	int err;

	if ((t->codec = sr_codec_find(t->format.id)) == NULL ||
	    t->ptime == 0 || t->ptime > PTIME_MAX || rate == 0 ||
	    (uint64_t)rate * t->ptime % 1000 != 0 ||
	    (uint64_t)t->format.clock * t->ptime % 1000 != 0)
		return SR_EUNSUP;
	t->frames = (size_t)rate * t->ptime / 1000;
	t->samples = t->frames * channels;
	if (t->samples > SR_MAX_SAMPLES)
		return SR_EUNSUP;
	if ((err = t->codec->open(&t->state, &t->format)) != SR_OK)
		return err;
	err = encode(t, true);
	t->data.n = 0;
	t->codec->close(t->state);
	if (err == SR_EBAD)
		return SR_EUNSUP;
	if (err == SR_OK &&
	    (err = t->codec->open(&t->state, &t->format)) == SR_OK)
		t->open = true;
	return err;
}

int
sr_tape_new(struct sr_tape **tp, const struct sr_tape_cfg *cfg)
{
	struct sr_tape *t;
	int err;

	if (cfg->loop != 0 && cfg->sound.kind == SR_SOUND_READ)
		return SR_EBAD;
	if ((t = sr_zalloc(sizeof(*t))) == NULL)
		return SR_ENOMEM;
	t->users = 1;
	t->ptime = cfg->ptime;
	sr_buf_init(&t->data, DATA_MAX);
	if ((err = copy_format(t, &cfg->format)) != SR_OK ||
	    (err = try_codec(t)) != SR_OK)
		goto out;
	sr_reader_init(&t->reader, &cfg->sound, sr_codec_rate(&t->format),
	    sr_codec_channels(&t->format));
	if (cfg->loop != 0 && (err = make_loop(t, cfg->loop)) != SR_OK)
		goto out;
	*tp = t;
	t = NULL;
out:
	sr_tape_free(t);
	return err;
}

struct sr_tape *
sr_tape_hold(struct sr_tape *t)
{
	__atomic_add_fetch(&t->users, 1, __ATOMIC_RELAXED);
	return t;
}

void
sr_tape_free(struct sr_tape *t)
{
	if (t == NULL || __atomic_sub_fetch(&t->users, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	if (t->open)
		t->codec->close(t->state);
	sr_buf_free(&t->data);
	free(t->at);
	free(t->level);
	free(t->text);
	free(t);
}

const struct sr_format *
sr_tape_format(const struct sr_tape *t)
{
	return &t->format;
}

unsigned
sr_tape_ptime(const struct sr_tape *t)
{
	return t->ptime;
}

size_t
sr_tape_count(const struct sr_tape *t)
{
	return t->count;
}

uint32_t
sr_tape_ticks(const struct sr_tape *t)
{
	return t->format.clock / 1000 * t->ptime +
	    t->format.clock % 1000 * t->ptime / 1000;
}

int
sr_tape_error(const struct sr_tape *t)
{
	return t->err;
}

struct sr_str
sr_tape_blank(struct sr_tape *t)
{
	t->data.n = 0;
	if ((t->err = encode(t, true)) != SR_OK)
		return (struct sr_str){ NULL, 0 };
	return sr_buf_str(&t->data);
}

/* What nobody asked for was said all the same: it is skipped, not kept. */
static void
skip_to(struct sr_tape *t, uint64_t k)
{
	int16_t pcm[SR_MAX_SAMPLES];

	for (; t->k < k && !t->over; t->k++)
		if (!sr_reader_read(&t->reader, pcm, t->frames))
			t->over = true;
}

struct sr_str
sr_tape_payload(struct sr_tape *t, uint64_t k)
{
	if (t->count > 0) {
		k %= t->count;
		return (struct sr_str){ t->data.p + t->at[k],
		    t->at[k + 1] - t->at[k] };
	}
	if (k + 1 == t->k && !t->over)
		return sr_buf_str(&t->data);
	skip_to(t, k);
	t->data.n = 0;
	if (!t->over && t->err == SR_OK && k == t->k) {
		t->k++;
		t->err = encode(t, false);
		if (t->err == SR_OK)
			return sr_buf_str(&t->data);
		if (t->err == SR_ENOENT)
			t->err = SR_OK;
	}
	return (struct sr_str){ NULL, 0 };
}

uint8_t
sr_tape_level(const struct sr_tape *t, uint64_t k)
{
	return t->count > 0 ? t->level[k % t->count] : t->last_level;
}

bool
sr_tape_silent(const struct sr_tape *t, uint64_t k)
{
	return sr_tape_level(t, k) >= QUIET;
}

size_t
sr_tape_pcm(const struct sr_tape *t, uint64_t k, int16_t *out)
{
	struct sr_str payload;
	void *state;
	size_t n = 0;

	if (t->count == 0 || (t->format.id != SR_CODEC_PCMU &&
	    t->format.id != SR_CODEC_PCMA && t->format.id != SR_CODEC_L16))
		return 0;
	k %= t->count;
	payload = (struct sr_str){ t->data.p + t->at[k],
	    t->at[k + 1] - t->at[k] };
	if (t->codec->open(&state, &t->format) != SR_OK)
		return 0;
	t->codec->decode(state, payload, out, &n);
	t->codec->close(state);
	return n;
}
