/* sipmsg - every view of a message lies in the message or in its arena. */
#include "siprec/sip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Reads all of it, so that a sanitizer sees where it lies. */
static void
touch(struct sr_str s)
{
	volatile char c = 0;

	for (size_t i = 0; i < s.n; i++)
		c = s.p[i];
	(void)c;
}

static void
touch_party(const struct sr_party *p)
{
	struct sr_str user, host;

	sr_uri_split(p->uri, &user, &host);
	touch(p->display);
	touch(p->uri);
	touch(p->params);
	touch(p->tag);
	touch(user);
	touch(host);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_msg m;
	struct sr_str v;

	if (sr_msg_parse(&m, (struct sr_str){ (const char *)p, n }) == SR_OK) {
		touch(m.uri);
		touch(m.reason);
		touch(m.branch);
		touch(m.call_id);
		touch(m.body);
		touch(m.method_text);
		touch_party(&m.from);
		touch_party(&m.to);
		touch_party(&m.contact);
		for (size_t i = 0; i < m.nheaders; i++) {
			touch(m.headers[i].name);
			touch(m.headers[i].value);
			sr_param(m.headers[i].value, "q", &v);
			touch(v);
		}
		sr_msg_is_src(&m);
		sr_msg_lists(&m, "Require", "x");
	}
	sr_msg_free(&m);
	return 0;
}
