/* capture_zip - compressed captures, told by their first bytes. */
#include "io/priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef WITH_ARCHIVE
#include <archive.h>
#include <archive_entry.h>
#endif

static const struct {
	const char *name, *magic;
	size_t n;
} kinds[] = {
	{ "gzip", "\x1f\x8b", 2 },
	{ "zstd", "\x28\xb5\x2f\xfd", 4 },
	{ "xz", "\xfd" "7zXZ\0", 6 },
	{ "lz4", "\x04\x22\x4d\x18", 4 },
	{ "bzip2", "BZh", 3 }
};

const char *
cap_zip_name(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (n >= kinds[i].n && memcmp(p, kinds[i].magic,
		    kinds[i].n) == 0)
			return kinds[i].name;
	return NULL;
}

#ifdef WITH_ARCHIVE
struct cap_zip {
	struct archive *a;
	struct sr_str out;		/* decompressed, not handed on yet */
	size_t ahead;			/* bytes of in that were read before */
	char in[CAP_READ + 8];
};

static la_ssize_t
input(struct archive *a, void *v, const void **p)
{
	struct sr_capture *c = v;
	long got = (long)c->zip->ahead;

	c->zip->ahead = 0;
	if (got == 0)
		got = cap_fd_read(c, c->zip->in, sizeof(c->zip->in));
	if (got < 0)
		archive_set_error(a, errno, "%s", strerror(errno));
	*p = c->zip->in;
	return got;
}

/* Each of these may also mean to run a program of that name, which gives
 * ARCHIVE_WARN: that we do not want. */
static bool
support(struct archive *a, const char *name)
{
	static int (*const fns[])(struct archive *) = {
		archive_read_support_filter_gzip,
		archive_read_support_filter_zstd,
		archive_read_support_filter_xz,
		archive_read_support_filter_lz4,
		archive_read_support_filter_bzip2
	};

	for (size_t i = 0; i < sizeof(fns) / sizeof(fns[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return fns[i](a) == ARCHIVE_OK;
	return false;
}

static int
broken(struct sr_capture *c)
{
	const char *text = archive_error_string(c->zip->a);
	int e = archive_errno(c->zip->a);

	if (e == EIO) {
		errno = e;
		return cap_fail(c, SR_ESYS, "%s", strerror(e));
	}
	return cap_fail(c, SR_EBAD, "behind frame %llu: %s", cap_at(c) - 1,
	    text != NULL ? text : "compressed data damaged");
}

int
cap_zip_open(struct sr_capture *c, const char *name)
{
	struct archive_entry *e;

	if ((c->zip = sr_zalloc(sizeof(*c->zip))) == NULL ||
	    (c->zip->a = archive_read_new()) == NULL)
		return cap_fail(c, SR_ENOMEM, "out of memory");
	if (!support(c->zip->a, name))
		return cap_fail(c, SR_EBAD, "compressed with %s, which this "
		    "libarchive cannot read", name);
	/* Reading stopped with the read that gave the eighth byte. */
	memcpy(c->zip->in, c->buf + c->pos, c->n - c->pos);
	c->zip->ahead = c->n - c->pos;
	c->pos = c->n = 0;
	c->eof = false;
	archive_read_support_format_raw(c->zip->a);
	if (archive_read_open(c->zip->a, c, NULL, input, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(c->zip->a, &e) != ARCHIVE_OK)
		return broken(c);
	return SR_OK;
}

/* By blocks, because archive_read_data loses what it has when an error
 * follows. */
long
cap_zip_read(struct sr_capture *c, void *p, size_t n)
{
	struct cap_zip *z = c->zip;
	const void *out;
	la_int64_t off;
	int err;

	while (z->out.n == 0) {
		err = archive_read_data_block(z->a, &out, &z->out.n, &off);
		if (err == ARCHIVE_EOF)
			return 0;
		if (err != ARCHIVE_OK && err != ARCHIVE_RETRY) {
			c->failed = broken(c);
			return -1;
		}
		z->out.p = out;
	}
	if (n > z->out.n)
		n = z->out.n;
	memcpy(p, z->out.p, n);
	z->out = sr_substr(z->out, n, z->out.n);
	return (long)n;
}

void
cap_zip_close(struct cap_zip *z)
{
	if (z != NULL)
		archive_read_free(z->a);
	free(z);
}
#else
int
cap_zip_open(struct sr_capture *c, const char *name)
{
	return cap_fail(c, SR_EBAD, "compressed with %s: this build has been "
	    "made without libarchive", name);
}

long
cap_zip_read(struct sr_capture *c, void *p, size_t n)
{
	(void)c;
	(void)p;
	(void)n;
	return -1;
}

void
cap_zip_close(struct cap_zip *z)
{
	(void)z;
}
#endif
