/* body - the parts of a message, and which of them matter: RFC 5621. */
#include "sip/priv.h"

#include <string.h>

enum { ARENA_SPARE = 65536 };

/* A body without a type that begins like a multipart is one. */
static bool
looks_multipart(struct sr_str data)
{
	struct sr_str line, name, value;

	data = sr_substr(data, sip_skip_crlf(data), data.n);
	return sr_strstarts(data, SR_STR("--")) && sip_line(&data, &line) &&
	    sip_line(&data, &line) && sip_field(line, &name, &value) &&
	    sr_stristarts(sip_long_name(name), SR_STR("Content-"));
}

int
sr_body_split(struct sr_body *b, const struct sr_msg *m)
{
	struct sip_body p = { .b = b };
	struct mime h = {
		.type = m->content_type,
		.encoding = sr_msg_header(m, "Content-Transfer-Encoding", 0),
		.disposition = sr_msg_header(m, "Content-Disposition", 0),
		.id = sr_msg_header(m, "Content-ID", 0)
	};

	memset(b, 0, sizeof(*b));
	sr_arena_init(&b->arena, m->body.n * 2 + ARENA_SPARE);
	p.notes = (struct sip_notes){ &b->arena, &b->notes, &b->nnotes };
	if (m->body.n == 0)
		return SR_OK;
	if (sr_msg_header(m, "Content-Encoding", 0).n > 0 && !sr_strieq(
	    sr_msg_header(m, "Content-Encoding", 0), SR_STR("identity")))
		sip_note(&p.notes, "a body with a Content-Encoding");
	if (h.type.n == 0) {
		sip_note(&p.notes, "a body without Content-Type");
		if (looks_multipart(m->body))
			h.type = SR_STR("multipart/mixed");
	}
	mime_split(&p, &h, m->body, 0, 0);
	return p.err;
}

/* ---- what a part is ---- */

/* Cuts from open to close off the head of s, if open begins it. */
static bool
skip(struct sr_str *s, struct sr_str open, struct sr_str close)
{
	size_t end;

	if (!sr_strstarts(*s, open))
		return false;
	end = sr_strfind(*s, close);
	*s = sr_substr(*s, end < s->n ? end + close.n : s->n, s->n);
	return true;
}

/* The local name of the root element, absent when this is no XML. */
static struct sr_str
root_element(struct sr_str s)
{
	size_t n = 0, colon;

	if (sr_strstarts(s, SR_STR("\xef\xbb\xbf")))
		s = sr_substr(s, 3, s.n);
	do
		s = sr_trim(s);
	while (skip(&s, SR_STR("<!--"), SR_STR("-->")) ||
	    skip(&s, SR_STR("<?"), SR_STR("?>")) ||
	    skip(&s, SR_STR("<!"), SR_STR(">")));
	if (s.n == 0 || s.p[0] != '<')
		return (struct sr_str){ NULL, 0 };
	s = sr_substr(s, 1, s.n);
	while (n < s.n && n < 256 && s.p[n] != '\0' &&
	    strchr(" \t\r\n/>", s.p[n]) == NULL)
		n++;
	s = sr_substr(s, 0, n);
	colon = sr_strchr(s, ':');
	return colon < s.n ? sr_substr(s, colon + 1, s.n) : s;
}

static bool
is_metadata(struct sr_str data)
{
	struct sr_str root = root_element(data);

	return sr_strieq(root, SR_STR("recording")) ||
	    sr_strieq(root, SR_STR("recording_metadata")) ||
	    sr_strieq(root, SR_STR("requestsnapshot"));
}

static bool
is_sdp(struct sr_str data)
{
	return sr_stristarts(sr_trim(data), SR_STR("v=0"));
}

/* Types that say too little: the bytes decide. */
static bool
vague(struct sr_str type)
{
	return type.n == 0 || sr_stristarts(type, SR_STR("text/")) ||
	    sr_strieq(type, SR_STR("application/xml")) ||
	    sr_strieq(type, SR_STR("application/octet-stream")) ||
	    sr_stristarts(type, SR_STR("multipart/"));
}

static bool
ends_xml(struct sr_str type)
{
	return type.n > 4 &&
	    sr_strieq(sr_substr(type, type.n - 4, 4), SR_STR("+xml"));
}

enum sr_part_kind
sr_part_kind(const struct sr_part *p)
{
	if (sr_strieq(p->type, SR_STR("application/sdp")))
		return SR_PART_SDP;
	/* +xml or not, and the -request of RFC 8068. */
	if (sr_stristarts(p->type, SR_STR("application/rs-metadata")))
		return SR_PART_META;
	if (sr_strieq(p->disposition, SR_STR("recording-session")) &&
	    (ends_xml(p->type) || root_element(p->data).n > 0))
		return SR_PART_META;
	if ((vague(p->type) || ends_xml(p->type)) && is_metadata(p->data))
		return SR_PART_META;
	if (vague(p->type) && is_sdp(p->data))
		return SR_PART_SDP;
	return SR_PART_OTHER;
}

const struct sr_part *
sr_body_find(const struct sr_body *b, enum sr_part_kind kind)
{
	const struct sr_part *found = NULL;

	for (size_t i = 0; i < b->nparts; i++) {
		if (found != NULL &&
		    (found->alt == 0 || found->alt != b->parts[i].alt))
			continue;
		if (sr_part_kind(&b->parts[i]) == kind)
			found = &b->parts[i];
	}
	return found;
}

void
sr_body_free(struct sr_body *b)
{
	if (b != NULL)
		sr_arena_free(&b->arena);
}
