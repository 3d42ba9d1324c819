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

/* The last record is not all there: it is told once, and then it is over. */
static int
ends(struct sr_capture *c, size_t want)
{
	size_t have = c->n - c->pos;
	int err = c->failed;

	c->failed = SR_OK;
	c->pos = c->n;
	if (err != SR_OK)
		return err;
	if (have == 0)
		return SR_ENOENT;
	return cap_fail(c, SR_EBAD,
	    "the file ends inside frame %llu, %zu of %zu bytes",
	    (unsigned long long)c->num + 1, have, want);
}

static int
next(struct sr_capture *c, struct sr_frame *f)
{
	struct rec r;
	size_t len;

	if (!cap_have(c, c->rechdr))
		return ends(c, c->rechdr);
	r = rec_at(c, c->buf + c->pos);
	if (r.caplen > CAP_FRAME) {
		c->pos = c->n;
		return cap_fail(c, SR_EBAD, "frame %llu: absurd length %u",
		    (unsigned long long)c->num + 1, r.caplen);
	}
	len = c->rechdr + r.caplen;
	if (!cap_have(c, len))
		return ends(c, len);
	f->link = c->link;
	f->time = r.sec * SR_SEC + (sr_time)r.frac * c->unit;
	f->num = ++c->num;
	f->data = (struct sr_str){
	    (const char *)c->buf + c->pos + c->rechdr, r.caplen };
	f->wire = r.wire > r.caplen ? r.wire : r.caplen;
	c->last = f->time;
	c->pos += len;
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
	return SR_OK;
}
