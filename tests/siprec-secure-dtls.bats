# DTLS-SRTP and ICE: handshakes in both roles, with ours and with OpenSSL, who
# is not who his fingerprint says, and where RTCP goes.
load lib/secure

setup_file() {
	pki "$BATS_FILE_TMPDIR/pki"
	cd "$BATS_FILE_TMPDIR" || return 1
	known 2
}
setup() { setup_secure; }
teardown() {
	teardown_secure
	kill $PEER 2>/dev/null || true
}

# A peer by hand, with OpenSSL's DTLS on MEDIA_PORT.
PROFILES=SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM
EXPORT="-keymatexport EXTRACTOR-dtls_srtp -keymatexportlen 60"

print_of() {	# print_of NAME: what stands in a=fingerprint
	openssl x509 -in $PKI/$1.pem -noout -fingerprint -sha256 |
	    sed 's/.*=/sha-256 /'
}

# ask CALL CERTIFICATE SETUP [line]...: an offer of DTLS, answered with 200;
# THEIRS becomes the port of media.
ask() {
	local call=$1 cert=$2 role=$3
	shift 3
	PROFILE=UDP/TLS/RTP/SAVP offer a=rtcp-mux "a=setup:$role" \
	    "a=fingerprint:$(print_of $cert)" "$@" | request INVITE $call 1
	tell
	expect 200
	THEIRS=$(sed -n 's/^m=audio \([0-9]*\) .*/\1/p' heard.txt)
	[ "${THEIRS:-0}" -gt 0 ]
	TO_TAG=$(tag) request ACK $call 1 </dev/null
	tell
}

# The server ends the call: its BYE, and its reason.
bye_heard() {
	hear
	head -1 heard.txt | grep "^BYE "
	field Reason | grep 'text="fingerprint"'
}

@test "both roles, on one port and on two: the samples that were sent" {
	listen_tls
	for how in dtls "dtls --rtcp-mux" dtls:active \
	    "dtls:active --rtcp-mux" dtls:passive "dtls:passive --rtcp-mux"; do
		rm -rf out
		replay 0 --tls-ca $PKI/ca.pem --wav 1=$KNOWN/known.wav \
		    --duration 3 --srtp $how
		until_true 2 grep -rq '"event":"end"' out
		echo "$how"
		came $(session)/1.wav
		[ "$(log 'select(.event == "end") | .streams[0].lost')" = 0 ]
		run ! grep -r -e unauthentic -e '"event":"warn"' out
	done
	stop
	run ! grep -q '"event":"warn"' events.jsonl
}

@test "RTCP goes both ways under keys of its own, or those of RTP" {
	listen_tls
	for how in dtls:passive "dtls:active --rtcp-mux"; do
		replay 0 --tls-ca $PKI/ca.pem --duration 6 --srtp $how
		[ "$(jq 'select(.event == "summary") | .rtcp_heard' \
		    replay.jsonl)" -gt 0 ]
	done
	stop
}

@test "what was kept of it in the clear gives the same again" {
	listen_tls --keep-rtp
	replay 0 --tls-ca $PKI/ca.pem --srtp dtls,sdes,none --streams 3 \
	    --duration 3
	stop
	siprec-extract -q -o again $(session)/rtp.pcap
	for f in 1.wav 2.wav 3.wav metadata.xml sdp-0001.sdp sdp-0002.sdp; do
		cmp $(session)/$f again/*/$f
	done
	diff <(jq -c 'del(.frame, .transport)' $(session)/session.jsonl) \
	    <(jq -c 'del(.frame, .transport)' again/*/session.jsonl)
}

@test "a capture of the wire is opened with the key log of the client" {
	[ "$(id -u)" -eq 0 ] || skip "nobody lets us see the wire"
	listen tcp:127.0.0.1:0
	tap lo "port $PORT or portrange $RTP-$((RTP + 198))" wire.pcap \
	    >tap.txt 3>&- &
	PEER=$!
	until_true 3 grep -q ready tap.txt || skip "nobody lets us see the wire"
	for how in "dtls:active --rtcp-mux" dtls:passive; do
		SSLKEYLOGFILE=keys.txt TRANSPORT=tcp replay 0 --srtp $how \
		    --wav 1=$KNOWN/known.wav --duration 3
	done
	stop
	sleep 0.3
	kill $PEER
	wait $PEER || true
	siprec-extract -q -o opened --keylog keys.txt wire.pcap
	ls opened
	[ "$(ls opened | wc -l)" -eq 2 ]
	for d in opened/*; do
		came $d/1.wav
		run ! grep -e unauthentic -e '"event":"warn"' $d/session.jsonl
	done
	siprec-extract -q -o closed wire.pcap
	[ "$(cat closed/*/session.jsonl | grep -c R7866-12.2-1)" -eq 2 ]
	[ "$(find closed -name '*.wav' | wc -l)" -eq 0 ]
}

@test "re-INVITEs keep the association, new ports make a new one" {
	listen_tls
	for how in "dtls --flow pause-resume" "dtls:passive --flow new-port" \
	    "dtls:active --flow new-port" "dtls --flow new-key"; do
		rm -rf out
		replay 0 --tls-ca $PKI/ca.pem --duration 3 --srtp $how
		until_true 2 grep -rq '"event":"end"' out
		echo "$how"
		[ "$(log 'select(.event == "end") | [.streams[].packets] |
		    add')" -eq "$(jq 'select(.event == "summary") | .packets' \
		    replay.jsonl)" ]
		run ! grep -r -e unauthentic -e R5763 -e '"rule":"dtls"' out
	done
	stop
}

@test "a server that was killed shakes hands anew, and goes on" {
	local how
	for how in dtls dtls:active; do
		rm -rf out db*
		listen tcp:127.0.0.1:0 -l udp:127.0.0.1:0 --store sqlite:db
		siprec-replay --json --t1 100 --udp-only --duration 6 \
		    --srtp $how sip:rec@127.0.0.1:$PORT >replay.jsonl \
		    2>replay.txt 3>&- &
		PEER=$!
		until_true 3 eval 'test -e out/*/2.wav'
		sleep 1
		kill -9 $LISTEN
		wait $LISTEN || true
		listen udp:127.0.0.1:$PORT --store sqlite:db
		wait $PEER
		stop
		echo "$how"
		log 'select(.event == "end") | .streams[] | .lost' |
		    while read -r lost; do
			[ $lost -gt 0 ] && [ $lost -lt 150 ] || exit 1
		done
		[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
		[ "$(log 'select(.event == "end") | .streams[0].packets')" \
		    -ge 120 ]
		run ! grep -r -e unauthentic -e rtpdump out/*/session.jsonl
	done
}

@test "a wrong fingerprint, whoever is active: no sample, a word in the log, the end" {
	listen_tls
	for how in dtls dtls:active dtls:passive; do
		rm -rf out
		replay 1 --tls-ca $PKI/ca.pem --duration 5 --srtp $how \
		    --wrong-fingerprint
		until_true 2 grep -rq '"event":"end"' out
		echo "$how"
		[ "$(log 'select(.event == "end") | .reason')" = bye-server ]
		[ "$(log 'select(.event == "end") | [.streams[].packets] |
		    add')" = 0 ]
		[ "$(find out -name '*.wav' | wc -l)" = 0 ]
		[ "$(log 'select(.event == "warn") | .rule' | sort -u)" = \
		    R5763-5 ]
	done
	stop
}

@test "one wrong stream goes, the others stay" {
	listen_tls
	replay 1 --tls-ca $PKI/ca.pem --duration 3 --srtp dtls,sdes \
	    --wrong-fingerprint
	until_true 2 grep -rq '"event":"end"' out
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	[ "$(log 'select(.event == "end") | .streams[0].packets')" = 0 ]
	[ "$(log 'select(.event == "end") | .streams[1].packets')" -ge 140 ]
	grep "^m=audio 0 " $(session)/sdp-0003.sdp
	stop
}

@test "siprec-replay sends nothing to a server with a wrong fingerprint" {
	listen tcp:127.0.0.1:0
	mkfifo back
	# Who stands between changes four digits of what the server says.
	nc -l 127.0.0.1 $((RTP + 199)) <back 3>&- | nc 127.0.0.1 $PORT 3>&- |
	    sed -u 's/^\(a=fingerprint:sha-256 ..:\)..:..:/\100:00:/' \
	    >back 3>&- &
	PEER=$!
	sleep 0.3
	PORT=$((RTP + 199)) TRANSPORT=tcp replay 1 --srtp dtls:passive
	grep -q "certificate does not have its fingerprint" replay.txt
	[ "$(jq 'select(.event == "summary") | .packets' replay.jsonl)" = 0 ]
	stop
}

@test "OpenSSL as the client: keys agreed, of a profile that it offers" {
	listen tcp:127.0.0.1:0
	dial
	ask client-1 a active
	grep -q ^a=setup:passive heard.txt || grep -q ^a=setup:passive \
	    out/*/sdp-0002.sdp
	(sleep 1) | timeout 5 openssl s_client -dtls1_2 \
	    -connect 127.0.0.1:$THEIRS -cert $PKI/a.pem -key $PKI/a.key \
	    -use_srtp $PROFILES $EXPORT >client.txt 2>&1 || true
	grep -q "profile=SRTP_AES128_CM_SHA1_80" client.txt
	secret=$(sed -n 's/.*Keying material: //p' client.txt)
	[ ${#secret} -eq 120 ]
	stop
	run ! grep -q '"event":"warn"' events.jsonl
	run ! grep -rFai "${secret:0:32}" out events.jsonl words.txt
	run ! grep -rFa "$(printf %b "$(sed 's/../\\x&/g' <<<${secret:0:32})" |
	    tr -d '\0')" out events.jsonl words.txt
}

@test "OpenSSL as the server" {
	openssl s_server -dtls1_2 -accept 127.0.0.1:$((RTP + 199)) \
	    -cert $PKI/b.pem -key $PKI/b.key -use_srtp $PROFILES $EXPORT \
	    -Verify 1 >server.txt 2>&1 3>&- < <(sleep 20) &
	PEER=$!
	sleep 0.3
	listen tcp:127.0.0.1:0
	dial
	MEDIA_PORT=$((RTP + 199)) ask server-1 b passive
	until_true 3 grep -q "Keying material: " server.txt
	grep -q "profile=SRTP_AES128_CM_SHA1_80" server.txt
	kill $PEER
	stop
	grep -q ^a=setup:active out/server-1/sdp-0002.sdp
	run ! grep -q '"event":"warn"' events.jsonl
}

@test "OpenSSL with another certificate than it said: BYE, and why" {
	listen tcp:127.0.0.1:0
	dial
	ask client-2 a active
	(sleep 1) | timeout 5 openssl s_client -dtls1_2 \
	    -connect 127.0.0.1:$THEIRS -cert $PKI/b.pem -key $PKI/b.key \
	    -use_srtp $PROFILES >client.txt 2>&1 || true
	grep -q "alert" client.txt
	bye_heard
	grep -q '"rule":"R5763-5"' out/client-2/session.jsonl
	stop
}

@test "a stranger with a wrong certificate changes nothing" {
	listen tcp:127.0.0.1:0
	dial
	ask client-3 a active "c=IN IP4 127.0.0.9"
	(sleep 0.5) | timeout 5 openssl s_client -dtls1_2 \
	    -connect 127.0.0.1:$THEIRS -cert $PKI/b.pem -key $PKI/b.key \
	    -use_srtp $PROFILES >client.txt 2>&1 || true
	until_true 2 grep -q "a stranger's DTLS" out/client-3/session.jsonl
	(sleep 1) | timeout 5 openssl s_client -dtls1_2 \
	    -connect 127.0.0.1:$THEIRS -cert $PKI/a.pem -key $PKI/a.key \
	    -use_srtp $PROFILES >client.txt 2>&1 || true
	grep -q "profile=SRTP_AES128_CM_SHA1_80" client.txt
	WAIT=0.3 hear
	[ $STATUS = none ]
	stop
}

@test "a peer that agrees to no SRTP gets none" {
	listen tcp:127.0.0.1:0
	dial
	ask client-4 a active
	(sleep 1) | timeout 5 openssl s_client -dtls1_2 \
	    -connect 127.0.0.1:$THEIRS -cert $PKI/a.pem -key $PKI/a.key \
	    >client.txt 2>&1 || true
	bye_heard
	stop
}

@test "--srtp off refuses it, require takes it" {
	listen tcp:127.0.0.1:0 --srtp off
	dial
	PROFILE=UDP/TLS/RTP/SAVP offer a=setup:actpass \
	    "a=fingerprint:$(print_of a)" | request INVITE off 1
	tell
	expect 488
	stop
	listen tcp:127.0.0.1:0 --srtp require
	dial
	ask require a actpass
	stop
	grep -q ^a=setup:active out/require/sdp-0002.sdp
	grep -q ^a=rtcp-mux out/require/sdp-0002.sdp
	run ! grep -q ^a=connection out/require/sdp-0002.sdp
}

@test "ICE: checks with our password are answered, others are not" {
	listen tcp:127.0.0.1:0
	dial
	offer a=rtcp-mux a=ice-ufrag:theirs \
	    a=ice-pwd:abcdefghijklmnopqrstuvwx \
	    "a=candidate:1 1 UDP 2130706431 127.0.0.1 9000 typ host" |
	    request INVITE ice-1 1
	tell
	expect 200
	ufrag=$(sed -n 's/^a=ice-ufrag://p' heard.txt)
	pwd=$(sed -n 's/^a=ice-pwd://p' heard.txt)
	port=$(sed -n 's/^m=audio \([0-9]*\) .*/\1/p' heard.txt)
	grep -q ^a=ice-lite heard.txt
	[ "$(grep -c ^a=candidate heard.txt)" = 1 ]
	grep -q "^a=candidate:.* 127.0.0.1 $port typ host" heard.txt
	icecheck $port $ufrag $pwd
	icecheck -n $port $ufrag $pwd
	run ! icecheck $port $ufrag ${pwd}x
	run ! icecheck $port x$ufrag $pwd
	run ! grep -r "$pwd" out
	stop
}

# rtcp_at PORT LINE...: what came there within five seconds of such an offer.
rtcp_at() {
	local port=$1
	shift
	timeout 5 nc -u -l 127.0.0.1 $port >rtcp.bin 3>&- &
	PEER=$!
	sleep 0.2
	CALLS=$((CALLS + 1))
	MEDIA_PORT=$((RTP + 190)) offer "$@" | request INVITE rtcp-$CALLS 1
	tell
	expect 200
	TO_TAG=$(tag) request ACK rtcp-$CALLS 1 </dev/null
	tell
	until_true 5 test -s rtcp.bin
	# RR without and with a report: version 2, type 201
	[ "$(head -c 2 rtcp.bin | od -An -tx1 | tr -d ' \n')" = 80c9 ]
	kill $PEER
}

@test "RR go to a=rtcp, to the next port, or to that of RTP where it is shared" {
	listen tcp:127.0.0.1:0
	dial
	PROFILE=RTP/AVPF rtcp_at $((RTP + 195)) a=rtcp:$((RTP + 195))
	PROFILE=RTP/AVPF rtcp_at $((RTP + 191))
	PROFILE=RTP/AVP rtcp_at $((RTP + 190)) a=rtcp-mux
	grep -q ^a=rtcp-mux heard.txt
	stop
}
