# siprec-listen as a service: programs, logs, metrics, configuration, rights,
# and what the manual says of all that.

bats_require_minimum_version 1.5.0
load lib/run

setup() {
	setup_run
	root=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
}
teardown() { teardown_run; }

# ---- programs ----

@test "--on-event: each event, in order, with its JSON and its environment" {
	server --on-event 'd=$(cat)
	    echo "$SIPREC_EVENT $SIPREC_SESSION $SIPREC_DIR" >>ran
	    printf "%s\n" "$d" >>heard; echo noise'
	call --calls 2 --duration 1
	stop
	[ "$(sort heard)" = "$(sort events.jsonl)" ]
	for s in $(event 'select(.event == "begin") | .session'); do
		[ "$(awk -v s=$s '$2 == s { print $1 }' ran)" = \
		    "$(event "select(.session == \"$s\") | .event")" ]
		grep -q "^end $s out/$s\$" ran
	done
	! grep -q noise events.jsonl
	grep -q noise words.txt
}

@test "--on-event: programs that hang drop events with a count, and no audio" {
	server --on-event 'sleep 1.5' --backlog 3000 --log log.jsonl
	call --calls 3 --rate 50 --duration 1
	sleep 2
	stop
	n=$(event 'select(.rule == "slow-reader") | .text' |
	    grep on-event | awk '{ n += $1 } END { print n }')
	[ "$n" -gt 0 ]
	sent_all events.jsonl
}

@test "--on-stream: the samples of the file, while they come" {
	server --control control --on-stream \
	    'cat >pcm-$SIPREC_LABEL; env | grep ^SIPREC_ >env-$SIPREC_LABEL'
	calling --duration 3
	sleep 1.7
	# Live: more than a second is there before the call is over.
	[ "$(stat -c %s pcm-1)" -gt 16000 ]
	siprec-ctl control pause $SESSION
	sleep 0.5
	siprec-ctl control resume $SESSION
	wait $CALL || true
	stop
	for l in 1 2; do
		raw out/*/$l.wav | cmp - pcm-$l
		grep -qx SIPREC_RATE=8000 env-$l
		grep -qx SIPREC_CHANNELS=1 env-$l
		grep -qx SIPREC_SESSION=$SESSION env-$l
		grep -qx SIPREC_DIR=out/$SESSION env-$l
		grep -qx SIPREC_FILE=$l.wav env-$l
	done
	grep -qx SIPREC_PARTICIPANT=sip:alice@example.com env-1
	grep -qx SIPREC_PARTICIPANT=sip:bob@example.com env-2
}

@test "--on-stream: a program that is too slow, one that fails: counted, said" {
	server --backlog 2000 --on-stream '
	    if [ $SIPREC_LABEL = 1 ]; then sleep 3; cat >pcm-1
	    else exit 3; fi'
	call --codec opus --duration 2
	stop
	event 'select(.rule == "on-stream") | .text' >texts
	cat texts
	grep -q "stream 1: .* is too slow" texts
	grep -q "stream 2: .* ended with status 3" texts
	lost=$(sed -nE 's/.*stream 1: ([0-9]+) samples were not.*/\1/p' texts)
	got=$(($(stat -c %s pcm-1) / 2))
	all=$(($(raw out/*/1.wav | wc -c) / 2))
	[ $((lost + got)) -eq $all ]
	sent_all events.jsonl
}

# ---- readers ----

@test "a slow reader of stdout loses lines, and one event says how many" {
	mkfifo pipe
	sleep 6 <pipe 3>&- &
	PIDS="$PIDS $!"
	OUT=pipe server --backlog 4096 --log log.jsonl
	call --calls 24 --rate 100 --duration 0.4
	# Nobody reads yet; then somebody takes it all.
	sleep 2
	! grep -q slow-reader log.jsonl
	cat pipe >events.jsonl 3>&- &
	PIDS="$PIDS $!"
	until_true 5 grep -q slow-reader log.jsonl
	stop
	until_true 2 sh -c 'tail -1 events.jsonl | jq -e .event'
	[ "$(grep -c slow-reader log.jsonl)" -eq 1 ]
	lost=$(jq -r 'select(.rule == "slow-reader") | .text' log.jsonl |
	    cut -d ' ' -f 1)
	[ "$lost" -gt 0 ]
	[ $(($(wc -l <events.jsonl) + lost)) -eq $(wc -l <log.jsonl) ]
	[ "$(ls out | wc -l)" -eq 24 ]
	sent_all log.jsonl
}

@test "a stdout that is gone is said once, and stops nothing" {
	OUT=/dev/full server
	call --duration 1
	call --duration 1
	stop 74
	[ "$(grep -c stdout words.txt)" -eq 1 ]
	[ "$(cat out/*/session.jsonl | grep -c '"event":"end"')" -eq 2 ]
}

@test "SIGHUP opens --log and --clf anew; --clf has a record per message" {
	server --log log.jsonl --clf clf.log
	call --duration 1
	mv log.jsonl log.1
	mv clf.log clf.1
	kill -HUP $SERVER
	until_true 2 grep -q reloaded words.txt
	call --duration 1
	stop
	for n in 1 2; do
		f=$([ $n = 1 ] && echo log.1 || echo log.jsonl)
		[ "$(jq -r .event $f | head -1)" = begin ]
		[ "$(jq -r .event $f | tail -1)" = end ]
	done
	cat log.1 log.jsonl | cmp - events.jsonl
	cat clf.1 clf.log >all
	# "A", six hex digits of the record's length, a comma: RFC 6873 4.1.
	awk 'NR % 2 { want = substr($0, 2, 6); n = length($0) + 1; next }
	    { n += length($0) + 1; if (sprintf("%06X", n) != want) exit 1 }' all
	awk 'NR % 2 == 0 { print substr($2, 1, 3), $4, $5 }' FS='\t' OFS=' ' \
	    all >/dev/null
	for what in INVITE ACK BYE; do
		[ "$(grep -c "RORTU	[0-9]* $what	" all)" -eq 2 ]
	done
	[ "$(grep -c "rOSTU	[0-9]* INVITE	200	" all)" -eq 2 ]
	[ "$(grep -c "rOSTU	[0-9]* BYE	200	" all)" -eq 2 ]
}

@test "--log to a FIFO and to a Unix socket" {
	mkfifo fifo
	cat fifo >got 3>&- &
	PIDS="$PIDS $!"
	server --log fifo
	call --duration 1
	stop
	cmp got events.jsonl
	nc -lU sock >got2 3>&- &
	PIDS="$PIDS $!"
	until_true 2 test -S sock
	: >events.jsonl
	server --log sock
	call --duration 1
	stop
	until_true 2 cmp got2 events.jsonl
}

# ---- metrics ----

@test "/metrics is as Prometheus wants it, and says what happened" {
	port=$(free_port)
	server --metrics 127.0.0.1:$port --max-sessions 1
	calling --duration 2
	siprec-replay --json --t1 100 $URI >second.jsonl 2>&1 && return 1
	http 127.0.0.1 $port >/dev/null 2>&1 || true
	http $port /readyz | head -1 | grep 503
	http $port /healthz | head -1 | grep 200
	http $port /nothing | head -1 | grep 404
	wait $CALL
	http $port /readyz | head -1 | grep 200
	http $port /metrics | tr -d '\r' >page
	grep -q '^Content-Type: text/plain; version=0.0.4' page
	sed '1,/^$/d' page >metrics
	awk '
	/^# HELP siprec_[a-z_]+ ./ { help[$3]; next }
	/^# TYPE siprec_[a-z_]+ (counter|gauge|histogram)$/ {
		if (!($3 in help) || $3 in type) bad = 1
		type[$3] = $4
		if ($4 == "counter" && $3 !~ /_total$/) bad = 1
		next
	}
	!/^siprec_[a-z_]+(\{[a-z]+="[^"\\]*"\})? [0-9.]+(e[+-]?[0-9]+)?$/ {
		print; bad = 1
	}
	{
		name = $1; sub(/\{.*/, "", name); base = name
		sub(/_(bucket|sum|count)$/, "", base)
		if (!(name in type) && type[base] != "histogram") {
			print name; bad = 1
		}
		if (seen[$1]++) { print $1; bad = 1 }
		if (name ~ /_bucket$/) {
			if ($2 + 0 < last) bad = 1
			last = $2 + 0
		}
	}
	END { exit bad }' metrics
	has() { grep -qx "siprec_$1" metrics || { echo "$1"; return 1; }; }
	has 'sessions 0'
	has 'sessions_max 1'
	has 'calls_answered_total 1'
	has 'calls_refused_total{status="503"} 1'
	has 'sessions_ended_total{reason="bye-client"} 1'
	has 'setup_seconds_count 1'
	has 'setup_seconds_bucket{le="+Inf"} 1'
	has "stream_packets_total $(event 'select(.event == "end") |
	    [.streams[].packets] | add')"
	has 'stream_lost_packets_total 0'
	has 'media_stranger_total 0'
	has 'streams_ended_total 2'
	has 'recorder_failed 0'
	has 'lines_dropped_total{to="stdout"} 0'
	has "build_info{version=\"$(siprec-listen --version |
	    sed -n '1s/.* //p')\"} 1"
	# The page has each of them, and no other.
	sed -nE 's/^# TYPE siprec_([a-z_]+) .*/\1/p' metrics | sort >said
	awk '/^\.Sh/ { on = $2 == "METRICS" }
	    on && /^\.It Va/ { print $3 }' "$root/man/siprec-listen.1" |
	    sort >documented
	diff said documented
	stop
}

# ---- configuration ----

@test "-c: a file of options; the command line wins" {
	cat >conf <<-END
	# comment
	rtp-ports = 15000-15100
	--mix stereo
	keep-rtp
	    output=elsewhere
	allow 10.0.0.0/8
	END
	server -c conf --allow 127.0.0.0/8
	call --duration 1
	stop
	[ -s out/*/mix.wav ]
	[ -s out/*/rtp.pcap ]
	[ ! -e elsewhere ]
	event 'select(.event == "stream") | .dst' >dst
	# On the command line, too.
	! grep -q ':15[01]' dst
}

@test "-c: what is wrong is said with file and line" {
	check() {
		printf '%s\n' '# first' '' "$1" >bad
		run -64 siprec-listen -c bad
		[ "${lines[0]}" = "siprec-listen: bad:3: $2" ]
	}
	check 'rtp-port 3' "'rtp-port' is no option here"
	check 'config x' "'config' is no option here"
	check 'mix five' "--mix: 'five' is not known"
	check 'mix' "--mix lacks its argument"
	check 'strict yes' "--strict takes no argument"
	check 'allow 1.2.3' "--allow: '1.2.3' is no address or network"
	check 'metrics 9' "--metrics wants ADDR:PORT, not '9'"
	check 'min-se x' "--min-se wants a whole number from 1 to 1000000, not 'x'"
	run -66 siprec-listen -c nowhere
	head -c 100 /dev/zero >bad
	run -64 siprec-listen -c bad
}

@test "SIGHUP reads --allow of the file and --auth again" {
	echo secret >password
	siprec-listen --hash-password old <password >users
	printf 'allow 127.0.0.0/8\n' >conf
	server -c conf --auth users
	call --duration 0.5 --user old --password-file password
	siprec-replay --json --t1 100 --user new --password-file password \
	    $URI >refused.jsonl 2>&1 && return 1
	siprec-listen --hash-password new <password >users
	kill -HUP $SERVER
	until_true 2 grep -q reloaded words.txt
	call --duration 0.5 --user new --password-file password
	# What cannot be read leaves the old list.
	echo nonsense >users
	echo 'allow nobody' >conf
	kill -HUP $SERVER
	until_true 2 grep -q "old access list stays" words.txt
	grep -q "users:1: .*" words.txt
	call --duration 0.5 --user new --password-file password
	siprec-listen --hash-password new <password >users
	echo 'allow 192.0.2.1' >conf
	kill -HUP $SERVER
	until_true 2 sh -c '[ $(grep -c reloaded words.txt) -eq 3 ]'
	siprec-replay --json --t1 100 --user new --password-file password \
	    $URI >refused.jsonl 2>refused.txt && return 1
	[ "$(jq -r 'select(.event == "call") | .status' refused.jsonl)" = 403 ]
	stop
}

@test "--hash-password: H(A1) of SHA-512-256 and SHA-256, and nothing else" {
	echo 'open sesame' >password
	siprec-listen --hash-password ali --realm cave <password >users
	[ "$(sed -n 's/^ali:cave:SHA-256://p' users)" = \
	    "$(printf 'ali:cave:open sesame' | sha256sum | cut -d ' ' -f 1)" ]
	[ "$(sed -n 's/^ali:cave:SHA-512-256://p' users)" = "$(printf \
	    'ali:cave:open sesame' | openssl dgst -sha512-256 -r |
	    cut -d ' ' -f 1)" ]
	[ "$(wc -l <users)" -eq 2 ]
	run -64 siprec-listen --hash-password a:b <password
	run -64 siprec-listen --hash-password a </dev/null
}

@test "how many sessions there may be is said, and why" {
	server --rtp-ports 16000-16019
	grep -q "at most 5 sessions, because of RTP ports" words.txt
	stop
	(ulimit -n 1024; server --rtp-ports 16000-17999
	grep -qE "at most [0-9]+ sessions, because of descriptors" words.txt
	stop)
}

# ---- rights, service manager, calls of its own ----

@test "--user: the rights are gone, the recording works" {
	[ "$(id -u)" -eq 0 ] || skip "only root can be somebody else"
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" .. . 2>/dev/null
	mkdir spool
	chown nobody spool
	server -o spool --user nobody:nogroup
	until_true 2 grep -q "^Uid:	65534	65534	65534	65534" \
	    /proc/$SERVER/status
	grep -qE "^Gid:	65534	65534	65534	65534" /proc/$SERVER/status
	for t in /proc/$SERVER/task/*/status; do
		grep -q "^Uid:	65534	65534	65534	65534" $t
		grep -qE "^CapEff:	0+$" $t
	done
	call --duration 0.5
	stop
	[ "$(stat -c %U spool/*/1.wav)" = nobody ]
	run -64 siprec-listen -l udp:127.0.0.1:0 --user no-such-user
}

@test "the service manager is told: ready, status, alive, stopping" {
	notified manager >told 3>&- &
	PIDS="$PIDS $!"
	until_true 2 test -S manager
	NOTIFY_SOCKET=$PWD/manager WATCHDOG_USEC=600000 server
	until_true 2 grep -qx READY=1 told
	call --duration 1
	until_true 2 grep -q "^STATUS=0 sessions, 1 in all" told
	[ "$(grep -cx WATCHDOG=1 told)" -ge 3 ]
	stop
	until_true 1 grep -qx STOPPING=1 told
	grep -q "^STATUS=1 sessions" told
}

@test "--call: a session that we begin, and one that cannot be" {
	port=$(free_port)
	siprec-replay --json --t1 100 --accept --calls 1 --duration 1 \
	    -l udp:127.0.0.1:$port >replay.jsonl 2>replay.txt 3>&- &
	CALL=$! PIDS="$PIDS $!"
	sleep 0.5
	server --call "sip:src@127.0.0.1:$port;transport=udp" \
	    --call "sip:src@127.0.0.1:1;transport=udp"
	until_true 8 sh -c 'jq -r .event events.jsonl | grep -qx end'
	until_true 8 sh -c 'jq -r .rule events.jsonl | grep -qx call'
	stop
	[ "$(event 'select(.event == "stream") | .label' | wc -l)" -eq 2 ]
	[ -s out/*/1.wav ]
}

@test "--register: until it ends, with a digest" {
	command -v sipp >/dev/null || skip "SIPp is not installed"
	cat >registrar.xml <<-'END'
	<?xml version="1.0"?><scenario name="registrar">
	<recv request="REGISTER"/>
	<send><![CDATA[
	SIP/2.0 200 OK
	[last_Via:]
	[last_From:]
	[last_To:];tag=r
	[last_Call-ID:]
	[last_CSeq:]
	[last_Contact:]
	Content-Length: 0

	]]></send>
	<recv request="REGISTER"/>
	<send><![CDATA[
	SIP/2.0 200 OK
	[last_Via:]
	[last_From:]
	[last_To:];tag=r
	[last_Call-ID:]
	[last_CSeq:]
	Content-Length: 0

	]]></send>
	</scenario>
	END
	port=$(free_port)
	sipp -sf registrar.xml -i 127.0.0.1 -p $port -m 1 -nostdin \
	    -trace_msg -message_file messages </dev/null >/dev/null 2>&1 3>&- &
	sipp=$! PIDS="$PIDS $!"
	sleep 0.5
	server --register "sip:rec@127.0.0.1:$port"
	sleep 0.5
	stop
	wait $sipp
	grep -q "^REGISTER sip:127.0.0.1:$port SIP" messages
	grep -q "+sip.srs" messages
	grep -q "^Expires: 3600" messages
	grep -q "^Expires: 0" messages
	[ "$(event 'select(.rule == "register") | .text')" = "" ]
}

@test "the unit is sound, and leaves little open" {
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze"
	sed "s|/usr/local/bin/|$(dirname "$(command -v siprec-listen)")/|" \
	    "$root/lib/systemd/siprec-listen.service" >siprec-listen.service
	[ -z "$(systemd-analyze verify --man=no ./siprec-listen.service 2>&1)" ]
	systemd-analyze security --offline=true ./siprec-listen.service |
	    sed -nE 's/.*exposure level.*: ([0-9.]+) .*/\1/p' >exposure
	awk '{ exit $1 > 2.0 }' exposure
}

# ---- the manual ----

# options PROGRAM: those of --help.
options() {
	$1 --help | grep -oE '^  (-.,|   ) --[a-z0-9-]+' |
	    grep -oE -- '--[a-z0-9-]+' | sort
}

@test "--help, pages and completions know the same options" {
	for p in siprec-listen siprec-ctl; do
		options $p >said
		[ -s said ]
		awk '/^\.Sh/ { on = $2 == "OPTIONS" }
		    on && /^\.It Fl/ { for (i = 1; i <= NF; i++)
			if ($i ~ /^-./) print "-" $i }' "$root/man/$p.1" |
		    sort >documented
		diff said documented
		for f in $p.bash _$p; do
			grep -oE -- '--[a-z0-9-]+' "$root/completions/$f" |
			    sort -u >completed
			diff said completed
		done
		sed -nE 's/^complete .* -l ([a-z0-9-]+).*/--\1/p' \
		    "$root/completions/$p.fish" | sort >completed
		diff said completed
	done
	siprec-ctl --help | sed -nE 's/^  ([a-z][a-z-]*).*/\1/p' >said
	sed -nE 's/^\.It Cm ([a-z-]+).*/\1/p' "$root/man/siprec-ctl.1" |
	    diff said -
	for c in $(cat said); do
		for f in siprec-ctl.bash _siprec-ctl siprec-ctl.fish; do
			grep -qw -e "$c" "$root/completions/$f"
		done
	done
}

@test "every rule of a server's own warnings is explained" {
	page=$root/man/siprec-listen.1
	{ cat "$root"/lib/serve/*.c | tr -s '\n\t ' ' ' |
	    grep -oE 'serve_note\([^";]*"[^"]*"' | sed 's/.*"\(.*\)"/\1/'
	  cat "$root"/bin/siprec-listen.c "$root"/bin/listen_*.c |
	    tr -s '\n\t ' ' ' |
	    grep -oE '(log_words|sr_engine_note|[^_]say)\([^";]*"[^"]*"' |
	    sed 's/.*"\(.*\)"/\1/'
	  # Of two that one call chooses from.
	  printf '%s\n' register restart take-over; } | sort -u >said
	awk '/^\.Sh/ { on = $2 == "DIAGNOSTICS" }
	    on && /^\.It Li/ { print $3 }' "$page" | sort >documented
	diff said documented
	cat "$root"/lib/out/*.c | grep -oE '"SIPREC_[A-Z]+"' | tr -d '"' |
	    sort -u >said
	sed -n 's/^\.It Ev //p' "$page" | sort | diff said -
}

@test "the examples of siprec-ctl(1) and siprec-listen(1) that can run here" {
	server --control control
	calling --duration 2
	siprec-ctl control pause $SESSION
	siprec-ctl control resume $SESSION
	[ "$(siprec-ctl control list | jq -r '.sessions[] |
	    select(.seconds > 3600) | .session')" = "" ]
	wait $CALL || true
	stop
	mkdir archive
	: >events.jsonl
	rm -r out
	server --on-event '[ "$SIPREC_EVENT" != end ] ||
	    cp -r "$SIPREC_DIR" archive/' --on-stream \
	    'sox -t raw -r "$SIPREC_RATE" -e signed -b 16 -c "$SIPREC_CHANNELS" - "$SIPREC_SESSION-$SIPREC_LABEL.flac"'
	call --duration 1
	stop
	cmp archive/*/1.wav out/*/1.wav
	sox ./*-1.flac -t raw - | cmp - <(raw out/*/1.wav)
}
