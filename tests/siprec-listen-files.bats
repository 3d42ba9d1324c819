# siprec-listen: what it writes is whole at every moment, its own alone, and
# says the truth about what came.
load lib/listen

setup() { setup_listen; }
teardown() {
	teardown_listen
	! mountpoint -q out || umount out
}

# Seconds from the first media to now, by the log.
age() {
	local begun
	begun=$(log 'select(.event == "stream") | .time' "$1" | head -1)
	awk -v a="$(date -u -d "$begun" +%s.%N)" -v b="$2" \
	    'BEGIN { print b - a }'
}

# valid FILE SECONDS: it opens, and has at least that much.
valid() {
	local n
	n=$(soxi -D "$1") || return 1
	[ "$(soxi -s "$1")" -eq $((($(stat -c %s "$1") - 80) / 2)) ] ||
		[ "$(stat -c %s "$1")" -ge 80 ]
	sox "$1" -n stat 2>/dev/null || return 1
	awk -v n="$n" -v want="$2" 'BEGIN { exit !(n >= want) }' && return 0
	echo "$1: $n s, of $2"
	return 1
}

@test "after kill -9 every file opens and lacks at most a second" {
	local delay d f now
	for delay in 0.7 1.6; do
		rm -rf out events.jsonl
		listen
		siprec-replay -q --calls 3 --rate 30 --duration 9 $URI \
		    >/dev/null 2>&1 3>&- &
		until_true 3 recording 3
		sleep $delay
		now=$(date -u +%s.%N)
		kill -9 $LISTEN
		wait $LISTEN || true
		kill %?siprec-replay && wait %?siprec-replay || true
		[ "$(nsessions)" -eq 3 ]
		for d in out/*; do
			jq -e . $d/session.jsonl >/dev/null
			for f in $d/1.wav $d/2.wav; do
				valid $f "$(awk -v a="$(age $d $now)" \
				    'BEGIN { print a - 1 }')"
			done
			log .event $d | grep -q answer
			siprec-extract -q -n $d/rtp.pcap 2>/dev/null
			siprec-meta validate -q $d/metadata.xml ||
			    siprec-meta validate $d/metadata.xml >/dev/null
		done
		kill -TERM $WIRE && wait $WIRE || true
		WIRE=
	done
}

@test "what a stream had before it fell silent is in its file" {
	listen
	siprec-replay -q --flow pause-one --duration 4.5 $URI >/dev/null 3>&- &
	until_true 3 recording
	sleep 2.7
	kill -9 $LISTEN
	kill %?siprec-replay && wait %?siprec-replay || true
	d=$(session)
	near "$(soxi -D $d/1.wav)" 1.5 0.2 || near "$(soxi -D $d/2.wav)" 1.5 0.2
}

@test "files are whole within a second of BYE, and readable all along" {
	local i
	listen
	replay --duration 3 &
	until_true 3 recording
	for i in 1 2 3 4 5; do
		sox $(session)/1.wav -n stat 2>/dev/null
		jq -e . $(session)/session.jsonl >/dev/null
		sleep 0.3
	done
	wait $!
	until_true 1 ended $(session)
	clean_end
	stop
}

@test "a directory that is there is never touched: the session gets another" {
	listen
	replay --seed 5 --duration 1
	stop
	before=$(cd out && find . -type f | sort | xargs sha256sum)
	name=$(basename $(session))
	listen
	replay --seed 5 --duration 1
	stop
	[ "$(cd out/.. && cd out && sha256sum $(find ./$name -type f | sort))" = \
	    "$before" ]
	clean_end out/$name-2
	[ "$(log .session out/$name-2 | sort -u)" = $name-2 ]
	[ "$(log .call_id out/$name-2 | sort -u)" = $name ]
}

@test "SIGTERM ends three calls with BYE, a reason and whole files" {
	local d
	listen
	siprec-replay --json --calls 3 --rate 30 --duration 30 $URI \
	    >replay.jsonl 2>replay.txt 3>&- &
	until_true 3 recording 3
	sleep 1
	begin=$(date +%s)
	stop
	[ $(($(date +%s) - begin)) -le 5 ]
	for d in out/*; do
		clean_end $d
		[ "$(log 'select(.event == "end") | .reason' $d)" = stopped ]
		grep -aq 'Reason: SIP;cause=200;text="stopped"' $d/rtp.pcap
	done
	kill %?siprec-replay && wait %?siprec-replay || true
}

@test "media of strangers does not enter a file" {
	listen
	siprec-replay --json --duration 3 --flow one-way $URI >replay.jsonl \
	    2>/dev/null 3>&- &
	until_true 3 recording
	port=$(log 'select(.event == "answer") | .mlines[0].port')
	sleep 0.5
	echo "stranger $port 0x1234 100" | say udp
	wait %?siprec-replay
	until_true 2 ended $(session)
	[ "$(log 'select(.event == "end") | .streams | length')" -eq 1 ]
	[ "$(log 'select(.event == "end") | .streams[0].packets')" -eq \
	    "$(jq 'select(.event == "summary") | .packets' replay.jsonl)" ]
	[ "$(log 'select(.event == "ssrc")')" = "" ]
	# A tone and nothing else: the stranger's samples are the loudest there.
	near "$(sox $(session)/1.wav -n stat 2>&1 |
	    awk '/Maximum amplitude/ { print $3 }')" \
	    "$(sox $(session)/1.wav -n trim 0 0.4 stat 2>&1 |
	    awk '/Maximum amplitude/ { print $3 }')" 0.02
	same_offline
	stop
}

@test "who the SDP names is heard at once, whoever was first" {
	listen
	{ offer '{rtp}' | invite lock 1; echo "expect 200"; learn
	  echo "line at m=audio"
	  ack lock 1
	  echo "stranger {at} 0x1234 20"
	  echo "rtp {at} 0x77 100"
	  bye lock 2; } | say udp
	until_true 2 ended $(session)
	# 20 of the stranger, who was first, and all of the client's
	[ "$(log 'select(.event == "end") | [.streams[].packets] | add')" -ge 100 ]
	stop
}

@test "receiver reports count what was lost" {
	listen
	{ offer '{rtp}' | invite rr 1; echo "expect 200"; learn
	  echo "line at m=audio"; ack rr 1
	  echo "rtp {at} 0x77 200 10"
	  bye rr 2; } | say udp
	# Every tenth is missing: so says each report of what it has seen.
	awk '/^report/ { n++; want = int(($5 + 1) / 10);
	    if ($2 != "0x77" || $4 != want || $3 < 20 || $3 > 30) bad = 1 }
	    END { exit bad || n == 0 }' said.txt
	until_true 2 ended $(session)
	[ "$(log 'select(.event == "end") | .streams[0].packets')" -eq 180 ]
	stop
}

@test "a full disk ends the session, and leaves nothing broken" {
	[ "$(id -u)" -eq 0 ] || skip "a small disk is to be mounted: not root"
	mkdir -p out
	mount -t tmpfs -o size=160k tmpfs out ||
		skip "no file system can be mounted"
	listen
	siprec-replay --json --duration 20 $URI >replay.jsonl 2>/dev/null 3>&- &
	until_true 3 recording
	until_true 15 grep -q disk-full events.jsonl
	until_true 3 grep -q '"event":"end"' events.jsonl
	kill %?siprec-replay && wait %?siprec-replay || true
	[ "$(jq -r 'select(.event == "end") | .reason' events.jsonl)" = \
	    disk-full ]
	jq -e . $(session)/session.jsonl >/dev/null
	for f in $(session)/*.wav; do
		sox $f -n stat 2>/dev/null
	done
	siprec-extract -q -n $(session)/rtp.pcap
	kill -TERM $LISTEN
	wait $LISTEN && rc=0 || rc=$?
	[ $rc -eq 74 ]
}
