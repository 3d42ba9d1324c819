/* replay_report - what became of the calls: lines, a summary, a table. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { STATUSES = 700 };

struct totals {
	const struct options *o;
	uint64_t begun, done, failed, resent;
	uint64_t status[STATUSES];	/* of failed calls; 0: no answer */
	uint32_t *setup;		/* microseconds of each answered call */
	size_t nsetup, cap;
	struct sr_sender_numbers media;
	sr_time first, last, shown;
	bool progress;
	/* per check: how often it passed, failed, was not tested */
	uint64_t *verdicts;
	struct sr_buf line;
	char (*why)[200];		/* the first failure of each */
};

struct totals *
totals_new(const struct options *o)
{
	struct totals *t = sr_zalloc(sizeof(*t));
	size_t n;

	if (t == NULL)
		return NULL;
	sr_checks(&n);
	t->o = o;
	t->verdicts = calloc(n * 3 + 1, sizeof(*t->verdicts));
	t->why = calloc(n + 1, sizeof(*t->why));
	t->progress = cli_tty(STDERR_FILENO) && (o->quiet ||
	    !cli_tty(STDOUT_FILENO));
	sr_buf_init(&t->line, 1 << 20);
	return t;
}

void
totals_free(struct totals *t)
{
	if (t == NULL)
		return;
	free(t->setup);
	free(t->verdicts);
	free(t->why);
	sr_buf_free(&t->line);
	free(t);
}

void
totals_begun(struct totals *t)
{
	t->begun++;
}

void
totals_add(struct sr_sender_numbers *sum, const struct sr_sender_numbers *m)
{
	sum->play.all_packets += m->play.all_packets;
	sum->play.all_bytes += m->play.all_bytes;
	sum->play.digits += m->play.digits;
	sum->harm.seen += m->harm.seen;
	sum->harm.sent += m->harm.sent;
	sum->harm.lost += m->harm.lost;
	sum->harm.duplicated += m->harm.duplicated;
	sum->harm.reordered += m->harm.reordered;
	sum->reports += m->reports;
	sum->heard += m->heard;
}

/* ---- one call ---- */

static void
remember_setup(struct totals *t, sr_time setup)
{
	if (t->nsetup == t->cap) {
		size_t cap = t->cap > 0 ? t->cap * 2 : 1024;
		uint32_t *v = realloc(t->setup, cap * sizeof(*v));

		if (v == NULL)
			return;
		t->setup = v;
		t->cap = cap;
	}
	t->setup[t->nsetup++] = (uint32_t)(setup / 1000);
}

static void
judge(struct totals *t, const struct sr_run_result *r)
{
	size_t n, k = 0;
	const struct sr_check *all = sr_checks(&n);

	for (size_t i = 0; i < r->script->nsteps; i++)
		for (size_t c = 0; c < r->script->steps[i].nchecks &&
		    k < r->nverdicts; c++) {
			size_t at = (size_t)(r->script->steps[i].checks[c] -
			    all);

			t->verdicts[at * 3 + r->verdicts[k++]]++;
		}
	for (size_t i = 0; i < r->nbroken; i++) {
		size_t at = (size_t)(r->broken[i].check - all);

		if (t->why[at][0] == '\0')
			snprintf(t->why[at], sizeof(t->why[at]), "%.*s",
			    SR_FMT(r->broken[i].why));
	}
}

/* What was sent, after all that was done to it. */
static uint64_t
packets(const struct sr_sender_numbers *m)
{
	return m->harm.seen > 0 ? m->harm.sent : m->play.all_packets;
}

static void
json_numbers(struct sr_buf *b, const struct sr_sender_numbers *m)
{
	sr_buf_fmt(b, ",\"packets\":%llu,\"octets\":%llu,\"rtcp_sent\":%llu,"
	    "\"rtcp_heard\":%llu", (unsigned long long)packets(m),
	    (unsigned long long)m->play.all_bytes,
	    (unsigned long long)m->reports, (unsigned long long)m->heard);
	if (m->harm.seen > 0)
		sr_buf_fmt(b, ",\"dropped\":%llu,\"duplicated\":%llu,"
		    "\"reordered\":%llu", (unsigned long long)m->harm.lost,
		    (unsigned long long)m->harm.duplicated,
		    (unsigned long long)m->harm.reordered);
}

static void
call_json(struct totals *t, const struct sr_run_result *r,
    const struct sr_sender_numbers *m)
{
	struct sr_buf *b = &t->line;

	b->n = 0;
	sr_buf_fmt(b, "{\"v\":1,\"event\":\"call\",\"call\":%llu,\"flow\":",
	    (unsigned long long)r->number);
	sr_buf_json(b, sr_cstr(r->script->flow));
	sr_buf_fmt(b, ",\"call_id\":");
	sr_buf_json(b, r->call_id);
	sr_buf_fmt(b, ",\"ok\":%s,\"status\":%d", r->failed ? "false" : "true",
	    r->status);
	if (r->answered != 0)
		sr_buf_fmt(b, ",\"setup_ms\":%.3f,\"duration\":%.3f",
		    (double)(r->answered - r->begun) / 1e6,
		    (double)(r->ended - r->answered) / 1e9);
	sr_buf_fmt(b, ",\"retransmissions\":%u", r->resent);
	json_numbers(b, m);
	if (r->why.n > 0) {
		sr_buf_fmt(b, ",\"why\":");
		sr_buf_json(b, r->why);
	}
	if (r->nbroken > 0)
		sr_buf_fmt(b, ",\"broken\":[");
	for (size_t i = 0; i < r->nbroken; i++) {
		sr_buf_fmt(b, "%s{\"rule\":\"%s\",\"clause\":\"%s\",\"text\":",
		    i > 0 ? "," : "", r->broken[i].check->rule,
		    r->broken[i].check->clause);
		sr_buf_json(b, r->broken[i].why);
		sr_buf_addc(b, '}');
	}
	if (r->nbroken > 0)
		sr_buf_addc(b, ']');
	sr_buf_fmt(b, "}\n");
}

static void
call_text(struct totals *t, const struct sr_run_result *r,
    const struct sr_sender_numbers *m)
{
	struct sr_buf *b = &t->line;

	b->n = 0;
	sr_buf_fmt(b, "call %llu  %-20s %s", (unsigned long long)r->number,
	    r->script->flow, r->failed ? "FAILED" : "ok");
	if (r->status != 0)
		sr_buf_fmt(b, "  %d", r->status);
	if (r->answered != 0)
		sr_buf_fmt(b, " after %.1f ms, %.1f s, %llu packets",
		    (double)(r->answered - r->begun) / 1e6,
		    (double)(r->ended - r->answered) / 1e9,
		    (unsigned long long)packets(m));
	if (r->why.n > 0)
		sr_buf_fmt(b, "  %.*s", SR_FMT(r->why));
	sr_buf_addc(b, '\n');
}

void
totals_call(struct totals *t, const struct sr_run_result *r,
    const struct sr_sender_numbers *m)
{
	t->done++;
	t->failed += r->failed;
	if (r->failed)
		t->status[r->status < STATUSES ? r->status : 0]++;
	t->resent += r->resent;
	if (t->first == 0)
		t->first = r->begun;
	if (r->ended > t->last)
		t->last = r->ended;
	if (r->answered != 0)
		remember_setup(t, r->answered - r->begun);
	totals_add(&t->media, m);
	judge(t, r);
	if (r->failed && r->why.n > 0 && !t->o->quiet && t->o->json)
		cli_warn("call %llu (%.*s): %.*s",
		    (unsigned long long)r->number, SR_FMT(r->call_id),
		    SR_FMT(r->why));
	if (t->o->quiet)
		return;
	if (t->o->json)
		call_json(t, r, m);
	else
		call_text(t, r, m);
	cli_put(sr_buf_str(&t->line));
}

bool
totals_progress_due(struct totals *t, sr_time now)
{
	if (!t->progress || now - t->shown < SR_SEC / 5)
		return false;
	t->shown = now;
	return true;
}

void
totals_progress(struct totals *t, uint64_t sent)
{
	fprintf(stderr, "\r%llu calls, %llu now, %llu done, %llu failed, "
	    "%llu packets\033[K", (unsigned long long)t->begun,
	    (unsigned long long)(t->begun - t->done),
	    (unsigned long long)t->done, (unsigned long long)t->failed,
	    (unsigned long long)sent);
}

/* ---- all of them ---- */

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double
setup(const struct totals *t, double q)
{
	return t->nsetup == 0 ? 0 : t->setup[(size_t)(q * (double)(t->nsetup -
	    1) + 0.5)] / 1e3;
}

static void
failures(struct totals *t, bool json)
{
	bool any = false;

	for (int i = 0; i < STATUSES; i++) {
		if (t->status[i] == 0)
			continue;
		if (json)
			sr_buf_fmt(&t->line, "%s\"%d\":%llu", any ? "," : "",
			    i, (unsigned long long)t->status[i]);
		else
			sr_buf_fmt(&t->line, "  failed with %-16s %llu\n",
			    i == 0 ? "no answer" : (char [4]){
			    (char)('0' + i / 100), (char)('0' + i / 10 % 10),
			    (char)('0' + i % 10), '\0' },
			    (unsigned long long)t->status[i]);
		any = true;
	}
}

static void
summary_json(struct totals *t, const struct sr_pace_numbers *p)
{
	struct sr_buf *b = &t->line;

	sr_buf_fmt(b, "{\"v\":1,\"event\":\"summary\",\"calls\":%llu,"
	    "\"failed\":%llu,\"seconds\":%.3f,\"retransmissions\":%llu,"
	    "\"setup_ms\":{\"p50\":%.3f,\"p90\":%.3f,\"p99\":%.3f,"
	    "\"max\":%.3f},\"failures\":{", (unsigned long long)t->done,
	    (unsigned long long)t->failed, (double)(t->last - t->first) / 1e9,
	    (unsigned long long)t->resent, setup(t, 0.5), setup(t, 0.9),
	    setup(t, 0.99), setup(t, 1));
	failures(t, true);
	sr_buf_addc(b, '}');
	json_numbers(b, &t->media);
	if (p != NULL)
		sr_buf_fmt(b, ",\"late_us\":{\"p50\":%.0f,\"p99\":%.0f,"
		    "\"max\":%.0f},\"icmp_errors\":%llu,\"send_errors\":%llu",
		    sr_pace_late(p, 0.5), sr_pace_late(p, 0.99),
		    (double)p->worst / 1e3, (unsigned long long)p->icmp,
		    (unsigned long long)p->errors);
	sr_buf_fmt(b, ",\"seed\":%llu}\n", (unsigned long long)t->o->seed);
}

static void
summary_text(struct totals *t, const struct sr_pace_numbers *p)
{
	struct sr_buf *b = &t->line;

	sr_buf_fmt(b, "%llu calls, %llu failed, in %.1f s\n",
	    (unsigned long long)t->done, (unsigned long long)t->failed,
	    (double)(t->last - t->first) / 1e9);
	failures(t, false);
	if (t->nsetup > 0)
		sr_buf_fmt(b, "  set-up: median %.1f ms, 99 %% %.1f ms, worst "
		    "%.1f ms; %llu retransmissions\n", setup(t, 0.5),
		    setup(t, 0.99), setup(t, 1),
		    (unsigned long long)t->resent);
	sr_buf_fmt(b, "  media: %llu packets, %llu octets",
	    (unsigned long long)packets(&t->media),
	    (unsigned long long)t->media.play.all_bytes);
	if (p != NULL)
		sr_buf_fmt(b, "; late: 99 %% %.0f us, worst %.0f us; %llu "
		    "ICMP errors", sr_pace_late(p, 0.99),
		    (double)p->worst / 1e3, (unsigned long long)p->icmp);
	sr_buf_addc(b, '\n');
}

/* What the server was asked, and how it answered. */
static void
table(struct totals *t)
{
	static const char *const words[] = { "must", "should", "own" };
	size_t n;
	const struct sr_check *all = sr_checks(&n);

	for (size_t i = 0; i < n; i++) {
		const uint64_t *v = &t->verdicts[i * 3];
		const char *said = v[SR_FAIL] > 0 ? "FAIL" : v[SR_PASS] > 0 ?
		    "pass" : "not tested";

		if (t->o->json) {
			sr_buf_fmt(&t->line, "{\"v\":1,\"event\":\"rule\","
			    "\"rule\":\"%s\",\"strength\":\"%s\",\"clause\":"
			    "\"%s\",\"verdict\":\"%s\",\"check\":\"%s\","
			    "\"text\":", all[i].rule, words[all[i].strength],
			    all[i].clause, v[SR_FAIL] > 0 ? "fail" :
			    v[SR_PASS] > 0 ? "pass" : "untested", all[i].id);
			sr_buf_json(&t->line, sr_cstr(v[SR_FAIL] > 0 ?
			    t->why[i] : all[i].text));
			sr_buf_fmt(&t->line, "}\n");
		} else {
			sr_buf_fmt(&t->line, "%-10s  %-6s  %-16s  %s\n", said,
			    words[all[i].strength], all[i].rule,
			    v[SR_FAIL] > 0 ? t->why[i] : all[i].text);
		}
	}
}

int
totals_end(struct totals *t, const struct sr_pace_numbers *media)
{
	if (t->progress)
		fprintf(stderr, "\r\033[K");
	if (t->nsetup > 0)
		qsort(t->setup, t->nsetup, sizeof(*t->setup), by_size);
	t->line.n = 0;
	if (t->o->conformance)
		table(t);
	if (t->o->json)
		summary_json(t, media);
	else
		summary_text(t, media);
	/* stdout may be what the capture goes to. */
	if (t->o->write == NULL || strcmp(t->o->write, "-") != 0)
		cli_put(sr_buf_str(&t->line));
	return t->failed > 0 || t->done < t->begun ? CLI_NO : CLI_OK;
}
