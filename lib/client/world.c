/* world - the recorded call, moved on by words:
 *
 *	1+	session 1 begins	1.	it ends, with all who are in it
 *	1G	it is in the group	1#AB,C	its dialogs: A with B, and C
 *					with the focus of a conference
 *	A+1	A joins session 1	A-1	A leaves it
 *	A>ab	A sends a and b, only	A<c	A hears c, only
 *	A?	A's name is not known	A!	now it is
 *	a@1	stream a belongs to session 1
 *
 * A word may do several things: "A+1>a<b", "1+G#AB". */
#include "client/priv.h"

#include <string.h>

static size_t
letter(char c, char first)
{
	return c >= first && c < first + 26 ? (size_t)(c - first) : SIZE_MAX;
}

static uint64_t
stream_set(const char **p)
{
	uint64_t set = 0;

	for (; letter(**p, 'a') != SIZE_MAX; (*p)++)
		set |= UINT64_C(1) << letter(**p, 'a');
	return set;
}

static unsigned
number(const char **p)
{
	return **p >= '1' && **p <= '9' ? (unsigned)(*(*p)++ - '0') : 0;
}

static void
leave(struct sr_world_person *p, unsigned cs)
{
	p->in &= (uint16_t)~(1u << cs);
	if (p->in == 0)
		p->send = p->hear = 0;
}

static void
end(struct sr_world *w, unsigned cs)
{
	w->cs[cs].open = false;
	for (size_t i = 0; i < COUNT(w->people); i++)
		leave(&w->people[i], cs);
	for (size_t i = 0; i < COUNT(w->streams); i++)
		if (w->streams[i].cs == cs)
			w->streams[i].cs = 0;
}

static int
dialogs(struct sr_world_cs *cs, const char **p)
{
	cs->nlegs = 0;
	do {
		size_t a = letter(*(*p)++, 'A'), b = letter(**p, 'A');

		if (a == SIZE_MAX || cs->nlegs == LEGS)
			return SR_EBAD;
		if (b != SIZE_MAX)
			(*p)++;
		cs->leg[cs->nlegs][0] = (uint8_t)a;
		cs->leg[cs->nlegs++][1] = b != SIZE_MAX ? (uint8_t)b : FOCUS;
	} while (**p == ',' && (*p)++);
	return SR_OK;
}

static int
session_word(struct sr_world *w, const char *p, sr_time at)
{
	unsigned n = number(&p);
	struct sr_world_cs *cs = &w->cs[n];

	while (*p != '\0' && *p != ' ') {
		switch (*p++) {
		case '+':
			*cs = (struct sr_world_cs){ .open = true, .since = at };
			break;
		case '.':
			end(w, n);
			break;
		case 'G':
			if (!w->group)
				w->group_at = at;
			w->group = cs->in_group = true;
			break;
		case '#':
			if (dialogs(cs, &p) != SR_OK)
				return SR_EBAD;
			break;
		default:
			return SR_EBAD;
		}
	}
	return SR_OK;
}

static int
person_word(struct sr_world *w, const char *p, sr_time at)
{
	struct sr_world_person *who = &w->people[letter(*p++, 'A')];
	unsigned n;

	while (*p != '\0' && *p != ' ') {
		switch (*p++) {
		case '+':
			n = number(&p);
			who->in |= (uint16_t)(1u << n);
			who->since[n] = at;
			break;
		case '-':
			leave(who, number(&p));
			break;
		case '>':
			who->send = stream_set(&p);
			break;
		case '<':
			who->hear = stream_set(&p);
			break;
		case '?':
			who->nameless = true;
			break;
		case '!':
			who->nameless = false;
			break;
		default:
			return SR_EBAD;
		}
	}
	return SR_OK;
}

static int
stream_word(struct sr_world *w, const char *p)
{
	struct sr_world_stream *s = &w->streams[letter(*p++, 'a')];

	if (*p++ != '@')
		return SR_EBAD;
	s->cs = (uint8_t)number(&p);
	return *p == '\0' || *p == ' ' ? SR_OK : SR_EBAD;
}

int
sr_world_change(struct sr_world *w, const char *words, sr_time at)
{
	int err = SR_OK;

	for (const char *p = words; *p != '\0' && err == SR_OK;
	    p += strcspn(p, " ")) {
		p += strspn(p, " ");
		if (*p >= '1' && *p <= '9')
			err = session_word(w, p, at);
		else if (letter(*p, 'A') != SIZE_MAX)
			err = person_word(w, p, at);
		else if (letter(*p, 'a') != SIZE_MAX)
			err = stream_word(w, p);
		else if (*p != '\0')
			err = SR_EBAD;
	}
	return err;
}

void
sr_world_lines(struct sr_world *w, const struct sr_script_line *lines,
    size_t n)
{
	uint64_t live = 0;

	for (size_t i = 0; i < n; i++) {
		struct sr_world_stream *s;

		if (lines[i].removed || lines[i].stream == SR_NO_STREAM)
			continue;
		s = &w->streams[lines[i].stream];
		s->label = lines[i].label;
		live |= UINT64_C(1) << lines[i].stream;
	}
	for (size_t i = 0; i < COUNT(w->streams); i++)
		w->streams[i].live = live >> i & 1;
	for (size_t i = 0; i < COUNT(w->people); i++) {
		w->people[i].send &= live;
		w->people[i].hear &= live;
	}
}

void
sr_world_settle(struct sr_world *w)
{
	for (size_t i = 0; i < COUNT(w->people); i++) {
		const struct sr_world_person *p = &w->people[i];
		unsigned cs = 1;

		while (cs <= SESSIONS && (p->in >> cs & 1) == 0)
			cs++;
		for (size_t k = 0; cs <= SESSIONS && k < COUNT(w->streams); k++)
			if ((p->send >> k & 1) != 0 && w->streams[k].cs == 0)
				w->streams[k].cs = (uint8_t)cs;
	}
}
