/* Claims about reading captures: lib/io/capture*.c. */
#include "unit/test.h"

#include <sys/mman.h>
#include <unistd.h>
#ifdef WITH_ARCHIVE
#include <archive.h>
#include <archive_entry.h>
#endif

#include "siprec/io.h"

/* ---- files made by hand ---- */

struct file {
	struct sr_buf b;
	bool big;			/* byte order */
	uint32_t unit;			/* of a pcap's fractions */
};

static void
put(struct file *f, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		sr_buf_addc(&f->b, (char)(v >> 8 * (f->big ? n - 1 - i : i)));
}

static void
pcap_begin(struct file *f, uint32_t magic, bool big)
{
	*f = (struct file){ .big = big };
	sr_buf_init(&f->b, 64 * 1024 * 1024);
	put(f, magic, 4);
	put(f, 2, 2);
	put(f, 4, 2);
	put(f, 0, 8);
	put(f, 65535, 4);
	put(f, 1, 4);
}

static void
pcap_add(struct file *f, uint32_t sec, uint32_t frac, const char *data,
    size_t wire)
{
	put(f, sec, 4);
	put(f, frac, 4);
	put(f, strlen(data), 4);
	put(f, wire, 4);
	sr_buf_add(&f->b, sr_cstr(data));
}

/* A pcapng block; body is in the file's byte order already. */
static void
block(struct file *f, uint32_t type, const struct file *body)
{
	size_t pad = -body->b.n & 3;

	put(f, type, 4);
	put(f, body->b.n + pad + 12, 4);
	sr_buf_add(&f->b, sr_buf_str(&body->b));
	put(f, 0, (int)pad);
	put(f, body->b.n + pad + 12, 4);
}

static struct file
body(bool big)
{
	struct file f = { .big = big };

	sr_buf_init(&f.b, 16 * 1024 * 1024);
	return f;
}

static void
shb(struct file *f, bool big)
{
	struct file b = body(big);

	f->big = big;
	put(&b, 0x1a2b3c4d, 4);
	put(&b, 1, 2);
	put(&b, 0, 2);
	put(&b, UINT64_MAX, 8);
	block(f, 0x0a0d0d0a, &b);
	sr_buf_free(&b.b);
}

static void
idb(struct file *f, unsigned link, unsigned snaplen, int tsresol,
    int64_t offset)
{
	struct file b = body(f->big);

	put(&b, link, 2);
	put(&b, 0, 2);
	put(&b, snaplen, 4);
	put(&b, 2, 2);				/* a name, to be skipped */
	put(&b, 4, 2);
	sr_buf_add(&b.b, SR_STR("eth0"));
	if (tsresol >= 0) {
		put(&b, 9, 2);
		put(&b, 1, 2);
		put(&b, (uint64_t)tsresol, 1);
		put(&b, 0, 3);
	}
	if (offset != 0) {
		put(&b, 14, 2);
		put(&b, 8, 2);
		put(&b, (uint64_t)offset, 8);
	}
	put(&b, 0, 4);
	block(f, 1, &b);
	sr_buf_free(&b.b);
}

static void
epb(struct file *f, uint32_t iface, uint64_t ts, const char *data,
    size_t wire)
{
	struct file b = body(f->big);

	put(&b, iface, 4);
	put(&b, ts >> 32, 4);
	put(&b, ts & UINT32_MAX, 4);
	put(&b, strlen(data), 4);
	put(&b, wire, 4);
	sr_buf_add(&b.b, sr_cstr(data));
	block(f, 6, &b);
	sr_buf_free(&b.b);
}

/* ---- reading them back ---- */

static struct sr_capture *
open_bytes(struct sr_str s, int want)
{
	int fd = memfd_create("capture", 0);
	struct sr_capture *c = NULL;
	struct sr_buf why;
	char path[64];

	sr_buf_init(&why, 1000);
	if (fd < 0 || write(fd, s.p, s.n) != (ssize_t)s.n)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	CHECK_EQ(sr_capture_open(&c, path, &why), want);
	CHECK((want == SR_OK) == (why.n == 0));
	sr_buf_free(&why);
	close(fd);
	return c;
}

static struct sr_capture *
open_file(struct file *f)
{
	struct sr_capture *c = open_bytes(sr_buf_str(&f->b), SR_OK);

	sr_buf_free(&f->b);
	if (c == NULL)
		abort();
	return c;
}

/* The next frame holds data, was wire bytes long, and came at ns. */
static void
expect(struct sr_capture *c, uint64_t num, const char *data, size_t wire,
    sr_time ns)
{
	struct sr_frame f = { .num = 0 };

	CHECK_EQ(sr_capture_next(c, &f), SR_OK);
	CHECK_EQ(f.num, num);
	CHECK_STR(f.data, data);
	CHECK_EQ(f.wire, wire);
	CHECK_EQ(f.time, ns);
}

static void
expect_err(struct sr_capture *c, int want, const char *text)
{
	struct sr_frame f;

	CHECK_EQ(sr_capture_next(c, &f), want);
	if (text != NULL && strstr(sr_capture_why(c), text) == NULL)
		test_fail(__FILE__, __LINE__, "\"%s\" lacks \"%s\"",
		    sr_capture_why(c), text);
}

TEST(capture_pcap_in_every_magic_and_byte_order)
{
	static const uint32_t magics[] = { 0xa1b2c3d4, 0xa1b23c4d };

	for (int i = 0; i < 4; i++) {
		struct sr_capture *c;
		struct file f;

		pcap_begin(&f, magics[i / 2], i % 2);
		pcap_add(&f, 1700000000, 123456, "one", 3);
		pcap_add(&f, 1700000001, 7, "two", 100);
		c = open_file(&f);
		expect(c, 1, "one", 3, 1700000000 * SR_SEC +
		    123456 * (i / 2 ? 1 : 1000));
		expect(c, 2, "two", 100, 1700000001 * SR_SEC +
		    7 * (i / 2 ? 1 : 1000));
		expect_err(c, SR_ENOENT, NULL);
		expect_err(c, SR_ENOENT, NULL);
		sr_capture_close(c);
	}
}

TEST(capture_pcap_with_longer_record_headers)
{
	struct sr_capture *c;
	struct file f;

	pcap_begin(&f, 0xa1b2cd34, false);
	for (int i = 0; i < 2; i++) {
		put(&f, 1700000000, 4);
		put(&f, 5, 4);
		put(&f, 3, 4);
		put(&f, 3, 4);
		put(&f, 0, 8);
		sr_buf_add(&f.b, SR_STR("abc"));
	}
	c = open_file(&f);
	expect(c, 1, "abc", 3, 1700000000 * SR_SEC + 5000);
	expect(c, 2, "abc", 3, 1700000000 * SR_SEC + 5000);
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
}

TEST(capture_every_cut_of_a_pcap_is_told_once)
{
	struct file whole;
	size_t second;

	pcap_begin(&whole, 0xa1b2c3d4, false);
	pcap_add(&whole, 1700000000, 0, "one", 3);
	second = whole.b.n;
	pcap_add(&whole, 1700000000, 0, "two", 3);
	for (size_t n = second + 1; n < whole.b.n; n++) {
		struct sr_capture *c = open_bytes(
		    sr_substr(sr_buf_str(&whole.b), 0, n), SR_OK);

		expect(c, 1, "one", 3, 1700000000 * SR_SEC);
		expect_err(c, SR_EBAD, "ends inside frame 2");
		expect_err(c, SR_ENOENT, NULL);
		sr_capture_close(c);
	}
	sr_buf_free(&whole.b);
}

TEST(capture_what_is_no_capture_is_refused)
{
	static const struct sr_str v[] = { { "", 0 }, { "x", 1 },
	    { "hello, this is text\n", 20 }, { "\xd4\xc3\xb2\xa1\2\0", 6 },
	    { "\n\r\r\n", 4 }, { "\n\r\r\n\x1c\0\0\0abcdefghijklmnopqrst", 28 },
	    { "\x1f\x8b\x08\0", 4 }, { "BZh9garbage", 11 } };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		CHECK(open_bytes(v[i], SR_EBAD) == NULL);
}

TEST(capture_a_missing_file_and_a_directory_are_system_errors)
{
	struct sr_capture *c = NULL;
	struct sr_buf why;

	sr_buf_init(&why, 1000);
	CHECK_EQ(sr_capture_open(&c, "/nonexistent/x.pcap", &why), SR_ESYS);
	CHECK_STR(sr_buf_str(&why), "No such file or directory");
	why.n = 0;
	CHECK_EQ(sr_capture_open(&c, "/", &why), SR_ESYS);
	CHECK_STR(sr_buf_str(&why), "Is a directory");
	CHECK(c == NULL);
	sr_buf_free(&why);
}

/* Three good records, damage of this kind, three more. */
static void
damaged(const char *junk, size_t n, size_t at)
{
	struct sr_capture *c;
	struct file f;

	pcap_begin(&f, 0xa1b2c3d4, false);
	for (uint32_t i = 0; i < 3; i++)
		pcap_add(&f, 1700000000 + i, i, "before the damage", 17);
	if (at == 0)
		sr_buf_add(&f.b, (struct sr_str){ junk, n });
	for (uint32_t i = 0; i < 3; i++)
		pcap_add(&f, 1700000010 + i, i, "after the damage", 16);
	if (at > 0)
		memcpy(f.b.p + 24 + 2 * 33 + at, junk, n);
	c = open_file(&f);
	for (uint32_t i = 0; i < (at > 0 ? 2 : 3); i++)
		expect(c, i + 1, "before the damage", 17,
		    (1700000000 + i) * SR_SEC + i * 1000);
	expect_err(c, SR_EBAD, at > 0 ? "frame 3" : "frame 4");
	for (uint32_t i = 0; i < 3; i++)
		expect(c, (at > 0 ? 3 : 4) + i, "after the damage", 16,
		    (1700000010 + i) * SR_SEC + i * 1000);
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
}

TEST(capture_goes_on_behind_damage)
{
	static char zeroes[5000], noise[3000];

	memset(noise, 0xd5, sizeof(noise));
	damaged(zeroes, sizeof(zeroes), 0);
	damaged(noise, sizeof(noise), 0);
	damaged(noise, 1, 0);
	damaged("\xff\xff\xff\xff", 4, 8);	/* a length */
}

TEST(capture_damage_up_to_the_end_is_told_once)
{
	static char noise[3000];
	struct sr_capture *c;
	struct file f;

	memset(noise, 0xd5, sizeof(noise));
	pcap_begin(&f, 0xa1b2c3d4, false);
	pcap_add(&f, 1700000000, 0, "one", 3);
	sr_buf_add(&f.b, (struct sr_str){ noise, sizeof(noise) });
	c = open_file(&f);
	expect(c, 1, "one", 3, 1700000000 * SR_SEC);
	expect_err(c, SR_EBAD, "3000 bytes");
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
}

TEST(capture_frames_longer_than_the_buffer_is_read_at_once)
{
	static char big[200001];
	struct sr_capture *c;
	struct file f;
	uint64_t done, total;

	memset(big, 'x', sizeof(big) - 1);
	pcap_begin(&f, 0xa1b2c3d4, false);
	for (int i = 0; i < 30; i++)
		pcap_add(&f, 1700000000, 0, big, sizeof(big) - 1);
	c = open_file(&f);
	sr_capture_progress(c, &done, &total);
	CHECK_EQ(total, 24 + 30 * (16 + sizeof(big) - 1));
	for (int i = 0; i < 30; i++)
		expect(c, (uint64_t)i + 1, big, sizeof(big) - 1,
		    1700000000 * SR_SEC);
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_progress(c, &done, &total);
	CHECK_EQ(done, total);
	sr_capture_close(c);
}

TEST(capture_pcapng_sections_and_interfaces_have_their_own_ways)
{
	struct sr_capture *c;
	struct file f = { .big = false };
	struct sr_frame fr;

	sr_buf_init(&f.b, 1024 * 1024);
	shb(&f, false);
	idb(&f, 1, 0, -1, 0);			/* microseconds */
	idb(&f, 101, 0, 9, 0);
	idb(&f, 113, 0, 0x80 | 20, 100);	/* 2^-20 s, and an offset */
	epb(&f, 0, 1700000000000001, "micro", 5);
	epb(&f, 1, 1700000000000000001, "nano", 50);
	epb(&f, 2, ((uint64_t)1600000000 << 20) + (1 << 19), "binary", 6);
	shb(&f, true);
	idb(&f, 276, 0, 3, 0);
	epb(&f, 0, 1700000000001, "milli", 5);
	idb(&f, 1, 0, 10, -3600);
	epb(&f, 1, (uint64_t)1700000000 * 10000000000 + 19, "fine", 4);
	c = open_file(&f);
	expect(c, 1, "micro", 5, 1700000000 * SR_SEC + 1000);
	expect(c, 2, "nano", 50, 1700000000 * SR_SEC + 1);
	CHECK_EQ(sr_capture_next(c, &fr), SR_OK);
	CHECK_EQ(fr.link, 113);
	CHECK_EQ(fr.time, 1600000100 * SR_SEC + 500 * SR_MSEC);
	CHECK_EQ(sr_capture_next(c, &fr), SR_OK);
	CHECK_EQ(fr.link, 276);
	CHECK_EQ(fr.time, 1700000000 * SR_SEC + SR_MSEC);
	expect(c, 5, "fine", 4, (1700000000 - 3600) * SR_SEC + 1);
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
}

TEST(capture_pcapng_simple_and_obsolete_packets)
{
	for (int big = 0; big < 2; big++) {
		struct file f = { .big = false }, b = body(big), o = body(big);
		struct sr_capture *c;

		sr_buf_init(&f.b, 1024 * 1024);
		shb(&f, big);
		idb(&f, 1, 4, -1, 0);
		put(&b, 6, 4);			/* 4 of 6 bytes are there */
		sr_buf_add(&b.b, SR_STR("simp"));
		block(&f, 3, &b);
		put(&o, 0, 2);
		put(&o, 9, 2);			/* drops */
		put(&o, 1700000000000000u >> 32, 4);
		put(&o, 1700000000000000u & UINT32_MAX, 4);
		put(&o, 3, 4);
		put(&o, 3, 4);
		sr_buf_add(&o.b, SR_STR("old"));
		block(&f, 2, &o);
		c = open_file(&f);
		expect(c, 1, "simp", 6, 0);
		expect(c, 2, "old", 3, 1700000000 * SR_SEC);
		expect_err(c, SR_ENOENT, NULL);
		sr_capture_close(c);
		sr_buf_free(&b.b);
		sr_buf_free(&o.b);
	}
}

TEST(capture_pcapng_gives_key_logs_and_skips_the_rest)
{
	struct file f = { .big = false }, b = body(false), big = body(false);
	struct sr_capture *c;

	sr_buf_init(&f.b, 16 * 1024 * 1024);
	shb(&f, false);
	idb(&f, 1, 0, -1, 0);
	for (int i = 0; i < 2; i++) {
		b.b.n = 0;
		put(&b, 0x544c534b, 4);
		put(&b, 15, 4);
		sr_buf_add(&b.b, SR_STR("CLIENT_RANDOM 1"));
		block(&f, 10, &b);
	}
	block(&f, 4, &b);			/* names */
	for (int i = 0; i < 3000000; i++)
		sr_buf_addc(&big.b, 'x');
	block(&f, 0x0bad, &big);
	epb(&f, 0, 1700000000000000, "data", 4);
	c = open_file(&f);
	expect(c, 1, "data", 4, 1700000000 * SR_SEC);
	CHECK_STR(sr_capture_secrets(c), "CLIENT_RANDOM 1\nCLIENT_RANDOM 1\n");
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
	sr_buf_free(&b.b);
	sr_buf_free(&big.b);
}

TEST(capture_pcapng_goes_on_behind_damage)
{
	static const char junk[] = "\6\0\0\0\x40\0\0\0 and so on, noise";
	struct file f = { .big = false };
	struct sr_capture *c;
	size_t at;

	sr_buf_init(&f.b, 1024 * 1024);
	shb(&f, false);
	idb(&f, 1, 0, -1, 0);
	epb(&f, 0, 1700000000000000, "one", 3);
	sr_buf_add(&f.b, (struct sr_str){ junk, sizeof(junk) });
	epb(&f, 0, 1700000001000000, "two", 3);
	epb(&f, 7, 1700000001000000, "no such interface", 17);
	at = f.b.n;
	epb(&f, 0, 1700000001000000, "lengths", 7);
	f.b.p[at + 20] = 100;			/* caplen beyond the block */
	epb(&f, 0, 1700000002000000, "three", 5);
	sr_buf_add(&f.b, SR_STR("tail"));
	c = open_file(&f);
	expect(c, 1, "one", 3, 1700000000 * SR_SEC);
	expect_err(c, SR_EBAD, "frame 2");
	expect(c, 2, "two", 3, 1700000001 * SR_SEC);
	expect_err(c, SR_EBAD, "frame 3: no interface 7");
	expect_err(c, SR_EBAD, "frame 4");
	expect(c, 5, "three", 5, 1700000002 * SR_SEC);
	expect_err(c, SR_EBAD, "4 of 12 bytes");
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
}

/* A frame comes out of a pipe when it is complete, not when a buffer is. */
TEST(capture_stdin_gives_each_frame_as_it_comes)
{
	struct sr_capture *c = NULL;
	struct sr_buf why;
	int fds[2], saved = dup(0);
	struct file f;

	sr_buf_init(&why, 1000);
	if (pipe(fds) != 0 || dup2(fds[0], 0) < 0)
		abort();
	close(fds[0]);
	pcap_begin(&f, 0xa1b2c3d4, false);
	pcap_add(&f, 1700000000, 0, "one", 3);
	CHECK(write(fds[1], f.b.p, f.b.n) == (ssize_t)f.b.n);
	CHECK_EQ(sr_capture_open(&c, "-", &why), SR_OK);
	expect(c, 1, "one", 3, 1700000000 * SR_SEC);
	f.b.n = 0;
	pcap_add(&f, 1700000001, 0, "two", 3);
	pcap_add(&f, 1700000002, 0, "three", 5);
	CHECK(write(fds[1], f.b.p, f.b.n - 1) == (ssize_t)f.b.n - 1);
	expect(c, 2, "two", 3, 1700000001 * SR_SEC);
	close(fds[1]);
	expect_err(c, SR_EBAD, "ends inside frame 3");
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
	sr_buf_free(&f.b);
	sr_buf_free(&why);
	dup2(saved, 0);
	close(saved);
}

#ifdef WITH_ARCHIVE
/* The file through one of libarchive's filters. */
static struct sr_str
squeeze(struct sr_str in, int filter, char *out, size_t size)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	size_t n = 0;

	archive_write_set_format_raw(a);
	archive_write_add_filter(a, filter);
	archive_write_set_bytes_in_last_block(a, 1);
	if (archive_write_open_memory(a, out, size, &n) != ARCHIVE_OK)
		abort();
	archive_entry_set_filetype(e, AE_IFREG);
	archive_write_header(a, e);
	archive_write_data(a, in.p, in.n);
	archive_write_close(a);
	archive_entry_free(e);
	archive_write_free(a);
	return (struct sr_str){ out, n };
}

TEST(capture_compressed_files_are_told_by_content)
{
	static const int filters[] = { ARCHIVE_FILTER_GZIP,
	    ARCHIVE_FILTER_ZSTD, ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_LZ4,
	    ARCHIVE_FILTER_BZIP2 };
	static char out[1000000];

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		struct sr_capture *c;
		struct sr_str z;
		struct file f;

		pcap_begin(&f, 0xa1b2c3d4, false);
		for (uint32_t k = 0; k < 50000; k++)
			pcap_add(&f, 1700000000, k * 7919 % 1000000,
			    "squeezed", 8);
		z = squeeze(sr_buf_str(&f.b), filters[i], out, sizeof(out));
		CHECK(z.n > 0 && z.n < f.b.n / 2);
		if ((c = open_bytes(z, SR_OK)) != NULL) {
			for (uint32_t k = 0; k < 50000; k++)
				expect(c, k + 1, "squeezed", 8, 1700000000 *
				    SR_SEC + k * 7919 % 1000000 * 1000);
			expect_err(c, SR_ENOENT, NULL);
		}
		sr_capture_close(c);
		sr_buf_free(&f.b);
	}
}

TEST(capture_a_cut_compressed_file_is_told)
{
	static char out[1000000];
	struct sr_capture *c;
	struct sr_frame fr;
	struct sr_str z;
	struct file f;
	int err;

	pcap_begin(&f, 0xa1b2c3d4, false);
	for (uint32_t k = 0; k < 50000; k++)
		pcap_add(&f, 1700000000 + k, k * 7919 % 1000000, "cut", 3);
	z = squeeze(sr_buf_str(&f.b), ARCHIVE_FILTER_GZIP, out, sizeof(out));
	if ((c = open_bytes(sr_substr(z, 0, z.n - 100), SR_OK)) == NULL)
		return;
	while ((err = sr_capture_next(c, &fr)) == SR_OK)
		;
	CHECK_EQ(err, SR_EBAD);
	CHECK(fr.num > 40000);
	CHECK(strstr(sr_capture_why(c), "behind frame") != NULL);
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
	sr_buf_free(&f.b);
}
#endif

/* An Ethernet frame with an empty UDP datagram to this port. */
static struct sr_str
udp_to(unsigned port)
{
	static char p[42];

	memset(p, 0, sizeof(p));
	p[12] = 8;
	p[14] = 0x45;
	p[17] = 28;
	p[23] = 17;
	p[36] = (char)(port >> 8);
	p[37] = (char)port;
	p[39] = 8;
	return (struct sr_str){ p, sizeof(p) };
}

TEST(capture_filters_each_link_type_and_counts_all_frames)
{
	struct file f = { .big = false }, b;
	struct sr_capture *c;
	struct sr_frame fr;
	struct sr_buf why;

	sr_buf_init(&f.b, 1024 * 1024);
	sr_buf_init(&why, 1000);
	shb(&f, false);
	idb(&f, 1, 0, -1, 0);
	idb(&f, 101, 0, -1, 0);
	for (unsigned i = 0; i < 4; i++) {
		struct sr_str s = udp_to(5060 + i % 2);

		if (i >= 2)
			s = sr_substr(s, 14, s.n);
		b = body(false);
		put(&b, i / 2, 4);
		put(&b, 0, 8);
		put(&b, s.n, 4);
		put(&b, s.n, 4);
		sr_buf_add(&b.b, s);
		block(&f, 6, &b);
		sr_buf_free(&b.b);
	}
	c = open_file(&f);
	CHECK_EQ(sr_capture_filter(c, "udp port", &why), SR_EBAD);
	CHECK(why.n > 0);
	CHECK_EQ(sr_capture_filter(c, "udp port 5061", NULL), SR_OK);
	CHECK_EQ(sr_capture_next(c, &fr), SR_OK);
	CHECK_EQ(fr.num, 2);
	CHECK_EQ(fr.link, 1);
	CHECK_EQ(sr_capture_next(c, &fr), SR_OK);
	CHECK_EQ(fr.num, 4);
	CHECK_EQ(fr.link, 101);
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
	sr_buf_free(&why);
}

TEST(capture_more_is_what_is_in_memory_and_what_is_wrong_comes_next)
{
	struct sr_frame fr[8];
	struct sr_capture *c;
	struct file f;

	pcap_begin(&f, 0xa1b2c3d4, false);
	for (uint32_t k = 0; k < 5; k++)
		pcap_add(&f, 1700000000 + k, k, "frame", 5);
	put(&f, 0, 8);				/* no record */
	put(&f, 0, 8);
	pcap_add(&f, 1700000009, 9, "behind", 6);
	pcap_add(&f, 1700000010, 9, "a half", 6);
	f.b.n -= 3;
	c = open_file(&f);
	CHECK_EQ(sr_capture_next(c, fr), SR_OK);
	CHECK_EQ(sr_capture_more(c, fr + 1, 2), 2);
	CHECK_EQ(sr_capture_more(c, fr + 3, 5), 2);
	for (unsigned k = 0; k < 5; k++) {
		CHECK_EQ(fr[k].num, k + 1);
		CHECK_EQ(fr[k].time, (1700000000 + k) * SR_SEC + k * 1000);
		CHECK_STR(fr[k].data, "frame");
	}
	expect_err(c, SR_EBAD, "damaged, 16 bytes");
	CHECK_EQ(sr_capture_more(c, fr, 8), 1);
	CHECK_STR(fr[0].data, "behind");
	expect_err(c, SR_EBAD, "ends inside frame 7");
	CHECK_EQ(sr_capture_more(c, fr, 8), 0);
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
}

TEST(capture_more_keeps_the_error_of_a_block_and_leaves_out_what_is_filtered)
{
	struct file f = { .big = false }, b;
	struct sr_frame fr[8];
	struct sr_capture *c;

	sr_buf_init(&f.b, 1024 * 1024);
	shb(&f, false);
	idb(&f, 1, 0, -1, 0);
	for (unsigned i = 0; i < 5; i++) {
		b = body(false);
		put(&b, i == 3 ? 7 : 0, 4);	/* there is no interface 7 */
		put(&b, 0, 8);
		put(&b, 42, 4);
		put(&b, 42, 4);
		sr_buf_add(&b.b, udp_to(5060 + (i == 1)));
		block(&f, 6, &b);
		sr_buf_free(&b.b);
	}
	c = open_file(&f);
	CHECK_EQ(sr_capture_filter(c, "udp port 5060", NULL), SR_OK);
	CHECK_EQ(sr_capture_next(c, fr), SR_OK);
	CHECK_EQ(sr_capture_more(c, fr + 1, 7), 1);
	CHECK_EQ(fr[0].num, 1);
	CHECK_EQ(fr[1].num, 3);
	CHECK_EQ(sr_capture_more(c, fr + 2, 6), 0);
	expect_err(c, SR_EBAD, "no interface 7");
	CHECK_EQ(sr_capture_more(c, fr, 8), 1);
	CHECK_EQ(fr[0].num, 5);
	expect_err(c, SR_ENOENT, NULL);
	sr_capture_close(c);
}

TEST(capture_an_interface_that_is_not_there_is_a_system_error)
{
	struct sr_capture *c = NULL;
	struct sr_buf why;

	sr_buf_init(&why, 1000);
	CHECK_EQ(sr_capture_live(&c, "nosuchdevice0", &why), SR_ESYS);
	CHECK(c == NULL && why.n > 0);
	sr_buf_free(&why);
}
