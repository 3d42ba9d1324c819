# sipp - a server made of SIPp, as another stack would be it: what it hears
# and says, in order, is written with the words below.  Every function works in
# $BATS_TEST_TMPDIR.

setup_sipp() {
	command -v sipp >/dev/null || skip "SIPp is not installed"
	command -v siprec-replay >/dev/null || skip "siprec-replay is not built"
	cd "$BATS_TEST_TMPDIR" || return 1
	PORT=$((9000 + $$ % 50 * 20 + BATS_TEST_NUMBER % 10 * 2))
	mkdir servers
}

teardown_sipp() {
	fell
}

# fell: all servers are dead at once.
fell() {
	local f
	for f in servers/*.pid; do
		[ ! -e "$f" ] || kill -9 $(cat $f) 2>/dev/null || true
	done
	rm -f servers/*
}

# serve [option]... <the words: SIPp on $PORT, over UDP unless $TRANSPORT says
# tcp.  It is gone when it has had its calls, one unless CALLS says so.
serve() {
	{ echo '<?xml version="1.0" encoding="UTF-8" ?>'
	    echo '<scenario name="server">'
	    cat
	    echo '<Reference variables="from,contact,id"/></scenario>'; } \
	    >server.xml
	local n=$(date +%s%N)
	( sipp -sf server.xml -i 127.0.0.1 -p ${AT:-$PORT} \
	    -t $([ "${TRANSPORT-}" = tcp ] && echo t1 || echo u1) \
	    -m ${CALLS:-1} -nostdin -timeout 40 -timeout_error \
	    -trace_err -error_file errors.txt "$@" \
	    >sipp.txt 2>&1 </dev/null &
	    echo $! >servers/$n.pid
	    wait $! || echo $? >servers/$n.failed
	    rm servers/$n.pid ) 3>&- &
	sleep 0.4
}

# served: every SIPp had its calls as it was told.
served() {
	local i f
	for ((i = 0; i < 200; i++)); do
		f=$(echo servers/*)
		case $f in
		*.failed*) break ;;
		*.pid*) sleep 0.05 ;;
		*) return 0 ;;
		esac
	done
	echo "SIPp: $f"
	cat errors.txt
	grep -- '-----' sipp.txt | head -60
	return 1
}

# replay STATUS [option]...: a call, in bounded time, with that exit status.
replay() {
	local want=$1 got=0
	shift
	timeout 30 siprec-replay --json --t1 50 --udp-only "$@" \
	    "sip:rec@127.0.0.1:$PORT;transport=${TRANSPORT:-udp}" \
	    >replay.jsonl 2>replay.txt || got=$?
	[ $got -eq $want ] && return 0
	echo "siprec-replay $*: exit status $got, not $want"
	cat replay.txt errors.txt 2>/dev/null
	return 1
}

# why: what siprec-replay says of its call, if anything
why() {
	jq -r 'select(.event == "call") | .why // empty' replay.jsonl
}

# ---- words ----

# hear METHOD [HEADER]: that comes next, with that header; of an INVITE it is
# kept whose it is.
hear() {
	echo "<recv request=\"$1\" rrs=\"true\"><action>"
	[ "$1" != INVITE ] || cat <<-'X'
	<ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
	<ereg regexp="sip:[^>]*" search_in="hdr" header="Contact:" assign_to="contact"/>
	<ereg regexp=".*" search_in="hdr" header="Call-ID:" assign_to="id"/>
	X
	[ -z "${2-}" ] || echo '<ereg regexp="." search_in="hdr"' \
	    "header=\"$2:\" check_it=\"true\" assign_to=\"has\"/>"
	echo "</action></recv>"
	[ -z "${2-}" ] || echo '<Reference variables="has"/>'
}

# hears STATUS: an answer to what we asked
hears() {
	echo "<recv response=\"100\" optional=\"true\"/>"
	echo "<recv response=\"$1\"/>"
}

# say "STATUS REASON" [header]... [<body]: an answer; the first ones of a
# dialog add our tag.
say() {
	local status=$1
	shift
	lines "SIP/2.0 $status" "[last_Via:]" "[last_From:]" \
	    "[last_To:]${TAG-;tag=[pid]T[call_number]}" "[last_Call-ID:]" \
	    "[last_CSeq:]" \
	    "Contact: <sip:rec@[local_ip]:[local_port];transport=[transport]>;+sip.srs" \
	    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE" \
	    "Supported: timer" "$@"
}

# say in a dialog: its To has the tag
again() {
	TAG= say "$@"
}

# ask METHOD CSEQ [header]... [<body]: a request of ours in the dialog
ask() {
	local method=$1 cseq=$2
	shift 2
	lines "$method [\$contact] SIP/2.0" \
	    "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]" \
	    "From: <sip:rec@127.0.0.1:$PORT;transport=${TRANSPORT:-udp}>;tag=[pid]T[call_number]" \
	    "To:[\$from]" "Call-ID:[\$id]" "CSeq: $cseq $method" \
	    "Max-Forwards: 70" \
	    "Contact: <sip:rec@[local_ip]:[local_port];transport=[transport]>;+sip.srs" \
	    "$@"
}

lines() {
	local body=
	echo '<send><![CDATA['
	echo
	printf '%s\n' "$@"
	[ -t 0 ] || body=$(cat)
	if [ -n "$body" ]; then
		printf '%s\n' "Content-Type: application/sdp" \
		    "Content-Length: [len]" "" "$body"
	else
		printf '%s\n' "Content-Length: 0" ""
	fi
	echo ']]></send>'
}

pause() {
	echo "<pause milliseconds=\"$1\"/>"
}

# sdp VERSION DIRECTION [PORT2]: both streams, the second at that port
sdp() {
	printf '%s\n' v=0 "o=srs 7 $1 IN IP4 127.0.0.1" s=- \
	    "c=IN IP4 127.0.0.1" "t=0 0" "m=audio 23450 RTP/AVP 0" "a=$2" \
	    a=label:1 "m=audio ${3:-23452} RTP/AVP 0" "a=$2" a=label:2
}

# A call, taken; and its end.
takes() {	# takes [HEADER]
	hear INVITE "$@"
	say "180 Ringing" </dev/null
	sdp 1 recvonly | say "200 OK"
	hear ACK
}

ends() {
	hear BYE
	again "200 OK" </dev/null
}
