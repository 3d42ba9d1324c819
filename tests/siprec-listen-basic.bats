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
	[ "$(log 'select(.event == "end") | [.streams[].packets] | add')" -eq \
	    "$(jq 'select(.event == "summary") | .packets' replay.jsonl)" ]
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
