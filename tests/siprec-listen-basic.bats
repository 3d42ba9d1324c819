# siprec-listen, driven by siprec-replay: one call, and every flow of it.
load lib/listen

setup() { setup_listen; }
teardown() { teardown_listen; }

@test "a call of two streams becomes two files, and each has its own tone" {
	listen
	replay --duration 2
	clean_end
	d=$(session)
	[ "$(log 'select(.event == "end") | .reason')" = bye-client ]
	# A packet may be on its way while the client counts.
	near "$(log 'select(.event == "end") | [.streams[].packets] | add')" \
	    "$(jq 'select(.event == "summary") | .packets' replay.jsonl)" 2
	[ "$(log 'select(.event == "end") | [.streams[].lost] | add')" -eq 0 ]
	near "$(log 'select(.event == "end") | .duration')" 2 0.021
	tone $d/1.wav 440 0.1 1.8
	tone $d/2.wav 880 0.1 1.8
	siprec-meta validate $d/metadata.xml
	stop
}

@test "the same over UDP, in datagrams beyond any MTU" {
	listen
	replay --duration 1 --udp-only
	clean_end
	[ "$(log 'select(.event == "begin") | .transport')" = udp ]
	stop
}

@test "another stack makes fifty calls, over UDP and over TCP" {
	command -v sipp >/dev/null || skip "sipp is not installed"
	local t
	listen
	for t in u1 t1; do
		sipp 127.0.0.1:$PORT -i 127.0.0.1 -t $t -m 50 -r 50 \
		    -sf "$BATS_TEST_DIRNAME/sipp/listen-call.xml" -nostdin \
		    -timeout 20 -timeout_error >sipp.txt 2>&1 </dev/null ||
			{ tail -20 sipp.txt; false; }
	done
	until_true 2 eval '[ $(cat out/*/session.jsonl |
	    grep -c "\"reason\":\"bye-client\"") -eq 100 ]'
	for d in out/*; do
		[ "$(log 'select(.event == "answer") | .mlines[0].direction' $d |
		    paste -sd ' ')" = "recvonly inactive" ]
	done
	stop
}

@test "calls by the dozen, started within a second, all over: no descriptor stays" {
	listen
	before=$(ls /proc/$LISTEN/fd | wc -l)
	replay --calls 60 --rate 60 --duration 1
	[ "$(nsessions)" -eq 60 ]
	until_true 2 eval '[ $(cat out/*/session.jsonl |
	    grep -c "\"event\":\"end\"") -eq 60 ]'
	cat out/*/session.jsonl | jq -r 'select(.event == "end") | .streams[] |
	    "\(.lost + .late) \(.packets >= 49)"' | sort -u >heard.txt
	[ "$(cat heard.txt)" = "0 true" ]
	sleep 0.3
	[ $(($(ls /proc/$LISTEN/fd | wc -l) - before)) -le 3 ]
	stop
}
