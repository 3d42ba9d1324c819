/* labels - do streams and m-lines find each other? */
#include "meta/priv.h"
#include "meta/table.h"

static const struct sr_rule no_mline = {
	"R7865-6.7.1-1", "RFC 7865 section 6.7.1", SR_ERROR, false,
	"The label of a stream is that of an m-line: a=label, RFC 4574."
};
static const struct sr_rule no_mline_by_itself = {
	"R7865-6.7.1-1", "RFC 7865 section 6.7.1", SR_WARNING, false,
	"The label of a stream is that of an m-line: a=label, RFC 4574."
};
static const struct sr_rule no_stream = {
	"R7866-7.1.1-1", "RFC 7866 section 7.1.1", SR_WARNING, false,
	"Describe each recorded m-line by a stream with its label."
};

/* The attribute may be the SDP's label where the element is a description,
 * or the other way round: one that fits is enough. */
static bool
fits(const struct table *t, const struct sr_mstream *s)
{
	return sr_table_get(t, sr_trim(s->label), SR_STR("")) != TABLE_NONE ||
	    (s->media_label.n > 0 && sr_table_get(t, sr_trim(s->media_label),
	    SR_STR("")) != TABLE_NONE);
}

int
sr_doc_check_labels(struct sr_doc *d, const struct sr_str *labels, size_t n,
    enum sr_severity severity)
{
	const struct sr_rule *rule = severity == SR_ERROR ? &no_mline :
	    &no_mline_by_itself;
	struct sr_arena tmp;
	struct table lines, streams;
	int err = SR_ENOMEM;

	sr_arena_init(&tmp, SIZE_MAX / 2);
	if (sr_table_init(&lines, &tmp, n) != SR_OK ||
	    sr_table_init(&streams, &tmp, 2 * d->nstreams) != SR_OK)
		goto out;
	for (size_t i = 0; i < n; i++)
		sr_table_put(&lines, labels[i], SR_STR(""), i);
	for (size_t i = 0; i < d->nstreams; i++) {
		const struct sr_mstream *s = &d->streams[i];

		sr_table_put(&streams, sr_trim(s->label), SR_STR(""), i);
		sr_table_put(&streams, sr_trim(s->media_label), SR_STR(""),
		    i);
		if (s->label.n > 0 && !fits(&lines, s))
			sr_find(d, rule, s->line, "no m-line of the SDP has "
			    "the label \"%.*s\"", SR_SHOW(s->label));
	}
	for (size_t i = 0; i < n; i++)
		if (!sr_streq(d->datamode, SR_STR("partial")) &&
		    sr_table_get(&streams, labels[i], SR_STR("")) ==
		    TABLE_NONE)
			sr_find(d, &no_stream, 0, "no stream has the label "
			    "\"%.*s\" of the SDP", SR_SHOW(labels[i]));
	sr_findings_sort(d);
	err = SR_OK;
out:
	sr_arena_free(&tmp);
	return err;
}
