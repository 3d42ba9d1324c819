/* cutcap - a capture as somebody has it who came later or left earlier.
 *
 * cutcap FROM TO IN OUT: frames from FROM to TO, in seconds from the first
 * one; of what was before, signalling, so that the media is known.  IN is a
 * pcap file of raw IPv4 (mkcap --link raw, siprec-replay -w). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RAW = 101, IP = 20, UDP = 17, MAX = 262144 };

static void
fail(const char *name, const char *why)
{
	fprintf(stderr, "cutcap: %s: %s\n", name, why);
	exit(2);
}

static int
is_media(const uint8_t *p, size_t n)
{
	return n > IP + 8 && p[9] == UDP && p[IP + 8] >> 6 == 2;
}

int
main(int argc, char **argv)
{
	static uint8_t frame[MAX];
	uint32_t head[6], rec[4];
	double from, to, unit, first = -1, at;
	FILE *in, *out;

	if (argc != 5) {
		fputs("usage: cutcap FROM TO IN OUT\n", stderr);
		return 64;
	}
	from = atof(argv[1]);
	to = atof(argv[2]);
	in = fopen(argv[3], "rb");
	if (in == NULL || fread(head, sizeof(head), 1, in) != 1 ||
	    head[5] != RAW)
		fail(argv[3], "no capture of raw IP");
	unit = head[0] == 0xa1b23c4d ? 1e9 : 1e6;
	out = fopen(argv[4], "wb");
	if (out == NULL || fwrite(head, sizeof(head), 1, out) != 1)
		fail(argv[4], "cannot write");
	while (fread(rec, sizeof(rec), 1, in) == 1 && rec[2] <= MAX &&
	    fread(frame, rec[2], 1, in) == 1) {
		at = rec[0] + rec[1] / unit;
		if (first < 0)
			first = at;
		at -= first;
		if (at >= to || (at < from && is_media(frame, rec[2])))
			continue;
		fwrite(rec, sizeof(rec), 1, out);
		fwrite(frame, rec[2], 1, out);
	}
	fclose(in);
	return fclose(out) == 0 ? 0 : 2;
}
