/* listen_identity - who they are that call. */
#include "listen.h"

void
identity_say(struct server *s, struct sr_event *begin)
{
	struct sr_serve_who who;

	if (!sr_serve_who(s->serve, sr_session_call_id(begin->session), &who))
		return;
	begin->u.begin.asserted = who.asserted;
	if (who.tls.n > 0) {
		begin->u.begin.identity = who.tls;
		begin->u.begin.identity_by = "tls";
	} else if (who.user.n > 0) {
		begin->u.begin.identity = who.user;
		begin->u.begin.identity_by = "digest";
	}
}
