/* dialog - a record of a dialog that anybody may have written: it is refused,
 * or it makes a dialog that can be saved, asked and ended. */
#include "siprec/crypt.h"
#include "siprec/ua.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
drain(struct sr_ua *ua)
{
	const struct sr_ua_event *e;

	while ((e = sr_ua_next(ua)) != NULL)
		if (e->kind == SR_UA_REQUEST)
			abort();
}

static void
use(struct sr_ua *ua, struct sr_dialog *d, sr_time now)
{
	static const struct sr_str none = { NULL, 0 };
	struct sr_dialog_request r = { .method = SR_STR("OPTIONS"),
	    .cookie = 1 };
	struct sr_dialog *same;
	struct sr_buf b;

	sr_buf_init(&b, 1 << 24);
	if (sr_dialog_save(d, false, &b) != SR_OK)
		abort();
	/* It is here already. */
	if (sr_dialog_restore(ua, sr_buf_str(&b), now, &same) != SR_EBAD)
		abort();
	sr_dialog_request(d, now, &r);
	drain(ua);
	sr_ua_tick(ua, now + 3 * SR_SEC);
	drain(ua);
	sr_dialog_drop(d);
	drain(ua);
	/* But for a CSeq that cannot grow any more, it comes again. */
	if (sr_dialog_restore(ua, sr_buf_str(&b), now + 4 * SR_SEC, &d) ==
	    SR_OK)
		sr_dialog_bye(d, now + 5 * SR_SEC, none, none, none);
	drain(ua);
	sr_buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_ua_cfg cfg = { .crypto = &sr_crypto_openssl, .seed = 1,
	    .local[SR_UDP] = { { 192, 0, 2, 2 }, 5060, 4 } };
	struct sr_dialog *d;
	struct sr_ua *ua;
	sr_time now = 1000 * SR_SEC;

	if (sr_ua_new(&ua, &cfg) != SR_OK)
		return 0;
	if (sr_dialog_restore(ua, (struct sr_str){ (const char *)p, n }, now,
	    &d) == SR_OK)
		use(ua, d, now);
	else if (sr_ua_dialogs(ua) != 0)
		abort();
	sr_ua_tick(ua, now + 100000 * SR_SEC);
	drain(ua);
	sr_ua_free(ua);
	return 0;
}
