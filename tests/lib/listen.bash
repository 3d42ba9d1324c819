# listen - a recording server on loopback, and what its callers do to it.
# Every function works in $BATS_TEST_TMPDIR.

setup_listen() {
	command -v siprec-listen >/dev/null || skip "siprec-listen is not built"
	command -v siprec-replay >/dev/null || skip "siprec-replay is not built"
	cd "$BATS_TEST_TMPDIR" || return 1
	# Ports below those that the system gives away, apart for each test.
	SLOT=$(($$ % 60 * 2 + BATS_TEST_NUMBER % 2))
	PORT=$((7000 + SLOT * 40 + BATS_TEST_NUMBER % 20 * 2))
	RTP=$((14000 + SLOT * 100))
	URI=sip:rec@127.0.0.1:$PORT
}

teardown_listen() {
	kill -9 $LISTEN $WIRE 2>/dev/null || true
}

# listen [option]...: the server, until it listens; its events in
# events.jsonl, its words in words.txt, a witness of its SIP on the interface
# where we may have one.
listen() {
	: >words.txt
	siprec-listen -l sip:127.0.0.1:$PORT -o out --keep-rtp --json --t1 50 \
	    --min-free 0 --rtp-ports $RTP-31999 "$@" \
	    >>events.jsonl 2>words.txt 3>&- &
	LISTEN=$!
	WIRE=
	if [ "$(id -u)" -eq 0 ]; then
		wirecheck -i lo $PORT >wire.txt 3>&- &
		WIRE=$!
		until_true 3 grep -q ready wire.txt || WIRE=
	fi
	until_true 3 grep -q "listening on" words.txt
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

# stop [STATUS]: SIGTERM; the server ends well, and had spoken to the letter.
stop() {
	local got=0
	kill -TERM $LISTEN
	wait $LISTEN || got=$?
	LISTEN=
	[ "$got" -eq "${1:-0}" ] || {
		echo "siprec-listen: exit status $got"
		tail -5 words.txt
		return 1
	}
	wire
}

# What clients send here cannot be told into messages: nobody looks on.
unwatched() {
	[ -z "$WIRE" ] || { kill -TERM $WIRE; wait $WIRE || true; }
	WIRE=
	rm -rf unwatched
	touch unwatched
}

# The wire, as far as we may see it.
wire() {
	local got=0
	[ ! -e unwatched ] || return 0
	if [ -n "$WIRE" ]; then
		sleep 0.2
		kill -TERM $WIRE && wait $WIRE || got=$?
		WIRE=
		[ $got -ne 1 ] || cat wire.txt
		[ $got -ne 1 ]
	else
		find out . -maxdepth 2 -name '*.pcap' -exec \
		    wirecheck $PORT {} +
	fi
}

# replay [option]...: a call of siprec-replay, which must be content.
replay() {
	siprec-replay --json --t1 50 "$@" $URI >replay.jsonl 2>replay.txt || {
		cat replay.txt
		jq -r 'select(.event == "call") | .broken[]? |
		    "\(.rule): \(.text)"' replay.jsonl
		return 1
	}
}

# say udp|tcp <script: what sipsay does; answers in said.txt.
say() {
	local n=${SAID:-$(ls said-*.pcap 2>/dev/null | wc -l)}
	timeout 30 sipsay -w said-$n.pcap $1 $PORT >said-$n.txt 2>&1 || {
		tail -40 said-$n.txt
		return 1
	}
	cp said-$n.txt said.txt
}

# The directory of a session, the only one unless named; its log's events.
session() {
	local d
	d=$(find out -mindepth 1 -maxdepth 1 -type d | sort | head -1)
	[ -n "$d" ] && echo "$d"
}

nsessions() {
	find out -mindepth 1 -maxdepth 1 -type d 2>/dev/null | wc -l
}

# Are N sessions on their way, one unless said?
recording() {
	[ "$(find out -name 1.wav 2>/dev/null | wc -l)" -ge "${1:-1}" ]
}

# log JQ-FILTER [DIR]: over the log of a session.
log() {
	jq -r "$1" "${2:-$(session)}/session.jsonl"
}

# ended DIR: the session's end stands in its log.
ended() {
	grep -q '"event":"end"' "$1/session.jsonl"
}

# tone FILE HZ FROM LENGTH: that stretch of it is that tone.
tone() {
	local rms
	rms=$(sox "$1" -n trim "$3" "$4" sinc $(($2 - 40))-$(($2 + 40)) \
	    stat 2>&1 | awk '/RMS.*amplitude/ { print $3 }')
	awk -v r="$rms" 'BEGIN { exit !(r > 0.05) }' && return 0
	echo "$1: no $2 Hz from $3 for $4 s (RMS $rms)"
	return 1
}

# level FILE FROM LENGTH: its RMS amplitude there.
level() {
	sox "$1" -n trim "$2" "$3" stat 2>&1 |
	    awk '/RMS.*amplitude/ { print $3 }'
}

# silent FILE FROM LENGTH
silent() {
	local rms
	rms=$(level "$@")
	awk -v r="$rms" 'BEGIN { exit !(r < 0.001) }' && return 0
	echo "$1: not silent from $2 for $3 s (RMS $rms)"
	return 1
}

# About as much: near GOT WANT DIFFERENCE
near() {
	awk -v a="$1" -v b="$2" -v d="$3" \
	    'BEGIN { exit !(a != "" && a - b <= d && b - a <= d) }' && return 0
	echo "$1 is not $2 +- $3"
	return 1
}

# A clean end: files whole, equally long, with the digests of the log.
clean_end() {
	local dir=${1:-$(session)} file sum want
	until_true 2 ended "$dir" || return 1
	log '.' "$dir" >/dev/null || return 1
	log 'select(.event == "end") | .streams[] | select(.file != null) |
	    [.file, .sha256, .duration] | @tsv' "$dir" |
	while IFS=$'\t' read -r file sum want; do
		[ "$(sha256sum <"$dir/$file")" = "$sum  -" ] || {
			echo "$file: another digest than in the log"
			exit 1
		}
		near "$(soxi -D "$dir/$file")" "$want" 0.001 || exit 1
	done
}

# What siprec-extract makes of rtp.pcap is what was recorded live: samples,
# metadata, events but for frames and those of the process itself.
same_offline() {
	local dir=${1:-$(session)} name
	name=$(basename "$dir")
	siprec-extract -q -o again "$dir/rtp.pcap" 2>again.txt || return 1
	[ -d "again/$name" ] || { echo "no session again"; return 1; }
	diff <(cd "$dir" && sha256sum *.wav *.xml *.sdp 2>/dev/null) \
	    <(cd "again/$name" && sha256sum *.wav *.xml *.sdp 2>/dev/null) &&
	    diff <(events_of "$dir") <(events_of "again/$name")
}

events_of() {
	jq -c 'del(.frame) | if .event == "warn" then
	    .text |= sub("^frame [0-9]+: "; "") else . end' "$1/session.jsonl"
}

# ---- messages for sipsay ----

offer() {	# offer PORT... : an audio m-line each
	local i=0 p
	printf '%s\n' v=0 "o=- ${SDP_ID:-7} ${SDP_VERSION:-1} IN IP4 127.0.0.1" \
	    s=- "c=IN IP4 127.0.0.1" "t=0 0"
	for p; do
		i=$((i + 1))
		printf '%s\n' "m=audio $p RTP/AVP ${FORMATS:-0}" \
		    "a=${DIR:-sendonly}" "a=label:$i"
	done
}

# invite CALL CSEQ [header]... <body: an INVITE of a recording session.
# Set VIA, FROM, TO, REQUIRE, CONTACT, TYPE to have something else.
invite() {
	request INVITE "$@"
}

request() {	# request METHOD CALL CSEQ [header]... <body
	local method=$1 call=$2 cseq=$3
	shift 3
	printf '%s\n' send "$method ${TARGET:-$URI} SIP/2.0" \
	    "Via: SIP/2.0/${VIA:-UDP} 127.0.0.1:{port};branch=z9hG4bK{rand}${BRANCH:-$call$cseq$method};rport" \
	    "Max-Forwards: 70" \
	    "From: <sip:src@127.0.0.1>;tag=${FROM_TAG:-f$call}" \
	    "To: <sip:rec@127.0.0.1>${TO_TAG:+;tag=$TO_TAG}" \
	    "Call-ID: $call-{rand}" "CSeq: $cseq $method"
	case $method in
	INVITE|UPDATE)
		printf '%s\n' "Contact: <sip:src@127.0.0.1:{port}>${CONTACT-;+sip.src}" ;;
	esac
	[ "$method" != INVITE ] || [ -z "${REQUIRE-siprec}" ] ||
	    printf '%s\n' "Require: ${REQUIRE-siprec}"
	[ $# -eq 0 ] || printf '%s\n' "$@"
	if [ -t 0 ] || ! read -r first; then
		printf '%s\n' "Content-Length: 0" "" .
	else
		printf '%s\n' "Content-Type: ${TYPE:-application/sdp}" \
		    "Content-Length: {len}" "" "$first"
		cat
		printf '.\n'
	fi
}

# After expect 200: the tag of the server, for what follows in the dialog.
learn() {
	printf '%s\n' "let tag To tag"
}

ack() {		# ack CALL CSEQ
	TO_TAG={tag} request ACK "$1" "$2" </dev/null
}

bye() {		# bye CALL CSEQ
	TO_TAG={tag} request BYE "$1" "$2" </dev/null
	printf '%s\n' "expect 200"
}
