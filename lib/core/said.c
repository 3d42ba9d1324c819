/* said - what metadata says of a session: applied, told, remembered. */
#include "priv.h"

#include <stdlib.h>

enum { MAX_DOC = 4 << 20, MAX_PEOPLE = 16 };

static void
free_doc(void *p)
{
	struct sr_doc *d = p;

	sr_doc_free(d);
	free(d);
}

/* Who was last said to send a stream: a BYE's metadata sends everybody home,
 * but the recording was still of them. */
static void
remember(struct sr_stream *t, const struct sr_participant *const *who,
    size_t n)
{
	struct sr_arena *a = &t->session->arena;
	struct person *v = sr_arena_alloc(a, n * sizeof(*v));

	for (size_t i = 0; v != NULL && i < n; i++) {
		v[i].id = sr_arena_dup(a, who[i]->id);
		if (who[i]->nnames > 0) {
			v[i].aor = sr_arena_dup(a, who[i]->names[0].aor);
			v[i].name = sr_arena_dup(a, who[i]->names[0].name);
		}
	}
	if (v != NULL) {
		t->people = v;
		t->npeople = n;
	}
}

static bool
same_people(const struct sr_stream *t, const struct sr_participant *const *who,
    size_t n)
{
	if (t->npeople != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!sr_streq(t->people[i].id, who[i]->id) ||
		    (who[i]->nnames > 0 &&
		    (!sr_streq(t->people[i].aor, who[i]->names[0].aor) ||
		    !sr_streq(t->people[i].name, who[i]->names[0].name))))
			return false;
	return true;
}

/* RFC 8068 3.2.2: on hold the metadata has no sender, the SDP no change. */
static void
look_at_senders(struct sr_session *s, struct sr_stream *t,
    const struct sr_doc *d)
{
	const struct sr_participant *who[MAX_PEOPLE];
	size_t n = sr_doc_senders(d, t->now, who, MAX_PEOPLE);
	bool held = n == 0 && t->npeople > 0 &&
	    sr_doc_by_label(d, t->now) != NULL;
	struct sr_event *ev;

	if (n > MAX_PEOPLE)
		n = MAX_PEOPLE;
	if (n > 0 && !same_people(t, who, n))
		remember(t, who, n);
	if (held == t->held)
		return;
	t->held = held;
	if ((ev = queue_event(s->engine, SR_EV_HOLD, s)) == NULL)
		return;
	ev->stream = t;
	ev->u.hold.on = held;
}

void
session_meta(struct sr_session *s, struct sr_str body, struct sr_str charset,
    bool made)
{
	struct sr_engine *e = s->engine;
	struct sr_doc *d = sr_zalloc(sizeof(*d));
	struct sr_event *ev;
	int err;

	if (d == NULL) {
		e->err = SR_ENOMEM;
		return;
	}
	trash(e, d, free_doc);
	err = sr_doc_parse(d, body, charset, MAX_DOC);
	if ((ev = queue_event(e, SR_EV_META, s)) != NULL) {
		ev->u.meta.body = body;
		ev->u.meta.doc = d;
		ev->u.meta.made = made;
		ev->u.meta.n = ++s->nmeta;
	}
	if (err != SR_OK || !sr_streq(d->root, SR_STR("recording"))) {
		if (err != SR_OK)
			warn(e, s, "R7866-9.2-3", "metadata %u cannot be used: "
			    "%s: the recording goes on", s->nmeta,
			    sr_strerror(err));
		if (err != SR_OK || !sr_streq(d->root,
		    SR_STR("recording_metadata")))
			return;
	}
	if (s->meta == NULL && sr_meta_new(&s->meta, 16 << 20) != SR_OK)
		return;
	if (sr_streq(d->datamode, SR_STR("partial")) && !sr_meta_based(s->meta))
		warn(e, s, "R7866-9.1-4", "metadata %u is partial, and nothing "
		    "complete came before it", s->nmeta);
	if ((err = sr_meta_apply(s->meta, d, e->now)) != SR_OK) {
		warn(e, s, "R7866-9.2-3", "metadata %u cannot be applied: %s",
		    s->nmeta, sr_strerror(err));
		return;
	}
	for (struct sr_stream *t = s->streams; t != NULL; t = t->next)
		look_at_senders(s, t, sr_meta_doc(s->meta));
	kin_learn(s, sr_meta_doc(s->meta));
}

/* ---- metadata of our own making, for a plain call ---- */

static struct sr_str
made_id(struct sr_session *s, struct sr_str kind, struct sr_str tag)
{
	struct sr_buf b;
	struct sr_str id = { NULL, 0 };
	uint8_t uuid[16];

	sr_buf_init(&b, s->call_id.n + kind.n + tag.n + 64);
	sr_buf_fmt(&b, "%.*s %.*s %.*s", SR_FMT(kind), SR_FMT(tag),
	    SR_FMT(s->call_id));
	sr_uuid5(s->engine->cfg.crypto, sr_buf_str(&b), uuid);
	b.n = 0;
	if (sr_base64_add(&b, uuid, 16) == SR_OK)
		id = sr_arena_dup(&s->arena, sr_buf_str(&b));
	sr_buf_free(&b);
	return id;
}

static struct sr_str
time_text(struct sr_session *s, sr_time t)
{
	struct sr_buf b;
	struct sr_str out;

	sr_buf_init(&b, 64);
	sr_time_print(&b, t, 3);
	out = sr_arena_dup(&s->arena, sr_buf_str(&b));
	sr_buf_free(&b);
	return out;
}

static bool
add_party(struct sr_session *s, struct sr_doc *d, const struct call *c,
    int side, struct sr_str cs)
{
	struct sr_str id = made_id(s, SR_STR("participant"), c->side[side].tag);
	struct sr_assoc *in_cs, *streams;
	bool ok;

	if (sr_streq(c->side[UAC].tag, c->side[UAS].tag))
		id = made_id(s, side == UAC ? SR_STR("caller") :
		    SR_STR("callee"), c->side[side].tag);
	ok = sr_doc_add_participant(d, id, c->side[side].uri,
	    c->side[side].name) != NULL;
	in_cs = ok ? sr_doc_add_assoc(d, SR_PARTICIPANT_CS, id, cs) : NULL;
	if (in_cs == NULL)
		return false;
	in_cs->associate = time_text(s, s->begun);
	if ((streams = sr_doc_add_assoc(d, SR_PARTICIPANT_STREAM, id,
	    (struct sr_str){ NULL, 0 })) == NULL)
		return false;
	for (struct sr_stream *t = s->streams; t != NULL; t = t->next)
		if (sr_assoc_add(d, streams, t->from == side,
		    made_id(s, SR_STR("stream"), t->label)) != SR_OK)
			return false;
	return true;
}

void
session_made_meta(struct sr_session *s, const struct call *c)
{
	struct sr_str cs = made_id(s, SR_STR("session"), c->side[UAC].tag);
	struct sr_engine *e = s->engine;
	struct sr_cs *session;
	struct sr_doc d;
	struct sr_buf *xml = sr_zalloc(sizeof(*xml));
	bool ok;

	if (xml == NULL)
		return;
	sr_buf_init(xml, MAX_DOC);
	ok = sr_doc_new(&d, MAX_DOC) == SR_OK;
	session = ok ? sr_doc_add_cs(&d, cs) : NULL;
	ok = session != NULL;
	if (ok)
		session->start = time_text(s, s->begun);
	for (struct sr_stream *t = s->streams; ok && t != NULL; t = t->next)
		ok = sr_doc_add_stream(&d, made_id(s, SR_STR("stream"),
		    t->label), cs, t->label) != NULL;
	for (int side = UAC; ok && side <= UAS; side++)
		ok = add_party(s, &d, c, side, cs);
	ok = ok && sr_doc_add_assoc(&d, SR_CS_RECORDING,
	    (struct sr_str){ NULL, 0 }, cs) != NULL;
	if (ok && sr_doc_xml(&d, e->cfg.crypto, xml) == SR_OK)
		session_meta(s, sr_buf_str(xml), SR_STR("UTF-8"), true);
	sr_doc_free(&d);
	trash(e, xml->p, free);
	free(xml);
}
