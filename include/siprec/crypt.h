/* crypt: the sr_crypto made of OpenSSL and libsrtp, which end here. */
#ifndef SIPREC_CRYPT_H
#define SIPREC_CRYPT_H

#include "siprec/base.h"

/* Digests, HMAC and random numbers alone: libcrypto and nothing else. */
extern const struct sr_crypto sr_crypto_openssl;
/* All of it, SRTP and DTLS too. */
extern const struct sr_crypto sr_crypto_full;

#endif
