# DEVIATIONS of siprec(7), one by one: what clients do wrong, and what comes
# of it.  The messages are ours, with the faults of theirs.

load lib/hand

setup() {
	command -v siprec-extract >/dev/null ||
		skip "siprec-extract is not built"
	cd "$BATS_TEST_TMPDIR"
	invite="INVITE sip:b@192.0.2.2 SIP/2.0"
	sdp_type="Content-Type: application/sdp"
	src="Contact: <sip:a@192.0.2.1>;+sip.src"
	sends="<send>LIJNPGRnVFCLITcuy57Epg==</send>"
	capture_begin >in.pcap
}

# offer CALL [header]...: an INVITE with the body on standard input
offer() {
	local call=$1
	shift
	{ head_of "$call" "1 INVITE" "" "$invite" "$@"; cat; } |
		datagram 1 2 >>in.pcap
}

# accept CALL [DIRECTION [LINE]]: its 200, and the ACK
accept() {
	{ head_of "$1" "1 INVITE" ";tag=b" "SIP/2.0 200 OK" "$sdp_type"
	  sdp 2 "${2-recvonly}" "$3"; } | datagram 2 1 >>in.pcap
	head_of "$1" "1 ACK" ";tag=b" "ACK sip:b@192.0.2.2 SIP/2.0" |
		datagram 1 2 >>in.pcap
}

# request CALL CSEQ METHOD [header]...: inside the dialog
request() {
	local call=$1 cseq=$2 method=$3
	shift 3
	{ head_of "$call" "$cseq $method" ";tag=b" \
	    "$method sip:b@192.0.2.2 SIP/2.0" "$@"; cat; } |
		datagram 1 2 >>in.pcap
}

# answer WANT FILTER: what jq makes of all events of in.pcap, in one line
answer() {
	local got
	siprec-extract -o out in.pcap >events.jsonl 2>words
	got=$(jq -r "$2" events.jsonl | paste -s -d ' ')
	[ "$got" = "$1" ] && return 0
	echo "$2: '$got', not '$1'"
	cat events.jsonl words
	return 1
}

@test "any mark of a recording session suffices" {
	local n=1
	for contact in '<sip:a@192.0.2.1>;+sip.src' '<sip:a@192.0.2.1>;src' \
	    '<sip:a@192.0.2.1;+sip.src>' '<sip:a@192.0.2.1;+sip.src' \
	    'sip:a@192.0.2.1;+sip.src'; do
		sdp 1 sendrecv | offer c$((n)) "Contact: $contact" "$sdp_type"
		accept c$((n++))
	done
	sdp 1 sendrecv | offer c6 "Require: siprec" "$sdp_type"
	accept c6
	sdp 1 sendrecv | offer c7 "Supported: timer, siprec" "$sdp_type"
	accept c7
	metadata complete "$sends" |
		offer c8 "Content-Type: application/rs-metadata+xml"
	accept c8
	sdp 1 sendonly | offer c9 "$sdp_type"
	accept c9
	sdp 1 sendrecv | offer d1 "$sdp_type"
	accept d1 sendrecv
	answer "sip.src sip.src sip.src sip.src sip.src siprec siprec \
metadata sendonly" 'select(.event == "begin") | .cause'
}

@test "a session without +sip.src is a warning" {
	sdp 1 sendonly | offer c "$sdp_type"
	accept c
	answer R7866-6.1.1-2 'select(.event == "warn") | .rule'
}

# multipart BOUNDARY FIRST-HEADER FIRST SECOND-HEADER SECOND END
multipart() {
	printf -- '--%s\n%s\n\n%s\n--%s\n%s\n\n%s\n%s' "$1" "$2" "$3" "$1" \
	    "$4" "$5" "$6"
}

@test "metadata before the SDP, odd types, no end of the multipart" {
	local n=1 xml sdp
	xml=$(metadata complete "$sends")
	sdp=$(sdp 1 sendonly)
	for type in application/rs-metadata application/rs-metadata+xml \
	    APPLICATION/RS-Metadata+XML text/xml \
	    $'application/ +xml\nContent-Disposition: recording-session'; do
		multipart x "Content-Type:$type" "$xml" \
		    "Content-Type:application/SDP" "$sdp" "" |
			offer c$((n)) "$src" \
			    "Content-Type:multipart/mixed;boundary=x"
		accept c$((n++))
	done
	multipart 'a b=c' "Content-Type: application/gtd" "GTD" "$sdp_type" \
	    "$sdp" "--a b=c--" |
		offer c9 "$src" 'Content-Type: multipart/mixed; boundary="a b=c"'
	accept c9
	answer "1 1 1 1 1" 'select(.event == "metadata") | .streams'
	answer "1 1 1 1 1 1" \
	    'select(.event == "offer") | .mlines[0].label'
}

@test "lines that end in LF" {
	eol= offer c "$src" "$sdp_type" <<<"$(sdp 1 sendonly)"
	accept c
	answer "1" 'select(.event == "offer") | .mlines | length'
}

@test "a CSeq in the ACK that is not the INVITE's ends nothing" {
	sdp 1 sendonly | offer c "$src" "$sdp_type"
	{ head_of c "1 INVITE" ";tag=b" "SIP/2.0 200 OK" "$sdp_type"
	  sdp 2 recvonly; } | datagram 2 1 >>in.pcap
	request c 604674513 ACK </dev/null
	request c 2 BYE </dev/null
	answer "begin end bye-client" \
	    'select(.event == "begin" or .event == "end") | .event, .reason // empty'
}

@test "metadata alone in UPDATE, INFO and BYE is applied" {
	local n=2
	sdp 1 sendonly | offer c "$src" "$sdp_type"
	accept c
	for method in UPDATE INFO BYE; do
		metadata partial "$sends" | request c $((n++)) $method \
		    "Content-Type: application/rs-metadata+xml"
	done
	answer "1 2 3" 'select(.event == "metadata") | .file[9:13] | tonumber'
	answer sip:alice@example.com \
	    'select(.event == "end") | .streams[].participants[].aor'
}

# Media, a digit of 100 ms in between, and media again.
media() {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		rtp $i $i 0 '\x11\x22\x33\x44\x55\x66\x77\x88' >>in.pcap
	done
	for i in 13 14 15; do
		rtp $i 13 101 '\x05\x80\x03\x20' >>in.pcap
	done
	for i in 16 17 18 19; do
		rtp $i $i 0 '\x11\x22\x33\x44\x55\x66\x77\x88' >>in.pcap
	done
	now=$((now + 2))
}

@test "no label, digits that were never offered, 0.0.0.0 in the SDP" {
	sdp 1 sendonly | sed '/label/d; s/192.0.2.1$/0.0.0.0/' |
		offer c "$src" "$sdp_type"
	accept c
	media
	request c 2 BYE </dev/null
	answer "m1 m1.wav 19" 'select(.event == "end") | .streams[] |
	    .label, .file, .packets'
	answer "m1 5" 'select(.event == "dtmf") | .label, .digit'
}

@test "media on an inactive stream is recorded, with a warning" {
	sdp 1 sendonly | offer c "$src" "$sdp_type"
	accept c inactive
	media
	request c 2 BYE </dev/null
	answer R7866-7.1.1.1-3 'select(.event == "warn") | .rule'
	answer 19 'select(.event == "end") | .streams[].packets'
}

@test "media after the BYE is not recorded" {
	sdp 1 sendonly | offer c "$src" "$sdp_type"
	accept c
	request c 2 BYE </dev/null
	media
	answer 0 'select(.event == "end") | .streams[].packets'
}

@test "an rtpmap twice, an attribute that is none, names in lower case" {
	sdp 1 sendonly $'a=3gOoBTC\na=rtpmap:0 pcmu/8000\na=rtpmap:0 pcmu/8000' |
		offer c "$src" "$sdp_type"
	accept c recvonly a=rtpmap:0\ pcmu/8000
	media
	answer "pcmu 1.wav" 'select(.event == "end") | .streams[] |
	    .codec, .file'
}
