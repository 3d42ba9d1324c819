/* time - RFC 3339 both ways, and the calendar under it.
 *
 * Days from civil and back are the usual era arithmetic of the proleptic
 * Gregorian calendar, with March as the first month. */
#include "siprec/base.h"

static int64_t
days_from_civil(int64_t y, unsigned m, unsigned d)
{
	int64_t era;
	unsigned yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = (unsigned)(y - era * 400);
	doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1;
	return era * 146097 + (int64_t)(yoe * 365 + yoe / 4 - yoe / 100 + doy) -
	    719468;
}

static void
civil_from_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
	int64_t era;
	unsigned doe, yoe, doy, mp;

	z += 719468;
	era = (z >= 0 ? z : z - 146096) / 146097;
	doe = (unsigned)(z - era * 146097);
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	*d = doy - (153 * mp + 2) / 5 + 1;
	*m = mp < 10 ? mp + 3 : mp - 9;
	*y = (int64_t)yoe + era * 400 + (*m <= 2);
}

int
sr_time_print(struct sr_buf *out, sr_time t, int digits)
{
	int64_t s = t / SR_SEC, ns = t % SR_SEC, day, sec, y;
	unsigned m, d;
	int err;

	if (ns < 0) {
		ns += SR_SEC;
		s--;
	}
	day = s / 86400;
	sec = s % 86400;
	if (sec < 0) {
		sec += 86400;
		day--;
	}
	civil_from_days(day, &y, &m, &d);
	err = sr_buf_fmt(out, "%04d-%02u-%02uT%02d:%02d:%02d", (int)y, m, d,
	    (int)(sec / 3600), (int)(sec / 60 % 60), (int)(sec % 60));
	if (err == SR_OK && digits > 0) {
		for (int i = digits; i < 9; i++)
			ns /= 10;
		err = sr_buf_fmt(out, ".%0*lld", digits, (long long)ns);
	}
	return err == SR_OK ? sr_buf_addc(out, 'Z') : err;
}

static unsigned
digits(struct sr_rd *r, unsigned n)
{
	unsigned v = 0;

	while (n-- > 0) {
		unsigned c = sr_u8(r);

		if (c < '0' || c > '9')
			r->bad = true;
		v = v * 10 + (c - '0');
	}
	return v;
}

static void
expect(struct sr_rd *r, char c)
{
	if (sr_u8(r) != (uint8_t)c)
		r->bad = true;
}

static bool
next_is(const struct sr_rd *r, char c)
{
	return !r->bad && r->n > 0 && r->p[0] == (uint8_t)c;
}

static sr_time
fraction(struct sr_rd *r)
{
	sr_time unit = SR_SEC / 10, v = 0;

	expect(r, '.');
	if (r->n == 0 || r->p[0] < '0' || r->p[0] > '9')
		r->bad = true;
	for (; r->n > 0 && r->p[0] >= '0' && r->p[0] <= '9'; unit /= 10)
		v += unit * (sr_u8(r) - '0');
	return v;
}

static int32_t
offset(struct sr_rd *r, bool *loose)
{
	int32_t sign, h, m;

	if (r->n == 0)
		return SR_NOZONE;
	if (next_is(r, 'Z') || next_is(r, 'z')) {
		*loose |= next_is(r, 'z');
		sr_u8(r);
		return 0;
	}
	if (!next_is(r, '+') && !next_is(r, '-'))
		r->bad = true;
	sign = sr_u8(r) == '-' ? -1 : 1;
	h = (int32_t)digits(r, 2);
	if (next_is(r, ':'))
		sr_u8(r);
	else
		*loose = true;
	m = (int32_t)digits(r, 2);
	if (h > 14 || m > 59 || (h == 14 && m > 0))
		r->bad = true;
	return sign * (h * 60 + m);
}

static unsigned
month_length(unsigned y, unsigned m)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
	    30, 31 };
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return m == 2 && leap ? 29 : days[m - 1];
}

int
sr_time_parse(struct sr_str s, sr_time *t, int32_t *zone, bool *loose)
{
	struct sr_rd r = sr_rd(sr_trim(s));
	unsigned y, mo, d, h, mi, se;
	sr_time ns = 0;

	*t = 0;
	*loose = false;
	y = digits(&r, 4);
	expect(&r, '-');
	mo = digits(&r, 2);
	expect(&r, '-');
	d = digits(&r, 2);
	if (next_is(&r, 't')) {
		*loose = true;
		sr_u8(&r);
	} else {
		expect(&r, 'T');
	}
	h = digits(&r, 2);
	expect(&r, ':');
	mi = digits(&r, 2);
	expect(&r, ':');
	se = digits(&r, 2);
	if (next_is(&r, '.'))
		ns = fraction(&r);
	*zone = offset(&r, loose);
	if (r.bad || r.n > 0 || mo < 1 || mo > 12 || d < 1 ||
	    d > month_length(y, mo) || h > 24 || mi > 59 || se > 60 ||
	    (h == 24 && (mi > 0 || se > 0 || ns > 0)) || y < 1678 || y > 2261)
		return SR_EBAD;
	*t = (days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + se) *
	    SR_SEC + ns;
	if (*zone != SR_NOZONE)
		*t -= (sr_time)*zone * 60 * SR_SEC;
	return SR_OK;
}
