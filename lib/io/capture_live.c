/* capture_live - frames from an interface, through libpcap. */
#include "io/priv.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 100, KERNEL_BUF = 16 * 1024 * 1024 };

struct cap_live {
	pcap_t *p;
	int link;
	uint32_t unit;			/* nanoseconds in tv_usec */
};

/* libpcap's own timeout need not end a wait in which nothing comes, so it is
 * never let to wait. */
static int
wait_next(struct cap_live *l, struct pcap_pkthdr **h, const u_char **p)
{
	struct pollfd fd = { .fd = pcap_get_selectable_fd(l->p),
	    .events = POLLIN };
	int got = pcap_next_ex(l->p, h, p);

	if (got == 0 && poll(&fd, 1, POLL_MS) > 0)
		got = pcap_next_ex(l->p, h, p);
	return got;
}

static int
next(struct sr_capture *c, struct sr_frame *f)
{
	struct cap_live *l = c->live;
	struct pcap_pkthdr *h;
	const u_char *p;

	switch (wait_next(l, &h, &p)) {
	case 1: break;
	case 0: return SR_MORE;
	case PCAP_ERROR_BREAK: return SR_ENOENT;
	default: return cap_fail(c, SR_ESYS, "%s", pcap_geterr(l->p));
	}
	f->link = l->link;
	f->time = h->ts.tv_sec * SR_SEC + h->ts.tv_usec * (sr_time)l->unit;
	f->num = ++c->num;
	f->data = (struct sr_str){ (const char *)p, h->caplen };
	f->wire = h->len > h->caplen ? h->len : h->caplen;
	return SR_OK;
}

/* libpcap's codes with the text that belongs to them, as ours. */
static int
activate(struct cap_live *l, struct sr_buf *why)
{
	int err;

	pcap_set_snaplen(l->p, CAP_FRAME);
	pcap_set_promisc(l->p, 1);
	pcap_set_timeout(l->p, POLL_MS);
	pcap_set_immediate_mode(l->p, 1);
	pcap_set_buffer_size(l->p, KERNEL_BUF);
	pcap_set_tstamp_precision(l->p, PCAP_TSTAMP_PRECISION_NANO);
	if ((err = pcap_activate(l->p)) < 0) {
		const char *what = pcap_statustostr(err);
		const char *more = pcap_geterr(l->p);

		errno = err == PCAP_ERROR_PERM_DENIED ? EACCES :
		    err == PCAP_ERROR_NO_SUCH_DEVICE ? ENODEV : EIO;
		if (*more == '\0' || strcmp(what, more) == 0)
			sr_buf_add(why, sr_cstr(what));
		else
			sr_buf_fmt(why, "%s: %s", what, more);
		return SR_ESYS;
	}
	l->link = pcap_datalink(l->p);
	l->unit = pcap_get_tstamp_precision(l->p) ==
	    PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
	return SR_OK;
}

int
sr_capture_live(struct sr_capture **cp, const char *iface, struct sr_buf *why)
{
	char text[PCAP_ERRBUF_SIZE];
	struct sr_capture *c;
	int err = SR_ENOMEM;

	if ((c = sr_zalloc(sizeof(*c))) == NULL)
		return SR_ENOMEM;
	c->fd = -1;
	c->next = next;
	sr_buf_init(&c->why, 512);
	if ((c->live = sr_zalloc(sizeof(*c->live))) == NULL)
		goto out;
	if ((c->live->p = pcap_create(iface, text)) == NULL) {
		sr_buf_add(why, sr_cstr(text));
		errno = ENODEV;
		err = SR_ESYS;
		goto out;
	}
	if ((err = activate(c->live, why)) != SR_OK)
		goto out;
	if (pcap_setnonblock(c->live->p, 1, text) != 0) {
		sr_buf_add(why, sr_cstr(text));
		err = SR_ESYS;
		goto out;
	}
	*cp = c;
	c = NULL;
out:
	sr_capture_close(c);
	return err;
}

int
cap_live_filter(struct cap_live *l, const char *bpf, struct sr_buf *why)
{
	struct bpf_program prog;
	int err = SR_OK;

	if (pcap_compile(l->p, &prog, bpf, 1, PCAP_NETMASK_UNKNOWN) != 0) {
		sr_buf_add(why, sr_cstr(pcap_geterr(l->p)));
		return SR_EBAD;
	}
	if (pcap_setfilter(l->p, &prog) != 0) {
		sr_buf_add(why, sr_cstr(pcap_geterr(l->p)));
		err = SR_EBAD;
	}
	pcap_freecode(&prog);
	return err;
}

void
cap_live_close(struct cap_live *l)
{
	if (l != NULL && l->p != NULL)
		pcap_close(l->p);
	free(l);
}
