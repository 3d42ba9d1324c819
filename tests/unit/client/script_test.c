#include "unit/client/play.h"

TEST(script_of_n_streams_has_n_people_and_m_lines)
{
	for (size_t n = 1; n <= 64; n += n < 4 ? 1 : 20) {
		const struct sr_script_cfg cfg = { .streams = n };
		struct sr_script s;

		CHECK_EQ(sr_script_new(&s, &cfg), SR_OK);
		CHECK_EQ(s.steps[0].nlines, n);
		CHECK_EQ(s.npeople, n < 2 ? 2 : n);
		CHECK_EQ(s.streams[0].person, n < 2 ? SR_NO_STREAM : 0);
		sr_script_free(&s);
	}
}

TEST(script_of_too_many_streams_is_refused)
{
	const struct sr_script_cfg cfg = { .streams = 65 };
	struct sr_script s;

	CHECK_EQ(sr_script_new(&s, &cfg), SR_ELIMIT);
	sr_script_free(&s);
}

TEST(script_stretches_to_a_duration_and_runs_at_a_speed)
{
	const struct sr_script_cfg cfg = { .flow = "pause-resume",
	    .duration = 90 * SR_SEC, .speed = 2 };
	struct sr_script s;

	CHECK_EQ(sr_script_new(&s, &cfg), SR_OK);
	CHECK_EQ(s.steps[1].at, 15 * SR_SEC);
	CHECK_EQ(s.steps[1].told, 30 * SR_SEC);
	CHECK_EQ(s.steps[3].at, 45 * SR_SEC);
	CHECK_EQ(s.length, 45 * SR_SEC);
	sr_script_free(&s);
}

TEST(script_takes_people_labels_and_formats_from_the_caller)
{
	const struct sr_person people[] = {
		{ SR_STR("tel:+15551234"), SR_STR("Zo\xc3\xab") } };
	const struct sr_str labels[] = { SR_STR("left"), SR_STR("right") };
	const struct sr_format opus = { .id = SR_CODEC_OPUS, .pt = 111,
	    .name = SR_STR("opus"), .clock = 48000, .channels = 2 };
	const struct sr_script_cfg cfg = { .people = people, .npeople = 1,
	    .labels = labels, .nlabels = 2, .formats = &opus, .nformats = 1,
	    .ptime = 40 };
	struct sr_script s;
	const struct sr_script_line *l;

	CHECK_EQ(sr_script_new(&s, &cfg), SR_OK);
	l = s.steps[0].lines;
	CHECK_STR(l[1].label, "right");
	CHECK_EQ(l[0].ptime, 40);
	CHECK_EQ(l[0].nformats, 1);
	CHECK_STR(l[0].formats[0].name, "opus");
	CHECK(l[0].formats[0].name.p != opus.name.p);
	CHECK_STR(s.people[0].aor, "tel:+15551234");
	CHECK_STR(s.people[1].name, "Bob");
	sr_script_free(&s);
}

TEST(script_m_lines_follow_the_flow)
{
	struct play p;
	const struct sr_step *v;

	play(&p, "slot-reused", NULL);
	v = p.s.steps;
	CHECK(v[1].lines[1].removed);
	CHECK_EQ(v[1].lines[1].stream, SR_NO_STREAM);
	CHECK_EQ(v[2].lines[1].stream, 2);
	CHECK_STR(v[2].lines[1].label, "9");
	CHECK(!v[2].lines[1].removed);
	stop(&p);
	play(&p, "pause-one", NULL);
	v = p.s.steps;
	CHECK_EQ(v[1].lines[0].dir, SR_SENDONLY);
	CHECK_EQ(v[1].lines[1].dir, SR_INACTIVE);
	CHECK_EQ(v[2].lines[1].dir, SR_SENDONLY);
	stop(&p);
}

TEST(script_ports_move_once)
{
	struct play p;

	play(&p, "transfer-refer", NULL);
	CHECK(p.s.steps[2].lines[0].moved);
	CHECK(!p.s.steps[3].lines[0].moved);
	stop(&p);
}

TEST(script_codec_change_reorders_the_formats)
{
	struct play p;

	play(&p, "codec-change", NULL);
	CHECK_STR(p.s.steps[0].lines[0].formats[0].name, "PCMU");
	CHECK_EQ(p.s.steps[1].act, SR_MEDIA_FORMAT);
	CHECK_EQ(p.s.steps[1].stream, 0);
	CHECK_STR(p.s.steps[2].lines[0].formats[0].name, "PCMA");
	CHECK_STR(p.s.steps[3].lines[0].formats[0].name, "G722");
	stop(&p);
}

TEST(script_renumbers_labels_and_keeps_streams)
{
	struct play p;
	struct sr_doc a, b;

	play(&p, "labels-renumbered", NULL);
	CHECK_EQ(sr_script_doc(&p.s, &p.c, 0, false, &a), SR_OK);
	CHECK_EQ(sr_script_doc(&p.s, &p.c, 1, false, &b), SR_OK);
	CHECK_STR(a.streams[0].label, "1");
	CHECK_STR(b.streams[0].label, "21");
	CHECK_STR(b.datamode, "complete");
	CHECK(sr_streq(a.streams[0].id, b.streams[0].id));
	sr_doc_free(&a);
	sr_doc_free(&b);
	stop(&p);
}

TEST(script_calls_have_ids_of_their_own)
{
	const struct sr_script_cfg cfg = { 0 };
	struct sr_script_call a, b;
	struct sr_prng r;
	struct sr_script s;

	sr_prng_init(&r, 3);
	CHECK_EQ(sr_script_new(&s, &cfg), SR_OK);
	CHECK_EQ(sr_script_call_new(&a, &s, seeded, &r, NOON), SR_OK);
	CHECK_EQ(sr_script_call_new(&b, &s, seeded, &r, NOON), SR_OK);
	for (size_t i = 0; i < a.nids; i++) {
		CHECK(memcmp(a.ids[i], b.ids[i], 16) != 0);
		CHECK_EQ(a.ids[i][6] >> 4, 4);
		CHECK_EQ(a.ids[i][8] >> 6, 2);
	}
	sr_script_call_free(&a);
	sr_script_call_free(&b);
	sr_script_free(&s);
}

TEST(script_made_by_hand_sends_its_xml_as_it_is)
{
	const struct sr_person people[] = {
		{ SR_STR("sip:a@h"), { NULL, 0 } } };
	const struct sr_script_cfg cfg = { .people = people, .npeople = 1 };
	char label[] = "x1";
	struct sr_script_line line = { .label = { label, 2 },
	    .proto = SR_STR("RTP/AVP"), .dir = SR_SENDONLY };
	struct sr_script_call c;
	struct sr_prng r;
	struct sr_script s;
	struct sr_buf out;

	sr_prng_init(&r, 1);
	sr_buf_init(&out, 1000);
	CHECK_EQ(sr_script_begin(&s, &cfg), SR_OK);
	CHECK(sr_script_add_stream(&s, line.label, 0) != NULL);
	CHECK(sr_script_add_step(&s, SR_DO_INVITE, 0, &line, 1,
	    SR_STR("<r/>")) != NULL);
	CHECK(sr_script_add_step(&s, SR_DO_BYE, SR_SEC, NULL, 0, nothing()) !=
	    NULL);
	label[0] = 'y';
	CHECK_STR(s.steps[0].lines[0].label, "x1");
	CHECK(s.steps[0].nchecks > 5);
	CHECK_EQ(s.length, SR_SEC);
	CHECK_EQ(sr_script_call_new(&c, &s, seeded, &r, NOON), SR_OK);
	CHECK_EQ(sr_script_xml(&s, &c, 0, &out), SR_OK);
	CHECK_STR(sr_buf_str(&out), "<r/>");
	CHECK_EQ(sr_script_xml(&s, &c, 1, &out), SR_ENOENT);
	CHECK_EQ(sr_script_xml(&s, &c, 9, &out), SR_ENOENT);
	sr_script_call_free(&c);
	sr_script_free(&s);
	sr_buf_free(&out);
}

TEST(script_streams_know_who_speaks)
{
	struct play p;

	play(&p, "conference", NULL);
	CHECK_EQ(p.s.nstreams, 3);
	CHECK_EQ(p.s.streams[1].person, 1);
	CHECK_EQ(p.s.streams[2].person, 2);
	stop(&p);
	play(&p, "mixed", NULL);
	CHECK_EQ(p.s.streams[0].person, SR_NO_STREAM);
	stop(&p);
}

TEST(script_replaces_runs_on_a_second_leg)
{
	struct play p;

	play(&p, "replaces", NULL);
	CHECK_EQ(p.s.legs, 2);
	CHECK(p.s.steps[1].replaces && !p.s.steps[1].stranger);
	CHECK_EQ(p.s.steps[1].leg, 1);
	CHECK(p.s.steps[1].has_meta && !p.s.steps[1].partial);
	stop(&p);
}

/* A session of 90 s is refreshed after 45, whatever the user's hurry. */
TEST(script_protocol_timers_do_not_stretch)
{
	const struct sr_script_cfg cfg = { .flow = "session-timer",
	    .duration = 10 * SR_SEC, .speed = 4 };
	struct sr_script s;

	CHECK_EQ(sr_script_new(&s, &cfg), SR_OK);
	CHECK_EQ(s.steps[1].at, 45 * SR_SEC);
	CHECK(!s.steps[1].has_meta && !s.steps[1].has_sdp);
	sr_script_free(&s);
}

TEST(script_flow_list_says_how_long_and_who_has_to_act)
{
	const struct sr_call_flow *f;
	size_t operated = 0;

	for (size_t i = 0; (f = sr_call_flow(i)) != NULL; i++) {
		const struct sr_script_cfg cfg = { .flow = f->name };
		struct sr_script s;

		CHECK_EQ(sr_script_new(&s, &cfg), SR_OK);
		CHECK_EQ(s.length, f->length);
		CHECK(s.length >= s.steps[s.nsteps - 1].at);
		sr_script_free(&s);
		operated += f->operated;
	}
	CHECK_EQ(operated, 8);
}
