/* meta: what the subcommands of siprec-meta share. */
#ifndef SIPREC_BIN_META_H
#define SIPREC_BIN_META_H

#include "cli.h"
#include "siprec/meta.h"

/* No client sends a tenth of this; what is longer is no metadata. */
enum { META_FILE_MAX = 64 << 20 };
#define META_DOC_MAX ((size_t)512 << 20)
#define META_OUT_MAX ((size_t)1 << 30)

struct meta_opts {
	bool strict, lenient, json;
	const char *sdp;		/* a file, or NULL */
	const char *to;			/* of convert */
	char **files;
	int nfiles;
};

/* A session directory, while its documents are handed out. */
struct meta_dir {
	const char *path;
	struct sr_log log;
};
void meta_read_log(struct meta_dir *dir);	/* free dir->log after */
/* One document as it was found. */
struct meta_in {
	struct sr_str file;		/* the name to say to people */
	unsigned line;			/* lines of the file before it */
	struct sr_str xml;		/* its bytes; absent: it was JSON */
	struct sr_str sdp;		/* that came in the same message */
	struct sr_str receipt;		/* RFC 3339, or absent */
	const struct meta_dir *dir;	/* or NULL */
	int err;			/* what reading it said */
	struct sr_doc doc;
};
typedef int meta_fn(void *arg, struct meta_in *in);

/* Calls fn for each document in a file, "-", or session directory; gives the
 * worst status of all.  What holds no document at all is told and CLI_NO. */
int meta_each(const struct meta_opts *o, const char *path, meta_fn *fn,
    void *arg);
/* Can fn go on with it?  Says on stderr why not; also for --strict. */
bool meta_usable(const struct meta_opts *o, const struct meta_in *in);
/* The labels of an SDP, or of a SIP message with one. */
int meta_labels(struct sr_str text, struct sr_arena *a, struct sr_str **v,
    size_t *n);

/* ---- output ---- */

/* Prints what a command made, or says what went wrong with it. */
int meta_out(struct sr_buf *b, int err);
/* Rows of tab-separated columns: for a terminal aligned, under titles. */
int meta_rows(struct sr_buf *rows, const char *titles);
void meta_col(struct sr_buf *b, struct sr_str s);	/* and a tab */
void meta_cols(struct sr_buf *b, const struct sr_str *v, size_t n);
void meta_eol(struct sr_buf *b);		/* ends a row */

/* ---- the subcommands: a status each ---- */

int meta_validate(const struct meta_opts *o);
int meta_show(const struct meta_opts *o);
int meta_get(const struct meta_opts *o);
int meta_convert(const struct meta_opts *o);
int meta_new(const struct meta_opts *o);
int meta_merge(const struct meta_opts *o);
int meta_diff(const struct meta_opts *o);
int meta_timeline(const struct meta_opts *o);
int meta_correlate(const struct meta_opts *o);

/* The state after all documents of one file or directory. */
struct meta_state {
	const struct meta_opts *opts;
	struct sr_meta *meta;
	struct sr_timeline *timeline;	/* or NULL */
	size_t applied;
};
meta_fn meta_apply;

#endif
