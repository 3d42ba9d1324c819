/* replay_secure - the options about what protects the media. */
#include "replay.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "siprec/crypt.h"

static const struct {
	const char *name;
	struct sr_run_keying keying;
} ways[] = {
	{ "none", { SR_KEYS_NONE, NULL } },
	{ "sdes", { SR_KEYS_SDES, NULL } },
	{ "dtls", { SR_KEYS_DTLS, "actpass" } },
	{ "dtls:active", { SR_KEYS_DTLS, "active" } },
	{ "dtls:passive", { SR_KEYS_DTLS, "passive" } }
};
enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

int
secure_srtp(struct options *o, char *list)
{
	o->nkeying = 0;
	for (char *p = strtok(list, ","); p != NULL; p = strtok(NULL, ",")) {
		size_t i = 0;

		while (i < WAYS && strcmp(p, ways[i].name) != 0)
			i++;
		if (i == WAYS || o->nkeying == SR_STREAMS_MAX)
			return cli_usage("--srtp is a list of sdes, dtls, "
			    "dtls:active, dtls:passive and none, not '%s'", p);
		o->keying[o->nkeying++] = ways[i].keying;
	}
	return o->nkeying > 0 ? CLI_OK : cli_usage("--srtp wants a list");
}

int
secure_suites(struct options *o, char *list)
{
	o->nsuites = 0;
	for (char *p = strtok(list, ","); p != NULL; p = strtok(NULL, ",")) {
		enum sr_suite s = sr_suite_by_name(sr_cstr(p));

		if (s == SR_SUITE_NONE)
			return cli_usage("--suite: '%s' is not known", p);
		for (size_t i = 0; i < o->nsuites; i++)
			if (o->suites[i] == s)
				return cli_usage("--suite: '%s' twice", p);
		if (o->nsuites == SR_MAX_KEYS)
			return cli_usage("--suite: more than %d", SR_MAX_KEYS);
		o->suites[o->nsuites++] = s;
	}
	return o->nsuites > 0 ? CLI_OK : cli_usage("--suite wants a list");
}

int
secure_mki(struct options *o, const char *arg)
{
	struct sr_str rest = sr_cstr(arg), number;
	uint64_t v, n = 4;

	sr_strcut(&rest, ':', &number);
	if (sr_strnum(number, &v) != SR_OK || v > UINT32_MAX ||
	    (rest.n > 0 && sr_strnum(rest, &n) != SR_OK) || n < 1 ||
	    n > SR_MAX_MKI || (n < 4 && v >> 8 * n != 0))
		return cli_usage("--mki wants N[:BYTES], not '%s'", arg);
	o->mki = (uint32_t)v;
	o->nmki = (size_t)n;
	return CLI_OK;
}

/* RFC 4568 section 6.1: as a number or as a power of two. */
int
secure_lifetime(struct options *o, const char *arg)
{
	struct sr_str s = sr_cstr(arg);
	bool power = sr_strstarts(s, SR_STR("2^"));
	uint64_t v;

	if (sr_strnum(power ? sr_substr(s, 2, s.n) : s, &v) != SR_OK ||
	    v == 0 || v > (power ? 48u : UINT64_C(1) << 48))
		return cli_usage("--lifetime wants packets, 2^48 at most, not "
		    "'%s'", arg);
	o->lifetime = power ? UINT64_C(1) << v : v;
	return CLI_OK;
}

static bool
uses(const struct options *o, enum sr_keying k)
{
	for (size_t i = 0; i < o->nkeying; i++)
		if (o->keying[i].kind == k)
			return true;
	return false;
}

static int
own_print(struct options *o)
{
	const char *text = sr_crypto_full.dtls_fingerprint();
	size_t n = text != NULL ? strlen(text) : 0;

	if (n == 0 || n >= sizeof(o->print)) {
		cli_warn("DTLS: no certificate can be made");
		return CLI_SYSTEM;
	}
	memcpy(o->print, text, n + 1);
	if (o->wrong_print)
		o->print[n - 1] = text[n - 1] == '0' ? '1' : '0';
	return CLI_OK;
}

int
secure_check(struct options *o)
{
	bool sdes = uses(o, SR_KEYS_SDES), dtls = uses(o, SR_KEYS_DTLS);
	int status;

	if ((o->nsuites > 0 || o->nmki > 0 || o->lifetime > 0) && !sdes)
		return cli_usage("--suite, --mki and --lifetime are of --srtp "
		    "sdes");
	if (o->wrong_print && !dtls)
		return cli_usage("--wrong-fingerprint is of --srtp dtls");
	if (dtls && o->write != NULL)
		return cli_usage("--srtp dtls wants a server to shake hands "
		    "with: -w can have sdes");
	if (o->nsuites == 0)
		o->suites[o->nsuites++] = SR_AES128_80;
	if (!dtls)
		return CLI_OK;
	status = own_print(o);
	return cli_worst(status, shaker_log(getenv("SSLKEYLOGFILE")));
}

void
secure_run(const struct options *o, struct sr_run_cfg *run)
{
	run->keying = o->keying;
	run->nkeying = o->nkeying;
	memcpy(run->suites, o->suites, sizeof(run->suites));
	run->nsuites = o->nsuites;
	run->mki = o->mki;
	run->nmki = o->nmki;
	run->lifetime = o->lifetime;
	run->fingerprint = sr_cstr(o->print);
}
