/* Claims about lib/sip/sdp.c, attr.c and mask.c. */
#include "unit/test.h"

#include "siprec/sip.h"

static struct sr_sdp s;

static int
parse(const char *text)
{
	sr_sdp_free(&s);
	return sr_sdp_parse(&s, guarded(text, strlen(text)));
}

static bool
noted(const char *text)
{
	for (size_t i = 0; i < s.nnotes; i++)
		if (strcmp(s.notes[i], text) == 0)
			return true;
	return false;
}

static void
check_addr(const struct sr_addr *a, const char *want)
{
	struct sr_buf out;

	sr_buf_init(&out, 100);
	if (a->family == 0)
		CHECK_EQ(sr_buf_fmt(&out, "-:%u", a->port), SR_OK);
	else
		CHECK_EQ(sr_addr_print(&out, a), SR_OK);
	CHECK_STR(sr_buf_str(&out), want);
	sr_buf_free(&out);
}

#define HEAD "v=0\r\no=- 1 2 IN IP4 192.0.2.9\r\ns=-\r\n"	\
	"c=IN IP4 192.0.2.1\r\nt=0 0\r\n"

TEST(sdp_reads_an_offer)
{
	CHECK_EQ(parse(HEAD "m=audio 20000 RTP/AVP 0 96 101\r\n"
	    "c=IN IP6 2001:db8::1\r\n"
	    "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n"
	    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
	    "a=ptime:20\r\na=label:96\r\na=mid:a1\r\na=content:main\r\n"
	    "a=record:on\r\na=recordpref:pause\r\na=rtcp:20011\r\n"
	    "a=rtcp-mux\r\na=sendonly\r\n"
	    "m=audio 20002/2 RTP/SAVP 8\r\na=rtcp:5 IN IP4 192.0.2.7\r\n"),
	    SR_OK);
	CHECK_EQ(s.nnotes, 0);
	CHECK_STR(s.origin, "- 1 2 IN IP4 192.0.2.9");
	CHECK_EQ(s.nmlines, 2);
	CHECK_STR(s.mlines[0].media, "audio");
	CHECK_STR(s.mlines[0].proto, "RTP/AVP");
	CHECK_STR(s.mlines[0].label, "96");
	CHECK_STR(s.mlines[0].mid, "a1");
	CHECK_STR(s.mlines[0].content, "main");
	CHECK_STR(s.mlines[0].record, "on");
	CHECK_STR(s.mlines[0].recordpref, "pause");
	CHECK_EQ(s.mlines[0].dir, SR_SENDONLY);
	CHECK(s.mlines[0].has_dir && s.mlines[0].rtcp_mux);
	CHECK_EQ(s.mlines[0].ptime, 20);
	CHECK_EQ(s.mlines[0].nattrs, 13);
	CHECK_STR(s.mlines[0].attrs[1], "fmtp:96 useinbandfec=1");
	check_addr(&s.mlines[0].rtp, "[2001:db8::1]:20000");
	check_addr(&s.mlines[0].rtcp, "[2001:db8::1]:20011");
	check_addr(&s.mlines[1].rtp, "192.0.2.1:20002");
	check_addr(&s.mlines[1].rtcp, "192.0.2.7:5");
	CHECK(!s.mlines[1].has_dir && !s.mlines[1].rtcp_mux);
}

TEST(sdp_formats_have_names_clocks_and_parameters)
{
	const struct sr_format *f;

	CHECK_EQ(parse(HEAD "m=audio 1 RTP/AVP 96 0 101 9 97\r\n"
	    "a=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\n"
	    "a=rtpmap:0 pcmu/8000a\r\na=rtpmap:101 Telephone-Event/8000\r\n"
	    "a=rtpmap:0 pcmu/8000\r\na=fmtp:101 0-15\r\n"), SR_OK);
	CHECK_EQ(s.mlines[0].nformats, 5);
	f = &s.mlines[0].formats[0];
	CHECK_EQ(f->id, SR_CODEC_OPUS);
	CHECK_EQ(f->pt, 96);
	CHECK_EQ(f->clock, 48000);
	CHECK_EQ(f->channels, 2);
	CHECK_STR(f->name, "opus");
	CHECK_STR(f->fmtp, "useinbandfec=1");
	f = sr_mline_format(&s.mlines[0], 0);
	CHECK(f == &s.mlines[0].formats[1]);
	CHECK_EQ(f->id, SR_CODEC_PCMU);
	CHECK_EQ(f->clock, 8000);
	CHECK_STR(f->name, "pcmu");
	CHECK_EQ(sr_mline_format(&s.mlines[0], 101)->id, SR_CODEC_EVENT);
	CHECK_EQ(sr_mline_format(&s.mlines[0], 9)->id, SR_CODEC_G722);
	CHECK_EQ(sr_mline_format(&s.mlines[0], 97)->id, SR_CODEC_UNKNOWN);
	CHECK(sr_mline_format(&s.mlines[0], 8) == NULL);
	CHECK(noted("an rtpmap with an odd clock rate"));
	CHECK(noted("a dynamic payload type without rtpmap"));
	CHECK(!noted("two different rtpmaps"));
}

TEST(sdp_session_level_holds_for_all_media)
{
	CHECK_EQ(parse(HEAD "a=inactive\r\na=setup:actpass\r\n"
	    "a=fingerprint:sha-256 AA:BB\r\na=record:paused\r\n"
	    "m=audio 1 RTP/AVP 0\r\n"
	    "m=audio 2 RTP/AVP 0\r\na=sendrecv\r\na=setup:active\r\n"),
	    SR_OK);
	CHECK_EQ(s.mlines[0].dir, SR_INACTIVE);
	CHECK(s.mlines[0].has_dir);
	CHECK_STR(s.mlines[0].setup, "actpass");
	CHECK_STR(s.mlines[0].fingerprint, "sha-256 AA:BB");
	CHECK_EQ(s.mlines[1].dir, SR_SENDRECV);
	CHECK_STR(s.mlines[1].setup, "active");
	CHECK_STR(s.record, "paused");
	CHECK(s.mlines[0].record.p == NULL);
}

TEST(sdp_bad_lines_cost_only_themselves)
{
	CHECK_EQ(parse("rubbish\n=\nV=0\nm=audio 4 RTP/AVP 0 x 300 0\n"
	    "a=3gOoBTC\na\na=\na=direction:both\na=rtpmap:zz\na=rtcp:x\n"
	    "c=IN IP4 host.example.com\nA=label:1\n\n"
	    "M=audio x RTP/AVP 8\nm=audio\na=label:3"), SR_OK);
	CHECK_EQ(s.nmlines, 3);
	CHECK_STR(s.mlines[0].label, "1");
	CHECK_EQ(s.mlines[0].nformats, 1);
	CHECK(!s.mlines[0].has_dir);
	check_addr(&s.mlines[0].rtp, "-:4");
	CHECK_EQ(s.mlines[1].nformats, 1);
	CHECK_EQ(s.mlines[1].rtp.port, 0);
	CHECK_STR(s.mlines[2].label, "3");
	CHECK(noted("a line that is not type=value"));
	CHECK(noted("a line type in upper case"));
	CHECK(noted("a format that is no payload type"));
	CHECK(noted("a payload type twice"));
	CHECK(noted("an rtpmap for no format of the m= line"));
	CHECK(noted("a c= line without an IP address"));
	CHECK(noted("an m= line without a port"));
	CHECK(noted("a short m= line"));
	CHECK(noted("no s= line"));
	CHECK(noted("no t= line"));
}

TEST(sdp_order_and_last_line_end_do_not_matter)
{
	CHECK_EQ(parse("o=x\rt=0 0\rv=0\rs=\rm=audio 2 RTP/AVP 8\r"
	    "a=label:7\rc=IN IP4 192.0.2.1/127/3"), SR_OK);
	CHECK(noted("lines out of order"));
	CHECK_STR(s.mlines[0].label, "7");
	check_addr(&s.mlines[0].rtp, "192.0.2.1:2");
}

TEST(sdp_other_media_and_port_0_are_kept)
{
	CHECK_EQ(parse(HEAD "m=image 3 udptl t38\r\n"
	    "m=message 4 TCP/MSRP *\r\nm=video 0 RTP/AVP 31\r\n"
	    "m=audio 0 UDP/TLS/RTP/SAVPF 111\r\n"
	    "a=rtpmap:111 opus/48000/2\r\n"), SR_OK);
	CHECK_EQ(s.nnotes, 0);
	CHECK_EQ(s.nmlines, 4);
	CHECK_EQ(s.mlines[0].nformats, 0);
	CHECK_STR(s.mlines[1].proto, "TCP/MSRP");
	CHECK_EQ(s.mlines[2].rtp.port, 0);
	CHECK_EQ(s.mlines[3].formats[0].id, SR_CODEC_OPUS);
}

TEST(sdp_crypto_lines_are_told_apart)
{
	const struct sr_sdes *c;

	CHECK_EQ(parse(HEAD "a=crypto:1 S inline:AA\r\n"
	    "m=audio 1 RTP/SAVP 0\r\n"
	    "a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:QUJD|2^20|1:4"
	    ";inline:REVG|2^20|2:4 UNENCRYPTED_SRTCP\r\n"
	    "a=crypto:x S inline:AA\r\na=crypto:2 S key:AA\r\n"), SR_OK);
	CHECK_EQ(s.mlines[0].nsdes, 1);
	c = s.mlines[0].sdes;
	CHECK_EQ(c->tag, 7);
	CHECK_STR(c->suite, "AES_CM_128_HMAC_SHA1_80");
	CHECK_STR(c->params, "inline:QUJD|2^20|1:4;inline:REVG|2^20|2:4 "
	    "UNENCRYPTED_SRTCP");
	CHECK(noted("an a=crypto that cannot be used"));
}

TEST(sdp_is_bounded)
{
	char *text = malloc(40000), *p = text;

	p += sprintf(p, HEAD);
	for (int i = 0; i < 256; i++)
		p += sprintf(p, "m=audio %d RTP/AVP 0\r\na=label:%d\r\n",
		    i + 1, i);
	CHECK_EQ(parse(text), SR_OK);
	CHECK_EQ(s.nmlines, 256);
	CHECK_STR(s.mlines[255].label, "255");
	sprintf(p, "m=audio 1 RTP/AVP 0\r\n");
	CHECK_EQ(parse(text), SR_ELIMIT);
	p = text + sprintf(text, HEAD "m=audio 1 RTP/SAVP 0\r\n");
	for (int i = 0; i < 40; i++)
		p += sprintf(p, "a=crypto:%d S inline:AA\r\n", i + 1);
	CHECK_EQ(parse(text), SR_OK);
	CHECK_EQ(s.mlines[0].nsdes, 32);
	free(text);
}

TEST(sdp_of_something_else_is_refused)
{
	CHECK_EQ(parse(""), SR_EBAD);
	CHECK_EQ(parse("<recording/>"), SR_EBAD);
	CHECK_EQ(parse("s=-\r\nt=0 0\r\n"), SR_EBAD);
	CHECK_EQ(parse("v=0\r\n"), SR_OK);
	CHECK_EQ(s.nmlines, 0);
}

TEST(sdp_every_prefix_is_read_without_harm)
{
	static const char text[] = HEAD "m=audio 1/2 RTP/SAVP 0 96\r\n"
	    "a=rtpmap:96 L16/16000/2\r\na=crypto:1 S inline:A|2^1;inline:B\r\n"
	    "a=rtcp:3 IN IP4 192.0.2.1\r\na=label:1";

	for (size_t n = 0; n <= sizeof(text) - 1; n++) {
		sr_sdp_free(&s);
		sr_sdp_parse(&s, guarded(text, n));
	}
	CHECK_EQ(s.mlines[0].formats[1].channels, 2);
	CHECK_STR(s.mlines[0].label, "1");
	sr_sdp_free(&s);
}

/* ---- sr_sdp_mask ---- */

static void
check_mask(const char *text, const char *want)
{
	struct sr_buf out;

	sr_buf_init(&out, 10000);
	CHECK_EQ(sr_sdp_mask(&out, guarded(text, strlen(text))), SR_OK);
	CHECK_STR(sr_buf_str(&out), want);
	sr_buf_free(&out);
}

TEST(sdp_mask_hides_keys_and_nothing_else)
{
	check_mask("a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
	    "inline:QUJD+/=|2^20|1:4;inline:REVG|2^20|2:4 FEC_KEY=x\r\n",
	    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 "
	    "inline:*******|2^20|1:4;inline:****|2^20|2:4 FEC_KEY=x\r\n");
	check_mask("k=base64:abc\nk=prompt\nk=abc\n",
	    "k=base64:***\nk=prompt\nk=***\n");
	check_mask("a=ice-pwd:ab cd\ra=ice-ufrag:x\ra=key-mgmt:mikey AbC=",
	    "a=ice-pwd:** **\ra=ice-ufrag:x\ra=key-mgmt:mikey ****");
	check_mask("INVITE sip:a SIP/2.0\r\nk: siprec\r\n\r\nv=0\r\n"
	    "m=audio 1 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n\r\n",
	    "INVITE sip:a SIP/2.0\r\nk: siprec\r\n\r\nv=0\r\n"
	    "m=audio 1 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n\r\n");
}

TEST(sdp_mask_hides_keys_of_malformed_lines_too)
{
	check_mask(" A=CRYPTO:1 S INLINE: QUJD", " A=CRYPTO:1 S INLINE: ****");
	check_mask("a=crypto:1 S QUJD|x", "a=crypto:1 S ******");
	check_mask("a=crypto:1 S inline:QUJD;REVG|1 x inline:R0hJ",
	    "a=crypto:1 S inline:****;****|1 x inline:****");
	check_mask("a=key-mgmt:QUJD", "a=key-mgmt:****");
	check_mask("a=crypto:", "a=crypto:");
	check_mask("a=crypto", "a=crypto");
	check_mask("k=", "k=");
	check_mask("a=", "a=");
}

TEST(sdp_mask_of_every_prefix_has_its_length)
{
	static const char text[] = "a=crypto:1 S inline:AB|1;inline:CD x\r\n"
	    "k=clear:ab\na=key-mgmt:mikey AA\ra=ice-pwd:zz\n";
	struct sr_buf out;

	for (size_t n = 0; n <= sizeof(text); n++) {
		sr_buf_init(&out, n);
		CHECK_EQ(sr_sdp_mask(&out, guarded(text, n)), SR_OK);
		CHECK_EQ(out.n, n);
		sr_buf_free(&out);
	}
	sr_buf_init(&out, 5);
	CHECK_EQ(sr_sdp_mask(&out, SR_STR("a=b:cd")), SR_ELIMIT);
	sr_buf_free(&out);
}
