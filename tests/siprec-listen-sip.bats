# siprec-listen and clients that are lost, late, wrong or hostile: RFC 3261, 3262,
# 4028, 3891 and the decision table, by a caller who says what a script has.
load lib/listen

setup() { setup_listen; }
teardown() { teardown_listen; }

# refused STATUS CALL [header]... <body: the INVITE gets that; ACK follows.
refused() {
	local status=$1 call=$2
	shift
	invite "$call" 1 "${@:2}"
	echo "expect $status"
	learn
	BRANCH=${call}1INVITE TO_TAG={tag} request ACK "$call" 1 </dev/null
}

@test "E21: strict: who is no recording client is refused, each as the table has it" {
	listen --strict --max-sessions 2
	{ offer 9000 | REQUIRE= CONTACT= refused 403 neither
	  offer 9000 | CONTACT= refused 403 nosrc
	  offer 9000 | REQUIRE= refused 421 supported "Supported: siprec"
	  offer 9000 | REQUIRE="siprec, foo, bar" refused 420 foo
	  TYPE=application/foo refused 415 type <<<x
	  offer 9000 | refused 415 gzip "Content-Encoding: gzip"
	  { FORMATS=97 offer 9000; echo a=rtpmap:97 X-NOBODY/8000; } |
	    refused 488 codec
	  refused 400 sdp <<<"this is no SDP"
	  offer 9000 | TARGET=tel:+15551234 refused 416 tel
	  offer 9000 | refused 422 short "Supported: timer" "Session-Expires: 60"
	} | say udp
	grep -q "^Unsupported: foo, *bar" said.txt
	grep -q "^Accept: .*application/sdp.*rs-metadata+xml" said.txt
	grep -q "^Accept-Encoding: identity" said.txt
	grep -q "^Min-SE: 90" said.txt
	grep -q "^Require: siprec" said.txt		# of the 421
	[ "$(nsessions)" -eq 0 ]
	! grep -q '"event":"begin"' events.jsonl
	{ for i in 1 2; do
		offer 9000 | invite full$i 1
		echo "expect 200"; learn; ack full$i 1
	  done
	  offer 9000 | refused 503 full3
	  request OPTIONS full4 1 </dev/null
	  echo "expect 503"
	} | say udp
	grep -q "^Retry-After: " said.txt
	stop
}

@test "E21: lenient: what is missing is a warning, and a phone call is refused" {
	listen
	{ DIR=sendrecv offer 9000 | REQUIRE= CONTACT= refused 403 call
	  offer 9000 | REQUIRE= invite quiet 1
	  echo "expect 200"; learn; ack quiet 1; bye quiet 2
	  offer 9000 | CONTACT= invite bare 1
	  echo "expect 200"; learn; ack bare 1; bye bare 2
	  offer 9000 | REQUIRE= CONTACT= invite sdp 1
	  echo "expect 200"; learn; ack sdp 1; bye sdp 2
	} | say udp
	[ "$(nsessions)" -eq 3 ]
	stop
}

@test "E21: the same INVITE over two branches is answered once" {
	listen
	{ offer 9000 | invite merged 1
	  echo "expect 200"; learn
	  offer 9000 | BRANCH=other invite merged 1
	  echo "expect 482"
	  ack merged 1; bye merged 2; } | say udp
	[ "$(nsessions)" -eq 1 ]
	stop
}

@test "E22: copies of an INVITE get the same answer, and make one recording" {
	listen
	{ offer 9000 | invite copies 1
	  echo "expect 200"; learn; echo again; echo "expect 200"
	  ack copies 1
	  echo "wait 100"; echo again; echo "none 200"
	  request BYE copies 2 </dev/null | sed "s/^To: .*/&;tag={tag}/"
	  echo "expect 200"; echo again; echo "expect 200"; } | say udp
	[ "$(grep -c "^SIP/2.0 200" said.txt)" -ge 4 ]
	[ "$(grep "^To:" said.txt | sort -u | wc -l)" -eq 1 ]
	[ "$(nsessions)" -eq 1 ]
	stop
}

@test "E22: a 200 without ACK comes again for 64*T1, on every transport, then BYE" {
	listen
	for proto in udp tcp; do
		offer 9000 | { VIA=${proto^^} invite noack$proto 1
		  echo "expect 200"; learn
		  echo "expect BYE 5000"
		} | SAID=$proto say $proto &
		pids="$pids $!"
	done
	wait $pids
	[ "$(grep -l '"reason":"no-ack"' out/*/session.jsonl | wc -l)" -eq 2 ]
	for f in said-udp.pcap said-tcp.pcap; do
		[ "$(grep -ao "SIP/2.0 200" $f | wc -l)" -ge 4 ]
	done
	stop
}

@test "E22: CANCEL before the answer, after it, and of nothing" {
	listen --answer-delay 400
	{ offer 9000 | REQUIRE="siprec, 100rel" invite early 1
	  echo "expect 183"
	  BRANCH=early1INVITE request CANCEL early 1 "Require: foo" </dev/null
	  echo "expect 487"; learn
	  BRANCH=early1INVITE TO_TAG={tag} request ACK early 1 </dev/null
	  request CANCEL nothing 1 </dev/null
	  echo "expect 481"
	  offer 9000 | invite late 1
	  echo "expect 200"; learn; ack late 1
	  BRANCH=late1INVITE request CANCEL late 1 </dev/null
	  echo "expect 200"
	  bye late 2
	} | say udp
	grep -B3 -A8 "^SIP/2.0 200" said.txt | grep -q "CSeq: 1 CANCEL"
	[ "$(nsessions)" -eq 1 ]
	log .reason | grep -q bye-client
	[ "$(jq -r 'select(.event == "warn" and .status == 487) | .call_id' \
	    events.jsonl | wc -l)" -eq 1 ]
	stop
}

@test "E22: a refusal comes again until its ACK, and not after" {
	listen
	{ offer 9000 | REQUIRE="siprec, foo" invite again 1
	  echo "expect 420"; learn; echo "expect 420"; echo "expect 420"
	  BRANCH=again1INVITE TO_TAG={tag} request ACK again 1 </dev/null
	  echo "wait 100"; echo "none 500"; } | say udp
	stop
}

@test "forged tags, a CSeq that falls, a second INVITE too early" {
	listen
	{ offer 9000 | invite forged 5
	  echo "expect 200"; learn; ack forged 5
	  TO_TAG=forged request BYE forged 6 </dev/null
	  echo "expect 481"
	  BRANCH=other FROM_TAG=other TO_TAG={tag} request BYE forged 6 </dev/null
	  echo "expect 481"
	  TO_TAG={tag} request OPTIONS forged 4 </dev/null
	  echo "expect 500"
	  TO_TAG={tag} request OPTIONS forged 9 </dev/null
	  echo "expect 200"
	  TO_TAG={tag} request ACK forged 4 </dev/null
	  echo "none 200"
	  bye forged 10
	} | say udp
	grep -q "^Accept: " said.txt
	log .reason | grep -q bye-client
	stop
}

@test "methods: 405 with Allow for those we lack, 501 for those nobody knows" {
	listen
	{ for m in REGISTER MESSAGE REFER PUBLISH; do
		request $m m$m 1 </dev/null; echo "expect 405"
	  done
	  request FOO foo 1 </dev/null; echo "expect 501"
	  request OPTIONS o 1 </dev/null | sed "s/Forwards: 70/Forwards: 0/"
	  echo "expect 200"
	} | say udp
	[ "$(grep -c "^Allow: " said.txt)" -ge 5 ]
	grep -q "^Supported: .*siprec" said.txt
	stop
}

@test "an unusable re-INVITE gets 488, a target refresh is obeyed" {
	listen
	{ offer '{rtp}' | invite re 1; echo "expect 200"; learn; ack re 1
	  echo "line at m=audio"
	  SDP_VERSION=2 offer '{rtp}' | sed s/m=audio/m=video/ |
	    TO_TAG={tag} invite re 2
	  echo "expect 488"
	  BRANCH=re2INVITE TO_TAG={tag} request ACK re 2 </dev/null
	  echo "rtp {at} 0x77 50"
	  # none at all: the whole offer is ours to make, RFC 3261 14.2
	  TO_TAG={tag} invite re 3 </dev/null
	  echo "expect 200"
	  offer '{rtp}' | TO_TAG={tag} request ACK re 3
	  bye re 4; } | say udp
	[ "$(log 'select(.event == "end") | .streams[0].packets')" -eq 50 ]
	stop
}

@test "E25: session timers: who refreshes, and BYE when nobody does" {
	listen --min-se 2
	{ offer '{rtp}' |
	    invite uac 1 "Supported: timer" "Session-Expires: 3;refresher=uac"
	  echo "expect 200"; learn; ack uac 1
	  TO_TAG={tag} request UPDATE uac 2 "Supported: timer" \
	    "Session-Expires: 3;refresher=uac" </dev/null
	  echo "expect 200"
	  echo "expect BYE 4000"
	} | say udp &
	pids=$!
	{ offer '{rtp}' |
	    invite uas 1 "Supported: timer" "Allow: INVITE, ACK, BYE, UPDATE" \
	    "Session-Expires: 3;refresher=uas"
	  echo "expect 200"; learn; ack uas 1
	  echo "expect UPDATE 2500"
	  echo "let via Via"; echo "let cseq CSeq"; echo "let from From"
	  printf '%s\n' send "SIP/2.0 481 Gone" "Via: {via}" "From: {from}" \
	    "To: <sip:src@127.0.0.1>;tag=fuas" "Call-ID: uas-{rand}" \
	    "CSeq: {cseq}" "Content-Length: 0" "" .
	  echo "expect BYE 3000"
	} | SAID=10 say udp &
	wait $pids $!
	[ "$(grep -l '"reason":"session-timer"' out/uac*/session.jsonl | wc -l)" \
	    -eq 1 ]
	grep -aq "^Session-Expires: 3;refresher=uac" said-0.pcap
	grep -aq "^Require: .*timer" said-0.pcap
	grep -aq "^Session-Expires: 3;refresher=uas" said-10.pcap
	stop
}

@test "E26: 100rel: copies of the 183 until PRACK, then the answer" {
	listen --answer-delay 300
	{ offer '{rtp}' | REQUIRE="siprec, 100rel" invite rel 1
	  echo "expect 183"; learn; echo "let rseq RSeq"; echo "expect 183"
	  TO_TAG={tag} request PRACK rel 2 "RAck: 99 1 INVITE" </dev/null
	  echo "expect 481"
	  TO_TAG={tag} request PRACK rel 3 "RAck: {rseq} 1 INVITE" </dev/null
	  echo "expect 200"
	  echo "again"; echo "expect 200"
	  echo "expect 200 2000"
	  ack rel 1
	  bye rel 4
	} | say udp
	grep -q "CSeq: 3 PRACK" said.txt
	{ offer 9000 | invite sup 1 "Supported: 100rel"
	  echo "expect 183"; learn; echo "let rseq RSeq"
	  TO_TAG={tag} request PRACK sup 2 "RAck: {rseq} 1 INVITE" </dev/null
	  echo "expect 200"; echo "expect 200"; ack sup 1; bye sup 3
	  offer 9000 | invite none 1
	  echo "expect 200"; learn; ack none 1; bye none 2
	} | say udp
	! grep -A12 "Call-ID: none-" said.txt | grep -q "^RSeq"
	stop
}

@test "E26: no PRACK: 5xx and no recording that goes on" {
	listen --answer-delay 300
	{ offer 9000 | REQUIRE="siprec, 100rel" invite noprack 1
	  echo "expect 183"; learn
	  echo "expect 50 4500"
	} | say udp
	stop
}

@test "E26: no SDP and 100rel: the offer is in the 183, the answer in the PRACK" {
	listen --answer-delay 200
	{ REQUIRE="siprec, 100rel" invite lo 1 </dev/null
	  echo "expect 183"; learn; echo "let rseq RSeq"; echo "line at m=audio"
	  offer '{rtp}' 9002 | TO_TAG={tag} request PRACK lo 2 "RAck: {rseq} 1 INVITE"
	  echo "expect 200"
	  echo "rtp {at} 0x77 20"
	  echo "expect 200 2000"
	  ack lo 1
	  echo "rtp {at} 0x77 20"
	  bye lo 3
	} | say udp
	[ "$(log 'select(.event == "offer") | .by' | head -1)" = srs ]
	[ "$(log 'select(.event == "end") | [.streams[].packets] | add')" -ge 20 ]
	stop
}

@test "RFC 3891: Replaces: 481, 400, 486, and the running call untouched" {
	listen
	{ offer '{rtp}' | invite old 1; echo "expect 200"
	  echo "let old To tag"; echo "let tag To tag"; ack old 1
	  offer 9000 | refused 481 r1 "Replaces: old-{rand};to-tag=fold;from-tag={old}"
	  offer 9000 | refused 400 r2 "Replaces: old-{rand};to-tag={old};from-tag=fold" \
	    "Replaces: old-{rand};to-tag={old};from-tag=fold"
	  offer 9000 | refused 486 r3 \
	    "Replaces: old-{rand};to-tag={old};from-tag=fold;early-only"
	  TO_TAG={old} request OPTIONS old 2 </dev/null; echo "expect 200"
	  offer '{rtp}' | invite new 1 \
	    "Replaces: old-{rand};to-tag={old};from-tag=fold"
	  echo "expect 200"; learn; ack new 1
	  echo "expect BYE"; echo "let via Via"; echo "let from From"
	  echo "let cseq CSeq"; echo "let to To"
	  printf '%s\n' send "SIP/2.0 200 OK" "Via: {via}" "From: {from}" \
	    "To: {to}" "Call-ID: old-{rand}" "CSeq: {cseq}" \
	    "Content-Length: 0" "" .
	  offer 9000 | refused 603 r4 "Replaces: old-{rand};to-tag={old};from-tag=fold"
	} | say udp
	[ "$(nsessions)" -eq 1 ]
	log .event | grep -q replaced
	stop
}

@test "RTP ports run out: 503, not half an answer" {
	listen --rtp-ports $RTP-$((RTP + 3))
	{ offer 9000 9002 | invite one 1; echo "expect 200"; learn; ack one 1
	  offer 9004 9006 | invite two 1; echo "expect 503"
	  bye one 2
	} | say udp
	stop
}

@test "64 m-lines are taken, four of different kinds are all answered" {
	listen
	{ offer $(seq 9000 2 9126) | VIA=TCP invite many 1
	  echo "expect 200"; learn; VIA=TCP ack many 1; VIA=TCP bye many 2
	} | say tcp
	[ "$(grep -c "^m=audio [1-9]" said.txt)" -eq 64 ]
	{ { offer 9000 9002
	    printf '%s\n' "m=video 9004 RTP/AVP 96" a=label:3 \
		"a=rtpmap:96 H264/90000" "m=application 9006 TCP/BFCP *" \
		"m=image 9008 udptl t38" "m=audio 0 RTP/AVP 0" a=label:9
	  } | invite kinds 1
	  echo "expect 200"; learn; ack kinds 1; bye kinds 2
	} | say udp
	[ "$(grep "^m=" said.txt | tr -d '\r' | sed 's/ [0-9]*/ PORT/' |
	    paste -sd /)" = \
	    "m=audio PORT RTP/AVP 0/m=audio PORT RTP/AVP 0/m=video PORT RTP/AVP 96/m=application PORT TCP/BFCP */m=image PORT udptl t38/m=audio PORT RTP/AVP 0" ]
	[ "$(grep -c "^m=.* 0 " said.txt)" -eq 4 ]
	grep -q "^a=label:9" said.txt
	stop
}

@test "the answer's direction, to every direction of an offer" {
	local dir
	listen
	for dir in sendonly sendrecv recvonly inactive; do
		DIR=$dir offer 9000 | invite $dir 1
		echo "expect 200"; learn; ack $dir 1; bye $dir 2
	done | say udp
	[ "$(grep -oE "^a=(recvonly|inactive|sendonly|sendrecv)" said.txt |
	    paste -sd ' ')" = "a=recvonly a=recvonly a=inactive a=inactive" ]
	stop
}

@test "Record-Route comes back in order; Session-ID names both ends" {
	listen
	{ offer 9000 | invite rr 1 "Record-Route: <sip:p2@127.0.0.1:{port};lr>, <sip:p1@127.0.0.1:{port};lr;x=1>" \
	    "Record-Route: <sip:p0@127.0.0.1:{port};lr>" \
	    "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000"
	  echo "expect 200"; learn; ack rr 1; bye rr 2
	} | say udp
	[ "$(grep "^Record-Route" said.txt | grep -o "p[0-9]@" | paste -sd ' ')" = \
	    "p2@ p1@ p0@" ]
	grep -q "^Session-ID: [0-9a-f]\{32\};remote=ab30317f1a784dc48ff824d0d3715d86" said.txt
	stop
}
