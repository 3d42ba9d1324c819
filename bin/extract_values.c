/* extract_values - what a log says, read and written again as it was. */
#include "extract_join.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sr_str
json_str(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return (struct sr_str){ json_string_value(v), json_string_length(v) };
}

bool
json_time(const json_t *o, const char *key, sr_time *t)
{
	int32_t zone;
	bool loose;

	return sr_time_parse(json_str(o, key), t, &zone, &loose) == SR_OK;
}

sr_time
json_seconds(const json_t *o, const char *key)
{
	double v = json_number_value(json_object_get(o, key));

	return v > -1e9 && v < 1e9 ? (sr_time)llround(v * 1e6) * 1000 : 0;
}

uint32_t
json_ssrc(const json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));

	return v != NULL ? (uint32_t)strtoul(v, NULL, 16) : 0;
}

sr_time
ticks_time(int64_t ticks, uint32_t clock)
{
	return ticks / clock * SR_SEC + ticks % clock * SR_SEC / clock;
}

static int add(struct sr_buf *out, const char *key, const json_t *v);

static int
add_members(struct sr_buf *out, const json_t *o)
{
	bool first = true;
	const char *key;
	json_t *v;

	sr_buf_addc(out, '{');
	json_object_foreach((json_t *)(uintptr_t)o, key, v) {
		if (!first)
			sr_buf_addc(out, ',');
		first = false;
		sr_buf_json(out, sr_cstr(key));
		sr_buf_addc(out, ':');
		add(out, key, v);
	}
	return sr_buf_addc(out, '}');
}

static int
add_elements(struct sr_buf *out, const json_t *a)
{
	sr_buf_addc(out, '[');
	for (size_t i = 0; i < json_array_size(a); i++) {
		if (i > 0)
			sr_buf_addc(out, ',');
		add(out, "", json_array_get(a, i));
	}
	return sr_buf_addc(out, ']');
}

/* Whatever is no whole number is seconds, and the jitter. */
static int
add(struct sr_buf *out, const char *key, const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return add_members(out, v);
	case JSON_ARRAY:
		return add_elements(out, v);
	case JSON_STRING:
		return sr_buf_json(out, (struct sr_str){ json_string_value(v),
		    json_string_length(v) });
	case JSON_INTEGER:
		return sr_buf_fmt(out, "%lld",
		    (long long)json_integer_value(v));
	case JSON_REAL:
		return sr_buf_fmt(out, "%.*f", strcmp(key, "jitter_ms") == 0 ?
		    3 : 6, json_real_value(v));
	default:
		return sr_buf_fmt(out, "%s", json_is_true(v) ? "true" :
		    json_is_false(v) ? "false" : "null");
	}
}

int
json_event(struct sr_buf *out, const json_t *event)
{
	return add_members(out, event);
}

/* ---- values to be told ---- */

json_t *
value_text(struct sr_str s)
{
	json_t *v = json_stringn(s.p != NULL ? s.p : "", s.n);

	return v != NULL ? v : json_string("");
}

json_t *
value_seconds(sr_time t)
{
	return json_real((double)t / 1e9);
}

json_t *
value_time(sr_time t, int digits)
{
	struct sr_buf b;
	json_t *v;

	sr_buf_init(&b, 64);
	sr_time_print(&b, t, digits);
	v = value_text(sr_buf_str(&b));
	sr_buf_free(&b);
	return v;
}

json_t *
value_ssrc(uint32_t ssrc)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08x", ssrc);
	return json_string(text);
}
