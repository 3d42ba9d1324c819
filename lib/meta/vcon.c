/* vcon - the recording as a vCon, draft-ietf-vcon-vcon-core-04.
 *
 * A participant becomes a party, a recorded stream a dialog of type recording
 * that refers to its audio by url and hash, and the metadata itself goes
 * along as an attachment: what vCon has no words for is not lost.  Nobody in
 * RFC 7865 is the caller, so no originator is named. */
#include "meta/table.h"
#include "siprec/meta.h"

/* More voices in one stream are not told apart by anybody. */
enum { HEARD_MAX = 64 };

struct vcon {
	const struct sr_doc *d;
	const struct sr_vcon *v;
	const struct sr_crypto *crypto;
	struct sr_buf *out;
	struct sr_arena tmp;
	struct table people;		/* id -> party */
	struct table streams;		/* label -> stream */
	struct table sessions;		/* id -> session */
	struct table part;		/* participant, session -> assoc */
	struct multi senders;		/* stream id -> associations */
	size_t heard[HEARD_MAX], nheard;	/* parties of this dialog */
	bool comma;
	int err;
};

static void
put(struct vcon *c, const char *s)
{
	if (c->err == SR_OK)
		c->err = sr_buf_add(c->out, sr_cstr(s));
}

/* Everything that opens or follows knows whether a comma goes before it. */
static void
item(struct vcon *c)
{
	if (c->comma)
		put(c, ",");
	c->comma = true;
}

static void
open_with(struct vcon *c, const char *name, const char *bracket)
{
	item(c);
	if (name != NULL) {
		put(c, "\"");
		put(c, name);
		put(c, "\":");
	}
	put(c, bracket);
	c->comma = false;
}

static void
close_with(struct vcon *c, const char *bracket)
{
	put(c, bracket);
	c->comma = true;
}

static void
string(struct vcon *c, const char *name, struct sr_str s)
{
	if (s.p == NULL)
		return;
	open_with(c, name, "");
	if (c->err == SR_OK)
		c->err = sr_buf_json(c->out, s);
	c->comma = true;
}

static void
number(struct vcon *c, const char *name, size_t n)
{
	open_with(c, name, "");
	if (c->err == SR_OK)
		c->err = sr_buf_fmt(c->out, "%zu", n);
	c->comma = true;
}

/* Only a time that says where it was is an instant: RFC 3339. */
static bool
instant(struct sr_str s)
{
	int32_t zone;
	sr_time t;
	bool loose;

	return s.p != NULL && sr_time_parse(s, &t, &zone, &loose) == SR_OK &&
	    zone != SR_NOZONE;
}

static void
moment(struct vcon *c, const char *name, struct sr_str s)
{
	struct sr_buf b;
	int32_t zone;
	sr_time t;
	bool loose;

	if (!instant(s) || sr_time_parse(s, &t, &zone, &loose) != SR_OK)
		return;
	sr_buf_init(&b, 64);
	sr_time_print(&b, t, 3);
	string(c, name, sr_buf_str(&b));
	sr_buf_free(&b);
}

/* 16 octets as 8-4-4-4-12 hexadecimal digits, RFC 9562 section 4. */
static void
uuid_text(struct sr_buf *b, const uint8_t u[16])
{
	static const uint8_t cuts[] = { 0, 4, 6, 8, 10, 16 };

	for (int i = 0; i < 5; i++) {
		if (i > 0)
			sr_buf_addc(b, '-');
		sr_hex_add(b, u + cuts[i], (size_t)(cuts[i + 1] - cuts[i]));
	}
}

/* A version 8 UUID of the content: the same recording converted twice is the
 * same vCon. */
static void
own_uuid(struct vcon *c)
{
	uint8_t digest[32];
	struct sr_buf b, name;

	sr_buf_init(&name, SIZE_MAX / 2);
	sr_buf_add(&name, c->v->xml);
	for (size_t i = 0; i < c->v->nfiles; i++)
		sr_buf_add(&name, (struct sr_str){
		    (const char *)c->v->files[i].sha512, 64 });
	c->crypto->hash(SR_SHA256, sr_buf_str(&name), digest);
	sr_buf_free(&name);
	digest[6] = (uint8_t)((digest[6] & 0x0f) | 0x80);
	digest[8] = (uint8_t)((digest[8] & 0x3f) | 0x80);
	sr_buf_init(&b, 64);
	uuid_text(&b, digest);
	string(c, "uuid", sr_buf_str(&b));
	sr_buf_free(&b);
}

/* ---- parties ---- */

static void
party_id(struct vcon *c, struct sr_str id)
{
	struct sr_buf raw, b;

	sr_buf_init(&raw, 64);
	sr_buf_init(&b, 64);
	if (sr_base64_read(&raw, id) == SR_OK && raw.n == 16) {
		uuid_text(&b, (const uint8_t *)raw.p);
		string(c, "uuid", sr_buf_str(&b));
	} else if (id.n > 0) {
		string(c, "uuid", id);
	}
	sr_buf_free(&raw);
	sr_buf_free(&b);
}

static void
party(struct vcon *c, const struct sr_participant *p)
{
	struct sr_str name = { NULL, 0 };
	bool sip = false, tel = false;

	open_with(c, NULL, "{");
	for (size_t i = 0; i < p->nnames; i++) {
		struct sr_str aor = sr_trim(p->names[i].aor);
		bool is_tel = sr_stristarts(aor, SR_STR("tel:"));

		if (name.n == 0)
			name = sr_trim(p->names[i].name);
		if (aor.n == 0 || (is_tel ? tel : sip))
			continue;
		string(c, is_tel ? "tel" : "sip", aor);
		*(is_tel ? &tel : &sip) = true;
	}
	if (name.n > 0) {
		string(c, "name", name);
		string(c, "validation", SR_STR("none"));
	}
	party_id(c, sr_trim(p->id));
	close_with(c, "}");
}

/* ---- dialogs ---- */

/* Who sends which stream, turned round once. */
static int
index_senders(struct vcon *c)
{
	const struct sr_doc *d = c->d;
	size_t n = 0;

	for (size_t i = 0; i < d->nassocs; i++)
		n += d->assocs[i].nsend;
	if (sr_multi_init(&c->senders, &c->tmp, n) != SR_OK)
		return SR_ENOMEM;
	for (size_t i = 0; i < d->nassocs; i++)
		for (size_t k = 0; k < d->assocs[i].nsend; k++)
			sr_multi_put(&c->senders, d->assocs[i].send[k], i);
	return SR_OK;
}

/* Adds a party once, to the list of the dialog and to the output. */
static void
one_party(struct vcon *c, struct sr_str id)
{
	size_t at = sr_table_get(&c->people, sr_trim(id), SR_STR(""));

	for (size_t i = 0; i < c->nheard; i++)
		if (c->heard[i] == at)
			return;
	if (at == TABLE_NONE || c->nheard == HEARD_MAX)
		return;
	c->heard[c->nheard++] = at;
	number(c, NULL, at);
}

/* Who was heard: the recorder knows, else those that send it now. */
static void
dialog_parties(struct vcon *c, const struct sr_vcon_file *f,
    const struct sr_mstream *s)
{
	const struct multi *m = &c->senders;
	size_t at = s != NULL ? sr_multi_first(m, s->id) : TABLE_NONE;

	c->nheard = 0;
	open_with(c, "parties", "[");
	for (size_t i = 0; f != NULL && i < f->nparticipants; i++)
		one_party(c, f->participants[i]);
	for (bool all = c->nheard == 0; all && at != TABLE_NONE;
	    at = m->v[at].next)
		one_party(c, c->d->assocs[m->v[at].value].participant_id);
	close_with(c, "]");
}

static const struct sr_cs *
session(const struct vcon *c, const struct sr_mstream *s)
{
	size_t at = s != NULL ? sr_table_get(&c->sessions, s->session_id,
	    SR_STR("")) : TABLE_NONE;

	return at != TABLE_NONE ? &c->d->sessions[at] : NULL;
}

/* RFC 7989 writes both ends into one value: local, ";remote=", remote. */
static void
session_id(struct vcon *c, const struct sr_cs *s)
{
	struct sr_str rest, local, mark = SR_STR("remote=");
	size_t at;

	if (s == NULL || s->nsip_session_ids != 1)
		return;
	rest = s->sip_session_ids[0];
	if (!sr_strcut(&rest, ';', &local) || local.n != 32)
		return;
	open_with(c, "session_id", "{");
	string(c, "local", local);
	at = sr_strfind(rest, mark);
	if (at < rest.n)
		string(c, "remote", sr_substr(rest, at + mark.n, 32));
	close_with(c, "}");
}

static void
event(struct vcon *c, size_t party, struct sr_str time, const char *what)
{
	if (!instant(time))
		return;
	open_with(c, NULL, "{");
	number(c, "party", party);
	moment(c, "time", time);
	string(c, "event", sr_cstr(what));
	close_with(c, "}");
}

static void
party_history(struct vcon *c, const struct sr_cs *s)
{
	if (s == NULL || c->nheard == 0)
		return;
	open_with(c, "party_history", "[");
	for (size_t i = 0; i < c->nheard; i++) {
		struct sr_str id = c->d->participants[c->heard[i]].id;
		size_t at = sr_table_get(&c->part, id, s->id);

		if (at == TABLE_NONE)
			continue;
		event(c, c->heard[i], c->d->assocs[at].associate, "join");
		event(c, c->heard[i], c->d->assocs[at].disassociate, "drop");
	}
	close_with(c, "]");
}

static struct sr_str
dialog_start(const struct sr_vcon_file *f, const struct sr_cs *s)
{
	if (f != NULL && instant(f->start))
		return f->start;
	if (s != NULL)
		return s->start.p != NULL ? s->start : s->associate;
	return (struct sr_str){ NULL, 0 };
}

static void
content(struct vcon *c, const struct sr_vcon_file *f)
{
	struct sr_buf hash;

	if (f->duration >= 0) {
		open_with(c, "duration", "");
		if (c->err == SR_OK)
			c->err = sr_buf_fmt(c->out, "%.3f",
			    (double)f->duration / (double)SR_SEC);
		c->comma = true;
	}
	string(c, "mediatype", f->mediatype);
	string(c, "filename", f->url);
	string(c, "url", f->url);
	sr_buf_init(&hash, 128);
	sr_buf_add(&hash, SR_STR("sha512-"));
	sr_base64_add(&hash, f->sha512, 64);
	/* The alphabet of RFC 4648 section 5, without padding. */
	while (hash.n > 0 && hash.p[hash.n - 1] == '=')
		hash.n--;
	for (size_t i = 7; i < hash.n; i++)
		hash.p[i] = hash.p[i] == '+' ? '-' : hash.p[i] == '/' ? '_' :
		    hash.p[i];
	string(c, "content_hash", sr_buf_str(&hash));
	sr_buf_free(&hash);
}

static void
dialog(struct vcon *c, const struct sr_vcon_file *f,
    const struct sr_mstream *s)
{
	const struct sr_cs *cs = session(c, s);

	open_with(c, NULL, "{");
	string(c, "type", SR_STR("recording"));
	moment(c, "start", dialog_start(f, cs));
	dialog_parties(c, f, s);
	if (f != NULL)
		content(c, f);
	session_id(c, cs);
	party_history(c, cs);
	string(c, "application", SR_STR("siprec"));
	close_with(c, "}");
}

static size_t
dialogs(struct vcon *c)
{
	const struct sr_doc *d = c->d;
	size_t n = 0;

	open_with(c, "dialog", "[");
	for (size_t i = 0; i < c->v->nfiles; i++, n++) {
		size_t at = sr_table_get(&c->streams, c->v->files[i].label,
		    SR_STR(""));

		dialog(c, &c->v->files[i],
		    at != TABLE_NONE ? &d->streams[at] : NULL);
	}
	for (size_t i = 0; c->v->nfiles == 0 && i < d->nstreams; i++, n++)
		dialog(c, NULL, &d->streams[i]);
	close_with(c, "]");
	return n;
}

/* The draft demands that an attachment names its party and its dialog; the
 * first of each is as good as any. */
static void
attachments(struct vcon *c, struct sr_str start, size_t ndialogs)
{
	open_with(c, "attachments", "[");
	if (c->v->xml.n > 0) {
		open_with(c, NULL, "{");
		string(c, "purpose", SR_STR("siprec-metadata"));
		string(c, "start", start);
		if (c->d->nparticipants > 0)
			number(c, "party", 0);
		if (ndialogs > 0)
			number(c, "dialog", 0);
		string(c, "mediatype", SR_STR("application/rs-metadata+xml"));
		string(c, "filename", SR_STR("metadata.xml"));
		string(c, "encoding", SR_STR("none"));
		string(c, "body", c->v->xml);
		close_with(c, "}");
	}
	close_with(c, "]");
}

static int
index_all(struct vcon *c)
{
	const struct sr_doc *d = c->d;

	if (sr_table_init(&c->people, &c->tmp, d->nparticipants) != SR_OK ||
	    sr_table_init(&c->streams, &c->tmp, d->nstreams) != SR_OK ||
	    sr_table_init(&c->sessions, &c->tmp, d->nsessions) != SR_OK ||
	    sr_table_init(&c->part, &c->tmp, d->nassocs) != SR_OK)
		return SR_ENOMEM;
	for (size_t i = 0; i < d->nsessions; i++)
		sr_table_put(&c->sessions, d->sessions[i].id, SR_STR(""), i);
	for (size_t i = 0; i < d->nassocs; i++)
		if (d->assocs[i].kind == SR_PARTICIPANT_CS)
			sr_table_put(&c->part, d->assocs[i].participant_id,
			    d->assocs[i].session_id, i);
	for (size_t i = 0; i < d->nparticipants; i++)
		sr_table_put(&c->people, sr_trim(d->participants[i].id),
		    SR_STR(""), i);
	for (size_t i = 0; i < d->nstreams; i++)
		if (d->streams[i].label.n > 0)
			sr_table_put(&c->streams, d->streams[i].label,
			    SR_STR(""), i);
	return index_senders(c);
}

int
sr_doc_vcon(const struct sr_doc *d, const struct sr_vcon *v,
    const struct sr_crypto *crypto, struct sr_buf *out)
{
	struct vcon c = { .d = d, .v = v, .crypto = crypto, .out = out };
	struct sr_buf now;
	size_t n;

	sr_arena_init(&c.tmp, SIZE_MAX / 2);
	sr_buf_init(&now, 64);
	c.err = index_all(&c);
	sr_time_print(&now, v->created, 3);
	open_with(&c, NULL, "{");
	/* Deprecated since -01, and still what readers look for. */
	string(&c, "vcon", SR_STR("0.4.0"));
	own_uuid(&c);
	string(&c, "created_at", sr_buf_str(&now));
	string(&c, "subject", v->subject);
	open_with(&c, "parties", "[");
	for (size_t i = 0; i < d->nparticipants; i++)
		party(&c, &d->participants[i]);
	close_with(&c, "]");
	n = dialogs(&c);
	open_with(&c, "analysis", "[");
	close_with(&c, "]");
	attachments(&c, sr_buf_str(&now), n);
	close_with(&c, "}");
	sr_buf_free(&now);
	sr_arena_free(&c.tmp);
	return c.err;
}
