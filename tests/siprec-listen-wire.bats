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
	grep -aq PONG said.txt
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
	unwatched	# what it answers cannot be told from half messages
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
	listen
	{ echo "lorises 500"; echo "wait 2500"; } | sipsay tcp $PORT &
	sleep 0.5
	alive 2
	replay --duration 1
	kill -0 %?lorises
	wait %?lorises
	stop
}

@test "keep-alives over UDP are met with silence, rubbish too" {
	listen
	{ echo 'raw \r\n\r\n'; echo 'raw \0\0\0\0'; echo 'raw hello'
	  echo "none 300"; } | say udp
	alive 3
	stop
}

# What each gets over TCP, where the answer comes back the way the message
# came; - is silence, / stands between what is as right.  Of two with the same
# transaction only the first counts, and a body that never comes is waited for.
TORTURE="badaspec=200/400 badbranch=200 baddate=403/400 badvers=505 bcast=-
    bigcode=- cparam01=405 esc01=403 intmeth=501 invut=415 longreq=403
    lwsruri=400 mismatch01=400 mismatch02=400/501 mpart01=405 multi01=400
    ncl=400 noreason=- quotbal=400 regbadct=405/400 scalar02=400 scalarlg=-
    semiuri=200 transports=200 trws=200/400 unkscm=416 unreason=-
    wsinvFixed=481/403 zeromf=200"

@test "RFC 4475: every message gets its answer, and a call goes on all along" {
	local dir=$SIPREC_CORPUS/hostile/rfc4475 t name want got
	[ -d "$dir" ] || skip "SIPREC_CORPUS is not set"
	listen --strict
	for t in $TORTURE; do
		name=${t%=*}
		want=${t#*=}
		# The lengths that they state are those with CRLF.
		grep -q $'\r' "$dir/$name.dat" && cp "$dir/$name.dat" msg ||
			sed 's/$/\r/' "$dir/$name.dat" >msg
		{ echo "file msg"; echo "expect SIP/2.0 150"; } |
		    sipsay tcp $PORT >got.txt 2>/dev/null || true
		got=$(grep -a "^SIP/2.0" got.txt | head -1 | cut -c9-11)
		[[ /$want/ = */${got:--}/* ]] ||
			echo "$name: ${got:--}, not $want" >>wrong.txt
		{ echo "file msg"; echo "wait 20"; } | sipsay udp $PORT
	done
	[ ! -e wrong.txt ] || cat wrong.txt
	[ ! -e wrong.txt ]
	[ "$(nsessions)" -eq 0 ]
	alive 4
	unwatched
	stop
}

# Over UDP the answer goes to the port that the message names, at the address
# that it came from: one of the loopback that nobody else has, for each its own,
# where no copies of other answers come.  A body that is too short is seen at
# once.
TORTURE_UDP="badaspec=200/400 badbranch=200 baddate=403/400 badvers=505 bcast=-
    bigcode=- clerr=400 cparam01=405 esc01=403 intmeth=501
    invut=415 longreq=403 lwsruri=400 mismatch01=400 mismatch02=400/501
    mpart01=405 multi01=400 ncl=400 noreason=- quotbal=400 regbadct=405/400
    scalar02=400 scalarlg=- semiuri=200 transports=200 trws=200/400
    unkscm=416 unreason=- wsinvFixed=481/403/400 zeromf=200"

@test "RFC 4475: the same over UDP, byte for byte" {
	local dir=$SIPREC_CORPUS/hostile/rfc4475 t name want got at n=0
	[ -d "$dir" ] || skip "SIPREC_CORPUS is not set"
	listen --strict
	for t in $TORTURE_UDP; do
		name=${t%=*}
		want=${t#*=}
		grep -q $'\r' "$dir/$name.dat" && cp "$dir/$name.dat" msg ||
			sed 's/$/\r/' "$dir/$name.dat" >msg
		n=$((n + 1))
		at=$(grep -aiom1 '^Via *:[^;,]*:[0-9]*' msg | sed 's/.*://')
		{ echo "file msg"; echo "expect SIP/2.0 150"; } |
		    sipsay -b 127.47.$((SLOT + 1)).$n:${at:-5060} \
		        udp $PORT >got.txt 2>/dev/null || true
		got=$(grep -a "^SIP/2.0" got.txt | head -1 | cut -c9-11)
		[[ /$want/ = */${got:--}/* ]] ||
			echo "$name: ${got:--}, not $want" >>wrong.txt
	done
	[ ! -e wrong.txt ] || cat wrong.txt
	[ ! -e wrong.txt ]
	[ "$(nsessions)" -eq 0 ]
	alive 4
	unwatched
	stop
}

@test "an address in use is said, with status 71; bad options with 64" {
	listen
	run siprec-listen -l sip:127.0.0.1:$PORT -o other
	[ "$status" -eq 71 ]
	run siprec-listen --rtp-ports nonsense
	[ "$status" -eq 64 ]
	stop
}

@test "E20: five megabytes of metadata: 413 or a recording, and no more memory" {
	listen
	unwatched
	rss=$(awk '/VmHWM/ { print $2 }' /proc/$LISTEN/status)
	{ printf 'INVITE sip:rec@127.0.0.1 SIP/2.0\r\n'
	  printf 'Via: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKbig\r\n'
	  printf 'From: <sip:a@127.0.0.1>;tag=a\r\nTo: <sip:b@127.0.0.1>\r\n'
	  printf 'Call-ID: big\r\nCSeq: 1 INVITE\r\nRequire: siprec\r\n'
	  printf 'Content-Type: application/rs-metadata+xml\r\n'
	  printf 'Content-Length: 5000000\r\n\r\n'; } >head
	head -c 60000 /dev/zero | tr '\0' x >part
	{ echo "file head"
	  for i in $(seq 84); do echo "file part"; done
	  echo "closed 3000"; } | say tcp
	alive 5
	[ "$(awk '/VmHWM/ { print $2 }' /proc/$LISTEN/status)" -lt \
	    $((rss + 16384)) ]
	stop
}
