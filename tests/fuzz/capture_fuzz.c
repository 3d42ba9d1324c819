/* capture_fuzz - any bytes as a capture file, read to its end. */
#include <stdlib.h>
#include <sys/mman.h>
#include <stdio.h>
#include <unistd.h>

#include "siprec/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int fd = memfd_create("capture", 0), err;
	uint64_t last = 0, calls = 0;
	struct sr_capture *c = NULL;
	volatile char sum = 0;
	struct sr_frame f;
	struct sr_buf why;
	char path[64];

	sr_buf_init(&why, 1000);
	if (fd < 0 || write(fd, p, n) != (ssize_t)n)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (sr_capture_open(&c, path, &why) != SR_OK) {
		if (c != NULL || why.n == 0)
			abort();
		goto out;
	}
	while ((err = sr_capture_next(c, &f)) != SR_ENOENT) {
		/* Every call takes bytes away, even of what is compressed. */
		if (err != SR_OK && sr_capture_why(c)[0] == '\0')
			abort();
		if (err == SR_ESYS || ++calls > 100000000)
			break;
		if (err != SR_OK)
			continue;
		if (f.num <= last || f.wire < f.data.n)
			abort();
		last = f.num;
		for (size_t i = 0; i < f.data.n; i++)
			sum = (char)(sum + f.data.p[i]);
	}
out:
	sr_capture_close(c);
	sr_buf_free(&why);
	close(fd);
	return 0;
}
