/* listen_store - sessions outlive the process: each change of one is written
 * to the store before its client is answered, and a session that another
 * process has left there is gone on with, at the start or when its client asks
 * for it. */
#include "listen.h"
#include "listen_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

enum { VERSION = 1, RECORD = 4 << 20, MAX_NAMES = 64 };

/* ---- the record of a session ---- */

static int
pack(struct server *s, struct sr_str call_id, struct sr_buf *out)
{
	struct sr_session *of = sr_engine_session(s->engine, call_id);
	bool keys = !s->o->store.no_keys;
	struct sr_buf part;
	int err;

	if (of == NULL)
		return SR_ENOENT;
	sr_buf_init(out, RECORD);
	sr_buf_init(&part, RECORD);
	if ((err = sr_pack_u8(out, VERSION)) == SR_OK &&
	    (err = sr_session_save(of, keys, &part)) == SR_OK)
		err = sr_pack_str(out, sr_buf_str(&part));
	sr_wipe(part.p, part.n);
	part.n = 0;
	if (err == SR_OK && (err = sr_serve_save(s->serve, call_id, keys,
	    &part)) == SR_OK)
		err = sr_pack_str(out, sr_buf_str(&part));
	sr_wipe(part.p, part.n);
	sr_buf_free(&part);
	return err;
}

static int
unpack(struct sr_str in, struct sr_str *media, struct sr_str *dialogs)
{
	struct sr_rd r = sr_rd(in);
	uint8_t version = sr_u8(&r);

	*media = sr_unpack_str(&r, RECORD);
	*dialogs = sr_unpack_str(&r, RECORD);
	return r.bad || r.n > 0 || version != VERSION ? SR_EBAD : SR_OK;
}

/* ---- written ---- */

static int
write_record(struct server *s, uint64_t ticket, struct sr_str call_id)
{
	struct sr_str names[MAX_NAMES];
	struct sr_buf b = { .n = 0 };
	size_t n = sr_serve_names(s->serve, call_id, names, MAX_NAMES);
	int err = pack(s, call_id, &b);

	if (err == SR_OK)
		err = sr_keeper_put(s->keep->keeper, ticket, call_id, names,
		    n < MAX_NAMES ? n : MAX_NAMES, sr_buf_str(&b));
	if (b.p != NULL)
		sr_wipe(b.p, b.n);
	sr_buf_free(&b);
	return err;
}

/* What waits for the record is shown to the engine before it is sent: the
 * record is of the session as it will be then. */
void
store_persist(struct server *s, const struct sr_serve_event *ev)
{
	const struct sr_serve_event *held;
	int err;

	if (s->keep == NULL)
		return;
	if (s->keep->keeper == NULL) {	/* at the start: all is written soon */
		sr_serve_persisted(s->serve, ev->ticket, SR_OK, sr_now());
		return;
	}
	if (ev->over) {
		sr_keeper_delete(s->keep->keeper, ev->ticket, ev->call_id);
		sr_serve_persisted(s->serve, ev->ticket, SR_OK, sr_now());
		return;
	}
	for (size_t i = 0; (held = sr_serve_held(s->serve, ev->ticket, i)) !=
	    NULL; i++)
		wire_show(s, held);
	err = write_record(s, ev->ticket, ev->call_id);
	if (err != SR_OK)
		sr_serve_persisted(s->serve, ev->ticket, err == SR_ENOENT ?
		    SR_OK : err, sr_now());
}

/* ---- taken over by another ---- */

void
store_taken(struct server *s, struct sr_str call_id)
{
	struct sr_session *of = sr_engine_session(s->engine, call_id);

	if (of == NULL)
		return;
	sr_session_end(of, sr_now(), "taken-over");
	log_drain(s);
}

static void
lose(struct server *s, struct sr_str key)
{
	sr_serve_abandon(s->serve, key, sr_now());
	server_drain(s);
}

/* ---- gone on with ---- */

bool
store_is_here(const struct server *s, struct sr_str key)
{
	return sr_engine_session(s->engine, key) != NULL;
}

/* Its files are here, or its client is another's: then it begins a part of
 * its own, which siprec-extract --join puts behind the first. */
static int
restore_media(struct server *s, struct sr_str media, struct sr_session **of,
    bool *here)
{
	struct sr_left left;
	struct sr_str name;
	sr_time begin;
	int err = sr_saved_name(media, &name, &begin);

	if (err != SR_OK)
		return err;
	*here = sr_record_left(&s->o->record, begin, name, &left) == SR_OK;
	err = sr_engine_restore(s->engine, media, *here ? left.mark :
	    (struct sr_str){ NULL, 0 }, left.v, *here ? left.n : 0, of);
	s->past = *here;
	log_drain(s);
	s->past = false;
	sr_left_free(&left);
	return err;
}

int
store_restore(struct server *s, struct sr_str value,
    const struct sr_hop *from)
{
	struct sr_str media, dialogs;
	struct sr_session *of = NULL;
	bool here = false;
	int err = unpack(value, &media, &dialogs);

	if (err == SR_OK)
		err = restore_media(s, media, &of, &here);
	if (err == SR_OK)
		err = sr_serve_restore(s->serve, dialogs,
		    !s->o->store.no_keys, from, sr_now());
	if (err == SR_OK) {
		sr_session_note(of, sr_now(), here ? "restart" : "take-over",
		    here ? "another process has left this session: it goes "
		    "on in its files" : "another server has lost this "
		    "session: it goes on here");
		log_drain(s);
		server_drain(s);
	} else if (of != NULL) {
		sr_session_end(of, sr_now(), "capture-end");
		log_drain(s);
	}
	return err;
}

void
store_unable(struct server *s, struct sr_str key, int err)
{
	char text[400];

	snprintf(text, sizeof(text), "the record of call %.*s cannot be gone "
	    "on with: %s", (int)(key.n < 200 ? key.n : 200), key.p,
	    sr_strerror(err));
	cli_warn("%s", text);
	log_words(s, "store", text);
}

/* Once a second. */
void
store_look(struct server *s)
{
	if (s->keep == NULL || !s->keep->rewrite)
		return;
	s->keep->rewrite = false;
	sr_serve_persist_all(s->serve);
	server_drain(s);
}

/* ---- what the keeper tells ---- */

static void
words(struct server *s, const char *what, struct sr_str why)
{
	char line[400];

	snprintf(line, sizeof(line), "%s%s%.*s", what, why.n > 0 ? ": " : "",
	    (int)(why.n < 300 ? why.n : 300), why.p != NULL ? why.p : "");
	cli_warn("%s", line);
	log_words(s, "store", line);
}

static void
told(struct server *s, const struct sr_kept *k)
{
	switch (k->what) {
	case SR_KEPT_PUT:
		if (sr_serve_persisted(s->serve, k->ticket, k->err,
		    sr_now()) == SR_ENOENT && k->err == SR_EAUTH)
			lose(s, k->key);
		break;
	case SR_KEPT_DELETE:
		break;
	case SR_KEPT_TAKE:
		store_fetched(s, k);
		break;
	case SR_KEPT_LOST:
		lose(s, k->key);
		break;
	case SR_KEPT_DOWN:
		words(s, "the store is away: recordings go on, but would not "
		    "outlive this process", k->why);
		break;
	case SR_KEPT_UP:
		words(s, "the store is back", (struct sr_str){ NULL, 0 });
		s->keep->rewrite = true;
		break;
	case SR_KEPT_MISSING:
		s->keep->rewrite = true;
		break;
	}
}

static void
on_told(void *arg, int fd)
{
	struct server *s = arg;
	struct sr_kept k;

	(void)fd;
	while (sr_keeper_next(s->keep->keeper, &k)) {
		told(s, &k);
		server_drain(s);
	}
}

/* ---- begin and end ---- */

static const char *
node_of(const struct options *o, char *host, size_t size)
{
	if (o->store.node != NULL)
		return o->store.node;
	if (gethostname(host, size) != 0 || host[0] == '\0')
		snprintf(host, size, "localhost");
	host[size - 1] = '\0';
	return host;
}

bool
store_is_kept(const struct options *o)
{
	return o->store.url != NULL && strcmp(o->store.url, "memory:") != 0;
}

/* What our node has left is known before anybody is answered. */
int
store_open(struct server *s)
{
	const struct options *o = s->o;
	char host[256];
	struct sr_store_cfg cfg = { .url = o->store.url,
	    .password_file = o->store.password_file,
	    .node = node_of(o, host, sizeof(host)), .lease = o->store.lease };
	struct sr_buf why;
	int err;

	if (!store_is_kept(o))
		return CLI_OK;
	if ((s->keep = sr_zalloc(sizeof(*s->keep))) == NULL)
		return CLI_SYSTEM;
	sr_arena_init(&s->keep->arena, 64 << 20);
	sr_buf_init(&why, 1024);
	err = sr_store_open(&s->keep->store, &cfg, &why);
	if (err != SR_OK)
		cli_warn("--store: %.*s", SR_FMT(why));
	sr_buf_free(&why);
	if (err != SR_OK)
		return err == SR_ESYS ? CLI_NOINPUT : CLI_USAGE;
	if (sr_store_check(s->keep->store) == SR_OK &&
	    sr_store_scan(s->keep->store, &s->keep->arena, &s->keep->left,
	    &s->keep->nleft, sr_now()) == SR_OK)
		return CLI_OK;
	cli_warn("--store: %s", sr_store_why(s->keep->store));
	return CLI_UNAVAILABLE;
}

static void
begin_again(struct server *s, struct sr_str key)
{
	struct sr_stored r = { .left = 0 };
	int err = sr_store_take(s->keep->store, key, &r, sr_now());

	if (err == SR_OK)
		err = store_restore(s, sr_buf_str(&r.value), NULL);
	/* What is over, or can never be read, is of no use to anybody. */
	if (err == SR_ENOENT || err == SR_EBAD) {
		struct sr_store_op gone = { .verb = SR_STORE_DELETE,
		    .key = sr_buf_str(&r.key) };

		sr_store_write(s->keep->store, &gone, 1, sr_now());
	}
	if (err != SR_OK && err != SR_ENOENT)
		store_unable(s, key, err);
	sr_stored_free(&r);
}

/* The keeper has the store from now on, and what is ours in it. */
int
store_begin(struct server *s)
{
	struct sr_keeper_cfg cfg = { .max = 0 };
	struct keep *k = s->keep;
	int err;

	if (k == NULL)
		return CLI_OK;
	for (size_t i = 0; i < k->nleft; i++)
		begin_again(s, k->left[i]);
	err = sr_keeper_new(&k->keeper, k->store, &cfg);
	if (err == SR_OK) {
		k->store = NULL;
		err = sr_watch_new(&k->watch, s->loop,
		    sr_keeper_fd(k->keeper), on_told, s);
	}
	for (size_t i = 0; err == SR_OK && i < k->nleft; i++)
		if (store_is_here(s, k->left[i]))
			err = sr_keeper_own(k->keeper, k->left[i]);
	if (err == SR_OK) {
		sr_serve_persist_all(s->serve);
		server_drain(s);
		return CLI_OK;
	}
	cli_warn("--store: %s", sr_strerror(err));
	return CLI_SYSTEM;
}

void
store_close(struct server *s)
{
	struct keep *k = s->keep;
	size_t lost = 0;

	if (k == NULL)
		return;
	sr_watch_free(k->watch);
	if (k->keeper != NULL)
		lost = sr_keeper_close(k->keeper, 2 * SR_SEC);
	if (lost > 0)
		cli_warn("--store: %zu changes were not written", lost);
	sr_store_close(k->store);
	fetch_drop(k);
	sr_arena_free(&k->arena);
	free(k);
	s->keep = NULL;
}
