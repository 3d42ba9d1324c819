/* write - building requests and responses. */
#include "priv.h"

#include <string.h>

static const char *const protos[] = { "UDP", "TCP", "TLS" };

/* What strangers wrote is never taken over with line ends in it. */
static void
add_safe(struct sr_buf *b, struct sr_str s)
{
	size_t at = b->n;

	if (sr_buf_add(b, s) != SR_OK)
		return;
	for (; at < b->n; at++)
		if (b->p[at] == '\r' || b->p[at] == '\n' || b->p[at] == '\0')
			b->p[at] = ' ';
}

static void
line(struct sr_buf *b, const char *name, struct sr_str value)
{
	if (value.n == 0)
		return;
	sr_buf_fmt(b, "%s: ", name);
	add_safe(b, value);
	sr_buf_add(b, SR_STR("\r\n"));
}

const char *
write_reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} v[] = {
		{ 100, "Trying" }, { 180, "Ringing" },
		{ 181, "Call Is Being Forwarded" }, { 182, "Queued" },
		{ 183, "Session Progress" }, { 200, "OK" },
		{ 202, "Accepted" }, { 300, "Multiple Choices" },
		{ 301, "Moved Permanently" }, { 302, "Moved Temporarily" },
		{ 305, "Use Proxy" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 407, "Proxy Authentication Required" },
		{ 408, "Request Timeout" },
		{ 413, "Request Entity Too Large" },
		{ 415, "Unsupported Media Type" },
		{ 416, "Unsupported URI Scheme" }, { 420, "Bad Extension" },
		{ 421, "Extension Required" },
		{ 422, "Session Interval Too Small" },
		{ 423, "Interval Too Brief" },
		{ 428, "Use Identity Header" }, { 436, "Bad Identity Info" },
		{ 437, "Unsupported Credential" },
		{ 438, "Invalid Identity Header" },
		{ 469, "Bad Info Package" },
		{ 480, "Temporarily Unavailable" },
		{ 481, "Call/Transaction Does Not Exist" },
		{ 482, "Loop Detected" }, { 486, "Busy Here" },
		{ 487, "Request Terminated" },
		{ 488, "Not Acceptable Here" }, { 489, "Bad Event" },
		{ 491, "Request Pending" },
		{ 500, "Server Internal Error" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" }, { 504, "Server Time-out" },
		{ 505, "Version Not Supported" },
		{ 513, "Message Too Large" }, { 600, "Busy Everywhere" },
		{ 603, "Decline" }, { 606, "Not Acceptable" }
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(*v); i++)
		if (v[i].status == status)
			return v[i].text;
	return status < 200 ? "Session Progress" : status < 300 ? "OK" :
	    status < 400 ? "Moved" : status < 500 ? "Request Failure" :
	    status < 600 ? "Server Failure" : "Global Failure";
}

/* ---- pieces of both ---- */

static void
contact(struct sr_buf *b, const struct sr_ua *ua, const struct sr_hop *hop,
    struct sr_str user, struct sr_str params, bool secure)
{
	sr_buf_fmt(b, "Contact: <%s:", secure ? "sips" : "sip");
	add_safe(b, user.p != NULL ? user : ua->cfg.user);
	sr_buf_addc(b, '@');
	sr_addr_print(b, &hop->local);
	if (hop->proto != SR_UDP && !secure)
		sr_buf_add(b, hop->proto == SR_TLS ?
		    SR_STR(";transport=tls") : SR_STR(";transport=tcp"));
	sr_buf_addc(b, '>');
	sr_buf_add(b, params.p != NULL ? params : ua->cfg.contact_params);
	sr_buf_add(b, SR_STR("\r\n"));
}

static void
session_id(struct sr_buf *b, const struct sr_ua *ua, const char *own,
    const char *remote)
{
	if (!ua->cfg.session_id || own[0] == '\0')
		return;
	sr_buf_fmt(b, "Session-ID: %s;remote=%s\r\n", own, remote[0] != '\0' ?
	    remote : "00000000000000000000000000000000");
}

static void
body(struct sr_buf *b, struct sr_str type, struct sr_str data)
{
	if (data.n > 0)
		line(b, "Content-Type", type);
	sr_buf_fmt(b, "Content-Length: %zu\r\n\r\n", data.n);
	sr_buf_add(b, data);
}

/* A message that was cut at the limit does not end in its body. */
static struct wire *
done(struct sr_buf *b, struct sr_str data)
{
	struct sr_str s = sr_buf_str(b);

	if (s.n < data.n + 4 || s.n == b->max || !sr_streq(
	    sr_substr(s, s.n - data.n - 4, 4), SR_STR("\r\n\r\n")))
		return NULL;
	return wire_new(s);
}

/* ---- requests ---- */

/* The route set of a dialog, less the first one where a strict router wants
 * to stand in the request line: RFC 3261 section 12.2.1.1. */
static struct sr_str
request_uri(struct sr_str target, struct sr_str *routes, bool *strict)
{
	struct sr_str rest = *routes, first, x;

	*strict = false;
	if (!sr_strcut(&rest, '\n', &first) ||
	    sr_param(uri_params(value_uri(first)), "lr", &x))
		return target;
	*routes = rest;
	*strict = true;
	return value_uri(first);
}

static void
routes(struct sr_buf *b, struct sr_str list, bool strict,
    struct sr_str target)
{
	struct sr_str one;

	while (sr_strcut(&list, '\n', &one))
		line(b, "Route", one);
	if (!strict)
		return;
	sr_buf_add(b, SR_STR("Route: <"));
	add_safe(b, target);
	sr_buf_add(b, SR_STR(">\r\n"));
}

static bool
has_contact(enum sr_method m)
{
	return m != SR_BYE && m != SR_CANCEL && m != SR_PRACK &&
	    m != SR_MESSAGE;
}

/* The option tags of both in one line. */
static void
require(struct sr_buf *b, struct sr_str ours, struct sr_str theirs)
{
	if (ours.n == 0 && theirs.n == 0)
		return;
	sr_buf_add(b, SR_STR("Require: "));
	sr_buf_add(b, theirs);
	if (ours.n > 0 && theirs.n > 0)
		sr_buf_add(b, SR_STR(", "));
	sr_buf_add(b, ours);
	sr_buf_add(b, SR_STR("\r\n"));
}

/* Option tags that we may not offer in this dialog are left out. */
static void
supported(struct sr_buf *b, const struct job *j)
{
	struct sr_str list = j->ua->cfg.supported, one;
	const char *sep = "Supported: ";

	while (value_next(&list, &one)) {
		if (j->d->uac && j->d->rel == SR_100REL_OFF &&
		    sr_strieq(one, SR_STR("100rel")))
			continue;
		sr_buf_fmt(b, "%s%.*s", sep, SR_FMT(one));
		sep = ", ";
	}
	if (sep[0] == ',')
		sr_buf_add(b, SR_STR("\r\n"));
}

static void
capabilities(struct sr_buf *b, const struct job *j, enum sr_method m)
{
	const struct sr_ua_cfg *c = &j->ua->cfg;

	if (m != SR_INVITE && m != SR_UPDATE && m != SR_OPTIONS)
		return;
	line(b, "Allow", c->allow);
	supported(b, j);
	if (m != SR_UPDATE)
		line(b, "Accept", c->accept);
	if (m == SR_INVITE && j->first)
		require(b, j->d->rel == SR_100REL_REQUIRED ?
		    SR_STR("100rel") : (struct sr_str){ NULL, 0 },
		    j->d->require);
	if (m != SR_OPTIONS)
		refresh_write(b, j);
	if (m == SR_INVITE && j->expires > 0)
		sr_buf_fmt(b, "Expires: %u\r\n", j->expires);
}

static void
head(struct sr_buf *b, const struct job *j, const struct sr_hop *hop,
    struct sr_str branch, struct sr_str method)
{
	sr_buf_fmt(b, "Via: SIP/2.0/%s ", protos[hop->proto]);
	sr_addr_print(b, &hop->local);
	sr_buf_fmt(b, ";branch=%.*s;rport\r\nMax-Forwards: 70\r\nFrom: ",
	    SR_FMT(branch));
	add_safe(b, j->d->local);
	sr_buf_fmt(b, ";tag=%.*s\r\nTo: ", SR_FMT(j->d->local_tag));
	add_safe(b, j->d->remote);
	if (j->to_tag.n > 0 || (!j->first && j->d->peer.tag.n > 0)) {
		sr_buf_add(b, SR_STR(";tag="));
		add_safe(b, j->to_tag.n > 0 ? j->to_tag : j->d->peer.tag);
	}
	sr_buf_add(b, SR_STR("\r\nCall-ID: "));
	add_safe(b, j->d->call_id);
	sr_buf_fmt(b, "\r\nCSeq: %u %.*s\r\n", j->cseq, SR_FMT(method));
}

/* An ACK repeats the credentials of its INVITE: RFC 3261 section 22.1. */
static void
credentials(struct sr_buf *b, struct job *j, enum sr_method method,
    struct sr_str uri)
{
	size_t at = b->n;

	if (method == SR_ACK) {
		sr_buf_add(b, j->d->invite_auth);
		return;
	}
	digest_write(b, j->d, j->method_text, uri);
	if (method == SR_INVITE)
		text_set(&j->d->invite_auth, (struct sr_str){ b->p + at,
		    b->n - at });
}

struct wire *
write_request(struct job *j, const struct sr_hop *hop, struct sr_str branch,
    enum sr_method method)
{
	struct sr_buf *b = &j->ua->out;
	struct sr_dialog *d = j->d;
	struct sr_str target = j->uri.p != NULL ? j->uri : d->peer.target;
	struct sr_str list = { NULL, 0 }, uri, data = j->body;
	struct sr_str name = j->method_text;
	bool strict, bare = method == SR_CANCEL;

	b->n = 0;
	if (bare || method != j->method)
		name = method == SR_ACK ? SR_STR("ACK") : SR_STR("CANCEL");
	if (!j->first)
		list = d->peer.routes;
	uri = request_uri(target, &list, &strict);
	sr_buf_add(b, name);
	sr_buf_addc(b, ' ');
	add_safe(b, uri);
	sr_buf_add(b, SR_STR(" SIP/2.0\r\n"));
	head(b, j, hop, branch, name);
	routes(b, list, strict, target);
	session_id(b, j->ua, d->sid, d->remote_sid);
	line(b, "User-Agent", j->ua->cfg.agent);
	if (bare || (method == SR_ACK && j->method != SR_ACK)) {
		/* CANCEL and the ACK of a failure: hop by hop, no body. */
		if (bare)
			sr_buf_add(b, j->cancel_reason);
		else
			credentials(b, j, method, uri);
		data = (struct sr_str){ NULL, 0 };
		body(b, data, data);
		return done(b, data);
	}
	if (has_contact(method))
		contact(b, j->ua, hop, d->user, d->contact_params, d->secure);
	capabilities(b, j, method);
	credentials(b, j, method, uri);
	sr_buf_add(b, j->headers);
	body(b, j->type, data);
	return done(b, data);
}

/* ---- responses ---- */

static void
to_tag(struct sr_buf *b, const struct sr_tx *tx, int status)
{
	const struct sr_msg *m = &tx->req->msg;

	sr_buf_add(b, SR_STR("To: "));
	add_safe(b, sr_msg_header(m, "To", 0));
	if (m->to.tag.n == 0 && status > 100)
		sr_buf_fmt(b, ";tag=%s", tx->tag);
	sr_buf_add(b, SR_STR("\r\n"));
}

static bool
makes_dialog(const struct sr_tx *tx)
{
	return tx->method == SR_INVITE || tx->method == SR_UPDATE;
}

/* What RFC 3261 wants beside: 405 Allow, 415 Accept, 2xx of INVITE and
 * OPTIONS all of it. */
static void
answer_capabilities(struct sr_buf *b, const struct sr_tx *tx, int status)
{
	const struct sr_ua_cfg *c = &tx->ua->cfg;
	bool ok = status >= 200 && status < 300;
	bool all = ok && (tx->method == SR_INVITE || tx->method == SR_OPTIONS);

	if (all || status == 405 || (makes_dialog(tx) && status > 100 &&
	    status < 300))
		line(b, "Allow", c->allow);
	if (all || (ok && tx->method == SR_UPDATE))
		line(b, "Supported", tx->method == SR_OPTIONS ?
		    c->probe_supported : c->supported);
	if (all || status == 415 || status == 406)
		line(b, "Accept", c->accept);
	if (ok && tx->method == SR_OPTIONS)
		sr_buf_add(b, SR_STR("Accept-Encoding: identity\r\n"
		    "Accept-Language: en\r\n"));
}

static void
answer_dialog(struct sr_buf *b, const struct sr_tx *tx,
    const struct sr_ua_reply *r)
{
	const struct sr_msg *m = &tx->req->msg;
	const struct sr_dialog *d = tx->d;
	bool solo = d == NULL || d->solo;
	struct sr_str user = r->user, params = r->contact_params, one;

	if (r->status <= 100 || r->status >= 300)
		return;
	if (tx->method == SR_INVITE && m->to.tag.n == 0)
		for (size_t i = 0;
		    (one = sr_msg_header(m, "Record-Route", i)).p != NULL; i++)
			line(b, "Record-Route", one);
	if (!makes_dialog(tx) && tx->method != SR_OPTIONS)
		return;
	if (user.p == NULL && !solo)
		user = d->user;
	if (params.p == NULL && !solo)
		params = d->contact_params;
	contact(b, tx->ua, &tx->req->from, user, params,
	    uri_is_sips(m->uri));
}

struct wire *
write_reply(struct sr_tx *tx, const struct sr_ua_reply *r,
    struct sr_str extra)
{
	struct sr_buf *b = &tx->ua->out;
	const struct sr_msg *m = &tx->req->msg;
	char remote[UUID_HEX + 1] = "";

	b->n = 0;
	sr_buf_fmt(b, "SIP/2.0 %d ", r->status);
	add_safe(b, r->reason.n > 0 ? r->reason :
	    sr_cstr(write_reason(r->status)));
	sr_buf_add(b, SR_STR("\r\n"));
	via_write(b, m, &tx->req->from);
	line(b, "From", sr_msg_header(m, "From", 0));
	to_tag(b, tx, r->status);
	line(b, "Call-ID", m->call_id);
	line(b, "CSeq", sr_msg_header(m, "CSeq", 0));
	if (r->status == 100)
		line(b, "Timestamp", sr_msg_header(m, "Timestamp", 0));
	session_id_read(sr_msg_header(m, "Session-ID", 0), remote);
	session_id(b, tx->ua, tx->d != NULL ? tx->d->sid : tx->sid,
	    tx->d != NULL ? tx->d->remote_sid : remote);
	answer_dialog(b, tx, r);
	if (r->status > 100) {
		answer_capabilities(b, tx, r->status);
		line(b, "Server", tx->ua->cfg.agent);
	}
	sr_buf_add(b, extra);
	sr_buf_add(b, r->headers);
	body(b, r->type, r->body);
	return done(b, r->body);
}
