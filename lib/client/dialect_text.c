/* dialect_text - text, ids and addresses in the form that a style has. */
#include "client/priv.h"
#include "meta/writer.h"

#include <string.h>

void
sr_say(struct sr_writing *x, const char *s)
{
	if (x->err == SR_OK && s != NULL)
		x->err = sr_buf_add(x->out, sr_cstr(s));
}

void
sr_say_text(struct sr_writing *x, struct sr_str s)
{
	struct writer w = { x->out, x->err };

	sr_put_text(&w, s);
	x->err = w.err;
}

/* ---- ids ---- */

static void
uuid_text(struct sr_buf *b, const uint8_t u[16])
{
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			sr_buf_addc(b, '-');
		sr_hex_add(b, &u[i], 1);
	}
}

static void
ascii_text(struct sr_buf *b, const uint8_t u[16])
{
	char text[17];
	struct sr_buf t;

	sr_buf_init(&t, 64);
	sr_hex_add(&t, u, 4);
	sr_buf_addc(&t, '-');
	sr_hex_add(&t, u + 10, 2);
	sr_buf_add(&t, SR_STR("-10"));
	if (t.n == 16) {
		memcpy(text, t.p, 16);
		sr_base64_add(b, text, 16);
	}
	sr_buf_free(&t);
}

static void
formed(struct sr_buf *b, enum sr_id_form form, const uint8_t u[16])
{
	uint64_t n = 0;

	switch (form) {
	case IDS_URN:
		sr_buf_add(b, SR_STR("urn:uuid:"));
		uuid_text(b, u);
		break;
	case IDS_UUID:
		uuid_text(b, u);
		break;
	case IDS_HEX:
		sr_hex_add(b, u, 10);
		break;
	case IDS_ASCII:
		ascii_text(b, u);
		break;
	case IDS_CALL:
		for (int i = 0; i < 8; i++)
			n = n << 8 | u[i + 8];
		sr_buf_fmt(b, "2026%016llu",
		    (unsigned long long)(n % 10000000000000000));
		break;
	case IDS_BASE64:
		sr_base64_add(b, u, 16);
		break;
	}
}

/* What is no UUID of base64 is written as it is. */
void
sr_say_id(struct sr_writing *x, struct sr_str id)
{
	struct sr_buf raw, text;

	sr_buf_init(&raw, 64);
	sr_buf_init(&text, 256);
	if (id.n <= 64 && sr_base64_read(&raw, id) == SR_OK && raw.n == 16) {
		if (x->derived)
			raw.p[3] ^= 1;		/* in every form to be seen */
		formed(&text, x->style->ids, (const uint8_t *)raw.p);
	}
	sr_say_text(x, text.n > 0 ? sr_buf_str(&text) : id);
	sr_buf_free(&raw);
	sr_buf_free(&text);
}

void
sr_say_user(struct sr_writing *x, struct sr_str aor)
{
	struct sr_str user = { NULL, 0 }, host;

	if (sr_uri_split(aor, &user, &host) != SR_OK || user.n == 0)
		user = aor;
	sr_say_text(x, user);
}

struct sr_str
sr_first_aor(const struct sr_doc *d, size_t participant)
{
	static const struct sr_str unknown = SR_STR("sip:unknown@unknown");

	return participant < d->nparticipants &&
	    d->participants[participant].nnames > 0 ?
	    d->participants[participant].names[0].aor : unknown;
}
