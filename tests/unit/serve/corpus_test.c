/* Claims about the INVITEs of real clients and about RFC 4475, where
 * SIPREC_CORPUS has them. */
#include "unit/serve/rig.h"

#include <dirent.h>

enum { MAX_FILE = 1 << 20 };

static size_t
load(const char *folder, const char *name, char *text)
{
	const char *corpus = getenv("SIPREC_CORPUS");
	char path[700];
	size_t n;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s/%s", corpus, folder, name);
	if ((in = fopen(path, "rb")) == NULL)
		return 0;
	n = fread(text, 1, MAX_FILE - 1, in);
	text[n] = '\0';
	fclose(in);
	return n;
}

/* A re-INVITE becomes a first one: we were not there before. */
static size_t
cut_to_tag(char *text, size_t n)
{
	char *to = strstr(text, "\r\nTo:"), *end, *tag;

	if (to == NULL)
		to = strstr(text, "\r\nt:");
	if (to == NULL || (end = strstr(to + 2, "\r\n")) == NULL ||
	    (tag = strstr(to, ";tag=")) == NULL || tag > end)
		return n;
	memmove(tag, end, n - (size_t)(end - text) + 1);
	return n - (size_t)(end - tag);
}

static size_t
mlines(const char *text)
{
	size_t n = 0;

	while ((text = strstr(text, "\nm=")) != NULL) {
		text++;
		n++;
	}
	return n;
}

static void
expect_200(const char *name, char *text, size_t n)
{
	struct rig *r = rig_up(NULL);
	const struct rig_sent *t;

	rig_raw(r, (struct sr_str){ text, n });
	t = rig_last(r, SR_INVITE, 200);
	if (t == NULL || (mlines(text) > 0 && mlines(t->p) != mlines(text)))
		test_fail(__FILE__, __LINE__, "%s: %d\n%s", name,
		    rig_status(r), r->nsent > 0 ? r->sent[r->nsent - 1].p :
		    "nothing was sent");
	rig_down(r);
}

TEST(serve_answers_the_invites_of_all_real_clients)
{
	const char *corpus = getenv("SIPREC_CORPUS");
	char path[600], *text;
	struct dirent *e;
	int seen = 0;
	DIR *d;

	if (corpus == NULL) {
		printf("# skipped: SIPREC_CORPUS is not set\n");
		return;
	}
	snprintf(path, sizeof(path), "%s/sip", corpus);
	CHECK((d = opendir(path)) != NULL);
	text = malloc(MAX_FILE);
	while (d != NULL && (e = readdir(d)) != NULL) {
		size_t n = e->d_name[0] != '.' ? load("sip", e->d_name,
		    text) : 0;

		/* One is an emergency call, and none of a recording. */
		if (n == 0 || strncmp(text, "INVITE ", 7) != 0 ||
		    strncmp(text, "INVITE urn:", 11) == 0)
			continue;
		expect_200(e->d_name, text, cut_to_tag(text, n));
		seen++;
	}
	if (d != NULL)
		closedir(d);
	free(text);
	CHECK(seen >= 60);
}

/* Section 2.15 of the requirements; 0: no answer at all. */
static const struct {
	const char *file;
	int status, or;
} torture[] = {
	{ "wsinvFixed.dat", 400, 481 }, { "intmeth.dat", 501, 501 },
	{ "esc01.dat", 403, 403 }, { "longreq.dat", 403, 403 },
	{ "semiuri.dat", 200, 200 }, { "transports.dat", 200, 200 },
	{ "mpart01.dat", 405, 405 }, { "unreason.dat", 0, 0 },
	{ "noreason.dat", 0, 0 }, { "clerr.dat", 400, 400 },
	{ "ncl.dat", 400, 400 }, { "scalar02.dat", 400, 405 },
	{ "scalarlg.dat", 0, 0 }, { "quotbal.dat", 400, 400 },
	{ "lwsruri.dat", 400, 403 }, { "trws.dat", 400, 200 },
	{ "baddate.dat", 403, 403 }, { "badaspec.dat", 400, 200 },
	{ "badvers.dat", 505, 505 }, { "mismatch01.dat", 400, 400 },
	{ "mismatch02.dat", 400, 501 }, { "bigcode.dat", 0, 0 },
	{ "badbranch.dat", 200, 200 }, { "unkscm.dat", 416, 416 },
	{ "invut.dat", 415, 415 }, { "regbadct.dat", 405, 400 },
	{ "multi01.dat", 400, 400 }, { "bcast.dat", 0, 0 },
	{ "zeromf.dat", 200, 200 }, { "cparam01.dat", 405, 405 },
	{ "cparam02.dat", 405, 405 }
};

static void
strict(struct sr_serve_cfg *c)
{
	c->strict = true;
}

TEST(serve_answers_the_torture_messages_of_rfc_4475)
{
	char *text;

	if (getenv("SIPREC_CORPUS") == NULL) {
		printf("# skipped: SIPREC_CORPUS is not set\n");
		return;
	}
	text = malloc(MAX_FILE);
	for (size_t i = 0; i < sizeof(torture) / sizeof(*torture); i++) {
		struct rig *r = rig_up(strict);
		size_t n = load("hostile/rfc4475", torture[i].file, text);
		int status;

		CHECK(n > 0);
		rig_raw(r, (struct sr_str){ text, n });
		status = rig_status(r);
		if (status != torture[i].status && status != torture[i].or)
			test_fail(__FILE__, __LINE__, "%s: %d, not %d\n%s",
			    torture[i].file, status, torture[i].status,
			    r->nsent > 0 ? r->sent[0].p : "");
		rig_down(r);
	}
	free(text);
}
