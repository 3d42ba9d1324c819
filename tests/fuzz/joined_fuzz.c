/* joined_fuzz - any bytes as what a killed process has left in its directory:
 * payloads that it kept, its capture, where its media stood, its audio. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "out/priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static char path[] = "/tmp/joined-fuzz-XXXXXX";
static int dir = -1, whole;

static void
leave(void)
{
	static const char *const names[] = { "in", "out", "rtp.pcap",
	    ".resume" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlinkat(dir, names[i], 0);
	unlinkat(whole, "rtp.pcap", 0);
	unlinkat(dir, "whole", AT_REMOVEDIR);
	rmdir(path);
}

static void
enter(void)
{
	if (mkdtemp(path) == NULL ||
	    (dir = open(path, O_RDONLY | O_DIRECTORY)) < 0 ||
	    mkdirat(dir, "whole", 0700) != 0 ||
	    (whole = openat(dir, "whole", O_RDONLY | O_DIRECTORY)) < 0)
		abort();
	atexit(leave);
}

static void
put(const char *name, const uint8_t *p, size_t n)
{
	if (files_write(dir, name, (struct sr_str){ (const char *)p, n }) !=
	    SR_OK)
		abort();
}

static void
audio(void)
{
	struct sr_splice *s;
	sr_time from, to;

	if (sr_splice_new(&s) != SR_OK)
		abort();
	if (sr_splice_add(s, dir, "in", 1000, &from, &to) == SR_OK &&
	    sr_splice_add(s, dir, "in", SR_SEC, &from, &to) == SR_OK &&
	    to < 3600 * SR_SEC)
		sr_splice_write(s, dir, "out", to);
	sr_splice_free(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct sr_marked v[8];
	struct sr_left left;
	sr_time start;
	size_t k;
	int parts[2];

	if (n == 0)
		return 0;
	if (dir < 0)
		enter();
	parts[0] = parts[1] = dir;
	switch (p[0] & 3) {
	case 0:
		put("in", p + 1, n - 1);
		unlinkat(dir, "out", 0);
		if (dump_append(dir, "out", dir, "in") == SR_OK)
			dump_append(dir, "out", dir, "in");
		break;
	case 1:
		put("rtp.pcap", p + 1, n - 1);
		pcap_join(whole, parts, 2);
		break;
	case 2:
		put(".resume", p + 1, n - 1);
		if (sr_left_read(dir, &left) == SR_OK) {
			sr_mark_read(left.mark, &start, v, 8, &k);
			sr_left_file(&left, SR_STR("1.wav"));
		}
		sr_left_free(&left);
		break;
	default:
		put("in", p + 1, n - 1);
		audio();
		break;
	}
	return 0;
}
