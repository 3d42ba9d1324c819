/* docjson - each file as sr_doc_json has it: the reader alone, for tests. */
#include "siprec/meta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
slurp(const char *name, struct sr_buf *b)
{
	FILE *f = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
	char buf[65536];
	size_t n;

	if (f == NULL)
		return -1;
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		if (sr_buf_add(b, (struct sr_str){ buf, n }) != SR_OK)
			break;
	if (f != stdin)
		fclose(f);
	return 0;
}

int
main(int argc, char *argv[])
{
	const char *charset = getenv("CHARSET");
	int bad = 0;

	for (int i = 1; i < argc; i++) {
		struct sr_buf in, out;
		struct sr_doc d;

		sr_buf_init(&in, 64 << 20);
		sr_buf_init(&out, 256 << 20);
		if (slurp(argv[i], &in) != 0) {
			perror(argv[i]);
			return 66;
		}
		sr_doc_parse(&d, sr_buf_str(&in), sr_cstr(charset), 64 << 20);
		bad |= !d.valid;
		if (sr_doc_json(&d, sr_cstr(argv[i]), &out) != SR_OK)
			return 71;
		fwrite(out.p, 1, out.n, stdout);
		putchar('\n');
		sr_doc_free(&d);
		sr_buf_free(&in);
		sr_buf_free(&out);
	}
	return bad;
}
