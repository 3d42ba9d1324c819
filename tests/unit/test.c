#include "unit/test.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

static struct test *tests, **tail = &tests;
static int failed;

void
test_add(struct test *t)
{
	*tail = t;
	tail = &t->next;
}

void
test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	failed = 1;
	printf("# %s:%d: ", file, line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

struct sr_str
guarded(const void *p, size_t n)
{
	static struct { char *base; size_t len; } ring[16];
	static unsigned next;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t body = (n + page - 1) / page * page;
	unsigned i = next++ % 16;
	char *base;

	if (ring[i].base != NULL)
		munmap(ring[i].base, ring[i].len);
	base = mmap(NULL, body + page, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (base == MAP_FAILED)
		abort();
	mprotect(base + body, page, PROT_NONE);
	if (n > 0)
		memcpy(base + body - n, p, n);
	ring[i].base = base;
	ring[i].len = body + page;
	return (struct sr_str){ base + body - n, n };
}

/* With arguments: only tests whose name contains one of them. */
static int
wanted(const struct test *t, int argc, char *argv[])
{
	if (argc < 2)
		return 1;
	for (int i = 1; i < argc; i++)
		if (strstr(t->name, argv[i]) != NULL ||
		    strstr(t->file, argv[i]) != NULL)
			return 1;
	return 0;
}

int
main(int argc, char *argv[])
{
	int n = 0, bad = 0;

	for (struct test *t = tests; t != NULL; t = t->next)
		n += wanted(t, argc, argv);
	printf("TAP version 13\n1..%d\n", n);
	n = 0;
	for (struct test *t = tests; t != NULL; t = t->next) {
		if (!wanted(t, argc, argv))
			continue;
		failed = 0;
		t->run();
		bad += failed;
		printf("%sok %d - %s\n", failed ? "not " : "", ++n, t->name);
		fflush(stdout);
	}
	return bad > 0;
}
