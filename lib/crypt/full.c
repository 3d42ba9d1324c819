/* full - all of struct sr_crypto in one table.
 *
 * Apart from the digests: who needs only those links neither SRTP nor TLS. */
#include "crypt/priv.h"

const struct sr_crypto sr_crypto_full = { .hash = hash_digest,
	.begin = hash_begin, .update = hash_update, .end = hash_end,
	.pair_begin = pair_begin, .pair_update = pair_update,
	.pair_end = pair_end,
	.hmac = hash_hmac, .equal = hash_equal, .wipe = hash_wipe,
	.random = hash_random, .srtp_new = srtp_context,
	.srtp_protect = srtp_seal, .srtp_unprotect = srtp_open,
	.srtcp_protect = srtcp_seal, .srtcp_unprotect = srtcp_open,
	.srtp_roc_get = srtp_roc_get, .srtp_roc_set = srtp_roc_set,
	.srtp_free = srtp_destroy, .dtls_fingerprint = cert_fingerprint,
	.dtls_new = dtls_new, .dtls_feed = dtls_feed, .dtls_next = dtls_next,
	.dtls_due = dtls_due, .dtls_tick = dtls_tick, .dtls_keys = dtls_keys,
	.dtls_free = dtls_free, .verify = signers_verify };
