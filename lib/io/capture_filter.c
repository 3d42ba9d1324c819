/* capture_filter - libpcap's filter language on frames that we read
 * ourselves; a file may have several link types, so one program for each. */
#include "io/priv.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LINKS = 16 };

struct cap_filter {
	char *text;
	unsigned n;
	struct {
		int link;
		bool fits;
		struct bpf_program prog;
	} of[MAX_LINKS];
};

/* The numbers in files and the numbers in libpcap differ for raw IP. */
static int
dlt(int link)
{
	return link == 101 || link == 14 ? DLT_RAW : link;
}

static bool
compile(struct bpf_program *prog, int link, const char *text,
    struct sr_buf *why)
{
	pcap_t *p = pcap_open_dead(dlt(link), CAP_FRAME);
	bool ok = p != NULL &&
	    pcap_compile(p, prog, text, 1, PCAP_NETMASK_UNKNOWN) == 0;

	if (!ok && why != NULL)
		sr_buf_add(why, sr_cstr(p != NULL ? pcap_geterr(p) :
		    "out of memory"));
	if (p != NULL)
		pcap_close(p);
	return ok;
}

int
sr_capture_filter(struct sr_capture *c, const char *bpf, struct sr_buf *why)
{
	struct bpf_program prog;
	struct cap_filter *f;

	if (c->live != NULL)
		return cap_live_filter(c->live, bpf, why);
	if (!compile(&prog, c->link, bpf, why))
		return SR_EBAD;
	pcap_freecode(&prog);
	if ((f = sr_zalloc(sizeof(*f))) == NULL ||
	    (f->text = strdup(bpf)) == NULL) {
		free(f);
		return SR_ENOMEM;
	}
	cap_filter_free(c->filter);
	c->filter = f;
	return SR_OK;
}

/* The program for frames of this link type; made when the first one comes. */
static unsigned
program(struct cap_filter *f, int link)
{
	unsigned i = 0;

	while (i < f->n && f->of[i].link != link)
		i++;
	if (i == f->n && i < MAX_LINKS) {
		f->of[i].link = link;
		f->of[i].fits = compile(&f->of[i].prog, link, f->text, NULL);
		f->n++;
	}
	return i;
}

int
cap_filter(struct sr_capture *c, const struct sr_frame *f)
{
	unsigned known = c->filter->n, i = program(c->filter, f->link);
	struct pcap_pkthdr h = { .caplen = (bpf_u_int32)f->data.n,
	    .len = (bpf_u_int32)f->wire };

	if (i == MAX_LINKS || !c->filter->of[i].fits) {
		if (i < known)
			return SR_MORE;
		return cap_fail(c, SR_EBAD, "frame %llu: the filter does not "
		    "fit link type %d: these frames are left out",
		    (unsigned long long)f->num, f->link);
	}
	return pcap_offline_filter(&c->filter->of[i].prog, &h,
	    (const u_char *)f->data.p) != 0 ? SR_OK : SR_MORE;
}

void
cap_filter_free(struct cap_filter *f)
{
	if (f == NULL)
		return;
	for (unsigned i = 0; i < f->n; i++)
		if (f->of[i].fits)
			pcap_freecode(&f->of[i].prog);
	free(f->text);
	free(f);
}
