/* writer: text, times and extensions as they may stand in our XML. */
#ifndef SIPREC_META_WRITER_H
#define SIPREC_META_WRITER_H

#include "siprec/meta.h"

/* What is ours in a document says so by this name space. */
#define META_OURS "urn:siprec-toolkit:metadata:1"
#define META_RFC7865 "urn:ietf:params:xml:ns:recording:1"

/* Where the words go; remembers the first error, judged once, at the end. */
struct writer {
	struct sr_buf *out;
	int err;
};
void sr_put(struct writer *w, struct sr_str s);
void sr_puts(struct writer *w, const char *s);
/* Character data: what XML 1.0 section 2.2 does not allow becomes U+FFFD. */
void sr_put_text(struct writer *w, struct sr_str s);
void sr_put_attr(struct writer *w, const char *name, struct sr_str value);
/* The time as RFC 3339 wants it, as far as it says enough; what is no time at
 * all gives false and writes nothing. */
bool sr_put_time(struct writer *w, struct sr_str time);
/* An extension so that it means in our document what it meant in its own. */
void sr_put_ext(struct writer *w, const struct sr_ext *e);

#endif
