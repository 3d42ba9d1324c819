/* wavcmp - are two WAV files the same, sample by sample; and if not, where?
 *
 * wavcmp A B              0 when rate, channels and all samples are the same
 * wavcmp -s N A B         the same, but B may come up to N frames later or
 *                         earlier; prints by how many
 * wavcmp -f N SHA256 A    is that stretch of N frames in A, with nothing but
 *                         silence around it?  prints where it begins
 * wavcmp -z A B           the same, but that B may be silent for one stretch;
 *                         prints which frames of it differ: from, to
 * wavcmp -r N A B         every stretch of B that is not silent stands in A, up
 *                         to N frames later or earlier; prints where each
 *                         begins, how long it is, and by how many it is off
 * wavcmp -i A             rate, channels, frames, frames that are not silent */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "siprec/crypt.h"

enum { MAX_FILE = 1 << 30 };

struct wav {
	const char *name;
	uint8_t *bytes;
	const uint8_t *v;		/* 16-bit little-endian samples */
	uint32_t rate;
	unsigned channels;
	size_t frames;
};

static void
fail(const char *name, const char *why)
{
	fprintf(stderr, "wavcmp: %s: %s\n", name, why);
	exit(2);
}

static uint32_t
le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	    (uint32_t)p[3] << 24;
}

static uint8_t *
slurp(const char *name, size_t *n)
{
	FILE *f = fopen(name, "rb");
	uint8_t *p;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 ||
	    size > MAX_FILE)
		fail(name, "cannot read");
	rewind(f);
	p = malloc((size_t)size + 1);
	if (p == NULL || fread(p, 1, (size_t)size, f) != (size_t)size)
		fail(name, "cannot read");
	fclose(f);
	*n = (size_t)size;
	return p;
}

static void
open_wav(struct wav *w, const char *name)
{
	size_t n, off, len;

	memset(w, 0, sizeof(*w));
	w->name = name;
	w->bytes = slurp(name, &n);
	if (n < 12 || memcmp(w->bytes + 8, "WAVE", 4) != 0)
		fail(name, "not a WAV file");
	for (off = 12; off + 8 <= n; off += 8 + len + (len & 1)) {
		const uint8_t *p = w->bytes + off;

		if ((len = le32(p + 4)) > n - off - 8)
			fail(name, "a chunk is longer than the file");
		if (memcmp(p, "fmt ", 4) == 0 && len >= 16) {
			w->channels = p[10];
			w->rate = le32(p + 12);
			if (p[22] != 16)
				fail(name, "not 16 bits a sample");
		} else if (memcmp(p, "data", 4) == 0 && w->channels > 0) {
			w->v = p + 8;
			w->frames = len / 2 / w->channels;
			return;
		}
	}
	fail(name, "no samples");
}

static int
sample(const struct wav *w, size_t i)
{
	return (int16_t)(w->v[2 * i] | w->v[2 * i + 1] << 8);
}

/* How many samples of a from i on equal those of b from j on. */
static size_t
same(const struct wav *a, size_t i, const struct wav *b, size_t j, size_t n)
{
	size_t k;

	if (memcmp(a->v + 2 * i, b->v + 2 * j, 2 * n) == 0)
		return n;
	for (k = 0; k < n && sample(a, i + k) == sample(b, j + k); k++)
		;
	return k;
}

static int
compare(const struct wav *a, const struct wav *b)
{
	size_t n = a->frames < b->frames ? a->frames : b->frames, k;

	if (a->rate != b->rate || a->channels != b->channels) {
		printf("%s: %u Hz, %u channels; %s: %u Hz, %u channels\n",
		    a->name, a->rate, a->channels, b->name, b->rate,
		    b->channels);
		return 1;
	}
	k = same(a, 0, b, 0, n * a->channels);
	if (k < n * a->channels) {
		printf("sample %zu (%.6f s): %s has %d, %s has %d\n", k,
		    (double)(k / a->channels) / a->rate, a->name, sample(a, k),
		    b->name, sample(b, k));
		return 1;
	}
	if (a->frames != b->frames) {
		printf("%s has %zu frames, %s has %zu\n", a->name, a->frames,
		    b->name, b->frames);
		return 1;
	}
	return 0;
}

/* B lacks one stretch of A. */
static int
compare_hole(const struct wav *a, const struct wav *b)
{
	size_t from = 0, to = a->frames, i;

	if (a->rate != b->rate || a->channels != 1 || b->channels != 1 ||
	    a->frames != b->frames)
		return compare(a, b) | 1;
	while (from < to && sample(a, from) == sample(b, from))
		from++;
	while (to > from && sample(a, to - 1) == sample(b, to - 1))
		to--;
	for (i = from; i < to; i++)
		if (sample(b, i) != 0) {
			printf("frame %zu of %s: %d, not %d or 0\n", i,
			    b->name, sample(b, i), sample(a, i));
			return 1;
		}
	printf("%zu %zu\n", from, to);
	return 0;
}

static int
compare_shifted(const struct wav *a, const struct wav *b, long most)
{
	long s;

	for (s = 0; s <= most; s = s > 0 ? -s : -s + 1) {
		size_t i = s < 0 ? (size_t)-s : 0, j = s > 0 ? (size_t)s : 0;
		size_t n = a->frames - i < b->frames - j ?
		    a->frames - i : b->frames - j;

		if (i > a->frames || j > b->frames || a->channels != 1 ||
		    b->channels != 1)
			continue;
		if (same(a, i, b, j, n) == n) {
			printf("%ld\n", s);
			return 0;
		}
	}
	printf("%s and %s differ at every shift up to %ld\n", a->name, b->name,
	    most);
	return 1;
}

static size_t
quiet_from(const struct wav *w, size_t i)
{
	while (i < w->frames && sample(w, i) == 0)
		i++;
	return i;
}

enum { SILENCE = 400 };			/* frames that divide stretches */

/* The end of the stretch that begins at i: silence follows. */
static size_t
loud_until(const struct wav *w, size_t i)
{
	size_t quiet = 0;

	for (; i < w->frames && quiet < SILENCE; i++)
		quiet = sample(w, i) == 0 ? quiet + 1 : 0;
	return i - quiet;
}

static bool
stands_at(const struct wav *a, const struct wav *b, size_t from, size_t to,
    long off)
{
	size_t at = from + (size_t)off;

	return (off >= 0 || from >= (size_t)-off) &&
	    at + (to - from) <= a->frames &&
	    same(a, at, b, from, to - from) == to - from;
}

static int
stretches(const struct wav *a, const struct wav *b, long most)
{
	size_t from, to;
	long off;

	if (a->channels != 1 || b->channels != 1)
		return 1;
	for (to = 0; (from = quiet_from(b, to)) < b->frames;) {
		to = loud_until(b, from);
		for (off = 0; off <= most && !stands_at(a, b, from, to, off);
		    off = off > 0 ? -off : -off + 1)
			;
		if (off > most) {
			printf("%zu frames from %zu on in %s are not in %s\n",
			    to - from, from, b->name, a->name);
			return 1;
		}
		printf("%zu %zu %ld\n", from, to - from, off);
	}
	return 0;
}

static int
find(const struct wav *w, size_t n, const char *want)
{
	size_t first = quiet_from(w, 0), last = w->frames, off;
	struct sr_buf hex;
	uint8_t sha[32];

	while (last > first && sample(w, last - 1) == 0)
		last--;
	sr_buf_init(&hex, 128);
	for (off = last > n ? last - n : 0; off <= first; off++) {
		if (off + n > w->frames)
			break;
		sr_crypto_openssl.hash(SR_SHA256, (struct sr_str){
		    (const char *)w->v + 2 * off, 2 * n }, sha);
		sr_buf_drop(&hex, hex.n);
		sr_hex_add(&hex, sha, sizeof(sha));
		if (sr_streq(sr_buf_str(&hex), sr_cstr(want))) {
			printf("%.6f\n", (double)off / w->rate);
			sr_buf_free(&hex);
			return 0;
		}
	}
	printf("%s: those samples are not in it\n", w->name);
	sr_buf_free(&hex);
	return 1;
}

static int
info(const struct wav *w)
{
	size_t i, loud = 0;

	for (i = 0; i < w->frames * w->channels; i++)
		loud += sample(w, i) != 0;
	printf("%u %u %zu %zu\n", w->rate, w->channels, w->frames, loud);
	return 0;
}

int
main(int argc, char **argv)
{
	struct wav a = { 0 }, b = { 0 };
	int rc = 64;

	if (argc == 3 && strcmp(argv[1], "-i") == 0) {
		open_wav(&a, argv[2]);
		rc = info(&a);
	} else if (argc == 5 && strcmp(argv[1], "-f") == 0) {
		open_wav(&a, argv[4]);
		rc = find(&a, strtoul(argv[2], NULL, 10), argv[3]);
	} else if (argc == 5 && strcmp(argv[1], "-s") == 0) {
		open_wav(&a, argv[3]);
		open_wav(&b, argv[4]);
		rc = compare_shifted(&a, &b, strtol(argv[2], NULL, 10));
	} else if (argc == 4 && strcmp(argv[1], "-z") == 0) {
		open_wav(&a, argv[2]);
		open_wav(&b, argv[3]);
		rc = compare_hole(&a, &b);
	} else if (argc == 5 && strcmp(argv[1], "-r") == 0) {
		open_wav(&a, argv[3]);
		open_wav(&b, argv[4]);
		rc = stretches(&a, &b, strtol(argv[2], NULL, 10));
	} else if (argc == 3) {
		open_wav(&a, argv[1]);
		open_wav(&b, argv[2]);
		rc = compare(&a, &b);
	} else {
		fputs("usage: wavcmp [-s N | -r N | -z] A B | "
		    "-f N SHA256 A | -i A\n", stderr);
	}
	free(a.bytes);
	free(b.bytes);
	return rc;
}
