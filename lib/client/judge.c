/* judge - did the server do it?  One small function per kind of check; each
 * is called only where its precondition holds. */
#include "client/judge.h"

#include <string.h>

static bool
success(const struct sr_msg *m)
{
	return m != NULL && m->status >= 200 && m->status < 300;
}

/* ---- answers ---- */

static enum sr_verdict
status(struct hearing *k)
{
	int got = k->m != NULL ? k->m->status : 0, want = k->c->arg;

	if (got == 0)
		sr_buf_add(k->why, SR_STR("no answer came"));
	else
		sr_buf_fmt(k->why, "the answer is %d", got);
	if (want < 10)
		return verdict(got / 100 == want);
	return verdict(got == want);
}

/* Where a server may as well take it. */
static enum sr_verdict
not_success(struct hearing *k)
{
	return success(k->m) ? SR_UNTESTED : status(k);
}

static enum sr_verdict
still(struct hearing *k)
{
	int got = k->m != NULL ? k->m->status : 0;

	if (got == 0)
		sr_buf_add(k->why, SR_STR("no answer came"));
	else
		sr_buf_fmt(k->why, "the answer is %d", got);
	return verdict(got != 0 && got != 408 && (got != 481 ||
	    k->step->kind == SR_DO_CANCEL) && got < 500);
}

/* +sip.srs, bare or "TRUE", as a parameter of the header (RFC 3840). */
static enum sr_verdict
contact(struct hearing *k)
{
	struct sr_str value = { NULL, 0 };

	if (k->m->status == 0 && k->m->method == SR_BYE)
		return SR_UNTESTED;		/* needs no Contact */
	if (!sr_param(k->m->contact.params, "+sip.srs", &value)) {
		sr_buf_fmt(k->why, "its parameters: \"%.*s\"",
		    SR_FMT(sr_substr(k->m->contact.params, 0, 200)));
		return SR_FAIL;
	}
	return verdict(!sr_strieq(value, SR_STR("FALSE")));
}

static enum sr_verdict
allow(struct hearing *k)
{
	return verdict(sr_msg_header(k->m, "Allow", 0).p != NULL &&
	    sr_msg_header(k->m, "Supported", 0).p != NULL);
}

static enum sr_verdict
allow_update(struct hearing *k)
{
	return verdict(sr_msg_lists(k->m, "Allow", "UPDATE"));
}

static enum sr_verdict
accept_header(struct hearing *k)
{
	return verdict(sr_msg_header(k->m, "Accept", 0).p != NULL);
}

bool
sr_judge_has(const struct sr_msg *m, enum sr_part_kind kind)
{
	struct sr_body b;
	bool yes = false;

	if (m->body.n > 0 && sr_body_split(&b, m) == SR_OK) {
		yes = sr_body_find(&b, kind) != NULL;
		sr_body_free(&b);
	}
	return yes;
}

static enum sr_verdict
no_meta(struct hearing *k)
{
	return verdict(!sr_judge_has(k->m, SR_PART_META));
}

static enum sr_verdict
tag(struct hearing *k)
{
	if (k->m->to.tag.n == 0)
		return SR_FAIL;
	if (k->seen->dialog_tag.n == 0)
		return SR_PASS;
	return verdict(sr_streq(k->m->to.tag, k->seen->dialog_tag));
}

static enum sr_verdict
echo(struct hearing *k)
{
	const struct sr_msg *q = k->seen->request, *m = k->m;
	const char *what = NULL;

	if (q == NULL)
		return SR_UNTESTED;
	if (!sr_streq(q->call_id, m->call_id))
		what = "Call-ID";
	else if (!sr_streq(q->branch, m->branch))
		what = "the branch of Via";
	else if (!sr_streq(q->from.tag, m->from.tag))
		what = "the tag of From";
	else if (q->cseq != m->cseq || q->method != m->method)
		what = "CSeq";
	if (what != NULL)
		sr_buf_fmt(k->why, "%s differs", what);
	return verdict(what == NULL);
}

static enum sr_verdict
unsupported(struct hearing *k)
{
	if (k->m->status != 420 || k->step->require == NULL)
		return SR_UNTESTED;
	return verdict(sr_msg_lists(k->m, "Unsupported", k->step->require));
}

/* ---- transactions ---- */

static enum sr_verdict
cancelled(struct hearing *k)
{
	if (k->seen->invite != NULL && success(k->seen->invite))
		return SR_UNTESTED;		/* they crossed */
	return verdict(k->seen->invite != NULL &&
	    k->seen->invite->status == 487);
}

static enum sr_verdict
reliable(struct hearing *k)
{
	const struct sr_msg *p = k->seen->provisional;

	if (p == NULL)
		return SR_UNTESTED;
	return verdict(sr_msg_lists(p, "Require", "100rel") &&
	    sr_msg_header(p, "RSeq", 0).p != NULL);
}

static enum sr_verdict
offered(struct hearing *k)
{
	const struct sr_msg *p = k->seen->provisional;

	return p != NULL && sr_judge_has(p, SR_PART_SDP) ? SR_PASS :
	    sr_judge_answered(k);
}

static enum sr_verdict
prack(struct hearing *k)
{
	return k->seen->prack == NULL ? SR_UNTESTED :
	    verdict(success(k->seen->prack));
}

static enum sr_verdict
copies(struct hearing *k)
{
	return success(k->m) ? verdict(k->seen->copies > 0) : SR_UNTESTED;
}

static enum sr_verdict
bye(struct hearing *k)
{
	return verdict(k->seen->bye || (k->seen->request != NULL &&
	    k->seen->request->method == SR_BYE));
}

static enum sr_verdict
old_bye(struct hearing *k)
{
	return success(k->m) ? verdict(k->seen->old_leg_bye) : SR_UNTESTED;
}

static enum sr_verdict
reason(struct hearing *k)
{
	return verdict(sr_msg_header(k->m, "Reason", 0).p != NULL);
}

static enum sr_verdict
up(struct hearing *k)
{
	return verdict(!k->seen->bye && success(k->m));
}

/* ---- session timers ---- */

static struct sr_str
interval_of(const struct sr_msg *m, uint64_t *seconds)
{
	struct sr_str value = sr_msg_header(m, "Session-Expires", 0), digits;
	size_t end = sr_strchr(value, ';');

	digits = sr_trim(sr_substr(value, 0, end));
	if (sr_strnum(digits, seconds) != SR_OK)
		*seconds = 0;
	return sr_substr(value, end, value.n);
}

static enum sr_verdict
expires(struct hearing *k)
{
	uint64_t got;

	interval_of(k->m, &got);
	if (got == 0)
		return SR_UNTESTED;
	sr_buf_fmt(k->why, "%llu s", (unsigned long long)got);
	return verdict(got <= k->step->session_expires && got >= 90);
}

static enum sr_verdict
refresher(struct hearing *k)
{
	struct sr_str params, who;
	uint64_t got;

	params = interval_of(k->m, &got);
	if (got == 0 || k->step->refresher == NULL)
		return SR_UNTESTED;
	return verdict(sr_param(params, "refresher", &who) &&
	    sr_strieq(who, sr_cstr(k->step->refresher)));
}

static enum sr_verdict
timer(struct hearing *k)
{
	uint64_t got;

	interval_of(k->m, &got);
	return got == 0 ? SR_UNTESTED :
	    verdict(sr_msg_lists(k->m, "Require", "timer"));
}

/* The client may have raised its interval, and come again. */
static enum sr_verdict
min_se(struct hearing *k)
{
	const struct sr_msg *m = k->seen->retried != NULL ? k->seen->retried :
	    k->m;
	struct sr_str value;
	uint64_t got;

	if (status(&(struct hearing){ .c = &(struct sr_check){ .arg = 422 },
	    .m = m, .why = k->why }) != SR_PASS)
		return SR_FAIL;
	value = sr_msg_header(m, "Min-SE", 0);
	value = sr_trim(sr_substr(value, 0, sr_strchr(value, ';')));
	return verdict(sr_strnum(value, &got) == SR_OK && got >= 90);
}

/* Its refresh was answered 422: it comes again with what Min-SE said. */
static enum sr_verdict
raised(struct hearing *k)
{
	uint64_t got;

	interval_of(k->m, &got);
	sr_buf_fmt(k->why, "%llu s, not %u", (unsigned long long)got,
	    k->step->session_expires);
	return verdict(got >= k->step->session_expires);
}

/* ---- what was tried again ---- */

/* Where their request never came there was nothing to cross. */
static enum sr_verdict
retried(struct hearing *k)
{
	const struct sr_msg *m = k->seen->retried != NULL ? k->seen->retried :
	    k->seen->reply;

	if (k->seen->request == NULL || m == NULL)
		return SR_UNTESTED;
	sr_buf_fmt(k->why, "the answer is %d", m->status);
	return verdict(m->status == k->c->arg);
}

static enum sr_verdict
again(struct hearing *k)
{
	return k->seen->retried != NULL ? verdict(k->seen->again) :
	    SR_UNTESTED;
}

static enum sr_verdict
taken_again(struct hearing *k)
{
	if (k->seen->retried == NULL)
		return SR_UNTESTED;
	return verdict(success(k->seen->reply));
}

static enum sr_verdict
retry_after(struct hearing *k)
{
	const struct sr_msg *m = k->seen->retried != NULL ? k->seen->retried :
	    k->seen->reply;

	return m == NULL || m->status != 503 ? SR_UNTESTED :
	    verdict(sr_msg_header(m, "Retry-After", 0).n > 0);
}

static enum sr_verdict
redirect(struct hearing *k)
{
	const struct sr_msg *m = k->seen->retried != NULL ? k->seen->retried :
	    k->seen->reply;

	return m == NULL || m->status / 100 != 3 ? SR_UNTESTED :
	    verdict(m->contact.uri.n > 0);
}

static enum sr_verdict
early_copies(struct hearing *k)
{
	return k->seen->held ? verdict(k->seen->early_copies > 0) :
	    SR_UNTESTED;
}

/* ---- the snapshot request ---- */

static bool
meta_part(struct hearing *k, struct sr_body *b, struct sr_str *text,
    struct sr_str *disposition)
{
	const struct sr_part *p;

	if (k->m->body.n == 0 || sr_body_split(b, k->m) != SR_OK)
		return false;
	if ((p = sr_body_find(b, SR_PART_META)) == NULL) {
		sr_body_free(b);
		return false;
	}
	*text = p->data;
	*disposition = p->disposition;
	return true;
}

static enum sr_verdict
disposition(struct hearing *k)
{
	struct sr_str text, how;
	struct sr_body b;
	bool yes;

	if (!meta_part(k, &b, &text, &how))
		return SR_FAIL;
	yes = sr_strieq(how, SR_STR("recording-session"));
	sr_body_free(&b);
	return verdict(yes);
}

static enum sr_verdict
no_sdp(struct hearing *k)
{
	return verdict(!sr_judge_has(k->m, SR_PART_SDP));
}

static enum sr_verdict
request_xml(struct hearing *k, bool space)
{
	struct sr_str text, how, none = { NULL, 0 };
	struct sr_body b;
	struct sr_doc d;
	bool yes = false;

	if (!meta_part(k, &b, &text, &how))
		return SR_FAIL;
	if (sr_doc_parse(&d, text, none, 1 << 20) == SR_OK)
		yes = space ? sr_streq(d.ns,
		    SR_STR("urn:ietf:params:xml:ns:recording:1")) :
		    sr_streq(d.root, SR_STR("requestsnapshot"));
	sr_doc_free(&d);
	sr_body_free(&b);
	return verdict(yes);
}

static enum sr_verdict
request_root(struct hearing *k)
{
	return request_xml(k, false);
}

static enum sr_verdict
request_space(struct hearing *k)
{
	return request_xml(k, true);
}

/* ---- media ---- */

static enum sr_verdict
rtcp(struct hearing *k)
{
	return k->seen->media ? verdict(k->seen->rtcp) : SR_UNTESTED;
}

static enum sr_verdict
rtcp_port(struct hearing *k)
{
	return k->seen->rtcp || k->seen->rtcp_elsewhere ?
	    verdict(!k->seen->rtcp_elsewhere) : SR_UNTESTED;
}

/* ---- which, and when ---- */

enum needs {
	NOTHING,			/* judges also that nothing came */
	MESSAGE = 1,			/* something came */
	SUCCESS = 2,			/* a 2xx, or in SR_AWAIT a request */
	ANSWER = 4			/* ... with SDP, for SDP of ours */
};

static const struct {
	enum sr_verdict (*judge)(struct hearing *);
	int needs;
} tests[] = {
	[T_STATUS] = { status, NOTHING },
	[T_NOT_2XX] = { not_success, NOTHING },
	[T_STILL] = { still, NOTHING },
	[T_CONTACT] = { contact, SUCCESS },
	[T_ALLOW] = { allow, SUCCESS },
	[T_ALLOW_UPDATE] = { allow_update, SUCCESS },
	[T_ACCEPT] = { accept_header, SUCCESS },
	[T_NO_META] = { no_meta, MESSAGE },
	[T_TAG] = { tag, SUCCESS },
	[T_ECHO] = { echo, MESSAGE },
	[T_ANSWER] = { sr_judge_answered, SUCCESS },
	[T_LINES] = { sr_judge_mlines, ANSWER },
	[T_TAKEN] = { sr_judge_taken, ANSWER },
	[T_TWO] = { sr_judge_two, ANSWER },
	[T_RECVONLY] = { sr_judge_recvonly, ANSWER },
	[T_INACTIVE] = { sr_judge_inactive, ANSWER },
	[T_ZERO] = { sr_judge_zero, ANSWER },
	[T_FORMATS] = { sr_judge_formats, ANSWER },
	[T_LABELS] = { sr_judge_labels, ANSWER },
	[T_ORIGIN] = { sr_judge_origin, ANSWER },
	[T_NO_RECORD] = { sr_judge_no_record, ANSWER },
	[T_VIDEO] = { sr_judge_two, ANSWER },
	[T_SAME_PORT] = { sr_judge_same_port, ANSWER },
	[T_OFFER] = { sr_judge_answered, SUCCESS },
	[T_OFFERED] = { offered, SUCCESS },
	[T_SAME_LINES] = { sr_judge_same_lines, ANSWER },
	[T_VERSION] = { sr_judge_origin, ANSWER },
	[T_ALL_INACTIVE] = { sr_judge_all_inactive, ANSWER },
	[T_SOME_RECVONLY] = { sr_judge_some_recvonly, ANSWER },
	[T_UNSUPPORTED] = { unsupported, MESSAGE },
	[T_CANCELLED] = { cancelled, MESSAGE },
	[T_RELIABLE] = { reliable, NOTHING },
	[T_PRACK] = { prack, NOTHING },
	[T_COPIES] = { copies, NOTHING },
	[T_BYE] = { bye, NOTHING },
	[T_OLD_BYE] = { old_bye, NOTHING },
	[T_REASON] = { reason, SUCCESS },
	[T_SE] = { expires, SUCCESS },
	[T_REFRESHER] = { refresher, SUCCESS },
	[T_TIMER] = { timer, SUCCESS },
	[T_MIN_SE] = { min_se, NOTHING },
	[T_DISPOSITION] = { disposition, SUCCESS },
	[T_NO_SDP] = { no_sdp, SUCCESS },
	[T_ROOT] = { request_root, SUCCESS },
	[T_SPACE] = { request_space, SUCCESS },
	[T_RTCP] = { rtcp, NOTHING },
	[T_RTCP_PORT] = { rtcp_port, NOTHING },
	[T_UP] = { up, NOTHING },
	[T_RETRIED] = { retried, NOTHING },
	[T_AGAIN] = { again, NOTHING },
	[T_TAKEN_AGAIN] = { taken_again, NOTHING },
	[T_RETRY_AFTER] = { retry_after, NOTHING },
	[T_REDIRECT] = { redirect, NOTHING },
	[T_EARLY_COPIES] = { early_copies, NOTHING },
	[T_RAISED] = { raised, SUCCESS },
};

static bool
applies(const struct hearing *k, int needs)
{
	bool request = k->step->kind == SR_AWAIT;

	if (needs != NOTHING && k->m == NULL)
		return false;
	if ((needs & (SUCCESS | ANSWER)) != 0 && !request && !success(k->m))
		return false;
	return (needs & ANSWER) == 0 || (k->seen->offer != NULL &&
	    k->seen->answer != NULL);
}

enum sr_verdict
sr_check_judge(const struct sr_check *c, const struct sr_step *step,
    const struct sr_seen *seen, struct sr_buf *why)
{
	struct hearing k = { c, step, seen, step->kind == SR_AWAIT ?
	    seen->request : seen->reply, why };
	size_t back = why->n;
	enum sr_verdict v;

	if (!applies(&k, tests[c->test].needs))
		return SR_UNTESTED;
	if ((v = tests[c->test].judge(&k)) != SR_FAIL)
		why->n = back;
	return v;
}
