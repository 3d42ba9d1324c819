# run - a recording server of a test's own, for what stands around a recording.
# Every function works in $BATS_TEST_TMPDIR.

setup_run() {
	command -v siprec-listen >/dev/null || skip "siprec-listen is not built"
	command -v siprec-replay >/dev/null || skip "siprec-replay is not built"
	cd "$BATS_TEST_TMPDIR" || return 1
	PIDS=
}

# Only what this test has started.
teardown_run() {
	[ -z "$PIDS" ] || kill -9 $PIDS 2>/dev/null || true
}

# until_true SECONDS COMMAND...: it becomes true within that time.
until_true() {
	local i
	for ((i = $1 * 20; i > 0; i--)); do
		"${@:2}" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "within $1 s not true: ${*:2}"
	return 1
}

free_port() {
	local p
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		p=$((10000 + RANDOM % 6000))
		if ! (: <>/dev/tcp/127.0.0.1/$p) 2>/dev/null; then
			echo $p
			return
		fi
	done
}

# server [option]...: until it listens; events go to events.jsonl unless OUT
# says where, words to words.txt.
server() {
	local lo=$((17000 + RANDOM % 150 * 100))
	siprec-listen -l sip:127.0.0.1:0 -o out --json --t1 100 --min-free 0 \
	    --rtp-ports $lo-$((lo + 398)) "$@" \
	    >>"${OUT:-events.jsonl}" 2>words.txt 3>&- &
	SERVER=$!
	PIDS="$PIDS $SERVER"
	until_true 3 grep -q "listening on" words.txt || {
		cat words.txt
		return 1
	}
	URI=sip:rec@$(sed -n 's/.*listening on [a-z]*://p' words.txt)
}

# stop [STATUS]: SIGTERM, and how it ends.
stop() {
	local got=0
	kill -TERM $SERVER
	wait $SERVER || got=$?
	cat words.txt
	[ "$got" -eq "${1:-0}" ]
}

# call [option]...: one that goes well.
call() {
	siprec-replay --json --t1 100 "$@" $URI >replay.jsonl 2>replay.txt || {
		cat replay.txt replay.jsonl
		return 1
	}
}

# calling [option]...: one that goes on meanwhile, and whose session there is.
calling() {
	siprec-replay --json --t1 100 "$@" $URI >replay.jsonl 2>replay.txt 3>&- &
	CALL=$!
	PIDS="$PIDS $CALL"
	until_true 3 grep -q '"event":"stream"' "${OUT:-events.jsonl}"
	SESSION=$(jq -r 'select(.event == "begin") | .session' \
	    "${OUT:-events.jsonl}" | tail -1)
}

# event JQ-FILTER
event() {
	jq -r "$1" events.jsonl
}

# http PORT PATH: status line, headers, body.
http() {
	exec 9<>/dev/tcp/127.0.0.1/$1
	printf 'GET %s HTTP/1.1\r\nHost: a\r\n\r\n' "$2" >&9
	cat <&9
	exec 9>&-
}

# raw FILE: the samples of a WAV file.
raw() {
	sox "$1" -t raw -
}

# sent_all EVENTS: nothing is missing in any recording.
sent_all() {
	jq -se '[.[] | select(.event == "end") | .streams[]] |
	    length > 0 and all(.packets >= 19 and .lost == 0)' "$1"
}
