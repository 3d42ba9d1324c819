/* crypt: the sr_crypto made of OpenSSL's libcrypto, which ends here. */
#ifndef SIPREC_CRYPT_H
#define SIPREC_CRYPT_H

#include "siprec/base.h"

extern const struct sr_crypto sr_crypto_openssl;

#endif
