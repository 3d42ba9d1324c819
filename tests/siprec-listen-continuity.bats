# siprec-listen when the client's way, or the client, goes away: another dialog
# takes over, another session goes on, or one ends and says why.
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

# answered CALL [STATUS]: the request that came last gets a 200, or that.
answered() {
	echo "let via Via"; echo "let from From"; echo "let cseq CSeq"
	echo "let to To"
	printf '%s\n' send "SIP/2.0 ${2:-200} Said" "Via: {via}" "From: {from}" \
	    "To: {to}" "Call-ID: $1-{rand}" "CSeq: {cseq}" \
	    "Content-Length: 0" "" .
}

# both PORT CS: an offer and metadata of that communication session.
both() {
	echo "--B"; echo "Content-Type: application/sdp"; echo
	offer "$1"
	echo "--B"; echo "Content-Type: application/rs-metadata+xml"
	echo "Content-Disposition: recording-session"; echo
	cat <<-END
	<recording xmlns="urn:ietf:params:xml:ns:recording:1">
	<datamode>complete</datamode>
	<session session_id="$2"/></recording>
	--B--
	END
}
mixed="multipart/mixed;boundary=B"

# dir_of CALL
dir_of() {
	echo out/$1-*
}

# One beep of 100 ms at every second.
beeps() {
	sox -n -r 8000 -c 1 -b 16 beeps.wav synth 0.1 sine 1000 gain -6 \
	    pad 0 0.9 repeat ${1:-7}
}

# beeps_of FILE: where they begin, in seconds.
beeps_of() {
	sox "$1" -t dat - | awk 'BEGIN { last = -1 } !/^;/ {
	    v = $2 < 0 ? -$2 : $2
	    if (v > 0.02) { if ($1 - last > 0.3) print $1; last = $1 } }'
}

@test "E27: another dialog takes over: one recording, and each beep in its place" {
	beeps
	listen --replaces-auth same-peer
	replay --replaces --wav 1=beeps.wav --duration 8
	[ "$(nsessions)" -eq 1 ]
	dir=$(session)
	clean_end
	[ "$(ls $dir/*.wav | wc -l)" -eq 2 ]
	[ "$(log 'select(.event == "replaced")' | jq -s length)" -eq 1 ]
	[ "$(log .session | sort -u | wc -l)" -eq 1 ]
	[ "$(log .call_id | sort -u | wc -l)" -eq 1 ]
	[ "$(log 'select(.event == "gap")')" = "" ]
	# The frame that a beep is in may be the one after.
	[ "$(beeps_of $dir/1.wav | awk '{ d = $1 - (NR - 1)
	    if (d < -0.02 || d > 0.02) bad = 1 } END {
	    print NR, bad + 0 }')" = "8 0" ]
	near "$(log 'select(.event == "end") | .streams[0].heard')" 8 0.1
	# Over the wire: the old dialog is ended after the new one's ACK.
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	same_offline
	stop
}

@test "E28: who may not, or asks wrongly, is refused; the call is as it was" {
	listen
	{ offer '{rtp}' | invite old 1; echo "expect 200"
	  echo "let old To tag"; echo "let tag To tag"
	  echo "line port m=audio"; ack old 1
	  echo "rtp {port} 71 25"
	  id="old-{rand};to-tag={old};from-tag=fold"
	  offer 9000 | refused 481 r1 \
	      "Replaces: old-{rand};to-tag=fold;from-tag={old}"
	  offer 9000 | refused 481 r2 "Replaces: x;to-tag={old};from-tag=fold"
	  echo "rtp {port} 72 25"
	  offer 9000 | refused 400 r3 "Replaces: $id" "Replaces: $id"
	  offer 9000 | refused 400 r4 "Replaces: $id" "Join: $id"
	  offer 9000 | refused 400 r5 "Replaces: $id, $id"
	  offer 9000 | refused 486 r6 "Replaces: $id;early-only"
	  echo "rtp {port} 73 25"
	  # Nothing of it can be had; nor can that be answered.
	  offer 9000 | sed s/audio/video/ | refused 488 r7 "Replaces: $id"
	  TO_TAG={old} request UPDATE old 2 "Replaces: $id" </dev/null
	  echo "expect 400"
	  TO_TAG={old} request OPTIONS old 3 </dev/null; echo "expect 200"
	  echo "rtp {port} 74 25"
	  TO_TAG={old} request BYE old 4 </dev/null; echo "expect 200"
	  offer 9000 | refused 603 r8 "Replaces: $id"
	} | say udp
	[ "$(nsessions)" -eq 1 ]
	clean_end
	[ "$(log 'select(.event == "replaced")')" = "" ]
	[ "$(log 'select(.event == "end") | .streams[0].packets')" -eq 100 ]
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	stop
}

@test "E28: --replaces-auth: digest and none refuse with 403" {
	for policy in digest none; do
		rm -rf out events.jsonl said-*
		listen --replaces-auth $policy
		{ offer '{rtp}' | invite old 1; echo "expect 200"
		  echo "let old To tag"; echo "let tag To tag"; ack old 1
		  offer 9000 | refused 403 r1 \
		      "Replaces: old-{rand};to-tag={old};from-tag=fold"
		  TO_TAG={old} request OPTIONS old 2 </dev/null
		  echo "expect 200"
		  TO_TAG={old} request BYE old 3 </dev/null; echo "expect 200"
		} | say udp
		[ "$(nsessions)" -eq 1 ]
		[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
		stop
	done
}

# Gone: the client of that call answers nothing any more.
@test "a client that is lost and comes back without Replaces is linked" {
	listen --media-timeout 1
	{ both '{rtp}' CS1 | TYPE=$mixed invite lost 1; echo "expect 200"
	  learn; echo "line port m=audio"; ack lost 1
	  echo "rtp {port} 77 20"
	} | say udp
	# It is back before anybody has noticed; its old self ends later.
	{ both '{rtp}' CS1 | TYPE=$mixed invite found 1; echo "expect 200"
	  learn; echo "line port m=audio"; ack found 1
	  for i in 1 2 3 4 5 6 7 8; do echo "rtp {port} $i 25"; done
	  bye found 2
	} | SAID=2 say udp
	lost=$(dir_of lost) found=$(dir_of found)
	until_true 5 ended $lost
	[ "$(log 'select(.event == "end") | .reason' $lost)" = media-timeout ]
	[ "$(log 'select(.event == "continued") | .by_session' $lost)" = \
	    "${found#out/}" ]
	[ "$(log 'select(.event == "continued") | .of_call_id' $found)" = \
	    "$(log .call_id $lost | head -1)" ]
	# ... and a third, after the second has ended well, is nobody's.
	{ both '{rtp}' CS1 | TYPE=$mixed invite third 1; echo "expect 200"
	  learn; ack third 1; bye third 2
	} | SAID=3 say udp
	[ "$(log 'select(.event == "continued")' "$(dir_of third)")" = "" ]
	# They can be made one.
	siprec-extract -q --join -o whole $lost $found
	[ "$(jq -r 'select(.event == "continued") | .event' \
	    whole/*/session.jsonl | wc -l)" -eq 2 ]
	stop
}

@test "two sessions of one call at the same time are parallel, and not linked" {
	listen
	for n in 1 2; do
		{ both '{rtp}' CS1 | TYPE=$mixed invite twin$n 1
		  echo "expect 200"; learn; echo "line port m=audio"
		  ack twin$n 1
		  echo "wait 300"; echo "rtp {port} $n 60"; bye twin$n 2
		} | SAID=$n say udp &
		pids="$pids $!"
	done
	wait $pids
	[ "$(nsessions)" -eq 2 ]
	[ "$(cat out/*/session.jsonl | jq -r 'select(.rule == "parallel") |
	    .session' | sort -u | wc -l)" -eq 2 ]
	[ "$(cat out/*/session.jsonl | jq -r 'select(.event ==
	    "continued")')" = "" ]
	stop
}

@test "each end that is not the client's says why: BYE with a reason, and an event" {
	listen --media-timeout 1 --max-duration 4 --min-se 2
	# It is asked, and knows of nothing: media-timeout.
	{ offer '{rtp}' | invite quiet 1; echo "expect 200"; learn; ack quiet 1
	  echo "expect OPTIONS 2500"; answered quiet 481
	  echo "expect BYE 1000"; answered quiet
	} | SAID=1 say udp &
	pids=$!
	# It has media, and answers everything: max-duration.
	{ offer '{rtp}' | invite long 1; echo "expect 200"; learn
	  echo "line port m=audio"; ack long 1
	  for i in 1 2 3 4 5 6 7; do echo "rtp {port} 5 25"; done
	  echo "expect BYE 2500"; answered long
	} | SAID=2 say udp &
	pids="$pids $!"
	# Inactive: nothing is missing, so nobody asks.
	{ DIR=inactive offer '{rtp}' | invite still 1; echo "expect 200"
	  learn; ack still 1
	  echo "none 3500"; echo "expect BYE 2500"; answered still
	} | SAID=3 say udp &
	pids="$pids $!"
	# Nobody refreshes: session-timer.
	{ offer '{rtp}' | invite stale 1 "Supported: timer" \
	    "Session-Expires: 2;refresher=uac"
	  echo "expect 200"; learn; echo "line port m=audio"; ack stale 1
	  for i in 1 2 3; do echo "rtp {port} 9 25"; done
	  echo "expect BYE 2500"; answered stale
	} | SAID=4 say udp &
	pids="$pids $!"
	# No ACK.
	{ offer '{rtp}' | invite noack 1; echo "expect 200"; learn
	  echo "expect BYE 5000"; answered noack
	} | SAID=5 say udp &
	wait $pids $!
	for is in quiet:media-timeout long:max-duration still:max-duration \
	    stale:session-timer noack:no-ack; do
		dir=$(dir_of ${is%:*})
		until_true 3 ended $dir
		echo "$is"
		[ "$(log 'select(.event == "end") | .reason' $dir)" = \
		    ${is#*:} ]
		clean_end $dir
	done
	for n in 1:media-timeout 2:max-duration 3:max-duration \
	    4:session-timer 5:no-ack; do
		grep -q "^Reason: .*;text=\"${n#*:}\"" said-${n%:*}.txt
	done
	stop
}
