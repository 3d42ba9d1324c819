/* listen_secure - the options about who may do what. */
#include "listen.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Who owns the recordings can always read them, and nobody runs them. */
static int
set_mode(struct secure *s, const char *arg, secure_wrong *wrong)
{
	char *end;
	unsigned long v = strtoul(arg, &end, 8);

	if (*arg == '\0' || *end != '\0' || (v & ~0666ul) != 0 ||
	    (v & 0600) != 0600)
		return wrong("--mode wants octal digits from 0600 to 0666, "
		    "not '%s'", arg);
	s->mode = (unsigned)v;
	return CLI_OK;
}

static int
set_keep(struct secure *s, const char *arg, secure_wrong *wrong)
{
	static const char *const words[] = { "full", "ids", "none" };

	for (int i = 0; i < 3; i++)
		if (strcmp(arg, words[i]) == 0) {
			s->keep = (enum sr_keep)i;
			return CLI_OK;
		}
	return wrong("--metadata-keep is full, ids or none, not '%s'", arg);
}

static int
add_drop(struct secure *s, const char *ns, secure_wrong *wrong)
{
	if (s->ndrop == MAX_DROPS)
		return wrong("more than %d --drop-ext", MAX_DROPS);
	if (*ns == '\0')
		return wrong("--drop-ext wants a namespace");
	s->drop[s->ndrop++] = ns;
	return CLI_OK;
}

static int
add_who(struct secure *s, const char *pattern, secure_wrong *wrong)
{
	if (s->nwho == MAX_WHO)
		return wrong("more than %d --allow-identity", MAX_WHO);
	s->who[s->nwho++] = sr_cstr(pattern);
	return CLI_OK;
}

static int
add_trusted(struct secure *s, const char *arg, secure_wrong *wrong)
{
	if (s->ntrusted == MAX_TRUSTED)
		return wrong("more than %d --trusted", MAX_TRUSTED);
	if (sr_cidr_parse(&s->trusted[s->ntrusted], sr_cstr(arg)) != SR_OK)
		return wrong("--trusted: '%s' is no address or network", arg);
	s->ntrusted++;
	return CLI_OK;
}

static int
set_identity(struct secure *s, const char *arg, secure_wrong *wrong)
{
	static const char *const words[] = { "off", "log", "require" };

	for (int i = 0; i < 3; i++)
		if (strcmp(arg, words[i]) == 0) {
			s->passport = (enum sr_passport_policy)i;
			return CLI_OK;
		}
	return wrong("--identity is off, log or require, not '%s'", arg);
}

static int
add_signer(struct secure *s, const char *arg, secure_wrong *wrong)
{
	if (s->nsigners == MAX_SIGNERS)
		return wrong("more than %d --identity-cert", MAX_SIGNERS);
	s->signers[s->nsigners++] = arg;
	return CLI_OK;
}

/* A URI may hold "=" as well. */
const char *
secure_signer(const char *arg, struct sr_str *uri)
{
	const char *at = strstr(arg, "://") != NULL ? strrchr(arg, '=') : NULL;

	*uri = (struct sr_str){ NULL, 0 };
	if (at == NULL)
		return arg;
	*uri = (struct sr_str){ arg, (size_t)(at - arg) };
	return at + 1;
}

static int
set_rate(struct secure *s, const char *arg, secure_wrong *wrong)
{
	uint64_t v;

	if (sr_strnum(sr_cstr(arg), &v) != SR_OK || v == 0 || v > 1000000)
		return wrong("--rate wants a whole number from 1 to 1000000, "
		    "not '%s'", arg);
	s->rate = (unsigned)v;
	return CLI_OK;
}

int
secure_option(struct secure *s, int c, const char *arg,
    secure_wrong *wrong)
{
	switch (c) {
	case NO_SANDBOX: s->no_sandbox = true; return CLI_OK;
	case REQUIRE_TLS: s->require_tls = true; return CLI_OK;
	case WHO: return add_who(s, arg, wrong);
	case TRUSTED: return add_trusted(s, arg, wrong);
	case RATE: return set_rate(s, arg, wrong);
	case IDENTITY: return set_identity(s, arg, wrong);
	case IDENTITY_CERT: return add_signer(s, arg, wrong);
	case IDENTITY_CA: s->signers_ca = arg; return CLI_OK;
	case MASK_DTMF: s->mask_dtmf = true; return CLI_OK;
	case ENCRYPT: s->encrypt_to = arg; return CLI_OK;
	case MODE: return set_mode(s, arg, wrong);
	case KEEP_META: return set_keep(s, arg, wrong);
	case DROP_EXT: return add_drop(s, arg, wrong);
	default: return wrong("'%s' is not understood", arg);
	}
}

/* ---- encryption ---- */

static bool
installed(const char *program)
{
	const char *path = getenv("PATH");
	char name[4096];
	size_t n;

	for (; path != NULL && *path != '\0'; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		snprintf(name, sizeof(name), "%.*s/%s", (int)n, path, program);
		if (access(name, X_OK) == 0)
			return true;
	}
	return false;
}

/* Each has recipients of its own kind; one that cannot be encrypted to is
 * found out before the first recording, not after it. */
static int
check_recipient(struct secure *s)
{
	struct sr_record_cfg cfg = { .encrypt_to = s->encrypt_to };
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), err;

	cfg.encrypt_with = s->encrypt_with =
	    strncmp(s->encrypt_to, "age1", 4) == 0 ||
	    strncmp(s->encrypt_to, "ssh-", 4) == 0 ? "age" : "gpg";
	if (!installed(s->encrypt_with)) {
		close(nothing);
		return cli_usage("--encrypt-to %s wants %s installed",
		    s->encrypt_to, s->encrypt_with);
	}
	err = sr_encrypt(&cfg, nothing, nothing);
	close(nothing);
	return err == SR_OK ? CLI_OK : cli_usage("--encrypt-to: %s cannot "
	    "encrypt to '%s'", s->encrypt_with, s->encrypt_to);
}

void
secure_serve(const struct secure *s, struct sr_serve_cfg *c)
{
	c->who = s->who;
	c->nwho = s->nwho;
	c->trusted = s->trusted;
	c->ntrusted = s->ntrusted;
	c->secure = s->require_tls;
	c->passport = s->passport;
	c->calls_a_second = s->rate;
}

void
secure_record(const struct secure *s, struct sr_record_cfg *c)
{
	c->keep = s->keep;
	c->drop = s->drop;
	c->ndrop = s->ndrop;
	c->mask_dtmf = s->mask_dtmf;
	c->encrypt_to = s->encrypt_to;
	c->encrypt_with = s->encrypt_with;
	if (s->mode != 0) {
		sr_record_mode(s->mode);
		umask(0777 & ~(s->mode | 0100 | (s->mode & 0444) >> 2));
	}
}

int
secure_check(struct secure *s)
{
	if (s->ncerts != s->nkeys)
		return cli_usage("each --tls-cert wants its --tls-key, in the "
		    "same order");
	if ((s->passport != SR_PASSPORT_IGNORE) != (s->nsigners > 0))
		return cli_usage("--identity and --identity-cert go together");
	if (s->signers_ca != NULL && s->nsigners == 0)
		return cli_usage("--identity-ca is for --identity-cert");
	if (s->encrypt_to != NULL)
		return check_recipient(s);
	return CLI_OK;
}
