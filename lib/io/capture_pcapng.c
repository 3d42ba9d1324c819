/* capture_pcapng - the block format: sections, interfaces, packets, secrets
 * (draft-ietf-opsawg-pcapng). */
#include "io/priv.h"

#include <stdlib.h>
#include <string.h>

enum {
	IDB = 1, OLD_PACKET = 2, SPB = 3, EPB = 6, DSB = 10,
	SHB = 0x0a0d0d0a,
	ORDER = 0x1a2b3c4d,
	TLS_KEY_LOG = 0x544c534b,
	OPT_TSRESOL = 9, OPT_TSOFFSET = 14,
	MAX_IFACES = 65536,
	MAX_BLOCK = 16 * 1024 * 1024,	/* longer ones are damage */
	JUMP = CAP_FRAME + 1024		/* none longer is looked for */
};

/* One block in the buffer, without its head and tail. */
struct block {
	uint32_t type, total;
	const uint8_t *p;
	size_t n;
};

/* Ticks of an interface as nanoseconds; no time before 1970, none after what
 * fits. */
static sr_time
ticks(const struct cap_iface *i, uint64_t t)
{
	uint64_t unit = 1, sec, frac;
	unsigned v = i->tsresol & 0x7f;

	if ((i->tsresol & 0x80) != 0) {
		sec = v < 64 ? t >> v : 0;
		frac = v < 64 ? t - (sec << v) : t;
		if (v > 30)
			frac = v - 30 < 64 ? frac >> (v - 30) : 0;
		frac = frac * 1000000000u >> (v > 30 ? 30 : v);
	} else {
		for (unsigned k = 0; k < v && k < 19; k++)
			unit *= 10;
		sec = t / unit;
		frac = t % unit;
		frac = unit > 1000000000u ? frac / (unit / 1000000000u) :
		    frac * (1000000000u / unit);
	}
	if (i->offset > INT32_MAX || i->offset < -(int64_t)INT32_MAX ||
	    sec > UINT32_MAX || (int64_t)sec + i->offset < 0)
		return 0;
	return ((int64_t)sec + i->offset) * SR_SEC + (sr_time)frac;
}

static void
iface_options(const struct sr_capture *c, struct cap_iface *i,
    const uint8_t *p, size_t n)
{
	while (n >= 4) {
		unsigned code = cap_u16(c, p), len = cap_u16(c, p + 2);
		size_t padded = (len + 3u) & ~3u;

		if (code == 0 || padded > n - 4)
			return;
		if (code == OPT_TSRESOL && len == 1)
			i->tsresol = p[4];
		if (code == OPT_TSOFFSET && len == 8)
			i->offset = (int64_t)cap_u64(c, p + 4);
		p += 4 + padded;
		n -= 4 + padded;
	}
}

static int
iface(struct sr_capture *c, const struct block *b)
{
	struct cap_iface *v, *i;

	if (b->n < 8 || c->nifaces == MAX_IFACES)
		return cap_fail(c, SR_EBAD,
		    "before frame %llu: bad interface block", cap_at(c));
	if ((c->nifaces & (c->nifaces - 1)) == 0) {
		v = realloc(c->ifaces, (c->nifaces > 0 ? 2 * c->nifaces : 1) *
		    sizeof(*v));
		if (v == NULL)
			return cap_fail(c, SR_ENOMEM, "out of memory");
		c->ifaces = v;
	}
	i = &c->ifaces[c->nifaces++];
	*i = (struct cap_iface){ .link = cap_u16(c, b->p),
	    .snaplen = cap_u32(c, b->p + 4), .tsresol = 6 };
	iface_options(c, i, b->p + 8, b->n - 8);
	return SR_OK;
}

/* Packet blocks differ in where they keep the same things. */
static int
packet(struct sr_capture *c, const struct block *b, struct sr_frame *f)
{
	bool simple = b->type == SPB;
	size_t head = simple ? 4 : 20, caplen;
	uint32_t i = 0;

	c->num++;
	if (b->n < head)
		goto bad;
	if (!simple)
		i = b->type == EPB ? cap_u32(c, b->p) : cap_u16(c, b->p);
	if (i >= c->nifaces)
		return cap_fail(c, SR_EBAD, "frame %llu: no interface %u",
		    (unsigned long long)c->num, i);
	f->wire = cap_u32(c, b->p + (simple ? 0 : 16));
	caplen = simple ? f->wire : cap_u32(c, b->p + 12);
	if (simple && c->ifaces[i].snaplen != 0 &&
	    caplen > c->ifaces[i].snaplen)
		caplen = c->ifaces[i].snaplen;
	if (simple && caplen > b->n - head)
		caplen = b->n - head;
	if (caplen > b->n - head || caplen > CAP_FRAME)
		goto bad;
	if (!simple)
		c->last = ticks(&c->ifaces[i],
		    (uint64_t)cap_u32(c, b->p + 4) << 32 |
		    cap_u32(c, b->p + 8));
	f->link = c->ifaces[i].link;
	f->time = c->last;
	f->num = c->num;
	f->data = (struct sr_str){ (const char *)b->p + head, caplen };
	if (f->wire < caplen)
		f->wire = caplen;
	return SR_OK;
bad:
	return cap_fail(c, SR_EBAD, "frame %llu: lengths contradict",
	    (unsigned long long)c->num);
}

static void
secrets(struct sr_capture *c, const struct block *b)
{
	struct sr_str s;

	if (b->n < 8 || cap_u32(c, b->p) != TLS_KEY_LOG)
		return;
	s = sr_substr((struct sr_str){ (const char *)b->p + 8, b->n - 8 }, 0,
	    cap_u32(c, b->p + 4));
	if (sr_buf_add(&c->secrets, s) == SR_OK && s.n > 0 &&
	    s.p[s.n - 1] != '\n')
		sr_buf_addc(&c->secrets, '\n');
}

/* A section header says by itself in which order its bytes are; false when
 * the block at p cannot be one. */
static bool
section(struct sr_capture *c, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p + 8, sizeof(v));
	if (v != ORDER && v != __builtin_bswap32(ORDER))
		return false;
	c->swap = v != ORDER;
	return true;
}

/* A head that can be believed, in 12 bytes that are there; the tail, which
 * repeats the length, must be compared too. */
static bool
head(struct sr_capture *c, struct block *b)
{
	const uint8_t *p = c->buf + c->pos;

	b->type = cap_u32(c, p);
	if (b->type == SHB && !section(c, p))
		return false;
	b->total = cap_u32(c, c->buf + c->pos + 4);
	return b->total >= 12 && b->total % 4 == 0 && b->total <= MAX_BLOCK;
}

static bool
tail(struct sr_capture *c, const struct block *b)
{
	return cap_u32(c, c->buf + c->pos + b->total - 4) == b->total;
}

/* Types that are worth jumping to: a false friend would cost more frames. */
static bool
known(uint32_t type)
{
	return (type >= IDB && type <= EPB) || type == DSB || type == SHB;
}

/* After damage: the next place where a known block has a head and a tail that
 * agree. */
static int
resync(struct sr_capture *c)
{
	bool swap = c->swap;
	uint64_t skipped = 0;
	struct block b;

	while (cap_have(c, 12)) {
		c->pos++;
		skipped++;
		if (!cap_have(c, 12))
			break;
		if (head(c, &b) && known(b.type) && b.total <= JUMP &&
		    cap_have(c, b.total) && tail(c, &b))
			return cap_fail(c, SR_EBAD, "before frame %llu: "
			    "damaged, %llu bytes skipped", cap_at(c),
			    (unsigned long long)skipped);
		c->swap = swap;
	}
	skipped += c->n - c->pos;
	c->pos = c->n;
	return cap_fail(c, SR_EBAD, "before frame %llu: damaged, the last "
	    "%llu bytes cannot be read", cap_at(c),
	    (unsigned long long)skipped);
}

static int
take(struct sr_capture *c, const struct block *b, struct sr_frame *f)
{
	switch (b->type) {
	case SHB:
		c->nifaces = 0;
		return b->n < 16 ? cap_fail(c, SR_EBAD,
		    "before frame %llu: section header too short", cap_at(c)) :
		    SR_MORE;
	case IDB: {
		int err = iface(c, b);

		return err != SR_OK ? err : SR_MORE;
	}
	case EPB:
	case SPB:
	case OLD_PACKET:
		return packet(c, b, f);
	case DSB:
		secrets(c, b);
		break;
	}
	return SR_MORE;
}

/* A block longer than the buffer is none that we read. */
static int
pass(struct sr_capture *c, const struct block *b)
{
	uint64_t done = cap_skip(c, b->total);

	return done < b->total ? cap_ends(c, done, b->total) : SR_MORE;
}

static int
next(struct sr_capture *c, struct sr_frame *f)
{
	struct block b;
	int err;

	do {
		if (!cap_have(c, 12))
			return cap_ends(c, 0, 12);
		if (!head(c, &b))
			return resync(c);
		if (b.total > CAP_BUF) {
			err = pass(c, &b);
			continue;
		}
		if (!cap_have(c, b.total))
			return cap_ends(c, 0, b.total);
		if (!tail(c, &b))
			return resync(c);
		b.p = c->buf + c->pos + 8;
		b.n = b.total - 12;
		err = take(c, &b, f);
		c->pos += b.total;
	} while (err == SR_MORE);
	return err;
}

/* Only what next takes as it stands: a look for damage moves the buffer. */
static bool
ready(const struct sr_capture *c)
{
	const uint8_t *p = c->buf + c->pos;
	size_t n = c->n - c->pos, total = n >= 12 ? cap_u32(c, p + 4) : 0;

	return total >= 12 && total <= n && total % 4 == 0 &&
	    cap_u32(c, p) == EPB && cap_u32(c, p + total - 4) == total;
}

static size_t
more(struct sr_capture *c, struct sr_frame *v, size_t max)
{
	size_t n = 0;

	while (n < max && c->held == SR_OK && ready(c)) {
		int err = next(c, &v[n]);

		if (err == SR_OK)
			n++;
		else
			c->held = err;
	}
	return n;
}

int
cap_pcapng_open(struct sr_capture *c)
{
	if (!cap_have(c, 4) || cap_u32(c, c->buf + c->pos) != SHB)
		return SR_ENOENT;
	if (!cap_have(c, 28))
		return cap_fail(c, SR_EBAD, "the file ends inside its header");
	if (!section(c, c->buf + c->pos))
		return SR_ENOENT;
	c->next = next;
	c->more = more;
	c->link = 1;				/* for trying a filter */
	return SR_OK;
}
