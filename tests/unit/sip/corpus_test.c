/* Claims about real and hostile messages, where SIPREC_CORPUS has them. */
#include "unit/test.h"

#include <dirent.h>

#include "siprec/sip.h"

struct file {
	char path[600], name[256];
	char *text;
	size_t n;
};

static bool
load(struct file *f)
{
	FILE *in = fopen(f->path, "rb");
	size_t cap = 1 << 20;

	f->n = 0;
	if (in == NULL)
		return false;
	f->text = malloc(cap);
	f->n = fread(f->text, 1, cap, in);
	fclose(in);
	return true;
}

/* Calls use for every file of a folder of the corpus: how many there were,
 * 0 without a corpus. */
static int
for_each(const char *folder, void (*use)(const struct file *f))
{
	const char *corpus = getenv("SIPREC_CORPUS");
	struct file f;
	char path[300];
	struct dirent *e;
	int n = 0;
	DIR *d;

	if (corpus == NULL) {
		printf("# skipped: SIPREC_CORPUS is not set\n");
		return 0;
	}
	snprintf(path, sizeof(path), "%s/%s", corpus, folder);
	if ((d = opendir(path)) == NULL) {
		printf("# skipped: no %s in the corpus\n", folder);
		return 0;
	}
	while ((e = readdir(d)) != NULL) {
		snprintf(f.name, sizeof(f.name), "%s", e->d_name);
		snprintf(f.path, sizeof(f.path), "%s/%s", path, f.name);
		if (f.name[0] == '.' || !load(&f))
			continue;
		use(&f);
		free(f.text);
		n++;
	}
	closedir(d);
	return n;
}

static size_t
count(struct sr_str text, const char *what)
{
	size_t n = 0, at;

	while ((at = sr_strifind(text, sr_cstr(what))) < text.n) {
		text = sr_substr(text, at + 1, text.n);
		n++;
	}
	return n;
}

/* The files of metadata/ were cut out with other line ends. */
static struct sr_str
without_cr(struct sr_str s)
{
	char *w = malloc(s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '\r')
			w[n++] = s.p[i];
	return (struct sr_str){ w, n };
}

static int compared;

static void
compare_metadata(const struct file *f, struct sr_str data)
{
	struct file want;
	struct sr_str a, b;
	size_t wrapped = strncmp(f->name, "wrapped-", 8) == 0 ? 8 : 0;

	/* Those are numbered without the messages that have no metadata. */
	if (strncmp(f->name, "miarec-", 7) == 0 &&
	    strstr(f->name, "-01-") == NULL)
		return;
	snprintf(want.path, sizeof(want.path), "%s/metadata/%s%.*s.xml",
	    getenv("SIPREC_CORPUS"), wrapped > 0 ? "drachtio-" : "",
	    (int)(strlen(f->name) - wrapped - 4), f->name + wrapped);
	if (!load(&want))
		return;
	a = without_cr(data);
	b = without_cr((struct sr_str){ want.text, want.n });
	if (!sr_streq(sr_trim(a), sr_trim(b)))
		test_fail(__FILE__, __LINE__, "%s: other metadata", f->name);
	free((char *)a.p);
	free((char *)b.p);
	free(want.text);
	compared++;
}

static void
check_parts(const struct file *f, const struct sr_msg *m)
{
	const struct sr_part *sdp, *meta;
	struct sr_sdp s;
	struct sr_body b;
	size_t mlines;

	CHECK_EQ(sr_body_split(&b, m), SR_OK);
	sdp = sr_body_find(&b, SR_PART_SDP);
	meta = sr_body_find(&b, SR_PART_META);
	if ((count(m->body, "\nv=0") > 0 || sr_strstarts(m->body,
	    SR_STR("v=0"))) != (sdp != NULL))
		test_fail(__FILE__, __LINE__, "%s: SDP", f->name);
	if ((count(m->body, "datamode>") > 0 ||
	    count(m->body, "requestsnapshot") > 0 ||
	    count(m->body, "<recording") > 0) != (meta != NULL))
		test_fail(__FILE__, __LINE__, "%s: metadata", f->name);
	if (meta != NULL)
		compare_metadata(f, meta->data);
	if (sdp != NULL) {
		mlines = count(sdp->data, "\nm=");
		CHECK_EQ(sr_sdp_parse(&s, sdp->data), SR_OK);
		if (s.nmlines != mlines)
			test_fail(__FILE__, __LINE__, "%s: m-lines", f->name);
		sr_sdp_free(&s);
	}
	sr_body_free(&b);
}

static void
check_field_message(const struct file *f)
{
	struct sr_str raw = guarded(f->text, f->n);
	struct sr_msg m;
	size_t seen = 0;

	if (sr_sip_frame(raw, 1 << 20, &seen) != (long)f->n)
		test_fail(__FILE__, __LINE__, "%s: frame", f->name);
	if (sr_msg_parse(&m, raw) != SR_OK || m.call_id.n == 0 ||
	    !m.has_cseq || m.method == SR_M_NONE || m.method == SR_M_OTHER ||
	    m.from.tag.n == 0 || m.to.uri.n == 0)
		test_fail(__FILE__, __LINE__, "%s: message", f->name);
	else
		check_parts(f, &m);
	sr_msg_free(&m);
}

TEST(corpus_every_field_message_is_read_whole)
{
	int n;

	compared = 0;
	if ((n = for_each("sip", check_field_message)) == 0)
		return;
	CHECK(n >= 138);
	CHECK(compared >= 25);
}

/* Anything goes but a crash; and cut into bytes it is framed the same. */
static void
survive(const struct file *f)
{
	struct sr_str raw = guarded(f->text, f->n);
	size_t whole = 0, pieces = 0;
	long want = sr_sip_frame(raw, 1 << 20, &whole), got = SR_MORE;
	const struct sr_part *p;
	struct sr_body b;
	struct sr_sdp s;
	struct sr_msg m;

	for (size_t n = 0; n <= f->n && got == SR_MORE && f->n < 65536; n++)
		got = sr_sip_frame(sr_substr(raw, 0, n), 1 << 20, &pieces);
	if (got != want && f->n < 65536)
		test_fail(__FILE__, __LINE__, "%s: %ld, in pieces %ld",
		    f->name, want, got);
	if (sr_msg_parse(&m, raw) == SR_OK) {
		sr_msg_is_src(&m);
		CHECK_EQ(sr_body_split(&b, &m), SR_OK);
		if ((p = sr_body_find(&b, SR_PART_SDP)) != NULL) {
			sr_sdp_parse(&s, p->data);
			sr_sdp_free(&s);
		}
		sr_body_free(&b);
	}
	sr_msg_free(&m);
}

TEST(corpus_hostile_messages_do_no_harm)
{
	for_each("hostile/rfc4475", survive);
	for_each("hostile/rfc5118", survive);
	for_each("hostile/multipart", survive);
}
