/* listen_secure - the options about who may do what. */
#include "listen.h"

#include "cli.h"

int
secure_cert(struct secure *s, const char *file, secure_wrong *wrong)
{
	if (s->ncerts == MAX_CERTS)
		return wrong("more than %d --tls-cert", MAX_CERTS);
	s->pairs[s->ncerts++].cert = file;
	return CLI_OK;
}

int
secure_key(struct secure *s, const char *file, secure_wrong *wrong)
{
	if (s->nkeys == MAX_CERTS)
		return wrong("more than %d --tls-key", MAX_CERTS);
	s->pairs[s->nkeys++].key = file;
	return CLI_OK;
}

int
secure_option(struct secure *s, int c, const char *arg,
    secure_wrong *wrong)
{
	switch (c) {
	case NO_SANDBOX: s->no_sandbox = true; return CLI_OK;
	default: return wrong("'%s' is not understood", arg);
	}
}

int
secure_check(struct secure *s)
{
	if (s->ncerts != s->nkeys)
		return cli_usage("each --tls-cert wants its --tls-key, in the "
		    "same order");
	return CLI_OK;
}
