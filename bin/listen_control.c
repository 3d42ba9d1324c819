/* listen_control - what siprec-ctl asks for, and what becomes of it. */
#include "listen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { MAX_REPLY = 64 << 20, MAX_COMMANDS = 1024 };

struct command {
	struct command *next;
	uint64_t ticket;		/* 0: it waits for the end of all */
	uint64_t client;
	enum sr_serve_act act;
	char *session;
};

static const struct {
	const char *name;
	enum sr_serve_act act;
	size_t words;			/* behind it */
} acts[] = {
	{ "pause", SR_ACT_PAUSE, 1 }, { "resume", SR_ACT_RESUME, 1 },
	{ "stop", SR_ACT_STOP, 1 }, { "drop-stream", SR_ACT_DROP, 2 },
	{ "snapshot", SR_ACT_SNAPSHOT, 1 },
};
enum { ACTS = sizeof(acts) / sizeof(*acts) };

static const char *
name_of(enum sr_serve_act act)
{
	for (size_t i = 0; i < ACTS; i++)
		if (acts[i].act == act)
			return acts[i].name;
	return "";
}

/* ---- answers ---- */

/* why NULL: it is well.  status < 0: SIP has nothing to do with it. */
static void
reply(struct server *s, uint64_t client, struct sr_str command,
    struct sr_str session, int status, const char *why)
{
	struct sr_buf b;

	sr_buf_init(&b, 16384);
	sr_buf_fmt(&b, "{\"ok\":%s,\"command\":", why == NULL ? "true" :
	    "false");
	sr_buf_json(&b, command);
	if (session.n > 0) {
		sr_buf_add(&b, SR_STR(",\"session\":"));
		sr_buf_json(&b, session);
	}
	if (status >= 0)
		sr_buf_fmt(&b, ",\"status\":%d", status);
	if (why != NULL) {
		sr_buf_add(&b, SR_STR(",\"error\":"));
		sr_buf_json(&b, sr_cstr(why));
	}
	sr_buf_addc(&b, '}');
	sr_control_answer(s->control, client, sr_buf_str(&b));
	sr_buf_free(&b);
}

/* An object of serve's, with "ok" before the rest. */
static void
reply_object(struct server *s, uint64_t client, struct sr_str object)
{
	struct sr_buf b;

	sr_buf_init(&b, MAX_REPLY);
	sr_buf_add(&b, SR_STR("{\"ok\":true,"));
	sr_buf_add(&b, sr_trim(sr_substr(object, 1, object.n)));
	sr_control_answer(s->control, client, sr_buf_str(&b));
	sr_buf_free(&b);
}

/* ---- questions ---- */

static void
look(struct server *s, uint64_t client, struct sr_str command,
    struct sr_str session)
{
	struct sr_buf b;
	int err;

	sr_buf_init(&b, MAX_REPLY);
	if (sr_streq(command, SR_STR("list")))
		err = sr_serve_list(s->serve, &b, sr_now());
	else if (sr_streq(command, SR_STR("show")))
		err = sr_serve_show(s->serve, session, &b, sr_now());
	else
		err = sr_serve_stats_json(s->serve, &b, sr_now());
	if (err == SR_OK)
		reply_object(s, client, sr_buf_str(&b));
	else
		reply(s, client, command, session, -1, err == SR_ENOENT ?
		    "no such session" : "the answer is too long");
	sr_buf_free(&b);
}

/* ---- what takes its time ---- */

static bool
later(struct server *s, uint64_t client, enum sr_serve_act act,
    uint64_t ticket, struct sr_str session)
{
	struct command *c = sr_zalloc(sizeof(*c));

	if (c == NULL || (c->session = strndup(session.n > 0 ? session.p : "",
	    session.n)) == NULL) {
		free(c);
		return false;
	}
	c->ticket = ticket;
	c->client = client;
	c->act = act;
	c->next = s->commands;
	s->commands = c;
	return true;
}

static void
act_on(struct server *s, uint64_t client, size_t i, struct sr_str session,
    struct sr_str label)
{
	struct sr_str command = sr_cstr(acts[i].name);
	uint64_t ticket;
	int err = sr_serve_do(s->serve, acts[i].act, session, label, sr_now(),
	    &ticket);

	if (err != SR_OK)
		reply(s, client, command, session, -1,
		    err == SR_ENOENT ? acts[i].words == 2 ?
		    "no such session or stream" : "no such session" :
		    err == SR_EUNSUP ? "the client takes no UPDATE" :
		    err == SR_ELIMIT ? "too many commands wait for the client" :
		    "the session is at its end");
	else if (!later(s, client, acts[i].act, ticket, session))
		reply(s, client, command, session, -1, "out of memory");
	server_drain(s);
}

static void
free_command(struct server *s, struct command **at)
{
	struct command *c = *at;

	(void)s;
	*at = c->next;
	free(c->session);
	free(c);
}

void
control_take(struct server *s, const struct sr_serve_event *ev)
{
	struct command **at = &s->commands, *c;
	bool good = ev->status >= 200 && ev->status < 300;
	char why[80];

	while ((c = *at) != NULL && c->ticket != ev->ticket)
		at = &c->next;
	if (c == NULL)
		return;
	if (ev->status == 0)
		strcpy(why, "the client did not answer");
	else
		snprintf(why, sizeof(why), "the client said %d", ev->status);
	reply(s, c->client, sr_cstr(name_of(c->act)), sr_cstr(c->session),
	    ev->status, good ? NULL : why);
	free_command(s, at);
}

/* ---- drain ---- */

static void
answer_drains(struct server *s, const char *why)
{
	struct command **at = &s->commands;

	while (*at != NULL) {
		if ((*at)->ticket != 0) {
			at = &(*at)->next;
			continue;
		}
		reply(s, (*at)->client, SR_STR("drain"),
		    (struct sr_str){ NULL, 0 }, -1, why);
		free_command(s, at);
	}
}

void
control_idle(struct server *s)
{
	answer_drains(s, NULL);
}

static void
drain(struct server *s, uint64_t client, struct sr_str how)
{
	struct sr_serve_stats st;
	bool on = how.n == 0;

	if (!on && !sr_streq(how, SR_STR("off"))) {
		reply(s, client, SR_STR("drain"), how, -1,
		    "drain takes no word but off");
		return;
	}
	sr_serve_drain(s->serve, on, sr_now());
	sr_serve_stats(s->serve, &st);
	if (!on)
		answer_drains(s, "it was called off");
	if (!on || st.legs == 0 ||
	    !later(s, client, SR_ACT_STOP, 0, (struct sr_str){ NULL, 0 }))
		reply(s, client, SR_STR("drain"), (struct sr_str){ NULL, 0 },
		    -1, NULL);
	server_drain(s);
}

/* ---- lines ---- */

static size_t
split(struct sr_str line, struct sr_str *v, size_t max)
{
	size_t n = 0;

	while ((line = sr_trim(line)).n > 0) {
		size_t k = sr_strchr(line, ' ');

		if (n == max)
			return max + 1;
		v[n++] = sr_substr(line, 0, k);
		line = sr_substr(line, k, line.n);
	}
	return n;
}

static void
on_line(void *arg, uint64_t client, struct sr_str line)
{
	struct server *s = arg;
	struct sr_str w[3] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
	size_t n = split(line, w, 3), pending = 0;
	bool lists = sr_streq(w[0], SR_STR("list")) ||
	    sr_streq(w[0], SR_STR("stats"));

	for (const struct command *c = s->commands; c != NULL; c = c->next)
		pending++;
	if (pending >= MAX_COMMANDS) {
		reply(s, client, w[0], w[1], -1, "too many commands wait");
		return;
	}
	if ((lists && n == 1) ||
	    (sr_streq(w[0], SR_STR("show")) && n == 2)) {
		look(s, client, w[0], w[1]);
		return;
	}
	if (sr_streq(w[0], SR_STR("drain")) && n <= 2) {
		drain(s, client, w[1]);
		return;
	}
	for (size_t i = 0; i < ACTS; i++)
		if (sr_streq(w[0], sr_cstr(acts[i].name)) &&
		    n == 1 + acts[i].words) {
			act_on(s, client, i, w[1], w[2]);
			return;
		}
	reply(s, client, w[0], w[1], -1, "this is no command, or has not the "
	    "right number of words");
}

/* ---- begin and end ---- */

int
control_open(struct server *s)
{
	const char *path = s->o->control;

	if (path == NULL ||
	    sr_control_open(&s->control, s->loop, path, on_line, s) == SR_OK)
		return CLI_OK;
	if (errno == EADDRINUSE)
		cli_warn("%s: another server listens there, or it is no "
		    "socket", path);
	else
		cli_warn("%s: %s", path, strerror(errno));
	return CLI_CANTCREAT;
}

void
control_close(struct server *s)
{
	while (s->commands != NULL)
		free_command(s, &s->commands);
	sr_control_close(s->control);
	s->control = NULL;
}
