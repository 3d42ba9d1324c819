/* Claims about lib/rtp/line_save.c: a line goes on in another process.  A
 * packet is 20 ms of PCMU. */
#include "unit/test.h"

#include "siprec/rtp.h"

enum { STEP = 160 };
#define MS SR_MSEC

static const struct sr_format pcmu = { .id = SR_CODEC_PCMU, .clock = 8000,
    .channels = 1 };
static struct sr_start start;
static struct sr_line *line;
static int64_t at, hole;
static uint32_t lost;
static size_t nout;

static void
begin(void)
{
	nout = lost = 0;
	hole = 0;
	CHECK_EQ(sr_line_new(&line, &start, false), SR_OK);
}

static void
drain(void)
{
	const struct sr_line_packet *p;

	while ((p = sr_line_next(line)) != NULL) {
		at = p->at;
		hole += p->hole;
		lost += p->lost;
		nout++;
	}
}

/* Packets from..to (not included), each where it belongs. */
static void
stream(int from, int to)
{
	for (int i = from; i < to; i++) {
		struct sr_line_packet p = { .format = &pcmu, .ticks = STEP,
		    .arrived = SR_SEC + i * 20 * MS, .rtp = { .ssrc = 1,
		    .ts = (uint32_t)i * STEP, .seq = (uint16_t)i } };

		CHECK_EQ(sr_line_put(line, &p), SR_OK);
		drain();
	}
}

/* The process dies, having kept that much audio, and another one goes on. */
static void
restart(sr_time kept)
{
	struct sr_start again = { .t0 = start.t0, .fixed = start.fixed };
	struct sr_buf b;

	sr_buf_init(&b, 1000);
	CHECK_EQ(sr_line_save(line, &b), SR_OK);
	sr_line_free(line);
	start = again;
	begin();
	CHECK_EQ(sr_line_load(line, guarded(b.p, b.n), kept), SR_OK);
	sr_buf_free(&b);
}

TEST(a_saved_line_goes_on_where_its_source_stands)
{
	struct sr_numbers n;

	start = (struct sr_start){ .t0 = SR_NEVER };
	begin();
	stream(0, 100);
	restart(0);
	stream(200, 300);
	CHECK_EQ(nout, 100);		/* at once, nothing settles again */
	CHECK_EQ(at, 299 * STEP);
	sr_line_finish(line);
	sr_line_numbers(line, &n);
	CHECK_EQ(n.packets, 200);
	CHECK_EQ(n.lost, 100);
	CHECK(n.heard == 4 * SR_SEC);
	CHECK(n.end == 6 * SR_SEC);
	sr_line_free(line);
}

TEST(a_saved_line_tells_where_its_source_stands)
{
	const struct sr_anchor *v;

	start = (struct sr_start){ .t0 = SR_NEVER };
	begin();
	stream(0, 100);
	restart(0);
	stream(200, 230);
	CHECK_EQ(sr_line_anchors(line, &v), 1);
	CHECK_EQ(v[0].ssrc, 1);
	CHECK_EQ(v[0].at, (int64_t)v[0].ts);
	sr_line_free(line);
}

TEST(a_saved_line_knows_how_much_is_missing)
{
	start = (struct sr_start){ .t0 = SR_NEVER };
	begin();
	stream(0, 100);
	restart(0);
	stream(200, 230);
	CHECK_EQ(lost, 100);
	CHECK_EQ(hole, 100 * STEP);
	sr_line_free(line);
}

TEST(a_saved_line_believes_the_file_that_has_more)
{
	struct sr_numbers n;

	start = (struct sr_start){ .t0 = SR_NEVER };
	begin();
	stream(0, 100);
	restart(120 * 20 * MS);
	stream(200, 300);
	sr_line_numbers(line, &n);
	CHECK_EQ(n.packets, 220);
	CHECK_EQ(n.lost, 80);
	CHECK(n.heard == 220 * 20 * MS);
	sr_line_free(line);
}

TEST(a_line_saved_before_it_has_a_place_begins_anew)
{
	struct sr_numbers n;

	start = (struct sr_start){ .t0 = SR_NEVER };
	begin();
	stream(0, 5);
	restart(0);
	stream(100, 200);
	sr_line_finish(line);
	drain();
	sr_line_numbers(line, &n);
	CHECK_EQ(nout, 100);
	CHECK_EQ(n.packets, 105);
	sr_line_free(line);
}

TEST(after_the_number_has_turned_over_a_source_is_placed_by_the_clock)
{
	start = (struct sr_start){ .t0 = SR_NEVER };
	begin();
	stream(0, 100);
	restart(0);
	stream(100 + 40000, 100 + 40100);	/* over 13 minutes later */
	sr_line_finish(line);
	drain();
	CHECK_EQ(nout, 100);
	CHECK_EQ(at, (100 + 40099) * STEP);
	sr_line_free(line);
}

TEST(a_saved_line_that_is_cut_or_wrong_changes_nothing)
{
	struct sr_numbers n;
	struct sr_buf b;

	start = (struct sr_start){ .t0 = SR_NEVER };
	begin();
	stream(0, 100);
	sr_buf_init(&b, 1000);
	CHECK_EQ(sr_line_save(line, &b), SR_OK);
	sr_line_free(line);
	begin();
	for (size_t i = 0; i < b.n; i++)
		CHECK_EQ(sr_line_load(line, guarded(b.p, i), 0), SR_EBAD);
	for (size_t i = 0; i < b.n; i++) {
		char was = b.p[i];

		b.p[i] = (char)0x7f;	/* whatever it says, it is bounded */
		(void)sr_line_load(line, guarded(b.p, b.n), 0);
		sr_line_numbers(line, &n);
		b.p[i] = was;
	}
	sr_line_free(line);
	sr_buf_free(&b);
	sr_buf_init(&b, 20);
	begin();
	CHECK_EQ(sr_line_save(line, &b), SR_ELIMIT);
	CHECK_EQ(b.n, 0);
	sr_line_free(line);
	sr_buf_free(&b);
}
