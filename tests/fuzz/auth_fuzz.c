/* auth - challenges, answers and credentials are read without harm; nobody is
 * let in; what we answer can be read again. */
#include "siprec/crypt.h"
#include "siprec/sip.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
answer(struct sr_str in)
{
	struct sr_auth_try t = { SR_STR("u"), SR_STR("p"), SR_STR("INVITE"),
	    SR_STR("sip:x"), SR_STR("c"), 1 };
	struct sr_auth a, back;
	struct sr_buf out;

	sr_buf_init(&out, 1 << 20);
	if (sr_auth_parse(&a, in) == SR_OK && sr_auth_answer(&out,
	    &sr_crypto_openssl, &a, &t) == SR_OK &&
	    (!sr_header_safe(sr_buf_str(&out)) ||
	    sr_auth_parse(&back, sr_buf_str(&out)) == SR_EUNSUP))
		abort();
	sr_buf_free(&out);
}

static void
knock(struct sr_str in, struct sr_auth_users *users)
{
	struct sr_auth_nonces nonces = { .floor = 0 };
	struct sr_auth_server s = { .crypto = &sr_crypto_openssl,
	    .users = users, .nonces = &nonces, .realm = SR_STR("r"),
	    .life = SR_SEC, .md5 = true };
	struct sr_str user;
	struct sr_msg m;
	struct sr_buf raw;

	sr_buf_init(&raw, 1 << 20);
	sr_buf_add(&raw, SR_STR("INVITE sip:x SIP/2.0\r\nCall-ID: 1\r\n"
	    "Authorization: "));
	sr_buf_add(&raw, in);
	if (sr_msg_parse(&m, sr_buf_str(&raw)) == SR_OK &&
	    sr_auth_check(&s, &m, 5, &user) == SR_AUTH_OK)
		abort();
	sr_msg_free(&m);
	sr_buf_free(&raw);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_str in = { (const char *)p, n };
	struct sr_auth_users users;
	struct sr_session_id id;
	size_t line;

	answer(in);
	sr_session_id_parse(&id, in);
	if (sr_auth_users_read(&users, in, &line) != SR_OK) {
		sr_auth_users_free(&users);
		sr_auth_users_read(&users, SR_STR("u:r:MD5:"
		    "00112233445566778899aabbccddeeff\n"), &line);
	}
	knock(in, &users);
	sr_auth_users_free(&users);
	return 0;
}
