# siprec-listen and the call flows of RFC 8068 and of its own scenarios: what
# of each is in files, log and metadata.
load lib/listen

setup_file() {
	setup_listen
	export HOME_OF_CALLS=$BATS_FILE_TMPDIR
	cd "$HOME_OF_CALLS" || return 1
	listen --min-se 2
	local flow
	for flow in call-video hold-resume transfer-refer mixed mixed-hold \
	    mixed-conference persistent turret turret-lines many-streams \
	    pause-resume pause-update pause-one slot-reused stream-added \
	    stream-removed partial-first broken-metadata hostile-metadata \
	    late-metadata metadata-only snapshot-anytime late-offer dtmf \
	    codec-change late-start offer-refused options info; do
		call $flow 4
	done
	call transfer-reinvite 6
	call new-port 6
	wait $CALLS
	sleep 0.5
	kill -TERM $LISTEN && wait $LISTEN
	[ -z "$WIRE" ] || { kill -TERM $WIRE; wait $WIRE || cat wire.txt; }
}

teardown_file() {
	kill -9 $LISTEN $WIRE 2>/dev/null || true
}

# call FLOW SECONDS
call() {
	siprec-replay --json --t1 50 --flow $1 --duration $2 $URI \
	    >$1.jsonl 2>$1.txt 3>&- &
	CALLS="$CALLS $!"
}

# became FLOW: the client was content, the end is clean; there we are then.
became() {
	cd "$HOME_OF_CALLS" || return 1
	jq -e 'select(.event == "summary") | .failed == 0' $1.jsonl >/dev/null ||
		{ cat $1.txt; return 1; }
	local dir
	dir=out/$(jq -r 'select(.event == "call") | .call_id' $1.jsonl)
	clean_end "$dir" && cd "$dir"
}

# said FILTER: of the log, on one line
said() {
	jq -r "$1" session.jsonl | paste -sd ' '
}

# who LABEL: who spoke on it at the end, as the log says
who() {
	said 'select(.event == "end") | .streams[] | select(.["label"] == "'"$1"'") |
	    [.participants[].name] | join("+")'
}

@test "E02: audio is recorded, video gets port 0 and stays in the metadata" {
	became call-video
	[ "$(ls *.wav | paste -sd ' ')" = "96.wav 98.wav" ]
	[ "$(said 'select(.event == "answer") | .mlines[].port > 0')" = \
	    "true false true false" ]
	[ "$(said 'select(.event == "end") | .streams[].file')" = \
	    "96.wav null 98.wav null" ]
	[ "$(siprec-meta get streams metadata-0001.xml | wc -l)" -eq 4 ]
}

@test "E03: hold by metadata is told, and recorded through" {
	became hold-resume
	[ "$(said 'select(.event == "hold" and .["label"] == "96") | .on')" = \
	    "true false true" ]
	[ "$(said 'select(.event == "pause" and .["label"] == "96")')" = "" ]
	near "$(said 'select(.event == "end") | .streams[0].heard')" 4 0.05
	tone 96.wav 440 0.2 3.5
}

@test "E04: who is transferred goes on in the same files, from other ports" {
	became transfer-reinvite
	[ "$(who 96)" = Carol ]
	[ "$(said 'select(.event == "offer") | .mlines[0].port' | tr ' ' '\n' |
	    sort -u | wc -l)" -eq 2 ]
	near "$(said 'select(.event == "end") | .streams[0].heard')" 6 0.1
}

@test "E05: a transfer by REFER is another session in the same group" {
	became transfer-refer
	[ "$(said 'select(.event == "metadata") | .datamode' | cut -d' ' -f1-3)" = \
	    "complete partial complete" ]
	[ "$(who 96)" = Carol ]
	[ "$(siprec-meta get sessions metadata-0003.xml | wc -l)" -eq 1 ]
}

@test "E06: metadata in the BYE is applied before the end" {
	became call-video
	[ "$(said '.event' | grep -o 'metadata.*end$')" != "" ]
	siprec-meta get sessions metadata.xml | grep -q .
	grep -q "stop-time" metadata.xml
}

@test "E07: one stream of two participants names both" {
	became mixed
	[ "$(ls *.wav)" = 96.wav ]
	[ "$(who 96)" = Alice+Bob ]
}

@test "E08: hold and resume of a mix" {
	became mixed-hold
	[ "$(said 'select(.event == "metadata") | .valid' | cut -d' ' -f1-3)" = \
	    "true true true" ]
	near "$(said 'select(.event == "end") | .streams[0].heard')" 4 0.05
}

@test "E09: one joins a mix, one drops out, without a gap" {
	became mixed-conference
	[ "$(who 96)" = Bob+Carol ]
	[ "$(said 'select(.event == "gap")')" = "" ]
	near "$(said 'select(.event == "end") | .streams[0].heard')" 4 0.05
}

@test "E12: a session outlives the calls in it; metadata comes without SDP" {
	became persistent
	[ "$(said 'select(.event == "offer" and .by == "srs") | .cseq')" != "" ]
	[ "$(said 'select(.event == "metadata") | .datamode' | wc -w)" -ge 4 ]
	[ "$(said 'select(.event == "end") | .reason')" = bye-client ]
}

@test "E15: a turret: two calls in one stream; eight lines, eight files" {
	became turret
	[ "$(ls *.wav)" = 96.wav ]
	[ "$(siprec-meta get sessions metadata-0001.xml | wc -l)" -eq 2 ]
	became turret-lines
	[ "$(ls *.wav | wc -l)" -eq 8 ]
	became many-streams
	[ "$(ls *.wav | wc -l)" -eq 64 ]
	[ "$(said 'select(.event == "answer") | [.mlines[] | select(.port > 0)] |
	    length')" -eq 64 ]
}

@test "E16: inactive is answered inactive, and is silence in the file" {
	local flow from to
	for flow in pause-resume pause-update; do
		became $flow
		[ "$(said 'select(.event == "answer") | .mlines[0].direction')" = \
		    "recvonly inactive recvonly" ]
		[ "$(said 'select(.event == "pause") | .["label"]')" = "1 2" ]
		[ "$(said 'select(.event == "resume") | .["label"]')" = "1 2" ]
		tone 1.wav 440 0.1 0.8
		silent 1.wav 1.6 0.8
		tone 1.wav 440 3 0.8
	done
	became pause-one
	[ "$(said 'select(.event == "pause") | .["label"]' | wc -w)" -eq 1 ]
}

@test "E16: streams are removed, added, and take the slot of another" {
	became stream-removed
	[ "$(said 'select(.event == "answer") | .mlines[1].port > 0')" = \
	    "true false" ]
	near "$(said 'select(.event == "end") | .streams[0].heard')" 4 0.05
	became stream-added
	[ "$(ls *.wav | wc -l)" -eq 3 ]
	became slot-reused
	[ "$(ls *.wav | paste -sd ' ')" = "1.wav 2.wav 9.wav" ]
	[ "$(said 'select(.event == "end") | .streams[].duration' | tr ' ' '\n' |
	    sort -u | wc -l)" -eq 1 ]
}

@test "E19: a partial update without a base has a snapshot asked for, once" {
	became partial-first
	[ "$(said 'select(.event == "warn" and .rule == "R7866-9.1-4") | .rule' |
	    wc -w)" -eq 1 ]
	[ "$(grep -l requestsnapshot metadata-*.xml | wc -l)" -eq 1 ]
	grep -q 'xml:lang="en"' $(grep -l requestsnapshot metadata-*.xml)
	[ "$(said 'select(.event == "metadata") | .datamode')" = \
	    "partial null complete partial" ]
	[ "$(who 1)" = Alice ]
}

@test "E20: broken and hostile metadata costs no recording" {
	local flow
	for flow in broken-metadata hostile-metadata; do
		became $flow
		[ "$(ls *.wav | wc -l)" -eq 2 ]
		[ "$(grep -l requestsnapshot metadata-*.xml | wc -l)" -le 1 ]
		near "$(said 'select(.event == "end") | .streams[0].heard')" 4 0.05
		! grep -rq "root:" .
	done
}

@test "metadata late, alone, and complete in mid-call" {
	became late-metadata
	[ "$(who 1)" = Alice ]
	became metadata-only
	[ "$(said 'select(.event == "metadata") | .file' | wc -w)" -ge 4 ]
	became snapshot-anytime
	[ "$(who 1)" = Alice ]
}

@test "E24: digits, another codec, a late start" {
	became dtmf
	[ "$(said 'select(.event == "dtmf") | .digit')" = "1 2 3 4 #" ]
	became codec-change
	[ "$(ls *.wav | wc -l)" -eq 2 ]
	tone 1.wav 440 0.1 3.7
	became late-start
	tone 1.wav 440 0.1 1
	silent 2.wav 0.1 1
	tone 2.wav 880 1.4 2
	[ "$(soxi -s 1.wav)" = "$(soxi -s 2.wav)" ]
}

@test "an offer that cannot be taken leaves the recording as it is" {
	became offer-refused
	near "$(said 'select(.event == "end") | .streams[0].heard')" 4 0.05
}

@test "an INVITE without SDP, OPTIONS and INFO in the dialog" {
	became late-offer
	[ "$(said 'select(.event == "offer") | .by' | cut -d' ' -f1)" = srs ]
	became options
	became info
}

@test "media from other ports goes on in the same files" {
	became new-port
	near "$(said 'select(.event == "end") | .streams[0].heard')" 6 0.1
	[ "$(ls *.wav | wc -l)" -eq 2 ]
	# The same numbers go on: nothing is missing, and nobody is new.
	[ "$(said 'select(.event == "ssrc")')" = "" ]
	[ "$(said 'select(.event == "end") | [.streams[].lost] | add')" -eq 0 ]
}

@test "every answer of that server was to the letter" {
	cd "$HOME_OF_CALLS"
	[ -e wire.txt ] || skip "the interface cannot be seen without root"
	grep -q " 0 breaches" wire.txt || cat wire.txt
	grep -q " 0 breaches" wire.txt
}
