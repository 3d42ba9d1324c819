# siprec-ctl: what an operator says to a running server, and what comes of it.

bats_require_minimum_version 1.5.0
load lib/run

setup() {
	command -v siprec-ctl >/dev/null || skip "siprec-ctl is not built"
	setup_run
}
teardown() { teardown_run; }

ctl() {
	siprec-ctl control "$@"
}

@test "pause and resume: silence in the files, the client is told" {
	server --control control
	calling --flow srs-pause --duration 5
	sleep 1
	ctl pause $SESSION >said
	[ "$(jq -c '[.ok, .command, .status]' said)" = '[true,"pause",200]' ]
	[ "$(jq -r .session said)" = "$SESSION" ]
	[ "$(ctl list | jq -r '.sessions[0].state')" = paused ]
	sleep 1.5
	ctl resume $SESSION | jq -e .ok
	[ "$(ctl list | jq -r '.sessions[0].state')" = recording ]
	wait $CALL
	stop
	[ "$(event 'select(.event == "pause") | .label' | tr -d '\n')" = 12 ]
	[ "$(event 'select(.event == "resume") | .label' | tr -d '\n')" = 12 ]
	# A second in the midst of the pause is silent; before it is a tone.
	rms=$(sox out/*/1.wav -n trim 1.4 0.7 stat 2>&1 |
	    awk '/RMS.*amplitude/ { print $3 }')
	awk -v r=$rms 'BEGIN { exit r > 0.001 }'
	rms=$(sox out/*/1.wav -n trim 0.2 0.5 stat 2>&1 |
	    awk '/RMS.*amplitude/ { print $3 }')
	awk -v r=$rms 'BEGIN { exit r < 0.05 }'
}

@test "what is held waits for resume" {
	server --control control --start held
	siprec-replay --json --t1 100 --flow srs-held --duration 3 $URI \
	    >replay.jsonl 2>replay.txt 3>&- &
	CALL=$! PIDS="$PIDS $!"
	until_true 3 grep -q '"event":"answer"' events.jsonl
	s=$(ctl list | jq -r '.sessions[0].session')
	[ "$(ctl show $s | jq -r '.lines[].state' | sort -u)" = inactive ]
	sleep 0.5
	ctl resume $s | jq -e '.ok and .status == 200'
	wait $CALL
	stop
	[ "$(event 'select(.event == "stream") | .label' | wc -l)" -eq 2 ]
}

@test "drop-stream, snapshot, stop: told to the client, and answered" {
	server --control control
	calling --flow srs-stop --duration 4
	ctl show $SESSION >shown
	[ "$(jq -r '.lines[].label' shown | tr -d '\n')" = 12 ]
	ctl snapshot $SESSION | jq -e '.ok and .status == 200'
	ctl drop-stream $SESSION 2 | jq -e .ok
	[ "$(ctl show $SESSION | jq -r '.lines[1].state')" = refused ]
	ctl stop $SESSION | jq -e '.ok and .status == 200'
	wait $CALL || true
	[ "$(ctl list | jq '.sessions | length')" -eq 0 ]
	stop
	[ "$(event 'select(.event == "end") | .reason')" = stopped ]
	[ "$(event 'select(.event == "metadata") | .file' | wc -l)" -ge 2 ]
}

@test "drain: answered when the last call is over; new ones get 503" {
	server --control control
	calling --duration 2
	ctl drain >drained 3>&- &
	drain=$! PIDS="$PIDS $!"
	until_true 2 sh -c 'siprec-ctl control stats | jq -e .draining'
	[ ! -s drained ]
	siprec-replay --json --t1 100 $URI >second.jsonl 2>second.txt &&
	    return 1
	[ "$(jq -r 'select(.event == "call") | .status' second.jsonl)" = 503 ]
	wait $CALL
	wait $drain
	jq -e .ok drained
	ctl drain off | jq -e .ok
	call --duration 1
	[ "$(ctl stats | jq -c '[.answered, .refused["503"]]')" = '[2,1]' ]
	stop
}

@test "exit statuses: 0, 1, 64, 69" {
	server --control control
	ctl list >said
	[ "$(cat said)" = '{"ok":true,"sessions":[]}' ]
	for words in "show nobody" "pause nobody" "stop nobody" \
	    "drop-stream nobody 1"; do
		run -1 siprec-ctl control $words
		[ "$(jq -r .ok <<<"$output")" = false ]
		[ -n "$(jq -r .error <<<"$output")" ]
	done
	for words in "" "lisst" "pause" "pause a b" "list a" "show" \
	    "drop-stream a" "--unknown list"; do
		run -64 siprec-ctl control $words
	done
	run -64 siprec-ctl control pause "a b"
	run -69 siprec-ctl nowhere list
	run -0 siprec-ctl --help
	run -0 siprec-ctl --version
	kill -STOP $SERVER
	siprec-ctl control list >said 2>&1 3>&- &
	asking=$! PIDS="$PIDS $!"
	sleep 0.2
	kill -KILL $SERVER
	got=0
	wait $asking || got=$?
	[ $got -eq 69 ]
}

@test "the socket is its owner's; a dead server's is replaced, a live one's not" {
	server --control control
	[ "$(stat -c %a control)" = 600 ]
	run -73 siprec-listen -l udp:127.0.0.1:0 --control control
	[[ "$output" == *"another server listens there"* ]]
	ctl list
	kill -KILL $SERVER
	wait $SERVER || true
	[ -S control ]
	server --control control
	ctl list
	stop
	[ ! -e control ]
	echo mine >control
	run -73 siprec-listen -l udp:127.0.0.1:0 --control control
	[ "$(cat control)" = mine ]
}

@test "many clients at once, some of whom say nothing or do not listen" {
	server --control control
	calling --duration 4
	# One that asks for ever and never reads; one that is silent.
	(while :; do echo list; done) 3>&- | nc -U control 3>&- | sleep 6 &
	PIDS="$PIDS $!"
	sleep 6 3>&- | nc -U control 3>&- &
	PIDS="$PIDS $!"
	asked=
	for i in $(seq 40); do
		siprec-ctl control show $SESSION >said.$i 3>&- &
		asked="$asked $!"
	done
	PIDS="$PIDS $asked"
	for p in $asked; do
		wait $p
	done
	[ "$(jq -r .session said.* | sort | uniq -c | awk '{ print $1 }')" \
	    -eq 40 ]
	wait $CALL
	jq -e 'select(.event == "summary") | .failed == 0' replay.jsonl
	stop
}

@test "any program can speak to the socket: a line, and a line back" {
	server --control control
	printf 'list\nstats\nnonsense\n\nshow\nlist a b c d\n' |
	    nc -N -U control >said
	[ "$(jq -c .ok said | tr -d '\n')" = truetruefalsefalsefalsefalse ]
	# A line that does not end is no reason to take memory.
	head -c 100000 /dev/zero | tr '\0' a | nc -N -U control >said || true
	[ ! -s said ]
	siprec-ctl control list
	stop
}
