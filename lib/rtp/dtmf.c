/* dtmf - digits out of RFC 4733 event packets.
 *
 * A digit is what shares a timestamp; its end packet comes three times, or
 * never.  An event longer than 0xFFFF units goes on in a new segment with a
 * later timestamp and no marker (section 2.5.1.3). */
#include "siprec/rtp.h"

char
sr_dtmf_char(uint8_t event)
{
	static const char names[] = "0123456789*#ABCD!";

	return event < sizeof(names) - 1 ? names[event] : 0;
}

bool
sr_dtmf_end(struct sr_dtmf *d, struct sr_dtmf *done)
{
	if (!d->on)
		return false;
	d->on = false;
	d->last_ts = d->ts;
	d->any = true;
	*done = *d;
	return true;
}

static void
begin(struct sr_dtmf *d, uint8_t event, const struct sr_line_packet *p)
{
	d->on = true;
	d->event = event;
	d->ts = p->rtp.ts;
	d->base = d->duration = 0;
	d->at = p->at;
	d->clock = p->format->clock;
}

bool
sr_dtmf_put(struct sr_dtmf *d, const struct sr_line_packet *p,
    struct sr_dtmf *done)
{
	struct sr_rd r = sr_rd(p->rtp.payload);
	uint8_t event = sr_u8(&r), flags = sr_u8(&r);
	uint16_t duration = sr_u16(&r);
	bool over = false;

	if (r.bad || sr_dtmf_char(event) == 0)
		return false;
	/* Copies of an end packet that was already taken. */
	if (!d->on && d->any && p->rtp.ts == d->last_ts)
		return false;
	if (d->on && p->rtp.ts != d->ts) {
		if (event == d->event && !p->rtp.marker &&
		    p->rtp.ts - d->ts == d->duration - d->base) {
			d->base = d->duration;
			d->ts = p->rtp.ts;
		} else {
			over = sr_dtmf_end(d, done);
		}
	}
	if (!d->on)
		begin(d, event, p);
	if (d->base + duration > d->duration)
		d->duration = d->base + duration;
	if ((flags & 0x80) && !over)
		over = sr_dtmf_end(d, done);
	return over;
}
