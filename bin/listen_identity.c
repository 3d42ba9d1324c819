/* listen_identity - who they are that call. */
#include "listen.h"

#include "cli.h"

enum { MAX_PEM = 1 << 20 };

/* ---- whose signatures are taken ---- */

/* uri NULL: an authority. */
static int
read_one(struct sr_signers *v, const struct sr_str *uri, const char *path)
{
	struct sr_buf text;
	int status = cli_read(path, MAX_PEM, &text);
	int err = status != CLI_OK ? SR_OK : uri != NULL ?
	    sr_signers_add(v, *uri, sr_buf_str(&text)) :
	    sr_signers_trust(v, sr_buf_str(&text));

	sr_buf_free(&text);
	if (err == SR_OK)
		return status;
	cli_warn("%s: %s", path, err == SR_EBAD ?
	    "these are no certificates in PEM" : sr_strerror(err));
	return err == SR_EBAD ? CLI_USAGE : CLI_SYSTEM;
}

static int
read_all(const struct secure *o, struct sr_signers **vp)
{
	int status = sr_signers_new(vp) == SR_OK ? CLI_OK : CLI_SYSTEM;
	const char *path;
	struct sr_str uri;

	for (size_t i = 0; status == CLI_OK && i < o->nsigners; i++) {
		path = secure_signer(o->signers[i], &uri);
		status = read_one(*vp, &uri, path);
	}
	if (status == CLI_OK && o->signers_ca != NULL)
		status = read_one(*vp, NULL, o->signers_ca);
	return status;
}

int
identity_open(struct server *s)
{
	return read_all(&s->o->secure, &s->signers);
}

void
identity_reload(struct server *s)
{
	struct sr_signers *fresh;

	if (read_all(&s->o->secure, &fresh) != CLI_OK) {
		cli_warn("the old certificates of callers stay");
		sr_signers_free(fresh);
		return;
	}
	sr_serve_signers(s->serve, fresh);
	sr_signers_free(s->signers);
	s->signers = fresh;
}

/* ---- what they have proved ---- */

void
identity_say(struct server *s, struct sr_event *begin)
{
	struct sr_serve_who who;

	if (!sr_serve_who(s->serve, sr_session_call_id(begin->session), &who))
		return;
	begin->u.begin.asserted = who.asserted;
	begin->u.begin.passport = who.passport;
	begin->u.begin.orig = who.orig;
	begin->u.begin.dest = who.dest;
	if (who.tls.n > 0) {
		begin->u.begin.identity = who.tls;
		begin->u.begin.identity_by = "tls";
	} else if (who.user.n > 0) {
		begin->u.begin.identity = who.user;
		begin->u.begin.identity_by = "digest";
	}
}
