/* call - the owner wants something sent. */
#include "priv.h"

#include <stdlib.h>
#include <string.h>

static const struct sr_str none = { NULL, 0 };

static int
name_addr(struct sr_str *at, struct sr_str display, struct sr_str uri)
{
	struct sr_buf b;
	int err = SR_OK;

	sr_buf_init(&b, 8192);
	if (display.n > 0) {
		err = sr_buf_addc(&b, '"');
		for (size_t i = 0; err == SR_OK && i < display.n; i++) {
			char c = display.p[i];

			if (c == '"' || c == '\\')
				err = sr_buf_addc(&b, '\\');
			if (err == SR_OK && c != '\r' && c != '\n')
				err = sr_buf_addc(&b, c);
		}
		if (err == SR_OK)
			err = sr_buf_add(&b, SR_STR("\" "));
	}
	if (err == SR_OK)
		err = sr_buf_fmt(&b, "<%.*s>", SR_FMT(uri));
	if (err == SR_OK)
		err = text_set(at, sr_buf_str(&b));
	sr_buf_free(&b);
	return err;
}

static int
set_auth(struct sr_dialog *d, const struct sr_ua_auth *a)
{
	if (a == NULL)
		return SR_OK;
	d->ha1_alg = a->ha1_alg;
	if (text_set(&d->auth_user, a->user) != SR_OK ||
	    text_set(&d->password, a->password) != SR_OK)
		return SR_ENOMEM;
	return text_set(&d->ha1, a->ha1);
}

static int
set_ids(struct sr_dialog *d, const struct sr_ua_invite *in)
{
	char id[33], tag[17];
	uint16_t cseq;

	ua_token(d->ua, id, 16);
	ua_token(d->ua, tag, 8);
	ua_random(d->ua, &cseq, sizeof(cseq));
	/* The first request adds one. */
	d->local_cseq = in->cseq > 0 ? in->cseq - 1 : cseq;
	if (text_set(&d->call_id, in->call_id.n > 0 ? in->call_id :
	    sr_cstr(id)) != SR_OK)
		return SR_ENOMEM;
	return text_set(&d->local_tag, in->tag.n > 0 ? in->tag :
	    sr_cstr(tag));
}

static int
fill(struct sr_dialog *d, const struct sr_ua_invite *in)
{
	struct sr_str to = in->to.n > 0 ? in->to : in->uri;

	d->uac = true;
	d->secure = uri_is_sips(in->uri);
	d->wanted_se = in->session_expires;
	d->refresher = in->refresher;
	d->rel = in->rel;
	if (set_ids(d, in) != SR_OK || set_auth(d, in->auth) != SR_OK ||
	    name_addr(&d->local, in->from_display, in->from) != SR_OK ||
	    name_addr(&d->remote, in->to_display, to) != SR_OK ||
	    text_set(&d->local_uri, in->from) != SR_OK ||
	    text_set(&d->remote_uri, to) != SR_OK ||
	    text_set(&d->user, in->user) != SR_OK ||
	    text_set(&d->contact_params, in->contact_params) != SR_OK ||
	    text_set(&d->require, in->require) != SR_OK ||
	    text_set(&d->peer.target, in->uri) != SR_OK)
		return SR_ENOMEM;
	return dialog_table(d);
}

static struct job *
fill_job(struct sr_dialog *d, struct sr_str method,
    const struct sr_ua_invite *in)
{
	struct job *j = job_new(d, method);

	if (j == NULL)
		return NULL;
	if (text_set(&j->uri, in->uri) != SR_OK ||
	    job_body(j, in->headers, in->type, in->body) != SR_OK) {
		job_over(j);
		return NULL;
	}
	j->cookie = in->cookie;
	j->expires = in->expires;
	j->nhops = in->nhops < MAX_HOPS ? in->nhops : MAX_HOPS;
	if (j->nhops > 0)
		memcpy(j->hops, in->hops, j->nhops * sizeof(*j->hops));
	return j;
}

static int
ask(struct sr_ua *ua, sr_time now, struct sr_str method, bool solo,
    const struct sr_ua_invite *in, struct sr_dialog **out)
{
	struct sr_str user, host;
	struct sr_dialog *d;
	struct job *j;

	if (sr_uri_split(in->uri, &user, &host) != SR_OK || host.n == 0)
		return SR_EBAD;
	ua->now = now;
	if ((d = dialog_new(ua)) == NULL)
		return ua->ndialogs >= ua->cfg.max_dialogs ? SR_ELIMIT :
		    SR_ENOMEM;
	d->solo = solo;
	if (fill(d, in) != SR_OK) {
		dialog_free(d);
		return SR_ENOMEM;
	}
	if ((j = fill_job(d, method, in)) == NULL) {
		d->silent = true;
		dialog_over(d, "failed", NULL);
		return SR_ENOMEM;
	}
	j->first = !solo;
	if (out != NULL)
		*out = d;
	job_start(j);
	return SR_OK;
}

int
sr_ua_invite(struct sr_ua *ua, sr_time now, const struct sr_ua_invite *in,
    struct sr_dialog **out)
{
	return ask(ua, now, SR_STR("INVITE"), false, in, out);
}

int
sr_ua_request(struct sr_ua *ua, sr_time now, struct sr_str method,
    const struct sr_ua_invite *in)
{
	if (sr_streq(method, SR_STR("INVITE")) ||
	    sr_streq(method, SR_STR("ACK")) ||
	    sr_streq(method, SR_STR("CANCEL")))
		return SR_EBAD;
	return ask(ua, now, method, true, in, NULL);
}

int
sr_dialog_request(struct sr_dialog *d, sr_time now,
    const struct sr_dialog_request *r)
{
	struct job *j;

	if (d->state >= SR_D_ENDING || !d->tagged)
		return SR_ENOENT;
	if (sr_streq(r->method, SR_STR("BYE")))
		return sr_dialog_bye(d, now, r->headers, r->type, r->body);
	d->ua->now = now;
	if ((j = job_new(d, r->method)) == NULL)
		return SR_ENOMEM;
	if (job_body(j, r->headers, r->type, r->body) != SR_OK) {
		job_over(j);
		return SR_ENOMEM;
	}
	j->cookie = r->cookie;
	j->cross = r->cross;
	job_start(j);
	return SR_OK;
}

int
sr_dialog_cancel(struct sr_dialog *d, sr_time now, struct sr_str reason)
{
	if (d->state == SR_D_OVER)
		return SR_ENOENT;
	d->ua->now = now;
	for (struct job *j = d->jobs; j != NULL; j = j->next) {
		if (j->method != SR_INVITE)
			continue;
		text_set(&j->cancel_reason, reason);
		if (j->first)
			d->state = SR_D_ENDING;
		client_cancel(j);
		return SR_OK;
	}
	return SR_ENOENT;
}

/* ---- what is known ---- */

void **
sr_dialog_slot(struct sr_dialog *d)
{
	return &d->slot;
}

enum sr_dialog_state
sr_dialog_state(const struct sr_dialog *d)
{
	return d->state;
}

bool
sr_dialog_is_uac(const struct sr_dialog *d)
{
	return d->uac;
}

struct sr_str
sr_dialog_call_id(const struct sr_dialog *d)
{
	return d->call_id;
}

struct sr_str
sr_dialog_local_tag(const struct sr_dialog *d)
{
	return d->local_tag;
}

struct sr_str
sr_dialog_remote_tag(const struct sr_dialog *d)
{
	return d->peer.tag;
}

struct sr_str
sr_dialog_local_uri(const struct sr_dialog *d)
{
	return d->local_uri;
}

struct sr_str
sr_dialog_remote_uri(const struct sr_dialog *d)
{
	return d->remote_uri;
}

struct sr_str
sr_dialog_target(const struct sr_dialog *d)
{
	return d->peer.target;
}

const struct sr_hop *
sr_dialog_hop(const struct sr_dialog *d)
{
	return &d->peer.hop;
}

bool
sr_dialog_allows(const struct sr_dialog *d, const char *method)
{
	return value_lists(d->allow, sr_cstr(method));
}

bool
sr_dialog_supports(const struct sr_dialog *d, const char *option)
{
	return value_lists(d->supported, sr_cstr(option));
}

int
sr_dialog_set_sdp(struct sr_dialog *d, struct sr_str local,
    struct sr_str remote)
{
	int err = text_set(&d->local_sdp, local);

	return err == SR_OK ? text_set(&d->remote_sdp, remote) : err;
}

struct sr_str
sr_dialog_local_sdp(const struct sr_dialog *d)
{
	return d->local_sdp;
}

struct sr_str
sr_dialog_remote_sdp(const struct sr_dialog *d)
{
	return d->remote_sdp;
}

int
sr_dialog_set_contact(struct sr_dialog *d, struct sr_str user,
    struct sr_str params)
{
	int err = text_set(&d->user, user);

	return err == SR_OK ? text_set(&d->contact_params, params) : err;
}

struct sr_str
sr_dialog_session_id(const struct sr_dialog *d)
{
	return d->ua->cfg.session_id ? sr_cstr(d->sid) : none;
}

struct sr_str
sr_dialog_remote_session_id(const struct sr_dialog *d)
{
	return d->ua->cfg.session_id && d->remote_sid[0] != '\0' ?
	    sr_cstr(d->remote_sid) : none;
}

struct sr_session_timer
sr_dialog_timer(const struct sr_dialog *d)
{
	return (struct sr_session_timer){ d->interval, d->ours,
	    d->refresh.slot != 0 ? d->refresh.at : SR_NEVER,
	    d->expire.slot != 0 ? d->expire.at : SR_NEVER };
}
