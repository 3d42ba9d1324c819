/* lines - start lines and header lines, before anybody knows what they mean. */
#include "sip/priv.h"

#include <string.h>

void
sip_note(const struct sip_notes *to, const char *text)
{
	const char **v;

	if (to == NULL)
		return;
	for (size_t i = 0; i < *to->n; i++)
		if ((*to->v)[i] == text)
			return;
	if (*to->n >= SIP_MAX_NOTES)
		return;
	v = sr_arena_grow(to->arena, *to->v, *to->n, sizeof(*v));
	if (v == NULL)
		return;
	v[(*to->n)++] = text;
	*to->v = v;
}

struct sr_str
sip_chop(struct sr_str line)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return line;
}

bool
sip_line(struct sr_str *rest, struct sr_str *line)
{
	size_t end;

	if (rest->n == 0)
		return false;
	for (end = 0;; end++) {
		end += sr_strchr(sr_substr(*rest, end, rest->n), '\n');
		*line = sip_chop(sr_substr(*rest, 0, end));
		if (line->n == 0 || end + 1 >= rest->n ||
		    (rest->p[end + 1] != ' ' && rest->p[end + 1] != '\t'))
			break;
	}
	*rest = sr_substr(*rest, end + 1, rest->n);
	return true;
}

bool
sip_field(struct sr_str line, struct sr_str *name, struct sr_str *value)
{
	size_t colon = sr_strchr(line, ':');

	if (colon == line.n)
		return false;
	*name = sr_trim(sr_substr(line, 0, colon));
	*value = sr_trim(sr_substr(line, colon + 1, line.n));
	return true;
}

/* RFC 3261 section 7.3.3 and the registry since. */
struct sr_str
sip_long_name(struct sr_str name)
{
	static const char *const names[26] = {
		"Accept-Contact", "Referred-By", "Content-Type",
		"Request-Disposition", "Content-Encoding", "From", NULL, NULL,
		"Call-ID", "Reject-Contact", "Supported", "Content-Length",
		"Contact", "Identity-Info", "Event", NULL, NULL, "Refer-To",
		"Subject", "To", "Allow-Events", "Via", NULL,
		"Session-Expires", "Identity", NULL
	};
	unsigned i;

	if (name.n != 1)
		return name;
	i = (unsigned)((name.p[0] | 0x20) - 'a');
	return i < 26 && names[i] != NULL ? sr_cstr(names[i]) : name;
}

static bool
token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

bool
sip_is_token(struct sr_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!token_char(s.p[i]))
			return false;
	return s.n > 0;
}

size_t
sip_skip_crlf(struct sr_str in)
{
	size_t i = 0;

	while (i < in.n && (in.p[i] == '\r' || in.p[i] == '\n'))
		i++;
	return i;
}

bool
sip_start_line(struct sr_str line)
{
	size_t sp;

	if (sr_stristarts(line, SR_STR("SIP/")))
		return sr_strchr(line, ' ') < line.n;
	sp = sr_strchr(line, ' ');
	return sp < line.n && sip_is_token(sr_substr(line, 0, sp)) &&
	    sr_strifind(sr_substr(line, sp, line.n), SR_STR(" SIP/")) <
	    line.n - sp;
}
