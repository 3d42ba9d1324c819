# siprec-replay and a server of another make, SIPp: one that does all well, and
# ones that do not.  Each call ends in bounded time, with a clear word.
load lib/sipp

setup() { setup_sipp; }
teardown() { teardown_sipp; }

# sent FROM TO: so many packets of media, in all calls
sent() {
	local n
	n=$(jq 'select(.event == "summary") | .packets' replay.jsonl)
	[ "$n" -ge $1 ] && [ "$n" -le $2 ] && return 0
	echo "$n packets, not $1 to $2"
	return 1
}

@test "a plain call, over UDP and over TCP" {
	for TRANSPORT in udp tcp; do
		{ takes; ends; } | serve
		replay 0 --duration 1
		served
		sent 100 104
	done
}

@test "401 and 407: credentials, once" {
	local ask='Digest realm="srs", nonce="n1", qop="auth", algorithm='
	{ hear INVITE
	    say "407 Who" "Proxy-Authenticate: ${ask}SHA-256" </dev/null
	    hear ACK
	    takes Proxy-Authorization; ends; } | serve
	echo pw >pw
	replay 0 --duration 1 --user alice --password-file pw
	served
	# Whoever is refused with good words does not try for ever.
	{ hear INVITE
	    say "401 Who" "WWW-Authenticate: ${ask}SHA-256" </dev/null
	    hear ACK; hear INVITE
	    say "401 Who" "WWW-Authenticate: ${ask}SHA-256" </dev/null
	    hear ACK; } | serve
	replay 1 --duration 1 --user alice --password-file pw
	served
	why | grep -q "INVITE is answered 401"
	# MD5 alone is answered where that is allowed.
	for md5 in "" --md5; do
		{ hear INVITE
		    say "401 Who" "WWW-Authenticate: ${ask}MD5" </dev/null
		    hear ACK; [ -z "$md5" ] || { takes; ends; }; } | serve
		replay $([ -z "$md5" ] && echo 1 || echo 0) --duration 1 \
		    --user alice --password-file pw $md5
		served
	done
}

@test "302: the call is made where the Contact says" {
	{ hear INVITE
	    say "302 Moved" "Contact: <sip:rec@127.0.0.1:$((PORT + 1));transport=udp>" \
	        </dev/null | sed '/+sip.srs/d'
	    hear ACK; } | serve
	{ takes; ends; } | AT=$((PORT + 1)) serve
	replay 0 --flow redirect --duration 1
	served
}

@test "302 from one to the other and back comes to an end" {
	local n
	for n in 1 2 3 4 5 6; do
		hear INVITE
		say "302 Moved" "Contact: <sip:rec$n@127.0.0.1:$PORT;transport=udp>" \
		    </dev/null | sed '/+sip.srs/d'
		hear ACK
	done | serve
	replay 1 --flow redirect
	served
	why | grep -q "INVITE is answered 302"
}

@test "503 with Retry-After: again when that says" {
	{ hear INVITE; say "503 Full" "Retry-After: 2" </dev/null
	    hear ACK; } | serve
	timeout 30 siprec-replay --json --t1 50 --udp-only --flow retry-after \
	    --duration 1 "sip:rec@127.0.0.1:$PORT;transport=udp" \
	    >replay.jsonl 2>replay.txt 3>&- &
	local client=$!
	served
	{ takes; ends; } | serve
	wait $client
	served
	[ "$(jq 'select(.event == "call") | .setup_ms > 1900' \
	    replay.jsonl)" = true ]
}

@test "503 without, 486, 488, 603: refused, and said so" {
	for status in 503 486 488 603; do
		{ hear INVITE; say "$status No" </dev/null; hear ACK; } | serve
		replay 1 --duration 1
		served
		[ "$(jq 'select(.event == "call") | .status' replay.jsonl)" \
		    -eq $status ]
		why | grep -q "INVITE is answered $status No"
		[ "$(jq -c 'select(.event == "summary") | .failures' \
		    replay.jsonl)" = "{\"$status\":1}" ]
	done
}

@test "491 to a re-INVITE: again after a while" {
	{ takes; hear INVITE; again "491 Later" </dev/null; hear ACK
	    hear INVITE; sdp 2 recvonly | again "200 OK"; hear ACK
	    ends; } | serve
	replay 0 --flow late-metadata --duration 8
	served
}

@test "a server that never answers: timeout" {
	{ hear INVITE; pause 6000; } | serve
	local begun=$SECONDS
	replay 1 --duration 1
	why | grep -q "no answer to INVITE: timeout"
	[ $((SECONDS - begun)) -le 6 ]
}

@test "a server that is not there: at once" {
	local begun=$SECONDS
	replay 1 --duration 1
	why | grep -q "no answer to INVITE"
	TRANSPORT=tcp replay 1 --duration 1
	why | grep -q "no answer to INVITE: transport"
	[ $((SECONDS - begun)) -le 6 ]
}

@test "a server that rings for ever is not waited for for ever" {
	{ hear INVITE; say "180 Ringing" </dev/null; hear CANCEL
	    again "200 OK" </dev/null; } | serve
	timeout -s INT 2 siprec-replay --json --t1 50 --udp-only \
	    "sip:rec@127.0.0.1:$PORT;transport=udp" >replay.jsonl \
	    2>replay.txt || true
	served
}

@test "a server that dies in mid-call: BYE has no answer" {
	takes | serve
	replay 1 --duration 2
	why | grep -q "did not answer BYE"
	for TRANSPORT in tcp; do
		{ takes; ends; } | serve
		( sleep 1; fell ) 3>&- &
		replay 1 --duration 2
		why | grep -q "did not answer BYE"
	done
}

@test "garbage is no answer, and an answer without SDP is none" {
	{ hear INVITE
	    printf '%s\n' '<send><![CDATA[' '' 'SIP/2.0 200 OK' \
	        'this is no header' ']]></send>' '<send><![CDATA[' '' \
	        'SIP/2.0 200 OK' '[last_Via:]' '' 'v=0' ']]></send>'
	    sdp 1 recvonly | say "200 OK"; hear ACK; pause 500; ends; } | serve
	for junk in '' '\0' '%%%' 'SIP/2.0' 'BYE\r\n\r\n' '\377\376\r\n' \
	    'INVITE sip:x SIP/2.0\r\n\r\n' 'SIP/2.0 999 X\r\n\r\n'; do
		printf "$junk" >junk
		sleep 0.7
		cat junk 2>/dev/null >/dev/udp/127.0.0.1/$((PORT + 1)) || true
	done 3>&- &
	replay 0 --duration 2 -l udp:127.0.0.1:$((PORT + 1))
	served
	{ hear INVITE; say "200 OK" </dev/null; hear ACK; ends; } | serve
	replay 1 --duration 1
	served
	why | grep -q "the 200 has no SDP answer"
	{ hear INVITE; echo "this is no SDP" | say "200 OK"; hear ACK
	    ends; } | serve
	replay 1 --duration 1
	served
	why | grep -q "the answer is no SDP"
	{ hear INVITE; sdp 1 recvonly | head -8 | say "200 OK"; hear ACK
	    ends; } | serve
	replay 1 --duration 1
	served
	why | grep -q "the answer has 1 m-lines, not the 2"
}

@test "BYE of the server ends the call" {
	{ takes; pause 700; ask BYE 1 "Reason: SIP;cause=200;text=stopped" \
	    </dev/null; hears 200; } | serve
	replay 0 --flow srs-stop --duration 5
	served
	[ "$(jq 'select(.event == "call") | .duration < 2' replay.jsonl)" = true ]
}

# reinvite CSEQ VERSION DIRECTION [PORT2]
reinvite() {
	sdp $2 $3 ${4-} | ask INVITE $1
	hears 200
	ask ACK $1 </dev/null
}

@test "re-INVITEs of the server: inactive, recvonly, and port 0" {
	{ takes; pause 500; reinvite 1 2 inactive; pause 1500
	    reinvite 2 3 recvonly; ends; } | serve
	replay 0 --flow srs-pause --duration 4
	served
	# 1.5 of 4 s were paused.
	sent 240 270
	{ takes; pause 500; reinvite 1 2 recvonly 0; ends; } | serve
	replay 0 --flow srs-drop --duration 3
	served
	sent 170 190
}

@test "a re-INVITE of the server that adds a stream breaks a rule" {
	{ takes; pause 300
	    { sdp 2 recvonly; printf '%s\n' "m=audio 23454 RTP/AVP 0" a=recvonly
	    } | ask INVITE 1; hears 200; ask ACK 1 </dev/null
	    ends; } | serve
	replay 1 --flow srs-pause --duration 2
	served
	jq -r 'select(.event == "call") | .broken[].rule' replay.jsonl |
	    grep -qx R7866-7.2-5
}

@test "load: fifty calls, over UDP and over TCP" {
	for TRANSPORT in udp tcp; do
		{ takes; ends; } | CALLS=50 serve
		replay 0 --calls 50 --rate 50 --duration 1
		served
		[ "$(jq 'select(.event == "summary") | .failed' replay.jsonl)" \
		    -eq 0 ]
		sent 5000 5200
	done
}

@test "load: a server that fails some calls has these counted" {
	{ hear INVITE
	    say "503 Full" </dev/null
	    hear ACK; } | CALLS=5 serve
	replay 1 --calls 5 --rate 50 --duration 1
	served
	[ "$(jq -c 'select(.event == "summary") | [.failed, .failures]' \
	    replay.jsonl)" = '[5,{"503":5}]' ]
	[ "$(jq 'select(.event == "call" and .ok == false)' replay.jsonl |
	    grep -c why)" -eq 5 ]
}
