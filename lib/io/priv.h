/* What the files of the capture reader share. */
#ifndef IO_PRIV_H
#define IO_PRIV_H

#include "siprec/io.h"

enum {
	CAP_FRAME = 256 * 1024,		/* no frame is longer */
	CAP_READ = 256 * 1024,		/* asked of the system at once */
	CAP_BUF = 1024 * 1024		/* no block that we want is longer */
};

/* One interface of a pcapng section. */
struct cap_iface {
	int link;
	uint32_t snaplen;
	uint8_t tsresol;
	int64_t offset;			/* seconds */
};

struct sr_capture {
	int (*next)(struct sr_capture *c, struct sr_frame *f);
	/* Is the next frame in the buffer, whole?  NULL: never. */
	bool (*ready)(const struct sr_capture *c);
	int held;			/* what the next call is to say */
	struct sr_buf why;		/* the last failure, with its NUL */

	/* The file: buf[pos..n) is read but not handed out yet. */
	int fd;
	uint64_t read, total;		/* bytes of the file itself */
	struct cap_zip *zip;		/* NULL: not compressed */
	uint8_t *buf;
	size_t pos, n;
	bool eof;
	int failed;			/* SR_ESYS, SR_EBAD: told at the end */

	/* Its format. */
	bool swap;			/* not in our byte order */
	uint64_t num;			/* frames so far */
	int link;			/* pcap */
	uint32_t snaplen, unit;		/* unit: nanoseconds of a fraction */
	size_t rechdr;
	struct cap_iface *ifaces;	/* pcapng, of this section */
	size_t nifaces;
	sr_time last;
	struct sr_buf secrets;

	struct cap_filter *filter;
	struct cap_live *live;
};

/* Sets the words for sr_capture_why and gives err back. */
int cap_fail(struct sr_capture *c, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* True when need bytes stand at buf + pos.  Reads only when they do not, so
 * that a pipe gives each frame as soon as it is complete. */
bool cap_fill(struct sr_capture *c, size_t need);
static inline bool
cap_have(struct sr_capture *c, size_t need)
{
	return c->n - c->pos >= need || cap_fill(c, need);
}
/* Forgets n bytes that need not be in the buffer yet; the bytes forgotten. */
uint64_t cap_skip(struct sr_capture *c, uint64_t n);
uint32_t cap_u32(const struct sr_capture *c, const uint8_t *p);
uint16_t cap_u16(const struct sr_capture *c, const uint8_t *p);
uint64_t cap_u64(const struct sr_capture *c, const uint8_t *p);
/* The number that the next frame has. */
static inline unsigned long long
cap_at(const struct sr_capture *c)
{
	return (unsigned long long)c->num + 1;
}
/* The end of the file while want bytes were expected, done of which have been
 * passed already: SR_ENOENT, or what is wrong with that, once. */
int cap_ends(struct sr_capture *c, uint64_t done, uint64_t want);

/* capture_pcap.c, capture_pcapng.c: is this our format?  Then the header is
 * read and c->next set. */
int cap_pcap_open(struct sr_capture *c);
int cap_pcapng_open(struct sr_capture *c);

/* What the descriptor gives, as it is: bytes, 0 at the end, -1 with errno. */
long cap_fd_read(struct sr_capture *c, void *p, size_t n);

/* capture_zip.c: which compression begins with these bytes?  NULL: none. */
const char *cap_zip_name(const uint8_t *p, size_t n);
/* Puts the decompressor named so between descriptor and buffer. */
int cap_zip_open(struct sr_capture *c, const char *name);
/* Like cap_fd_read, but -1 has set c->failed and the words. */
long cap_zip_read(struct sr_capture *c, void *p, size_t n);
void cap_zip_close(struct cap_zip *z);

/* capture_filter.c: SR_OK: f passes; SR_MORE: it does not; SR_EBAD. */
int cap_filter(struct sr_capture *c, const struct sr_frame *f);
void cap_filter_free(struct cap_filter *f);

/* capture_live.c */
int cap_live_filter(struct cap_live *l, const char *bpf, struct sr_buf *why);
void cap_live_close(struct cap_live *l);

#endif
