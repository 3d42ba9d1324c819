# siprec-listen and bytes that are hostile: RFC 4475, TCP in pieces, slow lorises.
load lib/listen

setup() { setup_listen; }
teardown() { teardown_listen; }

# alive: a call goes through, whatever came before.
alive() {
	{ offer '{rtp}' | invite "alive$1" 1; echo "expect 200"; learn
	  ack "alive$1" 1; bye "alive$1" 2; } | say udp
}

# tcp METHOD CALL CSEQ [header]...
tcp() { VIA=TCP request "$@"; }

@test "E36: byte by byte, split anywhere, and three requests in one write" {
	listen
	{ echo "chunk 1 0"
	  offer 9000 | VIA=TCP invite bytes 1
	  echo "expect 200"; learn
	  VIA=TCP ack bytes 1
	  echo "chunk 7 1"
	  TO_TAG={tag} tcp OPTIONS bytes 2 </dev/null
	  echo "expect 200"
	  echo "chunk 0 0"
	  VIA=TCP bye bytes 3
	} | say tcp
	for n in 1 2 3; do
		printf '%s\r\n' "OPTIONS $URI SIP/2.0" \
		    "Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKpipe$n;rport" \
		    "From: <sip:a@127.0.0.1>;tag=a" "To: <sip:b@127.0.0.1>" \
		    "Call-ID: pipe$n" "CSeq: $n OPTIONS" "Content-Length: 0" ""
	done >three
	{ echo "file three"; echo "expect 200"; echo "expect 200"
	  echo "expect 200"; } | say tcp
	stop
}

@test "E36: pings get pongs; no Content-Length gets 400 and the end" {
	listen
	{ echo 'raw \r\n\r\n'
	  echo "wait 200"
	  tcp OPTIONS after 1 </dev/null; echo "expect 200"
	  tcp OPTIONS nolength 1 </dev/null | grep -v ^Content-Length
	  echo "expect 400"; echo "closed 2000"
	} | say tcp
	stop
	# What came first from the server is a single CRLF.
	exec 4<>/dev/null
}

@test "E36: a connection that drops; the same dialog goes on over another" {
	listen
	{ offer '{rtp}' | VIA=TCP invite drop 1; echo "expect 200"; learn
	  echo "line at m=audio"
	  VIA=TCP ack drop 1
	  echo "rtp {at} 0x77 25"
	  echo close; echo "wait 100"; echo open
	  echo "rtp {at} 0x77 25"
	  TO_TAG={tag} tcp OPTIONS drop 2 </dev/null; echo "expect 200"
	  VIA=TCP bye drop 3
	} | say tcp
	[ "$(nsessions)" -eq 1 ]
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	stop
}

@test "a body that never comes, a length without end, a header of a megabyte" {
	listen
	rss=$(awk '/VmRSS/ { print $2 }' /proc/$LISTEN/status)
	{ TYPE=x tcp OPTIONS long 1 </dev/null |
	    sed 's/Length: 0/Length: 1000000000/'
	  echo "closed 3000"; } | say tcp
	{ echo 'raw OPTIONS sip:x SIP/2.0\r\nX: '; head -c 60000 /dev/zero |
	    tr '\0' x >big
	  for i in $(seq 40); do echo "file big"; done
	  echo "closed 3000"; } | say tcp
	alive 1
	[ "$(awk '/VmRSS/ { print $2 }' /proc/$LISTEN/status)" -lt \
	    $((rss + 16384)) ]
	stop
}

@test "E36: five hundred slow lorises hurt nobody" {
	local i
	listen
	for i in $(seq 500); do
		eval "exec $((i + 20))<>/dev/tcp/127.0.0.1/$PORT"
		printf 'OPTIONS sip:x SIP/2.0\r\nVia' >&$((i + 20))
	done
	alive 2
	replay --duration 1
	for i in $(seq 500); do
		eval "exec $((i + 20))>&-"
	done
	stop
}

@test "keep-alives over UDP are met with silence, rubbish too" {
	listen
	{ echo 'raw \r\n\r\n'; echo 'raw \0\0\0\0'; echo 'raw hello'
	  echo "none 300"; } | say udp
	alive 3
	stop
}

@test "RFC 4475: every message over UDP and TCP, and then a call" {
	local dir=$SIPREC_CORPUS/rfc4475 f name
	[ -d "$dir" ] || skip "SIPREC_CORPUS has no rfc4475"
	listen --strict
	for f in "$dir"/*.dat; do
		name=$(basename "$f" .dat)
		{ echo "file $f"; echo "wait 30"; echo "none 1"; } |
		    sipsay udp $PORT >/dev/null 2>&1 || true
		{ echo "file $f"; echo "wait 30"; } |
		    sipsay tcp $PORT >/dev/null 2>&1 || true
		kill -0 $LISTEN
	done
	[ "$(nsessions)" -eq 0 ]
	alive 4
	kill $WIRE || true
	WIRE=
	kill -TERM $LISTEN
	wait $LISTEN
}

@test "an address in use is said, with status 71; bad options with 64" {
	listen
	run siprec-listen -l sip:127.0.0.1:$PORT -o other
	[ "$status" -eq 71 ]
	run siprec-listen --rtp-ports nonsense
	[ "$status" -eq 64 ]
	stop
}
