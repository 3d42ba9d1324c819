/* meta_rows - tab-separated columns for scripts, a table for people. */
#include "meta.h"

#include <unistd.h>

enum { COLS = 16, WIDE = 60 };

int
meta_out(struct sr_buf *b, int err)
{
	int status = CLI_OK;

	if (err == SR_OK)
		cli_put(sr_buf_str(b));
	else
		cli_warn("%s", sr_strerror(err));
	if (err != SR_OK)
		status = CLI_SYSTEM;
	sr_buf_free(b);
	return status;
}

/* What would break a row is written as \t, \n, \r, \\, as jq's @tsv has it;
 * other control characters would speak to a terminal and are blanks. */
void
meta_col(struct sr_buf *b, struct sr_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '\t')
			sr_buf_add(b, SR_STR("\\t"));
		else if (c == '\n')
			sr_buf_add(b, SR_STR("\\n"));
		else if (c == '\r')
			sr_buf_add(b, SR_STR("\\r"));
		else if (c == '\\')
			sr_buf_add(b, SR_STR("\\\\"));
		else
			sr_buf_addc(b, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
	sr_buf_addc(b, '\t');
}

void
meta_cols(struct sr_buf *b, const struct sr_str *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			sr_buf_addc(b, ',');
		meta_col(b, v[i]);
		b->n--;
	}
	sr_buf_addc(b, '\t');
}

void
meta_eol(struct sr_buf *b)
{
	if (b->n > 0)
		b->p[b->n - 1] = '\n';
}

/* Columns on a screen: those of UTF-8 that are no continuations. */
static size_t
width(struct sr_str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

static void
measure(struct sr_str rows, size_t widths[COLS])
{
	struct sr_str line, col;

	while (sr_strline(&rows, &line))
		for (size_t i = 0; i < COLS && sr_strcut(&line, '\t', &col);
		    i++) {
			size_t w = width(col);

			if (w > widths[i] && w <= WIDE)
				widths[i] = w;
		}
}

static void
align(struct sr_buf *out, struct sr_str rows, const size_t widths[COLS])
{
	struct sr_str line, col;

	while (sr_strline(&rows, &line)) {
		for (size_t i = 0; sr_strcut(&line, '\t', &col); i++) {
			size_t w = width(col);

			sr_buf_add(out, col);
			while (line.n > 0 && i < COLS && w++ < widths[i] + 2)
				sr_buf_addc(out, ' ');
		}
		sr_buf_addc(out, '\n');
	}
}

int
meta_rows(struct sr_buf *rows, const char *titles)
{
	size_t widths[COLS] = { 0 };
	struct sr_buf out;

	if (!cli_tty(STDOUT_FILENO))
		return meta_out(rows, SR_OK);
	sr_buf_init(&out, META_OUT_MAX);
	measure(sr_cstr(titles), widths);
	measure(sr_buf_str(rows), widths);
	align(&out, sr_cstr(titles), widths);
	align(&out, sr_buf_str(rows), widths);
	sr_buf_free(rows);
	return meta_out(&out, SR_OK);
}
