# siprec-replay and siprec-listen where the first word is not the last: what
# crosses, what is lost, what is too small, what comes too early.
load lib/listen

setup() { setup_listen; }
teardown() { teardown_listen; }

# serve [option]...: the server, with each of its messages in sip.clf.
serve() {
	listen --clf sip.clf "$@"
}

# wired: what went over the wire, a word a line: "> INVITE" to the server,
# "< 200 INVITE" from it, copies marked with a "+".
wired() {
	awk -F '\t' '/^[0-9]+\./ { split($3, q, " "); f = $2
	    print (substr(f, 3, 1) == "S" ? "<" : ">"), \
	    ($4 == "-" ? "" : $4 " ") q[2] (substr(f, 2, 1) == "D" ? "+" : "")
	    }' sip.clf
}

# times WORDS: how often that was on the wire
times() {
	wired | grep -cxF "$1"
}

@test "glare: re-INVITEs that cross get 491, and both come again" {
	serve --control ctl
	replay --flow glare --duration 8 &
	until_true 3 recording
	sleep 0.5
	siprec-ctl --json ctl pause "$(basename "$(session)")"
	wait $!
	[ "$(jq 'select(.event == "call") | .ok' replay.jsonl)" = true ]
	clean_end
	# Either side refused the other's, once; the second ones were taken.
	[ "$(times "> 491 INVITE")" -eq 1 ]
	[ "$(times "< 491 INVITE")" -eq 1 ]
	[ "$(times "< INVITE")" -eq 2 ]
	[ "$(times "> INVITE")" -eq 3 ]
	[ "$(log 'select(.event == "pause") | .["label"]' |
	    paste -sd " ")" = "1 2" ]
	stop
}

@test "lost-prack: a provisional answer is repeated until its PRACK comes" {
	serve --answer-delay 800
	URI="$URI;transport=udp" replay --flow lost-prack --udp-only \
	    --duration 2
	clean_end
	[ "$(wired | grep -c "^< 18[03] INVITE")" -ge 2 ]
	# Two of three were lost on their way to the server.
	[ "$(times "> PRACK")" -eq 1 ]
	[ "$(jq 'select(.event == "call") | .retransmissions' \
	    replay.jsonl)" -ge 2 ]
	stop
}

@test "E26: UPDATE in an early dialog is taken" {
	serve --answer-delay 800
	replay --flow early-update --duration 2
	clean_end
	# The UPDATE was answered before the INVITE was.
	[ "$(wired | grep "^< 200" | head -3 | paste -sd " ")" = \
	    "< 200 PRACK < 200 UPDATE < 200 INVITE" ]
	[ "$(log 'select(.event == "metadata") | .datamode' |
	    paste -sd ' ')" = "complete partial partial" ]
	stop
}

@test "replaces-early: 486, and the call is as it was" {
	serve
	replay --flow replaces-early --duration 3
	clean_end
	[ "$(nsessions)" -eq 1 ]
	[ "$(jq 'select(.event == "warn" and .rule == "refused") | .status' \
	    events.jsonl)" -eq 486 ]
	near "$(log 'select(.event == "end") | .streams[0].heard')" 3 0.1
	stop
}

@test "E25: 422 from the server: the client raises its interval" {
	serve
	replay --flow session-timer-small --duration 2
	clean_end
	[ "$(wired | grep INVITE | head -5 | paste -sd " ")" = \
	    "> INVITE < 422 INVITE > INVITE < 200 INVITE" ]
	stop
}

@test "E25: 422 from the client: the server raises its interval" {
	siprec-replay --json --t1 50 --min-se 8 --accept --duration 10 \
	    --calls 1 -l udp:127.0.0.1:$((PORT + 1)) \
	    >replay.jsonl 2>replay.txt 3>&- &
	local client=$!
	sleep 0.3
	serve --session-expires 4 --min-se 2 \
	    --call "sip:src@127.0.0.1:$((PORT + 1));transport=udp"
	wait $client
	clean_end
	[ "$(wired | grep -v "+" | head -4 | paste -sd " ")" = \
	    "< INVITE > 422 INVITE < ACK < INVITE" ]
	[ "$(times "> 200 INVITE")" -ge 1 ]
	# Refreshed: 10 s are more than the 8 of the interval.
	near "$(log 'select(.event == "end") | .streams[0].heard')" 10 0.2
	stop
}

@test "session-timer-422: the refresh of a server, without a network" {
	siprec-replay -q --flow session-timer-422 --seed 5 -w a.pcap
	[ "$(grep -ac "SIP/2.0 422" a.pcap)" -eq 1 ]
	[ "$(tr -d '\r' <a.pcap | grep -ac "^Session-Expires: 180")" -eq 2 ]
}
