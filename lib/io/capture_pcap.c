/* capture_pcap - the classic format: one header, then records. */
#include "io/priv.h"

enum {
	MAGIC_US = 0xa1b2c3d4u, MAGIC_NS = 0xa1b23c4du,
	MAGIC_KUZNETZOV = 0xa1b2cd34u
};

struct rec {
	uint32_t sec, frac, caplen, wire;
};

static struct rec
rec_at(const struct sr_capture *c, const uint8_t *p)
{
	return (struct rec){ cap_u32(c, p), cap_u32(c, p + 4),
	    cap_u32(c, p + 8), cap_u32(c, p + 12) };
}

static bool
magic(struct sr_capture *c, uint32_t v)
{
	c->rechdr = v == MAGIC_KUZNETZOV ? 24 : 16;
	c->unit = v == MAGIC_NS ? 1 : 1000;
	return v == MAGIC_US || v == MAGIC_NS || v == MAGIC_KUZNETZOV;
}

/* Could r be a record, if the one before it was at about sec?  A day apart is
 * much for two records of one file. */
static bool
plausible(const struct sr_capture *c, const struct rec *r, uint32_t sec)
{
	uint32_t most = c->snaplen > 0 && c->snaplen < CAP_FRAME ?
	    c->snaplen : CAP_FRAME;

	return r->caplen <= most && r->caplen <= r->wire &&
	    r->wire > 0 && r->wire <= CAP_FRAME &&
	    r->frac < 1000000000u / c->unit &&
	    (c->num == 0 || r->sec - sec + 86400 <= 2 * 86400);
}

/* Two plausible records in a row, or one that is the last. */
static bool
found(struct sr_capture *c, uint32_t sec)
{
	struct rec r = rec_at(c, c->buf + c->pos), follower;
	size_t len = c->rechdr + r.caplen;

	if (!plausible(c, &r, sec) || r.caplen == 0)
		return false;
	if (!cap_have(c, len + c->rechdr))
		return c->n - c->pos == len;
	follower = rec_at(c, c->buf + c->pos + len);
	return plausible(c, &follower, r.sec);
}

static int
resync(struct sr_capture *c)
{
	uint32_t sec = (uint32_t)(c->last / SR_SEC);
	unsigned long long skipped = 0;

	while (cap_have(c, c->rechdr + 1)) {
		c->pos++;
		skipped++;
		if (found(c, sec))
			return cap_fail(c, SR_EBAD, "frame %llu: damaged, "
			    "%llu bytes skipped", cap_at(c), skipped);
	}
	skipped += c->n - c->pos;
	c->pos = c->n;
	return cap_fail(c, SR_EBAD, "frame %llu: damaged, the last %llu "
	    "bytes cannot be read", cap_at(c), skipped);
}

/* Hands out the record that stands at pos, whole. */
static void
give(struct sr_capture *c, const struct rec *r, struct sr_frame *f)
{
	f->link = c->link;
	f->time = r->sec * SR_SEC + (sr_time)r->frac * c->unit;
	f->num = ++c->num;
	f->data = (struct sr_str){
	    (const char *)c->buf + c->pos + c->rechdr, r->caplen };
	f->wire = r->wire > r->caplen ? r->wire : r->caplen;
	c->last = f->time;
	c->pos += c->rechdr + r->caplen;
}

static bool
sound(const struct rec *r)
{
	return r->caplen <= CAP_FRAME && (r->caplen | r->wire) != 0;
}

static size_t
more(struct sr_capture *c, struct sr_frame *v, size_t max)
{
	size_t n = 0;
	struct rec r;

	while (n < max && c->n - c->pos >= c->rechdr) {
		r = rec_at(c, c->buf + c->pos);
		if (!sound(&r) || c->n - c->pos < c->rechdr + r.caplen)
			break;
		give(c, &r, &v[n++]);
	}
	return n;
}

static int
next(struct sr_capture *c, struct sr_frame *f)
{
	struct rec r;
	size_t len;

	if (!cap_have(c, c->rechdr))
		return cap_ends(c, 0, c->rechdr);
	r = rec_at(c, c->buf + c->pos);
	if (!sound(&r))
		return resync(c);
	len = c->rechdr + r.caplen;
	if (!cap_have(c, len))
		return plausible(c, &r, (uint32_t)(c->last / SR_SEC)) ?
		    cap_ends(c, 0, len) : resync(c);
	give(c, &r, f);
	return SR_OK;
}

int
cap_pcap_open(struct sr_capture *c)
{
	const uint8_t *p;

	if (!cap_have(c, 4))
		return SR_ENOENT;
	if (!magic(c, cap_u32(c, c->buf + c->pos))) {
		c->swap = true;
		if (!magic(c, cap_u32(c, c->buf + c->pos))) {
			c->swap = false;
			return SR_ENOENT;
		}
	}
	if (!cap_have(c, 24))
		return cap_fail(c, SR_EBAD, "the file ends inside its header");
	p = c->buf + c->pos;
	c->snaplen = cap_u32(c, p + 16);
	c->link = (int)(cap_u32(c, p + 20) & 0xffff);	/* above: FCS length */
	c->pos += 24;
	c->next = next;
	c->more = more;
	return SR_OK;
}
