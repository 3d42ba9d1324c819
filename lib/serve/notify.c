/* notify - our dialogs as a document, RFC 4235, and the request around it. */
#include "priv.h"

#include <string.h>

void
hex_token(struct sr_serve *s, char *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t random[16];

	s->cfg.ua.crypto->random(random, sizeof(random));
	for (size_t i = 0; i < n; i++)
		out[i] = digits[random[i / 2 % 16] >> 4 * (i % 2) & 15];
	out[n] = '\0';
}

static void
put_text(struct sr_buf *b, struct sr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		switch (s.p[i]) {
		case '<':
			sr_buf_add(b, SR_STR("&lt;"));
			break;
		case '>':
			sr_buf_add(b, SR_STR("&gt;"));
			break;
		case '&':
			sr_buf_add(b, SR_STR("&amp;"));
			break;
		case '"':
			sr_buf_add(b, SR_STR("&quot;"));
			break;
		default:
			/* Bytes that no XML may hold come from the wire. */
			sr_buf_addc(b, (unsigned char)s.p[i] < ' ' ||
			    (unsigned char)s.p[i] > '~' ? '?' : s.p[i]);
			break;
		}
}

static void
put_attr(struct sr_buf *b, const char *name, struct sr_str value)
{
	sr_buf_fmt(b, " %s=\"", name);
	put_text(b, value);
	sr_buf_addc(b, '"');
}

static void
put_side(struct sr_buf *b, const char *name, struct sr_str uri)
{
	sr_buf_fmt(b, "<%s><identity>", name);
	put_text(b, uri);
	sr_buf_fmt(b, "</identity></%s>", name);
}

static void
put_dialog(struct sr_buf *b, const struct leg *l)
{
	sr_buf_fmt(b, "<dialog id=\"d%llx\"", (unsigned long long)l->id);
	put_attr(b, "call-id", sr_cstr(l->call_id));
	put_attr(b, "local-tag", sr_dialog_local_tag(l->d));
	put_attr(b, "remote-tag", sr_dialog_remote_tag(l->d));
	put_attr(b, "direction", sr_dialog_is_uac(l->d) ?
	    SR_STR("initiator") : SR_STR("recipient"));
	sr_buf_add(b, SR_STR("><state>confirmed</state>"));
	put_side(b, "local", sr_dialog_local_uri(l->d));
	put_side(b, "remote", sr_dialog_remote_uri(l->d));
	sr_buf_add(b, SR_STR("</dialog>\n"));
}

/* The full state each time: a dialog that is not in it is over.  What does
 * not fit is left out. */
static void
put_dialogs(struct sr_serve *s, const struct subscription *u)
{
	static const struct sr_str end = SR_STR("</dialog-info>\n");
	struct sr_buf *b = &s->body;
	size_t before;

	b->n = 0;
	sr_buf_fmt(b, "<?xml version=\"1.0\"?>\n<dialog-info "
	    "xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"%u\" "
	    "state=\"full\" entity=\"sip:%.*s@", u->version,
	    SR_FMT(s->cfg.ua.user));
	sr_addr_print(b, &u->hop.local);
	sr_buf_add(b, SR_STR("\">\n"));
	for (const struct leg *l = s->oldest; l != NULL; l = l->newer) {
		if (!l->answered || l->ending)
			continue;
		before = b->n;
		put_dialog(b, l);
		if (b->n + end.n + 4096 > b->max) {
			b->n = before;
			break;
		}
	}
	sr_buf_add(b, end);
}

static void
put_state(struct sr_serve *s, const struct subscription *u)
{
	struct sr_buf *b = &s->head;
	sr_time left = u->expires > s->now ? u->expires - s->now : 0;

	if (u->over)
		sr_buf_fmt(b, "Subscription-State: terminated;reason=%s\r\n",
		    s->shutdown ? "deactivated" : "timeout");
	else
		sr_buf_fmt(b, "Subscription-State: active;expires=%lld\r\n",
		    (long long)(left / SR_SEC));
}

static void
put_head(struct sr_serve *s, struct subscription *u)
{
	static const char *const protos[] = { "UDP", "TCP", "TLS" };
	static const char *const transports[] = { "", ";transport=tcp",
	    ";transport=tls" };
	struct sr_buf *b = &s->head;

	head_begin(s);
	sr_buf_fmt(b, "NOTIFY %s SIP/2.0\r\nVia: SIP/2.0/%s ", u->target,
	    protos[u->hop.proto]);
	sr_addr_print(b, &u->hop.local);
	sr_buf_fmt(b, ";branch=%s;rport\r\nMax-Forwards: 70\r\n", u->branch);
	sr_buf_fmt(b, "From: %s;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\n", u->to,
	    u->tag, u->from, u->call_id);
	sr_buf_fmt(b, "CSeq: %u NOTIFY\r\nContact: <sip:%.*s@", ++u->cseq,
	    SR_FMT(s->cfg.ua.user));
	sr_addr_print(b, &u->hop.local);
	sr_buf_fmt(b, "%s>%.*s\r\nEvent: %s\r\n%s", transports[u->hop.proto],
	    SR_FMT(s->cfg.ua.contact_params), u->event, u->routes);
	put_state(s, u);
}

int
notify_write(struct sr_serve *s, struct subscription *u)
{
	strcpy(u->branch, "z9hG4bK");
	hex_token(s, u->branch + 7, 20);
	put_dialogs(s, u);
	u->version++;
	put_head(s, u);
	sr_buf_fmt(&s->head, "Content-Type: application/dialog-info+xml\r\n"
	    "Content-Length: %zu\r\n\r\n", s->body.n);
	u->notify.n = 0;
	if (sr_buf_add(&u->notify, sr_buf_str(&s->head)) != SR_OK ||
	    sr_buf_add(&u->notify, sr_buf_str(&s->body)) != SR_OK)
		return SR_ELIMIT;
	return SR_OK;
}
