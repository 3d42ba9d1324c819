/* listen_secure: what an operator says about who may do what. */
#ifndef SIPREC_LISTEN_SECURE_H
#define SIPREC_LISTEN_SECURE_H

#include "siprec/io.h"
#include "siprec/out.h"
#include "siprec/serve.h"

enum { MAX_CERTS = 64, MAX_DROPS = 64,
	MAX_WHO = 256, MAX_TRUSTED = 256, MAX_SIGNERS = 64 };

struct secure {
	struct sr_tls_pair pairs[MAX_CERTS];
	size_t ncerts, nkeys;
	bool no_sandbox;
	struct sr_str who[MAX_WHO];
	struct sr_cidr trusted[MAX_TRUSTED];
	size_t nwho, ntrusted;
	enum sr_passport_policy passport;
	const char *signers[MAX_SIGNERS];	/* [URI=]FILE */
	size_t nsigners;
	const char *signers_ca;
	bool require_tls;
	unsigned rate;
	enum sr_keep keep;
	const char *drop[MAX_DROPS];
	size_t ndrop;
	bool mask_dtmf;
	unsigned mode;
	const char *encrypt_to, *encrypt_with;
};

enum { SECURE_FIRST = 1024, NO_SANDBOX = SECURE_FIRST, MODE, ENCRYPT, KEEP_META,
	DROP_EXT, MASK_DTMF, WHO, TRUSTED, RATE, REQUIRE_TLS, IDENTITY,
	IDENTITY_CERT, IDENTITY_CA };
#define SECURE_LONGS							\
	{ "no-sandbox", 0, NULL, NO_SANDBOX },				\
	{ "mode", 1, NULL, MODE }, { "encrypt-to", 1, NULL, ENCRYPT },	\
	{ "metadata-keep", 1, NULL, KEEP_META },			\
	{ "drop-ext", 1, NULL, DROP_EXT },				\
	{ "mask-dtmf", 0, NULL, MASK_DTMF },				\
	{ "allow-identity", 1, NULL, WHO },				\
	{ "trusted", 1, NULL, TRUSTED }, { "rate", 1, NULL, RATE },	\
	{ "require-tls", 0, NULL, REQUIRE_TLS },			\
	{ "identity", 1, NULL, IDENTITY },				\
	{ "identity-cert", 1, NULL, IDENTITY_CERT },			\
	{ "identity-ca", 1, NULL, IDENTITY_CA },

/* wrong says where the option stands, and gives CLI_USAGE. */
typedef int secure_wrong(const char *fmt, ...);
int secure_cert(struct secure *s, const char *file, secure_wrong *wrong);
int secure_key(struct secure *s, const char *file, secure_wrong *wrong);
int secure_option(struct secure *s, int c, const char *arg,
    secure_wrong *wrong);
/* Cuts "URI=FILE"; the URI is absent where there is only a file. */
const char *secure_signer(const char *arg, struct sr_str *uri);
/* All has been said: does it fit together? */
int secure_check(struct secure *s);
/* Who may call, for the server. */
void secure_serve(const struct secure *s, struct sr_serve_cfg *c);
/* What is kept, and how, for the recorder. */
void secure_record(const struct secure *s, struct sr_record_cfg *c);

#endif
