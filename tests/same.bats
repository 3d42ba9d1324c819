# Live and offline agree: rtp.pcap of a live recording, given to siprec-extract,
# gives the same samples, documents and events.
load lib/listen

# One server, and all calls at once: the tests look at what became of each.
setup_file() {
	setup_listen
	export HOME_OF_CALLS=$BATS_FILE_TMPDIR
	cd "$HOME_OF_CALLS" || return 1
	listen
	call loss --loss 5
	call bursts --loss 25 --burst 15 --seed 3
	call disorder --reorder 10 --jitter 15
	call duplicates --duplicate 10
	call rests --dtx --speech
	call drift --drift 300
	call opus --codec opus
	call g722 --codec G722 --ptime 30
	call mux --rtcp-mux --udp-only
	call ssrc --ssrc-change 2
	call sdes --srtp sdes,none --flow new-key --first-seq 65450
	call dtls --srtp dtls,dtls:active
	local flow
	for flow in dtmf ssrc-change pause-resume pause-one hold-resume \
	    codec-change late-start slot-reused stream-added stream-removed \
	    new-port transfer-refer conference persistent broken-metadata \
	    partial-first late-offer labels-renumbered replaces; do
		call $flow --flow $flow
	done
	wait $CALLS
	sleep 0.5
	kill -TERM $LISTEN && wait $LISTEN
	[ -z "$WIRE" ] || { kill -TERM $WIRE; wait $WIRE || cat wire.txt; }
}

teardown_file() {
	kill -9 $LISTEN $WIRE 2>/dev/null || true
}

# call NAME [option]...
call() {
	siprec-replay --json --t1 50 --duration 4 "${@:2}" $URI \
	    >$1.jsonl 2>$1.txt 3>&- &
	CALLS="$CALLS $!"
}

# agree NAME: what became of that call is what its capture makes of it.
agree() {
	cd "$HOME_OF_CALLS" || return 1
	local dir
	dir=out/$(jq -r 'select(.event == "call") | .call_id' $1.jsonl)
	clean_end "$dir" && same_offline "$dir"
	cd "$dir"
}

# heard FILTER: of the log of the call that agree looked at
heard() {
	jq -r "$1" session.jsonl
}

@test "same: packets that are lost, one by one" {
	agree loss
	[ "$(heard 'select(.event == "end") | [.streams[].lost] | add')" -gt 0 ]
}

@test "same: packets that are lost in bursts, and the gaps" {
	agree bursts
	[ "$(heard 'select(.event == "gap") | .label' | wc -l)" -gt 0 ]
}

@test "same: disorder and jitter" {
	agree disorder
	[ "$(heard 'select(.event == "end") | [.streams[].lost] | add')" -eq 0 ]
}

@test "same: duplicates" {
	agree duplicates
	[ "$(heard 'select(.event == "end") | [.streams[].duplicate] | add')" \
	    -gt 0 ]
}

@test "same: rests of a sender that says nothing in silence" { agree rests; }
@test "same: a clock that is 300 ppm off" { agree drift; }
@test "same: Opus" { agree opus; }
@test "same: G.722 in packets of 30 ms" { agree g722; }
@test "same: RTCP on the port of RTP, SIP over UDP" { agree mux; }

@test "same: another SSRC in mid-call" {
	agree ssrc
	[ "$(heard 'select(.event == "ssrc") | .label' | wc -l)" -gt 0 ]
	agree ssrc-change
}

@test "same: SRTP, by SDES with a new key and by DTLS" {
	agree sdes
	agree dtls
}

@test "same: digits" {
	agree dtmf
	[ "$(heard 'select(.event == "dtmf") | .digit' | tr -d '\n')" = 1234# ]
}

@test "same: pauses of all streams, and of one" {
	agree pause-resume
	agree pause-one
	[ "$(heard 'select(.event == "pause") | .label')" != "" ]
}

@test "same: hold that only the metadata tells of" {
	agree hold-resume
	[ "$(heard 'select(.event == "hold") | .on' | sort -u | wc -l)" -eq 2 ]
}

@test "same: another codec in mid-call" { agree codec-change; }
@test "same: a stream that starts late" { agree late-start; }
@test "same: streams that come, go, and take the place of another" {
	agree stream-added
	agree stream-removed
	agree slot-reused
}
@test "same: media from another port" { agree new-port; }
@test "same: calls that change hands, and conferences" {
	agree transfer-refer
	agree conference
	agree persistent
}
@test "same: metadata that is broken, partial, or renumbers labels" {
	agree broken-metadata
	agree partial-first
	agree labels-renumbered
}
@test "same: an offer that comes late" { agree late-offer; }
@test "same: a dialog that replaces another" { agree replaces; }

@test "same: every answer of that server was to the letter" {
	cd "$HOME_OF_CALLS"
	[ -e wire.txt ] || skip "the interface cannot be seen without root"
	grep -q " 0 breaches" wire.txt || cat wire.txt
	grep -q " 0 breaches" wire.txt
}
