# A machine is gone: behind the proxy of siprec-cluster(7), on one Redis,
# another node goes on with its calls.
bats_require_minimum_version 1.5.0
load lib/cluster

setup() {
	setup_cluster
	redis
	# A voice that never repeats itself, and what a server makes of it.
	sox -n -r 8000 -c 1 -b 16 voice.wav synth 16 sine 300-2900 gain -6
	siprec-replay -q --wav 1=voice.wav --wav 2=voice.wav -w voice.pcap \
	    >/dev/null
	siprec-extract -q -o voice voice.pcap >/dev/null
	A=$(free_port) B=$(free_port)
	node one $A --store redis://127.0.0.1:$RPORT/0 --node one \
	    --store-lease 1 --min-se 4
	node two $B --store redis://127.0.0.1:$RPORT/0 --node two \
	    --store-lease 1 --min-se 4
	proxy $A $B
}

teardown() { teardown_cluster; }

# Its client refreshes the session every four seconds: so it meets the other.
talking() {
	calling --wav 1=voice.wav --wav 2=voice.wav --session-expires 8 \
	    --min-se 4
	sleep 3
}

# Both parts are one recording: the known voice, in one place to a frame, and
# no more than so many seconds of it are missing.
whole() {
	siprec-extract -q --join one/* two/* -o joined
	for label in 1 2; do
		wavcmp -r 1600 voice/*/$label.wav joined/*/$label.wav \
		    >stretches || { cat stretches; return 1; }
		cat stretches
		awk -v most=$1 'NR == 1 { least = last = $3 }
		    { n += $2; if ($3 < least) least = $3
		    if ($3 > last) last = $3 }
		    END { exit !(16 - n / 8000 <= most &&
			last - least <= 160) }' stretches
	done
}

reason() {
	jq -r 'select(.event == "end") | .reason' $1/*/session.jsonl
}

@test "a node that is gone in mid-call: another one goes on with its call" {
	talking
	gone ${!AT}
	answered_with 200
	[ "$(basename one/*)" = "$(basename two/*)" ]
	until_true 2 eval '[ "$(reason $OTHER)" = bye-client ]'
	grep -q '"rule":"take-over"' $OTHER/*/session.jsonl
	# Until the client's next request, and the lease.
	whole 7
}
