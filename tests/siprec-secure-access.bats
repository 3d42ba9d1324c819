# Who may call, how often, and what strangers can do to somebody's call: not a
# thing.
load lib/secure

setup_file() { pki "$BATS_FILE_TMPDIR/pki"; }
setup() { setup_secure; }
teardown() { teardown_secure; }

@test "--allow: other addresses get 403" {
	TRANSPORT=tcp
	listen sip:127.0.0.1:0 --allow 192.0.2.0/24
	replay 1
	[ "$(jq 'select(.event == "call") | .status' replay.jsonl)" = 403 ]
	stop
	listen sip:127.0.0.1:0 --allow 192.0.2.0/24 --allow 127.0.0.0/8
	replay 0
	stop
}

@test "--allow-identity: by the name of the certificate, or by the digest user" {
	listen_tls --tls-verify-client --allow-identity 'sip:*.example.com' \
	    --allow-identity 'sip:other.example.org'
	replay 0 $(as client)
	stop
	listen_tls --tls-verify-client --allow-identity sip:sbc.example.com
	replay 0 $(as client)
	replay 1 $(as client2)
	stop
	printf '%s\n' "alice:siprec:SHA-256:$(sha alice:siprec:pw)" \
	    "bob:siprec:SHA-256:$(sha bob:siprec:pw)" >users
	echo pw >pw
	TRANSPORT=tcp
	listen sip:127.0.0.1:0 --auth users --allow-identity 'al*'
	replay 0 --user alice --password-file pw
	replay 1 --user bob --password-file pw
	stop
	[ "$(nsessions)" -eq 3 ]
}

@test "--require-tls: the others get 403" {
	listen sip:127.0.0.1:0 --require-tls
	TRANSPORT=tcp replay 1
	TRANSPORT=udp replay 1
	stop
	listen_tls --require-tls
	replay 0 --tls-ca $PKI/ca.pem
	stop
	[ "$(nsessions)" -eq 1 ]
}

@test "--trusted: its P-Asserted-Identity is in the log, that of others is not" {
	for net in 127.0.0.1 192.0.2.0/24; do
		listen tcp:127.0.0.1:0 --trusted $net
		dial
		offer | request INVITE pai-$net 1 \
		    'P-Asserted-Identity: "Bob" <sip:bob@example.com>'
		sed -i "s/pai-192.0.2.0.24/pai-2/" request.txt
		tell; expect 200
		exec 7>&-
		stop
	done
	[ "$(jq -r 'select(.event == "begin") | .asserted // "none"' \
	    events.jsonl | tr '\n' ' ')" = "sip:bob@example.com none " ]
	[ "$(jq -r 'select(.event == "warn") | .rule' events.jsonl |
	    grep -c R3325-5)" -eq 1 ]
}

# A call over TLS by $PKI/client.pem, until BACKGROUND is done.
long_call() {
	siprec-replay --json --duration ${1:-4} $(as client) \
	    "sip:rec@127.0.0.1:$PORT;transport=tls" >replay.jsonl \
	    2>replay.txt 3>&- &
	BACKGROUND=$!
	until_true 3 sh -c "test -e out/*/rtp.pcap"
	sleep 0.3
	LC_ALL=C tr -d '\r' <$(echo out/*/rtp.pcap) | LC_ALL=C grep -a -A9 \
	    "SIP/2.0 200" | head -12 >two-hundred
	CALL=$(sed -n 's/^Call-ID: //p' two-hundred | head -1)
	THEIRS=$(sed -n 's/^From:.*;tag=\([^;]*\).*/\1/p' two-hundred | head -1)
	OURS=$(sed -n 's/^To:.*;tag=\([^;]*\).*/\1/p' two-hundred | head -1)
	[ -n "$CALL" ] && [ -n "$THEIRS" ] && [ -n "$OURS" ]
}

# stranger [s_client option]...: request.txt over a TLS connection of its own
stranger() {
	client "$@" <request.txt >answer.txt || true
}

@test "who knows Call-ID and tags, but not the key, changes nothing" {
	listen "tcp:127.0.0.1:0" -l tls:127.0.0.1:0 \
	    --tls-cert $PKI/server.pem --tls-key $PKI/server.key \
	    --tls-ca $PKI/ca.pem --tls-verify-client --keep-rtp
	TCP=$(sed -n 's/.*listening on tcp:.*:\([0-9]*\)$/\1/p' words.txt)
	long_call 11
	other="-cert $PKI/client2.pem -key $PKI/client2.key"
	for m in BYE CANCEL ACK UPDATE INVITE INFO; do
		FROM_TAG=$THEIRS TO_TAG=$OURS BRANCH=x$m VIA=TLS \
		    request $m "$CALL" 4$((RANDOM % 1000)) < <([ $m = BYE ] ||
		    MEDIA_PORT=1 SDP_VERSION=9 offer a=inactive)
		stranger $other
		dial $TCP; tell; WAIT=0.3 hear; exec 7>&-
		run ! grep "^SIP/2.0 2" answer.txt heard.txt
	done
	offer | VIA=TLS request INVITE thief 1 \
	    "Replaces: $CALL;to-tag=$OURS;from-tag=$THEIRS"
	stranger $other
	grep -q "^SIP/2.0 403" answer.txt
	wait $BACKGROUND
	stop
	[ "$(nsessions)" -eq 1 ]
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	[ "$(log 'select(.event == "end") | .duration > 10.9')" = true ]
	[ "$(log 'select(.event == "end") | [.streams[].lost] | add')" -eq 0 ]
	[ "$(jq -r 'select(.event == "pause" or .event == "replaced")' \
	    events.jsonl)" = "" ]
	[ "$(jq -r 'select(.event == "warn") | .rule' events.jsonl |
	    grep -c identity)" -ge 6 ]
}

@test "who does not know the tags changes nothing, on whatever transport" {
	TRANSPORT=tcp
	listen sip:127.0.0.1:0 --keep-rtp
	siprec-replay --json --duration 4 "sip:rec@127.0.0.1:$PORT" \
	    >replay.jsonl 3>&- &
	BACKGROUND=$!
	until_true 3 sh -c "test -s out/*/session.jsonl"
	CALL=$(head -1 out/*/session.jsonl | jq -r .call_id)
	dial
	for m in BYE CANCEL ACK UPDATE INVITE INFO; do
		FROM_TAG=no TO_TAG=such BRANCH=y$m \
		    request $m "$CALL" 4$((RANDOM % 1000)) < <([ $m = BYE ] ||
		    MEDIA_PORT=1 offer a=inactive)
		tell
		WAIT=0.3 hear
		run ! grep "^SIP/2.0 2" heard.txt
	done
	# RTP from elsewhere, to the ports of the call
	for port in $(jq -r 'select(.event == "answer") | .mlines[].port' \
	    out/*/session.jsonl); do
		for i in $(seq 1 50); do
			printf '\x80\x00\x00\x0%x\x00\x00\x00\x00zzzz%0160d' \
			    $((i % 16)) 7 >/dev/udp/127.0.0.1/$port || true
		done
	done
	wait $BACKGROUND
	stop
	[ "$(nsessions)" -eq 1 ]
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	# A hundred of theirs would show; what replay counts is near enough.
	heard=$(log 'select(.event == "end") | [.streams[].packets] | add')
	said=$(jq 'select(.event == "summary") | .packets' replay.jsonl)
	[ $((heard - said)) -le 2 ]
	[ $((said - heard)) -le 2 ]
	[ "$(log 'select(.event == "end") | [.streams[].lost] | add')" -eq 0 ]
}

@test "--rate: more calls at once of one address get 503" {
	listen tcp:127.0.0.1:0 --rate 3
	dial
	got=
	for i in 1 2 3 4 5; do
		offer | request INVITE rate$i 1; tell; hear
		got="$got $STATUS"
	done
	[ "$got" = " 200 200 200 503 503" ]
	sleep 1.1
	offer | request INVITE rate6 1; tell; expect 200
	exec 7>&-
	stop
}

@test "thirty wrong passwords in a minute, and the address is not asked again" {
	echo "alice:siprec:SHA-256:$(sha alice:siprec:wonder)" >users
	listen tcp:127.0.0.1:0 --auth users
	dial
	for i in $(seq 1 30); do
		request OPTIONS try $i "$(answer OPTIONS alice wrong x 00000001)"
		tell; expect 401
	done
	request OPTIONS try 31 "$(answer OPTIONS alice wrong x 00000001)"
	tell; expect 403
	stop
}

@test "over UDP nobody gets much more than was sent in his name" {
	echo "alice:siprec:SHA-256:$(sha alice:siprec:wonder)" >users
	listen udp:127.0.0.1:0 --auth users
	VIA=UDP
	for m in INVITE OPTIONS SUBSCRIBE BYE FOO; do
		request $m amplify-$m 1 </dev/null
		sed -i 's/;rport//' request.txt
		nc -u -p $((RTP + 199)) -w 3 127.0.0.1 $PORT <request.txt >answer.txt
		sed -i 's/127.0.0.1:9/127.0.0.1:'$((RTP + 199))'/' request.txt
		nc -u -p $((RTP + 199)) -w 3 127.0.0.1 $PORT <request.txt >>answer.txt
		sent=$(wc -c <request.txt) got=$(wc -c <answer.txt)
		echo "$m: $sent bytes in, $got out"
		[ $got -gt 0 ]
		[ $got -le $((3 * sent)) ]
	done
	stop
}

@test "half a message is waited for, but not for ever" {
	listen tcp:127.0.0.1:0
	dial
	printf 'OPTIONS sip:a SIP/2.0\r\n' >&7
	t0=$(date +%s)
	read -r -t 30 <&7 || true
	t=$(($(date +%s) - t0))
	[ $t -ge 15 ] && [ $t -le 25 ]
	stop
}
