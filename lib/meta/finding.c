/* finding - what is to be said about a document, each thing with its clause. */
#include "meta/priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct sr_rule left_out = {
	"limit", "", SR_NOTE, false, "Mend the first ones and look again."
};

static void
keep(struct sr_doc *d, const struct sr_rule *r, unsigned line,
    struct sr_str text)
{
	struct sr_finding *v;

	v = sr_arena_grow(&d->arena, d->findings, d->nfindings, sizeof(*v));
	if (v == NULL)
		return;
	d->findings = v;
	v += d->nfindings;
	*v = (struct sr_finding){ .severity = r->severity, .line = line,
	    .rule = sr_cstr(r->id), .clause = sr_cstr(r->clause),
	    .text = sr_arena_dup(&d->arena, text), .hint = sr_cstr(r->hint),
	    .schema = r->schema };
	d->nfindings++;
}

/* Asked for each of a million elements, so the cheap questions come first. */
static bool
said(const struct sr_doc *d, const struct sr_rule *r, struct sr_str text)
{
	for (size_t i = d->nfindings; i-- > 0; ) {
		const struct sr_finding *f = &d->findings[i];

		if (f->text.n == text.n && f->rule.p == r->id && text.n > 0 &&
		    f->text.p[text.n / 2] == text.p[text.n / 2] &&
		    memcmp(f->text.p, text.p, text.n) == 0)
			return true;
	}
	return false;
}

static void
find(struct sr_doc *d, const struct sr_rule *r, unsigned line, bool once,
    const char *fmt, va_list ap)
{
	char buf[512];
	struct sr_str text;
	int n;

	if (r->severity == SR_ERROR)
		d->valid = false;
	if (d->nfindings > SR_MAX_FINDINGS)
		return;
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	text = (struct sr_str){ buf, n < 0 ? 0 : (size_t)n };
	if (text.n >= sizeof(buf))
		text.n = sizeof(buf) - 1;
	if (once && said(d, r, text))
		return;
	if (d->nfindings < SR_MAX_FINDINGS)
		keep(d, r, line, text);
	else
		keep(d, &left_out, 0, SR_STR("more findings are left out"));
}

void
sr_find(struct sr_doc *d, const struct sr_rule *r, unsigned line,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	find(d, r, line, false, fmt, ap);
	va_end(ap);
}

void
sr_find_once(struct sr_doc *d, const struct sr_rule *r, unsigned line,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	find(d, r, line, true, fmt, ap);
	va_end(ap);
}

/* By line, those of no line last; few enough for insertion, which is stable. */
void
sr_findings_sort(struct sr_doc *d)
{
	for (size_t i = 1; i < d->nfindings; i++) {
		struct sr_finding f = d->findings[i];
		size_t j = i;

		for (; j > 0 && f.line - 1 < d->findings[j - 1].line - 1; j--)
			d->findings[j] = d->findings[j - 1];
		d->findings[j] = f;
	}
}
