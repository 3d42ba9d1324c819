/* capture - rtp.pcap: what a session had on the wire, in raw IP.
 *
 * SIP over TCP is written as segments with numbers of our own, so that the
 * messages come out whole whoever reads the file. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

enum { LINKTYPE_RAW = 101, BUFFER = 16384, FLOWS = 16, SEGMENT = 32768 };

struct pcap_out {
	struct sr_buf out;
	struct {
		struct sr_flow flow;
		uint32_t seq;
	} tcp[FLOWS];
	size_t ntcp;
};

static void
be(uint8_t *p, uint64_t v, int n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static int
word(struct sr_buf *b, uint32_t v)
{
	return sr_buf_add(b, (struct sr_str){ (const char *)&v, 4 });
}

static int
flush(struct rec_session *s)
{
	struct pcap_out *p = s->pcap;
	int err = files_append(s->dir, "rtp.pcap", sr_buf_str(&p->out));

	p->out.n = 0;
	return err;
}

/* Nanoseconds, in the byte order of this machine: the magic tells. */
static int
open_pcap(struct rec_session *s)
{
	static const uint32_t head[] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144,
	    LINKTYPE_RAW };

	if ((s->pcap = sr_zalloc(sizeof(*s->pcap))) == NULL)
		return SR_ENOMEM;
	sr_buf_init(&s->pcap->out, 1 << 20);
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		if (word(&s->pcap->out, head[i]) != SR_OK)
			return SR_ENOMEM;
	return SR_OK;
}

static uint32_t
tcp_seq(struct pcap_out *p, const struct sr_flow *flow, size_t n)
{
	uint32_t seq;
	size_t i = 0;

	while (i < p->ntcp && !sr_flow_eq(&p->tcp[i].flow, flow))
		i++;
	if (i == p->ntcp) {
		i = p->ntcp < FLOWS ? p->ntcp++ : FLOWS - 1;
		p->tcp[i].flow = *flow;
		p->tcp[i].seq = 1;
	}
	seq = p->tcp[i].seq;
	p->tcp[i].seq += (uint32_t)n;
	return seq;
}

static uint16_t
checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static size_t
ip_header(uint8_t *h, const struct sr_flow *f, uint8_t proto, size_t payload)
{
	memset(h, 0, 40);
	if (f->src.family == 6) {
		h[0] = 0x60;
		be(h + 4, payload, 2);
		h[6] = proto;
		h[7] = 64;
		memcpy(h + 8, f->src.ip, 16);
		memcpy(h + 24, f->dst.ip, 16);
		return 40;
	}
	h[0] = 0x45;
	be(h + 2, payload + 20, 2);
	h[8] = 64;
	h[9] = proto;
	memcpy(h + 12, f->src.ip, 4);
	memcpy(h + 16, f->dst.ip, 4);
	be(h + 10, checksum(h, 20), 2);
	return 20;
}

static int
frame(struct rec_session *s, sr_time time, const struct sr_flow *flow,
    struct sr_str data)
{
	struct pcap_out *p = s->pcap;
	bool tcp = flow->proto != SR_UDP;
	size_t inner = (tcp ? 20 : 8) + data.n, n;
	uint8_t h[60];
	int err;

	n = ip_header(h, flow, tcp ? 6 : 17, inner);
	memset(h + n, 0, 20);
	be(h + n, flow->src.port, 2);
	be(h + n + 2, flow->dst.port, 2);
	if (tcp) {
		be(h + n + 4, tcp_seq(p, flow, data.n), 4);
		be(h + n + 12, 0x5018, 2);
		be(h + n + 14, 65535, 2);
	} else {
		be(h + n + 4, inner, 2);
	}
	n += tcp ? 20 : 8;
	err = word(&p->out, (uint32_t)(time / SR_SEC));
	err = err ? err : word(&p->out, (uint32_t)(time % SR_SEC));
	err = err ? err : word(&p->out, (uint32_t)(n + data.n));
	err = err ? err : word(&p->out, (uint32_t)(n + data.n));
	err = err ? err : sr_buf_add(&p->out, (struct sr_str){ (char *)h, n });
	err = err ? err : sr_buf_add(&p->out, data);
	return err == SR_OK && p->out.n > BUFFER ? flush(s) : err;
}

int
pcap_put(struct rec_session *s, sr_time time, const struct sr_flow *flow,
    struct sr_str data)
{
	int err = s->pcap == NULL ? open_pcap(s) : SR_OK;

	while (err == SR_OK && data.n > SEGMENT && flow->proto != SR_UDP) {
		err = frame(s, time, flow, sr_substr(data, 0, SEGMENT));
		data = sr_substr(data, SEGMENT, data.n);
	}
	return err == SR_OK ? frame(s, time, flow, data) : err;
}

int
pcap_end(struct rec_session *s)
{
	int err;

	if (s->pcap == NULL)
		return SR_OK;
	err = flush(s);
	sr_buf_free(&s->pcap->out);
	free(s->pcap);
	s->pcap = NULL;
	return err;
}
