/* extract: what the user of siprec-extract has asked for. */
#ifndef SIPREC_EXTRACT_H
#define SIPREC_EXTRACT_H

#include "siprec/io.h"
#include "siprec/out.h"

struct options {
	struct sr_record_cfg record;
	const char *iface, *bpf, *keylog;
	const char **sessions;
	size_t nsessions;
	sr_time after, before;
	bool dry, xml, json, quiet, all, align, deskew, join;
	char **files;
};

/* CLI_OK: o is filled and there is work; otherwise *done says whether all
 * that was asked for (--help, --version) is done.  Free o in every case. */
int extract_options(struct options *o, int argc, char *argv[], bool *done);
void extract_options_free(struct options *o);

/* --join: the files are directories; a status. */
int extract_join(const struct options *o);

/* What opens TLS and DTLS-SRTP; NULL without memory. */
struct secrets;
struct secrets *secrets_new(void);
int secrets_read(struct secrets *s, const char *path);	/* a status */
/* Takes the secrets that the capture itself has had so far. */
void secrets_learn(struct secrets *s, const struct sr_capture *c);
bool secrets_any(const struct secrets *s);	/* else nothing can be opened */
/* True: it is TLS, take what is in it with secrets_next; else the chunk goes
 * on as it is.  Keys of media are told to the engine. */
bool secrets_take(struct secrets *s, struct sr_engine *e,
    const struct sr_chunk *c);
bool secrets_next(struct secrets *s, struct sr_chunk *out);
void secrets_free(struct secrets *s);

#endif
