/* test: the smallest frame that speaks TAP.  A test is named by its claim. */
#ifndef SIPREC_TEST_H
#define SIPREC_TEST_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "siprec/base.h"

struct test {
	const char *name, *file;
	void (*run)(void);
	struct test *next;
};
void test_add(struct test *t);
void test_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#define TEST(n)								\
	static void n(void);						\
	static struct test n##_test = { #n, __FILE__, n, NULL };	\
	__attribute__((constructor)) static void n##_add(void)		\
	{								\
		test_add(&n##_test);					\
	}								\
	static void n(void)

#define CHECK(c)							\
	do {								\
		if (!(c))						\
			test_fail(__FILE__, __LINE__, "%s", #c);	\
	} while (0)
#define CHECK_EQ(a, b)							\
	do {								\
		intmax_t a_ = (intmax_t)(a), b_ = (intmax_t)(b);	\
		if (a_ != b_)						\
			test_fail(__FILE__, __LINE__,			\
			    "%s is %jd, not %jd", #a, a_, b_);		\
	} while (0)
/* s is a struct sr_str, want a C string. */
#define CHECK_STR(s, want)						\
	do {								\
		struct sr_str s_ = (s);					\
		if (!sr_streq(s_, sr_cstr(want)))			\
			test_fail(__FILE__, __LINE__,			\
			    "%s is \"%.*s\", not \"%s\"", #s,		\
			    SR_FMT(s_), want);				\
	} while (0)

/* A copy of n bytes that ends at an unreadable page; good until the next
 * call but fifteen. */
struct sr_str guarded(const void *p, size_t n);

#endif
