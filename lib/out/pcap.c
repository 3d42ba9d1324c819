/* pcap - a capture in the making: raw IP with nanoseconds.
 *
 * SIP over TCP is written as segments with numbers of our own, so that the
 * messages come out whole whoever reads the file. */
#include "siprec/out.h"

#include <stdlib.h>
#include <string.h>

enum { LINKTYPE_RAW = 101, SEGMENT = 32768, FLOWS = 16 };

struct sr_pcap {
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

/* Nanoseconds, in the byte order of this machine: the magic tells. */
int
sr_pcap_new(struct sr_pcap **pp, size_t max)
{
	static const uint32_t head[] = { 0xa1b23c4d, 2 | 4 << 16, 0, 0, 262144,
	    LINKTYPE_RAW };
	struct sr_pcap *p = sr_zalloc(sizeof(*p));

	if (p == NULL)
		return SR_ENOMEM;
	sr_buf_init(&p->out, max);
	for (size_t i = 0; i < sizeof(head) / sizeof(head[0]); i++)
		if (word(&p->out, head[i]) != SR_OK) {
			sr_pcap_free(p);
			return SR_ENOMEM;
		}
	*pp = p;
	return SR_OK;
}

void
sr_pcap_free(struct sr_pcap *p)
{
	if (p == NULL)
		return;
	sr_buf_free(&p->out);
	free(p);
}

struct sr_buf *
sr_pcap_out(struct sr_pcap *p)
{
	return &p->out;
}

static uint32_t
tcp_seq(struct sr_pcap *p, const struct sr_flow *flow, size_t n)
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
frame(struct sr_pcap *p, sr_time time, const struct sr_flow *flow,
    struct sr_str head, struct sr_str body)
{
	bool tcp = flow->proto != SR_UDP;
	size_t data = head.n + body.n;
	size_t inner = (tcp ? 20 : 8) + data, n;
	uint32_t record[4];
	uint8_t h[60];

	n = ip_header(h, flow, tcp ? 6 : 17, inner);
	memset(h + n, 0, 20);
	be(h + n, flow->src.port, 2);
	be(h + n + 2, flow->dst.port, 2);
	if (tcp) {
		be(h + n + 4, tcp_seq(p, flow, data), 4);
		be(h + n + 12, 0x5018, 2);
		be(h + n + 14, 65535, 2);
	} else {
		be(h + n + 4, inner, 2);
	}
	n += tcp ? 20 : 8;
	record[0] = (uint32_t)(time / SR_SEC);
	record[1] = (uint32_t)(time % SR_SEC);
	record[2] = record[3] = (uint32_t)(n + data);
	if (sr_buf_reserve(&p->out, sizeof(record) + n + data) != SR_OK)
		return SR_ENOMEM;
	sr_buf_add(&p->out, (struct sr_str){ (char *)record, sizeof(record) });
	sr_buf_add(&p->out, (struct sr_str){ (char *)h, n });
	sr_buf_add(&p->out, head);
	return sr_buf_add(&p->out, body);
}

int
sr_pcap_put(struct sr_pcap *p, sr_time time, const struct sr_flow *flow,
    struct sr_str head, struct sr_str body)
{
	struct sr_str none = { NULL, 0 };
	int err = SR_OK;

	if (flow->proto == SR_UDP)
		return head.n + body.n <= UINT16_MAX - 28 ?
		    frame(p, time, flow, head, body) : SR_ELIMIT;
	while (err == SR_OK && head.n > SEGMENT) {
		err = frame(p, time, flow, sr_substr(head, 0, SEGMENT), none);
		head = sr_substr(head, SEGMENT, head.n);
	}
	return err == SR_OK ? frame(p, time, flow, head, body) : err;
}
