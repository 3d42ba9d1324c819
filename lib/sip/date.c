/* date - the Date header, RFC 3261 section 20.17: the date of RFC 1123, always
 * in GMT. */
#include "siprec/sip.h"

static const char days[] = "ThuFriSatSunMonTueWed";	/* from 1970 on */
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

int
sr_date_add(struct sr_buf *out, sr_time t)
{
	char space[40];
	struct sr_buf b = { space, 0, sizeof(space), sizeof(space) };
	sr_time day = t / (86400 * SR_SEC);
	unsigned month;

	if (t < 0 || sr_time_print(&b, t, 0) != SR_OK || b.n < 19)
		return SR_EBAD;
	month = (unsigned)((space[5] - '0') * 10 + space[6] - '0') - 1;
	return sr_buf_fmt(out, "%.3s, %.2s %.3s %.4s %.8s GMT", days + 3 *
	    (day % 7), space + 8, months + 3 * month, space, space + 11);
}

/* It is written as RFC 3339 has it, and read by who knows the calendar. */
int
sr_date_parse(struct sr_str s, sr_time *t)
{
	struct sr_str all = SR_STR(months);
	char space[40];
	struct sr_buf b = { space, 0, sizeof(space), sizeof(space) };
	size_t m;
	int32_t zone;
	bool loose;

	*t = 0;
	if (s.n != 29 || !sr_streq(sr_substr(s, 3, 2), SR_STR(", ")) ||
	    s.p[7] != ' ' || s.p[11] != ' ' || s.p[16] != ' ' ||
	    !sr_strieq(sr_substr(s, 25, 4), SR_STR(" GMT")) ||
	    (m = sr_strifind(all, sr_substr(s, 8, 3))) >= all.n || m % 3 != 0)
		return SR_EBAD;
	if (sr_buf_fmt(&b, "%.4s-%02zu-%.2sT%.8sZ", s.p + 12, m / 3 + 1,
	    s.p + 5, s.p + 17) != SR_OK)
		return SR_EBAD;
	return sr_time_parse(sr_buf_str(&b), t, &zone, &loose);
}
