/* invite - our INVITE is answered: RFC 3261 13.2.2, RFC 3262 section 4. */
#include "priv.h"

#include <string.h>

static const struct sr_str none = { NULL, 0 };

/* ---- PRACK ---- */

static void
prack(struct sr_dialog *d, uint32_t rseq, uint32_t cseq, struct sr_str tag,
    struct sr_str target, struct sr_str type, struct sr_str body)
{
	struct job *j = job_new(d, SR_STR("PRACK"));
	struct sr_buf b;

	if (j == NULL)
		return;
	sr_buf_init(&b, 256);
	sr_buf_fmt(&b, "RAck: %u %u INVITE\r\n", rseq, cseq);
	j->silent = true;
	if (text_set(&j->to_tag, tag) != SR_OK ||
	    (target.n > 0 && text_set(&j->uri, target) != SR_OK) ||
	    job_body(j, sr_buf_str(&b), type, body) != SR_OK)
		job_over(j);
	else
		job_start(j);
	sr_buf_free(&b);
}

/* Is this the next reliable one of that side?  Copies and gaps are not. */
static bool
in_order(struct sr_dialog *d, struct sr_str tag, uint32_t rseq)
{
	size_t i = 0;

	while (i < d->nforks && !sr_streq(d->forks[i].tag, tag))
		i++;
	if (i == MAX_FORKS)
		return false;
	if (i == d->nforks) {
		if (text_set(&d->forks[i].tag, tag) != SR_OK)
			return false;
		d->nforks++;
	} else if (rseq != d->forks[i].rseq + 1) {
		return false;
	}
	d->forks[i].rseq = rseq;
	return true;
}

/* false: not to be looked at. */
static bool
reliable(struct job *j, struct heard *h, uint32_t rseq)
{
	struct sr_dialog *d = j->d;
	const struct sr_msg *m = &h->msg;
	bool sdp = heard_has_sdp(h), ours = sr_streq(m->to.tag, d->peer.tag);

	if (!in_order(d, m->to.tag, rseq))
		return false;
	if (sdp && !j->offered && !j->answered && ours && !j->silent) {
		d->prack_due = true;
		d->due_cseq = j->cseq;
		d->due_rseq = rseq;
		text_set(&d->due_tag, m->to.tag);
	} else {
		prack(d, rseq, j->cseq, m->to.tag, ours ? none :
		    m->contact.uri, none, none);
	}
	if (sdp)
		j->answered = true;
	return true;
}

int
sr_dialog_prack(struct sr_dialog *d, sr_time now, struct sr_str type,
    struct sr_str body)
{
	if (!d->prack_due || d->state == SR_D_OVER)
		return SR_ENOENT;
	d->ua->now = now;
	d->prack_due = false;
	prack(d, d->due_rseq, d->due_cseq, d->due_tag, none, type, body);
	return SR_OK;
}

static void
tell(struct job *j, struct heard *h)
{
	struct sr_ua_event *e;

	if (j->silent ||
	    (e = ua_event(j->ua, SR_UA_RESPONSE, h)) == NULL)
		return;
	e->dialog = j->d;
	e->cookie = j->cookie;
}

void
invite_provisional(struct job *j, struct heard *h)
{
	struct sr_dialog *d = j->d;
	const struct sr_msg *m = &h->msg;
	uint32_t rseq;

	if (j->first && m->to.tag.n > 0 && !d->tagged)
		dialog_meet(d, h);
	if (m->to.tag.n > 0 && value_number(sr_msg_header(m, "RSeq", 0),
	    &rseq) && sr_msg_lists(m, "Require", "100rel") &&
	    !reliable(j, h, rseq))
		return;
	tell(j, h);
}

/* ---- the 2xx ---- */

int
invite_ack(struct sr_dialog *d, uint32_t cseq, struct sr_str type,
    struct sr_str body)
{
	struct job *j = job_new(d, SR_STR("ACK"));

	if (j == NULL)
		return SR_ENOMEM;
	j->silent = true;
	j->cseq = cseq;
	if (job_body(j, none, type, body) != SR_OK) {
		job_over(j);
		return SR_ENOMEM;
	}
	job_start(j);
	return SR_OK;
}

int
sr_dialog_ack(struct sr_dialog *d, sr_time now, struct sr_str type,
    struct sr_str body)
{
	int err;

	if (!d->ack_due || d->state == SR_D_OVER)
		return SR_ENOENT;
	d->ua->now = now;
	d->ack_due = false;
	err = invite_ack(d, d->due_cseq, type, body);
	jobs_unpark(d);
	return err;
}

void
invite_accepted(struct job *j, struct heard *h)
{
	struct sr_dialog *d = j->d;
	bool wait = heard_has_sdp(h) && !j->offered && !j->answered &&
	    !j->cancel && !j->silent && !d->bye_wanted;
	uint32_t cseq = j->cseq;

	if (j->first) {
		dialog_meet(d, h);
		if (d->state == SR_D_EARLY) {
			d->state = SR_D_CONFIRMED;
			d->confirmed = true;
		}
		if (j->cancel && !d->bye_wanted) {
			d->bye_wanted = true;
			d->bye_why = "cancelled";
		}
	} else {
		dialog_learn(d, &h->msg);
		dialog_target(d, h);
	}
	d->prack_due = false;
	if (!d->bye_wanted)
		refresh_learn(d, &h->msg);
	if (wait) {
		d->ack_due = true;
		d->due_cseq = cseq;
	} else {
		invite_ack(d, cseq, none, none);
	}
	tell(j, h);
	job_over(j);
	dialog_bye_now(d);
	jobs_unpark(d);
}

/* A 2xx of another branch of the way: section 13.2.2.4 has it acknowledged
 * and ended.  A dialog of its own, that nobody hears of, does that. */
static void
fork_end(struct sr_dialog *d, struct heard *h)
{
	struct sr_dialog *f = dialog_new(d->ua);

	if (f == NULL)
		return;
	f->silent = f->uac = true;
	f->local_cseq = h->msg.cseq;
	f->secure = d->secure;
	memcpy(f->sid, d->sid, sizeof(f->sid));
	if (text_set(&f->call_id, d->call_id) != SR_OK ||
	    text_set(&f->local, d->local) != SR_OK ||
	    text_set(&f->remote, d->remote) != SR_OK ||
	    text_set(&f->local_tag, d->local_tag) != SR_OK ||
	    text_set(&f->invite_auth, d->invite_auth) != SR_OK ||
	    dialog_table(f) != SR_OK) {
		dialog_free(f);
		return;
	}
	dialog_meet(f, h);
	f->state = SR_D_CONFIRMED;
	invite_ack(f, h->msg.cseq, none, none);
	dialog_bye(f, "bye");
}

void
invite_again(struct sr_tx *tx, struct heard *h)
{
	struct sr_dialog *d = tx->d;
	const struct sr_msg *m = &h->msg;

	if (!sr_streq(m->to.tag, d->peer.tag)) {
		d = dialog_find(d->ua, m->call_id, m->from.tag, m->to.tag);
		if (d == NULL) {
			fork_end(tx->d, h);
			return;
		}
	}
	if (d->ack != NULL && d->ack_cseq == m->cseq)
		ua_send(d->ua, NULL, d, &d->ack_hop, d->ack, SR_ACK, 0);
}

/* Whoever answered it waits for the ACK, and would end the call without. */
void
invite_stray(struct sr_ua *ua, struct heard *h)
{
	const struct sr_msg *m = &h->msg;
	struct sr_dialog *d;

	if (m->method != SR_INVITE || m->status < 200 || m->status >= 300)
		return;
	d = dialog_find(ua, m->call_id, m->from.tag, m->to.tag);
	if (d == NULL || d->silent || m->cseq > d->before)
		return;
	if (d->ack != NULL && d->ack_cseq == m->cseq)
		ua_send(ua, NULL, d, &d->ack_hop, d->ack, SR_ACK, 0);
	else
		invite_ack(d, m->cseq, none, none);
}
