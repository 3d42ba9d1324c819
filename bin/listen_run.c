/* listen_run - what a service has besides: limits, rights, reloads, a service
 * manager to talk to, and calls of its own. */
#include "listen.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"

enum {
	PER_CALL = 5,			/* descriptors of two streams */
	CALL_MEMORY = 256 * 1024,	/* with what codecs need */
	STREAMS = 2,
	MOST = 1000000
};

/* ---- limits ---- */

static uint64_t
descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return 1024;
	l.rlim_cur = l.rlim_max < 262144 ? l.rlim_max : 262144;
	setrlimit(RLIMIT_NOFILE, &l);
	getrlimit(RLIMIT_NOFILE, &l);
	return l.rlim_cur;
}

/* Of the machine, or of the control group that we are in. */
static uint64_t
memory(void)
{
	uint64_t all = (uint64_t)sysconf(_SC_PHYS_PAGES) *
	    (uint64_t)sysconf(_SC_PAGESIZE), v;
	FILE *f = fopen("/sys/fs/cgroup/memory.max", "re");
	char text[64] = "";

	if (f != NULL) {
		if (fgets(text, sizeof(text), f) != NULL &&
		    sr_strnum(sr_trim(sr_cstr(text)), &v) == SR_OK && v < all)
			all = v;
		fclose(f);
	}
	return all;
}

/* As many calls of two streams as there is room for: half of the memory, and
 * the descriptors that files and connections leave. */
int
run_limits(struct server *s)
{
	const struct options *o = s->o;
	uint64_t fds = descriptors(), wav = fds > 4096 ? fds / 4 : 256;
	uint64_t ports = ((uint64_t)o->hi - o->lo + 1) / 2 / STREAMS;
	uint64_t files = fds > wav + 200 ? (fds - wav - 200) / PER_CALL : 1;
	uint64_t room = memory() / 2 / CALL_MEMORY;
	uint64_t n = MOST;
	const char *why = "";

	sr_wav_budget((size_t)wav);
	s->max_sessions = o->max_sessions;
	if (o->max_sessions > 0)
		return CLI_OK;
	if (o->lo > 0 && ports < n)
		n = ports, why = "RTP ports";
	if (files < n)
		n = files, why = "descriptors";
	if (room < n)
		n = room, why = "memory";
	s->max_sessions = n > 0 ? (size_t)n : 1;
	if (!o->quiet)
		cli_warn("at most %zu sessions, because of %s",
		    s->max_sessions, why);
	return CLI_OK;
}

/* ---- credentials, access lists ---- */

static int
read_users(const char *path, struct sr_auth_users *users, struct sr_buf *text)
{
	int status = cli_read(path, 16 << 20, text);
	size_t line;

	*users = (struct sr_auth_users){ .n = 0 };
	if (status == CLI_OK && sr_auth_users_read(users, sr_buf_str(text),
	    &line) != SR_OK) {
		cli_warn("%s:%zu: this is no user:realm:algorithm:H(A1)",
		    path, line);
		status = CLI_USAGE;
	}
	return status;
}

static int
read_password(struct server *s)
{
	int status;

	if (s->o->password_file == NULL)
		return CLI_OK;
	status = cli_read(s->o->password_file, 4096, &s->password);
	s->login.user = sr_cstr(s->o->user_name);
	s->login.password = sr_substr(sr_buf_str(&s->password), 0,
	    sr_strchr(sr_buf_str(&s->password), '\n'));
	if (status == CLI_OK && sr_trim(s->login.password).n == 0) {
		cli_warn("%s: there is no password", s->o->password_file);
		status = CLI_USAGE;
	}
	return status;
}

int
run_credentials(struct server *s)
{
	int status = read_password(s);

	memcpy(s->allow, s->o->allow, sizeof(s->allow));
	s->nallow = s->o->nallow;
	if (status == CLI_OK && s->o->auth != NULL)
		status = read_users(s->o->auth, &s->users, &s->credentials);
	return status;
}

/* ---- SIGHUP ---- */

static void
reload_users(struct server *s)
{
	struct sr_auth_users fresh, old = s->users;
	struct sr_buf text;

	if (s->o->auth == NULL)
		return;
	if (read_users(s->o->auth, &fresh, &text) != CLI_OK) {
		cli_warn("%s: the old users stay", s->o->auth);
		sr_auth_users_free(&fresh);
		sr_buf_free(&text);
		return;
	}
	s->users = fresh;
	sr_serve_access(s->serve, s->allow, s->nallow, &s->users);
	sr_auth_users_free(&old);
	sr_buf_free(&s->credentials);
	s->credentials = text;
}

/* Of the options only who may call can change while we run. */
static void
reload_allow(struct server *s)
{
	struct options fresh;
	bool done;

	if (listen_options(&fresh, s->o->argc, s->o->argv, &done) == CLI_OK) {
		memcpy(s->allow, fresh.allow, sizeof(s->allow));
		s->nallow = fresh.nallow;
		sr_serve_access(s->serve, s->allow, s->nallow,
		    s->o->auth != NULL ? &s->users : NULL);
	} else {
		cli_warn("the old access list stays");
	}
	listen_options_free(&fresh);
}

static void
reopen(struct sr_sink *sink, const char *path)
{
	if (sink != NULL && sr_sink_reopen(sink, path) != SR_OK)
		cli_warn("%s: %s: the old one stays", path, strerror(errno));
}

void
run_reload(struct server *s)
{
	struct sr_buf why;

	sr_buf_init(&why, 1024);
	if (s->tls != NULL && sr_tls_reload(s->tls, &why) != SR_OK)
		cli_warn("TLS: %.*s: the old certificates stay", SR_FMT(why));
	sr_buf_free(&why);
	reload_users(s);
	reload_allow(s);
	identity_reload(s);
	reopen(s->log, s->o->log);
	reopen(s->clf, s->o->clf);
	cli_warn("reloaded");
}

/* ---- rights ---- */

static int
find_user(const char *arg, uid_t *uid, gid_t *gid, char *name, size_t size)
{
	const char *colon = strchr(arg, ':');
	struct passwd *pw;
	struct group *gr;

	snprintf(name, size, "%.*s", colon != NULL ? (int)(colon - arg) :
	    (int)strlen(arg), arg);
	if ((pw = getpwnam(name)) == NULL)
		return cli_usage("--user: there is no user '%s'", name);
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	if (colon == NULL)
		return CLI_OK;
	if ((gr = getgrnam(colon + 1)) == NULL)
		return cli_usage("--user: there is no group '%s'", colon + 1);
	*gid = gr->gr_gid;
	return CLI_OK;
}

/* For good, and it is looked whether that is so. */
int
run_privileges(struct server *s)
{
	char name[256];
	uid_t uid = 0;
	gid_t gid = 0;
	int status;

	if (s->o->user == NULL)
		return CLI_OK;
	if ((status = find_user(s->o->user, &uid, &gid, name,
	    sizeof(name))) != CLI_OK)
		return status;
	if (initgroups(name, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0) {
		cli_warn("--user %s: %s", s->o->user, strerror(errno));
		return CLI_SYSTEM;
	}
	if (uid != 0 && setuid(0) == 0) {
		cli_warn("--user %s: the rights are still there", s->o->user);
		return CLI_SYSTEM;
	}
	return CLI_OK;
}

/* ---- calls and registrations of ours ---- */

void
run_local(struct server *s, struct sr_addr local[3])
{
	for (size_t i = 0; i <= s->o->ncalls; i++) {
		const char *uri = i < s->o->ncalls ? s->o->calls[i] : s->o->reg;
		struct sr_hop hop = { .conn = 0 };
		struct sr_dns_query q;

		if (uri == NULL ||
		    sr_dns_query_uri(&q, sr_cstr(uri)) != SR_OK)
			continue;
		hop.proto = q.has_proto ? q.proto : q.sips ? SR_TLS : SR_UDP;
		if (sr_addr_parse(&hop.remote, q.host) != SR_OK)
			continue;
		hop.remote.port = q.port > 0 ? q.port : 5060;
		if (local[hop.proto].family == 0 &&
		    sr_transport_route(s->transport, &hop) == SR_OK)
			local[hop.proto] = hop.local;
	}
}

static void
begin_call(struct server *s, const char *uri)
{
	struct sr_serve_call c = { .uri = sr_cstr(uri),
	    .auth = s->o->user_name != NULL ? &s->login : NULL };
	uint64_t ticket;

	if (sr_serve_call(s->serve, &c, sr_now(), &ticket) != SR_OK)
		log_words(s, "call", "--call: this URI cannot be called");
}

/* The registrar is the domain of the address of record, RFC 3261 10.2. */
static void
begin_register(struct server *s)
{
	struct sr_str aor = sr_cstr(s->o->reg);
	size_t at = sr_strchr(aor, '@'), colon = sr_strchr(aor, ':');
	struct sr_serve_register r = { .aor = sr_substr(aor, 0,
	    sr_strchr(aor, ';')), .auth = s->o->user_name != NULL ? &s->login :
	    NULL };
	struct sr_buf b;
	uint64_t ticket;

	sr_buf_init(&b, 1024);
	sr_buf_fmt(&b, "%.*s:", (int)colon, aor.p);
	sr_buf_add(&b, at < aor.n ? sr_substr(aor, at + 1, aor.n) :
	    sr_substr(aor, colon + 1, aor.n));
	r.registrar = sr_buf_str(&b);
	if (sr_serve_register(s->serve, &r, sr_now(), &ticket) != SR_OK)
		log_words(s, "register", "--register: this URI cannot be "
		    "registered");
	sr_buf_free(&b);
}

void
run_done(struct server *s, const struct sr_serve_event *ev)
{
	bool call = ev->act == SR_ACT_CALL;
	char text[200];

	if ((!call && ev->act != SR_ACT_REGISTER) ||
	    (ev->status >= 200 && ev->status < 300))
		return;
	if (ev->status == 0)
		snprintf(text, sizeof(text), "%s: there was no answer",
		    call ? "--call" : "--register");
	else
		snprintf(text, sizeof(text), "%s: the answer was %d",
		    call ? "--call" : "--register", ev->status);
	cli_warn("%s", text);
	log_words(s, call ? "call" : "register", text);
}

/* ---- the service manager ---- */

void
run_ready(struct server *s)
{
	s->watchdog = sr_notify_watchdog();
	s->dog = 0;
	sr_notify(SR_STR("READY=1\nSTATUS=0 sessions"));
	for (size_t i = 0; i < s->o->ncalls; i++)
		begin_call(s, s->o->calls[i]);
	if (s->o->reg != NULL)
		begin_register(s);
}

void
run_feed(struct server *s, sr_time now)
{
	if (s->watchdog == SR_NEVER || now < s->dog)
		return;
	s->dog = now + s->watchdog;
	sr_notify(SR_STR("WATCHDOG=1"));
}

void
run_status(struct server *s)
{
	struct sr_serve_stats st;
	char text[120];
	int n;

	sr_serve_stats(s->serve, &st);
	n = snprintf(text, sizeof(text), "STATUS=%zu sessions, %llu in all%s",
	    st.now, (unsigned long long)st.answered, s->stopping ?
	    ", stopping" : st.draining ? ", draining" : st.full ?
	    ", disk full" : "");
	sr_notify((struct sr_str){ text, (size_t)n });
}

void
run_free(struct server *s)
{
	sr_auth_users_free(&s->users);
	sr_buf_free(&s->credentials);
	if (s->password.p != NULL)
		sr_wipe(s->password.p, s->password.n);
	sr_buf_free(&s->password);
}
