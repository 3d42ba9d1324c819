/* judge_sdp - did the server answer the offer as RFC 3264 and 7866 say? */
#include "client/judge.h"

static enum sr_verdict
fail(struct hearing *k, const char *what, size_t mline)
{
	sr_buf_fmt(k->why, "m-line %zu: %s", mline + 1, what);
	return SR_FAIL;
}

/* ---- m-lines ---- */

static size_t
lines_of(const struct hearing *k)
{
	size_t a = k->seen->offer->nmlines, b = k->seen->answer->nmlines;

	return a < b ? a : b;
}

enum sr_verdict
sr_judge_answered(struct hearing *k)
{
	return verdict(k->seen->answer != NULL || sr_judge_has(k->m,
	    SR_PART_SDP));
}

enum sr_verdict
sr_judge_mlines(struct hearing *k)
{
	const struct sr_sdp *o = k->seen->offer, *a = k->seen->answer;

	if (o->nmlines != a->nmlines) {
		sr_buf_fmt(k->why, "%zu m-lines for %zu", a->nmlines,
		    o->nmlines);
		return SR_FAIL;
	}
	for (size_t i = 0; i < o->nmlines; i++) {
		if (!sr_strieq(o->mlines[i].media, a->mlines[i].media))
			return fail(k, "another media type", i);
		if (!sr_strieq(o->mlines[i].proto, a->mlines[i].proto))
			return fail(k, "another transport", i);
	}
	return SR_PASS;
}

static bool
audio(const struct sr_mline *m)
{
	return sr_strieq(m->media, SR_STR("audio")) && m->rtp.port != 0;
}

enum sr_verdict
sr_judge_taken(struct hearing *k)
{
	for (size_t i = 0; i < lines_of(k); i++)
		if (audio(&k->seen->offer->mlines[i]) &&
		    k->seen->answer->mlines[i].rtp.port == 0)
			return fail(k, "refused", i);
	return SR_PASS;
}

enum sr_verdict
sr_judge_two(struct hearing *k)
{
	size_t offered = 0, got = 0;

	for (size_t i = 0; i < lines_of(k); i++)
		if (audio(&k->seen->offer->mlines[i])) {
			offered++;
			got += k->seen->answer->mlines[i].rtp.port != 0;
		}
	return offered < 2 ? SR_UNTESTED : verdict(got >= 2);
}

enum sr_verdict
sr_judge_recvonly(struct hearing *k)
{
	bool any = false;

	for (size_t i = 0; i < lines_of(k); i++) {
		const struct sr_mline *o = &k->seen->offer->mlines[i];
		const struct sr_mline *a = &k->seen->answer->mlines[i];

		if (o->rtp.port == 0 || a->rtp.port == 0 ||
		    o->dir != SR_SENDONLY)
			continue;
		any = true;
		if (a->dir != SR_RECVONLY && a->dir != SR_INACTIVE)
			return fail(k, "neither recvonly nor inactive", i);
	}
	return any ? SR_PASS : SR_UNTESTED;
}

enum sr_verdict
sr_judge_inactive(struct hearing *k)
{
	bool any = false;

	for (size_t i = 0; i < lines_of(k); i++) {
		const struct sr_mline *o = &k->seen->offer->mlines[i];
		const struct sr_mline *a = &k->seen->answer->mlines[i];

		if (o->rtp.port == 0 || a->rtp.port == 0 ||
		    o->dir != SR_INACTIVE)
			continue;
		any = true;
		if (a->dir != SR_INACTIVE)
			return fail(k, "not inactive", i);
	}
	return any ? SR_PASS : SR_UNTESTED;
}

enum sr_verdict
sr_judge_zero(struct hearing *k)
{
	bool any = false;

	for (size_t i = 0; i < lines_of(k); i++) {
		if (k->seen->offer->mlines[i].rtp.port != 0)
			continue;
		any = true;
		if (k->seen->answer->mlines[i].rtp.port != 0)
			return fail(k, "a port for a removed stream", i);
	}
	return any ? SR_PASS : SR_UNTESTED;
}

/* The same number must mean the same, and some number must be shared. */
static bool
shares_format(const struct sr_mline *o, const struct sr_mline *a)
{
	for (size_t i = 0; i < a->nformats; i++) {
		const struct sr_format *f = sr_mline_format(o,
		    a->formats[i].pt);

		if (f != NULL && (a->formats[i].name.n == 0 ||
		    f->name.n == 0 ||
		    sr_strieq(f->name, a->formats[i].name)))
			return true;
	}
	return false;
}

enum sr_verdict
sr_judge_formats(struct hearing *k)
{
	bool any = false;

	for (size_t i = 0; i < lines_of(k); i++) {
		const struct sr_mline *o = &k->seen->offer->mlines[i];
		const struct sr_mline *a = &k->seen->answer->mlines[i];

		if (o->rtp.port == 0 || a->rtp.port == 0)
			continue;
		any = true;
		if (!shares_format(o, a))
			return fail(k, "no format of the offer", i);
	}
	return any ? SR_PASS : SR_UNTESTED;
}

enum sr_verdict
sr_judge_labels(struct hearing *k)
{
	for (size_t i = 0; i < lines_of(k); i++) {
		const struct sr_mline *o = &k->seen->offer->mlines[i];

		if (o->rtp.port != 0 && o->label.n > 0 && !sr_streq(o->label,
		    k->seen->answer->mlines[i].label))
			return fail(k, "not the label of the offer", i);
	}
	return SR_PASS;
}

enum sr_verdict
sr_judge_no_record(struct hearing *k)
{
	const struct sr_sdp *a = k->seen->answer;

	for (size_t i = 0; i < a->nmlines; i++)
		if (a->mlines[i].record.n > 0 || a->mlines[i].recordpref.n > 0)
			return fail(k, "a=record", i);
	return verdict(a->record.n == 0);
}

enum sr_verdict
sr_judge_same_port(struct hearing *k)
{
	const struct sr_sdp *a = k->seen->answer, *b = k->seen->before;

	if (b == NULL)
		return SR_UNTESTED;
	for (size_t i = 0; i < a->nmlines && i < b->nmlines; i++)
		if (a->mlines[i].rtp.port != 0 && b->mlines[i].rtp.port != 0 &&
		    a->mlines[i].rtp.port != b->mlines[i].rtp.port)
			return fail(k, "another port than before", i);
	return SR_PASS;
}

enum sr_verdict
sr_judge_same_lines(struct hearing *k)
{
	const struct sr_sdp *o = k->seen->offer, *a = k->seen->answer;

	if (o->nmlines != a->nmlines) {
		sr_buf_fmt(k->why, "%zu m-lines, %zu in force", a->nmlines,
		    o->nmlines);
		return SR_FAIL;
	}
	for (size_t i = 0; i < o->nmlines; i++)
		if (o->mlines[i].rtp.port == 0 && a->mlines[i].rtp.port != 0)
			return fail(k, "a stream that is not there", i);
	return SR_PASS;
}

enum sr_verdict
sr_judge_all_inactive(struct hearing *k)
{
	for (size_t i = 0; i < k->seen->answer->nmlines; i++) {
		const struct sr_mline *a = &k->seen->answer->mlines[i];

		if (a->rtp.port != 0 && a->dir != SR_INACTIVE)
			return fail(k, "not inactive", i);
	}
	return SR_PASS;
}

enum sr_verdict
sr_judge_some_recvonly(struct hearing *k)
{
	for (size_t i = 0; i < k->seen->answer->nmlines; i++)
		if (k->seen->answer->mlines[i].rtp.port != 0 &&
		    k->seen->answer->mlines[i].dir == SR_RECVONLY)
			return SR_PASS;
	return SR_FAIL;
}

/* ---- o= ---- */

/* "user id version ..."; false when it is not of that form. */
static bool
origin_of(const struct sr_sdp *s, struct sr_str *id, uint64_t *version)
{
	struct sr_str rest = s->origin, user, text;

	return sr_strcut(&rest, ' ', &user) && sr_strcut(&rest, ' ', id) &&
	    sr_strcut(&rest, ' ', &text) && sr_strnum(text, version) == SR_OK;
}

static bool
same_sdp(const struct sr_sdp *a, const struct sr_sdp *b)
{
	bool yes = a->nmlines == b->nmlines;

	for (size_t i = 0; yes && i < a->nmlines; i++) {
		const struct sr_mline *x = &a->mlines[i], *y = &b->mlines[i];

		yes = x->rtp.port == y->rtp.port && x->dir == y->dir &&
		    x->nformats == y->nformats &&
		    sr_streq(x->label, y->label);
		for (size_t f = 0; yes && f < x->nformats; f++)
			yes = x->formats[f].pt == y->formats[f].pt;
	}
	return yes;
}

enum sr_verdict
sr_judge_origin(struct hearing *k)
{
	const struct sr_sdp *a = k->seen->answer, *b = k->seen->before;
	struct sr_str was, is;
	uint64_t old, new;

	if (b == NULL || !origin_of(b, &was, &old))
		return SR_UNTESTED;
	if (!origin_of(a, &is, &new) || !sr_streq(was, is)) {
		sr_buf_add(k->why, SR_STR("another session id"));
		return SR_FAIL;
	}
	if (!same_sdp(a, b) && new != old + 1) {
		sr_buf_fmt(k->why, "version %llu after %llu for a change",
		    (unsigned long long)new, (unsigned long long)old);
		return SR_FAIL;
	}
	return verdict(new == old || new == old + 1);
}
