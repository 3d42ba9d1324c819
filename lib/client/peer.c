/* peer - a recording server that says yes and keeps nothing. */
#include "siprec/client.h"

#include <stdlib.h>
#include <string.h>

enum { SDP = 256 * 1024, LOW = 10000, HIGH = 60000 };

struct talk {				/* what is agreed in one dialog */
	struct talk *next, **at;
	struct sr_addr *rtp;
	size_t n;
	uint64_t version;
	struct sr_str last;		/* the answer that is in force */
	struct sr_arena arena;
};
struct sr_peer {
	struct sr_peer_cfg cfg;
	struct sr_ua *ua;
	struct sr_prng prng;
	struct talk *talks;
	uint16_t port;
	sr_time now;
};

int
sr_peer_new(struct sr_peer **pp, const struct sr_peer_cfg *cfg)
{
	struct sr_ua_cfg ua = { .crypto = cfg->crypto, .seed = cfg->seed,
	    .user = SR_STR("recorder"), .contact_params = SR_STR(";+sip.srs"),
	    .agent = SR_STR("siprec-replay-peer"),
	    .understood = SR_STR("siprec"), .session_id = true };
	struct sr_peer *p = sr_zalloc(sizeof(*p));
	int err;

	if (p == NULL)
		return SR_ENOMEM;
	p->cfg = *cfg;
	p->port = cfg->media.port != 0 ? cfg->media.port : LOW;
	sr_prng_init(&p->prng, cfg->seed ^ 0x70656572u);
	if ((err = sr_ua_new(&p->ua, &ua)) != SR_OK) {
		free(p);
		return err;
	}
	*pp = p;
	return SR_OK;
}

static bool
decodes(void *arg, const struct sr_format *f)
{
	(void)arg;
	return f->id != SR_CODEC_UNKNOWN;
}

/* ---- the answer ---- */

static struct talk *
talk_of(struct sr_peer *p, struct sr_dialog *d)
{
	void **slot = sr_dialog_slot(d);
	struct talk *t = *slot;

	if (t == NULL && (t = sr_zalloc(sizeof(*t))) != NULL) {
		sr_arena_init(&t->arena, 4 << 20);
		t->next = p->talks;
		t->at = &p->talks;
		if (t->next != NULL)
			t->next->at = &t->next;
		p->talks = t;
		*slot = t;
	}
	return t;
}

static void
talk_free(struct talk *t)
{
	*t->at = t->next;
	if (t->next != NULL)
		t->next->at = t->at;
	sr_arena_free(&t->arena);
	free(t);
}

static struct sr_addr
next_port(struct sr_peer *p)
{
	struct sr_addr a = p->cfg.media;

	a.port = p->port;
	p->port = p->port + 2 >= HIGH ? LOW : (uint16_t)(p->port + 2);
	return a;
}

static int
ports(struct sr_peer *p, struct talk *t, size_t n)
{
	while (t->n < n) {
		struct sr_addr *v = sr_arena_grow(&t->arena, t->rtp, t->n,
		    sizeof(*v));

		if (v == NULL)
			return SR_ENOMEM;
		t->rtp = v;
		t->rtp[t->n++] = next_port(p);
	}
	return SR_OK;
}

static int
write_sdp(struct sr_peer *p, struct talk *t, const struct sr_sdp *offer,
    const struct sr_plan *plan, bool ours, struct sr_buf *out)
{
	struct sr_answer_line *v = calloc(plan->nlines + 1, sizeof(*v));
	struct sr_sdp_own own = { .user = SR_STR("recorder"),
	    .name = SR_STR("recorder"), .id = 1, .version = t->version,
	    .addr = p->cfg.media };
	uint8_t random[SR_MAX_KEY + SR_MAX_SALT];
	int err = v != NULL ? ports(p, t, plan->nlines) : SR_ENOMEM;

	own.addr.port = 0;
	for (size_t i = 0; err == SR_OK && i < plan->nlines; i++) {
		v[i].dir = plan->lines[i].dir;
		v[i].rtp = t->rtp[i];
		if (plan->lines[i].keying == SR_KEYS_SDES) {
			sr_prng_fill(&p->prng, random, sizeof(random));
			sr_sdes_make(&v[i].key, plan->lines[i].keys.v[0].suite,
			    random);
		}
	}
	if (err == SR_OK)
		err = (ours ? sr_sdp_reoffer : sr_sdp_answer)(out, offer, plan,
		    &own, v);
	free(v);
	return err;
}

/* The answer to an offer; ours: what we would answer becomes an offer. */
static int
answer(struct sr_peer *p, struct talk *t, struct sr_str text, bool ours,
    struct sr_buf *out)
{
	struct sr_plan_cfg cfg = { .decodes = decodes,
	    .srtp = SR_SRTP_ALLOW, .suites = p->cfg.suites, .no_dtls = true };
	struct sr_plan plan = { .nlines = 0 };
	struct sr_sdp offer;
	int err = sr_sdp_parse(&offer, text);

	if (err == SR_OK)
		err = sr_sdp_plan(&plan, &offer, NULL, &cfg);
	if (err == SR_OK)
		err = write_sdp(p, t, &offer, &plan, ours, out);
	if (err == SR_OK && t->last.n > 0 && !sr_streq(t->last,
	    sr_buf_str(out))) {
		t->version++;
		out->n = 0;
		err = write_sdp(p, t, &offer, &plan, ours, out);
	}
	if (err == SR_OK)
		t->last = sr_arena_dup(&t->arena, sr_buf_str(out));
	sr_plan_free(&plan);
	sr_sdp_free(&offer);
	return err;
}

/* ---- requests ---- */

/* What is offered to a client that offers nothing: two streams. */
static const struct sr_str usual = SR_STR("v=0\r\no=- 0 0 IN IP4 192.0.2.1\r\n"
    "s=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 9 RTP/AVP 0 8 101\r\na=sendonly\r\na=label:1\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
    "m=audio 9 RTP/AVP 0 8 101\r\na=sendonly\r\na=label:2\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n");

/* The dialog that an INVITE replaces; the status where it cannot, RFC 3891
 * section 3: here all dialogs are answered at once. */
static int
replaced(struct sr_peer *p, const struct sr_msg *m, struct sr_dialog **old)
{
	struct sr_str v = sr_msg_header(m, "Replaces", 0), to, from, params;
	size_t semi = sr_strchr(v, ';');

	*old = NULL;
	if (v.n == 0)
		return 0;
	params = sr_substr(v, semi, v.n);
	if (sr_param(params, "to-tag", &to) &&
	    sr_param(params, "from-tag", &from))
		*old = sr_ua_find(p->ua, sr_trim(sr_substr(v, 0, semi)), to,
		    from);
	return *old == NULL ? 481 : sr_param(params, "early-only", &to) ?
	    486 : 0;
}

static void
reply(struct sr_peer *p, const struct sr_ua_event *ev, int status,
    struct sr_str sdp)
{
	struct sr_ua_reply r = { .status = status, .body = sdp };

	if (sdp.n > 0)
		r.type = SR_STR("application/sdp");
	if (ev->method == SR_INVITE && status == 200)
		r.require = SR_STR("siprec");
	sr_ua_reply(p->ua, ev->tx, p->now, &r);
}

static void
invited(struct sr_peer *p, const struct sr_ua_event *ev)
{
	const struct sr_part *sdp = sr_body_find(ev->body, SR_PART_SDP);
	struct sr_dialog *d = ev->dialog != NULL ? ev->dialog :
	    sr_tx_dialog(ev->tx);
	struct talk *t = d != NULL ? talk_of(p, d) : NULL;
	bool late = sdp == NULL && ev->method == SR_INVITE;
	struct sr_dialog *old;
	struct sr_buf out;
	int err = SR_OK, no = t != NULL ? replaced(p, ev->msg, &old) : 500;

	if (no != 0) {
		reply(p, ev, no, SR_STR(""));
		return;
	}
	if (sr_msg_lists(ev->msg, "Require", "100rel"))
		reply(p, ev, 183, SR_STR(""));
	sr_buf_init(&out, SDP);
	if (late && t->last.n > 0)
		err = sr_buf_add(&out, t->last);
	else if (late || sdp != NULL)
		err = answer(p, t, late ? usual : sdp->data, late, &out);
	reply(p, ev, err == SR_OK ? 200 : 488, err == SR_OK ?
	    sr_buf_str(&out) : SR_STR(""));
	sr_buf_free(&out);
	if (err == SR_OK && old != NULL)	/* RFC 3891 section 3 */
		sr_dialog_bye(old, p->now, SR_STR(""), SR_STR(""),
		    SR_STR(""));
}

static void
take(struct sr_peer *p, const struct sr_ua_event *ev)
{
	struct talk *t;

	if (ev->kind == SR_UA_OVER && (t = *sr_dialog_slot(ev->dialog)) !=
	    NULL) {
		*sr_dialog_slot(ev->dialog) = NULL;
		talk_free(t);
	}
	if (ev->kind != SR_UA_REQUEST)
		return;
	if (ev->fault != 0)
		sr_ua_refuse(p->ua, ev->tx, p->now);
	else if (ev->msg->method == SR_INVITE || ev->msg->method == SR_UPDATE)
		invited(p, ev);
	else
		reply(p, ev, 200, SR_STR(""));
}

int
sr_peer_receive(struct sr_peer *p, const struct sr_hop *from, sr_time now,
    struct sr_str raw)
{
	p->now = now;
	return sr_ua_receive(p->ua, from, now, raw);
}

void
sr_peer_tick(struct sr_peer *p, sr_time now)
{
	p->now = now;
	sr_ua_tick(p->ua, now);
}

sr_time
sr_peer_due(const struct sr_peer *p)
{
	return sr_ua_due(p->ua);
}

bool
sr_peer_next(struct sr_peer *p, struct sr_hop *hop, struct sr_str *data)
{
	const struct sr_ua_event *ev;

	while ((ev = sr_ua_next(p->ua)) != NULL) {
		if (ev->kind == SR_UA_SEND) {
			*hop = ev->hop;
			*data = ev->data;
			return true;
		}
		take(p, ev);
	}
	return false;
}

void
sr_peer_free(struct sr_peer *p)
{
	if (p == NULL)
		return;
	sr_ua_free(p->ua);
	while (p->talks != NULL)
		talk_free(p->talks);
	free(p);
}
