/* msg - one SIP message: start line, headers, body.
 *
 * Splitting is ours and tolerant: one bad header never loses a message. */
#include "sip/priv.h"

#include <string.h>

enum { ARENA = 4 << 20 };

/* The headers that become members of struct sr_msg. */
enum field {
	F_VIA, F_FROM, F_TO, F_CONTACT, F_CALL_ID, F_CSEQ, F_TYPE, F_LENGTH,
	F_COUNT, F_OTHER = F_COUNT
};

struct parse {
	struct sr_msg *m;
	struct sip_notes notes;
	struct sr_str first[F_COUNT];	/* the first of each */
};

static enum field
field_of(struct sr_str name)
{
	static const struct sr_str names[F_COUNT] = {
		[F_VIA] = SR_STR("Via"), [F_FROM] = SR_STR("From"),
		[F_TO] = SR_STR("To"), [F_CONTACT] = SR_STR("Contact"),
		[F_CALL_ID] = SR_STR("Call-ID"), [F_CSEQ] = SR_STR("CSeq"),
		[F_TYPE] = SR_STR("Content-Type"),
		[F_LENGTH] = SR_STR("Content-Length")
	};

	for (size_t i = 0; i < F_COUNT; i++)
		if (sr_strieq(name, names[i]))
			return (enum field)i;
	return F_OTHER;
}

static enum sr_method
method_of(struct sr_str s)
{
	static const struct sr_str names[SR_M_OTHER] = {
		[SR_INVITE] = SR_STR("INVITE"), [SR_ACK] = SR_STR("ACK"),
		[SR_BYE] = SR_STR("BYE"), [SR_CANCEL] = SR_STR("CANCEL"),
		[SR_OPTIONS] = SR_STR("OPTIONS"),
		[SR_REGISTER] = SR_STR("REGISTER"),
		[SR_PRACK] = SR_STR("PRACK"), [SR_UPDATE] = SR_STR("UPDATE"),
		[SR_INFO] = SR_STR("INFO"),
		[SR_SUBSCRIBE] = SR_STR("SUBSCRIBE"),
		[SR_NOTIFY] = SR_STR("NOTIFY"), [SR_REFER] = SR_STR("REFER"),
		[SR_MESSAGE] = SR_STR("MESSAGE"),
		[SR_PUBLISH] = SR_STR("PUBLISH")
	};

	if (s.n == 0)
		return SR_M_NONE;
	for (size_t i = SR_INVITE; i < SR_M_OTHER; i++)
		if (sr_streq(s, names[i]))
			return (enum sr_method)i;
	return SR_M_OTHER;
}

/* ---- the start line ---- */

static int
status_line(struct parse *p, struct sr_str rest)
{
	struct sr_str code;
	uint64_t v;

	rest = sr_trim(rest);
	sr_strcut(&rest, ' ', &code);
	/* 100 to 699; what is beyond answers nothing: RFC 4475 3.1.2.19. */
	if (code.n != 3 || sr_strnum(code, &v) != SR_OK || v < 100 || v > 699)
		return SR_EBAD;
	p->m->status = (int)v;
	p->m->reason = sr_trim(rest);
	return SR_OK;
}

/* Method, URI, version: the URI is what stands between the outer two, as a
 * broken one may hold blanks. */
static int
request_line(struct parse *p, struct sr_str line)
{
	struct sr_msg *m = p->m;
	size_t sp = sr_strchr(line, ' '), end = line.n;

	m->method_text = sr_substr(line, 0, sp);
	if (!sip_is_token(m->method_text))
		return SR_EBAD;
	while (end > sp && line.p[end - 1] != ' ')
		end--;
	if (end <= sp ||
	    !sr_stristarts(sr_substr(line, end, line.n), SR_STR("SIP/")))
		return SR_EBAD;
	if (!sr_strieq(sr_substr(line, end, line.n), SR_STR("SIP/2.0")))
		sip_note(&p->notes, "a SIP version other than 2.0");
	m->method = method_of(m->method_text);
	m->uri = sr_trim(sr_substr(line, sp, end - sp));
	if (m->uri.n == 0)
		sip_note(&p->notes, "a request without URI");
	if (sr_strchr(m->uri, ' ') < m->uri.n ||
	    sr_strchr(m->uri, '\t') < m->uri.n ||
	    m->uri.n + sp + 2 != end)
		sip_note(&p->notes, "blanks in the start line");
	return SR_OK;
}

static int
start_line(struct parse *p, struct sr_str line)
{
	struct sr_str version, trimmed = sr_trim(line);

	if (trimmed.n != line.n)
		sip_note(&p->notes, "blanks around the start line");
	if (!sr_stristarts(trimmed, SR_STR("SIP/")))
		return request_line(p, trimmed);
	sr_strcut(&trimmed, ' ', &version);
	if (!sr_strieq(version, SR_STR("SIP/2.0")))
		sip_note(&p->notes, "a SIP version other than 2.0");
	return status_line(p, trimmed);
}

/* ---- headers ---- */

/* Folds become one blank each: RFC 3261 section 7.3.1.  Absent: no memory. */
static struct sr_str
unfold(struct parse *p, struct sr_str s)
{
	struct sr_str out;
	char *w;

	if (sr_strchr(s, '\n') == s.n)
		return s;
	out = sr_arena_dup(&p->m->arena, s);
	if (out.p == NULL)
		return out;
	w = (char *)out.p;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\r' && s.p[i] != '\n') {
			*w++ = s.p[i];
			continue;
		}
		while (i + 1 < s.n && strchr("\r\n\t ", s.p[i + 1]) != NULL &&
		    s.p[i + 1] != '\0')
			i++;
		while (w > out.p && (w[-1] == ' ' || w[-1] == '\t'))
			w--;
		*w++ = ' ';
	}
	out.n = (size_t)(w - out.p);
	return out;
}

/* Remembers the first of each kind; a second one is odd where there may be
 * but one: RFC 4475 3.3.8. */
static void
keep_first(struct parse *p, struct sr_str name, struct sr_str value)
{
	enum field f = field_of(name);

	if (f == F_OTHER)
		return;
	if (p->first[f].p == NULL) {
		p->first[f] = value;
		return;
	}
	if (f == F_VIA || f == F_CONTACT)
		return;
	if (sr_streq(p->first[f], value))
		sip_note(&p->notes, "a header twice");
	else
		sip_note(&p->notes, "a header twice with different values");
}

static int
add_header(struct parse *p, struct sr_str line)
{
	struct sr_msg *m = p->m;
	struct sr_str name, value;
	struct sr_header *h;

	if (!sip_field(line, &name, &value)) {
		sip_note(&p->notes, "a header line without a colon");
		return SR_OK;
	}
	if (!sip_is_token(name))
		sip_note(&p->notes, "a header name that is none");
	if (m->nheaders == SIP_MAX_HEADERS)
		return SR_ELIMIT;
	h = sr_arena_grow(&m->arena, m->headers, m->nheaders, sizeof(*h));
	value = unfold(p, value);
	if (h == NULL || value.p == NULL)
		return SR_ENOMEM;
	m->headers = h;
	h += m->nheaders++;
	h->name = sip_long_name(name);
	h->value = value;
	keep_first(p, h->name, h->value);
	return SR_OK;
}

/* Leaves rest at the body. */
static int
headers(struct parse *p, struct sr_str *rest)
{
	struct sr_str line;
	int err;

	while (sip_line(rest, &line)) {
		if (line.n == 0)
			return SR_OK;
		if ((err = add_header(p, line)) != SR_OK)
			return err;
	}
	sip_note(&p->notes, "no empty line behind the headers");
	return SR_OK;
}

/* ---- what they mean ---- */

static void
cseq(struct parse *p, struct sr_str value)
{
	struct sr_msg *m = p->m;
	struct sr_str method;
	size_t n = 0;
	uint64_t v;

	while (n < value.n && value.p[n] >= '0' && value.p[n] <= '9')
		n++;
	method = sr_trim(sr_substr(value, n, value.n));
	if (sr_strnum(sr_substr(value, 0, n), &v) == SR_OK &&
	    v <= UINT32_MAX) {
		m->cseq = (uint32_t)v;
		m->has_cseq = true;
	}
	if (!m->has_cseq || !sip_is_token(method))
		sip_note(&p->notes, "a CSeq that cannot be read");
	if (m->status != 0) {
		m->method_text = method;
		m->method = method_of(method);
	} else if (!sr_streq(m->method_text, method)) {
		sip_note(&p->notes, "a CSeq with another method");
	}
}

static void
addresses(struct parse *p)
{
	static const char *const notes[] = {
		[F_FROM] = "a From header against the grammar",
		[F_TO] = "a To header against the grammar",
		[F_CONTACT] = "a Contact header against the grammar"
	};
	struct sr_msg *m = p->m;
	struct sr_party *parties[] = {
		[F_FROM] = &m->from, [F_TO] = &m->to, [F_CONTACT] = &m->contact
	};
	struct sr_str value;

	for (enum field f = F_FROM; f <= F_CONTACT; f++) {
		value = p->first[f];
		if (f == F_CONTACT && !sip_next_value(&p->first[f], &value))
			continue;
		if (value.p == NULL) {
			sip_note(&p->notes, "no From or no To");
			continue;
		}
		sip_party(parties[f], value, &p->notes);
		if (!sr_streq(value, SR_STR("*")) && !sip_legal_party(value))
			sip_note(&p->notes, notes[f]);
	}
}

static void
via(struct parse *p)
{
	struct sr_str value, head, params;

	if (!sip_next_value(&p->first[F_VIA], &value)) {
		sip_note(&p->notes, "no Via");
		return;
	}
	sip_split_params(value, &head, &params);
	sr_param(params, "branch", &p->m->branch);
	if (!sip_legal_via(value))
		sip_note(&p->notes, "a Via header against the grammar");
}

/* RFC 3261 section 18.3: over UDP the length may be missing, and what is
 * longer than it says is cut. */
static void
body(struct parse *p, struct sr_str rest)
{
	struct sr_str value = p->first[F_LENGTH];
	uint64_t len;
	int err;

	p->m->body = rest;
	if (value.p == NULL)
		return;
	err = sr_strnum(value, &len);
	if (err == SR_EBAD)
		sip_note(&p->notes, "a Content-Length that is no number");
	else if (err != SR_OK || len > rest.n)
		sip_note(&p->notes, "a body shorter than its Content-Length");
	else if (len < rest.n)
		sip_note(&p->notes, "bytes behind the end of the body");
	if (err == SR_OK)
		p->m->body = sr_substr(rest, 0, len < rest.n ? (size_t)len :
		    rest.n);
}

static int
parse(struct parse *p, struct sr_str raw)
{
	struct sr_str line;
	int err;

	raw = sr_substr(raw, sip_skip_crlf(raw), raw.n);
	if (!sip_line(&raw, &line))
		return SR_EBAD;
	if ((err = start_line(p, line)) != SR_OK ||
	    (err = headers(p, &raw)) != SR_OK)
		return err;
	p->m->call_id = p->first[F_CALL_ID];
	if (p->m->call_id.n == 0)
		return SR_EBAD;
	p->m->content_type = p->first[F_TYPE];
	if (p->first[F_CSEQ].p != NULL)
		cseq(p, p->first[F_CSEQ]);
	else
		sip_note(&p->notes, "no CSeq");
	via(p);
	addresses(p);
	body(p, raw);
	return SR_OK;
}

int
sr_msg_parse(struct sr_msg *m, struct sr_str raw)
{
	struct parse p = { .m = m };

	memset(m, 0, sizeof(*m));
	sr_arena_init(&m->arena, ARENA);
	p.notes = (struct sip_notes){ &m->arena, &m->notes, &m->nnotes };
	return parse(&p, raw);
}

void
sr_msg_free(struct sr_msg *m)
{
	if (m != NULL)
		sr_arena_free(&m->arena);
}

/* ---- questions ---- */

struct sr_str
sr_msg_header(const struct sr_msg *m, const char *name, size_t i)
{
	struct sr_str want = sr_cstr(name);

	for (size_t h = 0; h < m->nheaders; h++)
		if (sr_strieq(m->headers[h].name, want) && i-- == 0)
			return m->headers[h].value;
	return (struct sr_str){ NULL, 0 };
}

bool
sr_msg_lists(const struct sr_msg *m, const char *name, const char *token)
{
	struct sr_str want = sr_cstr(name), word = sr_cstr(token);
	struct sr_str rest, value, head, params;

	for (size_t h = 0; h < m->nheaders; h++) {
		if (!sr_strieq(m->headers[h].name, want))
			continue;
		rest = m->headers[h].value;
		while (sip_next_value(&rest, &value)) {
			sip_split_params(value, &head, &params);
			if (sr_strieq(head, word))
				return true;
		}
	}
	return false;
}

/* RFC 3840 section 9: a bare tag and ="TRUE" mean yes, ="FALSE" means no. */
static bool
src_tag(struct sr_str params)
{
	struct sr_str value;

	if (!sr_param(params, "+sip.src", &value) &&
	    !sr_param(params, "src", &value))
		return false;
	return !sr_strieq(value, SR_STR("FALSE"));
}

bool
sr_msg_is_src(const struct sr_msg *m)
{
	struct sr_str rest, value;
	struct sr_party party;

	for (size_t h = 0; h < m->nheaders; h++) {
		if (!sr_strieq(m->headers[h].name, SR_STR("Contact")))
			continue;
		rest = m->headers[h].value;
		while (sip_next_value(&rest, &value)) {
			sip_party(&party, value, NULL);
			if (src_tag(party.params) ||
			    src_tag(sip_uri_params(party.uri)))
				return true;
		}
	}
	return false;
}
