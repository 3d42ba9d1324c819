/* capture - rtp.pcap: what a session had on the wire. */
#include "priv.h"

enum { BUFFER = 16384, MOST = 1 << 20 };

/* A part that could not be written is not there at all, nor is what follows:
 * what there is can be read to its end. */
int
pcap_flush(struct rec_session *s)
{
	struct sr_buf *out = s->pcap != NULL ? sr_pcap_out(s->pcap) : NULL;
	int err;

	if (out == NULL || out->n == 0)
		return SR_OK;
	err = files_append(s->dir, "rtp.pcap", sr_buf_str(out));
	s->pcap_lost = err != SR_OK;
	out->n = 0;
	return err;
}

int
pcap_put(struct rec_session *s, sr_time time, const struct sr_flow *flow,
    struct sr_str data)
{
	int err = s->pcap == NULL ? sr_pcap_new(&s->pcap, MOST) : SR_OK;

	if (err == SR_OK && s->has_pcap) {
		sr_pcap_out(s->pcap)->n = 0;	/* the file has its head */
		s->has_pcap = false;
	}
	if (err != SR_OK || s->pcap_lost)
		return err;
	err = sr_pcap_put(s->pcap, time, flow, data,
	    (struct sr_str){ NULL, 0 });
	return err == SR_OK && sr_pcap_out(s->pcap)->n > BUFFER ?
	    pcap_flush(s) : err;
}

int
pcap_end(struct rec_session *s)
{
	int err = pcap_flush(s);

	sr_pcap_free(s->pcap);
	s->pcap = NULL;
	return err;
}
