/* sdp - session descriptions, RFC 8866, read leniently: a line that cannot be
 * read is noted and skipped, and never costs the lines around it. */
#include "sip/priv.h"

#include <string.h>

enum {
	MAX_TEXT = 1 << 20,
	ARENA = 16 << 20,
	MAX_MLINES = 256
};

bool
sdp_word(struct sr_str *rest, struct sr_str *word)
{
	size_t i = 0, n;

	while (i < rest->n && (rest->p[i] == ' ' || rest->p[i] == '\t'))
		i++;
	for (n = i; n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t';)
		n++;
	*word = sr_substr(*rest, i, n - i);
	*rest = sr_substr(*rest, n, rest->n);
	return word->n > 0;
}

bool
sdp_conn(struct sr_str value, struct sr_addr *a)
{
	struct sr_str net, type, addr;

	memset(a, 0, sizeof(*a));
	if (!sdp_word(&value, &net) || !sdp_word(&value, &type) ||
	    !sdp_word(&value, &addr))
		return false;
	/* Multicast carries a TTL and a count: section 5.7. */
	addr = sr_substr(addr, 0, sr_strchr(addr, '/'));
	if (sr_addr_parse(a, addr) != SR_OK)
		memset(a, 0, sizeof(*a));
	a->port = 0;
	return a->family != 0;
}

/* The third word: an address or a name. */
static struct sr_str
conn_host(struct sr_str value)
{
	struct sr_str word = { NULL, 0 };

	for (int i = 0; i < 3; i++)
		if (!sdp_word(&value, &word))
			return (struct sr_str){ NULL, 0 };
	return word;
}

static void
conn_line(struct sdp_parse *p, struct sr_str value)
{
	struct sr_addr a;

	if (!sdp_conn(value, &a))
		sip_note(&p->notes, "a c= line without an IP address");
	/* Several at one level are layers of multicast: the first is enough. */
	if (p->has_conn)
		return;
	p->has_conn = true;
	if (p->m == NULL) {
		p->session.conn = a;
		p->session.host = conn_host(value);
	} else {
		a.port = p->m->rtp.port;
		p->m->rtp = a;
		p->m->host = conn_host(value);
	}
}

/* ---- m= ---- */

static void
add_format(struct sdp_parse *p, struct sr_str word)
{
	struct sr_mline *m = p->m;
	struct sr_format *f;
	uint64_t pt;

	if (sr_strnum(word, &pt) != SR_OK || pt > 127) {
		sip_note(&p->notes, "a format that is no payload type");
		return;
	}
	if (sr_mline_format(m, (uint8_t)pt) != NULL) {
		sip_note(&p->notes, "a payload type twice");
		return;
	}
	f = sr_arena_grow(&p->s->arena, m->formats, m->nformats, sizeof(*f));
	if (f == NULL) {
		p->err = SR_ENOMEM;
		return;
	}
	m->formats = f;
	f += m->nformats++;
	if (!sr_format_static(f, (uint8_t)pt))
		*f = (struct sr_format){ .pt = (uint8_t)pt, .channels = 1 };
}

static void
media_line(struct sdp_parse *p, struct sr_str value)
{
	struct sr_mline *m = p->m;
	struct sr_str port, word;
	uint64_t v;

	sdp_word(&value, &m->media);
	sdp_word(&value, &port);
	if (!sdp_word(&value, &m->proto))
		sip_note(&p->notes, "a short m= line");
	/* "port/2": the count of ports belongs to layered media. */
	port = sr_substr(port, 0, sr_strchr(port, '/'));
	if (sr_strnum(port, &v) == SR_OK && v <= UINT16_MAX)
		m->rtp.port = (uint16_t)v;
	else
		sip_note(&p->notes, "an m= line without a port");
	m->fmts = sr_trim(value);
	/* What stands behind other protocols is not ours to read. */
	if (sr_strifind(m->proto, SR_STR("RTP/")) == m->proto.n)
		return;
	while (p->err == SR_OK && sdp_word(&value, &word))
		add_format(p, word);
}

/* The m-line before is complete: what it does not say, the session may. */
static void
finish_media(struct sdp_parse *p)
{
	struct sr_mline *m = p->m;
	const struct sdp_session *s = &p->session;
	uint16_t port;

	if (m == NULL)
		return;
	if (!p->has_conn) {
		port = m->rtp.port;
		m->rtp = s->conn;
		m->rtp.port = port;
		m->host = s->host;
	}
	if (m->rtcp.port != 0 && m->rtcp.family == 0) {
		port = m->rtcp.port;
		m->rtcp = m->rtp;
		m->rtcp.port = port;
	}
	if (!m->has_dir) {
		m->dir = s->dir;
		m->has_dir = s->has_dir;
	}
	if (m->setup.p == NULL)
		m->setup = s->setup;
	if (m->fingerprint.p == NULL)
		m->fingerprint = s->fingerprint;
	if (m->recordpref.p == NULL)
		m->recordpref = s->recordpref;
	for (size_t i = 0; i < m->nformats; i++)
		if (m->formats[i].name.n == 0)
			sip_note(&p->notes,
			    "a dynamic payload type without rtpmap");
}

static void
begin_media(struct sdp_parse *p, struct sr_str value)
{
	struct sr_sdp *s = p->s;
	struct sr_mline *m;

	finish_media(p);
	if (s->nmlines == MAX_MLINES) {
		p->err = SR_ELIMIT;
		return;
	}
	m = sr_arena_grow(&s->arena, s->mlines, s->nmlines, sizeof(*m));
	if (m == NULL) {
		p->err = SR_ENOMEM;
		return;
	}
	s->mlines = m;
	p->m = m + s->nmlines++;
	memset(p->m, 0, sizeof(*p->m));
	p->has_conn = false;
	media_line(p, value);
}

/* ---- lines ---- */

/* Which lines were there, in which order: sections 5 and 9.  last is how far
 * in the order of the grammar we have come at this level. */
struct order {
	bool v, s, t, m;
	size_t last;
};

static void
check_order(struct order *o, char type, const struct sip_notes *notes)
{
	const char *grammar = o->m ? "micbka" : "vosiuepcbtzka";
	const char *at;

	o->v |= type == 'v';
	o->s |= type == 's';
	o->t |= type == 't';
	if (type == 'm') {
		o->m = true;
		o->last = 0;
		return;
	}
	if (type == 'r')
		type = 't';
	at = type != '\0' ? strchr(grammar, type) : NULL;
	if (at == NULL || (size_t)(at - grammar) < o->last)
		sip_note(notes, "lines out of order");
	else
		o->last = (size_t)(at - grammar);
}

static void
one_line(struct sdp_parse *p, struct order *o, struct sr_str line)
{
	struct sr_str value = sr_trim(sr_substr(line, 2, line.n));
	char type = line.p[0];

	if (type >= 'A' && type <= 'Z') {
		sip_note(&p->notes, "a line type in upper case");
		type = (char)(type | 0x20);
	}
	if (type < 'a' || type > 'z' || line.n < 2 || line.p[1] != '=') {
		sip_note(&p->notes, "a line that is not type=value");
		return;
	}
	check_order(o, type, &p->notes);
	switch (type) {
	case 'o':
		p->s->origin = value;
		break;
	case 'c':
		conn_line(p, value);
		break;
	case 't':
		if (p->s->times.p == NULL)
			p->s->times = value;
		break;
	case 'm':
		begin_media(p, value);
		break;
	case 'a':
		sdp_attr(p, value);
		break;
	default:
		break;
	}
}

int
sr_sdp_parse(struct sr_sdp *s, struct sr_str text)
{
	struct sdp_parse p = { .s = s };
	struct order o = { .v = false };
	struct sr_str line;

	memset(s, 0, sizeof(*s));
	sr_arena_init(&s->arena, ARENA);
	p.notes = (struct sip_notes){ &s->arena, &s->notes, &s->nnotes };
	if (text.n > MAX_TEXT)
		return SR_ELIMIT;
	while (p.err == SR_OK && sr_strline(&text, &line)) {
		line = sr_trim(line);
		if (line.n > 0)
			one_line(&p, &o, line);
	}
	if (p.err != SR_OK)
		return p.err;
	finish_media(&p);
	s->record = p.session.record;
	if (!o.v && !o.m)
		return SR_EBAD;
	if (!o.v)
		sip_note(&p.notes, "no v= line");
	if (!o.s)
		sip_note(&p.notes, "no s= line");
	if (!o.t)
		sip_note(&p.notes, "no t= line");
	return SR_OK;
}

const struct sr_format *
sr_mline_format(const struct sr_mline *m, uint8_t pt)
{
	for (size_t i = 0; i < m->nformats; i++)
		if (m->formats[i].pt == pt)
			return &m->formats[i];
	return NULL;
}

void
sr_sdp_free(struct sr_sdp *s)
{
	if (s != NULL)
		sr_arena_free(&s->arena);
}
