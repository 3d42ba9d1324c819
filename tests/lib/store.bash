# store - servers that share a store, are killed, and come back.  Functions
# work in $BATS_TEST_TMPDIR; load listen first.

setup_store() {
	setup_listen
	declare -gA NODE=()
	STORE=sqlite:state.db
}

teardown_store() {
	kill -CONT "${NODE[@]}" 2>/dev/null || true
	kill -9 "${NODE[@]}" 2>/dev/null || true
	teardown_listen
}

# A known voice that never repeats itself, of so many seconds.
voice() {
	sox -n -r 8000 -c 1 -b 16 voice.wav synth "$1" sine 300-2900 gain -6
	siprec-replay -q --wav 1=voice.wav --wav 2=voice.wav -w voice.pcap \
	    >/dev/null
	siprec-extract -q -o voice voice.pcap >/dev/null
	mv voice/*/1.wav known.wav
}

# node NAME PORT [option]...: a server; its files below NAME.
node() {
	local name=$1 port=$2
	shift 2
	: >$name.words
	siprec-listen -l sip:127.0.0.1:$port -o $name --json --t1 50 \
	    --min-free 0 --rtp-ports $((RTP + (port - PORT) * 20))-31999 \
	    --store $STORE --node $name --store-lease 1 "$@" \
	    >>$name.events 2>$name.words 3>&- &
	NODE[$name]=$!
	until_true 5 grep -q "listening on" $name.words || {
		cat $name.words
		return 1
	}
}

# murder NAME: it has no time for a word.
murder() {
	kill -9 ${NODE[$1]}
	wait ${NODE[$1]} 2>/dev/null || true
	unset "NODE[$1]"
}

# ends NAME: told to end, it does so well.
ends() {
	local got=0
	kill -TERM ${NODE[$1]}
	wait ${NODE[$1]} || got=$?
	unset "NODE[$1]"
	[ $got -eq 0 ] || { echo "$1: exit status $got"; tail -5 $1.words; }
	return $got
}

# calls [option]...: a call with the known voice in the background.
calls() {
	siprec-replay --json --t1 50 --wav 1=voice.wav --wav 2=voice.wav "$@" \
	    >replay.jsonl 2>replay.txt 3>&- &
	CALLER=$!
}

# called [RULE]: the call has gone as its client wanted, but for that rule.
called() {
	local got=0
	wait $CALLER || got=$?
	[ $got -eq 0 ] && return 0
	[ "$(jq -r '.broken[]?.rule' replay.jsonl | sort -u)" != "${1:-}" ] ||
	    return 0
	echo "siprec-replay: exit status $got"
	cat replay.txt
	jq -c 'select(.event == "call")' replay.jsonl
	return 1
}

# The directory of the only session of a node.
of() {
	[ "$(ls "$1" | wc -l)" -eq 1 ] || { ls -l "$1"; return 1; }
	echo "$1"/*
}

# heard FILE SECONDS: all that is in it is the known voice, in the same place
# but for what the client was late at its start, to a frame of 20 ms; and no
# more than so many seconds of it are missing.
heard() {
	wavcmp -r 800 known.wav "$1" >stretches || { cat stretches; return 1; }
	awk -v all="$(soxi -s known.wav)" -v most="$2" '
	    NR == 1 { least = last = $3 }
	    { n += $2; if ($3 < least) least = $3; if ($3 > last) last = $3 }
	    END { exit !((all - n) / 8000 <= most && last - least <= 160) }' \
	    stretches && return 0
	echo "$1 lacks more than $2 s, or is not in its place"
	cat stretches
	return 1
}
