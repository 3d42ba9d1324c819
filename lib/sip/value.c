/* value - inside a header value: lists, parameters, addresses. */
#include "sip/priv.h"

/* Longer ones are not searched for their end: with many that never end, that
 * would cost the square of the length. */
enum { MAX_QUOTED = 2048 };

/* Where the quoted string that begins at i ends (behind its quote), or s.n. */
static size_t
quoted(struct sr_str s, size_t i)
{
	size_t end = s.n - i > MAX_QUOTED ? i + MAX_QUOTED : s.n;

	for (i++; i < end; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return s.n;
}

size_t
sip_find_bare(struct sr_str s, char c, bool angle)
{
	size_t i = 0, end;

	while (i < s.n) {
		if (s.p[i] == c)
			return i;
		if (s.p[i] == '"') {
			end = quoted(s, i);
			if (end == s.n && s.p[s.n - 1] != '"')
				return i + sr_strchr(sr_substr(s, i, s.n), c);
			i = end;
			continue;
		}
		if (angle && s.p[i] == '<') {
			end = i + sr_strchr(sr_substr(s, i, s.n), '>');
			if (end == s.n)
				return i + sr_strchr(sr_substr(s, i, s.n), c);
			i = end;
			continue;
		}
		i++;
	}
	return s.n;
}

bool
sip_next_value(struct sr_str *rest, struct sr_str *value)
{
	size_t at;

	while (rest->n > 0) {
		at = sip_find_bare(*rest, ',', true);
		*value = sr_trim(sr_substr(*rest, 0, at));
		*rest = sr_substr(*rest, at + 1, rest->n);
		if (value->n > 0)
			return true;
	}
	return false;
}

bool
sip_next_param(struct sr_str *rest, struct sr_str *name, struct sr_str *value)
{
	struct sr_str one;
	size_t at, eq;

	while (rest->n > 0) {
		at = sip_find_bare(*rest, ';', false);
		one = sr_trim(sr_substr(*rest, 0, at));
		*rest = sr_substr(*rest, at + 1, rest->n);
		if (one.n == 0)
			continue;
		eq = sr_strchr(one, '=');
		*name = sr_trim(sr_substr(one, 0, eq));
		*value = (struct sr_str){ NULL, 0 };
		if (eq < one.n)
			*value = sr_trim(sr_substr(one, eq + 1, one.n));
		return true;
	}
	return false;
}

bool
sr_param(struct sr_str params, const char *name, struct sr_str *value)
{
	struct sr_str want = sr_cstr(name), have;

	while (sip_next_param(&params, &have, value)) {
		if (!sr_strieq(have, want))
			continue;
		if (value->n > 0 && value->p[0] == '"') {
			*value = sr_substr(*value, 1, value->n);
			if (value->n > 0 && value->p[value->n - 1] == '"')
				value->n--;
		}
		return true;
	}
	*value = (struct sr_str){ NULL, 0 };
	return false;
}

void
sip_split_params(struct sr_str value, struct sr_str *head,
    struct sr_str *params)
{
	size_t at = sip_find_bare(value, ';', false);

	*head = sr_trim(sr_substr(value, 0, at));
	*params = sr_substr(value, at, value.n);
	if (params->n == 0)
		params->p = NULL;
}

/* A quoted string without its quotes and escapes, RFC 3261 section 25.1. */
static struct sr_str
unquote(struct sr_str s, const struct sip_notes *notes)
{
	struct sr_str out;
	char *w;

	if (notes == NULL || sr_strchr(s, '\\') == s.n)
		return s;
	out = sr_arena_dup(notes->arena, s);
	if (out.p == NULL)
		return s;
	w = (char *)out.p;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n)
			i++;
		*w++ = s.p[i];
	}
	out.n = (size_t)(w - out.p);
	return out;
}

/* Takes a display name off the head of rest, up to the '<'. */
static void
display_name(struct sr_party *p, struct sr_str *rest,
    const struct sip_notes *notes)
{
	size_t end;

	if (rest->n > 0 && rest->p[0] == '"') {
		end = quoted(*rest, 0);
		if (end < rest->n) {
			p->display = unquote(sr_substr(*rest, 1, end - 2),
			    notes);
			*rest = sr_substr(*rest, end, rest->n);
			end = sr_strchr(*rest, '<');
			if (end < rest->n)
				*rest = sr_substr(*rest, end, rest->n);
			return;
		}
		sip_note(notes, "a quoted display name without its end");
		*rest = sr_substr(*rest, 1, rest->n);
	}
	end = sip_find_bare(*rest, '<', false);
	if (end == rest->n)
		return;
	p->display = sr_trim(sr_substr(*rest, 0, end));
	if (p->display.n == 0)
		p->display.p = NULL;
	*rest = sr_substr(*rest, end, rest->n);
}

void
sip_party(struct sr_party *p, struct sr_str value,
    const struct sip_notes *notes)
{
	size_t end;

	*p = (struct sr_party){ { NULL, 0 }, { NULL, 0 }, { NULL, 0 },
	    { NULL, 0 } };
	value = sr_trim(value);
	display_name(p, &value, notes);
	value = sr_trim(value);
	if (value.n > 0 && value.p[0] == '<') {
		end = sr_strchr(value, '>');
		/* Without a '>' nobody can tell URI from header parameters:
		 * all of it is URI, where sr_msg_is_src looks as well. */
		if (end == value.n)
			sip_note(notes, "an address with '<' but without '>'");
		p->uri = sr_trim(sr_substr(value, 1, end - 1));
		p->params = sr_trim(sr_substr(value, end + 1, value.n));
		if (p->params.n == 0)
			p->params.p = NULL;
	} else {
		/* Without brackets, parameters are the header's: section 20. */
		sip_split_params(value, &p->uri, &p->params);
	}
	sr_param(p->params, "tag", &p->tag);
}

struct sr_str
sip_uri_params(struct sr_str uri)
{
	struct sr_str absent = { NULL, 0 }, rest;
	size_t at = sr_strchr(uri, '@'), semi;

	/* A ';' may be part of the user. */
	rest = sr_substr(uri, at < uri.n ? at : 0, uri.n);
	rest = sr_substr(rest, 0, sr_strchr(rest, '?'));
	semi = sr_strchr(rest, ';');
	return semi < rest.n ? sr_substr(rest, semi, rest.n) : absent;
}

int
sr_uri_split(struct sr_str uri, struct sr_str *user, struct sr_str *host)
{
	size_t colon = sr_strchr(uri, ':'), at, end;
	struct sr_str scheme = sr_substr(uri, 0, colon);
	struct sr_str rest = sr_substr(uri, colon + 1, uri.n);

	*user = *host = (struct sr_str){ NULL, 0 };
	if (sr_strieq(scheme, SR_STR("tel"))) {
		*user = sr_substr(rest, 0, sr_strchr(rest, ';'));
		return user->n > 0 ? SR_OK : SR_EBAD;
	}
	if (!sr_strieq(scheme, SR_STR("sip")) &&
	    !sr_strieq(scheme, SR_STR("sips")))
		return SR_EBAD;
	if ((at = sr_strchr(rest, '@')) < rest.n) {
		*user = sr_substr(rest, 0, at);
		*user = sr_substr(*user, 0, sr_strchr(*user, ':'));
		rest = sr_substr(rest, at + 1, rest.n);
	}
	end = 0;
	if (rest.n > 0 && rest.p[0] == '[')
		end = sr_strchr(rest, ']');
	while (end < rest.n && rest.p[end] != ':' && rest.p[end] != ';' &&
	    rest.p[end] != '?' && rest.p[end] != ' ')
		end++;
	*host = sr_substr(rest, 0, end);
	return host->n > 0 ? SR_OK : SR_EBAD;
}
