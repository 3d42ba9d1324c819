# siprec-listen under orders: what siprec-ctl asks for is done, told to the
# client, and heard in the files.
load lib/listen

setup() {
	setup_listen
	command -v siprec-ctl >/dev/null || skip "siprec-ctl is not built"
}
teardown() { teardown_listen; }

ctl() {
	siprec-ctl --json sock "$@" >ctl.jsonl || { cat ctl.jsonl; return 1; }
}

# client [option]...: a call in the background
client() {
	siprec-replay --json --t1 50 "$@" $URI >replay.jsonl 2>replay.txt 3>&- &
	CLIENT=$!
	until_true 3 begun
	sleep ${AFTER:-0.7}
}

begun() { [ "$(nsessions)" -ge 1 ]; }

@test "E11: stop: BYE with a reason, whole files" {
	listen --control sock
	client --flow srs-stop --duration 10
	ctl stop "$(basename $(session))"
	clean_end
	[ "$(log 'select(.event == "end") | .reason')" = stopped ]
	near "$(log 'select(.event == "end") | .streams[0].heard')" 0.75 0.3
	wait $CLIENT
	stop
}

@test "E13: held: inactive and silence, then recvonly and sound" {
	listen --control sock --start held
	client --flow srs-held --duration 4
	[ "$(log 'select(.event == "answer") | .mlines[].direction' |
	    sort -u)" = inactive ]
	[ "$(find out -name '*.wav' | wc -l)" -eq 0 ]
	ctl resume "$(basename $(session))"
	until_true 3 recording
	sleep 0.8
	kill -TERM $CLIENT && wait $CLIENT || true
	until_true 3 ended $(session) || ctl stop "$(basename $(session))"
	until_true 3 ended $(session)
	[ "$(log 'select(.event == "offer" and .by == "srs") |
	    .mlines[].direction' | sort -u)" = recvonly ]
	tone $(session)/1.wav 440 0.1 0.5
	stop
}

@test "E17: pause, resume, drop: each is offered, each can be heard" {
	listen --control sock
	client --flow srs-pause --duration 9
	ctl pause "$(basename $(session))"
	[ "$(log 'select(.event == "offer" and .by == "srs") |
	    .mlines[].direction' | paste -sd ' ')" = "inactive inactive" ]
	sleep 0.8
	ctl resume "$(basename $(session))"
	sleep 0.8
	ctl drop-stream "$(basename $(session))" 2
	sleep 0.6
	kill -TERM $CLIENT && wait $CLIENT || true
	until_true 3 ended $(session) || ctl stop "$(basename $(session))"
	until_true 3 ended $(session)
	[ "$(log 'select(.event == "offer" and .by == "srs") |
	    .mlines | map(if .port == 0 then "0" else .direction end) |
	    join(",")' | paste -sd ' ')" = \
	    "inactive,inactive recvonly,recvonly recvonly,0" ]
	tone $(session)/1.wav 440 0.1 0.4
	silent $(session)/1.wav 0.9 0.4
	tone $(session)/1.wav 440 1.8 0.6
	silent $(session)/2.wav 2.5 0.2
	same_offline
	stop
}

@test "E18: snapshot: UPDATE, and the whole metadata again" {
	listen --control sock
	client --flow snapshot-request --duration 6
	ctl snapshot "$(basename $(session))"
	until_true 2 eval '[ $(log "select(.event == \"metadata\") | .file" |
	    wc -l) -ge 3 ]'
	[ "$(log 'select(.event == "metadata") | .datamode' | head -3 |
	    paste -sd ' ')" = "complete null complete" ]
	kill -TERM $CLIENT && wait $CLIENT || true
	stop
}

@test "drain: 503 to new calls, the old one ends as it likes" {
	listen --control sock
	client --duration 2.5
	siprec-ctl sock drain >/dev/null &
	drain=$!
	sleep 0.2
	{ offer 9000 | invite late 1; echo "expect 503"; } | say udp
	grep -q "^Retry-After" said.txt
	wait $CLIENT
	clean_end
	[ "$(nsessions)" -eq 1 ]
	wait $drain || true
	wire
}

@test "E14: a call of ours: no SDP, their offer, our answer in the ACK" {
	local port=$((PORT + 1))
	siprec-replay --accept -l sip:127.0.0.1:$port --json --duration 2 \
	    >replay.jsonl 2>replay.txt 3>&- &
	CLIENT=$!
	sleep 0.3
	listen --call sip:src@127.0.0.1:$port
	until_true 3 recording
	until_true 6 ended $(session)
	[ "$(log 'select(.event == "offer") | .by' | head -1)" = src ]
	[ "$(log 'select(.event == "answer") | .by' | head -1)" = srs ]
	[ "$(ls $(session)/*.wav | wc -l)" -eq 2 ]
	[ "$(log 'select(.event == "warn") | .rule')" = "" ]
	same_offline
	kill $CLIENT && wait $CLIENT || true
	stop
}
