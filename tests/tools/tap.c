/* tap - what goes over an interface, as a capture.
 *
 * tap INTERFACE FILTER FILE: until SIGTERM; says "ready" first. */
#include <signal.h>
#include <stdio.h>

#include "siprec/io.h"

static volatile sig_atomic_t stopped;

static void
on_signal(int signo)
{
	(void)signo;
	stopped = 1;
}

static void
word(FILE *f, uint32_t v)
{
	fwrite(&v, sizeof(v), 1, f);
}

static void
put(FILE *f, const struct sr_frame *m, bool first)
{
	if (first) {			/* pcap with nanoseconds */
		word(f, 0xa1b23c4d);
		word(f, 2 | 4 << 16);
		word(f, 0);
		word(f, 0);
		word(f, 262144);
		word(f, (uint32_t)m->link);
	}
	word(f, (uint32_t)(m->time / SR_SEC));
	word(f, (uint32_t)(m->time % SR_SEC));
	word(f, (uint32_t)m->data.n);
	word(f, (uint32_t)m->wire);
	fwrite(m->data.p, 1, m->data.n, f);
}

int
main(int argc, char *argv[])
{
	struct sr_capture *c = NULL;
	struct sr_frame m;
	struct sr_buf why;
	bool first = true;
	FILE *f;
	int err;

	sr_buf_init(&why, 1024);
	if (argc != 4 || (f = fopen(argv[3], "wb")) == NULL)
		return 2;
	signal(SIGTERM, on_signal);
	if (sr_capture_live(&c, argv[1], &why) != SR_OK ||
	    sr_capture_filter(c, argv[2], &why) != SR_OK) {
		fprintf(stderr, "tap: %.*s\n", SR_FMT(why));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while ((err = sr_capture_next(c, &m)) == SR_OK || (err == SR_MORE &&
	    stopped == 0))
		if (err == SR_OK) {
			put(f, &m, first);
			first = false;
		}
	sr_capture_close(c);
	sr_buf_free(&why);
	return fclose(f) != 0;
}
